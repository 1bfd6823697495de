"""DingTalk (钉钉): work notices to a person, and the robot of a group with its signature."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import urlencode

from anlan.channels.base import Channel, Letter, Need, PermanentError, Receipt
from anlan.channels.errcode import Service, cut
from anlan.channels.letters import short_id, whole_text
from anlan.channels.table import Table
from anlan.channels.tokens import Token
from anlan.now import now_us

BASE = "https://oapi.dingtalk.com"
DINGTALK = Service(
    "钉钉",
    nobody=frozenset({33012, 60121}),
    recipient=frozenset({143105, 143106}),
    account=frozenset({40001, 40013, 40078, 40089, 41001, 43007, 50015, 52010, 52013, 60011, 60020, 300001, 310000}),
    passing=frozenset({-1, 15, 88, 90002, 90006, 90018, 130101, 400013, 410100}),
    in_a_minute=frozenset({90018, 130101, 410100}),
)


def robot_sign(secret: str, timestamp_ms: int) -> str:
    """The signature of a robot: HMAC-SHA256 of the time and the secret, base64."""
    told = f"{timestamp_ms}\n{secret}".encode()
    return base64.b64encode(hmac.new(secret.encode(), told, hashlib.sha256).digest()).decode()


class DingTalkMessage(Channel):
    """A work notice (工作通知) to one member, by the member's id."""

    needs = Need.DINGTALK

    def __init__(self, table: Table) -> None:
        """``type = "dingtalk"``. Raises `ConfigError`."""
        account = {"appkey": table.text("app_key"), "appsecret": table.text("app_secret", secret=True)}
        self._agent = int(table.number("agent_id", 0, 1, 1e15)) if table.text("agent_id") else 0
        self._base = table.url("base_url", BASE).rstrip("/")
        self.name, self.title, self.rate = table.name, table.text("title", "钉钉"), table.rate()
        self._wire = table.wire()
        self.timeout_s = self._wire.timeout_s
        table.done()
        self._token = Token(lambda: DINGTALK.token(self._wire, f"{self._base}/gettoken?{urlencode(account)}"))

    def send(self, letter: Letter) -> Receipt | None:
        """One member. The service drops a text that equals an earlier one of the day, so the letter's id ends it."""
        if not letter.address:
            raise PermanentError("没有钉钉账号")
        token = self._token.value()
        notice = {
            "agent_id": self._agent,
            "userid_list": letter.address,
            "msg": {"msgtype": "text", "text": {"content": f"{cut(whole_text(letter))}\n（{short_id(letter)[:8]}）"}},
        }
        url = f"{self._base}/topapi/message/corpconversation/asyncsend_v2?{urlencode({'access_token': token})}"
        told = DINGTALK.send(self._wire, url, notice, self._token, token)
        return Receipt(str(told.get("task_id", "")))


class DingTalkRobot(Channel):
    """The robot of a group: everybody in the group reads it."""

    def __init__(self, table: Table) -> None:
        """``type = "dingtalk_robot"``; without ``secret`` the robot must be bound to a word or an address."""
        self._token, self._secret = table.text("access_token", secret=True), table.text("secret", "", secret=True)
        self._base = table.url("base_url", BASE).rstrip("/")
        self.name, self.title, self.rate = table.name, table.text("title", "钉钉群"), table.rate(20 / 60)
        self._wire = table.wire()
        self.timeout_s = self._wire.timeout_s
        table.done()

    def send(self, letter: Letter) -> Receipt | None:
        """One text into the group, signed with the present time."""
        query = {"access_token": self._token}
        if self._secret:
            timestamp = now_us() // 1000
            query |= {"timestamp": str(timestamp), "sign": robot_sign(self._secret, timestamp)}
        text = {"msgtype": "text", "text": {"content": cut(whole_text(letter))}}
        DINGTALK.judge(self._wire, DINGTALK.ask(self._wire, f"{self._base}/robot/send?{urlencode(query)}", text))
        return None

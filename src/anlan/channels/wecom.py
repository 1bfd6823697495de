"""WeCom (企业微信): application messages to a person, and the robot of a group."""

from __future__ import annotations

from urllib.parse import urlencode

from anlan.channels.base import Channel, Letter, Need, NoSuchAddress, PermanentError, Receipt
from anlan.channels.errcode import Service, cut
from anlan.channels.letters import whole_text
from anlan.channels.table import Table
from anlan.channels.tokens import Token

BASE = "https://qyapi.weixin.qq.com"
WECOM = Service(
    "企业微信",
    nobody=frozenset({40003, 40031, 60111, 81013}),
    recipient=frozenset({50005}),
    account=frozenset(
        {40001, 40013, 40056, 40091, 41001, 41002, 41004, 41011, 48002, 50003, 60020, 93000, 93004, 301002}
    ),
    passing=frozenset({-1, 43004, 45009, 45033, 50001, 90018}),
    in_a_minute=frozenset({45009, 45033}),
)


class WeComMessage(Channel):
    """A text from an application of the enterprise to one member, by the member's id."""

    needs = Need.WECOM

    def __init__(self, table: Table) -> None:
        """``type = "wecom"``. Raises `ConfigError`."""
        account = {"corpid": table.text("corp_id"), "corpsecret": table.text("secret", secret=True)}
        self._agent = int(table.number("agent_id", 0, 1, 1e12)) if table.text("agent_id") else 0
        self._base = f"{table.url('base_url', BASE).rstrip('/')}/cgi-bin"
        self.name, self.title, self.rate = table.name, table.text("title", "企业微信"), table.rate()
        self._wire = table.wire()
        self.timeout_s = self._wire.timeout_s
        table.done()
        self._token = Token(lambda: WECOM.token(self._wire, f"{self._base}/gettoken?{urlencode(account)}"))

    def send(self, letter: Letter) -> Receipt | None:
        """One member; a repetition within half an hour is dropped by the service itself."""
        if not letter.address:
            raise PermanentError("没有企业微信账号")
        token = self._token.value()
        message = {
            "touser": letter.address,
            "msgtype": "text",
            "agentid": self._agent,
            "text": {"content": cut(whole_text(letter))},
            "enable_duplicate_check": 1,
            "duplicate_check_interval": 1800,
        }
        told = WECOM.send(self._wire, f"{self._base}/message/send?access_token={token}", message, self._token, token)
        if letter.address.lower() in str(told.get("invaliduser", "")).lower().split("|"):
            raise NoSuchAddress("企业微信没有这个成员，或他不在应用的可见范围内")
        return Receipt(str(told.get("msgid", "")))


class WeComRobot(Channel):
    """The robot of a group: everybody in the group reads it."""

    def __init__(self, table: Table) -> None:
        """``type = "wecom_robot"``. Raises `ConfigError`."""
        key = table.text("key", secret=True)
        self._url = f"{table.url('base_url', BASE).rstrip('/')}/cgi-bin/webhook/send?{urlencode({'key': key})}"
        self.name, self.title, self.rate = table.name, table.text("title", "企业微信群"), table.rate(20 / 60)
        self._wire = table.wire()
        self.timeout_s = self._wire.timeout_s
        table.done()

    def send(self, letter: Letter) -> Receipt | None:
        """One text into the group."""
        text = {"msgtype": "text", "text": {"content": cut(whole_text(letter))}}
        WECOM.judge(self._wire, WECOM.ask(self._wire, self._url, text))
        return None

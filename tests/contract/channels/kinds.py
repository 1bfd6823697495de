"""One of each type of channel, set up against the servers of `server`, with what those say to a letter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.contract.channels.server import ChannelServer, MailServer, Reply, says

from anlan.channels import Channel, Earlier, Letter, configured
from anlan.config import Config

SECRET = "s3cret-of-this-installation"

LETTER = Letter(
    key="w7:notice:e9:3/person:bg-01/sms",
    to="示例县应急管理局",
    title="警示通报（第3次）：示例厂 液氨罐区",
    body="橙色预警已持续3小时，尚未处置降级。",
    level="orange",
    kind="notice",
    sent_at=datetime(2024, 3, 1, 3, 0, tzinfo=UTC),
    due_at=datetime(2024, 3, 1, 3, 0, tzinfo=UTC),
    enterprise="示例化工有限公司",
    enterprise_code="990000001",
    source="液氨罐区",
    source_code="990000001001",
    region="140525",
    region_name="示例县",
    number="YJ20240301-0007",
    step=3,
    article="预警信息处置管理办法 第十一条",
    earlier=(Earlier("w7:informed:e9/person:bg-01/cap", datetime(2024, 3, 1, tzinfo=UTC)),),
)

POISON = replace(
    LETTER,
    to="示例县\r\nBcc: everybody@example.org",
    title="警示通报：示例\n厂\r\nX-Injected: 1\u2028液氨\u202e罐区\x00\x1b[31m\ud83d",
    body="第一行\r\n.\r\n第二行\x00\x07\ud800",
    enterprise="示例\n化工_x000D_有限公司",
    source="液氨\x0b罐区\u200f",
    region_name="示例\t县",
    number="YJ1\r\n2",
)
"""Names and words as they come out of workbooks, from other systems, or from somebody who means harm."""

Settings = Callable[[str], dict[str, Any]]


@dataclass(frozen=True)
class Kind:
    """How one type is set up and what the other side says. ``None``: this type cannot tell that case apart."""

    type: str
    settings: Settings
    """From the server's address."""
    address: str
    takes: Reply = field(default_factory=Reply)
    no_such_address: Reply | None = None
    busy: Reply | None = None
    """The provider's own way of asking to wait, beside the status 429."""
    refuses_us: Reply | None = None
    not_now: Reply | None = None
    """The recipient gets none now; the address is right."""
    unknown: Reply | None = None
    """A code that no list holds."""
    number: str = ""
    """What the receipt of ``takes`` says."""
    login: str = ""
    """Path that gives the token."""


def _gateway(url: str) -> dict[str, Any]:
    return {
        "url": f"{url}/sms",
        "headers": {"X-Key": SECRET},
        "code_paths": ["code"],
        "success": ["0"],
        "permanent": ["4*"],
        "recipient": ["5*"],
        "account": ["9*"],
        "id_paths": ["data.id"],
        "message_paths": ["msg"],
    }


KINDS = [
    Kind(
        "sms",
        _gateway,
        "00000000001",
        takes=says({"code": 0, "data": {"id": "m-1"}}),
        no_such_address=says({"code": 41, "msg": f"no such number {SECRET}"}),
        busy=says({"code": 7, "msg": "later"}),
        not_now=says({"code": 52, "msg": f"five a day {SECRET}"}),
        unknown=says({"code": 7777, "msg": f"strange {SECRET}"}),
        refuses_us=says({"code": 91, "msg": SECRET}),
        number="m-1",
    ),
    Kind(
        "voice",
        _gateway,
        "00000000001",
        takes=says({"code": "0", "data": {"id": "c-1"}}),
        no_such_address=says({"code": "41", "msg": SECRET}),
        not_now=says({"code": "51", "msg": SECRET}),
        unknown=says({"code": "E-7777", "msg": SECRET}),
        refuses_us=says({"code": "91", "msg": SECRET}),
        number="c-1",
    ),
    Kind(
        "aliyun_sms",
        lambda url: {
            "access_key_id": "key-of-the-account",
            "access_key_secret": SECRET,
            "sign_name": "安澜",
            "template_code": "SMS_1",
            "params": {"place": "{enterprise}", "said": "{title}"},
            "url": f"{url}/",
        },
        "00000000001",
        takes=says({"Code": "OK", "BizId": "b^1", "Message": "OK"}),
        no_such_address=says({"Code": "isv.MOBILE_NUMBER_ILLEGAL", "Message": SECRET}),
        busy=says({"Code": "Throttling.User", "Message": "Request was denied due to user flow control."}),
        not_now=says({"Code": "isv.BUSINESS_LIMIT_CONTROL", "Message": "触发小时级流控Permits:5"}),
        unknown=says({"Code": "SomethingNew.Entirely", "Message": SECRET}),
        refuses_us=says({"Code": "SignatureDoesNotMatch", "Message": SECRET}, status=400),
        number="b^1",
    ),
    Kind(
        "tencent_sms",
        lambda url: {
            "secret_id": "id-of-the-account",
            "secret_key": SECRET,
            "app_id": "1400000000",
            "sign_name": "安澜",
            "template_id": "1",
            "params": ["{title}"],
            "url": url,
        },
        "+8600000000001",
        takes=says({"Response": {"SendStatusSet": [{"SerialNo": "t:1", "Code": "Ok"}]}}),
        no_such_address=says(
            {"Response": {"SendStatusSet": [{"Code": "InvalidParameterValue.IncorrectPhoneNumber", "Message": SECRET}]}}
        ),
        busy=says(
            {"Response": {"Error": {"Code": "LimitExceeded.DeliveryFrequencyLimit", "Message": "下发短信达到频率上限"}}}
        ),
        not_now=says(
            {"Response": {"SendStatusSet": [{"Code": "LimitExceeded.PhoneNumberDailyLimit", "Message": "超日上限"}]}}
        ),
        unknown=says({"Response": {"SendStatusSet": [{"Code": "SomethingNew.Entirely", "Message": SECRET}]}}),
        refuses_us=says({"Response": {"Error": {"Code": "AuthFailure.SignatureFailure", "Message": SECRET}}}),
        number="t:1",
    ),
    Kind(
        "wecom",
        lambda url: {"corp_id": "ww1", "agent_id": 1000002, "secret": SECRET, "base_url": url},
        "zhang",
        takes=says({"errcode": 0, "errmsg": "ok", "msgid": "wm-1"}),
        no_such_address=says({"errcode": 81013, "errmsg": f"user & party & tag all invalid {SECRET}"}),
        busy=says({"errcode": 45009, "errmsg": "api freq out of limit"}),
        refuses_us=says({"errcode": 60020, "errmsg": f"not allow to access from your ip {SECRET}"}),
        not_now=says({"errcode": 50005, "errmsg": f"user is disabled {SECRET}"}),
        unknown=says({"errcode": 987654, "errmsg": SECRET}),
        number="wm-1",
        login="/cgi-bin/gettoken",
    ),
    Kind(
        "wecom_robot",
        lambda url: {"key": SECRET, "base_url": url},
        "",
        takes=says({"errcode": 0, "errmsg": "ok"}),
        busy=says({"errcode": 45009, "errmsg": "api freq out of limit"}),
        refuses_us=says({"errcode": 93000, "errmsg": f"invalid webhook url {SECRET}"}),
        unknown=says({"errcode": 987654, "errmsg": SECRET}),
    ),
    Kind(
        "dingtalk",
        lambda url: {"app_key": "ding1", "app_secret": SECRET, "agent_id": 42, "base_url": url},
        "manager01",
        takes=says({"errcode": 0, "errmsg": "ok", "task_id": 256271667526}),
        no_such_address=says({"errcode": 33012, "errmsg": f"无效的USERID {SECRET}"}),
        busy=says({"errcode": 90018, "errmsg": "您的服务器调用钉钉开放平台所有接口的请求都被暂时禁用了"}),
        refuses_us=says({"errcode": 50015, "errmsg": SECRET}),
        not_now=says({"errcode": 143106, "errmsg": f"over the daily count {SECRET}"}),
        unknown=says({"errcode": 987654, "errmsg": SECRET}),
        number="256271667526",
        login="/gettoken",
    ),
    Kind(
        "dingtalk_robot",
        lambda url: {"access_token": "token-of-the-robot", "secret": SECRET, "base_url": url},
        "",
        takes=says({"errcode": 0, "errmsg": "ok"}),
        busy=says({"errcode": 130101, "errmsg": "send too fast"}),
        refuses_us=says({"errcode": 310000, "errmsg": f"sign not match {SECRET}"}),
        unknown=says({"errcode": 987654, "errmsg": SECRET}),
    ),
    Kind(
        "webhook",
        lambda url: {"url": f"{url}/hook?token={SECRET}-in-url", "secret": SECRET},
        "",
        takes=says({"id": "h-1"}),
        refuses_us=Reply(401, SECRET.encode()),
        number="h-1",
    ),
    Kind(
        "cap",
        lambda url: {"sender": "anlan@county.example", "url": f"{url}/cap", "headers": {"Authorization": SECRET}},
        "",
        refuses_us=Reply(403, SECRET.encode()),
        number="anlan-a3e35bf0d6d7e3a3d1b5f0a6f1b1a9b1",
    ),
    Kind(
        "apprise",
        lambda url: {"urls": [url.replace("http://", "json://") + f"/hook?+X-Key={SECRET}"]},
        "",
        takes=Reply(200, b""),
    ),
]
BY_TYPE = {kind.type: kind for kind in KINDS}


def build(kind: Kind, url: str, **more: Any) -> Channel:
    """The channel of this kind, named after its type, against a server."""
    values = {"type": kind.type, **kind.settings(url), **more}
    return configured(Config(channels={kind.type: values}))[kind.type]


def ready(kind: Kind, server: ChannelServer, reply: Reply | None = None) -> None:
    """Let the server answer with ``reply``, else take letters; a log-in always succeeds."""
    server.reply = kind.takes if reply is None else reply
    if kind.login:
        server.at[kind.login] = says({"errcode": 0, "access_token": "token-for-two-hours", "expires_in": 7200})


def mail(relay: MailServer, **more: Any) -> Channel:
    """An e-mail channel against a relay without TLS."""
    values = {"type": "email", "host": "127.0.0.1", "port": relay.port, "tls": "none", "sender": "anlan@example.org"}
    return configured(Config(channels={"email": values | more}))["email"]


def cap_folder(folder: Path, **more: Any) -> Channel:
    """A CAP channel that lays its alerts into a folder."""
    values = {"type": "cap", "sender": "anlan@county.example", "folder": str(folder)}
    return configured(Config(channels={"cap": values | more}))["cap"]

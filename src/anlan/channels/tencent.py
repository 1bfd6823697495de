"""Tencent Cloud SMS: the template channel with the cloud's own signature (TC3-HMAC-SHA256) and its error codes.

Source: the public description of signature v3 and of ``SendSms`` 2021-01-11.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from anlan.channels.base import Letter, Need
from anlan.channels.letters import unknown_placeholders
from anlan.channels.reports import read_settings
from anlan.channels.table import Table
from anlan.channels.template import Asking, TemplateChannel, Verdict
from anlan.now import now

VERSION = "2021-01-11"
CONTENT_TYPE = "application/json; charset=utf-8"
VERDICT = Verdict(
    code_paths=("Response.Error.Code", "Response.SendStatusSet.0.Code"),
    success=("Ok",),
    permanent=("InvalidParameterValue.IncorrectPhoneNumber",),
    recipient=("FailedOperation.PhoneNumber*", "LimitExceeded.PhoneNumber*", "UnsupportedOperation.ContainDomesticAnd*",
               "UnsupportedOperation.UnsupportedRegion"),
    letter=("InvalidParameterValue.ProhibitedUseUrlInTemplateParameter", "InvalidParameterValue.ContentLengthLimit",
            "InvalidParameterValue.TemplateParameter*", "FailedOperation.ContainSensitiveWord"),
    temporary=("LimitExceeded*", "RequestLimitExceeded*", "InternalError*", "FailedOperation.FailResolvePacket"),
    account=("AuthFailure*", "UnauthorizedOperation*", "FailedOperation.*", "InvalidParameter*",
             "UnsupportedOperation*", "MissingParameter*", "ResourceNotFound*", "ResourceInsufficient*"),
    id_paths=("Response.SendStatusSet.0.SerialNo",),
    message_paths=("Response.Error.Message", "Response.SendStatusSet.0.Message"),
)  # fmt: skip


def signature(host: str, content: bytes, timestamp: int, secret_id: str, secret_key: str, service: str = "sms") -> str:
    """The value of ``Authorization`` of a POST of JSON at that second; content type and host are signed."""
    day = f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d}"
    headers = f"content-type:{CONTENT_TYPE}\nhost:{host}\n"
    payload = hashlib.sha256(content).hexdigest()
    request = "\n".join(["POST", "/", "", headers, "content-type;host", payload])
    scope = f"{day}/{service}/tc3_request"
    to_sign = "\n".join(["TC3-HMAC-SHA256", str(timestamp), scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"TC3{secret_key}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signed = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    return f"TC3-HMAC-SHA256 Credential={secret_id}/{scope}, SignedHeaders=content-type;host, Signature={signed}"


def build(table: Table) -> TemplateChannel:
    """``type = "tencent_sms"``. Raises `ConfigError`."""
    secret_id, secret_key = table.text("secret_id", secret=True), table.text("secret_key", secret=True)
    body = {
        "SmsSdkAppId": table.text("app_id"),
        "SignName": table.text("sign_name"),
        "TemplateId": table.text("template_id"),
        "TemplateParamSet": list(table.texts("params", ("{title}",))),
        "PhoneNumberSet": ["{address}"],
        "SessionContext": "{id}",
    }
    unknown = unknown_placeholders(body["TemplateParamSet"])
    if unknown:
        raise table.refuse("params", f"里的占位符 {{{sorted(unknown)[0]}}} 不存在")
    reports = read_settings(
        table, id_paths=("sid",), state_paths=("report_status",), delivered=("SUCCESS",),
        at_paths=("user_receive_time",), error_paths=("errmsg",), answer='{"result":0,"errmsg":"OK"}',
    )  # fmt: skip
    url, region = table.url("url", "https://sms.tencentcloudapi.com/"), table.text("region", "ap-guangzhou")
    if urlsplit(url).path not in ("", "/"):
        raise table.refuse("url", "后面不能再有路径")
    rate, shown = table.rate(), table.text("title", "短信（腾讯云）")
    wire = table.wire()
    table.done()
    return TemplateChannel(
        table.name, title=shown, needs=Need.PHONE, rate=rate, wire=wire,
        asking=Asking(
            url, body, headers={"Content-Type": CONTENT_TYPE}, signer=signer(secret_id, secret_key, region)
        ),
        verdict=VERDICT, reports=reports,
    )  # fmt: skip


def signer(
    secret_id: str, secret_key: str, region: str, clock: Callable[[], datetime] = now
) -> Callable[[str, str, bytes, Letter], Mapping[str, str]]:
    """Signs requests to send a message."""

    def sign(method: str, url: str, content: bytes, letter: Letter) -> Mapping[str, str]:
        timestamp = int(clock().timestamp())
        return {
            "X-TC-Action": "SendSms",
            "X-TC-Version": VERSION,
            "X-TC-Region": region,
            "X-TC-Timestamp": str(timestamp),
            "Authorization": signature(urlsplit(url).netloc, content, timestamp, secret_id, secret_key),
        }

    return sign

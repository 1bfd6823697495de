"""Aliyun SMS: the template channel with the cloud's own signature (ACS3-HMAC-SHA256) and its error codes.

Source: the public description of the signature V3 of RPC interfaces and of ``SendSms`` 2017-05-25.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from anlan.channels.base import Letter, Need
from anlan.channels.letters import digest, unknown_placeholders
from anlan.channels.reports import read_settings
from anlan.channels.table import Table
from anlan.channels.template import Asking, TemplateChannel, Verdict
from anlan.now import now

VERSION = "2017-05-25"
VERDICT = Verdict(
    code_paths=("Code",),
    success=("OK",),
    permanent=("isv.MOBILE_NUMBER_ILLEGAL",),
    recipient=("isv.BUSINESS_LIMIT_CONTROL", "isv.MOBILE_IN_BLACK", "isv.BLACK_LIST*"),
    letter=("isv.MOBILE_COUNT_OVER_LIMIT", "isv.TEMPLATE_PARAMS_ILLEGAL", "isv.TEMPLATE_MISSING_PARAMETERS",
            "isv.INVALID_JSON_PARAM", "isv.PARAM_*", "isv.BLACK_KEY_CONTROL_LIMIT", "isv.SMS_CONTENT_*",
            "isv.INVALID_PARAMETERS"),
    temporary=("isv.DAY_LIMIT_CONTROL", "isp.SYSTEM_ERROR", "Throttling*", "Service*"),
    account=("isv.*", "isp.*", "InvalidAccessKeyId*", "SignatureDoesNotMatch*", "SignatureNonce*", "Forbidden*",
             "IncompleteSignature", "InvalidTimeStamp*", "Missing*", "Unauthorized*"),
    id_paths=("BizId",),
    message_paths=("Message",),
)  # fmt: skip


def signature(method: str, url: str, content: bytes, headers: Mapping[str, str], key_id: str, key_secret: str) -> str:
    """The value of ``Authorization``. ``headers`` are those that are signed; their names are lower case."""
    parts = urlsplit(url)
    query = "&".join(sorted(parts.query.split("&"))) if parts.query else ""
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    payload = hashlib.sha256(content).hexdigest()
    request = "\n".join([method, quote(parts.path or "/"), query, lines, names, payload])
    to_sign = f"ACS3-HMAC-SHA256\n{hashlib.sha256(request.encode()).hexdigest()}"
    signed = hmac.new(key_secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return f"ACS3-HMAC-SHA256 Credential={key_id},SignedHeaders={names},Signature={signed}"


def build(table: Table) -> TemplateChannel:
    """``type = "aliyun_sms"``. Raises `ConfigError`."""
    key_id = table.text("access_key_id", secret=True)
    key_secret = table.text("access_key_secret", secret=True)
    body = {
        "PhoneNumbers": "{address}",
        "SignName": table.text("sign_name"),
        "TemplateCode": table.text("template_code"),
        "TemplateParam": table.table("params", {"title": "{title}"}),
        "OutId": "{id}",
    }
    unknown = unknown_placeholders(body["TemplateParam"])
    if unknown:
        raise table.refuse("params", f"里的占位符 {{{sorted(unknown)[0]}}} 不存在")
    reports = read_settings(
        table, id_paths=("biz_id",), state_paths=("success",), delivered=("true",), at_paths=("report_time",),
        error_paths=("err_code",), bad_address=("MOBILE_NOT_ON_SERVICE", "MOBILE_ACCOUNT_ABNORMAL"),
    )  # fmt: skip
    url = table.url("url", "https://dysmsapi.aliyuncs.com/")
    rate, shown = table.rate(), table.text("title", "短信（阿里云）")
    wire = table.wire()
    table.done()
    return TemplateChannel(
        table.name, title=shown, needs=Need.PHONE, rate=rate, wire=wire,
        asking=Asking(url, body, "form", signer=signer(key_id, key_secret, "SendSms", VERSION)),
        verdict=VERDICT, reports=reports,
    )  # fmt: skip


def signer(
    key_id: str, key_secret: str, action: str, version: str, clock: Callable[[], datetime] = now
) -> Callable[[str, str, bytes, Letter], Mapping[str, str]]:
    """Signs requests of one action; every try has a nonce of its own, or the cloud would refuse a repetition."""

    def sign(method: str, url: str, content: bytes, letter: Letter) -> Mapping[str, str]:
        instant = clock().astimezone(UTC)
        headers = {
            "host": urlsplit(url).netloc,
            "content-type": "application/x-www-form-urlencoded",
            "x-acs-action": action,
            "x-acs-version": version,
            "x-acs-date": f"{instant:%Y-%m-%dT%H:%M:%SZ}",
            "x-acs-signature-nonce": digest(f"{letter.key}@{instant.isoformat()}"),
            "x-acs-content-sha256": hashlib.sha256(content).hexdigest(),
        }
        value = signature(method, url, content, headers, key_id, key_secret)
        sent = {name: text for name, text in headers.items() if name not in ("host", "content-type")}
        return sent | {"Content-Type": headers["content-type"], "Authorization": value}

    return sign

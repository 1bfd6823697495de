"""Sends by any web interface that the settings describe: address, headers, body, and how to read the answer.

The same template carries SMS gateways, voice gateways and the two big clouds; those only add a signature.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from anlan.channels.base import (
    AccountError,
    Channel,
    ChannelError,
    Letter,
    LetterError,
    Need,
    NoSuchAddress,
    PermanentError,
    Receipt,
    RecipientError,
)
from anlan.channels.http import Answer, Wire
from anlan.channels.letters import fill, header_key, unknown_placeholders
from anlan.channels.reports import Reports, dig, matches
from anlan.channels.table import Table

Signer = Callable[[str, str, bytes, Letter], Mapping[str, str]]
"""Headers that sign a request: method, address, body, letter."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How to read an answer. Codes may use ``*``; the first list that holds one decides, and one that is in no list is
    charged to its letter."""

    code_paths: tuple[str, ...] = ()
    success: tuple[str, ...] = ()
    permanent: tuple[str, ...] = ()
    """There is no such number."""
    recipient: tuple[str, ...] = ()
    """The number gets none now: over its count, switched off."""
    letter: tuple[str, ...] = ()
    """What the letter says is refused."""
    temporary: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    id_paths: tuple[str, ...] = ()
    message_paths: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    """Statuses that count as success; empty: every 2xx."""

    def judge(self, wire: Wire, answer: Answer) -> Receipt:
        """The provider's receipt, or the error that its code, else its status, stands for."""
        told = answer.json() if self.code_paths or self.id_paths or self.message_paths else None
        words = wire.clean(dig(told, self.message_paths))
        code = dig(told, self.code_paths)
        if code and not matches(code, self.success):
            text = f"服务商返回 {wire.clean(code)}" + (f"：{words}" if words else "")
            for codes, error in (
                (self.permanent, NoSuchAddress(text)),
                (self.recipient, RecipientError(text, answer.retry_after)),
                (self.letter, LetterError(text)),
                (self.temporary, ChannelError(text, answer.retry_after)),
                (self.account, AccountError(text, answer.retry_after)),
            ):
                if matches(code, codes):
                    raise error
            if 200 <= answer.status < 300:
                raise LetterError(text, answer.retry_after)
        if str(answer.status) not in self.statuses:
            wire.judge(answer, words or code)
            if self.statuses:
                raise ChannelError(f"对方应答 {answer.status}，不在成功之列")
        if self.success and not code:
            raise ChannelError("看不懂对方的应答")
        return Receipt(dig(told, self.id_paths))


@dataclass(frozen=True)
class Asking:
    """The template of a request: texts with placeholders. ``encoding`` is that of the body: json, form or query."""

    url: str
    body: Any
    encoding: str = "json"
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    signer: Signer | None = None


class TemplateChannel(Channel):
    """One request for each letter, made from a template. Built by `from_table` or by a preset."""

    def __init__(
        self,
        name: str,
        *,
        title: str,
        needs: Need,
        rate: float | None,
        wire: Wire,
        asking: Asking,
        verdict: Verdict | None = None,
        reports: Reports | None = None,
    ) -> None:
        self.name, self.title, self.needs, self.rate, self.timeout_s = name, title, needs, rate, wire.timeout_s
        self._wire, self._asking, self._verdict = wire, asking, verdict or Verdict()
        self.reports = reports

    def send(self, letter: Letter) -> Receipt | None:
        """One request; the answer is read by the verdict of the settings."""
        if self.needs is not Need.NOTHING and not letter.address:
            raise PermanentError("没有地址")
        asking = self._asking
        url = fill(asking.url, letter, lambda text: quote(text, safe=""))
        headers = {name: _header(value) for name, value in fill(asking.headers, letter).items()}
        headers.setdefault("Idempotency-Key", header_key(letter))
        filled, content = fill(asking.body, letter), b""
        if asking.encoding == "json":
            content = msgspec.json.encode(filled)
            headers.setdefault("Content-Type", "application/json; charset=utf-8")
        elif asking.encoding == "form":
            content = urlencode({name: _flat(value) for name, value in filled.items()}).encode()
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        elif filled:
            joint = "&" if "?" in url else "?"
            url += joint + urlencode({name: _flat(value) for name, value in filled.items()}, quote_via=quote)
        if asking.signer:
            headers |= asking.signer(asking.method, url, content, letter)
        return self._verdict.judge(self._wire, self._wire.exchange(asking.method, url, headers, content))


def _flat(value: Any) -> str:
    """A value of a form: texts as they are, tables and lists as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _header(value: Any) -> str:
    """A header in ASCII and on one line, whatever a letter holds."""
    text = str(value)
    return text if text.isascii() and text.isprintable() else quote(text)


def from_table(table: Table, *, title: str, needs: Need, body: Mapping[str, Any], reports: Reports) -> TemplateChannel:
    """A template channel as the settings describe it. Raises `ConfigError` that names the setting."""
    url = table.url("url")
    method = table.text("method", "POST", among=("POST", "GET", "PUT"))
    encoding = table.text("encoding", "query" if method == "GET" else "json", among=("json", "form", "query"))
    headers = table.table("headers", secret=True)
    template = table.anything("body", body)
    if encoding != "json" and not isinstance(template, Mapping):
        raise table.refuse("body", f"在 encoding = {encoding} 时应是表")
    for key, value in (("url", url), ("headers", headers), ("body", template)):
        unknown = unknown_placeholders(value)
        if unknown:
            raise table.refuse(key, f"里的占位符 {{{sorted(unknown)[0]}}} 不存在")
    verdict = Verdict(
        code_paths=table.texts("code_paths"),
        success=table.texts("success"),
        permanent=table.texts("permanent"),
        recipient=table.texts("recipient"),
        letter=table.texts("letter"),
        temporary=table.texts("temporary"),
        account=table.texts("account"),
        id_paths=table.texts("id_paths"),
        message_paths=table.texts("message_paths"),
        statuses=table.texts("statuses"),
    )
    if bool(verdict.code_paths) != bool(verdict.success):
        raise table.refuse("success", "与 code_paths 应一起填写：从应答的哪里取代码，哪些代码算成功")
    table.secrets += _long_texts(template)
    rate, shown = table.rate(), table.text("title", title)
    wire = table.wire()
    table.done()
    return TemplateChannel(
        table.name, title=shown, needs=needs, rate=rate, wire=wire,
        asking=Asking(url, template, encoding, method, headers), verdict=verdict, reports=reports,
    )  # fmt: skip


def _long_texts(template: Any) -> list[str]:
    """Fixed texts of a body that look like a key or a password: no placeholder, no blank, eight characters or more."""
    if isinstance(template, str):
        return [template] if len(template) >= 8 and "{" not in template and " " not in template else []
    values = template.values() if isinstance(template, Mapping) else template if isinstance(template, list) else ()
    return [text for value in values for text in _long_texts(value)]

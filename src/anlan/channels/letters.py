"""A letter in words and in names: what templates, chats, mails and machines are told of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from anlan.channels.base import Letter
from anlan.rules.calendar import civil
from anlan.rules.level import Level

KINDS = {
    "informed": "预警告知",
    "upgraded": "预警升级",
    "downgraded": "预警降级",
    "notice": "警示通报",
    "site_order": "现场核查督办",
    "cleared": "预警解除",
    "report_due": "处置报告待报",
    "report": "处置报告",
    "report_overdue": "处置报告逾期",
    "summary": "报警汇总",
    "commit_reminder": "安全承诺提醒",
    "uncommitted": "未按时承诺",
    "test": "测试",
}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def short_id(letter: Letter) -> str:
    """32 hexadecimal digits that stand for the key where a provider takes no longer text; the same at every try."""
    return digest(letter.key)


def digest(text: str) -> str:
    """32 hexadecimal digits of SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def header_key(letter: Letter) -> str:
    """The key as the value of an HTTP header: ASCII, percent-encoded where it is not."""
    return quote(letter.key, safe=":/+-._~,")


def level_name(letter: Letter) -> str:
    """红色 and so on; empty without a level."""
    return f"{Level(letter.level).colour}色" if letter.level in set(Level) - {Level.NONE} else ""


def headline(letter: Letter) -> str:
    """The title with its marks: a drill says so first, a substitute is marked 代."""
    marks = ("【演练】" if letter.exercise else "") + ("【代】" if letter.acting else "")
    return f"{marks}{letter.title}"


def whole_text(letter: Letter) -> str:
    """Headline, body, who it is for: a message in a chat or read out by a voice."""
    return "\n".join(part for part in (headline(letter), letter.body, f"（收件：{letter.to}）") if part)


def civil_words(instant: datetime | None) -> str:
    """``2024-03-01 08:00:00`` on the civil clock; empty for None."""
    return f"{civil(instant):%Y-%m-%d %H:%M:%S}" if instant else ""


def iso(instant: datetime | None) -> str | None:
    """ISO 8601 to the second with the civil offset."""
    return civil(instant).isoformat(timespec="seconds") if instant else None


FIELDS: dict[str, Callable[[Letter], str]] = {
    "address": lambda letter: letter.address,
    "to": lambda letter: letter.to,
    "title": headline,
    "body": lambda letter: letter.body,
    "text": whole_text,
    "key": lambda letter: letter.key,
    "id": short_id,
    "level": lambda letter: letter.level,
    "level_name": level_name,
    "kind": lambda letter: letter.kind,
    "kind_name": lambda letter: KINDS.get(letter.kind, letter.kind),
    "number": lambda letter: letter.number,
    "step": lambda letter: "" if letter.step is None else str(letter.step),
    "enterprise": lambda letter: letter.enterprise,
    "source": lambda letter: letter.source,
    "region": lambda letter: letter.region,
    "region_name": lambda letter: letter.region_name,
    "article": lambda letter: letter.article,
    "sent_at": lambda letter: civil_words(letter.sent_at),
    "due_at": lambda letter: civil_words(letter.due_at),
}
"""Placeholders of a template, each a text."""


def unknown_placeholders(template: Any) -> set[str]:
    """Placeholders in any text of a nested value that no letter can fill."""
    if isinstance(template, str):
        return set(_PLACEHOLDER.findall(template)) - FIELDS.keys()
    if isinstance(template, Mapping):
        return {name for value in template.values() for name in unknown_placeholders(value)}
    if isinstance(template, (list, tuple)):
        return {name for value in template for name in unknown_placeholders(value)}
    return set()


def fill(template: Any, letter: Letter, change: Callable[[str], str] = str) -> Any:
    """A nested value with every placeholder replaced; ``change`` encodes what is put in."""
    if isinstance(template, str):
        return _PLACEHOLDER.sub(
            lambda found: change(FIELDS[found[1]](letter)) if found[1] in FIELDS else found[0], template
        )
    if isinstance(template, Mapping):
        return {name: fill(value, letter, change) for name, value in template.items()}
    if isinstance(template, (list, tuple)):
        return [fill(value, letter, change) for value in template]
    return template


def as_dict(letter: Letter) -> dict[str, Any]:
    """A letter as JSON for machines. The address is left out: the machine was reached, it need not know how."""
    plain = (
        "key", "kind", "title", "body", "level", "to", "number", "step", "article",
        "enterprise", "enterprise_code", "source", "source_code", "region", "region_name", "exercise", "acting",
    )  # fmt: skip
    return {name: getattr(letter, name) for name in plain} | {
        "sent_at": iso(letter.sent_at),
        "due_at": iso(letter.due_at),
    }

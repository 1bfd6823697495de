"""Common Alerting Protocol 1.2 out: one XML alert for each letter, posted to an address, laid into a folder, or both.

Source: OASIS CAP 1.2. How a level becomes urgency, severity and certainty no article says: 本地设定, changeable.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from xml.etree import ElementTree

from anlan.channels.base import Channel, ChannelError, Earlier, Letter, Need, Receipt
from anlan.channels.letters import KINDS, digest, headline, iso, level_name
from anlan.channels.table import Table
from anlan.now import now

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
CODES = {
    "urgency": ("Immediate", "Expected", "Future", "Past", "Unknown"),
    "severity": ("Extreme", "Severe", "Moderate", "Minor", "Unknown"),
    "certainty": ("Observed", "Likely", "Possible", "Unlikely", "Unknown"),
}
LEVELS = {
    "red": ("Immediate", "Extreme", "Observed"),
    "orange": ("Immediate", "Severe", "Observed"),
    "yellow": ("Expected", "Moderate", "Likely"),
    "blue": ("Future", "Minor", "Possible"),
    "": ("Unknown", "Unknown", "Unknown"),
}
"""本地设定: urgency, severity, certainty of each level."""
RESPONSES = {"cleared": "AllClear", "site_order": "Assess", "notice": "Monitor", "downgraded": "Monitor"}
MOST_REFERENCES = 10
GEOCODE = "GB/T 2260"
_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Cap(Channel):
    """Alerts for another warning system. Not addressed to a person: one letter a notice."""

    needs = Need.NOTHING
    wants_earlier = True

    def __init__(self, table: Table) -> None:
        """``type = "cap"``. Raises `ConfigError`."""
        self._sender = table.text("sender")
        if any(mark in self._sender for mark in " ,<&") or not self._sender.isprintable():
            raise table.refuse("sender", "不能含空格、逗号、< 或 &")
        self._sender_name = table.text("sender_name", "")
        self._event = table.text("event", "危险化学品安全生产风险预警")
        self._scope = table.text("scope", "Restricted", among=("Restricted", "Private"))
        self._restriction = table.text("restriction", "仅供应急管理部门及有关单位内部使用")
        self._levels = LEVELS | self._own_levels(table)
        self._url, folder = table.url("url", ""), table.text("folder", "")
        self._folder = Path(folder) if folder else None
        if not self._url and not self._folder:
            raise table.refuse("url", "与 folder 至少填一个")
        headers = table.table("headers", secret=True)
        self._headers = {str(name): str(value) for name, value in headers.items()}
        self.name, self.title, self.rate = table.name, table.text("title", "CAP 发布"), table.rate()
        self._wire = table.wire()
        self.timeout_s = self._wire.timeout_s
        table.done()

    @staticmethod
    def _own_levels(table: Table) -> dict[str, tuple[str, str, str]]:
        mine = Table(f"{table.name}.levels", table.table("levels"))
        found = {}
        for level in ("red", "orange", "yellow", "blue"):
            values = mine.texts(level)
            if values:
                if len(values) != 3 or any(v not in CODES[name] for v, name in zip(values, CODES, strict=True)):
                    raise mine.refuse(level, "应是 [紧急度, 严重度, 确定度]，取 CAP 1.2 的词")
                found[level] = (values[0], values[1], values[2])
        mine.done()
        return found

    def send(self, letter: Letter) -> Receipt | None:
        """Post it, then lay it down. At a repeat the same identifier is posted and the file is already there."""
        identifier, alert = self.identifier(letter.key), self.compose(letter)
        if self._url:
            headers = self._headers | {"Content-Type": "application/cap+xml; charset=utf-8"}
            answer = self._wire.exchange("POST", self._url, headers, alert)
            if answer.status != 409:  # it has had this one
                self._wire.judge(answer)
        if self._folder:
            self._lay(self._folder, f"{identifier}.xml", alert)
        return Receipt(identifier, delivered=True)

    @staticmethod
    def _lay(folder: Path, name: str, alert: bytes) -> None:
        """Write a file as a whole or not at all: who reads the folder never sees half an alert."""
        target, draft = folder / name, folder / f".{name}.{os.getpid()}"
        try:
            if target.exists():
                return
            with draft.open("wb") as file:
                file.write(alert)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise ChannelError(f"写不进 CAP 文件夹（{error.strerror}）") from None

    @staticmethod
    def identifier(key: str) -> str:
        """Follows from the key alone: the same at every try, and known to later letters that refer to it."""
        return f"anlan-{digest(key)}"

    def compose(self, letter: Letter) -> bytes:
        """The alert as UTF-8 XML, its elements in the order of the schema."""
        alert = ElementTree.Element("alert", xmlns=NAMESPACE)
        sent = iso(letter.sent_at or now()) or ""
        status = "Exercise" if letter.exercise else "Test" if letter.kind == "test" else "Actual"
        over = letter.kind == "cleared"
        message = ("Cancel" if over else "Update") if letter.earlier else "Alert"
        head = [
            ("identifier", self.identifier(letter.key)),
            ("sender", self._sender),
            ("sent", sent),
            ("status", status),
            ("msgType", message),
            ("scope", self._scope),
            ("restriction", self._restriction if self._scope == "Restricted" else ""),
            ("addresses", _quoted(letter.to) if self._scope == "Private" else ""),
            ("note", "演练，不是真实预警" if letter.exercise else ""),
            ("references", " ".join(map(self._reference, letter.earlier[-MOST_REFERENCES:]))),
            ("incidents", _quoted(letter.number)),
        ]
        _add(alert, head)
        self._info(ElementTree.SubElement(alert, "info"), letter, sent, over)
        text: str = ElementTree.tostring(alert, encoding="unicode")
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()

    def _reference(self, earlier: Earlier) -> str:
        return f"{self._sender},{self.identifier(earlier.key)},{iso(earlier.sent_at)}"

    def _info(self, info: ElementTree.Element, letter: Letter, sent: str, over: bool) -> None:
        urgency, severity, certainty = self._levels.get(letter.level, LEVELS[""])
        facts = [
            ("language", "zh-CN"),
            ("category", "CBRNE"),
            ("category", "Safety"),
            ("event", self._event),
            ("responseType", RESPONSES.get(letter.kind, "Prepare")),
            ("urgency", "Past" if over else urgency),
            ("severity", severity),
            ("certainty", certainty),
            ("effective", sent),
            ("senderName", self._sender_name),
            ("headline", headline(letter)),
            ("description", letter.body),
        ]
        _add(info, facts)
        for name, value in (
            ("warningNumber", letter.number),
            ("level", letter.level),
            ("levelName", level_name(letter)),
            ("kind", letter.kind),
            ("kindName", KINDS.get(letter.kind, "")),
            ("step", "" if letter.step is None else str(letter.step)),
            ("dueAt", iso(letter.due_at) or ""),
            ("article", letter.article),
            ("enterprise", letter.enterprise),
            ("enterpriseCode", letter.enterprise_code),
            ("hazardSource", letter.source),
            ("hazardSourceCode", letter.source_code),
        ):
            if value:
                _add(ElementTree.SubElement(info, "parameter"), [("valueName", name), ("value", value)])
        area = ElementTree.SubElement(info, "area")
        _add(area, [("areaDesc", letter.region_name or letter.enterprise or letter.region or "未说明")])
        if letter.region:
            _add(ElementTree.SubElement(area, "geocode"), [("valueName", GEOCODE), ("value", letter.region)])


def _add(parent: ElementTree.Element, children: list[tuple[str, str]]) -> None:
    """Elements with their texts, in order; empty ones are left out."""
    for name, text in children:
        if text:
            ElementTree.SubElement(parent, name).text = _xml(text)


def _xml(text: str) -> str:
    """The text without the control characters that XML forbids."""
    return "".join(
        c for c in text if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff"
    )


def _quoted(text: str) -> str:
    """A member of a list that is separated by blanks: in quotation marks when it holds one."""
    plain = text.replace('"', "”")
    return f'"{plain}"' if " " in plain else plain

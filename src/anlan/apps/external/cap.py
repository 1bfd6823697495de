"""Common Alerting Protocol 1.2, read: bytes become an `Alert`, or `Unreadable` says in Chinese what is wrong.

Source: OASIS CAP 1.2 and its schema, whose order and words are checked. Nothing in a document is believed: no document
type, no entity, bounded depth and number of elements. Standard library only; no clock, no records.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn
from xml.parsers import expat

from anlan import border

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
SIGNATURES = "http://www.w3.org/2000/09/xmldsig#"
MOST_BYTES = 256 * 1024
DEEPEST = 12
MOST_ELEMENTS = 5000
MOST_REFERENCES = 100

ONE, MAY, MANY, SOME = (1, 1), (0, 1), (0, MOST_ELEMENTS), (1, MOST_ELEMENTS)
_PAIR = (("valueName", ONE), ("value", ONE))
GRAMMAR: dict[str, tuple[tuple[str, tuple[int, int]], ...]] = {
    "alert": (
        ("identifier", ONE), ("sender", ONE), ("sent", ONE), ("status", ONE), ("msgType", ONE), ("source", MAY),
        ("scope", ONE), ("restriction", MAY), ("addresses", MAY), ("code", MANY), ("note", MAY), ("references", MAY),
        ("incidents", MAY), ("info", MANY),
    ),
    "info": (
        ("language", MAY), ("category", SOME), ("event", ONE), ("responseType", MANY), ("urgency", ONE),
        ("severity", ONE), ("certainty", ONE), ("audience", MAY), ("eventCode", MANY), ("effective", MAY),
        ("onset", MAY), ("expires", MAY), ("senderName", MAY), ("headline", MAY), ("description", MAY),
        ("instruction", MAY), ("web", MAY), ("contact", MAY), ("parameter", MANY), ("resource", MANY), ("area", MANY),
    ),
    "area": (
        ("areaDesc", ONE), ("polygon", MANY), ("circle", MANY), ("geocode", MANY), ("altitude", MAY), ("ceiling", MAY),
    ),
    "resource": (
        ("resourceDesc", ONE), ("mimeType", ONE), ("size", MAY), ("uri", MAY), ("derefUri", MAY), ("digest", MAY),
    ),
    "parameter": _PAIR,
    "eventCode": _PAIR,
    "geocode": _PAIR,
}  # fmt: skip
"""Children of each element in the order of the schema, with the least and the most of them."""
WORDS = {
    "status": {"Actual", "Exercise", "System", "Test", "Draft"},
    "msgType": {"Alert", "Update", "Cancel", "Ack", "Error"},
    "scope": {"Public", "Restricted", "Private"},
    "category": {
        "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other",
    },
    "responseType": {
        "Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None",
    },
    "urgency": {"Immediate", "Expected", "Future", "Past", "Unknown"},
    "severity": {"Extreme", "Severe", "Moderate", "Minor", "Unknown"},
    "certainty": {"Observed", "Likely", "Possible", "Unlikely", "Unknown"},
}  # fmt: skip
TIMES = {"sent", "effective", "onset", "expires"}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d")
_UNFIT = re.compile(r"[\s,<&]")


class Unreadable(ValueError):
    """This is no CAP 1.2 alert that can be shown. The message is Chinese and names the element."""


@dataclass(frozen=True, slots=True)
class Reference:
    """An earlier message that this one updates or cancels."""

    sender: str
    identifier: str
    sent: datetime


@dataclass(frozen=True, slots=True)
class Area:
    name: str
    geocodes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Info:
    """What is said in one language. The codes stand as they came."""

    language: str
    categories: tuple[str, ...]
    event: str
    urgency: str
    severity: str
    certainty: str
    responses: tuple[str, ...] = ()
    effective: datetime | None = None
    onset: datetime | None = None
    expires: datetime | None = None
    sender_name: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    web: str = ""
    contact: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    areas: tuple[Area, ...] = ()


@dataclass(frozen=True, slots=True)
class Alert:
    """One message, checked against the schema."""

    identifier: str
    sender: str
    sent: datetime
    status: str
    message: str
    scope: str
    note: str
    references: tuple[Reference, ...]
    infos: tuple[Info, ...]

    @property
    def info(self) -> Info | None:
        """The part in Chinese, else the first; None when the message carries none."""
        chinese = [info for info in self.infos if info.language.lower().startswith("zh")]
        return next(iter(chinese or self.infos), None)


@dataclass(slots=True)
class _Node:
    name: str
    text: str = ""
    children: list[_Node] = field(default_factory=list)

    def all(self, name: str) -> list[_Node]:
        return [child for child in self.children if child.name == name]

    def one(self, name: str) -> str:
        found = self.all(name)
        return found[0].text if found else ""

    def time(self, name: str) -> datetime | None:
        raw = self.one(name)
        return datetime.fromisoformat(raw) if raw else None

    def pairs(self, name: str) -> tuple[tuple[str, str], ...]:
        return tuple((child.one("valueName"), child.one("value")) for child in self.all(name))


def read(document: bytes) -> Alert:
    """The alert that a document holds. Raises `Unreadable`; never fetches anything."""
    if len(document) > MOST_BYTES:
        raise Unreadable(f"报文超过 {MOST_BYTES // 1024} KB")
    root = _tree(document)
    _check(root, root.name)
    infos = tuple(_info(node) for node in root.all("info"))
    sent = root.time("sent")
    assert sent is not None  # the grammar asked for it
    alert = Alert(
        identifier=root.one("identifier"),
        sender=root.one("sender"),
        sent=sent,
        status=root.one("status"),
        message=root.one("msgType"),
        scope=root.one("scope"),
        note=root.one("note"),
        references=_references(root.one("references")),
        infos=infos,
    )
    for name, value in (("identifier", alert.identifier), ("sender", alert.sender)):
        if not value or _UNFIT.search(value):
            raise Unreadable(f"{name} 为空，或含空格、逗号、< 或 &")
    if alert.scope == "Restricted" and not root.one("restriction"):
        raise Unreadable("scope 为 Restricted 时应有 restriction")
    if alert.scope == "Private" and not root.one("addresses"):
        raise Unreadable("scope 为 Private 时应有 addresses")
    if alert.message in ("Update", "Cancel") and not alert.references:
        raise Unreadable(f"msgType 为 {alert.message} 时应有 references")
    return alert


def _tree(document: bytes) -> _Node:
    """The document's elements. Names outside CAP 1.2 are refused, signatures are passed over unread."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    open_: list[_Node | None] = []
    roots: list[_Node] = []
    count = 0

    def forbid(*_args: object) -> NoReturn:
        raise Unreadable("报文不得带 DOCTYPE 或实体")

    def start(name: str, _attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        if count > MOST_ELEMENTS or len(open_) >= DEEPEST:
            raise Unreadable("报文的元素太多或嵌套太深")
        space, _, local = name.rpartition(" ")
        inside_signature = bool(open_) and open_[-1] is None
        if inside_signature or (space == SIGNATURES and len(open_) == 1):
            open_.append(None)
            return
        if space != NAMESPACE:
            raise Unreadable(f"{local[:40]} 不属于 CAP 1.2")
        node = _Node(local)
        parent = open_[-1] if open_ else None
        if parent is not None:
            parent.children.append(node)
        else:
            roots.append(node)
        open_.append(node)

    def end(_name: str) -> None:
        node = open_.pop()
        if node is not None:
            node.text = node.text.strip()

    def characters(text: str) -> None:
        if open_ and open_[-1] is not None:
            open_[-1].text += text

    parser.StartDoctypeDeclHandler = forbid
    parser.EntityDeclHandler = forbid
    parser.ExternalEntityRefHandler = forbid
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.buffer_text = True
    try:
        parser.Parse(document, True)
    except expat.ExpatError as error:
        words = expat.errors.messages.get(error.code, "")
        raise Unreadable(f"不是完好的 XML：第 {error.lineno} 行（{words}）") from None
    except (LookupError, ValueError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("XML 的字符编码不能识别") from None
    if roots[0].name != "alert":
        raise Unreadable(f"根元素应为 alert，而不是 {roots[0].name[:40]}")
    return roots[0]


def _check(node: _Node, path: str) -> None:
    """The children of an element against the schema: which, how many, in which order; and the words of a leaf."""
    grammar = GRAMMAR.get(node.name)
    if grammar is None:
        if node.children:
            raise Unreadable(f"{path} 里不应有元素")
        if node.name in WORDS and node.text not in WORDS[node.name]:
            raise Unreadable(f"{path} 的值“{node.text[:40]}”不是 CAP 1.2 的词")
        if node.name in TIMES:
            _time(node.text, path)
        return
    if node.text:
        raise Unreadable(f"{path} 里不应有文字")
    order = [name for name, _count in grammar]
    place = 0
    for child in node.children:
        if child.name not in order:
            raise Unreadable(f"{path} 里不应有 {child.name[:40]}")
        if order.index(child.name) < place:
            raise Unreadable(f"{path} 里的 {child.name} 次序不对")
        place = order.index(child.name)
        _check(child, f"{path}/{child.name}")
    for name, (least, most) in grammar:
        found = len(node.all(name))
        if found < least:
            raise Unreadable(f"{path} 里缺少 {name}")
        if found > most:
            raise Unreadable(f"{path} 里的 {name} 多于 {most} 个")


def _time(text: str, path: str) -> datetime:
    with suppress(ValueError):  # such as the 31st of February: refused below
        if _TIME.fullmatch(text):
            return border.instant(text)
    raise Unreadable(f"{path} 的时间“{text[:40]}”应如 2024-03-01T08:00:00+08:00")


def _references(text: str) -> tuple[Reference, ...]:
    parts = text.split()
    if len(parts) > MOST_REFERENCES:
        raise Unreadable(f"references 有 {len(parts)} 条，至多 {MOST_REFERENCES} 条")
    return tuple(_reference(part) for part in parts)


def _reference(text: str) -> Reference:
    parts = text.split(",")
    if len(parts) != 3 or not all(parts):
        raise Unreadable("references 应为“sender,identifier,sent”，以空格分隔")
    return Reference(parts[0], parts[1], _time(parts[2], "alert/references"))


def _info(node: _Node) -> Info:
    return Info(
        language=node.one("language") or "en-US",
        categories=tuple(child.text for child in node.all("category")),
        event=node.one("event"),
        urgency=node.one("urgency"),
        severity=node.one("severity"),
        certainty=node.one("certainty"),
        responses=tuple(child.text for child in node.all("responseType")),
        effective=node.time("effective"),
        onset=node.time("onset"),
        expires=node.time("expires"),
        sender_name=node.one("senderName"),
        headline=node.one("headline"),
        description=node.one("description"),
        instruction=node.one("instruction"),
        web=node.one("web"),
        contact=node.one("contact"),
        parameters=node.pairs("parameter"),
        areas=tuple(Area(area.one("areaDesc"), area.pairs("geocode")) for area in node.all("area")),
    )

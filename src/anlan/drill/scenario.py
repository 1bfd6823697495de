"""Reads a drill file (architecture §7) and says in Chinese what is wrong with it. Knows nothing of the database."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from anlan.rules.calendar import CIVIL_ZONE, at, civil_day
from anlan.rules.commitment import DayRisk
from anlan.rules.duties import Category
from anlan.rules.level import Level
from anlan.rules.routing import CASST_ROLE, UnitLevel
from anlan.rules.rulebook import RulebookError, load
from anlan.rules.slots import POSTS

ROLES = {"", CASST_ROLE, "nat.registry"}
_POSTS = {str(post) for post in POSTS}
_EVENTS = ("level", "confirm", "report", "outage", "holder")
_DAY_EVENTS = ("commit", "acting")
"""Of whole days: only in a file with ``days: true``."""


class ScenarioError(ValueError):
    """The file is not a drill; the message is Chinese and names the place (``located``: by its line, too)."""

    def __init__(self, message: str, *, located: bool = False) -> None:
        super().__init__(message)
        self.located = located


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happens: when, its place in the file, its kind and its fields."""

    at: datetime
    index: int
    kind: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A checked drill. ``world`` is None for the demo world. The last three are for teaching, empty where not given."""

    name: str
    world: dict[str, Any] | None
    settings: dict[str, Any]
    start: datetime
    until: datetime
    events: tuple[Event, ...] = field(default=())
    story: str = ""
    points: tuple[str, ...] = ()
    question: str = ""
    days: bool = False
    """Whole days are played: what is owed every day falls due, and its lines are printed."""


def read(path: Path) -> Scenario:
    """Read and check a drill file. Raises `ScenarioError`."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ScenarioError(f"读不到剧本 {path}：{error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(f"剧本 {path} 不是 UTF-8 文本") from error
    return parse(text)


def parse(text: str) -> Scenario:
    """Check the text of a drill. Raises `ScenarioError`."""
    try:
        raw = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"第 {mark.line + 1} 行：" if mark is not None else ""
        wrong = error.problem if isinstance(error, _Wrong) else "不是有效的 YAML，请检查缩进、引号和括号"
        message = f"{where}{wrong}"
        raise ScenarioError(message, located=bool(where)) from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; brackets in brackets without end
        raise ScenarioError("剧本里有读不出的内容：数太长，或括号套得太深") from error
    top = _mapping(
        raw,
        "剧本",
        {"name", "story", "points", "question", "days", "seed", "world", "settings", "start", "until", "events"},
    )
    days = top.get("days") or False
    if not isinstance(days, bool):
        raise ScenarioError("days 只能是 true 或 false")
    for key in ("world", "start", "until"):
        if top.get(key) is None:
            raise ScenarioError(f"剧本缺少 {key}")
    with _line_of(top, "start"):
        start = _instant(top["start"], "start")
    with _line_of(top, "until"):
        until = _instant(top["until"], "until")
        if until < start:
            raise ScenarioError("until 早于 start")
    world = None if top["world"] == "demo" else _world(top["world"], days)
    with _line_of(top, "settings"):
        settings = _mapping(top.get("settings") or {}, "settings")
        try:
            load(on_date=civil_day(start)).replaced({key: _setting(value) for key, value in settings.items()})
        except RulebookError as error:
            raise ScenarioError(f"settings：{error}") from error
    found = []
    for index, event in enumerate(_list(top.get("events") or [], "events")):
        with _line_of(event):
            found.append(_event(event, index, start, _EVENTS + _DAY_EVENTS if days else _EVENTS))
            if world is not None:
                _check_reference(found[-1], world)
    with _line_of(top, "points"):
        points = tuple(str(point) for point in _list(top.get("points") or [], "points"))
    head = {key: str(top.get(key) or "").strip() for key in ("story", "question")}
    return Scenario(
        str(top.get("name") or "未命名"), world, settings, start, until, tuple(found), points=points, days=days, **head
    )


class _Lined(dict[Any, Any]):
    """A mapping that knows on which line it and each of its keys stand."""

    line: int = 0
    keys_at: dict[Any, int]


@contextmanager
def _line_of(raw: object, key: str | None = None) -> Iterator[None]:
    """Put the line of ``raw`` (or of one of its keys) before the message of an error that has none yet."""
    try:
        yield
    except ScenarioError as error:
        if error.located or not isinstance(raw, _Lined):
            raise
        line = raw.line if key is None else raw.keys_at.get(key, raw.line)
        raise ScenarioError(f"第 {line} 行：{error}", located=True) from error


class _Wrong(yaml.constructor.ConstructorError):
    """What a drill may not hold although it is YAML, in words for who wrote it; the parser's own are English."""


class _Loader(yaml.SafeLoader):
    """YAML without its traps: 10:00 stays a text (not 600), dates stay texts, a key stands once."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuses references: a drill needs none, and a few lines of them stand for millions of values."""
        if self.check_event(yaml.AliasEvent):
            raise _Wrong(None, None, "剧本里不用引用（*）", self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        found: yaml.Node | None = super().compose_node(parent, index)
        return found

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise _Wrong(None, None, f"重复的键 {'、'.join(sorted(twice))}", node.start_mark)
        return super().construct_mapping(node, deep)

    def lined(self, node: yaml.MappingNode) -> Iterator[_Lined]:
        data = _Lined()
        data.line = node.start_mark.line + 1
        data.keys_at = {key.value: key.start_mark.line + 1 for key, _ in node.value}
        yield data
        data.update(self.construct_mapping(node))


_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.lined)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if not tag.endswith((":int", ":float", ":timestamp"))]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?(0|[1-9][0-9]*)$"), list("-0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^-?[0-9]+\.[0-9]+$"), list("-0123456789"))


def _world(raw: object, days: bool) -> dict[str, Any]:
    world = _mapping(raw, "world", {"agencies", "enterprises"})
    known: dict[str, dict[str, Any]] = {}
    for number, item in enumerate(_list(world.get("agencies") or [], "world.agencies"), 1):
        with _line_of(item):
            _agency(item, number, known)
    sources: set[str] = set()
    enterprises: set[str] = set()
    for number, item in enumerate(_list(world.get("enterprises") or [], "world.enterprises"), 1):
        with _line_of(item):
            _enterprise(item, number, known, enterprises, sources, days)
    return world


def _agency(item: object, number: int, known: dict[str, dict[str, Any]]) -> None:
    where = f"第 {number} 个机构"
    agency = _mapping(item, where, {"id", "level", "name", "parent", "role"})
    _need(agency, where, "id", "level")
    if agency["level"] not in set(UnitLevel):
        raise ScenarioError(f"{where}（{agency['id']}）的 level 只能是 {'、'.join(UnitLevel)}")
    if (agency.get("role") or "") not in ROLES:
        raise ScenarioError(f"{where}（{agency['id']}）的 role 只能是 {'、'.join(sorted(ROLES - {''}))}")
    if agency["id"] in known:
        raise ScenarioError(f"机构 {agency['id']} 重复")
    if agency.get("parent") is not None and agency["parent"] not in known:
        raise ScenarioError(f"机构 {agency['id']} 的上级 {agency['parent']} 不存在或排在其后")
    known[agency["id"]] = agency


def _enterprise(
    item: object, number: int, agencies: dict[str, dict[str, Any]], enterprises: set[str], sources: set[str],
    days: bool,
) -> None:  # fmt: skip
    where = f"第 {number} 个企业"
    known = {"id", "name", "county", "park", "supervisor", "sources"}
    enterprise = _mapping(item, where, known | {"kinds", "principal"} if days else known)
    _need(enterprise, where, "id")
    where = f"企业 {enterprise['id']}"
    if enterprise["id"] in enterprises:
        raise ScenarioError(f"{where} 重复")
    enterprises.add(enterprise["id"])
    for key in ("county", "park", "supervisor"):
        if enterprise.get(key) is not None and enterprise[key] not in agencies:
            raise ScenarioError(f"{where} 的 {key} {enterprise[key]} 不是已列出的机构")
    if enterprise.get("supervisor") is None and enterprise.get("county") is None:
        raise ScenarioError(f"{where} 既没有 county 也没有 supervisor")
    for kind in _list(enterprise.get("kinds") or [], f"{where} 的 kinds"):
        if kind not in set(Category):
            raise ScenarioError(f"{where} 的 kinds 只能是 {'、'.join(Category)}")
    for raw in _list(enterprise.get("sources") or [], f"{where} 的 sources"):
        with _line_of(raw):
            _source(raw, where, sources)


def _source(raw: object, enterprise: str, sources: set[str]) -> None:
    source = _mapping(raw, f"{enterprise} 的危险源", {"id", "name", "level", "holders"})
    _need(source, f"{enterprise} 的危险源", "id")
    if source["id"] in sources:
        raise ScenarioError(f"危险源 {source['id']} 重复")
    sources.add(source["id"])
    if str(source.get("level", "1")) not in {"1", "2", "3", "4"}:
        raise ScenarioError(f"危险源 {source['id']} 的 level 只能是 1 到 4")
    _mapping(source.get("holders") or {}, f"危险源 {source['id']} 的 holders", _POSTS)


def _event(raw: object, index: int, start: datetime, among: tuple[str, ...]) -> Event:
    where = f"第 {index + 1} 个事件"
    event = _mapping(raw, where, {"at", *among})
    kinds = [kind for kind in among if kind in event]
    if len(kinds) != 1 or event.get("at") is None:
        raise ScenarioError(f"{where} 须有 at 和 {'、'.join(among)} 中的一项")
    kind, when = kinds[0], _event_time(event["at"], start, where)
    if when < start:
        raise ScenarioError(f"{where} 的时间 {event['at']} 早于 start")
    fields = _mapping(event[kind], f"{where} 的 {kind}", _FIELDS[kind])
    _need(fields, f"{where} 的 {kind}", *_NEEDED[kind])
    if kind == "level" and fields["level"] not in set(Level):
        raise ScenarioError(f"{where} 的 level 只能是 {'、'.join(Level)}")
    if kind == "outage":
        minutes = fields["minutes"]
        if fields["role"] != "clock":
            raise ScenarioError(f"{where}：只能推演 clock 停机")
        if isinstance(minutes, bool) or not isinstance(minutes, int | float) or minutes <= 0:
            raise ScenarioError(f"{where} 的 minutes 须为正数")
    if kind == "commit":
        fields["risk"] = fields.get("risk") or DayRisk.LOW
        if fields["risk"] not in set(DayRisk):
            raise ScenarioError(f"{where} 的 risk 只能是 {'、'.join(DayRisk)}")
        fields["missing"] = [str(each) for each in _list(fields.get("missing") or [], f"{where} 的 missing")]
    if kind == "acting":
        fields["until"] = _event_time(fields["until"], start, f"{where} 的 until")
    if kind == "holder" and not _POSTS & set(fields):
        raise ScenarioError(f"{where} 的 holder 须写明 {'、'.join(sorted(_POSTS))} 之一")
    return Event(when, index, kind, fields)


_FIELDS = {
    "level": {"source", "level"},
    "confirm": {"source", "by"},
    "report": {"source", "result", "cause", "measures"},
    "outage": {"role", "minutes"},
    "holder": {"source", *_POSTS},
    "commit": {"enterprise", "by", "risk", "missing"},
    "acting": {"enterprise", "person", "until"},
}
_NEEDED = {
    "level": ("source", "level"),
    "confirm": ("source", "by"),
    "report": ("source",),
    "outage": ("role", "minutes"),
    "holder": ("source",),
    "commit": ("enterprise", "by"),
    "acting": ("enterprise", "person", "until"),
}


def _check_reference(event: Event, world: dict[str, Any]) -> None:
    known = {source["id"] for item in world.get("enterprises") or [] for source in item.get("sources") or []}
    source = event.fields.get("source")
    if source is not None and source not in known:
        raise ScenarioError(f"第 {event.index + 1} 个事件的危险源 {source} 不存在")
    enterprise = event.fields.get("enterprise")
    if enterprise is not None and enterprise not in {each["id"] for each in world.get("enterprises") or []}:
        raise ScenarioError(f"第 {event.index + 1} 个事件的企业 {enterprise} 不存在")


def _event_time(raw: object, start: datetime, where: str) -> datetime:
    text = str(raw)
    after = re.fullmatch(r"\+(\d+):([0-5]\d)(?::([0-5]\d))?", text)
    if after:
        hours, minutes, seconds = (int(part or 0) for part in after.groups())
        return start + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    clock = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", text)
    if clock:
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        moment = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        return at(civil_day(start), datetime.min.time()) + moment
    return _instant(raw, f"{where} 的 at")


def _instant(raw: object, where: str) -> datetime:
    try:
        found = datetime.fromisoformat(str(raw))
    except ValueError:
        raise ScenarioError(f"{where} 的时间 {raw!r} 无法识别，例如 2024-03-01T08:00:00+08:00") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=CIVIL_ZONE)


def _setting(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _mapping(raw: object, where: str, allowed: set[str] | None = None) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise ScenarioError(f"{where} 须为键值表")
    unknown = {str(key) for key in raw} - (allowed if allowed is not None else {str(key) for key in raw})
    if unknown:
        raise ScenarioError(f"{where} 中有未知的项：{'、'.join(sorted(unknown))}")
    return raw


def _list(raw: object, where: str) -> list[Any]:
    if not isinstance(raw, list):
        raise ScenarioError(f"{where} 须为列表")
    return raw


def _need(fields: dict[str, Any], where: str, *names: str) -> None:
    missing = [name for name in names if fields.get(name) is None]
    if missing:
        raise ScenarioError(f"{where} 缺少 {'、'.join(missing)}")

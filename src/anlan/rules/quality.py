"""数据质量管理办法: what of the register and of the data is not true, immediate, complete, standard or accurate.

Each check is filed under one of the five properties (DQ-01) and names its article. What the register says is a fact and
found; what the data show is a suspicion (`Check.is_suspicion`) that a person judges: a still tank measures the same for
days. Must never call anything a violation.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

DOCUMENT = "数据质量管理办法"
ARTICLES = tuple(f"{DOCUMENT} 第{number}条" for number in "二四五六八十")
"""Its articles that checks are made by, in its order."""


class Property(StrEnum):
    """第二条: the five properties of data."""

    TRUE = "true"
    IMMEDIATE = "immediate"
    COMPLETE = "complete"
    STANDARD = "standard"
    ACCURATE = "accurate"


PROPERTIES = {
    Property.TRUE: "真实",
    Property.IMMEDIATE: "即时",
    Property.COMPLETE: "完整",
    Property.STANDARD: "规范",
    Property.ACCURATE: "准确",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One automatic check. ``in_focus``: 省级 look at these three first (监测不规范, 数据离线, 视频离线; DQ-15)."""

    key: str
    title: str
    kind: Property
    article: str
    is_suspicion: bool = False
    in_focus: bool = False


CHECKS = {
    check.key: check
    for check in (
        Check("q_name", "名称不规范", Property.STANDARD, "数据质量管理办法 第四条"),
        Check("q_same_name", "名称重复", Property.STANDARD, "数据质量管理办法 第四条"),
        Check("q_place", "位置不清", Property.STANDARD, "数据质量管理办法 第四条"),
        Check("q_medium", "介质或其形态不清", Property.STANDARD, "数据质量管理办法 第五条"),
        Check("q_unit", "没有计量单位", Property.STANDARD, "数据质量管理办法 第五条"),
        Check("q_like", "同类数据分不清", Property.STANDARD, "数据质量管理办法 第五条"),
        Check("q_gas_place", "气体检测点没有位置", Property.STANDARD, "数据质量管理办法 第五条"),
        Check("q_no_limit", "没有限值", Property.ACCURATE, "数据质量管理办法 第五条", in_focus=True),
        Check("q_limits", "限值不合逻辑", Property.ACCURATE, "数据质量管理办法 第五条", in_focus=True),
        Check("q_range", "限值在量程之外", Property.ACCURATE, "数据质量管理办法 第五条", in_focus=True),
        Check("q_placeholder", "限值是占位数", Property.ACCURATE, "数据质量管理办法 第五条", in_focus=True),
        Check("q_no_camera", "危险源没有视频", Property.COMPLETE, "数据质量管理办法 第六条", in_focus=True),
        Check("q_control_room", "没有中控室视频", Property.COMPLETE, "数据质量管理办法 第六条", in_focus=True),
        Check("q_holder_left", "包保责任人已离任", Property.TRUE, "数据质量管理办法 第二条"),
        Check("q_frozen", "长期不变", Property.TRUE, "数据质量管理办法 第二条", is_suspicion=True),
        Check("q_equal", "各点数值相同", Property.TRUE, "数据质量管理办法 第二条", is_suspicion=True),
        Check("q_beyond", "数值在量程之外", Property.TRUE, "数据质量管理办法 第二条", is_suspicion=True),
        Check("q_jump", "数值跳变", Property.TRUE, "数据质量管理办法 第二条", is_suspicion=True),
        Check("q_sentinel", "坏值代号当作数值", Property.TRUE, "数据质量管理办法 第二条", is_suspicion=True),
    )
}
"""By key, in the order in which a reader should see them."""

OTHERS = {
    "point_missing": (Property.COMPLETE, "数据质量管理办法 第四条", False),
    "link_lost": (Property.IMMEDIATE, "数据质量管理办法 第十条", True),
    "camera_lost": (Property.IMMEDIATE, "数据质量管理办法 第十条", True),
    "data_fault": (Property.IMMEDIATE, "数据质量管理办法 第二条", False),
    "holder_missing": (Property.COMPLETE, "数据质量管理办法 第二条", False),
    "unapproved_change": (Property.TRUE, "数据质量管理办法 第八条", False),
    "loosened": (Property.TRUE, "数据质量管理办法 第八条", False),
}
"""Findings of other parts that are about data: property, article, in focus."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What a check found: of which record, in words."""

    check: Check
    code: str
    text: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Device:
    """A device as the register has it. ``needs_medium``: it holds or moves a substance."""

    code: str
    name: str
    needs_medium: bool
    medium: str = ""
    state: str = ""
    place: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """A point as the register has it; limits are None where none is set."""

    code: str
    tag: str
    name: str
    unit: str
    device: str
    bottom: float
    top: float
    is_gas: bool = False
    ll: float | None = None
    l: float | None = None  # noqa: E741 - the limit's own name
    h: float | None = None
    hh: float | None = None
    source: str = ""

    @property
    def limits(self) -> list[tuple[str, float]]:
        """Those that are set, from the lowest up, with their words."""
        told = (("低低限", self.ll), ("低限", self.l), ("高限", self.h), ("高高限", self.hh))
        return [(words, value) for words, value in told if value is not None]


@dataclass(frozen=True, slots=True)
class Plant:
    """What the register says of one enterprise. ``sources``: code → name; ``filmed``: codes of sources with a camera on
    a key part; ``left``: (source, post in words, person) of holders in office who are not on the staff any more."""

    code: str
    sources: dict[str, str]
    devices: Sequence[Device]
    points: Sequence[Point]
    filmed: frozenset[str]
    has_control_room: bool
    left: Sequence[tuple[str, str, str]] = ()


def look(plant: Plant) -> list[Fault]:
    """第四条 to 第六条: every fault of the register of one enterprise; each record and check at most once."""
    devices = {device.code: device for device in plant.devices}
    found = [*_names(plant), *_likes(plant, devices), *_videos(plant)]
    for device in plant.devices:
        found += _device(device)
    for point in plant.points:
        found += _point(point, devices.get(point.device))
    for source, post, person in plant.left:
        name = plant.sources.get(source, source)
        found.append(
            Fault(CHECKS["q_holder_left"], f"{source}/{post}", f"{name} 的{post} {person} 已不在本企业", source)
        )
    return found


GENERIC = frozenset({
    "储罐", "罐", "罐区", "装置", "仓库", "库房", "设备", "管道", "泵", "塔", "釜", "反应釜", "容器", "检测点",
    "探测器", "气体检测点", "单元", "车间",
})  # fmt: skip
"""Names that any plant has: alone they tell nobody which one is meant."""


def alike(text: str) -> str:
    """A name as it is compared: width, case, blanks and marks make no difference."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(sign for sign in plain if unicodedata.category(sign)[0] in "LN")


def _names(plant: Plant) -> Iterator[Fault]:
    """第四条: names are standard and distinguishable within the enterprise."""
    same: dict[str, list[Device]] = defaultdict(list)
    for device in plant.devices:
        if alike(device.name) in GENERIC:
            yield Fault(CHECKS["q_name"], device.code, f"设备“{device.name}”的名称说不清是哪一台", device.source)
        same[alike(device.name)].append(device)
    for twins in same.values():
        for device in twins[1:]:
            first = twins[0]
            words = "同名" if device.name == first.name else f"与“{first.name}”只差空格、符号或大小写"
            yield Fault(
                CHECKS["q_same_name"], device.code, f"设备“{device.name}”{words}（{first.code}）", device.source
            )


def _likes(plant: Plant, devices: dict[str, Device]) -> Iterator[Fault]:
    """第五条: like data of a device are told apart; tags are within the enterprise."""
    names: dict[tuple[str, str], Point] = {}
    tags: dict[str, Point] = {}
    for point in plant.points:
        device = devices.get(point.device)
        where = device.name if device else point.device
        if (first := names.setdefault((point.device, alike(point.name)), point)) is not point:
            text = f"{where} 有两个“{point.name}”（{first.tag}、{point.tag}）"
            yield Fault(CHECKS["q_like"], point.code, text, point.source)
        elif (first := tags.setdefault(alike(point.tag), point)) is not point:
            same = "相同" if first.tag == point.tag else "只差空格、符号或大小写"
            text = f"位号“{point.tag}”与“{first.tag}”{same}（{first.code}）"
            yield Fault(CHECKS["q_like"], point.code, text, point.source)


def _videos(plant: Plant) -> Iterator[Fault]:
    """第六条: video shows the key parts of every source, and the control room."""
    for code, name in plant.sources.items():
        if code not in plant.filmed:
            yield Fault(CHECKS["q_no_camera"], code, f"{name} 没有关键部位的视频", code)
    if plant.sources and not plant.has_control_room:
        yield Fault(CHECKS["q_control_room"], plant.code, "没有中控室值班的视频")


def _device(device: Device) -> Iterator[Fault]:
    if not device.place.strip() and device.needs_medium:
        yield Fault(CHECKS["q_place"], device.code, f"{device.name} 没有写位置", device.source)
    if device.needs_medium:
        lacking = [words for words, text in (("介质", device.medium), ("介质形态", device.state)) if not text.strip()]
        if lacking:
            yield Fault(CHECKS["q_medium"], device.code, f"{device.name} 没有写{'、'.join(lacking)}", device.source)


PLACEHOLDERS = frozenset(
    sign * value for value in (999.0, 9999.0, 99999.0, 999999.0, 32767.0, 65535.0) for sign in (1, -1)
)  # fmt: skip
"""Numbers that people put where none is known."""


def _point(point: Point, device: Device | None) -> Iterator[Fault]:
    called = f"{point.tag} {point.name}"
    if not point.unit.strip():
        yield Fault(CHECKS["q_unit"], point.code, f"{called} 没有写计量单位", point.source)
    if point.is_gas and not (device and device.place.strip()):
        yield Fault(CHECKS["q_gas_place"], point.code, f"{called} 没有写检测位置", point.source)
    if not point.limits:
        yield Fault(CHECKS["q_no_limit"], point.code, f"{called} 一个限值也没有", point.source)
    wrong = [
        f"{below} {low:g} 不低于{above} {high:g}"
        for (below, low), (above, high) in zip(point.limits, point.limits[1:], strict=False)
        if low >= high
    ]
    if wrong:
        yield Fault(CHECKS["q_limits"], point.code, f"{called}：{'，'.join(wrong)}", point.source)
    empty = [f"{words} {value:g}" for words, value in point.limits if _stands_for_nothing(words, value, point)]
    if empty:
        yield Fault(CHECKS["q_placeholder"], point.code, f"{called}：{'，'.join(empty)} 是占位数", point.source)
        return
    outside = [f"{words} {value:g}" for words, value in point.limits if not point.bottom <= value <= point.top]
    if outside:
        words = f"{called}：{'，'.join(outside)} 在量程 {point.bottom:g} 至 {point.top:g} 之外"
        yield Fault(CHECKS["q_range"], point.code, words, point.source)


def _stands_for_nothing(words: str, value: float, point: Point) -> bool:
    """9999 and its like outside the range, and 0 where it is no limit: a high one, or more than one of them."""
    if value == 0 and point.bottom >= 0:
        return words.startswith("高") or sum(each == 0 for _, each in point.limits) > 1
    return value in PLACEHOLDERS and not point.bottom <= value <= point.top


SENTINELS = PLACEHOLDERS | frozenset((-200.0, -9999.9, 999.9, -1e30))
"""Numbers by which instruments say that they have none."""
FLUSH = 1e-9


@dataclass(frozen=True, slots=True)
class Minute:
    """What a point measured in one minute: its number (since any origin), extremes, mean, samples."""

    number: int
    lowest: float
    highest: float
    mean: float
    count: int


def suspect(
    point: Point, minutes: Sequence[Minute], *, frozen_samples: int, signs: Iterable[float] = ()
) -> list[Fault]:
    """第二条: what of a stretch of data looks as if it were not real; in the order of time, gaps left out.

    ``signs``: numbers that the enterprise declared as missing for this point; they are no values.
    """
    found = []
    called = f"{point.tag} {point.name}"

    def suspected(key: str, words: str) -> None:
        found.append(Fault(CHECKS[key], point.code, f"{called}：{words}", point.source))

    declared = set(signs)
    told = sorted({v for m in minutes for v in (m.lowest, m.highest) if v in SENTINELS and v not in declared})
    told = [value for value in told if not point.bottom <= value <= point.top]
    if told:
        number = sum(any(value in (m.lowest, m.highest) for value in told) for m in minutes)
        suspected("q_sentinel", f"{'、'.join(f'{v:g}' for v in told)} 出现在 {number} 分钟里，像是坏值代号")
    real = [m for m in minutes if not {m.lowest, m.highest} & (SENTINELS - {0.0} | declared)]
    span = point.top - point.bottom
    beyond = [m for m in real if m.lowest < point.bottom - FLUSH or m.highest > point.top + FLUSH]
    if beyond:
        low, high = min(m.lowest for m in beyond), max(m.highest for m in beyond)
        suspected("q_beyond", f"{len(beyond)} 分钟在量程 {point.bottom:g} 至 {point.top:g} 之外（{low:g} 至 {high:g}）")
    if jumps := _jumps(real, span):
        suspected("q_jump", f"相邻两分钟相差一半量程以上又回来，{jumps} 次")
    value, samples, length = _longest_still(real)
    if samples >= frozen_samples and value != point.bottom:  # nothing flows, nothing is there: that is measured so
        suspected("q_frozen", f"{length} 分钟、{samples} 个样值同为 {value:g}")
    return found


def same_everywhere(points: Sequence[tuple[Point, Sequence[Minute]]], *, most: int = 30) -> list[Fault]:
    """第二条: three or more points of one device that show one and the same value minute after minute, ``most`` on
    end. Points that do not move at all are told by `suspect`."""
    if len(points) < 3:
        return []
    first = points[0][0]
    tables = [{m.number: m for m in minutes} for _, minutes in points]
    shared = sorted(set.intersection(*(set(table) for table in tables)))
    together = [n for n in shared if len({table[n].mean for table in tables}) == 1]
    values = {tables[0][n].mean for n in together}
    if len(together) < most or len(together) < len(shared) * 0.9 or len(values) < 2:
        return []
    names = "、".join(point.tag for point, _ in points)
    return [Fault(CHECKS["q_equal"], first.device, f"{names} 在 {len(together)} 分钟里数值完全相同", first.source)]


def _jumps(minutes: Sequence[Minute], span: float) -> int:
    """How often the mean left by half the range and came back at once: no plant does."""
    number = 0
    for before, here, after in zip(minutes, minutes[1:], minutes[2:], strict=False):
        if after.number - before.number == 2:
            away, back = here.mean - before.mean, after.mean - here.mean
            number += abs(away) >= span / 2 and abs(back) >= span / 2 and away * back < 0
    return number


def _longest_still(minutes: Sequence[Minute]) -> tuple[float, int, int]:
    """The longest stretch of one and the same value: the value, samples, minutes."""
    best = (0.0, 0, 0)
    value, samples, length = 0.0, 0, 0
    for minute in minutes:
        if minute.lowest == minute.highest and length and minute.lowest == value:
            samples, length = samples + minute.count, length + 1
        elif minute.lowest == minute.highest:
            value, samples, length = minute.lowest, minute.count, 1
        else:
            samples, length = 0, 0
        if samples > best[1]:
            best = (value, samples, length)
    return best

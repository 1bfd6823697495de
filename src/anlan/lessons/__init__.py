"""The teaching drills that come with the product, and the words for what a drill prints.

Read by the verb ``drill`` and by its page alike. A drill is a YAML file of this folder (architecture §7) with a story,
teaching points and a question for the trainee; nothing here plays one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent

KINDS = {
    "informed": "告知",
    "upgraded": "升级告知",
    "downgraded": "降级告知",
    "confirmed": "确认",
    "notice": "警示通报",
    "site_order": "现场核查督办",
    "cleared": "消警告知",
    "report_due": "报告待报",
    "report": "处置报告",
    "report_overdue": "报告逾期",
    "committed": "安全承诺",
    "watch": "重点关注",
    "reminded": "承诺提醒",
    "uncommitted": "未按时承诺",
    "figures": "当日数字",
    "refused": "退回",
}
"""Chinese word of every kind of line; lines of one instant are printed in this order."""

MARKS = {
    "on_time": "相符",
    "late": "停机后补发",
    "merged": "停机后合并补发",
    "missed": "停机错过，只记录",
    "act": "人员操作",
    "absent": "应有而无",
    "different": "收件人不符",
    "unasked": "不应有",
}
"""How what was sent stands beside what the regulation demands."""

FAULTS = frozenset({"absent", "different", "unasked"})
"""Marks that mean that the system did not do what the regulation demands."""


@dataclass(frozen=True)
class Shipped:
    """One teaching drill: its key (the file's name), and its head."""

    key: str
    title: str
    story: str
    points: tuple[str, ...]
    question: str

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.key}.yaml"


@cache
def shipped() -> tuple[Shipped, ...]:
    """All teaching drills in the order of their numbers."""
    found = []
    for path in sorted(FOLDER.glob("*.yaml")):
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        points = tuple(str(point) for point in raw["points"])
        found.append(Shipped(path.stem, raw["name"], raw["story"].strip(), points, raw["question"].strip()))
    return tuple(found)


def named(key: str) -> Shipped | None:
    """The teaching drill of this key; None when there is none."""
    return next((each for each in shipped() if each.key == key), None)

"""Writes who may do what into ``docs/reference/permissions.md``, from the tables of acts and the questions they ask.

`python tools/permissions.py` rewrites the part between the two marks; a test holds the page against it. Nobody is asked
in a database: each role is put on in each place, and the act's own question answers.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "permissions.md"
BEGIN, END = "<!-- acts: written by tools/permissions.py -->", "<!-- /acts -->"

BESIDES = {
    "warning-act:confirm": "该危险源现任的三级包保责任人本人（以任职为准，不以角色为准）",
    "warning-act:clear": "人工定级者本人（按人员编号，不按姓名）",
    "warning-act:answer": "督办的跟踪单位或受委派单位内的上述角色",
    "warning-act:delegate": "督办的跟踪单位或受委派单位内的上述角色",
    "shelving-act:approve": "设定为企业批准时由主要负责人，否则由县（园区）；申请人本人除外",
    "shelving-act:refuse": "设定为企业批准时由主要负责人，否则由县（园区）；申请人本人除外",
    "identification-act:confirm": "填报人本人除外",
    "identification-act:return": "填报人本人除外",
    "commitment-today-act:commit": "登记的主要负责人本人，或在委托期内的代理人；没有登记的，由主要负责人角色",
    "file-act:withdraw": "自己交的由本人撤回；内容与撤回的原因都保留",
    "my-contacts-act:disable": "本人的联系方式：只有本人",
}
"""What no role says: whose own the act is."""


def _all(*rows: Any) -> Any:
    return SimpleNamespace(all=lambda: rows)


def _rows() -> dict[str, list[Any]]:
    """A record of each kind, as far as the questions look at it; several where its kind makes a difference."""
    from anlan.apps.commitments.entitled import Principal

    warning = SimpleNamespace(by_hand={}, confirmations=_all(), source=SimpleNamespace(duty_holders=_all()))
    other = {"asked_by_id": "person:other", "asked_by": ""}
    return {
        "warning": [warning],
        "order": [SimpleNamespace(tracker=None, tracker_id=pk, executor_id=None) for pk in (1, 2)],
        "shelving": [SimpleNamespace(approver=approver, **other) for approver in ("county", "principal")],
        "file": [SimpleNamespace(subject="finding:1", actor_id="person:other", record=SimpleNamespace())],
        "change": [SimpleNamespace(**other)],
        "identification": [SimpleNamespace(made_by_id="person:other", made_by="")],
        "commitment": [SimpleNamespace(principal=Principal(None))],
        "suppression": [SimpleNamespace(state="approved")],
        "contact": [
            SimpleNamespace(person_id=None, agency_id=1, enterprise_id=None),
            SimpleNamespace(person_id=None, agency_id=None, enterprise_id=9),
        ],
    }


def _places() -> list[tuple[str, list[tuple[str, Any]]]]:
    """The units in which a role may be held, and the hats of every role there."""
    from anlan.apps.accounts.selectors import OF_ENTERPRISES
    from anlan.apps.org.models import Agency, Role
    from anlan.apps.org.stand import Hat

    def agency(key: int, level: str, *, near: bool) -> list[tuple[str, Any]]:
        unit = Agency(pk=key, code=f"a{key}", name=level, level=level, path=f"/{key}/")
        roles = [role for role in Role if role == Role.ADMIN or role not in OF_ENTERPRISES]
        return [(str(role.label), Hat(str(role), level, unit, is_near=near)) for role in roles]

    staff = [role for role in Role if role in OF_ENTERPRISES]
    return [
        ("本企业", [(str(role.label), Hat(str(role), "", enterprise_id=9)) for role in staff]),
        ("县（园区）", agency(1, "county", near=True)),
        ("市及以上", agency(2, "city", near=False)),
        ("镇街", agency(3, "town", near=False)),
    ]


def table() -> str:
    """The table of acts: subject, act, who may by role and place, and what no role says."""
    from datetime import UTC, datetime

    from anlan.apps.org.actor import Actor
    from anlan.apps.org.stand import Stand
    from anlan.pages.acts import every_act

    someone, then, rows = Actor("person:probe", "probe", person_id=-1), datetime(2026, 1, 1, tzinfo=UTC), _rows()
    lines = ["| 对象 | 做什么 | 谁（在这条记录的线上） | 另外 |", "|---|---|---|---|"]
    for act in every_act():
        about = rows.get(act.about, [SimpleNamespace()])
        units = []
        for place, hats in _places():
            stands = [(words, Stand(someone, _owner(place), then, (hat,))) for words, hat in hats]
            may = [words for words, by in stands if any(act.may(by, row) for row in about)]
            if may:
                units.append(f"{place}：{'任何角色' if len(may) == len(hats) else '、'.join(may)}")
        if any(act.may(Stand(someone, "installation", then, operates=True), row) for row in about):
            units.append("系统管理员")
        lines.append(f"| {act.subject} | {act.title} | {'；'.join(units) or '—'} | {BESIDES.get(act.key, '')} |")
    return "\n".join(lines)


def _owner(place: str) -> str:
    return "enterprise:probe" if place == "本企业" else "agency:a1"


def page() -> str:
    """The page as it should be."""
    text = PAGE.read_text(encoding="utf-8")
    before, _begin, rest = text.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anlan.site.settings")
    import django

    django.setup()
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

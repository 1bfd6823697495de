"""Whole days of special work beside what was written by hand from the rules, and not by the code.

A story is told as people tell it: ``DD HH:MM:SS who does what``. Below the dash stands what it must come to: how each
day was reported (``done``, ``late``, ``missing``), each work by how it was entered, and what is doubted at 24:00.

    01 08:10 add hot/first 09:00-12:00      a work of that day, entered by the enterprise
    01 08:10 add hot/first 09:00-12:00+1    … that is over on the next day
    01 10:15 relay hot/first 09:00-12:00 told 09:20     told in the group at 09:20, entered by the county
    01 09:10 none · 01 09:10 same           no special work · what is on record is all of it
    01 09:20 commit fire_first=0            the principal promises
    01 11:00 end 1                          the first work is over, or is called off
"""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from PIL import Image
from tests.acceptance.worlds import at, scenario
from tests.hats import holder, officer, staff

from anlan.apps.commitments.services import commit
from anlan.apps.files.services import receive
from anlan.apps.findings.models import Finding
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation
from anlan.apps.obligations.services.duties import ensure_planned
from anlan.apps.permits import services
from anlan.apps.permits.models import SpecialWork
from anlan.drill.days import CALM
from anlan.rules.calendar import civil, civil_day

pytestmark = pytest.mark.django_db

STORIES = {
    "a second before half past nine": """
        01 09:29:59 add hot/first 10:00-12:00
        - 01 done · ahead""",
    "half past nine sharp": """
        01 09:30 add hot/first 10:00-12:00
        - 01 late · ahead""",
    "nothing, said so": """
        01 09:00 none
        - 01 done""",
    "nothing said": """
        - 01 missing""",
    "said the next morning it is missing all the same": """
        02 00:00 add hot/first 01 14:00-16:00
        - 01 missing · 02 missing · supplement late""",
    "ad hoc at two, entered at twenty past": """
        01 09:00 none
        01 09:20 commit
        01 14:20 add hot/first 14:00-16:00
        - 01 done · supplement""",
    "ad hoc, and nobody enters it until the next day": """
        01 09:00 none
        01 09:20 commit
        02 08:00 add hot/first 01 14:00-16:00
        02 09:00 none
        - 01 done · 02 done · supplement late · doubt fire_first""",
    "promised as on record": """
        01 08:00 add hot/special 10:00-16:00
        01 08:05 add height/second 10:00-16:00
        01 09:20 commit fire_special=1 height=1
        - 01 done · ahead · ahead""",
    "one of two is left out of the promise, and put right at eleven": """
        01 08:00 add hot/special 10:00-16:00
        01 08:05 add height/second 10:00-16:00
        01 09:20 commit fire_special=1
        01 11:00 commit fire_special=1 height=1
        - 01 done · ahead · ahead""",
    "more promised than is on record is no suspicion": """
        01 08:00 none
        01 09:20 commit fire_second=3
        - 01 done""",
    "it went on when none was promised, and was entered at eleven": """
        01 09:00 none
        01 09:20 commit
        01 11:00 add hot/second 08:00-12:00
        - 01 done · supplement · doubt fire_second""",
    "called off before it begins, the promise was true": """
        01 08:00 add hot/second 10:00-12:00
        01 09:20 commit
        01 09:40 end 1
        - 01 done · ahead""",
    "told in the group in time, entered by the county after the hour": """
        01 10:15 relay hot/second 10:00-12:00 told 09:20
        - 01 done · ahead""",
    "told in the group at the hour": """
        01 10:15 relay hot/second 10:00-12:00 told 09:30
        - 01 late · ahead""",
    "work over two days is reported on both and promised on both": """
        01 08:00 add blinding 10:00-12:00+1
        01 09:20 commit blinding=1
        02 09:00 same
        02 09:20 commit
        - 01 done · 02 done · ahead · doubt blinding""",
    "over early on the first day, nothing is left for the second": """
        01 08:00 add blinding 10:00-12:00+1
        01 09:20 commit blinding=1
        01 17:00 end 1
        02 09:00 none
        02 09:20 commit
        - 01 done · 02 done · ahead""",
    "draining is no special work": """
        01 08:00 add draining 10:00-12:00
        01 09:20 commit
        - 01 done · ahead · doubt draining""",
}


def _work(said: str, day: int) -> dict[str, Any]:
    kind, _, grade = said.split(" ")[0].partition("/")
    *other, times = said.split(" ")[1:]
    day = int(other[0]) if other else day
    begins, _, ends = times.partition("-")
    ends, _, more = ends.partition("+")
    return {
        "kind": kind, "grade": grade, "content": "x", "place": "x", "persons": "1", "begins_at": at(begins, day),
        "ends_at": at(ends, day + int(more or 0)),
    }  # fmt: skip


def _relay(enterprise: Any, work: dict[str, Any], told: datetime, now: datetime) -> None:
    content = io.BytesIO()
    Image.new("RGB", (4, 4)).save(content, "PNG")
    content.seek(0)
    with receive(content, "群.png", at=now) as received:
        said = services.Relayed("示例甲", told, (received,))
        services.add(enterprise, work, by=officer(enterprise), at=now, relayed=said)


def _do(enterprise: Any, principal: Any, now: datetime, act: str, said: str) -> None:
    by, day = staff(enterprise), civil_day(now)
    if act == "add":
        services.add(enterprise, _work(said, day.day), by=by, at=now)
    elif act == "relay":
        work, _, told = said.partition(" told ")
        _relay(enterprise, _work(work, day.day), at(told, day.day), now)
    elif act in ("none", "same"):
        services.report_day(enterprise, day, nothing=act == "none", by=by, at=now)
    elif act == "end":
        work = SpecialWork.objects.by_the_machine().order_by("pk")[int(said) - 1]
        services.end(work, by=by, at=now, note="改期")
    else:
        told = dict(pair.split("=") for pair in said.split())
        commit(enterprise, by=holder(enterprise, principal), at=now, typed={**CALM, "risk": "low", **told})


def _came_to(last: int) -> str:
    found = []
    for row in Obligation.objects.by_the_machine().filter(kind="special_work").order_by("due_at"):
        day = civil(row.due_at).day
        found += [f"{day:02d} {'missing' if row.state == 'overdue' else row.state}"] if day <= last else []
    works = SpecialWork.objects.by_the_machine().order_by("pk")
    found += [f"{work.entry}{' late' if work.is_late else ''}" for work in works]
    doubts = Finding.objects.by_the_machine().filter(kind="commitment_doubt").exclude(state="closed")
    return " · ".join(found + sorted(f"doubt {row.subject.rpartition(':')[2]}" for row in doubts))


@pytest.mark.req("PTW-02", "PTW-03", "COM-05")
@pytest.mark.parametrize("name", STORIES)
def test_the_days_come_to_what_the_rules_say(name: str) -> None:
    """09:29:59 on time, 09:30:00 late, explicit 无; 14:00 entered 14:20 is a supplement, the next day late; hot work 0
    promised with one active is a suspicion, supplemented ad-hoc work is none."""
    from anlan.drill.world import build

    world = build(scenario())
    enterprise = world.sources["s1"].enterprise
    principal = world.person(enterprise, "甲")
    *lines, wanted = [line.strip() for line in STORIES[name].strip().splitlines()]
    acts = [(line[:2], *line[3:].split(" ", 2)) for line in lines]
    last = max([1, *(int(act[0]) for act in acts)])
    ensure_planned(at("00:00"))
    clocks = [at("00:00") + timedelta(minutes=30 * n) for n in range(48 * last + 1)]
    told = [(at(clock, int(day)), what, rest[0] if rest else "") for day, clock, what, *rest in acts]
    for now in sorted({*clocks, *(each[0] for each in told)}):
        for when, act, said in told:
            if when == now:
                _do(enterprise, principal, now, act, said)
        obligations.run_due(now)
    assert _came_to(last) == wanted.removeprefix("- ")

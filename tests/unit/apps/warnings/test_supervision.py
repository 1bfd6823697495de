"""The supervision grade: computed from the day's facts, logged with its cause, apart from the warning colours."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests import neighbours

from anlan import now as clock
from anlan.apps.findings.models import Finding
from anlan.apps.journal.models import Entry
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation
from anlan.apps.warnings import kinds
from anlan.apps.warnings.models import Supervision, Warning
from anlan.apps.warnings.services import ensure_supervision, grade_supervision
from anlan.rules.rulebook import load
from anlan.rules.supervision import Circumstance, SupervisionGrade, supervision_grade

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def grades() -> dict[str, str]:
    return dict(Supervision.objects.values_list("enterprise__name", "grade"))


@pytest.mark.req("MON-17")
def test_the_grade_is_recomputed_daily_and_its_change_is_logged_with_cause() -> None:
    now = clock.now()
    world = neighbours.build(now, warn=False)
    plants = world.plants
    made = Warning.objects.create(
        number="Y1", source=plants["a1"].source, enterprise=plants["a1"].enterprise, level="orange", highest="orange",
        rank=3, opened_at=now - 2 * DAY, level_since=now - 2 * DAY,
    )  # fmt: skip
    Obligation.objects.create(
        key="owed", kind=kinds.REPORT, subject="x", enterprise=plants["a2"].enterprise, due_at=now - DAY,
        state="overdue",
    )  # fmt: skip
    ensure_supervision(now)
    ensure_supervision(now)
    assert Obligation.objects.filter(kind=kinds.SUPERVISION).count() == 1
    obligations.run_due(now)
    assert grades() == {
        "示例a1厂": "special", "示例a2厂": "focus", "示例b1厂": "general", "示例c1厂": "general",
    }  # fmt: skip
    entry = Entry.objects.get(act="supervision.graded", subject=f"enterprise:{plants['a1'].enterprise.code}")
    assert entry.after == {"grade": "special", "cause": "期内有较大及以上预警"}
    assert grade_supervision(now) == 0  # nothing changed, nothing is logged again
    # cleared, it counts for thirty days, and the day after it no longer does
    Warning.objects.filter(pk=made.pk).update(cleared_at=now)
    assert grade_supervision(now + 30 * DAY) == 0
    due = Obligation.objects.filter(kind=kinds.SUPERVISION, state="pending")
    assert due.count() == 1  # the next day plans itself
    obligations.run_due(now + 31 * DAY)
    assert grades()["示例a1厂"] == "general"
    row = Supervision.objects.get(enterprise=plants["a1"].enterprise)
    assert (row.since, row.cause) == (now + 31 * DAY, "")
    assert due.count() == 1
    # a scale of its own: the field of the API is not the level, and the words are no colours
    answer = world.client("city").get("/api/v1/enterprises").json()["items"]
    found = {item["name"]: (item["supervision_grade"], item["warning_level"]) for item in answer}
    assert found["示例a2厂"] == ("focus", "none")
    page = world.client("county").get(f"/enterprises/{plants['a2'].enterprise.code}/").content.decode()
    assert "重点关注" in page
    assert "有逾期未完成的事项" in page


@pytest.mark.req("MON-17")
def test_a_major_hidden_danger_keeps_the_enterprise_under_special_supervision_until_it_is_closed() -> None:
    """Found while a larger warning was handled, and still open when the warning itself counts no longer."""
    now = clock.now()
    plant = neighbours.build(now, warn=False).plants["a1"]
    made = Warning.objects.create(
        number="Y1", source=plant.source, enterprise=plant.enterprise, level="none", highest="orange", rank=0,
        opened_at=now - 41 * DAY, level_since=now - 40 * DAY, cleared_at=now - 40 * DAY,
    )  # fmt: skip
    grade_supervision(now)
    assert grades()["示例a1厂"] == "general"
    danger = Finding.objects.create(
        kind="hidden_danger", enterprise=plant.enterprise, source=plant.source, subject=f"warning:{made.number}:1",
        text="阀门内漏", found_at=now - 40 * DAY, seen_at=now - 40 * DAY,
    )  # fmt: skip
    grade_supervision(now + DAY)
    row = Supervision.objects.get(enterprise=plant.enterprise)
    assert (row.grade, row.since) == ("special", now + DAY)
    assert "隐患" in row.cause
    entry = Entry.objects.filter(act="supervision.graded", subject=f"enterprise:{plant.enterprise.code}").latest("seq")
    assert (entry.before, entry.after) == ({"grade": "general"}, {"grade": "special", "cause": row.cause})
    Finding.objects.filter(pk=danger.pk).update(state="closed")
    grade_supervision(now + 2 * DAY)
    assert grades()["示例a1厂"] == "general"


def test_the_gravest_circumstance_decides_and_without_any_supervision_is_general() -> None:
    rules = load()
    both = [Circumstance.OVERDUE_DUTY, Circumstance.MAJOR_HIDDEN_DANGER]
    assert supervision_grade(both, rules).grade is SupervisionGrade.SPECIAL
    assert supervision_grade([], rules).grade is SupervisionGrade.GENERAL
    assert {grade.words for grade in SupervisionGrade} == {"特别管控", "重点关注", "一般监管"}

"""A flood of alarms at one source: one warning, one telling at each level, one summary, and the right first alarm."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.acceptance.worlds import at, scenario

from anlan.apps.alarms import services as alarms
from anlan.apps.alarms.models import Alarm
from anlan.apps.delivery.models import Message, Notice
from anlan.apps.journal import services as journal
from anlan.apps.journal.models import Entry
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.registry.models import Device, Gateway, HazardSource, Point
from anlan.apps.warnings import services as warnings
from anlan.apps.warnings.models import Warning
from anlan.stream import alarm as kernel

pytestmark = pytest.mark.django_db
S = timedelta(seconds=1)


class World:
    """One source with a dozen points, and a way to make them alarm."""

    def __init__(self) -> None:
        from anlan.drill.world import build

        self.source: HazardSource = build(scenario()).sources["s1"]
        enterprise = self.source.enterprise
        gateway = Gateway.objects.create(code=f"{enterprise.code}01", enterprise=enterprise, key_sha256="0" * 64)
        device = Device.objects.create(
            code=f"{self.source.code}G0001", enterprise=enterprise, source=self.source, name="罐", kind="tank"
        )
        self.points = [
            Point.objects.create(
                code=f"{device.code}YW{n:03d}", enterprise=enterprise, source=self.source, device=device,
                gateway=gateway, tag=f"LI-{n}", name=f"液位{n}", kind="YW", unit="%", range_min=0.0,
                range_max=100.0, h=80.0, hh=90.0, registered_at=at("00:00"),
            )
            for n in range(24)
        ]  # fmt: skip

    def alarm(self, *numbers: int, began: datetime, now: datetime | None = None, change: str = "raised") -> None:
        when = now or began
        alarms.apply_events([self._event(n, began, when, change) for n in numbers], when)

    def _event(self, number: int, began: datetime, when: datetime, change: str) -> Any:
        point = self.points[number]
        since, at_us = int(began.timestamp() * 1e6), int(when.timestamp() * 1e6)
        alarm_id = kernel.alarm_id(point.code, kernel.Side.HIGH, since)
        return kernel.AlarmEvent(
            event_id=kernel.event_id(alarm_id, at_us, kernel.Change(change)), alarm_id=alarm_id, point=point.code,
            enterprise=self.source.enterprise.code, source=self.source.code, side=kernel.Side.HIGH,
            change=kernel.Change(change), level="HH", worst="HH", value=95.0, limit=90.0, since_us=since, at_us=at_us,
            detected_us=at_us,
        )  # fmt: skip


@pytest.fixture
def world() -> World:
    return World()


def summaries() -> list[Notice]:
    return list(Notice.objects.by_the_machine().filter(kind="summary").order_by("pk"))


def pending() -> list[datetime]:
    rows = Obligation.objects.by_the_machine().filter(kind="summary", state=ObligationState.PENDING)
    return [row.due_at for row in rows]


def test_few_alarms_are_no_flood(world: World) -> None:
    world.alarm(*range(9), began=at("08:00"))
    assert pending() == []


@pytest.mark.alarm_management("泛滥")
def test_a_flood_ends_with_one_summary_to_everybody_who_was_told(world: World) -> None:
    world.alarm(0, 1, began=at("08:00"))
    for second in range(1, 11):
        world.alarm(2 * second, 2 * second + 1, began=at("08:00") + second * S)
    assert pending() == [at("08:01:10")]
    obligations.run_due(at("08:01:09"))
    assert summaries() == []
    obligations.run_due(at("08:01:10"))
    obligations.run_due(at("08:05"))
    (summary,) = summaries()
    assert "22 个测点报警" in summary.title
    assert "首发：LI-0 液位0 高高报 95 %（限值 90），03-01 08:00:00" in summary.body
    assert "共 22 条报警：高高报 22" in summary.body
    told = set(Message.objects.by_the_machine().filter(notice__kind="informed").values_list("recipient", flat=True))
    assert set(summary.messages.values_list("recipient", flat=True)) == told
    assert Notice.objects.by_the_machine().filter(kind="informed").count() == 1
    assert Warning.objects.by_the_machine().count() == 1
    assert Alarm.objects.by_the_machine().count() == 22
    assert Entry.objects.filter(act="flood_summarised").count() == 1
    assert list(journal.broken()) == []


def test_a_flood_that_goes_on_is_summarised_once_in_each_window_and_nothing_is_counted_twice(world: World) -> None:
    for second in range(0, 24 * 50, 50):  # one every 50 s for 20 minutes: never a minute of quiet
        when = at("08:00") + second * S
        obligations.run_due(when)
        world.alarm(second // 50, began=when)
    obligations.run_due(at("08:30"))
    counts = [
        row.payload["alarms"] for row in Obligation.objects.by_the_machine().filter(kind="summary").order_by("due_at")
    ]
    assert counts == [12, 12]
    assert [row.due_at for row in summaries()] == [at("08:10"), at("08:20")]


def test_a_summary_missed_in_an_outage_is_sent_once_on_the_return(world: World) -> None:
    world.alarm(*range(12), began=at("08:00"))
    obligations.run_due(at("09:00"))
    (summary,) = summaries()
    assert summary.is_late
    assert summary.missed == [summary.due_at.isoformat()]


def test_the_quiet_is_counted_from_the_newest_alarm_also_when_that_one_is_over(world: World) -> None:
    """Its return is no new alarm: the summary waits for the minute after it, and not for that of an older one."""
    world.alarm(*range(12), began=at("08:00"))
    world.alarm(12, began=at("08:00:40"))
    assert pending() == [at("08:01:40")]
    world.alarm(12, began=at("08:00:40"), now=at("08:00:50"), change="cleared")
    warnings.regrade(world.source.pk, at("08:00:51"))
    assert pending() == [at("08:01:40")]


def test_a_warning_cleared_before_the_end_is_summarised_as_cleared(world: World) -> None:
    world.alarm(*range(12), began=at("08:00"))
    world.alarm(*range(12), began=at("08:00"), now=at("08:00:30"), change="cleared")
    warnings.regrade(world.source.pk, at("08:00:31"))
    obligations.run_due(at("08:02"))
    (summary,) = summaries()
    assert "预警已解除" in summary.body


def test_an_earlier_alarm_that_is_heard_of_late_becomes_the_first_and_no_clock_moves(world: World) -> None:
    world.alarm(5, 6, began=at("08:00"))
    warning = Warning.objects.by_the_machine().get()
    due = warning.next_due_at
    assert warning.first_out["tag"] == "LI-5"
    world.alarm(7, began=at("07:59:58"), now=at("08:00:05"))
    world.alarm(8, began=at("08:00:01"), now=at("08:00:06"))
    warning.refresh_from_db()
    assert warning.first_out["tag"] == "LI-7"
    assert (warning.opened_at, warning.next_due_at) == (at("08:00"), due)
    (entry,) = Entry.objects.filter(act="first_out_corrected")
    assert (entry.before["tag"], entry.after["tag"]) == ("LI-5", "LI-7")


def test_the_dossier_quotes_the_summary(world: World) -> None:
    from anlan.pages.warnings.timeline import lines

    world.alarm(*range(12), began=at("08:00"))
    obligations.run_due(at("08:01"))
    warning = Warning.objects.by_the_machine().select_related("source", "enterprise").get()
    (line,) = [each for each in lines(warning, at("08:02")) if "报警汇总" in each.title]
    assert "共 12 条报警" in line.quote

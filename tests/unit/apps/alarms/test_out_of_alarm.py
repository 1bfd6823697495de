"""Filings, shelves and suppression by design, through the real services, with grading and warnings at work (Q-43)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.acceptance.worlds import at, scenario
from tests.hats import officer, staff

from anlan.apps.alarms import kinds, selectors
from anlan.apps.alarms import services as alarms
from anlan.apps.alarms.models import Alarm, AlarmSide, Filing, FilingState, Shelving, ShelvingState, SuppressionRule
from anlan.apps.alarms.services import filings, shelving, suppression
from anlan.apps.journal import services as journal
from anlan.apps.journal.models import Entry
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation
from anlan.apps.org.models import Agency
from anlan.apps.org.scope import EVERYTHING
from anlan.apps.registry.models import Device, Gateway, HazardSource, Point
from anlan.apps.warnings.models import LevelEpisode, Warning
from anlan.refused import Refused
from anlan.stream import alarm as kernel

pytestmark = pytest.mark.django_db
H, M = timedelta(hours=1), timedelta(minutes=1)


class World:
    """One source with two tanks of two points each, a gas detector and a pump, and the county above."""

    def __init__(self) -> None:
        from anlan.drill.world import build

        self.source: HazardSource = build(scenario()).sources["s1"]
        self.enterprise = self.source.enterprise
        self.county: Agency = self.enterprise.supervisor
        self.gateway = Gateway.objects.create(
            code=f"{self.enterprise.code}01", enterprise=self.enterprise, key_sha256="0" * 64
        )
        self.tanks = [self._device(n) for n in (1, 2)]
        self.points = [self._point(self.tanks[n // 2], n) for n in range(4)]
        self.gas = self._point(self._device(3, "gas_point"), 4, gas="toxic")
        self.pump = self._point(self._device(4, "unit"), 5, h=None, hh=None)

    def _device(self, number: int, kind: str = "tank") -> Device:
        return Device.objects.create(
            code=f"{self.source.code}G{number:04d}", enterprise=self.enterprise, source=self.source,
            name=f"T-{number}", kind=kind,
        )  # fmt: skip

    def _point(self, device: Device, number: int, **more: Any) -> Point:
        values = {"h": 80.0, "hh": 90.0, "l": 20.0} | more
        return Point.objects.create(
            code=f"{device.code}YW{number:03d}", enterprise=self.enterprise, source=self.source, device=device,
            gateway=self.gateway, tag=f"LI-{number}", name=f"液位{number}", kind="YW", unit="%", range_min=0.0,
            range_max=100.0, registered_at=at("00:00"), **values,
        )  # fmt: skip

    def alarm(
        self, point: Point, began: datetime, *, level: str = "H", side: str = "high", change: str = "raised",
        when: datetime | None = None,
    ) -> Alarm:  # fmt: skip
        now = when or began
        since, at_us = int(began.timestamp() * 1e6), int(now.timestamp() * 1e6)
        key = kernel.alarm_id(point.code, kernel.Side(side), since)
        event = kernel.AlarmEvent(
            event_id=kernel.event_id(key, at_us, kernel.Change(change)), alarm_id=key, point=point.code,
            enterprise=self.enterprise.code, source=self.source.code, side=kernel.Side(side),
            change=kernel.Change(change), level=level, worst=level, value=95.0, limit=90.0, since_us=since,
            at_us=at_us, detected_us=at_us,
        )  # fmt: skip
        alarms.apply_events([event], now)
        return Alarm.objects.get(pk=key)

    def over(self, alarm: Alarm, when: datetime) -> None:
        self.alarm(alarm.point, alarm.started_at, level=alarm.level, side=alarm.side, change="cleared", when=when)

    def file(self, start: datetime, until: datetime, now: datetime, **scope: Any) -> Filing:
        return filings.file(
            self.enterprise,
            filings.Stoppage(kind="overhaul", reason="清罐检修", starts_at=start, ends_at=until, **scope),
            by=staff(self.enterprise, "示例丙"),
            at=now,
        )

    def confirm(self, filing: Filing, now: datetime) -> Filing:
        return filings.confirm(filing, by=officer(filing, "示例值班"), at=now)

    @property
    def level(self) -> str:
        warning = Warning.objects.filter(source=self.source, cleared_at__isnull=True).first()
        return warning.level if warning else "none"


@pytest.fixture
def world() -> World:
    return World()


def acts() -> list[str]:
    return [act for act in Entry.objects.order_by("pk").values_list("act", flat=True) if "." in act]


# -- filings ----------------------------------------------------------------------------------------------------------


@pytest.mark.req("MON-06")
@pytest.mark.alarm_management("报备")
def test_what_a_confirmed_filing_covers_is_recorded_and_neither_graded_nor_counted(world: World) -> None:
    filing = world.file(at("08:00"), at("18:00"), at("07:30"), device=world.tanks[0])
    world.confirm(filing, at("08:20"))
    inside = world.alarm(world.points[0], at("09:00"), level="HH")
    assert (inside.filing_id, inside.state, inside.is_uncleared) == (filing.pk, "active", False)
    assert world.level == "none"
    assert selectors.uncleared_count(world.source.pk) == 0
    outside = world.alarm(world.points[2], at("09:01"))
    assert outside.filing_id is None
    assert world.level == "blue"
    assert selectors.uncleared_count(world.source.pk) == 1
    assert list(journal.broken()) == []


@pytest.mark.req("MON-06")
def test_a_silent_tank_within_its_filing_stands_under_filed_and_the_other_counts(world: World) -> None:
    world.confirm(world.file(at("08:00"), at("18:00"), at("07:30"), device=world.tanks[0]), at("08:20"))
    for point in (world.points[0], world.points[2]):
        world.alarm(point, at("09:00"), level="no_data", side="no_data")
    rows = Alarm.objects.filter(side=AlarmSide.NO_DATA)
    assert [row.point.device.name for row in rows.filter(filing__isnull=False)] == ["T-1"]
    assert [row.point.device.name for row in rows.filter(selectors.IN_SERVICE)] == ["T-2"]


@pytest.mark.req("MON-06")
def test_an_unconfirmed_filing_changes_nothing_and_stands_on_the_countys_list_after_a_day(world: World) -> None:
    filing = world.file(at("08:00"), at("18:00", day=3), at("07:30"), source=world.source)
    assert world.alarm(world.points[0], at("09:00")).filing_id is None
    assert world.level == "blue"
    obligations.run_due(at("07:29:59", day=2))
    owed = Obligation.objects.get(kind=kinds.FILING, agency=world.county)
    assert owed.state == "pending"
    obligations.run_due(at("07:30", day=2))
    owed.refresh_from_db()
    assert (owed.state, owed.agency) == ("overdue", world.county)
    assert filing.pk in selectors.filings_to_confirm(EVERYTHING, [world.county.pk]).values_list("pk", flat=True)
    world.confirm(filing, at("08:00", day=2))
    owed.refresh_from_db()
    assert owed.state == "late"
    assert not selectors.filings_to_confirm(EVERYTHING, [world.county.pk]).exists()


@pytest.mark.alarm_management("报备")
def test_a_filing_confirmed_before_its_start_takes_effect_at_its_start_and_ends_by_itself(world: World) -> None:
    filing = world.file(at("10:00"), at("12:00"), at("08:00"), device=world.tanks[0])
    world.confirm(filing, at("08:20"))
    silent = world.alarm(world.points[0], at("09:00"), level="no_data", side="no_data")
    assert silent.filing_id is None
    obligations.run_due(at("09:59:59"))
    silent.refresh_from_db()
    assert silent.filing_id is None
    obligations.run_due(at("10:00"))
    silent.refresh_from_db()
    assert silent.filing_id == filing.pk
    obligations.run_due(at("12:00"))
    silent.refresh_from_db()
    filing.refresh_from_db()
    assert (filing.state, filing.ended_by, silent.filing_id) == (FilingState.ENDED, "", None)
    assert world.alarm(world.points[1], at("12:00:01")).filing_id is None


@pytest.mark.alarm_management("报备")
def test_what_is_still_beyond_its_limit_at_the_end_is_alive_and_graded_at_once(world: World) -> None:
    filing = world.confirm(world.file(at("08:00"), at("12:00"), at("07:30"), device=world.tanks[0]), at("07:40"))
    obligations.run_due(at("08:00"))
    alarm = world.alarm(world.points[0], at("09:00"), level="HH")
    short = world.alarm(world.points[1], at("09:30"))
    world.over(short, at("09:40"))
    assert world.level == "none"
    obligations.run_due(at("11:59:59"))
    assert world.level == "none"
    obligations.run_due(at("12:00"))
    alarm.refresh_from_db()
    assert (alarm.filing_id, alarm.alive_at, alarm.started_at) == (None, at("12:00"), at("09:00"))
    warning = Warning.objects.get()
    assert (warning.level, warning.opened_at) == ("orange", at("12:00"))
    assert Alarm.objects.get(pk=short.pk).filing_id == filing.pk
    assert selectors.uncleared_count(world.source.pk) == 1


def test_time_spent_out_of_service_raises_nothing_when_the_window_is_over(world: World) -> None:
    world.confirm(world.file(at("08:00"), at("12:00"), at("07:30"), device=world.tanks[0]), at("08:00"))
    world.alarm(world.points[0], at("09:00"))
    obligations.run_due(at("12:00"))
    assert world.level == "blue"
    obligations.run_due(at("12:10"))
    assert world.level == "yellow"


def test_an_early_end_brings_the_alarm_back_at_once(world: World) -> None:
    filing = world.confirm(world.file(at("08:00"), at("18:00"), at("07:30"), source=world.source), at("08:00"))
    world.alarm(world.points[0], at("09:00"), level="HH")
    filings.end(filing, by=staff(filing, "示例丙"), at=at("09:30"))
    assert world.level == "orange"
    assert obligations.run_due(at("18:00")) >= 0
    filing.refresh_from_db()
    assert (filing.state, filing.ended_at, filing.ended_by) == (FilingState.ENDED, at("09:30"), "示例丙")


def test_of_two_filings_the_other_still_counts_when_one_ends(world: World) -> None:
    world.confirm(world.file(at("08:00"), at("10:00"), at("07:30"), device=world.tanks[0]), at("08:00"))
    longer = world.confirm(world.file(at("09:00"), at("12:00"), at("07:30"), source=world.source), at("08:00"))
    obligations.run_due(at("09:00"))
    alarm = world.alarm(world.points[0], at("09:10"), level="HH")
    obligations.run_due(at("10:00"))
    alarm.refresh_from_db()
    assert (alarm.filing_id, alarm.alive_at) == (longer.pk, None)
    assert world.level == "none"


@pytest.mark.parametrize("level", ["H", "HH"])
@pytest.mark.alarm_management("报备")
def test_a_filing_never_stops_lowers_or_delays_an_open_warning(world: World, level: str) -> None:
    alarm = world.alarm(world.points[0], at("08:00"), level=level)
    before = Warning.objects.values().get()
    episodes = list(LevelEpisode.objects.values())
    of_warning = Obligation.objects.filter(subject=Warning.objects.get().subject).values("key", "due_at", "state")
    due = list(of_warning)
    filing = world.file(at("08:00"), at("18:00"), at("08:01"), source=world.source)
    world.confirm(filing, at("08:02"))
    alarm.refresh_from_db()
    assert alarm.filing_id is None
    assert Warning.objects.values().get() == before
    assert list(LevelEpisode.objects.values()) == episodes
    assert (
        list(Obligation.objects.filter(subject=Warning.objects.get().subject).values("key", "due_at", "state")) == due
    )
    # it goes on being judged: it worsens, comes back and is there again, all of it counted
    if level == "H":
        world.alarm(world.points[0], at("08:00"), level="HH", change="worsened", when=at("08:03"))
        assert world.level == "orange"
    second = world.alarm(world.points[1], at("08:03:30"), level="HH")
    assert second.filing_id == filing.pk
    other = world.alarm(world.points[2], at("08:03:40"))
    other.refresh_from_db()
    assert other.filing_id == filing.pk


def test_a_point_that_carried_the_open_warning_carries_it_again_when_it_comes_back(world: World) -> None:
    first = world.alarm(world.points[0], at("08:00"))
    world.alarm(world.points[2], at("08:00:30"))
    filing = world.confirm(world.file(at("08:00"), at("18:00"), at("08:01"), device=world.tanks[0]), at("08:02"))
    world.over(first, at("08:03"))
    again = world.alarm(world.points[0], at("08:04"), level="HH")
    assert again.filing_id is None
    assert world.level == "orange"
    # the warning is over: from now on the filing counts for the point too
    world.over(again, at("08:05"))
    world.over(Alarm.objects.get(point=world.points[2]), at("08:05:30"))
    assert world.level == "none"
    assert world.alarm(world.points[0], at("08:06"), level="HH").filing_id == filing.pk
    assert world.level == "none"


def test_a_filing_is_refused_outside_the_enterprise_and_for_a_window_that_is_over(world: World) -> None:
    with pytest.raises(Refused, match="已经过去"):
        world.file(at("06:00"), at("07:00"), at("08:00"))
    with pytest.raises(Refused, match="晚于"):
        world.file(at("09:00"), at("09:00"), at("08:00"))
    filing = world.file(at("08:00"), at("09:00"), at("07:00"))
    obligations.run_due(at("09:00"))
    with pytest.raises(Refused, match="已结束"):
        world.confirm(filing, at("09:00:01"))


# -- shelves ----------------------------------------------------------------------------------------------------------


def shelve(world: World, point: Point, now: datetime, minutes: int = 60, by: str = "示例丙") -> Shelving:
    return shelving.shelve(point, "high", minutes=minutes, reason="换表", by=staff(point, by), at=now)


@pytest.mark.alarm_management("搁置")
def test_shelving_touches_neither_the_alarm_nor_grading_nor_the_uncleared_count(world: World) -> None:
    alarm = world.alarm(world.points[0], at("08:00"), level="HH")
    rows, level, count = Alarm.objects.values().get(), world.level, selectors.uncleared_count(world.source.pk)
    warning = Warning.objects.values().get()
    shelve(world, world.points[0], at("08:01"))
    assert Alarm.objects.values().get() == rows
    assert (world.level, selectors.uncleared_count(world.source.pk)) == (level, count)
    world.over(alarm, at("08:02"))
    again = world.alarm(world.points[0], at("08:03"), level="HH")
    assert again.is_uncleared
    assert world.level == "orange"
    world.over(again, at("08:04"))
    fresh = world.alarm(world.points[2], at("08:05"))
    assert fresh.is_uncleared
    assert Warning.objects.order_by("pk").values("pk", "opened_at").first() == {
        "pk": warning["id"],
        "opened_at": warning["opened_at"],
    }


@pytest.mark.alarm_management("搁置")
def test_a_shelf_returns_by_itself_exactly_at_its_end_and_is_journaled(world: World) -> None:
    row = shelve(world, world.points[0], at("08:00"), minutes=30)
    assert (row.state, row.ends_at) == (ShelvingState.IN_FORCE, at("08:30"))
    shelved = selectors.shelved_now
    assert shelved([world.points[0].pk], at("08:29:59")) == {(world.points[0].pk, "high"): row}
    assert shelved([world.points[0].pk], at("08:30")) == {}  # whether or not the clock has come to it
    obligations.run_due(at("08:29:59"))
    assert Shelving.objects.get().state == ShelvingState.IN_FORCE
    obligations.run_due(at("09:00"))  # the clock was down: the end is what was agreed
    row.refresh_from_db()
    assert (row.state, row.ended_at) == (ShelvingState.EXPIRED, at("08:30"))
    assert acts() == ["shelving.began", "shelving.expired"]
    assert shelve(world, world.points[0], at("09:01")).state == ShelvingState.IN_FORCE


def test_an_early_return_cancels_the_end(world: World) -> None:
    row = shelve(world, world.points[0], at("08:00"))
    shelving.unshelve(row, by=staff(row, "示例甲"), at=at("08:10"))
    row.refresh_from_db()
    assert (row.state, row.ended_by, row.ended_at) == (ShelvingState.RETURNED, "示例甲", at("08:10"))
    assert Obligation.objects.get(kind=kinds.SHELVING).state == "cancelled"
    with pytest.raises(Refused):
        shelving.unshelve(row, by=staff(row, "示例甲"), at=at("08:11"))


@pytest.mark.alarm_management("搁置")
def test_a_gas_alarm_is_shelved_only_after_somebody_higher_agreed(world: World) -> None:
    row = shelve(world, world.gas, at("08:00"))
    assert (row.state, row.approver, row.ends_at) == (ShelvingState.ASKED, "county", None)
    assert selectors.shelved_now([world.gas.pk], at("08:01")) == {}
    with pytest.raises(Refused, match="不能批准自己"):
        shelving.approve(row, by=officer(row, "示例丙"), at=at("08:05"))
    shelving.approve(row, by=officer(row, "示例值班"), at=at("08:10"))
    row.refresh_from_db()
    assert (row.state, row.begins_at, row.ends_at) == (ShelvingState.IN_FORCE, at("08:10"), at("09:10"))
    assert acts() == ["shelving.asked", "shelving.approved"]


@pytest.mark.alarm_management("搁置")
def test_too_long_no_reason_and_twice_are_refused(world: World) -> None:
    with pytest.raises(Refused, match="最长 8 小时"):
        shelve(world, world.points[0], at("08:00"), minutes=481)
    with pytest.raises(Refused, match="原因"):
        shelving.shelve(world.points[0], "high", minutes=5, reason=" ", by=staff(world.points[0], "甲"), at=at("08:00"))
    shelve(world, world.points[0], at("08:00"))
    with pytest.raises(Refused, match="已经搁置"):
        shelve(world, world.points[0], at("08:00"))
    assert Shelving.objects.count() == 1


# -- suppression by design --------------------------------------------------------------------------------------------


def rule(world: World, **changes: Any) -> SuppressionRule:
    values: dict[str, Any] = {
        "name": "停泵时低液位", "condition": world.pump, "comparison": "at_or_below", "threshold": 0.5,
        "points": [world.points[0]], "side": "low", "reason": "设计文件 3.2",
    }  # fmt: skip
    follows = changes.pop("follows", None)
    by, when = staff(world.enterprise, "示例丙"), changes.pop("at", at("07:00"))
    design = suppression.Design(**(values | changes))
    return suppression.propose(world.enterprise, design, by=by, at=when, follows=follows)


def approve(world: World, row: SuppressionRule, now: datetime) -> SuppressionRule:
    return suppression.approve(row, by=officer(row, "示例批"), at=now)


@pytest.mark.alarm_management("设计抑制")
def test_a_rule_counts_once_approved_while_its_condition_holds_and_its_alarms_are_recorded(world: World) -> None:
    row, pump = rule(world), world.pump.code
    assert suppression.follow(lambda codes: {pump: 0.0}, at("07:01")) == 0
    assert world.alarm(world.points[0], at("07:02"), level="L", side="low").suppression_id is None
    assert world.level == "blue"
    world.over(Alarm.objects.get(), at("07:03"))
    approve(world, row, at("07:10"))
    assert suppression.follow(lambda codes: {pump: 0.0}, at("07:11")) == 1
    assert suppression.follow(lambda codes: {pump: 0.0}, at("07:12")) == 0
    low = world.alarm(world.points[0], at("07:13"), level="L", side="low")
    high = world.alarm(world.points[1], at("07:13"))
    assert (low.suppression_id, low.state, low.is_uncleared) == (row.pk, "active", False)
    assert high.suppression_id is None
    world.over(high, at("07:14"))
    assert world.level == "none"
    # the pump starts again: what is still low is alive at once
    assert suppression.follow(lambda codes: {pump: 30.0}, at("07:20")) == 1
    low.refresh_from_db()
    assert (low.suppression_id, low.alive_at) == (None, at("07:20"))
    assert world.level == "blue"
    assert [act for act in acts() if act.startswith("suppression")] == [
        "suppression.proposed", "suppression.approved", "suppression.holds", "suppression.over",
    ]  # fmt: skip
    assert list(journal.broken()) == []


@pytest.mark.alarm_management("设计抑制")
def test_a_condition_that_cannot_be_read_suppresses_nothing(world: World) -> None:
    approve(world, rule(world), at("07:10"))
    pump = world.pump.code
    suppression.follow(lambda codes: {pump: 0.0}, at("07:11"))
    alarm = world.alarm(world.points[0], at("07:13"), level="L", side="low")
    assert alarm.suppression_id is not None
    assert suppression.follow(lambda codes: {}, at("07:14")) == 0  # another engine's point: nothing is known here
    assert suppression.follow(lambda codes: {pump: None}, at("07:15")) == 1
    alarm.refresh_from_db()
    assert alarm.suppression_id is None


@pytest.mark.alarm_management("设计抑制")
def test_suppression_never_touches_what_carries_an_open_warning(world: World) -> None:
    approve(world, rule(world), at("07:10"))
    alarm = world.alarm(world.points[0], at("07:11"), level="L", side="low")
    suppression.follow(lambda codes: {world.pump.code: 0.0}, at("07:12"))
    alarm.refresh_from_db()
    assert alarm.suppression_id is None
    assert world.level == "blue"


@pytest.mark.alarm_management("设计抑制")
def test_a_gas_alarm_is_never_suppressed_and_a_change_is_a_new_version(world: World) -> None:
    with pytest.raises(Refused, match="气体"):
        rule(world, points=[world.points[0], world.gas])
    first = approve(world, rule(world), at("07:10"))
    second = rule(world, threshold=1.0, follows=first)
    assert (second.code, second.version) == (first.code, 2)
    first.refresh_from_db()
    assert first.state == "approved"
    approve(world, second, at("08:00"))
    first.refresh_from_db()
    assert (first.state, first.retired_at) == ("retired", at("08:00"))
    # the register says later that the point is a gas detector: the rule has no hold on it any more
    suppression.follow(lambda codes: {world.pump.code: 0.0}, at("08:01"))
    Point.objects.filter(pk=world.points[0].pk).update(gas="combustible")
    assert world.alarm(world.points[0], at("08:02"), level="L", side="low").suppression_id is None


# -- acknowledging ----------------------------------------------------------------------------------------------------


@pytest.mark.alarm_management("确认")
def test_acknowledging_keeps_the_reason_and_both_times(world: World) -> None:
    alarm = world.alarm(world.points[0], at("08:00"))
    other = world.alarm(world.points[1], at("08:00"))
    world.over(alarm, at("08:05"))
    by = {world.enterprise.pk: staff(world.enterprise)}
    assert alarms.acknowledge([alarm.pk, other.pk], by=by, at=at("08:07"), comment="仪表误报，已校验") == 2
    alarm.refresh_from_db()
    assert (alarm.cleared_at, alarm.acknowledged_at) == (at("08:05"), at("08:07"))
    assert alarm.acknowledgement == "仪表误报，已校验"
    entry = Entry.objects.filter(act="alarm.acknowledged").first()
    assert entry is not None
    assert entry.after["comment"] == "仪表误报，已校验"

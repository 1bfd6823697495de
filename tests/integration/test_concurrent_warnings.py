"""Clocks, the engine and people decide about the same warnings at the same time, each on a connection of its own.

Whatever meets whatever: nobody is refused by a lock, no step is sent twice, none is lost, and the journal stays whole.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from tests.acceptance.worlds import AGENCIES, HOLDERS, at, written
from tests.hats import called, holder, officer, staff

from anlan.apps.alarms import services as alarms_services
from anlan.apps.alarms.models import Alarm
from anlan.apps.delivery.models import Message, Notice
from anlan.apps.journal import services as journal
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.registry.models import Device, Gateway, HazardSource, Point
from anlan.apps.warnings import services as warnings
from anlan.apps.warnings.models import LevelEpisode, Warning
from anlan.refused import Refused
from anlan.stream import alarm as kernel

pytestmark = pytest.mark.django_db(transaction=True)
ENTERPRISES = 3
START = at("08:00")


class World:
    """Three enterprises with one hazard source each and two points on it; and ways to burn them."""

    def __init__(self) -> None:
        from anlan.drill.scenario import parse
        from anlan.drill.world import build

        plants = [
            {
                "id": f"e{n}", "name": f"示例{n}", "county": "zz",
                "sources": [{"id": f"s{n}", "name": f"罐区{n}", "level": 1, "holders": HOLDERS}],
            }
            for n in range(ENTERPRISES)
        ]  # fmt: skip
        raw = {
            "name": "rush", "world": {"agencies": AGENCIES, "enterprises": plants}, "settings": {},
            "start": START.isoformat(), "until": (START + timedelta(days=1)).isoformat(), "events": [],
        }  # fmt: skip
        self.drilled = build(parse(written(raw)))
        self.sources: list[HazardSource] = list(self.drilled.sources.values())
        for source in self.sources:
            gateway = Gateway.objects.create(
                code=f"{source.enterprise.code}01", enterprise=source.enterprise, key_sha256="0" * 64
            )
            device = Device.objects.create(
                code=f"{source.code}G0001", enterprise=source.enterprise, source=source, name="罐", kind="tank"
            )
            for tag in ("YL001", "YW001"):
                Point.objects.create(
                    code=f"{source.code}{tag}", enterprise=source.enterprise, source=source, device=device,
                    gateway=gateway, tag=tag, name=tag, kind=tag[:2], unit="MPa", range_min=0.0, range_max=100.0,
                    h=80.0, hh=90.0, registered_at=at("00:00"),
                )  # fmt: skip

    def event(self, source: HazardSource, tag: str, change: str, level: str, since: datetime, when: datetime) -> Any:
        code = f"{source.code}{tag}"
        began, now = int(since.timestamp() * 1e6), int(when.timestamp() * 1e6)
        alarm_id = kernel.alarm_id(code, kernel.Side.HIGH, began)
        return kernel.AlarmEvent(
            event_id=kernel.event_id(alarm_id, now, kernel.Change(change)),
            alarm_id=alarm_id,
            point=code,
            enterprise=source.enterprise.code,
            source=source.code,
            side=kernel.Side.HIGH,
            change=kernel.Change(change),
            level=level,
            worst=level,
            value=95.0,
            limit=90.0,
            since_us=began,
            at_us=now,
            detected_us=now,
        )


def at_once(*works: Callable[[], None]) -> None:
    """Run all at the same time, each in a thread with its own connections; the first error is raised."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], None]) -> None:
        try:
            barrier.wait(30)
            work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(run, work) for work in works]:
            done.result(120)


def nothing_twice_and_nothing_lost() -> None:
    """What must hold whatever happened."""
    steps = Counter(Notice.objects.by_the_machine().filter(kind="notice").values_list("key", flat=True))
    assert all(count == 1 for count in steps.values())
    for kind in ("notice", "site_order"):
        fired = Obligation.objects.by_the_machine().filter(kind=kind, state=ObligationState.FIRED)
        sent = Notice.objects.by_the_machine().filter(kind=kind)
        assert sorted(fired.values_list("due_at", "subject")) == sorted(sent.values_list("due_at", "subject"))
    open_ones = Warning.objects.by_the_machine().filter(cleared_at__isnull=True).exclude(level="blue")
    for warning in open_ones:
        pending = Obligation.objects.by_the_machine().filter(subject=warning.subject, kind="notice", state="pending")
        assert pending.count() == 1
        assert LevelEpisode.objects.by_the_machine().filter(warning=warning, ended_at__isnull=True).count() == 1
    for warning in Warning.objects.by_the_machine().filter(cleared_at__isnull=False):
        left = Obligation.objects.by_the_machine().filter(subject=warning.subject, state="pending")
        assert set(left.values_list("kind", flat=True)) <= {"report"}
        assert not LevelEpisode.objects.by_the_machine().filter(warning=warning, ended_at__isnull=True).exists()
    assert all(step.due_at <= step.sent_at for step in Notice.objects.by_the_machine().filter(kind="notice"))
    assert list(journal.broken()) == []


@pytest.mark.parametrize("round_number", range(3))
def test_a_clock_and_a_downgrade_meet_and_the_step_goes_out_once(round_number: int) -> None:
    world = World()
    for source in world.sources:
        warnings.set_level(source, "orange", at=START)
    due = START + timedelta(hours=1)
    obligations.tick("clock", due)

    def clock() -> None:
        obligations.run_due(due + timedelta(milliseconds=200))

    def fall() -> None:
        for source in world.sources:
            warnings.set_level(source, "yellow", at=due + timedelta(milliseconds=300))

    at_once(clock, fall, clock)
    obligations.run_due(due + timedelta(milliseconds=600))
    sent = Notice.objects.by_the_machine().filter(kind="notice")
    assert [(row.due_at, row.step, row.missed) for row in sent] == [(due, 1, [])] * ENTERPRISES
    nothing_twice_and_nothing_lost()


def test_clocks_the_engine_and_people_do_not_get_in_each_others_way() -> None:
    """Reliability 4 and 44: two clocks, the engine over all enterprises, people who confirm, acknowledge and clear."""
    world = World()
    dice = random.Random(44)
    since = START
    alarms_services.apply_events([world.event(s, "YL001", "raised", "HH", since, since) for s in world.sources], since)
    step = timedelta(minutes=10)

    for turn in range(1, 7):
        now = START + turn * step
        obligations.tick("clock", now)
        order = dice.sample(world.sources, len(world.sources))

        def clock(now: datetime = now) -> None:
            obligations.run_due(now + timedelta(milliseconds=500))
            obligations.tick("clock", now)

        def engine(now: datetime = now, turn: int = turn, order: list[HazardSource] = order) -> None:
            change = "raised" if turn % 2 else "cleared"
            began = START + (turn if turn % 2 else turn - 1) * step
            alarms_services.apply_events([world.event(s, "YW001", change, "HH", began, now) for s in order], now)

        def people(now: datetime = now) -> None:
            for source in world.sources:
                warning = Warning.objects.by_the_machine().filter(source=source, cleared_at__isnull=True).first()
                if warning is None:
                    continue
                person = world.drilled.person(source.enterprise, "丙")
                warnings.confirm(warning, by=holder(warning, person), at=now)
                alarms = Alarm.objects.by_the_machine().filter(enterprise=source.enterprise)
                keys = list(alarms.values_list("pk", flat=True))
                alarms_services.acknowledge(keys, by={source.enterprise_id: staff(source, person)}, at=now)
                with pytest.raises(Refused):  # the cause stands
                    warnings.clear(warning, by=staff(warning, person), at=now)

        def hands(now: datetime = now, order: list[HazardSource] = order) -> None:
            for source in order:
                with suppress(Refused):  # a word of refusal is an answer; any other error is none
                    warnings.raise_manual(source, "red", by=officer(source, "示例值班员"), at=now, text="现场情况")

        at_once(clock, engine, people, clock, hands)
        obligations.run_due(now + timedelta(seconds=1))
        nothing_twice_and_nothing_lost()
    assert not obligations.due_and_unfired(START + 6 * step, timedelta(seconds=1))
    assert Notice.objects.by_the_machine().filter(kind="notice").count() >= ENTERPRISES


def test_all_raise_at_once_and_every_warning_has_its_own_number() -> None:
    world = World()

    def raiser(source: HazardSource) -> Callable[[], None]:
        def work() -> None:
            for minute in range(3):
                now = START + timedelta(minutes=minute)
                warnings.set_level(source, "red", at=now)
                warnings.set_level(source, "none", at=now + timedelta(seconds=30))

        return work

    at_once(*(raiser(source) for source in world.sources), *(raiser(source) for source in world.sources))
    numbers = sorted(Warning.objects.by_the_machine().values_list("number", flat=True))
    assert numbers == [f"YJ-20240301-{n:04d}" for n in range(1, len(numbers) + 1)]
    assert len(numbers) >= 3 * ENTERPRISES
    nothing_twice_and_nothing_lost()


def test_one_confirms_with_many_taps_and_is_recorded_once() -> None:
    world = World()
    source = world.sources[0]
    warning = warnings.set_level(source, "red", at=START)
    assert warning is not None
    person = world.drilled.person(source.enterprise, "甲")
    message = Message.objects.by_the_machine().filter(person=person).first()
    assert message is not None

    def tap() -> None:
        again = Warning.objects.by_the_machine().get(pk=warning.pk)
        warnings.confirm(again, by=holder(again, person), at=START + timedelta(minutes=1))
        warnings.mark_read(Message.objects.by_the_machine().get(pk=message.pk), by=called("甲"), at=START)

    at_once(*[tap] * 5)
    assert warning.confirmations.count() == 1
    nothing_twice_and_nothing_lost()


def test_of_two_who_report_one_is_accepted_and_the_other_is_told() -> None:
    world = World()
    warnings.set_level(world.sources[0], "red", at=START)
    warning = warnings.set_level(world.sources[0], "none", at=START + timedelta(minutes=5))
    assert warning is not None
    refused: list[str] = []

    def report() -> None:
        texts = {"result": "已处置", "cause": "阀门内漏", "measures": "更换阀门"}
        try:
            warnings.submit_report(warning, by=staff(warning, "丙"), at=START + timedelta(minutes=30), **texts)
        except Refused as refusal:
            refused.append(str(refusal.reason))

    at_once(*[report] * 4)
    assert len(refused) == 3
    assert Notice.objects.by_the_machine().filter(kind="report").count() == 1

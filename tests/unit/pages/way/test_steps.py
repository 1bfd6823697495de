"""The test of the whole way: each step looks at what its process left, the unit counts nowhere, a failure names its
step."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests import neighbours
from tests.hats import called
from tests.neighbours import PEOPLE, World
from tests.unit.apps.delivery.doubles import Line, contact, install

from anlan import now as clock
from anlan.apps.alarms.models import Alarm
from anlan.apps.alarms.services import apply_events
from anlan.apps.delivery.models import Delivery, Message, Notice
from anlan.apps.delivery.services import pass_on_stranded, send_due
from anlan.apps.findings.models import Finding
from anlan.apps.gateways.models import GatewayLink, WayStep, WayTest
from anlan.apps.gateways.selectors.log_state import LogState
from anlan.apps.journal import services as journal
from anlan.apps.org.models import Person
from anlan.apps.registry.models import Enterprise, Gateway, Point
from anlan.apps.registry.selectors import equipment
from anlan.apps.warnings.models import Warning
from anlan.channels import RecipientError
from anlan.pages.way import steps as whole_way
from anlan.pages.way import unit as way_unit
from anlan.refused import Refused
from anlan.stream.alarm import AlarmEvent, Change, Side
from anlan.testing.clock import FakeClock

pytestmark = pytest.mark.django_db


class Plant:
    """Stands for intake, log and engine: what was sent becomes the rows that they would leave, unless one is down."""

    def __init__(self, monkeypatch: Any, clock: FakeClock) -> None:
        self.clock, self.sent = clock, []  # type: ignore[var-annotated]
        self.down: set[str] = set()
        monkeypatch.setattr(way_unit, "send", self.send)
        monkeypatch.setattr(whole_way, "log_state", self.log)

    def send(self, value: float, key: str, at: datetime) -> way_unit.Answer:
        if "intake" in self.down or not key:
            return way_unit.Answer(False, "接入没有应答")
        self.sent.append(value)
        if "engine" not in self.down:
            link = {"last_received_at": at, "enterprise": Enterprise.objects.by_the_machine().get(code="000000000")}
            gateway = Gateway.objects.by_the_machine().get(code=way_unit.GATEWAY)
            GatewayLink.objects.by_the_machine().update_or_create(gateway=gateway, defaults=link)
            self.alarm(value, at)
        return way_unit.Answer(True, "接入应答 200")

    def alarm(self, value: float, at: datetime) -> None:
        begun = Alarm.objects.by_the_machine().filter(point__code=way_unit.POINT, state="active").first()
        if (value > 90) == (begun is not None) or "register" in self.down:
            return
        us = int(at.timestamp() * 1_000_000)
        since = us if begun is None else int(begun.started_at.timestamp() * 1_000_000)
        change = Change.RAISED if begun is None else Change.CLEARED
        event = AlarmEvent(
            event_id=f"e{us}", alarm_id=f"a{since}", enterprise=way_unit.ENTERPRISE, point=way_unit.POINT,
            source="", side=Side.HIGH, level="HH", worst="HH", change=change, value=value, limit=90.0, extreme=value,
            since_us=since, at_us=us, detected_us=us,
        )  # fmt: skip
        apply_events([event], at)

    def log(self) -> LogState | None:
        return None if "log" in self.down else LogState(1, 1, 100, self.clock.now(), [], 7)


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now(), warn=False)


@pytest.fixture
def ticking(world: World) -> FakeClock:
    return FakeClock(world.now + timedelta(hours=1))


@pytest.fixture
def plant(monkeypatch: Any, ticking: FakeClock) -> Plant:
    return Plant(monkeypatch, ticking)


@pytest.fixture
def sms(monkeypatch: Any) -> Line:
    return install(monkeypatch, Line("sms"))["sms"]


@pytest.fixture
def tester() -> Person:
    made: Person = Person.objects.create(code="tester", name="示例管")
    contact(made, "sms", "13800000001")
    return made


def run(test: WayTest, ticking: FakeClock, sms: Line, looks: int = 20, step: float = 1) -> WayTest:
    for _ in range(looks):
        test = whole_way.advance(test, ticking.now())
        send_due({"sms": sms}, ticking)
        pass_on_stranded(ticking.now())
        ticking.advance(step)
    return test


def begin(tester: Person, ticking: FakeClock) -> WayTest:
    return whole_way.start(tester, by=called("x"), at=ticking.now())


def test_every_step_is_done_by_the_one_whose_it_is_and_the_tester_says_that_it_came(
    plant: Plant, ticking: FakeClock, sms: Line, tester: Person
) -> None:
    test = run(begin(tester, ticking), ticking, sms)
    assert [each["step"] for each in test.steps] == [str(step) for step in WayStep][:-1]
    assert test.step is WayStep.RECEIPT
    assert whole_way.received(test, by=called("tester"), at=ticking.now())
    test = whole_way.advance(test, ticking.now())
    assert (test.succeeded, test.is_running, test.key) == (True, False, "")
    assert plant.sent == [95.0, 20.0]
    (letter,) = sms.taken
    assert (letter.kind, letter.address) == ("test", "13800000001")
    assert letter.title.startswith("【测试】")
    assert list(journal.broken()) == []


def test_it_starts_no_warning_tells_nobody_else_and_counts_nowhere(
    world: World, plant: Plant, ticking: FakeClock, sms: Line, tester: Person
) -> None:
    before = {who: Enterprise.objects.visible_to(scope(world, who)).count() for who in PEOPLE}
    points = equipment.points_in_use().count()
    test = run(begin(tester, ticking), ticking, sms)
    assert Alarm.objects.by_the_machine().filter(point__code=way_unit.POINT).count() == 1
    assert not Warning.objects.by_the_machine().filter(enterprise__code=way_unit.ENTERPRISE).exists()
    assert Message.objects.by_the_machine().count() == 1
    for who in PEOPLE:
        mine = scope(world, who)
        assert Enterprise.objects.visible_to(mine).count() == before[who]
        assert not Alarm.objects.visible_to(mine).filter(point__code=way_unit.POINT).exists()
        assert not Notice.objects.visible_to(mine).filter(kind="test").exists()
    whole_way.stop(test, by=called("x"), at=ticking.now())
    assert equipment.points_in_use().count() == points
    assert not Point.objects.by_the_machine().get(code=way_unit.POINT).is_active


def scope(world: World, who: str) -> Any:
    return world.users[who].scope(world.now)


@pytest.mark.parametrize(
    ("down", "step", "hint"),
    [
        ("intake", WayStep.SAMPLE, "接入"),
        ("log", WayStep.LOG, "日志服务"),
        ("engine", WayStep.ENGINE, "报警引擎"),
        ("register", WayStep.ALARM, "报警引擎"),
    ],
)
def test_a_process_that_does_not_work_is_named_and_the_unit_goes_out_of_use(
    plant: Plant, ticking: FakeClock, sms: Line, tester: Person, down: str, step: WayStep, hint: str
) -> None:
    plant.down.add(down)
    test = run(begin(tester, ticking), ticking, sms, looks=20, step=5)
    last = test.steps[-1]
    assert (last["step"], last["done"], test.succeeded, test.is_running) == (str(step), False, False, False)
    assert hint in last["words"]
    assert not Gateway.objects.by_the_machine().get(code=way_unit.GATEWAY).is_active


def test_a_channel_that_refuses_the_tester_fails_the_delivery_and_falls_to_nobody(
    plant: Plant, ticking: FakeClock, sms: Line, tester: Person
) -> None:
    sms.answers["*"] = RecipientError("当天条数已满")
    test = run(begin(tester, ticking), ticking, sms, looks=30, step=5)
    assert (test.steps[-1]["step"], test.steps[-1]["done"]) == ("delivery", False)
    assert "当天条数已满" in test.steps[-1]["words"]
    assert Message.objects.by_the_machine().count() == 1
    assert not Finding.objects.by_the_machine().filter(kind__in=["nobody_told", "unreached"]).exists()


def test_without_a_way_the_delivery_says_so(plant: Plant, ticking: FakeClock, sms: Line) -> None:
    nobody: Person = Person.objects.create(code="none", name="无号")
    test = run(begin(nobody, ticking), ticking, sms)
    assert "没有可用的联系方式" in test.steps[-1]["words"]
    assert not Delivery.objects.exists()


def test_one_runs_at_a_time_and_another_begins_after_it(
    plant: Plant, ticking: FakeClock, sms: Line, tester: Person
) -> None:
    test = begin(tester, ticking)
    with pytest.raises(Refused):
        begin(tester, ticking)
    assert whole_way.stop(test, by=called("x"), at=ticking.now())
    assert not whole_way.stop(test, by=called("x"), at=ticking.now())
    ticking.advance(5)
    assert run(begin(tester, ticking), ticking, sms).step is WayStep.RECEIPT


@pytest.mark.case("G11")
def test_a_test_that_was_left_behind_keeps_nobody_from_the_next(
    plant: Plant, ticking: FakeClock, sms: Line, tester: Person
) -> None:
    """Whoever begins one and closes the page would else block every other administrator for good."""
    left = begin(tester, ticking)
    ticking.advance(whole_way.RECEIPT_PATIENCE.total_seconds())
    with pytest.raises(Refused):
        begin(tester, ticking)
    ticking.advance(1)
    another = begin(tester, ticking)
    left.refresh_from_db()
    assert not left.is_running
    assert left.key == ""
    assert another.is_running
    assert Gateway.objects.by_the_machine().get(code=way_unit.GATEWAY).is_active


def test_two_who_look_at_once_write_one_step(plant: Plant, ticking: FakeClock, sms: Line, tester: Person) -> None:
    test = begin(tester, ticking)
    other = WayTest.objects.by_the_machine().get()
    whole_way.advance(test, ticking.now())
    whole_way.advance(other, ticking.now() + timedelta(seconds=1))
    assert [each["step"] for each in WayTest.objects.by_the_machine().get().steps] == ["sample"]

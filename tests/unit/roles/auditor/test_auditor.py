"""The auditor as its process sees it: what it finds, where that stands, and when the dead-man's signal is given."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.worlds import at, scenario

from anlan import config as settings
from anlan.apps.delivery.models import Delivery
from anlan.apps.delivery.services import Draft, To, post
from anlan.apps.gateways.models import GatewayLink
from anlan.apps.gateways.selectors.log_state import LogState, Reader
from anlan.apps.history.models import Block
from anlan.apps.journal import services as journal
from anlan.apps.journal.models import Entry
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation, ObligationState, Tick
from anlan.apps.org.models import Agency
from anlan.apps.registry.models import Gateway, HazardSource
from anlan.apps.warnings import services as warnings
from anlan.metrics import BY_NAME
from anlan.pages.operations.health import last_audit
from anlan.process.disk_space import files_left
from anlan.process.own_faults import OwnFaults
from anlan.roles.auditor import Auditor, Findings, audit, signal_file
from anlan.roles.auditor.audit import Fault, Part
from anlan.roles.auditor.bell import AT_ONCE
from anlan.roles.auditor.guards import Movement
from anlan.roles.auditor.patrol import Patrol
from anlan.testing import small_world
from anlan.testing.clock import FakeClock
from anlan.verbs import present, repair

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def red() -> HazardSource:
    """A red warning since 08:00."""
    from anlan.drill.world import build

    source = build(scenario()).sources["s1"]
    warnings.set_level(source, "red", at=at("08:00"))
    return source


@pytest.fixture
def config(tmp_path: Path) -> settings.Config:
    return replace(settings.load(), data_dir=tmp_path)


@pytest.fixture
def hands(config: settings.Config) -> FakeClock:
    return FakeClock(at("08:00"))


@pytest.fixture
def auditor(config: settings.Config, hands: FakeClock) -> Auditor:
    """Started at 08:00."""
    return Auditor(config, hands)


def look(auditor: Auditor, hands: FakeClock, when: datetime) -> Findings:
    hands.set(when)
    found = auditor.look()
    assert found is not None
    return found


def detail() -> dict[str, Any]:
    return dict(Tick.objects.get(name="auditor").detail)


def test_the_file_is_touched_only_while_all_is_well(
    red: HazardSource, config: settings.Config, auditor: Auditor, hands: FakeClock
) -> None:
    obligations.tick("clock", at("08:10"))
    assert look(auditor, hands, at("08:10")).well
    assert signal_file(config).stat().st_mtime == at("08:10").timestamp()
    assert look(auditor, hands, at("08:31")).kinds == {"unfired", "clock_silent"}
    assert signal_file(config).stat().st_mtime == at("08:10").timestamp()
    assert detail()["passed_at"] == at("08:10").astimezone(hands.now().tzinfo).isoformat()


def test_what_it_measures_is_told_under_the_names_of_the_metrics(auditor: Auditor, hands: FakeClock) -> None:
    assert auditor.figures() == {"auditor_passed": 0}
    look(auditor, hands, at("08:10"))
    told = auditor.figures()
    assert {"auditor_passed", "auditor_faults", "auditor_wal_bytes", "auditor_free_bytes"} <= set(told)
    assert set(told) <= set(BY_NAME)


def test_what_was_found_is_kept_with_its_beginning_and_journaled_at_both_ends(
    red: HazardSource, auditor: Auditor, hands: FakeClock
) -> None:
    obligations.tick("clock", at("08:01"))
    look(auditor, hands, at("08:05"))
    look(auditor, hands, at("08:06"))
    (fault,) = detail()["faults"]
    assert fault["kind"] == "clock_silent"
    assert datetime.fromisoformat(fault["since"]) == at("08:01"), "since its last sign, as the letter says too"
    assert "08:01:00" in fault["text"]
    obligations.tick("clock", at("08:07"))
    assert look(auditor, hands, at("08:07")).well
    acts = Entry.objects.filter(chain__key="system", act__startswith="fault").values_list("act", flat=True)
    assert list(acts) == ["fault_found", "fault_gone"]
    assert detail()["faults"] == []


def test_two_auditors_keep_their_own_faults_and_whoever_found_one_speaks(
    config: settings.Config, hands: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = replace(config, data_dir=tmp_path / "full")
    monkeypatch.setattr(audit, "disk", lambda config: Part([Fault("disk", "示例")] if config is full else []))
    one, other = Auditor(full, hands, "auditor-one"), Auditor(config, hands, "auditor-two")
    for minute in range(3):
        now = at("08:02") + minute * MINUTE
        obligations.tick("clock", now)
        assert look(one, hands, now).kinds == {"disk"}
        assert look(other, hands, now).well
        told = last_audit(now)
        assert told is not None
        assert [text for text, *_ in told.faults] == ["示例"]
    acts = Entry.objects.filter(chain__key="system", act__startswith="fault").values_list("act", flat=True)
    assert list(acts) == ["fault_found"]


def test_a_warning_whose_clock_stands_still_is_found(red: HazardSource, auditor: Auditor, hands: FakeClock) -> None:
    Obligation.objects.by_the_machine().update(state=ObligationState.CANCELLED)
    obligations.tick("clock", at("08:10"))
    for _ in range(200):  # one stretch of rows each time, and these may be far on
        found = look(auditor, hands, at("08:10"))
        if "acts" in found.kinds:
            break
    assert found.kinds == {"stopped", "acts"}  # nobody but a hand in the database takes a due thing away
    assert found.faults[0].detail == "YJ-20240301-0001"


def test_signs_that_are_missing_while_everything_starts_are_no_fault(auditor: Auditor, hands: FakeClock) -> None:
    assert look(auditor, hands, at("08:00:05")).well
    assert look(auditor, hands, at("08:00:35")).kinds == {"clock_silent"}


@pytest.mark.parametrize("role", ["engine", "historian", "delivery"])
def test_a_role_that_signed_once_must_go_on_signing(role: str) -> None:
    obligations.tick("clock", at("08:10"))
    assert audit.clocks(at("08:10")).well
    obligations.tick(role, at("08:08"))
    assert [fault.kind for fault in audit.clocks(at("08:10")).faults] == [f"{role}_silent"]
    obligations.tick(f"{role}-2", at("08:09:30"))  # another one at work stands in for it
    assert audit.clocks(at("08:10")).well


def letter(source: HazardSource, when: datetime, **fields: Any) -> Delivery:
    to = To("enterprise:x", source.enterprise.name, enterprise_id=source.enterprise_id)
    notice = post(
        Draft(
            key="w1:informed", kind="informed", subject="warning:1", enterprise=source.enterprise,
            source_id=source.pk, level="red", due_at=when, sent_at=when, title="红色预警", to=(to,),
        )
    )  # fmt: skip
    return Delivery.objects.create(message=notice.messages.get(), channel="phone", key="k", **fields)


STUCK: dict[str, tuple[dict[str, Any], bool]] = {
    "never tried": ({}, True),
    "waits for its next try": ({"next_try_at": at("08:12"), "attempts": 3}, False),
    "its next try is long overdue": ({"next_try_at": at("08:02"), "attempts": 3}, True),
    "being sent": ({"state": "sending", "claimed_until": at("08:11"), "attempts": 1}, False),
    "left behind by a dead sender": ({"state": "sending", "claimed_until": at("08:02"), "attempts": 1}, True),
    "sent": ({"state": "sent"}, False),
    "failed for good": ({"state": "failed"}, False),
}


@pytest.mark.parametrize(("fields", "stuck"), STUCK.values(), ids=STUCK.keys())
def test_a_letter_that_nobody_tries_is_found(red: HazardSource, fields: dict[str, Any], stuck: bool) -> None:
    obligations.tick("clock", at("08:10"))
    letter(red, at("08:00"), **fields)
    untold = [] if fields.get("state") == "sent" else ["reached_nobody"]  # after ten minutes it has reached nobody
    kinds = [fault.kind for fault in audit.clocks(at("08:10")).faults]
    assert kinds == (["letters_stuck"] if stuck else []) + untold


class World:
    """A gateway with points whose data came, were engine's and history's at stated instants."""

    def __init__(self) -> None:
        (self.site,) = small_world.build(at("07:00"), enterprises=1, points=3)
        self.gateway = Gateway.objects.by_the_machine().get(code=self.site.gateway)

    def heard(self, received: datetime, sampled: datetime | None = None) -> None:
        GatewayLink.objects.update_or_create(
            gateway=self.gateway,
            defaults={
                "enterprise": self.gateway.enterprise, "last_received_at": received,
                "last_sampled_at": sampled or received, "online": True,
            },
        )  # fmt: skip

    def stored(self, start: datetime) -> None:
        Block.objects.all().delete()
        Block.objects.create(
            gateway=self.site.gateway, enterprise=self.site.enterprise, grain="minute",
            start_us=int(start.timestamp() * 1_000_000), samples=1, body=b"",
        )  # fmt: skip


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    log(monkeypatch, LogState(10, 100, 1000, at("08:00"), [Reader("engine", 0, 0)]))
    return World()


def log(monkeypatch: pytest.MonkeyPatch, state: LogState | None) -> None:
    monkeypatch.setattr(audit, "log_state", lambda: state)


def kinds(when: datetime, fresh_s: float = 300) -> list[str]:
    return [fault.kind for fault in audit.data(when, fresh_s).faults]


def test_expected_points_without_any_data_are_a_fault_by_the_registry_not_by_what_was_seen(world: World) -> None:
    assert kinds(at("07:04")) == []
    found = audit.data(at("08:00"), 300)  # never anything since 07:00
    assert [fault.kind for fault in found.faults] == ["data_stale"]
    assert "1 个网关、3 个点位" in found.faults[0].text
    assert kinds(at("08:00"), fresh_s=0) == []
    world.heard(at("08:00"))
    world.stored(at("07:59"))
    assert kinds(at("08:04")) == []
    assert kinds(at("08:06")) == ["data_stale"]


@pytest.mark.case("D5")
def test_agencies_that_stand_elsewhere_than_their_superior_says_are_told_and_one_command_sets_them_right(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As an earlier version left them behind when a city moved in a workbook that also changed a county's park."""
    monkeypatch.setattr(present.django, "start", lambda: None)
    one = Agency.objects.create(code="x-one", name="一省", level="province")
    two = Agency.objects.create(code="x-two", name="二省", level="province")
    city = Agency.objects.create(code="x-city", name="市", level="city", parent=two)
    county = Agency.objects.create(code="x-county", name="县", level="county", parent=city)
    town = Agency.objects.create(code="x-town", name="镇", level="town", parent=county)
    assert kinds(at("07:04")) == []
    Agency.objects.filter(pk=county.pk).update(path=f"{one.path}{city.pk}/{county.pk}/")
    Agency.objects.filter(pk=town.pk).update(path=f"{one.path}{city.pk}/{county.pk}/{town.pk}/")
    assert kinds(at("07:04")) == ["agencies_misplaced"]
    assert repair.main(["agencies"]) == 0
    assert "重排了 2 个机构的位置：x-county、x-town" in capsys.readouterr().out
    assert kinds(at("07:04")) == []
    town.refresh_from_db()
    assert town.path == f"/{two.pk}/{city.pk}/{county.pk}/{town.pk}/"
    assert repair.main(["agencies"]) == 0
    assert "没有要修复的" in capsys.readouterr().out
    entry = Entry.objects.get(act="agency_paths_set")
    assert entry.after == {"agencies": ["x-county", "x-town"]}


def test_history_that_stays_behind_is_found(world: World) -> None:
    world.heard(at("08:00"))
    assert kinds(at("08:00")) == ["history_behind"]  # nothing stored at all
    world.stored(at("07:50"))
    assert kinds(at("08:00")) == ["history_behind"]
    world.stored(at("07:56"))
    assert kinds(at("08:00")) == []
    world.heard(at("08:00"), sampled=at("07:30"))  # what is filled in later is old, not behind
    world.stored(at("07:29"))
    assert kinds(at("08:00")) == []


def test_an_engine_behind_and_a_log_that_is_full_or_silent_are_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.heard(at("08:00"))
    world.stored(at("07:59"))
    log(monkeypatch, None)
    assert kinds(at("08:00")) == ["log_silent"]
    log(monkeypatch, LogState(10, 950, 1000, at("08:00"), [Reader("engine", 5, 0)]))
    assert kinds(at("08:00")) == ["log_full"]
    log(monkeypatch, LogState(10, 100, 1000, at("08:02"), [Reader("engine", 5, 0)]))
    assert kinds(at("08:02")) == ["engine_behind"]


def test_an_installation_without_points_asks_nothing_of_the_data() -> None:
    assert audit.data(at("08:00"), 300).well


def test_a_full_disk_is_a_fault(config: settings.Config, monkeypatch: pytest.MonkeyPatch) -> None:
    assert audit.disk(config).figures["free_bytes"] > 0
    monkeypatch.setattr(audit, "DISK_FREE_BYTES", 1 << 62)
    assert [fault.kind for fault in audit.disk(config).faults] == ["disk_full"]


@pytest.mark.case("A5")
def test_a_disk_on_which_no_file_can_be_made_is_told_though_there_is_room(
    config: settings.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert files_left(config) != 0
    for left, told in ((12, ["disk_files"]), (10**6, []), (None, [])):
        monkeypatch.setattr(audit, "files_left", lambda config, left=left: left)
        assert [fault.kind for fault in audit.disk(config).faults if fault.kind == "disk_files"] == told
    assert "disk_files" in AT_ONCE


def test_the_patrol_finds_tampering_and_forgets_it_when_the_chain_is_whole_again() -> None:
    for chain in ("agency:a", "agency:b", "enterprise:c"):
        for number in range(5):
            journal.record(chain, f"act{number}", at=at("08:00"))
    patrol = Patrol()
    while patrol.rounds < 1:
        patrol.step(2)
    assert patrol.faults == {}
    Entry.objects.filter(chain__key="agency:b", seq=3).update(act="other")
    while patrol.rounds < 2:
        patrol.step(2)
    assert patrol.faults.keys() == {"agency:b"}
    Entry.objects.filter(chain__key="agency:b", seq=3).update(act="act2")
    while patrol.rounds < 3:
        patrol.step(100)
    assert patrol.faults == {}


def test_tampering_stops_the_signal(config: settings.Config, auditor: Auditor, hands: FakeClock) -> None:
    journal.record("agency:a", "act", at=at("08:00"))
    obligations.tick("clock", at("08:10"))
    assert look(auditor, hands, at("08:10")).well
    Entry.objects.filter(chain__key="agency:a").update(actor="somebody else")
    assert look(auditor, hands, at("08:10:05")).kinds == {"journal"}
    assert signal_file(config).stat().st_mtime == at("08:10").timestamp()


@pytest.fixture
def outside() -> Iterator[tuple[str, list[str], list[int]]]:
    """An address that takes the signal: its URL, the methods it was called by, and the answers it will give."""
    called: list[str] = []
    answers: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            called.append(self.command)
            self.send_response(answers.pop(0) if answers else 200)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/ping", called, answers
    server.shutdown()
    server.server_close()
    thread.join(10)


def test_the_address_is_called_after_audits_that_passed(
    config: settings.Config, hands: FakeClock, outside: tuple[str, list[str], list[int]]
) -> None:
    url, called, _answers = outside
    auditor = Auditor(replace(config, dead_man_url=url, dead_man_method="POST"), hands)
    obligations.tick("clock", at("08:10"))
    look(auditor, hands, at("08:10"))
    assert called == ["POST"]
    look(auditor, hands, at("08:10:05"))
    assert called == ["POST"]  # at most every 15 s of real time
    auditor = Auditor(replace(config, dead_man_url=url), hands)
    assert not look(auditor, hands, at("08:20")).well
    assert called == ["POST"]


@pytest.mark.parametrize("answer", [500, 302])
def test_a_call_that_is_not_taken_is_shown_and_repeated(
    config: settings.Config, hands: FakeClock, outside: tuple[str, list[str], list[int]], answer: int
) -> None:
    url, called, answers = outside
    answers.append(answer)
    auditor = Auditor(replace(config, dead_man_url=url), hands)
    obligations.tick("clock", at("08:10"))
    look(auditor, hands, at("08:10"))
    look(auditor, hands, at("08:10:05"))
    assert called == ["GET", "GET"]  # no redirect is followed; the next audit tries again
    assert detail()["signal_error"] == f"对方应答 {answer}"
    look(auditor, hands, at("08:10:10"))
    assert detail()["signal_error"] == ""


def test_nobody_at_the_address_does_not_hurt_the_auditor(config: settings.Config, hands: FakeClock) -> None:
    auditor = Auditor(replace(config, dead_man_url="http://127.0.0.1:9/"), hands)
    obligations.tick("clock", at("08:10"))
    assert look(auditor, hands, at("08:10")).well
    assert signal_file(config).exists()


@pytest.mark.parametrize("changes", [{"dead_man_url": "file:///etc/x"}, {"dead_man_method": "PUT"}])
def test_a_wrong_setting_of_the_signal_is_refused(
    config: settings.Config, hands: FakeClock, changes: dict[str, str]
) -> None:
    with pytest.raises(settings.ConfigError, match="dead_man"):
        Auditor(replace(config, **changes), hands)  # type: ignore[arg-type]


@pytest.mark.case("A1")
@pytest.mark.parametrize("hours", [1, 8])
def test_what_our_own_clock_stamped_in_the_future_is_a_fault_and_proves_no_life(
    world: World, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    future = at("08:00") + timedelta(hours=hours)
    world.heard(future, at("08:00"))
    obligations.tick("engine", future)
    found = audit.data(at("08:10"), 300)
    assert {fault.kind for fault in found.faults} >= {"receipts_ahead", "data_stale"}
    told = next(fault.text for fault in found.faults if fault.kind == "receipts_ahead")
    assert "本机时钟" in told
    assert "请核对" in told
    assert {"signs_ahead", "clock_silent"} == {fault.kind for fault in audit.clocks(at("08:10")).faults}


@pytest.mark.case("A1")
def test_a_clock_that_is_set_is_told_for_an_hour_with_its_instant(auditor: Auditor, hands: FakeClock) -> None:
    obligations.tick("clock", at("08:01"))
    assert look(auditor, hands, at("08:01")).well
    hands.turn_to(at("09:01"))
    obligations.tick("clock", at("09:01"))
    (fault,) = look(auditor, hands, at("09:01:05")).faults
    assert fault.kind == "clock_set"
    assert "向前拨了 60 分" in fault.text
    assert datetime.fromisoformat(detail()["faults"][0]["since"]) == at("09:01:05")
    hands.turn_to(at("08:01:10"))
    obligations.tick("clock", at("08:01:10"))
    (fault,) = look(auditor, hands, at("08:01:15")).faults
    assert "向后拨了 59 分" in fault.text
    obligations.tick("clock", at("09:02"))
    assert look(auditor, hands, at("09:02")).well


@pytest.mark.case("A1")
def test_a_fault_that_began_in_the_future_is_told_since_now(auditor: Auditor, hands: FakeClock) -> None:
    look(auditor, hands, at("16:00"))
    hands.turn_to(at("08:05"))
    look(auditor, hands, at("08:06"))
    since = {each["kind"]: datetime.fromisoformat(each["since"]) for each in detail()["faults"]}
    assert since["clock_silent"] == at("08:06")


def test_what_a_role_finds_about_itself_is_an_operator_fault_since_when_it_says(hands: FakeClock) -> None:
    own = OwnFaults()
    own.found("engine_memory", "示例甲", at("08:00"))
    own.happened("engine_log_cut", "示例乙", at("07:30"))
    obligations.tick("engine", at("08:02"), own=own.detail(at("08:02")))
    obligations.tick("engine-2", at("08:02"), own=[])
    found = {fault.kind: fault.since for fault in audit.data(at("08:02"), 300).faults}
    assert found == {"engine_memory": at("08:00"), "engine_log_cut": at("07:30")}
    assert [fault.kind for fault in audit.data(at("08:02") + timedelta(days=1), 300).faults] == ["engine_memory"]


@pytest.mark.case("A2")
@pytest.mark.parametrize("role", ["engine", "historian"])
def test_a_position_beyond_the_log_is_a_fault_in_words(
    world: World, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    log(monkeypatch, LogState(10, 100, 1000, at("08:00"), [Reader(role, 0, 0, 0, 40)], 39))
    assert f"{role}_ahead_of_log" in kinds(at("08:00"))
    log(monkeypatch, LogState(10, 100, 1000, at("08:00"), [Reader(role, 0, 0, 0, 39)], 39))
    assert f"{role}_ahead_of_log" not in kinds(at("08:00"))


def test_a_role_that_signs_and_does_not_move_is_a_fault_since_it_stands(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    movement = Movement()

    def stands(seq: int, last: int, when: datetime) -> list[Fault]:
        log(monkeypatch, LogState(10, 100, 1000, at("08:00"), [Reader("engine", 0, 0, 0, seq)], last))
        again = Movement()
        again.remember(movement.state())  # as after a restart of the auditor
        found = audit.data(when, 0, again).faults
        movement.remember(again.state())
        return [fault for fault in found if fault.kind == "engine_still"]

    assert stands(5, 9, at("08:00")) == []
    assert stands(7, 20, at("08:02")) == []
    assert stands(7, 30, at("08:05")) == []
    (fault,) = stands(7, 40, at("08:05:01"))
    assert fault.since == at("08:02")
    assert "重启服务" in fault.text
    assert stands(41, 41, at("08:06")) == []
    assert stands(41, 41, at("09:06")) == [], "nothing has come since"

"""Channels that answer 500, hang, refuse or throttle, tried for real over loopback: nothing is lost, nobody forgotten.

Scenarios 38 to 41 of the catalogue, with real channels against the shared server and the clock moved by the test.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.acceptance.worlds import at
from tests.contract.channels.server import ChannelServer, Got, Reply, says
from tests.unit.apps.delivery.doubles import build, contact, holder, notice, to_agency, to_person

from anlan.apps.delivery import selectors
from anlan.apps.delivery.models import ChannelState, Delivery, DeliveryState, FallBack, Message, Rung
from anlan.apps.delivery.services import outside, pass_on_stranded, receive_receipt, send_due
from anlan.apps.delivery.services.sending import LEASE, claim
from anlan.apps.findings.models import Finding
from anlan.apps.journal import services as journal
from anlan.apps.obligations.models import Tick
from anlan.apps.org.models import Deputy, Person
from anlan.apps.org.scope import EVERYTHING
from anlan.apps.registry.models import HazardSource
from anlan.apps.warnings import services as warnings
from anlan.now import SystemClock, monotonic
from anlan.now import now as clock_now
from anlan.testing.clock import FakeClock

pytestmark = pytest.mark.django_db
OK = says({"code": "0"})


@pytest.fixture
def source() -> HazardSource:
    return build()


@pytest.fixture
def server() -> Iterator[ChannelServer]:
    with ChannelServer() as running:
        running.reply = OK
        yield running


def gateway(server: ChannelServer, path: str, **more: Any) -> dict[str, Any]:
    """A text message gateway at one path of the server."""
    table = {
        "type": "sms", "url": f"{server.url}/{path}", "timeout_s": 20, "code_paths": ["code"], "success": ["0"],
        "permanent": ["4*"], "body": {"phone": "{address}", "title": "{title}", "key": "{key}"},
    }  # fmt: skip
    return table | more


def install(settings: Any, **channels: dict[str, Any]) -> None:
    settings.CONFIG = replace(settings.CONFIG, channels=channels)


def look(clock: FakeClock) -> int:
    """One look of the delivery role."""
    from anlan.roles import delivery as role

    return role.look(clock)


def run(clock: FakeClock, seconds: float, every_s: float = 5) -> None:
    until = clock.now() + timedelta(seconds=seconds)
    while clock.now() < until:
        look(clock)
        clock.advance(every_s)
    look(clock)


def taken(server: ChannelServer, path: str = "/sms") -> list[str]:
    """Titles of the letters that came to a path, in order."""
    return [got.json()["title"] for got in server.got if got.path == path]


def keys(gots: list[Got]) -> list[str]:
    return [got.json()["key"] for got in gots]


@pytest.mark.reliability(38)
def test_a_server_that_answers_500_for_an_hour_gets_each_message_once_and_later_steps_do_not_wait(
    source: HazardSource, server: ChannelServer, settings: Any
) -> None:
    install(settings, sms=gateway(server, "sms"))
    main = holder(source)
    contact(main, "sms", "13800000001")
    server.reply = Reply(500)
    clock = FakeClock(at("08:00"))
    notice(source, [to_person(main)], key="first")
    run(clock, 1800, every_s=60)
    notice(source, [to_person(main)], key="second", when=clock.now())
    look(clock)
    assert taken(server).count("red second") <= 1
    run(clock, 20)
    assert "red second" in taken(server)  # the later step is tried though the first one still waits
    run(clock, 1780, every_s=60)
    rows = Delivery.objects.order_by("pk")
    assert [row.state for row in rows] == [DeliveryState.QUEUED] * 2
    assert [selectors.reached(message) for message in selectors.messages_of("warning:1")] == [False, False]
    assert ChannelState.objects.get().unwell_since is not None
    server.got.clear()
    server.reply = OK
    run(clock, 60)
    assert sorted(taken(server)) == ["red first", "red second"]  # within a minute, whatever their own pauses are
    assert {row.state for row in Delivery.objects.all()} == {DeliveryState.SENT}
    assert not FallBack.objects.by_the_machine().exists()
    assert ChannelState.objects.get().unwell_since is None
    run(clock, 3600, every_s=60)
    assert len(server.got) == 2


@pytest.mark.reliability(39)
def test_a_channel_that_hangs_times_out_holds_up_nobody_and_the_next_channel_is_tried(
    source: HazardSource, server: ChannelServer, settings: Any
) -> None:
    install(settings, sms=gateway(server, "sms", timeout_s=1), voice=gateway(server, "voice"))
    main, technical = holder(source), holder(source, "technical")
    contact(main, "sms", "13800000001", 1)
    contact(main, "voice", "13800000001", 2)
    contact(technical, "voice", "13800000002", 1)
    server.at["/sms"] = Reply(manner="hang")
    notice(source, [to_person(main), to_person(technical, "技术负责人")])
    clock = FakeClock(at("08:00"))
    look(clock)
    assert len(keys([got for got in server.got if got.path == "/voice"])) == 1  # the other recipient
    row = Delivery.objects.get(channel="sms")
    assert (row.state, row.attempts) == (DeliveryState.QUEUED, 1)
    assert row.passed_on_at is not None
    look(clock)
    assert {each.state for each in Delivery.objects.filter(channel="voice")} == {DeliveryState.SENT}
    row.refresh_from_db()
    assert row.state == DeliveryState.REPLACED
    assert not FallBack.objects.by_the_machine().exists()


@pytest.mark.reliability(39)
def test_what_waits_for_a_channel_that_hangs_is_passed_on_without_waiting_for_its_own_time_out(
    source: HazardSource, server: ChannelServer, settings: Any
) -> None:
    install(settings, sms=gateway(server, "sms"), voice=gateway(server, "voice"))
    main = holder(source)
    contact(main, "sms", "13800000001", 1)
    contact(main, "voice", "13800000001", 2)
    server.at["/sms"] = Reply(manner="close")
    for number in range(20):
        notice(source, [to_person(main)], key=f"n{number}")
    clock = FakeClock(at("08:00"))
    send_due({"sms": outside()["sms"]}, clock, limit=5)
    assert len([got for got in server.got if got.path == "/sms"]) == 5
    assert Delivery.objects.filter(channel="voice").count() == 20
    run(clock, 20)
    assert len([got for got in server.got if got.path == "/voice"]) == 20


@pytest.mark.reliability(40)
def test_a_recipient_without_a_number_falls_to_the_deputy_then_to_the_desk_never_to_nobody_and_is_counted(
    source: HazardSource, server: ChannelServer, settings: Any
) -> None:
    install(settings, sms=gateway(server, "sms"))
    main = holder(source)
    deputy = Person.objects.create(code="d1", name="丁")
    contact(deputy, "sms", "13800000002")
    contact(source.enterprise, "sms", "13800000009")
    Deputy.objects.create(person=main, deputy=deputy, valid_from=at("07:00"), declared_by="x", declared_at=at("07:00"))
    warnings.set_level(source, "red", at=at("08:00"))
    clock = FakeClock(at("08:00"))
    run(clock, 30)
    addresses = {got.json()["phone"] for got in server.got}
    assert addresses == {"13800000002", "13800000009"}
    fallen = {(row.message.recipient_name, row.rung) for row in FallBack.objects.by_the_machine()}
    assert (main.name, Rung.DEPUTY) in fallen
    assert {rung for name, rung in fallen if name in ("甲", "乙")} == {Rung.DESK}
    assert all(
        rung == Rung.NOBODY for name, rung in fallen if name not in ("甲", "乙", "丙")
    )  # agencies without a desk
    counted = selectors.fallback_figures(EVERYTHING, at("00:00"), at("23:59"))
    assert (counted["deputy"], counted["desk"]) == (1, 2)
    assert counted["nobody"] == len([rung for _name, rung in fallen if rung == Rung.NOBODY])
    assert Finding.objects.by_the_machine().filter(kind="unreached").count() == counted["nobody"]
    everybody = Message.objects.by_the_machine().filter(acting_for="").count()
    assert everybody >= 4  # and on the platform all of them have it
    assert list(journal.broken()) == []


@pytest.mark.reliability(40)
def test_an_unknown_number_falls_on_while_the_deputys_receipt_closes_the_circle(
    source: HazardSource, server: ChannelServer, settings: Any
) -> None:
    install(settings, sms=gateway(server, "sms", id_paths=["id"]))
    main = holder(source)
    contact(main, "sms", "13800000001")
    contact(source.enterprise, "sms", "13800000009")
    server.reply = says({"code": "41"})
    notice(source, [to_person(main)])
    clock = FakeClock(at("08:00"))
    send_due(outside(), clock)
    server.reply = says({"code": "0", "id": "m-7"})
    send_due(outside(), clock, limit=1)  # the warning, before the word that the number was suspended
    desk = Delivery.objects.get(provider_id="m-7")
    assert receive_receipt("sms", "m-7", "delivered", at("08:01"))
    assert receive_receipt("sms", "m-7", "read", at("08:02"))
    assert receive_receipt("sms", "m-7", "failed", at("08:03"))  # out of order: it had arrived
    assert not receive_receipt("sms", "unknown", "delivered", at("08:01"))
    desk.refresh_from_db()
    assert (desk.state, desk.delivered_at, desk.read_at) == (DeliveryState.READ, at("08:01"), at("08:02"))
    assert desk.message.read_at == at("08:02")


@pytest.mark.reliability(41)
def test_a_rate_queues_by_colour_drops_nothing_and_shows_the_delay(
    source: HazardSource, server: ChannelServer, settings: Any
) -> None:
    install(settings, sms=gateway(server, "sms", rate=1))
    contact(holder(source), "sms", "13800000001")
    to = [to_person(holder(source))]
    for level in ("blue", "yellow", "orange", "red"):
        for number in range(3):
            notice(source, to, key=f"{level}{number}", level=level)
    clock = FakeClock(at("08:00"))
    came = []
    for _second in range(14):
        before = len(server.got)
        look(clock)
        came.append(len(server.got) - before)
        clock.advance(1)
    assert max(came) <= 2
    assert sum(came) == 12
    levels = [title.split()[0] for title in taken(server)]
    assert levels == ["red"] * 3 + ["orange"] * 3 + ["yellow"] * 3 + ["blue"] * 3
    last = Delivery.objects.order_by("sent_at").last()
    assert last is not None
    assert last.sent_at is not None
    assert last.sent_at - last.message.notice.sent_at >= timedelta(seconds=9)


@pytest.mark.reliability(41)
def test_a_provider_that_asks_for_a_pause_gets_it_and_red_goes_first_afterwards(
    source: HazardSource, server: ChannelServer, settings: Any
) -> None:
    install(settings, sms=gateway(server, "sms"))
    contact(holder(source), "sms", "13800000001")
    to = [to_person(holder(source))]
    server.reply = Reply(429, headers={"Retry-After": "30"})
    notice(source, to, key="blue", level="blue")
    clock = FakeClock(at("08:00"))
    look(clock)
    notice(source, to, key="red", level="red")
    server.got.clear()
    server.reply = OK
    run(clock, 25)
    assert not server.got
    state = ChannelState.objects.get()
    assert (state.unwell_since, bool(state.last_error)) == (None, True)
    clock.advance(10)
    send_due(outside(), clock, limit=1)
    send_due(outside(), clock, limit=1)
    assert taken(server) == ["red red", "blue blue"]


def test_a_sender_killed_after_sending_is_followed_by_one_with_the_same_key(
    source: HazardSource, server: ChannelServer, settings: Any
) -> None:
    install(settings, sms=gateway(server, "sms"))
    contact(holder(source), "sms", "13800000001")
    notice(source, [to_person(holder(source)), to_agency()])
    (row,) = claim("sms", ChannelState(name="sms"), at("08:00"), 10)
    from anlan.apps.delivery.services.letters import letter_of

    outside()["sms"].send(letter_of(row, outside()["sms"]))  # and the process is killed before it records that
    clock = FakeClock(at("08:00"))
    assert send_due(outside(), clock) == 0
    assert pass_on_stranded(clock.now()) > 0
    clock.set(at("08:00") + LEASE)
    assert send_due(outside(), clock) == 1
    assert len(server.got) == 2
    assert len(set(keys(server.got))) == 1


@pytest.mark.slow
@pytest.mark.reliability(39)
@pytest.mark.django_db(transaction=True)
def test_the_running_role_keeps_a_lane_for_each_channel(
    source: HazardSource, server: ChannelServer, settings: Any
) -> None:
    """While one channel hangs in its lane the others deliver, what leads nowhere falls; it leaves when asked."""
    from anlan.process.life import Leaving
    from anlan.process.places import announced
    from anlan.process.worker import close_all
    from anlan.roles import delivery as role

    install(settings, sms=gateway(server, "sms", timeout_s=10), voice=gateway(server, "voice"))
    main, technical = holder(source), holder(source, "technical")
    contact(main, "sms", "13800000001")
    contact(technical, "voice", "13800000002")
    server.at["/sms"] = Reply(manner="hang")
    now = clock_now()
    notice(source, [to_person(main), to_person(technical, "技术负责人"), to_agency()], when=now)
    leaving = Leaving()

    def run_role() -> None:
        role.work(settings.CONFIG, leaving, SystemClock(), "delivery-2")
        close_all()

    thread = threading.Thread(target=run_role)
    thread.start()
    try:
        wait_for(lambda: Delivery.objects.filter(channel="voice", state=DeliveryState.SENT).exists())
        wait_for(lambda: FallBack.objects.by_the_machine().exists())
        assert Delivery.objects.get(channel="sms").state in (DeliveryState.SENDING, DeliveryState.QUEUED)
    finally:
        leaving.ask()
        thread.join(30)
    assert not thread.is_alive()
    assert Tick.objects.filter(name="delivery-2").exists()
    assert announced(settings.CONFIG, "delivery-2", os.getpid()) is not None


def wait_for(true: Callable[[], bool], seconds: float = 120) -> None:
    until = monotonic() + seconds
    while not true():
        assert monotonic() < until
        threading.Event().wait(0.05)

"""Sending to outside channels: at least once, with a key; retried with pauses; permanent refusals end it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.acceptance.worlds import at, scenario

from anlan.apps.delivery.models import ChannelState, Delivery, DeliveryState
from anlan.apps.delivery.services import Draft, To, post, send_due
from anlan.apps.delivery.services.sending import LEASE, claim, pause_after
from anlan.apps.org.models import Agency
from anlan.channels import Channel, ChannelError, Letter, PermanentError, Receipt
from anlan.testing.clock import FakeClock

pytestmark = pytest.mark.django_db


class Outside(Channel):
    """Stands for a channel server: takes letters, or answers with the error that it was given."""

    name = "outside"

    def __init__(self) -> None:
        self.taken: list[Letter] = []
        self.answer: Exception | None = None

    def send(self, letter: Letter) -> None:
        if self.answer is not None:
            raise self.answer
        self.taken.append(letter)


@pytest.fixture
def queue() -> list[Delivery]:
    """Three letters in the outbox of a channel: blue, red and orange, queued at 08:00."""
    from anlan.drill.world import build

    world = build(scenario())
    source = world.sources["s1"]
    county = Agency.objects.by_the_machine().get(code="zz")
    rows = []
    for level, priority in (("blue", 3), ("red", 0), ("orange", 1)):
        notice = post(
            Draft(
                key=level, kind="informed", subject="warning:1", enterprise=source.enterprise, source_id=source.pk,
                level=level, due_at=at("08:00"), sent_at=at("08:00"), title=level,
                to=(To("agency:zz", "县局", agency_id=county.pk),),
            )
        )  # fmt: skip
        rows.append(
            Delivery.objects.create(
                message=notice.messages.get(), channel="outside", key=f"{level}/outside", priority=priority,
                next_try_at=at("08:00"),
            )
        )  # fmt: skip
    return rows


def test_it_sends_each_once_and_red_first(queue: list[Delivery]) -> None:
    channel, clock = Outside(), FakeClock(at("08:00:01"))
    for _ in range(3):
        assert send_due({"outside": channel}, clock, limit=1) == 1
    assert [letter.level for letter in channel.taken] == ["red", "orange", "blue"]
    assert send_due({"outside": channel}, clock) == 0
    assert set(Delivery.objects.filter(channel="outside").values_list("state", flat=True)) == {DeliveryState.SENT}


def test_a_failing_server_is_tried_again_with_the_same_key_and_growing_pauses(queue: list[Delivery]) -> None:
    channel, clock = Outside(), FakeClock(at("08:00:01"))
    channel.answer = ChannelError("500")
    assert send_due({"outside": channel}, clock) == 3
    assert send_due({"outside": channel}, clock) == 0
    clock.advance(5)
    assert send_due({"outside": channel}, clock) == 3
    channel.answer = None
    clock.advance(10)
    assert send_due({"outside": channel}, clock) == 1  # the channel counts as unwell by now: a probe
    assert send_due({"outside": channel}, clock) == 2  # it is well again: what waited waits no longer
    assert sorted(letter.key for letter in channel.taken) == ["blue/outside", "orange/outside", "red/outside"]
    assert set(Delivery.objects.filter(channel="outside").values_list("attempts", flat=True)) == {3}


def test_a_permanent_refusal_ends_the_tries_and_is_recorded(queue: list[Delivery]) -> None:
    channel, clock = Outside(), FakeClock(at("08:00:01"))
    channel.answer = PermanentError("地址无效")
    send_due({"outside": channel}, clock)
    clock.advance(3600)
    assert send_due({"outside": channel}, clock) == 0
    row = Delivery.objects.filter(channel="outside").first()
    assert row is not None
    assert (row.state, row.error) == (DeliveryState.FAILED, "地址无效")


def test_a_sender_that_died_between_claim_and_sending_loses_its_lease(queue: list[Delivery]) -> None:
    """Reliability 3 (a): sent once on restart."""
    assert len(claim("outside", ChannelState(name="outside"), at("08:00:01"), 10)) == 3
    channel, clock = Outside(), FakeClock(at("08:00:02"))
    assert send_due({"outside": channel}, clock) == 0
    clock.set(at("08:00:01") + LEASE)
    assert send_due({"outside": channel}, clock) == 3
    assert len(channel.taken) == 3


def test_a_row_of_a_channel_that_is_gone_stays_queued(queue: list[Delivery]) -> None:
    assert send_due({"another": Outside()}, FakeClock(at("09:00"))) == 0
    assert Delivery.objects.filter(channel="outside", state=DeliveryState.QUEUED).count() == 3


def test_pauses_double_up_to_ten_minutes() -> None:
    assert [pause_after(number) for number in (1, 2, 3)] == [timedelta(seconds=each) for each in (5, 10, 20)]
    assert pause_after(100) == timedelta(minutes=10)


def test_a_sender_frozen_in_its_batch_sends_nothing_more_of_it_once_its_claims_ran_out(queue: list[Delivery]) -> None:
    """Reliability 3 (c): whoever has taken the rest over by then would send it a second time."""
    clock = FakeClock(at("08:00:01"))

    class Freezing(Outside):
        def send(self, letter: Letter) -> None:
            super().send(letter)
            clock.advance(LEASE.total_seconds())

    frozen, other = Freezing(), Outside()
    assert send_due({"outside": frozen}, clock, workers=1) == 1
    assert [letter.level for letter in frozen.taken] == ["red"]
    assert send_due({"outside": other}, clock) == 2
    assert sorted(letter.level for letter in other.taken) == ["blue", "orange"]
    assert set(Delivery.objects.filter(channel="outside").values_list("state", flat=True)) == {DeliveryState.SENT}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_what_was_sent_is_recorded_though_the_database_cut_the_connection_meanwhile(queue: list[Delivery]) -> None:
    """A sender that was frozen in a transaction wakes up without it; what it cannot record would go out again."""
    import psycopg
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (mine,) = cursor.fetchone()
    address = {name: connection.get_connection_params()[name] for name in ("host", "port", "user", "dbname")}

    class Cutting(Outside):
        def send(self, letter: Letter) -> None:
            super().send(letter)
            with psycopg.connect(**address, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s)", [mine])

    channel = Cutting()
    assert send_due({"outside": channel}, FakeClock(at("08:00:01")), workers=1) == 3
    assert set(Delivery.objects.filter(channel="outside").values_list("state", flat=True)) == {DeliveryState.SENT}
    assert send_due({"outside": channel}, FakeClock(at("09:00"))) == 0
    assert sorted(letter.level for letter in channel.taken) == ["blue", "orange", "red"]


@pytest.mark.case("A1")
@pytest.mark.parametrize("hours", [1, 8])
def test_claims_and_pauses_of_a_clock_that_stood_ahead_hold_nothing_up_when_it_is_set_right(
    queue: list[Delivery], hours: int
) -> None:
    ahead = timedelta(hours=hours)
    assert len(claim("outside", ChannelState(name="outside"), at("08:00:01"), 10)) == 3
    rows = Delivery.objects.filter(channel="outside")
    rows.update(claimed_until=at("08:01") + ahead)
    rows.filter(pk=queue[0].pk).update(state=DeliveryState.QUEUED, claimed_until=None, next_try_at=at("08:10") + ahead)
    assert send_due({"outside": Outside()}, FakeClock(at("08:00:02"))) == 3


@pytest.mark.case("B5")
def test_a_letter_whose_number_holds_a_nul_is_recorded_and_goes_out_once(queue: list[Delivery]) -> None:
    class Padded(Outside):
        def send(self, letter: Letter) -> Receipt:  # type: ignore[override]
            self.taken.append(letter)
            return Receipt(f"{letter.key}\0\0")

    channel, clock = Padded(), FakeClock(at("08:00:01"))
    assert send_due({"outside": channel}, clock) == 3
    clock.advance(LEASE.total_seconds() + 1)
    assert send_due({"outside": channel}, clock) == 0
    assert len(channel.taken) == 3
    assert Delivery.objects.get(key="red/outside").provider_id == "red/outside"

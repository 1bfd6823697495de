"""What time does to warnings: system clocks that jump, deadlines to the millisecond, outages, senders that die.

Scenarios 3, 19, 20 and 21 of the catalogue, with the real services under a clock that the test moves.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.acceptance.worlds import at, scenario

from anlan.apps.delivery.models import ChannelState, Delivery, DeliveryState, Notice
from anlan.apps.delivery.services import Draft, To, post, send_due
from anlan.apps.delivery.services.sending import LEASE, claim
from anlan.apps.journal import services as journal
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.registry.models import HazardSource
from anlan.apps.warnings import services as warnings
from anlan.apps.warnings.models import LevelEpisode, SiteOrder, Warning
from anlan.channels import Channel, Letter
from anlan.rules.calendar import CIVIL_ZONE, civil
from anlan.testing.clock import FakeClock

MS = timedelta(milliseconds=1)


@pytest.fixture
def source(db: None) -> HazardSource:
    from anlan.drill.world import build

    return build(scenario()).sources["s1"]


def look(clock: FakeClock) -> None:
    """One look of the clock role, with its sign of life."""
    from anlan.roles import clock as role

    assert role.look(clock) is not None
    role.sign(clock, "clock")


def run(clock: FakeClock, until: datetime, every_s: float = 30) -> None:
    """Look again and again until ``until``."""
    while clock.now() < until:
        look(clock)
        clock.advance(every_s)
    clock.set(until)
    look(clock)


def sent(kind: str = "notice") -> list[tuple[str, str, list[str]]]:
    """Due, sent and merged times of a kind on the civil clock, in order of their rows."""
    rows = Notice.objects.by_the_machine().filter(kind=kind).order_by("pk")
    return [
        (
            f"{civil(row.due_at):%H:%M}",
            f"{civil(row.sent_at):%H:%M}",
            [f"{civil(datetime.fromisoformat(due)):%H:%M}" for due in row.missed],
        )
        for row in rows
    ]


@pytest.mark.reliability(19)
def test_a_clock_set_back_five_minutes_repeats_nothing_and_ends_nothing_before_it_began(source: Any) -> None:
    warnings.set_level(source, "red", at=at("08:00"))
    clock = FakeClock(at("08:00:30"))
    run(clock, at("08:30:10"))
    clock.set(at("08:25:10"))
    run(clock, at("08:29:40"))
    warnings.set_level(source, "orange", at=clock.now())
    run(clock, at("09:29:50"))
    assert sent() == [("08:30", "08:30", []), ("09:29", "09:29", [])]
    for episode in LevelEpisode.objects.by_the_machine().filter(ended_at__isnull=False):
        assert episode.ended_at is not None
        assert episode.ended_at >= episode.started_at
    warnings.set_level(source, "none", at=at("07:00"))  # set back by hours: it counts as the last change
    cleared = Warning.objects.by_the_machine().get()
    assert cleared.cleared_at is not None
    assert cleared.cleared_at >= cleared.level_since >= cleared.opened_at
    assert list(journal.broken()) == []


@pytest.mark.reliability(19)
def test_a_clock_an_hour_ahead_and_set_right_again_fires_each_step_once(source: Any) -> None:
    warnings.set_level(source, "red", at=at("08:00"))
    clock = FakeClock(at("08:00:30"))
    run(clock, at("08:10"))
    clock.set(at("09:10"))
    look(clock)
    clock.set(at("08:11"))
    run(clock, at("10:00"))
    assert sent() == [("09:00", "09:10", ["08:30", "09:00"]), ("09:30", "09:30", []), ("10:00", "10:00", [])]
    assert sent("site_order") == [("10:00", "10:00", [])]


@pytest.mark.reliability(19)
def test_a_letter_written_before_the_clock_was_set_back_is_sent_at_once(source: Any) -> None:
    channel = Phone()
    letter_about(source, at("08:30"))
    assert send_due({"phone": channel}, FakeClock(at("08:25"))) == 1
    assert len(channel.taken) == 1


DEADLINES = [
    # level, began, first notice, site order: written by hand from 第十条 to 第十二条
    ("red", "2024-03-01T09:30:00.000", "2024-03-01T10:00:00.000", "2024-03-01T11:30:00.000"),
    ("red", "2024-02-28T23:30:00.000", "2024-02-29T00:00:00.000", "2024-02-29T01:30:00.000"),
    ("yellow", "2024-02-28T23:00:00.000", "2024-02-29T00:00:00.000", "2024-02-29T23:00:00.000"),
    ("yellow", "2024-02-29T23:00:00.001", "2024-03-01T00:00:00.001", "2024-03-01T23:00:00.001"),
    ("yellow", "2025-02-28T12:00:00.000", "2025-02-28T13:00:00.000", "2025-03-01T12:00:00.000"),
    ("orange", "2023-12-31T23:00:00.000", "2024-01-01T00:00:00.000", "2024-01-01T11:00:00.000"),
    ("orange", "2024-04-30T23:59:59.999", "2024-05-01T00:59:59.999", "2024-05-01T11:59:59.999"),
    # hours are hours: on a holiday, and on a Sunday that is worked for it, nothing moves
    ("orange", "2024-10-01T10:00:00.000", "2024-10-01T11:00:00.000", "2024-10-01T22:00:00.000"),
    ("yellow", "2024-02-17T10:00:00.000", "2024-02-17T11:00:00.000", "2024-02-18T10:00:00.000"),
]


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CIVIL_ZONE)


@pytest.mark.reliability(20)
@pytest.mark.parametrize(("level", "began", "notice", "order"), DEADLINES)
def test_a_deadline_holds_to_the_millisecond(source: Any, level: str, began: str, notice: str, order: str) -> None:
    warnings.set_level(source, level, at=instant(began))
    assert obligations.run_due(instant(notice) - MS) == 0
    assert obligations.run_due(instant(notice)) == 1
    assert obligations.run_due(instant(notice) + MS) == 0
    obligations.run_due(instant(order) - MS)
    assert not SiteOrder.objects.by_the_machine().exists()
    obligations.run_due(instant(order))
    issued = SiteOrder.objects.by_the_machine().get()
    assert (issued.due_at, issued.issued_at) == (instant(order), instant(order))
    assert Notice.objects.by_the_machine().filter(kind="notice").earliest("pk").due_at == instant(notice)


@pytest.mark.reliability(21)
def test_red_steps_keep_their_grid_under_load_and_through_an_outage(source: Any) -> None:
    """Scenario 21: 30, 60, 90 and 120 minutes, the clock down from 08:50 to 09:10, sixty other warnings beside it."""
    others = [
        HazardSource.objects.create(code=f"99999{n:07d}", enterprise=source.enterprise, name=f"库 {n}", level="1")
        for n in range(60)
    ]
    warnings.set_level(source, "red", at=at("08:00"))
    for other in others:
        warnings.set_level(other, "red", at=at("08:00"))
    clock = FakeClock(at("08:00"))
    run(clock, at("08:50"), every_s=600)
    clock.set(at("09:10"))
    run(clock, at("10:00"), every_s=600)
    subject = Warning.objects.by_the_machine().get(source=source).subject
    rows = Notice.objects.by_the_machine().filter(subject=subject, kind="notice").order_by("pk")
    assert [row.is_late for row in rows] == [False, True, False, False]
    assert [f"{civil(row.due_at):%H:%M}" for row in rows] == ["08:30", "09:00", "09:30", "10:00"]
    assert f"{civil(rows[1].sent_at):%H:%M}" == "09:10"
    assert [datetime.fromisoformat(due) for due in rows[1].missed] == [at("09:00")]
    fired = Obligation.objects.by_the_machine().filter(subject=subject, kind="notice").order_by("due_at")
    assert [row.state for row in fired][:5] == ["fired", "missed", "fired", "fired", ObligationState.PENDING]
    assert Notice.objects.by_the_machine().filter(kind="notice").count() == 4 * 61
    assert SiteOrder.objects.by_the_machine().count() == 61


class Phone(Channel):
    """Stands for an outside server that takes letters."""

    name = "phone"

    def __init__(self) -> None:
        self.taken: list[Letter] = []

    def send(self, letter: Letter) -> None:
        self.taken.append(letter)


def letter_about(source: HazardSource, when: datetime) -> Delivery:
    to = To("enterprise:x", source.enterprise.name, enterprise_id=source.enterprise_id)
    notice = post(
        Draft(
            key="w1:informed", kind="informed", subject="warning:1", enterprise=source.enterprise,
            source_id=source.pk, level="red", due_at=when, sent_at=when, title="红色预警", to=(to,),
        )
    )  # fmt: skip
    return Delivery.objects.create(message=notice.messages.get(), channel="phone", key="w1:informed/phone")


@pytest.mark.reliability(3)
@pytest.mark.parametrize("already_sent", [False, True])
def test_a_sender_killed_before_or_after_sending_is_followed_by_one_with_the_same_key(
    source: Any, already_sent: bool
) -> None:
    """Scenario 3: before sending, once after the restart; after it, twice with the same key, and the record says so."""
    channel = Phone()
    row = letter_about(source, at("08:00"))
    (claimed,) = claim("phone", ChannelState(name="phone"), at("08:00"), 10)
    if already_sent:
        channel.send(Letter(key=claimed.key, to="x", title="红色预警", body="", level="red"))
    # the process is killed here: nothing is recorded, and its claim is left behind
    assert send_due({"phone": channel}, FakeClock(at("08:00:30"))) == 0
    assert send_due({"phone": channel}, FakeClock(at("08:00") + LEASE)) == 1
    assert {letter.key for letter in channel.taken} == {"w1:informed/phone"}
    assert len(channel.taken) == (2 if already_sent else 1)
    row.refresh_from_db()
    assert (row.state, row.attempts) == (DeliveryState.SENT, 2)  # tried twice: it may have come twice
    assert send_due({"phone": channel}, FakeClock(at("09:00"))) == 0

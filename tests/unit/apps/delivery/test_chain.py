"""Letters of one warning hang together: each names those that were decided before it, gone out or not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.acceptance.worlds import at
from tests.hats import machine
from tests.unit.apps.delivery.doubles import Line, build, install

from anlan.apps.delivery.models import Delivery, DeliveryState
from anlan.apps.delivery.services import Draft, To, post
from anlan.apps.delivery.services.letters import MOST_EARLIER, letter_of
from anlan.apps.delivery.services.test_message import send_test
from anlan.apps.org.models import Agency
from anlan.channels import Earlier, Need

pytestmark = pytest.mark.django_db


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Line:
    """A channel to another system that wants to know what went before."""
    line = Line("cap", needs=Need.NOTHING)
    line.wants_earlier = True
    install(monkeypatch, line)
    return line


def say(source: object, key: str, minutes: int, subject: str = "warning:1") -> Delivery:
    county = Agency.objects.by_the_machine().get(code="zz")
    instant = at("08:00") + timedelta(minutes=minutes)
    post(
        Draft(
            key=key, kind="notice", subject=subject, enterprise=source.enterprise, source_id=source.pk,  # type: ignore[attr-defined]
            level="red", due_at=instant, sent_at=instant, title=key, to=(To("agency:zz", "县局", agency_id=county.pk),),
        )
    )  # fmt: skip
    return Delivery.objects.get(message__notice__key=key, channel="cap")


def test_a_letter_names_what_was_decided_before_it_with_the_instants_that_they_carry(board: Line) -> None:
    source = build()
    first, second, other = say(source, "n1", 0), say(source, "n2", 30), say(source, "x1", 10, "warning:2")
    third = say(source, "n3", 60)
    Delivery.objects.filter(pk=first.pk).update(state=DeliveryState.SENT, sent_at=at("08:07"))
    letter = letter_of(third, board)
    assert letter.earlier == (Earlier(first.key, at("08:00")), Earlier(second.key, at("08:30")))
    assert letter_of(first, board).earlier == letter_of(other, board).earlier == ()


def test_a_long_chain_is_told_from_its_newest(board: Line) -> None:
    source = build()
    rows = [say(source, f"n{number}", number) for number in range(MOST_EARLIER + 2)]
    keys = [each.key for each in letter_of(rows[-1], board).earlier]
    assert keys == [row.key for row in rows[1:-1]]


def test_a_test_letter_says_that_it_is_one(board: Line) -> None:
    """Another warning system must never take it for a warning."""
    county = build().enterprise.supervisor
    assert send_test("cap", "", to="示例县局", by=machine(county), at=at("08:00")) == ""
    assert (board.taken[0].kind, board.taken[0].level) == ("test", "")

"""Notices, messages and deliveries are rows of the decision; a key cannot be posted twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from tests.acceptance.worlds import at, scenario
from tests.hats import called

from anlan.apps.delivery import selectors, services
from anlan.apps.delivery.models import Delivery, Message, Notice
from anlan.apps.delivery.services import Draft, To
from anlan.apps.org.models import Agency
from anlan.apps.org.scope import Scope

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft() -> Draft:
    from anlan.drill.world import build

    world = build(scenario())
    source = world.sources["s1"]
    county = Agency.objects.by_the_machine().get(code="zz")
    return Draft(
        key="t1", kind="informed", subject="warning:1", enterprise=source.enterprise, source_id=source.pk,
        level="orange", due_at=at("08:00"), sent_at=at("08:00"), to=(To("agency:zz", "县局", agency_id=county.pk),),
        title="橙色预警",
    )  # fmt: skip


def test_the_inbox_has_the_message_as_soon_as_it_is_committed(draft: Draft) -> None:
    services.post(draft)
    message = Message.objects.by_the_machine().get()
    assert (message.recipient, message.notice.sent_at, message.read_at) == ("agency:zz", at("08:00"), None)
    assert not Delivery.objects.exists()  # nothing is left to send


def test_a_key_that_exists_undoes_the_decision(draft: Draft) -> None:
    services.post(draft)
    with pytest.raises(IntegrityError), transaction.atomic():
        services.post(draft)
    assert Notice.objects.by_the_machine().count() == 1


def test_reading_is_recorded_the_first_time_only(draft: Draft) -> None:
    services.post(draft)
    message = Message.objects.by_the_machine().get()
    assert services.mark_read(message, by=called("a"), at=at("08:01"))
    assert not services.mark_read(message, by=called("b"), at=at("08:02"))
    row = Message.objects.by_the_machine().get()
    assert (row.read_at, row.read_by) == (at("08:01"), "a")


def test_an_inbox_is_what_is_addressed_to_the_seat_not_what_may_be_seen(draft: Draft) -> None:
    services.post(draft)
    county = Agency.objects.by_the_machine().get(code="zz")
    city = Agency.objects.by_the_machine().get(code="jc")
    assert selectors.inbox(Scope(agency_paths=(county.path,))).count() == 1
    assert selectors.inbox(Scope(agency_paths=(city.path,))).count() == 0
    assert Message.objects.visible_to(Scope(agency_paths=(city.path,))).count() == 1


def test_an_outside_channel_gets_a_queued_row_by_colour(draft: Draft, settings: Any) -> None:
    settings.CONFIG = replace(settings.CONFIG, apprise_urls="json://127.0.0.1:9/x")
    services.post(draft)
    services.post(replace(draft, key="t2", level="red"))
    rows = Delivery.objects.filter(channel="apprise").order_by("priority")
    assert [(row.state, row.message.notice.level) for row in rows] == [("queued", "red"), ("queued", "orange")]

"""What providers post back over the web: only with the channel's secret, in any order, more than once."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from tests.unit.apps.delivery.doubles import Line, build, install

from anlan import now as clock
from anlan.apps.delivery.models import Delivery, DeliveryState, Message, Notice
from anlan.apps.delivery.services import Draft, To, post, receipts
from anlan.apps.journal import services as journal
from anlan.apps.org.models import Agency
from anlan.channels.reports import Reports

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "a-secret-of-the-provider"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Delivery:
    """A letter that the provider took under the number m-1 a minute ago."""
    line = Line("sms")
    line.reports = Reports(SECRET, bad_address=("DEAD",), answer='{"code":0}')
    install(monkeypatch, line)
    source, now = build(), clock.now()
    county = Agency.objects.by_the_machine().get(code="zz")
    notice = post(
        Draft(
            key="n1", kind="informed", subject="warning:1", enterprise=source.enterprise, source_id=source.pk,
            level="red", due_at=now, sent_at=now, title="红色预警", to=(To("agency:zz", "县局", agency_id=county.pk),),
        )
    )  # fmt: skip
    Delivery.objects.all().delete()
    return Delivery.objects.create(
        message=notice.messages.get(),
        channel="sms",
        key="n1/sms",
        state=DeliveryState.SENT,
        provider_id="m-1",
        sent_at=now - timedelta(minutes=1),
    )


def report(value: Any, secret: str = SECRET, channel: str = "sms") -> Any:
    client = Client(enforce_csrf_checks=True)
    return client.post(f"/api/v1/receipts/{channel}/?secret={secret}", json.dumps(value), "application/json")


def test_a_report_marks_the_letter_and_the_provider_hears_its_word(sent: Delivery) -> None:
    answer = report([{"id": "m-1", "state": "delivered", "at": "2024-03-01T08:00:05+08:00"}])
    assert (answer.status_code, answer.json()) == (200, {"code": 0})
    sent.refresh_from_db()
    assert sent.state == DeliveryState.DELIVERED
    first = sent.delivered_at
    report({"id": "m-1", "state": "delivered"})
    sent.refresh_from_db()
    assert sent.delivered_at == first


def test_a_pressed_key_is_a_reading(sent: Delivery) -> None:
    assert report({"id": "m-1", "state": "read"}).status_code == 200
    message = Message.objects.by_the_machine().get(pk=sent.message_id)
    assert (message.read_by, message.read_at is not None) == ("channel:sms", True)


def test_a_letter_that_did_not_arrive_is_failed(sent: Delivery) -> None:
    report({"id": "m-1", "state": "UNDELIV", "error": "DEAD"})
    sent.refresh_from_db()
    assert (sent.state, "DEAD" in sent.error) == (DeliveryState.FAILED, True)


@pytest.mark.parametrize(("secret", "channel"), [("", "sms"), ("wrong", "sms"), (SECRET, "voice")])
def test_without_the_channels_secret_nothing_changes(sent: Delivery, secret: str, channel: str) -> None:
    assert report({"id": "m-1", "state": "delivered"}, secret, channel).status_code == 404
    sent.refresh_from_db()
    assert sent.state == DeliveryState.SENT


def test_an_unknown_number_is_asked_for_again_and_the_rest_is_used(sent: Delivery) -> None:
    answer = report([{"id": "m-2", "state": "delivered"}, {"id": "m-1", "state": "delivered"}])
    assert answer.status_code == 503
    assert "1 条回执的编号不认识" in answer.json()["detail"]
    sent.refresh_from_db()
    assert sent.state == DeliveryState.DELIVERED


def test_rubbish_is_refused_in_words(sent: Delivery) -> None:
    assert "没有消息编号" in report({"state": "delivered"}).json()["detail"]
    assert report([]).status_code == 422
    assert report("x" * 300_000).status_code == 413


@pytest.mark.case("B1")
@pytest.mark.parametrize(
    "at", ["9" * 5000, "9" * 400, "0001-01-01", "9999-12-31T23:59:59-12:00", "2024-03-01 08:00:00", 86400]
)
def test_a_reading_is_never_earlier_than_the_notice_nor_later_than_its_report(sent: Delivery, at: Any) -> None:
    """A provider's clock or zone may be wrong by hours: who read when ranks counties."""
    before = clock.now()
    assert report({"id": "m-1", "state": "read", "at": at}).status_code == 200
    message = Message.objects.by_the_machine().get(pk=sent.message_id)
    assert message.read_at is not None
    assert before <= message.read_at <= clock.now()


@pytest.mark.case("B1")
def test_the_providers_own_time_of_a_reading_stands_where_it_can_be(sent: Delivery) -> None:
    Notice.objects.by_the_machine().update(sent_at=clock.now() - timedelta(minutes=1))
    at = clock.now() - timedelta(seconds=20)
    assert report({"id": "m-1", "state": "read", "at": round(at.timestamp() * 1000)}).status_code == 200
    found = Message.objects.by_the_machine().get(pk=sent.message_id).read_at
    assert found is not None
    assert abs(found - at) < timedelta(milliseconds=1)


@pytest.mark.case("B1")
def test_a_report_that_is_nested_without_end_is_refused_in_words(sent: Delivery) -> None:
    answer = Client().post(f"/api/v1/receipts/sms/?secret={SECRET}", b"[" * 100_000, "application/json")
    assert (answer.status_code, "不是 JSON" in answer.json()["detail"]) == (422, True)


def test_the_secret_may_come_as_a_bearer(sent: Delivery) -> None:
    headers = {"Authorization": f"Bearer {SECRET}"}
    answer = Client().post(
        "/api/v1/receipts/sms/", "id=m-1&state=delivered", "application/x-www-form-urlencoded", headers=headers
    )
    assert answer.status_code == 200


@pytest.mark.case("B5")
def test_a_number_that_the_provider_gives_again_means_its_newest_letter(sent: Delivery) -> None:
    """A modem counts to 255, a gateway from 1 after every restart."""
    notice = sent.message.notice
    again = Delivery.objects.create(
        message=Message.objects.create(
            notice=notice, enterprise=notice.enterprise, recipient="agency:yy", recipient_kind="agency",
            recipient_name="市局", agency=Agency.objects.by_the_machine().get(code="zz"),
        ),
        channel="sms", key="n1/sms/2", state=DeliveryState.SENT, provider_id="m-1", sent_at=clock.now(),
    )  # fmt: skip
    Delivery.objects.filter(pk=sent.pk).update(state=DeliveryState.DELIVERED, delivered_at=sent.sent_at)
    assert report({"id": "m-1", "state": "UNDELIV", "error": "BUSY"}).status_code == 200
    again.refresh_from_db()
    sent.refresh_from_db()
    assert (sent.state, again.state) == (DeliveryState.DELIVERED, DeliveryState.FAILED)


@pytest.mark.case("B5")
def test_control_signs_about_a_number_and_an_error_are_no_part_of_them(sent: Delivery) -> None:
    """A text that was padded in C: PostgreSQL takes no NUL, and no report may fail for one."""
    assert report({"id": "m-1\0\0", "state": "UNDELIV", "error": "BUSY\0\r\n"}).status_code == 200
    sent.refresh_from_db()
    assert (sent.state, sent.error) == (DeliveryState.FAILED, "BUSY")


@pytest.mark.case("B5")
def test_a_failure_that_came_a_moment_earlier_is_not_made_a_reading(
    sent: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two reports at the same instant: the second waits for the first, and sees what that has made of the letter."""
    hold = journal.hold

    def first_the_other(chains: Any, **how: Any) -> Any:
        held = hold(chains, **how)
        Delivery.objects.filter(pk=sent.pk, state=DeliveryState.SENT).update(state=DeliveryState.FAILED)
        return held

    monkeypatch.setattr(receipts.journal, "hold", first_the_other)
    assert report({"id": "m-1", "state": "read"}).status_code == 200
    sent.refresh_from_db()
    assert (sent.state, sent.delivered_at) == (DeliveryState.FAILED, None)

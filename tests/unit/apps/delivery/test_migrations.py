"""The rows that stood for the platform's own inbox are removed; what was read stays read."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from tests.acceptance.worlds import at, scenario
from tests.hats import called

from anlan.apps.delivery import services
from anlan.apps.delivery.models import Contact, Delivery, Message
from anlan.apps.delivery.services import Draft, To
from anlan.apps.org.models import Person

pytestmark = pytest.mark.django_db


def test_only_what_went_outside_is_kept_as_a_delivery() -> None:
    from anlan.testing.drill.world import build

    source = build(scenario()).sources["s1"]
    services.post(
        Draft(
            key="t1", kind="informed", subject="warning:1", enterprise=source.enterprise, source_id=source.pk,
            level="red", due_at=at("08:00"), sent_at=at("08:00"), to=(To("agency:zz", "县局"),), title="红色预警",
        )
    )  # fmt: skip
    message = Message.objects.by_the_machine().get()
    services.mark_read(message, by=called("a"), at=at("08:01"))
    for channel in ("in_app", "sms"):
        Delivery.objects.create(message=message, channel=channel, key=f"t1/{channel}")
    migration = import_module("anlan.apps.delivery.migrations.0002_message_is_the_platform_delivery")
    for _ in range(2):
        migration.drop_in_app(apps, SimpleNamespace(connection=connection))
    assert [row.channel for row in Delivery.objects.all()] == ["sms"]
    assert Message.objects.by_the_machine().get().read_at == at("08:01")


@pytest.mark.case("B1")
def test_numbers_that_a_status_of_the_transport_had_disabled_are_used_again_and_no_others() -> None:
    person = Person.objects.create(code="p1", name="甲")
    for number, because in enumerate(("对方应答 404", "对方应答 410：gone", "号码不存在", "换号")):
        Contact.objects.create(
            person=person, channel="sms", address=str(number), is_enabled=False, disabled_because=because,
            disabled_at=at("08:00"),
        )  # fmt: skip
    migration = import_module("anlan.apps.delivery.migrations.0007_numbers_disabled_by_a_status")
    migration.put_back(apps, SimpleNamespace(connection=connection))
    rows = Contact.objects.order_by("address").values_list("is_enabled", "disabled_because")
    assert list(rows) == [(True, ""), (True, ""), (False, "号码不存在"), (False, "换号")]

"""The rows that stood for the platform's own inbox are removed; what was read stays read."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from tests.acceptance.worlds import at, scenario

from anlan.apps.delivery import services
from anlan.apps.delivery.models import Delivery, Message
from anlan.apps.delivery.services import Draft, To

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
    services.mark_read(message, actor="user:a", at=at("08:01"))
    for channel in ("in_app", "sms"):
        Delivery.objects.create(message=message, channel=channel, key=f"t1/{channel}")
    migration = import_module("anlan.apps.delivery.migrations.0002_message_is_the_platform_delivery")
    for _ in range(2):
        migration.drop_in_app(apps, SimpleNamespace(connection=connection))
    assert [row.channel for row in Delivery.objects.all()] == ["sms"]
    assert Message.objects.by_the_machine().get().read_at == at("08:01")

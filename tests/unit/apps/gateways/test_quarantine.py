"""What was refused is kept with its reason, and a sender that repeats itself cannot fill the database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.unit.apps.conftest import NOON

from anlan.apps.gateways.models import Quarantined
from anlan.apps.gateways.services import PacketRefused, quarantine
from anlan.testing.sites import Site

pytestmark = pytest.mark.django_db


def test_the_same_refusal_within_an_hour_is_one_row_with_a_count(world: list[Site]) -> None:
    gateway = world[0].gateway
    quarantine([PacketRefused(gateway, "malformed", "不是完整的 JSON", NOON, "{", 1, repeats=3)])
    quarantine(
        [PacketRefused(gateway, "malformed", "不是完整的 JSON", NOON + timedelta(minutes=59), "{", 1, repeats=4)]
    )
    row = Quarantined.objects.get()
    assert row.repeats == 7
    assert row.enterprise is not None
    assert row.enterprise.code == world[0].enterprise
    quarantine([PacketRefused(gateway, "malformed", "不是完整的 JSON", NOON + timedelta(hours=2), "{", 1)])
    assert Quarantined.objects.count() == 2


def test_a_stranger_is_kept_without_an_enterprise(world: list[Site]) -> None:
    quarantine([PacketRefused("（未登记）", "unknown_gateway", "网关 x 未登记", NOON)])
    assert Quarantined.objects.get().enterprise is None


def test_control_characters_do_not_reach_the_records(world: list[Site]) -> None:
    quarantine([PacketRefused(world[0].gateway, "malformed", "a\x00b", NOON, "\x00\x1b[31m" + "长" * 900)])
    row = Quarantined.objects.get()
    assert "\x00" not in row.detail + row.excerpt
    assert len(row.excerpt) == 500

"""What a message says of the alarm behind a warning: point, value and limit, in the first line that is shown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.acceptance.worlds import at
from tests.hats import officer
from tests.unit.apps.warnings.test_flood import World

from anlan.apps.delivery.models import Notice
from anlan.apps.obligations import services as obligations
from anlan.apps.warnings import services as warnings

pytestmark = [pytest.mark.django_db, pytest.mark.case("F19")]
ALARM = "LI-3 液位3 高高报 95.00 %（限值 90.00），03-01 08:00:00。"


def bodies(kind: str) -> set[str]:
    return set(Notice.objects.by_the_machine().filter(kind=kind).values_list("body", flat=True))


def test_a_warning_names_point_value_and_limit_before_anything_else() -> None:
    World().alarm(3, began=at("08:00"))
    (informed,) = bodies("informed")
    assert informed.startswith(ALARM)
    assert "预警编号" in informed


def test_a_notice_and_a_site_order_say_what_stands_when_they_go_out() -> None:
    world = World()
    world.alarm(3, began=at("08:00"))
    world.alarm(4, began=at("08:05"))
    obligations.run_due(at("08:36"))
    obligations.run_due(at("08:36") + timedelta(hours=72))
    notices, orders = bodies("notice"), bodies("site_order")
    assert notices
    assert orders
    assert all(body.endswith(ALARM) for body in notices | orders)


def test_what_is_back_within_its_limits_is_named_by_no_notice() -> None:
    world = World()
    world.alarm(3, began=at("08:00"))
    warnings.raise_manual(world.source, "red", by=officer(world.source, "示例值班"), at=at("08:01"), text="现场泄漏")
    world.alarm(3, began=at("08:00"), now=at("08:02"), change="cleared")
    obligations.run_due(at("08:32"))
    (notice,) = bodies("notice")
    assert "LI-3" not in notice


def test_a_warning_raised_by_hand_gives_the_words_of_who_raised_it() -> None:
    source = World().source
    warnings.raise_manual(source, "red", by=officer(source, "示例值班"), at=at("08:01"), text="现场泄漏")
    (informed,) = bodies("informed")
    assert informed.startswith("预警编号")
    assert "现场泄漏" in informed


def test_a_clearing_says_how_far_it_went_and_gives_no_cause_that_is_gone() -> None:
    world = World()
    world.alarm(3, began=at("08:00"))
    world.alarm(4, began=at("08:01"))
    world.alarm(3, 4, began=at("08:00"), now=at("08:02"), change="cleared")
    world.alarm(4, began=at("08:01"), now=at("08:03"), change="cleared")
    (cleared,) = bodies("cleared")
    assert "最高曾达红色预警" in cleared
    assert "定级依据" not in cleared

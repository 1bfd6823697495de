"""The schematic map shows where enterprises lie, also when one of them was registered on the moon."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tests import neighbours
from tests.neighbours import World

from anlan import now as clock
from anlan.apps.org.scope import EVERYTHING
from anlan.apps.registry.models import Enterprise
from anlan.pages.overview.figures import HEIGHT, WIDTH, map_dots
from anlan.pages.overview.frame import frame_of

TOWN = [(118.1 + 0.01 * number, 24.4 + 0.007 * (number * 3 % 10)) for number in range(10)]


@pytest.mark.case("F11")
@pytest.mark.parametrize("far", [(0.0, 0.0), (812.4, 24.4), (118.1, 89.0), (24.4, 118.1), (87.6, 43.8)])
def test_one_place_far_off_does_not_shrink_the_frame(far: tuple[float, float]) -> None:
    frame = frame_of([*TOWN, far])
    assert frame == frame_of(TOWN)
    assert not frame.holds(*far)


def test_a_province_is_a_frame_as_wide_as_it_is() -> None:
    province = [(97.5 + number, 28.0 + number * 0.4) for number in range(12)]
    frame = frame_of(province)
    assert all(frame.holds(*place) for place in province)
    two = frame_of([(75.9, 39.5), (131.0, 46.6)])
    assert (two.west, two.east) == (75.9, 131.0)


@given(some.lists(some.tuples(some.floats(-1000, 1000), some.floats(-1000, 1000)), min_size=1, max_size=30))
def test_whatever_is_registered_there_is_a_frame_with_somebody_in_it(places: list[tuple[float, float]]) -> None:
    frame = frame_of(places)
    assert any(frame.holds(*place) for place in places)


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now())


@pytest.mark.django_db
@pytest.mark.case("F11")
def test_a_dot_outside_stands_on_the_border_and_is_told(world: World) -> None:
    for number, enterprise in enumerate(Enterprise.objects.by_the_machine().order_by("code")):
        place: Any = (0.0, 0.0) if number == 0 else (118.1 + number / 100, 24.4 + number / 100)
        Enterprise.objects.by_the_machine().filter(pk=enterprise.pk).update(longitude=place[0], latitude=place[1])
    dots = map_dots(EVERYTHING, {})
    lost = Enterprise.objects.by_the_machine().order_by("code").first()
    assert lost is not None
    assert [dot.outside for dot in dots if dot.outside] == [(str(lost),)]
    assert all(0 <= dot.x <= WIDTH and 0 <= dot.y <= HEIGHT for dot in dots)
    assert len({(dot.x, dot.y) for dot in dots}) == len(dots)
    page = world.client("city").get("/").content.decode()
    assert f"1 家的位置远在图外，画在边上：{lost}" in page

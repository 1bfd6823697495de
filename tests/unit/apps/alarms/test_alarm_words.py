"""Alarms by words: of the enterprise, the tag, the name and the code, and never beyond the scope."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from tests.unit.apps.conftest import NOON

from anlan.apps.alarms import selectors
from anlan.apps.alarms.models import Alarm
from anlan.apps.org.models import Agency, AgencyLevel
from anlan.apps.org.scope import EVERYTHING, Scope
from anlan.apps.registry.models import Enterprise, Point
from anlan.pages.alarms import tables
from anlan.testing.sites import Site

pytestmark = pytest.mark.django_db


@pytest.fixture
def alarms(world: list[Site]) -> None:
    """Two alarms of each of two points of each enterprise. The first point has signs of patterns in its tag."""
    for number, site in enumerate(world):
        Enterprise.objects.filter(code=site.enterprise).update(name=f"示例{'甲乙'[number]}厂")
        points = list(Point.objects.filter(code__in=site.points[:2]).order_by("code"))
        Point.objects.filter(pk=points[0].pk).update(tag=r"PT-1%_\a", name="压力一")
        Point.objects.filter(pk=points[1].pk).update(tag="TT-2", name="温度二")
        for place, point in enumerate(points):
            for turn in range(2):
                at = NOON + timedelta(minutes=10 * number + 3 * place + turn)
                Alarm.objects.create(
                    id=f"{number}{place}{turn}".rjust(32, "0"), enterprise_id=point.enterprise_id, point=point,
                    source_id=point.source_id, side="high", state="cleared", level="H", worst="H", started_at=at,
                    raised_at=at, detected_at=at, changed_at=at, cleared_at=at,
                )  # fmt: skip


def found(words: str, scope: Scope = EVERYTHING, **asked: str) -> list[str]:
    """The last signs of the keys, newest first: enterprise, point, turn."""
    request = SimpleNamespace(path="/", GET=QueryDict(urlencode({"q": words, **asked})))
    page = tables.ALARMS.read(request, selectors.alarms_visible(scope))  # type: ignore[arg-type]
    keys = [row.pk[-3:] for row in page]
    assert page.total == len(keys)
    return keys


PRESSURE = ["101", "100", "001", "000"]
TEMPERATURE = ["111", "110", "011", "010"]
FIRST = ["011", "010", "001", "000"]


@pytest.mark.usefixtures("alarms")
@pytest.mark.parametrize(
    ("words", "keys"),
    [
        ("压力", PRESSURE), ("温度二", TEMPERATURE), ("甲厂", FIRST), ("压力二", []), ("pt-1", PRESSURE),
        ("TT", TEMPERATURE), ("%", PRESSURE), ("_", PRESSURE), ("\\", PRESSURE), ("1%_\\A", PRESSURE),
        ("1__", []), ("%%", []), ("'", []),
    ],
)  # fmt: skip
def test_words_are_found_as_they_are_newest_first(words: str, keys: list[str]) -> None:
    assert found(words) == keys


@pytest.mark.usefixtures("alarms")
def test_a_code_finds_its_point_and_other_filters_hold(world: list[Site]) -> None:
    assert found(world[1].points[1]) == ["111", "110"]
    assert found("压力", enterprise=world[0].enterprise) == ["001", "000"]
    assert found("压力", sort="raised") == PRESSURE[::-1]
    assert found("示例", sort="point") == ["000", "001", "100", "101", "010", "011", "110", "111"]


@pytest.mark.usefixtures("alarms")
def test_a_city_finds_its_own_alone(world: list[Site]) -> None:
    city = Agency(code="c-words", name="示例市", level=AgencyLevel.CITY)
    city.save()
    county = Agency(code="x-words", name="示例县", level=AgencyLevel.COUNTY, parent=city)
    county.save()
    mine = Scope(agency_paths=(Agency.objects.by_the_machine().get(pk=city.pk).path,))
    assert found("示例", mine) == []
    Enterprise.objects.filter(code=world[0].enterprise).update(supervisor=county)
    assert found("示例", mine) == FIRST
    assert found("压力", mine) == ["001", "000"]
    assert found("乙厂", mine) == []

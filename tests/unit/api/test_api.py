"""The typed API: the same rows as the pages, faults told in Chinese, times with their zone."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from tests import neighbours
from tests.neighbours import World
from tests.unit.pages.recorded import record

from anlan import now as clock
from anlan.apps.alarms.models import Alarm, AlarmState
from anlan.apps.registry.models import Point

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now())


@pytest.fixture
def city(world: World) -> Client:
    return world.client("city")


def iso(at: datetime) -> str:
    return at.isoformat().replace("+", "%2B")


def trend(client: Client, code: str, **query: Any) -> Any:
    address = "&".join(f"{key}={value}" for key, value in query.items())
    return client.get(f"/api/v1/points/{code}/trend?{address}")


@pytest.mark.req("MON-15")
def test_a_week_of_a_point_comes_in_order_with_extremes_mean_and_threshold_lines(world: World, city: Client) -> None:
    point = Point.objects.select_related("gateway", "enterprise").get(pk=world.plants["a1"].point.pk)
    start = (world.now - timedelta(days=7)).replace(second=0, microsecond=0)
    written = record(point, start, 7 * 24 * 60 // 20, lambda at: 1.2 + 0.3 * math.sin(at.timestamp() / 5000))
    answer = trend(
        city, point.code, **{"from": iso(start), "to": iso(start + timedelta(days=7)), "buckets": 504}
    ).json()
    buckets = answer["buckets"]
    assert len(buckets["t"]) <= 504
    assert buckets["t"] == sorted(set(buckets["t"]))
    assert {len(column) for column in buckets.values()} == {len(buckets["t"])}
    for low, mean, high, count in zip(buckets["min"], buckets["mean"], buckets["max"], buckets["count"], strict=True):
        assert (low is None) == (count == 0)
        assert count == 0 or low <= mean <= high
    values = list(written.values())
    assert answer["summary"]["min"] == min(values)
    assert answer["summary"]["max"] == max(values)
    assert answer["summary"]["mean"] == pytest.approx(sum(values) / len(values), abs=0.002)
    assert answer["summary"]["count"] == len(values)
    assert answer["point"]["limits"] == {"ll": None, "l": None, "h": 1.5, "hh": 1.58}


def test_a_gap_is_null_and_never_a_line_across(world: World, city: Client) -> None:
    point = Point.objects.select_related("gateway", "enterprise").get(pk=world.plants["a1"].point.pk)
    start = (world.now - timedelta(hours=1)).replace(second=0, microsecond=0)
    record(point, start, 10, lambda at: 1.0)
    answer = trend(
        city, point.code, **{"from": iso(start), "to": iso(start + timedelta(hours=1)), "buckets": 60}
    ).json()
    assert answer["buckets"]["count"][-1] == 0
    assert answer["buckets"]["mean"][-1] is None


def test_alarms_of_the_stretch_are_shaded_and_others_not(world: World, city: Client) -> None:
    plant = world.plants["a1"]
    old = Alarm.objects.get(pk=plant.alarm.pk)
    old.pk, old.side, old.state = "earlier", "low", AlarmState.CLEARED
    old.started_at, old.cleared_at = world.now - timedelta(hours=9), world.now - timedelta(hours=8)
    old.save(force_insert=True)
    spans = trend(city, plant.point.code).json()["alarms"]
    assert [(span["side"], span["end"]) for span in spans] == [("high", None)]
    day = {"from": iso(world.now - timedelta(days=1)), "to": iso(clock.now())}
    assert [span["side"] for span in trend(city, plant.point.code, **day).json()["alarms"]] == ["low", "high"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"buckets": 0}, "buckets 太小"),
        ({"buckets": 2001}, "buckets 太大，至多 2000"),
        ({"buckets": "many"}, "buckets 应为整数"),
        ({"from": "yesterday"}, "from 应为带时区的时间"),
        ({"from": "2024-03-01T08:00:00"}, "from 应带时区"),
        ({"from": "2024-03-02T00:00:00Z", "to": "2024-03-01T00:00:00Z"}, "from 应早于 to"),
        ({"from": "2020-03-02T00:00:00Z", "to": "2024-03-01T00:00:00Z"}, "时段太长"),
    ],
)
def test_a_faulty_question_is_answered_in_words(world: World, city: Client, query: dict[str, Any], words: str) -> None:
    response = trend(city, world.plants["a1"].point.code, **query)
    assert response.status_code == 422
    assert words in response.json()["detail"]
    assert words in response.content.decode()


def test_lists_are_filtered_sorted_and_paged_like_the_pages(city: Client) -> None:
    first = city.get("/api/v1/alarms?per_page=2&sort=enterprise").json()
    assert (first["page"], first["pages"], first["total"], len(first["items"])) == (1, 2, 3, 2)
    assert [item["enterprise"] for item in first["items"]] == ["990121101", "990121102"]
    assert city.get("/api/v1/alarms?per_page=2&sort=enterprise&page=2").json()["items"][0]["enterprise"] == "990122101"
    assert city.get("/api/v1/alarms?level=H").json()["total"] == 0
    assert city.get("/api/v1/alarms?level=HH&side=high&side=low&state=uncleared").json()["total"] == 3
    assert city.get("/api/v1/alarms?side=sideways").status_code == 422


def test_an_alarm_says_when_it_was_sampled_and_when_it_was_known(world: World, city: Client) -> None:
    item = city.get("/api/v1/alarms?q=PT-a1").json()["items"][0]
    plant = world.plants["a1"]
    assert datetime.fromisoformat(item["started_at"]) == plant.alarm.started_at
    assert datetime.fromisoformat(item["detected_at"]) == plant.alarm.detected_at
    assert datetime.fromisoformat(item["started_at"]).tzinfo is not None
    assert (item["worst"], item["uncleared"], item["source"]) == ("HH", True, plant.source.code)


def test_enterprises_tell_their_level_links_and_counts(city: Client) -> None:
    items = city.get("/api/v1/enterprises?sort=code").json()["items"]
    assert [item["code"] for item in items] == ["990121101", "990121102", "990122101"]
    first = items[0]
    assert (first["warning_level"], first["uncleared_alarms"], first["sources"]) == ("orange", 1, 1)
    assert (first["link"], first["gateways"], first["gateways_online"]) == ("online", 1, 1)
    assert city.get("/api/v1/enterprises?level=orange&link=online&kind=production").json()["total"] == 3
    assert city.get("/api/v1/enterprises?kind=oil_depot").json()["total"] == 0
    assert city.get("/api/v1/enterprises?agency=county-b").json()["total"] == 1


def test_a_warning_comes_with_its_timeline_past_and_future(world: World, city: Client) -> None:
    warning = world.plants["a1"].warning
    detail = city.get(f"/api/v1/warnings/{warning.number}").json()
    assert detail["level"] == "orange"
    assert [episode["level"] for episode in detail["episodes"]] == ["orange"]
    kinds = [line["kind"] for line in detail["timeline"]]
    assert kinds[0] == "informed"
    future = [line for line in detail["timeline"] if line["future"]]
    assert datetime.fromisoformat(future[0]["at"]) == warning.opened_at + timedelta(hours=1)
    assert detail["receipts"]
    assert all(receipt["read_at"] is None for receipt in detail["receipts"])


def test_newest_values_say_that_the_engine_did_not_answer(world: World, city: Client) -> None:
    code = world.plants["a1"].point.code
    assert city.get(f"/api/v1/points/live?points={code}").json() == {"answered": False, "items": []}
    assert city.get("/api/v1/points/live").status_code == 422
    assert city.get(f"/api/v1/points/live?points={code},nobody").status_code == 404


def test_the_description_of_the_api_is_for_those_who_logged_in(world: World, city: Client) -> None:
    nobody = world.client("")
    for path in ("/api/v1/docs", "/api/v1/openapi.json"):
        assert nobody.get(path).status_code == 401
        assert city.get(path).status_code == 200
    assert nobody.get("/api/v1/alarms").json() == {"detail": "请先登录。"}
    schema = city.get("/api/v1/openapi.json").json()
    assert all(set(methods) == {"get"} for methods in schema["paths"].values()), "the API only reads"


def test_an_address_that_does_not_exist_is_told(city: Client) -> None:
    answer = city.get("/api/v1/points/990121101001G0001YL999/trend")
    assert answer.status_code == 404
    assert "管辖范围" in answer.json()["detail"]


def test_a_quiet_hour_is_one_empty_stretch(world: World, city: Client) -> None:
    answer = trend(city, world.plants["a1"].point.code).json()
    assert set(answer["buckets"]["count"]) == {0}
    assert answer["summary"] == {"min": None, "max": None, "mean": None, "count": 0}
    assert datetime.fromisoformat(answer["to"]).astimezone(UTC) <= clock.now()

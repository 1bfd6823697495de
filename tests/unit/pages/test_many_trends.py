"""Curves of many points, figures by day, single samples, Parquet: scoped, bounded, true to what was stored."""

from __future__ import annotations

import builtins
import json
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from tests import neighbours
from tests.hats import called
from tests.neighbours import Plant, World
from tests.unit.pages.recorded import record

from anlan import now as clock
from anlan.apps.alarms.models import Retrospective
from anlan.apps.history.models import Block
from anlan.apps.history.selectors import daily
from anlan.apps.history.services.export import MISSING, ExportUnavailable, export, export_day
from anlan.apps.registry.models import Point
from anlan.apps.registry.services import change_limits
from anlan.rules.calendar import civil_day, midnight

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now())


def officer(world: World) -> Client:
    return world.client("county")


def mine(world: World) -> Plant:
    return world.plants["a1"]


def theirs(world: World) -> Plant:
    return world.plants["b1"]


def iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def hour_ago() -> datetime:
    return clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)


def test_many_curves_in_one_answer_are_those_of_each_by_itself(world: World) -> None:
    point, start = mine(world).point, hour_ago()
    written = record(point, start, 60, lambda at: 40.0 + at.minute / 2)
    stretch = f"from={iso(start)}&to={iso(start + timedelta(hours=1))}&buckets=30"
    client = officer(world)
    many = client.get(f"/api/v1/points/trends?points={point.code}&{stretch}").json()
    one = client.get(f"/api/v1/points/{point.code}/trend?{stretch}").json()
    [item] = many["items"]
    assert item["buckets"] == one["buckets"]
    assert item["summary"]["count"] == len(written)
    assert (item["summary"]["min"], item["summary"]["max"]) == (min(written.values()), max(written.values()))
    assert item["lost"] == []


@pytest.mark.req("DQ-12")
def test_the_limits_of_a_stretch_are_those_that_held_in_it(world: World) -> None:
    point, start = mine(world).point, hour_ago()
    record(point, start, 5, lambda at: 40.0)
    before = point.h
    change_limits(point, by=called("x"), at=start + timedelta(minutes=30), h=before - 0.01)
    stretch = f"from={iso(start)}&to={iso(start + timedelta(hours=1))}"
    found = officer(world).get(f"/api/v1/points/{point.code}/trend?{stretch}").json()["settings"]
    assert [each["h"] for each in found] == [before, before - 0.01]
    assert datetime.fromisoformat(found[1]["since"]) == start + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("points=", "应有 1 至 100"),
        ("points=" + ",".join(f"p{n}" for n in range(101)), "应有 1 至 100"),
        ("points=a,b,c&from=2026-01-01T00:00:00Z&to=2027-02-02T00:00:00Z&buckets=5", "测点数乘天数"),
        ("points=a&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from 应早于 to"),
    ],
)
def test_what_would_be_too_much_is_refused_with_the_bound(world: World, query: str, words: str) -> None:
    answer = officer(world).get(f"/api/v1/points/trends?{query}")
    assert answer.status_code == 422
    assert words in json.loads(answer.content)["detail"]


def test_one_foreign_point_refuses_the_whole(world: World) -> None:
    both = f"{mine(world).point.code},{theirs(world).point.code}"
    for address in (f"trends?points={both}", f"statistics?points={both}", f"{theirs(world).point.code}/samples"):
        assert officer(world).get(f"/api/v1/points/{address}").status_code == 404


def test_single_samples_come_back_as_they_were_stored(world: World) -> None:
    point, start = mine(world).point, hour_ago()
    written = record(point, start, 3, lambda at: 40.0 + at.second)
    stretch = f"from={iso(start)}&to={iso(start + timedelta(hours=1))}"
    found = officer(world).get(f"/api/v1/points/{point.code}/samples?{stretch}").json()
    assert found["value"] == list(written.values())
    assert found["t"] == [at.timestamp() * 1000 for at in written]
    too_long = f"from={iso(start - timedelta(days=2))}&to={iso(start)}"
    assert officer(world).get(f"/api/v1/points/{point.code}/samples?{too_long}").status_code == 422


def test_a_day_has_its_extremes_and_the_minutes_in_which_a_limit_was_reached(world: World) -> None:
    point = Point.objects.by_the_machine().select_related("gateway", "enterprise").get(pk=mine(world).point.pk)
    day = civil_day(clock.now()) - timedelta(days=2)
    start = midnight(day) + timedelta(hours=3)
    high = point.h
    record(point, start, 10, lambda at: high + 1 if 3 <= (at - start).total_seconds() // 60 < 7 else high - 5)
    [one, empty] = daily([point], midnight(day), midnight(day + timedelta(days=2)))[point.code]
    assert (one.day, one.count, one.minutes) == (day, 20, 10)
    assert (one.lowest, one.highest, one.beyond["h"]) == (high - 5, high + 1, 4)
    assert one.mean == pytest.approx(high - 5 + 6 * 0.4)
    assert (empty.count, empty.highest) == (0, None)
    answer = officer(world).get(f"/api/v1/points/statistics?points={point.code}&from={day}&to={day}").json()
    assert answer["items"][0]["days"][0]["beyond"]["h"] == 4


def test_parquet_reads_back_as_what_was_stored(world: World, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    point = Point.objects.by_the_machine().select_related("gateway", "enterprise").get(pk=mine(world).point.pk)
    day = civil_day(clock.now()) - timedelta(days=2)
    written = record(point, midnight(day + timedelta(days=1)) - timedelta(minutes=5), 10, lambda at: 40.125 + at.minute)
    gateways = {point.gateway.code: [point.code]}
    done = list(export(point.enterprise.code, gateways, day - timedelta(days=1), day + timedelta(days=2), tmp_path))
    assert [(each.day, each.samples, each.damaged) for each in done] == [(day, 10, 0), (day + timedelta(days=1), 10, 0)]
    rows = [row for each in done for row in parquet.read_table(each.path).to_pylist()]
    assert {row["sampled_at"]: row["value"] for row in rows} == written
    assert {(row["point"], row["gateway"], row["quality"]) for row in rows} == {(point.code, point.gateway.code, 0)}
    assert not list(tmp_path.rglob("*.part"))
    Block.objects.update(body=b"ANB\x01 damaged")
    assert export_day(point.enterprise.code, gateways, day, tmp_path / "one.parquet").damaged > 0


def test_a_day_is_downloaded_by_who_may_see_it(world: World) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    point = mine(world).point
    day = civil_day(clock.now()) - timedelta(days=2)
    written = record(point, midnight(day), 3, lambda at: 40.125 + at.second)
    answer = officer(world).get(f"/api/v1/history/{point.enterprise.code}/{day}")
    assert answer.status_code == 200
    assert parquet.read_table(BytesIO(answer.content)).column("value").to_pylist() == list(written.values())
    assert officer(world).get(f"/api/v1/history/{theirs(world).enterprise.code}/{day}").status_code == 404


def test_without_pyarrow_the_export_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ExportUnavailable, match="setup --full"):
        export_day("e", {}, date(2026, 3, 1), tmp_path / "x.parquet")
    assert "pyarrow" in MISSING


@pytest.mark.reliability(23)
def test_figures_of_a_period_say_that_late_data_revised_it(world: World) -> None:
    point, now = mine(world).point, clock.now()
    yesterday = civil_day(now) - timedelta(days=1)
    address = f"/statistics/?table=daily&period=day&date={yesterday}"
    assert "本期有修订" not in officer(world).get(address).content.decode()
    at = midnight(yesterday) + timedelta(hours=9)
    Retrospective.objects.create(
        id="r1", enterprise=point.enterprise, source=point.source, point=point, shown="excursion", side="high",
        worst="H", limit=80.0, extreme=86.0, started_at=at, cleared_at=at + timedelta(minutes=5), received_at=now,
        found_at=now,
    )  # fmt: skip
    assert "本期有修订" in officer(world).get(address).content.decode()
    assert officer(world).get(f"/api/v1/metrics?table=daily&period=day&date={yesterday}").json()["revisions"] == 1
    page = officer(world).get("/alarms/late/").content.decode()
    assert point.tag in page
    assert "补到的越限" in page
    assert "补到的越限" in officer(world).get(f"/points/{point.code}/").content.decode()


def test_the_page_of_curves_names_every_point_of_the_filter(world: World) -> None:
    page = officer(world).get(f"/points/trends/?enterprise={mine(world).enterprise.code}").content.decode()
    for code in Point.objects.by_the_machine().filter(enterprise=mine(world).enterprise).values_list("code", flat=True):
        assert f'data-code="{code}"' in page
    assert theirs(world).point.code not in page

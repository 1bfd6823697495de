"""One limit is asked for on screen, waits on the county's to-do list, is approved there, and stands in the history."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from tests import neighbours
from tests.neighbours import World

from anlan import now as clock
from anlan.apps.accounts.models import Grant
from anlan.apps.changes.models import ChangeRequest
from anlan.apps.enrolment.services import sheet_named
from anlan.apps.org.models import Role
from anlan.apps.registry.models import Point

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now())


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def handler(world: World) -> Client:
    """The county's officer, who handles and not only watches."""
    Grant.objects.filter(user=world.users["county"]).update(role=Role.HANDLER)
    return world.client("county")


def typed(point: Point, **changes: Any) -> dict[str, Any]:
    """The form as it comes, with some fields filled in otherwise."""
    held = sheet_named("点位").values_of(point)
    names = ("ll", "l", "h", "hh", "deadband", "on_delay_s", "off_delay_s", "flatline_s", "no_data_s")
    return {name: "" if held[name] is None else held[name] for name in names} | changes


def test_a_limit_is_asked_for_approved_and_kept_in_the_history(world: World) -> None:
    point = world.plants["a1"].point
    holder, county = world.client("holder"), handler(world)
    path = f"/points/{point.code}/"
    assert "改限值" in page(holder, path)
    assert "提出变更申请" in page(holder, f"{path}limits/")
    refused = holder.post(f"{path}limits/", typed(point, hh="1.75"))
    assert refused.status_code == 422
    assert "请写明理由" in refused.content.decode()
    assert 'value="1.75"' in refused.content.decode()
    answer = holder.post(f"{path}limits/", typed(point, hh="1.75", reason="设计复核"))
    asked = ChangeRequest.objects.by_the_machine().get(reason="设计复核")
    assert (answer.status_code, answer["Location"]) == (302, f"/changes/{asked.pk}/")
    assert "放宽" in page(holder, f"/changes/{asked.pk}/")
    assert "变更申请待决定" in page(county, "/todo/")
    assert "设计复核" in page(county, "/changes/")
    assert holder.post(f"/changes/{asked.pk}/approve/", {"text": ""}).status_code == 403
    blank = county.post(f"/changes/{asked.pk}/refuse/", {"text": ""})
    assert blank.status_code == 422
    assert county.post(f"/changes/{asked.pk}/approve/", {"text": "同意"}).status_code == 302
    point.refresh_from_db()
    assert point.hh == 1.75
    history = page(holder, path)
    assert "设计复核" in history
    assert "高高限" in history
    whole = page(holder, f"/changes/history/?enterprise={point.enterprise.code}&kind=point")
    assert "高高限 1.58 → 1.75" in whole
    assert "设计复核" in whole
    assert "变更历史" in page(holder, f"/enterprises/{point.enterprise.code}/")
    assert "设计复核" not in page(world.client("stranger"), "/changes/history/")
    assert world.client("stranger").get(f"/changes/{asked.pk}/").status_code == 404


def test_its_county_changes_a_limit_at_once_and_who_only_watches_does_not(world: World) -> None:
    point = world.plants["a1"].point
    path = f"/points/{point.code}/limits/"
    watching = world.client("county")
    assert watching.get(path).status_code == 403
    assert watching.post(path, typed(point, hh="1.9", reason="复核")).status_code == 403
    county = handler(world)
    assert "修改限值" in page(county, path)
    illogical = county.post(path, typed(point, hh="0.01", reason="复核"))
    assert illogical.status_code == 422
    assert county.post(path, typed(point, hh="1.9", reason="复核")).status_code == 302
    point.refresh_from_db()
    assert (point.hh, point.revision) == (1.9, 2)

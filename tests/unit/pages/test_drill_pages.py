"""The drill pages: what is listed, run, refused, and who sees whose; the real command is run once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests import neighbours
from tests.neighbours import World
from tests.unit.drill.test_scenario import GOOD

from anlan import lessons, now
from anlan.apps.drills import child, services
from anlan.apps.drills.models import Run, RunState, Uploaded
from anlan.apps.journal.models import Entry
from anlan.apps.org.access import REFUSED
from anlan.apps.warnings.models import Warning
from anlan.pages.drills import views

pytestmark = pytest.mark.django_db
KEY = "04-risen-within-the-hour"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """The neighbours; a run is carried out before the answer instead of beside it."""
    monkeypatch.setattr(views, "apart", lambda run: services.carry_out(run.pk))
    return neighbours.build(now.now())


def outcome(**fields: Any) -> Any:
    return lambda text, *more: child.PlayOutcome(**fields)


def send(world: World, who: str, text: str) -> Any:
    file = SimpleUploadedFile("剧本.yaml", text.encode())
    return world.client(who).post("/drills/upload/", {"file": file})


def test_a_teaching_drill_runs_in_another_process_and_touches_no_warning(world: World) -> None:
    client, before = world.client("county"), list(Warning.objects.values())
    answer = client.post(f"/drills/{KEY}/", follow=True)
    page = answer.content.decode()
    run = Run.objects.get()
    assert (run.state, run.by, run.agency) == (RunState.DONE, "示例county值", world.agencies["county-a"])
    assert "与规定相符" in page
    assert "09:10:00" in page
    assert "第十二条" in page
    assert "示例市应急管理局" in page
    assert list(Warning.objects.values()) == before
    entry = Entry.objects.get(act="drill_run")
    assert (entry.chain.key, entry.actor) == ("agency:county-a", "person:officer-county")


ROW = {
    "kind": "informed", "level": "red", "source": "s1", "step": None, "article": "第七条", "should_to": ["shi"],
    "should_at": "2025-05-19T08:40:00+08:00", "due": "2025-05-19T08:40:00+08:00", "at": None, "to": [],
    "mark": "absent",
}  # fmt: skip
RESULT = {"name": "例", "names": {"s1": "示例罐区"}, "rows": [ROW], "lines": []}


def test_every_page_is_marked_as_a_drill_and_has_no_level_colour(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "play", outcome(state=RunState.DONE, result=RESULT))
    client = world.client("county")
    client.post(f"/drills/{KEY}/")
    paths = ["/drills/", f"/drills/{KEY}/", "/drills/upload/", f"/drills/runs/{Run.objects.get().pk}/"]
    for path in paths:
        page = client.get(path).content.decode().partition("<main")[2]
        assert "以下都是推演，不是真实预警" in page, path
        assert "l-red" not in page, path
        assert "badge-lv" not in page, path
    assert "1 处与规定不符" in page
    assert "应有而无" in page


def test_all_teaching_drills_are_listed_with_their_question(world: World) -> None:
    client = world.client("holder")
    page = client.get("/drills/").content.decode()
    assert all(each.title in page for each in lessons.shipped())
    assert "第一份警示通报在几点" in client.get(f"/drills/{KEY}/").content.decode()


def test_an_upload_is_checked_and_says_the_line(world: World) -> None:
    answer = send(world, "county", GOOD.replace("level: orange", "level: pink"))
    assert answer.status_code == 422
    assert "没有保存。第 11 行：第 1 个事件 的 level 只能是" in answer.content.decode()
    assert not Uploaded.objects.exists()


@pytest.mark.parametrize(
    ("raw", "words"),
    [(b"x" * (64 * 1024 + 1), "超过 64 KB"), ("中文".encode("gbk"), "不是 UTF-8"), (b"", "空的"), (b"a: [", "YAML")],
)
def test_what_is_no_scenario_is_refused_in_words(world: World, raw: bytes, words: str) -> None:
    answer = world.client("county").post("/drills/upload/", {"file": SimpleUploadedFile("x.yaml", raw)})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Uploaded.objects.exists()


def test_an_upload_is_seen_by_its_unit_and_above_and_by_nobody_else(world: World) -> None:
    answer = send(world, "county", GOOD)
    key = Uploaded.objects.get().key
    assert answer.headers["Location"] == f"/drills/{key}/"
    seen = {who: world.client(who).get(f"/drills/{key}/").status_code for who in neighbours.PEOPLE}
    assert seen == {"holder": 404, "county": 200, "city": 200, "stranger": 404}
    listed = {who: f"/drills/{key}/" in world.client(who).get("/drills/").content.decode() for who in seen}
    assert listed == {"holder": False, "county": True, "city": True, "stranger": False}
    assert world.client("stranger").post(f"/drills/{key}/").status_code == 404
    assert Entry.objects.filter(chain__key="agency:county-a", act=REFUSED).count() == 3


def test_a_run_is_seen_by_its_unit_and_above(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "play", outcome(state=RunState.FAILED, message="示例"))
    world.client("holder").post(f"/drills/{KEY}/")
    path = f"/drills/runs/{Run.objects.get().pk}/"
    seen = {who: world.client(who).get(path).status_code for who in neighbours.PEOPLE}
    assert seen == {"holder": 200, "county": 200, "city": 200, "stranger": 404}


def test_one_at_a_time_per_log_in_and_few_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "apart", lambda run: None)
    client = world.client("county")
    assert client.post(f"/drills/{KEY}/").headers["Location"].startswith("/drills/runs/")
    again = client.post(f"/drills/{KEY}/", follow=True)
    assert "您已有一次推演在进行" in again.content.decode()
    assert world.client("city").post(f"/drills/{KEY}/").headers["Location"].startswith("/drills/runs/")
    full = world.client("stranger").post(f"/drills/{KEY}/", follow=True)
    assert "同时进行的推演已有 2 次" in full.content.decode()
    assert Run.objects.count() == 2


def test_a_run_whose_process_died_is_over_at_its_time(world: World) -> None:
    drill, user = lessons.shipped()[0], world.users["county"]
    lost = services.begin(drill, user, now.now() - timedelta(minutes=5))
    assert "推演中断" in world.client("county").get(f"/drills/runs/{lost.pk}/").content.decode()
    services.begin(drill, user, now.now())
    lost.refresh_from_db()
    assert (lost.state, bool(lost.finished_at)) == (RunState.FAILED, True)


def test_a_run_under_way_asks_again_and_a_second_end_changes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = services.begin(lessons.shipped()[0], world.users["county"], now.now())
    client, path = world.client("county"), f"/drills/runs/{run.pk}/"
    assert 'hx-trigger="load delay:1s"' in client.get(path, headers={"HX-Request": "true"}).content.decode()
    monkeypatch.setattr(child, "play", outcome(state=RunState.REFUSED, message="第 3 行：示例"))
    services.carry_out(run.pk)
    monkeypatch.setattr(child, "play", outcome(state=RunState.FAILED, message="其他"))
    services.carry_out(run.pk)
    fragment = client.get(path, headers={"HX-Request": "true"}).content.decode()
    assert "第 3 行：示例" in fragment
    assert "load delay" not in fragment


def test_a_log_in_without_a_unit_may_not_run(world: World) -> None:
    world.users["county"].grants.all().delete()  # type: ignore[attr-defined]
    answer = world.client("county").post(f"/drills/{KEY}/", follow=True)
    assert "没有所属单位" in answer.content.decode()
    assert not Run.objects.exists()


def test_a_scenario_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    endless = GOOD.replace("until: 2024-03-01T12", "until: 2094-03-01T12")
    found = child.play(endless, 1)
    assert (found.state, found.result) == (RunState.FAILED, None)
    assert "超过 1 秒" in found.message

"""WRN-16 as written: from the warning to the hidden danger behind it, put right and verified, all on one dossier."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from django.test import Client
from openpyxl import load_workbook
from tests import neighbours
from tests.hats import holder, officer, staff

from anlan import now as clock
from anlan.apps.findings import services as findings
from anlan.apps.findings.models import Finding, FindingState
from anlan.apps.journal import services as journal
from anlan.apps.obligations import services as obligations
from anlan.apps.warnings import kinds
from anlan.apps.warnings import services as warnings
from anlan.refused import Refused
from anlan.rules import calendar
from anlan.rules.patrol import Rectification

pytestmark = pytest.mark.django_db


def words(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.mark.req("WRN-16")
def test_a_cause_becomes_a_hidden_danger_and_the_dossier_shows_every_stage_with_its_time() -> None:
    now = clock.now()
    world = neighbours.build(now - timedelta(hours=2), warn=True)
    plant = world.plants["a1"]
    warning, person = plant.warning, plant.holders["operations"]
    raised = warning.opened_at
    at = {name: raised + timedelta(minutes=minutes) for name, minutes in
          {"confirm": 5, "act": 10, "clear": 30, "report": 40, "hidden": 45, "assign": 50, "rectify": 60, "verify": 70,
           "close": 75}.items()}  # fmt: skip
    warnings.confirm(warning, by=holder(warning, person), at=at["confirm"], text="现场属实")
    warnings.record_measure(warning, by=staff(warning, person), at=at["act"], text="已切断进料")
    warnings.set_level(plant.source, "none", at=at["clear"])
    warnings.submit_report(
        warning, by=staff(warning, person), at=at["report"], result="已处置", cause="阀门内漏", measures="更换阀门"
    )
    before = Finding.objects.by_the_machine().count()
    for _twice in range(2):
        warnings.record_hidden_danger(warning, by=staff(warning, person), at=at["hidden"], text="阀门内漏")
    assert Finding.objects.by_the_machine().count() == before + 1
    danger = Finding.objects.by_the_machine().get(kind=kinds.HIDDEN_DANGER)
    assert (danger.subject, danger.source) == (f"warning:{warning.number}:1", plant.source)
    county = officer(danger, "示例county值")
    findings.assign(danger, by=county, at=at["assign"], how=Rectification.IMMEDIATE)
    findings.rectify(danger, by=staff(danger, person), at=at["rectify"], text="已更换阀门并试压")
    findings.verify(danger, at=at["verify"], text="现场核验属实", by=county)
    findings.close(danger, at=at["close"], by=county)
    assert Finding.objects.by_the_machine().get(pk=danger.pk).state == FindingState.CLOSED
    page = words(world.client("county"), f"/warnings/{warning.number}/")
    stages = [
        "发布橙色预警",
        "确认",
        "已切断进料",
        "消警",
        "处置报告",
        "阀门内漏",
        "交办",
        "已更换阀门并试压",
        "核验通过",
        "销号",
    ]
    assert [stage for stage in stages if stage not in page] == []
    section = page[page.index("问题与隐患") : page.index("级别段")]
    of_danger = section[section.index("已销号 阀门内漏") :]
    own = ("hidden", "assign", "rectify", "verify", "close")
    assert re.findall(r"\d\d:\d\d", of_danger)[1:6] == [calendar.civil(at[name]).strftime("%H:%M") for name in own]
    assert warning.number in words(world.client("county"), f"/findings/{danger.pk}/")
    assert list(journal.broken()) == []


@pytest.mark.req("GEN-10")
@pytest.mark.parametrize(("hours", "words"), [(None, "本地设定"), (2, "交办单位规定")])
def test_page_list_and_workbook_say_whose_the_limit_is(hours: int | None, words: str) -> None:
    now = clock.now()
    world = neighbours.build(now - timedelta(hours=2))
    danger = warnings.record_hidden_danger(
        world.plants["a1"].warning, by=staff(world.plants["a1"].warning, "甲"), at=now, text="阀门内漏"
    )
    county = officer(danger, "示例county值")
    due = None if hours is None else now + timedelta(hours=hours)
    findings.assign(danger, by=county, at=now, how=Rectification.IMMEDIATE, due_at=due)
    client = world.client("county")
    page = client.get(f"/findings/{danger.pk}/").content.decode()
    assert words in page[page.index("整改要求") : page.index("</section>", page.index("整改要求"))]
    listed = client.get("/findings/").content.decode()
    assert ("本地设定" in listed[listed.index("阀门内漏") :].partition("</tr>")[0]) is (hours is None)
    sheet = load_workbook(io.BytesIO(client.get("/findings/?format=xlsx").content), read_only=True).worksheets[0]
    heads, *rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    shown = {row[heads.index("问题")]: row[heads.index("时限来源")] for row in rows}
    assert shown["阀门内漏"] == words


def test_a_hidden_danger_needs_words_and_two_different_ones_are_two() -> None:
    world = neighbours.build(clock.now())
    warning = world.plants["a1"].warning
    by = staff(warning)
    with pytest.raises(Refused):
        warnings.record_hidden_danger(warning, at=clock.now(), text=" ", by=by)
    for text in ("阀门内漏", "液位计失准"):
        warnings.record_hidden_danger(warning, at=clock.now(), text=text, by=by)
    subjects = Finding.objects.by_the_machine().filter(kind=kinds.HIDDEN_DANGER).values_list("subject", flat=True)
    assert sorted(subjects) == [f"warning:{warning.number}:1", f"warning:{warning.number}:2"]


def test_people_take_the_steps_on_the_pages_and_nobody_takes_another_s() -> None:
    world = neighbours.build(clock.now())
    plant = world.plants["a1"]
    holder, county = world.client("holder"), world.client("county")
    assert holder.post(f"/warnings/{plant.warning.number}/hidden/", {"text": "阀门内漏"}).status_code == 302
    danger = Finding.objects.by_the_machine().get(kind=kinds.HIDDEN_DANGER)
    path = f"/findings/{danger.pk}"
    assert holder.post(f"{path}/assign/", {"how": "immediate"}).status_code == 403
    assert county.post(f"{path}/rectify/", {"text": "x"}).status_code == 403
    refused = county.post(f"{path}/assign/", {"how": "with_measures"})
    assert refused.status_code == 422
    assert "管控措施" in refused.content.decode()
    assert county.post(f"{path}/assign/", {"how": "with_measures", "measures": "停用该阀门"}).status_code == 302
    assert "本地设定" in words(county, f"{path}/")
    assert holder.post(f"{path}/rectify/", {"text": "已更换"}).status_code == 302
    assert county.post(f"{path}/verify/", {"text": "属实"}).status_code == 302
    assert county.post(f"{path}/close/", {"text": ""}).status_code == 302
    danger.refresh_from_db()
    assert danger.state == FindingState.CLOSED
    again = county.post(f"{path}/verify/", {"text": "再核"})
    assert again.status_code == 422
    assert "已销号" in again.content.decode()


def test_the_list_finds_what_is_open_and_what_is_overdue() -> None:
    world = neighbours.build(clock.now())
    county = world.client("county")
    mine = Finding.objects.by_the_machine().filter(enterprise=world.plants["a1"].enterprise).first()
    assert mine is not None
    findings.assign(mine, by=officer(mine), at=clock.now(), how=Rectification.IMMEDIATE)
    assert county.get("/findings/?state=overdue").context["page"].total == 0
    obligations.run_due(clock.now() + timedelta(hours=25))
    assert [row.pk for row in county.get("/findings/?state=overdue").context["page"]] == [mine.pk]
    assert county.get("/findings/?state=unclosed").context["page"].total >= 1
    assert county.get("/findings/?state=closed").context["page"].total == 0

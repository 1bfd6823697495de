"""A unit is entered on screen, reviewed by another, filed by the county; the report goes out as a document."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.test import Client
from docx import Document
from tests import neighbours
from tests.hats import staff
from tests.neighbours import World

from anlan import now as clock
from anlan.apps.accounts.models import Grant
from anlan.apps.identification import services
from anlan.apps.identification.models import Identification
from anlan.apps.org.models import Role
from anlan.rules.calendar import civil_day

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now())


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def typed(**values: Any) -> dict[str, Any]:
    told = {"unit": "苯储罐区", "kind": "storage", "why": "first", "exposed": "60", "name_0": "苯", "most_0": "１００"}
    return {**told, "symbols_0": "w5.2", **values}


def test_an_inventory_is_entered_line_by_line_and_every_wrong_line_is_told_beside_itself(world: World) -> None:
    holder, path = world.client("holder"), "/identifications/new/"
    assert "表 2 的符号" in page(holder, path)
    answer = holder.post(path, typed(symbols_0="", name_1="液氯", most_1="很多", most_3="3"))
    told = answer.content.decode()
    assert answer.status_code == 422
    assert "请填写设计最大量" in told
    assert "请填写物质的名称" in told
    assert 'name="name_7"' in told, "there are empty lines after those that were filled in"
    assert "须给出危险性类别符号" in holder.post(path, typed(symbols_0="")).content.decode()
    assert "请填写单元名称" in holder.post(path, typed(unit="")).content.decode()
    answer = holder.post(path, typed(name_2="液氯", most_2="2.5"))
    row = Identification.objects.by_the_machine().get(unit="苯储罐区")
    assert (answer.status_code, answer["Location"]) == (302, f"/identifications/{row.pk}/")
    assert (row.outcome["S"], row.outcome["R"], row.level) == ("2.5000", "6.0000", "4")  # 1.5·(1·2 + 4·0.5)
    shown = page(holder, f"/identifications/{row.pk}/")
    assert "S = 100/50 + 2.5/5 = 2.5000 ≥ 1，R = 1.5×(1×100/50 + 4×2.5/5) = 6.0000，四级重大危险源" in shown
    assert "待另一人审核" in shown
    assert "苯储罐区" in page(holder, "/identifications/?state=entered")
    assert holder.post(f"/identifications/{row.pk}/confirm/", {"text": ""}).status_code == 403


def test_from_review_to_filing_everyone_finds_it_on_their_list_and_the_report_leaves_the_house(world: World) -> None:
    plant = world.plants["a1"]
    row, enterprise = plant.identification, plant.enterprise
    holder, county = world.client("holder"), world.client("county")
    assert "辨识待审核" in page(holder, "/todo/")
    assert holder.post(f"/identifications/{row.pk}/confirm/", {"text": "核对图纸"}).status_code == 302
    assert "重大危险源备案" in page(holder, "/todo/")
    assert "登记中没有对应的重大危险源" in page(holder, f"/identifications/{row.pk}/")
    linked = holder.post(f"/identifications/{row.pk}/link/", {"source": plant.source.code})
    assert linked.status_code == 302
    Grant.objects.filter(user=world.users["county"]).update(role=Role.HANDLER)
    assert "重大危险源待备案" in page(county, "/todo/")
    for typed_, words in (({"filed_on": "2026-13-01"}, "请填写日期"), ({"filed_on": "2026-01-01"}, "请填写备案编号")):
        refused = county.post(f"/identifications/{row.pk}/file/", typed_)
        assert refused.status_code == 422
        assert words in refused.content.decode()
    filed = {"filed_no": "BA-2026-7", "filed_on": civil_day(clock.now()).isoformat()}
    assert county.post(f"/identifications/{row.pk}/file/", filed).status_code == 302
    assert "重大危险源待备案" not in page(county, "/todo/")
    assert "BA-2026-7" in page(holder, f"/identifications/{row.pk}/")
    paper = holder.get(f"/identifications/{row.pk}/?format=docx")
    cells = [
        cell.text for table in Document(io.BytesIO(paper.content)).tables for line in table.rows for cell in line.cells
    ]
    assert {"氯", "20", "5", "4.0000", "BA-2026-7"} <= set(cells)
    again = page(holder, f"/identifications/new/?enterprise={enterprise.code}&unit={row.unit}")
    assert 'value="液氯"' in again, "the inventory in force is gone through again"
    asked = county.post(f"/identifications/{row.pk}/again/", {"why": "process", "text": "改为全密闭"})
    assert asked.status_code == 302
    assert "工艺变化：改为全密闭" in page(holder, "/todo/")


def test_a_unit_of_sixty_substances_can_be_gone_through_again(world: World) -> None:
    enterprise = world.plants["a1"].enterprise
    amounts = [{"name": f"示例{n}", "design_max_t": "1", "symbols": ["W5.3"]} for n in range(60)]
    row = services.enter(
        enterprise, unit="仓库", kind="storage", why="first", exposed=0, amounts=amounts, by=staff(enterprise, "丁"),
        at=clock.now(),
    )  # fmt: skip
    services.confirm(row, by=staff(enterprise, "戊"), at=clock.now())
    shown = page(world.client("holder"), f"/identifications/new/?enterprise={enterprise.code}&unit=仓库")
    assert 'value="示例59"' in shown

"""台账 on screen: from an empty list to an entry that is checked, searched, due, printed and read by programs."""

from __future__ import annotations

import io
from datetime import timedelta

import docx
import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests import neighbours
from tests.neighbours import World

from anlan import now as clock
from anlan.apps.files.models import Attachment
from anlan.apps.ledgers.declared.safety_training import TRAINING
from anlan.apps.ledgers.models import LedgerEntry
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.services import duties
from anlan.roles.auditor.acts import walk
from anlan.rules.calendar import civil_day

pytestmark = pytest.mark.django_db
LIST = "/ledgers/monitoring_equipment/"
GAUGE = {"tag": "LT-9", "name": "九号液位计", "sort": "液位", "checked_on": "2026-01-05", "next_on": "2099-01-05"}


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now())


def entry() -> LedgerEntry:
    found: LedgerEntry = LedgerEntry.objects.by_the_machine().get(name__contains="LT-9")
    return found


def test_an_entry_is_typed_refused_beside_its_fields_and_kept(world: World) -> None:
    client = world.client("holder")
    assert "登记" in client.get(LIST).content.decode()
    refused = client.post(f"{LIST}new/", {**GAUGE, "name": "", "next_on": "2099-02-30"})
    html = refused.content.decode()
    assert refused.status_code == 422
    assert "必须填写" in html
    assert "不是真有的日期" in html
    assert 'value="LT-9"' in html, "what was typed stands there still"
    answered = client.post(f"{LIST}new/", GAUGE)
    row = entry()
    assert answered.headers["Location"] == f"{LIST}{row.pk}/"
    page = client.get(f"{LIST}{row.pk}/").content.decode()
    for words in ("九号液位计", "2099-01-05", "登记检定", "报故障", "下载 docx"):
        assert words in page
    assert "LT-9" in client.get(LIST).content.decode()


def test_every_ledger_is_counted_and_leads_to_its_list(world: World) -> None:
    html = world.client("county").get("/ledgers/").content.decode()
    assert "监测监控设备" in html
    assert "安全培训" in html
    assert LIST in html
    assert world.client("county").get("/ledgers/no_such_ledger/").status_code == 404


def test_an_agency_reads_the_list_and_the_entry_and_is_offered_no_act(world: World) -> None:
    row = world.plants["a1"].entry
    client = world.client("county")
    assert "entry-new" not in client.get(LIST).content.decode()
    page = client.get(f"{LIST}{row.pk}/").content.decode()
    assert "data-drawer" not in page
    assert client.get(f"{LIST}new/?enterprise={world.plants['a1'].enterprise.code}").status_code == 403


def test_two_people_edit_one_entry_and_the_second_loses_nothing(world: World) -> None:
    client = world.client("holder")
    client.post(f"{LIST}new/", GAUGE)
    row = entry()
    form = {**GAUGE, "seen": row.seq}
    assert client.post(f"{LIST}{row.pk}/change/", {**form, "maker": "甲厂"}).status_code == 302
    second = client.post(f"{LIST}{row.pk}/change/", {**form, "maker": "乙厂"})
    html = second.content.decode()
    assert second.status_code == 422
    assert "现为“甲厂”" in html
    assert 'value="乙厂"' in html
    assert entry().held["maker"] == "甲厂"


@pytest.mark.req("ENT-10")
@pytest.mark.req("ENT-01")
def test_what_is_due_soon_and_what_is_overdue_stands_on_the_to_do_page_until_it_is_done(world: World) -> None:
    client, today = world.client("holder"), civil_day(clock.now())
    client.post(f"{LIST}new/", {**GAUGE, "next_on": (today + timedelta(days=29)).isoformat()})
    row = entry()
    html = client.get("/todo/").content.decode()
    assert "LT-9 九号液位计" in html
    assert f"{LIST}{row.pk}/?act=check#acts" in html
    client.post(f"{LIST}{row.pk}/change/", {**GAUGE, "next_on": (today - timedelta(days=1)).isoformat(), "seen": 1})
    obligations.run_due(clock.now())
    assert "已过期" in client.get("/todo/").content.decode()
    assert "设备检定过期" in world.client("county").get("/findings/").content.decode()
    checked = {"checked_on": today.isoformat(), "next_on": "2099-01-05", "seen": 2}
    assert client.post(f"{LIST}{row.pk}/check/", checked).status_code == 302
    assert "LT-9" not in client.get("/todo/").content.decode()


def test_the_log_of_the_day_is_asked_for_with_the_time_that_is_left_until_it_is_kept(world: World) -> None:
    plant, now = world.plants["a1"].enterprise, clock.now()
    plant.kinds = ["production"]
    plant.save()
    duties.ensure_planned(now)
    obligations.run_due(now)
    client = world.client("holder")
    html = client.get("/todo/").content.decode()
    assert f"安全风险日志 {civil_day(now)}" in html
    assert f'href="/ledgers/risk_log/new/?enterprise={plant.code}"' in html
    assert "data-due" in html[html.index("安全风险日志") :]
    kept = {"day": civil_day(now).isoformat(), "done": "研判", "not_done": "无", "risks": "无"}
    assert client.post("/ledgers/risk_log/new/", kept).status_code == 302
    assert f"安全风险日志 {civil_day(now)}" not in client.get("/todo/").content.decode()


def test_words_find_the_entry(world: World) -> None:
    world.client("holder").post(f"{LIST}new/", GAUGE)
    assert f"/ledgers/entries/{entry().pk}/" in world.client("county").get("/search/?q=九号").content.decode()
    assert "没有找到" in world.client("stranger").get("/search/?q=九号").content.decode()


def test_the_record_is_a_document_and_the_list_a_workbook(world: World) -> None:
    client = world.client("holder")
    client.post(f"{LIST}new/", GAUGE)
    paper = docx.Document(io.BytesIO(client.get(f"{LIST}{entry().pk}/?format=docx").content))
    words = [cell.text for table in paper.tables for row in table.rows for cell in row.cells]
    assert {"九号液位计", "2099-01-05", "登记"} <= set(words)
    assert paper.paragraphs[0].text == "监测监控设备 · LT-9 九号液位计"
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"{LIST}?format=xlsx&q=九号").content))
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    assert len(rows) == 2
    assert rows[0][:3] == ("位号", "设备名称", "类别")


def test_personal_fields_are_read_by_those_who_may_and_left_out_for_all_others(world: World) -> None:
    typed = {"person": "示例某人", "post": "操作工", "course": "特种作业", "result": "合格", "trained_on": "2026-01-05"}
    assert world.client("holder").post("/ledgers/safety_training/new/", typed).status_code == 302
    row = LedgerEntry.objects.by_the_machine().get(ledger=TRAINING.key)
    neighbours.viewer(world, "city-1")
    for address in (f"/ledgers/safety_training/{row.pk}/", "/ledgers/safety_training/"):
        assert "操作工" in world.client("viewer").get(address).content.decode()
        assert "示例某人" not in world.client("viewer").get(address).content.decode()
    book = world.client("viewer").get("/ledgers/safety_training/?format=xlsx").content
    assert "示例某人" not in str(list(openpyxl.load_workbook(io.BytesIO(book)).worksheets[0].values))
    assert "示例某人" in world.client("county").get(f"/ledgers/safety_training/{row.pk}/").content.decode()


def test_a_paper_is_attached_to_the_entry_and_leads_back_to_it(world: World) -> None:
    client = world.client("holder")
    client.post(f"{LIST}new/", GAUGE)
    row = entry()
    assert client.post(f"{LIST}{row.pk}/files/", {}).status_code == 422
    paper = SimpleUploadedFile("检定证书.txt", "合格，有效期一年。".encode())
    assert client.post(f"{LIST}{row.pk}/files/", {"files": paper}).status_code == 302
    page = client.get(f"{LIST}{row.pk}/").content.decode()
    assert "检定证书.txt" in page
    assert "附上文件：检定证书.txt" in page
    kept = Attachment.objects.by_the_machine().get(subject=row.about)
    assert f'href="/ledgers/entries/{row.pk}/"' in client.get(f"/files/{kept.pk}/").content.decode()
    assert client.get(f"/ledgers/entries/{row.pk}/").headers["Location"] == f"{LIST}{row.pk}/"
    assert world.client("stranger").get(f"/files/{kept.pk}/").status_code == 404
    assert world.client("county").post(f"{LIST}{row.pk}/files/", {"files": paper}).status_code == 403
    assert [words for words in walk.broken() if "台账" in words] == []

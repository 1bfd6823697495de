"""台账 for people whose rights differ from enterprise to enterprise, or end while a form stands open."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests import neighbours
from tests.hats import staff
from tests.neighbours import World

from anlan import now as clock
from anlan.apps.accounts.models import Grant
from anlan.apps.files.models import Attachment
from anlan.apps.ledgers import services
from anlan.apps.ledgers.declared.safety_training import TRAINING
from anlan.apps.ledgers.models import LedgerEntry
from anlan.apps.org.models import Role

pytestmark = pytest.mark.django_db
GAUGES, TRAININGS = "/ledgers/monitoring_equipment/", "/ledgers/safety_training/"
GAUGE = {"tag": "LT-9", "name": "九号液位计", "sort": "液位", "checked_on": "2026-01-05", "next_on": "2099-01-05"}


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now())


def trained(world: World, key: str) -> LedgerEntry:
    typed = {"post": "操作工", "course": "特种作业", "result": "合格", "trained_on": "2026-01-05"}
    enterprise = world.plants[key].enterprise
    typed["person"] = f"示例{key}某人"
    return services.add(TRAINING, enterprise, typed, by=staff(enterprise), at=world.now)


def test_who_reads_names_at_home_reads_none_of_the_neighbours_that_they_merely_see(world: World) -> None:
    mine, other = trained(world, "a1"), trained(world, "b1")
    user, since = world.users["holder"], world.now - timedelta(days=1)
    Grant.objects.create(user=user, role=Role.VIEWER, valid_from=since, agency=world.agencies["city-1"])
    client = world.client("holder")
    for address in (f"{TRAININGS}{mine.pk}/", f"{TRAININGS}{mine.pk}/?format=print"):
        assert "示例a1某人" in client.get(address).content.decode()
    for address in (f"{TRAININGS}{other.pk}/", f"{TRAININGS}{other.pk}/?format=print"):
        html = client.get(address).content.decode()
        assert "操作工" in html
        assert "示例b1某人" not in html
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"{TRAININGS}?format=xlsx").content))
    cells = {cell for row in book.worksheets[0].values for cell in row}
    told = client.get("/api/v1/ledgers/safety_training").json()["items"]
    assert "示例a1某人" in cells
    assert "示例b1某人" not in cells
    assert {item["values"].get("person") for item in told} == {"示例a1某人", None}


def test_a_change_of_a_personal_field_is_told_without_what_it_says(world: World) -> None:
    row, client = trained(world, "a1"), world.client("holder")
    typed = {key: value or "" for key, value in TRAINING.schema.shown(row.held).items()}
    assert client.post(f"{TRAININGS}{row.pk}/change/", {**typed, "person": "另一人", "seen": 1}).status_code == 302
    assert "姓名：— → （个人信息，不列出）" in client.get(f"{TRAININGS}{row.pk}/").content.decode()
    refused = client.post(f"{TRAININGS}{row.pk}/change/", {**typed, "post": "班长", "seen": 1})
    assert "姓名 现为“（个人信息，不列出）”" in refused.content.decode()


def test_the_second_of_two_editors_sends_again_what_they_have_compared(world: World) -> None:
    client, row = world.client("holder"), world.plants["a1"].entry
    form = {**GAUGE, "seen": 1}
    client.post(f"{GAUGES}{row.pk}/change/", {**form, "maker": "甲厂"})
    refused = client.post(f"{GAUGES}{row.pk}/change/", {**form, "maker": "乙厂"})
    assert refused.status_code == 422
    seen = re.search(r'name="seen" value="(\d+)" id="change_seen"', refused.content.decode())
    assert seen is not None
    again = client.post(f"{GAUGES}{row.pk}/change/", {**form, "maker": "乙厂", "seen": seen[1]})
    assert again.status_code == 302
    assert LedgerEntry.objects.by_the_machine().get(pk=row.pk).held["maker"] == "乙厂"


def test_a_form_of_one_enterprise_never_adds_to_another_after_the_grant_there_has_ended(world: World) -> None:
    user, since = world.users["holder"], world.now - timedelta(days=1)
    first, second = (world.plants[key].enterprise for key in ("a1", "a2"))
    Grant.objects.create(user=user, role=Role.SAFETY_OFFICER, valid_from=since, enterprise=second)
    client = world.client("holder")
    action = re.search(r'<form method="post" action="(\?[^"]*)"', client.get(f"{GAUGES}new/").content.decode())
    assert action is not None
    Grant.objects.filter(user=user, enterprise=first).update(valid_until=clock.now())
    assert client.post(f"{GAUGES}new/{action[1]}", GAUGE).status_code == 404
    assert not LedgerEntry.objects.by_the_machine().filter(name__contains="LT-9").exists()


def test_papers_of_a_ledger_with_names_are_opened_by_whoever_reads_the_names(world: World) -> None:
    row = trained(world, "a1")
    paper = SimpleUploadedFile("证书.txt", "示例某人".encode())
    assert world.client("holder").post(f"{TRAININGS}{row.pk}/files/", {"files": paper}).status_code == 302
    file = Attachment.objects.by_the_machine().get(subject=row.about)
    neighbours.viewer(world, "city-1")
    for address in (f"/files/{file.pk}/", f"/files/{file.pk}/content/"):
        assert world.client("viewer").get(address).status_code == 403
        assert world.client("county").get(address).status_code == 200

"""The register pages: for administrators only, within what they administer; secrets are shown once."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook
from tests import neighbours
from tests.hats import called
from tests.neighbours import World
from tests.unit.apps.enrolment.workbooks import CODE, PLACES, WHOLE, book, changed

from anlan import now
from anlan.apps.accounts.models import User
from anlan.apps.enrolment import services
from anlan.apps.enrolment.models import Handed
from anlan.apps.org.models import Agency, Role
from anlan.apps.org.scope import EVERYTHING
from anlan.apps.registry.models import Enterprise, Gateway, Point

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Client:
    client = Client()
    user = User.objects.create_superuser("op", "示例密码-9731")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def hand_in(client: Client, content: bytes, name: str = "登记表.xlsx") -> Any:
    return client.post("/register/", {"file": SimpleUploadedFile(name, content)})


def test_an_empty_installation_leads_its_operator_to_the_first_enterprise(operator: Client) -> None:
    assert operator.get("/").headers["Location"] == "/register/"
    answer = hand_in(operator, book(WHOLE))
    page = operator.get(answer.headers["Location"]).content.decode()
    assert "现在还没有写入任何内容" in page
    assert not Enterprise.objects.exists()
    done = operator.post(answer.headers["Location"], {"act": "confirm"}).content.decode()
    assert "以下只显示这一次" in done
    assert f"{CODE}01" in done
    assert "feng-yi" in done
    assert Enterprise.objects.get().code == CODE
    again = operator.get(answer.headers["Location"]).content.decode()
    assert "以下只显示这一次" not in again
    assert operator.get("/").status_code == 200


def test_confirming_twice_writes_once_and_keeps_neither_file_nor_secret(operator: Client) -> None:
    path = hand_in(operator, book(WHOLE)).headers["Location"]
    operator.post(path, {"act": "confirm"})
    gateway = Gateway.objects.get()
    second = operator.post(path, {"act": "confirm"}, follow=True).content.decode()
    assert "没有再次写入" in second
    assert Gateway.objects.get().key_sha256 == gateway.key_sha256
    handed = Handed.objects.get()
    assert handed.content is None
    assert set(handed.outcome) == {"sheets", "rows", "notes", "removed", "more", "totals"}


def test_refused_rows_are_shown_with_sheet_row_column_and_reason(operator: Client) -> None:
    path = hand_in(operator, changed(book(WHOLE), "点位", 2, "高限", 1.6)).headers["Location"]
    page = operator.get(path).content.decode()
    assert "点位 第 2 行" in page
    assert "低低限 &lt; 低限 &lt; 高限 &lt; 高高限" in page
    operator.post(path, {"act": "drop"})
    assert not Handed.objects.exists()
    assert not Enterprise.objects.exists()


@pytest.mark.case("C1")
def test_a_limit_goes_only_when_that_was_ticked(operator: Client) -> None:
    operator.post(hand_in(operator, book(WHOLE)).headers["Location"], {"act": "confirm"})
    without = changed(book(WHOLE), "点位", 2, "高限", None)
    path = hand_in(operator, without).headers["Location"]
    page = operator.get(path).content.decode()
    assert "去掉高限 1.5" in page
    assert "空白格会去掉 1 项" in page
    assert "没有确认去掉" in operator.post(path, {"act": "confirm"}).content.decode()
    assert Point.objects.get().h == 1.5
    again = hand_in(operator, without).headers["Location"]
    operator.post(again, {"act": "confirm", "removing": "yes"})
    assert Point.objects.get().h is None


@pytest.mark.parametrize(("content", "words"), [(b"", "文件是空的"), (b"abc", "不是有效的 xlsx 文件")])
def test_a_file_that_is_no_workbook_is_refused_in_words(operator: Client, content: bytes, words: str) -> None:
    answer = hand_in(operator, content)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_the_template_explains_every_column_and_an_export_comes_back_unchanged(operator: Client) -> None:
    template = load_workbook(io.BytesIO(operator.get("/register/template/").content))
    explained = {row[1].value for row in template["说明"].iter_rows()}
    assert all(cell.value in explained for page in template.worksheets[1:] for cell in page[1])
    services.bring_in(book(WHOLE), EVERYTHING, by=called("op"), at=now.now())
    path = hand_in(operator, operator.get("/register/export/").content).headers["Location"]
    assert "没有可写入的行" in operator.get(path).content.decode()


def test_a_lost_gateway_key_is_made_anew_and_shown_once(operator: Client) -> None:
    services.bring_in(book(WHOLE), EVERYTHING, by=called("op"), at=now.now())
    before = Gateway.objects.get().key_sha256
    page = operator.post("/register/key/", {"gateway": f"{CODE}01"}).content.decode()
    assert "以下只显示这一次" in page
    assert Gateway.objects.get().key_sha256 != before
    assert operator.post("/register/key/", {"gateway": "99013110199"}).status_code == 422


@pytest.fixture
def world() -> World:
    return neighbours.build(now.now(), warn=False)


def test_only_administrators_may_register_and_only_they_see_the_way(world: World) -> None:
    for who in neighbours.PEOPLE:
        for path in ("", "template/", "export/", "key/", "1/"):
            assert world.client(who).get(f"/register/{path}").status_code == 403, (who, path)
        assert 'href="/register/"' not in world.client(who).get("/enterprises/").content.decode()
    world.users["county"].grants.update(role=Role.ADMIN)  # type: ignore[attr-defined]
    assert 'href="/register/"' in world.client("county").get("/enterprises/").content.decode()


def test_an_export_and_an_import_stay_within_what_is_administered(world: World) -> None:
    world.users["county"].grants.update(role=Role.ADMIN)  # type: ignore[attr-defined]
    client = world.client("county")
    export = client.get("/register/export/").content
    cells = [str(cell) for page in load_workbook(io.BytesIO(export)).worksheets[1:]
             for row in page.iter_rows(values_only=True) for cell in row]  # fmt: skip
    assert any("示例a1厂" in cell for cell in cells)
    assert not any(mark in cell for cell in cells for mark in ("示例b1", "示例c1", "county-b", "000-b1"))
    path = hand_in(client, changed(export, "企业", 2, "企业名称", "示例改名")).headers["Location"]
    client.post(path, {"act": "confirm"})
    assert Enterprise.objects.get(code=neighbours.CODES["a1"]).name == "示例改名"
    foreign = book({"网关": [{"企业编码": neighbours.CODES["b1"], "网关编码": f"{neighbours.CODES['b1']}02"}]})
    page = client.get(hand_in(client, foreign).headers["Location"]).content.decode()
    assert "不在您的管辖范围内" in page
    assert client.post("/register/key/", {"gateway": world.plants["b1"].gateway.code}).status_code == 422


def test_a_workbook_is_seen_by_nobody_but_who_handed_it_in(world: World) -> None:
    for who in ("county", "city"):
        world.users[who].grants.update(role=Role.ADMIN)  # type: ignore[attr-defined]
    path = hand_in(world.client("county"), book({"机构": PLACES["机构"]})).headers["Location"]
    assert world.client("county").get(path).status_code == 200
    assert world.client("city").get(path).status_code == 404
    assert world.client("city").post(path, {"act": "confirm"}).status_code == 404
    assert not Agency.objects.filter(code="demo-city").exists()


def test_a_changed_password_keeps_this_session_and_ends_the_others() -> None:
    user = User.objects.create_superuser("op", "示例密码-9731")
    here, there = Client(), Client()
    for client in (here, there):
        assert client.post("/login/", {"username": "op", "password": "示例密码-9731"}).status_code == 302
    form = {"old_password": "示例密码-9731", "new_password1": "另一密码-4682", "new_password2": "另一密码-4682"}
    answer = here.post("/password/", form, follow=True)
    assert "密码已修改" in answer.content.decode()
    assert here.get("/register/").status_code == 200
    assert there.get("/register/").status_code == 302
    user.refresh_from_db()
    assert user.check_password("另一密码-4682")
    weak = here.post("/password/", {"old_password": "另一密码-4682", "new_password1": "1", "new_password2": "1"})
    assert weak.status_code == 200
    assert "密码太短，至少 8 位。" in weak.content.decode()


def test_the_log_in_page_of_an_empty_installation_says_how_to_begin(client: Client) -> None:
    assert "anlan user add admin" in client.get("/login/").content.decode()
    User.objects.create_superuser("op", "示例密码-9731")
    assert "anlan user add admin" not in client.get("/login/").content.decode()

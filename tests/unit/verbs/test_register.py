"""``anlan import``, ``export-register`` and ``user``: what they print, and their exit codes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from tests.unit.apps.enrolment.workbooks import CODE, WHOLE, book, changed

from anlan.apps.accounts.models import User
from anlan.apps.registry.models import Enterprise
from anlan.process import migrating
from anlan.verbs import register, user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _migrated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test database has its tables already."""
    monkeypatch.setattr(migrating, "migrate", lambda **_: None)


def workbook(folder: Path, content: bytes) -> str:
    path = folder / "登记表.xlsx"
    path.write_bytes(content)
    return str(path)


def test_a_workbook_is_checked_then_brought_in_then_unchanged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = workbook(tmp_path, book(WHOLE))
    assert register.bring_in([path, "--check"]) == 0
    assert "只预览，没有写入" in capsys.readouterr().out
    assert not Enterprise.objects.exists()
    assert register.bring_in([path]) == 0
    printed = capsys.readouterr().out
    assert f"{CODE}01  " in printed
    assert "feng-yi  " in printed
    assert register.bring_in([path]) == 0
    assert "新增 0 行，修改 0 行" in capsys.readouterr().out


def test_refused_rows_are_printed_and_make_the_exit_code_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = workbook(tmp_path, changed(book(WHOLE), "重大危险源", 2, "等级", "五级"))
    assert register.bring_in([path]) == 1
    assert "退回  重大危险源 第 2 行" in capsys.readouterr().out
    assert Enterprise.objects.exists()


@pytest.mark.case("C1")
def test_a_limit_goes_from_the_command_line_only_when_that_was_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    register.bring_in([workbook(tmp_path, book(WHOLE))])
    path = workbook(tmp_path, changed(book(WHOLE), "点位", 2, "高限", None))
    assert register.bring_in([path]) == 1
    assert "点位!K2 高限：空白会去掉高限 1.5" in capsys.readouterr().out
    assert register.bring_in([path, "--remove"]) == 0
    assert "去掉 1 项" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"abc"])
def test_a_file_that_is_no_workbook_is_exit_code_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    assert register.bring_in([workbook(tmp_path, content)]) == 2
    assert "没有写入任何内容" in capsys.readouterr().err
    assert register.bring_in([str(tmp_path / "none.xlsx")]) == 2


def test_the_template_and_the_export_are_written(tmp_path: Path) -> None:
    path = str(tmp_path / "out.xlsx")
    assert register.export([path, "--template"]) == 0
    assert register.bring_in([path]) == 2  # a template has no rows
    assert register.export([str(tmp_path / "no" / "folder.xlsx")]) == 2


def test_the_first_log_in_is_made_and_a_forgotten_password_replaced(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert user.main(["add", "admin", "--generate"]) == 0
    password = capsys.readouterr().out.strip().rpartition("：")[2]
    found = User.objects.get(username="admin")
    assert found.is_superuser
    assert found.check_password(password)
    assert user.main(["add", "admin", "--generate"]) == 2
    monkeypatch.setattr("sys.stdin", io.StringIO("1234\n"))
    assert user.main(["password", "admin"]) == 2
    assert "密码太短，至少 8 位。" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", io.StringIO("示例的密码-5501\n"))
    assert user.main(["password", "admin"]) == 0
    found.refresh_from_db()
    assert found.check_password("示例的密码-5501")
    assert user.main(["password", "nobody", "--generate"]) == 2


@pytest.mark.parametrize("name", ["有 空白", "冯乙", ""])
def test_a_name_that_is_no_log_in_name_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert user.main(["add", name, "--generate"]) == 2
    assert not User.objects.exists()

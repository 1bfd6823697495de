"""What people handed in goes along with a backup, each content proved, none stored twice, and comes back whole."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from tests.hats import staff
from tests.unit.apps.files.handed import PDF, picture
from tests.unit.apps.files.test_services import config, finding, hand_in  # noqa: F401  (fixtures)
from tests.unit.verbs.test_backup import CONTENT, SQLITE

from anlan.apps.files import selectors, services, store
from anlan.apps.findings.models import Finding
from anlan.config import Config
from anlan.verbs import check
from anlan.verbs.backup import attachments, facts, manifest, restore
from anlan.verbs.backup.manifest import BackupError

pytestmark = pytest.mark.django_db


def backed_up(folder: Path, before: Path | None = None) -> tuple[Path, list[str]]:
    """A backup of the store as it is, with the facts of its rows and nothing else that matters here."""
    folder.mkdir(parents=True)
    for told in SQLITE.values():
        (folder / told["file"]).write_bytes(b"rows")
    missing = attachments.copy(folder, selectors.contents(), before)
    told = CONTENT["facts"] | {"attachments": facts.gather()["attachments"]}
    manifest.write(folder, CONTENT | {"facts": told})
    return folder, missing


@pytest.fixture
def made(finding: Finding, tmp_path: Path) -> Path:  # noqa: F811
    hand_in(finding, PDF, "报告.pdf")
    hand_in(finding, picture(), "现场.jpg")
    folder, missing = backed_up(tmp_path / "backups" / "anlan-1")
    assert missing == []
    return folder


def sound(made: Path) -> list[str]:
    return list(manifest.faults(made, manifest.read(made)))


def test_every_file_is_in_the_backup_by_its_fingerprint_and_the_manifest_answers_for_the_list(made: Path) -> None:
    content = manifest.read(made)
    assert sorted(content["files"]) == ["anlan.sqlite3", "files.list", "history.sqlite3"]
    assert sound(made) == []
    before = content["facts"]["attachments"]
    assert before["count"] == 2
    question, wrong = attachments.compared(made, before)
    assert question.startswith("附件：2 个文件")
    assert wrong == []
    assert attachments.compared(made, before | {"sha256": "0" * 64})[1] == ["清单与业务记录中的附件不符"]


@pytest.mark.case("G7")
def test_what_is_changed_in_a_backup_is_named(made: Path, tmp_path: Path) -> None:
    first, second = (sha256 for sha256, _ in selectors.contents())
    path = store.path_of(first, made / "files")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"?")
    assert sound(made) == [f"附件 {first} 与其指纹不符"]
    path.unlink()
    assert sound(made) == [f"附件 {first} 文件缺失"]
    path.write_bytes(whole)
    (made / "files" / "forged").write_text("x")
    elsewhere = path.with_name(second)
    elsewhere.write_bytes(store.path_of(second, made / "files").read_bytes())
    named = {"文件 files/forged 不在附件的清单里", f"文件 {elsewhere.relative_to(made)} 不在附件的清单里"}
    assert set(sound(made)) == named
    elsewhere.unlink()
    (made / "files" / "forged").unlink()
    (made / "files" / "out").symlink_to(tmp_path)
    assert sound(made) == ["文件 files/out 不在附件的清单里"]
    (made / "files" / "out").unlink()
    (made / "files.list").write_text("../../etc/passwd 3\n")
    assert "附件的清单 files.list 无法理解" in sound(made)
    with pytest.raises(BackupError, match="已损坏"):
        restore.check(Config(data_dir=tmp_path / "there"), made)


def test_the_next_backup_links_what_the_last_one_has_and_a_spoilt_link_is_copied_anew(
    made: Path,
    finding: Finding,  # noqa: F811
) -> None:
    hand_in(finding, "新的说明".encode())
    first, *_ = [sha256 for sha256, _ in selectors.contents()]
    spoilt = store.path_of(first, made / "files")
    spoilt.write_bytes(b"?" * spoilt.stat().st_size)
    again, missing = backed_up(made.parent / "anlan-2", made)
    assert (missing, sound(again)) == ([], [])
    shared = [store.path_of(sha256, again / "files").stat().st_nlink for sha256, _ in selectors.contents()]
    assert sorted(shared) == [1, 1, 2]


def test_what_the_store_has_lost_is_told_and_the_backup_stands_without_it(
    made: Path,
    finding: Finding,  # noqa: F811
) -> None:
    (lost, _), (spoilt, size) = selectors.contents()
    store.path_of(lost).unlink()
    store.path_of(spoilt).write_bytes(b"?" * size)
    fresh, missing = backed_up(made.parent / "anlan-2")
    assert missing == [f"{lost}：文件缺失", f"{spoilt}：与其指纹不符"]
    assert sound(fresh) == []
    question, wrong = attachments.compared(fresh, manifest.read(fresh)["facts"]["attachments"])
    assert "备份时已缺或已坏 2 个" in question
    assert wrong == []
    healed, missing = backed_up(made.parent / "anlan-3", made)  # the one before still has them
    assert (missing, sound(healed)) == ([], [])


def test_restored_every_row_has_its_file_again_and_what_is_there_is_left(
    made: Path, tmp_path: Path, settings: Any
) -> None:
    there = tmp_path / "there" / "files"
    attachments.put(made, there)
    kept = {path: path.stat().st_mtime_ns for path in there.rglob("*") if path.is_file()}
    attachments.put(made, there)
    assert {path: path.stat().st_mtime_ns for path in there.rglob("*") if path.is_file()} == kept
    settings.CONFIG = Config(data_dir=tmp_path / "there")
    assert list(selectors.damaged()) == []
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}


def test_a_backup_of_a_version_that_took_no_files_is_as_sound_as_it_was() -> None:
    assert restore._attachments(Path("nowhere"), None, {"count": 0}) == []


def test_check_proves_every_file_and_counts_what_no_row_refers_to(finding: Finding) -> None:  # noqa: F811
    row = hand_in(finding, PDF, "报告.pdf")
    services.withdraw(row, by=staff(finding), at=row.at, why="交错了")
    with store.fresh() as file:
        file.write(b"orphan")
        store.place(Path(str(file.name)), store.checksum(Path(str(file.name))))
    with services.receive(io.BytesIO(b"x"), "x.txt", at=row.at):
        part = check.files()
    assert part.well
    assert part.figures == {
        "files_rows": 1, "files_withdrawn": 1, "files_bytes": len(PDF), "files_unreferenced": 1, "files_incoming": 1,
    }  # fmt: skip
    store.path_of(row.sha256).unlink()
    (fault,) = check.files().faults
    assert (fault.kind, fault.text) == ("files", f"附件第 {row.pk} 号文件缺失")
    assert finding.chain in fault.detail

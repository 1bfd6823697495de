"""A file becomes evidence once, with its act; what is refused or cut short leaves a row nowhere without its file."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from tests.acceptance.worlds import at, scenario
from tests.hats import officer, staff
from tests.unit.apps.files.handed import PDF, camera, picture

from anlan.apps.files import holders, selectors, services, store
from anlan.apps.files.models import Attachment, Media
from anlan.apps.findings import services as findings
from anlan.apps.findings.models import Finding, FindingState
from anlan.apps.journal import services as journal
from anlan.apps.journal.models import Entry
from anlan.apps.org.actor import Actor
from anlan.apps.org.scope import EVERYTHING
from anlan.apps.org.stand import Hat, Stand
from anlan.apps.registry.models import Enterprise
from anlan.apps.warnings import kinds
from anlan.config import Config
from anlan.refused import Refused

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def config(tmp_path: Path, settings: Any) -> Config:
    """A store of its own for every test."""
    settings.CONFIG = Config(data_dir=tmp_path / "data", disk_soft_mib=0, file_max_mib=1, files_per_subject=3)
    return settings.CONFIG  # type: ignore[no-any-return]


@pytest.fixture
def finding() -> Finding:
    from anlan.drill.world import build

    return found(build(scenario()).sources["s1"].enterprise, "x:1")


def found(enterprise: Enterprise, subject: str) -> Finding:
    return findings.found(
        kinds.HIDDEN_DANGER, enterprise=enterprise, subject=subject,
        text="阀门内漏", at=at("08:00"),
    )  # fmt: skip


def hand_in(
    finding: Finding, body: bytes, name: str = "说明.txt", *, by: Stand | None = None, when: str = "09:00"
) -> Any:
    with services.receive(io.BytesIO(body), name, at=at(when)) as received:
        return services.attach(finding.about, received, by=by or staff(finding), at=at(when))


def acts(row: Attachment) -> list[str]:
    return list(Entry.objects.filter(subject=row.about).order_by("pk").values_list("act", flat=True))


def kept() -> list[str]:
    return sorted(store.names())


def test_a_photo_is_kept_by_its_content_with_what_the_camera_wrote_beside_it(finding: Finding) -> None:
    row = hand_in(finding, picture((3000, 2000), exif=camera(at=(35.5, 112.25))), "现场.JPG")
    row.refresh_from_db()
    assert (row.name, row.media, row.width, row.height) == ("现场.JPG", Media.JPEG, 2560, 1707)
    assert (row.latitude, row.longitude, row.taken_at) == (35.5, 112.25, at("08:30"))
    assert row.sha256 != row.original_sha256
    assert (row.actor_name, row.enterprise_id) == ("丙", finding.enterprise_id)
    path = store.path_of(row.sha256)
    assert path == store.folder() / row.sha256[:2] / row.sha256[2:4] / row.sha256
    assert path.stat().st_size == row.size
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (path.parent, path.parent.parent, store.folder())} == {
        0o700
    }
    entry = Entry.objects.get(subject=row.about)
    assert (entry.act, entry.actor) == ("attachment.attached", "person:丙")
    assert {name: entry.after[name] for name in ("name", "size", "sha256", "subject")} == {
        "name": "现场.JPG", "size": row.size, "sha256": row.sha256, "subject": finding.about,
    }  # fmt: skip
    assert list(journal.broken()) == []
    assert list(selectors.damaged()) == []
    assert store.left_over() == []


def test_a_document_is_kept_as_it_came(finding: Finding) -> None:
    row = hand_in(finding, PDF, "报告.pdf")
    assert row.sha256 == row.original_sha256
    assert store.read(row.sha256) == PDF


def test_the_same_photo_again_is_the_same_row_and_no_second_act(finding: Finding) -> None:
    first = hand_in(finding, picture(exif=camera()), "一.jpg")
    again = hand_in(finding, picture(exif=camera()), "二.jpg", when="10:00")
    other_camera = hand_in(finding, picture(exif=camera(taken="2024:03:01 07:00:00")), "三.jpg", when="11:00")
    assert first.pk == again.pk == other_camera.pk
    assert acts(first) == ["attachment.attached"]
    assert kept() == [first.sha256]


def test_the_same_photo_on_another_record_is_one_content_and_is_told(finding: Finding) -> None:
    other = found(finding.enterprise, "x:2")
    first, second = (hand_in(each, picture(), "一.jpg") for each in (finding, other))
    assert first.pk != second.pk
    assert kept() == [first.sha256]
    assert selectors.seen_elsewhere(first.original_sha256, finding.about) == [second]
    assert selectors.seen_elsewhere(first.original_sha256, other.about, EVERYTHING) == [first]
    assert selectors.seen_elsewhere("0" * 64, other.about) == []


def test_withdrawn_it_stays_with_its_reason_and_handed_in_again_it_counts_again(finding: Finding) -> None:
    row = hand_in(finding, PDF, "报告.pdf")
    with pytest.raises(Refused, match="原因"):
        services.withdraw(row, by=staff(finding), at=at("10:00"), why=" ")
    gone = services.withdraw(row, by=staff(finding), at=at("10:00"), why="交错了")
    assert (gone.state, gone.withdrawn_by, gone.withdrawn_why) == ("withdrawn", "丙", "交错了")
    assert store.read(row.sha256) == PDF
    with pytest.raises(Refused, match="已于 2024-03-01 10:00 撤回"):
        services.withdraw(row, by=staff(finding), at=at("10:01"), why="交错了")
    assert hand_in(finding, PDF, "报告.pdf", when="11:00").state == "kept"
    assert acts(row) == ["attachment.attached", "attachment.withdrawn", "attachment.restored"]


def test_who_handed_it_in_withdraws_it_and_the_supervising_side_may_and_nobody_else(finding: Finding) -> None:
    row = hand_in(finding, PDF, "报告.pdf")
    with pytest.raises(PermissionDenied):
        services.withdraw(row, by=staff(finding, "丁"), at=at("10:00"), why="不要")
    seen = hand_in(finding, picture(), "核查.jpg", by=officer(finding))
    with pytest.raises(PermissionDenied):
        services.withdraw(seen, by=staff(finding), at=at("10:00"), why="不要")
    assert services.withdraw(row, by=officer(finding), at=at("10:00"), why="不清楚").withdrawn_by == "示例值班"


def test_nobody_hands_in_who_may_not(finding: Finding) -> None:
    viewer = Stand(Actor("person:x", "某"), finding.chain, at("09:00"), (Hat("viewer", "示例局"),))
    with pytest.raises(PermissionDenied):
        hand_in(finding, PDF, "报告.pdf", by=viewer)
    assert not Attachment.objects.by_the_machine().exists()
    assert (kept(), store.left_over()) == ([], [])


def test_a_word_that_nobody_allowed_and_a_record_that_is_not_there_are_errors_of_ours(finding: Finding) -> None:
    with services.receive(io.BytesIO(PDF), "x.pdf", at=at("09:00")) as received:
        for subject in ("planet:1", "finding:0", "finding:x", f"finding:{'9' * 40}"):
            with pytest.raises(ValueError, match=r"planet|finding"):
                services.attach(subject, received, by=staff(finding), at=at("09:00"))
    with pytest.raises(ValueError, match="already"):
        holders.allow("finding", rows=Finding.objects.all, may_attach=lambda by, row: True,
                      may_withdraw=lambda by, row: True)  # fmt: skip


def test_a_closed_finding_keeps_its_files_as_they_are(finding: Finding) -> None:
    row = hand_in(finding, PDF, "报告.pdf")
    Finding.objects.by_the_machine().update(state=FindingState.CLOSED)
    for act in (
        lambda: hand_in(finding, picture(), "x.jpg"),
        lambda: services.withdraw(row, by=staff(finding), at=at("10:00"), why="不要"),
    ):
        with pytest.raises(Refused, match="已销号"):
            act()


@pytest.mark.case("G11")
def test_more_than_may_be_are_refused(finding: Finding) -> None:
    for n in range(3):
        hand_in(finding, f"第 {n} 份".encode())
    with pytest.raises(Refused, match="最多 3 个"):
        hand_in(finding, b"4")
    assert hand_in(finding, "第 0 份".encode()).pk
    assert len(kept()) == 3


@pytest.mark.case("G11")
@pytest.mark.parametrize(("body", "why"), [(b"", "是空的"), (b"x" * ((1 << 20) + 1), "不超过 1 MB")])
def test_an_empty_file_and_one_that_is_too_large_are_refused(finding: Finding, body: bytes, why: str) -> None:
    with pytest.raises(Refused, match=why):
        hand_in(finding, body)
    assert (kept(), store.left_over()) == ([], [])


def test_killed_between_file_and_row_there_is_a_file_too_many_and_never_a_row_without_one(finding: Finding) -> None:
    class Killed(BaseException):
        pass

    def killed() -> None:
        with transaction.atomic():
            hand_in(finding, PDF, "报告.pdf")
            raise Killed

    with pytest.raises(Killed):
        killed()
    assert not Attachment.objects.by_the_machine().exists()
    assert len(kept()) == 1
    assert hand_in(finding, PDF, "报告.pdf").pk
    assert len(kept()) == 1
    assert list(selectors.damaged()) == []


def test_what_a_killed_process_left_aside_goes_after_a_day(finding: Finding, config: Config) -> None:
    with store.fresh() as left:
        left.write(b"half")
    old = (at("09:00") - timedelta(hours=25)).timestamp()
    os.utime(str(left.name), (old, old))
    with store.fresh() as young:
        young.write(b"half")
    hand_in(finding, PDF, "报告.pdf")
    assert [path.name for path in store.left_over()] == [Path(str(young.name)).name]


def test_what_the_disk_has_lost_or_spoilt_is_named_and_mended_by_the_same_file(finding: Finding) -> None:
    row, other = hand_in(finding, PDF, "报告.pdf"), hand_in(finding, picture(), "x.jpg")
    store.path_of(row.sha256).write_bytes(PDF.replace(b"Root", b"Toor"))
    store.path_of(other.sha256).unlink()
    assert [(each.pk, words) for each, words in selectors.damaged()] == [
        (row.pk, "与其指纹不符"),
        (other.pk, "文件缺失"),
    ]
    hand_in(found(finding.enterprise, "x:2"), PDF, "报告.pdf")
    assert [each.pk for each, _ in selectors.damaged()] == [other.pk]


def test_a_full_disk_is_told_in_words_and_nothing_is_kept(
    finding: Finding, config: Config, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CONFIG = Config(data_dir=config.data_dir, disk_soft_mib=1e9)
    with pytest.raises(Refused, match="磁盘快满了"):
        hand_in(finding, PDF, "报告.pdf")
    settings.CONFIG = config

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(services.os, "fsync", full)
    with pytest.raises(Refused, match="磁盘现在写不进"):
        hand_in(finding, PDF, "报告.pdf")
    assert (kept(), store.left_over()) == ([], [])


@pytest.fixture
def rectified(finding: Finding) -> Iterator[Finding]:
    with services.receive(io.BytesIO(picture()), "整改后.jpg", at=at("09:00")) as received:
        yield findings.rectify(finding, by=staff(finding), at=at("09:00"), text="已更换", files=[received])


def test_a_step_carries_its_files_in_its_own_transaction(rectified: Finding) -> None:
    assert [(row.name, row.at) for row in selectors.of_subject(EVERYTHING, rectified.about)] == [
        ("整改后.jpg", at("09:00"))
    ]
    with services.receive(io.BytesIO(PDF), "x.pdf", at=at("10:00")) as received, pytest.raises(Refused):
        findings.rectify(rectified, by=staff(rectified), at=at("10:00"), text="再报一次", files=[received])
    with services.receive(io.BytesIO(PDF), "核验.pdf", at=at("11:00")) as received:
        findings.verify(rectified, by=officer(rectified), at=at("11:00"), text="属实", files=[received])
    assert [row.name for row in selectors.of_subject(EVERYTHING, rectified.about)] == ["整改后.jpg", "核验.pdf"]
    assert len(kept()) == 2

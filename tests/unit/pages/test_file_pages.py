"""Files on pages: handed in with a step, seen by whoever sees the record, opened apart from everything else."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests import neighbours
from tests.conformance.test_permissions import finding_of, refusals
from tests.neighbours import World
from tests.unit.apps.files.handed import PDF, camera, picture

from anlan import now as clock
from anlan.apps.files import holders, services, store
from anlan.apps.files.models import Attachment
from anlan.apps.findings.models import Finding, FindingState
from anlan.apps.org.actor import SYSTEM
from anlan.apps.org.stand import at_the_machine
from anlan.pages.files import field

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now(), warn=False)


def upload(body: bytes, name: str, kind: str = "application/octet-stream") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, body, content_type=kind)


def rectify(client: Client, finding: Finding, *files: SimpleUploadedFile, text: str = "已更换") -> Any:
    return client.post(f"/findings/{finding.pk}/rectify/", {"text": text, "files": list(files)})


def of(finding: Finding) -> list[Attachment]:
    rows = Attachment.objects.by_the_machine().filter(subject=finding.about).exclude(name__endswith="罐.txt")
    return list(rows.order_by("pk"))


def test_a_step_with_photos_shows_them_on_the_record_and_each_opens(world: World) -> None:
    finding, holder = finding_of(world.plants["a1"]), world.client("holder")
    form = holder.get(f"/findings/{finding.pk}/?act=rectify").content.decode()
    assert 'enctype="multipart/form-data"' in form
    assert 'accept="image/*" capture="environment"' in form
    assert "每个不超过 20 MB，一次合计不超过 60 MB" in form
    photo = picture((3000, 2000), exif=camera(at=(35.5, 112.25)))
    assert rectify(holder, finding, upload(photo, "现场.jpg"), upload(PDF, "报告.pdf")).status_code == 302
    picture_row, report = of(finding)
    page = world.client("county").get(f"/findings/{finding.pk}/").content.decode()
    assert all(words in page for words in ("现场.jpg", "报告.pdf", "2560×1707"))
    assert f'src="/files/{picture_row.pk}/content/?size=small"' in page
    shown = world.client("county").get(f"/files/{picture_row.pk}/").content.decode()
    assert all(words in shown for words in ("112.25", "35.5", picture_row.sha256, picture_row.original_sha256))
    opened = world.client("county").get(f"/files/{picture_row.pk}/content/")
    assert opened.content == store.read(picture_row.sha256)
    assert b"Exif" not in opened.content
    small = world.client("county").get(f"/files/{picture_row.pk}/content/?size=small")
    assert small.status_code == 200
    assert len(small.content) < len(opened.content)
    assert report.media == "application/pdf"


@pytest.mark.case("G11")
def test_what_is_opened_is_kept_apart_and_asked_for_each_time(world: World) -> None:
    finding, holder = finding_of(world.plants["a1"]), world.client("holder")
    rectify(holder, finding, upload(picture(), "现场.jpg"), upload(PDF, "报告.pdf"), upload(b"a;b", "a;x.csv"))
    expected = {
        "image/jpeg": ("inline", True), "application/pdf": ("inline", False), "text/csv": ("attachment", True),
    }  # fmt: skip
    for row in of(finding):
        answer = holder.get(f"/files/{row.pk}/content/")
        disposition, sandboxed = expected[row.media]
        assert answer.headers["Content-Type"] == row.media
        assert answer.headers["Content-Disposition"].startswith(f"{disposition};")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert ("sandbox" in answer.headers["Content-Security-Policy"]) is sandboxed
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "private, no-cache"
        known = {"If-None-Match": answer.headers["ETag"]}
        assert holder.get(f"/files/{row.pk}/content/", headers=known).status_code == 304
        foreign = world.client("stranger").get(f"/files/{row.pk}/content/", headers=known)
        assert foreign.status_code == 404
    assert len(refusals(world.plants["a1"])) == len(expected)


@pytest.mark.case("G11")
@pytest.mark.parametrize(
    ("files", "why"),
    [
        ([upload(b"<html><script>alert(1)</script>", "照片.jpg", "image/jpeg")], "网页"),
        ([upload(picture(), "好.jpg"), upload(b"MZ\0", "坏.exe")], "不是可以交的文件"),
        ([upload(b"x", f"{n}.txt") for n in range(field.MOST + 1)], "一次最多 10 个"),
        ([upload(b"", "空.txt")], "是空的"),
    ],
    ids=["lie", "one-of-two", "too-many", "empty"],
)
def test_one_file_that_is_refused_refuses_the_whole_step(
    world: World, files: list[SimpleUploadedFile], why: str
) -> None:
    finding = finding_of(world.plants["a1"])
    for each in files:
        each.seek(0)
    answer = rectify(world.client("holder"), finding, *files)
    assert answer.status_code == 422
    assert why in answer.content.decode()
    finding.refresh_from_db()
    assert (finding.state, of(finding)) == (FindingState.OPEN, [])


def test_a_step_that_is_refused_for_its_words_says_that_the_files_must_be_chosen_again(world: World) -> None:
    finding = finding_of(world.plants["a1"])
    answer = rectify(world.client("holder"), finding, upload(picture(), "现场.jpg"), text=" ")
    assert answer.status_code == 422
    assert "文件没有保存，请重新选择" in answer.content.decode()
    assert of(finding) == []


def test_withdrawn_it_is_struck_through_with_its_reason(world: World) -> None:
    finding, holder = finding_of(world.plants["a1"]), world.client("holder")
    rectify(holder, finding, upload(picture(), "现场.jpg"))
    (row,) = of(finding)
    assert "撤回原因" in holder.get(f"/files/{row.pk}/?act=withdraw").content.decode()
    blank = holder.post(f"/files/{row.pk}/withdraw/", {"text": ""})
    assert (blank.status_code, "请填写撤回原因" in blank.content.decode()) == (422, True)
    done = holder.post(f"/files/{row.pk}/withdraw/", {"text": "拍错了位置"})
    assert done.headers["Location"] == f"/findings/{finding.pk}/"
    page = holder.get(f"/findings/{finding.pk}/").content.decode()
    assert 'class="file withdrawn"' in page
    assert "拍错了位置" in page
    assert holder.get(f"/files/{row.pk}/content/").status_code == 200
    assert "撤回原因" not in holder.get(f"/files/{row.pk}/").content.decode()


def test_the_same_photo_on_another_record_is_shown_to_whoever_sees_both(world: World) -> None:
    rows = {}
    for key in ("a1", "a2"):
        finding = finding_of(world.plants[key])
        with services.receive(io.BytesIO(picture()), f"{key}厂.jpg", at=clock.now()) as received:
            by = at_the_machine(SYSTEM, finding.chain, clock.now())
            rows[key] = services.attach(finding.about, received, by=by, at=clock.now())
    seen = {
        who: f"/files/{rows['a2'].pk}/" in world.client(who).get(f"/files/{rows['a1'].pk}/").content.decode()
        for who in ("county", "holder")
    }
    assert seen == {"county": True, "holder": False}


def test_who_does_not_see_the_record_does_not_see_its_files(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    plant = world.plants["a1"]
    hidden = holders.Holder(
        "finding", lambda: Finding.objects.exclude(pk=finding_of(plant).pk), lambda by, row: True, lambda by, row: True
    )
    monkeypatch.setitem(holders._holders, "finding", hidden)
    assert world.client("holder").get(f"/files/{plant.file.pk}/content/").status_code == 404
    assert refusals(plant)[-1].subject == plant.file.about


def test_what_the_store_has_lost_is_said_in_words(world: World) -> None:
    plant = world.plants["a1"]
    path = store.path_of(plant.file.sha256)
    body = path.read_bytes()
    path.unlink()
    try:
        answer = world.client("holder").get(f"/files/{plant.file.pk}/content/")
        assert answer.status_code == 500
        assert "现在读不出" in answer.content.decode()
    finally:
        path.write_bytes(body)

"""A chain that was rewritten as a whole proves itself, and is found all the same by the files outside the database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.acceptance.worlds import at

from anlan.apps.journal import anchors, lines
from anlan.apps.journal import services as journal
from anlan.apps.journal.fingerprint import fingerprint
from anlan.apps.journal.models import Chain, Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three days of anchors of two chains."""
    folder = tmp_path / "anchors"
    for day in (1, 2, 3):
        journal.record("agency:zz", "read", at=at("08:00", day), actor="user:x")
        if day != 2:
            journal.record("enterprise:e1", "level_set", at=at("08:00", day), after={"level": "red"})
        assert anchors.anchor(folder, f"2024-03-0{day}", at("23:00", day)) is not None
    assert list(anchors.broken(folder)) == []
    return folder


def rewrite(chain: Chain) -> None:
    """What somebody with the whole database in hand would do: another act, and every fingerprint after it anew."""
    previous = ""
    for entry in chain.entries.order_by("seq"):
        entry.actor = "user:other"
        entry.previous = previous
        entry.hash = previous = fingerprint(entry, chain.key)
        entry.save()
    Chain.objects.filter(pk=chain.pk).update(head=previous)


def test_a_day_is_anchored_once_and_only_with_what_changed(folder: Path) -> None:
    assert anchors.anchor(folder, "2024-03-03", at("23:30", 3)) is None
    assert [path.name for path in anchors.files_in(folder)] == ["2024-03-01.json", "2024-03-02.json", "2024-03-03.json"]
    assert Entry.objects.filter(act="anchored").count() == 3
    assert list(journal.broken()) == []


def test_a_chain_rewritten_as_a_whole_is_found(folder: Path) -> None:
    rewrite(Chain.objects.get(key="enterprise:e1"))
    assert list(journal.broken()) == []  # it proves itself
    found = list(anchors.broken(folder))
    assert "enterprise:e1：第 1 条与 2024-03-01 的锚定不符" in found
    assert not any(line.startswith("agency:zz") for line in found)


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "the first taken away": (lambda folder: (folder / "2024-03-01.json").unlink(), "接不上"),
    "the last taken away": (lambda folder: (folder / "2024-03-03.json").unlink(), "缺失或已被改动"),
    "one altered": (lambda folder: alter(folder / "2024-03-02.json"), "缺失或已被改动"),
    "one made unreadable": (lambda folder: overwrite(folder / "2024-03-02.json", "{"), "无法读取"),
}


def overwrite(path: Path, text: str) -> None:
    path.unlink()
    path.write_text(text, encoding="utf-8")


def alter(path: Path) -> None:
    overwrite(path, path.read_text(encoding="utf-8").replace("agency:zz", "agency:yy"))


@pytest.mark.parametrize(("tampering", "words"), FILES.values(), ids=FILES.keys())
def test_an_anchor_file_that_is_missing_or_altered_is_found(
    folder: Path, tampering: Callable[[Path], object], words: str
) -> None:
    tampering(folder)
    assert any(words in line for line in anchors.broken(folder))


def test_a_kill_between_file_and_journal_is_made_good(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*arguments: object, **named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(anchors.journal, "record", killed)
        with pytest.raises(KeyboardInterrupt):
            anchors.anchor(folder, "2024-03-04", at("23:00", 4))
    assert anchors.anchor(folder, "2024-03-04", at("23:01", 4)) is not None
    assert anchors.anchor(folder, "2024-03-04", at("23:02", 4)) is None
    assert list(anchors.broken(folder)) == []


@pytest.mark.req("SEC-02")
def test_altering_a_stored_row_is_found_by_the_integrity_check(folder: Path) -> None:
    """The check as written: altering a stored row is found."""
    Entry.objects.filter(chain__key="agency:zz", seq=2).update(actor="user:other")
    assert list(journal.broken()) == ["agency:zz：第 2 条与其指纹不符"]


@pytest.fixture
def minutes(tmp_path: Path) -> Path:
    """Lines of anchors of one morning, five minutes apart, in two places."""
    places = [tmp_path / "here", tmp_path / "there"]
    for minute in (0, 5, 10):
        journal.record("enterprise:e1", "level_set", at=at(f"08:{minute:02d}"), after={"level": "red"})
        assert lines.add(places, "2024-03-01", at(f"08:{minute:02d}:30")) is not None
    assert lines.add(places, "2024-03-01", at("08:15")) is None  # nothing has changed
    assert list(lines.broken(places[0])) == []
    assert list(lines.apart(*places)) == []
    return tmp_path


@pytest.mark.case("G7")
def test_a_chain_rewritten_since_the_last_daily_anchor_is_found_by_the_lines(minutes: Path) -> None:
    rewrite(Chain.objects.get(key="enterprise:e1"))
    assert list(journal.broken()) == []
    assert list(lines.broken(minutes / "here")) == [
        f"enterprise:e1：第 {seq} 条与 2024-03-01 的锚定不符" for seq in (1, 2, 3)
    ]


@pytest.mark.case("G7")
def test_lines_that_were_rewritten_too_are_found_by_the_second_place_and_the_observer(minutes: Path) -> None:
    told = lines.digest_of(minutes / "here")
    assert told is not None
    (minutes / "here" / "2024-03-01.lines").unlink()
    rewrite(Chain.objects.get(key="enterprise:e1"))
    lines.add([minutes / "here"], "2024-03-01", at("08:20"))
    assert list(lines.broken(minutes / "here")) == []  # they prove themselves
    assert list(lines.apart(minutes / "here", minutes / "there")) == ["锚定文件 2024-03-01.lines 在两处不一样"]
    assert list(lines.broken(minutes / "there")) != []
    (words,) = lines.unseen(minutes / "here", [told["sha256"]])
    assert words.startswith(f"外面的观察者见过的锚定 {told['sha256'][:12]}")


@pytest.mark.case("G7")
def test_a_line_taken_out_and_a_day_cut_short_are_found(minutes: Path) -> None:
    path = minutes / "here" / "2024-03-01.lines"
    text = path.read_text(encoding="utf-8").splitlines(keepends=True)
    # the anchor of the next day names the lines of this one
    assert anchors.anchor(minutes / "here", "2024-03-02", at("00:05", 2)) is not None
    path.write_text(text[0] + text[2], encoding="utf-8")
    assert list(lines.broken(minutes / "here")) == ["锚定文件 2024-03-01.lines 第 2 行与前一行接不上"]
    path.write_text("".join(text[:2]), encoding="utf-8")
    assert list(lines.broken(minutes / "here")) == []
    assert list(anchors.broken(minutes / "here")) == ["锚定文件 2024-03-01.lines 缺失或已被改动"]


def test_a_line_cut_short_by_a_kill_is_none_and_the_next_goes_on(minutes: Path) -> None:
    path = minutes / "here" / "2024-03-01.lines"
    path.write_bytes(path.read_bytes()[:-20])
    journal.record("enterprise:e1", "cleared", at=at("08:20"))
    added = lines.add([minutes / "here"], "2024-03-01", at("08:21"))
    assert added is not None
    assert [line.number for line in lines.read(path)] == [1, 2, 3]
    assert list(lines.broken(minutes / "here")) == []
    path.write_bytes(path.read_bytes().replace(b"}}", b"}", 1))
    assert list(lines.broken(minutes / "here")) == ["锚定文件 2024-03-01.lines 第 1 行与前一行接不上"]

"""CAP out: alerts that the standard's rules accept, chains by reference, a folder and an address; and read back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.contract.channels.kinds import LETTER, cap_folder
from tests.contract.channels.server import ChannelServer, Reply

from anlan.apps.external import cap
from anlan.channels import ChannelError, Earlier, configured
from anlan.channels.cap import Cap
from anlan.config import Config, ConfigError


def written(folder: Path) -> list[cap.Alert]:
    return [cap.read(file.read_bytes()) for file in sorted(folder.iterdir())]


def one(folder: Path, **changes: object) -> cap.Alert:
    for file in folder.iterdir():
        file.unlink()
    cap_folder(folder).send(replace(LETTER, **changes))  # type: ignore[arg-type]
    return written(folder)[0]


def test_an_alert_says_everything_the_letter_says(tmp_path: Path) -> None:
    alert = one(tmp_path)
    info = alert.info
    assert info is not None
    assert (alert.status, alert.scope, alert.sender) == ("Actual", "Restricted", "anlan@county.example")
    assert alert.sent.isoformat() == "2024-03-01T11:00:00+08:00"
    assert (info.language, info.categories) == ("zh-CN", ("CBRNE", "Safety"))
    assert (info.headline, info.description) == (LETTER.title, LETTER.body)
    said = dict(info.parameters)
    assert (said["warningNumber"], said["level"], said["step"]) == (LETTER.number, "orange", "3")
    assert info.areas == (cap.Area("示例县", (("GB/T 2260", "140525"),)),)


@pytest.mark.parametrize(
    ("level", "codes"),
    [
        ("red", ("Immediate", "Extreme", "Observed")),
        ("orange", ("Immediate", "Severe", "Observed")),
        ("yellow", ("Expected", "Moderate", "Likely")),
        ("blue", ("Future", "Minor", "Possible")),
        ("", ("Unknown", "Unknown", "Unknown")),
    ],
)
def test_levels_have_their_codes(tmp_path: Path, level: str, codes: tuple[str, str, str]) -> None:
    info = one(tmp_path, level=level).info
    assert info is not None
    assert (info.urgency, info.severity, info.certainty) == codes


def test_the_codes_of_a_level_are_a_setting(tmp_path: Path) -> None:
    channel = cap_folder(tmp_path, levels={"orange": ["Expected", "Severe", "Likely"]})
    channel.send(LETTER)
    info = written(tmp_path)[0].info
    assert info is not None
    assert (info.urgency, info.severity, info.certainty) == ("Expected", "Severe", "Likely")
    with pytest.raises(ConfigError, match=r"channels\.cap\.levels\.red"):
        cap_folder(tmp_path, levels={"red": ["Now", "Severe", "Likely"]})


def test_the_first_is_an_alert_the_next_an_update_the_last_a_cancellation(tmp_path: Path) -> None:
    assert one(tmp_path, earlier=()).message == "Alert"
    update = one(tmp_path)
    assert update.message == "Update"
    first = LETTER.earlier[0]
    assert update.references == (
        cap.Reference("anlan@county.example", Cap.identifier(first.key), first.sent_at.astimezone(UTC)),
    )
    ended = one(tmp_path, kind="cleared")
    assert ended.message == "Cancel"
    assert ended.info is not None
    assert (ended.info.urgency, ended.info.responses) == ("Past", ("AllClear",))
    assert one(tmp_path, kind="cleared", earlier=()).message == "Alert"


def test_a_long_chain_refers_to_the_newest(tmp_path: Path) -> None:
    earlier = tuple(Earlier(f"k{n}", datetime(2024, 3, 1, 0, n, tzinfo=UTC)) for n in range(40))
    assert [each.identifier for each in one(tmp_path, earlier=earlier).references][-1] == Cap.identifier("k39")


def test_a_drill_and_a_test_are_marked(tmp_path: Path) -> None:
    drill = one(tmp_path, exercise=True)
    assert (drill.status, "演练" in drill.note) == ("Exercise", True)
    assert one(tmp_path, kind="test", level="", earlier=()).status == "Test"


def test_hostile_words_stay_words(tmp_path: Path) -> None:
    words = "]]><x>&amp;\x00\x0b\ud800 😀"
    info = one(tmp_path, title=words, body=words, number='a "b" c', region="", region_name="").info
    assert info is not None
    assert info.headline.replace("\n", "") == "]]><x>&amp; 😀"
    assert info.areas[0].name == LETTER.enterprise


def test_another_try_lays_down_nothing_new(tmp_path: Path) -> None:
    channel = cap_folder(tmp_path)
    first, again = channel.send(LETTER), channel.send(LETTER)
    assert first == again
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_is_gone_is_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    channel = cap_folder(folder)
    folder.rmdir()
    with pytest.raises(ChannelError, match="文件夹"):
        channel.send(LETTER)


def test_a_receiver_that_has_had_it_is_content(tmp_path: Path) -> None:
    with ChannelServer() as server:
        server.reply = Reply(409)
        channel = configured(Config(channels={"cap": {"type": "cap", "sender": "s@x", "url": server.url}}))["cap"]
        channel.send(LETTER)
        assert server.got[0].headers["content-type"].startswith("application/cap+xml")
        assert cap.read(server.got[0].body).message == "Update"


@pytest.mark.parametrize("scope", ["Restricted", "Private"])
def test_who_may_read_it_is_said(tmp_path: Path, scope: str) -> None:
    cap_folder(tmp_path, scope=scope).send(replace(LETTER, to="县 应急局"))
    assert written(tmp_path)[0].scope == scope

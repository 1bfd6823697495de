"""What is given up when the disk gets short, and in which order it comes back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.config import Config
from anlan.process import disk_space
from anlan.process.disk_space import GIB, MIB, Room, Stage, space, stage_at

SOFT = 1024 * MIB


def test_history_goes_first_then_back_fills_then_live_data() -> None:
    seen = [stage_at(free * MIB, SOFT) for free in (1100, 1023, 513, 511, 257, 255, 0)]
    assert seen == [
        Stage.PLENTY, Stage.HISTORY, Stage.HISTORY, Stage.BACK_FILL, Stage.BACK_FILL, Stage.LIVE, Stage.LIVE,
    ]  # fmt: skip
    assert stage_at(0, 0) == Stage.PLENTY


def test_a_stage_ends_only_with_a_little_more_room_than_it_began_with() -> None:
    assert stage_at(1030 * MIB, SOFT, before=Stage.HISTORY) == Stage.HISTORY
    assert stage_at(1130 * MIB, SOFT, before=Stage.HISTORY) == Stage.PLENTY
    assert stage_at(270 * MIB, SOFT, before=Stage.LIVE) == Stage.LIVE
    assert stage_at(290 * MIB, SOFT, before=Stage.LIVE) == Stage.BACK_FILL


@given(st.integers(0, 4 * GIB), st.integers(0, 4 * GIB), st.sampled_from(Stage))
def test_less_room_never_gives_up_less(one: int, other: int, before: Stage) -> None:
    less, more = sorted((one, other))
    assert stage_at(less, SOFT, before) >= stage_at(more, SOFT, before)


def test_the_room_is_bounded_by_what_the_installation_may_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nats").mkdir()
    (tmp_path / "nats" / "block").write_bytes(b"x" * (3 * MIB))
    config = replace(Config(data_dir=tmp_path), data_max_gib=10 / 1024, disk_soft_mib=5)
    assert 6 * MIB < space(config).free <= 7 * MIB
    moment = [100.0]
    monkeypatch.setattr(disk_space.now, "monotonic", lambda: moment[0])
    asked = Room(config)
    assert asked.stage == Stage.PLENTY
    ballast = tmp_path / "ballast"
    ballast.write_bytes(b"x" * (6 * MIB))
    assert asked.stage == Stage.PLENTY, "the disk is looked at once in a while only"
    moment[0] += 10
    assert asked.stage == Stage.LIVE
    ballast.unlink()
    moment[0] += 10
    assert asked.stage == Stage.PLENTY


def test_a_folder_that_is_not_there_yet_is_measured_where_it_will_be(tmp_path: Path) -> None:
    assert space(Config(data_dir=tmp_path / "not" / "yet")).free > 0

"""What the gateway says it lost: it survives restarts and torn lines, and its record has a size."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from anlan.edge import losses as module
from anlan.edge.buffer import Gap
from anlan.edge.losses import Losses


def told(path: Path) -> list[tuple[str, str, int, int, int]]:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [(each["gateway"], each["reason"], each["packets"], each["fromUs"], each["toUs"]) for each in lines]


def test_a_long_record_is_shortened_and_no_lost_packet_goes_uncounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 2000)
    monkeypatch.setattr(module, "KEPT", 4)
    path = tmp_path / "gaps.jsonl"
    two = [Losses(path, "g1"), Losses(path, "g2")]
    for second in range(100):
        reason = "buffer_full" if second < 90 else "local_log_unavailable"
        two[second % 2].record(Gap(1 + second % 3, second, second + 1, reason))
        assert path.stat().st_size < 2000 + 200
    assert [each.dropped for each in two] == [Losses(path, "g1").dropped, Losses(path, "g2").dropped]
    assert sum(each.dropped for each in two) == sum(1 + second % 3 for second in range(100))
    lines = told(path)
    assert lines[-1] == ("g2", "local_log_unavailable", 1, 99, 100)
    assert lines[0][:2] == ("g1", "buffer_full")
    assert lines[0][3] == 0
    assert not path.with_suffix(".draft").exists()


def test_a_gap_after_a_torn_line_is_a_line_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "gaps.jsonl"
    path.write_bytes(b'{"gateway":"g","rea')
    Losses(path, "g").record(Gap(2, 5, 6, "buffer_full"))
    assert Losses(path, "g").dropped == 2

"""Recordings of other people's plants, in the shapes they come in."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from anlan.edge.drivers.recording import Recording, RecordingError, layout
from anlan.edge.table import ConfigError, Table


def read(tmp_path: Path, text: str, **options: object) -> Recording:
    path = tmp_path / "recording.csv"
    path.write_text(text, encoding="utf-8")
    return Recording.read(path, layout(Table(options, "[driver]")))


def test_columns_are_found_by_name_and_times_are_differences(tmp_path: Path):
    text = "datetime;Flow;Pressure\n2020-03-09 10:14:33;32.0;0.05\n2020-03-09 10:14:35;31.0;0.06\n"
    recording = read(tmp_path, text, columns={"A": "Pressure", "B": "Flow"}, separator=";", time_column="datetime")
    assert [(row.offset_seconds, row.values) for row in recording.rows] == [(0.0, [0.05, 32.0]), (2.0, [0.06, 31.0])]


def test_blanks_separate_and_rows_have_a_fixed_step(tmp_path: Path):
    recording = read(
        tmp_path, "  1.0e+00   2.5\n  2.0e+00   3.5\n", columns={"A": 2}, separator="whitespace", header=False,
        row_seconds=180,
    )  # fmt: skip
    assert [(row.offset_seconds, row.values) for row in recording.rows] == [(0.0, [2.5]), (180.0, [3.5])]
    assert recording.last_step_seconds == 180.0


def test_cells_that_say_nothing_are_no_numbers(tmp_path: Path):
    recording = read(tmp_path, "x,y\n-200,1\n,2\nabc,3\ninf,4\n5,5\n", columns={"A": "x"}, missing=[-200])
    assert [math.isnan(row.values[0]) for row in recording.rows] == [True, True, True, True, False]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("t,x\n2020-01-01 00:00:02,1\n2020-01-01 00:00:01,1\n", "早于上一行"),
        ("t,x\nnever,1\n", "时间无法识别"),
        ("t,y\n", "没有列 x"),
        ("t,x\n", "没有数据行"),
    ],
)
def test_a_recording_that_cannot_be_trusted_is_refused(tmp_path: Path, text: str, message: str):
    with pytest.raises(RecordingError, match=message):
        read(tmp_path, text, columns={"A": "x"}, time_column="t")


def test_a_column_by_name_needs_a_header():
    with pytest.raises(ConfigError, match="列号"):
        layout(Table({"columns": {"A": "x"}, "header": False}, "[driver]"))

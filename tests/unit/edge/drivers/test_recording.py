"""Recordings of other people's plants, in the shapes they come in."""

from __future__ import annotations

import asyncio
import logging
import math
from pathlib import Path

import pytest

from anlan.edge.config import parse
from anlan.edge.drivers import open_driver
from anlan.edge.drivers.recording import Recording, RecordingError, layout
from anlan.edge.scan import Scan
from anlan.edge.table import ConfigError, Table
from anlan.now import SystemClock

HEAD = """
[local]
store_dir = "store"
[intake]
url = "http://127.0.0.1:1"
[[gateway]]
code = "1"
enterprise = "1"
key = "k"
[gateway.driver]
"""


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


TWICE = """timestamp,value
2024-10-27 01:50:00,1.1
2024-10-27 02:00:00,1.2
2024-10-27 02:30:00,1.3
2024-10-27 02:59:00,1.4
2024-10-27 02:00:00,1.5
2024-10-27 02:30:00,1.6
2024-10-27 03:00:00,1.7
"""


@pytest.mark.case("A10")
def test_an_hour_that_comes_twice_is_played_in_the_order_of_the_file_and_the_repetition_is_known(tmp_path: Path):
    recording = read(tmp_path, TWICE, columns={"A": "value"}, time_column="timestamp")
    assert [(row.offset_seconds / 60, row.values[0]) for row in recording.rows] == [
        (0, 1.1), (10, 1.2), (40, 1.3), (69, 1.4), (98, 1.5), (128, 1.6), (158, 1.7),
    ]  # fmt: skip
    assert recording.set_back == [(6, 3540.0)]


@pytest.mark.case("A10")
async def test_the_repetition_is_told_in_the_log_and_the_status(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "twice.csv").write_text(TWICE, encoding="utf-8")
    section = 'kind = "replay"\nfile = "twice.csv"\nspeed = 1e6\ntime_column = "timestamp"\ncolumns = { A = "value" }\n'
    (gateway,) = parse(HEAD + section, tmp_path).gateways
    driver, stop, seen = open_driver(gateway, SystemClock()), asyncio.Event(), []

    def emit(scan: Scan) -> None:
        seen.append((scan.samples["A"].value, driver.diagnostics()["last_error"]))
        if len(seen) == 7:
            stop.set()

    with caplog.at_level(logging.WARNING, logger="anlan.edge"):
        await driver.run(emit, stop)
    assert [value for value, _ in seen] == [1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7]
    told = "录制第 6 行的时间比上一行早 3540 秒（时钟被拨回），按文件里的先后接着播放"
    assert {error for _, error in seen} == {told}
    assert [record.getMessage() for record in caplog.records] == [f"网关 1：{told}"]


@pytest.mark.case("A10")
@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8", "utf-8-sig", "utf-16"])
def test_a_table_is_read_in_the_encodings_that_people_save(tmp_path: Path, encoding: str):
    path = tmp_path / "recording.csv"
    path.write_bytes("时间,温度,备注\n2024-01-01 00:00:00,1.5,正常\n".encode(encoding))
    columns = layout(Table({"columns": {"A": "温度"}, "time_column": "时间"}, "[driver]"))
    assert [row.values for row in Recording.read(path, columns).rows] == [[1.5]]


@pytest.mark.case("A10")
def test_bytes_that_are_no_text_are_refused_with_what_to_do(tmp_path: Path):
    path = tmp_path / "recording.csv"
    path.write_bytes(b"PK\x03\x04\xff\xff\x80\n1")
    with pytest.raises(RecordingError, match="另存为“CSV UTF-8"):
        Recording.read(path, layout(Table({"columns": {"A": "x"}}, "[driver]")))


@pytest.mark.case("A10")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("t,x\n2024/1/1 0:00:00,1\n", "第 2 行的时间无法识别: “2024/1/1 0:00:00”，请写明 time_format"),
        ("t,x\n2024-01-01 00:00:00,1\n\n", ""),
        ('t,x\n2024-01-01 00:00:00,"' + "1" * 200_000 + '"\n', "分不出列"),
    ],
    ids=["times as a Chinese Excel writes them", "an empty last line", "a cell without end"],
)
def test_a_table_that_people_have_is_read_or_refused_with_what_to_do(tmp_path: Path, text: str, message: str):
    if not message:
        assert len(read(tmp_path, text, columns={"A": "x"}, time_column="t").rows) == 1
        return
    with pytest.raises(RecordingError, match=message):
        read(tmp_path, text, columns={"A": "x"}, time_column="t")

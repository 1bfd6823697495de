"""One bad value costs none of its neighbours: from the request to the arrays, in every form and way of reading."""

from __future__ import annotations

import gzip
import json
import math
import zlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard

from anlan.stream import edge_alarm
from anlan.stream import frame as frame_module
from anlan.stream import scan as scan_module
from anlan.stream.envelope import Record
from anlan.stream.frame import BAD, GOOD, UNCERTAIN, Frame, FrameDecoder
from anlan.stream.points import PointSpec, PointTable
from anlan.stream.tags import tags_hash
from anlan.testing.sender import binary, collect_time, packet, tag_list

from .conftest import NOW, Desk

FIELD = Path(__file__).parents[3] / "corpus" / "hostile"
Cell = tuple[float | None, int]
WORDS: dict[str, Cell] = {
    # what encoders write for what is no number
    "NaN": (None, BAD), "nan": (None, BAD), "-NaN": (None, BAD), "NAN": (None, BAD), "nan(ind)": (None, BAD),
    "Infinity": (None, BAD), "-Infinity": (None, BAD), "+Infinity": (None, BAD), "inf": (None, BAD),
    "1.#QNAN": (None, BAD), "-1.#IND": (None, BAD), "1.#INF": (None, BAD), "#N/A": (None, BAD), "(null)": (None, BAD),
    "None": (None, BAD), "True": (None, BAD), "undefined": (None, BAD), "null": (None, BAD), "true": (None, BAD),
    "": (None, BAD), "-": (None, BAD), "--": (None, BAD), "*": (None, BAD), "0x1F": (None, BAD), "1_000": (None, BAD),
    "1e999": (None, BAD), "-1e999": (None, BAD), "1" * 5000: (None, BAD), "{}": (None, BAD), '{"v": 1}': (None, BAD),
    "[]": (None, BAD), "[7]": (None, BAD),
    # texts
    '"7"': (7.0, GOOD), '" 7"': (7.0, GOOD), '"+7"': (7.0, GOOD), '"7."': (7.0, GOOD), '"abc"': (None, BAD),
    '""': (None, BAD), '"NaN"': (None, BAD), '"Infinity"': (None, BAD), '"1e999"': (None, BAD), '"１２"': (None, BAD),
    '"12,5"': (None, BAD), '"7\t"': (7.0, GOOD), r'"C:\dir"': (None, BAD),
    # numbers as only people and printf write them
    "+7": (7.0, GOOD), ".5": (0.5, GOOD), "7.": (7.0, GOOD), "007": (7.0, GOOD), "7e0": (7.0, GOOD), "-0": (0.0, GOOD),
}  # fmt: skip


@pytest.fixture(params=["plain", "compiled", "none"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The template scan as Python runs it, as numba compiles it, and not there at all."""
    real = scan_module.scanner()
    if request.param == "compiled" and real is None:
        pytest.skip("numba is not installed, or switched off")
    found = {"plain": scan_module.scan, "compiled": real, "none": None}[request.param]
    for module in (scan_module, frame_module):
        monkeypatch.setattr(module, "scanner", lambda: found)
    return str(request.param)


class Way:
    """The way of a packet from a request to a frame; the decoder has learned what the gateway sends."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.site, self.number = desk, desk.sites[0], 0
        self.who = (self.site.enterprise, self.site.gateway)
        specs = [PointSpec(code=code, enterprise=self.who[0], gateway=self.who[1]) for code in self.site.points]
        digest = tags_hash(list(self.site.points))
        desk.lists[self.who[1]] = {digest: list(self.site.points)}
        self.decoder = FrameDecoder(PointTable(specs), lambda gateway, given: list(self.site.points))
        self.fresh = lambda: FrameDecoder(PointTable(specs), lambda gateway, given: list(self.site.points))
        for _ in range(3):
            self.decoder.decode(self.record_of(self.national('"value": 1.0', '"value": 2.0', '"value": 3.0')))

    def record_of(self, body: bytes) -> Record:
        return Record(*self.who, "p", round(NOW.timestamp() * 1e6), body)

    def head(self) -> str:
        self.number += 1
        at = collect_time(NOW - timedelta(seconds=self.number))
        return (
            f'{{"enterpriseId": "{self.who[0]}", "report": {{"enterpriseId": "{self.who[0]}", '
            f'"gatewayId": "{self.who[1]}", "collectTime": "{at}", "dataId": "d{self.number}"'
        )

    def national(self, *samples: str, more: str = "") -> bytes:
        told = zip(self.site.points, samples, strict=True)
        datas = ", ".join(f'{{"quotaId": "{code}", {sample}}}' for code, sample in told)
        return f'{self.head()}{more}, "datas": [{datas}]}}}}'.encode()

    def compact(self, *values: str, more: str = "") -> bytes:
        digest = tags_hash(list(self.site.points))
        return f'{self.head()}{more}, "tagsHash": "{digest}", "values": [{", ".join(values)}]}}}}'.encode()

    async def frame(self, body: bytes, **how: Any) -> Frame:
        before = len(self.desk.records)
        reply = await self.desk.post(body, **how)
        assert (reply.status, reply.accepted) == (200, 1), (body, reply)
        assert len(self.desk.records) == before + 1, body
        record = self.desk.records[-1]
        taught, fresh = self.decoder.decode(record), self.fresh().decode(record)
        assert cells(taught) == cells(fresh), body
        return taught


def cells(frame: Frame) -> list[Cell]:
    return [
        (None if math.isnan(value) else value, quality)
        for value, quality in zip(frame.value.tolist(), frame.quality.tolist(), strict=True)
    ]


@pytest.mark.case("A6")
async def test_whatever_stands_for_a_value_its_neighbours_land_and_all_forms_agree(desk: Desk, way: str) -> None:
    path = Way(desk)
    for word, cell in WORDS.items():
        expected = [(1.0, GOOD), cell, (3.0, GOOD)]
        plain = path.national('"value": 1.0', f'"value": {word}', '"value": 3.0')
        assert cells(await path.frame(plain)) == expected, word
        more = path.national('"value": "1"', f'"value": {word}, "isValid": "1"', '"value": "3"')
        assert cells(await path.frame(more)) == expected, word
        assert cells(await path.frame(path.compact("1.0", word, "3.0"))) == expected, word


@pytest.mark.case("A6")
async def test_the_binary_form_agrees(desk: Desk, way: str) -> None:
    path = Way(desk)
    for number, value in enumerate((math.nan, math.inf, -math.inf)):
        values = dict(zip(path.site.points, (1.0, value, 3.0), strict=True))
        body = binary(*path.who, NOW - timedelta(seconds=number), values)
        assert cells(await path.frame(body)) == [(1.0, GOOD), (None, BAD), (3.0, GOOD)]
    from anlan.stream import binary as form

    enterprise, gateway = path.who
    report = form.BinaryReport(
        collectTime=collect_time(NOW), tagsHash=tags_hash(list(path.site.points)), count=3, enterpriseId=enterprise,
        gatewayId=gateway,
    )  # fmt: skip
    odd = form.encode(report, [1.0, 2.0, 3.0], [0, 7, 0], [0, -(2**63), 2**63 - 1])
    assert cells(await path.frame(odd)) == [(1.0, GOOD), (2.0, BAD), (3.0, UNCERTAIN)]


@pytest.mark.case("A6")
@pytest.mark.parametrize(
    ("field", "cell"),
    [
        ('"isValid": {}', (2.0, BAD)), ('"isValid": 1.0', (2.0, GOOD)), ('"isValid": 1e999', (2.0, GOOD)),
        ('"isValid": NaN', (2.0, GOOD)), ('"time": 1.5', (2.0, UNCERTAIN)), ('"time": {"a": 1}', (2.0, UNCERTAIN)),
        ('"time": NaN', (2.0, UNCERTAIN)), ('"time": 1e999', (2.0, UNCERTAIN)), ('"time": true', (2.0, UNCERTAIN)),
        ('"quality": NaN', (2.0, GOOD)), ('"unit": °C', (2.0, GOOD)), ('"note": "a\tb"', (2.0, GOOD)),
        ('"note": 1e999', (2.0, GOOD)), ('"note": [[{}]]', (2.0, GOOD)), ('"a": 1,', (2.0, GOOD)),
    ],
)  # fmt: skip
async def test_a_field_that_cannot_be_read_costs_neither_its_sample_nor_the_others(
    desk: Desk, field: str, cell: Cell
) -> None:
    path = Way(desk)
    body = path.national('"value": 1.0', f'"value": 2.0, {field}', '"value": 3.0')
    assert cells(await path.frame(body)) == [(1.0, GOOD), cell, (3.0, GOOD)]


@pytest.mark.case("A6")
@pytest.mark.parametrize(
    "more",
    [
        '"quality": 192', '"quality": null', '"tagsHash": null', '"tagsHash": 5', '"reportType": 1',
        '"reportType": null', '"isConnectDataSource": 1.0', '"isConnectDataSource": NaN', '"values": null',
        '"alarms": null', '"boot": 1.5', '"dataType": NaN', '"extra": {"a": [1e999]}', '"deviceTemp": -Infinity',
        '"offsetsUs": "x"',
    ],
)  # fmt: skip
async def test_what_stands_beside_the_samples_and_means_nothing_here_costs_none_of_them(desk: Desk, more: str) -> None:
    path = Way(desk)
    body = path.national('"value": 1.0', '"value": 2.0', '"value": 3.0', more=f", {more}")
    assert cells(await path.frame(body)) == [(1.0, GOOD), (2.0, GOOD), (3.0, GOOD)]


@pytest.mark.case("A6")
async def test_a_sample_that_cannot_be_told_apart_is_counted_and_the_others_land(desk: Desk) -> None:
    path = Way(desk)
    for broken in ('"value": 1,5', '"value": 12:30', '"value" 5', '"value": "x', "5"):
        body = path.national('"value": 1.0', broken, '"value": 3.0').replace(b'"value": "x}', b'"value": "x\\}"5}')
        frame = await path.frame(body)
        assert (frame.damaged, cells(frame)) == (1, [(1.0, GOOD), (3.0, GOOD)]), broken
    # where nothing is left there is nothing to take
    assert (await desk.post(path.national(*['"value": 1,5'] * 3))).reasons == ["malformed"]


@pytest.mark.case("A6")
async def test_columns_beside_the_values_cost_their_own_sample_alone(desk: Desk) -> None:
    path = Way(desk)
    body = path.compact("1", "2", "3", more=', "quality": "0x1"')
    assert cells(await path.frame(body)) == [(1.0, GOOD), (2.0, BAD), (3.0, UNCERTAIN)]
    for word in ("NaN", "1.5", '"x"', "null", "1e999", "99999999999999999999", "-99999999999999999999"):
        frame = await path.frame(path.compact("1", "2", "3", more=f', "offsetsUs": [-1000000, {word}, 0]'))
        assert cells(frame) == [(1.0, GOOD), (2.0, UNCERTAIN), (3.0, GOOD)], word
        assert (np.diff(frame.sampled_at_us) == [1_000_000, 0]).all(), word


@pytest.mark.case("A6")
async def test_a_gateway_that_writes_bare_nan_is_not_suspended_and_its_clean_packets_land(desk: Desk) -> None:
    path = Way(desk)
    for _ in range(30):
        frame = await path.frame(path.national('"value": 1.0', '"value": NaN', '"value": 3.0'))
        assert cells(frame) == [(1.0, GOOD), (None, BAD), (3.0, GOOD)]
    assert desk.refused == []


@pytest.mark.case("A6")
async def test_packets_beside_one_with_a_bad_value_land_however_they_are_put_together(desk: Desk) -> None:
    path = Way(desk)

    def three() -> list[bytes]:
        return [path.national('"value": 1.0', f'"value": {word}', '"value": 3.0') for word in ("2.0", "NaN", "2.0")]

    for body in (b"[" + b" , ".join(three()) + b"]", b"\n".join(three())):
        assert (await desk.post(body)).accepted == 3
    # one packet over several lines is one packet
    spread = path.national('"value": 1.0', '"value": NaN', '"value": 3.0').replace(b", ", b",\n  ")
    assert cells(await path.frame(spread)) == [(1.0, GOOD), (None, BAD), (3.0, GOOD)]
    whole = path.national('"value": 1.0', '"value": NaN', '"value": 3.0')
    assert cells(await path.frame(gzip.compress(whole), encoding="gzip"))[1] == (None, BAD)
    whole = path.national('"value": 1.0', '"value": NaN', '"value": 3.0')
    assert cells(await path.frame(zstandard.compress(whole), encoding="zstd"))[1] == (None, BAD)
    # what has no end stays refused
    assert (await desk.post(b"[" + b",".join(three()))).reasons == ["malformed"]


@pytest.mark.case("A6")
async def test_the_checksum_is_of_the_bytes_as_they_were_sent(desk: Desk) -> None:
    path = Way(desk)
    plain = path.national('"value": 1.0', '"value": NaN', '"value": 1,5').decode()
    report = plain[plain.index('"report": ') + len('"report": ') : -1]
    right = plain[:-1] + f', "crc32": {zlib.crc32(report.encode())}}}'
    frame = await path.frame(right.encode())
    assert (frame.damaged, cells(frame)) == (1, [(1.0, GOOD), (None, BAD)])
    assert (await desk.post(right.replace('"value": 1.0', '"value": 7.0').encode())).reasons == ["altered"]


@pytest.mark.case("A6")
async def test_an_alarm_without_a_readable_figure_is_an_alarm(desk: Desk) -> None:
    path = Way(desk)
    at = collect_time(NOW)
    for figure in ("NaN", '"--"', "null", "{}", "1e999", "5"):
        alarm = f'{{"targetCode": "p", "alarmTime": "{at}", "startStatus": "1", "alarmValue": {figure}}}'
        reply = await desk.post(f'{path.head()}, "alarms": [{alarm}]}}}}'.encode())
        assert reply.accepted == 1, figure
        found, damaged = edge_alarm.read(desk.records[-1])
        assert (damaged, [each.value for each in found]) == (0, [5.0 if figure == "5" else None]), figure


@pytest.mark.case("A6")
async def test_the_packet_that_was_reported_is_taken(desk: Desk) -> None:
    path = Way(desk)
    body = (FIELD / "naked-nan.bin").read_bytes()
    for key, value in {"ENTERPRISE": path.who[0], "GATEWAY": path.who[1], "POINT": path.site.points[0]}.items():
        body = body.replace(f"@{key}@".encode(), value.encode())
    frame = await path.frame(body.replace(b"@TIME@", collect_time(NOW).encode()).replace(b"@ID@", b"x1"))
    assert cells(frame) == [(None, BAD)]


async def test_a_sound_packet_is_kept_byte_by_byte(desk: Desk) -> None:
    path = Way(desk)
    body = json.dumps(packet(*path.who, NOW, dict.fromkeys(path.site.points, 5.0))).encode()
    await desk.post(body)
    assert desk.records[-1].body == body
    await desk.post(json.dumps(tag_list(*path.who, ["X"])).encode())
    assert len(desk.records) == 1


async def test_mending_is_bounded(desk: Desk) -> None:
    endless = b'{"report": {"a": NaN, "b": "' + b"x" * 5_000_000
    sent = [b"+," * 2_000_000, b"[" * 4_000_000, b"\x22\x01" * 1_300_000, endless]
    for body in sent:
        assert (await desk.post(body)).status == 400

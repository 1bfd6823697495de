"""The learned template says what the full reading says, or nothing: judged against it and against a general parser."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.unit.stream.packets import HOSTILE, packet

from anlan.stream import frame as frame_module
from anlan.stream import scan as scan_module
from anlan.stream.envelope import Record
from anlan.stream.frame import Frame, FrameDecoder
from anlan.stream.packet import PacketError
from anlan.stream.points import PointSpec, PointTable

RECEIVED = 1_709_251_201_500_000
CODES = [f"54017000{n}002G0001YW001" for n in range(9)]
WAYS = ["plain", "compiled"]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The scan as Python runs it (so that it is tested where numba is not), and as numba compiles it."""
    if request.param == "plain":
        for module in (scan_module, frame_module):
            monkeypatch.setattr(module, "scanner", lambda: scan_module.scan)
    elif scan_module.scanner() is None:
        pytest.skip("numba is not installed, or switched off")
    return str(request.param)


def table() -> PointTable:
    return PointTable(
        PointSpec(code=code, enterprise="e", gateway="g", range_min=-500, range_max=500) for code in CODES[:-1]
    )


def record(body: bytes) -> Record:
    return Record("e", "g", "p", RECEIVED, body)


def read(decoder: FrameDecoder, body: bytes) -> Frame | str:
    try:
        return decoder.decode(record(body))
    except PacketError as error:
        return str(error.reason)


def same(one: Frame | str, other: Frame | str) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=name == "value")
        if isinstance(getattr(one, name), np.ndarray)
        else getattr(one, name) == getattr(other, name)
        for name in Frame.__struct_fields__
    )


class Taught:
    """A decoder that has learned a template, and one that has never; `agree` compares them on one body."""

    def __init__(self, body: bytes) -> None:
        self.taught, self.untaught = FrameDecoder(table()), FrameDecoder(table())
        for _ in range(2):
            self.taught.decode(record(body))
        self.tags = self.taught._remembered["g"]
        self.template = self.tags.template
        self.scanned = 0

    def agree(self, body: bytes) -> Frame | str:
        self.taught._remembered["g"], self.tags.template = self.tags, self.template
        self.untaught._remembered.clear()
        found, expected = read(self.taught, body), read(self.untaught, body)
        assert same(found, expected), body
        bare = body[3:] if body.startswith(b"\xef\xbb\xbf") else body
        self.scanned += self.template is not None and self.template.read(bare) is not None
        return found


def values(dice: random.Random) -> dict[str, str]:
    return {code: f"{dice.uniform(-400, 400):.{dice.randint(0, 9)}f}" for code in CODES}


def compact(body: bytes) -> bytes:
    return json.dumps(json.loads(body), separators=(",", ":")).encode()


def test_the_same_packet_with_other_numbers_is_scanned(way: str) -> None:
    dice = random.Random(1)
    taught = Taught(packet(values(dice)))
    for number in range(30):
        taught.agree(packet(values(dice), at=f"202403010801{number:02d}123", data_id=f"p-{number}"))
    assert taught.scanned == 30


LAYOUTS: dict[str, Callable[[dict[str, str]], bytes]] = {
    "texts": lambda given: packet(given),
    "compact": lambda given: compact(packet(given)),
    "bare numbers": lambda given: packet({code: float(text) for code, text in given.items()}),
    "validity": lambda given: packet(samples=[{"quotaId": c, "value": v, "isValid": "1"} for c, v in given.items()]),
    "some invalid": lambda given: packet(
        samples=[{"quotaId": c, "value": v, "isValid": n % 3 != 0} for n, (c, v) in enumerate(given.items())]
    ),
    "value first": lambda given: packet(samples=[{"value": v, "quotaId": c} for c, v in given.items()]),
    "some without a number": lambda given: packet(given | {CODES[2]: "--", CODES[4]: ""}),
    "some constant": lambda given: packet(given | {CODES[3]: "1.0e2"}),
    "indented": lambda given: json.dumps(json.loads(packet(given)), indent=2).encode(),
    "byte order mark": lambda given: b"\xef\xbb\xbf" + packet(given),
    "not connected": lambda given: packet(given, isConnectDataSource="false"),
    "one tag twice": lambda given: packet(
        samples=[{"quotaId": c, "value": v} for c, v in given.items()] + [{"quotaId": CODES[0], "value": "1.5"}]
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_regular_way_to_write_a_packet_is_learned(layout: str, way: str) -> None:
    dice = random.Random(2)
    write = LAYOUTS[layout]
    taught = Taught(write(values(dice)))
    assert taught.template is not None
    for _ in range(5):
        taught.agree(write(values(dice)))
    assert taught.scanned == 5


@pytest.mark.parametrize(
    "body",
    [
        packet(samples=[{"quotaId": c, "value": "1", "time": "20240301075959"} for c in CODES]),
        packet(samples=[{"quotaId": CODES[0], "value": "1"}, 5]),
        packet({}),
        packet({CODES[0]: "1"}).replace(b'"datas"', b'"d\\u0061tas"'),
    ],
    ids=["own times", "a sample that is none", "no samples", "an escaped key"],
)
def test_what_cannot_be_told_apart_is_not_learned(body: bytes, way: str) -> None:
    assert Taught(body).template is None


def test_a_number_elsewhere_in_a_sample_is_not_taken_for_its_value(way: str) -> None:
    def write(inner: str, outer: str) -> bytes:
        return packet(samples=[{"quotaId": c, "quality": {"value": inner}, "value": outer} for c in CODES])

    taught = Taught(write("7", "8"))
    assert taught.agree(write("9", "10")).value.tolist() == [10.0] * 8  # type: ignore[union-attr]
    assert taught.agree(write("7", "11")).value.tolist() == [11.0] * 8  # type: ignore[union-attr]


def test_another_array_of_that_name_is_never_taken_for_the_samples(way: str) -> None:
    good = packet(dict.fromkeys(CODES, "1.5"))
    datas = good[good.index(b'"datas"') : good.rindex(b"]") + 1]
    taught = Taught(good)
    inner = b'"x": {' + datas.replace(b"1.5", b"2.5") + b"}, "
    for body in (
        good.replace(b'"report": {', b'"report": {' + inner),
        good.replace(b'{"enterpriseId"', b"{" + inner + b'"enterpriseId"', 1),
        good[:-2] + b", " + datas.replace(b"1.5", b"2.5") + b"}}",
        good[:-2] + b', "d\\u0061tas": []}}',
        good[:-2] + b', "d\\u0061tas": [], "x": 1}}',
    ):
        json.loads(body)
        taught.agree(body)


def test_a_template_that_no_longer_fits_is_replaced(way: str) -> None:
    decoder = FrameDecoder(table())
    one = dict.fromkeys(CODES, "1.25")
    for body in [packet(one)] * 2 + [compact(packet(one))] * 20:
        decoder.decode(record(body))
    template = decoder._remembered["g"].template
    assert template is not None
    assert template.read(compact(packet(one))) is not None


@pytest.mark.parametrize("text", [
    "0", "-0", "0.0", "-0.00", "7", "0.1", "0.3", "123456789012345", "12345678901234.5", "0.00000000000001",
    "999999999999999", "2.675", "-1.005", "1234567890123456", "0.1234567890123456", "1e3", "1E-2", "01", "-", "--1",
    "1.", ".5", "+1", " 1", "1 ", "", "null", "NaN", "1_0", "１", "0x1", "1,5", "true", "99999999999999999999999",
])  # fmt: skip
def test_every_number_is_read_as_float_reads_it_or_left_to_the_full_reading(text: str, way: str) -> None:
    taught = Taught(packet(dict.fromkeys(CODES, "1.5")))
    found = taught.agree(packet(dict.fromkeys(CODES, "1.5") | {CODES[1]: text}))
    assert isinstance(found, Frame)
    if found.quality[1] != 2:
        assert math.copysign(1, found.value[1]) == math.copysign(1, float(text))
        assert found.value[1] == float(text)


def test_decimals_are_exact(way: str) -> None:
    dice = random.Random(3)
    taught = Taught(packet(dict.fromkeys(CODES, "1.5")))
    for _ in range(40):
        texts = {}
        for code in CODES:
            digits = str(dice.randint(0, 10 ** dice.randint(1, 15) - 1))
            cut = dice.randint(0, min(14, len(digits)))
            texts[code] = digits if cut == 0 else f"{digits[:-cut] or '0'}.{digits[-cut:]}"[:16]
        frame = taught.agree(packet(texts))
        assert frame.value.tolist() == [float(text) for text in list(texts.values())[:-1]]  # type: ignore[union-attr]
    assert taught.scanned > 30


ALPHABET = b'0123456789.-eE+{}[],:"tfalsrun x\\\x00\xff'


def mutate(dice: random.Random, body: bytes) -> bytes:
    raw = bytearray(body)
    for _ in range(dice.randint(0, 2)):
        if not raw:
            break  # cut off at its first byte
        at, what = dice.randrange(len(raw)), dice.random()
        if what < 0.6:
            raw[at] = dice.choice(ALPHABET)
        elif what < 0.75:
            del raw[at]
        elif what < 0.85:
            raw.insert(at, dice.choice(ALPHABET))
        elif what < 0.95:
            other = dice.randrange(len(raw))
            raw[at : at + 8] = raw[other : other + 8]
        else:
            del raw[at:]
    return bytes(raw)


def fuzz(rounds: int, seed: int) -> None:
    dice = random.Random(seed)
    names = list(LAYOUTS)
    taught = {name: Taught(LAYOUTS[name](values(dice))) for name in names}
    for _ in range(rounds):
        name = dice.choice(names)
        body = mutate(dice, LAYOUTS[name](values(dice)))
        before = taught[name].scanned
        frame = taught[name].agree(body)
        if taught[name].scanned > before and isinstance(frame, Frame) and frame.connected:
            # a parser that knows nothing of all this has the last word
            datas = json.loads(body.decode("utf-8-sig", "replace"))["report"]["datas"]
            for row, value in zip(frame.index.tolist(), frame.value.tolist(), strict=True):
                given: list[Any] = [s["value"] for s in datas if s["quotaId"] == CODES[row]]
                assert math.isnan(value) or value in [float(v) for v in given if v not in ("", "--")]
    accepted = sum(each.scanned for each in taught.values())
    assert rounds / 10 < accepted < rounds


def test_mutated_packets_never_differ_from_the_full_reading(way: str) -> None:
    fuzz(250 if way == "plain" else 2_500, seed=11)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_mutated_packets_never_differ_from_the_full_reading_for_long(seed: int, way: str) -> None:
    fuzz(1_000 if way == "plain" else 40_000, seed=100 + seed)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_mean_the_same_to_both(name: str, way: str) -> None:
    Taught(packet(dict.fromkeys(CODES, "1.5"))).agree(HOSTILE[name])


def test_truncation_at_every_byte_is_left_to_the_full_reading(way: str) -> None:
    body = packet(dict.fromkeys(CODES, "1.5"))
    taught = Taught(body)
    for length in range(0, len(body), 1 if way == "compiled" else 9):
        taught.agree(body[:length])
    assert taught.scanned == 0

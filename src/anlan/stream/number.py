"""What a device meant by a value: the one judgement for every form of a packet."""

from __future__ import annotations

from typing import Any

import msgspec

_any = msgspec.json.Decoder()


def number(value: Any) -> float:
    """The number that was sent as a number or as text, NaN when it is none. Never raises.

    Infinities come out as they are, for the reader to call them bad. True, 1_000 and full-width digits are none.
    """
    if isinstance(value, str):
        if "_" in value or not value.isascii():
            return float("nan")
    elif isinstance(value, bool) or not isinstance(value, int | float):
        return float("nan")
    try:
        return float(value)
    except (ValueError, OverflowError):
        return float("nan")


def number_in(raw: bytes | msgspec.Raw) -> float:
    """The number of one JSON value that nothing else has read yet; NaN when it is none, or cannot be read at all."""
    try:
        return number(_any.decode(raw))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return float("nan")

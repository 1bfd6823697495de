"""Code schemes of enterprises, gateways, hazard sources, devices and points, as plug-ins.

Two are shipped (lengths 9/12/17/22 and 11/14/19/24); another is registered beside them. Must never derive the kind of
a point from its letters: they are a table of hints, and what is measured stands in the registry.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from anlan.rules.rulebook import source_text


class CodeError(ValueError):
    """A text that is no code of the scheme; the message is Chinese."""


@dataclass(frozen=True, slots=True)
class PointCode:
    """A point code taken apart; every part is itself a full code, but `letters` are the indicator's."""

    code: str
    enterprise: str
    source: str
    device: str
    letters: str


class CodeScheme(Protocol):
    """What a scheme can tell. Every method refuses a foreign code with `CodeError`."""

    @property
    def id(self) -> str:
        """What is stored with every enterprise; never changed."""

    @property
    def title(self) -> str:
        """What a user reads."""

    def is_enterprise(self, code: str) -> bool: ...

    def is_gateway(self, code: str) -> bool: ...

    def is_source(self, code: str) -> bool: ...

    def is_device(self, code: str) -> bool: ...

    def is_point(self, code: str) -> bool: ...

    def enterprise_of(self, code: str) -> str:
        """The enterprise code that any longer code of the scheme begins with."""

    def parse_point(self, code: str) -> PointCode:
        """The parts of a point code."""


@dataclass(frozen=True, slots=True)
class LengthScheme:
    """A scheme in which each code is its owner's code and a fixed number of letters and digits."""

    id: str
    title: str
    enterprise_digits: int
    gateway_digits: int
    source_digits: int
    device_letters: int
    device_digits: int
    indicator_letters: int
    indicator_digits: int

    @property
    def lengths(self) -> tuple[int, int, int, int]:
        """Lengths of enterprise, source, device and point code."""
        source = self.enterprise_digits + self.source_digits
        device = source + self.device_letters + self.device_digits
        return self.enterprise_digits, source, device, device + self.indicator_letters + self.indicator_digits

    def is_enterprise(self, code: str) -> bool:
        return _digits(code, self.enterprise_digits)

    def is_gateway(self, code: str) -> bool:
        return _digits(code, self.enterprise_digits + self.gateway_digits)

    def is_source(self, code: str) -> bool:
        return _digits(code, self.enterprise_digits + self.source_digits)

    def is_device(self, code: str) -> bool:
        cut = self.lengths[1]
        return self.is_source(code[:cut]) and _lettered(code[cut:], self.device_letters, self.device_digits)

    def is_point(self, code: str) -> bool:
        cut = self.lengths[2]
        return self.is_device(code[:cut]) and _lettered(code[cut:], self.indicator_letters, self.indicator_digits)

    def enterprise_of(self, code: str) -> str:
        checks = (self.is_enterprise, self.is_gateway, self.is_source, self.is_device, self.is_point)
        if not any(check(code) for check in checks):
            raise CodeError(f"“{code}”不是{self.title}的编码")
        return code[: self.enterprise_digits]

    def parse_point(self, code: str) -> PointCode:
        if not self.is_point(code):
            raise CodeError(f"“{code}”不是{self.title}的测点编码")
        enterprise, source, device, _ = self.lengths
        letters = code[device : device + self.indicator_letters]
        return PointCode(code, code[:enterprise], code[:source], code[:device], letters)


_SCHEMES: dict[str, CodeScheme] = {}


def register(scheme: CodeScheme) -> None:
    """Add a scheme; the same id twice raises `CodeError`, for codes already stored would change their meaning."""
    if scheme.id in _SCHEMES:
        raise CodeError(f"编码方案 {scheme.id} 已存在")
    _SCHEMES[scheme.id] = scheme


def schemes() -> tuple[CodeScheme, ...]:
    """All schemes known, the shipped ones first."""
    return tuple(_SCHEMES.values())


def scheme(scheme_id: str) -> CodeScheme:
    """A scheme by its id; an unknown one raises `CodeError`."""
    if scheme_id not in _SCHEMES:
        raise CodeError(f"没有编码方案 {scheme_id}")
    return _SCHEMES[scheme_id]


def schemes_of_point(code: str) -> tuple[CodeScheme, ...]:
    """Every scheme of which the text is a point code; normally one or none, for the lengths differ."""
    return tuple(known for known in _SCHEMES.values() if known.is_point(code))


def indicator_title(letters: str) -> str:
    """What the indicator letters usually mean, for a hint on a screen; the letters themselves when unknown."""
    return str(_tables()["indicators"].get(letters, letters))


def device_title(letters: str) -> str:
    """What the device letters usually mean, for a hint on a screen; the letters themselves when unknown."""
    return str(_tables()["devices"].get(letters, letters))


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(source_text("codes"))


def _digits(text: str, count: int) -> bool:
    return re.fullmatch(rf"[0-9]{{{count}}}", text) is not None


def _lettered(text: str, letters: int, digits: int) -> bool:
    return re.fullmatch(rf"[A-Z]{{{letters}}}[0-9]{{{digits}}}", text) is not None


for _raw in _tables()["scheme"]:
    register(LengthScheme(**_raw))

NATIONAL = scheme("national")
"""The national scheme, 9/12/17/22."""

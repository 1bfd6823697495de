"""Reads ``world.toml`` into plain values: the makes of devices multiplied out to devices and points with their codes.

Knows nothing of the database: the loader and the simulated plant are both fed from here, so that what is served over
OPC UA and what is registered are the same points.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

Limits = tuple[float | None, float | None, float | None, float | None]


@dataclass(frozen=True)
class DeclaredPoint:
    """One indicator: codes, what it measures, and its limits LL, L, H, HH in ``unit``."""

    code: str
    device: str
    source: str
    enterprise: str
    tag: str
    name: str
    kind: str
    gas: str
    unit: str
    range_min: float
    range_max: float
    limits: Limits
    deadband: float
    decimals: int


@dataclass(frozen=True)
class DeclaredDevice:
    """One device with the make that it was declared with."""

    code: str
    source: str
    enterprise: str
    make: str
    kind: str
    name: str
    medium: str
    medium_state: str
    points: tuple[DeclaredPoint, ...]


@dataclass(frozen=True)
class DeclaredSource:
    code: str
    enterprise: str
    name: str
    level: str
    substance: str
    devices: tuple[DeclaredDevice, ...]


@dataclass(frozen=True)
class DeclaredEnterprise:
    """One enterprise; ``raw`` holds the fields that only the registry needs."""

    code: str
    sources: tuple[DeclaredSource, ...]
    raw: dict[str, Any]

    @property
    def gateway(self) -> str:
        return f"{self.code}01"

    @property
    def points(self) -> Iterator[DeclaredPoint]:
        for source in self.sources:
            for device in source.devices:
                yield from device.points


@dataclass(frozen=True)
class World:
    """The whole declaration."""

    raw: dict[str, Any]
    enterprises: tuple[DeclaredEnterprise, ...]


def read() -> World:
    """The demo world. Raises KeyError for a make that is not declared: the file is ours, so that is a bug."""
    raw = tomllib.loads(resources.files(__package__).joinpath("world.toml").read_text(encoding="utf-8"))
    return World(raw, tuple(_enterprise(entry, raw["template"]) for entry in raw["enterprise"]))


def _enterprise(entry: dict[str, Any], makes: dict[str, Any]) -> DeclaredEnterprise:
    code = entry["code"]
    sources = tuple(_source(code, number, source, makes) for number, source in enumerate(entry["source"], start=1))
    return DeclaredEnterprise(code, sources, entry)


def _source(enterprise: str, number: int, entry: dict[str, Any], makes: dict[str, Any]) -> DeclaredSource:
    code = f"{enterprise}{number:03d}"
    serial: Counter[str] = Counter()
    devices = []
    for group in entry["devices"]:
        make = makes[group["make"]]
        for index in range(1, group["count"] + 1):
            serial[make["letter"]] += 1
            devices.append(_device(enterprise, code, serial[make["letter"]], index, group, make))
    return DeclaredSource(code, enterprise, entry["name"], entry["level"], entry["substance"], tuple(devices))


def _device(
    enterprise: str, source: str, serial: int, index: int, group: dict[str, Any], make: dict[str, Any]
) -> DeclaredDevice:
    code = f"{source}{make['letter']}{serial:04d}"
    kinds: Counter[str] = Counter()
    points = []
    for template in make["points"]:
        kinds[template["kind"]] += 1
        point = {**template, **(group.get("set", {}).get(template["kind"], {}))}
        limits: Limits = tuple(None if limit == "" else float(limit) for limit in point["limits"])  # type: ignore[assignment]
        points.append(
            DeclaredPoint(
                code=f"{code}{point['kind']}{kinds[point['kind']]:03d}",
                device=code,
                source=source,
                enterprise=enterprise,
                tag=f"{point['tag']}-{group['tag'] + index - 1:04d}",
                name=point["name"],
                kind=point["kind"],
                gas=point.get("gas", ""),
                unit=point["unit"],
                range_min=float(point["range"][0]),
                range_max=float(point["range"][1]),
                limits=limits,
                deadband=float(point["deadband"]),
                decimals=point["decimals"],
            )
        )
    return DeclaredDevice(
        code=code,
        source=source,
        enterprise=enterprise,
        make=group["make"],
        kind=make["device"],
        name=group["name"].format(n=index),
        medium=group["medium"],
        medium_state=group["state"],
        points=tuple(points),
    )

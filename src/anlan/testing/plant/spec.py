"""What stands in a plant: equipment with its points, read from a world declaration or from JSON of the same shape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from anlan.testing.demo.declaration import DeclaredPoint


class PointSpec(msgspec.Struct, frozen=True):
    """One indicator. ``kind`` is the indicator letters (WD, YL, YW, LL, QT, SD …); limits LL, L, H, HH or ``None``."""

    code: str
    kind: str
    unit: str
    range_min: float
    range_max: float
    limits: tuple[float | None, float | None, float | None, float | None] = (None, None, None, None)
    decimals: int = 2
    tag: str = ""
    name: str = ""
    gas: str = ""


class EquipmentSpec(msgspec.Struct, frozen=True):
    """One device. ``make`` chooses the model (`units.MODELS`); an unknown make only wanders inside its limits."""

    code: str
    source: str
    make: str
    points: tuple[PointSpec, ...]
    name: str = ""
    medium: str = ""


class PlantSpec(msgspec.Struct, frozen=True):
    """All equipment of one enterprise."""

    enterprise: str
    gateway: str
    equipment: tuple[EquipmentSpec, ...]

    @property
    def points(self) -> Iterator[PointSpec]:
        for equipment in self.equipment:
            yield from equipment.points


@dataclass(frozen=True)
class WorldFileError(ValueError):
    """The file is not a list of plants; ``detail`` says where."""

    detail: str


def read_plants(path: Path) -> list[PlantSpec]:
    """A JSON file holding a list of `PlantSpec`. Raises `WorldFileError`."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[PlantSpec])
    except (OSError, msgspec.MsgspecError) as error:
        raise WorldFileError(f"{path}: {error}") from error


def demo_plants() -> list[PlantSpec]:
    """The plants of the declared demo world, one for each enterprise."""
    from anlan.testing.demo.declaration import read  # the plant itself does not need the world

    return [
        PlantSpec(
            enterprise.code,
            enterprise.gateway,
            tuple(
                EquipmentSpec(
                    device.code,
                    source.code,
                    device.make,
                    tuple(_point(point) for point in device.points),
                    device.name,
                    device.medium,
                )
                for source in enterprise.sources
                for device in source.devices
            ),
        )
        for enterprise in read().enterprises
    ]


def _point(point: DeclaredPoint) -> PointSpec:
    return PointSpec(
        point.code, point.kind, point.unit, point.range_min, point.range_max, point.limits, point.decimals,
        point.tag, point.name, point.gas,
    )  # fmt: skip

"""One model per make of equipment. A unit is stepped in seconds and tells the true value of each of its points."""

from __future__ import annotations

import random

from anlan.testing.plant.spec import EquipmentSpec
from anlan.testing.plant.units.base import Unit
from anlan.testing.plant.units.pump import Pump
from anlan.testing.plant.units.reactor import Reactor
from anlan.testing.plant.units.room import Warehouse
from anlan.testing.plant.units.tanks import AtmosphericTank, PressureTank
from anlan.testing.plant.units.wandering import Wandering

MODELS: dict[str, type[Unit]] = {
    "pressure_tank": PressureTank,
    "atmospheric_tank": AtmosphericTank,
    "reactor": Reactor,
    "pump": Pump,
    "warehouse": Warehouse,
}


def build(spec: EquipmentSpec, rng: random.Random) -> Unit:
    """The model of one piece of equipment (gas detectors are not units: `gas.Detector`)."""
    return MODELS.get(spec.make, Wandering)(spec, rng)

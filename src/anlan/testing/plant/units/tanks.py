"""Tanks: contents by mass balance, temperature by exchange with the air, pressure by what boils inside."""

from __future__ import annotations

import random
from collections.abc import Mapping

from anlan.testing.plant.spec import EquipmentSpec
from anlan.testing.plant.substances import vapour_gauge_mpa
from anlan.testing.plant.units.base import Unit, Wander, band, between, beyond
from anlan.testing.plant.weather import Weather

_EXCHANGE_TAU_S = 6 * 3600.0
_VALVE_TAU_S = 20.0
_RELIEF_TAU_S = 30.0


class Tank(Unit):
    """Contents in m³, moved only by inflow and outflow (both m³/h). Fills, rests and empties inside its band."""

    def __init__(self, spec: EquipmentSpec, rng: random.Random) -> None:
        super().__init__(spec, rng)
        level = self.point("YW1")
        self._span = level.range_max - level.range_min if level else 100.0
        self._low, self._high = (between(level, 0.2), between(level, 0.75)) if level else (20.0, 75.0)
        self.capacity_m3 = 1600.0
        flow = self.point("LL1")
        self._busy_m3h = 0.55 * band(flow)[1] if flow else 60.0
        start = rng.uniform(self._low + 0.2 * (self._high - self._low), self._high - 0.2 * (self._high - self._low))
        self.volume_m3 = self.capacity_m3 * start / self._span
        self.inflow_m3h = 0.0
        self.outflow_m3h = 0.0
        self._wanted_in = self._wanted_out = 0.0
        self._until_change_s = rng.uniform(30, 600)
        self._strain = Wander(rng, 0.03, 60.0)
        self.temperature_c = 20.0 + rng.uniform(-2, 2)
        self.heat_c_per_s = 0.0
        self._overfill_to: float | None = None

    @property
    def level(self) -> float:
        return self.volume_m3 / self.capacity_m3 * self._span

    def overfill(self, peak: str) -> None:
        """The stop signal fails: inflow stays on until the level has passed what ``peak`` names."""
        level = self.point("YW1")
        if level is not None:
            self._overfill_to = beyond(level, peak)

    def nearly_full(self, seconds: float) -> None:
        """Stand so that a fill started now reaches the high limit in about ``seconds``."""
        level = self.point("YW1")
        if level is not None:
            high = band(level)[1]
            rise = self._busy_m3h * 1.5 / 3600 / self.capacity_m3 * self._span
            self.volume_m3 = self.capacity_m3 * (high - rise * seconds) / self._span
            self._wanted_in = self._wanted_out = 0.0
            self._until_change_s = 1e9

    def recover(self) -> None:
        """Whatever went wrong is put right; the tank goes back to its routine."""
        self._overfill_to = None
        self.heat_c_per_s = 0.0
        self._until_change_s = 0.0

    def advance(self, dt: float, weather: Weather) -> None:
        self._plan(dt)
        share = min(1.0, dt / _VALVE_TAU_S)
        strain = 1.0 + self._strain.step(dt)
        self.inflow_m3h += (self._wanted_in * strain - self.inflow_m3h) * share
        self.outflow_m3h += (self._wanted_out * strain - self.outflow_m3h) * share
        self.move(self.inflow_m3h * dt / 3600, self.outflow_m3h * dt / 3600)
        exchange = (weather.air_c - self.temperature_c) / _EXCHANGE_TAU_S
        self.temperature_c += (exchange + self.heat_c_per_s) * dt

    def move(self, incoming_m3: float, outgoing_m3: float) -> None:
        """Mass balance: the only place that changes the contents."""
        self.volume_m3 = min(self.capacity_m3, max(0.0, self.volume_m3 + incoming_m3 - outgoing_m3))

    def _plan(self, dt: float) -> None:
        if self._overfill_to is not None:
            self._wanted_out = 0.0
            self._wanted_in = self._busy_m3h * 1.5 if self.level < self._overfill_to else 0.0
            return
        self._until_change_s -= dt
        if self.level > self._high:
            self._wanted_in, self._wanted_out = 0.0, self._busy_m3h
        elif self.level < self._low:
            self._wanted_in, self._wanted_out = self._busy_m3h, 0.0
        elif self._until_change_s <= 0:
            self._until_change_s = self.rng.uniform(600, 3600)
            self._wanted_in = self.rng.choice((0.0, 0.5, 1.0)) * self._busy_m3h
            self._wanted_out = self.rng.choice((0.0, 0.5, 1.0)) * self._busy_m3h

    def state(self) -> Mapping[str, float]:
        flow = max(self.inflow_m3h, self.outflow_m3h)
        return {"YW1": self.level, "WD1": self.temperature_c, "LL1": flow}


class AtmosphericTank(Tank):
    """Vented tank: level, temperature, flow; kept warm where its limits say that it holds a heated liquid."""

    def __init__(self, spec: EquipmentSpec, rng: random.Random) -> None:
        super().__init__(spec, rng)
        warm = self.point("WD1")
        self._kept_at = between(warm, 0.85) if warm is not None and band(warm)[1] > 50 else None
        if self._kept_at is not None:
            self.temperature_c = self._kept_at

    def advance(self, dt: float, weather: Weather) -> None:
        super().advance(dt, weather)
        if self._kept_at is not None:
            self.temperature_c += (self._kept_at - self.temperature_c) * min(1.0, dt / 900.0)


class PressureTank(Tank):
    """Liquefied gas: pressure is vapour pressure at the liquid's temperature plus inert gas, up to the relief valve."""

    def __init__(self, spec: EquipmentSpec, rng: random.Random) -> None:
        super().__init__(spec, rng)
        self.inert_mpa = rng.uniform(0.0, 0.02)
        self._inert_to = self.inert_mpa
        pressure = self.point("YL1")
        top = pressure.limits[3] if pressure is not None and pressure.limits[3] is not None else 1.6
        self.relief_mpa = 1.08 * top

    @property
    def pressure_mpa(self) -> float:
        return vapour_gauge_mpa(self.spec.medium, self.temperature_c) + self.inert_mpa

    def overpressure(self, peak: str, cause: str) -> None:
        """``inert``: the nitrogen regulator fails, pressure alone rises. ``heat``: heated from outside, both rise."""
        pressure = self.point("YL1")
        if pressure is None:
            return
        if cause == "heat":
            self.heat_c_per_s = 3.0 / 60
        else:
            self._inert_to = beyond(pressure, peak) - vapour_gauge_mpa(self.spec.medium, self.temperature_c)

    def recover(self) -> None:
        super().recover()
        self._inert_to = 0.01

    def advance(self, dt: float, weather: Weather) -> None:
        super().advance(dt, weather)
        self.inert_mpa += (self._inert_to - self.inert_mpa) * min(1.0, dt / 30.0)
        if self.pressure_mpa > self.relief_mpa:
            # The relief valve lets inert gas go first, then boils the liquid cold.
            excess = self.pressure_mpa - self.relief_mpa
            share = min(1.0, dt / _RELIEF_TAU_S)
            vented = min(self.inert_mpa, excess * share)
            self.inert_mpa -= vented
            if vented < excess * share:
                self.temperature_c -= min(5.0, (excess * share - vented) * 25)

    def state(self) -> Mapping[str, float]:
        return {**super().state(), "YL1": self.pressure_mpa}

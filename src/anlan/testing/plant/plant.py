"""One enterprise's plant: units, detectors, weather and the script, stepped together.

Pure but for its own state: no clock, no I/O. The same spec, seed, script and steps give the same values.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from anlan.testing.plant.gas import Detector, Leak, Place, find_leak
from anlan.testing.plant.incidents import Incident, IncidentKind, ScriptError
from anlan.testing.plant.instrument import Instrument
from anlan.testing.plant.spec import EquipmentSpec, PlantSpec
from anlan.testing.plant.units import build
from anlan.testing.plant.units.base import Unit
from anlan.testing.plant.units.pump import Pump
from anlan.testing.plant.units.reactor import Reactor
from anlan.testing.plant.units.room import Warehouse
from anlan.testing.plant.units.tanks import PressureTank, Tank
from anlan.testing.plant.weather import Weather

_ROW_M = 25.0
_SOURCE_M = 400.0
_RING_M = 12.0
_LONGEST_STEP_S = 1.0
WARM_UP_STEP_S = 5.0
"""Step of the time before the service: coarser, so that an hour costs a second or two."""


class Plant:
    """``step(dt)`` advances by ``dt`` seconds and returns what the control system shows: point code → value, ``None``
    where an instrument gives none. Incidents that aim at other plants are ignored; a target inside this enterprise
    that does not exist, or cannot suffer this incident, raises `ScriptError` at once."""

    def __init__(self, spec: PlantSpec, seed: int = 1, incidents: Sequence[Incident] = ()) -> None:
        self.spec = spec
        self.elapsed_s = 0.0
        self.weather = Weather(random.Random(f"{seed}:{spec.enterprise}:weather"))
        self.units: dict[str, Unit] = {}
        self.detectors: dict[str, Detector] = {}
        self.leaks: list[Leak] = []
        for equipment, place in _laid_out(spec.equipment):
            if _is_detector(equipment):
                self.detectors[equipment.code] = Detector(equipment, place)
            else:
                self.units[equipment.code] = build(equipment, random.Random(f"{seed}:{equipment.code}"))
        self.instruments = {
            point.code: Instrument(point, random.Random(f"{seed}:{point.code}")) for point in spec.points
        }
        mine = [incident for incident in incidents if incident.target.startswith(spec.enterprise)]
        self._to_come = sorted(mine, key=lambda incident: incident.at_s)
        self._running: list[Incident] = []
        for incident in self._to_come:
            self._prepare(incident)

    def step(self, dt: float) -> dict[str, float | None]:
        """Advance and read. A long step is cut, so that the values do not depend on how often one looks."""
        left = dt
        while left > 0:
            part = min(left, _LONGEST_STEP_S)
            self._advance(part)
            left -= part
        return self.read()

    def warm_up(self, seconds: float) -> Iterator[dict[str, float | None]]:
        """Run through the time before the service in steps of `WARM_UP_STEP_S` and show each. Exhaust it: a plant that
        has warmed up for as long with the same seed and script stands in the same state."""
        for _ in range(int(seconds / WARM_UP_STEP_S)):
            self._advance(WARM_UP_STEP_S)
            yield self.read()

    def read(self) -> dict[str, float | None]:
        """What the control system shows now."""
        true: dict[str, float] = {}
        for unit in self.units.values():
            true.update(unit.values())
        for detector in self.detectors.values():
            true[detector.point.code] = detector.value
        return {code: instrument.show(true[code]) for code, instrument in self.instruments.items() if code in true}

    def _advance(self, dt: float) -> None:
        self.elapsed_s += dt
        while self._to_come and self._to_come[0].at_s <= self.elapsed_s:
            incident = self._to_come.pop(0)
            self._running.append(incident)
            self._begin(incident)
        for incident in [one for one in self._running if one.at_s + one.duration_s <= self.elapsed_s]:
            self._running.remove(incident)
            self._end(incident)
        self.weather.step(dt)
        for unit in self.units.values():
            unit.step(dt, self.weather)
        for leak in self.leaks:
            leak.age_s += dt
        self.leaks = [leak for leak in self.leaks if not leak.over()]
        for detector in self.detectors.values():
            cloud = sum(
                leak.concentration(detector.place, self.weather.bearing, self.weather.speed) for leak in self.leaks
            )
            detector.step(dt, cloud)

    def _prepare(self, incident: Incident) -> None:
        fitting: dict[IncidentKind, type[Unit] | tuple[type[Unit], ...]] = {
            IncidentKind.OVERPRESSURE: PressureTank, IncidentKind.OVERFILL: Tank, IncidentKind.PUMP_TRIP: Pump,
            IncidentKind.TEMP_RUNAWAY: (Reactor, Warehouse),
        }  # fmt: skip
        unit = self.units.get(incident.target)
        if incident.kind == IncidentKind.LEAK:
            if len(self._around(incident.target)) < incident.detectors:
                raise ScriptError(f"leak at {incident.target}: fewer than {incident.detectors} detectors there")
        elif incident.kind in fitting and not isinstance(unit, fitting[incident.kind]):
            raise ScriptError(f"{incident.kind} cannot happen to {incident.target}")
        elif incident.kind in (IncidentKind.COMM_LOSS, IncidentKind.STUCK) and not self._instruments(incident.target):
            raise ScriptError(f"{incident.kind}: no point below {incident.target}")
        if incident.kind == IncidentKind.OVERFILL and isinstance(unit, Tank):
            # A tank takes hours to fill; the script meets it when it is nearly full.
            unit.nearly_full(20.0 * incident.speed)

    def _begin(self, incident: Incident) -> None:
        unit = self.units.get(incident.target)
        if unit is not None:
            unit.lapse = incident.speed
        if incident.kind == IncidentKind.LEAK:
            self.leaks.append(find_leak(
                self._around(incident.target), incident.detectors, self.weather.bearing, self.weather.speed,
                peak=incident.peak, rise_s=incident.rise_s, duration_s=incident.duration_s,
            ))  # fmt: skip
        elif incident.kind == IncidentKind.OVERPRESSURE and isinstance(unit, PressureTank):
            unit.overpressure(incident.peak, incident.cause)
        elif incident.kind == IncidentKind.OVERFILL and isinstance(unit, Tank):
            unit.overfill(incident.peak)
        elif incident.kind == IncidentKind.PUMP_TRIP and isinstance(unit, Pump):
            unit.trip()
        elif incident.kind == IncidentKind.TEMP_RUNAWAY and isinstance(unit, Reactor):
            unit.lose_cooling(incident.peak)
        elif incident.kind == IncidentKind.TEMP_RUNAWAY and isinstance(unit, Warehouse):
            unit.warm()
        else:
            self._set_fault(incident, True)

    def _end(self, incident: Incident) -> None:
        unit = self.units.get(incident.target)
        if incident.kind in (IncidentKind.COMM_LOSS, IncidentKind.STUCK):
            self._set_fault(incident, False)
        elif isinstance(unit, Tank | Pump | Reactor | Warehouse):
            unit.recover()
        if unit is not None:
            unit.lapse = 1.0

    def _set_fault(self, incident: Incident, on: bool) -> None:
        for instrument in self._instruments(incident.target):
            if incident.kind == IncidentKind.COMM_LOSS:
                instrument.dead = on
            else:
                instrument.stuck = on

    def _instruments(self, target: str) -> list[Instrument]:
        """Point, device, source and enterprise codes each begin with the one above."""
        return [instrument for code, instrument in self.instruments.items() if code.startswith(target)]

    def _around(self, target: str) -> list[Detector]:
        """The detector named, or those of the hazard source that the target is or belongs to."""
        if target in self.detectors:
            target_source = self.detectors[target].spec.source
            near = [one for one in self.detectors.values() if one.spec.source == target_source]
            return sorted(near, key=lambda one: one.spec.code != target)
        source = self.units[target].spec.source if target in self.units else target
        return [detector for detector in self.detectors.values() if detector.spec.source == source]


def _is_detector(spec: EquipmentSpec) -> bool:
    return len(spec.points) == 1 and spec.points[0].kind == "QT"


def _laid_out(equipment: Sequence[EquipmentSpec]) -> list[tuple[EquipmentSpec, Place]]:
    """Equipment in a row for each source, detectors alternately on both sides of the row."""
    sources = list(dict.fromkeys(one.source for one in equipment))
    laid: list[tuple[EquipmentSpec, Place]] = []
    for number, source in enumerate(sources):
        units = [one for one in equipment if one.source == source and not _is_detector(one)]
        detectors = [one for one in equipment if one.source == source and _is_detector(one)]
        left = number * _SOURCE_M
        width = max(1, len(units)) * _ROW_M
        laid += [(one, Place(left + index * _ROW_M, 0.0)) for index, one in enumerate(units)]
        for index, one in enumerate(detectors):
            side = _RING_M if index % 2 else -_RING_M
            laid.append((one, Place(left + (index + 0.5) * width / len(detectors), side)))
    return laid

"""The simulated plant behaves like matter: mass stays, vapour follows heat, gas goes with the wind."""

from __future__ import annotations

import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.testing.plant.gas import Detector, Leak, Place, dilution, find_leak
from anlan.testing.plant.spec import EquipmentSpec, PointSpec
from anlan.testing.plant.substances import vapour_gauge_mpa
from anlan.testing.plant.units.pump import Pump
from anlan.testing.plant.units.reactor import Reactor
from anlan.testing.plant.units.tanks import AtmosphericTank, PressureTank
from anlan.testing.plant.weather import Weather

LEVEL = PointSpec("T1YW001", "YW", "m", 0.0, 16.0, (1.2, 1.8, 13.6, 14.4))
FLOW = PointSpec("T1LL001", "LL", "m³/h", 0.0, 500.0, (None, None, 420.0, 460.0))
HEAT = PointSpec("T1WD001", "WD", "℃", -20.0, 80.0, (None, None, 38.0, 42.0))
PRESSURE = PointSpec("T1YL001", "YL", "MPa", 0.0, 2.5, (None, None, 1.5, 1.58))
MEDIA = ["液氨", "液氯", "氯乙烯", "液化石油气"]


def weather(seed: int = 1) -> Weather:
    return Weather(random.Random(seed))


def tank(seed: int = 1) -> AtmosphericTank:
    return AtmosphericTank(EquipmentSpec("T1", "S", "atmospheric_tank", (LEVEL, HEAT, FLOW)), random.Random(seed))


def sphere(medium: str = "液氨", seed: int = 1) -> PressureTank:
    spec = EquipmentSpec("T1", "S", "pressure_tank", (PRESSURE, HEAT, LEVEL, FLOW), medium=medium)
    return PressureTank(spec, random.Random(seed))


@given(seed=st.integers(0, 1000), steps=st.integers(1, 400), dt=st.floats(0.1, 20))
def test_mass_is_conserved_what_came_in_less_what_went_out_is_what_is_there(seed, steps, dt):
    vessel, air = tank(seed), weather(seed)
    before, incoming, outgoing = vessel.volume_m3, 0.0, 0.0
    for _ in range(steps):
        vessel.step(dt, air)
        incoming += vessel.inflow_m3h * dt / 3600
        outgoing += vessel.outflow_m3h * dt / 3600
    assert vessel.volume_m3 - before == pytest.approx(incoming - outgoing, abs=1e-6)
    assert vessel.state()["YW1"] == pytest.approx(vessel.volume_m3 / vessel.capacity_m3 * 16.0)


@pytest.mark.parametrize("medium", MEDIA)
def test_vapour_pressure_rises_with_temperature(medium):
    pressures = [vapour_gauge_mpa(medium, celsius) for celsius in range(0, 61, 5)]
    assert pressures == sorted(pressures)
    assert pressures[-1] > 2 * pressures[4] > 0


def test_vapour_pressures_are_those_of_the_handbook_at_25_degrees():
    absolute = {medium: vapour_gauge_mpa(medium, 25.0) + 0.101325 for medium in ("液氨", "液氯")}
    assert absolute["液氨"] == pytest.approx(1.003, rel=0.03)
    assert absolute["液氯"] == pytest.approx(0.778, rel=0.03)


def test_a_sphere_heated_from_outside_shows_rising_pressure_until_the_relief_valve_lifts():
    vessel, air = sphere(), weather()
    vessel.overpressure("HH", "heat")
    shown = []
    for _ in range(3600):
        vessel.step(1.0, air)
        shown.append(vessel.pressure_mpa)
    assert max(shown) > 1.58
    assert max(shown) < vessel.relief_mpa * 1.05
    assert shown[0] < shown[300]


def test_an_inert_overpressure_raises_pressure_and_not_temperature():
    vessel, air = sphere(), weather()
    before = vessel.temperature_c
    vessel.overpressure("HH", "inert")
    for _ in range(300):
        vessel.step(1.0, air)
    assert vessel.pressure_mpa > 1.58
    assert vessel.temperature_c == pytest.approx(before, abs=1.0)


def test_a_peak_of_h_stays_between_high_and_high_high():
    vessel, air = sphere(), weather()
    vessel.overpressure("H", "inert")
    for _ in range(300):
        vessel.step(1.0, air)
    assert 1.5 < vessel.pressure_mpa < 1.58


def test_a_tripped_pump_loses_pressure_and_flow_and_cools():
    points = (
        PointSpec("P1YL001", "YL", "MPa", 0.0, 2.5, (0.3, 0.45, 1.9, 2.1)),
        PointSpec("P1LL001", "LL", "m³/h", 0.0, 200.0, (None, None, 170.0, 185.0)),
        PointSpec("P1WD001", "WD", "℃", 0.0, 120.0, (None, None, 75.0, 85.0)),
    )
    pump, air = Pump(EquipmentSpec("P1", "S", "pump", points), random.Random(1)), weather()
    warm = pump.bearing_c
    pump.trip()
    for _ in range(600):
        pump.step(1.0, air)
    assert pump.pressure < 0.01
    assert pump.flow < 0.5
    assert pump.bearing_c < warm
    pump.recover()
    for _ in range(60):
        pump.step(1.0, air)
    assert 0.45 < pump.pressure < 1.9


def test_a_reactor_without_cooling_runs_away_faster_the_hotter_it_is_and_pressure_follows():
    points = (
        PointSpec("P1WD001", "WD", "℃", 0.0, 250.0, (60.0, 80.0, 165.0, 175.0)),
        PointSpec("P1YL001", "YL", "MPa", 0.0, 4.0, (None, None, 2.6, 2.9)),
    )
    reactor, air = Reactor(EquipmentSpec("P1", "S", "reactor", points), random.Random(1)), weather()
    for _ in range(300):
        reactor.step(1.0, air)
    assert 80 < reactor.temperature_c < 165
    reactor.lose_cooling("HH")
    temperatures, pressures = [], []
    for _ in range(200):
        reactor.step(1.0, air)
        temperatures.append(reactor.temperature_c)
        pressures.append(reactor.pressure_mpa)
    rises = [after - before for before, after in itertools.pairwise(temperatures) if after > before]
    assert rises[1] < rises[-3]
    assert temperatures[-1] > 175
    assert pressures == sorted(pressures)


def detector(code: str, x: float, y: float) -> Detector:
    point = PointSpec(f"{code}QT001", "QT", "mg/m³", 0.0, 150.0, (None, None, 20.0, 40.0), gas="toxic")
    return Detector(EquipmentSpec(code, "S", "ammonia", (point,)), Place(x, y))


@given(bearing=st.floats(0, 2 * math.pi), distance=st.floats(1, 200), wind=st.floats(0.8, 8))
def test_a_detector_downwind_sees_the_leak_and_one_upwind_does_not(bearing, distance, wind):
    source = Place(0.0, 0.0)
    downwind = Place(distance * math.cos(bearing), distance * math.sin(bearing))
    upwind = Place(-downwind.x, -downwind.y)
    assert dilution(source, downwind, bearing, wind) > 0
    assert dilution(source, upwind, bearing, wind) == 0


@given(distance=st.floats(2, 100), wind=st.floats(0.8, 8))
def test_a_cloud_thins_with_distance_and_with_wind(distance, wind):
    near = dilution(Place(0, 0), Place(distance, 0), 0.0, wind)
    assert dilution(Place(0, 0), Place(distance * 2, 0), 0.0, wind) < near
    assert dilution(Place(0, 0), Place(distance, 0), 0.0, wind * 2) == pytest.approx(near / 2)


def test_the_cloud_takes_its_time_to_arrive_and_to_go():
    leak = Leak(Place(0, 0), rate=1000.0, rise_s=1.0, duration_s=60.0)
    at = Place(60.0, 0.0)
    leak.age_s = 10.0
    assert leak.concentration(at, 0.0, 2.0) == 0.0
    leak.age_s = 40.0
    assert leak.concentration(at, 0.0, 2.0) > 0
    leak.age_s = 95.0
    assert leak.concentration(at, 0.0, 2.0) == 0.0


@given(bearing=st.floats(0, 2 * math.pi), wanted=st.integers(1, 2), peak=st.sampled_from(["H", "HH"]))
def test_a_leak_is_found_that_reaches_just_the_wanted_detectors(bearing, wanted, peak):
    ring = [detector(f"Q{index}", index * 20.0, 12.0 if index % 2 else -12.0) for index in range(6)]
    leak = find_leak(ring, wanted, bearing, 3.0, peak=peak, rise_s=10.0, duration_s=300.0)
    leak.age_s = 200.0
    seen = [leak.concentration(one.place, bearing, 3.0) for one in ring]
    limit = 20.0 if peak == "H" else 40.0
    assert sum(value > limit for value in seen) >= wanted
    if wanted == 1:
        assert sum(value > limit for value in seen) == 1

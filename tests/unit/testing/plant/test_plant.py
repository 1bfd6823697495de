"""A whole plant: quiet when nothing happens, and each incident does what the script says, the same every time."""

from __future__ import annotations

import pytest

from anlan.testing.plant.incidents import Incident, IncidentKind, ScriptError, faster, read_script
from anlan.testing.plant.plant import Plant
from anlan.testing.plant.spec import PlantSpec, WorldFileError, demo_plants, read_plants

AMMONIA = "990121001"
OIL = "990122001"


@pytest.fixture(scope="module")
def plants() -> dict[str, PlantSpec]:
    return {spec.enterprise: spec for spec in demo_plants()}


def crossings(spec: PlantSpec, incidents: list[Incident], seconds: int, seed: int = 1) -> dict[str, dict[str, int]]:
    """Per point: the second at which each limit was first crossed."""
    plant = Plant(spec, seed, incidents)
    points = {point.code: point for point in spec.points}
    crossed: dict[str, dict[str, int]] = {}
    for second in range(seconds):
        for code, value in plant.step(1.0).items():
            for name, limit, sign in zip(("LL", "L", "H", "HH"), points[code].limits, (-1, -1, 1, 1), strict=True):
                if value is not None and limit is not None and (value - limit) * sign >= 0:
                    crossed.setdefault(code, {}).setdefault(name, second)
    return crossed


def test_the_demo_world_serves_four_hundred_points(plants):
    codes = [point.code for spec in plants.values() for point in spec.points]
    assert len(codes) == len(set(codes)) == 400
    shown = [code for spec in plants.values() for code in Plant(spec).step(1.0)]
    assert sorted(shown) == sorted(codes)


def test_a_quiet_plant_raises_nothing_for_an_hour(plants):
    assert {name: crossings(spec, [], 600, seed=5) for name, spec in plants.items()} == {key: {} for key in plants}
    for spec in plants.values():
        plant = Plant(spec, 5)
        limits = {point.code: (point.limits, point.range_min, point.range_max) for point in spec.points}
        for code, value in plant.step(3600.0).items():
            (_, low, high, _), range_min, range_max = limits[code]
            assert value is not None
            assert (range_min if low is None else low) <= value <= (range_max if high is None else high)


def test_the_same_seed_and_script_give_the_same_values(plants):
    script = [Incident(5, IncidentKind.LEAK, f"{AMMONIA}001")]
    first, second = Plant(plants[AMMONIA], 3, script), Plant(plants[AMMONIA], 3, script)
    assert [first.step(1.0) for _ in range(60)] == [second.step(1.0) for _ in range(60)]
    assert Plant(plants[AMMONIA], 4).step(1.0) != Plant(plants[AMMONIA], 3).step(1.0)


@pytest.mark.parametrize("detectors", [1, 2])
def test_a_leak_carries_the_wanted_detectors_through_high_to_high_high(plants, detectors):
    crossed = crossings(plants[AMMONIA], [Incident(10, IncidentKind.LEAK, f"{AMMONIA}001", detectors=detectors)], 150)
    at_top = [limits for limits in crossed.values() if "HH" in limits]
    assert len(at_top) == detectors
    assert all(10 < limits["H"] < limits["HH"] for limits in at_top)
    assert all(code[12] == "Q" for code in crossed)


def test_an_overpressure_crosses_high_then_high_high_on_one_point(plants):
    crossed = crossings(plants[AMMONIA], [Incident(10, IncidentKind.OVERPRESSURE, f"{AMMONIA}001G0001")], 300)
    assert list(crossed) == [f"{AMMONIA}001G0001YL001"]
    limits = crossed[f"{AMMONIA}001G0001YL001"]
    assert 10 < limits["H"] < limits["HH"]


def test_an_overfill_crosses_high_soon_and_high_high_later_sooner_when_sped_up(plants):
    script = [Incident(10, IncidentKind.OVERFILL, f"{OIL}002G0001", duration_s=1500)]
    tank = f"{OIL}002G0001YW001"
    slow = crossings(plants[OIL], script, 1400)[tank]
    quick = crossings(plants[OIL], faster(script, 10), 140)[tank]
    assert slow["H"] < 60 < slow["HH"]
    assert quick["HH"] < slow["HH"] / 5


def test_a_tripped_pump_falls_through_low_to_low_low_and_comes_back(plants):
    script = [Incident(10, IncidentKind.PUMP_TRIP, f"{AMMONIA}001P0001", duration_s=30)]
    crossed = crossings(plants[AMMONIA], script, 60)
    assert set(crossed[f"{AMMONIA}001P0001YL001"]) == {"L", "LL"}
    plant = Plant(plants[AMMONIA], 1, script)
    assert plant.step(90.0)[f"{AMMONIA}001P0001YL001"] > 0.45


def test_a_runaway_to_high_stays_blue_and_to_high_high_goes_on(plants):
    fine = "990121004"
    reactor = f"{fine}002P0001"
    for peak, limits in (("H", {"H"}), ("HH", {"H", "HH"})):
        crossed = crossings(plants[fine], [Incident(10, IncidentKind.TEMP_RUNAWAY, reactor, peak=peak)], 200)
        assert set(crossed[f"{reactor}WD001"]) == limits


def test_a_lost_instrument_gives_no_value_and_a_stuck_one_the_same(plants):
    script = [
        Incident(2, IncidentKind.COMM_LOSS, f"{AMMONIA}001G0001", duration_s=5),
        Incident(2, IncidentKind.STUCK, f"{AMMONIA}001G0002", duration_s=60),
    ]
    plant = Plant(plants[AMMONIA], 1, script)
    during = [plant.step(1.0) for _ in range(6)]
    assert [shown[f"{AMMONIA}001G0001YL001"] is None for shown in during] == [False, *[True] * 5]
    assert len({shown[f"{AMMONIA}001G0002YL001"] for shown in during[1:]}) == 1
    assert plant.step(5.0)[f"{AMMONIA}001G0001YL001"] is not None


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("overpressure", f"{AMMONIA}001P0001"),
        ("pump_trip", f"{AMMONIA}009P0001"),
        ("leak", f"{AMMONIA}777"),
        ("comm_loss", f"{AMMONIA}888"),
    ],
)
def test_a_script_that_aims_at_nothing_is_refused_at_once(plants, kind, target):
    with pytest.raises(ScriptError):
        Plant(plants[AMMONIA], 1, [Incident(1, IncidentKind(kind), target)])


def test_a_script_is_read_from_toml_and_checked(tmp_path):
    path = tmp_path / "script.toml"
    path.write_text('[[incident]]\nat_s = 5\nkind = "leak"\ntarget = "990121001001"\ndetectors = 2\n', encoding="utf-8")
    assert read_script(path) == [Incident(5, IncidentKind.LEAK, "990121001001", detectors=2)]
    for wrong in ('kind = "flood"', 'kind = "leak"\npeak = "HHH"', 'kind = "leak"\nspeed = 0'):
        path.write_text(f'[[incident]]\nat_s = 5\ntarget = "x"\n{wrong}\n', encoding="utf-8")
        with pytest.raises(ScriptError):
            read_script(path)


def test_plants_are_read_from_json(tmp_path, plants):
    import msgspec

    path = tmp_path / "plants.json"
    path.write_bytes(msgspec.json.encode(list(plants.values())))
    assert read_plants(path) == list(plants.values())
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(WorldFileError):
        read_plants(path)

"""The table of points while the registry changes under it."""

from __future__ import annotations

import numpy as np
import pytest

from anlan.stream.points import PointSpec, PointTable


def spec(code: str, gateway: str = "g1", **more: float) -> PointSpec:
    return PointSpec(code=code, enterprise="e1", gateway=gateway, **more)


def test_codes_lead_to_rows_and_unknown_codes_to_none() -> None:
    table = PointTable([spec("a"), spec("b"), spec("c", "g2")])
    assert table.index("g1", ["b", "x", "a", "b"]).tolist() == [1, -1, 0, 1]


def test_a_gateway_cannot_feed_another_gateways_point() -> None:
    table = PointTable([spec("a"), spec("c", "g2")])
    assert table.index("g1", ["c"]).tolist() == [-1]
    assert table.rows_of("g2").tolist() == [1]


def test_a_point_keeps_its_row_while_others_come_and_go() -> None:
    table = PointTable([spec("a"), spec("b"), spec("c")])
    change = table.update([spec("c", h=5.0), spec("d"), spec("b")])
    assert (change.added, change.changed, change.removed) == (("d",), ("c",), ("a",))
    assert table.index("g1", ["a", "b", "c", "d"]).tolist() == [-1, 1, 2, 3]
    assert table.limits[2].tolist() == [-np.inf, -np.inf, 5.0, np.inf]
    assert table.rows_of("g1").tolist() == [1, 2, 3]


def test_a_point_that_returns_takes_its_old_row() -> None:
    table = PointTable([spec("a"), spec("b")])
    table.update([spec("b")])
    assert table.update([spec("b"), spec("a")]).added == ("a",)
    assert table.row("a") == 0


def test_a_point_can_move_to_another_gateway() -> None:
    table = PointTable([spec("a"), spec("b")])
    table.update([spec("a", "g2"), spec("b")])
    assert table.index("g2", ["a"]).tolist() == [0]
    assert table.index("g1", ["a", "b"]).tolist() == [-1, 1]


def test_the_same_table_again_changes_nothing() -> None:
    table = PointTable([spec("a"), spec("b")])
    change = table.update([spec("a"), spec("b")])
    assert (change.added, change.changed, change.removed) == ((), (), ())


def test_a_code_given_twice_is_refused_and_nothing_changes() -> None:
    table = PointTable([spec("a")])
    with pytest.raises(ValueError, match="twice"):
        table.update([spec("b"), spec("b")])
    assert table.row("a") == 0
    assert table.row("b") is None


def test_only_the_gateways_that_an_update_touched_are_of_another_version() -> None:
    table = PointTable([spec("a"), spec("b", "g2"), spec("c", "g3")])

    def touched(*specs: PointSpec) -> set[str]:
        before = {gateway: table.version_of(gateway) for gateway in ("g1", "g2", "g3")}
        table.update(specs)
        return {gateway for gateway, version in before.items() if table.version_of(gateway) > version}

    assert touched(spec("a"), spec("b", "g2"), spec("c", "g3")) == set()
    assert touched(spec("a", h=5.0), spec("b", "g2"), spec("c", "g3")) == {"g1"}
    assert touched(spec("a", h=5.0), spec("b", "g3"), spec("c", "g3")) == {"g2", "g3"}
    assert touched(spec("a", h=5.0), spec("c", "g3")) == {"g3"}
    assert touched(spec("a", h=5.0), spec("c", "g3"), spec("d", "g2")) == {"g2"}
    assert touched(spec("a", h=5.0), spec("b", "g1"), spec("c", "g3"), spec("d", "g2")) == {"g1"}

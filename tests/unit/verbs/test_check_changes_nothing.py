"""No check changes what it checks: ``anlan check`` only reads, ``anlan repair`` is another command that people give."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from tests.unit.roles.historian.recorded import START, Plant

from anlan import cli
from anlan import now as clock
from anlan.apps.history.models import Block, Grain, Rollup
from anlan.apps.history.selectors import raw
from anlan.apps.history.services import compact_hour
from anlan.apps.journal import services as journal
from anlan.apps.journal.models import Entry
from anlan.apps.obligations import services as obligations
from anlan.stream.blocks import header
from anlan.verbs import check, present

pytestmark = pytest.mark.django_db
HOUR_US = 3_600_000_000


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ANLAN_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(present.django, "start", lambda: None)
    obligations.tick("clock", clock.now())
    journal.record("agency:zz", "read", at=clock.now())
    return tmp_path


@contextmanager
def only_reading() -> Iterator[list[str]]:
    """The statements on any database that were not questions."""
    others: list[str] = []

    def look(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.lstrip("( \n").upper().startswith(("SELECT", "PRAGMA", "SAVEPOINT", "RELEASE", "SHOW", "EXPLAIN")):
            others.append(sql)
        return execute(sql, params, many, context)

    with ExitStack() as stack:
        for connection in connections.all():
            stack.enter_context(connection.execute_wrapper(look))
        yield others


def flip_a_bit(row: Block) -> None:
    body = bytearray(row.body)
    body[-3] ^= 4
    Block.objects.filter(pk=row.pk).update(body=bytes(body))


def sent_twice(plant: Plant, minutes: int = 4) -> list[float]:
    """Every packet comes twice, as after a lost answer; returns what stands in history afterwards."""
    samples = [(START + timedelta(seconds=20 * n), 50.0 + n) for n in range(3 * minutes)]
    plant.take([each for each in samples for _ in range(2)])
    plant.store()
    return [value for _, value in samples]


def told(plant: Plant, minutes: int = 4) -> list[float]:
    return raw(plant.point, START, START + timedelta(minutes=minutes)).value.tolist()


def marked_by_the_old_check(plant: Plant) -> None:
    """What the check of earlier versions left behind: rows counted by what came, and flagged for it."""
    for row in Block.objects.filter(gateway=plant.gateway):
        Block.objects.filter(pk=row.pk).update(samples=2 * row.samples, damaged_us=1, part=-row.pk)


@pytest.mark.case("A3")
def test_packets_that_came_twice_are_no_damage_and_a_row_counts_what_stands_in_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plant = Plant(points=2)
    values = sent_twice(plant)
    assert [(row.samples, header(bytes(row.body)).samples) for row in Block.objects.all()] == [(6, 6)] * 4
    assert check.main(["history", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)["checks"]["history"]["figures"]
    assert (figures["history_samples"], figures["history_flagged"]) == (24, 0)
    assert told(plant) == values


@pytest.mark.case("A3")
def test_a_row_that_was_counted_by_what_came_is_told_and_not_called_damaged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plant = Plant(points=2)
    values = sent_twice(plant)
    Block.objects.update(samples=12)
    assert check.main(["history"]) == 0
    assert "4 个块的行内样本数与块不符（以块为准）" in capsys.readouterr().out
    assert told(plant) == values
    assert cli.main(["repair", "history"]) == 0
    assert set(Block.objects.values_list("samples", flat=True)) == {6}


@pytest.mark.case("A3")
@pytest.mark.parametrize("part", check.TITLES)
def test_no_part_of_the_check_changes_anything_whatever_it_finds(part: str, installation: Path) -> None:
    plant = Plant(points=2)
    sent_twice(plant)
    flip_a_bit(Block.objects.order_by("start_us")[1])
    compact_hour(plant.gateway, round(START.timestamp() * 1_000_000) // HOUR_US * HOUR_US)
    plant.take([(START + timedelta(hours=2, seconds=20 * n), 1.0) for n in range(6)])
    plant.store()
    flip_a_bit(Block.objects.order_by("-start_us")[0])
    Rollup.objects.update(body=b"not a roll-up")
    Entry.objects.filter(seq=1).update(actor="user:other")
    files = {path: path.stat().st_mtime_ns for path in installation.rglob("*")}
    with only_reading() as others:
        check.main([part])
        check.main([part])
    assert others == []
    assert {path: path.stat().st_mtime_ns for path in installation.rglob("*")} == files


@pytest.mark.case("A3")
def test_damage_is_told_at_every_check_until_somebody_repairs_it(capsys: pytest.CaptureFixture[str]) -> None:
    plant = Plant(points=1)
    plant.take([(START + timedelta(seconds=30 * n), 50.0 + n) for n in range(6)])
    plant.store()
    row = Block.objects.order_by("start_us")[1]
    flip_a_bit(row)
    for _ in range(2):
        assert check.main(["history"]) == 1
        assert "请运行 anlan repair history" in capsys.readouterr().out
    assert told(plant, 3) == [50.0, 51.0, 54.0, 55.0], "what cannot be read is left out all the same"
    assert cli.main(["repair", "history"]) == 0
    assert "标出 1 个损坏的块" in capsys.readouterr().out
    assert check.main(["history"]) == 0
    assert "1 个标出的损坏块" in capsys.readouterr().out
    assert told(plant, 3) == [50.0, 51.0, 54.0, 55.0]


@pytest.mark.case("A3")
def test_what_the_old_check_hid_comes_back_with_one_command(capsys: pytest.CaptureFixture[str]) -> None:
    plant = Plant(points=2)
    values = sent_twice(plant)
    marked_by_the_old_check(plant)
    assert told(plant) == []
    assert check.main(["history"]) == 1
    assert "4 个标出的块核对无损" in capsys.readouterr().out
    assert cli.main(["repair", "history"]) == 0
    assert "取回 4 个无损的块" in capsys.readouterr().out
    assert told(plant) == values
    assert check.main(["history"]) == 0
    entry = Entry.objects.get(chain__key=f"enterprise:{plant.enterprise.code}", act="history_repaired")
    assert (entry.actor, entry.after["withheld"]) == ("operator:command", 4)
    before = list(Block.objects.order_by("pk").values_list("pk", "part", "samples", "damaged_us"))
    assert cli.main(["repair", "history"]) == 0
    assert list(Block.objects.order_by("pk").values_list("pk", "part", "samples", "damaged_us")) == before
    assert Entry.objects.filter(act="history_repaired").count() == 1


@pytest.mark.case("A3")
def test_an_hour_that_was_hidden_comes_back_beside_what_came_late_and_curves_by_the_minute_have_both() -> None:
    plant = Plant(points=1)
    hour = round(START.timestamp() * 1_000_000)
    values = sent_twice(plant)
    compact_hour(plant.gateway, hour)
    marked_by_the_old_check(plant)
    late = [(START + timedelta(minutes=30, seconds=20 * n), 90.0 + n) for n in range(3)]
    plant.take(late)
    plant.store()
    compact_hour(plant.gateway, hour)
    assert told(plant, 60) == [90.0, 91.0, 92.0]
    assert cli.main(["repair", "history"]) == 0
    assert told(plant, 60) == [*values, 90.0, 91.0, 92.0]
    assert list(Block.objects.values_list("grain", "samples", "damaged_us")) == [(Grain.HOUR, 15, None)]
    assert check.main(["history"]) == 0


@pytest.mark.case("A3")
def test_a_block_that_is_truly_damaged_stays_set_aside() -> None:
    plant = Plant(points=1)
    values = sent_twice(plant)
    flip_a_bit(Block.objects.order_by("start_us")[1])
    marked_by_the_old_check(plant)
    assert cli.main(["repair", "history"]) == 0
    assert told(plant) == values[:3] + values[6:]
    assert Block.objects.filter(damaged_us__isnull=False).count() == 1

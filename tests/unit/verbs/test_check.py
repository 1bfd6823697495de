"""``anlan check``: what it prints, and the exit code that a script goes by."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.roles.historian.recorded import START, Plant

from anlan import now as clock
from anlan.apps.history.models import Block
from anlan.apps.history.selectors import raw
from anlan.apps.journal import services as journal
from anlan.apps.journal.models import Entry
from anlan.apps.obligations import services as obligations
from anlan.verbs import check, present, repair

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation with a clock at work and two entries."""
    monkeypatch.setenv("ANLAN_DATA_DIR", str(tmp_path))
    # a second setup would tie the log to a test's own output
    monkeypatch.setattr(present.django, "start", lambda: None)
    obligations.tick("clock", clock.now())
    journal.record("agency:zz", "read", at=clock.now())
    journal.record("agency:zz", "read", at=clock.now())


def test_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("（")[0] for line in lines] == [
        "记录链：正常",
        "封存的记录：正常",
        "时钟与到期事项：正常",
        "数据与日志：正常",
        "历史：正常",
        "附件：正常",
        "磁盘：正常",
        "备份：正常",
    ]
    assert "1 条链" in lines[0]


def test_an_altered_entry_is_named_and_the_exit_code_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    Entry.objects.filter(seq=1).update(actor="user:other")
    assert check.main(["journal"]) == 1
    assert "agency:zz：第 1 条与其指纹不符" in capsys.readouterr().out
    assert check.main(["clocks"]) == 0


def test_programs_get_one_json(capsys: pytest.CaptureFixture[str]) -> None:
    obligations.tick("clock", clock.now() - timedelta(minutes=10))
    assert check.main(["clocks", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is False
    assert [fault["kind"] for fault in found["checks"]["clocks"]["faults"]] == ["clock_silent"]
    assert found["checks"]["clocks"]["figures"]["unfired"] == 0


def test_nothing_else_can_be_checked() -> None:
    with pytest.raises(SystemExit):
        check.main(["weather"])


@pytest.mark.req("SEC-02")
@pytest.mark.reliability(37)
def test_one_flipped_bit_of_history_is_named_and_leaves_the_rest_readable_and_repairing_flags_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plant = Plant(points=1)
    plant.take([(START + timedelta(seconds=30 * n), 50.0 + n) for n in range(6)])
    plant.store()
    row = Block.objects.order_by("start_us")[1]
    body = bytearray(row.body)
    body[-3] ^= 4
    Block.objects.filter(pk=row.pk).update(body=bytes(body))
    assert check.main(["history"]) == 1
    said = capsys.readouterr().out
    assert "历史块损坏，读取时略去" in said
    assert plant.gateway in said
    held = raw(plant.point, START, START + timedelta(minutes=3))
    assert held.value.tolist() == [50.0, 51.0, 54.0, 55.0]
    assert [(lost.cause, lost.start) for lost in held.lost] == [("damaged", START + timedelta(minutes=1))]
    assert bytes(Block.objects.get(pk=row.pk).body) == bytes(body)
    assert check.main(["history"]) == 1
    assert repair.main(["history"]) == 0
    assert bytes(Block.objects.get(pk=row.pk).body) == bytes(body)
    assert raw(plant.point, START, START + timedelta(minutes=3)).value.tolist() == [50.0, 51.0, 54.0, 55.0]
    assert check.main(["history"]) == 0
    assert "1 个标出的损坏块" in capsys.readouterr().out

"""What is kept on disk and how long the room lasts: from readings of what there truly was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.worlds import at

from anlan import config as settings
from anlan.apps.obligations import services as obligations
from anlan.process.disk_space import MIB, Space
from anlan.roles.auditor import Auditor, storage
from anlan.testing.clock import FakeClock

pytestmark = pytest.mark.django_db
NOW = at("08:00")
DAY = timedelta(days=1)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> settings.Config:
    """Eleven gibibytes free, both databases on this disk, 300 MiB of history and 100 MiB of records."""
    monkeypatch.setattr(storage, "space", lambda _config: Space(11 * 1024 * MIB, 100 * 1024 * MIB))
    monkeypatch.setattr(storage, "_is_here", lambda _alias, _folder: True)
    monkeypatch.setattr(storage, "history_bytes", lambda: 300 * MIB)
    monkeypatch.setattr(storage, "bytes_on_disk", lambda _alias: 100 * MIB)
    return replace(settings.load(), data_dir=tmp_path, disk_soft_mib=1024.0)


def figures(config: settings.Config, *readings: storage.Reading) -> dict[str, Any]:
    obligations.tick("auditor", NOW, stored=list(readings))
    return storage.look(config, NOW)[0].figures


def ago(time: timedelta, history: int, records: int) -> storage.Reading:
    return [(NOW - time).isoformat(), history * MIB, records * MIB]


def test_the_rate_is_what_was_added_between_two_readings(config: settings.Config) -> None:
    found = figures(config, ago(2 * DAY, 100, 96), ago(DAY, 290, 100))
    assert (found["history_bytes"], found["records_bytes"]) == (300 * MIB, 100 * MIB)
    assert found["growth_days"] == 2.0
    assert found["growth_bytes_a_day"] == 102 * MIB
    assert found["days_left"] == 10 * 1024 // 102  # history pauses with disk_soft_mib left


def test_what_was_not_watched_long_enough_or_does_not_grow_has_no_days(config: settings.Config) -> None:
    for readings in ([], [ago(timedelta(hours=11), 1, 1)], [ago(8 * DAY, 1, 1)]):
        assert "growth_bytes_a_day" not in figures(config, *readings)
    shrunk = figures(config, ago(DAY, 400, 100))
    assert shrunk["growth_bytes_a_day"] == -100 * MIB
    assert "days_left" not in shrunk


def test_databases_on_another_disk_leave_the_days_open(
    config: settings.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_is_here", lambda _alias, _folder: False)
    found = figures(config, ago(DAY, 100, 100))
    assert found["growth_bytes_a_day"] == 200 * MIB
    assert "days_left" not in found


def test_a_reading_every_six_hours_is_kept_for_a_week(config: settings.Config) -> None:
    for hour in range(0, 24 * 9, 3):
        now = NOW + timedelta(hours=hour)
        obligations.tick("auditor", now, stored=storage.look(config, now)[1])
    kept = obligations.signs_of("auditor")[0].detail["stored"]
    assert len(kept) == 28
    assert kept[0][0] == (now - storage.READ_FOR + timedelta(hours=3)).isoformat()


def test_an_auditor_that_has_only_just_been_started_goes_on_with_the_readings_before(config: settings.Config) -> None:
    Auditor(config, FakeClock(NOW - DAY)).look()
    found = Auditor(config, FakeClock(NOW)).look()
    assert found is not None
    assert found.figures["growth_days"] == 1.0
    assert len(obligations.signs_of("auditor")[0].detail["stored"]) == 2


def test_sizes_are_asked_of_the_databases_themselves(tmp_path: Path) -> None:
    found = storage.look(replace(settings.load(), data_dir=tmp_path), NOW)[0].figures
    assert found["history_bytes"] > 0
    assert found["records_bytes"] > 0

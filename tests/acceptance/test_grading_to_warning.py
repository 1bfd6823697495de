"""From alarms to a warning: the default model (Q-03) through the engine's own door, and what time alone does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.acceptance.conftest import Plant
from tests.acceptance.worlds import at
from tests.hats import staff

from anlan.apps.obligations import services as obligations
from anlan.apps.warnings import selectors
from anlan.apps.warnings import services as warnings
from anlan.apps.warnings.models import Confirmation, Warning


def level_now(plant: Plant) -> str:
    row = Warning.objects.by_the_machine().filter(source=plant.source, cleared_at__isnull=True).first()
    return row.level if row else "none"


def test_a_high_alarm_is_blue_and_left_unacknowledged_for_ten_minutes_it_is_yellow(plant: Plant) -> None:
    plant.alarm("YL001", "raised", "H", at("08:00"))
    assert level_now(plant) == "blue"
    assert obligations.run_due(at("08:09:59")) == 0
    obligations.run_due(at("08:10"))
    assert level_now(plant) == "yellow"


def test_acknowledged_in_time_it_stays_blue(plant: Plant) -> None:
    from anlan.apps.alarms import services as alarms

    alarm = plant.alarm("YL001", "raised", "H", at("08:00"))
    alarms.acknowledge([alarm], by={plant.enterprise.pk: staff(plant.enterprise, plant.person("甲"))}, at=at("08:09"))
    obligations.run_due(at("08:30"))
    assert level_now(plant) == "blue"


def test_high_high_is_orange_two_of_them_red_and_easing_comes_back_down(plant: Plant) -> None:
    plant.alarm("YL001", "raised", "HH", at("08:00"))
    assert level_now(plant) == "orange"
    plant.alarm("YW001", "raised", "HH", at("08:05"))
    assert level_now(plant) == "red"
    plant.alarm("YW001", "cleared", "HH", at("08:20"), since=at("08:05"))
    assert level_now(plant) == "orange"


def test_one_toxic_detector_beyond_ten_minutes_is_red_by_time_alone(plant: Plant) -> None:
    plant.alarm("QT001", "raised", "HH", at("08:00"))
    assert level_now(plant) == "orange"
    obligations.run_due(at("08:10"))
    assert level_now(plant) == "red"


def test_when_the_last_cause_is_gone_the_warning_clears_and_owes_its_report(plant: Plant) -> None:
    plant.alarm("YL001", "raised", "HH", at("08:00"))
    plant.alarm("YL001", "cleared", "HH", at("08:20"), since=at("08:00"))
    warning = Warning.objects.by_the_machine().get()
    assert warning.cleared_at == at("08:20")
    assert Confirmation.objects.by_the_machine().get().automatic
    assert selectors.next_step(warning, at("08:21")).due_at == at("09:20")  # type: ignore[union-attr]


@pytest.mark.alarm_management("首发")
def test_the_first_out_alarm_is_kept_and_not_replaced_by_later_ones(plant: Plant) -> None:
    plant.alarm("QT001", "raised", "H", at("08:00"))
    plant.alarm("YL001", "raised", "HH", at("08:01"))
    first = Warning.objects.by_the_machine().get().first_out
    assert (first["tag"], first["level"], first["value"]) == ("QT001", "H", 95.0)


def test_flatline_and_no_data_raise_no_warning(plant: Plant) -> None:
    from anlan.apps.alarms.models import Alarm

    Alarm.objects.create(
        id="f" * 32, enterprise=plant.enterprise, source=plant.source, point=plant.source.points.first(),
        side="no_data", level="no_data", worst="no_data", started_at=at("08:00"), raised_at=at("08:00"),
        detected_at=at("08:00"), changed_at=at("08:00"),
    )  # fmt: skip
    assert warnings.regrade(plant.source.pk, at("08:05")) is None


@pytest.mark.case("A1")
def test_an_alarm_stamped_by_a_clock_that_stood_ahead_is_graded_now_and_not_when_the_clock_gets_there(
    plant: Plant,
) -> None:
    plant.alarm("YL001", "raised", "H", at("16:00"))
    warning = Warning.objects.by_the_machine().get()
    assert warning.level == "blue"
    warnings.regrade(plant.source.pk, at("08:01"))
    warning.refresh_from_db()
    assert (warning.level, warning.cleared_at) == ("blue", None)
    obligations.run_due(at("08:10"))
    warning.refresh_from_db()
    assert warning.level == "blue"
    obligations.run_due(at("08:11"))
    warning.refresh_from_db()
    assert warning.level == "yellow", "ten minutes since it was found to stand"


def test_grading_the_same_alarms_again_changes_nothing(plant: Plant) -> None:
    from anlan.apps.delivery.models import Notice

    plant.alarm("YL001", "raised", "HH", at("08:00"))
    before = Notice.objects.by_the_machine().count()
    warnings.regrade(plant.source.pk, at("08:01"))
    warnings.regrade(plant.source.pk, at("08:02"))
    assert Notice.objects.by_the_machine().count() == before


def test_a_flood_at_one_source_is_one_warning_and_one_notice_for_each_recipient(plant: Plant) -> None:
    from anlan.apps.delivery.models import Message

    for minute, tag in enumerate(["QT001", "QT002", "YL001", "YW001"]):
        plant.alarm(tag, "raised", "H", at("08:00") + timedelta(seconds=minute))
    assert Warning.objects.by_the_machine().count() == 1
    assert Message.objects.by_the_machine().count() == 3


@pytest.mark.req("MON-08")
@pytest.mark.parametrize(("days", "flag"), [(6, True), (8, False)])
def test_an_orange_six_days_ago_is_still_flagged_and_one_eight_days_ago_is_not(
    plant: Plant, days: int, flag: bool
) -> None:
    from anlan.rules import rulebook

    now = at("14:30", 20)
    began = now - timedelta(days=days, minutes=30)
    warnings.set_level(plant.source, "orange", at=began)
    warnings.set_level(plant.source, "none", at=began + timedelta(hours=1))
    pk: Any = plant.source.pk
    assert selectors.risk_levels([pk]) == {pk: "blue"}
    assert selectors.was_larger_lately([pk], now, rulebook.load(on_date=now.date())) == {pk: flag}

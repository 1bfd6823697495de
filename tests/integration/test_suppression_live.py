"""Suppression by design through a running engine: its condition moves, the alarm is out of alarm and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.hats import officer, staff
from tests.reliability.plant import Plant, until

from anlan.testing.sender import Sender, packet

HERE = "tests.integration.test_suppression_live"
RUNNING, STOPPED, LOW, NORMAL = 50.0, 75.0, 15.0, 50.0


@pytest.fixture
def plant(tmp_path: Path, module_database_url: str) -> Iterator[Plant]:
    with Plant(tmp_path / "data", module_database_url, ["engine", "intake"], enterprises=1, points=4) as running:
        yield running


def approve(condition: str, target: str) -> None:
    """A rule: while the condition point is at or above 70, low alarms of the target are suppressed."""
    from anlan import now
    from anlan.apps.alarms.services import suppression
    from anlan.apps.registry.models import Point

    points = Point.objects.select_related("enterprise__supervisor")
    first, second = points.get(code=condition), points.get(code=target)
    rule = suppression.propose(
        first.enterprise,
        suppression.Design(
            name="切换时低液位",
            condition=first,
            comparison="at_or_above",
            threshold=70.0,
            points=[second],
            side="low",
            reason="设计文件 3.2",
        ),
        by=staff(first, "示例丙"),
        at=now.now(),
    )
    suppression.approve(rule, by=officer(first, "示例批"), at=now.now())


def stands() -> dict[str, Any]:
    """The rule, the low alarms as they are shown, what is counted and graded, and what the journal says."""
    from anlan.apps.alarms.models import Alarm, SuppressionRule
    from anlan.apps.alarms.selectors import uncleared_count
    from anlan.apps.journal import services as journal
    from anlan.apps.journal.models import Entry
    from anlan.apps.registry.models import HazardSource
    from anlan.apps.warnings.models import Warning
    from anlan.rules.alarms import annunciation

    alarms = Alarm.objects.filter(side="low").order_by("point__code").prefetch_related("events")
    return {
        "holds": SuppressionRule.objects.get().is_holding,
        "alarms": [
            [
                alarm.point.code,
                annunciation(
                    active=alarm.state == "active",
                    acknowledged=alarm.acknowledged_at is not None,
                    suppressed=alarm.suppression_id is not None,
                ).words,
                alarm.alive_at is not None,
                [event.change for event in alarm.events.all()],
            ]
            for alarm in alarms
        ],
        "uncleared": uncleared_count(HazardSource.objects.get().pk),
        "warnings": list(Warning.objects.filter(cleared_at__isnull=True).values_list("level", flat=True)),
        "acts": list(Entry.objects.filter(act__startswith="suppression.").order_by("pk").values_list("act", flat=True)),
        "broken": list(journal.broken()),
    }


@pytest.mark.slow  # an engine trusts its values only some time after its start
@pytest.mark.alarm_management("设计抑制")
def test_an_alarm_is_out_of_alarm_while_the_condition_holds_and_back_when_it_is_over(plant: Plant) -> None:
    site = plant.sites[0]
    condition, target, other = site.points[:3]
    plant.ask(f"{HERE}:approve", condition, target)
    state: dict[str, Any] = {}

    with Sender(plant.supervisor.intake_url, site.gateway, site.key) as sender:

        def send(first: float, second: float, third: float = NORMAL) -> None:
            values = {condition: first, target: second, other: third}
            now = datetime.now(UTC)
            at = now.replace(microsecond=now.microsecond // 1000 * 1000)
            assert sender.send(packet(site.enterprise, site.gateway, at, values)).accepted == 1

        def becomes(holds: bool, alarms: list[list[Any]], uncleared: int, warnings: list[str]) -> None:
            wanted = {"holds": holds, "alarms": alarms, "uncleared": uncleared, "warnings": warnings}

            def there() -> bool:
                state.update(plant.ask(f"{HERE}:stands"))
                return {name: state[name] for name in wanted} == wanted

            until(there, 120, lambda: f"{state} is not {wanted}")

        send(RUNNING, NORMAL)
        send(STOPPED, NORMAL)
        becomes(True, [], 0, [])
        send(STOPPED, LOW, LOW)
        suppressed = [target, "设计抑制", False, ["raised"]]
        theirs = [other, "未确认", False, ["raised"]]
        becomes(True, sorted([suppressed, theirs]), 1, ["blue"])
        send(STOPPED, LOW, NORMAL)
        theirs = [other, "恢复未确认", False, ["raised", "cleared"]]
        becomes(True, sorted([suppressed, theirs]), 1, [])
        send(RUNNING, LOW, NORMAL)
        becomes(False, sorted([[target, "未确认", True, ["raised"]], theirs]), 2, ["blue"])
        send(RUNNING, NORMAL, NORMAL)
        back = [target, "恢复未确认", True, ["raised", "cleared"]]
        becomes(False, sorted([back, theirs]), 2, [])
    assert state["acts"] == [
        "suppression.proposed", "suppression.approved", "suppression.holds", "suppression.over",
    ]  # fmt: skip
    assert state["broken"] == []

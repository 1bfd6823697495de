"""A limit that was changed in the plant at night without leave shows in what its gateway sends (SEC-03, DQ-11)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.hats import officer, staff
from tests.unit.apps.alarms.test_edge_alarms import alarm, told
from tests.unit.apps.conftest import NOON

from anlan.apps.alarms.models import Alarm
from anlan.apps.alarms.services import apply_edge_alarms
from anlan.apps.changes import kinds, services
from anlan.apps.findings.models import Clue, Finding
from anlan.apps.findings.services import digest_of
from anlan.apps.journal.models import Entry
from anlan.apps.registry.models import Point
from anlan.testing.sites import Site

pytestmark = pytest.mark.django_db
NIGHT = NOON + timedelta(hours=14)
"""02:00 of the civil clock."""


def sends(site: Site, threshold: float, hours: int = 0) -> None:
    at = NIGHT + timedelta(hours=hours)
    apply_edge_alarms(told(site, alarm(site, at, "2", threshold=str(threshold)), received=at), at)


def the_point(site: Site) -> Point:
    rows = Point.objects.by_the_machine().select_related("enterprise__supervisor", "gateway", "device", "source")
    return rows.get(code=site.points[0])


@pytest.mark.req("SEC-03")
@pytest.mark.req("DQ-11")
def test_an_unapproved_threshold_change_at_two_makes_a_finding_and_a_clue(world: list[Site]) -> None:
    site = world[0]
    sends(site, 88.0)
    finding, clue = Finding.objects.by_the_machine().get(), Clue.objects.by_the_machine().get()
    assert (finding.kind, finding.subject, finding.found_at) == (
        kinds.UNAPPROVED, f"point:{site.points[0]}/h", NIGHT
    )  # fmt: skip
    assert "高限 80 → 88" in finding.text
    assert (clue.finding, clue.kind, clue.label) == (finding, kinds.UNAPPROVED_CLUE, "本地设定")
    assert (clue.evidence["before"], clue.evidence["after"], clue.evidence["actor"]) == (
        80.0, 88.0, f"gateway:{site.gateway}"
    )  # fmt: skip
    assert clue.evidence["loosens"] is True
    assert clue.sha256 == digest_of(clue.evidence)
    assert Entry.objects.get(act="clue_taken_down").after["sha256"] == clue.sha256
    assert the_point(site).h == 80.0, "what was approved goes on being judged by"


def test_the_same_number_again_counts_up_and_another_one_is_another_clue(world: list[Site]) -> None:
    site = world[0]
    sends(site, 88.0)
    sends(site, 88.0, hours=1)
    assert (Finding.objects.by_the_machine().get().times, Clue.objects.by_the_machine().count()) == (2, 1)
    sends(site, 89.0, hours=2)
    assert Clue.objects.by_the_machine().count() == 2


@pytest.mark.parametrize("threshold", [80.0, 90.0, 79.99999237060547])
def test_what_was_approved_is_no_change(world: list[Site], threshold: float) -> None:
    """The limit of either level of the side, in 64 bits or in 32."""
    sends(world[0], threshold)
    assert not Finding.objects.by_the_machine().exists()


def test_a_refused_request_that_shows_all_the_same_is_named_and_an_approved_one_is_none(world: list[Site]) -> None:
    site = world[0]
    point = the_point(site)
    asked = services.change_limits(point, {"h": 88.0}, by=staff(point), at=NOON, reason="夏季")
    assert asked is not None
    services.refuse(asked, by=officer(point), at=NOON, note="无附件")
    sends(site, 88.0)
    finding = Finding.objects.by_the_machine().get()
    assert f"申请 {asked.number} 未获批准" in finding.text
    assert Clue.objects.by_the_machine().get().evidence["request"] == asked.about
    again = services.change_limits(point, {"h": 85.0}, by=staff(point), at=NOON, reason="夏季，附复核")
    assert again is not None
    services.approve(again, by=officer(point), at=NIGHT)
    sends(site, 85.0, hours=1)
    assert Finding.objects.by_the_machine().get().times == 1


@pytest.mark.req("SEC-03")
def test_alarm_finding_and_clue_are_one_transaction(world: list[Site], monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill between the finding and its clue leaves neither of them, nor the alarm that told of it."""

    class Killed(BaseException):
        pass

    def kill(*_: Any) -> str:
        raise Killed

    monkeypatch.setattr("anlan.apps.findings.services.clues.digest_of", kill)
    with pytest.raises(Killed):
        sends(world[0], 88.0)
    for model in (Alarm, Finding, Clue):
        assert not model.objects.by_the_machine().exists()

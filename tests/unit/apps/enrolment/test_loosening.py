"""An enterprise that watches itself less closely is told to those above it, in the transaction of the change."""

from __future__ import annotations

from typing import Any

import pytest
from tests.hats import called
from tests.unit.apps.enrolment.test_import import NOW, bring, county, refusals
from tests.unit.apps.enrolment.workbooks import CODE, PLANT, WHOLE, book, changed

from anlan.apps.enrolment import kinds, services
from anlan.apps.findings.models import Clue, Finding
from anlan.apps.findings.services import digest_of
from anlan.apps.journal.models import Entry
from anlan.apps.org.scope import EVERYTHING, Scope
from anlan.apps.registry.models import Enterprise, Point
from anlan.roles.auditor.sealing import TABLES

pytestmark = pytest.mark.django_db
POINT = f"{CODE}001G0001YL001"


@pytest.fixture
def own() -> Scope:
    """The scope of the enterprise's own administrator."""
    bring(book(WHOLE))
    return Scope(enterprise_ids=(Enterprise.objects.get().pk,))


def disarmed() -> bytes:
    rows = PLANT["点位"][0] | {"高限": 2.4, "高高限": 2.5, "报警延时（秒）": 86_400, "无数据判定（秒）": 8_640_000}
    return book({"点位": [rows]})


@pytest.mark.case("G3")
@pytest.mark.req("SEC-03")
def test_an_enterprise_that_disarms_its_own_point_makes_a_finding_and_a_clue_at_once(own: Scope) -> None:
    assert refusals(bring(disarmed(), own).report) == {}
    finding, clue = Finding.objects.by_the_machine().get(), Clue.objects.by_the_machine().get()
    assert finding.kind == kinds.LOOSENED
    assert (finding.subject, finding.source.code) == (f"point:{POINT}", f"{CODE}001")
    assert "高高限 1.58 → 2.5" in finding.text
    assert "报警延时（秒） 0 → 86400" in finding.text
    assert (clue.finding, clue.subject, clue.state, clue.label) == (finding, finding.subject, "open", "本地设定")
    assert (clue.evidence["before"]["hh"], clue.evidence["after"]["hh"]) == (1.58, 2.5)
    assert clue.evidence["actor"] == "person:op"
    assert {each["field"] for each in clue.evidence["loosened"]} == {"h", "hh", "on_delay_s", "no_data_s"}
    assert clue.sha256 == digest_of(clue.evidence)
    entry = Entry.objects.get(act="clue_taken_down")
    assert (entry.chain.key, entry.subject, entry.after["sha256"]) == (
        f"enterprise:{CODE}", f"clue:{clue.pk}", clue.sha256,
    )  # fmt: skip


@pytest.mark.case("G3")
@pytest.mark.parametrize(
    ("sheet", "title", "value", "label"),
    [
        ("点位", "启用", "否", "数据质量管理办法 第八条"),
        ("点位", "高高限", None, "本地设定"),
        ("点位", "位号", "PT-9", "数据质量管理办法 第八条"),
        ("重大危险源", "等级", "四级", "本地设定"),
        ("摄像头", "中控室", "否", "本地设定"),
        ("网关", "采集周期（秒）", 600, "本地设定"),
        ("企业", "类别", "生产企业", "本地设定"),
    ],
)
def test_each_way_of_loosening_is_told(own: Scope, sheet: str, title: str, value: Any, label: str) -> None:
    rows = {sheet: [PLANT[sheet][0] | {title: value}]}
    assert bring(book(rows), own).report.total("changed") == 1
    assert Clue.objects.by_the_machine().get().label == label


@pytest.mark.case("G3")
def test_what_tightens_or_comes_from_above_is_no_clue(own: Scope) -> None:
    bring(changed(book(PLANT), "点位", 2, "高限", 1.4), own)
    bring(disarmed(), county())
    bring(book(PLANT), EVERYTHING)
    bring(disarmed(), EVERYTHING)
    assert not Clue.objects.by_the_machine().exists()
    assert not Finding.objects.by_the_machine().exists()


@pytest.mark.case("G3")
def test_a_second_step_counts_the_finding_up_and_is_a_clue_of_its_own(own: Scope) -> None:
    bring(changed(book(PLANT), "点位", 2, "高高限", 1.7), own)
    bring(changed(book(PLANT), "点位", 2, "高高限", 1.9), own)
    bring(changed(book(PLANT), "点位", 2, "高高限", 1.9), own)
    assert Finding.objects.by_the_machine().get().times == 2
    assert Clue.objects.by_the_machine().count() == 2


@pytest.mark.case("G3")
def test_a_change_that_is_refused_or_only_previewed_leaves_no_clue(own: Scope) -> None:
    services.preview(disarmed(), own, by=called("own"), at=NOW)
    assert refusals(bring(changed(disarmed(), "点位", 2, "高高限", 9), own).report)
    assert not Clue.objects.by_the_machine().exists()
    assert Point.objects.get().hh == 1.58


@pytest.mark.case("G3")
def test_the_enterprise_does_not_see_the_clue_and_its_county_does(own: Scope) -> None:
    bring(disarmed(), own)
    assert not Clue.objects.visible_to(own).exists()
    assert Clue.objects.visible_to(county()).exists()
    assert Finding.objects.visible_to(own).exists()


@pytest.mark.case("G3")
def test_every_word_of_a_clue_but_its_state_is_sealed() -> None:
    (sealed,) = [table for table in TABLES if table.label == "findings.Clue"]
    columns = {field.attname for field in Clue._meta.fields} - {"id", "state"}
    assert set(sealed.fields) == columns


@pytest.mark.req("SEC-03")
def test_change_finding_and_clue_are_one_transaction(own: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill between the finding and its clue leaves neither of them, nor the changed limit."""

    class Killed(BaseException):
        pass

    def kill(*_: Any) -> str:
        raise Killed

    monkeypatch.setattr("anlan.apps.findings.services.clues.digest_of", kill)
    with pytest.raises(Killed):
        bring(disarmed(), own)
    assert Point.objects.get().hh == 1.58
    assert not Finding.objects.by_the_machine().exists()
    assert not Clue.objects.by_the_machine().exists()

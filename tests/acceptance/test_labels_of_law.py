"""What no article says is labelled 本地设定 on the record itself, and every such number stands in the rulebook."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.acceptance.conftest import Plant
from tests.acceptance.worlds import at, level, scenario
from tests.hats import called, officer, staff

from anlan.apps.delivery.models import Message, Notice
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.services import firing, signs
from anlan.apps.warnings import services as warnings
from anlan.refused import Refused
from anlan.rules.rulebook import Kind, Stricter, load

pytestmark = pytest.mark.django_db
LOCAL = "本地设定"


def articles() -> list[tuple[str, str]]:
    rows = Notice.objects.by_the_machine().order_by("pk").values_list("kind", "article")
    return [(kind, article.rpartition(" ")[2]) for kind, article in rows]


@pytest.mark.case("E1")
def test_only_what_an_article_orders_bears_its_name(plant: Plant) -> None:
    warnings.set_level(plant.source, "orange", at=at("08:00"))
    warnings.set_level(plant.source, "red", at=at("08:10"))
    warnings.set_level(plant.source, "yellow", at=at("08:20"))
    warnings.set_level(plant.source, "none", at=at("08:25"))
    obligations.run_due(at("09:25"))
    told = articles()
    assert told[:3] == [("informed", "第六条"), ("informed", "第七条"), ("upgraded", "第七条")]
    owed = [("report_due", "第九条"), ("report_overdue", LOCAL)]
    assert sorted(told[3:]) == sorted([("downgraded", LOCAL), ("cleared", LOCAL), *owed])


@pytest.mark.case("E1")
def test_a_new_holder_is_told_by_a_reading_and_the_record_says_so(plant: Plant) -> None:
    """WRN-20 rests on 常态化应用规定 六, which says that holders are current and not that they are told."""
    from anlan.apps.registry import services as registry

    warnings.set_level(plant.source, "orange", at=at("08:00"))
    registry.replace_holder(plant.source, "operations", plant.person("丁"), by=called("drill"), at=at("08:10"))
    warnings.set_level(plant.source, "none", at=at("08:20"))
    warnings.set_level(plant.source, "blue", at=at("08:30"))
    registry.replace_holder(plant.source, "operations", plant.person("戊"), by=called("drill"), at=at("08:40"))
    told = [article for kind, article in articles() if kind == "informed"]
    assert told == ["第六条", "第六条（读法）", LOCAL, LOCAL]


@pytest.mark.case("E1")
def test_what_our_reading_refuses_says_that_it_is_one(plant: Plant) -> None:
    """Only the issuer lifts what was set by hand; blue alone owes no report: no article says either."""
    issuer = officer(plant.source, "1")
    warning = warnings.raise_manual(plant.source, "blue", by=issuer, at=at("08:00"), text="异味")
    with pytest.raises(Refused, match="（读法）"):
        warnings.clear(warning, by=staff(warning, "2"), at=at("08:05"))
    warnings.clear(warning, by=issuer, at=at("08:10"))
    with pytest.raises(Refused, match="（读法）"):
        warnings.submit_report(warning, by=staff(warning, "丙"), at=at("08:20"), result="好", cause="阀", measures="换")
    kept = [act.text for act in warning.acts.all() if act.kind in ("clear_refused", "report_refused")]
    assert len(kept) == 2
    assert all("（读法）" in text for text in kept)


@pytest.mark.case("E1")
def test_a_confirmation_by_the_machine_says_that_no_article_has_it(plant: Plant) -> None:
    warning = warnings.set_level(plant.source, "yellow", at=at("08:00"))
    assert warning is not None
    warnings.set_level(plant.source, "none", at=at("08:10"))
    assert [each.name for each in warning.confirmations.all()] == ["系统自动确认（本地设定）"]


@pytest.mark.case("E1")
def test_the_drill_names_for_every_line_what_the_record_names(db: None) -> None:
    """Blue has no article; a new holder hears by a reading; what is owed has its article."""
    from anlan.drill.play import play_beside

    change = {"at": "08:10", "holder": {"source": "s1", "operations": "丁"}}
    story = scenario(level("08:00", "blue"), change, level("08:20", "yellow"), level("09:00", "none"))
    rows = play_beside(story)["rows"]
    shown = [(row["kind"], row["article"]) for row in rows if row["article"]]
    kept = [(kind, article) for kind, article in articles() if kind != "summary"]
    assert sorted(shown) == sorted(kept)
    assert ("informed", LOCAL) in shown


def build(**settings: Any) -> Any:
    from anlan.drill.world import build

    return build(scenario(settings=settings, park=True, supervisor="bg")).sources["s1"]


def slots() -> dict[str, str]:
    return dict(Message.objects.by_the_machine().order_by("-pk").values_list("recipient", "slot"))


@pytest.mark.case("E1")
@pytest.mark.parametrize(("copied", "slot"), [(True, "抄送（本地设定）"), (False, None)])
def test_a_copy_by_local_setting_says_so_on_the_message(copied: bool, slot: str | None) -> None:
    source = build(copy_to_county=copied, cp_slot="supervisor_only")
    warnings.set_level(source, "yellow", at=at("08:00"))
    told = slots()
    assert told.get("agency:zz") == slot
    assert told["agency:bg"] == "县（化工园区）应急管理部门"


@pytest.mark.case("E1")
@pytest.mark.case("E4")
def test_the_enterprise_s_copy_of_an_orange_notice_says_so(db: None) -> None:
    source = build(orange_copy_to_enterprise=True)
    warnings.set_level(source, "orange", at=at("08:00"))
    obligations.run_due(at("09:00"))
    notice = Notice.objects.by_the_machine().get(kind="notice")
    told = {message.recipient.partition(":")[0]: message.slot for message in notice.messages.all()}
    assert told["enterprise"] == "抄送（本地设定）"
    assert "第十一条" in notice.article


@pytest.mark.case("E2")
def test_the_grace_of_the_clock_and_its_silence_stand_in_the_rulebook_as_local_settings() -> None:
    rules = load()
    assert rules.length("clock_grace_seconds") == firing.GRACE == timedelta(seconds=5)
    assert rules.length("clock_silence_seconds") == signs.UP_WITHIN == timedelta(seconds=15)
    for key in ("clock_grace_seconds", "clock_silence_seconds"):
        entry = rules.entry(key)
        assert (entry.kind, entry.source, entry.system_wide) == (Kind.LOCAL_SETTING, LOCAL, True)


@pytest.mark.case("E2")
@pytest.mark.parametrize(("late", "state", "missed"), [(5, "fired", False), (6, "missed", True)])
def test_the_grace_of_the_rulebook_is_the_one_that_is_applied(
    plant: Plant, late: int, state: str, missed: bool
) -> None:
    from anlan.apps.obligations.models import Obligation

    warnings.set_level(plant.source, "red", at=at("08:00"))
    obligations.run_due(at("08:30") + timedelta(seconds=late))
    first = Obligation.objects.by_the_machine().filter(kind="notice").order_by("pk").first()
    notice = Notice.objects.by_the_machine().get(kind="notice")
    assert first is not None
    assert (first.state, bool(notice.missed), notice.is_late) == (state, missed, missed)


@pytest.mark.case("E6")
def test_a_deadline_that_includes_its_instant_is_worded_so(plant: Plant) -> None:
    warning = warnings.set_level(plant.source, "orange", at=at("11:00"))
    assert warning is not None
    warnings.set_level(plant.source, "none", at=at("12:00"))
    body = Notice.objects.by_the_machine().get(kind="report_due").body
    assert "请不晚于 03-01 13:00:00 上报" in body
    report = warnings.submit_report(
        warning, by=staff(warning, "丙"), at=at("13:00"), result="好", cause="阀", measures="换"
    )
    assert not report.is_late


@pytest.mark.case("E6")
def test_the_days_of_the_form_s_own_heading_are_not_to_be_refined() -> None:
    assert load().entry("spot_check.flag_days").stricter is Stricter.FIXED

"""When ways fail: the next way, the deputy, the duty desk, the persons on duty; never nobody without a record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.acceptance.worlds import at
from tests.hats import machine
from tests.unit.apps.delivery.doubles import Line, build, contact, holder, install, notice, to_agency, to_person

from anlan.apps.delivery.models import Delivery, DeliveryState, FallBack, Message, Rung
from anlan.apps.delivery.services import contacts, pass_on_stranded, send_due
from anlan.apps.delivery.services.acting import with_deputies
from anlan.apps.delivery.services.draft import Draft
from anlan.apps.findings.models import Finding, FindingState
from anlan.apps.journal import services as journal
from anlan.apps.journal.models import Entry
from anlan.apps.org.models import Agency, Deputy, Person, Post, Role
from anlan.apps.registry.models import HazardSource
from anlan.channels import AccountError, ChannelError, NoSuchAddress, PermanentError
from anlan.testing.clock import FakeClock

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> HazardSource:
    return build()


@pytest.fixture
def sms(monkeypatch: Any) -> Line:
    return install(monkeypatch, Line("sms"))["sms"]


def person(code: str, name: str) -> Person:
    made: Person = Person.objects.create(code=code, name=name)
    return made


def deputy(of: Person, who: Person, *, away: bool = False, until: Any = None) -> Deputy:
    made: Deputy = Deputy.objects.create(
        person=of, deputy=who, is_away=away, valid_from=at("07:00"), valid_until=until, declared_by="x",
        declared_at=at("07:00"),
    )  # fmt: skip
    return made


def run(line: Line | dict[str, Line], clock: FakeClock, looks: int = 6) -> None:
    channels = line if isinstance(line, dict) else {line.name: line}
    for _ in range(looks):
        send_due(channels, clock)
        pass_on_stranded(clock.now())


def told(line: Line) -> list[str]:
    return [letter.to for letter in line.taken]


def states() -> dict[str, str]:
    rows = Delivery.objects.order_by("pk")
    return {f"{row.message.recipient_name}/{row.channel}/{row.sent_to}": row.state for row in rows}


def acts() -> list[str]:
    return list(Entry.objects.order_by("pk").values_list("act", flat=True))


def test_an_unknown_number_suspends_the_contact_and_falls_to_the_deputy(source: HazardSource, sms: Line) -> None:
    main, other = holder(source), person("d1", "丁")
    bad = contact(main, "sms", "13800000001")
    contact(other, "sms", "13800000002")
    deputy(main, other)
    sms.answers["13800000001"] = NoSuchAddress("号码不存在")
    posted = notice(source, [to_person(main)])
    run(sms, FakeClock(at("08:00")))
    assert told(sms) == ["丁（代丙）"]
    bad.refresh_from_db()
    assert (bad.is_enabled, bad.disabled_because) == (True, "号码不存在")
    assert bad.is_suspended(at("13:59:59"))
    assert not bad.is_suspended(at("14:00"))
    desk = Message.objects.by_the_machine().get(notice__kind="contact")
    assert desk.recipient == f"enterprise:{source.enterprise.code}"
    assert "13800000001" not in desk.notice.body
    fallen = FallBack.objects.by_the_machine().get()
    assert (fallen.rung, fallen.to.recipient, fallen.message.recipient_name) == (Rung.DEPUTY, "person:d1", "丙")
    assert posted.messages.get(person=other).acting_for == f"person:{main.code}"
    finding = Finding.objects.by_the_machine().get()
    assert finding.kind == "contact_failed"
    assert "13800000001" not in finding.text
    assert {"contact_suspended", "message_passed_on", "finding_opened"} <= set(acts())
    assert "13800000001" not in str(list(Entry.objects.values_list("after", flat=True)))
    assert list(journal.broken()) == []
    assert contacts.enable(bad, by=machine(source.enterprise), at=at("09:00"))
    assert not contacts.enable(bad, by=machine(source.enterprise), at=at("09:01"))
    assert Finding.objects.by_the_machine().get().state == FindingState.CLOSED


def test_the_next_way_is_opened_before_anybody_else_is_told(source: HazardSource, monkeypatch: Any) -> None:
    lines = install(monkeypatch, Line("sms"), Line("voice"))
    main = holder(source)
    contact(main, "sms", "13800000001", 1)
    contact(main, "voice", "13800000001", 2)
    lines["sms"].answers["*"] = PermanentError("号码不存在")
    notice(source, [to_person(main)])
    run(lines, FakeClock(at("08:00")))
    assert told(lines["voice"]) == ["丙"]
    assert not FallBack.objects.by_the_machine().exists()


def test_a_passing_error_opens_the_next_way_once_and_the_first_is_not_tried_any_more(
    source: HazardSource, monkeypatch: Any
) -> None:
    lines = install(monkeypatch, Line("sms"), Line("voice"))
    main = holder(source)
    contact(main, "sms", "13800000001", 1)
    contact(main, "voice", "13900000001", 2)
    lines["sms"].answers["*"] = ChannelError("500")
    notice(source, [to_person(main)])
    clock = FakeClock(at("08:00"))
    run(lines, clock)
    assert states() == {"丙/sms/138****0001": "replaced", "丙/voice/139****0001": "sent"}
    clock.advance(3600)
    lines["sms"].answers.clear()
    run(lines, clock)
    assert not lines["sms"].taken


def test_ways_of_one_order_are_used_together(source: HazardSource, monkeypatch: Any) -> None:
    lines = install(monkeypatch, Line("sms"), Line("voice"))
    main = holder(source)
    contact(main, "sms", "13800000001")
    contact(main, "voice", "13800000001")
    notice(source, [to_person(main)])
    run(lines, FakeClock(at("08:00")))
    assert told(lines["sms"]) == told(lines["voice"]) == ["丙"]


def test_a_letter_that_waits_for_its_own_sender_still_goes_when_the_way_beside_it_was_quicker(
    source: HazardSource, monkeypatch: Any
) -> None:
    main = holder(source)
    lines = install(monkeypatch, Line("sms"), Line("voice"))
    contact(main, "sms", "13800000001", order=1)
    contact(main, "voice", "13800000001", order=1)
    notice(source, [to_person(main)])
    clock = FakeClock(at("08:00"))
    run(lines["sms"], clock)
    assert told(lines["sms"]) == ["丙"]
    run(lines["voice"], clock)
    assert told(lines["voice"]) == ["丙"]


@pytest.mark.parametrize("with_deputy", [True, False])
def test_without_any_number_it_falls_to_the_deputy_then_to_the_desk_then_to_nobody_with_a_record(
    source: HazardSource, sms: Line, with_deputy: bool
) -> None:
    main = holder(source)
    if with_deputy:
        deputy(main, person("d1", "丁"))  # who has no number either
    notice(source, [to_person(main)])
    run(sms, FakeClock(at("08:00")))
    rungs = [row.rung for row in FallBack.objects.by_the_machine()]
    assert rungs == ["deputy", "desk", "nobody"] if with_deputy else ["desk", "nobody"]
    assert sorted(Message.objects.by_the_machine().values_list("recipient_kind", flat=True)) == (
        ["enterprise", "person", "person"] if with_deputy else ["enterprise", "person"]
    )
    finding = Finding.objects.by_the_machine().get(kind="unreached")
    assert finding.times == 1
    assert Finding.objects.by_the_machine().get(kind="nobody_told").times == 1
    run(sms, FakeClock(at("08:10")))
    assert FallBack.objects.by_the_machine().count() == len(rungs)


def test_the_desk_is_told_when_the_deputy_fails_and_one_desk_letter_serves_two_holders(
    source: HazardSource, sms: Line
) -> None:
    main, technical, other = holder(source), holder(source, "technical"), person("d1", "丁")
    contact(other, "sms", "13800000002")
    contact(source.enterprise, "sms", "13800000009")
    deputy(main, other)
    sms.answers["13800000002"] = PermanentError("空号")
    notice(source, [to_person(main), to_person(technical, "技术负责人")])
    run(sms, FakeClock(at("08:00")))
    assert [letter.address for letter in sms.taken] == ["13800000009"]
    rows = {(row.message.recipient_name, row.rung, row.to.recipient_name) for row in FallBack.objects.by_the_machine()}
    desk = source.enterprise.name
    assert rows == {("丙", "deputy", "丁"), ("丙", "desk", desk), ("乙", "desk", desk)}


def test_a_desk_without_contacts_falls_to_its_duty_officers_and_to_nobody_above(
    source: HazardSource, sms: Line
) -> None:
    county = Agency.objects.by_the_machine().get(code="zz")
    officer = person("o1", "值班员")
    Post.objects.create(person=officer, agency=county, role=Role.DUTY_OFFICER, valid_from=at("07:00"))
    contact(officer, "sms", "13800000003")
    notice(source, [to_agency()])
    run(sms, FakeClock(at("08:00")))
    assert told(sms) == ["值班员（代县应急管理局）"]
    assert Message.objects.by_the_machine().filter(agency__isnull=False).count() == 1


def test_what_reached_nobody_at_an_agency_is_not_told_to_the_enterprise_that_it_is_about(
    source: HazardSource, sms: Line
) -> None:
    contact(source.enterprise, "sms", "13800000003")
    notice(source, [to_agency()])
    run(sms, FakeClock(at("08:00")))
    assert told(sms) == []
    assert [row.recipient for row in Message.objects.by_the_machine()] == ["agency:zz"]
    assert [row.rung for row in FallBack.objects.by_the_machine()] == [Rung.NOBODY]


def test_an_account_that_is_refused_disables_nobody_and_falls_to_nobody(source: HazardSource, sms: Line) -> None:
    main = holder(source)
    row = contact(main, "sms", "13800000001")
    sms.answers["*"] = AccountError("签名未审核")
    notice(source, [to_person(main)])
    clock = FakeClock(at("08:00"))
    run(sms, clock)
    row.refresh_from_db()
    assert row.is_enabled
    assert not FallBack.objects.by_the_machine().exists()
    sms.answers.clear()
    clock.advance(11)
    run(sms, clock)
    assert told(sms) == ["丙"]


def test_a_disabled_contact_is_not_sent_to_and_its_waiting_letter_is_passed_on(source: HazardSource, sms: Line) -> None:
    main = holder(source)
    row = contact(main, "sms", "13800000001")
    contact(source.enterprise, "sms", "13800000009")
    notice(source, [to_person(main)])
    contacts.disable(row, "换号", by=machine(source.enterprise), at=at("08:00"))
    run(sms, FakeClock(at("08:00")))
    assert [letter.address for letter in sms.taken] == ["13800000009"]


def test_the_deputy_of_somebody_away_is_told_beside_them_marked_and_hears_the_end(
    source: HazardSource, sms: Line
) -> None:
    main, other = holder(source), person("d1", "丁")
    contact(main, "sms", "13800000001")
    contact(other, "sms", "13800000002")
    deputy(main, other, away=True, until=at("08:30"))
    notice(source, [to_person(main)])
    notice(source, [to_person(main)], key="n2", kind="notice", when=at("08:40"))  # back since 08:30
    notice(source, [to_person(main)], key="n3", kind="cleared", when=at("08:50"))
    rows = Message.objects.by_the_machine().order_by("pk").values_list("notice__key", "recipient_name", "slot")
    assert list(rows) == [
        ("n1", "丙", "操作负责人"), ("n1", "丁", "代丙"), ("n2", "丙", "操作负责人"), ("n3", "丙", "操作负责人"),
        ("n3", "丁", "代丙"),
    ]  # fmt: skip
    run(sms, FakeClock(at("09:00")))
    assert sorted(told(sms)) == ["丁（代丙）", "丁（代丙）", "丙", "丙", "丙"]


def test_in_one_batch_the_deputy_is_told_until_the_instant_of_the_return_and_not_at_it(source: HazardSource) -> None:
    main, other = holder(source), person("d1", "丁")
    deputy(main, other, away=True, until=at("08:30"))
    drafts = [
        Draft(
            key=key, kind="notice", subject="warning:1", enterprise=source.enterprise, source_id=source.pk, level="red",
            due_at=when, sent_at=when, to=(to_person(main),), title="x",
        )
        for key, when in (("n1", at("08:30") - timedelta(seconds=1)), ("n2", at("08:30")))
    ]  # fmt: skip
    assert [[to.name for to in each.to] for each in with_deputies(drafts)] == [["丙", "丁"], ["丙"]]


def test_numbers_of_the_register_become_contacts_and_follow_it(source: HazardSource, sms: Line) -> None:
    main = holder(source)
    Person.objects.filter(pk=main.pk).update(phone="13800000001")
    notice(source, [to_person(main)])
    clock = FakeClock(at("08:00"))
    sms.answers["13800000001"] = PermanentError("空号")
    run(sms, clock)
    Person.objects.filter(pk=main.pk).update(phone="13800000005")
    notice(source, [to_person(main)], key="n2")
    clock.advance(timedelta(minutes=1).total_seconds())
    run(sms, clock)
    assert [letter.address for letter in sms.taken] == ["13800000005"]


def test_a_group_gets_one_letter_a_notice_and_its_failure_concerns_no_recipient(
    source: HazardSource, monkeypatch: Any
) -> None:
    from anlan.channels import Need

    lines = install(monkeypatch, Line("group", Need.NOTHING))
    lines["group"].answers["*"] = PermanentError("群已解散")
    notice(source, [to_person(holder(source)), to_agency()])
    run(lines, FakeClock(at("08:00")))
    assert Delivery.objects.get().state == DeliveryState.FAILED
    assert not FallBack.objects.by_the_machine().exists()
    lines["group"].answers.clear()
    notice(source, [to_person(holder(source)), to_agency()], key="n2")
    run(lines, FakeClock(at("08:01")))
    assert told(lines["group"]) == ["丙、县应急管理局"]


def test_while_one_substitute_can_still_be_reached_the_next_rung_is_left_alone(source: HazardSource, sms: Line) -> None:
    main, first, second = holder(source), person("d1", "丁"), person("d2", "戊")
    for who, number in ((main, "13800000001"), (first, "13800000002"), (second, "13800000003")):
        contact(who, "sms", number)
    for who in (first, second):
        deputy(main, who)
    for number in ("13800000001", "13800000002"):
        sms.answers[number] = PermanentError("不是号码")
    sms.answers["13800000003"] = ChannelError("500")
    notice(source, [to_person(main)])
    run(sms, FakeClock(at("08:00")))
    rungs = FallBack.objects.by_the_machine().order_by("pk").values_list("rung", flat=True)
    assert set(rungs) == {Rung.DEPUTY}


def test_what_reached_nobody_is_said_once_however_often_it_fails(source: HazardSource, sms: Line) -> None:
    row = contact(holder(source), "sms", "13800000001")
    sms.answers["13800000001"] = PermanentError("不是号码")
    notice(source, [to_person(holder(source))])
    run(sms, FakeClock(at("08:00")))
    assert acts().count("message_reached_nobody") == 1
    Delivery.objects.filter(contact=row).update(state=DeliveryState.QUEUED, next_try_at=None)
    run(sms, FakeClock(at("08:10")))
    assert Delivery.objects.get(contact=row).attempts == 2
    assert acts().count("message_reached_nobody") == 1


@pytest.mark.case("B6")
def test_a_deputy_who_is_away_has_a_deputy_of_his_own_told_and_a_ring_ends(source: HazardSource, sms: Line) -> None:
    main, second, third = holder(source), person("d1", "丁"), person("d2", "戊")
    deputy(main, second, away=True)
    deputy(second, third, away=True)
    deputy(third, main, away=True)
    for who, number in ((main, "13800000001"), (second, "13800000002"), (third, "13800000003")):
        contact(who, "sms", number)
    notice(source, [to_person(main)])
    run(sms, FakeClock(at("08:00")))
    assert sorted(told(sms)) == ["丁（代丙）", "丙", "戊（代丁）"]
    Deputy.objects.update(valid_until=at("08:30"))
    notice(source, [to_person(main)], key="n2", kind="upgraded", when=at("09:00"))
    run(sms, FakeClock(at("09:00")))
    assert sorted(told(sms)[3:]) == ["丁（代丙）", "丙", "戊（代丁）"]


@pytest.mark.case("B6")
def test_a_deputy_who_takes_over_and_is_away_has_his_own_told_beside_him(source: HazardSource, sms: Line) -> None:
    main, second, third = holder(source), person("d1", "丁"), person("d2", "戊")
    deputy(main, second)
    deputy(second, third, away=True)
    contact(main, "sms", "13800000001")
    contact(second, "sms", "13800000002")
    contact(third, "sms", "13800000003")
    sms.answers["13800000001"] = NoSuchAddress("号码不存在")
    notice(source, [to_person(main)])
    run(sms, FakeClock(at("08:00")))
    assert sorted(told(sms)) == ["丁（代丙）", "戊（代丁）"]


@pytest.mark.case("B6")
def test_a_deputy_who_fails_falls_to_his_own_who_was_told_beside_him_though_that_one_is_none_any_more(
    source: HazardSource, sms: Line
) -> None:
    main, second, third = holder(source), person("d1", "丁"), person("d2", "戊")
    deputy(main, second, away=True)
    deputy(second, third, away=True)
    contact(source.enterprise, "sms", "13800000009")
    for who, number in ((main, "13800000001"), (second, "13800000002"), (third, "13800000003")):
        contact(who, "sms", number)
    sms.answers["13800000002"] = NoSuchAddress("号码不存在")
    notice(source, [to_person(main)])
    Deputy.objects.update(valid_until=at("08:00"))
    run(sms, FakeClock(at("08:01")))
    assert sorted(told(sms)) == ["丙", "戊（代丁）"]
    rows = {(row.message.recipient_name, row.rung, row.to.recipient_name) for row in FallBack.objects.by_the_machine()}
    assert rows == {("丁", "deputy", "戊")}


@pytest.mark.case("B6")
def test_who_stands_in_for_two_and_fails_is_replaced_for_the_one_who_is_away_too(
    source: HazardSource, sms: Line
) -> None:
    """丁 is told beside 丙, who is away, and takes over for 乙: when 丁 fails, both are left without anybody."""
    main, technical, second = holder(source), holder(source, "technical"), person("d1", "丁")
    deputy(main, second, away=True)
    deputy(technical, second)
    contact(source.enterprise, "sms", "13800000009")
    for who, number in ((main, "13800000001"), (technical, "13800000002"), (second, "13800000003")):
        contact(who, "sms", number)
    sms.answers["13800000002"] = NoSuchAddress("号码不存在")
    clock = FakeClock(at("08:00"))
    sms.answers["13800000003"] = ChannelError("忙")
    notice(source, [to_person(main), to_person(technical, "技术负责人")])
    run(sms, clock)
    sms.answers["13800000003"] = NoSuchAddress("号码不存在")
    clock.advance(3600)
    run(sms, clock)
    rows = {(row.message.recipient_name, row.rung, row.to.recipient_name) for row in FallBack.objects.by_the_machine()}
    desk = source.enterprise.name
    assert {("丁", "desk", desk), ("乙", "desk", desk)} <= rows

"""Whose fault it is that a letter did not go: the way's, the account's, the letter's, the recipient's, the address's.

Each is charged where it belongs: no contact suffers for a gateway, and nobody waits for another's poisoned letter.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.acceptance.worlds import at
from tests.contract.channels.kinds import SECRET
from tests.contract.channels.server import ChannelServer, Reply, says
from tests.hats import called, machine
from tests.unit.apps.delivery.doubles import Line, build, contact, holder, install, notice, to_person

from anlan.apps.delivery import selectors
from anlan.apps.delivery.models import NOBODY_AFTER, ChannelState, Contact, Delivery, DeliveryState, FallBack, Message
from anlan.apps.delivery.services import (
    contact_order,
    contacts,
    mark_read,
    pass_on_stranded,
    send_due,
    suspending,
    untold,
)
from anlan.apps.findings.models import Finding
from anlan.apps.journal import services as journal
from anlan.apps.journal.models import Entry
from anlan.apps.org.models import Deputy, Person
from anlan.apps.registry.models import Enterprise, HazardSource
from anlan.channels import (
    AccountError,
    ChannelError,
    LetterError,
    Need,
    NoSuchAddress,
    PermanentError,
    RecipientError,
    configured,
)
from anlan.config import Config
from anlan.roles.auditor import audit
from anlan.testing.clock import FakeClock

pytestmark = pytest.mark.django_db


@pytest.fixture
def source() -> HazardSource:
    return build()


@pytest.fixture
def sms(monkeypatch: Any) -> Line:
    return install(monkeypatch, Line("sms"))["sms"]


@pytest.fixture
def other(source: HazardSource) -> HazardSource:
    """A source of another enterprise of the same county."""
    first = source.enterprise
    second = Enterprise.objects.create(
        code="e2", name="邻厂", region=first.region, county=first.county, supervisor=first.supervisor
    )
    return HazardSource.objects.create(enterprise=second, code="s2", name="苯罐区", level=source.level)


def person(code: str, name: str) -> Person:
    made: Person = Person.objects.create(code=code, name=name)
    return made


def run(line: Line | dict[str, Any], clock: FakeClock, seconds: float, step: float = 5) -> None:
    """Look every ``step`` seconds for so long."""
    channels = line if isinstance(line, dict) else {line.name: line}
    until = clock.now() + timedelta(seconds=seconds)
    while clock.now() < until:
        send_due(channels, clock)
        pass_on_stranded(clock.now())
        clock.advance(step)


def told(line: Line) -> list[str]:
    return [letter.to for letter in line.taken]


def open_findings() -> list[str]:
    return list(Finding.objects.by_the_machine().exclude(state="closed").order_by("pk").values_list("kind", flat=True))


def faults(clock: FakeClock) -> list[str]:
    return [fault.kind for fault in audit.clocks(clock.now(), starting=True).faults]


# --- B1: the transport


@pytest.mark.case("B1")
def test_a_gateway_that_answers_404_for_a_while_costs_nobody_a_number_and_no_letter(
    source: HazardSource, monkeypatch: Any
) -> None:
    with ChannelServer() as server:
        made = configured(
            Config(
                channels={
                    "sms": {
                        "type": "sms", "url": f"{server.url}/sms", "code_paths": ["code"], "success": ["0"],
                        "permanent": ["4*"],
                    },
                    "hook": {"type": "webhook", "url": f"{server.url}/hook", "secret": SECRET},
                }
            )
        )  # fmt: skip
        monkeypatch.setattr(contact_order, "_configured", lambda config: made)
        server.at["/sms"] = Reply(404, b"<html>404</html>")
        server.at["/hook"] = Reply(404, json.dumps({"detail": "not found"}).encode())
        main = holder(source)
        row = contact(main, "sms", "13800000001")
        notice(source, [to_person(main)], level="orange")
        clock = FakeClock(at("08:00"))
        run(made, clock, 40)
        row.refresh_from_db()
        assert (row.is_enabled, row.suspended_until) == (True, None)
        assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.QUEUED}
        assert {each.name for each in selectors.unwell_channels()} == {"sms", "hook"}
        assert open_findings() == ["nobody_told"]
        server.at = {"/sms": says({"code": 0}), "/hook": says({})}
        run(made, clock, 40)
        assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.SENT, DeliveryState.DELIVERED}
        assert selectors.unwell_channels() == []
        assert open_findings() == []
    clock.advance(24 * 60)
    notice(source, [to_person(main)], key="n2", level="orange", when=clock.now())
    assert Delivery.objects.get(message__notice__key="n2", channel="sms").contact == row


@pytest.mark.case("B1")
def test_a_notice_that_reached_nobody_is_a_finding_and_a_fault_until_somebody_is_told(
    source: HazardSource, sms: Line
) -> None:
    main = holder(source)
    contact(main, "sms", "13800000001")
    sms.answers["*"] = AccountError("余额不足")
    posted = notice(source, [to_person(main)])
    clock = FakeClock(at("08:00"))
    run(sms, clock, 5)
    finding = Finding.objects.by_the_machine().get()
    assert (finding.kind, finding.found_at) == ("nobody_told", at("08:00"))
    assert "余额不足" in finding.text
    assert finding.source_id == source.pk
    clock.set(at("08:02"))
    assert faults(clock) == ["reached_nobody"]
    fault = audit.clocks(clock.now(), starting=True).faults[0]
    assert fault.since == posted.sent_at
    run(sms, clock, 60)
    assert Finding.objects.by_the_machine().get().times == 1
    sms.answers.clear()
    run(sms, clock, 15)
    assert open_findings() == []
    assert faults(clock) == []
    assert list(journal.broken()) == []


@pytest.mark.case("B1")
def test_of_two_that_find_that_nobody_was_reached_one_says_so(source: HazardSource, sms: Line) -> None:
    posted = notice(source, [to_person(holder(source))])
    Delivery.objects.all().update(state=DeliveryState.FAILED)
    one, other = (type(posted).objects.by_the_machine().get(pk=posted.pk) for _ in range(2))
    assert untold.look(one, "余额不足", at("08:01"))
    assert not untold.look(other, "余额不足", at("08:02"))
    assert Entry.objects.filter(act="notice_reached_nobody").count() == 1
    assert Finding.objects.by_the_machine().get(kind="nobody_told").times == 1


@pytest.mark.case("B1")
def test_a_passing_hiccup_is_not_yet_nobody_and_a_reading_on_the_platform_is_somebody(
    source: HazardSource, sms: Line
) -> None:
    main = holder(source)
    contact(main, "sms", "13800000001")
    sms.answers["*"] = ChannelError("503")
    posted = notice(source, [to_person(main)])
    clock = FakeClock(at("08:00"))
    run(sms, clock, 5)
    assert open_findings() == []
    run(sms, clock, 90)
    assert open_findings() == ["nobody_told"]
    assert faults(clock) == ["reached_nobody"]
    assert mark_read(posted.messages.get(), by=called("x"), at=clock.now())
    assert open_findings() == []
    assert faults(clock) == []


@pytest.mark.case("B1")
def test_a_minute_without_anybody_is_nobody_whatever_still_waits(source: HazardSource, sms: Line) -> None:
    contact(holder(source), "sms", "13800000001")
    told_of = notice(source, [to_person(holder(source))])
    due = at("08:00") + NOBODY_AFTER
    assert not untold.look(told_of, "渠道“短信”应服务商的要求暂停", due - timedelta(seconds=1))
    assert untold.look(told_of, "渠道“短信”应服务商的要求暂停", due)
    assert not untold.look(told_of, "渠道“短信”应服务商的要求暂停", due), "said once"
    assert open_findings() == ["nobody_told"]


@pytest.mark.case("B1")
def test_where_nobody_has_a_number_the_notice_that_reached_nobody_says_so_at_once(
    source: HazardSource, sms: Line
) -> None:
    notice(source, [to_person(holder(source))])
    run(sms, FakeClock(at("08:00")), 15)
    assert sorted(open_findings()) == ["nobody_told", "unreached"]


# --- B1: the address


@pytest.mark.case("B1")
def test_a_suspended_number_is_still_used_when_there_is_no_other_and_works_again_when_it_does(
    source: HazardSource, sms: Line
) -> None:
    main = holder(source)
    row = contact(main, "sms", "13800000001")
    sms.answers["*"] = NoSuchAddress("空号")
    notice(source, [to_person(main)])
    clock = FakeClock(at("08:00"))
    run(sms, clock, 5)
    row.refresh_from_db()
    assert row.suspended_until == at("08:00") + suspending.SUSPENDED_FOR
    assert Message.objects.by_the_machine().filter(notice__kind="contact").count() == 1
    sms.answers.clear()
    notice(source, [to_person(main)], key="n2", when=clock.now())
    run(sms, clock, 5)
    assert told(sms) == ["丙"]
    row.refresh_from_db()
    assert (row.suspended_until, row.disabled_because) == (None, "")
    assert "contact_failed" not in open_findings()
    assert list(journal.broken()) == []


@pytest.mark.case("B1")
def test_a_number_is_suspended_anew_once_its_time_is_over_and_not_before(source: HazardSource, sms: Line) -> None:
    main = holder(source)
    row = contact(main, "sms", "13800000001")
    sms.answers["*"] = NoSuchAddress("空号")
    over = at("08:00") + suspending.SUSPENDED_FOR
    for key, when, until, words in (
        ("n1", at("08:00"), over, 1),
        ("n2", over - timedelta(seconds=1), over, 1),
        ("n3", over, over + suspending.SUSPENDED_FOR, 2),
    ):
        notice(source, [to_person(main)], key=key, when=when)
        run(sms, FakeClock(when), 1)
        row.refresh_from_db()
        assert (row.suspended_until, Message.objects.by_the_machine().filter(notice__kind="contact").count()) == (
            until, words,
        )  # fmt: skip


@pytest.mark.case("A1")
def test_a_number_suspended_while_our_clock_stood_ahead_is_used_as_any_other_when_it_is_set_right(
    source: HazardSource, sms: Line
) -> None:
    main, now = holder(source), at("08:00")
    row = contact(main, "sms", "13800000001")
    contact(main, "sms", "13800000009", order=2)
    Contact.objects.filter(pk=row.pk).update(suspended_until=now + timedelta(hours=14))
    notice(source, [to_person(main)])
    run(sms, FakeClock(now), 5)
    assert [letter.address for letter in sms.taken] == ["13800000001"]
    row.refresh_from_db()
    assert row.suspended_until is None


@pytest.mark.case("B1")
def test_a_suspended_number_waits_behind_another_until_its_time_is_over(source: HazardSource, sms: Line) -> None:
    main = holder(source)
    first = contact(main, "sms", "13800000001", order=1)
    contact(main, "sms", "13800000002", order=2)
    Contact.objects.filter(pk=first.pk).update(suspended_until=at("09:00"), disabled_because="空号")
    notice(source, [to_person(main)], when=at("08:59:59"))
    notice(source, [to_person(main)], key="n2", when=at("09:00"))
    sent = dict(Delivery.objects.values_list("message__notice__key", "contact__address"))
    assert sent == {"n1": "13800000002", "n2": "13800000001"}
    assert contacts.enable(first, by=machine(source.enterprise), at=at("08:30"))
    first.refresh_from_db()
    assert first.suspended_until is None


@pytest.mark.case("B1")
def test_an_address_that_is_not_of_its_kind_is_a_finding_and_suspends_nobody(source: HazardSource, sms: Line) -> None:
    main = holder(source)
    row = contact(main, "sms", "not-a-number")
    contact(source.enterprise, "sms", "13800000009")
    sms.answers["not-a-number"] = PermanentError("不是号码")
    notice(source, [to_person(main)])
    run(sms, FakeClock(at("08:00")), 10)
    row.refresh_from_db()
    assert (row.is_enabled, row.suspended_until) == (True, None)
    assert open_findings() == ["contact_failed"]
    assert [letter.address for letter in sms.taken] == ["13800000009"]


# --- B1: the recipient


@pytest.mark.case("B1")
def test_a_full_mailbox_is_its_owners_trouble_the_deputy_is_told_and_the_others_go_on(
    source: HazardSource, sms: Line
) -> None:
    main, second, technical = holder(source), person("d1", "丁"), holder(source, "technical")
    row = contact(main, "sms", "full")
    contact(second, "sms", "13800000002")
    contact(technical, "sms", "13800000003")
    Deputy.objects.create(
        person=main, deputy=second, is_away=False, valid_from=at("07:00"), declared_by="x", declared_at=at("07:00")
    )
    sms.answers["full"] = RecipientError("552 5.2.2 mailbox full")
    notice(source, [to_person(main), to_person(technical, "技术负责人")])
    clock = FakeClock(at("08:00"))
    run(sms, clock, 30)
    assert told(sms) == ["乙", "丁（代丙）"]
    state = ChannelState.objects.get(name="sms")
    assert (state.failures, state.unwell_since) == (0, None)
    row.refresh_from_db()
    assert row.suspended_until is None
    run(sms, clock, 3500, step=60)
    assert Delivery.objects.get(contact=row).state == DeliveryState.QUEUED  # the mailbox may be emptied yet
    run(sms, clock, 1200, step=60)
    failed = Delivery.objects.get(contact=row)
    assert (failed.state, failed.refusals) == (DeliveryState.FAILED, 13)
    assert len([key for key in sms.tries if key == failed.key]) == 13
    assert open_findings() == ["contact_failed"]
    assert selectors.given_up(clock.now())[0] == 1
    assert FallBack.objects.by_the_machine().count() == 1


@pytest.mark.case("B1")
def test_grey_listing_for_longer_than_eight_tries_last_costs_no_letter(source: HazardSource, sms: Line) -> None:
    row = contact(holder(source), "sms", "grey")
    contact(holder(source, "technical"), "sms", "13800000003")
    sms.answers["grey"] = RecipientError("451 4.7.1 greylisted, try again later")
    notice(source, [to_person(holder(source)), to_person(holder(source, "technical"), "技术负责人")])
    clock = FakeClock(at("08:00"))
    run(sms, clock, 1800, step=30)
    assert Delivery.objects.get(contact=row).refusals > 8
    del sms.answers["grey"]
    run(sms, clock, 660, step=30)
    assert Delivery.objects.get(contact=row).state == DeliveryState.SENT
    assert "contact_failed" not in open_findings()


# --- B1: a provider that asks for a pause


@pytest.fixture
def two(source: HazardSource, monkeypatch: Any) -> dict[str, Line]:
    """The holder is reached by SMS first, then by voice."""
    lines = install(monkeypatch, Line("sms"), Line("voice"))
    contact(holder(source), "sms", "13800000001")
    contact(holder(source), "voice", "13800000001", order=2)
    return lines


@pytest.mark.case("B1")
def test_a_letter_that_comes_while_its_channel_has_to_rest_for_long_goes_by_the_next_way(
    source: HazardSource, two: dict[str, Line]
) -> None:
    two["sms"].answers["*"] = ChannelError("429", 3600.0)
    notice(source, [to_person(holder(source))], key="first", level="blue")
    clock = FakeClock(at("08:00"))
    run(two, clock, 10)
    assert len(two["voice"].taken) == 1
    notice(source, [to_person(holder(source))], key="second")
    run(two, clock, 10)
    assert [letter.key.split("/")[0] for letter in two["voice"].taken] == ["first", "second"]
    assert len(two["sms"].tries) == 1
    run(two, clock, 565)
    notice(source, [to_person(holder(source))], key="third")  # what is left of the pause is short
    two["sms"].answers.clear()
    run(two, clock, 40)
    assert sorted(letter.key.split("/")[0] for letter in two["sms"].taken) == ["third"]
    assert len(two["voice"].taken) == 2


@pytest.mark.case("B1")
@pytest.mark.parametrize(("error", "waits"), [(ChannelError("503", 30.0), 50), (AccountError("403", 30.0), 0)])
def test_short_pauses_that_never_end_are_no_pause(
    source: HazardSource, two: dict[str, Line], error: ChannelError, waits: int
) -> None:
    two["sms"].answers["*"] = error
    notice(source, [to_person(holder(source))])
    clock = FakeClock(at("08:00"))
    run(two, clock, waits)
    assert not two["voice"].taken, "a short pause is waited for, a refused account is not"
    run(two, clock, 20)
    assert len(two["voice"].taken) == 1


@pytest.mark.case("B1")
def test_a_channel_that_takes_nothing_between_its_pauses_is_unwell_and_well_with_the_first_that_it_takes(
    source: HazardSource, sms: Line
) -> None:
    contact(holder(source), "sms", "13800000001")
    sms.answers["*"] = ChannelError("503", 20.0)
    notice(source, [to_person(holder(source))])
    clock = FakeClock(at("08:00"))
    run(sms, clock, 80)
    assert ChannelState.objects.get(name="sms").unwell_since is None
    run(sms, clock, 120)
    assert ChannelState.objects.get(name="sms").unwell_since is not None
    sms.answers.clear()
    run(sms, clock, 30)
    state = ChannelState.objects.get(name="sms")
    assert (state.unwell_since, state.failures, len(sms.taken)) == (None, 0, 1)


@pytest.mark.case("B1")
def test_many_letters_refused_side_by_side_are_one_pause(source: HazardSource, sms: Line) -> None:
    contact(holder(source), "sms", "13800000001")
    sms.answers["*"] = ChannelError("429", 5.0)
    for number in range(12):
        notice(source, [to_person(holder(source))], key=f"n{number}")
    clock = FakeClock(at("08:00"))
    send_due({"sms": sms}, clock)
    assert len(sms.tries) == 12
    state = ChannelState.objects.get(name="sms")
    assert (state.failures, state.unwell_since) == (1, None)


# --- G1 and B2: one letter


@pytest.mark.case("G1")
@pytest.mark.parametrize("error", [ValueError("Header values may not contain linefeed"), LetterError("990 ?")])
def test_poisoned_letters_of_one_enterprise_stop_nobody_elses(
    source: HazardSource, other: HazardSource, sms: Line, error: Exception
) -> None:
    main, theirs = holder(source), person("p2", "戊")
    contact(main, "sms", "poison")
    contact(theirs, "sms", "13800000005")
    sms.answers["poison"] = error
    for number in range(7):
        notice(source, [to_person(main)], key=f"poison-{number}")
    clock = FakeClock(at("08:00"))
    run(sms, clock, 30)
    assert selectors.unwell_channels() == []
    for number in range(5):
        notice(other, [to_person(theirs)], key=f"fine-{number}", level="blue", when=clock.now())
    run(sms, clock, 5)
    assert told(sms) == ["戊"] * 5
    run(sms, clock, 1800, step=60)
    rows = Delivery.objects.filter(message__notice__key__startswith="poison", contact__isnull=False)
    assert set(rows.values_list("state", "refusals")) == {(DeliveryState.FAILED, 8)}
    notes = [note.kind for note in audit.clocks(clock.now(), starting=True).notes]
    assert "letters_given_up" in notes


@pytest.mark.case("B2")
def test_a_mistake_of_ours_in_a_letter_is_bounded_though_nothing_else_goes_by_the_channel(
    source: HazardSource, sms: Line
) -> None:
    main = holder(source)
    contact(main, "sms", "poison")
    sms.answers["poison"] = ValueError("bad header")
    notice(source, [to_person(main)])
    run(sms, FakeClock(at("08:00")), 1800, step=60)
    row = Delivery.objects.get(contact__address="poison")
    assert (row.state, row.attempts) == (DeliveryState.FAILED, 8)
    assert sorted(open_findings()) == ["nobody_told", "unreached"]


@pytest.mark.case("G1")
def test_an_unknown_code_to_everybody_is_the_channels_after_all_and_no_letter_is_given_up(
    source: HazardSource, other: HazardSource, sms: Line
) -> None:
    for number, place in enumerate([source, other] * 3):
        who = person(f"p{number}", f"人{number}")
        contact(who, "sms", f"1380000000{number}")
        notice(place, [to_person(who)], key=f"n{number}")
    sms.answers["*"] = LetterError("服务商返回 MAINTENANCE")
    clock = FakeClock(at("08:00"))
    run(sms, clock, 60)
    assert [row.name for row in selectors.unwell_channels()] == ["sms"]
    run(sms, clock, 2 * 86400, step=600)
    own = Delivery.objects.filter(contact__isnull=False)
    assert set(own.values_list("state", flat=True)) == {DeliveryState.QUEUED}
    sms.answers.clear()
    run(sms, clock, 30)
    assert set(own.values_list("state", flat=True)) == {DeliveryState.SENT}


@pytest.mark.case("G1")
def test_the_probes_of_an_unwell_channel_go_round(source: HazardSource, sms: Line) -> None:
    for number in range(3):
        who = person(f"p{number}", f"人{number}")
        contact(who, "sms", f"1380000000{number}")
        notice(source, [to_person(who)], key=f"n{number}")
    sms.answers["*"] = AccountError("503")
    clock = FakeClock(at("08:00"))
    send_due({"sms": sms}, clock)
    sms.tries.clear()
    for _ in range(3):
        clock.advance(11)
        send_due({"sms": sms}, clock)
    assert len(set(sms.tries)) == 3


@pytest.mark.case("G1")
def test_a_letter_at_which_the_line_breaks_while_others_go_is_charged_with_it(source: HazardSource, sms: Line) -> None:
    """A relay that hangs up at one mail: the way is not down, for others go by it."""
    main, fine = holder(source), holder(source, "technical")
    contact(main, "sms", "breaker")
    contact(fine, "sms", "13800000003")
    sms.answers["breaker"] = ChannelError("与邮件服务器的连接中断")
    notice(source, [to_person(main)])
    clock = FakeClock(at("08:00"))
    for number in range(40):
        notice(source, [to_person(fine, "技术负责人")], key=f"m{number}", when=clock.now())
        run(sms, clock, 30)
    row = Delivery.objects.get(contact__address="breaker")
    assert row.state == DeliveryState.FAILED
    assert len(told(sms)) == 40
    assert selectors.unwell_channels() == []


# --- B3: numbers that were kept before the rule stood


@pytest.mark.case("B3")
def test_a_number_kept_as_it_was_typed_is_dialled_in_its_one_form(source: HazardSource, sms: Line) -> None:
    main, technical = holder(source), holder(source, "technical")
    contact(main, "sms", "\u202a+86 138-0000 0001\u202c")
    Person.objects.filter(pk=technical.pk).update(phone="１３８ ００００ ０００２")
    notice(source, [to_person(main), to_person(technical, "技术负责人")])
    run(sms, FakeClock(at("08:00")), 5)
    assert sorted(letter.address for letter in sms.taken) == ["13800000001", "13800000002"]


def test_word_of_a_suspended_number_goes_to_the_desk_alone_and_never_into_a_group(
    source: HazardSource, monkeypatch: Any
) -> None:
    lines = install(monkeypatch, Line("sms"), Line("group", Need.NOTHING))
    contact(holder(source), "sms", "13800000001")
    lines["sms"].answers["13800000001"] = NoSuchAddress("空号")
    notice(source, [to_person(holder(source))])
    clock = FakeClock(at("08:00"))
    run(lines, clock, 20)
    assert [letter.kind for letter in lines["group"].taken] == ["informed"]
    assert Message.objects.by_the_machine().get(notice__kind="contact").deliveries.count() == 0
    assert open_findings().count("nobody_told") == 1

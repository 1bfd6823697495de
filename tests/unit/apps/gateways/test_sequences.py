"""The record of missing numbers, tag lists, pauses and ciphers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.hats import called, officer
from tests.unit.apps.conftest import NOON

from anlan.apps.findings.models import Finding
from anlan.apps.gateways.models import EnterpriseCipher, GatewayLink, SequenceGap, Suspension, TagList
from anlan.apps.gateways.selectors import tag_list, tag_list_sizes
from anlan.apps.gateways.services import (
    Backlog,
    Pause,
    TooManyLists,
    announce_tags,
    ciphers,
    known_sequences,
    lift_suspension,
    note_used_tags,
    pauses_in_force,
    record_backlogs,
    record_pauses,
    record_sequences,
    remove_cipher,
    set_cipher,
)
from anlan.apps.gateways.services.tag_lists import KEEP_PER_GATEWAY
from anlan.apps.journal.models import Entry
from anlan.apps.registry.models import Enterprise
from anlan.refused import Refused
from anlan.stream.sequence import Arrival, Head, Sequences
from anlan.stream.tags import tags_hash
from anlan.testing.sites import Site

pytestmark = pytest.mark.django_db
AT = round(NOON.timestamp() * 1e6)


@pytest.mark.req("MON-16")
def test_a_skipped_number_is_a_gap_on_record_until_it_comes_and_a_repeat_is_not_counted_twice(
    world: list[Site],
) -> None:
    """The engine's half of the check; the sender's is in the intake's test_forms."""
    gateway = world[0].gateway
    numbers = Sequences()
    assert [numbers.note(gateway, "b1", n, AT) for n in (1, 2, 4)][-1] == Arrival.SKIPPING
    for _ in range(2):
        record_sequences(numbers.news())
    gap = SequenceGap.objects.get()
    assert (gap.first, gap.last, gap.missing, gap.numbers, gap.closed_at) == (3, 3, [[3, 3]], 1, None)
    assert [numbers.note(gateway, "b1", n, AT) for n in (1, 2, 4)] == [Arrival.REPEATED] * 3
    assert numbers.repeated == 3
    record_sequences(numbers.news())
    assert SequenceGap.objects.count() == 1

    taken_up = Sequences()
    taken_up.restore(gateway, *known_sequences([gateway])[gateway])
    assert taken_up.note(gateway, "b1", 3, AT + 5_000_000) == Arrival.LATE
    record_sequences(taken_up.news())
    gap.refresh_from_db()
    assert (gap.numbers, gap.closed_at) == (0, NOON + timedelta(seconds=5))
    assert known_sequences([gateway])[gateway] == (Head("b1", 4), [])
    assert taken_up.note(gateway, "b1", 5, AT) == Arrival.NEXT


def test_numbers_of_a_gateway_that_nobody_registered_are_left_out(world: list[Site]) -> None:
    numbers = Sequences()
    numbers.note("99999999999", "b", 1, AT)
    numbers.note("99999999999", "b", 3, AT)
    assert record_sequences(numbers.news()) == 0


def test_a_tag_list_is_kept_once_and_found_again(world: list[Site]) -> None:
    site = world[0]
    digest = tags_hash(site.points)
    assert announce_tags(site.gateway, digest, site.points, NOON)
    assert not announce_tags(site.gateway, digest, site.points, NOON + timedelta(days=1))
    assert tag_list(site.gateway, digest) == list(site.points)
    assert tag_list(world[1].gateway, digest) is None
    assert tag_list_sizes(site.gateway) == {digest: len(site.points)}


def test_lists_are_bounded_and_only_unused_ones_give_way(world: list[Site]) -> None:
    gateway = world[0].gateway
    for number in range(KEEP_PER_GATEWAY):
        announce_tags(gateway, f"{number:032d}", ["a"], NOON)
    with pytest.raises(TooManyLists):
        announce_tags(gateway, "f" * 32, ["b"], NOON)
    later = NOON + timedelta(days=36)
    note_used_tags([(gateway, f"{7:032d}")], later)
    assert announce_tags(gateway, "f" * 32, ["b"], later)
    assert set(TagList.objects.values_list("tags_hash", flat=True)) == {f"{7:032d}", "f" * 32}


def test_a_pause_is_one_row_and_a_person_ends_it_with_a_trace(world: list[Site]) -> None:
    pause = Pause(world[0].gateway, NOON, NOON + timedelta(minutes=5), 30, 25, "malformed")
    assert record_pauses([pause]) == 1
    assert record_pauses([pause, Pause("nobody", NOON, NOON, 1, 1, "malformed")]) == 0
    finding = Finding.objects.get(kind="data_fault")
    assert "30 个报文中 25 个被拒" in finding.text
    assert pauses_in_force(NOON) == {world[0].gateway: pause.until}
    assert pauses_in_force(pause.until) == {}
    row = Suspension.objects.get()
    assert lift_suspension(row, by=officer(row, "张示例"), at=NOON + timedelta(minutes=1))
    assert not lift_suspension(row, by=officer(row, "张示例"), at=NOON + timedelta(minutes=2))
    assert pauses_in_force(NOON + timedelta(minutes=1)) == {}
    assert Entry.objects.filter(act="intake.resumed").count() == 1


def test_a_key_is_kept_sealed_and_appears_nowhere_else(world: list[Site]) -> None:
    enterprise = Enterprise.objects.get(code=world[0].enterprise)
    key, iv = b"0123456789abcdef", b"fedcba9876543210"
    set_cipher(enterprise, key, iv, by=called("command"), at=NOON)
    found = ciphers()[enterprise.code]
    assert found is not None
    assert (found.key, found.iv) == (key, iv)
    assert key.decode() not in repr(found)
    assert key not in bytes(EnterpriseCipher.objects.get().sealed)
    assert not [entry for entry in Entry.objects.all() if key.decode() in str(entry.__dict__)]
    set_cipher(enterprise, key * 2, b"", by=called("command"), at=NOON)
    again = ciphers()[enterprise.code]
    assert again is not None
    assert (again.key, again.iv) == (key * 2, b"")
    with pytest.raises(Refused):
        set_cipher(enterprise, b"short", b"", by=called("command"), at=NOON)
    assert remove_cipher(enterprise, by=called("command"), at=NOON)
    assert ciphers() == {}


def test_what_a_gateway_says_of_its_buffer_stands_at_its_link(world: list[Site]) -> None:
    word = Backlog(world[0].gateway, 500, NOON, 7)
    assert record_backlogs([word]) == 0
    numbers = Sequences()
    numbers.note(world[0].gateway, "", 1, AT)
    record_sequences(numbers.news())
    assert record_backlogs([word]) == 1
    link = GatewayLink.objects.get()
    assert (link.waiting, link.waiting_since, link.dropped, link.online) == (500, NOON, 7, False)

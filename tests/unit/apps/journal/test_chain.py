"""Whatever is done to a stored entry behind the journal's back is found by the check."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from tests.acceptance.worlds import at, scenario
from tests.hats import holder

from anlan.apps.journal import services as journal
from anlan.apps.journal.models import Chain, Entry
from anlan.apps.obligations import services as obligations
from anlan.apps.warnings import services as warnings

pytestmark = pytest.mark.django_db


@pytest.fixture
def chain() -> Chain:
    """The chain of an enterprise after a raise, a notice, a holder's confirmation and a fall."""
    from anlan.drill.world import build

    world = build(scenario())
    source = world.sources["s1"]
    warning = warnings.set_level(source, "red", at=at("08:00"))
    assert warning is not None
    obligations.run_due(at("08:30"))
    warnings.confirm(
        warning, by=holder(warning, world.person(source.enterprise, "丙")), at=at("08:31"), text="已到现场"
    )
    warnings.set_level(source, "none", at=at("08:40"))
    assert list(journal.broken()) == []
    return Chain.objects.get(key=f"enterprise:{source.enterprise.code}")


def entry(chain: Chain, act: str) -> Any:
    return Entry.objects.filter(chain=chain, act=act)


TAMPERINGS: dict[str, Callable[[Chain], object]] = {
    "another actor": lambda chain: entry(chain, "confirmed").update(actor="person:other"),
    "another time": lambda chain: entry(chain, "notice_sent").update(at=F("at") - timedelta(microseconds=1)),
    "another old value": lambda chain: entry(chain, "level_set").filter(seq=1).update(before={"level": "blue"}),
    "another new value": lambda chain: entry(chain, "notice_sent").update(after={"step": 1}),
    "another act": lambda chain: entry(chain, "confirmed").update(act="read"),
    "another subject": lambda chain: entry(chain, "confirmed").update(subject="warning:999"),
    "one taken out": lambda chain: entry(chain, "notice_sent").delete(),
    "the last taken away": lambda chain: Entry.objects.filter(chain=chain).latest("seq").delete(),
    "all taken away": lambda chain: Entry.objects.filter(chain=chain).delete(),
    "the head moved back": lambda chain: Chain.objects.filter(pk=chain.pk).update(length=F("length") - 1),
}


@pytest.mark.parametrize("tampering", TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_tampering_is_found(chain: Chain, tampering: Callable[[Chain], object]) -> None:
    tampering(chain)
    found = list(journal.broken())
    assert found
    assert all(line.startswith(chain.key) for line in found)


def test_an_entry_moved_to_another_chain_is_found_in_both(chain: Chain) -> None:
    journal.record("agency:zz", "read", at=at("09:00"))
    other = Chain.objects.get(key="agency:zz")
    Entry.objects.filter(chain=other).delete()
    Entry.objects.filter(chain=chain, seq=1).update(chain=other)
    found = "\n".join(journal.broken())
    assert chain.key in found
    assert other.key in found


def test_an_act_that_says_nothing_is_asked_for_nothing(chain: Chain) -> None:
    journal.record(chain.key, "looked", at=at("08:41"))
    journal.record(chain.key, "changed", at=at("08:42"), before={"hh": 1}, after={"hh": 2})
    assert (entry(chain, "changed").get().was, entry(chain, "changed").get().said) == ({"hh": 1}, {"hh": 2})
    with pytest.raises(ValueError, match="says nothing of after"):
        _ = entry(chain, "looked").get().said

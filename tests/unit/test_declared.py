"""A kind belongs to the part that declares it; what nobody has declared is not written."""

from __future__ import annotations

import copy

import pytest
from django.db import transaction
from tests.unit.apps.delivery.doubles import build

from anlan.apps.findings.kinds import FINDINGS
from anlan.apps.findings.models import Finding
from anlan.declared import Kind, Kinds
from anlan.now import now


def test_a_kind_is_its_key_with_words_in_the_order_of_declaration() -> None:
    kinds = Kinds("birds")
    owl, auk = kinds.declare("owl", "鸮", article="第一条"), kinds.declare("auk", "海雀")
    assert (owl, owl.label, owl.article) == ("owl", "鸮", "第一条")
    assert copy.deepcopy(owl).label == "鸮"
    assert list(kinds) == [("owl", "鸮"), ("auk", "海雀")]
    assert (kinds.label(auk), kinds.label("dodo")) == ("海雀", "dodo"), "what an earlier release knew is shown as it is"


def test_what_the_part_below_does_differently_is_a_trait_that_it_knows() -> None:
    kinds = Kinds("birds", traits=("flies",))
    kinds.declare("owl", "鸮", traits={"flies"})
    kinds.declare("emu", "鸸鹋")
    assert kinds.having("flies") == {"owl"}
    assert [kinds.has(key, "flies") for key in ("owl", "emu", "dodo")] == [True, False, False]
    with pytest.raises(ValueError, match="nothing asks for"):
        kinds.declare("auk", "海雀", traits={"dives"})


def test_two_owners_of_one_word_are_refused() -> None:
    kinds = Kinds("birds")
    kinds.declare("owl", "鸮")
    with pytest.raises(ValueError, match="declared twice"):
        kinds.declare("owl", "另一种")


@pytest.mark.django_db
def test_what_nobody_has_declared_is_not_written() -> None:
    row = Finding(
        kind=Kind("unheard_of", "x"),
        enterprise=build().enterprise,
        subject="x:1",
        text="x",
        found_at=now(),
        seen_at=now(),
    )
    with pytest.raises(ValueError, match="nobody has declared 'unheard_of'"), transaction.atomic():
        row.save()
    row.kind = next(key for key, _words in FINDINGS)
    row.save()
    assert row.get_kind_display() == FINDINGS.label(row.kind)

"""Rows written in bulk are the rows that Django writes one by one, on either database."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from tests.acceptance.worlds import at

from anlan.apps.journal.models import Chain, Entry
from anlan.apps.obligations.models import Obligation, Tick
from anlan.database import bulk

pytestmark = pytest.mark.django_db
MANY = bulk.FEW + 5


def owed(number: int, **fields: Any) -> Obligation:
    values = {"key": f"k{number}", "kind": "notice", "subject": "test:1", "due_at": at("08:00"), "step": number}
    return Obligation(**(values | fields))


@pytest.mark.parametrize("count", [1, bulk.FEW, MANY])
def test_what_was_inserted_is_read_back_whole(count: int) -> None:
    bulk.insert([owed(n, payload={"级别": "red", "at": n}, fired_at=at("08:01:02.5")) for n in range(count)])
    rows = Obligation.objects.by_the_machine().order_by("step")
    assert [(row.key, row.payload, row.fired_at, row.agency_id) for row in rows] == [
        (f"k{n}", {"级别": "red", "at": n}, at("08:01:02.5"), None) for n in range(count)
    ]


def test_keys_are_given_and_never_given_again() -> None:
    first = [owed(n) for n in range(MANY)]
    bulk.insert(first, keys=True)
    second = Obligation.objects.create(
        key="django", kind="notice", subject="test:1", due_at=at("08:00"), payload={"one": 1}
    )
    third = [owed(n, key=f"again{n}") for n in range(MANY)]
    bulk.insert(third, keys=True)
    keys = [row.pk for row in (*first, second, *third)]
    assert len(set(keys)) == 2 * MANY + 1
    stored = dict(Obligation.objects.by_the_machine().values_list("pk", "key"))
    assert stored == {row.pk: row.key for row in (*first, second, *third)}


def test_a_key_that_exists_undoes_all_of_them() -> None:
    bulk.insert([owed(3)])
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert([owed(n) for n in range(MANY)])
    assert Obligation.objects.by_the_machine().count() == 1


def test_special_signs_come_through() -> None:
    text = "制表\t换行\n反斜\\杠 \\N '引号' \"双\" %s 🛢"
    bulk.insert([Tick(name=f"{n}", at=at("08:00"), detail={"text": text}) for n in range(MANY)])
    assert {row.detail["text"] for row in Tick.objects.all()} == {text}


def test_nothing_and_json_null_stay_apart() -> None:
    chain = Chain.objects.create(key="test")
    common = {"chain": chain, "at": at("08:00"), "previous": "", "actor": "a", "act": "b", "subject": ""}
    bulk.insert([Entry(seq=n, hash=f"{n}", before=None, after={"value": None}, **common) for n in range(1, MANY)])
    assert Entry.objects.filter(before__isnull=True).count() == MANY - 1
    assert Entry.objects.latest("seq").after == {"value": None}


def test_update_changes_the_rows_that_there_are() -> None:
    chains = [Chain.objects.create(key=f"test:{n}") for n in range(MANY)]
    changes = [(chain.pk, n, f"head {n}") for n, chain in enumerate(chains)]
    assert bulk.update(Chain, ["length", "head"], [*changes, (10**9, 1, "nobody's")]) == MANY
    assert list(Chain.objects.order_by("pk").values_list("pk", "length", "head")) == changes
    assert bulk.update(Chain, ["length"], []) == 0


def test_a_row_made_without_the_constructor_equals_one_made_with_it() -> None:
    values = {"key": "k", "kind": "notice", "subject": "test:1", "due_at": at("08:00"), "agency_id": None}
    made, plain = bulk.fresh(Obligation, **values), Obligation(**values)
    columns = [field.attname for field in Obligation._meta.concrete_fields]
    assert [getattr(made, name) for name in columns] == [getattr(plain, name) for name in columns]
    assert made.payload is not bulk.fresh(Obligation, **values).payload
    made.save()
    assert Obligation.objects.by_the_machine().get(pk=made.pk).due_at == at("08:00")
    with pytest.raises(TypeError, match="no column enterprise"):
        bulk.fresh(Obligation, enterprise=None)


def test_rows_are_written_or_brought_up_to_date_by_their_key() -> None:
    bulk.upsert([owed(n, payload={"at": n}) for n in range(MANY)], "key", ["payload", "step"])
    again = [owed(n, payload={"now": "级别"}, step=100 + n, subject="test:2") for n in range(5, MANY + 5)]
    bulk.upsert(again, "key", ["payload", "step"])
    rows = {row.key: row for row in Obligation.objects.by_the_machine()}
    assert len(rows) == MANY + 5
    assert (rows["k4"].step, rows["k4"].payload) == (4, {"at": 4})
    assert (rows["k5"].step, rows["k5"].payload, rows["k5"].subject) == (105, {"now": "级别"}, "test:1")
    assert rows[f"k{MANY}"].subject == "test:2"
    bulk.upsert([], "key", ["step"])

"""Every page answers while nothing can be written: another process holds the database, or it is read-only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connections
from django.test import Client
from tests import neighbours
from tests.conformance.test_permissions import PAGES, RECORDS, here
from tests.neighbours import World

from anlan import now as clock
from anlan.apps.accounts.models import Visit

pytestmark = pytest.mark.django_db
WRITING = ("INSERT", "UPDATE", "DELETE", "SAVEPOINT", "BEGIN", "REPLACE", "LOCK")


@contextmanager
def nothing_can_be_written() -> Iterator[list[str]]:
    """Whatever begins a transaction or writes is answered as by a database that another process holds."""
    tried: list[str] = []

    def refuse(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        if str(sql).lstrip().upper().startswith(WRITING) or "FOR UPDATE" in str(sql).upper():
            tried.append(str(sql)[:200])
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)

    with ExitStack() as stack:
        for name in ("default", "history"):
            stack.enter_context(connections[name].execute_wrapper(refuse))
        yield tried


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now())


@pytest.mark.case("F2")
@pytest.mark.parametrize("who", ["holder", "county"])
def test_every_page_answers_while_nothing_can_be_written(world: World, who: str) -> None:
    client, plant = world.client(who), world.plants["a1"]
    Visit.objects.update(last_seen_at=clock.now() - timedelta(minutes=30))
    failed: dict[str, Any] = {}
    with nothing_can_be_written():
        for name in [*here(PAGES), *here(RECORDS)]:
            address = {**PAGES, **RECORDS}[name]
            path = address.of(plant) if address.of else address.path
            shapes = [(path, {}), *([(f"{path}?format=xlsx", {})] if address.workbook else [])]
            shapes += [(path, {"HX-Request": "true"})] if address.fragment else []
            for each, headers in shapes:
                try:
                    code = client.get(each, headers=headers).status_code
                except OperationalError as error:
                    failed[each] = repr(error)
                else:
                    if code >= 500:
                        failed[each] = code
    assert not failed


@pytest.mark.case("F2")
def test_a_foreign_record_is_refused_all_the_same(world: World) -> None:
    client, foreign = world.client("county"), world.plants["c1"]
    with nothing_can_be_written():
        assert client.get(f"/enterprises/{foreign.enterprise.code}/").status_code == 404


@pytest.mark.case("F2")
def test_a_session_that_was_idle_too_long_ends_all_the_same(world: World) -> None:
    client = world.client("county")
    Visit.objects.update(last_seen_at=clock.now() - timedelta(days=1))
    with nothing_can_be_written():
        answer = client.get("/")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/login/")


@pytest.mark.case("F2")
def test_a_visit_is_noted_again_when_writing_is_possible(world: World) -> None:
    client, before = world.client("county"), clock.now() - timedelta(minutes=30)
    Visit.objects.update(last_seen_at=before)
    with nothing_can_be_written():
        client.get("/")
    assert Visit.objects.get().last_seen_at == before
    client.get("/")
    assert Visit.objects.get().last_seen_at > before


def test_a_stranger_is_answered(world: World) -> None:
    with nothing_can_be_written():
        assert Client().get("/").status_code == 302
        assert Client().get("/login/").status_code == 200

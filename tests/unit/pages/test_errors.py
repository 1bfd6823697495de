"""What people are told when a database does not answer: in words, with a time to come back, never a bare failure."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connections
from django.test import Client
from tests import neighbours
from tests.conformance.test_permissions import PAGES, here
from tests.neighbours import World

from anlan import now as clock

ROOT = Path(__file__).parents[3]
CURVES = {"trend", "trends", "api-trend", "api-samples", "api-history"}


@contextmanager
def broken(name: str, error: Exception, *, only: tuple[str, ...] = ("",)) -> Iterator[None]:
    def refuse(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        if str(sql).lstrip().upper().startswith(only):
            raise error
        return execute(sql, params, many, context)

    with connections[name].execute_wrapper(refuse):
        yield


@pytest.fixture
def world(db: None) -> World:
    return neighbours.build(clock.now())


@pytest.mark.case("A13")
def test_a_log_in_while_the_database_is_held_is_answered_in_words(world: World) -> None:
    client = Client(raise_request_exception=False)
    with broken("default", OperationalError("database is locked"), only=("INSERT", "UPDATE", "SAVEPOINT", "BEGIN")):
        answer = client.post("/login/", {"username": "county", "password": "x"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    said = answer.content.decode()
    assert "数据库现在不应答" in said
    assert "没有写入任何东西" in said


@pytest.mark.case("A13")
def test_a_database_that_is_gone_altogether_is_answered_in_words_for_people_and_programs(world: World) -> None:
    client = world.client("county")
    client.raise_request_exception = False
    with broken("default", OperationalError("server closed the connection unexpectedly")):
        page, program = client.get("/"), client.get("/api/v1/alarms/")
    assert (page.status_code, program.status_code) == (503, 503)
    assert "请过十几秒再试一次" in page.content.decode()
    assert "数据库现在不应答" in program.json()["detail"]


@pytest.mark.case("A13")
def test_a_mistake_of_ours_is_not_called_the_databases(world: World) -> None:
    client = world.client("county")
    client.raise_request_exception = False
    with broken("default", IntegrityError("NOT NULL constraint failed"), only=("SELECT",)):
        answer = client.get("/")
    assert answer.status_code == 500
    assert "系统出错了" in answer.content.decode()


@pytest.mark.case("A11")
def test_pages_that_need_no_curves_do_not_need_the_history(world: World) -> None:
    client, plant = world.client("county"), world.plants["a1"]
    client.raise_request_exception = False
    found: dict[str, int] = {}
    with broken("history", DatabaseError("file is not a database")):
        for name in here(PAGES):
            address = PAGES[name]
            found[name] = client.get(address.of(plant) if address.of else address.path).status_code
    assert {name for name, code in found.items() if code >= 500} <= CURVES
    assert set(found.values()) & {200}


@pytest.mark.case("A13")
@pytest.mark.sqlite
def test_a_process_that_people_wait_for_waits_seconds_for_a_lock(tmp_path: Path) -> None:
    code = (
        "from anlan.process import django; django.start()\n"
        "from anlan.process.worker import wait_at_most; from anlan.roles.web.command import LOCK_WAIT_S\n"
        "wait_at_most(LOCK_WAIT_S)\n"
        "from django.db import connections\n"
        "from anlan.database.beside import try_to_write\n"
        "def told():\n"
        "    with connections['default'].cursor() as cursor:\n"
        "        return cursor.execute('PRAGMA busy_timeout').fetchone()[0]\n"
        "first = told(); try_to_write(lambda: None, 'x'); print(first, told())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"ANLAN_DATA_DIR": str(tmp_path), "PATH": ""}, cwd=ROOT,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["5000", "5000"], "also after a write beside a page"

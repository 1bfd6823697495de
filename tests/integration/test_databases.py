"""The database under test is set up as production sets it up, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, connections, transaction


def tables(alias: str) -> set[str]:
    return set(connections[alias].introspection.table_names())


@pytest.mark.django_db
def test_records_and_history_are_two_places() -> None:
    records, history = tables("default"), tables("history")
    assert "accounts_user" in records
    assert "accounts_user" not in history
    assert {name for name in history if name.startswith("history_")}
    assert not {name for name in records if name.startswith("history_")}


@pytest.mark.sqlite
@pytest.mark.django_db
@pytest.mark.parametrize("alias", ["default", "history"])
def test_sqlite_writes_ahead_and_waits_for_the_disk(alias: str) -> None:
    with connections[alias].cursor() as cursor:
        assert cursor.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert cursor.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL
    assert connections[alias].transaction_mode == "IMMEDIATE"


@pytest.mark.django_db(transaction=True)
def test_writers_in_several_threads_wait_for_each_other_instead_of_failing() -> None:
    user = get_user_model()
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for turn in range(5):
                with transaction.atomic():
                    assert user.objects.filter(username=f"{number}-{turn}").count() == 0
                    user.objects.create(username=f"{number}-{turn}")
        except Exception as error:  # noqa: BLE001  # judged below, in the test's own thread
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert user.objects.count() == 20

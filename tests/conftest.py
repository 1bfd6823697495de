"""What every test gets: the database under test, what the machine offers, and the requirement marks.

``ANLAN_DATABASE_URL`` chooses the database (empty: SQLite in a throw-away file, as in production and never in memory,
so that threads and processes meet real locks). With ``ANLAN_CI=1`` a missing tool fails a test instead of skipping it.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.conformance.plugin import Recorder

ROOT = Path(__file__).resolve().parent.parent
CI = os.environ.get("ANLAN_CI") == "1"
LONG = os.environ.get("ANLAN_TEST_LONG") == "1"
"""Random searches of the slow set go on for long; without it each takes about a minute of a quiet machine."""
DATABASE_FIXTURES = {
    "db",
    "transactional_db",
    "live_server",
    "database_url",
    "module_database_url",
    "client",
    "admin_client",
}

# a busy machine makes a property no less true: no test fails for being slow
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("anlan")
    group.addoption("--only-database", action="store_true", help="only tests that touch the database")
    group.addoption("--req-group", default="", help="only tests of these requirement groups, e.g. WRN,GEN or WRN-09")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Recorder(config), "anlan-conformance")


def on_postgresql() -> bool:
    return os.environ.get("ANLAN_DATABASE_URL", "").startswith("postgres")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kept, dropped = [], []
    for item in items:
        _open_both_databases(item)
        wrong = "sqlite" if on_postgresql() else "postgres"
        if item.get_closest_marker(wrong) or (config.getoption("--only-database") and not touches_database(item)):
            dropped.append(item)
        else:
            kept.append(item)
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept
    # what starts processes waits much and takes long: begun first, it is not what everyone waits for at the end
    items.sort(key=lambda item: not _starts_processes(item))


def _starts_processes(item: pytest.Item) -> bool:
    folder = item.path.relative_to(ROOT / "tests").parts[0]
    return folder in ("browser", "integration", "reliability")


def touches_database(item: pytest.Item) -> bool:
    """Whether a test can behave differently on another database."""
    marked = any(item.get_closest_marker(name) for name in ("django_db", "postgres"))
    return marked or bool(DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())))


def _open_both_databases(item: pytest.Item) -> None:
    """Records and history are two connections; a test that opens the database may use both."""
    mark = item.get_closest_marker("django_db")
    fixtures = set(getattr(item, "fixturenames", ()))
    if mark is None and not fixtures & {"db", "transactional_db"}:
        return
    options = {"transaction": True} if "transactional_db" in fixtures else {}
    options |= dict(mark.kwargs) if mark else {}
    if "databases" not in options:
        item.add_marker(pytest.mark.django_db(**options, databases="__all__"), append=False)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request: pytest.FixtureRequest) -> None:
    """A database per worker and connection: history must not become a mirror of the records."""
    from django.conf import settings
    from django.db import connections

    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    data = Path(os.environ["ANLAN_DATA_DIR"])
    data.mkdir(parents=True, exist_ok=True)
    for alias in settings.DATABASES:
        connection = connections[alias]
        if connection.vendor == "sqlite":
            name = str(data / f"test-{alias}.sqlite3")
        else:
            name = f"test_{connection.settings_dict['NAME']}_{worker}_{alias}"
        connection.settings_dict["TEST"]["NAME"] = name


@contextmanager
def new_database() -> Iterator[str]:
    """A new, empty database for a test that starts processes of its own; dropped afterwards.

    An ``ANLAN_DATABASE_URL``: empty on SQLite (the file is made in the data directory of the test's own processes).
    """
    if not on_postgresql():
        yield ""
        return
    import psycopg
    from psycopg import sql

    server, _, base = os.environ["ANLAN_DATABASE_URL"].rpartition("/")
    name = f"test_{base}_{uuid.uuid4().hex[:10]}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield f"{server}/{name}"
    finally:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def database_url() -> Iterator[str]:
    """`new_database` for one test."""
    with new_database() as url:
        yield url


@pytest.fixture(scope="module")
def module_database_url() -> Iterator[str]:
    """`new_database` for all tests of a module."""
    with new_database() as url:
        yield url


def absent(what: str) -> None:
    """Skip for a user, fail in CI: ``what`` is missing on this machine."""
    if CI:
        pytest.fail(f"{what} is missing, and ANLAN_CI=1 allows no skip")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of product texts and recorded data beside the checkout (``ANLAN_TEST_SHARED`` or ``../shared``)."""
    folder = Path(os.environ.get("ANLAN_TEST_SHARED") or ROOT.parent / "shared")
    if not folder.is_dir():
        absent("the folder ../shared")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium that playwright can drive headless."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    absent("Chromium")
    raise AssertionError("unreachable")


@pytest.fixture(scope="session")
def node() -> str:
    """Path of Node.js, for the OPC UA server that others wrote."""
    found = shutil.which("node")
    if not found:
        absent("Node.js")
    assert found
    return found

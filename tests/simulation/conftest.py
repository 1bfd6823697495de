"""The world that every seed begins with, and how it is played."""

from __future__ import annotations

import gc
import hashlib
import logging
import traceback
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.db import connections
from tests.simulation.acts import ACTS
from tests.simulation.playing import Play, Step, Violation
from tests.simulation.world import CHANNEL, ENTERPRISES, EPOCH, NO_DATA_S, POINTS, simulated

from anlan.testing import small_world
from anlan.testing.sites import key_of, sites


@pytest.fixture(scope="module")
def pristine(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, bytes]]:
    """Both databases in memory, with the small world in them, as bytes to begin every seed with."""
    before = {}
    with django_db_blocker.unblock():
        for alias in ("history", "default"):
            connection = connections[alias]
            connection.ensure_connection()
            tables = connection.connection
            connection.connection, before[alias] = None, connection.settings_dict["NAME"]
            connection.settings_dict["NAME"] = ":memory:"
            connection.ensure_connection()
            tables.backup(connection.connection)
            tables.close()
        build()
        images = {alias: without_wal(connections[alias].connection.serialize()) for alias in before}
        gc.collect()
        gc.freeze()  # a walk through all that was imported costs more than a step
        thresholds = gc.get_threshold()
        gc.set_threshold(50_000, 20, 20)
        yield images
        gc.set_threshold(*thresholds)
        gc.unfreeze()
        for alias, name in before.items():
            connection = connections[alias]
            connection.connection.close()
            connection.connection = None
            connection.settings_dict["NAME"] = name


def build() -> None:
    """The small world, with a second gateway in every enterprise and a number for every duty desk."""
    from anlan.apps.delivery.models import Contact
    from anlan.apps.org.models import Agency
    from anlan.apps.registry.models import Enterprise, Gateway

    small_world.build(EPOCH, enterprises=ENTERPRISES, points=POINTS, no_data_s=NO_DATA_S)
    for site in sites(ENTERPRISES, POINTS):
        enterprise = Enterprise.objects.by_the_machine().get(code=site.enterprise)
        second = f"{site.enterprise}02"
        digest = hashlib.sha256(key_of(second).encode()).hexdigest()
        Gateway.objects.create(code=second, enterprise=enterprise, key_sha256=digest)
    for number, agency in enumerate(Agency.objects.order_by("pk")):
        Contact.objects.create(agency=agency, channel=CHANNEL, address=f"0000{number}")


def without_wal(image: bytes) -> bytes:
    """The bytes of a database that says of itself that it has no log of writes: memory knows none (bytes 18 and 19)."""
    return image[:18] + b"\x01\x01" + image[20:]


@pytest.fixture
def play(pristine: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Play:
    """Plays steps from the beginning of the world on; `Violation` with the history of what happened."""
    monkeypatch.setattr(logging.root.manager, "disable", logging.CRITICAL)

    def from_the_beginning(steps: Sequence[Step]) -> None:
        for alias, image in pristine.items():
            connections[alias].ensure_connection()
            connections[alias].connection.deserialize(image)
        with monkeypatch.context() as patch, simulated(patch) as world:
            try:
                world.start()
                for act, number in steps:
                    world.step(act, number, ACTS[act][1])
            except BaseException as error:
                raise Violation(f"{_words(error)}\n" + "\n".join(world.history), len(world.history)) from error

    return from_the_beginning


def _words(error: BaseException) -> str:
    if isinstance(error, AssertionError):
        return str(error)
    return "".join(traceback.format_exception(error))

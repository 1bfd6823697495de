"""GET and HEAD change nothing: what a scanner of mails or a preview of links fetches leaves every table alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import connections
from tests import neighbours
from tests.conformance.test_permissions import ACTS, ADDRESSES, PAGES, RECORDS, here
from tests.neighbours import World

from anlan import now as clock

pytestmark = pytest.mark.django_db
BESIDE = {"django_session", "accounts_visit"}
"""What is written of every request: that the session is alive."""


@pytest.fixture
def world() -> World:
    return neighbours.build(clock.now())


def tables() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table of the product, but for those that `BESIDE` names."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    held = {name: set(connections[name].introspection.table_names()) for name in ("default", "history")}
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        for name in held:
            if table in BESIDE or table not in held[name]:
                continue
            with connections[name].cursor() as cursor:
                cursor.execute(f'SELECT * FROM "{table}"')
                found[f"{name}.{table}"] = sorted(cursor.fetchall(), key=repr)
    return found


@pytest.mark.case("G10")
@pytest.mark.parametrize("who", ["holder", "county"])
def test_get_and_head_change_nothing(world: World, who: str) -> None:
    client, plant = world.client(who), world.plants["a1"]
    before = tables()
    assert before["default.delivery_message"], "somebody has something to read"
    for name in here({**PAGES, **RECORDS, **ACTS}):
        address = ADDRESSES[name]
        path = address.of(plant) if address.of else address.path
        for each in [path, *([f"{path}?format=xlsx"] if address.workbook else [])]:
            client.get(each)
        if name not in PAGES:
            client.head(path)
    after = tables()
    changed = {name for name in before if after[name] != before[name]}
    assert not changed, {name: [row for row in after[name] if row not in before[name]][:3] for name in changed}

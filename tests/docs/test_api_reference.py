"""Every address of the API stands in its reference with its parameters, and the reference names none that is gone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from anlan.api import api

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "api.md"
PAGING = {"page", "per_page", "sort"}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return dict(api.get_openapi_schema(path_prefix="/api/v1/"))


@pytest.fixture(scope="module")
def rows() -> dict[str, str]:
    found = re.findall(r"^\| `(/api/v1/[^`]*)` \| (.*) \|$", REFERENCE.read_text(encoding="utf-8"), re.M)
    return dict(found)


def test_every_address_is_described_and_no_other(schema: dict[str, Any], rows: dict[str, str]) -> None:
    assert set(rows) == set(schema["paths"])


def test_every_parameter_is_named_beside_its_address(schema: dict[str, Any], rows: dict[str, str]) -> None:
    for path, methods in schema["paths"].items():
        asked = {each["name"] for each in methods["get"].get("parameters", []) if each["in"] == "query"}
        missing = {name for name in asked - PAGING if f"`{name}`" not in rows[path]}
        assert not missing, (path, missing)

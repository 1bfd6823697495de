"""A desk chooses light or dark; the choice stays in its browser, and nothing else does."""

from __future__ import annotations

import pytest
from tests import neighbours

from anlan import now as clock

pytestmark = pytest.mark.django_db


def test_a_desk_turns_dark_and_light_again_and_stays_where_it_was() -> None:
    client = neighbours.build(clock.now()).client("county")
    assert 'data-theme="dark"' not in client.get("/alarms/").content.decode()
    answer = client.post("/theme/", {"theme": "dark", "next": "/alarms/?state=active"})
    assert answer.headers["Location"] == "/alarms/?state=active"
    page = client.get("/alarms/").content.decode()
    assert '<html lang="zh-Hans" data-theme="dark">' in page
    assert '<meta name="color-scheme" content="dark">' in page
    assert "浅色" in page
    client.post("/theme/", {"theme": "light", "next": "//elsewhere.example/"})
    assert 'data-theme="dark"' not in client.get("/alarms/").content.decode()


@pytest.mark.parametrize("value", ["", "black", "dark\r\nx: y", "<script>"])
def test_what_is_no_theme_changes_nothing(value: str) -> None:
    client = neighbours.build(clock.now()).client("county")
    answer = client.post("/theme/", {"theme": value, "next": "https://elsewhere.example/"})
    assert answer.headers["Location"] == "/home/"
    assert "anlan-theme" not in answer.cookies
    client.cookies["anlan-theme"] = value.partition("\r")[0] + "x"
    assert 'data-theme="dark"' not in client.get("/alarms/").content.decode()


def test_the_wall_is_dark_whatever_was_chosen() -> None:
    client = neighbours.build(clock.now()).client("county")
    client.post("/theme/", {"theme": "light"})
    assert 'data-theme="wall"' in client.get("/wall/").content.decode()

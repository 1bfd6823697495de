"""Five hundred curves over seven days on one page: all are drawn, in slices, and the page stays in hand meanwhile."""

from __future__ import annotations

import json
import math
import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, Route, expect
from tests.browser.conftest import DESK, PHONE, Visit, until

ENTERPRISE = "990122001"
MANY = 500
BUCKETS = 168
WEEK_MS = 7 * 86_400_000


def test_the_curves_of_an_enterprise_are_drawn_from_what_is_stored(visit: Visit) -> None:
    page = visit("city", f"/points/trends/?enterprise={ENTERPRISE}&range=1h", viewport=PHONE)
    tiles = page.locator("[data-code]").count()
    assert tiles > 0
    until(page, f"document.querySelector('[data-trends]').dataset.drawn === '{tiles}'")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_five_hundred_points_over_seven_days_are_all_drawn(visit: Visit) -> None:
    def more(route: Route) -> None:
        """The page as it is, its first tile five hundred times."""
        answer = route.fetch()
        body = answer.text()
        found = re.search(r'<a class="trend-tile".*?</a>', body, re.S)
        assert found
        tiles = "".join(re.sub(r'data-code="[^"]*"', f'data-code="p{n}"', found.group()) for n in range(MANY))
        first, last = body.index(found.group()), body.rindex("trend-tile")
        route.fulfill(response=answer, body=body[:first] + tiles + body[body.index("</a>", last) + 4 :])

    def curves(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        codes = query["points"][0].split(",")
        route.fulfill(json={"items": [curve(code) for code in codes]})

    def prepare(page: Page) -> None:
        page.route(re.compile(r"/points/trends/\?"), more)
        page.route(re.compile(r"/api/v1/points/trends\?"), curves)

    page = visit("city", "/", viewport=DESK)
    prepare(page)
    page.goto(f"{urlsplit(page.url).scheme}://{urlsplit(page.url).netloc}/points/trends/?enterprise={ENTERPRISE}")
    expect(page.locator("[data-code]")).to_have_count(MANY)
    until(page, f"document.querySelector('[data-trends]').dataset.drawn === '{MANY}'", 120)
    assert page.locator(".tile-chart canvas").count() == MANY
    assert not page.locator("[data-trends]").get_attribute("aria-busy")
    longest = page.locator("[data-trends]").get_attribute("data-longest-ms")
    print(json.dumps({"tiles": MANY, "buckets": BUCKETS, "longest_slice_ms": int(longest or 0)}))


def curve(code: str) -> dict[str, object]:
    """A daily wave, as the API answers it."""
    number, start = int(code[1:]), 1_700_000_000_000
    mean = [round(50 + 20 * math.sin(2 * math.pi * n / 24 + number), 2) for n in range(BUCKETS)]
    return {
        "point": {
            "code": code, "tag": code, "name": "", "unit": "%", "decimals": 2, "range_min": 0, "range_max": 100,
            "limits": {"ll": None, "l": 10.0, "h": 90.0, "hh": None},
        },
        "bucket_ms": WEEK_MS // BUCKETS,
        "buckets": {
            "t": [start + n * WEEK_MS // BUCKETS for n in range(BUCKETS)],
            "min": [value - 2 for value in mean], "max": [value + 2 for value in mean], "mean": mean, "last": mean,
            "count": [720] * BUCKETS,
        },
        "summary": {"min": 28.0, "max": 72.0, "mean": 50.0, "count": 720 * BUCKETS},
        "lost": [],
    }  # fmt: skip

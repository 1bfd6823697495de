"""What the auditor found stands on the operations page, and an outside observer may ask for the one thing it proves."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from tests import neighbours

from anlan import now as clock
from anlan.apps.obligations import services as obligations

pytestmark = pytest.mark.django_db


def left(*, passed_ago_s: float | None, looked_ago_s: float = 1, **detail: Any) -> None:
    """The sign of life of an auditor."""
    now = clock.now()
    passed = None if passed_ago_s is None else (now - timedelta(seconds=passed_ago_s)).isoformat()
    obligations.tick("auditor", now - timedelta(seconds=looked_ago_s), passed_at=passed, **detail)


def alive() -> tuple[int, dict[str, Any]]:
    answer = Client().get("/alive")
    return answer.status_code, json.loads(answer.content)


def test_the_address_for_observers_is_open_and_tells_when_all_was_well() -> None:
    assert alive() == (503, {"alive": False, "passed_at": None})
    left(passed_ago_s=None)
    assert alive()[0] == 503
    left(passed_ago_s=10)
    status, answer = alive()
    assert (status, answer["alive"]) == (200, True)
    assert answer["passed_at"]
    left(passed_ago_s=61)
    assert alive()[0] == 503
    left(passed_ago_s=-3600)  # the machine's clock was set back: nothing is proved
    assert alive()[0] == 503


def test_findings_stand_on_the_operations_page_with_their_beginning() -> None:
    county = neighbours.build(clock.now()).client("county")
    page = county.get("/operations/").content.decode()
    assert "审计还没有查过" in page
    since = clock.now().isoformat()
    left(
        passed_ago_s=90,
        faults=[{"kind": "stopped", "text": "1 个预警没有下一步", "detail": "YJ-20240301-0001", "since": since}],
        signal_error="对方应答 500",
    )
    page = county.get("/operations/").content.decode()
    assert "1 个预警没有下一步" in page
    assert "YJ-20240301-0001" not in page  # it may be another county's
    assert "上次全部通过" in page
    assert "对方应答 500" in page
    left(passed_ago_s=5)
    page = county.get("/operations/").content.decode()
    assert "平台运行正常" in page
    left(passed_ago_s=500, looked_ago_s=500)
    assert "审计没有动静" in county.get("/operations/").content.decode()


def test_the_machine_s_own_state_is_not_for_enterprises() -> None:
    holder = neighbours.build(clock.now()).client("holder")
    left(passed_ago_s=5)
    assert "平台运行正常" not in holder.get("/operations/").content.decode()


def test_what_is_kept_and_how_long_the_room_lasts_stands_on_the_operations_page() -> None:
    county = neighbours.build(clock.now()).client("county")
    left(passed_ago_s=5, figures={"history_bytes": 3 * 1024**3, "records_bytes": 5 * 1024**2})
    page = county.get("/operations/").content.decode()
    assert "满 12 小时后给出" in page
    assert "约可再存" not in page
    left(
        passed_ago_s=5,
        figures={
            "free_bytes": 30 * 1024**3, "free_share": 0.31, "history_bytes": 3 * 1024**3, "records_bytes": 5 * 1024**2,
            "growth_days": 6.9, "growth_bytes_a_day": 512 * 1024**2, "days_left": 41,
        },
    )  # fmt: skip
    page = county.get("/operations/").content.decode()
    assert "3.0" in page
    assert "512.0" in page
    assert "按最近 6.9 天实际增长" in page
    assert "约可再存 41 天" in page

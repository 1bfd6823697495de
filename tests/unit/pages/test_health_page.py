"""SEC-06 on the page: the last sign of the clock, what waits to be sent, the last backup; silence stands out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests import neighbours
from tests.reading import plain

from anlan import now as clock
from anlan.apps.delivery.models import Delivery, Message
from anlan.apps.obligations import services as obligations
from anlan.rules.calendar import civil

pytestmark = pytest.mark.django_db


@pytest.mark.req("SEC-06")
def test_the_operations_page_shows_the_last_tick_the_queue_and_the_last_backup() -> None:
    now = clock.now()
    world = neighbours.build(now)
    message = Message.objects.order_by("pk").first()
    assert message is not None
    Delivery.objects.create(message=message, channel="phone", key="waits/phone")
    ticked, saved = now - timedelta(minutes=4), now - timedelta(hours=5)
    obligations.tick("clock", ticked)
    figures = {"backup_at": f"{civil(saved):%Y-%m-%d %H:%M:%S}", "backup_age_s": 5 * 3600}
    obligations.tick("auditor", now, passed_at=now.isoformat(), figures=figures)
    county = world.client("county")
    page = county.get("/operations/").content.decode()
    assert f"{civil(ticked):%H:%M:%S}" in page
    assert '<div class="k">待发送消息</div><div class="v">1</div>' in plain(page)
    assert figures["backup_at"] in page
    assert "5 小时" in page
    assert "没有动静" not in page.replace("没有动静即为异常", "")
    obligations.tick("engine", now - timedelta(minutes=5, seconds=1))
    page = county.get("/operations/").content.decode()
    assert "没有动静" in page.replace("没有动静即为异常", "")

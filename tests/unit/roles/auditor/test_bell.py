"""Operators are told when the platform itself is unwell: delivered, once, and again when it is over (SEC-06)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from tests.acceptance.worlds import at
from tests.contract.channels.server import ChannelServer, Reply

from anlan import config as settings
from anlan.apps.obligations import services as obligations
from anlan.apps.obligations.models import Tick
from anlan.pages.operations.health import health
from anlan.roles.auditor import Auditor, bell
from anlan.roles.auditor.bell import Bell, Unwell, destinations
from anlan.testing.clock import FakeClock

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def receiver() -> Iterator[ChannelServer]:
    with ChannelServer() as server:
        yield server


@pytest.fixture
def config(tmp_path: Path, receiver: ChannelServer, settings: Any) -> settings.Config:
    hook = {"type": "webhook", "url": f"{receiver.url}/ops", "secret": "示例密钥-仅供测试-0123456789"}
    settings.CONFIG = replace(settings.CONFIG, data_dir=tmp_path, channels={"hook": hook}, ops_alerts="hook")
    return settings.CONFIG


def bodies(receiver: ChannelServer) -> list[str]:
    return [got.body.decode() for got in receiver.got if got.path.startswith("/ops")]


@pytest.mark.req("SEC-06")
def test_a_clock_that_has_not_ticked_for_five_minutes_is_told_to_operators_and_shown(
    config: settings.Config, receiver: ChannelServer
) -> None:
    hands = FakeClock(at("08:00"))
    auditor = Auditor(config, hands)
    obligations.tick("clock", at("08:00"))
    obligations.tick("engine", at("08:04:30"))
    hands.set(at("08:04:50"))
    found = auditor.look()
    assert found is not None
    assert "clock_silent" in found.kinds
    assert bodies(receiver) == [], "silent, but not for five minutes"
    hands.set(at("08:05:01"))
    auditor.look()
    until(lambda: len(bodies(receiver)) == 1)
    assert "时钟没有动静" in receiver.got[0].json()["title"]
    hands.set(at("08:06"))
    auditor.look()
    shown = health(at("08:06"))
    assert [(sign.name, sign.silent) for sign in shown.signs if sign.name == "clock"] == [("clock", True)]
    assert shown.audit is not None
    assert "时钟没有动静" in shown.audit.faults[0][0]
    assert Tick.objects.get(name="auditor").detail["bell"]["lines"][0]["error"] == ""
    obligations.tick("clock", at("08:06:30"))
    hands.set(at("08:06:31"))
    auditor.look()
    until(lambda: len(bodies(receiver)) == 2)
    assert "恢复正常" in receiver.got[1].json()["title"]


def test_what_was_told_is_not_told_again_by_the_auditor_that_comes_after(
    config: settings.Config, receiver: ChannelServer
) -> None:
    obligations.tick("clock", at("08:00"))
    hands = FakeClock(at("08:10"))
    first = Auditor(config, FakeClock(at("08:00")))
    first._clock = hands
    first.look()
    until(lambda: len(bodies(receiver)) == 1)
    until(lambda: bool(first._bell.state()["told"]))
    hands.set(at("08:10:05"))
    first.look()
    second = Auditor(config, FakeClock(at("08:09")))
    second._clock = FakeClock(at("08:11"))
    second.look()
    obligations.tick("clock", at("08:12"))
    second._clock = FakeClock(at("08:12"))
    second.look()
    until(lambda: len(bodies(receiver)) == 2)
    assert "恢复正常" in bodies(receiver)[1]


def test_a_database_that_does_not_answer_is_told_without_it(
    config: settings.Config, receiver: ChannelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = FakeClock(at("08:00"))
    auditor = Auditor(config, hands)

    def full(now: datetime) -> None:
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(auditor, "_seal", full)
    assert auditor.look() is None
    hands.set(at("08:00:31"))
    auditor.look()
    until(lambda: len(bodies(receiver)) == 1)
    assert "数据库不应答或写不进" in receiver.got[0].json()["title"]


def test_a_channel_that_refuses_is_tried_again_with_the_newest_words(
    config: settings.Config, receiver: ChannelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from anlan.apps.delivery import services as delivery

    monkeypatch.setattr(bell, "AGAIN_S", 0.05)
    receiver.reply = Reply(500)
    rung = Bell(config, [("hook", "")], delivery.send_ops)
    rung.ring([Unwell("disk_full", "磁盘只剩 3 MiB", at("08:00"))], at("08:00"))
    until(lambda: len(bodies(receiver)) >= 1)
    rung.ring(
        [Unwell("disk_full", "磁盘只剩 2 MiB", at("08:00")), Unwell("log_full", "日志已满", at("08:01"))], at("08:01")
    )
    receiver.reply = Reply(200)
    until(lambda: set(rung.state()["told"]) == {"disk_full", "log_full"})
    assert "等 2 项" in receiver.got[-1].json()["title"]
    assert not rung.state()["lines"][0]["waiting"]


def test_a_destination_without_a_channel_is_a_mistake_of_the_settings(config: settings.Config) -> None:
    assert destinations(replace(config, ops_alerts="hook sms=13900000000"), {"hook", "sms"}) == [
        ("hook", ""), ("sms", "13900000000"),
    ]  # fmt: skip
    with pytest.raises(settings.ConfigError, match="ops_alerts"):
        destinations(replace(config, ops_alerts="nobody"), {"hook"})

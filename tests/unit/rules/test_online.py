"""Links and cameras, online and not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anlan.rules.online import Camera, Link, Outage, Video, link_state, outages, video_state
from anlan.rules.rulebook import load

SILENCE = load().minutes("offline_minutes")
DAY = datetime.fromisoformat("2024-03-01T00:00:00+08:00")


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2024-03-01T{clock}+08:00")


@pytest.mark.req("MON-04")
def test_silence_is_offline_after_half_an_hour_and_dated_back() -> None:
    assert timedelta(minutes=30) == SILENCE
    assert link_state(at("12:00"), at("12:29:59"), SILENCE).link is Link.ONLINE
    offline = link_state(at("12:00"), at("12:30"), SILENCE)
    assert (offline.link, offline.since, offline.declared_at) == (Link.OFFLINE, at("12:00"), at("12:30"))
    [outage] = outages([at("11:50"), at("12:00"), at("13:10"), at("13:11")], at("13:12"), SILENCE)
    assert outage.length(at("13:12")) == timedelta(minutes=70)


def test_an_outage_that_lasts_has_no_end_yet() -> None:
    assert outages([at("12:00")], at("12:29"), SILENCE) == []
    assert outages([at("12:00")], at("12:45"), SILENCE) == [Outage(at("12:00"), None)]
    assert Outage(at("12:00"), None).length(at("12:45")) == timedelta(minutes=45)


def test_a_link_that_never_spoke_is_neither() -> None:
    assert link_state(None, at("12:00"), SILENCE).link is Link.NEVER_SEEN
    assert outages([], at("12:00"), SILENCE) == []


@pytest.mark.req("MON-05")
def test_video_is_online_partly_or_offline() -> None:
    def key(online: bool) -> Camera:
        return Camera(key=True, control_room=False, online=online)

    one_down = video_state([key(True), key(True), key(True), key(False)])
    assert (one_down.video, one_down.rate.text) == (Video.PARTLY, "75.00 %")
    assert video_state([key(False)] * 4).video is Video.OFFLINE
    assert video_state([key(True)] * 4).video is Video.ONLINE


def test_the_control_room_counts_and_other_cameras_do_not() -> None:
    gate = Camera(key=False, control_room=False, online=True)
    room = Camera(key=False, control_room=True, online=False)
    assert video_state([Camera(True, False, True), room, gate]).video is Video.PARTLY
    assert video_state([room, gate]).video is Video.OFFLINE
    nothing = video_state([gate])
    assert (nothing.video, nothing.rate.text) == (Video.ABSENT, "—")


@given(st.lists(st.integers(0, 1440), min_size=1, max_size=30, unique=True).map(sorted), st.integers(0, 60))
def test_the_state_now_and_the_list_of_outages_agree(minutes: list[int], later: int) -> None:
    data = [DAY + timedelta(minutes=minute) for minute in minutes]
    now = data[-1] + timedelta(minutes=later)
    found = outages(data, now, SILENCE)
    assert all(outage.length(now) >= SILENCE for outage in found)
    lasting = [outage for outage in found if outage.until is None]
    assert (link_state(data[-1], now, SILENCE).link is Link.OFFLINE) == bool(lasting)

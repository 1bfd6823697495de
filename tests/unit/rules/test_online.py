"""Links and cameras, online and not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from anlan.rules.online import Camera, Video, is_silent, video_state
from anlan.rules.rulebook import load

SILENCE = load().minutes("offline_minutes")


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2024-03-01T{clock}+08:00")


def test_a_silence_as_long_as_the_limit_is_one() -> None:
    assert timedelta(minutes=30) == SILENCE
    assert not is_silent(at("12:00"), at("12:30") - timedelta(microseconds=1), SILENCE)
    assert is_silent(at("12:00"), at("12:30"), SILENCE)


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

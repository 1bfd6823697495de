"""Online and offline, of a data link and of cameras (MON-04, MON-05).

A link is offline after a set silence (本地设定), and then was so since its last datum. Must never take a dead link
between gateway and control system for a silent gateway: this module knows only when data came.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from anlan.rules.ratio import Ratio


def is_silent(last_at: datetime, now: datetime, silence: timedelta) -> bool:
    """Whether a link is offline at ``now``, from the time of its last datum; a silence as long as the limit is one.

    The outage then began at that last datum, not at its discovery (MON-04).
    """
    return now - last_at >= silence


class CameraState(StrEnum):
    """State of one camera: as it is reported, or `silent` when nothing is."""

    ONLINE = "online"
    OFFLINE = "offline"
    FAULT = "fault"
    SILENT = "silent"


class Video(StrEnum):
    """Video state of an enterprise; `absent` when it has no camera that counts."""

    ONLINE = "online"
    PARTLY = "partly"
    OFFLINE = "offline"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera: whether it watches a key part or the control room, and whether it is online."""

    key: bool
    control_room: bool
    online: bool


@dataclass(frozen=True, slots=True)
class VideoState:
    """The enterprise's video state and its camera rate (over the cameras that count)."""

    video: Video
    rate: Ratio


def video_state(cameras: Iterable[Camera]) -> VideoState:
    """Online when all key cameras and the control room are, partly when some are, offline when none is."""
    counting = [camera for camera in cameras if camera.key or camera.control_room]
    rate = Ratio(sum(camera.online for camera in counting), len(counting))
    if not counting:
        return VideoState(Video.ABSENT, rate)
    if rate.part == rate.whole:
        return VideoState(Video.ONLINE, rate)
    return VideoState(Video.PARTLY if rate.part else Video.OFFLINE, rate)

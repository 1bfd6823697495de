"""Online and offline, of a data link and of cameras (MON-04, MON-05).

A link is offline after a set silence (本地设定), and then was so since its last datum. Must never take a dead link
between gateway and control system for a silent gateway: this module knows only when data came.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from anlan.rules.ratio import Ratio


class Link(StrEnum):
    """State of a data link."""

    ONLINE = "online"
    OFFLINE = "offline"
    NEVER_SEEN = "never_seen"


@dataclass(frozen=True, slots=True)
class LinkState:
    """The state, since when it counts, and when it was noticed: an outage is dated back to the last datum.

    `since` is the last datum for an offline link, and the same for an online one; `declared_at` is when the silence
    was complete, None while online.
    """

    link: Link
    since: datetime | None
    declared_at: datetime | None


@dataclass(frozen=True, slots=True)
class Outage:
    """A stretch without data, from the last datum to the next (None while it lasts)."""

    since: datetime
    until: datetime | None

    def length(self, now: datetime) -> timedelta:
        return (self.until or now) - self.since


def link_state(last_at: datetime | None, now: datetime, silence: timedelta) -> LinkState:
    """The link's state now, from the time of its last datum (None: none ever came)."""
    if last_at is None:
        return LinkState(Link.NEVER_SEEN, None, None)
    declared_at = last_at + silence
    if now < declared_at:
        return LinkState(Link.ONLINE, last_at, None)
    return LinkState(Link.OFFLINE, last_at, declared_at)


def outages(data_at: Sequence[datetime], now: datetime, silence: timedelta) -> list[Outage]:
    """Every outage in a row of data times in order, the one that lasts now included."""
    found = [Outage(earlier, later) for earlier, later in pairwise(data_at) if later - earlier >= silence]
    if data_at and now - data_at[-1] >= silence:
        found.append(Outage(data_at[-1], None))
    return found


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

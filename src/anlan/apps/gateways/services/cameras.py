"""States of cameras as they are reported, and the silence of those that are not (MON-05).

A report is kept in one transaction with its answer: what was answered as taken is on record. The same again, and what
is older than what is known, changes nothing. A key camera or a control room that shows nothing for the time of the
rulebook is found, unless a confirmed filing explains it, until it is back.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from anlan.apps.alarms.models import Filing, FilingReach
from anlan.apps.alarms.selectors.filed import in_force
from anlan.apps.delivery.services import hint
from anlan.apps.findings.selectors import open_among
from anlan.apps.findings.services import closed, found
from anlan.apps.gateways import kinds
from anlan.apps.gateways.models import CameraOutage
from anlan.apps.gateways.services.links import shortest_silence
from anlan.apps.registry.models import Camera
from anlan.apps.registry.selectors.locality import rules_of_one
from anlan.apps.registry.selectors.whole import cameras_named, silent_cameras
from anlan.apps.registry.services import camera_seen
from anlan.rules.calendar import civil_day
from anlan.rules.online import CameraState, is_silent
from anlan.stream.partition import partition_of

FUTURE = timedelta(minutes=5)
"""So far may a report be ahead of our clock."""
NEVER = datetime.min.replace(tzinfo=UTC)
COUNTS = Q(camera__is_key=True) | Q(camera__is_control_room=True)
MOST_AT_ONCE = 100
REPORTED = (CameraState.ONLINE, CameraState.OFFLINE, CameraState.FAULT)


@dataclass(frozen=True, slots=True)
class Report:
    """One camera's state at an instant, as somebody says."""

    code: str
    state: str
    at: datetime


@transaction.atomic
def record_cameras(reports: Sequence[Report], now: datetime, *, gateway: str = "") -> list[str]:
    """Keep what is reported; why each was refused, in order, empty for those that were taken.

    ``gateway``: who reports speaks for the cameras of its enterprise alone, of others it is told nothing; empty: an
    operator at the machine.
    """
    known = cameras_named({each.code for each in reports}, gateway)
    answers = []
    for report in sorted(range(len(reports)), key=lambda number: reports[number].at):
        answers.append((report, _record(reports[report], known.get(reports[report].code), now)))
    for enterprise in {camera.enterprise.code for camera in known.values()}:
        hint("gateway", enterprise, kind="cameras")
    return [why for _, why in sorted(answers)]


def _record(report: Report, camera: Camera | None, now: datetime) -> str:
    if camera is None:
        return "本企业没有登记这个摄像头"
    if report.state not in REPORTED:
        return f"状态“{report.state[:20]}”应为 online、offline 或 fault"
    if report.at > now + FUTURE:
        return "时间晚于平台时间"
    if report.at <= _newest(camera):
        return ""
    outage = CameraOutage.objects.by_the_machine().filter(camera=camera, ended_at__isnull=True).first()
    if report.state == CameraState.ONLINE:
        if outage is not None:
            outage.ended_at = max(report.at, outage.started_at)
            outage.save(update_fields=["ended_at"])
            code = camera.enterprise.code
            closed(kinds.CAMERA_LOST, subject=_subject(camera), enterprise_code=code, at=now)
        camera_seen(camera, seen_at=report.at, down_since=None)
    else:
        if outage is None:
            _begin(camera, CameraState(report.state), report.at, now)
        camera_seen(camera, seen_at=camera.last_seen_at, down_since=camera.down_since or report.at)
    return ""


def _newest(camera: Camera) -> datetime:
    return max(filter(None, (camera.last_seen_at, camera.down_since)), default=NEVER)


def _begin(camera: Camera, cause: CameraState, since: datetime, now: datetime) -> None:
    """Of two that find it at the same instant one opens it."""
    told = {"enterprise_id": camera.enterprise_id, "cause": cause, "started_at": since, "detected_at": now}
    CameraOutage.objects.get_or_create(camera=camera, ended_at=None, defaults=told)


@transaction.atomic
def sweep_cameras(now: datetime, partitions: Collection[int] | None = None) -> int:
    """Cameras of which nothing was heard for as long as the limit are offline since they were last seen; those that
    count and have shown nothing for that long are found. At most `MOST_AT_ONCE` of each; returns how many went offline.

    ``partitions``: only enterprises in these, None for all. Cameras that never reported are none: nobody knows.
    """
    least = now - shortest_silence(now)
    running = CameraOutage.objects.by_the_machine().filter(ended_at__isnull=True)
    silent = silent_cameras(least).exclude(Exists(running.filter(camera=OuterRef("pk"))))
    begun = 0
    for camera in silent:
        seen = camera.last_seen_at
        if _is_ours(camera, partitions) and seen is not None and is_silent(seen, now, _limit(camera, now)):
            _begin(camera, CameraState.SILENT, seen, now)
            hint("gateway", camera.enterprise.code, kind="cameras")
            begun += 1
            if begun == MOST_AT_ONCE:
                break
    rows = running.filter(COUNTS, started_at__lte=least, enterprise__is_active=True)
    lost = [row for row in rows.select_related("camera__enterprise__supervisor") if _is_ours(row.camera, partitions)]
    known = {row.subject for row in open_among(kinds.CAMERA_LOST, [_subject(row.camera) for row in lost])}
    filed = in_force({row.enterprise_id for row in lost}, now)
    for row in [row for row in lost if _subject(row.camera) not in known][:MOST_AT_ONCE]:
        camera = row.camera
        if is_silent(row.started_at, now, _limit(camera, now)) and not any(_explains(each, camera) for each in filed):
            found(
                kinds.CAMERA_LOST, enterprise=camera.enterprise, subject=_subject(camera), source_id=camera.source_id,
                at=now, text=f"视频“{camera.name}”{row.get_cause_display()}",
            )  # fmt: skip
    return begun


def _is_ours(camera: Camera, partitions: Collection[int] | None) -> bool:
    return partitions is None or partition_of(camera.enterprise.code) in partitions


def _limit(camera: Camera, now: datetime) -> timedelta:
    return rules_of_one(camera.enterprise, civil_day(now)).minutes("offline_minutes")


def _explains(filing: Filing, camera: Camera) -> bool:
    """A confirmed filing of the whole enterprise, or of the source that the camera looks at."""
    if filing.enterprise_id != camera.enterprise_id:
        return False
    of_source = filing.reach == FilingReach.SOURCE and filing.source_id == camera.source_id
    return filing.reach == FilingReach.ENTERPRISE or of_source


def _subject(camera: Camera) -> str:
    return f"camera:{camera.code}"

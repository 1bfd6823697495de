"""States of cameras as they are reported, and the silence of those that are not (MON-05).

A report is kept in one transaction with its answer: what was answered as taken is on record. The same again, and what
is older than what is known, changes nothing. A key camera or a control room that shows nothing for the time of the
rulebook is found, unless a confirmed filing explains it, until it is back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction

from anlan.apps.alarms.models import Filing, FilingReach
from anlan.apps.alarms.selectors.filed import in_force
from anlan.apps.delivery.services import hint
from anlan.apps.findings.services import closed, found
from anlan.apps.gateways import kinds
from anlan.apps.gateways.models import CameraOutage
from anlan.apps.registry.models import Camera, Enterprise
from anlan.apps.registry.selectors.locality import rules_of_one
from anlan.apps.registry.selectors.whole import cameras_named, cameras_of
from anlan.apps.registry.services import camera_seen
from anlan.rules.calendar import civil_day
from anlan.rules.online import CameraState, is_silent

FUTURE = timedelta(minutes=5)
"""So far may a report be ahead of our clock."""
NEVER = datetime.min.replace(tzinfo=UTC)
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
    CameraOutage.objects.create(
        camera=camera, enterprise_id=camera.enterprise_id, cause=cause, started_at=since, detected_at=now
    )


@transaction.atomic
def sweep_cameras(enterprise: Enterprise, now: datetime) -> int:
    """Cameras of which nothing was heard for as long as the limit are offline since then; those that count and have
    been down for that long are found. Returns how many outages run. Cameras that never reported are none: nobody knows.
    """
    limit = rules_of_one(enterprise, civil_day(now)).minutes("offline_minutes")
    cameras = list(cameras_of(enterprise))
    running = {row.camera_id: row for row in _running(enterprise)}
    for camera in cameras:
        seen = camera.last_seen_at
        if camera.pk not in running and seen is not None and is_silent(seen, now, limit):
            _begin(camera, CameraState.SILENT, seen, now)
            hint("gateway", enterprise.code, kind="cameras")
    running, filed = {row.camera_id: row for row in _running(enterprise)}, in_force([enterprise.pk], now)
    for camera in cameras:
        outage = running.get(camera.pk)
        counts = camera.is_key or camera.is_control_room
        lost = outage is not None and counts and is_silent(outage.started_at, now, limit)
        if lost and outage is not None and not any(_explains(filing, camera) for filing in filed):
            found(
                kinds.CAMERA_LOST, enterprise=enterprise, subject=_subject(camera), source_id=camera.source_id, at=now,
                text=f"视频“{camera.name}”{outage.get_cause_display()}",
            )  # fmt: skip
        else:
            closed(kinds.CAMERA_LOST, subject=_subject(camera), enterprise_code=enterprise.code, at=now)
    return len(running)


def _explains(filing: Filing, camera: Camera) -> bool:
    """A confirmed filing of the whole enterprise, or of the source that the camera looks at."""
    of_source = filing.reach == FilingReach.SOURCE and filing.source_id == camera.source_id
    return filing.reach == FilingReach.ENTERPRISE or of_source


def _running(enterprise: Enterprise) -> Iterable[CameraOutage]:
    return CameraOutage.objects.by_the_machine().filter(enterprise=enterprise, ended_at__isnull=True)


def _subject(camera: Camera) -> str:
    return f"camera:{camera.code}"

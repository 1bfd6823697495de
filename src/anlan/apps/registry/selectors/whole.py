"""All that the register says of one enterprise, for the system's own checks: unscoped, never shown as it is."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import QuerySet

from anlan.apps.registry.models import Camera, Device, DutyHolder, Employment, Enterprise, Point


def devices_of(enterprise: Enterprise) -> QuerySet[Device]:
    """Its devices, their sources joined."""
    return Device.objects.by_the_machine().filter(enterprise=enterprise).select_related("source")


def cameras_of(enterprise: Enterprise) -> QuerySet[Camera]:
    """Its cameras, their sources joined."""
    return Camera.objects.by_the_machine().filter(enterprise=enterprise).select_related("source")


def cameras_named(codes: Collection[str], gateway: str = "") -> dict[str, Camera]:
    """Cameras by code, locked, with their enterprises; with a ``gateway`` those of its enterprise alone."""
    rows = Camera.objects.by_the_machine().filter(code__in=list(codes), enterprise__is_active=True)
    if gateway:
        rows = rows.filter(enterprise__gateways__code=gateway)
    return {row.code: row for row in rows.select_for_update(of=("self",)).select_related("enterprise").order_by("pk")}


def silent_cameras(since: datetime) -> QuerySet[Camera]:
    """Cameras last seen then or before and not reported as down, with their enterprises; those never seen are none."""
    rows = Camera.objects.by_the_machine().filter(last_seen_at__lte=since, down_since=None, enterprise__is_active=True)
    return rows.select_related("enterprise__supervisor").order_by("pk")


def used_points_of(enterprise: Enterprise) -> QuerySet[Point]:
    """Its points in use in the order of their codes, with all that they belong to."""
    rows = Point.objects.by_the_machine().filter(enterprise=enterprise, is_active=True)
    return rows.select_related("source", "device", "gateway", "enterprise").order_by("code")


def holders_who_left(enterprise: Enterprise, at: datetime) -> list[DutyHolder]:
    """Holders in office who were on the staff and are not any more. Two queries."""
    holders = DutyHolder.objects.by_the_machine().filter(enterprise=enterprise).in_force(at)
    rows = list(holders.select_related("source", "person"))
    jobs = Employment.objects.by_the_machine().filter(enterprise=enterprise, person__in=[row.person_id for row in rows])
    known = list(jobs.values_list("person_id", "valid_until"))
    here = {person for person, until in known if until is None or until > at}
    gone = {person for person, _ in known} - here
    return [row for row in rows if row.person_id in gone]

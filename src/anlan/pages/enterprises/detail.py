"""One enterprise as its page shows it: sources, devices and points with live values, people, links, open matters.

A fixed number of queries whatever the enterprise's size, and one question to the engine.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from anlan.apps.alarms.models import Alarm, AlarmState
from anlan.apps.alarms.selectors.alarms import UNCLEARED, announced
from anlan.apps.findings.models import Finding, FindingState
from anlan.apps.gateways.models import GatewayLink, OfflineSpell
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import (
    Camera,
    Device,
    DutyHolder,
    DutyPost,
    Enterprise,
    Gateway,
    HazardSource,
    Point,
)
from anlan.apps.warnings.models import Supervision, Warning
from anlan.apps.warnings.selectors import was_larger_lately
from anlan.pages.points.reading import Reading, readings
from anlan.rules.level import Level, worst
from anlan.rules.online import Camera as CameraSight
from anlan.rules.online import VideoState, video_state
from anlan.rules.rulebook import Entry, RulesInForce

OUTAGES_SHOWN = 20


@dataclass
class HolderSlot:
    """One of the three posts of a source; ``person`` is None when nobody holds it."""

    post: str
    person: Any = None


@dataclass
class DeviceView:
    device: Device
    readings: list[Reading] = field(default_factory=list)


@dataclass
class SourceView:
    """A hazard source with its devices; ``source`` is None for process units outside any source."""

    source: HazardSource | None
    level: Level = Level.NONE
    lately: bool = False
    """较大以上 within the last seven days (MON-08)."""
    uncleared: int = 0
    holders: list[HolderSlot] = field(default_factory=list)
    devices: list[DeviceView] = field(default_factory=list)

    @property
    def point_count(self) -> int:
        return sum(len(device.readings) for device in self.devices)


@dataclass
class GatewayView:
    gateway: Gateway
    link: GatewayLink | None
    outages: list[OfflineSpell] = field(default_factory=list)


@dataclass
class EnterpriseView:
    enterprise: Enterprise
    sources: list[SourceView]
    warnings: list[Warning]
    gateways: list[GatewayView]
    cameras: list[Camera]
    video: VideoState
    findings: list[Finding]
    uncleared: int
    engine_answered: bool
    point_count: int
    flag_days: int
    """Days that the look back of 7日内是否出现过 covers, as the rules in force have it."""
    supervision: Supervision | None
    """The grade of routine supervision (MON-17); None before the first day's grading."""
    silence: Entry
    """The silence that makes a link offline: a local setting."""

    @property
    def level(self) -> Level:
        """The gravest of the sources' levels; `none` when no warning is open (the risk is then 低, a state)."""
        return worst(view.level for view in self.sources)

    @property
    def online_gateways(self) -> int:
        return sum(1 for view in self.gateways if view.link and view.link.online)


def enterprise_view(enterprise: Enterprise, scope: Scope, now: datetime, rules: RulesInForce) -> EnterpriseView:
    """Gather the page of ``enterprise``, found in ``scope`` by the caller, under the rules in force there."""
    silence = rules.minutes("offline_minutes")
    mine = {"enterprise": enterprise}
    sources = list(HazardSource.objects.visible_to(scope).filter(**mine))
    devices = list(Device.objects.visible_to(scope).filter(**mine))
    points = list(Point.objects.visible_to(scope).filter(**mine, is_active=True).order_by("tag", "code"))
    active = list(Alarm.objects.visible_to(scope).filter(**mine, state=AlarmState.ACTIVE).order_by("-started_at"))
    told = announced(scope, UNCLEARED, now).filter(**mine)
    uncleared: list[int | None] = list(told.values_list("source_id", flat=True))
    rows = readings(points, active, now)
    open_warnings = list(
        Warning.objects.visible_to(scope)
        .filter(**mine, cleared_at__isnull=True)
        .select_related("source")
        .order_by("-rank", "next_due_at")
    )
    views = _source_views(sources, devices, rows, open_warnings)
    _people(views, DutyHolder.objects.visible_to(scope).filter(**mine).in_force(now).select_related("person"))
    lately = was_larger_lately([source.pk for source in sources], now, rules)
    for view in views:
        view.lately = view.source is not None and lately[view.source.pk]
        view.uncleared = uncleared.count(view.source.pk if view.source else None)
    views.sort(key=lambda view: (-view.level.rank, -view.uncleared))  # what burns stands first
    cameras = list(Camera.objects.visible_to(scope).filter(**mine).order_by("-is_control_room", "code"))
    for camera in cameras:
        camera.online = camera.shows(now, silence)
    findings = Finding.objects.visible_to(scope).filter(**mine).exclude(state=FindingState.CLOSED).order_by("-seen_at")
    return EnterpriseView(
        enterprise=enterprise,
        sources=views,
        warnings=open_warnings,
        gateways=_gateways(enterprise, scope),
        cameras=cameras,
        video=video_state(CameraSight(each.is_key, each.is_control_room, each.online) for each in cameras),
        findings=list(findings[:50]),
        uncleared=len(uncleared),
        engine_answered=not rows or rows[0].trust != "unanswered",
        point_count=len(points),
        supervision=Supervision.objects.visible_to(scope).filter(**mine).first(),
        flag_days=rules.number("spot_check.flag_days"),
        silence=rules.entry("offline_minutes"),
    )


def _source_views(
    sources: Iterable[HazardSource],
    devices: Iterable[Device],
    rows: Iterable[Reading],
    open_warnings: Iterable[Warning],
) -> list[SourceView]:
    levels = {warning.source_id: Level(warning.level) for warning in open_warnings}
    views = {source.pk: SourceView(source, levels.get(source.pk, Level.NONE)) for source in sources}
    outside = SourceView(None)
    by_device: dict[int, DeviceView] = {}
    for device in devices:
        by_device[device.pk] = DeviceView(device)
        of_source = outside if device.source_id is None else views.get(device.source_id, outside)
        of_source.devices.append(by_device[device.pk])
    for row in rows:
        by_device[row.point.device_id].readings.append(row)
    return [*views.values(), *([outside] if outside.devices else [])]


def _people(views: list[SourceView], holders: Iterable[DutyHolder]) -> None:
    by_post = {(holder.source_id, holder.post): holder.person for holder in holders}
    for view in views:
        if view.source is not None:
            view.holders = [
                HolderSlot(str(label), by_post.get((view.source.pk, post))) for post, label in DutyPost.choices
            ]


def _gateways(enterprise: Enterprise, scope: Scope) -> list[GatewayView]:
    gateways = Gateway.objects.visible_to(scope).filter(enterprise=enterprise, is_active=True)
    links = {row.gateway_id: row for row in GatewayLink.objects.visible_to(scope).filter(enterprise=enterprise)}
    views = {gateway.pk: GatewayView(gateway, links.get(gateway.pk)) for gateway in gateways}
    for outage in OfflineSpell.objects.visible_to(scope).filter(enterprise=enterprise)[:OUTAGES_SHOWN]:
        if outage.gateway_id in views:
            views[outage.gateway_id].outages.append(outage)
    return list(views.values())

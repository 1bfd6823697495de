"""Two cities, three counties, five enterprises and the four people of every permission test.

    province ── city-1 ── county-a ── ent a1 (in park), a2     people: holder of a1, officer of county-a,
             │         └─ county-b ── ent b1                            officer of city-1,
             └─ city-2 ── county-c ── ent c1                            stranger: officer of county-b
                       └─ (and one enterprise without anything: c2)

Every enterprise has one of everything that a page can show, marked with its own name, so that one foreign word on a
page is a leak.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.test import Client
from tests.hats import officer, staff

from anlan.apps.accounts.models import Grant, User
from anlan.apps.alarms.models import (
    Alarm,
    AlarmSide,
    AlarmState,
    Filing,
    Retrospective,
    Shelving,
    Shown,
    SuppressionRule,
)
from anlan.apps.changes import services as changes
from anlan.apps.changes.models import ChangeRequest
from anlan.apps.commitments import services as commitments
from anlan.apps.commitments.kinds import HIGH_RISK
from anlan.apps.commitments.models import Commitment, WorkUnit
from anlan.apps.commitments.services.daily import COMMITMENT
from anlan.apps.files import services as files
from anlan.apps.files.models import Attachment
from anlan.apps.findings.models import Finding
from anlan.apps.gateways import kinds
from anlan.apps.gateways.models import GatewayClock, GatewayLink, OfflineSpell, Quarantined, SequenceGap, Suspension
from anlan.apps.identification import services as identifications
from anlan.apps.identification.models import Identification
from anlan.apps.ledgers import services as ledgers
from anlan.apps.ledgers.declared.monitoring_equipment import EQUIPMENT
from anlan.apps.ledgers.models import LedgerEntry
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.obligations.services.duties import plan
from anlan.apps.org.actor import SYSTEM
from anlan.apps.org.models import Agency, AgencyLevel, Person, Region, Role
from anlan.apps.org.stand import at_the_machine
from anlan.apps.permits import services as permits
from anlan.apps.permits.models import DayReport, SpecialWork
from anlan.apps.permits.selectors import report_of
from anlan.apps.permits.services.daily import REPORT as SPECIAL_REPORT
from anlan.apps.registry.models import (
    Camera,
    Device,
    DeviceKind,
    DutyHolder,
    DutyPost,
    Employment,
    Enterprise,
    Gateway,
    HazardSource,
    Park,
    Point,
)
from anlan.apps.registry.services import revise
from anlan.apps.unitstates import services as unitstates
from anlan.apps.unitstates.models import UnitState
from anlan.apps.warnings import services as warnings
from anlan.apps.warnings.models import Warning
from anlan.apps.watchlist.services import Reason, watch
from anlan.rules.calendar import civil_day

CODES = {"a1": "990121101", "a2": "990121102", "b1": "990122101", "c1": "990221101"}
COUNTY_OF = {"a1": "county-a", "a2": "county-a", "b1": "county-b", "c1": "county-c"}
PEOPLE = ("holder", "county", "city", "stranger")
SEES = {
    "holder": {"a1"},
    "county": {"a1", "a2"},
    "city": {"a1", "a2", "b1"},
    "stranger": {"b1"},
}
"""The enterprises that each of the four people may see."""


@dataclass
class Plant:
    """One enterprise with one of everything."""

    enterprise: Enterprise
    source: HazardSource
    device: Device
    point: Point
    gateway: Gateway
    alarm: Alarm
    warning: Warning
    holders: dict[str, Person]
    file: Attachment
    filing: Filing
    shelving: Shelving
    suppression: SuppressionRule
    entry: LedgerEntry
    change: ChangeRequest
    work_unit: WorkUnit
    commitment: Commitment
    identification: Identification
    special_work: SpecialWork
    special_report: DayReport
    unit_state: UnitState

    @property
    def special_day(self) -> DayReport:
        """The day of the enterprise, as a page on which nothing was reported yet shows it."""
        return DayReport(enterprise=self.enterprise, day=self.special_report.day)


@dataclass
class World:
    now: datetime
    agencies: dict[str, Agency]
    park: Park
    plants: dict[str, Plant] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)

    def client(self, who: str) -> Client:
        """A browser in which ``who`` (one of `PEOPLE`, or nobody for "") has logged in."""
        client = Client()
        if who:
            client.force_login(self.users[who], backend="django.contrib.auth.backends.ModelBackend")
        return client


def build(now: datetime, *, warn: bool = True) -> World:
    """Write the world into an empty database. With ``warn`` every source has an orange warning since ten minutes."""
    regions = {code: Region.objects.create(code=code, name=f"示例{code}") for code in ("990121", "990122", "990221")}
    world = World(now, _agencies(), Park())
    county = world.agencies["county-a"]
    park_agency = Agency(code="park-a", name="示例园区管委会", level=AgencyLevel.PARK, parent=county)
    park_agency.save()
    world.agencies["park-a"] = park_agency
    world.park = Park.objects.create(code="park", name="示例园区", county=county, agency=park_agency)
    for key, code in CODES.items():
        county = world.agencies[COUNTY_OF[key]]
        world.plants[key] = plant(
            key, code, regions[code[:6]], county, now, park=world.park if key == "a1" else None, warn=warn
        )
    _people(world)
    for duty in (COMMITMENT, SPECIAL_REPORT):  # done: these worlds are about other things
        plan(duty, civil_day(now))
    Obligation.objects.by_the_machine().filter(kind__in=[COMMITMENT.kind, SPECIAL_REPORT.kind]).update(
        state=ObligationState.DONE
    )
    for each in world.plants.values():
        watch(Reason(each.enterprise, HIGH_RISK, each.commitment.about, "示例"), at=now)
    return world


def _agencies() -> dict[str, Agency]:
    made: dict[str, Agency] = {}
    for code, level, parent in (
        ("ministry", AgencyLevel.MINISTRY, ""),
        ("province", AgencyLevel.PROVINCE, "ministry"),
        ("city-1", AgencyLevel.CITY, "province"),
        ("city-2", AgencyLevel.CITY, "province"),
        ("county-a", AgencyLevel.COUNTY, "city-1"),
        ("county-b", AgencyLevel.COUNTY, "city-1"),
        ("county-c", AgencyLevel.COUNTY, "city-2"),
    ):
        agency = Agency(code=code, name=f"示例{code}局", level=level, parent=made.get(parent))
        if level == AgencyLevel.MINISTRY:
            agency.role = "nat.casst"
        agency.save()
        made[code] = agency
    return made


def plant(
    key: str, code: str, region: Region, county: Agency, now: datetime, *, park: Park | None = None, warn: bool = True
) -> Plant:
    """One enterprise named ``示例<key>厂`` with a row of every kind, its alarm active since ten minutes."""
    long_ago = now - timedelta(days=100)
    principal = Person.objects.create(code=f"{key}-main", name=f"示例{key}甲", phone=f"000-{key}-1")
    enterprise = Enterprise.objects.create(
        code=code,
        name=f"示例{key}厂",
        short_name=f"{key}厂",
        kinds=["hazard_source", "production"],
        region=region,
        county=county,
        supervisor=county,
        park=park,
        principal=principal,
        longitude=112.0,
        latitude=35.0,
        declared_sources=1,
    )
    source = HazardSource.objects.create(code=f"{code}001", enterprise=enterprise, name=f"{key}罐区", level="1")
    device = Device.objects.create(
        code=f"{code}001G0001", enterprise=enterprise, source=source, name=f"{key}罐", kind=DeviceKind.TANK
    )
    gateway = Gateway.objects.create(
        code=f"{code}01", enterprise=enterprise, key_sha256=hashlib.sha256(key.encode()).hexdigest()
    )
    point = Point.objects.create(
        code=f"{code}001G0001YL001",
        enterprise=enterprise,
        source=source,
        device=device,
        gateway=gateway,
        tag=f"PT-{key}",
        name=f"{key}压力",
        kind="YL",
        unit="MPa",
        range_min=0.0,
        range_max=2.5,
        h=1.5,
        hh=1.58,
        registered_at=long_ago,
    )
    Camera.objects.create(code=f"{code}V001", enterprise=enterprise, source=source, name=f"{key}全景")
    began = now - timedelta(minutes=10)
    alarm = Alarm.objects.create(
        id=hashlib.sha256(f"{key}-alarm".encode()).hexdigest()[:32],
        enterprise=enterprise,
        source=source,
        point=point,
        side=AlarmSide.HIGH,
        state=AlarmState.ACTIVE,
        level="HH",
        worst="HH",
        value=1.62,
        limit=1.58,
        extreme=1.66,
        started_at=began,
        raised_at=began,
        detected_at=began,
        changed_at=began,
    )
    Retrospective.objects.create(
        id=hashlib.sha256(f"{key}-late".encode()).hexdigest()[:32],
        enterprise=enterprise,
        source=source,
        point=point,
        shown=Shown.EXCURSION,
        side=AlarmSide.HIGH,
        worst="H",
        limit=1.5,
        extreme=1.52,
        started_at=now - timedelta(days=3),
        cleared_at=now - timedelta(days=3) + timedelta(minutes=2),
        received_at=now - timedelta(days=2),
        found_at=now - timedelta(days=2),
    )
    GatewayLink.objects.create(
        gateway=gateway, enterprise=enterprise, last_received_at=now, last_sampled_at=now, online=True
    )
    OfflineSpell.objects.create(
        gateway=gateway,
        enterprise=enterprise,
        started_at=now - timedelta(hours=5),
        detected_at=now - timedelta(hours=4),
        ended_at=now - timedelta(hours=3),
    )
    GatewayClock.objects.create(
        gateway=gateway, enterprise=enterprise, offset_s=-7200, behind_s=7200, measured_at=now, suspect_since=now
    )
    SequenceGap.objects.create(
        gateway=gateway, enterprise=enterprise, first=7, last=9, missing=[[7, 9]], numbers=3, noticed_at=now
    )
    Suspension.objects.create(
        gateway=gateway,
        enterprise=enterprise,
        started_at=now - timedelta(minutes=1),
        until=now + timedelta(minutes=4),
        refused=20,
        packets=20,
        reason="malformed",
    )
    Quarantined.objects.create(
        gateway=gateway.code,
        enterprise=enterprise,
        received_at=now - timedelta(hours=1),
        reason="future_dated",
        detail=f"{key}网关的采集时间晚于当前时间",
    )
    finding = Finding.objects.create(
        kind=kinds.LINK_LOST,
        enterprise=enterprise,
        source=source,
        subject=f"gateway:{gateway.code}",
        text=f"{key}网关断联",
        found_at=now,
        seen_at=now,
    )
    attachment = _handed_in(key, finding, now)
    quieted = _quieted(key, enterprise, device, point, now)
    holders = {}
    for post in DutyPost.values:
        person = (
            principal
            if post == DutyPost.MAIN
            else Person.objects.create(code=f"{key}-{post}", name=f"示例{key}{post}", phone=f"000-{key}-{post}")
        )
        Employment.objects.create(enterprise=enterprise, person=person, title="示例", valid_from=long_ago)
        DutyHolder.objects.create(enterprise=enterprise, source=source, person=person, post=post, valid_from=long_ago)
        holders[post] = person
    warning = _warn(source, point, alarm, began) if warn else None
    shop = commitments.add_unit(enterprise, f"{key}车间", by=staff(enterprise), at=now)
    kept = (
        _entry(key, enterprise, now),
        _change(key, enterprise, point, now),
        shop,
        commitments.enter(enterprise, {"units": 1}, by=staff(enterprise), at=now),
        _identified(key, enterprise, now),
        *_special(key, enterprise, now),
        unitstates.declare(
            enterprise, shop, change="stop", begins_at=now, reason=f"{key}装置停车", by=staff(enterprise), at=now
        ),
    )
    return Plant(enterprise, source, device, point, gateway, alarm, warning, holders, attachment, *quieted, *kept)  # type: ignore[arg-type]


def _handed_in(key: str, finding: Finding, now: datetime) -> Attachment:
    """A text about the finding, kept in the store of the run."""
    by = at_the_machine(SYSTEM, finding.chain, now)
    with files.receive(io.BytesIO(f"{key}罐的情况".encode()), f"{key}罐.txt", at=now) as received:
        return files.attach(finding.about, received, by=by, at=now)


def _quieted(
    key: str, enterprise: Enterprise, device: Device, point: Point, now: datetime
) -> tuple[Filing, Shelving, SuppressionRule]:
    """A filing, a shelving and a suppression rule that all wait for somebody's decision."""
    filing = Filing.objects.create(
        enterprise=enterprise, reach="device", device=device, kind="overhaul", reason=f"{key}罐检修",
        starts_at=now, ends_at=now + timedelta(hours=8), filed_at=now, filed_by=f"示例{key}甲",
    )  # fmt: skip
    shelving = Shelving.objects.create(
        enterprise=enterprise, point=point, side=AlarmSide.LOW, state="asked", approver="county", reason=f"{key}罐校表",
        minutes=60, asked_at=now, asked_by=f"示例{key}甲",
    )  # fmt: skip
    rule = SuppressionRule.objects.create(
        enterprise=enterprise, code="sup-1", name=f"{key}罐停用", condition=point, comparison="at_or_below",
        threshold=0.1, side=AlarmSide.LOW, reason="设计文件", proposed_at=now, proposed_by=f"示例{key}甲",
    )  # fmt: skip
    rule.points.add(point)
    return filing, shelving, rule


def _special(key: str, enterprise: Enterprise, now: datetime) -> tuple[SpecialWork, DayReport]:
    """A work that goes on, and the report of the day that says so; it was checked, so that it waits for nobody."""
    typed = {
        "kind": "hot", "grade": "first", "content": f"{key}管支架焊接", "place": f"{key}罐区", "persons": "2",
        "begins_at": now - timedelta(minutes=1), "ends_at": now + timedelta(hours=2),
    }  # fmt: skip
    work = permits.add(enterprise, typed, by=staff(enterprise), at=now)
    report = report_of(enterprise, civil_day(now))
    assert report is not None  # the work goes on today
    return work, permits.check(report, by=officer(enterprise), at=now)


def _change(key: str, enterprise: Enterprise, point: Point, now: datetime) -> ChangeRequest:
    """A limit that the enterprise asks to have raised."""
    row = {
        "sheet": "点位", "code": point.code, "name": point.tag, "before": {"hh": point.hh}, "after": {"hh": 99.0},
        "loosens": ["hh"],
    }  # fmt: skip
    by = staff(enterprise, f"示例{key}甲")
    revise(enterprise, f"point:{point.code}", {"name": "压力"}, {"name": point.name}, by=by.actor, at=now)
    return changes.ask(enterprise, [row], by=by, at=now, reason=f"{key}罐复核")


def _identified(key: str, enterprise: Enterprise, now: datetime) -> Identification:
    """A tank area that waits for its review."""
    return identifications.enter(
        enterprise, unit=f"{key}罐区", kind="storage", why="first", exposed=12,
        amounts=[{"name": "液氯", "design_max_t": "20", "symbols": []}], by=staff(enterprise, f"示例{key}甲"), at=now,
    )  # fmt: skip


def _entry(key: str, enterprise: Enterprise, now: datetime) -> LedgerEntry:
    """A gauge in the ledger of the enterprise whose check has a year to go."""
    typed = {
        "tag": f"PT-{key}", "name": f"{key}压力变送器", "sort": "压力", "checked_on": "2026-01-05",
        "next_on": civil_day(now + timedelta(days=365)).isoformat(),
    }  # fmt: skip
    return ledgers.add(EQUIPMENT, enterprise, typed, by=staff(enterprise), at=now)


def _warn(source: HazardSource, point: Point, alarm: Alarm, at: datetime) -> Warning:
    first: dict[str, Any] = {
        "alarm": alarm.pk,
        "point": point.code,
        "tag": point.tag,
        "name": point.name,
        "level": "HH",
        "value": 1.62,
        "unit": point.unit,
        "at": at.isoformat(),
    }
    made = warnings.set_level(source, "orange", at=at, reasons=[], origin="grading", first_out=first)
    assert made is not None
    return made


def _people(world: World) -> None:
    since = world.now - timedelta(days=100)
    holder = world.plants["a1"].holders[DutyPost.OPERATIONS]
    _log_in(world, "holder", holder, since, Role.DUTY_HOLDER, enterprise=world.plants["a1"].enterprise)
    for who, agency in (("county", "county-a"), ("city", "city-1"), ("stranger", "county-b")):
        person = Person.objects.create(code=f"officer-{who}", name=f"示例{who}值")
        _log_in(world, who, person, since, Role.DUTY_OFFICER, agency=world.agencies[agency])


def viewer(world: World, agency: str) -> None:
    """Adds ``viewer``, who may look at everything below an agency and hold nothing there."""
    person = Person.objects.create(code="viewer", name="示例来访")
    _log_in(world, "viewer", person, world.now - timedelta(days=1), Role.VIEWER, agency=world.agencies[agency])


def _log_in(world: World, who: str, person: Person, since: datetime, role: str, **unit: Any) -> None:
    user = User(username=who, person=person)
    user.set_unusable_password()
    user.save()
    Grant.objects.create(user=user, role=role, valid_from=since, **unit)
    world.users[who] = user

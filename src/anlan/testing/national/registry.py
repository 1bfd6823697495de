"""Agencies, enterprises, hazard sources, people, points and links of the country, in a few bulk statements a table."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from anlan.apps.accounts.models import Grant, User
from anlan.apps.gateways.models import GatewayLink
from anlan.apps.org.models import Agency, AgencyLevel, NationalRole, Person, Region, Role
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
from anlan.database import bulk
from anlan.testing.sites import Site, sites

LEVELS = (AgencyLevel.MINISTRY, AgencyLevel.PROVINCE, AgencyLevel.CITY, AgencyLevel.COUNTY)
WORDS = {AgencyLevel.MINISTRY: "", AgencyLevel.PROVINCE: "省", AgencyLevel.CITY: "市", AgencyLevel.COUNTY: "县"}
MEASURED = (
    ("YL", "压力", "MPa", 2.5),
    ("WD", "温度", "℃", 200.0),
    ("YW", "液位", "%", 100.0),
    ("ND", "浓度", "%LEL", 100.0),
)
"""Kind, name, unit and top of the range of the points, in turn. Limits at 10, 20, 80 and 90 % of it."""
CHUNK = 20_000


@dataclass(frozen=True)
class Size:
    """How large a country. The defaults are the national scale: 7 600 enterprises, 20 000 sources, 500 000 points."""

    provinces: int = 31
    cities: int = 11
    counties: int = 8
    """Cities in each province, counties in each city."""
    enterprises: int = 7_600
    points: int = 66
    """Points of each enterprise, all behind one gateway."""
    sources: int = 20_000
    """Hazard sources altogether; at least one an enterprise."""
    cameras: int = 4
    """Of each enterprise; the first is its control room's."""


@dataclass
class Country:
    """What was written: people to log in by level, and the enterprises and sources in order of their codes."""

    users: dict[str, User] = field(default_factory=dict)
    """``ministry``, ``province``, ``city`` and ``county``: duty officers, each below the one before; ``holder``."""
    enterprises: list[Enterprise] = field(default_factory=list)
    sources: list[HazardSource] = field(default_factory=list)


@transaction.atomic
def registry(now: datetime, size: Size) -> Country:
    """Write the country into an empty database."""
    counties, above = _agencies(size)
    country = Country()
    made = list(sites(size.enterprises, size.points))
    parks = _parks(counties, max(1, size.enterprises // 12))
    country.enterprises = _enterprises(made, counties, parks, size)
    per_home = _sources_of(size)
    country.sources = [
        HazardSource(
            code=f"{home.code}{number + 1:03d}", enterprise=home, name=f"{number + 1}号罐区", level=str(number % 4 + 1),
            substance="示例物质", longitude=home.longitude, latitude=home.latitude,
        )
        for home, count in zip(country.enterprises, per_home, strict=True)
        for number in range(count)
    ]  # fmt: skip
    bulk.insert(country.sources, keys=True)
    people = _people(country, now)
    _equipment(made, country, per_home, now, size)
    _users(country, above, people, now)
    return country


def _agencies(size: Size) -> tuple[list[Agency], dict[str, Agency]]:
    """The tree of agencies; returns the counties, and the chain above the first of them by level."""
    above: list[tuple[Agency | None, str, str]] = [(None, "", "")]  # an agency, the code of its division, its name
    chain: dict[str, Agency] = {}
    counts = (1, size.provinces, size.cities, size.counties)
    rows: list[Agency] = []
    for level, count in zip(LEVELS, counts, strict=True):
        named: list[tuple[str, str]] = []
        rows = []
        for parent, code, name in above:
            for number in range(1, count + 1):
                mine = f"{code}{number + 9 if level == AgencyLevel.PROVINCE else number:02d}" if parent else ""
                title = f"{name}示例{WORDS[level]}{number}" if parent else ""
                named.append((mine, title))
                rows.append(
                    Agency(
                        code=f"n-{mine or 'ministry'}", parent=parent, level=level, path=f"new-{mine}",
                        name=f"{title}应急管理局" if parent else "示例部监测预警中心",
                        role="" if parent else NationalRole.CASST, duty_phone="000-0000",
                    )
                )  # fmt: skip
        regions = [Region(code=mine.ljust(6, "0"), name=title) for mine, title in named if mine]
        bulk.insert(regions, keys=True)
        for agency, region in zip(rows, regions, strict=False):
            agency.region = region
        _plant(rows)
        chain[level] = rows[0]
        above = [(agency, *words) for agency, words in zip(rows, named, strict=True)]
    return rows, chain


def _plant(agencies: list[Agency]) -> None:
    """Write agencies whose parents stand, with their paths, which carry their own keys."""
    bulk.insert(agencies, keys=True)
    for each in agencies:
        each.path = f"{each.parent.path if each.parent else '/'}{each.pk}/"
    bulk.update(Agency, ["path"], [(each.pk, each.path) for each in agencies])


def _division(agency: Agency) -> str:
    """The name of the division that an agency of this world stands for."""
    assert agency.region is not None
    return agency.region.name


def _parks(counties: list[Agency], count: int) -> list[Park]:
    """Chemical parks in the first counties, one each, every second with an agency of its own."""
    homes = counties[: max(1, min(count, len(counties) // 4))]
    agencies = [
        Agency(
            code=f"{home.code}-park", name=f"{_division(home)}示例园区管委会", level=AgencyLevel.PARK, parent=home,
            path=f"new-{home.code}-park", region=home.region, duty_phone="000-0000",
        )
        for home in homes[::2]
    ]  # fmt: skip
    _plant(agencies)
    own = {agency.parent_id: agency for agency in agencies}
    parks = [
        Park(code=f"{home.code}-p", name=f"{_division(home)}示例园区", county=home, agency=own.get(home.pk))
        for home in homes
    ]
    bulk.insert(parks, keys=True)
    return parks


def _enterprises(made: list[Site], counties: list[Agency], parks: list[Park], size: Size) -> list[Enterprise]:
    """One for each site, dealt out to the counties in turn; half of those in a county with a park stand in it."""
    park_of = {park.county_id: park for park in parks}
    kinds = (["hazard_source", "production"], ["hazard_source", "trade_storage"], ["hazard_source", "use"])
    rows = []
    for number, site in enumerate(made):
        county = counties[number % len(counties)]
        park = park_of.get(county.pk) if number // len(counties) % 2 == 0 else None
        rows.append(
            Enterprise(
                code=site.enterprise, name=f"示例化工企业{number + 1}", short_name=f"示例{number + 1}",
                kinds=kinds[number % len(kinds)], region=county.region, county=county, park=park,
                supervisor=(park.agency if park is not None and park.agency else county),
                address="示例路1号", longitude=80 + number * 7919 % 40_000 / 1000,
                latitude=22 + number * 104_729 % 25_000 / 1000,
                declared_sources=size.sources // size.enterprises,
            )
        )  # fmt: skip
    bulk.insert(rows, keys=True)
    return rows


def _sources_of(size: Size) -> list[int]:
    """How many hazard sources each enterprise has."""
    whole, more = divmod(max(size.sources, size.enterprises), size.enterprises)
    return [whole + (number < more) for number in range(size.enterprises)]


def _people(country: Country, now: datetime) -> list[Person]:
    """Three duty holders an enterprise, who hold the three posts of all its sources."""
    since = now - timedelta(days=200)
    people = [
        Person(code=f"n-{home.code}-{post}", name=f"示例{DutyPost(post).label}{number + 1}", phone="000-0000")
        for number, home in enumerate(country.enterprises)
        for post in DutyPost.values
    ]
    bulk.insert(people, keys=True)
    posts = list(DutyPost.values)
    places = {home.pk: 3 * number for number, home in enumerate(country.enterprises)}
    bulk.insert(
        [
            Employment(enterprise_id=home, person=people[first + place], title="示例", valid_from=since)
            for home, first in places.items()
            for place in range(3)
        ]
    )
    bulk.insert(
        [
            DutyHolder(
                enterprise_id=source.enterprise_id, source=source, person=people[places[source.enterprise_id] + place],
                post=post, valid_from=since,
            )
            for source in country.sources
            for place, post in enumerate(posts)
        ]
    )  # fmt: skip
    bulk.update(Enterprise, ["principal"], [(home, people[first].pk) for home, first in places.items()])
    return people


def _equipment(made: list[Site], country: Country, per_home: list[int], now: datetime, size: Size) -> None:
    """Gateways with fresh links, cameras, and for every source a device that carries its share of the points."""
    homes = country.enterprises
    gateways = [
        Gateway(code=site.gateway, enterprise=home, key_sha256=hashlib.sha256(site.key.encode()).hexdigest())
        for site, home in zip(made, homes, strict=True)
    ]
    bulk.insert(gateways, keys=True)
    bulk.insert(
        [
            GatewayLink(
                gateway=gateway, enterprise_id=gateway.enterprise_id, last_received_at=now, last_sampled_at=now,
                online=number % 40 != 0,
            )
            for number, gateway in enumerate(gateways)
        ],
        keys=True,
    )  # fmt: skip
    bulk.insert(
        [
            Camera(
                code=f"{home.code}V{number + 1:03d}", enterprise=home, name=f"全景{number + 1}",
                is_control_room=number == 0, last_seen_at=now,
            )
            for home in homes
            for number in range(size.cameras)
        ]
    )  # fmt: skip
    devices = [
        Device(
            code=f"{source.code}G0001", enterprise_id=source.enterprise_id, source=source, name="示例储罐",
            kind=DeviceKind.TANK,
        )
        for source in country.sources
    ]  # fmt: skip
    bulk.insert(devices, keys=True)
    rows: list[Point] = []
    for point in _points(made, gateways, devices, per_home, now):
        rows.append(point)
        if len(rows) == CHUNK:
            bulk.insert(rows)
            rows = []
    bulk.insert(rows)


def _points(
    made: list[Site], gateways: list[Gateway], devices: list[Device], per_home: list[int], now: datetime
) -> Iterator[Point]:
    first = 0
    for site, gateway, count in zip(made, gateways, per_home, strict=True):
        for number, code in enumerate(site.points):
            device = devices[first + number % count]
            kind, name, unit, top = MEASURED[number % len(MEASURED)]
            yield bulk.fresh(
                Point, code=code, enterprise_id=gateway.enterprise_id, source_id=device.source_id, device_id=device.pk,
                gateway_id=gateway.pk, tag=f"{kind[0]}I-{number + 1:03d}", name=f"{name}{number + 1}", kind=kind,
                gas="combustible" if kind == "ND" else "", unit=unit, range_min=0.0, range_max=top, ll=0.1 * top,
                l=0.2 * top, h=0.8 * top, hh=0.9 * top, deadband=0.01 * top, no_data_s=600.0, registered_at=now,
            )  # fmt: skip
        first += count


def _users(country: Country, above: dict[str, Agency], people: list[Person], now: datetime) -> None:
    """A duty officer at each level above the first enterprise, and its own operations holder."""
    since = now - timedelta(days=200)
    units: dict[str, dict[str, Any]] = {level: {"agency": agency} for level, agency in above.items()}
    units["holder"] = {"enterprise": country.enterprises[0]}
    for name, unit in units.items():
        person = people[2] if name == "holder" else Person.objects.create(code=f"n-{name}", name=f"示例{name}值班员")
        user = User(username=f"n-{name}", person=person)
        user.set_unusable_password()
        user.save()
        role = Role.DUTY_HOLDER if name == "holder" else Role.DUTY_OFFICER
        Grant.objects.create(user=user, role=role, valid_from=since, **unit)
        country.users[name] = user

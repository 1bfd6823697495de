"""Writes the declared demo world into an empty database: agencies, persons, log-ins, enterprises, points, holders.

For demonstrations, trials and tests only. Never loads over a world that is already there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction

from anlan.apps.accounts import services as accounts
from anlan.apps.accounts.models import Grant, User
from anlan.apps.delivery.models import Contact
from anlan.apps.org.actor import operator
from anlan.apps.org.models import Agency, Person, Post, Region, Role, Section
from anlan.apps.registry.models import (
    Camera,
    Device,
    DutyHolder,
    DutyPost,
    Employment,
    Enterprise,
    Gateway,
    HazardSource,
    Park,
    Point,
)
from anlan.testing.demo import tutorial
from anlan.testing.demo.declaration import DeclaredEnterprise, DeclaredSource, World, read

STEMS = "甲乙丙丁戊己庚辛壬癸"
BRANCHES = "子丑寅卯辰巳午未申酉戌亥"
OPERATOR = "operator"
"""Log-in of the installation's operator."""
PHONE = "phone"
"""Name of the demonstration's one channel: a telephone on a page."""
SETTLED = timedelta(days=400)
"""How long ago everything was registered, so that no validity starts in the middle of the demonstration."""


@dataclass(frozen=True)
class Login:
    """A log-in that was made: name, and in words what it is for."""

    username: str
    purpose: str


@dataclass
class Loaded:
    """What the loader made, for the one who prints it or posts packets into it."""

    password: str
    logins: list[Login] = field(default_factory=list)
    gateway_keys: dict[str, str] = field(default_factory=dict)


def is_loaded() -> bool:
    """Whether a world is already in this database."""
    return Enterprise.objects.by_the_machine().exists()


def gateway_key(gateway: str, password: str) -> str:
    """The key of a demo gateway: derived, so that a restarted demonstration knows it again."""
    return hashlib.sha256(f"anlan-demo:{gateway}:{password}".encode()).hexdigest()[:40]


@transaction.atomic
def load(now: datetime, password: str = "anlan-demo", period_s: float = 1.0) -> Loaded:
    """Write the world. ``period_s`` is the frame period of every gateway. All or nothing; refuses a second time."""
    if is_loaded():
        raise ValueError("数据库中已有企业，示例世界只装入空库")
    return _Loader(read(), now, password, period_s).load()


class _Loader:
    """One loading; holds the rows by code while they are being linked."""

    def __init__(self, world: World, now: datetime, password: str, period_s: float) -> None:
        self.world = world
        self.since = now - SETTLED
        self.period_s = period_s
        self.loaded = Loaded(password)
        self.hash = make_password(password)
        self.agencies: dict[str, Agency] = {}
        self.names = _names()

    def load(self) -> Loaded:
        self._regions_and_agencies()
        for login in self.world.raw["login"]:
            agency = self.agencies[login["agency"]]
            person = Person.objects.create(code=login["name"], name=login["person"])
            Post.objects.create(person=person, agency=agency, role=login["role"], valid_from=self.since)
            role = Role(login["role"])
            self._login(login["name"], person, f"{agency.name} {role.label}", role, agency=agency)
        for enterprise in self.world.enterprises:
            self._enterprise(enterprise)
        self._administrators()
        declared = self.world.raw["tutorial"]
        key = gateway_key(declared["gateway"], self.loaded.password)
        tutorial.load(declared, key, self.since)
        self._phones()
        self.loaded.gateway_keys[declared["gateway"]] = key
        return self.loaded

    def _administrators(self) -> None:
        """Who keeps the register of each enterprise, and the operator of the installation, who keeps everything."""
        rows = {row.code: row for row in Enterprise.objects.by_the_machine()}
        for declared in self.world.enterprises:
            code, enterprise = f"{declared.raw['login']}-admin", rows[declared.code]
            person = self._person(enterprise, code, "系统管理")
            self._login(code, person, f"{declared.raw['short']} 管理员", Role.ADMIN, enterprise=enterprise)
        accounts.add_operator(OPERATOR, self.loaded.password, by=operator("demo"), at=self.since)
        self.loaded.logins.append(Login(OPERATOR, "本系统 系统管理员（看得到全部单位，建机构与登录名）"))

    def _phones(self) -> None:
        """Numbers that nobody has, so that each person and each duty desk can be told something."""
        persons = list(Person.objects.order_by("pk"))
        for number, person in enumerate(persons, 1):
            person.phone = f"000-{number:04d}"
        Person.objects.bulk_update(persons, ["phone"])
        desks: list[dict[str, Any]] = [{"agency": agency} for agency in self.agencies.values()]
        desks += [{"enterprise": enterprise} for enterprise in Enterprise.objects.by_the_machine()]
        Contact.objects.bulk_create(
            Contact(**desk, channel=PHONE, address=f"000-9{number:03d}") for number, desk in enumerate(desks, 1)
        )

    def _regions_and_agencies(self) -> None:
        regions: dict[str, Region] = {}
        for entry in self.world.raw["region"]:
            parent = regions.get(entry.get("parent", ""))
            regions[entry["code"]] = Region.objects.create(code=entry["code"], name=entry["name"], parent=parent)
        for entry in self.world.raw["agency"]:
            agency = Agency(
                code=entry["code"],
                name=entry["name"],
                level=entry["level"],
                kind=entry.get("kind", "emergency"),
                role=entry.get("role", ""),
                parent=self.agencies.get(entry.get("parent", "")),
                region=regions.get(entry.get("region", "")),
            )
            agency.save()
            self.agencies[agency.code] = agency
            for name in entry.get("sections", []):
                Section.objects.create(agency=agency, name=name)
        for entry in self.world.raw["park"]:
            Park.objects.create(
                code=entry["code"],
                name=entry["name"],
                county=self.agencies[entry["county"]],
                agency=self.agencies.get(entry.get("agency", "")),
            )
        self.regions = regions

    def _login(self, username: str, person: Person, purpose: str, role: Role, **unit: Any) -> None:
        user = User.objects.create(username=username, person=person, password=self.hash)
        Grant.objects.create(user=user, role=role, valid_from=self.since, **unit)
        self.loaded.logins.append(Login(username, purpose))

    def _person(self, enterprise: Enterprise, code: str, title: str) -> Person:
        person = Person.objects.create(code=code, name=next(self.names))
        Employment.objects.create(enterprise=enterprise, person=person, title=title, valid_from=self.since)
        return person

    def _enterprise(self, declared: DeclaredEnterprise) -> None:
        raw = declared.raw
        enterprise = Enterprise.objects.create(
            code=declared.code,
            name=raw["name"],
            short_name=raw["short"],
            kinds=raw["kinds"],
            region=self.regions[raw["region"]],
            county=self.agencies[raw["county"]],
            town=self.agencies.get(raw.get("town", "")),
            park=Park.objects.get(code=raw["park"]) if "park" in raw else None,
            supervisor=self.agencies[raw["supervisor"]],
            longitude=raw["at"][0],
            latitude=raw["at"][1],
            declared_gas_points=sum(1 for point in declared.points if point.gas),
            declared_sources=len(declared.sources),
        )
        main = self._person(enterprise, f"{raw['login']}-main", "主要负责人")
        safety = self._person(enterprise, f"{raw['login']}-safety", "安全管理人员")
        technical = self._person(enterprise, f"{raw['login']}-tech", "技术负责人")
        enterprise.principal = main
        enterprise.save(update_fields=["principal"])
        key = gateway_key(declared.gateway, self.loaded.password)
        self.loaded.gateway_keys[declared.gateway] = key
        gateway = Gateway.objects.create(
            code=declared.gateway,
            enterprise=enterprise,
            key_sha256=hashlib.sha256(key.encode()).hexdigest(),
            period_s=self.period_s,
        )
        for code, person, words, role in (
            ("main", main, "主要负责人", Role.PRINCIPAL),
            ("safety", safety, "安全管理人员", Role.SAFETY_OFFICER),
            ("tech", technical, "技术负责人", Role.DUTY_HOLDER),
        ):
            self._login(f"{raw['login']}-{code}", person, f"{raw['short']} {words}", role, enterprise=enterprise)
        for number, source in enumerate(declared.sources, start=1):
            row = self._source(enterprise, gateway, source)
            code = f"{raw['login']}-ops{number}"
            operations = self._person(enterprise, code, f"{source.name}操作负责人")
            self._login(
                code, operations, f"{raw['short']} {source.name} 操作负责人", Role.DUTY_HOLDER, enterprise=enterprise
            )
            for post, person in zip(DutyPost.values, (main, technical, operations), strict=True):
                DutyHolder.objects.create(
                    enterprise=enterprise, source=row, person=person, post=post, valid_from=self.since
                )
        Camera.objects.create(code=f"{enterprise.code}V000", enterprise=enterprise, name="中控室", is_control_room=True)

    def _source(self, enterprise: Enterprise, gateway: Gateway, declared: DeclaredSource) -> HazardSource:
        source = HazardSource.objects.create(
            code=declared.code,
            enterprise=enterprise,
            name=declared.name,
            level=declared.level,
            substance=declared.substance,
            longitude=enterprise.longitude,
            latitude=enterprise.latitude,
        )
        Camera.objects.create(
            code=f"{declared.code}V001", enterprise=enterprise, source=source, name=f"{declared.name}全景"
        )
        devices = Device.objects.bulk_create(
            Device(
                code=device.code,
                enterprise=enterprise,
                source=source,
                name=device.name,
                kind=device.kind,
                medium=device.medium,
                medium_state=device.medium_state,
                location=f"{declared.name}",
            )
            for device in declared.devices
        )
        by_code = {device.code: device for device in devices}
        Point.objects.bulk_create(
            Point(
                code=point.code,
                enterprise=enterprise,
                source=source,
                device=by_code[point.device],
                gateway=gateway,
                tag=point.tag,
                name=point.name,
                kind=point.kind,
                gas=point.gas,
                unit=point.unit,
                range_min=point.range_min,
                range_max=point.range_max,
                ll=point.limits[0],
                l=point.limits[1],
                h=point.limits[2],
                hh=point.limits[3],
                deadband=point.deadband,
                period_s=self.period_s,
                no_data_s=max(30.0, 10 * self.period_s),
                decimals=point.decimals,
                registered_at=self.since,
            )
            for device in declared.devices
            for point in device.points
        )
        return source


def _names() -> Iterator[str]:
    """Invented names: 示例甲子, 示例甲丑, …"""
    for stem, branch in product(STEMS, BRANCHES):
        yield f"示例{stem}{branch}"

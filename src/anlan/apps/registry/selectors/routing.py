"""Gathers what the router needs to know of hazard sources: who holds which post, which agencies stand above.

The decision who receives what is made in `anlan.rules.routing`; here rows become its input, and its answers become
addresses again. A constant number of queries for any number of sources. Reads whatever the law makes it read, for the
machine: nothing here may be shown without a scope.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F

from anlan.apps.org import selectors as org
from anlan.apps.org.models import Agency, AgencyLevel, NationalRole, Person
from anlan.apps.registry.models import DutyHolder, Enterprise, HazardSource
from anlan.apps.rulebook import selectors as rulebook
from anlan.rules.calendar import civil_day
from anlan.rules.routing import Holder, Recipient, SourceContext, Unit, UnitLevel
from anlan.rules.rulebook import RulesInForce
from anlan.rules.settings import WarningSettings
from anlan.rules.slots import Slot


@dataclass(frozen=True, slots=True)
class Address:
    """Somebody or something that can be told: its routing id (``person:<code>`` …), its row's key, and its name."""

    id: str
    name: str
    person_id: int | None = None
    agency_id: int | None = None
    enterprise_id: int | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """One hazard source with everything that deciding about its warnings needs, as of one instant."""

    source: HazardSource
    enterprise: Enterprise
    context: SourceContext
    rules: RulesInForce
    settings: WarningSettings
    addresses: Mapping[str, Address]

    @property
    def chain(self) -> str:
        """The journal chain of the enterprise, which is also the lock of all decisions about it."""
        return f"enterprise:{self.enterprise.code}"

    def address(self, recipient: Recipient) -> Address:
        """The address behind a router's answer."""
        return self.addresses[recipient.id]


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """One enterprise with the agencies around it, for what is told about the enterprise as a whole."""

    enterprise: Enterprise
    context: SourceContext
    rules: RulesInForce
    settings: WarningSettings
    addresses: Mapping[str, Address]


def sources_named(codes: Collection[str]) -> list[int]:
    """The keys of the hazard sources with these codes; unknown codes are left out. Machine's own read."""
    rows = HazardSource.objects.by_the_machine().filter(code__in=list(codes))
    return list(rows.order_by("pk").values_list("pk", flat=True))


def surroundings(source_ids: Collection[int], at: datetime, *, holders: bool = True) -> dict[int, Surroundings]:
    """The surroundings of each hazard source at ``at``, by its key; an unknown key is left out.

    What is the same for all sources of an enterprise is worked out once; a batch may have a thousand sources. Without
    ``holders`` nobody's posts are read, for who asks for slots of agencies and enterprises only.
    """
    sources = list(HazardSource.objects.by_the_machine().filter(pk__in=set(source_ids)).order_by())
    homes = _homes({source.enterprise_id for source in sources}, at)
    posts = _posts(source_ids, at) if holders else {}
    return {source.pk: _gather(source, homes[source.enterprise_id], posts.get(source.pk, {})) for source in sources}


def neighbourhoods(enterprise_ids: Collection[int], at: datetime) -> dict[int, Neighbourhood]:
    """Who stands around each enterprise at ``at``, by its key, for what is about no single source; nobody's posts."""
    return {
        pk: Neighbourhood(
            home.enterprise, SourceContext(
                source="", enterprise=f"enterprise:{home.enterprise.code}", holders={}, **home.units
            ),
            home.rules, home.settings, home.addresses,
        )
        for pk, home in _homes(set(enterprise_ids), at).items()
    }  # fmt: skip


def _homes(enterprise_ids: set[int], at: datetime) -> dict[int, _Home]:
    enterprises = _enterprises(enterprise_ids)
    agencies = {agency.pk: agency for agency in org.with_national_desk(_above_all(enterprises))}
    casst = next((agency for agency in agencies.values() if agency.role == NationalRole.CASST), None)
    rules = rulebook.in_force({enterprise.supervisor_path for enterprise in enterprises}, civil_day(at))
    return {
        enterprise.pk: _home(enterprise, agencies, casst, rules[enterprise.supervisor_path])
        for enterprise in enterprises
    }


def _posts(source_ids: Collection[int], at: datetime) -> dict[int, dict[Slot, Address]]:
    """Who holds which post of each source; the newest where a post has two."""
    found: dict[int, dict[Slot, Address]] = {}
    in_force = DutyHolder.objects.by_the_machine().in_force(at).filter(source__in=set(source_ids))
    fields = ("source_id", "post", "person__code", "person__name", "person_id")
    for source_id, post, code, name, person_id in in_force.order_by("valid_from", "pk").values_list(*fields):
        found.setdefault(source_id, {})[Slot(post)] = Address(f"person:{code}", name, person_id=person_id)
    return found


def source_by_code(code: str) -> HazardSource | None:
    """One hazard source with its enterprise, for the machine's own work."""
    return HazardSource.objects.by_the_machine().select_related("enterprise").filter(code=code).first()


def source_by_id(pk: int) -> HazardSource:
    """One hazard source with its enterprise; an unknown key raises `HazardSource.DoesNotExist`."""
    return HazardSource.objects.by_the_machine().select_related("enterprise").get(pk=pk)


def posts_of(person: Person, at: datetime) -> dict[int, str]:
    """The sources that a person answers for at ``at``, each with the post in words (several posts joined by 、)."""
    held: dict[int, list[str]] = {}
    for holder in DutyHolder.objects.by_the_machine().in_force(at).filter(person=person).order_by("pk"):
        held.setdefault(holder.source_id, []).append(str(holder.get_post_display()))
    return {source_id: "、".join(posts) for source_id, posts in held.items()}


@dataclass(frozen=True, slots=True)
class _Home:
    """What all sources of one enterprise share."""

    enterprise: Enterprise
    units: Mapping[str, Unit | None]
    rules: RulesInForce
    settings: WarningSettings
    addresses: Mapping[str, Address]


def _enterprises(ids: set[int]) -> list[Any]:
    """Enterprises with the paths of the agencies that stand directly above them."""
    rows = Enterprise.objects.by_the_machine().filter(pk__in=ids).order_by()
    return list(
        rows.annotate(
            county_path=F("county__path"),
            supervisor_path=F("supervisor__path"),
            park_agency_id=F("park__agency_id"),
        )
    )


def _above_all(enterprises: Iterable[Any]) -> set[int]:
    """The keys of every agency that stands above one of the enterprises."""
    paths = {path for each in enterprises for path in (each.county_path, each.supervisor_path)}
    parks = {each.park_agency_id for each in enterprises if each.park_agency_id is not None}
    return {pk for path in paths for pk in _keys(path)} | parks


def _home(enterprise: Any, agencies: Mapping[int, Agency], casst: Agency | None, rules: RulesInForce) -> _Home:
    above = [agencies[pk] for pk in _keys(enterprise.county_path)]
    supervising = [agencies[pk] for pk in _keys(enterprise.supervisor_path)]
    levels = {
        "county": AgencyLevel.COUNTY,
        "city": AgencyLevel.CITY,
        "province": AgencyLevel.PROVINCE,
    }
    units = {name: _first(above, level) or _first(supervising, level) for name, level in levels.items()}
    units |= {"supervisor": supervising[0], "casst": casst, "park": agencies.get(enterprise.park_agency_id)}
    addresses = {
        f"agency:{agency.code}": Address(f"agency:{agency.code}", agency.name, agency_id=agency.pk)
        for agency in units.values()
        if agency is not None
    }
    own = f"enterprise:{enterprise.code}"
    addresses[own] = Address(own, enterprise.name, enterprise_id=enterprise.pk)
    named = {name: _unit(agency) for name, agency in units.items()}
    return _Home(enterprise, named, rules, WarningSettings.of(rules), addresses)


def _gather(source: HazardSource, home: _Home, holders: Mapping[Slot, Address]) -> Surroundings:
    context = SourceContext(
        source=source.code,
        enterprise=f"enterprise:{home.enterprise.code}",
        holders={post: Holder(address.id) for post, address in holders.items()},
        **home.units,
    )
    addresses = {**home.addresses, **{address.id: address for address in holders.values()}}
    return Surroundings(source, home.enterprise, context, home.rules, home.settings, addresses)


def _keys(path: str) -> list[int]:
    """The keys of an agency and of those above it, nearest first, from its path."""
    return [int(part) for part in reversed(path.strip("/").split("/"))]


def _first(chain: list[Agency], level: AgencyLevel) -> Agency | None:
    return next((agency for agency in chain if agency.level == level), None)


def _unit(agency: Agency | None) -> Unit | None:
    return None if agency is None else Unit(f"agency:{agency.code}", UnitLevel(agency.level), agency.role)


def addresses_of(ids: Collection[str]) -> dict[str, Address]:
    """Addresses by routing id, for recipients told earlier who no longer stand around the source."""
    codes: dict[str, list[str]] = {"person": [], "agency": [], "enterprise": []}
    for known in ids:
        kind, _, code = known.partition(":")
        codes[kind].append(code)
    found = [
        Address(f"person:{person.code}", person.name, person_id=person.pk) for person in org.persons(codes["person"])
    ]
    found += [
        Address(f"agency:{agency.code}", agency.name, agency_id=agency.pk)
        for agency in org.agencies(codes=codes["agency"])
    ]
    found += [
        Address(f"enterprise:{enterprise.code}", enterprise.name, enterprise_id=enterprise.pk)
        for enterprise in Enterprise.objects.by_the_machine().filter(code__in=codes["enterprise"])
    ]
    return {address.id: address for address in found}

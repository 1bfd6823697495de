"""Makes the world of a drill: real rows through the real models, in a database that is thrown away afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from anlan.apps.org.access import owner_of
from anlan.apps.org.actor import SYSTEM
from anlan.apps.org.models import Agency, AgencyLevel, Person, Region
from anlan.apps.org.stand import at_the_machine
from anlan.apps.registry.models import DutyHolder, Enterprise, HazardSource, Park
from anlan.apps.rulebook import services as rulebook
from anlan.drill.scenario import Scenario, ScenarioError
from anlan.rules.calendar import civil_day
from anlan.rules.rulebook import Override

SETTLED = timedelta(days=1)
"""How long before the start everything was registered."""


@dataclass
class Drilled:
    """The world of a running drill: rows by the ids of the file, and the file's words for the router's ids."""

    sources: dict[str, HazardSource] = field(default_factory=dict)
    order: dict[int, int] = field(default_factory=dict)
    """Place of each source in the file, for lines of one instant."""
    source_ids: dict[int, str] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    """``agency:zz`` → ``zz``, ``person:…`` → the name."""
    persons: dict[tuple[int, str], Person] = field(default_factory=dict)
    enterprises: dict[str, Enterprise] = field(default_factory=dict)
    """In the order of the file."""
    agencies: dict[str, Agency] = field(default_factory=dict)

    def add_source(self, key: str, source: HazardSource) -> None:
        self.order[source.pk] = len(self.sources)
        self.sources[key] = source
        self.source_ids[source.pk] = key

    def person(self, enterprise: Enterprise, name: str) -> Person:
        """The person of this name at this enterprise; made when first named."""
        found = self.persons.get((enterprise.pk, name))
        if found is None:
            found = Person.objects.create(code=f"drill-{len(self.persons) + 1}", name=name)
            self.persons[enterprise.pk, name] = found
            self.shown[f"person:{found.code}"] = name
        return found


def build(scenario: Scenario) -> Drilled:
    """Write the scenario's world and its settings. The database must be empty of enterprises."""
    if Enterprise.objects.by_the_machine().exists():
        raise ScenarioError("推演只在空库中进行")
    drilled = _demo(scenario) if scenario.world is None else _declared(scenario.world, scenario)
    if scenario.settings:
        settle(scenario.settings, scenario.start)
    return drilled


def settle(settings: dict[str, Any], start: datetime) -> None:
    """Other local settings (a regulation only stricter) for everybody from the day of ``start`` on."""
    for root in Agency.objects.by_the_machine().filter(parent__isnull=True):
        for key, value in settings.items():
            rulebook.refine(
                root,
                Override(
                    key,
                    tuple(value) if isinstance(value, list) else value,
                    root.code,
                    civil_day(start),
                    document="推演",
                ),
                by=at_the_machine(SYSTEM, owner_of(root), start - SETTLED),
                at=start - SETTLED,
            )


def _demo(scenario: Scenario) -> Drilled:
    from anlan.testing.demo import world

    world.load(scenario.start)
    drilled = Drilled()
    for agency in Agency.objects.by_the_machine():
        drilled.shown[f"agency:{agency.code}"] = agency.code
        drilled.agencies[agency.code] = agency
    for enterprise in Enterprise.objects.by_the_machine():
        drilled.shown[f"enterprise:{enterprise.code}"] = enterprise.code
        drilled.enterprises[enterprise.code] = enterprise
    for source in HazardSource.objects.by_the_machine().select_related("enterprise").order_by("code"):
        drilled.add_source(source.code, source)
    for holder in DutyHolder.objects.by_the_machine().select_related("person"):
        drilled.persons[holder.enterprise_id, holder.person.name] = holder.person
        drilled.shown[f"person:{holder.person.code}"] = holder.person.name
    for event in scenario.events:
        if event.fields.get("source") not in {None, *drilled.sources}:
            raise ScenarioError(f"第 {event.index + 1} 个事件的危险源 {event.fields['source']} 不在示例世界中")
        if event.fields.get("enterprise") not in {None, *drilled.enterprises}:
            raise ScenarioError(f"第 {event.index + 1} 个事件的企业 {event.fields['enterprise']} 不在示例世界中")
    return drilled


def _declared(world: dict[str, Any], scenario: Scenario) -> Drilled:
    drilled = Drilled()
    region = Region.objects.create(code="999999", name="推演")
    agencies: dict[str, Agency] = {}
    for raw in world.get("agencies") or []:
        agency = Agency(
            code=raw["id"],
            name=raw.get("name") or raw["id"],
            level=raw["level"],
            role=raw.get("role") or "",
            parent=agencies.get(raw.get("parent") or ""),
        )
        agency.save()
        agencies[raw["id"]] = agency
        drilled.shown[f"agency:{agency.code}"] = raw["id"]
        drilled.agencies[raw["id"]] = agency
    for number, raw in enumerate(world.get("enterprises") or [], 1):
        enterprise = _enterprise(raw, number, agencies, region)
        drilled.shown[f"enterprise:{enterprise.code}"] = raw["id"]
        drilled.enterprises[raw["id"]] = enterprise
        if raw.get("principal") is not None:
            enterprise.principal = drilled.person(enterprise, str(raw["principal"]))
            enterprise.save(update_fields=["principal"])
        for place, item in enumerate(raw.get("sources") or [], 1):
            source = HazardSource.objects.create(
                code=f"{enterprise.code}{place:03d}",
                enterprise=enterprise,
                name=item.get("name") or item["id"],
                level=str(item.get("level", "1")),
            )
            drilled.add_source(item["id"], source)
            for post, name in (item.get("holders") or {}).items():
                if name is not None:
                    DutyHolder.objects.create(
                        enterprise=enterprise,
                        source=source,
                        person=drilled.person(enterprise, str(name)),
                        post=post,
                        valid_from=scenario.start - SETTLED,
                    )
    return drilled


def _enterprise(raw: dict[str, Any], number: int, agencies: dict[str, Agency], region: Region) -> Enterprise:
    supervisor = agencies[raw.get("supervisor") or raw["county"]]
    county = agencies[raw["county"]] if raw.get("county") else _county_of(supervisor)
    park = agencies[raw["park"]] if raw.get("park") else None
    if park is not None and park.level != AgencyLevel.PARK:
        raise ScenarioError(f"企业 {raw['id']} 的 park {park.code} 不是园区机构")
    area = None
    if park is not None:
        area, _ = Park.objects.get_or_create(
            code=park.code, defaults={"name": park.name, "county": county, "agency": park}
        )
    return Enterprise.objects.create(
        code=f"{999_999_000 + number:09d}",
        name=raw.get("name") or raw["id"],
        region=region,
        county=county,
        park=area,
        supervisor=supervisor,
        kinds=list(raw.get("kinds") or []),
    )


def _county_of(agency: Agency) -> Agency:
    """The county above a supervisor; the supervisor itself where the file has none, so that nobody is invented."""
    above: Agency | None = agency
    while above is not None:
        if above.level == AgencyLevel.COUNTY:
            return above
        above = above.parent
    return agency

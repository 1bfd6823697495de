"""Who exactly receives a warning, a notice, a site order (U1).

Pure: everything known about the place comes in as a `SourceContext`, ids go out. Only what an article or a named
setting puts into a slot is ever listed; towns, groups, the registration centre and the ministry itself never are.
An unfilled slot is a gap to be recorded, never a reason not to tell the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from anlan.rules import warning_handling
from anlan.rules.ladder import Ladder
from anlan.rules.level import Level
from anlan.rules.rulebook import RulesInForce, load
from anlan.rules.settings import CpSlot, WarningSettings
from anlan.rules.slots import POSTS, Slot


class UnitLevel(StrEnum):
    """The level of an agency."""

    MINISTRY = "ministry"
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    PARK = "park"
    TOWN = "town"


CASST_ROLE = "nat.casst"
"""The role of the ministry's warning centre, the only national recipient (Q-08)."""


@dataclass(frozen=True, slots=True)
class Unit:
    """An agency: its id, its level and, at the ministry, its role."""

    id: str
    level: UnitLevel
    role: str = ""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who fills a duty holder's post. While somebody acts for the holder, that person is the one who is told."""

    person: str | None
    acting: str | None = None

    @property
    def effective(self) -> str | None:
        return self.acting or self.person


VACANT = Holder(None)


@dataclass(frozen=True, slots=True)
class SourceContext:
    """What routing needs to know about one hazard source, at one instant.

    `county` is the county-level authority of the place, `supervisor` the registered supervising authority, `park` the
    park's own agency (None when the enterprise is in no park or its park has no agency).
    """

    source: str
    enterprise: str
    supervisor: Unit | None
    county: Unit | None
    city: Unit | None
    province: Unit | None
    casst: Unit | None
    park: Unit | None = None
    holders: Mapping[Slot, Holder] = field(default_factory=dict)

    def holder(self, post: Slot) -> str | None:
        """The id of who fills the post now, or None."""
        return self.holders.get(post, VACANT).effective

    @property
    def holder_ids(self) -> frozenset[str]:
        """Everyone who fills one of the three posts now."""
        return frozenset(person for post in POSTS if (person := self.holder(post)) is not None)


class RecipientKind(StrEnum):
    """What kind of thing an id is."""

    PERSON = "person"
    AGENCY = "agency"
    ENTERPRISE = "enterprise"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient and the slot that names it. `copy` marks a local setting's addition to what the article says."""

    id: str
    kind: RecipientKind
    slot: Slot
    copy: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """A slot that an article names and nobody fills: a finding (包保责任人缺失 for a post)."""

    slot: Slot

    @property
    def is_post(self) -> bool:
        return self.slot in POSTS


def resolve_slot(slot: Slot, ctx: SourceContext, settings: WarningSettings) -> list[Recipient]:
    """Everyone in a slot, sorted by id; empty when nobody fills it."""
    if slot in POSTS:
        person = ctx.holder(slot)
        return [] if person is None else [Recipient(person, RecipientKind.PERSON, slot)]
    if slot is Slot.ENTERPRISE:
        return [Recipient(ctx.enterprise, RecipientKind.ENTERPRISE, slot)]
    units = {unit.id for unit in _units(slot, ctx, settings) if unit is not None}
    found = [Recipient(unit, RecipientKind.AGENCY, slot) for unit in units]
    county = _of(ctx.county, UnitLevel.COUNTY)
    if slot is Slot.COUNTY_PARK and settings.copy_to_county and county is not None and county.id not in units:
        found.append(Recipient(county.id, RecipientKind.AGENCY, slot, copy=True))
    return sorted(found, key=lambda recipient: recipient.id)


def recipients(
    level: Level, ctx: SourceContext, settings: WarningSettings, rules: RulesInForce | None = None
) -> list[Recipient]:
    """第五至七条: everyone a warning of this level is sent to, each once, sorted by id."""
    slots = warning_handling.recipient_slots(level, rules or load(), settings)
    return _each_once(found for slot in slots for found in resolve_slot(slot, ctx, settings))


def gaps(level: Level, ctx: SourceContext, settings: WarningSettings, rules: RulesInForce | None = None) -> list[Gap]:
    """The slots of this level that nobody fills; each is a finding, and the others are told all the same (WRN-03).

    [reading] Stands on the page that lays law beside code (docs/explanation/law.md).
    """
    slots = warning_handling.recipient_slots(level, rules or load(), settings)
    return [Gap(slot) for slot in slots if not resolve_slot(slot, ctx, settings)]


def step_recipients(ladder: Ladder, ctx: SourceContext, settings: WarningSettings) -> list[Recipient]:
    """第十至十二条: who gets the notices of a clock, by its own ladder: always the level below the tracker.

    The copy of an orange notice to the enterprise is a local setting and says so (`Recipient.copy`).
    """
    found = resolve_slot(ladder.notice_to, ctx, settings)
    if ladder.level is Level.ORANGE and settings.orange_copy_to_enterprise:
        found.append(Recipient(ctx.enterprise, RecipientKind.ENTERPRISE, Slot.ENTERPRISE, copy=True))
    return _each_once(found)


def tracker(level: Level, ctx: SourceContext, rules: RulesInForce | None = None) -> Unit | None:
    """第十至十二条: the one agency that tracks this level and organises its site order; None at blue, or unfilled."""
    ladder = warning_handling.ladder_for(level, rules or load())
    return None if ladder is None else order_unit(ladder.order_by, ctx)


def order_unit(slot: Slot, ctx: SourceContext) -> Unit | None:
    """The one agency that a tracker slot of a ladder snapshot means now.

    [reading] Stands on the page that lays law beside code (docs/explanation/law.md).
    """
    match slot:
        case Slot.SUPERVISOR:
            return _supervisor(ctx)
        case Slot.CITY:
            return _of(ctx.city, UnitLevel.CITY)
        case Slot.PROVINCE:
            return _of(ctx.province, UnitLevel.PROVINCE)
        case _:
            raise ValueError(f"slot {slot} is no tracker")


def overdue_report_recipients(ctx: SourceContext, settings: WarningSettings) -> list[Recipient]:
    """第九条 [reading]: a report that did not come is an item of the county/park slot (WRN-08)."""
    return resolve_slot(Slot.COUNTY_PARK, ctx, settings)


def listed(found: Iterable[Recipient]) -> list[str]:
    """The ids alone, each once, sorted: what a timeline shows as `to`."""
    return sorted({recipient.id for recipient in found})


def _units(slot: Slot, ctx: SourceContext, settings: WarningSettings) -> tuple[Unit | None, ...]:
    match slot:
        case Slot.COUNTY_PARK:
            return _county_park(ctx, settings)
        case Slot.SUPERVISOR:
            return (_supervisor(ctx),)
        case Slot.CITY:
            return (_of(ctx.city, UnitLevel.CITY),)
        case Slot.PROVINCE:
            return (_of(ctx.province, UnitLevel.PROVINCE),)
        case Slot.NATIONAL_DESK:
            desk = _of(ctx.casst, UnitLevel.MINISTRY)
            return (desk if desk is not None and desk.role == CASST_ROLE else None,)
        case Slot.MAIN | Slot.TECHNICAL | Slot.OPERATIONS | Slot.ENTERPRISE:
            return ()


def _county_park(ctx: SourceContext, settings: WarningSettings) -> tuple[Unit | None, ...]:
    county, park = _county_part(ctx), _park_part(ctx)
    match settings.cp_slot:
        case CpSlot.BOTH:
            return (county, park)
        case CpSlot.SUPERVISOR_ONLY:
            return (_supervisor(ctx),)
        case CpSlot.PARK_FIRST:
            return (park or county,)


def _county_part(ctx: SourceContext) -> Unit | None:
    return _of(ctx.supervisor, UnitLevel.COUNTY) or _of(ctx.county, UnitLevel.COUNTY)


def _park_part(ctx: SourceContext) -> Unit | None:
    return _of(ctx.park, UnitLevel.PARK) or _of(ctx.supervisor, UnitLevel.PARK)


def _supervisor(ctx: SourceContext) -> Unit | None:
    # A supervisor outside the slot (a town, a group, nobody) cannot track: the county does, as the article says.
    return _of(ctx.supervisor, UnitLevel.COUNTY, UnitLevel.PARK) or _county_part(ctx) or _park_part(ctx)


def _of(unit: Unit | None, *allowed: UnitLevel) -> Unit | None:
    return unit if unit is not None and unit.level in allowed else None


def _each_once(found: Iterable[Recipient]) -> list[Recipient]:
    first: dict[str, Recipient] = {}
    for recipient in found:
        first.setdefault(recipient.id, recipient)
    return sorted(first.values(), key=lambda recipient: recipient.id)

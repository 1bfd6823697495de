"""Whose contacts and deputies a person keeps: their own, those of their duty desk, deputies of their colleagues.

Everybody sees and changes their own. A unit's desk is kept by its administrators and duty officers, in an enterprise by
its principal and safety officers (local setting).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from anlan.apps.accounts import selectors as entitlements
from anlan.apps.accounts.models import User
from anlan.apps.delivery import selectors
from anlan.apps.delivery.models import Contact
from anlan.apps.delivery.services import Whom, whom_of
from anlan.apps.org import selectors as org
from anlan.apps.org.entitled import AGENCY_KEEPERS, ENTERPRISE_KEEPERS
from anlan.apps.org.models import Deputy, Person
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import Enterprise
from anlan.apps.registry.selectors import staff


@dataclass
class Owner:
    """Somebody whose contacts the person keeps, with these contacts."""

    whom: Whom
    title: str
    note: str = ""
    contacts: list[Contact] = field(default_factory=list)

    @property
    def key(self) -> str:
        """As forms name it: ``person-5``."""
        return f"{self.whom[0]}-{self.whom[1]}"


@dataclass
class Keeping:
    """The units of a person, and for whose deputies they may speak."""

    owners: list[Owner]
    for_whom: list[Person]
    colleagues: list[Person]

    def owner(self, key: str) -> Owner | None:
        return next((each for each in self.owners if each.key == key), None)

    def deputies(self, now: datetime) -> list[Deputy]:
        return org.deputies_of([each.pk for each in self.for_whom], now)


def keeping_of(user: User, scope: Scope, now: datetime) -> Keeping:
    """What the log-in keeps now; a fixed number of queries."""
    owners: list[Owner] = []
    if user.person is not None:
        owners.append(Owner(("person", user.person.pk), _("我的联系方式"), _registered(user.person)))
    agencies, enterprises, kept_agencies, kept_enterprises = set(), set(), {}, set()
    for grant in entitlements.grants_of(user, now):
        if grant.agency is not None:
            agencies.add(grant.agency.pk)
            if grant.role in AGENCY_KEEPERS:
                kept_agencies[grant.agency.pk] = grant.agency
        elif grant.enterprise_id is not None:
            enterprises.add(grant.enterprise_id)
            if grant.role in ENTERPRISE_KEEPERS:
                kept_enterprises.add(grant.enterprise_id)
    for agency in kept_agencies.values():
        phone = _("登记的值班电话：%(phone)s") % {"phone": agency.duty_phone} if agency.duty_phone else ""
        owners.append(Owner(("agency", agency.pk), _desk(agency.name), phone))
    for enterprise in Enterprise.objects.visible_to(scope).filter(pk__in=kept_enterprises):
        owners.append(Owner(("enterprise", enterprise.pk), _desk(enterprise.name)))
    for row in selectors.contacts_in(scope, [owner.whom for owner in owners]):
        next(owner for owner in owners if owner.whom == whom_of(row)).contacts.append(row)
    staff_there = staff.serving_in(enterprises, now) if enterprises else []
    posted_there = org.serving_in(agencies, now) if agencies else []
    may = [user.person] if user.person is not None else []
    if kept_enterprises:
        may += staff.serving_in(kept_enterprises, now)
    if kept_agencies:
        may += org.serving_in(kept_agencies, now)
    return Keeping(owners, list({each.pk: each for each in may}.values()), [*staff_there, *posted_there])


def _desk(name: str) -> str:
    return _("%(name)s 24 小时值班台") % {"name": name}


def _registered(person: Person) -> str:
    known = [each for each in (person.phone, person.email) if each]
    return _("登记信息 %(known)s 自动用于需要电话或邮箱的渠道") % {"known": "、".join(known)} if known else ""

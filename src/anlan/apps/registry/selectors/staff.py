"""Who serves in which enterprise, and what of it a scope opens."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q, QuerySet

from anlan.apps.org import selectors as org
from anlan.apps.org.models import Person
from anlan.apps.org.scope import Scope
from anlan.apps.registry.models import DutyHolder, DutyPost, Employment, Enterprise


def enterprises_of(person_id: int, at: datetime) -> list[Enterprise]:
    """The enterprises in which a person is employed or holds a duty at ``at``. For the machine's own work."""
    in_force = Q(Q(valid_until__isnull=True) | Q(valid_until__gt=at), valid_from__lte=at, person=person_id)
    employed = Employment.objects.by_the_machine().filter(in_force).values("enterprise")
    holding = DutyHolder.objects.by_the_machine().filter(in_force).values("enterprise")
    return list(Enterprise.objects.by_the_machine().filter(Q(pk__in=employed) | Q(pk__in=holding)))


def first_enterprises_of(person_ids: Collection[int], at: datetime) -> dict[int, Enterprise]:
    """For each of these persons the first of `enterprises_of`; who has none is left out. Three queries for all."""
    in_force = Q(Q(valid_until__isnull=True) | Q(valid_until__gt=at), valid_from__lte=at, person__in=list(person_ids))
    pairs = set(Employment.objects.by_the_machine().filter(in_force).values_list("person", "enterprise"))
    pairs |= set(DutyHolder.objects.by_the_machine().filter(in_force).values_list("person", "enterprise"))
    known = Enterprise.objects.by_the_machine().in_bulk({enterprise for _person, enterprise in pairs})
    found: dict[int, Enterprise] = {}
    for person, enterprise in sorted(pairs, key=lambda pair: known[pair[1]].code):
        found.setdefault(person, known[enterprise])
    return found


def enterprises_in(scope: Scope) -> QuerySet[Enterprise]:
    """The enterprises that a scope opens."""
    return Enterprise.objects.visible_to(scope)


def of_staff(scope: Scope) -> Q:
    """Rows whose ``person`` serves or served in an enterprise that the scope opens."""
    return (
        Q(person__in=Employment.objects.visible_to(scope).values("person"))
        | Q(person__in=DutyHolder.objects.visible_to(scope).values("person"))
        | Q(person__in=enterprises_in(scope).values("principal"))
    )


def serving_in(enterprise_ids: Collection[int], at: datetime) -> list[Person]:
    """Persons who are employed or hold a duty in one of these enterprises at ``at``, in the order of their codes."""
    in_force = Q(Q(valid_until__isnull=True) | Q(valid_until__gt=at), valid_from__lte=at)
    in_force &= Q(enterprise__in=list(enterprise_ids))
    employed = Employment.objects.by_the_machine().filter(in_force).values_list("person", flat=True)
    holding = DutyHolder.objects.by_the_machine().filter(in_force).values_list("person", flat=True)
    return sorted(org.persons_by_id({*employed, *holding}), key=lambda person: person.code)


def principals_of(enterprises: Collection[Enterprise], at: datetime) -> dict[int, Person]:
    """主要负责人 of each enterprise, by its key: the registered one, else the main duty holder of its first source at
    ``at``; who has neither is left out. Two queries."""
    known = org.persons_by_id({each.principal_id for each in enterprises if each.principal_id is not None})
    by_key = {person.pk: person for person in known}
    found = {each.pk: by_key[each.principal_id] for each in enterprises if each.principal_id is not None}
    without = [each.pk for each in enterprises if each.pk not in found]
    holders = DutyHolder.objects.by_the_machine().in_force(at).filter(enterprise__in=without, post=DutyPost.MAIN)
    for holder in holders.select_related("person", "source").order_by("source__code", "valid_from", "pk"):
        found.setdefault(holder.enterprise_id, holder.person)
    return found

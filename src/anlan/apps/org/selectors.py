"""What other apps read of agencies and persons for the machine's own work; pages use `visible_to`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import CharField, F, Q, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, Concat

from anlan.apps.org.models import Agency, AgencyLevel, Deputy, NationalRole, Person, Post, Region
from anlan.apps.org.scope import Scope


def agencies(ids: Collection[int] = (), codes: Collection[str] = ()) -> list[Agency]:
    """Agencies by key or code; unknown ones are left out."""
    rows = Agency.objects.by_the_machine()
    return list(rows.filter(pk__in=list(ids)) | rows.filter(code__in=list(codes)))


def agencies_visible(scope: Scope) -> QuerySet[Agency]:
    """The agencies that a person may see, for queries of other apps about what belongs to agencies."""
    return Agency.objects.visible_to(scope)


def with_national_desk(ids: Collection[int]) -> list[Agency]:
    """Agencies by key, and the ministry's warning centre, the only national recipient of warnings (Q-08)."""
    wanted = Q(pk__in=list(ids)) | Q(role=NationalRole.CASST)
    return list(Agency.objects.by_the_machine().filter(wanted).order_by("path"))


def of_level(level: str) -> list[Agency]:
    """Every agency of one level, in order of its path."""
    return list(Agency.objects.by_the_machine().filter(level=level).order_by("path"))


def provinces_of(paths: Collection[str]) -> dict[str, int | None]:
    """By each of these paths the key of the province that it lies in; None for one that lies in none. One query."""
    provinces = {str(each.pk): each.pk for each in of_level(AgencyLevel.PROVINCE)}
    return {
        path: next((provinces[part] for part in path.strip("/").split("/") if part in provinces), None)
        for path in paths
    }


def misplaced() -> list[str]:
    """Codes of agencies whose path is not their superior's and their own key: what they see and who sees them is not
    what the register says. One query; what stands below such an agency and agrees with it is not named."""
    right = Concat(Coalesce("parent__path", Value("/")), Cast("pk", CharField()), Value("/"))
    rows = Agency.objects.by_the_machine().alias(right=right).exclude(path=F("right"))
    return list(rows.order_by("code").values_list("code", flat=True))


def seated(role: str) -> Agency | None:
    """Who holds a national seat; None while it is vacant. The first by path where old data has two."""
    return Agency.objects.by_the_machine().filter(role=role).order_by("path").first()


def persons(codes: Collection[str]) -> list[Person]:
    """Persons by code; unknown ones are left out."""
    return list(Person.objects.filter(code__in=list(codes)))


def persons_named(name: str) -> list[Person]:
    """Everybody who bears this name."""
    return list(Person.objects.filter(name=name))


def persons_by_id(ids: Collection[int]) -> list[Person]:
    """Persons by key; unknown ones are left out."""
    return list(Person.objects.filter(pk__in=list(ids))) if ids else []


def deputies(person_id: int, at: datetime) -> list[Deputy]:
    """Who stands in for this person at ``at``, the oldest declaration first."""
    return list(Deputy.objects.in_force(at).filter(person=person_id).select_related("deputy"))


def standing_in_for(person_ids: Collection[int], at: datetime) -> list[Deputy]:
    """Who stands in for these persons at ``at``, the latest declaration first."""
    rows = Deputy.objects.in_force(at).filter(person__in=list(person_ids)).select_related("deputy")
    return list(rows.order_by("-declared_at", "-pk"))


def deputies_between(person_ids: Collection[int], first: datetime, last: datetime) -> list[Deputy]:
    """Deputies of persons declared away whose time meets [first, last], the oldest declaration first."""
    rows = Deputy.objects.filter(person__in=list(person_ids), is_away=True, valid_from__lte=last)
    rows = rows.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=first))
    return list(rows.select_related("deputy"))


def regions_with(codes: Collection[str]) -> list[Region]:
    """Regions by code; unknown ones are left out."""
    return list(Region.objects.select_related("parent").filter(code__in=list(codes)))


def agencies_with(codes: Collection[str]) -> list[Agency]:
    """Agencies by code with their parents and regions, for the system's own work; unknown ones are left out."""
    rows = Agency.objects.by_the_machine().filter(code__in=list(codes))
    return list(rows.select_related("parent", "region"))


def place_of(person: Person, agency: Agency) -> Post | None:
    """The place that a person holds in an agency now; None without one."""
    rows = Post.objects.filter(person=person, agency=agency, valid_until__isnull=True)
    return rows.select_related("section").order_by("-valid_from", "-pk").first()


def regions() -> list[Region]:
    """All regions in order of their codes."""
    return list(Region.objects.select_related("parent"))


def agencies_in(scope: Scope) -> list[Agency]:
    """The agencies of a scope, upper ones first."""
    return list(Agency.objects.visible_to(scope).select_related("parent", "region").order_by("path"))


def places_in(agencies: Collection[Agency]) -> list[Post]:
    """Everyone's places in these agencies now."""
    rows = Post.objects.filter(agency__in=[agency.pk for agency in agencies], valid_until__isnull=True)
    return list(rows.select_related("person", "agency", "section").order_by("agency__path", "person__code"))


def has_place_within(person: Person, paths: Collection[str], *, ever: bool = False) -> bool:
    """Whether a person has a place in an agency below one of the paths; with ``ever`` also one that ended."""
    inside = Q(pk__in=[])
    for path in paths:
        inside |= Q(agency__path__startswith=path)
    posts = person.posts.filter(inside)
    return bool((posts if ever else posts.filter(valid_until__isnull=True)).exists())


def agencies_of(person_id: int, at: datetime) -> list[Agency]:
    """The agencies in which a person holds a post at ``at``."""
    posts = Post.objects.filter(_in_force(at), person=person_id)
    return list(Agency.objects.by_the_machine().filter(pk__in=posts.values("agency")))


def first_agencies_of(person_ids: Collection[int], at: datetime) -> dict[int, Agency]:
    """For each of these persons the first agency by path in which they hold a post at ``at``; one query."""
    posts = Post.objects.filter(_in_force(at), person__in=list(person_ids)).select_related("agency")
    found: dict[int, Agency] = {}
    for post in posts.order_by("agency__path"):
        found.setdefault(post.person_id, post.agency)
    return found


def holding(role: str, agency_id: int, at: datetime) -> list[Person]:
    """Who holds a post of this role in this agency at ``at``, in the order of their codes."""
    posts = Post.objects.filter(_in_force(at), agency=agency_id, role=role)
    return list(Person.objects.filter(pk__in=posts.values("person")))


def serving_in(agency_ids: Collection[int], at: datetime) -> list[Person]:
    """Persons who hold a post in one of these agencies at ``at``, in the order of their codes."""
    posts = Post.objects.filter(_in_force(at), agency__in=list(agency_ids))
    return list(Person.objects.filter(pk__in=posts.values("person")))


def deputies_of(person_ids: Collection[int], at: datetime) -> list[Deputy]:
    """Deputies of these persons whose time is not over at ``at``, the soonest first."""
    rows = Deputy.objects.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=at), person__in=list(person_ids))
    return list(rows.select_related("person", "deputy"))


def serving_under(paths: Collection[str]) -> QuerySet[Person]:
    """Persons who hold or held a post in an agency under one of these paths."""
    under = Q(pk__in=[])
    for path in paths:
        under |= Q(agency__path__startswith=path)
    return Person.objects.filter(pk__in=Post.objects.filter(under).values("person"))


def _in_force(at: datetime) -> Q:
    return Q(Q(valid_until__isnull=True) | Q(valid_until__gt=at), valid_from__lte=at)

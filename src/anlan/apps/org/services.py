"""What changes agencies and persons for the register: places that begin and end by date, nothing is deleted."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from anlan.apps.journal import services as journal
from anlan.apps.org.actor import Actor
from anlan.apps.org.models import Agency, Person, Post, Section

PATHS_SET = "agency_paths_set"


def begin_post(person: Person, agency: Agency, role: str, section: str, at: datetime) -> None:
    """Give a person a place in an agency from ``at`` on; another role or desk there ends the former place.

    The same place again changes nothing.
    """
    desk = Section.objects.get_or_create(agency=agency, name=section)[0] if section else None
    current = Post.objects.filter(person=person, agency=agency, valid_until__isnull=True).first()
    if current is not None and current.role == role and current.section_id == (desk.pk if desk else None):
        return
    if current is not None:
        current.valid_until = at
        current.save(update_fields=["valid_until"])
    Post.objects.create(person=person, agency=agency, section=desk, role=role, valid_from=at)


@transaction.atomic
def set_paths(*, by: Actor, at: datetime) -> list[str]:
    """Give every agency the path that its superiors make, from the top down; the codes of those that had another one.

    Journaled once when there were any; a repeat finds none. Whoever has no way to the top (superiors in a ring, which
    no workbook makes) stays as it is.
    """
    below: dict[int | None, list[Agency]] = {}
    for agency in Agency.objects.by_the_machine().select_for_update().order_by("pk"):
        below.setdefault(agency.parent_id, []).append(agency)
    wrong: list[Agency] = []
    standing = [(agency, "/") for agency in below.get(None, [])]
    for agency, above in standing:  # grows while it is walked
        right = f"{above}{agency.pk}/"
        standing += [(each, right) for each in below.get(agency.pk, [])]
        if agency.path != right:
            agency.path = right
            wrong.append(agency)
    codes = [agency.code for agency in wrong]
    if wrong:
        journal.record("installation", PATHS_SET, at=at, actor=by.id, subject="agencies", after={"agencies": codes})
    for agency in wrong:
        Agency.objects.by_the_machine().filter(pk=agency.pk).update(path=agency.path)
    return codes

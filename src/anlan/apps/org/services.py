"""What changes agencies and persons for the register: places that begin and end by date, nothing is deleted."""

from __future__ import annotations

from datetime import datetime

from anlan.apps.org.models import Agency, Person, Post, Section


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

"""What changes the registry: points and their limits, duty holders, gateway keys. Every change is journaled.

Rows are versioned by the journal and by dates; nothing is deleted. Upper apps learn of a change of holders through
the handlers they registered here.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from anlan.apps.journal import services as journal
from anlan.apps.org.actor import Actor
from anlan.apps.org.models import Person
from anlan.apps.registry.admission import admit as admit
from anlan.apps.registry.models import Camera, DutyHolder, Employment, Enterprise, Gateway, HazardSource, Point
from anlan.apps.registry.revising import UNSAID as UNSAID
from anlan.apps.registry.revising import Why as Why
from anlan.apps.registry.revising import came as came
from anlan.apps.registry.revising import keep_first as keep_first
from anlan.apps.registry.revising import on_change as on_change
from anlan.apps.registry.revising import plain as plain
from anlan.apps.registry.revising import revise as revise
from anlan.refused import Refused

LIMITS = ("ll", "l", "h", "hh", "deadband", "on_delay_s", "off_delay_s", "flatline_s", "no_data_s", "unit")
"""Fields of a point whose every change stands in the journal (DQ-12)."""
DESCRIPTION = (
    "device", "source", "gateway", "tag", "name", "kind", "gas", "range_min", "range_max", "period_s", "decimals",
    "missing", "is_active",
)  # fmt: skip
"""The other fields of a point that may be changed."""

KEY_ISSUED, LIMITS_REGISTERED = "gateway_key_issued", "limits_registered"
HOME = ("gateway", "is_active")
HOME_CHANGED = "point_home_changed"
"""Act: a point was moved to another gateway, switched off or on; before and after as `home_of` gives them."""

HolderHandler = Callable[[HazardSource, datetime], None]
_on_holder_change: list[HolderHandler] = []


def on_holder_change(handler: HolderHandler) -> None:
    """Call ``handler(source, at)`` inside the transaction of every change of duty holders."""
    if handler not in _on_holder_change:
        _on_holder_change.append(handler)


def register_point(values: dict[str, Any], *, by: Actor, at: datetime) -> Point:
    """Add a point after all checks of 数据质量办法 第四、五条. Raises `Refused` with every fault; adds nothing then."""
    with transaction.atomic():
        point = add_point(values, at=at)
        keep_first([came(point.enterprise, f"point:{point.code}", values, by=by, at=at)])
        _journal(point.enterprise, "point_registered", point.code, at, by, None, limits_of(point))
    return point


def add_point(values: dict[str, Any], *, at: datetime) -> Point:
    """As `register_point`, for a caller that journals the whole of what it adds to an enterprise as one act."""
    point = Point(**values, registered_at=at)
    admit(point)
    point.save(force_insert=True)
    return point


def change_limits(point: Point, *, by: Actor, at: datetime, why: Why = UNSAID, **changes: Any) -> Point:
    """Change limits, deadband or delays of a point; old and new stand in the journal (DQ-12).

    Raises `Refused` when the result would not be logical; the point stays as it was.
    """
    unknown = set(changes) - set(LIMITS)
    if unknown:
        raise Refused(f"不能修改：{'、'.join(sorted(unknown))}")
    return change_point(point, by=by, at=at, why=why, **changes)


def change_point(point: Point, *, by: Actor, at: datetime, why: Why = UNSAID, **changes: Any) -> Point:
    """Change anything of a point but its code and enterprise; what changes of its limits stands in the journal, and
    which gateway it is of: samples that are read only later are still those of their time (`selectors.homes`).

    Raises `Refused` when the result would not be logical; the point stays as it was.
    """
    with transaction.atomic():
        _hold(point.enterprise)
        current = Point.objects.by_the_machine().select_for_update().get(pk=point.pk)
        before, moves = limits_of(current), set(changes) & set(HOME)
        was = {name: getattr(current, name, None) for name in changes}
        home = home_of(current) if moves else None
        unknown = set(changes) - {*LIMITS, *DESCRIPTION}
        if unknown:
            raise Refused(f"不能修改：{'、'.join(sorted(unknown))}")
        for name, value in changes.items():
            setattr(current, name, value)
        admit(current)
        current.revision += 1
        revision = revise(current.enterprise, f"point:{current.code}", was, changes, by=by, at=at, why=why)
        if revision is not None and set(revision.after) & set(LIMITS):
            current.valid_from = revision.valid_from
        current.save(update_fields=[*changes, "revision", "valid_from"])
        if set(changes) & set(LIMITS):
            _journal(current.enterprise, "limits_changed", current.code, at, by, before, limits_of(current))
        if moves:
            _journal(current.enterprise, HOME_CHANGED, current.code, at, by, home, home_of(current))
    return current


def camera_seen(camera: Camera, *, seen_at: datetime | None, down_since: datetime | None) -> None:
    """Keep when a camera was last seen, and since when it is down; no change of the register. For upper apps."""
    camera.last_seen_at, camera.down_since = seen_at, down_since
    camera.save(update_fields=["last_seen_at", "down_since"])


def replace_holder(
    source: HazardSource, post: str, person: Person | None, *, by: Actor, at: datetime, why: Why = UNSAID
) -> None:  # fmt: skip
    """End the current holder of a post at ``at`` and, when ``person`` is given, begin with them.

    The same person again changes nothing. Upper apps inform the new holder of an open warning at once (WRN-20).
    """
    with transaction.atomic():
        _hold(source.enterprise)
        holders = DutyHolder.objects.by_the_machine().select_for_update()
        current = holders.filter(source=source, post=post, valid_until__isnull=True).first()
        if current is not None and person is not None and current.person_id == person.pk:
            return
        if current is not None:
            current.valid_until = at
            current.save(update_fields=["valid_until"])
        if person is not None:
            DutyHolder.objects.create(
                enterprise_id=source.enterprise_id, source=source, person=person, post=post, valid_from=at
            )
        before = {"post": post, "person": current.person.code if current else None}
        after = {"post": post, "person": person.code if person else None}
        subject, was = f"holder:{source.code}/{post}", {"person": before["person"]}
        revise(source.enterprise, subject, was, {"person": after["person"]}, by=by, at=at, why=why)
        _journal(source.enterprise, "holder_replaced", source.code, at, by, before, after)
        for handler in _on_holder_change:
            handler(source, at)


def issue_gateway_key(gateway: Gateway, *, by: Actor, at: datetime) -> str:
    """Make a new key, keep only its SHA-256, and return the key: it is shown this once. The old key ends at once."""
    key = secrets.token_urlsafe(30)
    with transaction.atomic():
        _hold(gateway.enterprise)
        digest = hashlib.sha256(key.encode()).hexdigest()
        Gateway.objects.by_the_machine().filter(pk=gateway.pk).update(key_sha256=digest)
        _journal(gateway.enterprise, KEY_ISSUED, gateway.code, at, by, None, {"key": key_mark(digest)})
    return key


def key_mark(key_sha256: str) -> str:
    """What the journal keeps of a gateway's key: a fingerprint of its fingerprint, of no use to who reads it."""
    return hashlib.sha256(f"key\x00{key_sha256}".encode()).hexdigest()[:32]


def limits_of(point: Point) -> dict[str, Any]:
    """The limits of a point as the journal keeps them; a point in memory and the same read again give the same."""
    return journal.state_of(point, LIMITS)


def home_of(point: Point) -> dict[str, Any]:
    """Whose samples a point takes, as the journal keeps it: the code of its gateway, and whether it is in use."""
    return {"gateway": point.gateway.code, "is_active": point.is_active}


def limits_mark(limits: dict[str, Any]) -> str:
    """A fingerprint of `limits_of`, for acts that name many points at once."""
    said = {name: limits.get(name) for name in LIMITS}
    same = {name: float(value) if isinstance(value, int) else value for name, value in said.items()}  # 80 is 80.0
    text = json.dumps(same, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def limits_registered(points: Iterable[Point]) -> list[journal.Act]:
    """The act for each enterprise that gives the journal the limits of points that came without an act of their own."""
    found: dict[str, dict[str, str]] = {}
    at: dict[str, datetime] = {}
    for point in points:
        code = point.enterprise.code
        found.setdefault(code, {})[point.code] = limits_mark(limits_of(point))
        at[code] = point.registered_at
    return [
        journal.Act(f"enterprise:{code}", LIMITS_REGISTERED, at[code], subject=f"points:{code}", after=marks)
        for code, marks in found.items()
    ]


def employ(person: Person, enterprise: Enterprise, title: str, *, principal: bool, at: datetime) -> None:
    """Put a person on an enterprise's staff, or change their title; ``principal`` makes them its principal.

    The same again changes nothing; a principal who is no longer one leaves the seat empty.
    """
    staff = Employment.objects.by_the_machine().filter(person=person, enterprise=enterprise, valid_until__isnull=True)
    if not staff.update(title=title):
        Employment.objects.create(person=person, enterprise=enterprise, title=title, valid_from=at)
    if principal != (enterprise.principal_id == person.pk):
        enterprise.principal = person if principal else None
        enterprise.save(update_fields=["principal"])


def _hold(enterprise: Enterprise) -> None:
    """Before anything else is locked: whoever decides about an enterprise holds its chain first."""
    journal.hold([f"enterprise:{enterprise.code}"])


def _journal(enterprise: Enterprise, act: str, code: str, at: datetime, by: Actor, before: Any, after: Any) -> None:
    chain = f"enterprise:{enterprise.code}"
    journal.record(chain, act, at=at, actor=by.id, subject=code, before=before, after=after)

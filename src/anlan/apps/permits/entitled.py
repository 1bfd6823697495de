"""Who may do what about special work: the enterprise reports, its county or park may enter for it, and checks."""

from __future__ import annotations

from typing import Any

from anlan.apps.org.stand import HANDLERS, STAFF, Stand


def may_report(by: Stand, about: Any) -> bool:
    """The enterprise's own staff."""
    return any(hat.role in STAFF and hat.enterprise_id is not None for hat in by.hats)


def may_relay(by: Stand, about: Any) -> bool:
    """Its county or park, for an enterprise that told it elsewhere (PTW-04)."""
    return by.agency_with(*HANDLERS, near=True) is not None


def may_check(by: Stand, about: Any) -> bool:
    """Its county or park (PTW-10)."""
    return may_relay(by, about)


def may_end(by: Stand, about: Any) -> bool:
    """Whoever may put a work on record says that it is over."""
    return may_report(by, about) or may_relay(by, about)

"""Who declares starts, stops and overhauls: the enterprise's own staff; all above see them."""

from __future__ import annotations

from typing import Any

from anlan.apps.org.stand import STAFF, Stand


def may_declare(by: Stand, about: Any) -> bool:
    """Declaring, completing and calling off."""
    return any(hat.role in STAFF and hat.enterprise_id is not None for hat in by.hats)

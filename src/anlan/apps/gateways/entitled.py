"""Who may do what about gateways and their links."""

from __future__ import annotations

from anlan.apps.gateways.models import Suspension
from anlan.apps.org.stand import Stand


def may_lift_suspension(by: Stand, suspension: Suspension) -> bool:
    """Any role in an agency on the enterprise's line, and the installation's operator."""
    return by.operates or any(hat.agency is not None for hat in by.hats)

"""Who may do what about a finding: the enterprise puts it right, the agencies on its line assign, verify and close."""

from __future__ import annotations

from anlan.apps.findings.models import Finding
from anlan.apps.org.stand import HANDLERS, STAFF, Stand


def may_rectify(by: Stand, finding: Finding) -> bool:
    """The enterprise's own staff answer for it."""
    return by.holds(*STAFF)


def may_supervise(by: Stand, finding: Finding) -> bool:
    """Assigning, verifying, sending back and closing: duty officers, handlers and approvers on the line."""
    return by.holds(*HANDLERS)

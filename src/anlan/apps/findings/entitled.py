"""Who may do what about a finding: the enterprise puts it right, the agencies on its line assign, verify and close."""

from __future__ import annotations

from anlan.apps.findings.models import Finding, FindingState
from anlan.apps.org.stand import HANDLERS, STAFF, Stand


def may_rectify(by: Stand, finding: Finding) -> bool:
    """The enterprise's own staff answer for it."""
    return by.holds(*STAFF)


def may_supervise(by: Stand, finding: Finding) -> bool:
    """Assigning, verifying, sending back and closing: duty officers, handlers and approvers on the line."""
    return by.holds(*HANDLERS)


def may_attach(by: Stand, finding: Finding) -> bool:
    """Files belong to the steps of both sides: who rectifies and who verifies."""
    return may_rectify(by, finding) or may_supervise(by, finding)


def shut(finding: Finding) -> str:
    """Why its files change no more; empty while they may."""
    return "这条问题已销号，附件不再变动" if finding.state == FindingState.CLOSED else ""

"""What the machine and people do to findings. Each is one transaction; refusals raise `Refused` and change nothing."""

from anlan.apps.findings.services.clues import digest_of, take_down
from anlan.apps.findings.services.finding import closed, found
from anlan.apps.findings.services.loop import assign, close, fire_overdue, rectify, send_back, verify

__all__ = [
    "assign",
    "close",
    "closed",
    "digest_of",
    "fire_overdue",
    "found",
    "rectify",
    "send_back",
    "take_down",
    "verify",
]

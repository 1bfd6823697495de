"""What the machine and people do to findings. Each is one transaction; refusals raise `Refused` and change nothing."""

from anlan.apps.findings.services.clues import digest_of, take_down
from anlan.apps.findings.services.finding import closed, found
from anlan.apps.findings.services.loop import (
    assign,
    close,
    fire_overdue,
    gone,
    judge,
    rectify,
    refute,
    send_back,
    still_there,
    verify,
)

__all__ = [
    "assign",
    "close",
    "closed",
    "digest_of",
    "fire_overdue",
    "found",
    "gone",
    "judge",
    "rectify",
    "refute",
    "send_back",
    "still_there",
    "take_down",
    "verify",
]

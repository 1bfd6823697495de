"""Why something that a person asked for was not done."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Reasons of this app; the rules' own reasons (`clearing`, `reporting`) are passed on as they are."""

    NOT_OPEN = "not_open"
    NOT_HOLDER = "not_holder"
    NOT_TRACKER = "not_tracker"
    NOT_BELOW = "not_below"
    ALREADY_ANSWERED = "already_answered"
    INCOMPLETE = "incomplete"
    NOT_A_WARNING_LEVEL = "not_a_warning_level"

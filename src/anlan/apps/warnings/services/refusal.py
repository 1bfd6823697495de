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


class Refused(Exception):
    """Nothing was changed but the record of the attempt. ``detail`` is Chinese and meant for the person."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = str(reason)
        self.detail = detail

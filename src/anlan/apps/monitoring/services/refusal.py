"""Why something that a person asked for about alarms was not done."""

from __future__ import annotations


class NotDone(Exception):
    """Nothing was changed. ``detail`` is Chinese and meant for the person."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

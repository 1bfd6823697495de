"""The one refusal of a wish: whoever asks, on a page, by the command line or from a test, is told so in these words."""

from __future__ import annotations

from collections.abc import Mapping


class Refused(Exception):
    """What was asked for is not done; nothing was changed but the record of the attempt.

    ``details`` are Chinese sentences for the person, ``detail`` all of them in one. ``reason`` is a word for machines,
    which the journal may keep. ``fields`` puts words beside the fields of a form that they belong to.
    """

    def __init__(self, *details: str, reason: str = "", fields: Mapping[str, str] | None = None) -> None:
        self.details = tuple(str(each) for each in details)
        self.detail = "；".join(self.details)
        self.reason = str(reason)
        self.fields = dict(fields or {})
        super().__init__(self.detail)

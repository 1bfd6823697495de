"""Days and instants of queries, within the bounds of `anlan.border`; anything else is answered 422 in words."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

from anlan import border


def _in_bounds(found: date) -> date:
    border.within(found)
    return found


Day = Annotated[date, AfterValidator(_in_bounds)]
Instant = Annotated[AwareDatetime, AfterValidator(_in_bounds)]

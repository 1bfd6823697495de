"""What falls due. Each kind is declared by the app that plans it and registers what is done when its time has come."""

from __future__ import annotations

from anlan.declared import Kinds

OF_ITS_DAY = "of its day"
"""Over with the civil day that it fell due on: what was not done then is missing and cannot be made up for."""

OBLIGATIONS = Kinds("obligations", (OF_ITS_DAY,))

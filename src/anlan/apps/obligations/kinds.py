"""What falls due. Each kind is declared by the app that plans it and registers what is done when its time has come."""

from __future__ import annotations

from anlan.declared import Kinds

OBLIGATIONS = Kinds("obligations")

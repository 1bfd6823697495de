"""Sorts of findings and clues; each kind is declared by the app that finds it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.obligations.kinds import OBLIGATIONS
from anlan.declared import Kinds

SUSPICION = "suspicion"
"""What the machine suspects and a person judges: nothing is asked of the enterprise before."""
RECURS = "recurs"
"""Found anew after it was closed it is the same finding again, with all that was done about it, and counts up."""

FINDINGS = Kinds("findings", (SUSPICION, RECURS))
CLUES = Kinds("clues")
RECTIFY = OBLIGATIONS.declare("rectify", _("问题整改"))

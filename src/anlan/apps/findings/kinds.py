"""Sorts of findings and clues; each kind is declared by the app that finds it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.obligations.kinds import OBLIGATIONS
from anlan.declared import Kinds

FINDINGS = Kinds("findings")
CLUES = Kinds("clues")
RECTIFY = OBLIGATIONS.declare("rectify", _("问题整改"))

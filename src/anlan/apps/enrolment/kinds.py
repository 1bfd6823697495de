"""What a change of the register may give rise to."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.findings.kinds import CLUES, FINDINGS

LOOSENED = FINDINGS.declare("loosened", _("企业自行放宽监测"))
LOOSENED_CLUE = CLUES.declare("loosened", _("企业自行放宽监测"))

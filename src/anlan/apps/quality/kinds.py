"""One kind of finding a check (`rules.quality.CHECKS`), named after it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.findings.kinds import FINDINGS, RECURS, SUSPICION
from anlan.declared import Kind
from anlan.rules.quality import CHECKS

KINDS: dict[str, Kind] = {
    key: FINDINGS.declare(
        key, _(check.title), article=check.article,
        traits=(RECURS, SUSPICION) if check.is_suspicion else (RECURS,),
    )
    for key, check in CHECKS.items()
}  # fmt: skip
UPGRADE = FINDINGS.declare("upgrade", _("须升级改造"), traits=(RECURS,))
ROOT_CAUSE = FINDINGS.declare("root_cause", _("报警原因分析"), traits=(RECURS,))
SUSPECTED = frozenset(key for key, check in CHECKS.items() if check.is_suspicion)


def declared() -> dict[str, Kind]:
    """All of them; asking makes sure that they are."""
    return KINDS

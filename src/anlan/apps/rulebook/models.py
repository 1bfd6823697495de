"""What localities put in place of the shipped numbers: rows that are added and never changed (GEN-04).

A locality is the area of an agency: its own subtree. Whether a row counts is judged by `anlan.rules.rulebook` each
time it is read; a row that does not stand against the level above stays here and has no effect.
"""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.org.models import Agency
from anlan.apps.org.scope import Scope, ScopedQuerySet
from anlan.rules.rulebook import Override


class RefinementQuerySet(ScopedQuerySet["Refinement"]):
    def within(self, scope: Scope) -> Self:
        """Those of the own subtree, and those above it: what binds somebody they may read."""
        above = {int(part) for path in scope.agency_paths for part in path.strip("/").split("/")}
        mine = models.Q(agency__in=above)
        for path in scope.agency_paths:
            mine |= models.Q(agency__path__startswith=path)
        return self.filter(mine)


class Refinement(models.Model):
    """One value of one number for one locality from a day on. ``value`` None takes the locality's own value back."""

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="refinements", verbose_name=_("地区"))
    key = models.CharField(_("键"), max_length=60)
    value = models.JSONField(_("取值"), null=True)
    effective_from = models.DateField(_("生效日期"))
    effective_to = models.DateField(_("失效日期"), null=True, blank=True)
    document = models.CharField(_("依据文件"), max_length=120, blank=True)
    waiver = models.CharField(_("放宽批准文件"), max_length=120, blank=True)
    entered_by = models.CharField(_("录入人"), max_length=80)
    entered_at = models.DateTimeField(_("录入时间"))

    objects = RefinementQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["agency", "key", "effective_from"])]

    def __str__(self) -> str:
        return f"{self.agency_id} {self.key} {self.effective_from}"

    def override(self, locality: str) -> Override:
        """The row as the rules know it; ``locality`` is the code of its agency."""
        return Override(
            self.key,
            as_value(self.value),
            locality,
            self.effective_from,
            self.effective_to,
            self.document,
            self.waiver,
        )


def as_value(stored: Any) -> Any:
    """A stored value as the rules have it: lists are tuples there."""
    return tuple(stored) if isinstance(stored, list) else stored

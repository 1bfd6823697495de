"""How closely each enterprise is supervised from day to day (MON-17)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.registry.models import Enterprise, OfEnterprise
from anlan.rules.supervision import SupervisionGrade


class Supervision(models.Model):
    """The supervision grade of one enterprise as last computed. Its changes stand in the journal, with cause."""

    enterprise = models.OneToOneField(Enterprise, models.PROTECT, related_name="supervision", primary_key=True)
    grade = models.CharField(
        _("监管分级"), max_length=8, choices=[(str(grade), grade.words) for grade in SupervisionGrade]
    )
    cause = models.CharField(_("依据"), max_length=200, blank=True)
    since = models.DateTimeField(_("起"))
    """When it took this grade."""
    computed_at = models.DateTimeField(_("计算时间"))

    objects = OfEnterprise.as_manager()

    def __str__(self) -> str:
        return f"{self.enterprise_id} {self.grade}"

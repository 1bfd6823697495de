"""A register workbook that was handed in: the file, what its preview said, and what confirming it did."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.org.scope import Scope, ScopedQuerySet


class OfPerson(ScopedQuerySet["Handed"]):
    """Rows of the person who made them, and of nobody else."""

    def within(self, scope: Scope) -> Self:
        return self.filter(user__person_id=scope.person_id) if scope.person_id else self.none()


class Handed(models.Model):
    """One workbook on its way in. Confirming it twice changes nothing the second time: the register says the same.

    ``preview`` and ``outcome`` are `anlan.apps.enrolment.report.Report` as plain values; neither holds a key or a
    password. The file is dropped once it is confirmed.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    by = models.CharField(_("姓名"), max_length=60)
    name = models.CharField(_("文件"), max_length=120)
    content = models.BinaryField(null=True)
    handed_at = models.DateTimeField(_("交来"))
    preview = models.JSONField()
    confirmed_at = models.DateTimeField(_("确认"), null=True, blank=True)
    outcome = models.JSONField(null=True)

    objects = OfPerson.as_manager()

    class Meta:
        ordering = ["-handed_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.name} {self.handed_at:%Y-%m-%d %H:%M}"

    @property
    def open(self) -> bool:
        """Whether it can still be confirmed."""
        return self.confirmed_at is None

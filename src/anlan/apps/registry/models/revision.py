"""What was changed in the register: by whom, when, why, and from when on it holds (DQ-12)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.org.actor import Signed
from anlan.apps.registry.models.enterprise import Enterprise, OfEnterprise


class Subject(models.TextChoices):
    """Kinds of records that have revisions; ``point:<code>`` is the subject of one."""

    ENTERPRISE = "enterprise", _("企业")
    SOURCE = "source", _("重大危险源")
    GATEWAY = "gateway", _("网关")
    DEVICE = "device", _("设备")
    POINT = "point", _("点位")
    CAMERA = "camera", _("摄像头")
    HOLDER = "holder", _("包保责任人")


class Revision(Signed):
    """One change of one record: its fields before and after, those that changed alone. Never changed itself.

    References are kept by code. ``before`` is empty for the first revision of a record that came with one; records that
    came without (before there were revisions, or made in bulk) begin with their first change. The past is judged by
    the past: a sample by the limits of the revision that held at its time (``valid_from`` inclusive).
    """

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="revisions")
    subject = models.CharField(_("对象"), max_length=60)
    number = models.PositiveIntegerField(_("版本"))
    valid_from = models.DateTimeField(_("生效"))
    reason = models.CharField(_("理由"), max_length=200, blank=True)
    request = models.CharField(_("变更申请"), max_length=40, blank=True)
    """The case that it was decided by; empty when who made it may do so without one."""
    before = models.JSONField(_("原值"))
    after = models.JSONField(_("新值"))

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["subject", "number"]
        constraints = [models.UniqueConstraint(fields=["subject", "number"], name="one_revision_of_a_number")]
        indexes = [
            models.Index(fields=["subject", "valid_from"], name="revision_by_validity"),
            models.Index(fields=["enterprise", "at"], name="revision_of_enterprise"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} 第 {self.number} 版"

    @property
    def kind(self) -> str:
        """Of what kind its record is."""
        return self.subject.partition(":")[0]

"""What people do about a warning: confirm, act, clear, report, check on site. Rows are added, never changed back."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.org.actor import Signed
from anlan.apps.org.models import Agency, Person
from anlan.apps.registry.models import Enterprise, OfEnterprise
from anlan.apps.warnings.models.warning import LevelEpisode, Warning


class Confirmation(models.Model):
    """A duty holder has verified the warning (第八条); or the machine did at clearing, with a mark."""

    warning = models.ForeignKey(Warning, models.PROTECT, related_name="confirmations")
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="confirmations")
    person = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="confirmations")
    name = models.CharField(max_length=60)
    post = models.CharField(max_length=20, blank=True)
    at = models.DateTimeField()
    text = models.CharField(_("核实情况"), max_length=300, blank=True)
    automatic = models.BooleanField(_("自动确认"), default=False)

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["warning", "person"], condition=models.Q(person__isnull=False), name="confirmed_once_per_person"
            )
        ]
        indexes = [models.Index(fields=["at"])]

    def __str__(self) -> str:
        return f"{self.warning_id} {self.name}"


class ActKind(models.TextChoices):
    MEASURE = "measure", _("处置")
    CLEAR = "clear", _("消警")
    CLEAR_REFUSED = "clear_refused", _("消警被拒")
    LEVEL = "level", _("人工定级")
    REPORT_REFUSED = "report_refused", _("处置报告被退回")
    DELEGATE = "delegate", _("委派现场核查")
    REMARK = "remark", _("跟踪反馈")


class Act(Signed):
    """One thing that somebody did or said about the warning, in words."""

    warning = models.ForeignKey(Warning, models.PROTECT, related_name="acts")
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="warning_acts")
    kind = models.CharField(max_length=16, choices=ActKind.choices)
    text = models.CharField(max_length=500, blank=True)

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["at"])]

    def __str__(self) -> str:
        return f"{self.warning_id} {self.kind}"


class DisposalReport(models.Model):
    """The report within one hour of clearing, with its three mandatory texts (第九条)."""

    warning = models.OneToOneField(Warning, models.PROTECT, related_name="report")
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="disposal_reports")
    result = models.TextField(_("处置结果"))
    cause = models.TextField(_("原因分析"))
    measures = models.TextField(_("整改措施"))
    reporter = models.CharField(max_length=60)
    person = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="disposal_reports")
    due_at = models.DateTimeField()
    submitted_at = models.DateTimeField()

    objects = OfEnterprise.as_manager()

    def __str__(self) -> str:
        return f"{self.warning_id} {self.submitted_at}"

    @property
    def is_late(self) -> bool:
        return self.submitted_at > self.due_at


class SiteOrder(models.Model):
    """An on-site check that fell due: issued to the tracker, open until answered even when the warning is cleared."""

    warning = models.ForeignKey(Warning, models.PROTECT, related_name="site_orders")
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="site_orders")
    episode = models.OneToOneField(LevelEpisode, models.PROTECT, related_name="site_order")
    tracker = models.ForeignKey(Agency, models.PROTECT, null=True, related_name="site_orders")
    executor = models.ForeignKey(Agency, models.PROTECT, null=True, blank=True, related_name="delegated_site_orders")
    delegated_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField()
    issued_at = models.DateTimeField()
    arrived_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.CharField(max_length=60, blank=True)
    persons = models.CharField(_("核查人员"), max_length=200, blank=True)
    findings = models.TextField(_("核查发现"), blank=True)
    measures = models.TextField(_("督办措施"), blank=True)
    result = models.TextField(_("督办结果"), blank=True)

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["due_at"]

    def __str__(self) -> str:
        return f"{self.warning_id} {self.due_at}"

"""附件: one row for each file that somebody handed in for a record. The content lies in the store, by its fingerprint.

Evidence is never deleted: what should not have been handed in is withdrawn, with the reason, and stays to be seen.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from anlan.apps.files.holders import record_of
from anlan.apps.org.access import owner_of
from anlan.apps.org.actor import Signed, actor_id
from anlan.apps.org.models import Agency
from anlan.apps.registry.models import Enterprise, OfUnit


class Media(models.TextChoices):
    """What a file is, as found in its content; the value is its media type."""

    JPEG = "image/jpeg", _("照片")
    PNG = "image/png", _("图片")
    PDF = "application/pdf", "PDF"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"
    TEXT = "text/plain", _("文本")
    CSV = "text/csv", "CSV"


PICTURES = (Media.JPEG, Media.PNG)


class Attachment(Signed):
    """One file of one record. ``subject`` names the record as the journal does: ``finding:7``.

    It belongs to an enterprise or to an agency, by constraint. Nothing changes once written but the columns
    ``withdrawn_…``. The same content stands once on a record, by constraint, as it came and as it is kept.
    """

    KEPT = (
        "subject", "enterprise_id", "agency_id", "name", "media", "size", "original_sha256", "sha256", "width",
        "height", "taken_at", "longitude", "latitude", "actor_id", "at", "withdrawn_at", "withdrawn_by",
        "withdrawn_by_id", "withdrawn_why",
    )  # fmt: skip
    """What each act about it keeps in the journal."""

    subject = models.CharField(max_length=80)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, null=True, blank=True, related_name="attachments")
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, blank=True, related_name="+")
    name = models.CharField(_("文件名"), max_length=120)
    media = models.CharField(_("类型"), max_length=80, choices=Media.choices)
    size = models.PositiveBigIntegerField(_("字节数"))
    """Bytes of what is kept."""
    original_sha256 = models.CharField(_("交来时的指纹"), max_length=64)
    sha256 = models.CharField(_("指纹"), max_length=64)
    """Of what is kept: pictures are turned, shrunk and stripped, everything else is kept as it came."""
    width = models.PositiveIntegerField(_("宽"), null=True, blank=True)
    height = models.PositiveIntegerField(_("高"), null=True, blank=True)
    taken_at = models.DateTimeField(_("拍摄时间"), null=True, blank=True)
    """As the camera wrote it; a camera that names no time zone is taken to show the civil clock."""
    longitude = models.FloatField(_("拍摄经度"), null=True, blank=True)
    latitude = models.FloatField(_("拍摄纬度"), null=True, blank=True)
    """Degrees (WGS 84) as the camera wrote them. The kept picture itself says neither where nor when."""
    withdrawn_at = models.DateTimeField(_("撤回时间"), null=True, blank=True)
    withdrawn_by = models.CharField(_("撤回人"), max_length=80, blank=True, default="")
    withdrawn_by_id = actor_id()
    withdrawn_why = models.CharField(_("撤回原因"), max_length=200, blank=True, default="")

    objects = OfUnit.as_manager()

    class Meta:
        ordering = ["at", "id"]
        indexes = [
            models.Index(fields=["original_sha256"], name="attachment_by_original"),
            models.Index(fields=["sha256"], name="attachment_by_content"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["subject", "sha256"], name="one_content_per_subject"),
            models.UniqueConstraint(fields=["subject", "original_sha256"], name="one_original_per_subject"),
            models.CheckConstraint(
                condition=models.Q(enterprise__isnull=True) ^ models.Q(agency__isnull=True), name="attachment_has_owner"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def about(self) -> str:
        """Its own subject in the journal."""
        return f"attachment:{self.pk}"

    @property
    def chain(self) -> str:
        """The journal chain of whoever it belongs to."""
        return owner_of(self)

    @cached_property
    def record(self) -> Any:
        """The record that it was handed in for, as it was when first asked for; the machine's own read."""
        return record_of(self.subject)

    @property
    def is_picture(self) -> bool:
        return self.media in PICTURES

    @property
    def state(self) -> str:
        """``kept`` or ``withdrawn``."""
        return "kept" if self.withdrawn_at is None else "withdrawn"

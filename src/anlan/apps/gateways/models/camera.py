"""Outages of cameras: said by the enterprise's system, or found by its silence."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.registry.models import Camera, Enterprise, OfEnterprise
from anlan.rules.online import CameraState


class CameraOutage(models.Model):
    """A camera that shows nothing, from when on and until when; the silent since they were last seen (MON-05)."""

    CAUSES = (
        (str(CameraState.OFFLINE), _("离线")),
        (str(CameraState.FAULT), _("故障")),
        (str(CameraState.SILENT), _("无状态上报")),
    )

    camera = models.ForeignKey(Camera, models.PROTECT, related_name="outages")
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="camera_outages")
    cause = models.CharField(_("原因"), max_length=8, choices=CAUSES)
    started_at = models.DateTimeField(_("起"))
    detected_at = models.DateTimeField(_("发现"))
    ended_at = models.DateTimeField(_("恢复"), null=True, blank=True)

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["camera"], condition=models.Q(ended_at__isnull=True), name="one_open_outage_per_camera"
            )
        ]

    def __str__(self) -> str:
        return f"{self.camera_id} {self.get_cause_display()} {self.started_at}"

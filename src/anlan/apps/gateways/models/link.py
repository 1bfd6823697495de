"""Whether data arrives: the state of each gateway's link, its outages, and what intake refused."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.registry.models import Enterprise, Gateway, OfEnterprise


class GatewayLink(models.Model):
    """The last sign of life of a gateway, and whether its own link to the control system stands."""

    gateway = models.OneToOneField(Gateway, models.CASCADE, related_name="link", primary_key=True)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="links")
    last_received_at = models.DateTimeField(_("最近收到"), null=True)
    last_sampled_at = models.DateTimeField(_("最近采样"), null=True)
    source_connected = models.BooleanField(_("与控制系统连接"), default=True)
    online = models.BooleanField(_("在线"), default=False)
    boot = models.CharField(_("启动标识"), max_length=64, default="", db_default="", blank=True)
    highest = models.PositiveBigIntegerField(_("最大序号"), null=True, blank=True)
    """Highest running number heard in ``boot``; None: the gateway numbers nothing."""
    waiting = models.PositiveBigIntegerField(_("网关积压报文"), default=0, db_default=0)
    waiting_since = models.DateTimeField(_("积压最早"), null=True, blank=True)
    dropped = models.PositiveBigIntegerField(_("网关丢弃报文"), default=0, db_default=0)
    """What the gateway itself says of its buffer; zero for gateways that say nothing."""

    objects = OfEnterprise.as_manager()

    def __str__(self) -> str:
        return f"{self.gateway_id} {'在线' if self.online else '离线'}"


class OfflineSpell(models.Model):
    """One outage of a gateway, dated back to its last datum (MON-04)."""

    gateway = models.ForeignKey(Gateway, models.PROTECT, related_name="outages")
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="outages")
    started_at = models.DateTimeField(_("离线起"))
    detected_at = models.DateTimeField(_("发现"))
    ended_at = models.DateTimeField(_("恢复"), null=True, blank=True)

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["gateway"], condition=models.Q(ended_at__isnull=True), name="one_open_outage_per_gateway"
            ),
            models.UniqueConstraint(fields=["gateway", "started_at"], name="one_outage_per_start"),
        ]

    def __str__(self) -> str:
        return f"{self.gateway_id} {self.started_at}"


class Quarantined(models.Model):
    """Something that a gateway sent and that was refused: kept with its reason for the sender and the operator."""

    gateway = models.CharField(_("网关"), max_length=40)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, null=True, blank=True, related_name="quarantined")
    received_at = models.DateTimeField(_("收到"))
    sampled_at = models.DateTimeField(_("采集时间"), null=True, blank=True)
    """What the refused packet said of its own time, where it could be read."""
    reason = models.CharField(_("原因"), max_length=40)
    detail = models.CharField(_("说明"), max_length=300)
    excerpt = models.CharField(_("原文片段"), max_length=500, blank=True)
    size = models.PositiveIntegerField(_("字节"), default=0)
    repeats = models.PositiveIntegerField(_("次数"), default=1)

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["-received_at"]
        indexes = [models.Index(fields=["gateway", "reason", "-received_at"])]

    def __str__(self) -> str:
        return f"{self.gateway} {self.reason}"

"""Gateways whose clock was found doubtful: how far it stands from ours, and since when."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.registry.models import Enterprise, Gateway, OfEnterprise


class GatewayClock(models.Model):
    """One row a gateway, made when its times were doubtful for the first time; the worst since they are.

    Seconds are those of the collect time against the receipt: ``offset_s`` below zero is behind. ``suspect_since`` is
    empty when the clock is believed again; the rest then tells of the last time.
    """

    gateway = models.OneToOneField(Gateway, models.CASCADE, related_name="clock", primary_key=True)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="clocks")
    offset_s = models.BigIntegerField(_("最近偏差（秒）"), default=0)
    measured_at = models.DateTimeField(_("最近可疑"), null=True)
    suspect_since = models.DateTimeField(_("可疑起"), null=True, blank=True)
    ahead_s = models.BigIntegerField(_("最多超前（秒）"), default=0)
    behind_s = models.BigIntegerField(_("最多落后（秒）"), default=0)
    jumps = models.PositiveIntegerField(_("跳动次数"), default=0)
    refused = models.PositiveIntegerField(_("因此拒收"), default=0)

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["-measured_at"]

    def __str__(self) -> str:
        return f"{self.gateway_id} {self.offset_s:+} s"

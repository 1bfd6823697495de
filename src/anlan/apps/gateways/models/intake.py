"""What stands between a gateway and the log: tag lists, missing numbers, pauses, and the cipher of an enterprise."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.registry.models import Enterprise, Gateway, OfEnterprise


class TagList(models.Model):
    """A tag list that a gateway announced, found by the hash of its content. Never changed; taken out only when it has
    not been used for longer than any record of the log may wait."""

    gateway = models.ForeignKey(Gateway, models.CASCADE, related_name="tag_lists")
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="tag_lists")
    tags_hash = models.CharField(_("清单摘要"), max_length=32)
    tags = models.TextField(_("点位"))
    """Codes in the order sent, one a line."""
    count = models.PositiveIntegerField(_("点数"))
    announced_at = models.DateTimeField(_("登记时间"))
    used_on = models.DateField(_("最近使用"))

    objects = OfEnterprise.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gateway", "tags_hash"], name="one_tag_list_per_hash")]

    def __str__(self) -> str:
        return f"{self.gateway_id} {self.tags_hash}"


class SequenceGap(models.Model):
    """Numbers that a gateway's packets skipped (MON-16). Opened when noticed, closed when the last one came late."""

    gateway = models.ForeignKey(Gateway, models.CASCADE, related_name="sequence_gaps")
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="sequence_gaps")
    boot = models.CharField(_("启动标识"), max_length=64, blank=True)
    first = models.PositiveBigIntegerField(_("起"))
    last = models.PositiveBigIntegerField(_("止"))
    missing = models.JSONField(_("仍缺"), default=list)
    """Ascending [first, last] stretches that have not come yet."""
    numbers = models.PositiveBigIntegerField(_("仍缺个数"))
    noticed_at = models.DateTimeField(_("发现时间"))
    closed_at = models.DateTimeField(_("补齐时间"), null=True, blank=True)

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["-noticed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["gateway", "boot", "first"], name="one_gap_per_first_number"),
        ]
        indexes = [
            models.Index(fields=["enterprise", "-noticed_at"]),
            models.Index(fields=["noticed_at", "id"], name="gap_by_time"),
            models.Index(fields=["gateway"], condition=models.Q(closed_at__isnull=True), name="open_gaps"),
        ]

    def __str__(self) -> str:
        return f"{self.gateway_id} {self.first}–{self.last}"


class Suspension(models.Model):
    """A pause of one gateway's intake, because most of what it sent was refused; over at ``until`` or when lifted."""

    gateway = models.ForeignKey(Gateway, models.CASCADE, related_name="suspensions")
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="suspensions")
    started_at = models.DateTimeField(_("停收起"))
    until = models.DateTimeField(_("停收至"))
    refused = models.PositiveIntegerField(_("被拒报文"))
    packets = models.PositiveIntegerField(_("全部报文"))
    reason = models.CharField(_("主要原因"), max_length=40)
    lifted_at = models.DateTimeField(_("提前恢复"), null=True, blank=True)
    lifted_by = models.CharField(_("恢复人"), max_length=60, blank=True)

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        indexes = [
            models.Index(fields=["gateway", "-until"]),
            models.Index(fields=["started_at", "id"], name="pause_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.gateway_id} {self.started_at}"


class EnterpriseCipher(models.Model):
    """The AES key with which an enterprise's existing gateways encrypt their bodies; kept encrypted, never shown."""

    enterprise = models.OneToOneField(Enterprise, models.PROTECT, primary_key=True, related_name="cipher")
    sealed = models.BinaryField(_("密钥"))
    """Key and, where it is fixed, initial vector, encrypted with this installation's secret."""
    is_static = models.BooleanField(_("固定初始向量"), default=False)
    set_at = models.DateTimeField(_("设置时间"))
    set_by = models.CharField(_("设置人"), max_length=60)

    objects = OfEnterprise.as_manager()

    def __str__(self) -> str:
        return str(self.enterprise_id)

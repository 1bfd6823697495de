"""Alerts of other systems, who may hand them in, and what was refused. Rows are never changed but for their state."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.org import selectors as org
from anlan.apps.org.models import Agency, AgencyLevel
from anlan.apps.org.scope import Row, Scope, ScopedQuerySet
from anlan.apps.registry.selectors.regions import regions_of_enterprises


def region_prefix(code: str) -> str:
    """What all divisions inside one have in common: ``140500`` gives ``1405``, ``000000`` the empty text.

    Raises ValueError when ``code`` is no code of GB/T 2260 (six digits, towns nine, villages twelve).
    """
    if not code.isdecimal() or not code.isascii() or len(code) not in (6, 9, 12):
        raise ValueError(code)
    while len(code) > 6 and code.endswith("000"):
        code = code[:-3]
    while len(code) <= 6 and code.endswith("00"):
        code = code[:-2]
    return code


class OfHomeAgency(ScopedQuerySet[Row]):
    """Rows of a sender are seen by those who see the agency that registered it."""

    home = "agency"

    def within(self, scope: Scope) -> Self:
        return self.filter(**{f"{self.home}__in": org.agencies_visible(scope).values("pk")})


class OfSender(OfHomeAgency["RefusedAlert"]):
    home = "origin__agency"


class AlertSender(models.Model):
    """Another system that may hand in alerts, registered by an agency for its division. Only a key's hash is kept."""

    code = models.SlugField(_("代号"), max_length=40, unique=True)
    name = models.CharField(_("名称"), max_length=80)
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="alert_senders")
    key_sha256 = models.CharField(max_length=64)
    is_active = models.BooleanField(_("启用"), default=True)
    registered_at = models.DateTimeField(_("登记时间"))

    objects = OfHomeAgency.as_manager()

    def __str__(self) -> str:
        return self.name


class AlertState(models.TextChoices):
    """Where a message stands among those that refer to it. Whether it has expired is a matter of the clock."""

    CURRENT = "current", _("现行")
    UPDATED = "updated", _("已更新")
    CANCELLED = "cancelled", _("已撤销")
    ENDING = "ending", _("撤销通知")


class ExternalAlertQuerySet(ScopedQuerySet["ExternalAlert"]):
    def within(self, scope: Scope) -> Self:
        """Alerts for a division that the person watches, for one inside it, or for one around it."""
        mine = watched(scope)
        if mine is None:
            return self.all()
        if not mine:
            return self.none()
        around = {prefix[:length] for prefix in mine for length in range(len(prefix) + 1)}
        where = models.Q(prefix__in=around)
        for prefix in mine:
            where |= models.Q(prefix__startswith=prefix)
        return self.filter(pk__in=AlertArea.objects.filter(where).values("alert"))


def watched(scope: Scope) -> list[str] | None:
    """Prefixes of the divisions of a scope, none inside another; None for all (a ministry desk)."""
    placed = models.Q(region__isnull=False) | models.Q(level=AgencyLevel.MINISTRY)
    agencies = org.agencies_visible(scope).filter(placed)
    found = set()
    for code, level in agencies.values_list("region__code", "level"):
        if level == AgencyLevel.MINISTRY:
            return None
        found.add(region_prefix(code))
    found |= {region_prefix(code) for code in regions_of_enterprises(scope)}
    if "" in found:
        return None
    return sorted(p for p in found if not any(p.startswith(other) and p != other for other in found))


class ExternalAlert(models.Model):
    """One message as it came. Unique per sender and identifier, so a repetition is no second row."""

    origin = models.ForeignKey(AlertSender, models.PROTECT, related_name="alerts")
    cap_sender = models.CharField(_("发布标识"), max_length=120)
    identifier = models.CharField(_("编号"), max_length=120)
    sent_at = models.DateTimeField(_("发布时间"))
    received_at = models.DateTimeField(_("收到时间"))
    status = models.CharField(_("性质"), max_length=10)
    message = models.CharField(_("消息类型"), max_length=10)
    state = models.CharField(_("状态"), max_length=10, choices=AlertState.choices)
    event = models.CharField(_("事件"), max_length=120)
    urgency = models.CharField(_("紧急度"), max_length=10)
    severity = models.CharField(_("严重度"), max_length=10)
    certainty = models.CharField(_("确定度"), max_length=10)
    sender_name = models.CharField(_("发布单位"), max_length=120, blank=True)
    headline = models.CharField(_("标题"), max_length=200, blank=True)
    area = models.CharField(_("区域"), max_length=300)
    onset_at = models.DateTimeField(_("预计发生"), null=True, blank=True)
    expires_at = models.DateTimeField(_("失效时间"), null=True, blank=True)
    document = models.TextField(_("原文"))

    objects = ExternalAlertQuerySet.as_manager()

    class Meta:
        ordering = ["-sent_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["origin", "cap_sender", "identifier"], name="one_alert_per_identifier")
        ]
        indexes = [models.Index(fields=["state", "-sent_at"])]

    def __str__(self) -> str:
        return self.headline or self.event


class AlertArea(models.Model):
    """A division that an alert is for. ``prefix`` as of `region_prefix`."""

    alert = models.ForeignKey(ExternalAlert, models.PROTECT, related_name="areas")
    code = models.CharField(_("行政区划代码"), max_length=12)
    prefix = models.CharField(max_length=12)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alert", "code"], name="one_row_per_alert_and_division")]
        indexes = [models.Index(fields=["prefix"])]

    def __str__(self) -> str:
        return self.code


class AlertReference(models.Model):
    """An earlier message that an alert updates or cancels; it may come later than this one, or never."""

    alert = models.ForeignKey(ExternalAlert, models.PROTECT, related_name="refers_to")
    cap_sender = models.CharField(max_length=120)
    identifier = models.CharField(max_length=120)

    class Meta:
        indexes = [models.Index(fields=["identifier", "cap_sender"])]

    def __str__(self) -> str:
        return f"{self.cap_sender},{self.identifier}"


class RefusedAlert(models.Model):
    """A message that was not taken, with the reason: for the agency that registered the sender."""

    origin = models.ForeignKey(AlertSender, models.PROTECT, related_name="refused")
    received_at = models.DateTimeField(_("收到时间"))
    reason = models.CharField(_("原因"), max_length=300)
    excerpt = models.TextField(_("原文开头"), blank=True)
    size = models.PositiveIntegerField(_("字节"))
    digest = models.CharField(max_length=64)
    repeats = models.PositiveIntegerField(_("次数"), default=1)

    objects = OfSender.as_manager()

    class Meta:
        ordering = ["-received_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["origin", "digest"], name="one_refusal_per_document")]

    def __str__(self) -> str:
        return self.reason

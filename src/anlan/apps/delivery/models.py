"""The outbox: what was decided to be told, to whom, by which way, and what became of it.

Rows are written in the transaction of the decision; sending happens afterwards and is at-least-once with a key.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.delivery.kinds import LIMIT, NOTICES, STRICT
from anlan.apps.org import selectors as org
from anlan.apps.org.models import Agency, Person
from anlan.apps.org.scope import Scope, ScopedQuerySet
from anlan.apps.registry.models import Enterprise, HazardSource, OfEnterprise
from anlan.apps.registry.selectors import staff
from anlan.database.kinds import KindField
from anlan.now import AHEAD_AFTER
from anlan.rules.rulebook import load

LATE_AFTER = load().length("clock_grace_seconds")
"""Beyond this a notice is shown as late; the same grace as the clock's for a step."""

SUSPENDED_FOR = timedelta(hours=6)
"""How long a provider's word that there is no such address holds (本地设定)."""

NOBODY_AFTER = timedelta(seconds=60)
"""A notice that reached nobody for so long is an operator's fault whatever still waits (本地设定)."""


class Notice(models.Model):
    """One telling, step or order as one record (WRN-19). ``key`` is deterministic: a step cannot be sent twice."""

    key = models.CharField(max_length=120)
    kind = KindField(_("类型"), max_length=16, kinds=NOTICES)
    subject = models.CharField(max_length=60)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="notices", db_index=False)
    source = models.ForeignKey(HazardSource, models.PROTECT, null=True, blank=True, related_name="notices")
    level = models.CharField(_("级别"), max_length=8)
    step = models.PositiveIntegerField(_("次数"), null=True, blank=True)
    due_at = models.DateTimeField(_("应发时间"))
    sent_at = models.DateTimeField(_("发出时间"))
    missed = models.JSONField(_("停机错过的应发时间"), default=list, blank=True)
    article = models.CharField(_("依据"), max_length=60, blank=True)
    title = models.CharField(_("标题"), max_length=120)
    body = models.TextField(_("内容"), blank=True)
    nobody_since = models.DateTimeField(_("无人收到"), null=True, blank=True)
    """When it was found that nobody had been reached; empty again once somebody is."""

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["sent_at", "id"]
        constraints = [models.UniqueConstraint(fields=["key"], name="one_notice_per_key")]
        indexes = [
            models.Index(fields=["subject", "sent_at"]),
            models.Index(fields=["enterprise", "-sent_at"]),
            models.Index(fields=["sent_at"], name="notice_by_time"),
            models.Index(fields=["subject"], condition=models.Q(nobody_since__isnull=False), name="notice_nobody"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_of_a_limit(self) -> bool:
        """Whether ``due_at`` is a limit for somebody's act; such a notice goes out when it is sent."""
        return NOTICES.has(self.kind, LIMIT)

    @property
    def should_go_at(self) -> datetime:
        """When it should go out (应发): as soon as there is something to tell, or when the clock says so."""
        return self.sent_at if self.is_of_a_limit else self.due_at

    @property
    def is_late(self) -> bool:
        """Sent noticeably after it was due; what people owe (第九条) has no grace. A duty told in advance
        (``report_due``) is never late."""
        if NOTICES.has(self.kind, STRICT):
            return self.sent_at > self.due_at
        return self.sent_at - self.due_at > LATE_AFTER


class RecipientKind(models.TextChoices):
    PERSON = "person", _("人员")
    AGENCY = "agency", _("机构")
    ENTERPRISE = "enterprise", _("企业")


class MessageQuerySet(OfEnterprise["Message"]):
    def addressed_to(self, scope: Scope) -> Self:
        """Messages to this person, to the agencies whose seat they hold, or to their enterprise: an inbox."""
        mine = models.Q(person_id=scope.person_id) if scope.person_id else models.Q(pk__in=[])
        mine |= models.Q(agency__path__in=scope.agency_paths) | models.Q(to_enterprise_id__in=scope.enterprise_ids)
        found = self.filter(mine)
        found._scoped = True
        return found


class Message(models.Model):
    """One recipient of a notice. One row per notice and recipient, enforced here.

    The row is the delivery on the platform itself: sent and delivered with the notice, read at ``read_at``.
    """

    notice = models.ForeignKey(Notice, models.PROTECT, related_name="messages", db_index=False)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="messages_about")
    recipient = models.CharField(max_length=60)
    """``person:<code>``, ``agency:<code>`` or ``enterprise:<code>``."""
    recipient_kind = models.CharField(max_length=10, choices=RecipientKind.choices)
    recipient_name = models.CharField(_("对象"), max_length=80)
    slot = models.CharField(_("身份"), max_length=20, blank=True)
    acting_for = models.CharField(_("代"), max_length=60, blank=True, default="")
    """Routing id of the recipient in whose stead this one is told; empty for who is told by right."""
    person = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="messages", db_index=False)
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, blank=True, related_name="messages", db_index=False)
    to_enterprise = models.ForeignKey(
        Enterprise, models.PROTECT, null=True, blank=True, related_name="messages_to", db_index=False
    )
    read_at = models.DateTimeField(_("已读"), null=True, blank=True)
    read_by = models.CharField(_("阅读人"), max_length=60, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["notice", "recipient"], name="one_message_per_recipient")]
        indexes = [
            models.Index(fields=[name], condition=models.Q(**{f"{name}__isnull": False}), name=f"message_to_{name}")
            for name in ("person", "agency", "to_enterprise")
        ]

    def __str__(self) -> str:
        return f"{self.notice_id} → {self.recipient}"


class DeliveryState(models.TextChoices):
    """From queued to read. What left the platform is ``sent``; the receipts of the channel make it more than that."""

    QUEUED = "queued", _("待发送")
    SENDING = "sending", _("发送中")
    SENT = "sent", _("已发出")
    DELIVERED = "delivered", _("已送达")
    READ = "read", _("已读")
    FAILED = "failed", _("未送达")
    REPLACED = "replaced", _("已由其他渠道送达")


WAITING = (DeliveryState.QUEUED, DeliveryState.SENDING)
TAKEN = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ)
"""The channel took the letter."""


class ContactQuerySet(ScopedQuerySet["Contact"]):
    def within(self, scope: Scope) -> Self:
        """The own ones, those of agencies and enterprises in scope, and of persons who serve there."""
        mine = models.Q(person_id=scope.person_id) if scope.person_id else models.Q(pk__in=[])
        for path in scope.agency_paths:
            mine |= models.Q(agency__path__startswith=path)
        return self.filter(
            mine
            | models.Q(enterprise__in=staff.enterprises_in(scope).values("pk"))
            | staff.of_staff(scope)
            | models.Q(person__in=org.serving_under(scope.agency_paths).values("pk"))
        )


class Contact(models.Model):
    """One way to one recipient: the address that a channel reaches a person or a 24-hour duty desk (值班台) at.

    Belongs to a person, or to the desk of an agency or enterprise. Addresses are personal data (SEC-04): screens show
    them to their owner and to who keeps the desk, all others see them masked; the journal holds them masked.
    Rows are disabled by people, never deleted, because deliveries point at them. A provider's word that there is no
    such address suspends a contact for a time: until then it is used only when its owner has no other.
    """

    person = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="contacts")
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, blank=True, related_name="contacts")
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, null=True, blank=True, related_name="contacts")
    channel = models.CharField(_("渠道"), max_length=20)
    address = models.CharField(_("号码或地址"), max_length=200)
    order = models.PositiveSmallIntegerField(_("次序"), default=1)
    """Ways of one order are used at once; the next order when none of the earlier took the letter."""
    from_register = models.BooleanField(_("来自登记信息"), default=False)
    """Filled from the person's or agency's own record, and changes with it."""
    is_enabled = models.BooleanField(_("启用"), default=True)
    disabled_at = models.DateTimeField(_("停用时间"), null=True, blank=True)
    disabled_because = models.CharField(_("停用原因"), max_length=200, blank=True)
    suspended_until = models.DateTimeField(_("暂停至"), null=True, blank=True)

    objects = ContactQuerySet.as_manager()

    class Meta:
        ordering = ["order", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=(
                    models.Q(person__isnull=False, agency__isnull=True, enterprise__isnull=True)
                    | models.Q(person__isnull=True, agency__isnull=False, enterprise__isnull=True)
                    | models.Q(person__isnull=True, agency__isnull=True, enterprise__isnull=False)
                ),
                name="contact_is_of_one_recipient",
            ),
            models.UniqueConstraint(fields=["person", "channel", "address"], name="one_contact_per_person_and_address"),
            models.UniqueConstraint(fields=["agency", "channel", "address"], name="one_contact_per_agency_and_address"),
            models.UniqueConstraint(
                fields=["enterprise", "channel", "address"], name="one_contact_per_enterprise_and_address"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.masked}"

    @property
    def masked(self) -> str:
        """The address with its middle hidden: enough to recognise it, too little to use it."""
        return masked(self.address)

    def is_suspended(self, at: datetime) -> bool:
        """Whether a provider has said that there is no such address, not long ago. A time that ends later than any can
        was written while our clock stood ahead."""
        until = self.suspended_until
        return until is not None and at < until <= at + SUSPENDED_FOR + AHEAD_AFTER


def masked(address: str) -> str:
    """``13800001234`` becomes ``138****1234``; what stands behind an @ stays; short ones keep their first sign."""
    name, at, host = address.partition("@")
    keep = 3 if len(name) >= 9 else 1
    tail = name[-4:] if len(name) >= 9 else ""
    return f"{name[:keep]}****{tail}{at}{host}"


class Delivery(models.Model):
    """One message by one outside channel. Claimed by conditional update; a claim that expires is retried with the same
    key.

    ``contact`` is empty for a channel that needs no address (a group robot), and for `NO_WAY`: a recipient whom no
    channel can reach, which is a row, too, because the fall-back is decided from it.
    """

    message = models.ForeignKey(Message, models.PROTECT, related_name="deliveries")
    channel = models.CharField(_("渠道"), max_length=20)
    contact = models.ForeignKey(Contact, models.PROTECT, null=True, blank=True, related_name="deliveries")
    sent_to = models.CharField(_("发往"), max_length=60, blank=True, default="")
    """The address as it was, masked."""
    key = models.CharField(max_length=200, unique=True)
    state = models.CharField(_("状态"), max_length=10, choices=DeliveryState.choices, default=DeliveryState.QUEUED)
    priority = models.PositiveSmallIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    passed_on_at = models.DateTimeField(null=True, blank=True)
    """When the recipient's next way was opened because this one had not worked."""
    refusals = models.PositiveSmallIntegerField(default=0, db_default=0)
    """Tries whose failure was charged to this letter or its recipient."""
    refused_at = models.DateTimeField(null=True, blank=True)
    """When these were enough to count the way as closed; it is tried on, and others are told meanwhile."""
    provider_id = models.CharField(_("渠道编号"), max_length=120, blank=True, default="")
    sent_at = models.DateTimeField(_("发出"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("送达"), null=True, blank=True)
    read_at = models.DateTimeField(_("已读"), null=True, blank=True)
    error = models.CharField(_("错误"), max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "channel", "contact"], name="one_delivery_per_contact"),
            models.UniqueConstraint(
                fields=["message", "channel"],
                condition=models.Q(contact__isnull=True),
                name="one_delivery_per_channel_without_address",
            ),
        ]
        indexes = [
            models.Index(fields=["channel", "state", "priority", "next_try_at"], name="delivery_queue"),
            models.Index(fields=["channel", "provider_id"], name="delivery_receipt"),
        ]

    def __str__(self) -> str:
        return self.key


NO_WAY = "none"
"""Channel of the row that stands for a recipient without any usable contact."""


class Rung(models.TextChoices):
    """To whom a message falls that could not be delivered, in this order."""

    DEPUTY = "deputy", _("代理人")
    DESK = "desk", _("本单位值班台")
    OFFICERS = "officers", _("本单位值班人员")
    NOBODY = "nobody", _("无人可转")


class FallBack(models.Model):
    """A message that no channel could deliver was passed on; or nobody was left to pass it to, which is a row, too."""

    message = models.ForeignKey(Message, models.PROTECT, related_name="fallbacks")
    rung = models.CharField(_("转给"), max_length=10, choices=Rung.choices)
    to = models.ForeignKey(Message, models.PROTECT, null=True, blank=True, related_name="fallen_from")
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="fallbacks")
    at = models.DateTimeField(_("时间"))
    reason = models.CharField(_("原因"), max_length=200)

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["message", "rung", "to"], name="one_fallback_per_rung_and_substitute"),
            models.UniqueConstraint(
                fields=["message"], condition=models.Q(rung="nobody"), name="one_end_of_the_ladder_per_message"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} → {self.rung}"


class ChannelState(models.Model):
    """How a channel fares, shared by all senders: errors in a row, and when its rate allows the next letter."""

    name = models.CharField(_("渠道"), max_length=20, unique=True)
    failures = models.PositiveIntegerField(_("连续失败"), default=0)
    unwell_since = models.DateTimeField(_("不通自"), null=True, blank=True)
    last_ok_at = models.DateTimeField(_("最近成功"), null=True, blank=True)
    last_error_at = models.DateTimeField(_("最近出错"), null=True, blank=True)
    last_error = models.CharField(_("最近错误"), max_length=300, blank=True)
    next_slot_at = models.DateTimeField(null=True, blank=True)
    """With a rate: the instant from which the next letter may go."""

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

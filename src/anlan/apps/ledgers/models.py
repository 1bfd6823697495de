"""Entries of all ledgers (台账), and every step of each."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.ledgers.kinds import LEDGERS, Ledger, ledger_of
from anlan.apps.org.actor import Signed
from anlan.apps.org.case import Case
from anlan.apps.registry.models import Enterprise, HazardSource, OfEnterprise
from anlan.database.kinds import KindField


class LedgerEntry(Case):
    """One entry of one ledger. ``values`` are as `anlan.schema.Schema` stores them; what they mean its ledger says.

    ``name``, ``source``, ``day`` and ``due_on`` follow from the values and are kept for lists, searches and the clock.
    """

    CASE, CALLED, JOINED = "entry", "这条台账", ("enterprise", "source")
    KEPT = ("ledger", "version", "name", "source_id", "state", "seq", "day", "due_on", "overdue_at")
    """Its values stand beside them, without those of personal fields."""

    ledger = KindField(_("台账"), max_length=40, kinds=LEDGERS)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="ledger_entries")
    source = models.ForeignKey(HazardSource, models.PROTECT, null=True, blank=True, related_name="ledger_entries")
    name = models.CharField(_("名称"), max_length=200)
    state = models.CharField(_("状态"), max_length=20)
    values = models.JSONField(_("内容"), default=dict)
    version = models.PositiveSmallIntegerField(_("版式"), default=1)
    """Of the schema that it was filled in by."""
    seq = models.PositiveIntegerField(_("修改次数"), default=0)
    day = models.DateField(_("所属日期"), null=True, blank=True)
    """The day that says which turn of its ledger it is of, where one is owed again and again."""
    due_on = models.DateField(_("到期"), null=True, blank=True)
    overdue_at = models.DateTimeField(_("逾期"), null=True, blank=True)
    made_at = models.DateTimeField(_("登记时间"))
    changed_at = models.DateTimeField(_("最近更新"))

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["-changed_at", "-pk"]
        indexes = [
            models.Index(fields=["ledger", "enterprise", "state"], name="entry_of_ledger"),
            models.Index(fields=["ledger", "due_on"], name="entry_by_due_day"),
            models.Index(fields=["ledger", "day"], name="entry_by_day"),
            models.Index(fields=["ledger", "changed_at", "id"], name="entry_by_time"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def kept_in(self) -> Ledger:
        """Its ledger. Raises KeyError for one that an earlier release knew."""
        return ledger_of(self.ledger)

    @property
    def held(self) -> dict[str, Any]:
        """Its values as they are, by the fields of its ledger."""
        return self.kept_in.schema.taken(self.values)

    def get_state_display(self) -> str:
        return self.kept_in.state_words(self.state)


class LedgerStep(Signed):
    """One step of an entry, added and never changed: ``verb`` is add, change or one that its ledger declares."""

    entry = models.ForeignKey(LedgerEntry, models.PROTECT, related_name="steps")
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="ledger_steps")
    seq = models.PositiveIntegerField()
    verb = models.CharField(max_length=20)
    text = models.CharField(max_length=500, blank=True)
    changes = models.JSONField(default=list)
    """``[title, before, after]`` in words, of every field that it changed."""

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["seq", "id"]
        constraints = [models.UniqueConstraint(fields=["entry", "seq"], name="one_step_per_number")]

    def __str__(self) -> str:
        return f"{self.entry_id} {self.verb}"

    @property
    def told(self) -> list[tuple[str, str, str]]:
        """What it changed as it may be read: what personal fields say is kept in no step."""
        personal = str(_("（个人信息，不列出）"))
        return [(title, old, new if old or new else personal) for title, old, new in self.changes]

    @property
    def title(self) -> str:
        """The verb in words."""
        own = {"add": _("登记"), "change": _("修改"), "files": _("附上文件")}
        if self.verb in own:
            return str(own[self.verb])
        step = self.entry.kept_in.steps.get(self.verb)
        return str(step.title) if step is not None else self.verb

"""The append-only record of every act, one hash chain per enterprise or agency. Nothing here is changed or deleted."""

from __future__ import annotations

from typing import Any

from django.db import models


class Chain(models.Model):
    """The head of one chain: its length and last hash. The row is also the lock under which an entry is added."""

    key = models.CharField(max_length=60, unique=True)
    length = models.PositiveBigIntegerField(default=0)
    head = models.CharField(max_length=64, default="")

    def __str__(self) -> str:
        return self.key


class Entry(models.Model):
    """One act: who did what to which record, when, with the values before and after."""

    chain = models.ForeignKey(Chain, models.PROTECT, related_name="entries", db_index=False)
    seq = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    act = models.CharField(max_length=60)
    subject = models.CharField(max_length=80)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["chain", "seq"]
        constraints = [models.UniqueConstraint(fields=["chain", "seq"], name="one_entry_per_place_in_chain")]
        indexes = [models.Index(fields=["subject", "at"])]

    def __str__(self) -> str:
        return f"{self.chain_id}#{self.seq} {self.act}"

    @property
    def said(self) -> dict[str, Any]:
        """What the act says is so from then on. Raises ValueError when it says nothing, or no names with values."""
        return _names(self, "after", self.after)

    @property
    def was(self) -> dict[str, Any]:
        """What was so before the act; otherwise as `said`."""
        return _names(self, "before", self.before)


def _names(entry: Entry, side: str, values: Any) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise ValueError(f"{entry} says nothing of {side}")
    return values


class Repeat(models.Model):
    """How often an act was repeated within a minute beyond the first, which stands in the journal: not yet journaled.

    Only for acts that anybody can repeat at will, such as refused attempts; the count becomes an entry and the row goes
    in one transaction.
    """

    chain = models.CharField(max_length=60)
    act = models.CharField(max_length=60)
    actor = models.CharField(max_length=80)
    subject = models.CharField(max_length=80)
    address = models.CharField(max_length=200)
    minute = models.DateTimeField()
    times = models.PositiveBigIntegerField(default=0)
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["minute", "chain", "act", "actor", "address"], name="one_count_per_minute")
        ]

    def __str__(self) -> str:
        return f"{self.chain} {self.act} ×{self.times}"

"""Compressed history: one row per gateway and stretch of time, in a database of its own.

A minute row is written as frames arrive; the compactor turns an hour's rows into one. A row is replaced only by a row
that holds all of its frames. Codes stand in plain text, since no foreign key may leave this database.
"""

from __future__ import annotations

from django.db import models

from anlan.database.leases import PartitionRow, WorkerRow


class Grain(models.TextChoices):
    MINUTE = "minute"
    HOUR = "hour"


def packed(body: object) -> bytes:
    """A body as bytes; empty, which is no block, where a damaged row of the database gives anything else."""
    return bytes(body) if isinstance(body, bytes | memoryview) else b""


class Block(models.Model):
    """Frames of one gateway in [start, start + one grain), packed by `anlan.stream.blocks`."""

    gateway = models.CharField(max_length=14)
    enterprise = models.CharField(max_length=11)
    grain = models.CharField(max_length=8, choices=Grain.choices)
    start_us = models.BigIntegerField()
    part = models.BigIntegerField(default=0)
    """Log sequence of the last record inside, so that a repeated delivery finds its row already written."""
    samples = models.PositiveIntegerField()
    """Cells that hold a sample, as the block's own header says; earlier versions wrote how many had come."""
    body = models.BinaryField()
    damaged_us = models.BigIntegerField(null=True)
    """When the row was found damaged: kept as it is, left out of every reading, its stretch shown as damaged."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gateway", "grain", "start_us", "part"], name="one_block_per_part")
        ]
        indexes = [
            models.Index(fields=["enterprise", "start_us"]),
            # what waits for the compactor, without looking at years of compacted hours
            models.Index(
                fields=["start_us", "gateway"],
                condition=models.Q(grain="minute", damaged_us=None),
                name="minutes_to_compact",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.grain} {self.start_us}"


class Rollup(models.Model):
    """One hour of one-minute minima, maxima, means and last values of a gateway's points."""

    gateway = models.CharField(max_length=14)
    start_us = models.BigIntegerField()
    body = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gateway", "start_us"], name="one_rollup_per_gateway_hour")]

    def __str__(self) -> str:
        return f"{self.gateway} {self.start_us}"


class Position(PartitionRow):
    """How far the historian has read each partition of the log: everything up to ``seq`` is in blocks."""


class HistorianWorker(WorkerRow):
    """A historian that works, or did until a moment ago."""


class LateStretch(models.Model):
    """Data of one gateway and hour that came after newer data: history is whole, the alarms have yet to be looked at.

    Written with the blocks that hold the data, so that a kill in between loses neither.
    """

    gateway = models.CharField(max_length=14)
    hour_us = models.BigIntegerField()
    first_us = models.BigIntegerField()
    """Sample times of the late data, both inclusive."""
    last_us = models.BigIntegerField()
    received_us = models.BigIntegerField()
    """Newest receipt; the stretch is evaluated when nothing more has come for a while, and again when more comes."""
    evaluated_us = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gateway", "hour_us"], name="one_late_stretch_per_gateway_hour")]
        indexes = [models.Index(fields=["received_us"], condition=models.Q(evaluated_us=None), name="late_waiting")]

    def __str__(self) -> str:
        return f"{self.gateway} {self.hour_us}"


class Hold(models.Model):
    """History of an enterprise that must outlive the times of keeping (证据保全), by whom and why."""

    enterprise = models.CharField(max_length=11, db_index=True)
    from_us = models.BigIntegerField()
    to_us = models.BigIntegerField()
    reason = models.CharField(max_length=200)
    placed_by = models.CharField(max_length=60)
    placed_us = models.BigIntegerField()
    released_by = models.CharField(max_length=60, blank=True)
    released_us = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.enterprise} {self.from_us}–{self.to_us}"


class Removal(models.Model):
    """What was removed of one enterprise's history because its time of keeping was over: a gap with a cause."""

    enterprise = models.CharField(max_length=11)
    kind = models.CharField(max_length=8)
    """``raw`` blocks or ``rollup``."""
    until_us = models.BigIntegerField()
    """Newest start of a removed row plus its hour: what is younger was not removed."""
    rows = models.BigIntegerField(default=0)
    samples = models.BigIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["enterprise", "kind"], name="one_removal_per_enterprise_kind")]

    def __str__(self) -> str:
        return f"{self.enterprise} {self.kind}"

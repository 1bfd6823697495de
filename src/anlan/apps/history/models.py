"""Compressed history: one row per gateway and stretch of time, in a database of its own.

A minute row is written as frames arrive; the compactor turns an hour's rows into one. A row is replaced only by a row
that holds all of its frames. Codes stand in plain text, since no foreign key may leave this database.
"""

from __future__ import annotations

from django.db import models


class Grain(models.TextChoices):
    MINUTE = "minute"
    HOUR = "hour"


class Block(models.Model):
    """Frames of one gateway in [start, start + one grain), packed by `anlan.stream.blocks`."""

    gateway = models.CharField(max_length=14)
    enterprise = models.CharField(max_length=11)
    grain = models.CharField(max_length=8, choices=Grain.choices)
    start_us = models.BigIntegerField()
    part = models.BigIntegerField(default=0)
    """Log sequence of the last record inside, so that a repeated delivery finds its row already written."""
    samples = models.PositiveIntegerField()
    body = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["gateway", "grain", "start_us", "part"], name="one_block_per_part")
        ]
        indexes = [models.Index(fields=["enterprise", "start_us"])]

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


class Position(models.Model):
    """How far the historian has read each partition of the log: everything up to ``seq`` is in blocks."""

    partition = models.PositiveSmallIntegerField(unique=True)
    seq = models.PositiveBigIntegerField(default=0)
    log = models.CharField(max_length=60, default="")
    """Which log the sequence belongs to: in another one it means nothing."""

    def __str__(self) -> str:
        return f"{self.partition}@{self.seq}"

"""The engine's checkpoint: what makes a restart change nothing."""

from __future__ import annotations

from django.db import models

from anlan.database.leases import PartitionRow, WorkerRow


class EnginePosition(PartitionRow):
    """Every record of the partition up to ``seq`` has had its effect, and the effect is in the database."""


class EngineWorker(WorkerRow):
    """An engine that works, or did until a moment ago."""


class EngineState(models.Model):
    """The kernel's state of one gateway's points after record ``seq``; written in the transaction of its events."""

    gateway = models.CharField(max_length=14, unique=True)
    seq = models.PositiveBigIntegerField(default=0)
    body = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.gateway}@{self.seq}"

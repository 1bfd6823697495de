"""One test of the whole way (全程测试): a sample of a test point, step by step, to a person's telephone."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.org.models import Person
from anlan.apps.org.scope import Scope, ScopedQuerySet


class WayStep(models.TextChoices):
    """The steps in their order."""

    SAMPLE = "sample", _("采样送到接入")
    LOG = "log", _("写进日志")
    ENGINE = "engine", _("引擎读到")
    ALARM = "alarm", _("测试点报警")
    WARNING = "warning", _("写下测试告知")
    DELIVERY = "delivery", _("渠道收下")
    RESTORED = "restored", _("恢复正常，报警解除")
    RECEIPT = "receipt", _("本人收到")


class OfTester(ScopedQuerySet["WayTest"]):
    def within(self, scope: Scope) -> Self:
        """One's own tests."""
        return self.filter(person_id=scope.person_id) if scope.person_id else self.none()


class WayTest(models.Model):
    """A test that runs or has ended; one runs at a time. Never part of any statistics: its point belongs to a unit that
    stands under no agency and is out of use between two tests."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="way_tests")
    started_by = models.CharField(_("发起人"), max_length=80)
    started_at = models.DateTimeField(_("开始"))
    moved_at = models.DateTimeField(_("最近进展"))
    sent_at = models.DateTimeField(null=True, blank=True)
    """Instant of the newest sample that the intake took."""
    steps = models.JSONField(default=list)
    """``{"step", "at", "done", "words"}`` of each step that is over."""
    waiting = models.CharField(max_length=300, blank=True)
    """What the running step waits for, in words."""
    key = models.CharField(max_length=80, blank=True)
    """The test gateway's key while the test runs; emptied at its end."""
    running = models.CharField(max_length=1, null=True, blank=True, unique=True, default="x")
    finished_at = models.DateTimeField(_("结束"), null=True, blank=True)

    objects = OfTester.as_manager()

    class Meta:
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M:%S} {self.person}"

    @property
    def is_running(self) -> bool:
        return self.running is not None

    @property
    def succeeded(self) -> bool:
        """Whether every step was done."""
        return len(self.steps) == len(WayStep) and all(step["done"] for step in self.steps)

    @property
    def step(self) -> WayStep | None:
        """The step that runs now; None when the test has ended."""
        return list(WayStep)[len(self.steps)] if self.is_running and len(self.steps) < len(WayStep) else None

"""A warning runs from leaving ``none`` until ``none``; within it, one level episode per stretch at one level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.registry.models import Enterprise, HazardSource, OfEnterprise


class WarningLevel(models.TextChoices):
    """Levels of 预警处置办法 第二条, with ``none`` for a warning that is cleared."""

    RED = "red", _("红色 重大")
    ORANGE = "orange", _("橙色 较大")
    YELLOW = "yellow", _("黄色 一般")
    BLUE = "blue", _("蓝色 低")
    NONE = "none", _("已解除")


class Origin(models.TextChoices):
    GRADING = "grading", _("自动定级")
    MANUAL = "manual", _("人工发布")
    LOADED = "loaded", _("示例数据")


class Kept(NamedTuple):
    """A level that somebody keeps by hand, and their name as it stands on the warning."""

    level: str
    name: str


def kept_by(held: Mapping[str, Any]) -> dict[str, Kept]:
    """Levels kept by hand from what a row or the journal says, whichever version wrote it."""
    return {
        who: Kept(each["level"], each["name"]) if isinstance(each, dict) else Kept(each, who)
        for who, each in held.items()
    }


class Warning(models.Model):
    """One warning of one hazard source. At most one is open per source, enforced here."""

    number = models.CharField(_("预警编号"), max_length=30, unique=True)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="warnings")
    source = models.ForeignKey(HazardSource, models.PROTECT, related_name="warnings")
    level = models.CharField(_("当前级别"), max_length=8, choices=WarningLevel.choices)
    """Level now; after clearing the last level before it (``cleared_at`` tells that it is over)."""
    highest = models.CharField(_("最高级别"), max_length=8, choices=WarningLevel.choices)
    rank = models.PositiveSmallIntegerField(default=0)
    """Order of ``level`` for sorting: red 4 … blue 1."""
    origin = models.CharField(_("来源"), max_length=10, choices=Origin.choices, default=Origin.GRADING)
    issuer = models.CharField(_("发布人"), max_length=60, blank=True)
    manual_level = models.CharField(
        _("人工级别"), max_length=8, choices=WarningLevel.choices, default=WarningLevel.NONE
    )
    """Level that somebody set by hand: the data may lift the warning above it, only the issuer brings it below."""
    manual_by = models.JSONField(_("各人的人工级别"), default=dict, db_default={}, blank=True)
    """Who keeps which level by hand: ``{"<actor id>": {"level", "name"}}``, the name as it stands on the warning (rows
    of older versions: ``{"<name>": "<level>"}``). ``manual_level`` is the gravest of them. Read it by `by_hand`."""
    reasons = models.JSONField(_("定级依据"), default=list, blank=True)
    """What the grading model said at the last change: rule titles with the alarms they rest on."""
    first_out = models.JSONField(_("首发"), default=dict, blank=True)
    """The alarm that came first: ``{"alarm", "point", "tag", "name", "level", "value", "unit", "at"}``."""
    opened_at = models.DateTimeField(_("发生时间"))
    level_since = models.DateTimeField(_("当前级别起"))
    confirmed_at = models.DateTimeField(_("首次确认"), null=True, blank=True)
    cleared_at = models.DateTimeField(_("消警时间"), null=True, blank=True)
    closed_at = models.DateTimeField(_("办结时间"), null=True, blank=True)
    next_due_at = models.DateTimeField(_("下一时限"), null=True, blank=True)
    """Copy of the earliest pending obligation's due time, for sorting lists."""

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["source"], condition=models.Q(cleared_at__isnull=True), name="one_open_warning_per_source"
            )
        ]
        indexes = [
            models.Index(fields=["cleared_at", "-rank", "next_due_at"]),
            models.Index(fields=["enterprise", "-opened_at"]),
            models.Index(fields=["opened_at", "id"], name="warning_by_time"),
            models.Index(fields=["level"], condition=models.Q(closed_at__isnull=True), name="warning_running"),
            models.Index(
                fields=["enterprise", "-rank", "opened_at"],
                condition=models.Q(cleared_at__isnull=True),
                name="warning_worst_of_enterprise",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def subject(self) -> str:
        """How obligations, notices and the journal name this warning."""
        return f"warning:{self.pk}"

    @property
    def grounds(self) -> list[str]:
        """Why it stands at its level, in words, each said once however many alarms bear it out."""
        return list(dict.fromkeys(reason["title"] for reason in self.reasons))

    @property
    def by_hand(self) -> dict[str, Kept]:
        """Who (by actor id; of older rows, by name) keeps the warning at which level by hand; of rows that were written
        before several could, the issuer alone."""
        if self.manual_by or self.manual_level == WarningLevel.NONE or self.origin == Origin.LOADED:
            return kept_by(self.manual_by)
        return kept_by({self.issuer: self.manual_level})

    @property
    def is_open(self) -> bool:
        return self.cleared_at is None

    @property
    def shown_level(self) -> str:
        """The level that it is shown in: while open the present one, afterwards the highest that it reached."""
        return self.level if self.is_open else self.highest


class LevelEpisode(models.Model):
    """One stretch at one level. The ladder in force is copied here when it starts, and never changes for it."""

    warning = models.ForeignKey(Warning, models.PROTECT, related_name="episodes")
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="level_episodes")
    level = models.CharField(max_length=8, choices=WarningLevel.choices)
    started_at = models.DateTimeField()
    clock_started_at = models.DateTimeField()
    """Origin of the notice grid; earlier than ``started_at`` when the flap guard continued a former clock."""
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_to = models.CharField(max_length=8, choices=WarningLevel.choices, blank=True)
    ladder = models.JSONField(default=dict, blank=True)

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["started_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["warning"], condition=models.Q(ended_at__isnull=True), name="one_running_episode_per_warning"
            )
        ]
        indexes = [
            models.Index(fields=["enterprise", "level", "started_at"]),
            models.Index(fields=["level", "ended_at"]),
            models.Index(fields=["started_at"]),
            models.Index(
                fields=["started_at", "id"], condition=models.Q(ended_at__isnull=True), name="episode_running_by_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.warning_id} {self.level}"


class Told(models.Model):
    """That this warning has reached a recipient for the first time; later news to them are up- or downgrades."""

    warning = models.ForeignKey(Warning, models.PROTECT, related_name="told")
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="told")
    recipient = models.CharField(max_length=60)
    name = models.CharField(max_length=80)
    slot = models.CharField(max_length=20)
    at = models.DateTimeField()

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["warning", "recipient"], name="told_once_per_warning")]

    def __str__(self) -> str:
        return f"{self.warning_id} {self.recipient}"

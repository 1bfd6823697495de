"""特殊作业: each work on record, and the report of a day that the county or park checks.

A work says what is declared of it today. A full permit (作业票) is the same row with more steps: its state leads on
from here, and what it needs besides (analyses, measures, signatures) are rows that name it.
"""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.commitments.models import WorkUnit
from anlan.apps.org.actor import actor_id
from anlan.apps.org.case import Case
from anlan.apps.org.models import Agency
from anlan.apps.registry.models import Enterprise, OfEnterprise
from anlan.rules.calendar import civil
from anlan.rules.special_work import Grade, Work, item_of

KINDS = [
    (str(Work.HOT), _("动火")),
    (str(Work.CONFINED_SPACE), _("受限空间")),
    (str(Work.BLINDING), _("盲板抽堵")),
    (str(Work.HEIGHT), _("高处")),
    (str(Work.LIFTING), _("吊装")),
    (str(Work.TEMPORARY_POWER), _("临时用电")),
    (str(Work.EXCAVATION), _("动土")),
    (str(Work.ROAD_CLOSING), _("断路")),
    (str(Work.REPAIR), _("检维修")),
    (str(Work.TANK_TRANSFER), _("倒罐")),
    (str(Work.TANK_CLEANING), _("清罐")),
    (str(Work.DRAINING), _("切水")),
]
GRADES = [
    (str(Grade.SPECIAL), _("特级")),
    (str(Grade.FIRST), _("一级")),
    (str(Grade.SECOND), _("二级")),
    (str(Grade.THIRD), _("三级")),
    (str(Grade.FOURTH), _("四级")),
]


class Channel(models.TextChoices):
    """How it reached the platform: entered by the enterprise, or told in a work group and entered by the county."""

    SYSTEM = "system", _("系统")
    GROUP = "wechat", _("微信群")


class Entered(models.TextChoices):
    AHEAD = "ahead", _("事前")
    SUPPLEMENT = "supplement", _("补录")


class WorkState(models.TextChoices):
    """On record → ended before its time, or called off before it began."""

    DECLARED = "declared", _("已登记")
    ENDED = "ended", _("已结束")
    CANCELLED = "cancelled", _("已取消")


class SpecialWork(Case):
    """One work at one place. What was said of it stays; ``state`` and what became of it alone change."""

    CASE, CALLED = "special_work", "这项作业"
    JOINED = ("enterprise__supervisor", "unit")
    KEPT = (
        "kind", "grade", "content", "place", "unit_id", "begins_at", "ends_at", "persons", "contractor", "approver",
        "channel", "reporter", "reported_at", "entered_at", "entered_by", "entered_by_id", "entry", "is_late", "state",
        "ended_at", "ended_by", "ended_by_id", "note",
    )  # fmt: skip

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="special_works")
    kind = models.CharField(_("作业"), max_length=16, choices=KINDS)
    grade = models.CharField(_("级别"), max_length=8, choices=GRADES, blank=True)
    content = models.CharField(_("作业内容"), max_length=200)
    place = models.CharField(_("地点"), max_length=80)
    unit = models.ForeignKey(
        WorkUnit, models.PROTECT, null=True, blank=True, related_name="special_works", verbose_name=_("车间或班组")
    )
    begins_at = models.DateTimeField(_("开始"))
    ends_at = models.DateTimeField(_("结束"))
    """When it is to be over, as declared."""
    persons = models.PositiveIntegerField(_("作业人数"))
    contractor = models.CharField(_("承包商"), max_length=80, blank=True)
    """Empty: the enterprise's own people."""
    approver = models.CharField(_("审批人"), max_length=60, blank=True)
    channel = models.CharField(_("报告方式"), max_length=10, choices=Channel.choices, default=Channel.SYSTEM)
    reporter = models.CharField(_("报告人"), max_length=60)
    reported_at = models.DateTimeField(_("报告时间"))
    entered_at = models.DateTimeField(_("录入时间"))
    entered_by = models.CharField(_("录入人"), max_length=60)
    entered_by_id = actor_id()
    entry = models.CharField(_("登记"), max_length=10, choices=Entered.choices)
    is_late = models.BooleanField(_("迟"), default=False)
    """A supplement of a later day than that on which the work began."""
    state = models.CharField(_("状态"), max_length=10, choices=WorkState.choices, default=WorkState.DECLARED)
    ended_at = models.DateTimeField(_("结束或取消"), null=True, blank=True)
    ended_by = models.CharField(_("结束人"), max_length=60, blank=True)
    ended_by_id = actor_id()
    note = models.CharField(_("说明"), max_length=200, blank=True)

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["-begins_at", "-pk"]
        indexes = [
            models.Index(fields=["enterprise", "begins_at"], name="special_work_of"),
            models.Index(fields=["begins_at"], name="special_work_begins"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("begins_at")), name="special_work_ends_after_it_begins"
            )
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """What people call it: ZY-20240301-12."""
        return f"ZY-{civil(self.begins_at):%Y%m%d}-{self.pk}"

    @property
    def item(self) -> str:
        """The item of the daily commitment in which it is counted."""
        return item_of(Work(self.kind), Grade(self.grade))

    @property
    def title(self) -> str:
        """一级动火, 盲板抽堵."""
        return f"{self.get_grade_display()}{self.get_kind_display()}" if self.grade else str(self.get_kind_display())

    @property
    def until(self) -> datetime:
        """When it was, or is to be, over."""
        return self.ended_at or self.ends_at


class ReportState(models.TextChoices):
    """Reported → checked by the county or park, or queried; answered or added to, it waits to be checked again."""

    REPORTED = "reported", _("待核查")
    QUERIED = "queried", _("有疑问")
    CHECKED = "checked", _("已核查")


class DayReport(Case):
    """特殊作业当日报告: that an enterprise has reported the special work of a civil day, or that there is none.

    ``reported_at`` is the first time, by which the day is judged: for what was told in a work group when it was told
    there, not when somebody entered it. The works themselves are rows of their own.
    """

    CASE, CALLED = "special_work_day", "这份当日报告"
    JOINED = ("enterprise__supervisor",)
    KEPT = (
        "day", "nothing", "channel", "reporter", "reported_at", "entered_at", "entered_by", "entered_by_id", "state",
        "decided_at", "decided_by", "decided_by_id", "agency_id", "note", "answer", "answered_at", "answered_by",
        "answered_by_id",
    )  # fmt: skip

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="special_work_days")
    day = models.DateField(_("日期"))
    nothing = models.BooleanField(_("报“无”"), default=False)
    """What the first report said; works that came up later stand beside it."""
    channel = models.CharField(_("报告方式"), max_length=10, choices=Channel.choices, default=Channel.SYSTEM)
    reporter = models.CharField(_("报告人"), max_length=60)
    reported_at = models.DateTimeField(_("首次报告"))
    entered_at = models.DateTimeField(_("录入时间"))
    entered_by = models.CharField(_("录入人"), max_length=60)
    entered_by_id = actor_id()
    state = models.CharField(_("核查"), max_length=10, choices=ReportState.choices, default=ReportState.REPORTED)
    decided_at = models.DateTimeField(_("核查时间"), null=True, blank=True)
    decided_by = models.CharField(_("核查人"), max_length=60, blank=True)
    decided_by_id = actor_id()
    agency = models.ForeignKey(Agency, models.PROTECT, null=True, blank=True, related_name="special_work_checked")
    """For whom it was checked."""
    note = models.CharField(_("核查意见"), max_length=200, blank=True)
    answer = models.CharField(_("企业说明"), max_length=200, blank=True)
    answered_at = models.DateTimeField(_("说明时间"), null=True, blank=True)
    answered_by = models.CharField(_("说明人"), max_length=60, blank=True)
    answered_by_id = actor_id()

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["-day", "-pk"]
        constraints = [models.UniqueConstraint(fields=["enterprise", "day"], name="one_special_work_report_a_day")]
        indexes = [models.Index(fields=["day", "state"], name="special_work_report_by_day")]

    def __str__(self) -> str:
        return f"{self.enterprise_id} {self.day}"

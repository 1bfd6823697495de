"""Regions, agencies and persons: the tree that every right and every notice follows.

Persons hold posts; posts give roles; log-ins live in `accounts`. Rows here are ended by a date, never deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from anlan import addresses
from anlan.apps.org.scope import Scope, ScopedQuerySet
from anlan.refused import Refused


class Region(models.Model):
    """A division of the country, coded as in GB/T 2260 (six digits; towns nine)."""

    code = models.CharField(_("行政区划代码"), max_length=9, unique=True)
    name = models.CharField(_("名称"), max_length=60)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class AgencyLevel(models.TextChoices):
    MINISTRY = "ministry", _("部")
    PROVINCE = "province", _("省")
    CITY = "city", _("市")
    COUNTY = "county", _("县")
    PARK = "park", _("化工园区")
    TOWN = "town", _("镇街")


class AgencyKind(models.TextChoices):
    EMERGENCY = "emergency", _("应急管理部门")
    ENERGY = "energy", _("能源主管部门")
    PARK = "park", _("园区管理机构")
    TECHNICAL = "technical", _("技术支撑单位")
    OTHER = "other", _("其他部门")


class NationalRole(models.TextChoices):
    """Seats that the regulation names at the ministry (ORG-05)."""

    CASST = "nat.casst", _("安科院监测预警中心")
    REGISTRY = "nat.registry", _("化学品登记中心")


class AgencyQuerySet(ScopedQuerySet["Agency"]):
    def within(self, scope: Scope) -> Self:
        inside = models.Q(pk__in=[])
        for path in scope.agency_paths:
            inside |= models.Q(path__startswith=path)
        return self.filter(inside)

    def under(self, agency: Agency) -> Self:
        """The agency and everything below it."""
        return self.filter(path__startswith=agency.path)


class Agency(models.Model):
    """A supervising unit. Its ``path`` (``/1/4/9/``) and those of all below it are kept by `save`, so a subtree is one
    prefix query."""

    code = models.SlugField(_("代号"), max_length=40, unique=True)
    name = models.CharField(_("名称"), max_length=80)
    level = models.CharField(_("层级"), max_length=10, choices=AgencyLevel.choices)
    kind = models.CharField(_("性质"), max_length=12, choices=AgencyKind.choices, default=AgencyKind.EMERGENCY)
    role = models.CharField(_("国家级席位"), max_length=20, choices=NationalRole.choices, blank=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    region = models.ForeignKey(Region, models.PROTECT, null=True, blank=True, related_name="agencies")
    path = models.CharField(max_length=120, unique=True, editable=False)
    duty_phone = models.CharField(_("值班电话"), max_length=30, blank=True)
    settings = models.JSONField(_("本地设定"), default=dict, blank=True)

    objects = AgencyQuerySet.as_manager()

    class Meta:
        ordering = ["path"]

    def __str__(self) -> str:
        return self.name

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Bring the duty number into its one form before the fields look at it. Raises ValidationError."""
        _tidy(self, duty_phone=partial(addresses.phone, desk=True))
        super().clean_fields(exclude)

    @transaction.atomic
    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, and bring everything below along when the parent is another one. Paths are those of the database: a
        parent in memory may have moved since it was read."""
        if not self.pk:
            self.path = f"new-{self.code}"
            super().save(*args, **kwargs)
        paths = dict(Agency._base_manager.filter(pk__in=[self.pk, self.parent_id]).values_list("pk", "path"))
        former, above = paths.get(self.pk), paths[self.parent_id] if self.parent_id else "/"
        self.path = f"{above}{self.pk}/"
        kwargs["force_insert"] = False
        super().save(*args, **kwargs)
        if former is not None and former != self.path:
            for each in Agency._base_manager.filter(path__startswith=former).exclude(pk=self.pk):
                moved = self.path + each.path.removeprefix(former)
                Agency._base_manager.filter(pk=each.pk).update(path=moved)


class Section(models.Model):
    """A desk inside an agency: the command and dispatch centre, the hazardous-chemicals section (ORG-04)."""

    agency = models.ForeignKey(Agency, models.PROTECT, related_name="sections")
    name = models.CharField(_("科室"), max_length=60)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "name"], name="one_section_name_per_agency")]

    def __str__(self) -> str:
        return f"{self.agency} {self.name}"


class Person(models.Model):
    """A human being. Phone and mail are personal data: shown only to roles that need them (SEC-04)."""

    code = models.SlugField(_("人员编号"), max_length=40, unique=True)
    name = models.CharField(_("姓名"), max_length=40)
    phone = models.CharField(_("手机"), max_length=30, blank=True)
    email = models.EmailField(_("邮箱"), blank=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Bring number and address into their one form before the fields look at them. Raises ValidationError."""
        _tidy(self, phone=addresses.phone, email=addresses.mail)
        super().clean_fields(exclude)


def _tidy(row: models.Model, **rules: Callable[[str], str]) -> None:
    refused = {}
    for name, rule in rules.items():
        try:
            setattr(row, name, rule(getattr(row, name)))
        except Refused as error:
            refused[name] = str(error)
    if refused:
        raise ValidationError(refused)


class Role(models.TextChoices):
    """What a person does in a unit (requirements §5)."""

    ADMIN = "admin", _("管理员")
    OPERATOR = "operator", _("巡查抽查员")
    DUTY_OFFICER = "duty_officer", _("值班员")
    HANDLER = "handler", _("处置人员")
    APPROVER = "approver", _("审批人")
    VIEWER = "viewer", _("查看")
    PRINCIPAL = "principal", _("企业主要负责人")
    DUTY_HOLDER = "duty_holder", _("包保责任人")
    SAFETY_OFFICER = "safety_officer", _("企业安全管理人员")


class Post(models.Model):
    """A person's place in an agency, from and until when."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="posts")
    agency = models.ForeignKey(Agency, models.PROTECT, related_name="posts")
    section = models.ForeignKey(Section, models.PROTECT, null=True, blank=True, related_name="posts")
    role = models.CharField(_("角色"), max_length=20, choices=Role.choices)
    valid_from = models.DateTimeField(_("任职起"))
    valid_until = models.DateTimeField(_("任职止"), null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["agency", "role"])]

    def __str__(self) -> str:
        return f"{self.person} · {self.agency}"


class DeputyQuerySet(models.QuerySet["Deputy"]):
    def in_force(self, at: datetime) -> DeputyQuerySet:
        """Deputies whose time covers ``at``: from inclusive, until exclusive."""
        return self.filter(models.Q(valid_until__isnull=True) | models.Q(valid_until__gt=at), valid_from__lte=at)


class Deputy(models.Model):
    """代理人: who stands in for a person, from and until when; history is kept.

    With ``is_away`` the person is declared absent: the deputy is told *beside* them. Otherwise the deputy is told only
    when the person cannot be reached by any way. A deputy takes over what is heard, never what the person answers for.
    """

    person = models.ForeignKey(Person, models.PROTECT, related_name="deputies")
    deputy = models.ForeignKey(Person, models.PROTECT, related_name="deputy_of")
    is_away = models.BooleanField(_("本人不在岗"), default=False)
    valid_from = models.DateTimeField(_("起"))
    valid_until = models.DateTimeField(_("止"), null=True, blank=True)
    declared_by = models.CharField(_("登记人"), max_length=80)
    declared_at = models.DateTimeField(_("登记时间"))

    objects = DeputyQuerySet.as_manager()

    class Meta:
        ordering = ["valid_from", "pk"]
        indexes = [models.Index(fields=["person", "valid_from"])]
        constraints = [
            models.CheckConstraint(condition=~models.Q(person=models.F("deputy")), name="nobody_is_their_own_deputy")
        ]

    def __str__(self) -> str:
        return f"{self.deputy} 代 {self.person}"

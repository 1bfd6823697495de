"""Major hazard sources and the three persons who answer for each (包保责任人)."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.org.models import Person
from anlan.apps.registry.models.bounds import LATITUDE, LONGITUDE
from anlan.apps.registry.models.enterprise import Enterprise, OfEnterprise


class SourceLevel(models.TextChoices):
    """Grade of a major hazard source by GB 18218; not a warning level."""

    FIRST = "1", _("一级")
    SECOND = "2", _("二级")
    THIRD = "3", _("三级")
    FOURTH = "4", _("四级")


class HazardSource(models.Model):
    """A major hazard source: a unit, a tank area or a warehouse of one enterprise."""

    code = models.CharField(_("重大危险源编码"), max_length=14, unique=True)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="sources")
    name = models.CharField(_("名称"), max_length=60)
    level = models.CharField(_("等级"), max_length=1, choices=SourceLevel.choices)
    substance = models.CharField(_("主要物质"), max_length=60, blank=True)
    longitude = models.FloatField(_("经度"), null=True, blank=True, validators=LONGITUDE)
    latitude = models.FloatField(_("纬度"), null=True, blank=True, validators=LATITUDE)

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class DutyPost(models.TextChoices):
    MAIN = "main", _("主要负责人")
    TECHNICAL = "technical", _("技术负责人")
    OPERATIONS = "operations", _("操作负责人")


class DutyHolderQuerySet(OfEnterprise["DutyHolder"]):
    def in_force(self, at: datetime) -> Self:
        """Holders whose validity covers ``at``: from inclusive, until exclusive."""
        return self.filter(models.Q(valid_until__isnull=True) | models.Q(valid_until__gt=at), valid_from__lte=at)


class DutyHolder(models.Model):
    """One person in one of the three posts of a hazard source, from and until when; history is kept (RES-02)."""

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="duty_holders")
    source = models.ForeignKey(HazardSource, models.PROTECT, related_name="duty_holders")
    person = models.ForeignKey(Person, models.PROTECT, related_name="duties")
    post = models.CharField(_("包保岗位"), max_length=12, choices=DutyPost.choices)
    valid_from = models.DateTimeField(_("起"))
    valid_until = models.DateTimeField(_("止"), null=True, blank=True)

    objects = DutyHolderQuerySet.as_manager()

    class Meta:
        ordering = ["source", "post", "valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "post"],
                condition=models.Q(valid_until__isnull=True),
                name="one_current_holder_per_post",
            )
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.get_post_display()} {self.person}"


class Employment(models.Model):
    """A person on an enterprise's staff."""

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="staff")
    person = models.ForeignKey(Person, models.PROTECT, related_name="employments")
    title = models.CharField(_("职务"), max_length=60, blank=True)
    valid_from = models.DateTimeField(_("起"))
    valid_until = models.DateTimeField(_("止"), null=True, blank=True)

    objects = OfEnterprise.as_manager()

    def __str__(self) -> str:
        return f"{self.person} · {self.enterprise}"

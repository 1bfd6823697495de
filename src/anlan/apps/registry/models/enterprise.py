"""Enterprises and parks, and the rule of who may see an enterprise."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.org.models import Agency, Person, Region
from anlan.apps.org.scope import Row, Scope, ScopedQuerySet, once_a_page
from anlan.apps.org.selectors import agencies_visible
from anlan.apps.registry.models.bounds import COUNT, LATITUDE, LONGITUDE


class EnterpriseKind(models.TextChoices):
    """Categories of an enterprise; one may have several (ORG-10)."""

    HAZARD_SOURCE = "hazard_source", _("重大危险源企业")
    PRODUCTION = "production", _("生产企业")
    USE = "use", _("使用许可企业")
    TRADE_STORAGE = "trade_storage", _("经营企业（带储存）")
    FILLING_STATION = "filling_station", _("加油站")
    OIL_DEPOT = "oil_depot", _("油库")
    GENERAL_CHEMICAL = "general_chemical", _("一般化工")
    PHARMACEUTICAL = "pharmaceutical", _("化工医药")
    FINE_CHEMICAL = "fine_chemical", _("精细化工")
    PORT = "port", _("港口")
    FIREWORKS_WHOLESALE = "fireworks_wholesale", _("烟花爆竹批发")
    FIREWORKS_RETAIL = "fireworks_retail", _("烟花爆竹零售")
    PRECURSOR = "precursor", _("易制毒易制爆")


class Park(models.Model):
    """A chemical park; with its own agency or without one (ORG-03)."""

    code = models.SlugField(_("园区代号"), max_length=40, unique=True)
    name = models.CharField(_("园区名称"), max_length=80)
    county = models.ForeignKey(Agency, models.PROTECT, related_name="parks_in_county")
    agency = models.OneToOneField(Agency, models.PROTECT, null=True, blank=True, related_name="park")

    def __str__(self) -> str:
        return self.name


NAMED = 500
"""Up to so many enterprises are named one by one in the questions of a page; more are described by their agencies."""


class EnterpriseQuerySet(ScopedQuerySet["Enterprise"]):
    def within(self, scope: Scope) -> Self:
        reach = once_a_page(("reach", scope), lambda: reach_of(scope))
        if reach is EVERY:
            return self.all()
        return self.filter(described(scope) if reach is None else models.Q(pk__in=reach))


class Every(Enum):
    """The scope reaches every enterprise there is."""

    EVERY = "every"


EVERY = Every.EVERY


def described(scope: Scope) -> models.Q:
    """The enterprises of a scope by the agencies that stand above them, whichever way."""
    mine = models.Q(pk__in=scope.enterprise_ids)
    if scope.agency_paths:
        agencies = agencies_visible(scope).values("pk")
        mine |= models.Q(supervisor__in=agencies) | models.Q(county__in=agencies) | models.Q(town__in=agencies)
        mine |= models.Q(park__in=Park.objects.filter(agency__in=agencies).values("pk"))
    return mine


def reach_of(scope: Scope) -> tuple[int, ...] | Every | None:
    """The keys of the enterprises of a scope when they are few, `EVERY` when it has all of them, else None.

    Asked once a page. A database that is told the keys, or that there is nothing to tell, chooses the right index; one
    that has to work them out from agencies' paths for each list does not.
    """
    everything = Enterprise.objects.by_the_machine().order_by()
    mine = tuple(everything.filter(described(scope)).values_list("pk", flat=True)[: NAMED + 1])
    if len(mine) <= NAMED:
        return mine
    return None if everything.exclude(pk__in=everything.filter(described(scope)).values("pk")).exists() else EVERY


class Enterprise(models.Model):
    """A plant operator. The supervising authority is its attribute, not computed from the address (ORG-02)."""

    code = models.CharField(_("企业编码"), max_length=11, unique=True)
    scheme = models.CharField(_("编码体系"), max_length=20, default="national")
    name = models.CharField(_("企业名称"), max_length=80)
    short_name = models.CharField(_("简称"), max_length=20, blank=True)
    kinds = models.JSONField(_("类别"), default=list)
    region = models.ForeignKey(Region, models.PROTECT, related_name="enterprises")
    county = models.ForeignKey(Agency, models.PROTECT, related_name="enterprises_in_county")
    town = models.ForeignKey(Agency, models.PROTECT, null=True, blank=True, related_name="enterprises_in_town")
    park = models.ForeignKey(Park, models.PROTECT, null=True, blank=True, related_name="enterprises")
    supervisor = models.ForeignKey(Agency, models.PROTECT, related_name="supervised_enterprises")
    principal = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="principal_of")
    group_name = models.CharField(_("集团公司"), max_length=80, blank=True)
    address = models.CharField(_("地址"), max_length=120, blank=True)
    longitude = models.FloatField(_("经度"), null=True, blank=True, validators=LONGITUDE)
    latitude = models.FloatField(_("纬度"), null=True, blank=True, validators=LATITUDE)
    declared_gas_points = models.PositiveIntegerField(_("申报气体监测点数"), default=0, validators=COUNT)
    declared_sources = models.PositiveIntegerField(_("申报重大危险源数"), default=0, validators=COUNT)
    is_active = models.BooleanField(_("在监管"), default=True)

    objects = EnterpriseQuerySet.as_manager()

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.short_name or self.name

    @property
    def kind_labels(self) -> list[str]:
        """The categories in words, in the order of the list."""
        names = dict(EnterpriseKind.choices)
        return [str(names.get(kind, kind)) for kind in self.kinds]


class OfEnterprise(ScopedQuerySet[Row]):
    """Rows that belong to an enterprise (field ``enterprise``) are seen by whoever sees the enterprise."""

    def within(self, scope: Scope) -> Self:
        reach = once_a_page(("reach", scope), lambda: reach_of(scope))
        if reach is EVERY:
            return self.filter(enterprise__isnull=False)
        if reach is None:
            return self.filter(enterprise__in=Enterprise.objects.by_the_machine().filter(described(scope)).values("pk"))
        return self.filter(enterprise__in=reach)

    def near(self, agencies: Collection[int]) -> Self:
        """Rows of enterprises that one of these agencies supervises, or is the county or the park of."""
        mine = models.Q(enterprise__supervisor__in=agencies) | models.Q(enterprise__county__in=agencies)
        return self.filter(mine | models.Q(enterprise__park__agency__in=agencies))


class OfUnit(ScopedQuerySet[Row]):
    """Rows of an agency or of an enterprise (fields ``agency`` and ``enterprise``, one of them): seen in the unit
    itself and above it."""

    def within(self, scope: Scope) -> Self:
        below = EnterpriseQuerySet(Enterprise).visible_to(scope)
        mine = models.Q(enterprise__in=below.values("pk"))
        for path in scope.agency_paths:
            mine |= models.Q(agency__path__startswith=path)
        return self.filter(mine)

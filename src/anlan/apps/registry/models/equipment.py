"""Devices, measuring points, gateways and cameras of an enterprise (MON-03)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from anlan.apps.registry.models.bounds import DECIMALS, DURATION, PERIOD, QUANTITY, between
from anlan.apps.registry.models.enterprise import Enterprise, OfEnterprise
from anlan.apps.registry.models.source import HazardSource


class Gateway(models.Model):
    """A data link of an enterprise, authenticated by its own key; only the key's SHA-256 is kept."""

    code = models.CharField(_("网关编码"), max_length=14, unique=True)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="gateways")
    key_sha256 = models.CharField(max_length=64)
    period_s = models.FloatField(_("采集周期（秒）"), default=5.0, validators=PERIOD)
    is_active = models.BooleanField(_("启用"), default=True)

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class DeviceKind(models.TextChoices):
    TANK = "tank", _("储罐")
    UNIT = "unit", _("装置")
    WAREHOUSE = "warehouse", _("仓库")
    GAS_POINT = "gas_point", _("气体检测点")
    PIPELINE = "pipeline", _("管道")
    PROCESS_UNIT = "process_unit", _("非危险源工艺装置")


class Device(models.Model):
    """A tank, unit, warehouse or detector position; ``source`` is empty for process units outside any source."""

    code = models.CharField(_("设备编码"), max_length=19, unique=True)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="devices")
    source = models.ForeignKey(HazardSource, models.PROTECT, null=True, blank=True, related_name="devices")
    name = models.CharField(_("名称"), max_length=60)
    kind = models.CharField(_("类型"), max_length=12, choices=DeviceKind.choices)
    medium = models.CharField(_("介质"), max_length=40, blank=True)
    medium_state = models.CharField(_("介质形态"), max_length=20, blank=True)
    location = models.CharField(_("位置"), max_length=80, blank=True)

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["enterprise", "source", "name"], name="device_names_are_distinguishable")
        ]

    def __str__(self) -> str:
        return self.name


class Gas(models.TextChoices):
    NONE = "", _("非气体")
    COMBUSTIBLE = "combustible", _("可燃")
    TOXIC = "toxic", _("有毒")
    OXYGEN = "oxygen", _("氧")


class Point(models.Model):
    """One measured indicator of a device with its unit, range, limits and delays. Limits are null where none is set."""

    code = models.CharField(_("指标编码"), max_length=24, unique=True)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="points")
    source = models.ForeignKey(HazardSource, models.PROTECT, null=True, blank=True, related_name="points")
    device = models.ForeignKey(Device, models.PROTECT, related_name="points")
    gateway = models.ForeignKey(Gateway, models.PROTECT, related_name="points")
    tag = models.CharField(_("位号"), max_length=40)
    name = models.CharField(_("指标名称"), max_length=60)
    kind = models.CharField(_("指标类型"), max_length=4)
    gas = models.CharField(_("气体类别"), max_length=12, choices=Gas.choices, blank=True, default="")
    unit = models.CharField(_("计量单位"), max_length=16)
    range_min = models.FloatField(_("量程下限"), validators=QUANTITY)
    range_max = models.FloatField(_("量程上限"), validators=QUANTITY)
    ll = models.FloatField(_("低低限"), null=True, blank=True, validators=QUANTITY)
    l = models.FloatField(_("低限"), null=True, blank=True, validators=QUANTITY)  # noqa: E741 - the field's own name
    h = models.FloatField(_("高限"), null=True, blank=True, validators=QUANTITY)
    hh = models.FloatField(_("高高限"), null=True, blank=True, validators=QUANTITY)
    deadband = models.FloatField(_("回差"), default=0.0, validators=between(0, 1e12))
    on_delay_s = models.FloatField(_("报警延时（秒）"), default=0.0, validators=DURATION)
    off_delay_s = models.FloatField(_("消警延时（秒）"), default=0.0, validators=DURATION)
    flatline_s = models.FloatField(_("不变判定（秒）"), null=True, blank=True, validators=DURATION)
    period_s = models.FloatField(_("上报周期（秒）"), default=5.0, validators=PERIOD)
    no_data_s = models.FloatField(_("无数据判定（秒）"), default=60.0, validators=DURATION)
    decimals = models.PositiveSmallIntegerField(_("小数位"), default=2, validators=DECIMALS)
    missing = models.CharField(_("缺测值"), max_length=60, blank=True, default="", db_default="")
    """Numbers by which the control system says that it has none, separated by semicolons (`signs_in`)."""
    is_active = models.BooleanField(_("启用"), default=True)
    registered_at = models.DateTimeField(_("登记时间"))
    revision = models.PositiveIntegerField(_("版本"), default=1)
    valid_from = models.DateTimeField(_("限值生效"), null=True, blank=True)
    """From when on the present limits and delays hold; empty while they were never others."""

    objects = OfEnterprise.as_manager()

    class Meta:
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["device", "name"], name="point_names_are_distinguishable"),
            models.CheckConstraint(condition=models.Q(range_min__lt=models.F("range_max")), name="point_range_is_open"),
        ]
        indexes = [models.Index(fields=["tag", "id"], name="point_by_tag")]

    def __str__(self) -> str:
        return f"{self.tag} {self.name}"


class Camera(models.Model):
    """A camera; key cameras and the control room count for the video online state (MON-05)."""

    code = models.CharField(_("视频编码"), max_length=30, unique=True)
    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="cameras")
    source = models.ForeignKey(HazardSource, models.PROTECT, null=True, blank=True, related_name="cameras")
    name = models.CharField(_("名称"), max_length=60)
    is_key = models.BooleanField(_("关键部位"), default=True)
    is_control_room = models.BooleanField(_("中控室"), default=False)
    last_seen_at = models.DateTimeField(_("最近在线"), null=True, blank=True)
    down_since = models.DateTimeField(_("离线起"), null=True, blank=True)
    """Since when it is reported as showing nothing; empty while it is not."""

    online: bool
    """Noted by a page on the rows that it shows."""

    objects = OfEnterprise.as_manager()

    def __str__(self) -> str:
        return self.name

    def shows(self, now: datetime, silence: timedelta) -> bool:
        """Whether it is online: seen within the silence, and not reported as down since."""
        seen = self.last_seen_at
        return seen is not None and now - seen < silence and self.down_since is None

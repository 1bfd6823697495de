"""Points come in checked, change journaled; duty holders are replaced with history."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.hats import called

from anlan.apps.alarms.selectors.points import point_specs
from anlan.apps.journal.models import Entry
from anlan.apps.journal.services import broken
from anlan.apps.org.models import Person
from anlan.apps.registry import services
from anlan.apps.registry.models import Device, DutyHolder, HazardSource, Point
from anlan.refused import Refused
from anlan.testing.demo import world

pytestmark = pytest.mark.django_db
NOW = datetime(2024, 3, 1, 0, 0, tzinfo=UTC)


@pytest.fixture
def demo() -> world.Loaded:
    return world.load(NOW)


def values(device: Device, /, **changes: object) -> dict[str, object]:
    first = device.points.first()
    assert first is not None
    return {
        "code": f"{device.code}WD077",
        "enterprise": device.enterprise,
        "source": device.source,
        "device": device,
        "gateway": first.gateway,
        "tag": "TT-9977",
        "name": "塔顶温度",
        "kind": "WD",
        "unit": "℃",
        "range_min": 0.0,
        "range_max": 100.0,
        "h": 60.0,
        "hh": 70.0,
    } | changes


@pytest.mark.req("MON-03")
def test_a_point_without_device_unit_or_threshold_is_refused_and_a_twin_name_gets_a_hint(demo: world.Loaded) -> None:
    tank = Device.objects.filter(kind="tank").first()
    detector = Device.objects.filter(kind="gas_point").first()
    assert tank is not None
    assert detector is not None
    cases: list[tuple[dict[str, object], str]] = [
        (values(tank, device=None), "未关联设备"),
        (values(tank, unit=""), "计量单位"),
        (values(tank, h=None, hh=None), "未设置任何阈值"),
        (values(tank, h=80.0), "低低限 < 低限 < 高限 < 高高限"),
        (values(tank, name="温度"), "前缀或后缀"),
        (values(detector, code=f"{detector.code}QT077", kind="QT", gas="combustible", l=1.0), "只设高限"),
        (values(detector, code=f"{detector.code}QT077", kind="QT", gas="oxygen", h=23.5, hh=None), "同时设低限和高限"),
        (values(tank, code="123"), "不是"),
    ]
    before = Point.objects.count()
    for given, expected in cases:
        with pytest.raises(Refused) as refused:
            services.register_point(given, by=called("示例"), at=NOW)
        assert expected in str(refused.value)
    assert Point.objects.count() == before
    gas_with_high_only = values(detector, code=f"{detector.code}QT077", kind="QT", gas="toxic", name="硫化氢浓度")
    oxygen_with_both = values(
        detector, code=f"{detector.code}QT078", kind="QT", gas="oxygen", l=19.5, h=23.5, hh=None, name="氧含量甲"
    )
    for accepted in (values(tank), gas_with_high_only, oxygen_with_both):
        services.register_point(accepted, by=called("示例"), at=NOW)
    assert Point.objects.count() == before + 3


def test_a_changed_limit_stands_in_the_journal_with_old_and_new(demo: world.Loaded) -> None:
    point = Point.objects.get(code="990121001001G0001YL001")
    changed = services.change_limits(point, by=called("示例甲"), at=NOW, hh=1.6)
    entry = Entry.objects.get(act="limits_changed")
    assert (changed.hh, changed.revision) == (1.6, 2)
    assert entry.before["hh"] == 1.58
    assert entry.after["hh"] == 1.6
    assert entry.actor == "person:示例甲"
    assert list(broken()) == []


def test_an_illogical_limit_changes_nothing(demo: world.Loaded) -> None:
    point, written = Point.objects.get(code="990121001001G0001YL001"), Entry.objects.count()
    with pytest.raises(Refused):
        services.change_limits(point, by=called("示例甲"), at=NOW, hh=1.2)
    point.refresh_from_db()
    assert (point.hh, point.revision, Entry.objects.count()) == (1.58, 1, written)


def test_a_replaced_holder_keeps_the_former_with_dates_and_tells_the_handlers(demo: world.Loaded) -> None:
    source = HazardSource.objects.get(code="990121001001")
    newcomer = Person.objects.create(code="new", name="示例丁")
    heard: list[tuple[int, datetime]] = []

    def listen(changed: HazardSource, at: datetime) -> None:
        heard.append((changed.pk, at))

    services._on_holder_change.append(listen)
    try:
        later = NOW + timedelta(hours=2)
        services.replace_holder(source, "operations", newcomer, by=called("示例甲"), at=later)
        services.replace_holder(source, "operations", newcomer, by=called("示例甲"), at=later)
    finally:
        services._on_holder_change.remove(listen)
    holders = DutyHolder.objects.filter(source=source, post="operations").order_by("valid_from")
    assert [(holder.person.name, holder.valid_until) for holder in holders] == [
        (holders[0].person.name, later),
        ("示例丁", None),
    ]
    assert heard == [(source.pk, later)]


def test_a_new_gateway_key_is_shown_once_and_only_its_digest_kept(demo: world.Loaded) -> None:
    point = Point.objects.get(code="990121001001G0001YL001")
    old = point.gateway.key_sha256
    key = services.issue_gateway_key(point.gateway, by=called("示例甲"), at=NOW)
    point.gateway.refresh_from_db()
    assert point.gateway.key_sha256 != old
    assert key not in point.gateway.key_sha256


@pytest.mark.case("A9")
@pytest.mark.parametrize(
    ("missing", "why"),
    [("-9999;50", "缺测值 50 在量程之内"), ("0", "在量程之内"), ("坏", "须是数值"), ("inf", "须是数值")],
)
def test_a_number_that_can_be_measured_is_no_sign_of_a_broken_transmitter(
    demo: world.Loaded, missing: str, why: str
) -> None:
    tank = Device.objects.filter(kind="tank").first()
    assert tank is not None
    with pytest.raises(Refused, match=why):
        services.register_point(values(tank, missing=missing), by=called("示例"), at=NOW)
    services.register_point(values(tank, missing="-9999;32767"), by=called("示例"), at=NOW)
    [spec] = [spec for spec in point_specs([tank.enterprise.code]) if spec.code == f"{tank.code}WD077"]
    assert spec.missing == "-9999;32767"

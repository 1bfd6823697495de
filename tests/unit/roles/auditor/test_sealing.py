"""Whoever alters or removes a stored record behind the product's back is found by the check, however they cover it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db.models import F
from tests.acceptance.worlds import at, scenario
from tests.hats import holder, staff

from anlan.apps.alarms.services import filings, shelving, suppression
from anlan.apps.journal import services as journal
from anlan.apps.journal.models import Entry
from anlan.apps.obligations import services as obligations
from anlan.apps.warnings import services as warnings
from anlan.roles.auditor import sealing
from anlan.roles.auditor.patrol import SealPatrol

pytestmark = pytest.mark.django_db


@pytest.fixture
def sealer() -> sealing.Sealer:
    """After a red warning with notices, a site order, a confirmation, a measure and a report; nothing sealed yet."""
    from anlan.drill.world import build

    world = build(scenario())
    source = world.sources["s1"]
    warning = warnings.set_level(source, "red", at=at("08:00"))
    assert warning is not None
    obligations.run_due(at("08:30"))
    obligations.run_due(at("10:00"))
    warnings.confirm(
        warning, by=holder(warning, world.person(source.enterprise, "丙")), at=at("10:01"), text="已到现场"
    )
    warnings.record_measure(warning, by=staff(warning, "丙"), at=at("10:02"), text="关闭阀门")
    warnings.set_level(source, "none", at=at("10:03"))
    warnings.submit_report(
        warning, by=staff(warning, "丙"), at=at("10:04"), result="已处置", cause="阀门内漏", measures="更换阀门"
    )
    _quieted(source)
    return sealing.Sealer()


def _quieted(source: Any) -> None:
    """A filing, a shelving and a suppression rule of the source's enterprise."""
    device = rows("registry.Device").create(
        code=f"{source.code}G0001", enterprise=source.enterprise, source=source, name="T-1", kind="tank"
    )
    gateway = rows("registry.Gateway").create(
        code=f"{source.enterprise.code}01", enterprise=source.enterprise, key_sha256="0" * 64
    )
    points = [
        rows("registry.Point").create(
            code=f"{device.code}YW{number:03d}", enterprise=source.enterprise, source=source, device=device,
            gateway=gateway, tag=f"LI-{number}", name=f"液位{number}", kind="YW", unit="%", range_min=0.0,
            range_max=100.0, h=80.0, registered_at=at("00:00"),
        )
        for number in (1, 2)
    ]  # fmt: skip
    who: dict[str, Any] = {"by": staff(source, "丙"), "at": at("10:05")}
    filings.file(
        source.enterprise,
        filings.Stoppage(kind="overhaul", reason="清罐", starts_at=at("11:00"), ends_at=at("12:00"), device=device),
        **who,
    )
    shelving.shelve(points[0], "high", minutes=480, reason="换表", **who)
    suppression.propose(
        source.enterprise,
        suppression.Design(
            name="停泵",
            condition=points[1],
            comparison="at_or_below",
            threshold=0.5,
            points=[points[0]],
            side="low",
            reason="设计文件",
        ),
        **who,
    )


def faults() -> list[str]:
    return [words for _, words in sealing.broken() if words]


def seals() -> int:
    return Entry.objects.filter(act="sealed").count()


def test_a_round_seals_what_was_there_at_the_round_before_and_nothing_twice(sealer: sealing.Sealer) -> None:
    assert sealer.round(at("10:10")) == 0
    sealed = sealer.round(at("10:20"))
    assert sealed > 11
    assert seals() == 15  # every table of which there is a row
    assert sealer.round(at("10:30")) == 0
    assert sealing.Sealer().round(at("10:40")) == 0  # a restart
    assert seals() == 15
    assert faults() == []
    assert list(journal.broken()) == []


def rows(label: str) -> Any:
    return apps.get_model(label)._base_manager.all()


TAMPERINGS: dict[str, Callable[[], Any]] = {
    "预警": lambda: rows("warnings.Warning").update(opened_at=F("opened_at") + timedelta(minutes=1)),
    "级别段": lambda: rows("warnings.LevelEpisode").update(level="orange"),
    "确认": lambda: rows("warnings.Confirmation").filter(automatic=False).update(name="另一人"),
    "处置经过": lambda: rows("warnings.Act").update(text="什么也没做"),
    "督办": lambda: rows("warnings.SiteOrder").delete(),
    "处置报告": lambda: rows("warnings.DisposalReport").update(cause="不详"),
    "通知": lambda: rows("delivery.Notice").filter(kind="notice").update(sent_at=F("due_at") - timedelta(seconds=1)),
    "报备": lambda: rows("alarms.Filing").update(starts_at=F("starts_at") - timedelta(hours=4)),
    "搁置": lambda: rows("alarms.Shelving").update(asked_by="另一人"),
    "设计抑制": lambda: rows("alarms.SuppressionRule").update(threshold=99.0),
    "通知对象": lambda: rows("delivery.Message").order_by("pk").first().delete(),
}


@pytest.mark.req("SEC-02")
@pytest.mark.parametrize(("title", "tampering"), TAMPERINGS.items(), ids=TAMPERINGS.keys())
def test_altering_or_removing_a_stored_row_is_found(
    sealer: sealing.Sealer, title: str, tampering: Callable[[], Any]
) -> None:
    sealer.round(at("10:10"))
    sealer.round(at("10:20"))
    tampering()
    assert [words.partition("第")[0] for words in faults()] == [title]


def _late(key: str, minute: int) -> Any:
    """A retrospective record: its key is a digest and says nothing of its time."""
    point = rows("registry.Point").first()
    return rows("alarms.Retrospective").create(
        id=key, enterprise=point.enterprise, point=point, shown="excursion", side="high", worst="h", extreme=81.0,
        started_at=at("09:00"), received_at=at(f"10:{minute:02d}"), found_at=at(f"10:{minute:02d}"),
    )  # fmt: skip


@pytest.mark.case("D4")
def test_rows_whose_keys_do_not_rise_are_sealed_by_name_and_those_behind_them_too(
    sealer: sealing.Sealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row of such a table ended the auditor every ten minutes, and no table behind it was ever sealed."""
    monkeypatch.setattr(sealing, "NAMED_AT_ONCE", 2)
    for key in ("f0", "a0", "c0"):
        _late(key, 11)
    sealer.round(at("10:20"))
    sealer.round(at("10:30"))
    entries = Entry.objects.filter(act="sealed", subject="alarms.Retrospective").order_by("seq")
    assert [entry.after["keys"] for entry in entries] == [["a0", "c0"], ["f0"]]
    _late("b0", 31)  # between those that are sealed
    assert sealing.Sealer().round(at("10:40")) == 1  # also after a restart
    assert (faults(), entries.all().count()) == ([], 3)
    rows("alarms.Retrospective").filter(pk="f0").update(found_at=at("10:35"), extreme=82.0)  # more late data
    assert faults() == []
    rows("alarms.Retrospective").filter(pk="c0").update(side="low")
    rows("alarms.Retrospective").filter(pk="b0").delete()
    assert faults() == [
        "补传判定a0 等 2 条与封存不符：封存 2 条，现有 2 条",
        "补传判定b0 等 1 条与封存不符：封存 1 条，现有 0 条",
    ]


def test_every_table_that_is_sealed_has_keys_that_rise_or_are_named() -> None:
    assert [table.label for table in sealing.TABLES if not table.rises] == ["alarms.Retrospective"]


def test_what_goes_on_legitimately_breaks_no_seal(sealer: sealing.Sealer) -> None:
    sealer.round(at("10:10"))
    sealer.round(at("10:20"))
    source = apps.get_model("registry.HazardSource")._base_manager.get(pk=rows("warnings.Warning").get().source_id)
    warnings.set_level(source, "yellow", at=at("11:00"))
    obligations.run_due(at("12:00"))
    for message in rows("delivery.Message"):
        message.read_at = at("12:01")
        message.save()
    sealer.round(at("12:10"))
    assert faults() == []


def test_the_patrol_goes_round_and_forgets_what_is_mended(sealer: sealing.Sealer) -> None:
    sealer.round(at("10:10"))
    sealer.round(at("10:20"))
    patrol = SealPatrol()
    rows("warnings.Act").update(actor_name="另一人")
    for _ in range(seals() + 1):
        patrol.step()
    assert len(patrol.faults) == 1
    rows("warnings.Act").update(actor_name="丙")
    for _ in range(seals() + 1):
        patrol.step()
    assert patrol.faults == {}


@pytest.mark.case("G7")
def test_rows_whose_key_is_no_number_are_sealed_though_a_later_one_sorts_before_them(sealer: sealing.Sealer) -> None:
    """Excursions that late data showed: their keys are digests, and a later one may sort before a sealed one."""
    point = rows("registry.Point").order_by("pk").first()

    def find(key: str, minute: str) -> None:
        rows("alarms.Retrospective").create(
            id=key, enterprise=point.enterprise, source=point.source, point=point, shown="excursion", side="high",
            worst="H", extreme=90.0, started_at=at("07:00"), received_at=at(minute), found_at=at(minute),
        )  # fmt: skip

    find("b" * 32, "10:06")
    find("c" * 32, "10:06")
    sealer.round(at("10:10"))
    find("a" * 32, "10:12")
    sealer.round(at("10:20"))
    sealer.round(at("10:30"))
    assert faults() == []
    places = Entry.objects.filter(act="sealed", subject="alarms.Retrospective").values_list("after", flat=True)
    assert [place["rows"] for place in places.order_by("seq")] == [2, 1]
    rows("alarms.Retrospective").filter(pk="b" * 32).delete()
    assert [words for words in faults() if "补传判定" in words]


def test_a_seal_that_knows_a_column_by_its_former_name_still_proves_its_rows(sealer: sealing.Sealer) -> None:
    table = next(each for each in sealing.TABLES if each.label == "warnings.Act")
    former = ["warning_id", "enterprise_id", "kind", "actor", "unit", "at", "text"]
    today = [name.replace("actor", "actor_name") for name in former]
    last = rows("warnings.Act").order_by("-pk").first().pk
    number, digest = sealing._digest(table, today, sealing._stretch(0, last))
    after = {"from": 0, "to": last, "rows": number, "sha256": digest, "fields": former}
    journal.record(sealing.CHAIN, sealing.SEALED_ACT, at=at("10:10"), subject=table.label, after=after)
    assert number
    assert faults() == []
    rows("warnings.Act").update(actor_name="另一人")
    assert len(faults()) == 1

"""Whoever changes a row behind the product's back has no act for it, and is found at once, before any seal."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F
from tests.acceptance.worlds import at, scenario
from tests.hats import called, holder, officer, staff
from tests.unit.roles.auditor.test_sealing import _quieted, rows

from anlan.apps.alarms.services import filings
from anlan.apps.commitments import services as commitments
from anlan.apps.commitments.entitled import principal_of
from anlan.apps.delivery.models import Message
from anlan.apps.files import services as files
from anlan.apps.findings import services as findings
from anlan.apps.findings.models import Finding
from anlan.apps.journal import services as journal
from anlan.apps.ledgers import services as ledgers
from anlan.apps.ledgers.declared.monitoring_equipment import EQUIPMENT
from anlan.apps.obligations import services as obligations
from anlan.apps.registry import services as registry
from anlan.apps.warnings import kinds
from anlan.apps.warnings import services as warnings
from anlan.apps.warnings.models import SiteOrder
from anlan.drill.days import CALM
from anlan.roles.auditor.acts import baseline, walk
from anlan.roles.auditor.acts.domain import newest_of

pytestmark = pytest.mark.django_db


def _principal(source: Any) -> Any:
    return principal_of(source.enterprise, at("11:33:50")).person


@pytest.fixture
def world() -> Any:
    """A red warning from 08:00 that was sent, ordered, read, delegated, answered, eased, cleared and reported; and
    beside it an open one at orange, whose next notice waits."""
    from anlan.drill.world import build

    baseline.begin(at("07:00"))
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
    warnings.mark_all_read(
        list(Message.objects.by_the_machine().order_by("pk")[:3]), by=called("甲"), at=at("10:02:30")
    )
    order = SiteOrder.objects.by_the_machine().get()
    answer = {"persons": "王五", "findings": "无", "measures": "无", "result": "已核实"}
    warnings.answer_site_order(order, by=officer(order, "王五", of=order.tracker), at=at("10:03"), **answer)
    warnings.set_level(source, "yellow", at=at("10:04"))
    warnings.set_level(source, "none", at=at("10:05"))
    warnings.submit_report(
        warning, by=staff(warning, "丙"), at=at("10:06"), result="已处置", cause="阀门内漏", measures="更换阀门"
    )
    warnings.set_level(source, "orange", at=at("11:30"))
    _quieted(source)
    filings.end(rows("alarms.Filing").get(), by=staff(source, "丙"), at=at("11:31"))
    finding = findings.found(
        kinds.HIDDEN_DANGER, enterprise=source.enterprise,
        subject="warning:x:1", text="漏点", at=at("11:32"),
    )  # fmt: skip
    with files.receive(io.BytesIO("已更换垫片".encode()), "说明.txt", at=at("11:33")) as received:
        findings.rectify(finding, by=staff(finding, "丙"), at=at("11:33"), text="已换", files=[received])
    typed = {"tag": "LT-1", "name": "液位计", "sort": "液位", "checked_on": "2024-01-02", "next_on": "2025-01-01"}
    entry = ledgers.add(EQUIPMENT, source.enterprise, typed, by=staff(source, "丙"), at=at("11:33:10"))
    ledgers.take(entry, "fault", {}, by=staff(source, "丙"), at=at("11:33:20"), text="无显示")
    workshop = commitments.add_unit(source.enterprise, "一车间", by=staff(source, "丙"), at=at("11:33:30"))
    commitments.assess(workshop, risk="low", risks="无", measures="无", by=staff(source, "丙"), at=at("11:33:40"))
    typed = {**CALM, "risk": "larger", "sources_safe": "否"}
    commitments.commit(source.enterprise, by=holder(source, _principal(source)), at=at("11:33:50"), typed=typed)
    gateway = rows("registry.Gateway").get()
    registry.issue_gateway_key(gateway, by=called("x"), at=at("11:34"))
    baseline.register(source.enterprise, at("11:35"))
    return world


def test_what_the_services_do_agrees_with_its_acts(world: Any) -> None:
    assert list(walk.broken()) == []


def vanish(which: str) -> None:
    """A warning with everything that hangs on it, as somebody who knows the tables would take it away."""
    warning = rows("warnings.Warning").order_by(which).first()
    notices = rows("delivery.Notice").filter(subject=warning.subject)
    rows("delivery.Message").filter(notice__in=notices).delete()
    notices.delete()
    rows("obligations.Obligation").filter(subject=warning.subject).delete()
    for label in ("SiteOrder", "Told", "Confirmation", "Act", "DisposalReport", "LevelEpisode"):
        rows(f"warnings.{label}").filter(warning=warning).delete()
    rows("warnings.Warning").filter(pk=warning.pk).delete()


TAMPERINGS: dict[str, Callable[[], Any]] = {
    "an episode's end": lambda: rows("warnings.LevelEpisode").filter(level="red").update(
        ended_at=F("ended_at") - timedelta(hours=1)
    ),
    "a warning's clearing": lambda: rows("warnings.Warning").filter(cleared_at__isnull=False).update(
        cleared_at=F("cleared_at") - timedelta(minutes=30)
    ),
    "a warning's confirmation": lambda: rows("warnings.Warning").filter(confirmed_at__isnull=False).update(
        confirmed_at=F("opened_at") + timedelta(minutes=1)
    ),
    "a warning's highest level": lambda: rows("warnings.Warning").filter(highest="red").update(highest="yellow"),
    "a whole warning": lambda: vanish("pk"),
    "the newest warning as a whole": lambda: vanish("-pk"),
    "a warning that nobody raised": lambda: rows("warnings.Warning").create(
        number="YJ-20240301-0099", enterprise=rows("registry.Enterprise").first(),
        source=rows("registry.HazardSource").first(), level="red", highest="red", opened_at=at("09:00"),
        level_since=at("09:00"), cleared_at=at("09:01"),
    ),
    "a notice that nobody sent": lambda: rows("delivery.Notice").create(
        key="w1:notice:e1:99", kind="notice", subject=rows("warnings.Warning").order_by("pk").first().subject,
        enterprise=rows("registry.Enterprise").first(), level="red", due_at=at("09:00"), sent_at=at("09:00"),
        title="警示通报",
    ),
    "a report that was handed in in time": lambda: (
        rows("warnings.DisposalReport").update(submitted_at=F("submitted_at") - timedelta(minutes=1)),
        rows("obligations.Obligation").filter(kind="report").update(done_at=F("done_at") - timedelta(minutes=1)),
    ),
    "a measure that nobody took": lambda: rows("warnings.Act").create(
        warning=rows("warnings.Warning").order_by("-pk").first(), enterprise=rows("registry.Enterprise").first(),
        kind="measure", actor_name="丙", at=at("11:31"), text="已处置",
    ),
    "another tracker": lambda: rows("warnings.SiteOrder").update(
        tracker=rows("org.Agency").get(code="other")
    ),
    "an order's result": lambda: rows("warnings.SiteOrder").update(result="另一个结果"),
    "a message's read time": lambda: rows("delivery.Message").filter(read_at__isnull=False).update(
        read_at=F("read_at") - timedelta(hours=2)
    ),
    "a reading that never was": lambda: rows("delivery.Message").filter(read_at__isnull=True).update(
        read_at=at("08:31"), read_by="甲"
    ),
    "a reading taken away": lambda: rows("delivery.Message").update(read_at=None, read_by=""),
    "an obligation's state": lambda: rows("obligations.Obligation").filter(kind="notice", state="fired").update(
        state="cancelled"
    ),
    "a pending notice cancelled": lambda: rows("obligations.Obligation").filter(
        kind="notice", state="pending"
    ).update(state="cancelled"),
    "a notice said to have been missed": lambda: rows("obligations.Obligation").filter(
        kind="notice", state="cancelled"
    ).update(state="missed"),
    "a report's lateness": lambda: rows("obligations.Obligation").filter(kind="report").update(state="late"),
    "a deleted obligation": lambda: (
        rows("obligations.Obligation").filter(kind="site_order").order_by("pk").first().delete()
    ),
    "a deleted pending notice": lambda: rows("obligations.Obligation").filter(kind="notice", state="pending").delete(),
    "a deleted report's obligation": lambda: rows("obligations.Obligation").filter(kind="report").delete(),
    "a deleted told": lambda: rows("warnings.Told").order_by("pk").first().delete(),
    "an inserted told": lambda: rows("warnings.Told").create(
        warning=rows("warnings.Warning").first(), enterprise=rows("registry.Enterprise").first(),
        recipient="agency:other", name="邻县应急管理局", slot="county_park", at=at("08:00"),
    ),
    "a deleted recipient": lambda: (
        rows("delivery.Message").filter(read_at__isnull=True).order_by("pk").last().delete()
    ),
    "another recipient": lambda: rows("delivery.Message").filter(
        pk=rows("delivery.Message").filter(notice__kind="notice").order_by("pk").last().pk
    ).update(recipient="agency:other"),
    "a notice's words": lambda: rows("delivery.Notice").filter(kind="notice").update(body="无"),
    "a notice's time": lambda: rows("delivery.Notice").filter(kind="notice").update(
        sent_at=F("due_at") - timedelta(hours=1)
    ),
    "an inserted confirmation": lambda: rows("warnings.Confirmation").create(
        warning=rows("warnings.Warning").order_by("pk").last(), enterprise=rows("registry.Enterprise").first(),
        name="甲", at=at("11:30:30"),
    ),
    "a forged confirmation of a filing": lambda: rows("alarms.Filing").update(state="confirmed", decided_by="甲"),
    "a closed finding": lambda: rows("findings.Finding").update(state="closed", closed_at=at("11:40")),
    "a deleted finding's step": lambda: rows("findings.FindingStep").delete(),
    "a deleted finding": lambda: (rows("findings.FindingStep").delete(), rows("findings.Finding").delete()),
    "an entry's next check": lambda: rows("ledgers.LedgerEntry").update(due_on="2030-01-01"),
    "an entry's contents": lambda: rows("ledgers.LedgerEntry").update(values={"tag": "LT-1"}),
    "a deleted step of an entry": lambda: rows("ledgers.LedgerStep").filter(verb="fault").delete(),
    "a promise": lambda: rows("commitments.CommitmentVersion").update(values={"units": 1}),
    "a risk": lambda: rows("commitments.Commitment").update(risk="low"),
    "limits": lambda: rows("registry.Point").update(h=95.0),
    "a gateway's key": lambda: rows("registry.Gateway").update(key_sha256="1" * 64),
    "an inserted gateway": lambda: rows("registry.Gateway").create(
        code=f"{rows('registry.Enterprise').first().code}99", enterprise=rows("registry.Enterprise").first(),
        key_sha256="1" * 64,
    ),
    "an inserted grant": lambda: rows("accounts.Grant").create(
        user=rows("accounts.User").create(username="x", password="x"), role="admin",
        enterprise=rows("registry.Enterprise").first(), valid_from=at("07:00"),
    ),
    "an inserted operator": lambda: rows("accounts.User").create(username="root2", password="x", is_superuser=True),
    "a shelving's end": lambda: rows("alarms.Shelving").update(ends_at=at("23:00")),
    "an approved suppression": lambda: rows("alarms.SuppressionRule").update(state="approved"),
}  # fmt: skip


@pytest.mark.req("SEC-02")
@pytest.mark.case("D4")
@pytest.mark.case("G7")
def test_every_change_behind_the_acts_is_found_at_once(world: Any) -> None:
    baseline.begin(at("11:36"))
    missed = []
    for name, tampering in TAMPERINGS.items():
        with transaction.atomic():
            tampering()
            if not list(walk.broken()):
                missed.append(name)
            transaction.set_rollback(True)
    assert missed == []


@pytest.mark.case("G7")
@pytest.mark.django_db
def test_a_table_that_was_emptied_is_still_compared_up_to_its_last_act(world: Any) -> None:
    finding = Finding.objects.by_the_machine().order_by("pk").last()
    assert finding is not None
    for number in (finding.pk + 5_000, finding.pk + 4_000):
        journal.record("installation", "finding_opened", at=at("11:37"), actor="user:x", subject=f"finding:{number}")
    assert newest_of(Finding, "finding") == finding.pk + 5_000

"""Every column of every table is proved, or excused by name; and what is said to be proved is found when altered."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction
from tests.acceptance.worlds import at
from tests.hats import staff
from tests.unit.roles.auditor.test_acts import world  # noqa: F401  (a fixture)
from tests.unit.roles.auditor.test_sealing import rows

from anlan.apps.journal.models import Entry
from anlan.database.kinds import KindField
from anlan.roles.auditor import sealing
from anlan.roles.auditor.acts import walk
from anlan.roles.auditor.evidence import EVIDENCE, NOT_EVIDENCE
from anlan.roles.auditor.first_seals import FIRST

pytestmark = pytest.mark.django_db


def _models() -> list[Any]:
    return [model for model in apps.get_models() if model.__module__.startswith("anlan.")]


@pytest.mark.case("D4")
def test_every_table_is_evidence_or_excused_by_name() -> None:
    labels = {model._meta.label for model in _models()}
    assert labels == EVIDENCE.keys() | NOT_EVIDENCE.keys()
    assert not EVIDENCE.keys() & NOT_EVIDENCE.keys()


@pytest.mark.case("D4")
@pytest.mark.parametrize("label", EVIDENCE)
def test_every_column_of_an_evidence_table_is_proved_or_excused_by_name(label: str) -> None:
    table = EVIDENCE[label]
    columns = {field.attname for field in apps.get_model(label)._meta.concrete_fields if not field.primary_key}
    proved = {*table.sealed, *table.acted}
    assert proved | table.excused.keys() == columns
    assert not proved & table.excused.keys()
    assert set(FIRST.get(label, ())) <= columns


def _altered(field: models.Field[Any, Any], value: Any) -> Any:
    """Another value of the same type, as a hand with SQL would write it."""
    if isinstance(field, models.ForeignKey):
        return (value or 0) + 100_000  # the constraint is looked at at the commit, which never comes
    if isinstance(field, models.DateTimeField):
        return (value or datetime(2024, 3, 1, tzinfo=UTC)) + timedelta(seconds=61)
    if isinstance(field, models.DateField):
        return (value or date(2024, 3, 1)) + timedelta(days=1)
    if isinstance(field, models.BooleanField):
        return not value
    if isinstance(field, models.JSONField):
        return {"a": 1}
    if isinstance(field, KindField) and field.kinds is not None:
        return next(key for key, _words in field.kinds if key != value)
    if isinstance(field, models.IntegerField | models.FloatField):
        return (value or 0) + 1
    return f"{value}x"[-(field.max_length or 99) :] if value else "red"


DOMAINS = {
    "findings": ["finding"], "alarms.Filing": ["filing"], "alarms.Shelving": ["shelving"],
    "alarms.SuppressionRule": ["suppression"], "ledgers": ["entry"], "registry": ["enterprise"], "accounts": ["grant"],
    "files": ["attachment"], "changes": ["change"], "commitments": ["commitment"], "identification": ["identification"],
    "permits.SpecialWork": ["special_work"], "permits.DayReport": ["special_work_day"], "unitstates": ["unit_state"],
}  # fmt: skip
"""What compares a table, by its label or its app's; warnings for all others."""


def _differs(label: str) -> bool:
    names = DOMAINS.get(label) or DOMAINS.get(label.partition(".")[0]) or ["warning"]
    compared = [domain for domain in walk.domains() if domain.name in names]
    return any(list(domain.compare(1, domain.newest())) for domain in compared)


def _alter(row: Any, column: str, value: Any) -> bool:
    """Write by hand; False where a constraint of the database itself refuses it."""
    try:
        with transaction.atomic():
            type(row)._base_manager.filter(pk=row.pk).update(**{column: value})
    except IntegrityError:
        return False
    return True


def _special_work(enterprise: Any) -> None:
    """A work with the report of its day, and a workshop that stops."""
    from anlan.apps.permits.services import add
    from anlan.apps.unitstates.services import declare

    typed = {
        "kind": "hot", "grade": "first", "content": "焊接", "place": "罐区", "persons": "2", "begins_at": at("13:00"),
        "ends_at": at("14:00"),
    }  # fmt: skip
    add(enterprise, typed, by=staff(enterprise), at=at("11:40"))
    shop = rows("commitments.WorkUnit").first()
    declare(enterprise, shop, change="stop", begins_at=at("13:00"), by=staff(enterprise), at=at("11:41"))


@pytest.mark.case("D4")
@pytest.mark.case("G7")
@pytest.mark.sqlite
def test_an_altered_column_is_found_by_what_is_said_to_prove_it(world: Any) -> None:  # noqa: F811
    from anlan.apps.accounts.services import enrol
    from anlan.apps.changes.services import ask_from_workbook
    from anlan.apps.gateways.services.cameras import Report, record_cameras
    from anlan.apps.identification.services import enter
    from anlan.apps.org.actor import operator
    from anlan.apps.registry.models import DutyHolder
    from anlan.apps.registry.services import change_limits

    person = DutyHolder._base_manager.first().person
    unit = {"enterprise": rows("registry.Enterprise").get()}
    enrol("jia", person, "safety_manager", unit, enabled=True, at=at("11:36"))
    change_limits(rows("registry.Point").first(), by=operator("test"), at=at("11:37"), deadband=0.5)
    row = {"sheet": "点位", "code": "x", "name": "x", "before": {"h": 1.0}, "after": {"h": 2.0}, "loosens": ["h"]}
    ask_from_workbook(rows("registry.Enterprise").get(), [row], operator("test"), at("11:38"), "复核")
    enterprise = rows("registry.Enterprise").get()
    enter(
        enterprise, unit="罐区", kind="storage", why="first", exposed=1, by=staff(enterprise), at=at("11:39"),
        amounts=[{"name": "氯", "design_max_t": "20", "symbols": []}],
    )  # fmt: skip
    apps.get_model("registry.Camera").objects.create(code="V-1", enterprise=enterprise, name="中控室")
    assert record_cameras([Report("V-1", "fault", at("11:39"))], at("11:40")) == [""]
    _special_work(enterprise)
    sealer = sealing.Sealer()
    sealer.round(at("12:00"))
    sealer.round(at("12:10"))
    assert [words for _, words in sealing.broken() if words] == []
    assert list(walk.broken()) == []
    seals = dict(Entry.objects.filter(act="sealed").values_list("subject", "seq"))
    unseen, untried = [], []
    for label, table in EVIDENCE.items():
        model = apps.get_model(label)
        row = model._base_manager.order_by("pk").first()
        if row is None:
            untried.append(label)
            continue
        for column in dict.fromkeys((*table.sealed, *table.acted)):
            field = next(each for each in model._meta.concrete_fields if each.attname == column)
            with transaction.atomic():
                if not _alter(row, column, _altered(field, getattr(row, column))):
                    continue
                if column in table.acted and not _differs(label):
                    unseen.append(f"{label}.{column} by acts")
                if column in table.sealed and not next(sealing.broken(seals[label] - 1, 1))[1]:
                    unseen.append(f"{label}.{column} by seals")
                transaction.set_rollback(True)
    assert unseen == []
    assert untried == [
        "delivery.Delivery", "delivery.FallBack", "findings.Clue", "gateways.OfflineSpell",
        "alarms.Retrospective", "rulebook.Refinement", "org.Deputy",
    ]  # fmt: skip

"""What a person may do about today's commitment of an enterprise, and about its workshops and teams."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext_lazy as _

from anlan.apps.commitments import selectors, services
from anlan.apps.commitments.entitled import (
    Principal,
    may_assess,
    may_commit,
    may_enter,
    may_keep_units,
    principal_of,
)
from anlan.apps.commitments.form import SCHEMA
from anlan.apps.commitments.models import Commitment, WorkUnit
from anlan.apps.org.stand import Stand
from anlan.pages.acting import Act, ActForm, Attempt
from anlan.pages.commitments.forms import AssessForm, DayForm, UnitForm
from anlan.refused import Refused


def needs(by: Stand, row: Commitment) -> dict[str, Any]:
    """What the form begins with: what is entered, and the workshops that have handed in nothing."""
    missing = [each.row for each in selectors.units_of(row.enterprise, row.day) if each.missing]
    return {
        "initial": {**SCHEMA.shown(row.held), "seen": row.seq},
        "missing": [(each.pk, each.name) for each in missing],
    }


def proposed(row: Commitment) -> dict[str, services.Proposal]:
    """What the records propose for items that are still empty, asked once a page."""
    known: dict[str, services.Proposal] | None = getattr(row, "proposed", None)
    if known is None:
        known = row.proposed = services.proposals(row)  # type: ignore[attr-defined]  # noted for this page
    return known


def proposed_as_shown(row: Commitment) -> str:
    """The same as a form sends it back: item and value."""
    return json.dumps({key: each.value for key, each in proposed(row).items()}, ensure_ascii=False)


def shown_as_proposed(sent: str) -> dict[str, str]:
    """What a form sent back; nothing where it is not what a page wrote into it."""
    try:
        found = json.loads(sent)
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def may_promise(by: Stand, row: Commitment) -> bool:
    """`may_commit` for the enterprise of a day."""
    known: Principal | None = getattr(row, "principal", None)
    return may_commit(by, known or principal_of(row.enterprise, by.at))


def _typed(attempt: Attempt) -> dict[str, Any]:
    return {field.key: attempt.values.get(field.key) for field in SCHEMA.fields}


def _enter(attempt: Attempt) -> Any:
    return services.enter(
        attempt.row.enterprise, _typed(attempt), by=attempt.by, at=attempt.at, seen=attempt.values.get("seen")
    )


def _confirm_proposed(attempt: Attempt) -> Any:
    return services.confirm_proposed(
        attempt.row, _typed(attempt), shown_as_proposed(attempt.text("proposed")), by=attempt.by, at=attempt.at,
        seen=attempt.values.get("seen"),
    )  # fmt: skip


def _commit(attempt: Attempt) -> Any:
    return services.commit(
        attempt.row.enterprise, by=attempt.by, at=attempt.at, typed=_typed(attempt), seen=attempt.values.get("seen"),
        knows=attempt.values.get("knows") or (), taken_at=attempt.values.get("taken_at"),
    )  # fmt: skip


ACTS = {
    "enter": Act(
        _("保存填报"), _("已保存，尚未承诺。"), DayForm, lambda by, row: may_enter(by), _enter, needs=needs, apart=True,
        leads=False,
    ),
    "commit": Act(
        _("承诺并公告"), _("已承诺，公告已更新。"), DayForm,
        may_promise, _commit, needs=needs, apart=True,
    ),
    "propose": Act(
        _("核对后确认拟填"), _("拟填的各项已填入，尚未承诺。"), DayForm, lambda by, row: may_enter(by),
        _confirm_proposed,
        needs=needs, open_to=lambda by, row: proposed(row), apart=True, leads=False,
    ),
    "add-unit": Act(
        _("添加车间或班组"), _("已添加。"), UnitForm, lambda by, row: may_keep_units(by),
        lambda a: services.add_unit(a.row.enterprise, a.text("name"), by=a.by, at=a.at, workshop=_workshop(a)),
        needs=lambda by, row: {"workshops": _workshops(row)}, leads=False,
    ),
}  # fmt: skip


def _workshops(row: Commitment) -> list[tuple[int, str]]:
    return [(each.row.pk, each.row.name) for each in selectors.units_of(row.enterprise, row.day)]


def _workshop(attempt: Attempt) -> WorkUnit | None:
    key = attempt.values.get("workshop")
    if key is None:
        return None
    known = {each.row.pk: each.row for each in selectors.units_of(attempt.row.enterprise, attempt.row.day)}
    if key not in known:
        raise Refused("请选择本企业的车间", fields={"workshop": "请选择本企业的车间"})
    return known[key]


UNIT_ACTS = {
    "assess": Act(
        _("交研判"), _("已交。"), AssessForm, may_assess,
        lambda a: services.assess(
            a.row, risk=str(a.values.get("risk") or ""), risks=a.text("risks"), measures=a.text("measures"), by=a.by,
            at=a.at,
        ),
        open_to=lambda by, row: row.is_active,
    ),
    "end": Act(
        _("停用"), _("已停用，交过的研判都在。"), ActForm, lambda by, row: may_keep_units(by),
        lambda a: services.end_unit(a.row, by=a.by, at=a.at), open_to=lambda by, row: row.is_active, leads=False,
    ),
}  # fmt: skip

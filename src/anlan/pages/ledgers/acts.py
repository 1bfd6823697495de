"""What a person may do about an entry: the change of its fields, and every step that its ledger declares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from anlan.apps.ledgers import services
from anlan.apps.ledgers.entitled import may_keep, may_take
from anlan.apps.ledgers.kinds import Ledger, Step
from anlan.apps.ledgers.models import LedgerEntry
from anlan.apps.registry.selectors import equipment
from anlan.pages.acting import Act, ActForm, Attempt
from anlan.pages.files.field import files_field, with_files
from anlan.pages.ledgers.forms import form_of, form_of_step


class FilesForm(ActForm):
    files = files_field()  # type: ignore[assignment]  # a field: Django takes it off the class


def acts_of(ledger: Ledger) -> dict[str, Act]:
    """The table of a ledger's acts."""
    going_on = tuple(state for state, _words in ledger.states if state not in ledger.final)
    table = {verb: _step(ledger, verb, step, step.frm or going_on) for verb, step in ledger.steps.items()}
    table["change"] = Act(
        _("修改"), _("已修改。"), form_of(ledger), lambda by, row: may_keep(by, ledger),
        lambda a: services.change(a.row, _typed(a, ledger.schema.by_key), by=a.by, at=a.at, seen=a.values.get("seen")),
        going_on, needs=lambda by, row: needs_of(ledger, row, ledger.schema.by_key),
    )  # fmt: skip
    table["files"] = Act(
        _("附上文件"), _("已附上。"), FilesForm, lambda by, row: may_keep(by, ledger),
        lambda a: with_files(a, lambda files: services.attach(a.row, files, by=a.by, at=a.at)), going_on, leads=False,
    )  # fmt: skip
    return table


def _step(ledger: Ledger, verb: str, step: Step, states: tuple[str, ...]) -> Act:
    return Act(
        step.title, step.done, form_of_step(ledger, step), lambda by, row: may_take(by, step),
        lambda a: services.take(
            a.row, verb, _typed(a, step.fields), by=a.by, at=a.at, text=a.text(), seen=a.values.get("seen")
        ),
        states, mandatory=("text",) if step.words else (), needs=lambda by, row: needs_of(ledger, row, step.fields),
    )  # fmt: skip


def needs_of(ledger: Ledger, row: LedgerEntry, keys: Iterable[str]) -> dict[str, Any]:
    """What a form of an entry begins with: the values as they would be typed, and the sources it may name."""
    shown = ledger.schema.shown(row.held) if row.pk else {}
    initial = {key: value for key, value in shown.items() if key in keys} | {"seen": row.seq}
    named = any(ledger.schema[key].ref for key in keys)
    sources = equipment.source_names(row.enterprise).items() if named else ()
    return {"initial": initial, "sources": [(code, f"{code} {name}") for code, name in sources]}


def _typed(attempt: Attempt, keys: Iterable[str]) -> dict[str, Any]:
    return {key: attempt.values.get(key) for key in keys}

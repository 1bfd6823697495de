"""Rows whose every act keeps what the row says then (``is``): findings, files, filings, shelvings, suppression
rules, change requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models

from anlan.apps.alarms.models import Filing, Shelving, SuppressionRule
from anlan.apps.changes.models import ChangeRequest
from anlan.apps.commitments.models import Commitment, CommitmentVersion
from anlan.apps.files.models import Attachment
from anlan.apps.findings.models import Finding, FindingStep
from anlan.apps.identification.models import Identification
from anlan.apps.journal import services as journal
from anlan.apps.journal.models import Entry
from anlan.apps.ledgers.kinds import LEDGERS
from anlan.apps.ledgers.models import LedgerEntry, LedgerStep
from anlan.apps.org.access import owner_of
from anlan.apps.permits.models import DayReport, SpecialWork
from anlan.apps.unitstates.models import UnitState
from anlan.roles.auditor.acts.domain import Difference, acts_of, apart, chain_of, newest_of, readable


def kept(row: models.Model, is_: dict[str, Any]) -> Iterator[str]:
    """Where a row says another thing than the last act about it."""
    known = {field.attname: field for field in row._meta.concrete_fields}
    columns = [name for name in is_ if name in known]
    now = journal.state_of(row, columns)
    for name in columns:
        if now[name] != is_[name]:
            yield apart(str(known[name].verbose_name), now[name], is_[name])


@dataclass(frozen=True)
class States:
    """One table of such rows."""

    name: str
    title: str
    model: Any
    more: Callable[[Any, Sequence[Entry]], Iterator[str]] | None = None
    at_once: int = 100

    def newest(self) -> int:
        return newest_of(self.model, self.name)

    def compare(self, first: int, last: int) -> Iterator[Difference]:
        numbers = range(first, last + 1)
        acts = acts_of([f"{self.name}:{number}" for number in numbers])
        rows = {row.pk: row for row in self.model._base_manager.filter(pk__in=numbers).select_related("enterprise")}
        for number in numbers:
            mine, row = acts[f"{self.name}:{number}"], rows.get(number)
            if row is None:
                if mine:
                    words = f"{self.title}（第 {number} 号）已不在，记录中有它的经过"
                    yield Difference(number, chain_of(mine, ""), words)
                continue
            for words in readable(self._differences(row, mine)):
                chain = chain_of(mine, "") or owner_of(row)
                yield Difference(number, chain, f"{self.title}（第 {number} 号）{words}")

    def _differences(self, row: Any, acts: Sequence[Entry]) -> Iterator[str]:
        if not acts:
            yield "没有任何记录"
            return
        if is_ := (acts[-1].after or {}).get("is"):
            yield from kept(row, is_)
        if self.more is not None:
            yield from self.more(row, acts)


def _steps(row: Finding, acts: Sequence[Entry]) -> Iterator[str]:
    """The steps of a finding beside its acts: same kinds at the same instants, in the same words."""
    steps = FindingStep._base_manager.filter(finding=row).order_by("pk")
    there = [(row.kind, row.at, row.text, row.actor_id) for row in steps]
    should = []
    for act in acts:
        if act.act not in ("finding_opened",):
            after = act.after if isinstance(act.after, dict) else {}
            who = act.actor if "by" in after else ""  # acts of older versions knew a name alone
            should.append((act.act.removeprefix("finding_"), act.at, str(after.get("text") or "")[:500], who))
    if there != should:
        yield f"的经过现有 {len(there)} 步，与记录的 {len(should)} 步不符"


def _scope(act: str) -> Callable[[Any, Sequence[Entry]], Iterator[str]]:
    """The points of a filing or a rule beside those it was made for."""

    def more(row: Any, acts: Sequence[Entry]) -> Iterator[str]:
        made = next((each.after for each in acts if each.act == act), None)
        codes = sorted(row.points.values_list("code", flat=True))
        if made is not None and codes != sorted(made["points"]):
            yield apart("的测点", "、".join(codes), "、".join(made["points"]))

    return more


def _values(row: LedgerEntry, acts: Sequence[Entry]) -> Iterator[str]:
    """The contents of an entry beside its last step, and its steps beside its acts."""
    said = next((act.said["values"] for act in reversed(acts) if act.after and "values" in act.said), None)
    known = row.ledger in LEDGERS
    if known and said is not None and row.kept_in.schema.public(row.values) != said:
        yield apart("的内容", row.kept_in.schema.public(row.values), said)
    steps = [(step.verb, step.at, step.text, step.actor_id) for step in LedgerStep._base_manager.filter(entry=row)]
    should = [
        (act.act.removeprefix("entry."), act.at, act.after["text"], act.actor)
        for act in acts
        if act.act != "entry.overdue" and isinstance(act.after, dict)
    ]
    if steps != should:
        yield f"的经过现有 {len(steps)} 步，与记录的 {len(should)} 步不符"


def _versions(row: Commitment, acts: Sequence[Entry]) -> Iterator[str]:
    """What was promised beside its acts, and what is entered beside the last act that says it."""
    said = next((act.said["values"] for act in reversed(acts) if act.after and "values" in act.said), None)
    if said is not None and row.values != said:
        yield apart("的填报内容", row.values, said)
    rows = CommitmentVersion._base_manager.filter(commitment=row)
    there = [(each.number, each.at, each.actor_id, each.values) for each in rows]
    made = [act for act in acts if act.act == "commitment.committed"]
    should = [(number, act.at, act.actor, act.said["values"]) for number, act in enumerate(made, 1)]
    if there != should:
        yield f"的版本现有 {len(there)} 个，与记录的 {len(should)} 个不符"


STATES = (
    States("finding", "问题", Finding, _steps),
    States("filing", "报备", Filing, _scope("filing.filed")),
    States("shelving", "搁置", Shelving),
    States("attachment", "附件", Attachment),
    States("suppression", "设计抑制", SuppressionRule, _scope("suppression.proposed")),
    States("entry", "台账", LedgerEntry, _values),
    States("change", "变更申请", ChangeRequest),
    States("identification", "辨识与分级", Identification),
    States("commitment", "安全承诺", Commitment, _versions),
    States("special_work", "特殊作业", SpecialWork),
    States("special_work_day", "特殊作业当日报告", DayReport),
    States("unit_state", "装置开停车", UnitState),
)

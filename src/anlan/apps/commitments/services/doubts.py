"""Holds a commitment against what else is on record (COM-05): what contradicts it is a suspicion, judged by a person.

Who knows something of a day registers as a witness; nothing here knows alarms, permits or positions. 弄虚作假 is never
said by the machine: it lays both records side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import F

from anlan.apps.commitments import kinds
from anlan.apps.commitments.form import SCHEMA
from anlan.apps.commitments.models import Commitment, CommitmentVersion
from anlan.apps.findings.selectors import closed_about, evidence_of, open_about
from anlan.apps.findings.services import closed, found, take_down
from anlan.apps.org.actor import SYSTEM
from anlan.apps.registry.models import Enterprise


@dataclass(frozen=True)
class Contradiction:
    """What a commitment says of an item, and the record that says otherwise."""

    item: str
    text: str
    """In words, for a reader: ``承诺动火 0 处，当日有效的动火作业票 1 张``."""
    record: Mapping[str, Any]
    """The other record as it is now, with its subject."""


Witness = Callable[[Enterprise, date, Mapping[str, Any], datetime], Iterable[Contradiction]]
"""Tells what of the values of a day, promised at an instant, it knows better. Machine's own read."""

_WITNESSES: dict[str, Witness] = {}


def register_witness(name: str, witness: Witness) -> None:
    """Has every commitment shown to a witness. The same name again takes the place of the one before."""
    _WITNESSES[name] = witness


def reconsider(enterprise: Enterprise, first: date, last: date, at: datetime) -> None:
    """Holds what was promised for these days, both included, against the records once more: for who changes a record,
    in their transaction and under the enterprise's chain."""
    versions = CommitmentVersion.objects.by_the_machine().filter(enterprise=enterprise)
    versions = versions.filter(commitment__day__range=(first, last), number=F("commitment__version"))
    for latest in versions.select_related("commitment__enterprise").order_by("commitment__day"):
        compare(latest.commitment, latest, at)


def compare(commitment: Commitment, version: CommitmentVersion, at: datetime) -> list[Contradiction]:
    """Asks all witnesses about the latest version; each contradiction is a finding with both records as a clue, and one
    that is no more is closed. What a person has judged and closed is not found again while both records say the same.
    In the caller's transaction. Again: counts up."""
    values = version.held
    enterprise = commitment.enterprise
    day, promised_at = commitment.day, version.at
    told = [each for witness in _WITNESSES.values() for each in witness(enterprise, day, values, promised_at)]
    for each in told:
        subject = _subject(commitment, each.item)
        said = {"version": version.number, "item": SCHEMA.title(each.item), "value": version.values.get(each.item)}
        evidence = {"commitment": said, "record": dict(each.record)}
        if any(evidence in evidence_of(settled) for settled in closed_about(subject)):
            continue  # a person has judged this very contradiction
        finding = found(kinds.DOUBT, enterprise=enterprise, subject=subject, text=each.text, at=at)
        if finding.found_at == at and finding.times == 1:
            take_down(
                kinds.DOUBT_CLUE, finding=finding, enterprise_code=enterprise.code, text=each.text,
                label=SCHEMA.title(each.item), evidence=evidence, at=at, by=SYSTEM,
            )  # fmt: skip
    doubted = {_subject(commitment, each.item) for each in told}
    for finding in open_about(commitment.about):
        if finding.kind == kinds.DOUBT and finding.subject not in doubted:
            closed(kinds.DOUBT, subject=finding.subject, enterprise_code=enterprise.code, at=at)
    return told


def _subject(commitment: Commitment, item: str) -> str:
    return f"{commitment.about}:{item}"

"""Fires what falls due. Several clocks may run this at once; each row fires once.

A row and what it causes are one transaction: a clock that is killed leaves either both or neither. What a batch causes
is worked out before the transaction where its kind allows it, and written only when nothing was decided about its
enterprises meanwhile; so other writers wait no longer than the writing takes. Must never let one row that cannot be
fired hold up the others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce, Mod

from anlan.apps.journal import services as journal
from anlan.apps.obligations.kinds import OBLIGATIONS
from anlan.apps.obligations.models import Obligation, ObligationState
from anlan.apps.obligations.services.signs import Share, clock_is_up
from anlan.now import Clock
from anlan.rules.rulebook import load

log = logging.getLogger(__name__)

GRACE = load().length("clock_grace_seconds")
"""A step fired within this time of its due time counts as on time (本地设定, in the rulebook): a clock looks twice a
second, and a busy machine may be a little behind. Beyond it the step is recorded as missed and caught up."""

LEFT_BY_OTHERS = timedelta(seconds=1)
"""What the other clocks at work have not fired by then, a clock takes beside its own share."""

BATCH = 1000
"""Rows that one transaction claims: many enough to be cheap, few enough not to keep other writers waiting."""


@dataclass(frozen=True, slots=True)
class Firing:
    """When a batch is fired, and how much later than due still counts as on time.

    ``excluded``: a change takes effect at ``now``, so that what is due at that very instant is not fired.
    """

    now: datetime
    grace: timedelta = GRACE
    excluded: bool = False

    @property
    def until(self) -> datetime:
        """The last instant whose due things are fired."""
        return self.now - timedelta.resolution if self.excluded else self.now

    def is_late(self, due_at: datetime) -> bool:
        return self.now - due_at > self.grace


Handler = Callable[[Sequence[Obligation], Firing], None]
"""Does what a batch of claimed rows of one kind is due for, inside the claiming transaction. The rows come in order of
enterprise and due time with state ``fired``; a handler that decides otherwise sets ``state``, and the service saves."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a batch causes, worked out: ``write`` writes it inside the claiming transaction, ``acts`` are journaled."""

    write: Callable[[], None]
    acts: Sequence[journal.Act]


Preparer = Callable[[Sequence[Obligation], Firing], Prepared]
"""As `Handler`, in two steps: it reads and works out before the lock is taken, and writes nothing itself. What it reads
may only be changed by decisions that hold the enterprise's chain and are journaled there: when the chain has grown
meanwhile, all is worked out again under the lock. It sets ``state`` when a row is to be anything but ``fired``."""


@dataclass(frozen=True, slots=True)
class _Way:
    """How rows of one kind are fired."""

    handler: Handler | None = None
    preparer: Preparer | None = None


_ways: dict[str, _Way] = {}
_before_others: set[str] = set()


def register(kind: str, handler: Handler, *, before_others: bool = False) -> None:
    """Make ``handler`` the one that fires rows of ``kind``; called once, when the upper app is ready.

    ``before_others``: rows of this kind may change what other rows mean (a new level ends the notices of the old one),
    so all of them that are due are fired before any other kind is looked at.
    """
    _ways[str(kind)] = _Way(handler=handler)
    if before_others:
        _before_others.add(str(kind))


def register_prepared(kind: str, preparer: Preparer) -> None:
    """As `register`, for a kind whose batch can be worked out ahead of the transaction."""
    _ways[str(kind)] = _Way(preparer=preparer)


@dataclass(frozen=True, slots=True)
class _Due:
    """A row that is due: its key, its kind and the chain under which it is decided."""

    pk: int
    kind: str
    chain: str


@dataclass(slots=True)
class _Batch:
    """Rows with what they cause, valid as long as the chains end where they did."""

    heads: Mapping[str, journal.Head]
    rows: Sequence[Any]
    firing: Firing
    prepared: Sequence[Prepared] = ()
    linked: journal.Linked | None = None
    handled: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Rows of kinds that only work under the lock."""


def run_due(
    now: datetime, limit: int = 10_000, grace: timedelta = GRACE, share: Share | None = None,
    clock: Clock | None = None,
) -> int:  # fmt: skip
    """Fire what is due at ``now``; returns how many rows were claimed and done. With a ``clock`` a batch whose lock is
    had more than the grace later than that (the process was frozen) is fired as of then, and marked late as it is.

    1. Look for pending rows with ``due_at <= now``, oldest first, of kinds that have a handler. With a ``share`` only
       those of its enterprises, and then what the other clocks have left for a second.
    2. Read the rows and work out what they cause.
    3. In one transaction: hold the chains of their enterprises (leave out those somebody else holds: they are being
       decided on right now, and come with the next look), work out again when one of them has grown since, claim what
       is still pending, write.
    4. A batch that fails is undone and tried in halves, down to the single row; a row that fails alone stays pending,
       is logged, and the auditor will see it. The others go on.
    """
    firing, done = Firing(now, grace), 0
    for mine, until in _parts(share, now):
        left_out = set[int]()
        while done < limit:
            wanted = min(BATCH, limit - done)
            due = _look(until, left_out, wanted, mine)
            first = [row for row in due if row.kind in _before_others]
            batch = first or due
            if not batch:
                break
            claimed = _fire_what_can_be(batch, firing, clock)
            done += len(claimed)
            left_out |= {row.pk for row in batch}.difference(claimed)
            if not first and len(due) < wanted:
                break
    return done


def _parts(share: Share | None, now: datetime) -> list[tuple[Share | None, datetime]]:
    """Whose rows to look for, and until which due time."""
    if share is None or share.clocks == 1:
        return [(None, now)]
    return [(share, now), (None, now - LEFT_BY_OTHERS)]


def fire_before(subject: str, at: datetime) -> int:
    """Fire what of a subject fell due before ``at`` and no clock has looked at yet; returns how many rows.

    For who changes at ``at`` what the rows of the subject mean, and holds its chain: a clock looks twice a second, and
    what fell due since its last look must not be lost to the change. What is due at that very instant is left: the
    change comes first. In an outage of the clock nothing is fired; what it means is the caller's to say. A row that
    cannot be fired stays pending, and the change goes on.
    """
    pending = Obligation.objects.by_the_machine().filter(
        subject=subject, state=ObligationState.PENDING, due_at__lt=at, kind__in=_ways.keys() - _before_others
    )
    due = _due(pending)
    if not due or not clock_is_up(at):
        return 0
    try:
        with transaction.atomic():
            return len(_claim(_work_out(due, journal.heads({row.chain for row in due}), Firing(at, excluded=True))))
    except Exception:
        log.exception("%d due obligations of %s could not be fired before a change", len(due), subject)
        return 0


def soonest_due() -> datetime | None:
    """When the next pending thing of a kind that a clock fires is due; None when there is none."""
    pending = Obligation.objects.by_the_machine().filter(state=ObligationState.PENDING, kind__in=list(_ways))
    due: datetime | None = pending.order_by("due_at").values_list("due_at", flat=True).first()
    return due


def due_and_unfired(now: datetime, older_than: timedelta) -> list[Obligation]:
    """Rows that were due more than ``older_than`` ago and are still pending: what the auditor must never find.
    Kinds that only an earlier release knew are fired by nobody, and are no fault."""
    pending = Obligation.objects.by_the_machine().filter(
        state=ObligationState.PENDING, due_at__lt=now - older_than, kind__in=[key for key, _ in OBLIGATIONS]
    )
    return list(pending.order_by("due_at")[:1000])


def _look(until: datetime, left_out: set[int], wanted: int, share: Share | None) -> list[_Due]:
    """Due rows, oldest first; those of the kinds that go before others, first of all."""
    due = Obligation.objects.by_the_machine().filter(
        state=ObligationState.PENDING, due_at__lte=until, kind__in=list(_ways)
    )
    if left_out:
        due = due.exclude(pk__in=left_out)
    if share is not None:
        due = due.alias(part=Mod(Coalesce(F("enterprise_id"), Value(0)), Value(share.clocks))).filter(part=share.place)
    found = _due(due.order_by("due_at", "pk")[:wanted])
    if len(found) == wanted and _before_others:  # some of those that go first may stand behind these
        first = _due(due.filter(kind__in=list(_before_others)).order_by("due_at", "pk")[:wanted])
        return first or found
    return found


def _due(rows: Any) -> list[_Due]:
    values = rows.values_list("pk", "kind", "enterprise__code", "agency__code")
    return [_Due(pk, kind, chain_named(enterprise, agency)) for pk, kind, enterprise, agency in values]


def _fire_what_can_be(due: Sequence[_Due], firing: Firing, clock: Clock | None) -> list[int]:
    try:
        return _fire(due, firing, clock)
    except Exception:
        if len(due) == 1:
            log.exception("obligation %d is due and could not be fired; it stays pending", due[0].pk)
            return []
        log.exception("a batch of %d due obligations failed; trying it in halves", len(due))
    half = len(due) // 2
    return _fire_what_can_be(due[:half], firing, clock) + _fire_what_can_be(due[half:], firing, clock)


def _fire(due: Sequence[_Due], firing: Firing, clock: Clock | None) -> list[int]:
    chains = {row.chain for row in due}
    batch = _work_out(due, journal.heads(chains), firing)
    with transaction.atomic():
        held = journal.hold(chains, wait=False)
        present = clock.now() if clock is not None else firing.now
        if stale := present - firing.now > firing.grace:
            firing = replace(firing, now=present)
        if stale or held != batch.heads:
            batch = _work_out([row for row in due if row.chain in held], held, firing)
        return _claim(batch)


def _work_out(due: Sequence[_Due], heads: Mapping[str, journal.Head], firing: Firing) -> _Batch:
    """Read the rows and let their kinds prepare. Writes nothing. Chains without a head yet are left to the lock."""
    chains = {row.pk: row.chain for row in due if row.chain in heads}
    pending = Obligation.objects.by_the_machine().filter(pk__in=list(chains), state=ObligationState.PENDING)
    rows = sorted(pending.order_by(), key=lambda row: (chains[row.pk], row.due_at, row.pk))
    batch = _Batch(heads, rows, firing)
    for row in rows:
        row.state, row.fired_at = ObligationState.FIRED, firing.now
    kinds = {kind: [row for row in rows if row.kind == kind] for kind in _ways}
    ways = {kind: _ways[kind] for kind in kinds if kinds[kind]}
    batch.prepared = [way.preparer(kinds[kind], firing) for kind, way in ways.items() if way.preparer is not None]
    batch.linked = journal.link([act for prepared in batch.prepared for act in prepared.acts], heads)
    batch.handled = {kind: kinds[kind] for kind, way in ways.items() if way.handler is not None}
    return batch


def _claim(batch: _Batch) -> list[int]:
    """Claim the rows and write what they cause; the caller holds their chains, which are as the batch knows them."""
    if not batch.rows:
        return []
    for state in {row.state for row in batch.rows}:
        ours = [row.pk for row in batch.rows if row.state == state]
        mine = Obligation.objects.by_the_machine().filter(pk__in=ours, state=ObligationState.PENDING)
        if mine.update(state=state, fired_at=batch.rows[0].fired_at) != len(ours):
            raise DatabaseError("an obligation changed under the lock of its chain")
    for prepared in batch.prepared:
        prepared.write()
    if batch.linked is not None:
        journal.write(batch.linked)
    for kind, rows in batch.handled.items():
        handler = _ways[kind].handler
        assert handler is not None
        handler(rows, batch.firing)
        changed = [row for row in rows if row.state != ObligationState.FIRED]
        if changed:
            Obligation.objects.bulk_update(changed, ["state"])
    return [row.pk for row in batch.rows]


def chain_named(enterprise: str | None, agency: str | None) -> str:
    """The chain of an enterprise, else of an agency, else the machine's own."""
    if enterprise is not None:
        return f"enterprise:{enterprise}"
    return f"agency:{agency}" if agency is not None else "system"

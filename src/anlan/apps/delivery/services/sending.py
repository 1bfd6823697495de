"""Takes what is queued for outside channels and sends it: at least once, each try with the same key.

A sender claims rows with a lease; one that dies leaves the lease to run out, and the row is taken again. One that was
frozen meanwhile sends nothing of it any more when it wakes. Each channel has its own claims and its own workers, so
that one that hangs holds up nobody else. Must never mark as sent what was
not, and never drop anything: what cannot be sent now stays queued, what never can is passed on (`falling`).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from anlan.apps.delivery.models import ChannelState, Delivery, DeliveryState
from anlan.apps.delivery.services import fallback, states, suspending, untold
from anlan.apps.delivery.services import outcome as outcome_of
from anlan.apps.delivery.services.contact_order import title_of
from anlan.apps.delivery.services.hints import hint
from anlan.apps.delivery.services.letters import letter_of
from anlan.apps.journal import services as journal
from anlan.channels import Channel, ChannelError, Fault, Letter, NoSuchAddress, Receipt
from anlan.now import AHEAD_AFTER, Clock

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
"""How long a claim holds; a batch is small enough to be through in half of it, though every letter times out."""
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = states.LONGEST_PAUSE
CLOSED_AFTER = 3
"""Refusals of one letter after which its way counts as closed and others are told (本地设定)."""
MOST_REFUSALS = 8
"""Refusals of one letter after which it has failed, when the channel took others meanwhile (本地设定)."""
LONGEST_REFUSED = timedelta(days=1)
"""After so long it has failed even where nothing else went by the channel to compare with (本地设定)."""
SHORT_THROTTLE = timedelta(seconds=60)
"""A provider that asks for pauses up to this long, all together, is waited for; beyond it the recipient's next way is
opened, also for letters that come while it is to be left alone."""
PATIENCE = timedelta(hours=1)
"""A recipient's passing trouble is waited for at least so long: grey-listing ends within it (本地设定)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one try; ``fault`` is None when the channel took the letter."""

    error: str = ""
    fault: Fault | None = None
    no_such_address: bool = False
    """The provider's own word, with `Fault.ADDRESS`."""
    never: bool = False
    """A mistake in here or a contact out of use: no other try can do better."""
    retry_after: timedelta | None = None
    receipt: Receipt | None = None


def pause_after(attempts: int) -> timedelta:
    """How long to wait after that many tries: doubling from 5 s to 10 min. Tries never end while the error may pass."""
    pause: timedelta = FIRST_PAUSE * 2 ** min(attempts - 1, 12)
    return min(LONGEST_PAUSE, pause)


def send_due(channels: Mapping[str, Channel], clock: Clock, limit: int = 50, workers: int = 8) -> int:
    """Claim up to ``limit`` rows of each channel that may be sent now, send them side by side, record what became of
    each as soon as it is known. Then pass on what waits for channels that are unwell or have to rest for long.

    Returns how many were tried. Red before orange before yellow, the untried before the retried, then oldest first; as
    many as the channel's rate allows. A row whose channel this installation no longer has stays queued. Raises
    DatabaseError when something could not be written down; what else was tried then is written down all the same.
    """
    tried = 0
    failure: DatabaseError | None = None
    written: dict[str, list[tuple[Delivery, Letter]]] = {}
    known = states.read(channels)
    for name, channel in channels.items():
        at_most = min(limit, workers * max(1, int(LEASE.total_seconds() / 2 / channel.timeout_s)))
        # all letters are written before the first is sent: a database lost meanwhile must not leave one unrecorded
        claimed = claim(name, known[name], clock.now(), at_most, channel.rate)
        written[name] = [(row, letter_of(row, channel)) for row in claimed]
    with ExitStack() as pools:
        running: dict[Future[Outcome | None], Delivery] = {}
        for name, letters in written.items():
            if letters:
                pool = pools.enter_context(ThreadPoolExecutor(min(workers, len(letters)), f"send-{name}"))
                running |= {pool.submit(_try, channels[name], row, letter, clock): row for row, letter in letters}
        for done in as_completed(running):
            outcome = done.result()
            if outcome is None:
                continue
            tried += 1
            try:
                _record_surely(running[done], outcome, clock)
            except DatabaseError as error:
                failure = error
    if failure is not None:
        raise failure
    for name, state in (states.read(channels) if tried else known).items():
        if state.unwell_since is not None:
            pass_on_waiting(name, _("渠道“%(title)s”不通") % {"title": title_of(name)}, clock.now())
        elif states.resting(state, clock.now()) > SHORT_THROTTLE:
            pass_on_waiting(name, _("渠道“%(title)s”应服务商的要求暂停") % {"title": title_of(name)}, clock.now())
    return tried


def _due(name: str, now: datetime, probe: bool) -> QuerySet[Delivery]:
    """Queued rows whose time has come, and claimed ones whose lease ran out, in the order in which they are sent.

    A letter that was never tried has no time to wait for, so that a system clock set back does not hold it up; nor does
    a pause or a claim that ends later than any can: our clock stood ahead when it was written. Among equals it goes
    before those that failed already. A probe of an unwell channel takes any letter, first those that were never refused
    and tried least: one poisoned letter must not hold up all others.
    """
    free = Q(state=DeliveryState.QUEUED)
    if not probe:
        later = Q(next_try_at__gt=now + LONGEST_PAUSE + AHEAD_AFTER)
        free &= Q(next_try_at__isnull=True) | Q(next_try_at__lte=now) | later
    ran_out = Q(claimed_until__lte=now) | Q(claimed_until__gt=now + LEASE + AHEAD_AFTER)
    left_behind = Q(state=DeliveryState.SENDING) & ran_out
    rows: QuerySet[Delivery] = Delivery.objects.filter(free | left_behind, channel=name)
    if probe:
        return rows.order_by("refusals", "attempts", "priority", "pk")
    return rows.order_by("priority", F("next_try_at").asc(nulls_first=True), "pk")


def claim(name: str, state: ChannelState, now: datetime, limit: int, rate: float | None = None) -> list[Delivery]:
    """Claim rows of a channel, whose ``state`` was just read, for this sender: at most ``limit``, and no more than
    ``rate`` (letters/s) allows. A look that finds nothing writes nothing."""
    probe = state.unwell_since is not None
    if not states.allowed(state, now, rate, limit) or not _due(name, now, probe).exists():
        return []
    return list(_claim(name, now, limit, rate, probe))


def _claim(name: str, now: datetime, limit: int, rate: float | None, probe: bool) -> Iterator[Delivery]:
    skip = connection.features.has_select_for_update_skip_locked
    with transaction.atomic():
        state = states.hold(name)
        allowed = states.allowed(state, now, rate, limit)
        rows = _due(name, now, probe).select_for_update(of=("self",), skip_locked=skip)
        rows = rows.select_related(
            "message__notice__source", "message__notice__enterprise", "message__enterprise__region", "contact"
        )
        claimed = list(rows[:allowed]) if allowed else []
        mine = Delivery.objects.filter(pk__in=[row.pk for row in claimed])
        mine.update(state=DeliveryState.SENDING, claimed_until=now + LEASE, attempts=F("attempts") + 1)
        states.used(state, now, rate, len(claimed))
    for row in claimed:
        row.attempts += 1
        row.state, row.claimed_until = DeliveryState.SENDING, now + LEASE
        yield row


def _record_surely(row: Delivery, outcome: Outcome, clock: Clock) -> None:
    """`record`, twice if need be: who was frozen while he wrote wakes up with a connection that the database has cut,
    and a letter that is not recorded goes out again."""
    try:
        record(row, outcome, clock.now())
    except DatabaseError:
        log.exception("what became of letter %s could not be recorded, trying once more", row.key)
        record(row, outcome, clock.now())
    if outcome.fault is None:
        untold.over(row.message.notice.subject, clock.now())
    else:
        untold.look(row.message.notice, outcome.error, clock.now())


def record(row: Delivery, outcome: Outcome, now: datetime) -> None:
    """Write down what became of a claimed row, and what follows from it, in one transaction. A claim that was lost
    meanwhile leaves the row to its new owner."""
    mine = Delivery.objects.filter(pk=row.pk, state=DeliveryState.SENDING, attempts=row.attempts)
    with transaction.atomic():
        if outcome.fault is not None:
            _record_error(row, mine, outcome, now)
        else:
            _record_taken(row, mine, outcome.receipt or Receipt(), now)
        hint("delivery", row.message.enterprise.code, id=row.message_id, kind="failed" if outcome.fault else "sent")


def _record_taken(row: Delivery, mine: QuerySet[Delivery], receipt: Receipt, now: datetime) -> None:
    journal.hold([fallback.chain_of(row.message)])
    if row.contact is not None and row.contact.suspended_until is not None:
        suspending.works_again(row.contact, now)
    states.took(row.channel, now)
    arrived = {"state": DeliveryState.DELIVERED, "delivered_at": now} if receipt.delivered else {}
    values = {"state": DeliveryState.SENT, "sent_at": now, "claimed_until": None, "error": "", **arrived}
    taken = mine.update(provider_id=receipt.provider_id[:120], **values)
    if taken:
        outcome_of.note(row.pk, row.message, now)
    if taken and row.contact_id is not None:  # other ways that had failed before need not be tried any more
        others = Delivery.objects.filter(message=row.message_id, contact__isnull=False, passed_on_at__isnull=False)
        others.filter(state=DeliveryState.QUEUED).update(state=DeliveryState.REPLACED, next_try_at=None)


def _record_error(row: Delivery, mine: QuerySet[Delivery], outcome: Outcome, now: datetime) -> None:
    fault = outcome.fault
    if fault is Fault.TRANSPORT and _others_went(row, now):
        fault = Fault.LETTER  # again and again, while others go: it is not the way that is down
    if fault is Fault.ADDRESS:
        journal.hold([fallback.chain_of(row.message)])
        if mine.update(state=DeliveryState.FAILED, claimed_until=None, error=outcome.error[:300]):
            outcome_of.note(row.pk, row.message, now)
            wrong = not outcome.never
            fallback.failed_for_good(row, outcome.error, now, no_such_address=outcome.no_such_address, wrong=wrong)
    elif fault in (Fault.LETTER, Fault.RECIPIENT):
        journal.hold([fallback.chain_of(row.message)])
        _record_refusal(row, mine, outcome, fault, now)
    else:
        _record_transport(row, mine, outcome, now)


def _others_went(row: Delivery, now: datetime) -> bool:
    """Whether the channel took another letter since the last try of this one."""
    took_at = states.read([row.channel])[row.channel].last_ok_at
    return row.attempts > 1 and took_at is not None and took_at > now - pause_after(row.attempts - 1)


def _record_refusal(row: Delivery, mine: QuerySet[Delivery], outcome: Outcome, fault: Fault, now: datetime) -> None:
    """Charge a failure to the letter: more tries, the recipient's next way, from the third on somebody else; an end
    when it is proven that the channel is not to blame."""
    refusals = row.refusals + 1
    refused_at = row.refused_at or (now if refusals >= CLOSED_AFTER else None)
    values = {"claimed_until": None, "error": outcome.error[:300], "refusals": refusals, "refused_at": refused_at}
    if refusals >= MOST_REFUSALS and (outcome.never or _proven(row, now, fault)):
        if mine.update(state=DeliveryState.FAILED, **values):
            outcome_of.note(row.pk, row.message, now)
            fallback.failed_for_good(row, outcome.error, now, wrong=fault is Fault.RECIPIENT)
        return
    pause = max(pause_after(refusals), min(outcome.retry_after or timedelta(0), LONGEST_PAUSE))
    if not mine.update(state=DeliveryState.QUEUED, next_try_at=now + pause, **values):
        return
    states.refused(row.channel, now, outcome.error)
    fallback.open_next(row, now)
    if refused_at is not None:
        fallback.closed_for_now(row, outcome.error, now)


def _proven(row: Delivery, now: datetime, fault: Fault) -> bool:
    """Whether it is the letter and not the channel: that took others since, or has been well for a day. A recipient's
    passing trouble is given time beside that."""
    if row.refused_at is None or (fault is Fault.RECIPIENT and now - row.refused_at < PATIENCE):
        return False
    state = states.read([row.channel])[row.channel]
    if state.last_ok_at is not None and state.last_ok_at > row.refused_at:
        return True
    return state.unwell_since is None and now - row.refused_at >= LONGEST_REFUSED


def _record_transport(row: Delivery, mine: QuerySet[Delivery], outcome: Outcome, now: datetime) -> None:
    throttle = outcome.retry_after
    if throttle is None or outcome.fault is Fault.ACCOUNT:
        states.failed(row.channel, now, outcome.error, everybody=outcome.fault is Fault.ACCOUNT)
    if throttle is not None:
        states.throttled(row.channel, now, now + throttle, outcome.error)
    waits = throttle is not None and throttle * row.attempts <= SHORT_THROTTLE
    pause = max(pause_after(row.attempts), min(throttle or timedelta(0), LONGEST_PAUSE))
    kept = mine.update(
        state=DeliveryState.QUEUED,
        claimed_until=None,
        next_try_at=now + (throttle if waits and throttle else pause),
        error=outcome.error[:300],
    )
    if kept and not waits:
        fallback.open_next(row, now)


def pass_on_waiting(name: str, why: str, now: datetime, limit: int = 200) -> int:
    """Open the next ways of recipients whose letters wait for a channel, in words ``why``; the letters stay queued."""
    waiting = Delivery.objects.filter(channel=name, state=DeliveryState.QUEUED, passed_on_at__isnull=True)
    rows = list(
        waiting.filter(contact__isnull=False).select_related("message__notice__enterprise", "message__enterprise")[
            :limit
        ]
    )
    for row in rows:
        with transaction.atomic():
            fallback.open_next(row, now)
        untold.look(row.message.notice, why, now)
    return len(rows)


def _try(channel: Channel, row: Delivery, letter: Letter, clock: Clock) -> Outcome | None:
    """Send one letter; None when the claim ran out before its turn came: another sender may have the row by now."""
    if row.claimed_until is None or clock.now() >= row.claimed_until:
        log.warning("the claim of letter %s ran out before it was sent", row.key)
        return None
    if row.contact is not None and not row.contact.is_enabled:
        return Outcome(f"联系方式已停用：{row.contact.disabled_because}", Fault.ADDRESS, never=True)
    try:
        return Outcome(receipt=channel.send(letter))
    except ChannelError as error:
        after = timedelta(seconds=error.retry_after) if error.retry_after else None
        known = isinstance(error, NoSuchAddress)
        return Outcome(str(error) or "渠道未接收", error.fault, no_such_address=known, retry_after=after)
    except Exception as error:
        log.exception("channel %s failed in a way it should not", channel.name)
        return Outcome(f"渠道出错：{type(error).__name__}", Fault.LETTER, never=True)

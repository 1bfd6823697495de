"""Who is told what when a warning's level or a duty holder changes (WRN-02 to WRN-06, WRN-13, WRN-20).

`informed` is the first time that this warning reaches someone. What was told is remembered for the whole warning, not
for the level. Must never tell a former duty holder anything, and never anyone outside the slots.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from anlan.rules.level import Level
from anlan.rules.routing import Recipient, RecipientKind, SourceContext, recipients
from anlan.rules.rulebook import LOCAL_LABEL, READING_LABEL, RulesInForce
from anlan.rules.settings import WarningSettings


def ordered_by(level: Level, rules: RulesInForce, *, new_holder: bool = False) -> str:
    """The article that has a warning of this level sent (第五至七条), with its document, as a record carries it.

    本地设定 at blue, which no article addresses (Q-10). To whom it is told because they have just become holder, no
    article says: 读法 stands behind it.
    """
    if not level.at_least(Level.YELLOW):
        return LOCAL_LABEL
    law = rules.entry(f"warning.{level}.recipients").source
    return f"{law}（{READING_LABEL}）" if new_holder else law


@dataclass(frozen=True, slots=True)
class Telling:
    """What to send now, each list sorted by id, and everyone this warning has reached so far."""

    informed: tuple[Recipient, ...] = ()
    upgraded: tuple[Recipient, ...] = ()
    downgraded: tuple[Recipient, ...] = ()
    cleared: tuple[Recipient, ...] = ()
    told: tuple[Recipient, ...] = ()


def on_level(
    old: Level,
    new: Level,
    ctx: SourceContext,
    told: Iterable[Recipient],
    settings: WarningSettings,
    rules: RulesInForce | None = None,
) -> Telling:
    """What a change from `old` to `new` tells. `told` is everyone reached before in this warning (empty at a raise).

    A raise informs the level's slots. An upgrade informs those of the new slots not yet reached and sends `upgraded`
    to those reached before, even if the level had fallen meanwhile. A downgrade and a clearing go to all who were
    told and inform nobody anew. The level already in force tells nobody.

    [reading] Stands on the page that lays law beside code (docs/explanation/law.md).
    """
    before = _each_once(told) if old is not Level.NONE else ()  # a new warning reaches everyone anew
    if new is old:
        return Telling(told=before)
    if new > old:
        reached = {recipient.id for recipient in before}
        slots = recipients(new, ctx, settings, rules)
        informed = tuple(recipient for recipient in slots if recipient.id not in reached)
        upgraded = tuple(recipient for recipient in slots if recipient.id in reached)
        return Telling(informed=informed, upgraded=upgraded, told=_each_once((*before, *informed)))
    still = _still_addressed(before, ctx)
    if new is Level.NONE:
        return Telling(cleared=still, told=before)
    return Telling(downgraded=still, told=before)


def on_holder_change(
    level: Level, ctx: SourceContext, told: Iterable[Recipient], settings: WarningSettings,
    rules: RulesInForce | None = None,
) -> Telling:  # fmt: skip
    """What a change of duty holders tells while the warning is open; `ctx` holds the posts after the change.

    Whoever became holder and was never reached by this warning is informed at once. The former holder is told nothing,
    now or later. While no warning is open, nobody is told.

    [reading] Stands on the page that lays law beside code (docs/explanation/law.md).
    """
    before = _each_once(told)
    if level is Level.NONE:
        return Telling(told=before)
    reached = {recipient.id for recipient in before}
    informed = tuple(
        recipient
        for recipient in recipients(level, ctx, settings, rules)
        if recipient.kind is RecipientKind.PERSON and recipient.id not in reached
    )
    return Telling(informed=informed, told=_each_once((*before, *informed)))


def report_recipients(told: Iterable[Recipient]) -> tuple[Recipient, ...]:
    """第九条: the enterprise's report goes to the agencies that were told of this warning.

    [reading] Stands on the page that lays law beside code (docs/explanation/law.md).
    """
    return tuple(recipient for recipient in _each_once(told) if recipient.kind is RecipientKind.AGENCY)


def _still_addressed(told: Iterable[Recipient], ctx: SourceContext) -> tuple[Recipient, ...]:
    return tuple(
        recipient for recipient in told if recipient.kind is not RecipientKind.PERSON or recipient.id in ctx.holder_ids
    )


def _each_once(found: Iterable[Recipient]) -> tuple[Recipient, ...]:
    first: dict[str, Recipient] = {}
    for recipient in found:
        first.setdefault(recipient.id, recipient)
    return tuple(sorted(first.values(), key=lambda recipient: recipient.id))

"""Who may do what about a warning. Pages offer exactly this; the services ask it again, whoever the caller is.

第八条 gives the warning to the enterprise's duty holders, 第十至十三条 give tracking and site checks to the agencies on
its line. A level that somebody set by hand is theirs to lift, and nobody's who merely bears their name.
"""

from __future__ import annotations

from collections.abc import Mapping

from anlan.apps.accounts.selectors import meant_by
from anlan.apps.org.actor import Actor
from anlan.apps.org.line import Line, line_of
from anlan.apps.org.models import Agency, AgencyLevel, Role
from anlan.apps.org.stand import HANDLERS, STAFF, Stand
from anlan.apps.registry.models import HazardSource
from anlan.apps.warnings.models import SiteOrder, Warning

ISSUERS = frozenset(map(str, (Role.DUTY_OFFICER, Role.APPROVER)))
"""Roles of an agency that may set a level by hand (local setting)."""


def may_confirm(by: Stand, warning: Warning) -> bool:
    """The source's three duty holders confirm, and who has confirmed may do so again. `services.confirm` judges anew
    who holds the posts, under the lock of the enterprise."""
    person = by.actor.person_id
    return person is not None and (is_holder(warning, by) or has_confirmed(warning, by))


def is_holder(warning: Warning, by: Stand) -> bool:
    """Whether the person is one of the source's three duty holders."""
    return any(
        duty.person_id == by.actor.person_id
        and duty.valid_from <= by.at
        and (duty.valid_until is None or duty.valid_until > by.at)
        for duty in warning.source.duty_holders.all()
    )


def has_confirmed(warning: Warning, by: Stand) -> bool:
    """Whether the person has confirmed the warning already."""
    return any(row.person_id is not None and row.person_id == by.actor.person_id for row in warning.confirmations.all())


def may_measure(by: Stand, warning: Warning) -> bool:
    """第八条: measures are the enterprise's."""
    return by.holds(*STAFF)


def may_clear(by: Stand, warning: Warning) -> bool:
    """The enterprise's staff, and whoever keeps a level by hand. Whether the data let it is judged by the rules."""
    return by.holds(*STAFF) or any(keeps(by.actor, who) for who in warning.by_hand)


def keeps(actor: Actor, who: str) -> bool:
    """Whether a level set by hand, kept under ``who``, is this actor's: by id. Of rows that kept a name it is that of
    everybody who bears it: which of them it was, nobody knows any more."""
    return bool(who) and actor.id in meant_by(who)


def may_report(by: Stand, warning: Warning) -> bool:
    """第九条: the report is the enterprise's."""
    return by.holds(*STAFF)


def may_set_level(by: Stand, about: Warning | HazardSource) -> bool:
    """A role that sets levels in an agency on the line of this very enterprise, and no town's."""
    return issuing_for(by) is not None


def issuing_for(by: Stand) -> Agency | None:
    """The nearest agency for which the person sets levels by hand: 第五至七条 begin with county and park (local
    setting)."""
    found = (hat.agency for hat in by.hats if hat.role in ISSUERS)
    return next((each for each in found if each is not None and each.level != AgencyLevel.TOWN), None)


def may_remark(by: Stand, warning: Warning) -> bool:
    """第十三条: agencies on the line feed back on their tracking."""
    return by.holds(*HANDLERS)


def may_record_hidden_danger(by: Stand, warning: Warning) -> bool:
    """The enterprise and the agencies that track it."""
    return by.holds(*STAFF, *HANDLERS)


def may_answer(by: Stand, order: SiteOrder) -> bool:
    """Tracker and executor answer a site order and hand it on; who only watches does not.

    An enterprise may have come under other agencies since: where none that was asked stands on its line any more, the
    one of the tracker's level that does is asked in its place. Else nobody could, and the warning would stay open.
    """
    held = [hat.agency for hat in by.hats if hat.agency is not None and hat.role in HANDLERS]
    mine = {agency.pk: str(agency.level) for agency in held}
    if not mine.keys().isdisjoint(asked_of(order)):
        return True
    return level_asked(order) in mine.values() and answers_instead(order, mine, line_of(order.enterprise))


def answers_instead(order: SiteOrder, mine: Mapping[int, str], line: Line) -> bool:
    """Whether one of ``mine`` (agencies with their levels) answers in the place of those that were asked: none of these
    stands on the enterprise's ``line`` any more, and it does, at the tracker's level."""
    if not asked_of(order).isdisjoint(line.all):
        return False
    return any(level == level_asked(order) and pk in line.all for pk, level in mine.items())


def asked_of(order: SiteOrder) -> set[int]:
    """The agencies that the order names to answer it, by key."""
    return {pk for pk in (order.tracker_id, order.executor_id) if pk is not None}


def level_asked(order: SiteOrder) -> str:
    """The level of the agency that answers where none that was asked stands above the enterprise any more."""
    return str(order.tracker.level if order.tracker is not None else AgencyLevel.COUNTY)

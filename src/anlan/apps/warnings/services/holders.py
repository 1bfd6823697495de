"""Duty holders change while a warning is open (WRN-20): the new one is informed at once, the old one no more."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from anlan.apps.findings import services as findings
from anlan.apps.registry.models import HazardSource
from anlan.apps.warnings import kinds
from anlan.apps.warnings.services.posting import finish, tell
from anlan.apps.warnings.services.situation import hold, told_of
from anlan.apps.warnings.services.vacancies import close_filled, find_gaps
from anlan.rules.slots import POSTS
from anlan.rules.telling import on_holder_change


def holder_changed(source: HazardSource, at: datetime) -> None:
    """Tell an open warning to holders whom it has not reached; close and open findings about vacant posts.

    Registered with `registry.services`. Calling it again tells nobody twice.
    """
    with transaction.atomic():
        standing = hold(source, at)
        place, warning, episode = standing.place, standing.warning, standing.episode
        for post in POSTS:
            if place.context.holder(post) is not None:
                subject = f"source:{place.source.code}:{post}"
                code = place.enterprise.code
                findings.closed(kinds.HOLDER_MISSING, subject=subject, enterprise_code=code, at=at)
        close_filled(place, at)
        if warning is None or episode is None:
            return
        level = standing.state.level
        told = told_of([warning.pk])[warning.pk]
        telling = on_holder_change(level, place.context, told, place.settings, place.rules)
        find_gaps(place, level, at)
        if telling.informed:
            mark = f":{len(told)}"  # how many were reached before: no two changes of one episode share it
            drafts = tell(place, warning, episode, telling, level, at, mark, new_holder=True)
            standing.note("holder_informed", at, after={"to": [recipient.id for recipient in telling.informed]})
            finish(standing, drafts, "holder")

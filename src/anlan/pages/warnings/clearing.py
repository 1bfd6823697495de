"""What clearing a warning entails, in the numbers that are in force where it is cleared."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from anlan.apps.registry.selectors.locality import rules_of_one
from anlan.apps.warnings.models import Warning
from anlan.rules.calendar import civil_day


def clearing_words(warning: Warning, now: datetime) -> str:
    """The hint beside 消警: until when to report (第九条), and what becomes of a warning that nobody confirmed."""
    rules = rules_of_one(warning.enterprise, civil_day(now))
    report, unconfirmed = rules.entry("warning.report.minutes"), rules.entry("clear_unconfirmed")
    return _("消警后 %(limit)s内须上报处置报告（%(article)s）；未经确认的%(unconfirmed)s（%(local)s）") % {
        "limit": report.value_words,
        "article": report.article_words,
        "unconfirmed": unconfirmed.value_text,
        "local": unconfirmed.source,
    }

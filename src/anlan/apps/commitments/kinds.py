"""What the daily commitment gives rise to: what is owed, what is told, and what is found."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.delivery.kinds import ASIDE, NOTICES
from anlan.apps.findings.kinds import CLUES, FINDINGS, SUSPICION
from anlan.apps.obligations.kinds import OBLIGATIONS, OF_ITS_DAY
from anlan.apps.watchlist.kinds import REASONS

COMMIT = OBLIGATIONS.declare("commitment", _("每日安全承诺"), article="数据质量管理办法 第七条", traits={OF_ITS_DAY})
REMIND = OBLIGATIONS.declare("commit_reminder", _("安全承诺提醒"), article="本地设定", traits={OF_ITS_DAY})
REMINDED = NOTICES.declare("commit_reminder", _("安全承诺提醒"), traits={ASIDE})
UNCOMMITTED = NOTICES.declare("uncommitted", _("未按时承诺"), traits={ASIDE})
DOUBT = FINDINGS.declare(
    "commitment_doubt", _("承诺内容疑似不实"), article="数据质量管理办法 第七条", traits=(SUSPICION,)
)
DOUBT_CLUE = CLUES.declare("commitment_doubt", _("承诺内容疑似不实"), article="数据质量管理办法 第七条")
HIGH_RISK = REASONS.declare("commitment", _("承诺高风险"))

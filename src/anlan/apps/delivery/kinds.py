"""Sorts of notices; each kind is declared by the app that tells it. The platform's own stand here."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.declared import Kinds

ASIDE = "aside"
"""The platform's own business: to its recipient alone, never into a group or another system, and no warning is missed
when it reaches nobody."""
LIMIT = "limit"
"""Its ``due_at`` is the limit of what it speaks of (上报时限), not when it should go out itself."""
STRICT = "strict"
"""Late by a second is late: what people owe has no grace (第九条)."""
FOLLOWS = "follows"
"""It goes to everybody who was told before."""

NOTICES = Kinds("notices", (ASIDE, LIMIT, STRICT, FOLLOWS))
CONTACT = NOTICES.declare("contact", _("联系方式暂停"), traits={ASIDE})
TEST = NOTICES.declare("test", _("测试"), traits={ASIDE})

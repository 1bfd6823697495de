"""What a person may do about a file: withdraw it, with the reason. Handing in belongs to the acts of the record."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from anlan.apps.files import services
from anlan.apps.files.entitled import may_withdraw
from anlan.pages.acting import Act, ActForm, words_field


class WithdrawForm(ActForm):
    text = words_field(_("撤回原因"), 2, 200)


ACTS: dict[str, Act] = {
    "withdraw": Act(
        _("撤回"), _("已撤回。内容仍保存，记录上标明撤回与原因。"), WithdrawForm, may_withdraw,
        lambda a: services.withdraw(a.row, by=a.by, at=a.at, why=a.text()), ("kept",),
        mandatory=("text",), leads=False,
    ),
}  # fmt: skip

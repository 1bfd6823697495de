"""What a person may do about an identification."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from anlan.apps.identification import services
from anlan.apps.identification.entitled import may_accept, may_ask_again, may_review
from anlan.apps.identification.models import Identification, State
from anlan.apps.org.stand import Stand
from anlan.apps.registry.selectors import equipment
from anlan.pages.acting import Act
from anlan.pages.identification.forms import AgainForm, FilingForm, LinkForm
from anlan.pages.quieting.forms import NoteForm, ReasonForm


def _sources(by: Stand, row: Identification) -> dict[str, Any]:
    known = equipment.source_names(row.enterprise)
    return {"sources": list(known.items()), "initial": {"source": row.source.code if row.source else ""}}


ACTS = {
    "confirm": Act(
        _("审核通过"), _("已生效。"), NoteForm, may_review,
        lambda a: services.confirm(a.row, by=a.by, at=a.at, note=a.text()), (State.ENTERED,),
    ),
    "return": Act(
        _("退回"), _("已退回。"), ReasonForm, may_review,
        lambda a: services.send_back(a.row, by=a.by, at=a.at, note=a.text()), (State.ENTERED,),
        mandatory=("text",), leads=False,
    ),
    "file": Act(
        _("登记备案"), _("已登记备案。"), FilingForm, may_accept,
        lambda a: services.accept_filing(a.row, a.text("filed_no"), a.values.get("filed_on"), by=a.by, at=a.at),
        (State.CONFIRMED,), open_to=lambda by, row: row.is_major and row.filed_on is None,
    ),
    "link": Act(
        _("对应登记的危险源"), _("已对应。"), LinkForm, may_ask_again,
        lambda a: services.link(a.row, a.text("source"), by=a.by, at=a.at), (State.CONFIRMED,), needs=_sources,
        leads=False,
    ),
    "again": Act(
        _("须重新辨识"), _("已要求重新辨识。"), AgainForm, may_ask_again,
        lambda a: services.ask_again(a.row, a.text("why"), a.text(), by=a.by, at=a.at), (State.CONFIRMED,),
        mandatory=("text",), leads=False,
    ),
}  # fmt: skip

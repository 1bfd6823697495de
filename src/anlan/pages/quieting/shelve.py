"""Shelving of alarms chosen in the alarm list: the form, and what became of each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from anlan import now as clock
from anlan.apps.accounts import selectors as entitlements
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.alarms.entitled import may_shelve
from anlan.apps.alarms.models import Alarm, Shelving
from anlan.apps.alarms.services import shelving as shelving_services
from anlan.apps.org import access
from anlan.apps.org.stand import Stand
from anlan.apps.registry.selectors import locality
from anlan.pages.quieting.forms import ShelveForm
from anlan.pages.quieting.views import KINDS
from anlan.refused import Refused
from anlan.rules.alarms import Approver, ShelvingRule
from anlan.rules.calendar import civil_day

MOST_SHELVED = 50
"""Alarms that one request may name."""


@require_http_methods(["GET", "HEAD", "POST"])
def shelve(request: PersonRequest) -> HttpResponse:
    """Shelve the alarms named by ``alarm`` (one or many), as staff of their enterprise; gas alarms are asked for.

    One alarm outside the scope refuses the whole act with 404, one of an enterprise where the person holds no role
    with 403; both attempts are journaled.
    """
    now = clock.now()
    given = request.POST if request.method == "POST" else request.GET
    asked = list(dict.fromkeys(given.getlist("alarm")))[:MOST_SHELVED]
    rows = Alarm.objects.select_related("enterprise__supervisor", "point__enterprise__supervisor")
    alarms = list(rows.visible_to(request.scope).filter(pk__in=asked).order_by("point__tag", "side"))
    for key in sorted(set(asked) - {alarm.pk for alarm in alarms}):
        access.find(request, rows, now=now, pk=key)
    by = entitlements.stands(request.user, {alarm.enterprise for alarm in alarms}, now)
    for alarm in alarms:
        mine = by[alarm.enterprise_id]
        access.require(may_shelve(mine, alarm), alarm, by=mine, words=str(KINDS["shelving"].asked_by))
    if not alarms:
        messages.info(request, _("请先在报警清单中选择要搁置的报警。"))
        return redirect("alarms")
    if request.method == "POST" and "minutes" not in request.POST:  # chosen in the alarm list: on to the form
        return redirect(f"{reverse('shelve')}?{urlencode({'alarm': asked}, doseq=True)}")
    rule = ShelvingRule.of(locality.rules_of_one(alarms[0].enterprise, civil_day(now)))
    form = ShelveForm(
        request.POST or None, longest_minutes=int(rule.longest.total_seconds() // 60), initial={"minutes": 60}
    )
    chosen = list({(alarm.point_id, alarm.side): alarm for alarm in alarms}.values())
    if request.method == "POST" and form.is_valid():
        done, refused = _shelve(chosen, by, form.cleaned_data, now)
        if done or not refused:
            for words in [*done, *refused]:
                messages.info(request, words)
            return redirect("shelvings")
        form.add_error(None, "；".join(dict.fromkeys(refused)))
    gas = [bool(alarm.point.gas) for alarm in chosen]
    context = {"alarms": chosen, "form": form, "has_gas": any(gas), "all_gas": all(gas), "rule": rule}
    return render(request, "quieting/shelve.html", context, status=422 if form.errors else 200)


def _shelve(
    alarms: Iterable[Alarm], by: Mapping[int, Stand], values: dict[str, Any], now: datetime
) -> tuple[list[str], list[str]]:
    done, refused = [], []
    for alarm in alarms:
        try:
            row = shelving_services.shelve(
                alarm.point, alarm.side, minutes=values["minutes"], reason=values["reason"],
                by=by[alarm.enterprise_id], at=now,
            )  # fmt: skip
        except Refused as error:
            refused.append(error.detail)
        else:
            done.append(_shelved_words(row) % {"t": alarm.point.tag})
    return done, refused


def _shelved_words(row: Shelving) -> str:
    if row.begins_at:
        return _("%(t)s 已搁置，到时自动恢复。")
    if row.approver == Approver.PRINCIPAL:
        return _("%(t)s 是气体报警，已提交企业主要负责人批准，批准前照常显示。")
    return _("%(t)s 是气体报警，已提交县（园区）批准，批准前照常显示。")

"""The page of one's own contacts and deputies, and the acts on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from anlan import border
from anlan import now as clock
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.accounts.selectors import stand
from anlan.apps.delivery import services as delivery
from anlan.apps.delivery.models import Contact
from anlan.apps.org import access, deputies
from anlan.apps.org.access import owner_of
from anlan.apps.org.entitled import keeps_unit
from anlan.apps.org.models import Person
from anlan.apps.org.stand import Stand
from anlan.pages.contacts.forms import ORDERS, ContactForm, DeputyForm
from anlan.pages.contacts.keeping import Keeping, keeping_of
from anlan.refused import Refused


@require_safe
def mine(request: PersonRequest) -> HttpResponse:
    """我的联系方式: the ways to me and to the desks that I keep, and who stands in for me."""
    return _page(request, clock.now())


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: PersonRequest, verb: str) -> HttpResponse:
    """Do one of the acts below and lead back to the page; what is refused comes back as it was filled in, with the
    reason. A contact that the person does not keep is refused, and the attempt journaled.

    Reading the address (a page reloaded after a refusal) leads to the page and does nothing.
    """
    if verb not in ACTS and verb not in ON_A_CONTACT:
        raise Http404
    if request.method != "POST":
        return redirect("my-contacts")
    now = clock.now()
    keeping = keeping_of(request.user, request.scope, now)
    if verb in ACTS:
        return ACTS[verb](request, keeping, now) or redirect("my-contacts")
    row = contact_of(request, now)
    ON_A_CONTACT[verb](request, row, now)
    return redirect("my-contacts")


def contact_of(request: PersonRequest, now: datetime) -> Contact:
    """The contact that the form names; 404 and a journal entry when out of scope."""
    rows = Contact.objects.select_related("agency", "enterprise", "person")
    raw = request.POST.get("contact", "")
    found: Contact = access.find(
        request,
        rows,
        now=now,
        owner=lambda row: delivery.chain_of_contact(row, now),
        pk=border.number(raw) or 0,
    )
    return found


def _towards(request: PersonRequest, row: Contact, now: datetime) -> Stand:
    """How the person stands towards the unit that a contact serves."""
    return stand(request.user, delivery.unit_of_contact(row, now), now)


def _for_person(request: PersonRequest, person: Person, now: datetime, deputy: Person | None = None) -> Stand:
    """How they stand towards the unit of somebody whose deputy is declared: one that they keep, else the first. With a
    ``deputy``, of the units in which both serve; raises `Refused` when there is none: messages stay in their unit."""
    units = delivery.units_of_person(person.pk, now)
    if deputy is not None:
        theirs = {owner_of(unit) for unit in delivery.units_of_person(deputy.pk, now)}
        units = [unit for unit in units if owner_of(unit) in theirs]
        if not units:
            raise Refused(_("代理人须与被代理人同在一个单位，未保存"))
    found = [stand(request.user, unit, now) for unit in units] or [stand(request.user, None, now)]
    return next((by for by in found if keeps_unit(by)), found[0])


def _add(request: PersonRequest, keeping: Keeping, now: datetime) -> HttpResponse | None:
    owner = keeping.owner(request.POST.get("owner", ""))
    if owner is None:
        raise PermissionDenied(_("您不能为这个对象添加联系方式。"))
    form = ContactForm(request.POST, auto_id=f"{owner.key}_%s")
    if form.is_valid():
        values = form.cleaned_data
        try:
            kind, key = owner.whom
            by = _towards(request, Contact(**{f"{kind}_id": key}), now)
            delivery.add_contact(
                owner.whom, values["channel"], values["address"], order=int(values["order"]), by=by, at=now
            )
        except Refused as refused:
            form.add_error("address", str(refused))
        else:
            messages.info(request, _("联系方式已保存。"))
            return None
    return _page(request, now, contact_form=(owner.key, form), status=422)


def _order(request: PersonRequest, row: Contact, now: datetime) -> None:
    raw = request.POST.get("order", "")
    if raw not in dict(ORDERS):
        messages.error(request, _("次序“%(raw)s”不在 1 到 9 之间，没有改动。") % {"raw": raw[:10]})
        return
    delivery.change_order(row, int(raw), by=_towards(request, row, now), at=now)
    messages.info(request, _("次序已改。"))


def _disable(request: PersonRequest, row: Contact, now: datetime) -> None:
    delivery.disable_contact(row, _("由%(name)s停用") % {"name": request.user}, by=_towards(request, row, now), at=now)
    messages.info(request, _("已停用，不再向它发送。"))


def _enable(request: PersonRequest, row: Contact, now: datetime) -> None:
    try:
        delivery.enable_contact(row, by=_towards(request, row, now), at=now)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.info(request, _("已重新启用。"))


def _deputy(request: PersonRequest, keeping: Keeping, now: datetime) -> HttpResponse | None:
    form = DeputyForm(request.POST, auto_id="deputy_%s", persons=keeping.for_whom, colleagues=keeping.colleagues)
    if form.is_valid():
        values = form.cleaned_data
        try:
            deputies.declare(
                values["person"], values["deputy"], away=values["away"], start=values["start"] or now,
                until=values["until"], by=_for_person(request, values["person"], now, values["deputy"]), at=now,
            )  # fmt: skip
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.info(request, _("代理人已登记。"))
            return None
    return _page(request, now, deputy_form=form, status=422)


def _end(request: PersonRequest, keeping: Keeping, now: datetime) -> None:
    raw = request.POST.get("deputy", "")
    row = next((each for each in keeping.deputies(now) if str(each.pk) == raw), None)
    if row is None:
        raise PermissionDenied(_("没有这项代理，或者它不归您登记。"))
    deputies.end(row, by=_for_person(request, row.person, now), at=now)
    messages.info(request, _("代理已结束。"))


ACTS: dict[str, Callable[[PersonRequest, Keeping, datetime], HttpResponse | None]] = {
    "add": _add,
    "deputy": _deputy,
    "end-deputy": _end,
}
ON_A_CONTACT: dict[str, Callable[[PersonRequest, Contact, datetime], None]] = {
    "order": _order,
    "disable": _disable,
    "enable": _enable,
}


def _page(
    request: PersonRequest, now: datetime, *, contact_form: tuple[str, ContactForm] | None = None,
    deputy_form: DeputyForm | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    keeping = keeping_of(request.user, request.scope, now)
    known, bound = contact_form or ("", None)
    owners = []
    for owner in keeping.owners:
        form = bound if owner.key == known and bound is not None else ContactForm(auto_id=f"{owner.key}_%s")
        contacts = [(row, delivery.title_of(row.channel)) for row in owner.contacts]
        owners.append({"owner": owner, "form": form, "contacts": contacts})
    deputy_form = deputy_form or DeputyForm(
        auto_id="deputy_%s", persons=keeping.for_whom, colleagues=keeping.colleagues
    )
    context = {
        "now": now,
        "owners": owners,
        "has_channels": bool(delivery.addressed()),
        "orders": ORDERS,
        "deputies": keeping.deputies(now),
        "deputy_form": deputy_form,
        "may_declare": bool(keeping.for_whom and keeping.colleagues),
    }
    return render(request, "contacts/mine.html", context, status=status)

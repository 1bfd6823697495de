"""Pages of the register: template and export to take away, a workbook to hand in, its preview, and the confirmation."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from anlan import now as clock
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.accounts.selectors import register_scope
from anlan.apps.enrolment import services
from anlan.apps.enrolment.models import Handed
from anlan.apps.enrolment.reading import FILE_BYTES
from anlan.apps.enrolment.report import ASKED, CHANGED, NEW, WORDS
from anlan.apps.enrolment.sheets import SHEETS
from anlan.apps.enrolment.workbook import write
from anlan.apps.org import access
from anlan.apps.org.actor import of_user
from anlan.apps.org.scope import NOTHING, Scope
from anlan.apps.registry import services as registry
from anlan.apps.registry.models import Gateway
from anlan.components.export import CONTENT_TYPE
from anlan.rules import calendar

RECENT = 20


class HandInForm(forms.Form):
    use_required_attribute = False
    file = forms.FileField(
        label=_lazy("登记表（xlsx）"),
        help_text=_lazy("先预览，确认之后才写入。不超过 8 MB、5000 行。"),
        widget=forms.FileInput(attrs={"accept": ".xlsx"}),
        error_messages={"required": _lazy("请选择登记表文件"), "empty": _lazy("文件是空的")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)


def _may(request: PersonRequest, now: datetime) -> Scope:
    """What the person may register. Raises PermissionDenied for those who may nothing."""
    found = register_scope(request.user, now)
    if not found:
        raise PermissionDenied(_("只有管理员可以登记。"))
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def register(request: PersonRequest) -> HttpResponse:
    """The way in. Posting a workbook leads to its preview; one that cannot be read is refused in words."""
    now = clock.now()
    scope = _may(request, now)
    form = HandInForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            taken = services.hand_in(file.read(FILE_BYTES + 1), file.name, request.user, now)
        except services.Unreadable as unreadable:
            form.add_error("file", _("没有收下：%(why)s") % {"why": unreadable})
        else:
            return redirect("register-handed", taken.pk)
    mine = Handed.objects.visible_to(request.scope).filter(user=request.user)
    context = {
        "form": form,
        "recent": mine.defer("content", "preview", "outcome")[:RECENT],
        "sheets": SHEETS,
        "operator": scope.everything,
    }
    return render(request, "registry/register.html", context, status=422 if form.errors else 200)


@require_safe
def template(request: PersonRequest) -> HttpResponse:
    """The empty workbook with its explanations."""
    _may(request, clock.now())
    return _download(write(NOTHING), _("登记表模板"))


@require_safe
def export(request: PersonRequest) -> HttpResponse:
    """The present state of everything that the person may register, in the same form."""
    now = clock.now()
    stamp = calendar.civil(now).strftime("%Y%m%d-%H%M")
    return _download(write(_may(request, now)), f"{_('登记表')}-{stamp}")


def _download(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=CONTENT_TYPE)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(f'{name}.xlsx')}"
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def handed(request: PersonRequest, pk: int) -> HttpResponse:
    """One workbook: what it would do, or did. Posting ``act=confirm`` keeps its good rows, ``act=drop`` puts it away.

    Rows that take a limit away are kept only with ``removing=yes``.

    Keys and first passwords are in the answer to the confirmation and nowhere else.
    """
    now = clock.now()
    _may(request, now)
    rows = Handed.objects.filter(user=request.user)
    found: Handed = access.find(request, rows, now=now, owner=lambda row: "installation", pk=pk)
    done = None
    if request.method == "POST" and request.POST.get("act") == "drop":
        services.drop(found)
        messages.info(request, _("已放弃，没有写入任何内容。"))
        return redirect("register")
    if request.method == "POST":
        done = services.confirm(
            found,
            request.user,
            now,
            removing=request.POST.get("removing") == "yes",
            reason=request.POST.get("reason", ""),
        )
        if done is None:
            messages.info(request, _("这份表已经确认过，没有再次写入。"))
            return redirect("register-handed", pk)
        found.refresh_from_db()
    shown = found.outcome or found.preview
    context = {
        "handed": found,
        "shown": shown,
        "totals": [(words, shown["totals"].get(state, 0), state) for state, words in WORDS.items()],
        "worth": sum(shown["totals"].get(state, 0) for state in (NEW, CHANGED, ASKED)),
        "words": WORDS,
        "secrets": done,
    }
    return render(request, "registry/handed.html", context)


class KeyForm(forms.Form):
    gateway = forms.CharField(label=_lazy("网关编码"), max_length=14)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def gateway_key(request: PersonRequest) -> HttpResponse:
    """Make a new key for a gateway whose key was lost; the old one ends at once. It is shown this once."""
    now = clock.now()
    scope = _may(request, now)
    form = KeyForm(request.POST or None, label_suffix="")
    issued = {}
    if request.method == "POST" and form.is_valid():
        code = form.cleaned_data["gateway"].strip()
        gateway = Gateway.objects.visible_to(scope).select_related("enterprise").filter(code=code).first()
        if gateway is None:
            form.add_error("gateway", _("没有这个网关，或者它不在您的管辖范围内"))
        else:
            issued[code] = registry.issue_gateway_key(gateway, by=of_user(request.user), at=now)
    context = {"form": form, "issued": issued}
    return render(request, "registry/key.html", context, status=422 if form.errors else 200)

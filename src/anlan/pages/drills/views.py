"""Pages of the drills: the list, one drill, an upload, one run."""

from __future__ import annotations

import threading
from typing import Any

from django import forms
from django.contrib import messages
from django.db import connections
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_safe

from anlan import border
from anlan import lessons as teaching
from anlan import now as clock
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.drills import selectors, services
from anlan.apps.drills.models import Run, RunState, Uploaded
from anlan.apps.org import access
from anlan.components.answers import whole_or_part
from anlan.pages.drills.comparison import comparison
from anlan.refused import Refused

RECENT = 20


class UploadForm(forms.Form):
    use_required_attribute = False
    file = forms.FileField(
        label=_lazy("剧本文件"),
        help_text=_lazy("YAML，UTF-8，不超过 64 KB。只用示例名称，不要写真实的企业和人。"),
        error_messages={"required": _lazy("请选择剧本文件"), "empty": _lazy("文件是空的")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)


@require_safe
def drills(request: PersonRequest) -> HttpResponse:
    """推演: the teaching drills, those handed in by the own unit and below, and the latest runs."""
    scope = request.scope
    context = {
        "shipped": teaching.shipped(),
        "uploaded": list(selectors.uploads_in(scope)[:100]),
        "runs": _runs(request)[:RECENT],
    }
    return render(request, "drills/list.html", context)


def _runs(request: PersonRequest) -> Any:
    return selectors.runs_in(request.scope)


def _find(request: PersonRequest, key: str) -> teaching.Shipped | Uploaded:
    """The drill of that address. 404 for one that does not exist or is another unit's (which is journaled)."""
    shipped = teaching.named(key)
    if shipped is not None:
        return shipped
    number = border.number(key[1:])
    if number is None or not key.startswith("u"):
        raise Http404(_("没有这个剧本。"))
    rows = Uploaded.objects.select_related("agency", "enterprise")
    found: Uploaded = access.find(request, rows, now=clock.now(), owner=lambda row: row.chain, pk=number)
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def drill(request: PersonRequest, key: str) -> HttpResponse:
    """One drill: what it is about, and its runs. Posting runs it and leads to the run."""
    found = _find(request, key)
    if request.method == "POST":
        try:
            begun = services.begin(found, request.user, clock.now())
        except Refused as refused:
            messages.warning(request, str(refused))
            return redirect("drill", key)
        apart(begun)
        return redirect("drill-run", begun.pk)
    shipped = isinstance(found, teaching.Shipped)
    text = found.path.read_text(encoding="utf-8") if isinstance(found, teaching.Shipped) else found.text
    runs = _runs(request).filter(**({"shipped": key} if shipped else {"uploaded": found}))
    title = found.title if isinstance(found, teaching.Shipped) else found.name
    context = {"drill": found, "title": title, "text": text, "runs": runs[:RECENT], "ours": not shipped}
    return render(request, "drills/detail.html", context)


def apart(run: Run) -> None:
    """Carry a run out beside the request; if this process ends meanwhile, the run counts as over at its time."""

    def carry_out() -> None:
        try:
            services.carry_out(run.pk)
        finally:
            connections.close_all()

    threading.Thread(target=carry_out, name=f"drill-{run.pk}", daemon=True).start()


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: PersonRequest) -> HttpResponse:
    """Hand in a scenario for the own unit; what is wrong with it is said with its line."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        handed = form.cleaned_data["file"]
        try:
            row = services.upload(handed.read(services.TEXT_BYTES + 1), request.user, clock.now())
        except Refused as refused:
            form.add_error("file", str(refused))
        else:
            return redirect("drill", _find(request, row.key).key)
    status = 422 if form.errors else 200
    return render(request, "drills/upload.html", {"form": form}, status=status)


@require_safe
def run(request: PersonRequest, pk: int) -> HttpResponse:
    """One run: running, or its timeline beside what the regulation demands. With ``HX-Request`` the living part."""
    now = clock.now()
    rows = Run.objects.select_related("agency", "enterprise")
    found: Run = access.find(request, rows, now=now, owner=lambda row: row.chain, pk=pk)
    done = found.state == RunState.DONE
    context = {
        "run": found,
        "waiting": not found.over(now),
        "lost": found.finished_at is None and found.over(now),
        "shown": comparison(found.result) if done and found.result is not None else None,
        "drill": teaching.named(found.shipped),
    }
    return whole_or_part(request, "drills/run.html", "drills/_run.html", context)

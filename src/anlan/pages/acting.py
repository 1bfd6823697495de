"""The acts of a record: one table a subject, one bar that offers them, one view that does one or says why not.

A table of `Act` says for each verb who may, in which states, with which form, and which service does it. Nothing here
decides: the services ask the same question of whoever calls them, and what they refuse (`Refused`) comes back in words
beside the form as it was filled in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from anlan import now as clock
from anlan.apps.accounts.request import PersonRequest
from anlan.apps.accounts.selectors import stand
from anlan.apps.org import access
from anlan.apps.org.stand import Stand
from anlan.components.answers import is_refresh
from anlan.components.wording import Words
from anlan.refused import Refused
from anlan.rules.words import says_something

KEPT = "Anlan-Kept"
"""Header of an act that a phone kept for lack of a network: nobody waits for a page."""
DONE = "done"
"""Tag of the words that say an act is done: the page that shows them lets go of the act's draft (`app.js`)."""


class ActForm(forms.Form):
    """Labels above the fields, no colon, nothing refused before the service has judged it."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)


def words_field(label: Words, rows: int = 3, most: int = 500, help_text: Words = "") -> forms.CharField:
    """A few words; whether they may be left out is judged by the service."""
    area = forms.Textarea(attrs={"rows": rows, "maxlength": most})
    return forms.CharField(label=label, max_length=most, required=False, help_text=help_text, widget=area)


Sort = TypeVar("Sort", bound=forms.Field)


def field_of(form: forms.BaseForm, name: str, sort: type[Sort]) -> Sort:
    """Returns a field of a form as what it is. Raises TypeError when it is of another sort."""
    found = form.fields[name]
    if not isinstance(found, sort):
        raise TypeError(f"{name} is no {sort.__name__}")
    return found


@dataclass(frozen=True)
class Attempt:
    """One person trying one act on one record."""

    by: Stand
    row: Any
    at: datetime
    values: Mapping[str, Any]

    def text(self, name: str = "text") -> str:
        return str(self.values.get(name) or "").strip()


def _whenever(by: Stand, row: Any) -> bool:
    return True


def _nothing(by: Stand, row: Any) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Act:
    """One act: its words, its form, who may, when, and what is done."""

    title: Words
    done: Words
    """Said when it is done."""
    form: type[forms.Form]
    may: Callable[[Stand, Any], bool]
    """Who may, whatever state the record is in; the service asks the same."""
    do: Callable[[Attempt], Any]
    states: tuple[str, ...] = ()
    """States of the record that it leads on from; none: any."""
    open_to: Callable[[Stand, Any], Any] = _whenever
    """What it wants beyond right and state."""
    mandatory: tuple[str, ...] = ()
    """Fields that the service refuses when blank; the reason is then said beside them."""
    needs: Callable[[Stand, Any], dict[str, Any]] = _nothing
    """What its form needs to know of the record."""
    opener: Words = ""
    """Words of the button that opens its form, where they are not the title."""
    send: Words = ""
    """Words of the button that sends it, where they are not the title."""
    hint: Words | Callable[[Any], Words] = ""
    """Said beside that button: words, or a function from the record to them."""
    leads: bool = True
    """It may be the act that the page puts first; taking something back is not."""
    at_once: Words = ""
    """Words of the button that opens the form, where the opener itself does the act with nothing written."""
    apart: bool = False
    """It is offered in a place of its own, not in the bar."""

    def is_offered(self, by: Stand, row: Any) -> bool:
        """Whether the record's page offers it to them now."""
        return (not self.states or row.state in self.states) and self.may(by, row) and bool(self.open_to(by, row))

    def form_for(self, verb: str, by: Stand, row: Any, data: Any = None, files: Any = None) -> forms.Form:
        return self.form(data, files, auto_id=f"{verb}_%s", **self.needs(by, row))


@dataclass(frozen=True)
class Offer:
    """An act as the page shows it."""

    verb: str
    act: Act
    form: forms.Form
    url: str
    is_main: bool
    is_open: bool
    """Its form stands open."""
    row: Any

    @property
    def hint(self) -> Any:
        return self.act.hint(self.row) if callable(self.act.hint) else self.act.hint


@dataclass(frozen=True)
class Subject:
    """What acts are about: how a record is found and shown, by the names of its addresses."""

    address: str
    """Name of the record's page; its acts are at ``<address>-act``."""
    acts: Mapping[str, Act]
    find: Callable[[PersonRequest, Any, datetime], Any]
    """The record by the key of its address (a tuple where it has several parts); 404 and a journal entry when out of
    scope."""
    page: Callable[[PersonRequest, Any, Stand, list[Offer], int], HttpResponse]
    """The record's page with a bar and a status."""
    key: Callable[[Any], Any] = field(default=lambda row: row.pk)
    over: Callable[[str, Any], str] = field(default=lambda verb, row: "")
    """Words for who comes too late with an act, which is no intrusion then; empty while it is not too late."""
    acted: Callable[[PersonRequest, Any, datetime], Any] = field(default=lambda request, row, at: None)
    """What else is so once somebody has acted on the record."""
    back: Callable[[PersonRequest, Any], str] = field(default=lambda request, row: "")
    """Where an act leads that does not lead to the record's page."""

    def url(self, row: Any) -> str:
        return reverse(self.address, args=self._keys(row))

    def _keys(self, row: Any) -> list[Any]:
        key = self.key(row)
        return list(key) if isinstance(key, tuple) else [key]

    def bar(self, by: Stand, row: Any, opened: str = "", refused: forms.Form | None = None) -> list[Offer]:
        """The acts that the page offers; ``opened`` stands open, as it was filled in where it was ``refused``."""
        shown = [verb for verb, act in self.acts.items() if act.is_offered(by, row) or (verb == opened and refused)]
        first = next((verb for verb in shown if not self.acts[verb].apart), "")
        found = []
        for verb in shown:
            act = self.acts[verb]
            form = refused if refused and verb == opened else act.form_for(verb, by, row)
            url = reverse(f"{self.address}-act", args=[*self._keys(row), verb])
            found.append(Offer(verb, act, form, url, act.leads and verb == first, verb == opened, row))
        return found


def record_view(request: PersonRequest, subject: Subject, key: Any) -> HttpResponse:
    """The record's page; ``act`` in the address opens the form of one act. A refresh leaves the bar as it stands."""
    now = clock.now()
    row = subject.find(request, key, now)
    by = stand(request.user, access.unit_of(row), now)
    bar = [] if is_refresh(request) else subject.bar(by, row, request.GET.get("act", ""))
    return subject.page(request, row, by, bar, 200)


def act_view(request: PersonRequest, subject: Subject, key: Any, verb: str) -> HttpResponse:
    """Does one act of the subject's table and leads to where it was offered.

    403 (journaled) when it is not the person's; the record's page with the form and the reasons (422) when it is
    refused. An act that a phone kept (`KEPT`) is answered by 204, or by 422 with the reason in words. Reading the
    address, as a page does that is reloaded after a refusal, leads to the record and does nothing.
    """
    now = clock.now()
    act = subject.acts.get(verb)
    if act is None:
        raise Http404
    row = subject.find(request, key, now)
    if request.method != "POST":
        return redirect(subject.url(row))
    by = stand(request.user, access.unit_of(row), now)
    if words := subject.over(verb, row):
        return _done(request, subject, row, words)
    access.require(act.may(by, row), row, by=by)
    form = act.form_for(verb, by, row, request.POST, request.FILES)
    if form.is_valid():
        try:
            act.do(Attempt(by, row, now, form.cleaned_data))
            subject.acted(request, row, now)
        except Refused as refused:
            say_refused(form, refused, act.mandatory)
        else:
            return _done(request, subject, row, str(act.done))
    else:
        _say_blank(form, act.mandatory)
    _say_again(form)
    if KEPT in request.headers:
        return HttpResponse("；".join(str(text) for texts in form.errors.values() for text in texts), status=422)
    row = subject.find(request, key, now)
    return subject.page(request, row, by, subject.bar(by, row, verb, form), 422)


def say_refused(form: forms.Form, refused: Refused, mandatory: tuple[str, ...] = ()) -> None:
    """Puts a refusal where it belongs: beside the fields that it names or that were left blank, else above them all."""
    beside = {name: words for name, words in refused.fields.items() if name in form.fields}
    for name, words in beside.items():
        form.add_error(name, words)
    if not _say_blank(form, mandatory) and not beside:
        form.add_error(None, refused.detail)


def _say_blank(form: forms.Form, mandatory: tuple[str, ...]) -> bool:
    """Says beside each mandatory field that was left blank, and has nothing said yet, that it must be filled in."""
    blank = [
        name
        for name in mandatory
        if name not in form.errors and not says_something(str(form.cleaned_data.get(name) or ""))
    ]
    for name in blank:
        form.add_error(name, _("请填写%(what)s") % {"what": form.fields[name].label})
    return bool(blank)


def _say_again(form: forms.Form) -> None:
    """Says beside files that came with a refused form that they have to be chosen again: no browser keeps them."""
    for name in form.files:
        if name in form.fields and name not in form.errors:
            form.add_error(name, _("文件没有保存，请重新选择"))


def _done(request: PersonRequest, subject: Subject, row: Any, words: str) -> HttpResponse:
    """Back to where the act was offered, with the words. An act that a phone kept is answered by its card alone: words
    that no page is fetched for would stand on whatever page comes next."""
    if KEPT in request.headers:
        return HttpResponse(status=204)
    messages.info(request, words, extra_tags=DONE)
    return redirect(subject.back(request, row) or subject.url(row))

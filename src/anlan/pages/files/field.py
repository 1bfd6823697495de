"""The field by which a form takes files: several at a time, chosen or taken with the phone's camera."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.utils.functional import lazystr
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from anlan.apps.files.names import ENDINGS
from anlan.apps.files.services import Received, allowance, receive
from anlan.components.wording import Words
from anlan.pages.acting import Attempt
from anlan.refused import Refused

TITLE = _lazy("照片与文件")
AT_ONCE = 3
"""Times the largest file: what one form may carry (`anlan.roles.web.limits`)."""
MOST = 10
"""Files of one form."""
ACCEPT = ",".join(["image/jpeg", "image/png", "image/webp", *(f".{each[0]}" for each in ENDINGS.values())])
"""Phones that keep HEIC hand over JPEG when nothing else is asked for."""


class FilesInput(forms.FileInput):
    """Two ways in, under one name: choosing files, and on a phone the camera at once."""

    allow_multiple_selected = True
    template_name = "components/files_input.html"

    def __init__(self) -> None:
        super().__init__(attrs={"accept": ACCEPT, "multiple": True})

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        context["widget"]["most_bytes"] = AT_ONCE * allowance()
        return context

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Any]:
        return [each for each in files.getlist(name) if each] if hasattr(files, "getlist") else []

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return name not in files


class FilesField(forms.FileField):
    """Any number of files, none included; what they are is judged by `anlan.apps.files.services.receive`."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        found = list(data or [])
        if len(found) > MOST:
            raise forms.ValidationError(_("一次最多 %(n)s 个文件，请分几次交") % {"n": MOST})
        return found


def files_field(label: Words = TITLE) -> FilesField:
    """A field for files, with what may be handed in said below it."""
    return FilesField(label=label, required=False, help_text=lazystr(_Help()))


class _Help:
    """The bounds as they are set when the form is shown."""

    def __str__(self) -> str:
        most = settings.CONFIG.file_max_mib
        return _("可不附。图片、PDF、xlsx、docx、文本，每个不超过 %(n)s MB，一次合计不超过 %(m)s MB。") % {
            "n": f"{most:g}",
            "m": f"{most * AT_ONCE:g}",
        }


def with_files(attempt: Attempt, do: Callable[[Sequence[Received]], Any], name: str = "files") -> Any:
    """Does an act with the files of its form, judged and written aside; what is wrong with one stands beside the field.

    None of them is kept unless the act attaches it.
    """
    with ExitStack() as held:
        return do([_received(held, each, attempt.at, name) for each in attempt.values.get(name) or ()])


def _received(held: ExitStack, uploaded: Any, at: datetime, name: str) -> Received:
    try:
        return held.enter_context(receive(uploaded.file, uploaded.name, at=at))
    except Refused as refused:
        raise Refused(*refused.details, fields={name: refused.detail}) from refused

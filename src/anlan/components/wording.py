"""What the words of a declaration are to the type checker: written now, translated when somebody reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Words: TypeAlias = "str | _StrPromise"
"""Text, or what ``gettext_lazy`` makes of it: shown in the language of whoever reads it, by ``str`` or a template."""

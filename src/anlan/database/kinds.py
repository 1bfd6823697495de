"""The column that holds a declared kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

from anlan.declared import Kinds

if TYPE_CHECKING:
    _CharField = models.CharField[str, str]
else:
    _CharField = models.CharField


class KindField(_CharField):
    """A key of ``kinds``; what nobody has declared is refused when it is written (ValueError).

    The record reads its words by ``get_<field>_display()``. The schema knows no kinds, so a new one needs no migration.
    """

    def __init__(self, *args: Any, kinds: Kinds | None = None, **kwargs: Any) -> None:
        self.kinds = kinds
        super().__init__(*args, **kwargs)

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        kinds = self.kinds
        if kinds is not None:
            setattr(cls, f"get_{name}_display", lambda row: kinds.label(getattr(row, name)))

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if self.kinds is not None and isinstance(value, str):
            self.kinds.check(value)
        return super().get_db_prep_save(value, connection)

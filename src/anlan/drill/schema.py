"""Makes the tables of the records straight from the models: quicker than migrations, for a database of one drill."""

from __future__ import annotations

from django.apps import apps
from django.db import connection


def make_tables() -> None:
    """Create every table that belongs to the records, in one transaction of an empty database."""
    with connection.schema_editor() as editor:
        for model in apps.get_models():
            if model._meta.managed and not model._meta.proxy and model._meta.app_label != "history":
                editor.create_model(model)

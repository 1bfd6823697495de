"""Contacts that earlier versions disabled because the interface answered a status such as 404 are used again."""

from __future__ import annotations

from typing import Any

from django.db import migrations

STATUS = "对方应答 "
"""How the reason began when it was a status of the transport and no word of a provider."""


def put_back(apps: Any, schema_editor: Any) -> None:
    """Use them again; what a person disabled has another reason."""
    rows = apps.get_model("delivery", "Contact").objects.filter(is_enabled=False, disabled_because__startswith=STATUS)
    rows.update(is_enabled=True, disabled_at=None, disabled_because="")


class Migration(migrations.Migration):
    dependencies = [("delivery", "0006_suspended_refused_nobody")]

    operations = [migrations.RunPython(put_back, migrations.RunPython.noop)]

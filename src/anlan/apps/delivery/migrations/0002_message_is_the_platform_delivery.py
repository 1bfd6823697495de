"""A message is its own delivery on the platform; rows of `Delivery` are for outside channels alone.

Nothing is lost: what the removed rows said (sent and delivered with the notice) stands in the notice, and the reading
stands in the message.
"""

from typing import Any

from django.db import migrations


def drop_in_app(apps: Any, schema_editor: Any) -> None:
    """Remove the rows of the channel ``in_app``; there are none on a second run."""
    rows = apps.get_model("delivery", "Delivery").objects.using(schema_editor.connection.alias)
    rows.filter(channel="in_app").delete()


class Migration(migrations.Migration):
    dependencies = [("delivery", "0001_initial")]

    operations = [migrations.RunPython(drop_in_app, migrations.RunPython.noop)]

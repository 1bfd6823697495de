"""Who set which level by hand: several may, and nobody's is lifted by another's repeat."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("warnings", "0006_worst_of_enterprise")]

    operations = [
        migrations.AddField(
            "warning",
            "manual_by",
            models.JSONField(blank=True, db_default={}, default=dict, verbose_name="各人的人工级别"),
        ),
    ]

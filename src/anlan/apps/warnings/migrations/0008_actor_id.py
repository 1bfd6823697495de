"""Acts of people name the person by id; the column of the name stays where it is. Old rows keep an empty id: sealed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("warnings", "0007_manual_by")]

    operations = [
        migrations.AlterField(
            "act", "actor",
            models.CharField(verbose_name="姓名", max_length=80, blank=True, db_column="actor"),
        ),
        migrations.RenameField("act", "actor", "actor_name"),
        migrations.AddField(
            "act", "actor_id", models.CharField(max_length=80, blank=True, default="", db_default="")
        ),
    ]

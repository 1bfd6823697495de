"""Steps of findings name the person by id; the column of the name stays where it is. Old rows keep an empty id: sealed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("findings", "0006_clues")]

    operations = [
        migrations.AlterField(
            "findingstep", "actor",
            models.CharField(verbose_name="姓名", max_length=80, blank=True, db_column="actor"),
        ),
        migrations.RenameField("findingstep", "actor", "actor_name"),
        migrations.AddField(
            "findingstep", "actor_id", models.CharField(max_length=80, blank=True, default="", db_default="")
        ),
    ]

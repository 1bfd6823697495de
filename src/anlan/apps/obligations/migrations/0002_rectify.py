"""A kind of due thing for the rectification of findings."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("obligations", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="obligation",
            name="kind",
            field=models.CharField(
                choices=[
                    ("notice", "警示通报"),
                    ("site_order", "现场核查督办"),
                    ("report", "处置报告"),
                    ("regrade", "重新定级"),
                    ("rectify", "问题整改"),
                ],
                max_length=20,
            ),
        ),
    ]

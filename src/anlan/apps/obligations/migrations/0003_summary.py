"""A kind of due thing for the summary at the end of a flood of alarms."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("obligations", "0002_rectify")]

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
                    ("summary", "报警汇总"),
                ],
                max_length=20,
            ),
        ),
    ]

"""A kind of notice for the summary at the end of a flood of alarms."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("delivery", "0004_contacts_and_fallbacks")]

    operations = [
        migrations.AlterField(
            model_name="notice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("informed", "告知"),
                    ("upgraded", "升级告知"),
                    ("downgraded", "降级告知"),
                    ("notice", "警示通报"),
                    ("site_order", "现场核查督办"),
                    ("cleared", "消警告知"),
                    ("report_due", "处置报告待报"),
                    ("report", "处置报告"),
                    ("report_overdue", "处置报告逾期"),
                    ("summary", "报警汇总"),
                ],
                max_length=16,
                verbose_name="类型",
            ),
        ),
    ]

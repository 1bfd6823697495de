"""Settings that agencies kept as JSON become refinements. A bare value counted always, so it gets a day before any data.

Repeating it adds nothing; going back leaves the rows, for the JSON was never emptied. The rules judge the rows again
when they are read, so what did not count then does not count now.
"""

from datetime import UTC, date, datetime

from django.db import migrations

ALWAYS = date(2000, 1, 1)
ENTERED = datetime(2000, 1, 1, tzinfo=UTC)


def move(apps, schema_editor):
    agencies = apps.get_model("org", "Agency")
    refinements = apps.get_model("rulebook", "Refinement")
    for agency in agencies.objects.exclude(settings={}):
        for key, raw in sorted(agency.settings.items()):
            fields = raw if isinstance(raw, dict) else {"value": raw}
            refinements.objects.get_or_create(
                agency=agency,
                key=key,
                effective_from=date.fromisoformat(fields["from"]) if fields.get("from") else ALWAYS,
                defaults={
                    "value": fields["value"],
                    "effective_to": date.fromisoformat(fields["to"]) if fields.get("to") else None,
                    "document": fields.get("document", ""),
                    "waiver": fields.get("waiver", ""),
                    "entered_by": "由机构原有设定转入",
                    "entered_at": ENTERED,
                },
            )


class Migration(migrations.Migration):

    dependencies = [
        ("rulebook", "0001_refinements"),
    ]

    operations = [
        migrations.RunPython(move, migrations.RunPython.noop),
    ]

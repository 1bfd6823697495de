from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring', '0012_alarms_counted'),
        ('registry', '0002_points_by_tag'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='alarm',
            name='alarm_by_time',
        ),
        migrations.AddIndex(
            model_name='alarm',
            index=models.Index(fields=['raised_at', 'id', 'enterprise', 'point'], name='alarm_by_time'),
        ),
    ]

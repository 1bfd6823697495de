"""Counts of acts that were repeated within a minute and are still to be journaled."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('journal', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Repeat',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('chain', models.CharField(max_length=60)),
                ('act', models.CharField(max_length=60)),
                ('actor', models.CharField(max_length=80)),
                ('subject', models.CharField(max_length=80)),
                ('address', models.CharField(max_length=200)),
                ('minute', models.DateTimeField()),
                ('times', models.PositiveBigIntegerField(default=0)),
                ('last_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('minute', 'chain', 'act', 'actor', 'address'), name='one_count_per_minute')],
            },
        ),
    ]

"""Filings, shelves and suppression rules name people by id beside their names. Old rows keep an empty id: sealed."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring', '0017_alarm_worst_limit'),
    ]

    operations = [
        migrations.AddField(
            model_name='filing',
            name='decided_by_id',
            field=models.CharField(blank=True, db_default='', default='', max_length=80),
        ),
        migrations.AddField(
            model_name='filing',
            name='ended_by_id',
            field=models.CharField(blank=True, db_default='', default='', max_length=80),
        ),
        migrations.AddField(
            model_name='filing',
            name='filed_by_id',
            field=models.CharField(blank=True, db_default='', default='', max_length=80),
        ),
        migrations.AddField(
            model_name='shelving',
            name='asked_by_id',
            field=models.CharField(blank=True, db_default='', default='', max_length=80),
        ),
        migrations.AddField(
            model_name='shelving',
            name='decided_by_id',
            field=models.CharField(blank=True, db_default='', default='', max_length=80),
        ),
        migrations.AddField(
            model_name='shelving',
            name='ended_by_id',
            field=models.CharField(blank=True, db_default='', default='', max_length=80),
        ),
        migrations.AddField(
            model_name='suppressionrule',
            name='decided_by_id',
            field=models.CharField(blank=True, db_default='', default='', max_length=80),
        ),
        migrations.AddField(
            model_name='suppressionrule',
            name='proposed_by_id',
            field=models.CharField(blank=True, db_default='', default='', max_length=80),
        ),
    ]

# Refinements of the rulebook by locality.

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('org', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Refinement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=60, verbose_name='键')),
                ('value', models.JSONField(null=True, verbose_name='取值')),
                ('effective_from', models.DateField(verbose_name='生效日期')),
                ('effective_to', models.DateField(blank=True, null=True, verbose_name='失效日期')),
                ('document', models.CharField(blank=True, max_length=120, verbose_name='依据文件')),
                ('waiver', models.CharField(blank=True, max_length=120, verbose_name='放宽批准文件')),
                ('entered_by', models.CharField(max_length=80, verbose_name='录入人')),
                ('entered_at', models.DateTimeField(verbose_name='录入时间')),
                ('agency', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refinements', to='org.agency', verbose_name='地区')),
            ],
            options={
                'ordering': ['pk'],
                'indexes': [models.Index(fields=['agency', 'key', 'effective_from'], name='rulebook_re_agency__228e4a_idx')],
            },
        ),
    ]

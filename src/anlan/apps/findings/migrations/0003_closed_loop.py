"""From found to closed by people: assigned with a limit, rectified, verified, closed."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('findings', '0002_contacts_and_unreached'),
        ('org', '0002_deputies'),
        ('registry', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='FindingStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('assigned', '交办'), ('overdue', '整改逾期'), ('rectified', '整改'), ('sent_back', '核验退回'), ('verified', '核验通过'), ('closed', '销号')], max_length=10)),
                ('actor', models.CharField(blank=True, max_length=80)),
                ('unit', models.CharField(blank=True, max_length=80)),
                ('at', models.DateTimeField()),
                ('text', models.CharField(blank=True, max_length=500)),
            ],
            options={
                'ordering': ['at', 'id'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='finding',
            name='one_open_finding_per_subject',
        ),
        migrations.AddField(
            model_name='finding',
            name='assigned_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='交办时间'),
        ),
        migrations.AddField(
            model_name='finding',
            name='assigned_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='assigned_findings', to='org.agency'),
        ),
        migrations.AddField(
            model_name='finding',
            name='due_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='整改时限'),
        ),
        migrations.AddField(
            model_name='finding',
            name='found_by',
            field=models.CharField(blank=True, max_length=80, verbose_name='发现人'),
        ),
        migrations.AddField(
            model_name='finding',
            name='limit_source',
            field=models.CharField(blank=True, max_length=200, verbose_name='时限来源'),
        ),
        migrations.AddField(
            model_name='finding',
            name='measures',
            field=models.CharField(blank=True, max_length=500, verbose_name='管控措施'),
        ),
        migrations.AddField(
            model_name='finding',
            name='overdue_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='逾期'),
        ),
        migrations.AddField(
            model_name='finding',
            name='rectification',
            field=models.CharField(blank=True, choices=[('immediate', '立即整改'), ('with_measures', '落实管控措施，限期整改')], max_length=14, verbose_name='整改方式'),
        ),
        migrations.AddField(
            model_name='finding',
            name='rectified_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='整改时间'),
        ),
        migrations.AddField(
            model_name='finding',
            name='seq',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='finding',
            name='verified_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='核验时间'),
        ),
        migrations.AlterField(
            model_name='finding',
            name='kind',
            field=models.CharField(choices=[('holder_missing', '包保责任人缺失'), ('point_missing', '监测点位未接入'), ('link_lost', '数据中断'), ('data_fault', '数据异常'), ('slot_empty', '应告知单位未配置'), ('contact_failed', '联系方式失效'), ('unreached', '告知对象联系不上'), ('hidden_danger', '隐患')], max_length=20, verbose_name='类型'),
        ),
        migrations.AlterField(
            model_name='finding',
            name='state',
            field=models.CharField(choices=[('open', '待交办'), ('assigned', '整改中'), ('rectified', '待核验'), ('verified', '待销号'), ('closed', '已销号')], default='open', max_length=10, verbose_name='状态'),
        ),
        migrations.AddIndex(
            model_name='finding',
            index=models.Index(fields=['enterprise', 'state'], name='findings_fi_enterpr_89b3f2_idx'),
        ),
        migrations.AddIndex(
            model_name='finding',
            index=models.Index(fields=['state', 'due_at'], name='findings_fi_state_c5aa7b_idx'),
        ),
        migrations.AddConstraint(
            model_name='finding',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'closed'), _negated=True), fields=('kind', 'subject'), name='one_open_finding_per_subject'),
        ),
        migrations.AddField(
            model_name='findingstep',
            name='enterprise',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='finding_steps', to='registry.enterprise'),
        ),
        migrations.AddField(
            model_name='findingstep',
            name='finding',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='findings.finding'),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('history', '0003_damage_late_holds'),
    ]

    operations = [
        migrations.CreateModel(
            name='HistorianWorker',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, unique=True)),
                ('expires_at', models.DateTimeField()),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='position',
            name='epoch',
            field=models.PositiveBigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='position',
            name='owner',
            field=models.CharField(db_default='', default='', max_length=120),
        ),
    ]

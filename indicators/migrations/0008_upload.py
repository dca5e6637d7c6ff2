"""Files of events that people give the office, and the mappings they keep."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
        ('indicators', '0007_stream_personal_allowed'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='EventFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200, verbose_name='file name')),
                ('content', models.CharField(blank=True, max_length=60)),
                ('size', models.PositiveBigIntegerField(verbose_name='size')),
                ('digest', models.CharField(max_length=64)),
                ('uploaded_at', models.DateTimeField(verbose_name='uploaded at')),
                ('state', models.CharField(choices=[('new', 'Waits for its columns'), ('checking', 'Being checked'), ('checked', 'Checked, not imported yet'), ('importing', 'Being imported'), ('done', 'Imported'), ('failed', 'Could not be read'), ('removed', 'Removed without importing it')], default='new', max_length=10, verbose_name='state')),
                ('mapping', models.TextField(blank=True)),
                ('rehearsed', models.JSONField(null=True)),
                ('read', models.PositiveBigIntegerField(default=0)),
                ('recorded', models.PositiveBigIntegerField(default=0)),
                ('replayed', models.PositiveBigIntegerField(default=0)),
                ('refused', models.PositiveBigIntegerField(default=0)),
                ('failure', models.TextField(blank=True)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('changed_at', models.DateTimeField()),
                ('imported_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('stream', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='files', to='indicators.stream')),
                ('uploaded_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='FileRefusal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line', models.PositiveBigIntegerField()),
                ('external_id', models.CharField(blank=True, max_length=200)),
                ('code', models.CharField(max_length=40)),
                ('detail', models.TextField()),
                ('file', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='refusals', to='indicators.eventfile')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='SavedMapping',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('mapping', models.TextField()),
                ('columns', models.JSONField(default=list)),
                ('saved_at', models.DateTimeField()),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
                ('stream', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='mappings', to='indicators.stream')),
            ],
        ),
        migrations.AddIndex(
            model_name='eventfile',
            index=models.Index(fields=['stream', '-id'], name='event_file_by_stream'),
        ),
        migrations.AddIndex(
            model_name='eventfile',
            index=models.Index(condition=models.Q(('state__in', ['checking', 'importing'])), fields=['id'], name='event_file_at_work'),
        ),
        migrations.AddConstraint(
            model_name='eventfile',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['new', 'checking', 'checked', 'importing', 'done', 'failed', 'removed'])), name='event_file_state_known'),
        ),
        migrations.AddConstraint(
            model_name='eventfile',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['importing', 'done']), _negated=True), ('imported_by__isnull', False), _connector='OR'), name='event_file_imported_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='eventfile',
            constraint=models.CheckConstraint(condition=models.Q(('digest__length', 64)), name='event_file_digest_length'),
        ),
        migrations.AddConstraint(
            model_name='savedmapping',
            constraint=models.UniqueConstraint(fields=('stream', 'name'), name='saved_mapping_once'),
        ),
    ]

"""Keep declared values, decided once and by two people, and say which lines repeat them."""

import django.db.models.deletion

import core.text
from django.conf import settings
from django.db import migrations, models


# A declared value is decided once; nothing else of it ever changes, and it never goes.
DECIDED_ONCE = """
CREATE FUNCTION indicators_refuse_manual_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    decision text[] := ARRAY['state', 'decided_by_id', 'decided_at', 'reason', 'digest'];
BEGIN
    IF TG_OP = 'UPDATE'
        AND OLD.state = 'WAITING'
        AND to_jsonb(NEW) - decision = to_jsonb(OLD) - decision
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'declared value % is history and cannot change', OLD.id
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME;
END $$;
CREATE TRIGGER manual_value_is_history BEFORE UPDATE OR DELETE ON indicators_manualvalue
FOR EACH ROW EXECUTE FUNCTION indicators_refuse_manual_change();
"""
DECIDED_ONCE_BACK = """
DROP TRIGGER manual_value_is_history ON indicators_manualvalue;
DROP FUNCTION indicators_refuse_manual_change();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
        ('indicators', '0010_feeds'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ManualValue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('period_kind', models.CharField(choices=[('month', 'Monthly'), ('quarter', 'Quarterly'), ('semester', 'Every six months'), ('year', 'Yearly')], max_length=10)),
                ('period_start', models.DateField()),
                ('period_end', models.DateField()),
                ('version', models.PositiveIntegerField(verbose_name='version')),
                ('n', models.PositiveIntegerField(verbose_name='number of cases')),
                ('numerator', models.DecimalField(blank=True, decimal_places=12, max_digits=28, null=True, verbose_name='numerator')),
                ('denominator', models.DecimalField(blank=True, decimal_places=12, max_digits=28, null=True, verbose_name='denominator')),
                ('value', models.DecimalField(blank=True, decimal_places=12, max_digits=28, null=True, verbose_name='value')),
                ('source', core.text.TextField(blank=True, default=dict, validators=[core.text.clean_text], verbose_name='source')),
                ('source_on', models.DateField(verbose_name='date of the source')),
                ('document', models.CharField(blank=True, max_length=200, verbose_name='document reference')),
                ('cause', models.CharField(blank=True, max_length=200, verbose_name='cause')),
                ('state', models.CharField(choices=[('WAITING', 'Waiting for a second person'), ('CONFIRMED', 'Confirmed'), ('REJECTED', 'Rejected')], default='WAITING', max_length=10)),
                ('entered_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, max_length=500, verbose_name='reason')),
                ('digest', models.CharField(blank=True, max_length=64)),
                ('corrects', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='indicators.manualvalue')),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('entered_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('indicator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='manual_values', to='indicators.indicator')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation')),
            ],
        ),
        migrations.AddField(
            model_name='result',
            name='declared',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='results', to='indicators.manualvalue'),
        ),
        migrations.AddConstraint(
            model_name='result',
            constraint=models.CheckConstraint(condition=models.Q(('declared', None), models.Q(models.Q(('state', 'PROVISIONAL'), _negated=True), ('segment', '')), _connector='OR'), name='result_declared_is_final'),
        ),
        migrations.AddConstraint(
            model_name='manualvalue',
            constraint=models.UniqueConstraint(fields=('indicator', 'period_kind', 'period_start', 'version'), name='manual_value_once_per_version'),
        ),
        migrations.AddConstraint(
            model_name='manualvalue',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'WAITING')), fields=('indicator', 'period_kind', 'period_start'), name='manual_value_one_waiting'),
        ),
        migrations.AddConstraint(
            model_name='manualvalue',
            constraint=models.CheckConstraint(condition=models.Q(('period_end__gt', models.F('period_start'))), name='manual_value_period_in_order'),
        ),
        migrations.AddConstraint(
            model_name='manualvalue',
            constraint=models.CheckConstraint(condition=models.Q(('n__gt', 0)), name='manual_value_over_something'),
        ),
        migrations.AddConstraint(
            model_name='manualvalue',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('denominator', None), ('numerator', None), ('value__isnull', False)), models.Q(('denominator__gt', 0), ('numerator__gte', 0), ('value', None)), _connector='OR'), name='manual_value_parts_or_value'),
        ),
        migrations.AddConstraint(
            model_name='manualvalue',
            constraint=models.CheckConstraint(condition=models.Q(('source', {}), _negated=True), name='manual_value_with_source'),
        ),
        migrations.AddConstraint(
            model_name='manualvalue',
            constraint=models.CheckConstraint(condition=models.Q(('corrects', None), models.Q(('cause', ''), _negated=True), _connector='OR'), name='manual_value_corrected_with_cause'),
        ),
        migrations.AddConstraint(
            model_name='manualvalue',
            constraint=models.CheckConstraint(condition=models.Q(('decided_by', None), models.Q(('decided_by', models.F('entered_by')), _negated=True), _connector='OR'), name='manual_value_by_two_people'),
        ),
        migrations.AddConstraint(
            model_name='manualvalue',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('decided_by', None), ('digest', ''), ('reason', ''), ('state', 'WAITING')), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), ('digest__length', 64), ('reason', ''), ('state', 'CONFIRMED')), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), ('digest', ''), ('state', 'REJECTED'), models.Q(('reason', ''), _negated=True)), _connector='OR'), name='manual_value_decided_whole'),
        ),
        migrations.RunSQL(DECIDED_ONCE, DECIDED_ONCE_BACK),
    ]

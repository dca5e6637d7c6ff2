"""Seal the lines that are final already, and have facts and sums computed anew."""

from django.db import migrations
from django.db.models import Exists, OuterRef
from django.utils import timezone

from indicators.queries.computing import seal_of


def seal(apps, schema_editor):
    Result = apps.get_model("indicators", "Result")
    final = Result.objects.exclude(state="PROVISIONAL")
    # The trigger refuses any change of a final line; this one adds its seal.
    schema_editor.execute(
        "ALTER TABLE indicators_result DISABLE TRIGGER result_final_immutable"
    )
    before = {}
    for line in final.order_by(
        "indicator", "period_kind", "period_start", "segment", "revision"
    ).iterator():
        place = (line.indicator_id, line.period_kind, line.period_start, line.segment)
        line.seal = seal_of(line, before.get(place, ""))
        before[place] = line.seal
        final.filter(pk=line.pk).update(seal=line.seal)
    schema_editor.execute(
        "ALTER TABLE indicators_result ENABLE TRIGGER result_final_immutable"
    )


def mark(apps, schema_editor):
    Indicator = apps.get_model("indicators", "Indicator")
    StaleMark = apps.get_model("indicators", "StaleMark")
    IndicatorRule = apps.get_model("indicators", "IndicatorRule")
    published = IndicatorRule.objects.filter(
        indicator=OuterRef("pk"), edition__state="PUBLISHED"
    )
    now = timezone.now()
    StaleMark.objects.bulk_create(
        StaleMark(
            organisation_id=indicator.organisation_id, indicator=indicator, marked_at=now
        )
        for indicator in Indicator.objects.filter(Exists(published))
    )


class Migration(migrations.Migration):
    dependencies = [("indicators", "0003_sums_and_seals")]
    operations = [
        migrations.RunPython(seal, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(mark, migrations.RunPython.noop, elidable=True),
    ]

"""Keep the digest of each fact beside it; facts and sums are computed anew."""

from django.db import migrations, models
from django.db.models import Exists, OuterRef
from django.utils import timezone


def forget(apps, schema_editor):
    """Facts and sums follow from the log: with the marks, workers write them again."""
    for name in ("CaseFact", "MonthSum"):
        apps.get_model("indicators", name).objects.all().delete()
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
    dependencies = [("indicators", "0005_final_is_sealed")]
    operations = [
        migrations.RunPython(forget, migrations.RunPython.noop, elidable=True),
        migrations.AddField(
            model_name="casefact",
            name="digest",
            field=models.BinaryField(max_length=32, default=b""),
            preserve_default=False,
        ),
    ]

"""Let a stream name what only looks like personal data."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("indicators", "0006_fact_digest")]
    operations = [
        migrations.AddField(
            model_name="stream",
            name="personal_allowed",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=80),
                blank=True,
                default=list,
                size=None,
            ),
        ),
    ]

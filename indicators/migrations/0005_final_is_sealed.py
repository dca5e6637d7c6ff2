from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("indicators", "0004_seal_final_lines")]
    operations = [
        migrations.AddConstraint(
            model_name='result',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('seal', ''), ('state', 'PROVISIONAL')), models.Q(models.Q(('state', 'PROVISIONAL'), _negated=True), ('seal__length', 64)), _connector='OR'), name='result_final_is_sealed'),
        ),
    ]

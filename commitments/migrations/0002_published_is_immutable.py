from django.db import migrations

from core.db import frozen_with_edition


class Migration(migrations.Migration):
    dependencies = [
        ("commitments", "0001_initial"),
        ("charters", "0002_published_is_immutable"),
    ]
    operations = [
        frozen_with_edition("commitments_commitment"),
        frozen_with_edition("commitments_assurancemeasure"),
        frozen_with_edition("commitments_redressmeasure"),
        frozen_with_edition("commitments_redresscover"),
    ]

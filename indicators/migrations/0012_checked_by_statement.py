"""
Check the references of the tables that grow fastest once a statement.

A third of the time of a large import, and of computing everything again, went into
foreign keys that were looked up row by row, and into indices that other indices begin
with. What is checked now is more: that a row's organisation is that of its owner.
"""

from django.db import migrations, models
from django.db.models import CASCADE, PROTECT

from core.db import belongs_to

TABLES = (
    ("serviceevent", "stream", PROTECT, "events"),
    ("stalemark", "indicator", CASCADE, "+"),
    ("casefact", "indicator", CASCADE, "facts"),
)


def reference(model, to, on_delete, related_name):
    name = to.rpartition(".")[2]
    return migrations.AlterField(
        model,
        name,
        models.ForeignKey(
            db_constraint=False,
            db_index=False,
            on_delete=on_delete,
            related_name=related_name,
            to=to,
        ),
    )


class Migration(migrations.Migration):
    dependencies = [("indicators", "0011_declared_value")]
    operations = [
        operation
        for model, owner, on_delete, related_name in TABLES
        for operation in (
            reference(model, "accounts.organisation", on_delete, "+"),
            reference(model, f"indicators.{owner}", on_delete, related_name),
            belongs_to(f"indicators_{model}", f"{owner}_id", f"indicators_{owner}"),
        )
    ]

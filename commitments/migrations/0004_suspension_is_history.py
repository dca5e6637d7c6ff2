from django.db import migrations, models

# What was suspended stays known: a suspension gets its end, once, and never goes.
HISTORY = """
CREATE FUNCTION commitments_refuse_suspension_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE'
        AND OLD.until_on IS NULL
        AND to_jsonb(NEW) - 'until_on' = to_jsonb(OLD) - 'until_on'
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'suspension % is history and cannot change', OLD.id
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME;
END $$;
CREATE TRIGGER suspension_is_history BEFORE UPDATE OR DELETE ON commitments_suspension
FOR EACH ROW EXECUTE FUNCTION commitments_refuse_suspension_change();
"""
HISTORY_BACK = """
DROP TRIGGER suspension_is_history ON commitments_suspension;
DROP FUNCTION commitments_refuse_suspension_change();
"""


class Migration(migrations.Migration):
    dependencies = [("commitments", "0003_suspension")]
    operations = [
        migrations.AddConstraint(
            model_name="suspension",
            constraint=models.CheckConstraint(
                condition=~models.Q(cause={}), name="suspension_with_cause"
            ),
        ),
        migrations.RunSQL(HISTORY, HISTORY_BACK),
    ]

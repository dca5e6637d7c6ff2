from django.db import migrations

from core.db import append_only, frozen_with_edition

# A line of the ledger that is not provisional never changes and never goes.
LEDGER = """
CREATE FUNCTION indicators_refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'PROVISIONAL' THEN
        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'result % is final and cannot change', OLD.id
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME;
END $$;
CREATE TRIGGER result_final_immutable BEFORE UPDATE OR DELETE ON indicators_result
FOR EACH ROW EXECUTE FUNCTION indicators_refuse_ledger_change();
"""
LEDGER_BACK = """
DROP TRIGGER result_final_immutable ON indicators_result;
DROP FUNCTION indicators_refuse_ledger_change();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("indicators", "0001_initial"),
        ("charters", "0002_published_is_immutable"),
    ]
    operations = [
        append_only("indicators_calendarversion"),
        append_only("indicators_serviceevent"),
        frozen_with_edition("indicators_indicatorrule"),
        migrations.RunSQL(LEDGER, LEDGER_BACK),
    ]

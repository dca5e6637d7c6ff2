from django.db import migrations

from core.db import append_only

# A published edition changes in one way only: it ends early, once.
EDITION = """
CREATE FUNCTION charters_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'PUBLISHED' THEN
        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE'
        AND OLD.ended_on IS NULL
        AND to_jsonb(NEW) - 'ended_on' - 'end_reason'
            = to_jsonb(OLD) - 'ended_on' - 'end_reason'
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'edition % is published and cannot change', OLD.id
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME;
END $$;
CREATE TRIGGER edition_published_immutable BEFORE UPDATE OR DELETE ON charters_edition
FOR EACH ROW EXECUTE FUNCTION charters_refuse_change();
"""
EDITION_BACK = """
DROP TRIGGER edition_published_immutable ON charters_edition;
DROP FUNCTION charters_refuse_change();
"""

# The same for every row that belongs to an edition, whatever app it is of.
PART = """
CREATE FUNCTION charters_refuse_part_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE touched bigint;
BEGIN
    FOR touched IN
        SELECT (to_jsonb(OLD)->>'edition_id')::bigint WHERE TG_OP <> 'INSERT'
        UNION
        SELECT (to_jsonb(NEW)->>'edition_id')::bigint WHERE TG_OP <> 'DELETE'
    LOOP
        IF EXISTS (
            SELECT 1 FROM charters_edition WHERE id = touched AND state = 'PUBLISHED'
        ) THEN
            RAISE EXCEPTION 'edition % is published and cannot change', touched
                USING ERRCODE = 'integrity_constraint_violation',
                      CONSTRAINT = TG_NAME;
        END IF;
    END LOOP;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("charters", "0001_initial"), ("core", "0003_audit_append_only")]
    operations = [
        migrations.RunSQL(EDITION, EDITION_BACK),
        migrations.RunSQL(PART, "DROP FUNCTION charters_refuse_part_change();"),
        append_only("charters_step"),
    ]

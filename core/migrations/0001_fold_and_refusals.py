from django.db import migrations, models

FOLD = r"""
CREATE FUNCTION core_fold(t text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS
$$ SELECT lower(regexp_replace(normalize(t, NFD), U&'[\0300-\036F]', '', 'g')) $$;
"""
REFUSE = """
CREATE FUNCTION core_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are append-only', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation',
              CONSTRAINT = TG_NAME;
END $$;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(FOLD, "DROP FUNCTION core_fold(text);"),
        migrations.RunSQL(REFUSE, "DROP FUNCTION core_refuse_change();"),
    ]

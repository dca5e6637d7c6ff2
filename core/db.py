"""Database expressions that make one schema serve PostgreSQL 15 to 18."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from django.contrib.postgres.fields import BigIntegerRangeField, DateRangeField
from django.db import connection, models
from django.db.migrations.operations import RunSQL


class ScalarRange(models.Func):
    """
    A scalar as the range that holds only itself.

    Lets an exclusion constraint compare scalars for equality with GiST and no
    extension (btree_gist is not in every distribution of PostgreSQL).
    """

    function = "int8range"
    template = "%(function)s(%(expressions)s, '[]')"
    output_field = BigIntegerRangeField()

    def __init__(self, name: str) -> None:
        super().__init__(models.F(name), models.F(name))


class TextRange(models.Func):
    """
    A text as the range that holds only its hash, for the same purpose.

    Of 64 bits: two texts of one hash would refuse each other, never agree wrongly.
    """

    function = "int8range"
    template = (
        "int8range(hashtextextended(%(expressions)s, 0), "
        "hashtextextended(%(expressions)s, 0), '[]')"
    )
    output_field = BigIntegerRangeField()

    def __init__(self, name: str) -> None:
        super().__init__(models.F(name))


class DateRange(models.Func):
    """Half-open range of dates ``[from, until)``; a null bound is unbounded."""

    function = "daterange"
    output_field = DateRangeField()

    def __init__(self, from_: Any, until: Any) -> None:
        super().__init__(from_, until)


def append_only(table: str) -> RunSQL:
    """Return a migration operation: rows of ``table`` can only be added."""
    return RunSQL(
        f"""
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION core_refuse_change();
        """,
        f"DROP TRIGGER {table}_append_only ON {table};",
    )


def belongs_to(table: str, column: str, parent: str) -> RunSQL:
    """
    Return a migration operation: every row of ``table`` belongs to one of ``parent``.

    What a foreign key on ``(column, organisation_id)`` promises, checked once for each
    statement and not once for each row: tables that are written thousands of rows at a
    time spend a third of it on their foreign keys. What is refused names the constraint
    ``<table>_belongs``.
    """
    return RunSQL(
        f"""
        CREATE FUNCTION {table}_belongs() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            asked bigint;
            found bigint;
        BEGIN
            SELECT count(*) INTO asked
            FROM (SELECT DISTINCT {column}, organisation_id FROM written) AS child;
            -- Held until the end: who removes one meanwhile waits, and then sees us.
            SELECT count(*) INTO found FROM (
                SELECT owner.id FROM {parent} AS owner
                JOIN (SELECT DISTINCT {column}, organisation_id FROM written) AS child
                    ON child.{column} = owner.id
                    AND child.organisation_id = owner.organisation_id
                FOR KEY SHARE OF owner
            ) AS held;
            IF found < asked THEN
                RAISE foreign_key_violation USING
                    MESSAGE = 'a row of {table} belongs to no row of {parent}',
                    CONSTRAINT = '{table}_belongs', TABLE = '{table}';
            END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER {table}_belongs AFTER INSERT ON {table}
        REFERENCING NEW TABLE AS written
        FOR EACH STATEMENT EXECUTE FUNCTION {table}_belongs();
        CREATE TRIGGER {table}_still_belongs AFTER UPDATE ON {table}
        REFERENCING NEW TABLE AS written
        FOR EACH STATEMENT EXECUTE FUNCTION {table}_belongs();

        CREATE FUNCTION {table}_owned() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE'
                AND (NEW.id, NEW.organisation_id) = (OLD.id, OLD.organisation_id)
            THEN
                RETURN NULL;
            END IF;
            IF EXISTS (SELECT FROM {table} WHERE {column} = OLD.id) THEN
                RAISE foreign_key_violation USING
                    MESSAGE = 'rows of {table} belong to a row of {parent}',
                    CONSTRAINT = '{table}_belongs', TABLE = '{table}';
            END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER {table}_owned AFTER DELETE OR UPDATE OF id, organisation_id
        ON {parent} FOR EACH ROW EXECUTE FUNCTION {table}_owned();
        """,  # noqa: S608 -- names of our own
        f"""
        DROP TRIGGER {table}_owned ON {parent};
        DROP FUNCTION {table}_owned();
        DROP TRIGGER {table}_still_belongs ON {table};
        DROP TRIGGER {table}_belongs ON {table};
        DROP FUNCTION {table}_belongs();
        """,
    )


def frozen_with_edition(table: str) -> RunSQL:
    """Return a migration operation: rows of a published edition cannot change."""
    return RunSQL(
        f"""
        CREATE TRIGGER {table}_immutable BEFORE INSERT OR UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION charters_refuse_part_change();
        """,
        f"DROP TRIGGER {table}_immutable ON {table};",
    )


@contextmanager
def held(name: str) -> Iterator[bool]:
    """
    Hold a name that nobody else holds, however many transactions it takes.

    It is let go at the end, and with the connection of a process that dies.

    :returns: whether it is held; it is not if another connection holds it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name])
        (is_held,) = cursor.fetchone()
    try:
        yield is_held
    finally:
        if is_held:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name]
                )


def copy_rows(
    cursor: Any,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    texts: Collection[str],
) -> None:
    """
    Write rows with COPY, ten times as fast as INSERT.

    :param rows: cells in the order of ``columns``, as the database reads them; an
        empty one is NULL.
    :param texts: the columns in which an empty cell is an empty text.
    """
    copy_lines(cursor, table, columns, map(_line, rows), texts=texts)


def copy_lines(
    cursor: Any,
    table: str,
    columns: Sequence[str],
    lines: Iterable[str],
    *,
    texts: Collection[str],
) -> None:
    """
    Write rows with COPY that are lines already, as :func:`copy_rows` makes them.

    :param lines: cells joined by ``|``, in none of which there is another, a line
        break or the character U+0001.
    """
    options = (
        "FORMAT csv, DELIMITER '|', QUOTE E'\\x01', "
        f"FORCE_NOT_NULL ({', '.join(texts)})"
    )
    cursor.copy_expert(
        f"COPY {table} ({', '.join(columns)}) FROM STDIN WITH ({options})",
        _Text(lines),
    )


class _Text:
    """
    Lines as a file that is read once.

    They are made while the database is busy with those before, and never all there.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)

    def read(self, _size: int = -1) -> str:
        """Return some lines whole, whatever size is asked for; nothing at the end."""
        some = list(islice(self._lines, LINES_AT_ONCE))
        return "\n".join([*some, ""])


LINES_AT_ONCE = 200
# A quote that hardly any text has; JSON is full of the usual one.
QUOTE = "\x01"
SPECIAL = re.compile(f"[{QUOTE}\n\r]")


def _line(cells: Sequence[str]) -> str:
    line = "|".join(cells)
    # One look at the whole line: next to none has anything to quote.
    if line.count("|") < len(cells) and not SPECIAL.search(line):
        return line
    return "|".join(map(_quoted, cells))


def _quoted(cell: str) -> str:
    return f"{QUOTE}{cell.replace(QUOTE, QUOTE * 2)}{QUOTE}" if cell else ""

"""What an analyst would use instead: DuckDB on a file."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from django.db import connection

from bench.rows import seconds

TURNS = 3


@dataclass(frozen=True, slots=True)
class Answered:
    """Seconds that an answer takes from a CSV file, and from a Parquet file."""

    csv: float
    parquet: float


def ask(copy: str, question: str) -> Answered:
    """
    Ask DuckDB a question of what the database gives; the best of some times.

    :param copy: the COPY that gives the file.
    :param question: with ``{source}`` where the file belongs.
    """
    with TemporaryDirectory() as folder, duckdb.connect() as duck:
        csv, parquet = Path(folder) / "rows.csv", Path(folder) / "rows.parquet"
        with csv.open("wb") as file, connection.cursor() as cursor:
            cursor.copy_expert(copy, file)
        duck.execute(f"COPY (FROM read_csv('{csv}')) TO '{parquet}'")

        def answer(path: Path) -> None:
            duck.execute(question.format(source=f"'{path}'")).fetchall()

        times = [
            min(seconds(partial(answer, path)) for _ in range(TURNS))
            for path in (csv, parquet)
        ]
    return Answered(*times)

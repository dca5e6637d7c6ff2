"""Write tables as CSV for people, who open them with a spreadsheet program."""

import csv
from collections.abc import Iterable, Iterator, Sequence


def harmless(cell: object) -> object:
    """Keep a spreadsheet program from running a text that somebody else wrote."""
    text = str(cell)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def csv_lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield the lines of a CSV file, one for each row, as they are asked for."""
    writer = csv.writer(_Echo())
    for row in rows:
        yield writer.writerow(row)


class _Echo:
    """What a writer writes to that only wants its lines back."""

    def write(self, text: str) -> str:
        return text

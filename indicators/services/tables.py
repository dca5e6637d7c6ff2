"""
Turn the rows of a table, a CSV file or a sheet of a workbook, into events.

Rows go through a mapping. Without one the table must be an export of ours: its
columns are the fields of an event, the attributes as a JSON object in one of them.
"""

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any

from indicators.services.intake import FIELDS, LineError
from indicators.services.mapping import Cell, FileMapping, cell_text

Line = tuple[int, Mapping[str, Any] | LineError]
Lines = Generator[Line, None, None]
Row = Mapping[str, Cell]
# The order in which we write the columns of an export.
COLUMNS = ("id", "case", "type", "at", "value", "attributes", "replaces")
NEEDED = frozenset({"id", "case", "type", "at"})


class FileError(ValueError):
    """A file that cannot be read, or not to its end; it says what was recorded."""


def table_lines(
    rows: Iterator[tuple[int, Sequence[Cell]]], mapping: FileMapping | None
) -> Lines:
    """
    Read a table, whose first row is the header.

    :raises FileError: if there is no mapping and the columns are not ours.
    :raises indicators.services.mapping.MappingError: if the columns do not fit.
    """
    _number, first = next(rows, (1, []))
    header = [cell_text(cell) for cell in first]
    read = _row_reader(header, mapping)
    for number, cells in rows:
        if len(cells) != len(header):
            detail = f"{len(cells)} cells where the header has {len(header)}"
            yield number, LineError("wrong_width", detail)
            continue
        for event in read(dict(zip(header, cells, strict=True))):
            yield number, event


def _row_reader(
    header: Sequence[str], mapping: FileMapping | None
) -> Callable[[Row], Iterable[Mapping[str, Any] | LineError]]:
    if mapping is not None:
        mapping.check_columns(header)
        return mapping.events
    if not (NEEDED <= set(header) <= FIELDS) or len(set(header)) < len(header):
        msg = f"a table needs a mapping, or else the columns {', '.join(COLUMNS)}"
        raise FileError(msg)
    return _own_event


def _own_event(row: Row) -> Iterator[Mapping[str, Any] | LineError]:
    """Read a row of an export: nothing is trimmed, for nothing may be lost."""
    event: dict[str, Any] = {
        # An instant of a workbook has no offset, which is refused by its name.
        name: cell if name == "at" and cell else cell_text(cell) or None
        for name, cell in row.items()
    }
    if event.get("attributes"):
        try:
            event["attributes"] = json.loads(event["attributes"], parse_float=str)
        except (ValueError, RecursionError) as error:
            yield LineError("bad_attributes", f"no JSON: {str(error)[:120]}")
            return
    yield event

"""Read the first rows of a file of events, whatever it is, to guess and to show."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TextIO, cast

from indicators.services.files import (
    DAMAGED,
    bounded,
    opened,
    parse_line,
    unreadable,
)
from indicators.services.guessing import guess_delimiter, guess_encoding
from indicators.services.intake import FIELDS
from indicators.services.mapping import Cell, cell_text
from indicators.services.tables import NEEDED, FileError
from indicators.services.workbooks import sheet_rows
from indicators.services.xes import log_events

MOST_ROWS = 20_000
MOST_LETTERS = 8 << 20
MOST_CHUNKS, CHUNK = 1_024, 1 << 16
LINES_FOR_DELIMITER = 200
TYPE_OF_LOG = "concept:name"


@dataclass(frozen=True, slots=True)
class Sample:
    """
    The beginning of a file.

    :ivar kind: ``csv``, ``xlsx``, ``ndjson`` or ``xes``.
    :ivar encoding: of a CSV or NDJSON file; ``delimiter``: of a CSV file.
    :ivar ready: it is read as it is: an export of ours, or events as the API takes
        them, or a log of an event stream that declares all of its types.
    """

    kind: str
    header: list[str]
    rows: list[Sequence[Cell]]
    encoding: str = "utf-8-sig"
    delimiter: str = ","
    ready: bool = False


def kind_of(name: str) -> str:
    """
    Return what kind of file a name is of: ``csv``, ``xlsx``, ``ndjson`` or ``xes``.

    :raises FileError: if it is of none that is read.
    """
    lower = name.lower()
    ending = Path(lower.removesuffix(".gz")).suffix.removeprefix(".")
    packed = lower.endswith(".gz")
    if ending not in {"csv", "ndjson", "xes"} and (packed or ending != "xlsx"):
        msg = "only .csv, .ndjson, .xes (also .gz) and .xlsx are read"
        raise FileError(msg)
    return ending


def sample_of(
    path: Path, *, types: Iterable[str], encoding: str = "", delimiter: str = ""
) -> Sample:
    """
    Read the first rows of a file.

    :param types: those that the stream declares.
    :param encoding: of a text; guessed from all of it if it is empty.
    :param delimiter: of a CSV file; guessed if it is empty.
    :raises FileError: if it cannot be read.
    """
    kind = kind_of(path.name)
    if kind == "xlsx":
        return _sheet(path)
    try:
        if kind == "xes":
            return _log(path, frozenset(types))
        encoding = encoding or _encoding(path)
        with cast("TextIO", opened(path, "rt", encoding=encoding, newline="")) as file:
            if kind == "ndjson":
                return _objects(file, encoding)
            return _table(file, encoding, delimiter)
    except DAMAGED as error:
        raise unreadable(error) from error


def _encoding(path: Path) -> str:
    with cast("IO[bytes]", opened(path, "rb")) as file:
        chunks = iter(lambda: file.read(CHUNK), b"")
        return guess_encoding(islice(chunks, MOST_CHUNKS))


def _table(file: TextIO, encoding: str, delimiter: str) -> Sample:
    lines = list(_first_lines(file))
    whole = not file.read(1)
    delimiter = delimiter or guess_delimiter(lines[:LINES_FOR_DELIMITER])
    found = [row for row in csv.reader(lines, delimiter=delimiter) if row]
    if not whole:
        found = found[:-1]  # the last one may be cut
    header, rows = found[0] if found else [], found[1:]
    return Sample("csv", header, [*rows], encoding, delimiter, _is_ours(header))


def _first_lines(file: TextIO) -> Iterator[str]:
    letters = 0
    for line in islice(bounded(file), MOST_ROWS + 1):
        letters += len(line)
        yield line
        if letters > MOST_LETTERS:
            return


def _sheet(path: Path) -> Sample:
    found = [cells for _number, cells in islice(sheet_rows(path), MOST_ROWS + 1)]
    header = [cell_text(cell) for cell in found[0]] if found else []
    return Sample("xlsx", header, [*found[1:]], ready=_is_ours(header))


def _objects(file: TextIO, encoding: str) -> Sample:
    read = (parse_line(text) for text in _first_lines(file) if text.strip())
    found = [item for item in read if isinstance(item, Mapping)]
    header, rows = _as_table(
        {str(k): "" if v is None else str(v) for k, v in item.items()} for item in found
    )
    return Sample("ndjson", header, rows, encoding, ready=_is_ours(header))


def _log(path: Path, types: frozenset[str]) -> Sample:
    with cast("IO[bytes]", opened(path, "rb")) as file:
        found = [item.row() for item in islice(log_events(file), MOST_ROWS)]
    header, rows = _as_table(found)
    ready = bool(found) and all(row.get(TYPE_OF_LOG) in types for row in found)
    return Sample("xes", header, rows, ready=ready)


def _as_table(
    found: Iterable[Mapping[str, str]],
) -> tuple[list[str], list[Sequence[Cell]]]:
    items = list(found)
    header = list(dict.fromkeys(name for item in items for name in item))
    return header, [[item.get(name, "") for name in header] for item in items]


def _is_ours(header: Sequence[str]) -> bool:
    return set(header) >= NEEDED and set(header) <= FIELDS

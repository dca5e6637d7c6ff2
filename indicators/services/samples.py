"""Read the first rows of a file of events, whatever it is, to guess and to show."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, TextIO, cast

from indicators.services.files import (
    DAMAGED,
    bounded,
    csv_rows,
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
MOST_COLUMNS = 1_000  # that anybody could say the meaning of
MOST_CELLS = 2_000_000
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
    :raises FileError: if it cannot be read, or has more than :data:`MOST_COLUMNS`.
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
    read = (cells for _number, cells in csv_rows(lines, delimiter) if cells)
    header, rows = _header_and_rows(read)
    if not whole:
        rows = rows[:-1]  # the last one may be cut
    return Sample("csv", header, rows, encoding, delimiter, _is_ours(header))


def _first_lines(file: TextIO) -> Iterator[str]:
    letters = 0
    for line in islice(bounded(file), MOST_ROWS + 1):
        letters += len(line)
        yield line
        if letters > MOST_LETTERS:
            return


def _sheet(path: Path) -> Sample:
    header, rows = _header_and_rows(cells for _number, cells in sheet_rows(path))
    return Sample("xlsx", header, rows, ready=_is_ours(header))


def _header_and_rows(
    read: Iterable[Sequence[Cell]],
) -> tuple[list[str], list[Sequence[Cell]]]:
    found = iter(read)
    header = [cell_text(cell) for cell in next(found, [])]
    _check_width(header)
    return header, list(_first_rows(found))


def _first_rows(read: Iterable[Sequence[Cell]]) -> Iterator[Sequence[Cell]]:
    """Yield the first rows, as many as can be held: few of them if they are long."""
    cells = letters = 0
    for row in islice(read, MOST_ROWS):
        yield row
        cells += len(row)
        letters += sum(len(cell) for cell in row if isinstance(cell, str))
        if cells > MOST_CELLS or letters > MOST_LETTERS:
            return


def _check_width(header: Collection[str]) -> None:
    if len(header) > MOST_COLUMNS:
        msg = f"the file cannot be read: it has more than {MOST_COLUMNS:,} columns"
        raise FileError(msg)


def _objects(file: TextIO, encoding: str) -> Sample:
    read = (parse_line(text) for text in _first_lines(file) if text.strip())
    header, rows = _as_table(
        {str(k): "" if v is None else str(v) for k, v in item.items()}
        for item in read
        if isinstance(item, Mapping)
    )
    return Sample("ndjson", header, rows, encoding, ready=_is_ours(header))


def _log(path: Path, types: frozenset[str]) -> Sample:
    with cast("IO[bytes]", opened(path, "rb")) as file:
        header, rows = _as_table(item.row() for item in log_events(file))
    at = header.index(TYPE_OF_LOG) if TYPE_OF_LOG in header else None
    ready = at is not None and all(row[at] in types for row in rows)
    return Sample("xes", header, rows, ready=ready)


def _as_table(
    read: Iterable[Mapping[str, str]],
) -> tuple[list[str], list[Sequence[Cell]]]:
    names: dict[str, None] = {}

    def cells() -> Iterator[Sequence[Cell]]:
        for item in read:
            names.update(dict.fromkeys(item))
            _check_width(names)
            yield [item.get(name, "") for name in names]

    found = list(_first_rows(cells()))
    width = len(names)
    # A row is as wide as the table, also if it came before most of the names.
    most = MOST_CELLS // max(width, 1)
    return [*names], [[*row, *[""] * (width - len(row))] for row in found[:most]]


def _is_ours(header: Sequence[str]) -> bool:
    return set(header) >= NEEDED and set(header) <= FIELDS

"""Read files of events: CSV, NDJSON and XES (also gzipped), and XLSX."""

import csv
import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any, TextIO, cast

from indicators.models import Stream
from indicators.services.intake import LineError, Receipt, Rehearsal, record
from indicators.services.mapping import FileMapping, refuse_personal
from indicators.services.tables import FileError, Line, Lines, table_lines
from indicators.services.workbooks import sheet_rows
from indicators.services.xes import ID, log_events

BATCH = 10_000
LONGEST_LINE = 1 << 20
__all__ = [
    "DAMAGED",
    "FileError",
    "bounded",
    "checked_lines",
    "csv_rows",
    "import_file",
    "lines_of",
    "next_batch",
    "opened",
    "parse_line",
    "unreadable",
]


def import_file(
    *,
    stream: Stream,
    path: Path,
    mapping: FileMapping | None,
    at: datetime,
    dry_run: bool = False,
    progress: Callable[[Receipt], None] = lambda _receipt: None,
) -> Receipt:
    """
    Record the events of a file, in batches that commit one by one.

    Running it again changes nothing. Lines are numbered as in the file, the header
    being line 1; those of a workbook are its rows.

    :param mapping: how rows become events. Without one, tables must be exports of
        ours, NDJSON lines are events as the API takes them, and XES is read by the
        names that its standard gives.
    :param dry_run: say what would happen and record nothing; takes some 250 bytes of
        memory for each new event.
    :param progress: told the sums after each batch.
    :raises FileError: if the file cannot be read; the batches before stay recorded.
    :raises indicators.services.mapping.MappingError: if the columns do not fit
        or look like personal data.
    """
    rehearsal = Rehearsal(stream=stream, at=at) if dry_run else None
    total = Receipt()
    with closing(checked_lines(path, mapping, stream)) as lines:
        while batch := next_batch(lines, total):
            if rehearsal:
                total.add(rehearsal.record(batch))
            else:
                total.add(record(stream=stream, lines=batch, at=at))
            progress(total)
    return total


def checked_lines(path: Path, mapping: FileMapping | None, stream: Stream) -> Lines:
    """
    Yield what :func:`lines_of` does, once it is clear that no personal data is kept.

    :raises indicators.services.mapping.MappingError: if a column that is kept is named
        like personal data.
    """
    if mapping is not None:
        refuse_personal(mapping, allowed=stream.personal_allowed)
    return lines_of(path, mapping, stream)


def next_batch(lines: Iterator[Line], done: Receipt) -> list[Line]:
    """
    Return the next lines, at most :data:`BATCH`.

    :param done: what became of those before.
    :raises FileError: if the file cannot be read on; it says what was done.
    """
    try:
        return list(islice(lines, BATCH))
    except FileError as error:
        if not done.received:
            raise
        msg = (
            f"{error}; the first {done.received} events were read, "
            f"{done.recorded} of them were new: mend the file and import it again"
        )
        raise FileError(msg) from error


def lines_of(path: Path, mapping: FileMapping | None, stream: Stream) -> Lines:
    """
    Yield the lines of a file as :func:`indicators.services.intake.record` takes them.

    :raises FileError: if the file cannot be read, or not to its end.
    :raises indicators.services.mapping.MappingError: if the columns do not fit.
    """
    name = path.name.lower().removesuffix(".gz")
    if path.name.lower().endswith(".xlsx"):
        return table_lines(sheet_rows(path, mapping.sheet if mapping else ""), mapping)
    if name.endswith(".xes"):
        return _xes_lines(path, mapping, stream)
    if name.endswith((".csv", ".ndjson")):
        return _text_lines(path, mapping, table=name.endswith(".csv"))
    msg = f"{path.name}: only .csv, .ndjson, .xes (also .gz) and .xlsx are read"
    raise FileError(msg)


# What a file that is damaged, or is none of its kind, makes the libraries raise.
DAMAGED = (UnicodeError, csv.Error, OSError, EOFError, zlib.error)


def _text_lines(path: Path, mapping: FileMapping | None, *, table: bool) -> Lines:
    encoding = mapping.encoding if mapping else "utf-8-sig"
    with cast("TextIO", opened(path, "rt", encoding=encoding, newline="")) as file:
        try:
            if table:
                yield from table_lines(_csv_rows(file, mapping), mapping)
            else:
                yield from _json_lines(file, mapping)
        except DAMAGED as error:
            raise unreadable(error) from error


def _xes_lines(path: Path, mapping: FileMapping | None, stream: Stream) -> Lines:
    if mapping is not None and not mapping.id and mapping.long is not None:
        mapping = replace(mapping, id=ID)
    with cast("IO[bytes]", opened(path, "rb")) as file:
        try:
            for item in log_events(file):
                if mapping is None:
                    yield item.line, item.event(stream.attributes)
                    continue
                for event in mapping.events(item.row()):
                    yield item.line, event
        except DAMAGED as error:
            raise unreadable(error) from error


def opened(path: Path, mode: str, **options: Any) -> IO[Any]:
    """
    Open a file, unpacking it if its name says that it is packed.

    :raises FileError: if there is none, or no such encoding.
    """
    try:
        if path.name.lower().endswith(".gz"):
            return cast("IO[Any]", gzip.open(path, mode, **options))
        return path.open(mode, **options)
    except (OSError, LookupError, ValueError) as error:
        msg = f"the file cannot be opened: {error}"
        raise FileError(msg) from error


def unreadable(error: Exception) -> FileError:
    """Return the error that says that a file is damaged, or none of its kind."""
    return FileError(f"the file cannot be read: {error}")


def bounded(file: TextIO) -> Iterator[str]:
    """Yield the lines of a file, none of them so long that it fills the memory."""
    while line := file.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            msg = "the file cannot be read: a line has more than a million letters"
            raise FileError(msg)
        yield line


def csv_rows(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """
    Yield the rows of a CSV file, each with the number of its last line.

    :raises FileError: if one of them, over however many lines, fills the memory.
    """
    letters = 0

    def counted() -> Iterator[str]:
        nonlocal letters
        for line in lines:
            letters += len(line)
            if letters > LONGEST_LINE:
                msg = "the file cannot be read: a row has more than a million letters"
                raise FileError(msg)
            yield line

    reader = csv.reader(counted(), delimiter=delimiter)
    for cells in reader:
        letters = 0
        yield reader.line_num, cells


def _csv_rows(
    file: TextIO, mapping: FileMapping | None
) -> Iterator[tuple[int, list[str]]]:
    for number, cells in csv_rows(bounded(file), mapping.delimiter if mapping else ","):
        # An empty header is one; after it, an empty line is nothing.
        if cells or number == 1:
            yield number, cells


def _json_lines(file: TextIO, mapping: FileMapping | None) -> Lines:
    for number, text in enumerate(bounded(file), start=1):
        if not text.strip():
            continue
        raw = parse_line(text)
        if mapping is None or not isinstance(raw, Mapping):
            yield number, raw
            continue
        row = {str(k): "" if v is None else str(v) for k, v in raw.items()}
        for event in mapping.events(row):
            yield number, event


def parse_line(text: str) -> Mapping[str, Any] | LineError:
    """Read one NDJSON line; what is no JSON object becomes the error to report."""
    try:
        raw = DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        return LineError("bad_json", f"no JSON: {str(error)[:120]}")
    if not isinstance(raw, dict):
        return LineError("not_an_object", "an event is a JSON object")
    return raw


def _refuse_constant(name: str) -> None:
    msg = f"{name} is no JSON"
    raise ValueError(msg)


# Made once: a decoder for each of a million lines takes longer than the lines.
DECODER = json.JSONDecoder(parse_float=str, parse_constant=_refuse_constant)

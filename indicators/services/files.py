"""Read files of events: CSV (also gzipped) and NDJSON."""

import csv
import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from django.db import transaction

from indicators.models import Stream
from indicators.services.intake import LineError, Receipt, record
from indicators.services.mapping import FileMapping

BATCH = 10_000
Line = tuple[int, Mapping[str, Any] | LineError]


class FileError(ValueError):
    """A file that cannot be read, or not to its end; it says what was recorded."""


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
    being line 1.

    :param mapping: needed for CSV; NDJSON lines are events as the API takes them,
        or rows for the mapping if there is one.
    :param dry_run: say what would happen and record nothing.
    :param progress: told the sums after each batch.
    :raises FileError: if the file cannot be read; the batches before stay recorded.
    :raises indicators.services.mapping.MappingError: if the columns do not fit.
    """
    if dry_run:
        with transaction.atomic():
            receipt = _import(stream, path, mapping, at, progress)
            transaction.set_rollback(True)
        return receipt
    return _import(stream, path, mapping, at, progress)


def _import(
    stream: Stream,
    path: Path,
    mapping: FileMapping | None,
    at: datetime,
    progress: Callable[[Receipt], None],
) -> Receipt:
    total = Receipt()
    with _opened(path, mapping) as file:
        lines = iter(_lines(path, file, mapping))
        while batch := _next_batch(lines, total):
            total.add(record(stream=stream, lines=batch, at=at))
            progress(total)
    return total


def _next_batch(lines: Iterator[Line], done: Receipt) -> list[Line]:
    try:
        return list(islice(lines, BATCH))
    except (UnicodeDecodeError, csv.Error, OSError, EOFError, zlib.error) as error:
        msg = f"the file cannot be read: {error}"
        if done.received:
            msg += (
                f"; the first {done.received} events were read, "
                f"{done.recorded} of them were new: mend the file and import it again"
            )
        raise FileError(msg) from error


def _opened(path: Path, mapping: FileMapping | None) -> TextIO:
    encoding = mapping.encoding if mapping else "utf-8-sig"
    try:
        if path.suffix == ".gz":
            return gzip.open(path, "rt", encoding=encoding, newline="")
        return path.open(encoding=encoding, newline="")
    except (OSError, LookupError) as error:
        msg = f"the file cannot be opened: {error}"
        raise FileError(msg) from error


def _lines(path: Path, file: TextIO, mapping: FileMapping | None) -> Iterable[Line]:
    names = path.name.removesuffix(".gz")
    if names.endswith(".ndjson"):
        return _json_lines(file, mapping)
    if not names.endswith(".csv"):
        msg = f"{path.name}: only .csv, .csv.gz, .ndjson and .ndjson.gz are read"
        raise FileError(msg)
    if mapping is None:
        msg = "a CSV file needs a mapping"
        raise FileError(msg)
    return _csv_lines(file, mapping)


def _csv_lines(file: TextIO, mapping: FileMapping) -> Iterator[Line]:
    reader = csv.reader(file, delimiter=mapping.delimiter)
    header = next(reader, [])
    mapping.check_columns(header)
    for cells in reader:
        if not cells:
            continue
        number = reader.line_num
        if len(cells) != len(header):
            detail = f"{len(cells)} cells where the header has {len(header)}"
            yield number, LineError("wrong_width", detail)
            continue
        for event in mapping.events(dict(zip(header, cells, strict=True))):
            yield number, event


def _json_lines(file: TextIO, mapping: FileMapping | None) -> Iterator[Line]:
    for number, text in enumerate(file, start=1):
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

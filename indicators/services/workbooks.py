"""
Read and write workbooks (XLSX), row by row.

A workbook is a ZIP archive of XML: what it may unpack to is bounded before anything
is unpacked, what may be held of it while it is read, and its XML may declare no
entities.
"""

import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.reader.excel import ExcelReader

from indicators.services.archives import TOO_LARGE, BoundedArchive, OversizeError
from indicators.services.mapping import Cell, MappingError
from indicators.services.tables import FileError

MOST_UNPACKED = 1 << 30  # bytes, of the whole archive
MOST_BESIDES = 200 << 20  # bytes, of a part that is held in memory
MOST_PARTS = 5_000
MOST_ROWS = 1 << 20
LONGEST_CELL = 32_767
MOST_DIGITS = 15  # that a number in a cell keeps
CHUNK = 100  # rows, each as wide as its last cell says
TOO_LONG = "a sheet has at most 1,048,576 rows; use CSV or NDJSON"
# What XML cannot hold is written as _x000D_; so is what looks like that already.
UNWRITABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)", re.ASCII
)
ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


def sheet_rows(path: Path, sheet: str = "") -> Iterator[tuple[int, list[Cell]]]:
    """
    Yield the rows of a sheet that hold anything, with their numbers.

    The first one is the header and tells how wide the table is: shorter rows are
    filled up with empty texts. Formulas are what they gave when the file was saved.

    :param sheet: its name; the first by default.
    :raises FileError: if it is no workbook, or too large a one.
    :raises MappingError: if there is no such sheet.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        msg = f"the file cannot be opened: {error}"
        raise FileError(msg) from error
    with file:
        _check_size(file)
        with closing(_loaded(file)) as book:
            yield from _filled_up(_raw_rows(_chosen(book, sheet)))


def _check_size(file: Any) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    except Exception as error:
        raise _unreadable(error) from error
    # The unpacker stops where the directory says that a part ends.
    whole = sum(part.file_size for part in parts)
    besides = max(
        (p.file_size for p in parts if "worksheets/" not in p.filename), default=0
    )
    if whole > MOST_UNPACKED or besides > MOST_BESIDES or len(parts) > MOST_PARTS:
        raise FileError(TOO_LARGE)


def _loaded(file: Any) -> Any:
    """Open a workbook. The library raises whatever it stumbles over."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles that it leaves out
            reader = ExcelReader(file, read_only=True, data_only=True, keep_links=False)
            reader.archive = BoundedArchive(file)
            reader.read()
            return reader.wb
    except Exception as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> FileError:
    if isinstance(error, OversizeError):
        return FileError(str(error))
    detail = str(error)[:200] or type(error).__name__
    return FileError(f"the file cannot be read as a workbook: {detail}")


def _chosen(book: Any, name: str) -> Any:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if name and name not in sheets:
        msg = f"the file has no sheet {name!r}; it has: {', '.join(sheets)}"
        raise MappingError(msg)
    if not sheets:
        msg = "the workbook has no sheet"
        raise FileError(msg)
    return sheets[name] if name else book.worksheets[0]


def _raw_rows(sheet: Any) -> Iterator[tuple[int, Sequence[Any]]]:
    number = 0
    try:
        sheet.reset_dimensions()  # many programs write a wrong one
        rows = sheet.iter_rows(values_only=True, max_row=MOST_ROWS + 1)
        while True:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of dates that are none: "#VALUE!"
                chunk = list(islice(rows, CHUNK))
            if not chunk:
                return
            for row in chunk:
                number += 1
                yield number, row
    except Exception as error:
        raise _unreadable(error) from error


def _filled_up(
    rows: Iterable[tuple[int, Sequence[Any]]],
) -> Iterator[tuple[int, list[Cell]]]:
    width = 0
    for number, raw in rows:
        if number > MOST_ROWS:
            raise FileError(TOO_LONG)
        cells = [_cell(value) for value in raw]
        while cells and cells[-1] == "":
            cells.pop()
        if not cells:
            continue
        width = width or len(cells)
        yield number, cells + [""] * (width - len(cells))


def _cell(value: Any) -> Cell:
    """Return what a cell holds. A number is the shortest text that means it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        if not isfinite(value):
            return str(value)
        return Decimal(repr(value)) if value % 1 else Decimal(int(value))
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time.min)
    return ESCAPED.sub(lambda found: chr(int(found.group(1), 16)), str(value))


def write_rows(path: Path, rows: Iterable[Sequence[str | None]], numbers: int) -> None:
    """
    Write a workbook of one sheet.

    :param numbers: the column that holds numbers, where a cell can hold them exactly;
        all others are texts, whatever they look like.
    :raises FileError: if a sheet cannot hold it.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet("events")
    try:
        _append(sheet, rows, numbers)
    except BaseException:
        sheet.close()
        raise
    book.save(path)


def _append(sheet: Any, rows: Iterable[Sequence[str | None]], numbers: int) -> None:
    for number, row in enumerate(rows, start=1):
        if number > MOST_ROWS:
            raise FileError(TOO_LONG)
        sheet.append(
            [
                _number(sheet, text) if at == numbers else _text(sheet, text)
                for at, text in enumerate(row)
            ]
        )


def _number(sheet: Any, text: str | None) -> Any:
    try:
        number = Decimal(text or "")
    except InvalidOperation:  # the header, or nothing
        return _text(sheet, text)
    if len(number.normalize().as_tuple().digits) > MOST_DIGITS:
        return _text(sheet, text)
    return WriteOnlyCell(sheet, number)


def _text(sheet: Any, text: str | None) -> Any:
    if text is None:
        return None
    written = UNWRITABLE.sub(lambda found: f"_x{ord(found.group()):04X}_", text)
    if len(written) > LONGEST_CELL:
        msg = f"{text[:60]!r}… is longer than a cell; write CSV or NDJSON"
        raise FileError(msg)
    cell = WriteOnlyCell(sheet, written)
    cell.data_type = "s"  # also "=1+1"
    return cell

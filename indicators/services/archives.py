"""
Open the archive that a workbook is so that none of its parts fills the memory.

The library that reads workbooks holds a row until it ends, and all that is in no row
for as long as it reads. A few kilobytes unpack to a row of millions of cells.
"""

import zipfile
from typing import IO, Any, cast
from xml.parsers import expat

from openpyxl.xml.constants import SHEET_MAIN_NS

# What the library lets go when it ends: a row of a sheet, a text that cells share.
ROW, TEXT = f"{SHEET_MAIN_NS} row", f"{SHEET_MAIN_NS} si"
MOST_RECORDS = 3_000_000
MOST_INSIDE = 100_000  # elements of a record; a row has at most 16,384 cells
MOST_OUTSIDE = 500_000  # elements of a part that are in no record
LONGEST_RECORD = 16 << 20  # bytes
MOST_KEPT = 200 << 20  # bytes of a part, besides its rows


class OversizeError(Exception):
    """A workbook that would fill the memory. No ``ValueError``: it is not wrapped."""


class BoundedArchive(zipfile.ZipFile):
    """An archive of XML parts that may only be read as far as they can be held."""

    def open(self, *args: Any, **options: Any) -> IO[bytes]:
        """
        Open a part.

        :raises OversizeError: when it is read, once it holds too much.
        """
        return cast("IO[bytes]", _Part(super().open(*args, **options)))


class _Part:
    """Counts what a part holds, ahead of whoever reads it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.whole = False
        self.read_so_far = self.begun_at = self.kept_up_to = self.kept = 0
        self.records = self.inside = self.outside = 0
        self.record, self.depth = "", 0

    def __enter__(self) -> "_Part":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        self.file.close()

    def read(self, size: int = -1) -> bytes:
        """Read on. What is asked for at once is held at once, records or not."""
        self.whole = self.whole or size < 0
        chunk = self.file.read(size)
        self.read_so_far += len(chunk)
        try:
            self.parser.Parse(chunk, not chunk or self.whole)
        except (expat.ExpatError, LookupError):
            return chunk  # whoever reads it stumbles over the same place
        self._check_bytes()
        return chunk

    def _start(self, tag: str, _found: dict[str, str]) -> None:
        if self.depth:
            self.depth += 1
            self.inside += 1
        elif tag in {ROW, TEXT} and not self.whole:
            self.records += 1
            self.record, self.depth, self.inside = tag, 1, 0
            self._begin(tag)
        else:
            self.outside += 1
        if self.inside > MOST_INSIDE:
            msg = "a row of the workbook has more than 16,384 cells"
            raise OversizeError(msg)
        if self.outside > MOST_OUTSIDE or self.records > MOST_RECORDS:
            raise OversizeError(TOO_LARGE)

    def _begin(self, tag: str) -> None:
        self.begun_at = self.parser.CurrentByteIndex
        if tag == ROW:
            self.kept += self.begun_at - self.kept_up_to

    def _end(self, _tag: str) -> None:
        if self.depth:
            self.depth -= 1
            if not self.depth and self.record == ROW:
                self.kept_up_to = self.parser.CurrentByteIndex

    def _check_bytes(self) -> None:
        kept = self.kept
        if self.depth and self.read_so_far - self.begun_at > LONGEST_RECORD:
            raise OversizeError(TOO_LARGE)
        if not (self.depth and self.record == ROW):
            kept += self.read_so_far - self.kept_up_to
        if kept > MOST_KEPT:
            raise OversizeError(TOO_LARGE)


TOO_LARGE = "the workbook is too large; save the sheet as CSV"

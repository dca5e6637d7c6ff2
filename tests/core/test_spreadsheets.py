"""Tables for people: what a cell begins with runs nothing."""

import csv
import io

import pytest

from core.spreadsheets import csv_lines, harmless


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_that_a_spreadsheet_would_run_is_quoted(text):
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("cell", ["a=1", "", "2026/1", " =1", 5, None])
def test_everything_else_stays_as_it_is(cell):
    assert harmless(cell) is cell


def test_lines_are_those_of_a_csv_file():
    rows = [["a", 'b"c'], ["d\ne", "f,g"], ["", "é"]]
    lines = list(csv_lines(rows))
    assert len(lines) == len(rows)
    assert list(csv.reader(io.StringIO("".join(lines), newline=""))) == rows

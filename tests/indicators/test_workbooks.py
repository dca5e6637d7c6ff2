"""Events in workbooks (XLSX)."""

import io
import zipfile
from datetime import UTC, date, datetime, time
from decimal import Decimal

import openpyxl
import pytest

from indicators.models import ServiceEvent, Stream
from indicators.services.files import FileError, import_file
from indicators.services.mapping import FileMapping, MappingError
from indicators.services.workbooks import sheet_rows, write_rows
from tests import builders

MAPPING = """
timezone = "Europe/Madrid"
case = "num"
attributes = ["channel"]
missing = ["-"]
decimal = ","
thousands = "."
datetime_format = "%d/%m/%Y %H:%M"
[[event]]
type = "opened"
at = "in"
[[event]]
type = "closed"
at = "out"
value = "euros"
"""
HEADER = ["num", "in", "out", "channel", "euros"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "f.xlsx"


@pytest.fixture
def book(path):
    """Write a workbook of sheets by name."""

    def do(**sheets):
        made = openpyxl.Workbook()
        made.remove(made.active)
        for name, rows in sheets.items():
            sheet = made.create_sheet(name)
            for row in rows:
                sheet.append(row)
        made.save(path)
        return path

    return do


@pytest.fixture
def load(charter, path):
    def do(toml=MAPPING):
        mapping = FileMapping.from_toml(toml) if toml else None
        return import_file(
            stream=Stream.objects.get(code="requests"),
            path=path,
            mapping=mapping,
            at=builders.NOW,
        )

    return do


def test_typed_cells_and_texts_go_through_the_same_mapping(book, load):
    book(
        requests=[
            HEADER,
            [7, datetime(2026, 7, 1, 9, 30), "02/07/2026 10:00", "web", "1.234,50"],
            ["A-8", date(2026, 1, 5), datetime(2026, 1, 6, 12), None, 1234.5],
            [None, None, None, None, None],
            ["9", "05/01/2026 09:00", "-", "phone", None],
            ["10", "soon", None, "web", None],
            ["11", date(2026, 1, 5), None, "web", None, "beyond"],
        ]
    )
    receipt = load()
    assert [(r.line, r.code) for r in receipt.refused] == [
        (6, "bad_instant"),
        (7, "wrong_width"),
    ]
    found = {e.external_id: e for e in ServiceEvent.objects.all()}
    assert sorted(found) == [
        "7/closed",
        "7/opened",
        "9/opened",
        "A-8/closed",
        "A-8/opened",
    ]
    # Civil time in Madrid, in summer and in winter.
    assert found["7/opened"].occurred_at == datetime(2026, 7, 1, 7, 30, tzinfo=UTC)
    assert found["A-8/opened"].occurred_at == datetime(2026, 1, 4, 23, tzinfo=UTC)
    # A number is one, whatever mark the mapping gives for those in texts.
    assert found["7/closed"].value == found["A-8/closed"].value == Decimal("1234.5")
    assert found["7/opened"].attributes == {"channel": "web"}
    assert found["A-8/opened"].attributes == {}
    again = load()
    assert (again.recorded, again.replayed) == (0, 5)


def test_a_sheet_is_the_first_or_the_one_that_the_mapping_names(book, load):
    row = ["7", date(2026, 1, 5), None, "web", None]
    book(Notes=[["read me"]], Data=[HEADER, row])
    assert load('sheet = "Data"' + MAPPING).recorded == 1
    with pytest.raises(MappingError, match="no column 'num'; it has: read me"):
        load()
    with pytest.raises(MappingError, match="no sheet 'data'; it has: Notes, Data"):
        load('sheet = "data"' + MAPPING)


def test_cells_keep_what_the_file_says(book):
    cells = [
        True,
        0.1,
        3.0,
        123456789012345,
        -2.5e-7,
        1e20,
        time(9, 30),
        "007",
        "a_x000D_b",
    ]
    path = book(s=[["x"] * len(cells), cells])
    (_header, (number, found)) = list(sheet_rows(path))
    assert number == 2
    assert [
        str(cell) if isinstance(cell, str) else format(cell, "f") for cell in found
    ] == [
        "TRUE",
        "0.1",
        "3",
        "123456789012345",
        "-0.00000025",
        "100000000000000000000",
        "09:30:00",
        "007",
        "a\rb",
    ]


def changed(path, part, old, new):
    """Change a part of a workbook."""
    made = io.BytesIO()
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(made, "w") as after:
        for name in before.namelist():
            content = before.read(name)
            if name.endswith(part):
                assert old in content
                content = content.replace(old, new)
            after.writestr(name, content)
    path.write_bytes(made.getvalue())


def test_a_formula_is_what_it_gave_when_the_file_was_saved(book):
    path = book(s=[["n"], ["=1+1"], ["=2+2"]])
    changed(path, "sheet1.xml", b"<f>1+1</f><v />", b"<f>1+1</f><v>2</v>")
    assert [cells for _n, cells in sheet_rows(path)] == [["n"], [Decimal(2)]]


def test_a_wrong_dimension_and_rows_far_apart_do_not_matter(book):
    path = book(s=[["n"], ["a"], ["b"]])
    changed(path, "sheet1.xml", b'ref="A1:A3"', b'ref="A1"')
    changed(
        path, "sheet1.xml", b'<row r="3"><c r="A3"', b'<row r="900000"><c r="A900000"'
    )
    assert [n for n, _cells in sheet_rows(path)] == [1, 2, 900_000]


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("sheet1.xml", b'<row r="3"><c r="A3"', b'<row r="99999999999"><c r="A9"'),
        ("sheet1.xml", b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet'),
        ("workbook.xml", b"<workbook", b'<!DOCTYPE x [<!ENTITY a "b">]><workbook'),
        ("sheet1.xml", b"</row>", b""),
    ],
    ids=["endless", "entity", "entity in the book", "broken"],
)
def test_a_workbook_that_is_none_is_an_error_in_words(book, part, old, new):
    path = book(s=[["n"], ["a"], ["b"]])
    changed(path, part, old, new)
    with pytest.raises(FileError, match=r"workbook|at most 1,048,576 rows"):
        list(sheet_rows(path))


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"no archive at all", b"\xd0\xcf\x11\xe0"]
)
def test_what_is_no_archive_is_an_error_in_words(path, content):
    path.write_bytes(content)
    with pytest.raises(FileError, match="cannot be read as a workbook"):
        list(sheet_rows(path))


def test_a_workbook_that_is_not_there(path):
    with pytest.raises(FileError, match="cannot be opened"):
        list(sheet_rows(path))


@pytest.mark.parametrize("limit", ["MOST_UNPACKED", "MOST_BESIDES", "MOST_PARTS"])
def test_an_archive_that_would_unpack_to_too_much_is_not_unpacked(
    book, monkeypatch, limit
):
    path = book(s=[["n"], ["a"]])
    monkeypatch.setattr(f"indicators.services.workbooks.{limit}", 5)
    monkeypatch.setattr("indicators.services.workbooks.ExcelReader", None)
    with pytest.raises(FileError, match="too large"):
        list(sheet_rows(path))


def test_what_is_written_is_read_again(path):
    rows = [
        ["text", "number"],
        ["=1+1", "12.5"],
        ["#N/A", "1234567890123456.123456789012"],  # more than a number can hold
        ["a\x01b\r\n\tc_x0041_ \uffff", None],
        [" 007 ", "-0.000000000001"],
    ]
    write_rows(path, rows, 1)
    found = [cells for _number, cells in sheet_rows(path)]
    assert [
        [str(c) if not isinstance(c, Decimal) else format(c, "f") for c in row]
        for row in found
    ] == [[text or "" for text in row] for row in rows]
    assert isinstance(found[1][1], Decimal)


def test_what_a_sheet_cannot_hold_is_not_written(path, monkeypatch):
    with pytest.raises(FileError, match="longer than a cell"):
        write_rows(path, [["x" * 40_000]], 1)
    monkeypatch.setattr("indicators.services.workbooks.MOST_ROWS", 1)
    with pytest.raises(FileError, match="rows"):
        write_rows(path, [["a"], ["b"]], 1)


# --- what would fill the memory -----------------------------------------------------

SHEET = "xl/worksheets/sheet1.xml"
STRINGS, TYPES = "xl/sharedStrings.xml", "[Content_Types].xml"
DECLARED = (
    '<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.'
    'openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'
)
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
OTHER = 'xmlns:x="urn:x"'


def with_parts(path, others):
    """Write a workbook of which some parts are something else."""
    made = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(["a"])
    book.save(made)
    with (
        zipfile.ZipFile(made) as old,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        parts = {part: old.read(part).decode() for part in old.namelist()}
        if STRINGS in others:
            parts[TYPES] = parts[TYPES].replace("</Types>", f"{DECLARED}</Types>")
        for part, content in (parts | others).items():
            new.writestr(part, content)
    return path


def test_texts_that_cells_share_are_read(path):
    strings = f"<sst {MAIN}>{'<si><t>x</t></si>' * 3}<si><t>y</t></si></sst>"
    cells = sheet('<row><c t="s"><v>3</v></c></row>')
    with_parts(path, {STRINGS: strings, SHEET: cells})
    assert list(sheet_rows(path)) == [(1, ["y"])]


def sheet(inside):
    return f"<worksheet {MAIN} {OTHER}><sheetData>{inside}</sheetData></worksheet>"


@pytest.mark.parametrize(
    "inside",
    [
        "<row>" + "<c/>" * 100_001 + "</row>",
        # What only looks like the end of a row.
        "<row>" + ("<c/>" * 50_001 + "<!-- </row> --><x:row/>") * 2 + "</row>",
        "<row>" + ("<c/>" * 50_001 + "<row/>") * 2 + "</row>",
    ],
)
def test_a_row_of_endless_cells_is_refused(path, inside):
    with pytest.raises(FileError, match="16,384 cells"):
        list(sheet_rows(with_parts(path, {SHEET: sheet(inside)})))


def test_a_row_of_all_cells_that_a_sheet_has_is_read(path):
    inside = '<row><c t="inlineStr"><is><t>x</t></is></c>'
    inside += '<c t="inlineStr"><is><r><t>y</t></r></is></c>' * 16_383 + "</row>"
    ((_number, cells),) = sheet_rows(with_parts(path, {SHEET: sheet(inside)}))
    assert cells == ["x"] + ["y"] * 16_383


@pytest.mark.parametrize(
    ("limit", "part", "text"),
    [
        ("MOST_OUTSIDE", SHEET, sheet("<c/>" * 600)),
        ("MOST_OUTSIDE", "xl/styles.xml", f"<styleSheet {MAIN}>{'<row/>' * 600}"),
        ("MOST_RECORDS", SHEET, sheet('<row r="1"/>' * 600)),
        ("MOST_RECORDS", STRINGS, f"<sst {MAIN}>{'<si/>' * 600}"),
        ("LONGEST_RECORD", SHEET, sheet(f"<row>{'x' * 200_000}")),
        ("MOST_KEPT", SHEET, sheet("x" * 200_000)),
        ("MOST_KEPT", STRINGS, f"<sst {MAIN}>{'<si>x</si>' * 20_000}"),
    ],
)
def test_a_part_that_could_not_be_held_is_refused(path, monkeypatch, limit, part, text):
    few = 500 if limit.startswith("MOST_R") or limit == "MOST_OUTSIDE" else 100_000
    monkeypatch.setattr(f"indicators.services.archives.{limit}", few)
    with pytest.raises(FileError, match="the workbook is too large"):
        list(sheet_rows(with_parts(path, {part: text})))


def test_rows_that_end_are_not_counted_together(path, monkeypatch):
    monkeypatch.setattr("indicators.services.archives.MOST_INSIDE", 10)
    monkeypatch.setattr("indicators.services.archives.MOST_KEPT", 30_000)
    inside = "<row><c><v>1</v></c><c><v>2</v></c></row>" * 2_000
    assert len([*sheet_rows(with_parts(path, {SHEET: sheet(inside)}))]) == 2_000

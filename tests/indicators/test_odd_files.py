"""Files as they come: each gives events, or errors with a name."""

import csv
import gzip
import io
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings, strategies as st

from indicators.models import Stream
from indicators.services.files import FileError, lines_of
from indicators.services.intake import LineError, _Incoming, _Reader
from indicators.services.mapping import FileMapping, MappingError
from indicators.services.samples import sample_of
from tests import builders
from tests.indicators.test_xes import LOG

STREAM = Stream(code="s", types=["opened", "closed"], attributes=["channel"])
MAPPING = """
timezone = "Europe/Madrid"
case = "num"
attributes = ["channel"]
missing = ["-", "?"]
[[event]]
type = "opened"
at = "in"
[[event]]
type = "closed"
at = "out"
value = "euros"
"""
HEADER = "num,in,out,channel,euros\n"


def read(path, mapping):
    """Read a file: each line an event of the stream, or its refusal's code."""
    reader = _Reader(STREAM, latest=builders.NOW)
    for number, raw in lines_of(path, mapping, STREAM):
        try:
            if isinstance(raw, LineError):
                raise raw
            yield number, reader.read(number, raw)
        except LineError as error:
            yield number, error.code


@pytest.fixture
def lines(tmp_path):
    def do(content, entries="", name="f.csv", toml=MAPPING):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return [item for _n, item in read(path, FileMapping.from_toml(entries + toml))]

    return do


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("content", "entries", "channel"),
    [
        (b"\xef\xbb\xbf" + HEADER.encode() + b"1,2026-01-05,,web,\n", "", "web"),
        (
            (HEADER + "1,2026-01-05,,web,\n").encode("utf-16"),
            'encoding = "utf-16"\n',
            "web",
        ),
        (
            (HEADER + '1,2026-01-05,,"a,b",\n').replace(",", ";").encode(),
            'delimiter = ";"\n',
            "a;b",
        ),
        (
            (HEADER + "1,2026-01-05,,Atenció,\n").encode("latin-1"),
            'encoding = "latin-1"\n',
            "Atenció",
        ),
        (
            (HEADER + "1,2026-01-05,,10 € “web”,\n").encode("cp1252"),
            'encoding = "cp1252"\n',
            "10 € “web”",
        ),
        (
            (HEADER + "1,5/1/2026,,web,\n").encode(),
            'datetime_format = "%d/%m/%Y"\n',
            "web",
        ),
    ],
    ids=["bom", "utf-16", "semicolon", "latin-1", "cp1252", "day-month"],
)
def test_a_file_in_whatever_dress(lines, content, entries, channel):
    (event,) = lines(content, entries)
    assert (event.case, event.at) == ("1", utc(2026, 1, 4, 23))
    assert event.attributes == f'{{"channel":"{channel}"}}'


def test_a_file_in_another_dress_than_the_mapping_says_is_an_error(lines):
    content = (HEADER + "1,2026-01-05,,Atenció,\n").encode("cp1252")
    with pytest.raises(FileError, match="cannot be read: 'utf-8' codec"):
        lines(content)
    with pytest.raises(MappingError, match="no column 'num'"):
        lines(HEADER.replace(",", ";"))
    with pytest.raises(FileError, match="cannot be read"):
        lines(HEADER, 'encoding = "utf-16"\n')


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("31/12/2025", utc(2025, 12, 30, 23)),
        ("1/2/2026", utc(2026, 1, 31, 23)),
        ("12/31/2025", "bad_instant"),
        ("31/02/2026", "bad_instant"),
        ("1/2/26", "bad_instant"),
    ],
)
def test_day_and_month_are_what_the_mapping_says(lines, text, found):
    (event,) = lines(f"{HEADER}1,{text},,,\n", 'datetime_format = "%d/%m/%Y"\n')
    assert getattr(event, "at", event) == found


def test_marks_of_nothing_are_nothing_and_the_case_na_is_a_case(lines):
    found = lines(
        HEADER
        + "NA,2026-01-05,?,-,\n"
        + "?,2026-01-05,,,\n"
        + "null,2026-01-05,-,NA,\n"
        + "2,?,2026-01-06,web,-\n"
    )
    assert [getattr(e, "case", e) for e in found] == ["NA", "missing_case", "null"]
    assert [e.attributes for e in found if e != "missing_case"] == [
        "{}",
        '{"channel":"NA"}',
    ]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-07-01T10:00:00+02:00", utc(2026, 7, 1, 8)),
        ("2026-07-01 10:00:00-0500", utc(2026, 7, 1, 15)),
        ("2026-07-01T10:00Z", utc(2026, 7, 1, 10)),
        ("2026-07-01T10:00:00.5+05:30", utc(2026, 7, 1, 4, 30, 0, 500_000)),
        ("2026-07-01T10:00", utc(2026, 7, 1, 8)),
        # In Madrid 2:30 came twice on 25 October: it is the first of the two.
        ("2026-10-25T02:30", utc(2026, 10, 25, 0, 30)),
        ("2026-10-25T02:30+01:00", utc(2026, 10, 25, 1, 30)),
        # It did not come on 29 March: it is half an hour after the clocks went on.
        ("2026-03-29T02:30", utc(2026, 3, 29, 1, 30)),
        ("2026-03-29T01:59", utc(2026, 3, 29, 0, 59)),
        ("2026-03-29T03:00", utc(2026, 3, 29, 1)),
    ],
)
def test_offsets_may_differ_and_local_times_are_those_of_the_zone(lines, text, instant):
    (event,) = lines(f"{HEADER}1,{text},,,\n")
    assert event.at == instant


@pytest.mark.parametrize("name", ["f.csv", "f.ndjson"])
def test_a_line_without_end_does_not_fill_the_memory(lines, name):
    with pytest.raises(FileError, match="cannot be read"):
        lines(HEADER + ("1" * 50 + ",") * 30_000, name=name)


@pytest.mark.parametrize(
    "read_it",
    [
        lambda path: list(lines_of(path, FileMapping.from_toml(MAPPING), STREAM)),
        lambda path: sample_of(path, types=()),
    ],
    ids=["import", "sample"],
)
def test_a_row_over_many_lines_does_not_fill_the_memory(tmp_path, read_it):
    """A line break in quotes goes on with the row: no line is long."""
    path = tmp_path / "f.csv.gz"
    path.write_bytes(gzip.compress(HEADER.encode() + (b'"\n"' + b"," * 100) * 19_000))
    with pytest.raises(FileError, match="a row has more than a million letters"):
        read_it(path)


# Whatever comes: rows, or an error of ours.


def workbook():
    book = openpyxl.Workbook()
    book.active.append(HEADER.strip().split(","))
    book.active.append(["1", datetime(2026, 1, 5), "2026-01-06", "web", 12.5])
    book.active.append([2, "2026-01-06", None, True, None])
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def table():
    made = io.StringIO()
    rows = [
        ["1", "2026-01-05", "2026-01-06", 'a"b,c\nd', "1.5"],
        ["2", "2026-01-07", "", "é", ""],
    ]
    csv.writer(made).writerows([HEADER.strip().split(","), *rows])
    return made.getvalue().encode()


OWN = b'id,case,type,at,value,attributes\n1,c,opened,2026-01-05T00:00Z,1.5,"{""channel"":1}"\n'
JSON = (
    b'{"id":"1","case":"c","type":"opened","at":"2026-01-05T00:00:00Z","value":1.5}\n'
    b'{"num":"1","in":"2026-01-05","out":null,"channel":"\\ud800","euros":[1]}\n'
)
LONG = """
timezone = "Europe/Madrid"
case = "case:concept:name"
[long]
type = "concept:name"
at = "time:timestamp"
"""
VALID = [
    ("f.csv", table(), MAPPING),
    ("f.csv", OWN, ""),
    ("f.ndjson", JSON, ""),
    ("f.ndjson", JSON, MAPPING),
    ("f.ndjson", JSON, LONG.replace("case:concept:name", "num")),
    ("f.xlsx", workbook(), MAPPING),
    ("f.xlsx", workbook(), ""),
    ("f.xes", LOG.encode(), ""),
    ("f.xes", LOG.encode(), LONG),
]
PIECES = st.binary(max_size=6) | st.sampled_from(
    [
        b"\x00",
        b'"',
        b"<",
        b"&#0;",
        b"]]>",
        b"_xD800_",
        b"1E999",
        b"9" * 400,
        b"\xff\xfe",
    ]
)
CHANGES = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 40), PIECES),
    min_size=1,
    max_size=4,
)


def damaged(content, changes):
    for where, length, piece in changes:
        at = int(where * len(content))
        content = content[:at] + piece + content[at + length :]
    return content


def damaged_inside(content, part, changes):
    """Damage a part of a workbook, so that the archive itself stays whole."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        names = old.namelist()
        for name in names:
            hurt = name == names[int(part * len(names))] or "sheet1" in name
            inside = old.read(name)
            new.writestr(name, damaged(inside, changes) if hurt else inside)
    return made.getvalue()


def gives_lines_or_an_error_of_ours(name, content, toml):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            for _number, found in read(
                path, FileMapping.from_toml(toml) if toml else None
            ):
                assert isinstance(found, _Incoming | str)
        except (FileError, MappingError):
            pass


@settings(max_examples=250)
@given(
    name=st.sampled_from(["csv", "ndjson", "xlsx", "xes", "csv.gz", "xes.gz", "zip"]),
    content=st.binary(max_size=300),
    toml=st.sampled_from(["", MAPPING, LONG]),
)
def test_any_bytes_give_lines_or_an_error(name, content, toml):
    gives_lines_or_an_error_of_ours(f"f.{name}", content, toml)


@settings(max_examples=500)
@given(valid=st.sampled_from(VALID), changes=CHANGES, packed=st.booleans())
def test_a_damaged_file_gives_lines_or_an_error(valid, changes, packed):
    name, content, toml = valid
    content = damaged(content, changes)
    if packed and name != "f.xlsx":
        name, content = f"{name}.gz", gzip.compress(content)
    gives_lines_or_an_error_of_ours(name, content, toml)


@settings(max_examples=200)
@given(
    part=st.floats(0, 1, exclude_max=True),
    changes=CHANGES,
    toml=st.sampled_from(["", MAPPING]),
)
def test_a_workbook_damaged_inside_gives_lines_or_an_error(part, changes, toml):
    content = damaged_inside(workbook(), part, changes)
    gives_lines_or_an_error_of_ours("f.xlsx", content, toml)


@settings(max_examples=60)
@given(valid=st.sampled_from(VALID), changes=CHANGES)
def test_a_damaged_archive_gives_lines_or_an_error(valid, changes):
    name, content, toml = valid
    packed = damaged(gzip.compress(content), changes)
    gives_lines_or_an_error_of_ours(f"{name}.gz", packed, toml)

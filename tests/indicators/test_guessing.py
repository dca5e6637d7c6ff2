"""What is guessed from the first rows of a file, in any dress that a file may have."""

import csv
import io
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given, settings, strategies as st

from indicators.models import Stream
from indicators.services.files import lines_of
from indicators.services.guessing import (
    Declared,
    Guess,
    guess,
    guess_delimiter,
    guess_encoding,
)
from indicators.services.intake import LineError
from indicators.services.mapping import FileMapping, LongEvents, WideEvent
from indicators.services.samples import kind_of, sample_of
from indicators.services.tables import FileError
from tests.indicators.test_xes import LOG

ZONE = ZoneInfo("Europe/Madrid")
DECLARED = Declared(("opened", "closed"), ("barri", "due"), ZONE)


def look(content: bytes, name: str = "f.csv", declared: Declared = DECLARED) -> Guess:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        sample = sample_of(path, types=declared.types)
    return guess(
        sample.header,
        sample.rows,
        declared,
        encoding=sample.encoding,
        delimiter=sample.delimiter,
    )


# --- any dress --------------------------------------------------------------------

DATES = {
    "": "%Y-%m-%d %H:%M:%S",
    **{
        form: form
        for form in (
            "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%d/%m/%y",
            "%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%d-%m-%Y %H:%M:%S",
            "%Y/%m/%d %H:%M:%S.%f", "%d/%m/%YT%H:%M",
        )
    },
}  # fmt: skip
PLACES = st.sampled_from(["Eixample", "Gràcia", "Sant Martí; nord", 'La "Barceloneta"'])
# A day beyond the twelfth and another one: the order can be known.
DECIDING = datetime(2025, 3, 14, 9, 30)


def as_written(at: datetime, form: str) -> datetime:
    """What is left of an instant once it has been written down."""
    return datetime.strptime(at.strftime(DATES[form]), DATES[form])  # noqa: DTZ007


@st.composite
def dresses(draw):
    """A table and how it is written, with the events that it tells of."""
    form = draw(st.sampled_from(sorted(DATES)))
    dated = st.datetimes(datetime(2020, 1, 1), datetime(2026, 1, 1)).map(
        lambda at: as_written(at, form)
    )
    mark = draw(st.sampled_from(["", "-", "?", "N/A", "NULL"]))
    number = draw(st.integers(4, 12))
    rows = []
    for case in range(1, number + 1):
        opened = as_written(DECIDING, form) if case == 1 else draw(dated)
        # Something is closed in the first rows, and not all is closed.
        closed = None if case == 2 else opened + timedelta(days=case % 3)
        rows.append((f"E-{case}", opened, closed, draw(PLACES)))
    return (
        rows,
        form,
        mark,
        draw(st.sampled_from(",;\t|")),
        draw(st.sampled_from(["utf-8", "utf-8-sig", "latin-1", "cp1252", "utf-16"])),
        draw(st.sampled_from(["\n", "\r\n"])),
    )


HEADERS = st.sampled_from(
    [
        ("num", "opened", "closed"),
        ("Expedient", "Data d'obertura", "Data de tancament"),
        ("Expediente", "Fecha de entrada", "Fecha de resolución"),
        ("Pratica", "Data di ricezione", "Data di chiusura"),
        ("Case ID", "Created Date", "Closed Date"),
    ]
)


def written(table, delimiter, encoding, end) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(table)
    return out.getvalue().encode(encoding)


def events_of(content: bytes, mapping: FileMapping, name: str = "f.csv"):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        found = [item for _line, item in lines_of(path, mapping, Stream())]
    assert not [item for item in found if isinstance(item, LineError)]
    return {
        (item["case"], item["type"], item["at"], item["attributes"].get("barri"))
        for item in found
    }


def truth(rows):
    found = set()
    for case, opened, closed, place in rows:
        found.add((case, "opened", opened.replace(tzinfo=ZONE), place))
        if closed:
            found.add((case, "closed", closed.replace(tzinfo=ZONE), place))
    return found


@settings(max_examples=150)
@given(dresses(), HEADERS)
def test_a_table_with_a_line_for_each_case_is_guessed_right(dress, names):
    rows, form, mark, delimiter, encoding, end = dress

    def cell(at):
        return at.strftime(DATES[form]) if at else mark

    table = [
        (*names, "barri", "teléfono"),
        *((case, cell(o), cell(c), place, "612345678") for case, o, c, place in rows),
    ]
    content = written(table, delimiter, encoding, end)
    found = look(content)
    assert found.open_formats == ()
    assert FileMapping.from_toml(found.mapping.to_toml()) == found.mapping
    assert events_of(content, found.mapping) == truth(rows)
    assert "teléfono" not in found.mapping.columns()


@settings(max_examples=150)
@given(
    dresses(),
    st.sampled_from([("case", "event", "timestamp"), ("Expedient", "Tràmit", "Data")]),
)
def test_a_table_with_a_line_for_each_event_is_guessed_right(dress, names):
    rows, form, _mark, delimiter, encoding, end = dress
    table = [(*names, "barri")]
    for case, opened, closed, place in rows:
        table.append((case, "Opened", opened.strftime(DATES[form]), place))
        if closed:
            table.append((case, "closed", closed.strftime(DATES[form]), place))
    content = written(table, delimiter, encoding, end)
    found = look(content)
    assert found.mapping.long is not None
    assert found.open_formats == ()
    assert events_of(content, found.mapping) == truth(rows)


@settings(max_examples=25)
@given(dresses(), HEADERS)
def test_a_sheet_is_guessed_like_a_table(dress, names):
    rows, *_others = dress
    book = openpyxl.Workbook()
    book.active.append([*names, "barri"])
    for case, opened, closed, place in rows:
        # A sheet knows no more than milliseconds.
        book.active.append(
            [
                case,
                opened.replace(microsecond=0),
                closed and closed.replace(microsecond=0),
                place,
            ]
        )
    out = io.BytesIO()
    book.save(out)
    found = look(out.getvalue(), "f.xlsx")
    assert events_of(out.getvalue(), found.mapping, "f.xlsx") == truth(
        [
            (case, o.replace(microsecond=0), c and c.replace(microsecond=0), place)
            for case, o, c, place in rows
        ]
    )


# --- how it is written ------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"abc", "utf-8-sig"),
        ("\ufeffnúm".encode(), "utf-8-sig"),
        ("núm".encode(), "utf-8-sig"),
        ("núm".encode("latin-1"), "latin-1"),
        ("“núm” 5 €".encode("cp1252"), "cp1252"),
        ("núm".encode("utf-16"), "utf-16"),
        ("núm".encode()[:2], "latin-1"),  # cut in the middle of a letter
        (b"", "utf-8-sig"),
    ],
)
def test_encodings(content, encoding):
    assert guess_encoding([content]) == encoding
    # However it is cut into pieces.
    if encoding != "utf-16":
        assert (
            guess_encoding(content[i : i + 1] for i in range(len(content))) == encoding
        )


@pytest.mark.parametrize(
    ("lines", "delimiter"),
    [
        (["a;b\n", '"1,5";"2,5"\n'], ";"),
        (["a,b\n", '"x;y",z\n'], ","),
        (["a\tb, c\n", "1\t2\n"], "\t"),
        (["only one\n", "1\n"], ","),
        ([], ","),
    ],
)
def test_delimiters(lines, delimiter):
    assert guess_delimiter(lines) == delimiter


# --- dates ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dates", "form", "both"),
    [
        (["03/04/2026", "05/06/2026"], "%d/%m/%Y", ("%d/%m/%Y", "%m/%d/%Y")),
        (["03/04/2026", "13/06/2026"], "%d/%m/%Y", ()),
        (["03/04/2026", "06/13/2026"], "%m/%d/%Y", ()),
        (["3/4/26", "30/4/26"], "%d/%m/%y", ()),
        (["2026-01-05T09:00:00+01:00", "2026-07-01"], "", ()),
    ],
)
def test_the_values_decide_what_comes_first_or_it_is_asked(dates, form, both):
    rows = "".join(f"{n},{day}\n" for n, day in enumerate(dates, start=1))
    found = look(f"num,opened\n{rows}".encode())
    assert (found.mapping.datetime_format, found.open_formats) == (form, both)


def test_another_column_decides():
    found = look(b"num,opened,closed\n1,03/04/2026,13/04/2026\n")
    assert (found.mapping.datetime_format, found.open_formats) == ("%d/%m/%Y", ())


def test_one_typing_error_does_not_make_a_column_of_dates_another():
    rows = "".join(f"{n},{n:02d}/01/2026\n" for n in range(1, 25))
    found = look(f"num,opened\n{rows}99,31/02/2026\n".encode())
    assert found.mapping.wide == (WideEvent("opened", "opened"),)


def test_years_are_periods_only_where_the_column_says_so():
    assert look(b"num,year\n1,2024\n2,2025\n").mapping.datetime_format == "period"
    assert look(b"num,places\n1,2024\n2,2025\n").mapping.datetime_format == ""


def test_what_should_happen_is_no_event_but_may_be_an_attribute():
    found = look(b"num,opened,due\n1,2026-01-05,2026-02-05\n").mapping
    assert found.wide == (WideEvent("opened", "opened"),)
    assert found.instants == ("due",)


# --- marks and numbers ------------------------------------------------------------


def test_the_case_na_is_a_case():
    found = look(b"num,opened,closed\nNA,2026-01-05,N/A\nB,2026-01-06,2026-01-07\n")
    assert found.mapping.missing == {"", "N/A"}
    assert found.mapping.case == "num"


@pytest.mark.parametrize(
    ("numbers", "decimal", "thousands"),
    [
        (["7,5", "1.234,5"], ",", "."),
        (["7.5", "1,234.5"], ".", ","),
        (["7", "8"], ".", ""),
        (["1.234.567"], ",", "."),
    ],
)
def test_numbers(numbers, decimal, thousands):
    declared = Declared(("answered",), (), ZONE)
    rows = "".join(f"{n};2026-01-05;{v}\n" for n, v in enumerate(numbers, start=1))
    found = look(f"num;data;valor\n{rows}".encode(), declared=declared).mapping
    assert (found.decimal, found.thousands) == (decimal, thousands)
    assert found.wide == (WideEvent("answered", "data", "valor"),)


# --- personal data ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "cell", "kind"),
    [
        ("Cognoms", "x", "name"),
        ("correu", "x", "e-mail address"),
        ("contacte 2", "anna@example.org", "e-mail address"),
        ("doc", "12345678Z", "identity number"),
    ],
)
def test_personal_columns_are_named_and_their_cells_forgotten(name, cell, kind):
    declared = Declared(("opened",), (name,), ZONE)
    found = look(
        f"num,opened,{name}\n1,2026-01-05,{cell}\n".encode(), declared=declared
    )
    (column,) = [item for item in found.columns if item.name == name]
    assert (column.personal, column.texts) == (kind, ())
    assert found.mapping.attributes == ()
    allowed = Declared(("opened",), (name,), ZONE, frozenset({name}))
    again = look(f"num,opened,{name}\n1,2026-01-05,{cell}\n".encode(), declared=allowed)
    assert again.mapping.attributes == (name,)


# --- nothing makes it fail --------------------------------------------------------


@settings(max_examples=150)
@given(
    st.binary(max_size=300), st.sampled_from(["f.csv", "f.ndjson", "f.xes", "f.csv.gz"])
)
def test_whatever_it_is_there_is_a_guess_or_a_named_error(content, name):
    try:
        found = look(content, name)
    except FileError:
        return
    assert found.mapping.zone == ZONE


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@settings(max_examples=150)
@given(st.lists(TEXTS, max_size=4), st.lists(st.lists(TEXTS, max_size=4), max_size=5))
def test_any_table_is_guessed_at(header, rows):
    found = guess(header, rows, DECLARED)
    assert {column.name for column in found.columns} <= set(header)


def test_empty_and_bare_tables():
    for content in (b"", b"\n", b"num,opened\n", b"x\n"):
        assert look(content).mapping.wide == ()


# --- what needs no mapping --------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "ready"),
    [
        ("f.csv", b"id,case,type,at\n", True),
        ("f.csv", b"num,in\n", False),
        ("f.ndjson", b'{"id":"a","case":"b","type":"c","at":"d"}\n', True),
        ("f.ndjson", b'{"num":1,"in":"2026-01-05"}\n[1]\nbad\n', False),
        ("f.xes", LOG.encode(), False),
    ],
)
def test_files_that_are_read_as_they_are(tmp_path, name, content, ready):
    (tmp_path / name).write_bytes(content)
    assert sample_of(tmp_path / name, types=["opened"]).ready is ready


def test_kinds():
    assert [
        kind_of(name) for name in ("A.CSV", "a.b.ndjson.gz", "x.xlsx", "y.XES")
    ] == [
        "csv",
        "ndjson",
        "xlsx",
        "xes",
    ]


# --- what would fill the memory -----------------------------------------------------


def xes(*events):
    return f"<log><trace>{''.join(events)}</trace></log>".encode()


def attribute(key, text="x"):
    return f'<string key="{key}" value="{text}"/>'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("f.csv", ",".join(f"c{n}" for n in range(1_001)).encode()),
        (
            "f.ndjson",
            "\n".join(f'{{"a{n}":1,"b{n}":1,"c{n}":1}}' for n in range(334)).encode(),
        ),
        (
            "f.xes",
            xes(*(f"<event>{attribute(f'k{n}')}</event>" for n in range(1_001))),
        ),
    ],
)
def test_a_table_of_too_many_columns_is_none(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileError, match="more than 1,000 columns"):
        sample_of(tmp_path / name, types=["opened"])


@pytest.mark.parametrize("most", [("MOST_CELLS", 20), ("MOST_LETTERS", 200)])
@pytest.mark.parametrize("kind", ["csv", "ndjson", "xlsx", "xes"])
def test_a_sample_is_as_long_as_can_be_held(tmp_path, monkeypatch, kind, most):
    monkeypatch.setattr(f"indicators.services.samples.{most[0]}", most[1])
    path = tmp_path / f"f.{kind}"
    cell, rows = "x" * 10, 100
    if kind == "xlsx":
        book = openpyxl.Workbook()
        for _row in range(rows):
            book.active.append([cell, cell])
        book.save(path)
    else:
        path.write_text(
            {
                "csv": "a,b\n" + f"{cell},{cell}\n" * rows,
                "ndjson": f'{{"a":"{cell}","b":"{cell}"}}\n' * rows,
                "xes": xes(f"<event>{attribute('a', cell)}</event>" * rows).decode(),
            }[kind]
        )
    sample = sample_of(path, types=["opened"])
    assert 2 <= len(sample.rows) <= 11


def test_rows_are_as_wide_as_the_table_in_what_a_sample_holds(tmp_path, monkeypatch):
    """Few names in each row, but many in all of them together."""
    monkeypatch.setattr("indicators.services.samples.MOST_CELLS", 1_000)
    path = tmp_path / "f.ndjson"
    path.write_text("".join(f'{{"a{n % 100}":1}}\n' for n in range(500)))
    sample = sample_of(path, types=["opened"])
    assert {len(row) for row in sample.rows} == {len(sample.header)}
    assert 500 < len(sample.header) * len(sample.rows) <= 1_000


# --- real files -------------------------------------------------------------------

STAMP = "time:timestamp"


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "types", "case", "events", "both"),
    [
        (
            "nyc311_sample_2022.csv",
            ("opened", "closed"),
            "Unique Key",
            (WideEvent("opened", "Created Date"), WideEvent("closed", "Closed Date")),
            # All of it is of the fifth of May, or of the first: nobody can tell.
            ("%d/%m/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M:%S %p"),
        ),
        (
            "boston311_2011.csv.gz",
            ("opened", "closed"),
            "CASE_ENQUIRY_ID",
            (WideEvent("opened", "OPEN_DT"), WideEvent("closed", "CLOSED_DT")),
            (),
        ),
        (
            "receipt_wabo_nl.csv",
            ("confirmation of receipt",),
            "case:concept:name",
            LongEvents(
                "concept:name",
                STAMP,
                "",
                {"Confirmation of receipt": "confirmation of receipt"},
                "skip",
            ),
            (),
        ),
        (
            "bpic2013_incidents.csv.gz",
            ("Accepted", "Queued", "Completed", "Unmatched"),
            "case",
            LongEvents(
                "concept:name",
                STAMP,
                "",
                {
                    name: name
                    for name in ("Accepted", "Queued", "Completed", "Unmatched")
                },
            ),
            (),
        ),
        (
            "sepsis_er.csv",
            ("ER Registration",),
            "Case ID",
            LongEvents(
                "Activity",
                "Complete Timestamp",
                "",
                {"ER Registration": "ER Registration"},
                "skip",
            ),
            (),
        ),
    ],
)
def test_real_files(shared_data, name, types, case, events, both):
    declared = Declared(types, (), ZONE)
    sample = sample_of(shared_data / name, types=types)
    found = guess(sample.header, sample.rows, declared)
    assert found.mapping.case == case
    assert (found.mapping.wide or found.mapping.long) == events
    assert found.open_formats == both


@pytest.mark.real_data
def test_the_permit_log_is_read_by_its_guess(shared_data):
    """As many events as the log has, none refused."""
    path = shared_data / "receipt_wabo_nl.csv"
    declared = Declared(("confirmation of receipt",), ("case:channel",), ZONE)
    sample = sample_of(path, types=declared.types)
    mapping = guess(sample.header, sample.rows, declared).mapping
    found = [item for _line, item in lines_of(path, mapping, Stream())]
    with path.open(encoding="utf-8") as file:
        rows = [
            r
            for r in csv.DictReader(file)
            if r["concept:name"] == "Confirmation of receipt"
        ]
    assert len(found) == len(rows) > 1_000
    assert {item["attributes"]["case:channel"] for item in found} == {
        row["case:channel"] for row in rows
    }

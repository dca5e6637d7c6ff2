"""How the rows of somebody's file become events."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from indicators.services.intake import LineError
from indicators.services.mapping import (
    FileMapping,
    LongEvents,
    MappingError,
    WideEvent,
)

WIDE = """
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
"""
LONG = """
timezone = "Europe/Madrid"
case = "case"
[long]
type = "activity"
at = "time"
[long.types]
"Register" = "opened"
"""


def read(toml: str, **row: str) -> list:
    return list(FileMapping.from_toml(toml).events(row))


def at(event: dict) -> datetime:
    return event["at"].astimezone(UTC)


def test_a_wide_row_is_one_event_per_instant_that_happened():
    opened, closed = read(
        WIDE, num="7", channel="web", **{"in": "2026-01-05T09:00", "out": "2026-01-06"}
    )
    assert opened["id"] == "7/opened"
    assert (opened["case"], opened["type"]) == ("7", "opened")
    assert opened["attributes"] == {"channel": "web"}
    assert at(opened) == datetime(2026, 1, 5, 8, tzinfo=UTC)
    assert at(closed) == datetime(2026, 1, 5, 23, tzinfo=UTC)


@pytest.mark.parametrize("nothing", ["", " ", "-", " ? "])
def test_a_missing_instant_has_not_happened_and_a_missing_attribute_is_none(nothing):
    row = {"num": "7", "channel": nothing, "in": "2026-01-05", "out": nothing}
    (opened,) = read(WIDE, **row)
    assert opened["attributes"] == {}


def test_a_missing_case_is_refused():
    found = read(WIDE, num="?", channel="", **{"in": "2026-01-05", "out": "-"})
    assert [error.code for error in found] == ["missing_case"]


def test_a_long_row_is_one_event_named_by_its_content():
    row = {"case": "9", "activity": "Register", "time": "2026-07-01T12:00:00+00:00"}
    (one,), (same,), (other,) = (
        read(LONG, **row),
        read(LONG, **row),
        read(LONG, **(row | {"time": "2026-07-01T12:00:01+00:00"})),
    )
    assert one["type"] == "opened"
    assert one["id"] == same["id"] != other["id"]
    assert one["id"].startswith("9/")


@pytest.mark.parametrize(
    ("other", "types"), [("keep", ["Archive"]), ("skip", []), ("step", ["step"])]
)
def test_a_type_that_is_not_named_is_kept_skipped_or_renamed(other, types):
    toml = LONG.replace("[long.types]", f'other = "{other}"\n[long.types]')
    found = read(toml, case="9", activity="Archive", time="2026-07-01")
    assert [event["type"] for event in found] == types


@pytest.mark.parametrize(
    ("column", "code"),
    [("activity", "missing_type"), ("time", "missing_at"), ("case", "missing_case")],
)
def test_a_long_row_needs_its_three_columns_filled(column, code):
    row = {"case": "9", "activity": "Register", "time": "2026-07-01"} | {column: " "}
    (error,) = read(LONG, **row)
    assert isinstance(error, LineError)
    assert error.code == code


def test_templates_join_columns_and_miss_when_one_is_missing():
    toml = """
    case = "{period}/{org}"
    [[event]]
    type = "reported"
    at = "{period}-01"
    value = "n"
    """
    (found,) = read(toml, period="2026-03", org="A1", n="12")
    assert (found["case"], found["value"]) == ("2026-03/A1", "12")
    assert at(found) == datetime(2026, 3, 1, tzinfo=UTC)
    assert read(toml, period="2026-03", org="A1", n="") == []
    (error,) = read(toml, period="2026-03", org="", n="12")
    assert error.code == "missing_case"


@pytest.mark.parametrize(
    ("entry", "text", "expected"),
    [
        ("%m/%d/%Y %I:%M:%S %p", "03/29/2026 11:30:00 PM", (2026, 3, 29, 21, 30)),
        ("%d-%m-%y", "05-01-26", (2026, 1, 4, 23)),
        ("period", "2026-Q2", (2026, 3, 31, 22)),
        ("period", "Q2 2026", (2026, 3, 31, 22)),
        ("period", "Q1/2026", (2025, 12, 31, 23)),
        ("period", "2026-S2", (2026, 6, 30, 22)),
        ("period", "2026-02", (2026, 1, 31, 23)),
        ("period", "2026", (2025, 12, 31, 23)),
        ("", "2026-01-05T09:00:00Z", (2026, 1, 5, 9)),
    ],
)
def test_instants_in_the_forms_that_files_have(entry, text, expected):
    toml = WIDE.replace("missing", f'datetime_format = "{entry}"\nmissing')
    (found,) = read(toml, num="1", channel="", **{"in": text, "out": ""})
    assert at(found) == datetime(*expected, tzinfo=UTC)


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("", "05/01/2026"),
        ("", "2026-02-30"),
        ("%d/%m/%Y", "31/02/2026"),
        ("%d/%m/%Y", "2026-01-05"),
        ("period", "2026-Q5"),
        ("period", "spring"),
        ("period", "2026-13"),
    ],
)
def test_a_broken_date_is_refused_and_shown(entry, text):
    toml = WIDE.replace("missing", f'datetime_format = "{entry}"\nmissing')
    (error,) = read(toml, num="1", channel="", **{"in": text, "out": ""})
    assert error.code == "bad_instant"
    assert text in str(error)


def test_a_decimal_comma_is_read():
    toml = """
    case = "c"
    decimal = ","
    thousands = "."
    [[event]]
    type = "paid"
    at = "d"
    value = "euros"
    """
    (found,) = read(toml, c="1", d="2026-01-05", euros="1.234,50")
    assert found["value"] == "1234.50"


def test_an_attribute_may_be_an_instant_of_its_own():
    toml = WIDE.replace("missing", 'instants = ["target"]\nmissing')
    row = {
        "num": "1",
        "channel": "",
        "in": "2026-01-05",
        "out": "",
        "target": "2026-07-01T10:00",
    }
    (found,) = read(toml, **row)
    assert found["attributes"] == {"target": "2026-07-01T10:00:00+02:00"}


def test_an_identifier_column_names_the_events():
    toml = WIDE.replace("missing", 'id = "key"\nmissing')
    (found,) = read(
        toml, num="1", channel="", key="K", **{"in": "2026-01-05", "out": ""}
    )
    assert found["id"] == "K/opened"
    toml = LONG.replace("[long]", 'id = "key"\n[long]')
    (found,) = read(toml, case="1", activity="x", time="2026-01-05", key="K")
    assert found["id"] == "K"


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("case = ", "no valid TOML"),
        ("colour = 1", "unknown entry 'colour'"),
        ("", "either [[event]] entries or one [long]"),
        (WIDE + LONG.partition('case = "case"')[2], "either [[event]]"),
        ('[[event]]\ntype = "a"\nat = "b"', "which column names the case"),
        (WIDE.replace("Europe/Madrid", "Mars/Base"), "'Mars/Base' is no time zone"),
        (WIDE.replace("Europe/Madrid", "../etc"), "no time zone"),
        (WIDE.replace('at = "in"', ""), "in [event]"),
        (WIDE.replace('at = "in"', 'at = "in"\nhue = 1'), "in [event]"),
        (WIDE.replace("missing", 'delimiter = ";;"\nmissing'), "delimiter"),
        (WIDE.replace("missing", "delimiter = 5\nmissing"), "'delimiter'"),
        (WIDE.replace("missing", 'decimal = ""\nmissing'), "decimal mark"),
        (WIDE.replace('timezone = "Europe/Madrid"', "timezone = 5"), "'timezone'"),
        (WIDE.replace("missing", 'instants = "in"\nmissing'), "'instants'"),
        (WIDE.replace('at = "in"', "at = 5"), "in [event]: 'at'"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused_in_words(toml, words):
    with pytest.raises(MappingError) as caught:
        FileMapping.from_toml(toml)
    assert words in str(caught.value)


def test_a_wrong_column_is_named_with_those_there_are():
    with pytest.raises(MappingError) as caught:
        FileMapping.from_toml(WIDE).check_columns(["num", "in", "OUT", "channel"])
    assert str(caught.value) == (
        "the file has no column 'out'; it has: num, in, OUT, channel"
    )


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
WIDE_EVENTS = st.lists(
    st.builds(WideEvent, NAMES, NAMES, WORDS), min_size=1, max_size=3
).map(tuple)
LONG_EVENTS = st.builds(
    LongEvents, NAMES, NAMES, WORDS, st.dictionaries(WORDS, NAMES, max_size=3), NAMES
)


@given(
    st.builds(
        FileMapping,
        zone=st.sampled_from([ZoneInfo("UTC"), ZoneInfo("Europe/Madrid")]),
        case=NAMES,
        id=WORDS,
        attributes=st.lists(WORDS, max_size=3).map(tuple),
        instants=st.lists(WORDS, max_size=3).map(tuple),
        encoding=NAMES,
        delimiter=NAMES.map(lambda text: text[0]),
        missing=st.sets(WORDS, max_size=3).map(lambda marks: frozenset({"", *marks})),
        datetime_format=WORDS,
        decimal=NAMES,
        thousands=WORDS,
        sheet=WORDS,
    ),
    WIDE_EVENTS | LONG_EVENTS,
)
def test_a_mapping_is_written_as_it_is_read(mapping, events):
    parts = {"wide": events} if isinstance(events, tuple) else {"long": events}
    mapping = replace(mapping, **parts)
    assert FileMapping.from_toml(mapping.to_toml()) == mapping

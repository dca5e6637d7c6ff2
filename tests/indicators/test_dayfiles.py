"""Days from a table and from an iCalendar."""

from collections.abc import Iterator
from datetime import date, datetime, time

import pytest
from dateutil.rrule import rrulestr
from django.utils.translation import override
from hypothesis import given, strategies as st

from indicators.services.dayfiles import (
    DayFileError,
    clean_name,
    read_day,
    read_days,
)

YEARS = range(2026, 2028)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with override("en"):
        yield


def read(text: str, *, years=YEARS, only="", encoding="utf-8"):
    return read_days(text.encode(encoding), years=years, only=only)


def days(found) -> dict[str, str]:
    return {item.day.isoformat(): item.name for item in found.days}


def faults(found) -> list[tuple[int, str]]:
    return [(fault.line, fault.message) for fault in found.faults]


# --- a day ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "2026-06-24",
        "2026/6/24",
        "24/06/2026",
        "24-6-2026",
        "24.06.2026",
        "20260624",
        "  24/06/2026 ",
        "2026-06-24T00:00:00.000",
        "24/06/2026 0:00:00",
        "2026-06-24T00:00:00Z",
        "2026-06-24 00:00",
    ],
)
def test_a_day_in_many_hands(text):
    assert read_day(text) == date(2026, 6, 24)


@pytest.mark.parametrize(
    "text",
    ["", "Sant Joan", "24/06", "24/06/26", "2026-06/24", "2026-06-24T08:00", "1234567",
     "24/06/2026x", "٢٠٢٦-٠٦-٢٤"],
)  # fmt: skip
def test_what_does_not_look_like_a_day(text):
    assert read_day(text) is None


@pytest.mark.parametrize(
    "text", ["31/02/2026", "2026-13-01", "00000000", "0001-01-01", "2300-01-01"]
)
def test_what_looks_like_a_day_and_is_none(text):
    with pytest.raises(ValueError, match=text):
        read_day(text)


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_every_day_is_read_in_every_order(day):
    assert read_day(day.isoformat()) == day
    assert read_day(day.strftime("%d/%m/%Y")) == day
    assert read_day(f"{day.day}.{day.month}.{day.year}") == day
    assert read_day(day.strftime("%Y%m%d")) == day


@pytest.mark.parametrize("text", ["x" * 201, "a\x00b", "a\x1bb"])
def test_names_that_no_database_keeps(text):
    with pytest.raises(ValueError, match="name"):
        clean_name(text)


def test_a_name_is_one_line():
    assert clean_name(" Sant\n\t Joan ") == "Sant Joan"


# --- tables ---------------------------------------------------------------------

PLAIN = {"2026-06-24": "Sant Joan", "2026-12-26": "Sant Esteve, el màrtir"}


@pytest.mark.parametrize(
    "text",
    [
        "24/06/2026;Sant Joan\n26/12/2026;Sant Esteve, el màrtir\n",
        "2026-06-24\tSant Joan\r\n2026-12-26\tSant Esteve, el màrtir",
        '24/06/2026,Sant Joan\r"26/12/2026","Sant Esteve, el màrtir"\r',
        "24-6-2026|Sant Joan\n\n \n26-12-2026|Sant Esteve, el màrtir",
        "Nom;Data\nSant Joan;24/06/2026\nSant Esteve, el màrtir;26/12/2026",
        "codi;data;festa\n1;24/06/2026;Sant Joan\n1;26/12/2026;Sant Esteve, el màrtir",
        "24/06/2026 Sant Joan\n26/12/2026 Sant Esteve, el màrtir",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_table_in_many_hands(text, encoding):
    found = read(text, encoding=encoding)
    assert days(found) == PLAIN
    assert faults(found) == []


def test_a_heading_is_told():
    found = read("Fecha ; Festividad\n24/06/2026;San Juan")
    assert found.heading == "Fecha | Festividad"
    assert days(found) == {"2026-06-24": "San Juan"}


def test_every_line_that_gives_no_day_says_why():
    found = read(
        "data;nom\n"
        "24/06/2026;Sant Joan\n"
        "a mitjan agost;Festa major\n"
        "31/02/2026;Mai\n"
        "24/06/2025;Sant Joan\n"
        "2026-06-24;Altra vegada\n"
        f"25/06/2026;{'x' * 201}\n"
    )
    assert days(found) == {"2026-06-24": "Sant Joan"}
    assert faults(found) == [
        (3, "there is no date"),
        (4, "31/02/2026 is no day"),
        (5, "2025-06-24 is outside the years asked for"),
        (6, "2026-06-24 stands already in line 2"),
        (7, "the name is too long"),
    ]


def test_lines_are_counted_through_cells_of_several_lines():
    found = read('24/06/2026;"Sant\nJoan"\nres\n')
    assert days(found) == {"2026-06-24": "Sant Joan"}
    assert faults(found) == [(3, "there is no date")]


def test_a_first_line_that_is_no_heading_is_a_fault_like_any_other():
    found = read("Calendari laboral\n24/06/2026;Sant Joan")
    assert found.heading == ""
    assert faults(found) == [(1, "there is no date")]


def test_one_town_out_of_many():
    text = (
        "any,data,municipi\n2026,2026-07-05T00:00:00.000,Vic\n"
        "2026,2026-08-01T00:00:00.000,Vilanova i la Geltrú\n"
        "2026,2026-07-06T00:00:00.000,Vic\n2026,x,VIC\n"
    )
    found = read(text, only=" vic")
    assert list(days(found)) == ["2026-07-05", "2026-07-06"]
    assert found.passed_over == 1
    assert faults(found) == [(5, "there is no date")]
    assert list(days(read(text, only="vilanova i la geltru"))) == ["2026-08-01"]
    assert read(text, only="Vilanova").passed_over == 4


def test_a_day_without_a_name():
    assert days(read("24/06/2026;1;\n25/06/2026")) == {
        "2026-06-24": "",
        "2026-06-25": "",
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n", "empty"),
        (b"\xff\xfea", "no text"),
        (b"x" * 1_000_001, "larger"),
        (b"\n" * 20_002 + b"x", "20,000 lines"),
        (b'2026-06-24;"' + b"x" * 140_000, "Line 1 cannot be read"),
        (b"BEGIN:VCALENDAR\n" * 20_001, "20,000 lines"),
        (b"BEGIN:VCALENDAR\n" + b"BEGIN:VTODO\n" * 2_001, "2,000 events"),
    ],
)
def test_files_that_cannot_be_read(content, message):
    with pytest.raises(DayFileError, match=message):
        read_days(content, years=YEARS)


# --- iCalendar ------------------------------------------------------------------


def events(*blocks: str, end: str = "\r\n") -> str:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//X//EN"]
    for block in blocks:
        lines += ["BEGIN:VEVENT", *block.strip().split("\n"), "END:VEVENT"]
    return end.join([*lines, "END:VCALENDAR", ""])


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_events_of_whole_days(end):
    text = events(
        "DTSTART;VALUE=DATE:20260624\nDTEND;VALUE=DATE:20260625\nSUMMARY:Sant Joan",
        "DTSTART;VALUE=DATE:20260814\nDTEND;VALUE=DATE:20260817\nSUMMARY:Festa major",
        "SUMMARY:Sense final\nDTSTART;VALUE=DATE:20261226",
        "SUMMARY:Dura\nDTSTART;VALUE=DATE:20261228\nDURATION:P2D",
        "SUMMARY:Acaba el mateix dia\nDTSTART;VALUE=DATE:20261231\n"
        "DTEND;VALUE=DATE:20261231",
        end=end,
    )
    found = read(text)
    assert days(found) == {
        "2026-06-24": "Sant Joan",
        "2026-08-14": "Festa major",
        "2026-08-15": "Festa major",
        "2026-08-16": "Festa major",
        "2026-12-26": "Sense final",
        "2026-12-28": "Dura",
        "2026-12-29": "Dura",
        "2026-12-31": "Acaba el mateix dia",
    }
    assert found.days[0].line == 4
    assert faults(found) == []


def test_folded_lines_and_escapes():
    text = events(
        "DTSTART;VALUE=DATE:20260624\nSUMMARY;LANGUAGE=ca:Sant Joan\\, el Bap\n"
        " tista\\; i\\nla coca\nDESCRIPTION:una línia que acaba\n END:VEVENT"
    )
    assert days(read(text)) == {"2026-06-24": "Sant Joan, el Baptista; i la coca"}


def test_what_repeats_every_year_is_written_out():
    text = events(
        "DTSTART;VALUE=DATE:20100101\nRRULE:FREQ=YEARLY\nSUMMARY:Cap d'any",
        "DTSTART;VALUE=DATE:20101231\nDTEND;VALUE=DATE:20110102\nRRULE:FREQ=YEARLY;"
        "UNTIL=20261231T000000Z\nEXDATE;VALUE=DATE:20251231\nSUMMARY:Nit",
        "DTSTART;VALUE=DATE:20200525\nRRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO\n"
        "SUMMARY:Últim dilluns",
        "DTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY\nSUMMARY:Bixest",
        "DTSTART;VALUE=DATE:20250301\nRRULE:FREQ=YEARLY;COUNT=2\nSUMMARY:Dues vegades",
    )
    found = read(text)
    assert days(found) == {
        "2026-01-01": "Cap d'any",
        "2026-03-01": "Dues vegades",
        "2026-05-25": "Últim dilluns",
        "2026-12-31": "Nit",
        "2027-01-01": "Cap d'any",
        "2027-05-31": "Últim dilluns",
    }
    assert faults(found) == [
        (9, "2027-01-01 stands already in line 4"),
        (21, "it gives no day of the years asked for"),
    ]
    assert days(read(text, years=range(2028, 2029)))["2028-02-29"] == "Bixest"


@given(
    st.dates(date(1900, 1, 1), date(2026, 1, 1)),
    st.integers(1, 5),
    st.sampled_from(["", ";BYDAY=-1MO;BYMONTH=5", ";BYMONTHDAY=29", ";BYMONTH=2"]),
)
def test_a_rule_gives_the_same_days_however_long_it_has_run(start, interval, more):
    """Against the library for rules, which counts up from the very start."""
    rule = f"FREQ=YEARLY;INTERVAL={interval}{more}"
    years = range(2026, 2034)
    found = read(
        events(f"DTSTART;VALUE=DATE:{start:%Y%m%d}\nRRULE:{rule}"), years=years
    )
    expected = rrulestr(rule, dtstart=datetime.combine(start, time.min)).between(
        datetime(2026, 1, 1), datetime(2033, 12, 31), inc=True
    )
    assert [item.day for item in found.days] == [moment.date() for moment in expected]


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("SUMMARY:x", "DTSTART is missing"),
        ("DTSTART:20260624T080000Z", "DTSTART is no whole day, but has a time"),
        ("DTSTART;TZID=Europe/Madrid:20260624T000000", "has a time"),
        ("DTSTART;VALUE=DATE:2026-6-24", "DTSTART cannot be read"),
        ("DTSTART;VALUE=DATE:20260631", "DTSTART cannot be read"),
        ("DTSTART;VALUE=DATE:20260624\nDTSTART;VALUE=DATE:20260625", "more than once"),
        ("DTSTART;VALUE=DATE:20260624\nDTEND;VALUE=DATE:20260620", "ends before"),
        ("DTSTART;VALUE=DATE:20260624\nDTEND;VALUE=DATE:20260826", "than two months"),
        ("DTSTART;VALUE=DATE:20260624\nDTEND:20260625T080000", "DTEND is no whole day"),
        ("DTSTART;VALUE=DATE:20260624\nDURATION:PT5H", "no number of whole days"),
        ("DTSTART;VALUE=DATE:20260624\nSTATUS:CANCELLED", "cancelled"),
        ("DTSTART;VALUE=DATE:20260624\nRDATE;VALUE=DATE:20260625", "RDATE is not"),
        ("DTSTART;VALUE=DATE:20260624\nRECURRENCE-ID;VALUE=DATE:20260624", "RECURR"),
        ("DTSTART;VALUE=DATE:20260624\nRRULE:FREQ=WEEKLY", "one by one"),
        ("DTSTART;VALUE=DATE:20260624\nRRULE:FREQ=YEARLY;INTERVAL=0", "one by one"),
        ("DTSTART;VALUE=DATE:20260624\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
         "one by one"),
        ("DTSTART;VALUE=DATE:20260624\nRRULE:FREQ=YEARLY;BYSETPOS=1;BYDAY=MO",
         "one by one"),
        ("DTSTART;VALUE=DATE:20260624\nRRULE:FREQ=YEARLY;BYDAY=9MO", "one by one"),
        ("DTSTART;VALUE=DATE:20260624\nRRULE:x", "event cannot be read"),
        ("DTSTART;VALUE=DATE:20260624\nRRULE;VALUE=DATE:20260624", "cannot be read"),
        ("DTSTART;VALUE=DATE:20300624", "outside the years asked for"),
        ("DTSTART;VALUE=DATE:00010101\nRRULE:FREQ=YEARLY", "is not between 1900"),
        ("DTSTART;VALUE=DATE:20260624\nSUMMARY:" + "x" * 201, "name is too long"),
    ],
)  # fmt: skip
def test_events_that_give_no_day_say_why(block, message):
    found = read(events("DTSTART;VALUE=DATE:20260101\nSUMMARY:Cap d'any", block))
    assert days(found) == {"2026-01-01": "Cap d'any"}
    [fault] = found.faults
    assert fault.line == 8
    assert message in fault.message


def test_what_is_no_event_is_told():
    text = "\n".join(
        ["BEGIN:VCALENDAR", "BEGIN:VTODO", "END:VTODO", "END:VEVENT",
         "BEGIN:VEVENT", "DTSTART;VALUE=DATE:20260101", "BEGIN:VEVENT",
         "DTSTART;VALUE=DATE:20260106", "END:VEVENT", "BEGIN:VEVENT"]
    )  # fmt: skip
    found = read(text)
    assert days(found) == {"2026-01-06": ""}
    assert faults(found) == [
        (2, "this is no event"),
        (4, "this is no event"),
        (5, "the event does not end"),
        (10, "the event does not end"),
    ]


# --- anything -------------------------------------------------------------------


def holds(content: bytes) -> None:
    """Whatever the bytes: days of the years asked for, or a named error."""
    try:
        found = read_days(content, years=YEARS)
    except DayFileError:
        return
    lines = content.count(b"\n") + content.count(b"\r") + 1
    assert all(item.day.year in YEARS for item in found.days)
    assert [item.day for item in found.days] == sorted({i.day for i in found.days})
    assert all(1 <= item.line <= lines for item in [*found.days, *found.faults])
    assert all(fault.message for fault in found.faults)


@given(st.binary(max_size=300))
def test_any_bytes_are_days_or_a_named_error(content):
    holds(content)


@given(st.text('0123456789-/.;,"\t|\n\r aZ\x00', max_size=200))
def test_any_table_is_days_or_a_named_error(text):
    holds(text.encode())


LINES = st.builds(
    "{}{}:{}".format,
    st.sampled_from(
        ["DTSTART", "DTEND", "DURATION", "RRULE", "EXDATE", "SUMMARY", "STATUS",
         "RDATE", "RECURRENCE-ID", "X-A"]
    ),
    st.sampled_from(
        ["", ";VALUE=DATE", ";TZID=Europe/Madrid", ";VALUE=PERIOD", ';X="a', ";TZID="]
    ),
    st.sampled_from(
        ["20260624", "20260631", "20260624T000000Z", "P1D", "-P1D", "PT5H", "00010101",
         "99991231", "20260624,20270624", "20260101/P1D", "a\\,b", "",
         "FREQ=YEARLY", "FREQ=YEARLY;COUNT=0", "FREQ=YEARLY;COUNT=-1",
         "FREQ=YEARLY;UNTIL=20270101", "FREQ=YEARLY;UNTIL=99991231T235959Z",
         "FREQ=YEARLY;INTERVAL=0", "FREQ=YEARLY;BYDAY=MO,-1TU;BYMONTH=2",
         "FREQ=YEARLY;BYMONTH=2,13", "FREQ=YEARLY;BYMONTHDAY=-31", "FREQ=DAILY",
         "FREQ=", "FREQ=YEARLY;WKST=XX", "FREQ=YEARLY;RSCALE=CHINESE"]
    )
    | st.text(max_size=12),
)  # fmt: skip
STRUCTURE = st.sampled_from(
    ["BEGIN:VEVENT", "END:VEVENT", "BEGIN:VALARM", "END:VALARM", " folded", ":", ";"]
)


@given(st.lists(LINES | LINES | LINES | STRUCTURE, max_size=8))
def test_any_events_are_days_or_a_named_error(lines):
    holds(events("\n".join(lines)).encode())
    holds(events("DTSTART;VALUE=DATE:20260101\n" + "\n".join(lines)).encode())

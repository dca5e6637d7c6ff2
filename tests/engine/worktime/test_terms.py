"""Entries and ends of terms: how a start counts, and when the last day is over."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings, strategies as st

from engine.worktime import (
    RESOLUTION,
    BeyondCalendarError,
    CutOff,
    DayOne,
    Ends,
    Entry,
    Term,
    TermError,
    Unit,
    WorktimeError,
    due_at,
    entered_at,
    kept_from,
    latest_start,
)
from tests.engine.worktime.offices import MADRID, calendar, madrid, term, weekdays

OFFICE = calendar()
TOKYO = ZoneInfo("Asia/Tokyo")
HOUR = 3_600_000_000
CUT_OFF = {"cut_off": "17:00", "from": "08:30"}


# Definitions.


def test_definition_says_entry_and_end():
    assert term("1", "working_days").entry is Entry.AS_IS
    assert term("1", "working_days").ends is Ends.DAY
    assert term("1", "open_hours", entry="next_opening").entry is Entry.NEXT_OPENING
    assert term("1", "months", ends="closing").ends is Ends.CLOSING
    assert term("1", "years", entry=CUT_OFF).entry == CutOff(
        17 * HOUR, 8 * HOUR + HOUR // 2
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"entry": "monday"}, "entry: 'monday' is not one of as_is, next_opening, "),
        ({"entry": None}, "entry: None is not one of"),
        ({"entry": {}}, "entry.cut_off: None is not a time such as 17:00"),
        ({"entry": {"cut_off": "17:00"}}, "entry.from: None is not a time"),
        ({"entry": CUT_OFF | {"from": "8:30"}}, "entry.from: '8:30' is not a time"),
        ({"entry": CUT_OFF | {"from": "17:00"}}, "entry.from: not before the cut-off"),
        ({"entry": CUT_OFF | {"until": "18:00"}}, "entry.until: unknown key"),
        ({"ends": "noon"}, "ends: 'noon' is not one of day, time, closing"),
    ],
)
def test_definition_names_its_fault(options, message):
    with pytest.raises(TermError, match=f"^{message}"):
        term("1", "working_days", **options)


@pytest.mark.parametrize("unit", [unit for unit in Unit if unit.is_duration])
@pytest.mark.parametrize("ends", ["time", "closing"])
def test_only_days_end_at_a_time(unit, ends):
    with pytest.raises(TermError, match=f"^ends: {unit} do not end with {ends}"):
        Term(Decimal(1), unit, ends=Ends(ends))


@pytest.mark.parametrize("unit", ["months", "years"])
def test_months_do_not_end_at_a_time(unit):
    with pytest.raises(TermError, match=f"^ends: {unit} do not end with time"):
        term("1", unit, ends="time")


@pytest.mark.parametrize(
    "limit",
    [
        term("10", "working_days"),
        term("1.50", "open_hours", entry="next_opening"),
        term("2", "months", day_one="same", roll=False, ends="closing", entry=CUT_OFF),
    ],
)
def test_definition_and_term_are_inverse(limit):
    assert Term.from_definition(limit.as_definition()) == limit


def test_definition_of_a_term_has_every_key():
    assert term("2", "months", entry=CUT_OFF).as_definition() == {
        "amount": "2",
        "unit": "months",
        "day_one": "next",
        "roll": True,
        "entry": CUT_OFF,
        "ends": "day",
    }


def test_term_has_a_shortest_duration_that_holds_it():
    assert term("0.0000005", "elapsed_seconds").whole_microseconds == 1
    assert term("0.5", "open_hours").whole_microseconds == HOUR // 2
    with pytest.raises(TermError, match="no fixed duration"):
        _ = term("1", "months").whole_microseconds


# Entries. 3 January 2025 is a Friday, 6 January a holiday; open 9 to 14 and 16 to 19.


@pytest.mark.parametrize(
    ("entry", "start", "expected"),
    [
        ("as_is", "05T23:00", "05T23:00"),
        ("next_opening", "03T10:00", "03T10:00"),
        ("next_opening", "03T09:00", "03T09:00"),
        ("next_opening", "03T08:59", "03T09:00"),
        ("next_opening", "03T14:00", "03T16:00"),  # closed from closing time on
        ("next_opening", "03T15:00", "03T16:00"),  # lunch
        ("next_opening", "03T19:00", "07T09:00"),
        ("next_opening", "06T10:00", "07T09:00"),
        # Ley 39/2015, 31.2.b: the first hour of the next working day.
        ("next_working_day", "03T23:59", "03T23:59"),  # any hour of a working day
        ("next_working_day", "04T00:00", "07T00:00"),
        ("next_working_day", "06T23:59", "07T00:00"),
        (CUT_OFF, "03T06:00", "03T06:00"),  # early is as it is
        (CUT_OFF, "03T16:59:59.999999", "03T16:59:59.999999"),
        (CUT_OFF, "03T17:00", "07T08:30"),
        (CUT_OFF, "02T17:00", "03T08:30"),
        (CUT_OFF, "04T06:00", "07T08:30"),
    ],
)
def test_entry_moves_a_start_out_of_working_time(entry, start, expected):
    limit = term("1", "elapsed_hours", entry=entry)
    entered = entered_at(madrid(f"2025-01-{start}"), limit, OFFICE)
    assert entered == madrid(f"2025-01-{expected}")
    assert entered.tzinfo is UTC
    assert due_at(madrid(f"2025-01-{start}"), limit, OFFICE, zone=TOKYO) == (
        entered + timedelta(hours=1) + RESOLUTION
    )


@pytest.mark.parametrize(
    ("start", "days", "expected"),
    [
        ("2025-01-03T23:00", 1, "2025-01-07"),
        # On Saturday: made on Tuesday, so that day one is Wednesday.
        ("2025-01-04T10:00", 1, "2025-01-08"),
        ("2025-01-06T10:00", 10, "2025-01-21"),
    ],
)
def test_entry_on_a_day_off_counts_from_the_day_after_the_next_working_day(
    start, days, expected
):
    limit = term(str(days), "working_days", entry="next_working_day")
    due = due_at(madrid(start), limit, OFFICE, zone=TOKYO)
    assert (due - RESOLUTION).astimezone(MADRID).date().isoformat() == expected


def test_entry_decides_which_day_is_the_same_day():
    limit = term("1", "working_days", day_one="same", entry=CUT_OFF)
    due = due_at(madrid("2025-01-03T18:00"), limit, OFFICE, zone=TOKYO)
    assert due == madrid("2025-01-08T00:00")


def test_pauses_before_the_entry_do_not_count():
    limit = term("2", "open_hours", entry="next_working_day")
    pauses = [(madrid("2025-01-04T10:00"), madrid("2025-01-07T10:00"))]
    due = due_at(madrid("2025-01-04T09:00"), limit, OFFICE, zone=TOKYO, pauses=pauses)
    assert due == madrid("2025-01-07T12:00") + RESOLUTION


@pytest.mark.parametrize("entry", ["next_opening", "next_working_day", CUT_OFF])
def test_entry_needs_a_calendar(entry):
    limit, start = term("1", "months", entry=entry), madrid("2025-01-03T10:00")
    for call in (due_at, kept_from, latest_start):
        with pytest.raises(WorktimeError, match=r"^entry: cannot be told without a"):
            call(start, limit, None, zone=MADRID)


@pytest.mark.parametrize("entry", ["next_opening", "next_working_day", CUT_OFF])
def test_entry_beyond_the_calendar_is_not_computable(entry):
    limit = term("1", "elapsed_hours", entry=entry)
    for start in ("2023-12-31T10:00", "2026-12-31T20:00", "2027-01-02T10:00"):
        if start == "2026-12-31T20:00" and entry == "next_working_day":
            continue  # a working day, though closed
        with pytest.raises(BeyondCalendarError):
            due_at(madrid(start), limit, OFFICE, zone=TOKYO)


def test_cut_off_on_the_night_of_a_change_is_read_off_the_clock():
    # 02:30 is skipped on Sunday 30 March: the cut-off is the jump itself.
    office = calendar(working_weekdays=["sun", "mon"])
    limit = term("1", "elapsed_hours", entry={"cut_off": "02:30", "from": "01:00"})
    jump = datetime(2025, 3, 30, 1, tzinfo=UTC)
    assert entered_at(jump - RESOLUTION, limit, office) == jump - RESOLUTION
    assert entered_at(jump, limit, office) == madrid("2025-03-31T01:00")


# Ends.


@pytest.mark.parametrize(
    ("start", "amount", "unit", "options", "last_good"),
    [
        ("03T10:00", "1", "working_days", {}, "07T10:00"),
        ("03T10:15:30.5", "2", "working_days", {}, "08T10:15:30.5"),
        ("03T10:00", "1", "calendar_days", {"roll": False}, "04T10:00"),
        ("03T10:00", "1", "calendar_days", {}, "07T10:00"),  # the day rolls alone
        ("03T18:00", "1", "working_days", {"entry": CUT_OFF}, "08T08:30"),
        ("03T06:00", "1", "working_days", {"entry": CUT_OFF}, "07T06:00"),
        ("03T20:00", "1", "working_days", {"entry": "next_opening"}, "08T09:00"),
        ("04T10:00", "1", "working_days", {"entry": "next_working_day"}, "08T00:00"),
        # From Saturday morning, too: not before what began on Friday evening.
        ("04T10:00", "1", "working_days", {}, "08T00:00"),
        ("03T23:00", "1", "working_days", {}, "07T23:00"),
        ("04T10:00", "1", "working_days", {"day_one": "same"}, "07T00:00"),
        ("03T10:00", "2", "working_days", {"day_one": "same"}, "07T10:00"),
    ],
)
def test_term_may_end_at_the_time_of_its_start(start, amount, unit, options, last_good):
    limit = term(amount, unit, ends="time", **options)
    due = due_at(madrid(f"2025-01-{start}"), limit, OFFICE, zone=TOKYO)
    expected = last_good if len(last_good) > 15 else f"2025-01-{last_good}"
    assert due == madrid(expected) + RESOLUTION


@pytest.mark.parametrize(
    ("start", "amount", "unit", "options", "expected"),
    [
        ("03T10:00", "1", "working_days", {}, "07T19:00"),
        ("03T20:00", "1", "working_days", {}, "07T19:00"),
        ("03T10:00", "1", "working_days", {"day_one": "same"}, "03T19:00"),
        # After closing time the start's own day has ended.
        ("03T19:00", "1", "working_days", {"day_one": "same"}, "07T19:00"),
        ("03T18:59", "1", "working_days", {"day_one": "same"}, "03T19:00"),
        # A Sunday that never opens is not the same day either.
        (
            "05T10:00",
            "2",
            "calendar_days",
            {"day_one": "same", "roll": False},
            "07T19:00",
        ),
        ("03T10:00", "1", "calendar_days", {}, "07T19:00"),
        ("03T10:00", "1", "calendar_days", {"roll": False}, "05T00:00"),  # never opens
        ("03T10:00", "1", "months", {}, "2025-02-03T19:00"),
        ("31T20:00", "1", "months", {"day_one": "same"}, "2025-02-28T19:00"),
    ],
)
def test_term_may_end_at_closing_time(start, amount, unit, options, expected):
    limit = term(amount, unit, ends="closing", **options)
    due = due_at(madrid(f"2025-01-{start}"), limit, OFFICE, zone=TOKYO)
    full = expected if len(expected) > 10 else f"2025-01-{expected}"
    assert due == madrid(full)


def test_closing_time_is_that_of_the_day():
    office = calendar(
        overrides={"2025-01-07": [["09:00", "13:00"]], "2025-01-08": []},
        seasons=[
            {"from": "01-09", "until": "02-01", "weekly": weekdays(["08:00", "15:00"])}
        ],
    )
    start = madrid("2025-01-03T10:00")
    ends = [
        due_at(
            start, term(str(days), "working_days", ends="closing"), office, zone=TOKYO
        )
        for days in (1, 2, 3)
    ]
    expected = ("2025-01-07T13:00", "2025-01-09T00:00", "2025-01-09T15:00")
    assert ends == [madrid(text) for text in expected]


def test_closing_time_needs_a_calendar_that_knows_the_day():
    limit = term("1", "calendar_days", ends="closing", roll=False)
    with pytest.raises(WorktimeError, match=r"^ends: closing times need a calendar"):
        due_at(madrid("2025-01-03T10:00"), limit, None, zone=MADRID)
    with pytest.raises(BeyondCalendarError):
        due_at(madrid("2026-12-31T10:00"), limit, OFFICE, zone=MADRID)


@pytest.mark.parametrize(
    ("ends", "pause", "expected"),
    [
        # A day counts unless the case is paused at the last good instant of it.
        ("time", ("13T09:00", "13T10:00"), "14T10:00"),
        ("time", ("13T09:00", "13T10:00:00.000001"), "15T10:00"),
        ("time", ("13T10:00", "13T10:30"), "15T10:00"),
        ("time", ("13T10:00:00.000001", "14T09:00"), "14T10:00"),
        ("time", ("14T10:00:00.000001", None), "14T10:00"),
        ("time", ("14T10:00", None), None),
        ("closing", ("13T18:00", "13T18:59"), "14T19:00"),
        ("closing", ("13T18:00", "13T19:00"), "15T19:00"),
        ("closing", ("13T19:00", "14T09:00"), "14T19:00"),
        ("closing", ("14T18:59:59.999999", None), None),
        ("closing", ("14T19:00", None), "14T19:00"),
        ("day", ("13T19:00", "14T09:00"), "16T00:00"),
    ],
)
def test_day_is_lost_only_if_paused_as_it_ends(ends, pause, expected):
    since, until = (text and madrid(f"2025-01-{text}") for text in pause)
    limit = term("2", "working_days", ends=ends)
    due = due_at(
        madrid("2025-01-10T10:00"), limit, OFFICE, zone=TOKYO, pauses=[(since, until)]
    )
    if expected is None:
        assert due is None
    else:
        assert due == madrid(f"2025-01-{expected}") + (ends == "time") * RESOLUTION


def test_pause_beyond_the_calendar_does_not_matter_to_closing_times():
    limit = term("1", "calendar_days", ends="closing", roll=False)
    start = madrid("2026-12-29T10:00")
    after = [(madrid("2027-02-01T10:00"), madrid("2027-02-02T10:00"))]
    due = due_at(start, limit, OFFICE, zone=TOKYO, pauses=after)
    assert due == madrid("2026-12-30T19:00")


@pytest.mark.parametrize(
    ("start", "last_good"),
    [
        ("2025-03-29T02:30", "2025-03-30T03:00"),  # skipped: the jump itself
        ("2025-10-25T02:30", "2025-10-26T02:30"),  # the first of two
        ("2025-10-26T02:30", "2025-10-27T02:30"),
    ],
)
def test_time_of_the_start_is_read_off_the_clock(start, last_good):
    limit = term("1", "calendar_days", ends="time")
    due = due_at(madrid(start), limit, None, zone=MADRID)
    assert due == madrid(last_good) + RESOLUTION


@pytest.mark.parametrize(
    ("pause", "last_good"),
    [
        (None, "2018-05-05T00:00"),
        (("2018-05-04T23:00", "2018-05-05T00:00"), "2018-05-05T00:00"),
        (("2018-05-05T00:00", "2018-05-05T00:10"), "2018-05-05T23:45"),
    ],
)
def test_time_skipped_before_midnight_is_the_first_instant_of_the_next_day(
    pause, last_good
):
    # In Pyongyang, at 23:30 of 4 May 2018, clocks went on to midnight.
    zone = ZoneInfo("Asia/Pyongyang")

    def there(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)

    limit = term("1", "calendar_days", ends="time")
    pauses = [tuple(map(there, pause))] if pause else []
    due = due_at(there("2018-05-03T23:45"), limit, None, zone=zone, pauses=pauses)
    assert due == there(last_good) + RESOLUTION


def test_time_stands_still_while_an_hour_is_shown_again():
    second = datetime(2025, 10, 26, 2, 10, tzinfo=MADRID, fold=1)
    limit = term("1", "calendar_days", ends="time")
    assert due_at(second, limit, None, zone=MADRID) == madrid("2025-10-27T03:00")
    today = term("1", "calendar_days", ends="time", day_one="same")
    assert due_at(second, today, None, zone=MADRID) == madrid("2025-10-26T03:00")


# Notice.


@pytest.mark.parametrize(
    ("start", "limit", "expected"),
    [
        ("2025-01-03T10:00", term("48", "elapsed_hours"), "2025-01-05T10:00"),
        ("2025-01-03T10:00", term("0", "elapsed_hours"), "2025-01-03T10:00"),
        ("2025-01-03T18:00", term("1", "open_hours"), "2025-01-03T19:00"),
        ("2025-01-03T18:00", term("2", "open_hours"), "2025-01-07T10:00"),
        ("2025-01-04T18:00", term("0", "open_hours"), "2025-01-04T18:00"),
        ("2025-01-03T10:00", term("1", "working_days"), "2025-01-08T00:00"),
        ("2025-01-03T10:00", term("1", "calendar_days"), "2025-01-05T00:00"),  # no roll
        ("2025-01-31T10:00", term("1", "months"), "2025-03-01T00:00"),
        (
            "2025-01-03T10:00",
            term("1", "working_days", ends="time"),
            "2025-01-07T10:00",
        ),
        (
            "2025-01-03T10:00",
            term("1", "working_days", ends="closing"),
            "2025-01-07T19:00",
        ),
        (
            "2025-01-04T10:00",
            term("1", "working_days", entry="next_working_day"),
            "2025-01-09T00:00",
        ),
    ],
)
def test_notice_is_kept_once_the_whole_term_has_passed(start, limit, expected):
    kept = kept_from(madrid(start), limit, OFFICE, zone=TOKYO)
    assert kept == madrid(expected)
    assert kept.tzinfo is UTC


def test_notice_is_extended_by_pauses():
    pauses = [(madrid("2025-01-08T10:00"), madrid("2025-01-09T09:00"))]
    start = madrid("2025-01-07T10:00")
    hours, days = term("48", "elapsed_hours"), term("2", "working_days")
    assert kept_from(start, hours, OFFICE, zone=TOKYO, pauses=pauses) == madrid(
        "2025-01-10T09:00"
    )
    assert kept_from(start, days, OFFICE, zone=TOKYO, pauses=pauses) == madrid(
        "2025-01-11T00:00"
    )
    for_ever = [(madrid("2025-01-08T10:00"), None)]
    assert kept_from(start, days, OFFICE, zone=TOKYO, pauses=for_ever) is None
    assert kept_from(start, hours, OFFICE, zone=TOKYO, pauses=for_ever) is None


@pytest.mark.parametrize(
    ("end", "limit", "expected"),
    [
        ("2025-01-05T10:00", term("48", "elapsed_hours"), "2025-01-03T10:00"),
        ("2025-01-05T10:00", term("0", "elapsed_hours"), "2025-01-05T10:00"),
        ("2025-01-07T10:00", term("2", "open_hours"), "2025-01-03T18:00"),
        ("2025-01-07T10:00", term("1", "open_hours"), "2025-01-07T09:00"),
        # Closed at the end: as if it were the closing before.
        ("2025-01-05T10:00", term("1", "open_hours"), "2025-01-03T18:00"),
        ("2025-01-07T10:00", term("1", "legal_hours"), "2025-01-07T09:00"),
    ],
)
def test_latest_start_of_a_duration(end, limit, expected):
    latest = latest_start(madrid(end), limit, OFFICE, zone=TOKYO)
    assert latest == madrid(expected)
    assert latest.tzinfo is UTC


@pytest.mark.parametrize(
    ("end", "limit", "day_after"),
    [
        # Until the end of the day before.
        ("2025-01-08T00:00", term("1", "working_days"), "2025-01-07"),
        ("2025-01-07T23:59", term("1", "working_days"), "2025-01-03"),
        ("2025-01-07T00:00", term("1", "working_days"), "2025-01-03"),
        ("2025-01-08T00:00", term("1", "working_days", day_one="same"), "2025-01-08"),
        ("2025-01-08T00:00", term("2", "calendar_days"), "2025-01-06"),
        ("2025-03-01T00:00", term("1", "months"), "2025-02-01"),
        ("2025-02-28T00:00", term("1", "months"), "2025-01-28"),
        ("2025-03-01T00:00", term("1", "months", day_one="same"), "2025-02-02"),
        ("2025-03-31T00:00", term("1", "months"), "2025-03-01"),
        ("2026-03-01T00:00", term("1", "years"), "2025-03-01"),
        ("2025-01-07T19:00", term("1", "working_days", ends="closing"), "2025-01-07"),
        ("2025-01-07T18:59", term("1", "working_days", ends="closing"), "2025-01-03"),
    ],
)
def test_latest_start_of_days_is_the_last_instant_of_one(end, limit, day_after):
    latest = latest_start(madrid(end), limit, OFFICE, zone=TOKYO)
    assert latest == madrid(f"{day_after}T00:00") - RESOLUTION


@pytest.mark.parametrize(
    ("end", "entry", "ends", "expected"),
    [
        ("2025-01-08T10:00", "next_opening", "time", "2025-01-07T10:00"),
        ("2025-01-08T15:00", "next_opening", "time", "2025-01-07T13:59:59.999999"),
        ("2025-01-08T08:00", "next_opening", "time", "2025-01-03T18:59:59.999999"),
        ("2025-01-08T20:00", CUT_OFF, "time", "2025-01-07T16:59:59.999999"),
        ("2025-01-08T07:00", CUT_OFF, "time", "2025-01-07T07:00"),
        ("2025-01-08T00:00", CUT_OFF, "day", "2025-01-03T16:59:59.999999"),
        ("2025-01-09T00:00", CUT_OFF, "day", "2025-01-07T16:59:59.999999"),
        ("2025-01-08T00:00", "next_working_day", "day", "2025-01-03T23:59:59.999999"),
    ],
)
def test_latest_start_heeds_the_entry(end, entry, ends, expected):
    limit = term("1", "working_days", entry=entry, ends=ends)
    assert latest_start(madrid(end), limit, OFFICE, zone=TOKYO) == madrid(expected)


def test_latest_start_of_two_clock_days():
    limit = term("2", "working_days", ends="time")
    end = madrid("2025-01-08T10:00")
    assert latest_start(end, limit, OFFICE, zone=TOKYO) == madrid("2025-01-03T10:00")


@pytest.mark.parametrize(
    ("end", "limit"),
    [
        ("2024-01-02T00:00", term("2", "working_days")),
        ("2027-01-02T00:00", term("1", "working_days")),
        ("2023-12-30T00:00", term("1", "working_days")),
        ("2024-01-01T12:00", term("5", "open_hours")),
        ("2024-01-02T10:00", term("5", "working_days", ends="time")),
        ("2027-01-01T00:00", term("1", "working_days", ends="time")),
        ("2024-01-02T10:00", term("5", "calendar_days", ends="closing")),
    ],
)
def test_latest_start_beyond_the_calendar_is_not_computable(end, limit):
    with pytest.raises(BeyondCalendarError):
        latest_start(madrid(end), limit, OFFICE, zone=TOKYO)


def test_latest_start_at_the_edge_of_the_calendar_is_computed():
    day = term("1", "working_days")
    assert latest_start(madrid("2027-01-01T00:00"), day, OFFICE, zone=TOKYO) == (
        madrid("2026-12-31T00:00") - RESOLUTION
    )
    assert latest_start(madrid("2024-01-02T00:00"), day, OFFICE, zone=TOKYO) == (
        madrid("2024-01-01T00:00") - RESOLUTION
    )


@pytest.mark.parametrize("unit", ["elapsed_days", "calendar_days", "months", "years"])
def test_latest_start_before_the_first_year_is_not_computable(unit):
    with pytest.raises(BeyondCalendarError, match="begins before"):
        latest_start(
            madrid("2025-01-01T10:00"), term("9999999", unit), None, zone=MADRID
        )


@pytest.mark.parametrize(
    "limit",
    [
        term("1", "working_days"),
        term("1", "open_hours"),
        term("1", "calendar_days", ends="closing"),
    ],
)
def test_latest_start_needs_a_calendar(limit):
    with pytest.raises(WorktimeError, match="calendar"):
        latest_start(madrid("2025-01-01T10:00"), limit, None, zone=MADRID)


# Laws. Over many years, so that nothing runs off the calendar.

LASTING = calendar(
    known_from="2000-01-01",
    known_until="2050-01-01",
    holidays={
        "*-01-01": "Cap d'Any",
        "*-01-06": "Reis",
        "2025-04-18": "Divendres Sant",
    },
)
some_instants = st.integers(0, 600 * 86_400_000_000).map(
    lambda micros: datetime(2024, 3, 1, tzinfo=UTC) + micros * RESOLUTION
)
LIMITS = {
    Unit.ELAPSED_HOURS: 500,
    Unit.OPEN_MINUTES: 5000,
    Unit.LEGAL_HOURS: 200,
    Unit.WORKING_DAYS: 20,
    Unit.CALENDAR_DAYS: 30,
    Unit.MONTHS: 3,
    Unit.YEARS: 1,
}
entries = st.one_of(
    st.sampled_from(list(Entry)),
    st.tuples(st.integers(0, 1439), st.integers(0, 1439))
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda pair: CutOff(max(pair) * 60_000_000, min(pair) * 60_000_000)),
)
steady = st.sampled_from(list(Entry))  # no later start counts from an earlier instant


@st.composite
def limits(draw: st.DrawFn, entry: st.SearchStrategy = entries) -> Term:
    unit = draw(st.sampled_from(list(LIMITS)))
    amount = Decimal(draw(st.integers(1, LIMITS[unit])))
    if unit.is_duration:
        amount /= draw(st.sampled_from([1, 8, 7]))
        amount = round(amount, 6)
    ends = Ends.DAY
    if unit.is_days:
        timed = unit in (Unit.WORKING_DAYS, Unit.CALENDAR_DAYS)
        ends = draw(st.sampled_from([Ends.DAY, Ends.CLOSING, *[Ends.TIME] * timed]))
    day_one, roll = draw(st.sampled_from(list(DayOne))), draw(st.booleans())
    return Term(amount, unit, day_one, roll=roll, entry=draw(entry), ends=ends)


def asked(call, at: datetime, limit: Term) -> datetime:
    return call(at, limit, LASTING, zone=TOKYO)


@settings(max_examples=150, deadline=None)
@given(some_instants, some_instants, limits(steady))
def test_later_start_is_never_due_earlier(one, other, limit):
    # When the last day moves its time does not: Friday and Saturday end on Monday.
    assume(limit.ends is not Ends.TIME or not limit.roll)
    early, late = sorted([one, other])
    assert entered_at(early, limit, LASTING) <= entered_at(late, limit, LASTING)
    assert asked(due_at, early, limit) <= asked(due_at, late, limit)
    assert asked(kept_from, early, limit) <= asked(kept_from, late, limit)


@settings(max_examples=100, deadline=None)
@given(some_instants, limits(), st.integers(1, 20))
def test_larger_amount_is_never_due_earlier(start, limit, more):
    larger = Term(
        limit.amount + more,
        limit.unit,
        limit.day_one,
        roll=limit.roll,
        entry=limit.entry,
        ends=limit.ends,
    )
    assert asked(due_at, start, limit) <= asked(due_at, start, larger)
    assert asked(kept_from, start, limit) <= asked(kept_from, start, larger)


@settings(max_examples=100, deadline=None)
@given(some_instants, limits())
def test_entry_is_never_before_the_start_and_moves_nothing_twice(start, limit):
    entered = entered_at(start, limit, LASTING)
    assert start <= entered
    assert entered_at(entered, limit, LASTING) == entered
    assert asked(due_at, start, limit) == asked(due_at, entered, limit)


@settings(max_examples=200, deadline=None)
@given(some_instants, limits())
def test_latest_start_and_kept_from_are_inverse(end, limit):
    latest = asked(latest_start, end, limit)
    assert asked(kept_from, latest, limit) <= end
    assert asked(kept_from, latest + RESOLUTION, limit) > end


@settings(max_examples=150, deadline=None)
@given(some_instants, limits())
def test_notice_given_is_no_later_than_the_latest(start, limit):
    kept = asked(kept_from, start, limit)
    assert asked(latest_start, kept, limit) >= start


@settings(max_examples=150, deadline=None)
@given(some_instants, limits())
def test_notice_is_kept_no_later_than_the_term_is_due(start, limit):
    kept, due = asked(kept_from, start, limit), asked(due_at, start, limit)
    if limit.unit.is_duration or limit.ends is Ends.TIME:
        assert kept < due
    else:
        assert kept <= due


pause_lists = st.lists(
    st.tuples(some_instants, st.one_of(some_instants, some_instants, st.none())),
    max_size=3,
)
days_off = st.sets(
    st.dates(datetime(2024, 2, 1).date(), datetime(2026, 6, 1).date()), max_size=30
)


def never_earlier(before: datetime | None, after: datetime | None) -> bool:
    return after is None or (before is not None and before <= after)


@settings(max_examples=60, deadline=None)
@given(some_instants, limits(), pause_lists, days_off)
def test_holiday_never_makes_an_end_earlier(start, limit, pauses, days):
    stricter = calendar(
        known_from="2024-01-01",
        known_until="2032-01-01",
        holidays={day.isoformat(): "" for day in days}
        | {"*-01-01": "", "*-01-06": "", "2025-04-18": ""},
    )
    for call in (due_at, kept_from):
        before, after = (
            call(start, limit, office, zone=TOKYO, pauses=pauses)
            for office in (LASTING, stricter)
        )
        assert never_earlier(before, after)


@settings(max_examples=100, deadline=None)
@given(some_instants, limits(), pause_lists, some_instants, some_instants)
def test_pause_never_makes_an_end_earlier(start, limit, pauses, since, until):
    for call in (due_at, kept_from):
        before, after = (
            call(start, limit, LASTING, zone=TOKYO, pauses=held)
            for held in (pauses, [*pauses, (since, until)])
        )
        assert never_earlier(before, after)


@settings(max_examples=100, deadline=None)
@given(some_instants, limits(), pause_lists, some_instants)
def test_pause_in_two_touching_parts_is_one(start, limit, pauses, at):
    parts = []
    for since, until in pauses:
        if since < at and (until is None or at < until):
            parts += [(at, until), (since, at)]
        else:
            parts.append((since, until))
    for call in (due_at, kept_from):
        whole, split = (
            call(start, limit, LASTING, zone=TOKYO, pauses=held)
            for held in (pauses, parts)
        )
        assert whole == split

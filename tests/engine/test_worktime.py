"""Worked cases of terms, calendars and pauses, and the published real data."""

import csv
import gzip
import json
import os
import pickle
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal, localcontext
from pathlib import Path
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest

from engine.worktime import (
    RESOLUTION,
    BeyondCalendarError,
    CalendarError,
    DayOne,
    StepKind,
    Term,
    TermError,
    Unit,
    WorkCalendar,
    WorktimeError,
    due_at,
    elapsed,
    explain_due,
)

MADRID = ZoneInfo("Europe/Madrid")
HOUR = timedelta(hours=1)
WORKWEEK = ("mon", "tue", "wed", "thu", "fri")
SPLIT_DAY = (["09:00", "14:00"], ["16:00", "19:00"])
ALL_DAY = {day: [["00:00", "24:00"]] for day in (*WORKWEEK, "sat", "sun")}


def weekdays(*hours: list[str]) -> dict[str, object]:
    return {day: list(hours) for day in WORKWEEK}


def definition(**changes: object) -> dict[str, object]:
    """Return an office in Madrid, mornings and afternoons, with a few holidays."""
    return {
        "zone": "Europe/Madrid",
        "known_from": "2024-01-01",
        "known_until": "2026-01-01",
        "weekly": weekdays(*SPLIT_DAY),
        "working_weekdays": list(WORKWEEK),
        "holidays": {
            "2025-01-01": "Cap d'Any",
            "2025-01-06": "Reis",
            "2025-04-18": "Divendres Sant",
        },
    } | changes


def calendar(**changes: object) -> WorkCalendar:
    return WorkCalendar.from_definition(definition(**changes))


OFFICE = calendar()


def term(amount: str, unit: str, **options: object) -> Term:
    return Term.from_definition({"amount": amount, "unit": unit} | options)


def madrid(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MADRID)


def last_day(due: datetime | None) -> str:
    """Return the day that a midnight in Madrid ends."""
    assert due is not None
    local = due.astimezone(MADRID)
    assert (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0)
    return (local.date() - timedelta(days=1)).isoformat()


# Terms.


@pytest.mark.parametrize("unit", Unit)
def test_unit_is_either_a_duration_or_days(unit):
    assert unit.is_duration is not unit.is_days


def test_unit_says_whether_it_needs_a_calendar():
    assert [unit.value for unit in Unit if unit.needs_calendar] == [
        "open_minutes",
        "open_hours",
        "legal_hours",
        "working_days",
    ]


def test_term_from_definition_takes_the_law_as_default():
    assert term("10", "working_days") == Term(
        Decimal(10), Unit.WORKING_DAYS, DayOne.NEXT, roll=True
    )
    assert term("1.5", "open_hours").amount == Decimal("1.5")
    assert Term.from_definition({"amount": 3, "unit": "months"}).amount == 3
    assert term("3", "months", day_one="same", roll=False) == Term(
        Decimal(3), Unit.MONTHS, DayOne.SAME, roll=False
    )


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"unit": "months"}, "amount: None is not a decimal number in a string"),
        ({"amount": 1.5, "unit": "open_hours"}, "amount: 1.5 is not a decimal"),
        ({"amount": True, "unit": "months"}, "amount: True is not a decimal"),
        ({"amount": "ten", "unit": "months"}, "amount: 'ten' is not a decimal"),
        ({"amount": "NaN", "unit": "months"}, "amount: NaN is not a number"),
        ({"amount": "Infinity", "unit": "months"}, "amount: Infinity is not a"),
        ({"amount": "-1", "unit": "open_hours"}, "amount: -1 is not between"),
        ({"amount": "1e11", "unit": "open_hours"}, "amount: 1E.11 is not between"),
        ({"amount": "1e-10", "unit": "open_hours"}, "amount: more than 9 decimals"),
        ({"amount": "1e9999999999999999999", "unit": "months"}, "amount: "),
        ({"amount": "0", "unit": "working_days"}, "amount: 0 working_days is not a"),
        ({"amount": "2.5", "unit": "calendar_days"}, "amount: 2.5 calendar_days"),
        ({"amount": "1"}, "unit: None is not one of elapsed_seconds, "),
        ({"amount": "1", "unit": "fortnights"}, "unit: 'fortnights' is not one of"),
        ({"amount": "1", "unit": ["months"]}, "unit: .* is not one of"),
        ({"amount": "1", "unit": "months", "day_one": "zero"}, "day_one: 'zero'"),
        ({"amount": "1", "unit": "months", "roll": "yes"}, "roll: 'yes' is not true"),
        ({"amount": "1", "unit": "months", "dayone": "same"}, "dayone: unknown key"),
    ],
)
def test_term_definition_names_its_fault(mapping, message):
    with pytest.raises(TermError, match=f"^{message}"):
        Term.from_definition(mapping)


def test_term_has_microseconds_only_as_a_duration():
    assert term("1.5", "open_hours").microseconds == 5_400_000_000
    assert term("0.0000005", "elapsed_seconds").microseconds == 0
    with localcontext(prec=3):
        assert term("12345.678901", "elapsed_seconds").microseconds == 12_345_678_901
    with pytest.raises(TermError, match="working_days has no fixed duration"):
        _ = term("1", "working_days").microseconds


# Calendars.


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"zone": None}, "zone: not the name"),
        ({"zone": "Europe/Barcelona"}, "zone: 'Europe/Barcelona' is not a known"),
        ({"zone": "Europe"}, "zone: 'Europe' is not a known"),
        ({"zone": "../passwd"}, "zone: '../passwd' is not a known"),
        ({"known_from": "2024-1-1"}, "known_from: '2024-1-1' is not a date"),
        ({"known_from": 2024}, "known_from: 2024 is not a date"),
        ({"known_from": "1066-10-14"}, "known_from: 1066-10-14 is not between"),
        ({"known_until": "9999-12-31"}, "known_until: 9999-12-31 is not between"),
        ({"known_until": "2024-01-01"}, "known_until: not after known_from"),
        ({"weekly": []}, "weekly: not an object"),
        ({"weekly": {"Mon": []}}, "weekly.Mon: unknown key"),
        ({"weekly": {"mon": "09:00-14:00"}}, "weekly.mon: not a list"),
        ({"weekly": {"mon": ["09:00"]}}, r"weekly.mon\[0\]: not a list"),
        ({"weekly": {"mon": [["09:00"]]}}, r"weekly.mon\[0\]: not a pair"),
        ({"weekly": {"mon": [["9:00", "14:00"]]}}, r"weekly.mon\[0\]: '9:00' is not a"),
        ({"weekly": {"mon": [["09:00", "24:01"]]}}, r"weekly.mon\[0\]: '24:01' is"),
        ({"weekly": {"mon": [[9, 14]]}}, r"weekly.mon\[0\]: 9 is not a time"),
        ({"weekly": {"mon": [["22:00", "06:00"]]}}, r"weekly.mon\[0\]: closes at or"),
        ({"weekly": {"mon": [["09:00", "09:00"]]}}, r"weekly.mon\[0\]: closes at or"),
        (
            {"weekly": {"tue": [["09:00", "14:00"], ["13:59", "19:00"]]}},
            r"weekly.tue\[1\]: overlaps",
        ),
        (
            {"weekly": {"tue": [["16:00", "19:00"], ["09:00", "14:00"]]}},
            r"weekly.tue\[1\]: overlaps the interval before it, or comes earlier",
        ),
        ({"working_weekdays": ["mon", "lun"]}, r"working_weekdays\[1\]: 'lun' is not"),
        ({"working_weekdays": "mon"}, "working_weekdays: not a list"),
        ({"holidays": "2025-01-06"}, "holidays: not an object"),
        ({"holidays": {"2025-02-30": "?"}}, "holidays.2025-02-30: '2025-02-30' is"),
        ({"holidays": {"2025-01-06": None}}, "holidays.2025-01-06: the name is not"),
        ({"holidays": ["2025-01-06", "*-12-25"]}, r"holidays\[1\]: '\*-12-25' is not"),
        ({"overrides": {"2025-12-24": [["13:00", "09:00"]]}}, "overrides.2025-12-24"),
        ({"overrides": []}, "overrides: not an object"),
        ({"seasons": {}}, "seasons: not a list"),
        ({"seasons": [{}]}, r"seasons\[0\].from: None is not a month and day"),
        (
            {"seasons": [{"from": "06-31", "until": "09-16", "weekly": {}}]},
            r"seasons\[0\].from: '06-31'",
        ),
        (
            {"seasons": [{"from": "06-15", "until": "13-01", "weekly": {}}]},
            r"seasons\[0\].until: '13-01'",
        ),
        (
            {"seasons": [{"from": "06-15", "until": "06-15", "weekly": {}}]},
            r"seasons\[0\]: begins and ends on the same day",
        ),
        (
            {"seasons": [{"from": "06-15", "until": "09-16"}]},
            r"seasons\[0\].weekly: not an object",
        ),
        (
            {"seasons": [{"from": "06-15", "until": "09-16", "hours": {}}]},
            r"seasons\[0\].hours: unknown key",
        ),
        (
            {
                "seasons": [
                    {"from": "12-15", "until": "01-08", "weekly": {}},
                    {"from": "01-07", "until": "02-01", "weekly": {}},
                ]
            },
            r"seasons\[1\]: overlaps seasons\[0\]",
        ),
        (
            {
                "seasons": [
                    {"from": "07-01", "until": "08-01", "weekly": {}},
                    {"from": "06-15", "until": "09-16", "weekly": {}},
                ]
            },
            r"seasons\[1\]: overlaps seasons\[0\]",
        ),
        ({"holiday": {}}, "calendar.holiday: unknown key"),
    ],
)
def test_calendar_definition_gives_the_path_of_its_fault(changes, message):
    with pytest.raises(CalendarError, match=f"^{message}"):
        WorkCalendar.from_definition(definition(**changes))


def test_calendar_must_be_an_object():
    with pytest.raises(CalendarError, match=r"^calendar: not an object"):
        WorkCalendar.from_definition(["mon"])


def test_calendar_without_hours_or_weekdays_never_opens_and_works_monday_to_friday():
    bare = WorkCalendar.from_definition(
        {"zone": "UTC", "known_from": "2025-01-01", "known_until": "2025-01-08"}
    )
    days = [date(2025, 1, 1) + timedelta(days=n) for n in range(7)]
    assert [bare.is_working_day(day) for day in days] == [1, 1, 1, 0, 0, 1, 1]
    assert not any(bare.open_intervals(day) for day in days)


@pytest.mark.parametrize("day", [date(2023, 12, 31), date(2026, 1, 1)])
def test_calendar_refuses_days_it_does_not_know(day):
    with pytest.raises(BeyondCalendarError):
        OFFICE.is_working_day(day)
    with pytest.raises(BeyondCalendarError):
        OFFICE.open_intervals(day)


@pytest.mark.parametrize(
    ("day", "works", "hours"),
    [
        ("2025-01-07", True, "09-14 16-19"),
        ("2025-01-06", False, ""),  # holiday
        ("2025-01-11", False, "10-13"),  # Saturday, open but not working
        ("2025-01-12", False, ""),
        ("2025-06-14", False, "10-13"),
        ("2025-06-16", True, "08-15"),  # summer hours
        ("2025-06-21", False, ""),
        ("2025-09-15", True, "08-15"),
        ("2025-09-16", True, "09-14 16-19"),  # half-open
        ("2025-12-24", True, "09-13"),  # half day
        ("2025-12-29", True, ""),  # the season over the new year
        ("2025-01-02", True, ""),
        ("2025-01-03", True, "09-14 16-19"),
        ("2025-04-18", False, "11-12"),  # hours given for the holiday itself
    ],
)
def test_calendar_layers(day, works, hours):
    layered = calendar(
        weekly=weekdays(*SPLIT_DAY) | {"sat": [["10:00", "13:00"]]},
        seasons=[
            {
                "from": "06-15",
                "until": "09-16",
                "weekly": weekdays(["08:00", "15:00"]),
            },
            {"from": "12-26", "until": "01-03", "weekly": {}},
        ],
        overrides={
            "2025-12-24": [["09:00", "13:00"]],
            "2025-04-18": [["11:00", "12:00"]],
        },
    )
    when = date.fromisoformat(day)
    shown = [
        f"{opens.astimezone(MADRID):%H}-{closes.astimezone(MADRID):%H}"
        for opens, closes in layered.open_intervals(when)
    ]
    assert layered.is_working_day(when) is works
    assert " ".join(shown) == hours


def test_holidays_may_be_a_list_of_dates():
    listed = calendar(holidays=["2025-01-07"])
    assert not listed.is_working_day(date(2025, 1, 7))
    assert listed.is_working_day(date(2025, 1, 6))


def test_calendar_survives_pickling_after_use():
    used = calendar()
    used.add_open(madrid("2025-01-07T09:00"), HOUR)
    again = pickle.loads(pickle.dumps(used))
    start = madrid("2025-01-03T18:00")
    assert again.add_open(start, 2 * HOUR) == used.add_open(start, 2 * HOUR)


def test_calendar_knows_its_range_and_zone():
    assert OFFICE.zone == MADRID
    assert (OFFICE.known_from, OFFICE.known_until) == (
        date(2024, 1, 1),
        date(2026, 1, 1),
    )


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2025-01-07T09:00", "2025-01-07T19:00", 8),
        ("2025-01-07T13:00", "2025-01-07T17:00", 2),
        ("2025-01-07T14:00", "2025-01-07T16:00", 0),
        ("2025-01-03T18:00", "2025-01-07T10:00", 2),  # weekend and holiday between
        ("2025-01-07T10:00", "2025-01-03T18:00", -2),
    ],
)
def test_open_between(start, end, hours):
    assert OFFICE.open_between(madrid(start), madrid(end)) == hours * HOUR


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        ("2025-01-07T10:00", 0, "2025-01-07T10:00"),
        ("2025-01-07T03:00", 0, "2025-01-07T03:00"),
        ("2025-01-07T03:00", 1, "2025-01-07T10:00"),
        ("2025-01-07T09:00", 5, "2025-01-07T14:00"),  # earliest: not 16:00
        ("2025-01-07T13:30", 1, "2025-01-07T16:30"),
        ("2025-01-03T18:00", 2, "2025-01-07T10:00"),
    ],
)
def test_add_open_gives_the_earliest_instant(start, hours, expected):
    assert OFFICE.add_open(madrid(start), hours * HOUR) == madrid(expected)


def test_add_open_refuses_a_negative_amount():
    with pytest.raises(WorktimeError, match="negative"):
        OFFICE.add_open(madrid("2025-01-07T10:00"), -HOUR)


# Nights on which the clocks change.


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Madrid", "2025-03-30", 23),
        ("Europe/Madrid", "2025-10-26", 25),
        ("Atlantic/Canary", "2025-03-30", 23),
        ("Atlantic/Canary", "2025-10-26", 25),
        ("America/New_York", "2025-03-09", 23),
        ("America/New_York", "2025-11-02", 25),
        ("America/Santiago", "2025-04-05", 25),  # back from midnight to 23:00
        ("America/Santiago", "2025-09-07", 23),  # begins at 01:00
        ("America/St_Johns", "2010-11-06", 24),  # back from 00:01 of the next day
        ("America/St_Johns", "2010-11-07", 25),
        ("Australia/Lord_Howe", "2025-04-06", 24.5),
        ("Pacific/Apia", "2011-12-30", 0),  # a day that never was
    ],
)
def test_day_of_changing_clocks_is_as_long_as_it_really_is(zone, day, hours):
    kiosk = calendar(
        zone=zone,
        known_from="2010-01-01",
        weekly=ALL_DAY,
        working_weekdays=list(ALL_DAY),
    )
    when = date.fromisoformat(day)
    intervals = kiosk.open_intervals(when)
    assert sum((end - start for start, end in intervals), timedelta()) == hours * HOUR
    if intervals:
        # The whole day is in one piece and belongs to that day throughout.
        (opens, closes), *more = intervals
        assert not more
        assert kiosk.open_between(opens, closes) == hours * HOUR
        assert (
            elapsed(opens, closes - RESOLUTION, Unit.CALENDAR_DAYS, kiosk, zone=MADRID)
            == 0
        )
        assert elapsed(opens, closes, Unit.CALENDAR_DAYS, kiosk, zone=MADRID) == 1
        assert (
            elapsed(opens, closes, Unit.LEGAL_HOURS, kiosk, zone=MADRID)
            == hours * HOUR // RESOLUTION
        )


@pytest.mark.parametrize(
    ("day", "interval", "opens", "closes"),
    [
        # 02:00 to 03:00 does not exist on 30 March: those times are the jump itself.
        ("2025-03-30", ["01:30", "02:30"], "00:30", "01:00"),
        ("2025-03-30", ["02:00", "04:00"], "01:00", "02:00"),
        ("2025-03-30", ["02:30", "03:30"], "01:00", "01:30"),
        ("2025-03-30", ["02:10", "03:10"], "01:00", "01:10"),
        # 02:00 to 03:00 happens twice on 26 October: the first time is meant.
        ("2025-10-26", ["01:30", "02:30"], "23:30", "00:30"),
        ("2025-10-26", ["02:30", "03:30"], "00:30", "02:30"),
        ("2025-10-26", ["02:00", "03:00"], "00:00", "02:00"),
    ],
)
def test_wall_time_skipped_or_repeated(day, interval, opens, closes):
    night_desk = calendar(weekly={"sun": [interval]})
    ((start, end),) = night_desk.open_intervals(date.fromisoformat(day))
    assert (f"{start:%H:%M}", f"{end:%H:%M}") == (opens, closes)
    assert start.tzinfo is UTC


def test_interval_that_falls_wholly_into_the_skipped_hour_is_no_interval():
    night_desk = calendar(weekly={"sun": [["02:10", "02:50"]]})
    assert night_desk.open_intervals(date(2025, 3, 30)) == ()


def test_evening_shown_twice_belongs_to_the_day_that_has_begun():
    # In Newfoundland, at 00:01 of 7 November 2010, clocks went back to 23:01.
    zone = ZoneInfo("America/St_Johns")
    again = datetime(2010, 11, 6, 23, 30, tzinfo=zone, fold=1)
    for start, day in ((again.replace(fold=0), 7), (again, 8)):
        due = due_at(start, term("1", "calendar_days"), None, zone=zone)
        assert (due - RESOLUTION).astimezone(zone).day == day
    assert elapsed(again, again + HOUR, Unit.CALENDAR_DAYS, None, zone=zone) == 0


def test_day_that_never_was_has_no_legal_hours():
    apia = calendar(
        zone="Pacific/Apia", known_from="2011-01-01", working_weekdays=["fri"]
    )
    thursday, saturday = (
        datetime(2011, 12, day, 12, tzinfo=apia.zone) for day in (29, 31)
    )
    assert elapsed(thursday, saturday, Unit.LEGAL_HOURS, apia, zone=MADRID) == 0
    assert elapsed(thursday, saturday, Unit.ELAPSED_HOURS, apia, zone=MADRID) == (
        24 * HOUR // RESOLUTION
    )


def test_hour_around_the_clock_is_an_hour_on_the_night_of_the_change():
    start = madrid("2025-10-26T02:30")  # the first one
    due = due_at(start, term("1", "elapsed_hours"), None, zone=MADRID)
    assert due - RESOLUTION == start.replace(fold=1).astimezone(UTC)


def test_day_is_local_not_utc():
    # 23:30 UTC on Monday is Tuesday in Madrid, and the term starts there.
    start = datetime(2025, 7, 7, 23, 30, tzinfo=UTC)
    due = due_at(start, term("1", "working_days"), OFFICE, zone=ZoneInfo("UTC"))
    assert last_day(due) == "2025-07-09"


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2025-03-29T10:00", "2025-03-30T22:00"),
        ("2025-10-25T10:00", "2025-10-26T23:00"),
    ],
)
def test_day_term_ends_at_the_local_midnight_of_a_night_of_change(start, expected):
    due = due_at(madrid(start), term("1", "calendar_days"), None, zone=MADRID)
    assert due == datetime.fromisoformat(expected).replace(tzinfo=UTC)


# When a term is due: durations.


@pytest.mark.parametrize(
    ("start", "amount", "unit", "last_good"),
    [
        ("2025-01-03T18:00", "90", "elapsed_seconds", "2025-01-03T18:01:30"),
        ("2025-01-03T18:00", "10", "elapsed_minutes", "2025-01-03T18:10"),
        ("2025-01-03T18:00", "1.5", "elapsed_hours", "2025-01-03T19:30"),
        ("2025-01-03T18:00", "2", "elapsed_days", "2025-01-05T18:00"),
        ("2025-01-03T18:00", "0", "elapsed_hours", "2025-01-03T18:00"),
        ("2025-01-03T18:00", "59", "open_minutes", "2025-01-03T18:59"),
        # Used up at closing time: kept until the very instant of the next opening.
        ("2025-01-03T18:00", "60", "open_minutes", "2025-01-07T09:00"),
        ("2025-01-03T18:00", "61", "open_minutes", "2025-01-07T09:01"),
        ("2025-01-03T13:30", "0.5", "open_hours", "2025-01-03T16:00"),
        ("2025-01-04T12:00", "8", "open_hours", "2025-01-08T09:00"),
        ("2025-01-04T12:00", "0", "open_hours", "2025-01-07T09:00"),
        # Ley 39/2015, 30.1: every hour of a working day, whatever the opening hours.
        ("2025-01-02T10:15", "24", "legal_hours", "2025-01-03T10:15"),
        ("2025-01-03T10:15", "24", "legal_hours", "2025-01-07T10:15"),
        ("2025-01-04T10:15", "24", "legal_hours", "2025-01-08T00:00"),
        ("2025-01-03T10:15", "13.75", "legal_hours", "2025-01-07T00:00"),
    ],
)
def test_due_of_a_duration_is_one_microsecond_after_the_last_good_instant(
    start, amount, unit, last_good
):
    limit = term(amount, unit)
    due = due_at(madrid(start), limit, OFFICE, zone=MADRID)
    assert due == madrid(last_good) + RESOLUTION
    assert due.tzinfo is UTC
    spent = elapsed(madrid(start), due, limit.unit, OFFICE, zone=MADRID)
    assert spent == limit.microseconds + 1


# When a term is due: days, months, years.


@pytest.mark.parametrize(
    ("start", "amount", "unit", "options", "expected"),
    [
        # Ley 39/2015, 30.2 and 30.3: from the next day, without weekend and holiday.
        ("2025-01-02T10:00", "1", "working_days", {}, "2025-01-03"),
        ("2025-01-02T23:59:59", "1", "working_days", {}, "2025-01-03"),
        ("2025-01-02T00:00", "1", "working_days", {}, "2025-01-03"),
        ("2025-01-03T10:00", "1", "working_days", {}, "2025-01-07"),
        ("2025-01-03T10:00", "10", "working_days", {}, "2025-01-20"),
        ("2025-01-03T10:00", "1", "working_days", {"day_one": "same"}, "2025-01-03"),
        ("2025-01-03T10:00", "2", "working_days", {"day_one": "same"}, "2025-01-07"),
        # Started on a day off: day one is the next working day, either way.
        ("2025-01-04T10:00", "1", "working_days", {}, "2025-01-07"),
        ("2025-01-04T10:00", "1", "working_days", {"day_one": "same"}, "2025-01-07"),
        ("2025-01-06T10:00", "1", "working_days", {"day_one": "same"}, "2025-01-07"),
        # 30.5: the last day rolls forward.
        ("2025-01-03T10:00", "1", "calendar_days", {}, "2025-01-07"),
        ("2025-01-03T10:00", "1", "calendar_days", {"roll": False}, "2025-01-04"),
        ("2025-01-03T10:00", "4", "calendar_days", {}, "2025-01-07"),
        ("2025-01-03T10:00", "5", "calendar_days", {}, "2025-01-08"),
        ("2025-01-03T10:00", "1", "calendar_days", {"day_one": "same"}, "2025-01-03"),
        ("2025-01-03T10:00", "5", "calendar_days", {"day_one": "same"}, "2025-01-07"),
        ("2025-03-03T10:00", "46", "calendar_days", {}, "2025-04-21"),
        # 30.4: the same day number, or the last day of a month without it.
        ("2025-01-14T10:00", "1", "months", {}, "2025-02-14"),
        ("2025-01-31T10:00", "1", "months", {}, "2025-02-28"),
        ("2024-01-31T10:00", "1", "months", {}, "2024-02-29"),
        ("2025-01-31T10:00", "3", "months", {}, "2025-04-30"),
        ("2024-11-30T10:00", "3", "months", {}, "2025-02-28"),
        ("2025-01-15T10:00", "1", "months", {}, "2025-02-17"),  # a Saturday rolls
        ("2025-01-15T10:00", "1", "months", {"roll": False}, "2025-02-15"),
        ("2024-02-29T10:00", "1", "years", {}, "2025-02-28"),
        ("2024-05-14T10:00", "1", "years", {}, "2025-05-14"),
        # The start's own day is day one: a day earlier.
        ("2025-01-15T10:00", "1", "months", {"day_one": "same"}, "2025-02-14"),
        ("2025-02-01T10:00", "1", "months", {"day_one": "same"}, "2025-02-28"),
        ("2025-03-01T10:00", "1", "months", {"day_one": "same"}, "2025-03-31"),
        ("2025-01-31T10:00", "1", "months", {"day_one": "same"}, "2025-02-28"),
        ("2024-01-01T10:00", "1", "years", {"day_one": "same"}, "2024-12-31"),
    ],
)
def test_due_of_days_is_the_midnight_that_ends_the_last_one(
    start, amount, unit, options, expected
):
    limit = term(amount, unit, **options)
    due = due_at(madrid(start), limit, OFFICE, zone=ZoneInfo("Asia/Tokyo"))
    assert last_day(due) == expected


@pytest.mark.parametrize(
    ("amount", "unit", "expected"),
    [
        ("1", "calendar_days", "2025-01-04"),
        ("1", "months", "2025-02-03"),
        ("2", "years", "2027-01-03"),  # a Sunday
    ],
)
def test_without_a_calendar_nothing_rolls(amount, unit, expected):
    due = due_at(madrid("2025-01-03T10:00"), term(amount, unit), None, zone=MADRID)
    assert last_day(due) == expected


@pytest.mark.parametrize("unit", [unit for unit in Unit if unit.needs_calendar])
def test_unit_that_needs_a_calendar_is_refused_without_one(unit):
    start = madrid("2025-01-03T10:00")
    with pytest.raises(WorktimeError, match=f"{unit} cannot be counted without"):
        due_at(start, Term(Decimal(1), unit), None, zone=MADRID)
    with pytest.raises(WorktimeError, match=f"{unit} cannot be counted without"):
        elapsed(start, start + HOUR, unit, None, zone=MADRID)


@pytest.mark.parametrize("unit", Unit)
def test_instants_without_a_zone_are_refused(unit):
    naive, aware = datetime(2025, 1, 3), madrid("2025-01-03T10:00")
    with pytest.raises(TypeError, match="no time zone"):
        due_at(naive, Term(Decimal(1), unit), OFFICE, zone=MADRID)
    with pytest.raises(TypeError, match="no time zone"):
        elapsed(aware, naive, unit, OFFICE, zone=MADRID)
    with pytest.raises(TypeError, match="no time zone"):
        due_at(
            aware,
            Term(Decimal(1), unit),
            OFFICE,
            zone=MADRID,
            pauses=[(aware, naive)],
        )


def test_any_zone_may_carry_an_instant():
    start = datetime(2025, 1, 3, 19, tzinfo=timezone(timedelta(hours=3)))
    due = due_at(start, term("1", "open_hours"), OFFICE, zone=MADRID)
    assert due == madrid("2025-01-03T18:00") + RESOLUTION


# Beyond the calendar.


@pytest.mark.parametrize(
    ("start", "amount", "unit"),
    [
        ("2025-12-31T10:00", "1", "working_days"),
        ("2025-12-30T10:00", "2", "working_days"),
        ("2026-01-02T10:00", "1", "working_days"),
        ("2023-12-30T10:00", "1", "working_days"),
        ("2025-12-31T10:00", "1", "calendar_days"),  # whether it rolls is not known
        ("2025-12-15T10:00", "1", "months"),
        ("2025-12-31T18:00", "2", "open_hours"),
        ("2025-12-31T18:00", "1", "open_hours"),  # next opening not known
        ("2025-12-31T12:00", "12", "legal_hours"),
        ("2023-12-31T12:00", "12", "legal_hours"),
        ("2023-12-31T12:00", "1", "open_hours"),
    ],
)
def test_due_beyond_the_calendar_is_not_computable(start, amount, unit):
    with pytest.raises(BeyondCalendarError):
        due_at(madrid(start), term(amount, unit), OFFICE, zone=MADRID)


@pytest.mark.parametrize(
    ("start", "amount", "unit", "options", "expected"),
    [
        ("2025-12-30T10:00", "1", "working_days", {}, "2025-12-31"),
        ("2023-12-31T10:00", "1", "working_days", {}, "2024-01-01"),
        ("2025-12-15T10:00", "1", "months", {"roll": False}, "2026-01-15"),
    ],
)
def test_due_up_to_the_edge_of_the_calendar_is_computed(
    start, amount, unit, options, expected
):
    due = due_at(madrid(start), term(amount, unit, **options), OFFICE, zone=MADRID)
    assert last_day(due) == expected


@pytest.mark.parametrize("unit", [unit for unit in Unit if unit.needs_calendar])
def test_elapsed_beyond_the_calendar_is_not_computable(unit):
    inside = madrid("2025-12-30T10:00")
    for outside in (madrid("2026-01-01T10:00"), madrid("2023-12-30T10:00")):
        with pytest.raises(BeyondCalendarError):
            elapsed(inside, outside, unit, OFFICE, zone=MADRID)


def test_elapsed_to_the_very_end_of_the_calendar_is_computed():
    start, end = madrid("2025-12-31T10:00"), madrid("2026-01-01T00:00")
    for unit, hours in ((Unit.OPEN_HOURS, 7), (Unit.LEGAL_HOURS, 14)):
        assert (
            elapsed(start, end, unit, OFFICE, zone=MADRID) * RESOLUTION == hours * HOUR
        )


@pytest.mark.parametrize("unit", ["elapsed_days", "calendar_days", "months", "years"])
def test_due_after_the_last_year_is_not_computable(unit):
    with pytest.raises(BeyondCalendarError, match="after the year 9999"):
        due_at(madrid("2025-01-01T10:00"), term("9999999", unit), None, zone=MADRID)


# How much has passed.


@pytest.mark.parametrize(
    ("start", "end", "unit", "expected"),
    [
        ("2025-01-03T10:00", "2025-01-03T23:59", "working_days", 0),
        ("2025-01-03T10:00", "2025-01-06T10:00", "working_days", 0),
        ("2025-01-03T10:00", "2025-01-07T00:00", "working_days", 1),
        ("2025-01-04T10:00", "2025-01-07T10:00", "working_days", 1),
        ("2025-01-07T10:00", "2025-01-03T10:00", "working_days", -1),
        ("2025-01-03T10:00", "2025-01-07T00:00", "calendar_days", 4),
        ("2025-01-03T23:59", "2025-01-04T00:00", "calendar_days", 1),
        ("2025-01-31T10:00", "2025-02-27T10:00", "months", 0),
        ("2025-01-31T10:00", "2025-02-28T00:00", "months", 1),
        ("2025-01-31T10:00", "2025-03-30T10:00", "months", 1),
        ("2025-01-31T10:00", "2025-03-31T00:00", "months", 2),
        ("2024-02-29T10:00", "2025-02-27T10:00", "years", 0),
        ("2024-02-29T10:00", "2025-02-28T10:00", "years", 1),
        ("2025-02-28T10:00", "2024-03-01T10:00", "years", 0),
        ("2025-02-28T10:00", "2024-02-28T10:00", "years", -1),
    ],
)
def test_elapsed_days(start, end, unit, expected):
    assert (
        elapsed(madrid(start), madrid(end), Unit(unit), OFFICE, zone=MADRID) == expected
    )


def test_elapsed_of_durations_is_exact_and_keeps_its_sign():
    start = datetime(2025, 1, 3, 10, tzinfo=UTC)
    end = start + timedelta(days=30, microseconds=7)
    forth = elapsed(start, end, Unit.ELAPSED_DAYS, None, zone=MADRID)
    back = elapsed(end, start, Unit.ELAPSED_SECONDS, None, zone=MADRID)
    assert forth == -back == 30 * 86_400_000_000 + 7


# Pauses.

FRI_10 = "2025-01-10T10:00"  # a Friday without holidays around it


@pytest.mark.parametrize(
    ("pauses", "last_good"),
    [
        ([], "2025-01-10T18:00"),
        ([("10:00", "11:00")], "2025-01-10T19:00"),
        ([("12:00", "13:00")], "2025-01-10T19:00"),
        ([("12:00", "13:00"), ("12:30", "13:30")], "2025-01-10T19:30"),  # overlap
        ([("12:30", "13:30"), ("12:00", "13:00")], "2025-01-10T19:30"),  # any order
        ([("12:00", "13:00"), ("12:15", "12:30")], "2025-01-10T19:00"),  # one in other
        ([("12:00", "13:00"), ("12:00", "13:00")], "2025-01-10T19:00"),  # twice
        ([("12:00", "12:30"), ("12:30", "13:00")], "2025-01-10T19:00"),  # touching
        ([("13:00", "12:00")], "2025-01-10T18:00"),  # reversed
        ([("12:00", "12:00")], "2025-01-10T18:00"),  # without length
        ([("08:00", "09:00")], "2025-01-10T18:00"),  # before the start
        ([("08:00", "11:00")], "2025-01-10T19:00"),  # cut at the start
        ([("18:00", "19:00")], "2025-01-10T19:00"),  # used up as the pause begins
        ([("18:00:00.000001", "19:00")], "2025-01-10T18:00"),  # too late to matter
        ([("18:00:00.000001", None)], "2025-01-10T18:00"),
        ([("18:00", None)], None),
        ([("12:00", None)], None),
        ([("08:00", None)], None),
        ([("12:00", None), ("13:00", "14:00")], None),
    ],
)
def test_due_with_pauses_around_the_clock(pauses, last_good):
    due = due_at(
        madrid(FRI_10),
        term("8", "elapsed_hours"),
        None,
        zone=MADRID,
        pauses=[
            (
                madrid(f"2025-01-10T{since}"),
                madrid(f"2025-01-10T{until}") if until else None,
            )
            for since, until in pauses
        ],
    )
    assert due == (madrid(last_good) + RESOLUTION if last_good else None)


@pytest.mark.parametrize(
    ("pause", "last_good"),
    [
        (("2025-01-10T14:00", "2025-01-10T16:00"), "2025-01-13T10:00"),  # closed
        (("2025-01-10T13:00", "2025-01-10T17:00"), "2025-01-13T12:00"),
        (("2025-01-10T18:00", "2025-01-13T10:00"), "2025-01-13T12:00"),
        (("2025-01-10T19:00", "2025-01-13T09:00"), "2025-01-13T10:00"),
    ],
)
def test_only_open_time_of_a_pause_counts_against_open_hours(pause, last_good):
    since, until = map(madrid, pause)
    start, limit = madrid(FRI_10), term("8", "open_hours")
    due = due_at(start, limit, OFFICE, zone=MADRID, pauses=[(since, until)])
    assert due == madrid(last_good) + RESOLUTION


@pytest.mark.parametrize(
    ("amount", "unit", "pause", "expected"),
    [
        ("2", "working_days", None, "2025-01-14"),
        # Within one day: costs nothing.
        (
            "2",
            "working_days",
            ("2025-01-13T00:00", "2025-01-13T23:59:59.9"),
            "2025-01-14",
        ),
        # Over one midnight: costs the day it began in.
        ("2", "working_days", ("2025-01-13T23:59", "2025-01-14T00:01"), "2025-01-15"),
        ("2", "working_days", ("2025-01-13T09:00", "2025-01-14T00:00"), "2025-01-15"),
        # From midnight on, and before the start: costs nothing.
        ("2", "working_days", ("2025-01-14T00:00", "2025-01-14T09:00"), "2025-01-14"),
        ("2", "working_days", ("2025-01-08T09:00", "2025-01-10T11:00"), "2025-01-14"),
        # Over the start's own midnight, which does not count anyway.
        ("2", "working_days", ("2025-01-10T11:00", "2025-01-13T09:00"), "2025-01-14"),
        ("2", "working_days", ("2025-01-10T11:00", "2025-01-14T09:00"), "2025-01-15"),
        # Over the weekend only.
        ("2", "working_days", ("2025-01-11T11:00", "2025-01-12T09:00"), "2025-01-14"),
        ("2", "working_days", ("2025-01-14T20:00", "2025-01-20T09:00"), "2025-01-20"),
        ("2", "working_days", ("2025-01-15T00:00", None), "2025-01-14"),
        ("2", "working_days", ("2025-01-14T23:00", None), None),
        ("4", "calendar_days", ("2025-01-11T11:00", "2025-01-12T09:00"), "2025-01-15"),
        # Paused on the working day to which the last day would move.
        ("2", "calendar_days", ("2025-01-13T11:00", "2025-01-15T09:00"), "2025-01-15"),
        ("2", "calendar_days", ("2025-01-13T11:00", None), None),
        ("2", "calendar_days", ("2025-01-14T00:00", None), "2025-01-13"),
        # Months grow by the days paused.
        ("1", "months", ("2025-01-20T11:00", "2025-01-23T09:00"), "2025-02-13"),
        ("1", "months", ("2025-02-11T00:00", None), "2025-02-10"),
        ("1", "months", ("2025-02-10T12:00", None), None),
        ("1", "years", ("2024-12-20T11:00", None), None),
    ],
)
def test_day_is_lost_only_if_paused_when_it_ends(amount, unit, pause, expected):
    pauses = [(madrid(pause[0]), pause[1] and madrid(pause[1]))] if pause else []
    due = due_at(madrid(FRI_10), term(amount, unit), OFFICE, zone=MADRID, pauses=pauses)
    assert (last_day(due) if due else None) == expected


def test_same_day_term_is_extended_by_a_pause_over_its_midnight():
    pauses = [(madrid("2025-01-10T12:00"), madrid("2025-01-13T09:00"))]
    limit = term("1", "working_days", day_one="same")
    due = due_at(madrid(FRI_10), limit, OFFICE, zone=MADRID, pauses=pauses)
    assert last_day(due) == "2025-01-13"


def test_pause_beyond_the_calendar_matters_only_if_it_comes_to_it():
    start, limit = madrid("2025-12-29T10:00"), term("1", "working_days")
    after = (madrid("2026-02-01T10:00"), None)
    due = due_at(start, limit, OFFICE, zone=MADRID, pauses=[after])
    assert last_day(due) == "2025-12-30"
    across = (madrid("2025-12-30T10:00"), madrid("2026-02-01T10:00"))
    with pytest.raises(BeyondCalendarError):
        due_at(start, limit, OFFICE, zone=MADRID, pauses=[across])
    with pytest.raises(BeyondCalendarError):
        # Whether ten days have passed before the pause begins is not known.
        due_at(start, term("10", "working_days"), OFFICE, zone=MADRID, pauses=[after])


@pytest.mark.parametrize(
    ("unit", "end", "pause", "expected"),
    [
        (
            "working_days",
            "2025-01-15T10:00",
            ("2025-01-13T10:00", "2025-01-14T10:00"),
            2,
        ),
        (
            "working_days",
            "2025-01-15T10:00",
            ("2025-01-13T10:00", "2025-01-13T12:00"),
            3,
        ),
        # Paused at the end, known or not to go on: the end's own day does not count.
        ("working_days", "2025-01-15T10:00", ("2025-01-15T09:00", None), 2),
        (
            "working_days",
            "2025-01-15T10:00",
            ("2025-01-15T09:00", "2025-01-15T11:00"),
            2,
        ),
        (
            "working_days",
            "2025-01-15T10:00",
            ("2025-01-15T09:00", "2025-01-15T09:30"),
            3,
        ),
        (
            "working_days",
            "2025-01-15T10:00",
            ("2025-01-15T09:00", "2025-01-15T10:00"),
            2,
        ),
        ("working_days", "2025-01-15T10:00", ("2025-01-15T10:00", None), 3),
        ("working_days", "2025-01-15T10:00", ("2025-01-01T10:00", None), 0),
        (
            "calendar_days",
            "2025-01-15T10:00",
            ("2025-01-11T10:00", "2025-01-12T10:00"),
            4,
        ),
        ("months", "2025-02-10T10:00", ("2025-01-11T10:00", "2025-01-12T10:00"), 0),
        ("months", "2025-02-11T10:00", ("2025-01-11T10:00", "2025-01-12T10:00"), 1),
        ("years", "2026-01-10T10:00", ("2025-01-11T10:00", "2025-01-12T10:00"), 0),
        ("years", "2026-01-11T10:00", ("2025-01-11T10:00", "2025-01-12T10:00"), 1),
    ],
)
def test_elapsed_days_with_a_pause(unit, end, pause, expected):
    pauses = [(madrid(pause[0]), pause[1] and madrid(pause[1]))]
    days = elapsed(
        madrid(FRI_10), madrid(end), Unit(unit), OFFICE, zone=MADRID, pauses=pauses
    )
    assert days == expected


def test_elapsed_of_a_duration_leaves_out_the_paused_part():
    start, end = madrid(FRI_10), madrid("2025-01-10T18:00")
    pauses = [
        (madrid("2025-01-09T10:00"), madrid("2025-01-10T11:00")),
        (madrid("2025-01-10T13:00"), madrid("2025-01-10T16:30")),
        (madrid("2025-01-10T17:00"), None),
        (madrid("2025-01-11T10:00"), madrid("2025-01-12T10:00")),
    ]

    def hours(unit: Unit) -> float:
        spent = elapsed(start, end, unit, OFFICE, zone=MADRID, pauses=pauses)
        return spent * RESOLUTION / HOUR

    assert hours(Unit.ELAPSED_HOURS) == hours(Unit.LEGAL_HOURS) == 2.5
    assert hours(Unit.OPEN_MINUTES) == 2.5


# Explanations.


def told(
    start: str, limit: Term, office: WorkCalendar | None, pauses: object = ()
) -> list[str]:
    derivation = explain_due(madrid(start), limit, office, zone=MADRID, pauses=pauses)
    assert derivation.start == madrid(start)
    assert derivation.due_at == due_at(
        madrid(start), limit, office, zone=MADRID, pauses=pauses
    )
    counted = sum(step.counted for step in derivation.steps)
    if derivation.due_at:
        assert counted == limit.amount
    else:
        assert counted <= limit.amount
    return [
        f"{step.day:%d} {step.kind.value} {step.counted.normalize():f} {step.note}".strip()
        for step in derivation.steps
    ]


@pytest.mark.parametrize(
    ("start", "limit", "expected"),
    [
        (
            "2025-01-03T10:00",
            term("2", "working_days"),
            (
                "03 start 0|04 weekend 0|05 weekend 0|06 holiday 0 Reis|07 day_one 1"
                "|08 counted 1"
            ),
        ),
        (
            "2025-01-03T10:00",
            term("2", "working_days", day_one="same"),
            "03 day_one 1|04 weekend 0|05 weekend 0|06 holiday 0 Reis|07 counted 1",
        ),
        (
            "2025-01-03T10:00",
            term("2", "calendar_days"),
            "03 start 0|04 day_one 1|05 counted 1|06 holiday 0 Reis|07 rolled 0",
        ),
        ("2024-12-03T10:00", term("1", "months"), "03 start 0|03 counted 1"),
        (
            "2024-12-04T10:00",
            term("1", "months"),
            "04 start 0|04 counted 1|05 weekend 0|06 holiday 0 Reis|07 rolled 0",
        ),
        (
            "2025-01-03T10:00",
            term("8", "open_hours"),
            (
                "03 open 7|04 outside_hours 0|05 outside_hours 0|06 holiday 0 Reis"
                "|07 open 1"
            ),
        ),
        ("2025-01-03T10:00", term("7", "open_hours"), "03 open 7"),
        (
            "2025-01-03T10:00",
            term("24", "legal_hours"),
            "03 counted 14|04 weekend 0|05 weekend 0|06 holiday 0 Reis|07 counted 10",
        ),
        (
            "2025-01-03T10:00",
            term("1", "elapsed_days"),
            "03 counted 0.583333|04 counted 0.416667",
        ),
        ("2025-01-03T10:00", term("0", "elapsed_days"), ""),
    ],
)
def test_explanation_tells_each_day(start, limit, expected):
    assert "|".join(told(start, limit, OFFICE)) == expected


def test_explanation_without_a_calendar():
    steps = told("2025-01-03T10:00", term("2", "calendar_days"), None)
    assert steps == ["03 start 0", "04 day_one 1", "05 counted 1"]


@pytest.mark.parametrize(
    ("limit", "until", "expected"),
    [
        (
            term("2", "working_days"),
            "2025-01-15T09:00",
            (
                "10 start 0|11 weekend 0|12 weekend 0|13 paused 0|14 paused 0|15 day_one 1"
                "|16 counted 1"
            ),
        ),
        (
            term("2", "working_days"),
            None,
            "10 start 0|11 weekend 0|12 weekend 0|13 paused 0",
        ),
        (
            term("2", "calendar_days"),
            "2025-01-15T09:00",
            "10 start 0|11 day_one 1|12 counted 1|13 paused 0|14 paused 0|15 rolled 0",
        ),
        (
            term("1", "months"),
            "2025-01-15T09:00",
            "10 start 0|13 paused 0|14 paused 0|12 counted 1",
        ),
        (
            term("12", "open_hours"),
            "2025-01-15T10:00",
            (
                "10 open 7|11 outside_hours 0|12 outside_hours 0|13 open 3|14 paused 0"
                "|15 open 2"
            ),
        ),
        (
            term("20", "open_hours"),
            "2025-01-14T10:00",
            (
                "10 open 7|11 outside_hours 0|12 outside_hours 0|13 open 3|14 open 7"
                "|15 open 3"
            ),
        ),
        (
            term("12", "open_hours"),
            None,
            "10 open 7|11 outside_hours 0|12 outside_hours 0|13 open 3|13 paused 0",
        ),
    ],
)
def test_explanation_tells_the_pauses(limit, until, expected):
    pauses = [(madrid("2025-01-13T12:00"), until and madrid(until))]
    assert "|".join(told(FRI_10, limit, OFFICE, pauses)) == expected


def test_explanation_of_a_pause_that_begins_where_the_calendar_ends():
    pauses = [(madrid("2026-01-01T00:00"), None)]
    steps = told("2025-12-30T10:00", term("9", "working_days"), OFFICE, pauses)
    assert steps == ["30 start 0", "31 day_one 1", "01 paused 0"]


def test_explanation_kinds_are_codes():
    assert all(kind.value == kind.name.lower() for kind in StepKind)


# Speed. The limits are many times what it takes, so that a busy machine passes.


def test_calendar_of_thirty_years_compiles_quickly_and_once():
    long = calendar(known_from="2005-01-01", known_until="2035-01-01")
    start = madrid("2025-01-03T10:00")
    began = perf_counter()
    long.add_open(start, HOUR)
    first = perf_counter() - began
    began = perf_counter()
    for _ in range(100):
        long.add_open(start, HOUR)
    assert first < 2
    assert (perf_counter() - began) / 100 < 0.001


# Real data.


def shared_data(name: str) -> Path:
    folder = os.environ.get("PARAULA_SHARED")
    root = Path(folder) if folder else Path(__file__).parents[3] / "shared"
    path = root / "data" / name
    if not path.exists():
        pytest.skip("not run: data absent")
    return path


def expected_of(name: str) -> dict:
    return json.loads(shared_data(f"{name}.expected.json").read_text("utf-8"))


@pytest.mark.real_data
def test_boston_business_day_deadlines():
    """
    The city's own deadlines, by its inferred rule: n weekdays, time of day kept.

    Cases that open at 17:00 or later start on the next weekday at 08:30.
    """
    expected = expected_of("boston311_2011_business_day_deadlines")
    boston = ZoneInfo("America/New_York")
    city_hall = calendar(
        zone="America/New_York",
        known_from="2011-01-01",
        known_until="2013-01-01",
        holidays=expected["holidays"],
    )
    path = shared_data("boston311_2011_business_day_deadlines.csv.gz")
    entry = {"cut_off": "17:00", "from": "08:30"}
    agreed: dict[str, int] = {}
    rows = 0
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            rows += 1
            start = datetime.fromisoformat(row["OPEN_DT"]).replace(tzinfo=boston)
            limit = term(
                row["n_business_days"], "working_days", entry=entry, ends="time"
            )
            due = due_at(start, limit, city_hall, zone=boston)
            target = datetime.fromisoformat(row["TARGET_DT"]).replace(tzinfo=boston)
            if abs(target - (due - RESOLUTION)) <= timedelta(seconds=90):
                agreed[row["TYPE"]] = agreed.get(row["TYPE"], 0) + 1
    assert rows == expected["rows"]
    assert sum(agreed.values()) >= expected["rows_rule_within_90s_of_city_TARGET_DT"]
    assert agreed == {
        kind: row["within_90s"] for kind, row in expected["by_type"].items()
    }


def first_events(path: Path, *names: str) -> Iterator[list[datetime]]:
    """Yield the first instant of each named activity, for cases that have them all."""
    cases: dict[str, dict[str, datetime]] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines)
        next(reader)  # its first two headings carry the same name
        for case, activity, at, *_ in reader:
            instant = datetime.fromisoformat(at)
            events = cases.setdefault(case, {})
            events[activity] = min(instant, events.get(activity, instant))
    for events in cases.values():
        if all(name in events for name in names):
            yield [events[name] for name in names]


@pytest.mark.real_data
def test_dutch_permit_receipts_within_business_hours():
    check = expected_of("receipt_wabo_nl")["indicators"]["D_confirmation_to_T02_check"]
    town_hall = calendar(
        zone=check["business_hours_calendar"]["tz"],
        known_from="2010-01-01",
        known_until="2013-01-01",
        weekly=weekdays(["09:00", "17:00"]),
        holidays=check["business_hours_calendar"]["holidays"],
    )
    limits = {
        "elapsed_le_24h": term("24", "elapsed_hours"),
        "business_le_8h": term("8", "open_hours"),
        "business_le_16h": term("16", "open_hours"),
    }
    met = dict.fromkeys(limits, 0)
    hours = []
    for confirmed, checked in first_events(
        shared_data("receipt_wabo_nl.csv"),
        "Confirmation of receipt",
        "T02 Check confirmation of receipt",
    ):
        if checked < confirmed:
            continue
        for name, limit in limits.items():
            due = due_at(confirmed, limit, town_hall, zone=MADRID)
            spent = elapsed(confirmed, checked, limit.unit, town_hall, zone=MADRID)
            # Two ways to the same outcome.
            assert (checked < due) == (spent <= limit.microseconds)
            met[name] += checked < due
        hours.append(town_hall.open_between(confirmed, checked) / HOUR)
    distribution = check["business_hours_distribution"]
    assert met == {name: check[name]["numerator"] for name in limits}
    assert len(hours) == check["business_le_8h"]["denominator"] == distribution["n"]
    assert sum(hours) / len(hours) == pytest.approx(distribution["mean"], abs=1e-6)
    assert max(hours) == pytest.approx(distribution["max"], abs=1e-6)

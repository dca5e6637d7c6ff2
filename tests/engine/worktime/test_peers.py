"""
Faults that users of other software report, each a case that must not happen here.

The name says where it was reported: a project and the number of its issue.
"""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from engine.worktime import (
    RESOLUTION,
    StepKind,
    Unit,
    changed_days,
    due_at,
    elapsed,
    explain_due,
)
from tests.engine.worktime.offices import MADRID, calendar, madrid, term, weekdays

HOUR = timedelta(hours=1)
OFFICE = calendar(known_until="2028-01-01", holidays={})  # 9 to 14 and 16 to 19
EIGHT_TO_FOUR = calendar(weekly=weekdays(["08:00", "16:00"]), holidays={})


def last_good(start: str, limit, office=OFFICE, pauses=()) -> datetime:
    due = due_at(madrid(start), limit, office, zone=MADRID, pauses=pauses)
    assert due is not None
    return due - RESOLUTION


def hours_open(start: str, end: str, office=OFFICE, pauses=()) -> float:
    spent = elapsed(
        madrid(start),
        madrid(end),
        Unit.OPEN_HOURS,
        office,
        zone=MADRID,
        pauses=pauses,
    )
    return spent * RESOLUTION / HOUR


def held(since: str, until: str | None) -> tuple[datetime, datetime | None]:
    return madrid(since), until and madrid(until)


# Zammad.


def test_zammad_docs_sixteen_hours_are_not_two_business_days():
    """Its terms know minutes only, so that days have to be written as hours."""
    friday = "2025-01-10T14:00"
    as_hours = last_good(friday, term("16", "open_hours"), EIGHT_TO_FOUR)
    as_days = last_good(friday, term("2", "working_days", ends="time"), EIGHT_TO_FOUR)
    assert as_hours == as_days == madrid("2025-01-14T14:00")
    # But not on a half day, nor for whoever comes after hours.
    half = calendar(
        weekly=weekdays(["08:00", "16:00"]),
        holidays={},
        overrides={"2025-01-13": [["08:00", "12:00"]]},
    )
    assert last_good(friday, term("16", "open_hours"), half) == madrid(
        "2025-01-15T10:00"
    )
    assert last_good(friday, term("2", "working_days", ends="time"), half) == madrid(
        "2025-01-14T14:00"
    )


def test_zammad_390_the_term_need_not_be_computed_by_hand():
    """Users of its calendars did, to believe a deadline."""
    told = explain_due(
        madrid("2025-01-03T18:00"),
        term("2", "open_hours"),
        calendar(),
        zone=MADRID,
    )
    assert told.total == 2
    days = [(step.day.day, step.kind, step.note) for step in told.steps]
    assert days == [
        (3, StepKind.OPEN, ""),
        (4, StepKind.OUTSIDE_HOURS, ""),
        (5, StepKind.OUTSIDE_HOURS, ""),
        (6, StepKind.HOLIDAY, "Reis"),
        (7, StepKind.OPEN, ""),
    ]


def test_zammad_4432_open_time_is_never_due_at_night():
    """Escalations came at midnight and at weekends."""
    for hour in range(24):
        start = f"2025-01-10T{hour:02}:30"
        for amount in ("1", "7", "8.5", "30"):
            assert OFFICE.is_open(last_good(start, term(amount, "open_hours")))


def test_zammad_192_ten_thousand_pauses_are_one_sum():
    """Reopening a ticket with a long history took forty seconds."""
    begins = madrid("2025-01-07T09:00")
    pauses = [
        (begins + n * HOUR, begins + n * HOUR + HOUR / 2)
        for n in reversed(range(10_000))
    ]
    ends = begins + 10_000 * HOUR
    spent = elapsed(
        begins, ends, Unit.ELAPSED_HOURS, OFFICE, zone=MADRID, pauses=pauses
    )
    assert spent * RESOLUTION == 5_000 * HOUR
    due = due_at(
        begins, term("5000", "elapsed_hours"), None, zone=MADRID, pauses=pauses
    )
    assert due == ends + RESOLUTION


# Frappe Helpdesk and ERPNext.


def test_frappe_1554_a_paused_clock_does_not_tick():
    pauses = [held("2025-01-08T10:00", None)]
    for end in ("2025-01-08T10:00", "2025-01-08T18:00", "2025-06-30T10:00"):
        assert hours_open("2025-01-08T09:00", end, pauses=pauses) == 1
    assert (
        due_at(
            madrid("2025-01-08T09:00"),
            term("2", "open_hours"),
            OFFICE,
            zone=MADRID,
            pauses=pauses,
        )
        is None
    )


def test_frappe_3776_held_from_february_to_august_is_not_42_days():
    """Its counters were saved in the wrong order when a held ticket was resolved."""
    pauses = [held("2025-02-03T10:00", "2025-08-04T10:00")]
    start, end = madrid("2025-01-31T10:00"), madrid("2025-08-05T12:00")
    days = elapsed(start, end, Unit.WORKING_DAYS, OFFICE, zone=MADRID, pauses=pauses)
    assert days == 2  # 4 and 5 August
    # Resolved while held: what was held until then is not counted either.
    still = [held("2025-02-03T10:00", None)]
    assert (
        elapsed(start, end, Unit.WORKING_DAYS, OFFICE, zone=MADRID, pauses=still) == 0
    )


@pytest.mark.parametrize("offset", [-5, 0, 3, 5.5])
def test_frappe_3776_an_agent_elsewhere_sees_the_same_deadline(offset):
    """Instants without a zone made new tickets look failed in India."""
    at = madrid("2025-01-08T18:30")
    seen = at.astimezone(timezone(timedelta(hours=offset)))
    limit = term("1", "open_hours")
    for zone in (MADRID, ZoneInfo("Asia/Kolkata"), ZoneInfo("Asia/Riyadh")):
        due = due_at(seen, limit, OFFICE, zone=zone)
        assert due == madrid("2025-01-09T09:30") + RESOLUTION
        assert due > at


def test_frappe_2449_a_hold_over_a_holiday_moves_the_deadline_by_open_time_only():
    """The whole hold was added to the creation date."""
    office = calendar(holidays={"2025-01-09": "Festa"})
    pauses = [held("2025-01-08T18:00", "2025-01-10T10:00")]
    due = last_good("2025-01-08T17:00", term("3", "open_hours"), office, pauses)
    assert due == madrid("2025-01-10T12:00")


def test_frappe_2212_lunch_is_closed():
    """A weekday may appear once only in its working hours."""
    assert last_good("2025-01-08T13:30", term("1", "open_hours")) == madrid(
        "2025-01-08T16:30"
    )
    assert hours_open("2025-01-08T13:00", "2025-01-08T17:00") == 2


def test_frappe_2214_an_edited_term_is_counted_from_the_start_again():
    """After an edit, 24 minutes took two hours: the stored rest was counted on."""
    start = "2025-01-08T09:00"
    assert last_good(start, term("2", "open_hours")) == madrid("2025-01-08T11:00")
    assert last_good(start, term("24", "open_minutes")) == madrid("2025-01-08T09:24")


@pytest.mark.parametrize(
    "pauses",
    [
        [("10:00", "12:00")],
        [("10:00", "12:00"), ("10:00", "12:00")],
        [("10:00", "12:00"), ("11:00", "11:30")],
        [("11:00", "12:00"), ("10:00", "11:30")],
    ],
)
def test_erpnext_52489_a_hold_is_counted_once(pauses):
    """The same fix was proposed six times; the last one counted the hold twice."""
    on_hold = [
        held(f"2025-01-08T{since}", f"2025-01-08T{until}") for since, until in pauses
    ]
    due = last_good("2025-01-08T09:00", term("3", "open_hours"), pauses=on_hold)
    assert due == madrid("2025-01-08T16:00")  # used up as lunch begins
    assert hours_open("2025-01-08T09:00", "2025-01-08T13:00", pauses=on_hold) == 2


# GLPI.


def test_glpi_10594_pause_and_deadline_count_the_same_time():
    """Pauses were counted around the clock, deadlines in working time."""
    overnight = [held("2025-01-08T18:00", "2025-01-09T10:00")]
    due = last_good("2025-01-08T17:00", term("4", "open_hours"), pauses=overnight)
    assert due == madrid("2025-01-09T13:00")  # two open hours later, not sixteen
    weekend = [held("2025-01-10T19:00", "2025-01-13T09:00")]
    assert last_good("2025-01-10T17:00", term("4", "open_hours"), pauses=weekend) == (
        last_good("2025-01-10T17:00", term("4", "open_hours"))
    )


def test_glpi_6902_a_longer_term_does_not_forget_earlier_pauses():
    pauses = [held("2025-01-08T10:00", "2025-01-08T12:00")]
    shorter = last_good("2025-01-08T09:00", term("2", "open_hours"), pauses=pauses)
    longer = last_good("2025-01-08T09:00", term("3", "open_hours"), pauses=pauses)
    assert OFFICE.open_between(shorter, longer) == HOUR


def test_glpi_14492_pauses_heed_the_calendar():
    """A pending reason of two days ended on Sunday, and Sunday counted."""
    ends = OFFICE.add_working_days(date(2025, 1, 10), 2)
    assert ends == date(2025, 1, 14)
    pauses = [held("2025-01-10T12:00", "2025-01-12T12:00")]
    due = last_good("2025-01-10T10:00", term("3", "open_hours"), pauses=pauses)
    assert due == madrid("2025-01-13T10:00")


def test_glpi_1912_time_with_and_without_pauses():
    pauses = [held("2025-01-08T13:00", "2025-01-08T17:00")]
    span = ("2025-01-08T09:00", "2025-01-08T19:00")
    assert hours_open(*span) - hours_open(*span, pauses=pauses) == 2


@pytest.mark.parametrize("month", [1, 3, 7, 10])
def test_glpi_15429_nothing_is_late_as_it_is_created(month):
    """A shift of the zone after an upgrade escalated tickets at creation."""
    for day in range(1, 29):
        start = datetime(2025, month, day, 23, 30, tzinfo=UTC)
        for unit in Unit:
            assert due_at(start, term("1", unit.value), OFFICE, zone=MADRID) > start


@pytest.mark.parametrize("start", ["2025-01-11T12:00", "2025-01-08T15:00"])
def test_glpi_687_created_out_of_hours_is_not_zero(start):
    opening = OFFICE.next_opening(madrid(start))
    assert last_good(start, term("1", "open_hours")) == opening + HOUR
    assert last_good(start, term("1", "working_days")) > opening


def test_glpi_6527_closing_by_itself_counts_working_days():
    solved = "2025-01-10T12:00"
    due = due_at(madrid(solved), term("3", "working_days"), OFFICE, zone=MADRID)
    assert due == madrid("2025-01-16T00:00")


# osTicket, freeitsm, Signalen, Alaveteli.


def test_osticket_6847_lunch_is_no_holiday():
    """Lunch had to be entered as a holiday, and took the whole day with it."""
    assert OFFICE.is_working_day(date(2025, 1, 8))
    assert len(OFFICE.open_intervals(date(2025, 1, 8))) == 2
    assert hours_open("2025-01-08T00:00", "2025-01-09T00:00") == 8


def test_freeitsm_an_edited_calendar_touches_only_the_days_it_changes():
    """Each edit recomputed every old ticket against the new hours."""
    edited = calendar(known_until="2028-01-01", holidays={"2025-06-23": "Pont"})
    assert changed_days(OFFICE, edited) == ((date(2025, 6, 23), date(2025, 6, 24)),)
    for limit in (term("30", "open_hours"), term("10", "working_days")):
        for start in ("2025-05-01T10:00", "2025-06-24T10:00"):
            assert last_good(start, limit) == last_good(start, limit, edited)
        assert last_good("2025-06-19T10:00", limit) < last_good(
            "2025-06-19T10:00", limit, edited
        )


def test_signalen_workdays_do_not_ignore_festivities():
    """Monday to Friday, ignoring festivities: so said its own documentation."""
    office = calendar(
        layers=[{"level": "state", "holidays": {"*-04-27": "Koningsdag"}}], holidays={}
    )
    assert last_good("2026-04-24T12:00", term("1", "working_days"), office) == (
        madrid("2026-04-29T00:00") - RESOLUTION
    )


def test_signalen_3649_a_deadline_keeps_its_zone():
    due = due_at(
        madrid("2025-07-08T23:30"), term("1", "working_days"), OFFICE, zone=MADRID
    )
    assert due.tzinfo is UTC
    assert due == datetime(2025, 7, 9, 22, tzinfo=UTC)


def test_signalen_on_hold_stops_the_deadline():
    """A case could be put on hold, and the deadline did not notice."""
    pauses = [held("2025-01-08T12:00", "2025-01-13T12:00")]
    without = last_good("2025-01-07T12:00", term("5", "working_days"))
    paused = last_good("2025-01-07T12:00", term("5", "working_days"), pauses=pauses)
    # Friday 10 and the two days before it were lost.
    assert paused - without == timedelta(days=3)


@pytest.mark.parametrize(("day_one", "last"), [("next", 9), ("same", 8)])
def test_whatdotheyknow_1027_day_one_is_said(day_one, last):
    """Its makers and its users argued in public over which day is the first."""
    due = last_good("2025-01-07T12:00", term("2", "working_days", day_one=day_one))
    assert due == madrid(f"2025-01-{last + 1:02}T00:00") - RESOLUTION

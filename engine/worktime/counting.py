"""Days on the way to the end of a term, as the lines of a calendar count them."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from engine.worktime.calendars import WorkCalendar
from engine.worktime.civil import (
    EVERYTHING,
    NEVER,
    BeyondCalendarError,
    Gaps,
    Line,
    WorktimeError,
    advance,
    day_of,
    joined,
)
from engine.worktime.terms import DayOne, Term, Unit


def line_of(unit: Unit, calendar: WorkCalendar | None) -> Line:
    """
    Return the counting time of a unit.

    :raises WorktimeError: if the unit needs a calendar and there is none.
    """
    if not unit.needs_calendar:
        return EVERYTHING
    if calendar is None:
        raise WorktimeError(f"{unit} cannot be counted without a calendar")
    return calendar.line(unit)


@dataclass(frozen=True, slots=True)
class DayCount:
    """A term as so many days of a line from a first day on."""

    line: Line
    first: int
    days: int
    roll: WorkCalendar | None  # the calendar by which the last day rolls, if it does


def day_count(start_day: int, term: Term, calendar: WorkCalendar | None) -> DayCount:
    """Return a term of days as a count of days, from the day of its start on."""
    line = line_of(term.unit, calendar)
    first = start_day if term.day_one is DayOne.SAME else start_day + 1
    if term.unit is Unit.WORKING_DAYS:
        return DayCount(line, first, int(term.amount), None)
    roll = calendar if term.roll else None
    if term.unit is Unit.CALENDAR_DAYS:
        return DayCount(line, first, int(term.amount), roll)
    months = int(term.amount) * (12 if term.unit is Unit.YEARS else 1)
    last = month_end(date.fromordinal(start_day), months, inclusive=first == start_day)
    return DayCount(line, first, last - first + 1, roll)


def last_day_end(count: DayCount, gaps: Gaps) -> int | None:
    """First day after the last one, or ``None`` if a pause has no end."""
    end = advance(count.line, count.first, count.days, gaps)
    if end is None or count.roll is None:
        return end
    last = end - 1
    return advance(
        count.roll.line(Unit.WORKING_DAYS), last, 1, joined(gaps, since=last)
    )


def day_gaps(zone: ZoneInfo, gaps: Gaps, *, since: int) -> Gaps:
    """
    Days at whose last instant the case is paused.

    From the day a pause begins in, up to and without the day it ends in: pausing and
    resuming within one day costs nothing.
    """
    return joined(
        (
            (
                day_of(zone, gap_from),
                until if until == NEVER else day_of(zone, until),
            )
            for gap_from, until in gaps
        ),
        since=since,
    )


def month_end(start: date, months: int, *, inclusive: bool) -> int:
    """
    Ordinal of the last day of so many months counted from date to date.

    :param inclusive: the start is itself day one, so the last day comes a day earlier.
    """
    number = start.day - 1 if inclusive else start.day
    years, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if years > 9999:
        raise BeyondCalendarError("the term ends after the year 9999")
    first = date(years, month + 1, 1).toordinal()
    return first - 1 + min(number, monthrange(years, month + 1)[1])


def full_months(start: date, end: date) -> int:
    """Return how many months from date to date have passed; ``start`` comes first."""
    months = (end.year - start.year) * 12 + end.month - start.month
    if month_end(start, months, inclusive=False) > end.toordinal():
        return months - 1
    return months

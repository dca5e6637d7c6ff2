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
    clock_of,
    day_of,
    first_showing,
    joined,
)
from engine.worktime.terms import DayOne, Ends, Term, Unit


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
class DayEnd:
    """
    When a day of a term ends.

    :param clock: time after midnight at which days end, for ``Ends.TIME``.
    :param closes: whose closing times end days, for ``Ends.CLOSING``.
    """

    zone: ZoneInfo
    ends: Ends = Ends.DAY
    clock: int = 0
    closes: WorkCalendar | None = None

    def late(self, day: int) -> int:
        """Return the first instant that is too late if this is the last day."""
        if self.ends is Ends.TIME:
            # What is done at the very time is done within the term, and so is what
            # is done while the clock, being put back, shows no later one.
            return max(
                first_showing(self.zone, day, self.clock) + 1,
                first_showing(self.zone, day, self.clock + 1),
            )
        closing = self.closes.closing_of(day) if self.closes else None
        return first_showing(self.zone, day + 1) if closing is None else closing

    def passed(self, day: int) -> int:
        """Return the first instant by which the whole day has passed."""
        return self.late(day) - (self.ends is Ends.TIME)

    def ending(self, instant: int) -> int:
        """Return the first day whose last good instant is not before this one."""
        day = day_of(self.zone, instant)
        if self.ends is Ends.DAY:
            return day
        if self.closes and not self.closes.knows(date.fromordinal(day)):
            return day  # nothing is counted there
        # A clock that skips midnight may show the time only as the next day begins.
        if self.ends is Ends.TIME and self.late(day - 1) > instant:
            return day - 1
        return day if self.late(day) > instant else day + 1


@dataclass(frozen=True, slots=True)
class DayCount:
    """A term as so many days of a line from a first day on."""

    line: Line
    first: int
    days: int
    end: DayEnd
    roll: WorkCalendar | None  # the calendar by which the last day rolls, if it does

    def last(self, gaps: Gaps) -> int | None:
        """
        Return the last day.

        :param gaps: days that do not count, none before the first.
        :returns: ``None`` if a gap without end keeps it from ever coming.
        """
        end = advance(self.line, self.first, self.days, gaps)
        if end is not None and self.roll is not None:
            # A day can only be rolled to if it would also have counted.
            days, last = self.roll.line(Unit.WORKING_DAYS), end - 1
            end = advance(days, last, 1, joined(gaps, since=last))
        return None if end is None else end - 1

    def gaps(self, paused: Gaps) -> Gaps:
        """Return the days at whose last good instant the case is paused."""
        return _lost_days(self.end, paused, since=self.first)


def day_count(
    began: int, term: Term, calendar: WorkCalendar | None, zone: ZoneInfo
) -> DayCount:
    """
    Return a term of days as a count of days.

    :param began: from when on the term counts.
    :param zone: whose days they are.
    :raises WorktimeError: if the unit or its end needs a calendar and there is none.
    """
    line = day_line(term, calendar)
    timed = term.ends is Ends.TIME
    day, clock = clock_of(zone, began) if timed else (day_of(zone, began), 0)
    closes = calendar if term.ends is Ends.CLOSING else None
    end = DayEnd(zone, term.ends, clock, closes)
    same = term.day_one is DayOne.SAME
    if same and closes:
        # A day that had closed before, or never opens, cannot be day one.
        closing = closes.closing_of(day)
        same = closing is not None and began < closing
    first = day if same else day + 1
    days = int(term.amount)
    if term.unit in MONTHS_IN:
        start, months = date.fromordinal(day), days * MONTHS_IN[term.unit]
        days = month_end(start, months, inclusive=same) - first + 1
    rolls = term.roll and term.unit is not Unit.WORKING_DAYS
    return DayCount(line, first, days, end, calendar if rolls else None)


def day_line(term: Term, calendar: WorkCalendar | None) -> Line:
    """
    Return the days that count towards a term.

    :raises WorktimeError: if the unit or its end needs a calendar and there is none.
    """
    line = line_of(term.unit, calendar)
    if term.ends is not Ends.CLOSING or term.unit.needs_calendar:
        return line
    if calendar is None:
        raise WorktimeError("ends: closing times need a calendar")
    return calendar.known_days


MONTHS_IN = {Unit.MONTHS: 1, Unit.YEARS: 12}


def gaps_until(ended: int, zone: ZoneInfo, paused: Gaps, *, since: int) -> Gaps:
    """
    Return the days up to an instant at whose last instant the case is paused.

    From the day a pause begins in, up to and without the day it ends in: pausing and
    resuming within one day costs nothing. A pause that lasts until the end takes the
    end's own day with it.
    """
    cut = [
        (gap_from, until if until < ended else NEVER)
        for gap_from, until in paused
        if gap_from < ended
    ]
    return _lost_days(DayEnd(zone), cut, since=since)


def _lost_days(end: DayEnd, paused: Gaps, *, since: int) -> Gaps:
    if not paused:
        return []
    return joined(
        (
            (end.ending(gap_from), until if until == NEVER else end.ending(until))
            for gap_from, until in paused
        ),
        since=since,
    )


def month_end(start: date, months: int, *, inclusive: bool) -> int:
    """
    Return the ordinal of the last day of so many months counted from date to date.

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

"""Minimum notice: time of which more is better."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from engine.worktime.calendars import WorkCalendar
from engine.worktime.civil import (
    DAY,
    BeyondCalendarError,
    Gaps,
    Pause,
    advance,
    day_of,
    first_showing,
    instant_of,
    micros_of,
    paused,
)
from engine.worktime.counting import day_count, day_line, line_of
from engine.worktime.entries import entered, last_entering
from engine.worktime.terms import DayOne, Ends, Entry, Term, Unit


def kept_from(
    start: datetime,
    term: Term,
    calendar: WorkCalendar | None,
    *,
    zone: ZoneInfo,
    pauses: Sequence[Pause] = (),
) -> datetime | None:
    """
    Return the first instant by which the whole term has passed, in UTC.

    A notice given at ``start`` is long enough for whatever comes at that instant or
    later: 48 hours' notice is kept from the end of the 48th hour on, a notice of
    days from the end of the last of them on.

    Everything counts as in :func:`engine.worktime.due_at`, save that the last day
    does not roll: moving it on would ask for more notice than was promised.

    Takes the same arguments, and raises the same errors, as
    :func:`engine.worktime.due_at`.

    :returns: ``None`` if a pause without end keeps the term from ever passing.
    """
    began = entered(micros_of(start), term, calendar)
    passed = _passed(began, term, calendar, zone, paused(pauses, since=began))
    return None if passed is None else instant_of(passed)


def latest_start(
    end: datetime, term: Term, calendar: WorkCalendar | None, *, zone: ZoneInfo
) -> datetime:
    """
    Return the last instant at which a notice is still kept at ``end``, in UTC.

    So :func:`kept_from` is not after ``end`` for a notice given then, and after it
    for one given a :data:`RESOLUTION` later. While no time counts the answer stays
    the same: five open hours before any time at night are five before the evening's
    closing, and two days before any time of a Tuesday end with the Saturday.

    With a cut-off, not every earlier start is kept as well: what comes late one day
    counts from later than what comes first thing on the next.

    Takes the same arguments, and raises the same errors, as
    :func:`engine.worktime.due_at`.
    """
    ended = micros_of(end)
    if term.unit.is_duration:
        latest = _latest_of_duration(ended, term, calendar)
    else:
        latest = _latest_of_days(
            ended, term, calendar, calendar.zone if calendar else zone
        )
    return instant_of(last_entering(latest, term, calendar))


def _passed(
    began: int, term: Term, calendar: WorkCalendar | None, zone: ZoneInfo, gaps: Gaps
) -> int | None:
    if term.unit.is_duration:
        amount = term.whole_microseconds
        line = line_of(term.unit, calendar)
        return advance(line, began, amount, gaps) if amount else began
    zone = calendar.zone if calendar else zone
    count = day_count(began, replace(term, roll=False), calendar, zone)
    last = count.last(count.gaps(gaps))
    return None if last is None else count.end.passed(last)


def _latest_of_duration(ended: int, term: Term, calendar: WorkCalendar | None) -> int:
    line, amount = line_of(term.unit, calendar), term.whole_microseconds
    return line.leave(line.passed(ended) - amount) if amount else ended


def _latest_of_days(
    ended: int, term: Term, calendar: WorkCalendar | None, zone: ZoneInfo
) -> int:
    """
    Find by halving the last instant from which the term may count.

    That works because no later one ever lets it pass sooner.

    :raises BeyondCalendarError: if the calendar does not know every day needed.
    """
    term = replace(term, entry=Entry.AS_IS)

    def kept(at: int) -> bool:
        try:
            began = entered(at, term, calendar)
            passed = _passed(began, term, calendar, zone, [])
        except BeyondCalendarError:
            return False  # it would end after the days known
        return passed is not None and passed <= ended

    day_line(term, calendar)  # raises if the term needs a calendar
    early = _earliest(ended, term, calendar, zone)
    late = ended + 2 * DAY
    if not kept(early):
        raise BeyondCalendarError("the term begins before the days known")
    while late - early > 1:
        middle = (early + late) // 2
        early, late = (middle, late) if kept(middle) else (early, middle)
    return early


_LONGEST = {Unit.CALENDAR_DAYS: 1, Unit.MONTHS: 31, Unit.YEARS: 366}
_FIRST_YEAR = micros_of(datetime(2, 1, 1, tzinfo=UTC))


def _earliest(
    ended: int, term: Term, calendar: WorkCalendar | None, zone: ZoneInfo
) -> int:
    """Return an instant before which no answer can lie, or can be known."""
    if calendar and (term.unit.needs_calendar or term.ends is Ends.CLOSING):
        days = calendar.known_days
        # Raises if the end is not known: a term might end there that is not seen.
        days.counts(day_of(zone, ended if term.ends is Ends.TIME else ended - 1))
        before = term.day_one is DayOne.NEXT and term.ends is not Ends.TIME
        return first_showing(zone, days.known_from - before)
    days_back = _LONGEST[term.unit] * int(term.amount) + 3
    return max(ended - days_back * DAY, _FIRST_YEAR)

"""When a term is due, and how much of it has passed."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from engine.worktime.calendars import WorkCalendar
from engine.worktime.civil import (
    Pause,
    advance,
    day_of,
    first_showing,
    instant_of,
    micros_of,
    net,
    paused,
)
from engine.worktime.counting import (
    MONTHS_IN,
    day_count,
    full_months,
    gaps_until,
    line_of,
)
from engine.worktime.entries import entered
from engine.worktime.terms import Ends, Term, Unit


def due_at(
    start: datetime,
    term: Term,
    calendar: WorkCalendar | None,
    *,
    zone: ZoneInfo,
    pauses: Sequence[Pause] = (),
) -> datetime | None:
    """
    Return the first instant that is too late, in UTC.

    The term's ``entry`` says from when on it counts
    (:func:`engine.worktime.entered_at`); all that follows is counted from there.

    Durations are kept as long as no more than the amount has passed: the answer is
    the first instant by which more has. Time counted in opening or legal hours stands
    still while closed, so a limit used up at closing time is kept until the very
    instant of the next opening, and missed one :data:`RESOLUTION` later.

    Days end at local midnight, or as the term's ``ends`` says: at closing time, or one
    :data:`RESOLUTION` after the clock time of the start. Day one is the next counting
    day, or with ``DayOne.SAME`` the start's own day if it counts and, where days end
    with closing time, if the office was yet to close.
    Months and years run to the same day number, or to the last day of a month without
    it (to the day before, when the start's own day is day one). With a calendar, and
    unless the term says otherwise, a last day that is not working moves to the next
    working day.

    Pauses are cut to begin when the term counts, may overlap, and have no length if
    they end before they begin. Paused time does not count; for terms in days, a day
    counts unless the case is paused at the last good instant of it, and months and
    years grow by a calendar day for each day so lost. A day can only be rolled to
    under the same condition.

    :param calendar: its zone, if given, is the one whose days count.
    :param zone: whose days count when there is no calendar.
    :returns: ``None`` if a pause without end keeps it from ever being due.
    :raises BeyondCalendarError: if the answer needs a day the calendar does not know.
    :raises WorktimeError: if the term needs a calendar and there is none.
    :raises TypeError: if an instant has no time zone.

    Source: Ley 39/2015, articles 30 and 31.
    """
    began = entered(micros_of(start), term, calendar)
    gaps = paused(pauses, since=began)
    if term.unit.is_duration:
        # One microsecond more than allowed is the first that is too much.
        line = line_of(term.unit, calendar)
        late = advance(line, began, term.microseconds + 1, gaps)
        return None if late is None else instant_of(late)
    zone = calendar.zone if calendar else zone
    if term.ends is Ends.DAY and not gaps:
        return _due_after(day_of(zone, began), term, calendar, zone)
    count = day_count(began, term, calendar, zone)
    last = count.last(count.gaps(gaps))
    return None if last is None else instant_of(count.end.late(last))


@lru_cache(maxsize=1 << 14)
def _due_after(
    day: int, term: Term, calendar: WorkCalendar | None, zone: ZoneInfo
) -> datetime | None:
    """
    Return when a term of whole days is due that counts from some time of a day.

    Whichever time it is: many cases begin on one day.
    """
    count = day_count(first_showing(zone, day), term, calendar, zone)
    last = count.last([])
    return None if last is None else instant_of(count.end.late(last))


def elapsed(
    start: datetime,
    end: datetime,
    unit: Unit,
    calendar: WorkCalendar | None,
    *,
    zone: ZoneInfo,
    pauses: Sequence[Pause] = (),
) -> int:
    """
    Return how much time passed from ``start`` to ``end``, without the pauses.

    * Durations: microseconds, open or legal ones for the units that say so.
    * Working and calendar days: counting days after the start's day, up to and
      including the end's day; not those at whose last instant the case is paused
      (for the end's own day: at ``end``).
    * Months and years: full ones, a day being taken off the end for each day paused.

    If ``end`` comes before ``start`` the answer is negative, that of the reversed
    pair: a data error stays visible.

    :param calendar: its zone, if given, is the one whose days count.
    :param zone: whose days count when there is no calendar.
    :raises BeyondCalendarError: if the answer needs a day the calendar does not know.
    :raises WorktimeError: if the unit needs a calendar and there is none.
    :raises TypeError: if an instant has no time zone.
    """
    began, ended = micros_of(start), micros_of(end)
    if ended < began:
        return -elapsed(end, start, unit, calendar, zone=zone, pauses=pauses)
    gaps = paused(pauses, since=began)
    if unit.is_duration:
        return net(line_of(unit, calendar), began, ended, gaps)
    line = line_of(unit, calendar)
    zone = calendar.zone if calendar else zone
    first, last = day_of(zone, began), day_of(zone, ended)
    if first == last:
        return 0
    days = net(
        line, first + 1, last + 1, gaps_until(ended, zone, gaps, since=first + 1)
    )
    if unit not in MONTHS_IN:
        return days
    months = full_months(date.fromordinal(first), date.fromordinal(first + days))
    return months // MONTHS_IN[unit]

"""From when on a start counts, and back: the last start that counts by an instant."""

from datetime import datetime

from engine.worktime.calendars import WorkCalendar
from engine.worktime.civil import (
    WorktimeError,
    day_of,
    first_showing,
    instant_of,
    micros_of,
)
from engine.worktime.counting import line_of
from engine.worktime.terms import CutOff, Ends, Entry, Term, Unit


def entered_at(start: datetime, term: Term, calendar: WorkCalendar | None) -> datetime:
    """
    Return the instant from which a term counts, in UTC; never before ``start``.

    The term's ``entry`` says so. Working days that end at the clock time of the start
    also need a start on a working day: from any other they count from the first hour
    of the next, or what comes on Saturday morning would be due before what came on
    Friday evening.

    Where it differs from the start, the person concerned is to be told (Ley 39/2015,
    31.2.c).

    :raises BeyondCalendarError: if that needs a day the calendar does not know.
    :raises WorktimeError: if the term's entry needs a calendar and there is none.
    :raises TypeError: if ``start`` has no time zone.
    """
    return instant_of(entered(micros_of(start), term, calendar))


def entered(start: int, term: Term, calendar: WorkCalendar | None) -> int:
    """Return :func:`entered_at` in microseconds."""
    for entry in entries_of(term):
        if entry is not Entry.AS_IS:
            start = _entered(start, entry, _needed(calendar, term))
    return start


def entries_of(term: Term) -> tuple[Entry | CutOff, ...]:
    """Return what moves a start, one after the other."""
    if term.unit is Unit.WORKING_DAYS and term.ends is Ends.TIME:
        return term.entry, Entry.NEXT_WORKING_DAY
    return (term.entry,)


def _entered(start: int, entry: Entry | CutOff, calendar: WorkCalendar) -> int:
    if entry is Entry.NEXT_OPENING:
        return calendar.line(Unit.OPEN_HOURS).resumes(start)
    days, zone = calendar.line(Unit.WORKING_DAYS), calendar.zone
    day = day_of(zone, start)
    if isinstance(entry, CutOff):
        if days.counts(day) and start < first_showing(zone, day, entry.at):
            return start
        return first_showing(zone, days.resumes(day + 1), entry.counted_from)
    return start if days.counts(day) else first_showing(zone, days.resumes(day))


def last_entering(latest: int, term: Term, calendar: WorkCalendar | None) -> int:
    """Return the last start that a term's entry puts no later than ``latest``."""
    entry = term.entry
    if entry is Entry.AS_IS:
        return latest
    calendar = _needed(calendar, term)
    if entry is Entry.NEXT_OPENING:
        openings = calendar.line(Unit.OPEN_HOURS)
        return latest if openings.counts(latest) else openings.counted(latest) - 1
    days, zone = calendar.line(Unit.WORKING_DAYS), calendar.zone
    day = day_of(zone, latest)
    works = days.counts(day)
    if isinstance(entry, CutOff):
        working_day = day if works else days.counted(day) - 1
        return min(latest, first_showing(zone, working_day, entry.at) - 1)
    return latest if works else first_showing(zone, days.counted(day)) - 1


def _needed(calendar: WorkCalendar | None, term: Term) -> WorkCalendar:
    if calendar is None:
        line_of(term.unit, calendar)  # the unit comes first
        raise WorktimeError("entry: cannot be told without a calendar")
    return calendar

"""The deadline of a term on its own, for whoever asks."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.explanations.clocks import MOST_DAYS
from engine.worktime import (
    Derivation,
    Term,
    WorkCalendar,
    WorktimeError,
    due_at,
    explain_due,
)
from engine.worktime.civil import first_showing, instant_of


class TooManyDaysError(WorktimeError):
    """The days to a due instant are too many to be told one by one."""


def explain_deadline(
    start: datetime, term: Term, calendar: WorkCalendar | None, *, zone: ZoneInfo
) -> Derivation:
    """
    Return when a term is due with the days that lead there, if they are few enough.

    Takes the same arguments, and raises the same errors, as
    :func:`engine.worktime.explain_due`.

    :raises TooManyDaysError: if they are more than those of twenty years.
    """
    due = due_at(start, term, calendar, zone=zone)
    if due is not None and due - start > MOST_DAYS:
        raise TooManyDaysError("the term is longer than twenty years")
    return explain_due(start, term, calendar, zone=zone)


def instant_at(wall: datetime, zone: ZoneInfo) -> datetime:
    """
    Return the first instant at which the clock of a zone shows a wall time or a later.

    :param wall: without a time zone.
    """
    midnight = datetime.combine(wall, time())
    clock = (wall - midnight) // timedelta(microseconds=1)
    return instant_of(first_showing(zone, wall.toordinal(), clock))

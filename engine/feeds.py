"""
Whether a feed of events speaks as it usually does, and how far it can be trusted.

Silence is not success: a figure whose events stopped coming is no figure. What is
normal is said once for each feed (:class:`Habits`); what is not said is not expected.
Days on which the feed's calendar does not work are neither silence nor a bad week.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import islice
from zoneinfo import ZoneInfo

from engine.compliance import Feed
from engine.worktime import WorkCalendar

WEEK = timedelta(days=7)
DAY = timedelta(days=1)
# Looked at one by one only where they are many: most feeds need the last week alone.
FIRST_LOOK, NEXT_LOOK = 1, 16


class State(StrEnum):
    """
    How a feed is at an instant.

    LATE is over its longest normal silence, but what happened before may still be
    on its way; THIN had fewer events than are normal in its last whole week.
    """

    NEVER = "never"
    SPEAKING = "speaking"
    LATE = "late"
    THIN = "thin"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Week:
    """
    Seven civil days from a Monday on.

    :ivar expected: the fewest events that are normal; 0 where nothing is.
    """

    monday: date
    begins_at: datetime
    ends_at: datetime
    expected: int


# Counts the events of weeks; need not count beyond what is expected of each.
Counts = Callable[[Sequence[Week]], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Habits:
    """
    What is normal for a feed.

    :ivar gap_days: the longest silence between two events; ``None``: any.
    :ivar week_events: the fewest events in a week of usual length; ``None``: any.
    :ivar delay: how long after it happens an event may be sent.
    :ivar calendar: only its working days count as silence, and a week with fewer of
        them than usual needs fewer events; ``None``: all days do.
    """

    zone: ZoneInfo
    gap_days: int | None = None
    week_events: int | None = None
    delay: timedelta = timedelta()
    calendar: WorkCalendar | None = None

    def late_after(self, until: datetime) -> datetime | None:
        """Return when the silence after an event becomes longer than normal."""
        if self.gap_days is None:
            return None
        if self._working == 0 or self.calendar is None:
            return until.astimezone(UTC) + self.gap_days * DAY
        local = until.astimezone(self.zone)
        day, left = local.date(), self.gap_days
        while left:
            day += DAY
            left -= self._expects(day)
        return datetime.combine(day, local.time(), self.zone).astimezone(UTC)

    def silent_after(self, until: datetime) -> datetime | None:
        """Return when what happened after an event should have been sent as well."""
        late = self.late_after(until)
        return None if late is None else late + self.delay

    def weeks(self, first: datetime, as_of: datetime) -> Iterator[Week]:
        """
        Yield the weeks of which something is expected, the last one first.

        Those that lie whole between a feed's first event and the instant, and of
        which nothing is still on its way.
        """
        begun = first.astimezone(self.zone).date()
        monday = as_of.astimezone(self.zone).date()
        monday -= (monday.weekday() + 7) * DAY
        while monday >= begun:
            week = self._week(monday)
            if week.expected and week.ends_at + self.delay <= as_of:
                yield week
            monday -= WEEK

    @property
    def _working(self) -> int:
        """How many days of a usual week count."""
        if self.calendar is None:
            return 7
        return len(self.calendar.definition.working_weekdays)

    def _expects(self, day: date) -> bool:
        # What a calendar does not know excuses nobody: the usual week is supposed.
        if self.calendar is None:
            return True
        if self.calendar.knows(day):
            return self.calendar.is_working_day(day)
        return day.weekday() in self.calendar.definition.working_weekdays

    def _week(self, monday: date) -> Week:
        expected = self.week_events or 0
        if self._working:
            days = sum(self._expects(monday + n * DAY) for n in range(7))
            expected = expected * min(days, self._working) // self._working
        return Week(
            monday,
            _midnight(monday, self.zone),
            _midnight(monday + WEEK, self.zone),
            expected,
        )


def thin_from(
    habits: Habits, *, first: datetime, as_of: datetime, counts: Counts
) -> datetime | None:
    """
    Return when a feed began to have too few events; ``None`` if it has enough.

    It has too few if its last whole week has: then from the first of those in a row.

    :param first: instant of the feed's first event.
    """
    begun = None
    weeks = habits.weeks(first, as_of)
    look = FIRST_LOOK
    while some := list(islice(weeks, look)):
        for week, count in zip(some, counts(some), strict=True):
            if count >= week.expected:
                return begun
            begun = week.begins_at
        look = NEXT_LOOK
    return begun


def state_of(
    habits: Habits, *, until: datetime | None, thin: bool, as_of: datetime
) -> State:
    """
    Return how a feed is.

    :param until: instant of its latest event; ``thin``: see :func:`thin_from`.
    """
    if until is None:
        return State.NEVER
    silent, late = habits.silent_after(until), habits.late_after(until)
    if silent is not None and silent < as_of:
        return State.SILENT
    if thin:
        return State.THIN
    return State.LATE if late is not None and late < as_of else State.SPEAKING


def feed_of(
    habits: Habits,
    *,
    until: datetime | None,
    thin_since: datetime | None,
    as_of: datetime,
) -> Feed:
    """
    Return how far a feed's events are known to reach at an instant.

    While what happened may still be on its way, the time for sending is waited for;
    when that is over and nothing came, the feed reached no further than its silence
    was normal: hours for sending are no hours in which nothing happened.
    """
    gap = None if habits.gap_days is None else habits.gap_days * DAY
    if until is None:
        return Feed(None, gap)
    silent = habits.silent_after(until)
    if silent is not None and silent < as_of:
        silent = habits.late_after(until)
    ends = [silent, thin_since]
    return Feed(until, gap, min((end for end in ends if end is not None), default=None))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    # In UTC: local instants are added to and compared by the clock on the wall.
    return datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)

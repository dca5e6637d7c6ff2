"""
Instants and days as integers, and counting time on a line of them.

An instant is a number of microseconds since 1970 (UTC), a day its proleptic ordinal.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

RESOLUTION = timedelta(microseconds=1)

# Half-open. No end: the case is still paused.
Pause: TypeAlias = tuple[datetime, datetime | None]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = EPOCH.toordinal()
SECOND = 1_000_000
DAY = 86_400 * SECOND
NEVER = 1 << 62  # later than any instant or day that can be written


class WorktimeError(ValueError):
    """A term or an amount of time cannot be computed."""


class BeyondCalendarError(WorktimeError):
    """The answer needs a day that the calendar does not know: not computable."""


def micros_of(at: datetime) -> int:
    """
    Return an instant as microseconds since 1970.

    :raises TypeError: if it has no time zone.
    """
    if at.tzinfo is None:
        raise TypeError(f"{at!r} has no time zone")
    return (at - EPOCH) // RESOLUTION


def instant_of(micros: int) -> datetime:
    """
    Return so many microseconds since 1970 as an instant in UTC.

    :raises BeyondCalendarError: if no date can be written for it.
    """
    try:
        return EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        raise BeyondCalendarError("the term ends after the year 9999") from None


def _offset(aware: datetime) -> int:
    return (aware.utcoffset() or timedelta()) // RESOLUTION


def first_showing(zone: ZoneInfo, ordinal: int, time_of_day: int = 0) -> int:
    """
    First instant at which the clock of ``zone`` shows a wall time or a later one.

    :param ordinal: the day.
    :param time_of_day: microseconds after midnight on the clock, up to a whole day.
    :returns: microseconds since 1970.
    """
    naive = (ordinal - EPOCH_DAY) * DAY + time_of_day
    aware = instant_of(naive).replace(tzinfo=zone)
    before = _offset(aware)
    jump = _offset(aware.replace(fold=1)) - before
    shown = naive - before
    if jump <= 0:  # an ordinary time, or the first of two
        return shown
    # The clock skips this time: look for the jump between the two readings of it.
    early, late = shown - jump, shown
    while late - early > 1:
        middle = (early + late) // 2
        if _offset(instant_of(middle).astimezone(zone)) == before:
            early = middle
        else:
            late = middle
    return late


def day_of(zone: ZoneInfo, micros: int) -> int:
    """Ordinal of the civil day an instant belongs to."""
    local = instant_of(micros).astimezone(zone)
    day = local.toordinal()
    # Where clocks go back over midnight (Newfoundland until 2011) the evening is
    # shown twice; the second time the next day has already begun.
    if local.fold and first_showing(zone, day + 1) <= micros:
        return day + 1
    return day


class Line:
    """
    Counting time on a line of integers (microseconds or days), with prefix sums.

    :param runs: half-open, in order, not overlapping; runs that touch are joined.
    :param known_from: first point that is known; ``known_until`` is the first not.
    """

    __slots__ = ("_before", "_ends", "_starts", "known_from", "known_until")

    def __init__(
        self, runs: Iterable[tuple[int, int]], known_from: int, known_until: int
    ) -> None:
        self.known_from = known_from
        self.known_until = known_until
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in runs:
            if start == end:  # a day that never was
                continue
            if self._ends and self._ends[-1] == start:
                self._ends[-1] = end
            else:
                self._starts.append(start)
                self._ends.append(end)
        self._before = [0]
        for start, end in zip(self._starts, self._ends, strict=True):
            self._before.append(self._before[-1] + end - start)

    def passed(self, point: int) -> int:
        """Return the counting time from the beginning of the known range on."""
        if not self.known_from <= point <= self.known_until:
            raise BeyondCalendarError("the calendar does not know every day needed")
        run = bisect_right(self._starts, point) - 1
        if run < 0:
            return 0
        return self._before[run] + min(point, self._ends[run]) - self._starts[run]

    def reach(self, total: int) -> int:
        """Return the earliest point by which ``total`` (above 0) has passed."""
        run = bisect_left(self._before, total) - 1
        if run >= len(self._starts):
            raise BeyondCalendarError("the term ends after the days the calendar knows")
        return self._starts[run] + total - self._before[run]

    def leave(self, total: int) -> int:
        """Return the latest point by which no more than ``total`` has passed."""
        if not 0 <= total < self._before[-1]:
            raise BeyondCalendarError("the term begins before the days known")
        run = bisect_right(self._before, total) - 1
        return self._starts[run] + total - self._before[run]

    def counts(self, point: int) -> bool:
        """Tell whether time counts from a point on."""
        run = self._run(point)
        return run >= 0 and point < self._ends[run]

    def resumes(self, point: int) -> int:
        """Return the first counting point, at or after this one."""
        if self.counts(point):
            return point
        run = self._run(point) + 1
        if run >= len(self._starts):
            raise BeyondCalendarError("no known time counts from then on")
        return self._starts[run]

    def stops(self, point: int) -> int:
        """Return the end of the run that a point lies in, or of the next one."""
        end = self._ends[self._run(self.resumes(point))]
        if end == self.known_until:
            raise BeyondCalendarError("the calendar does not know when it ends")
        return end

    def counted(self, point: int) -> int:
        """Return the last point up to this one that counting time comes just before."""
        if not self.known_from <= point <= self.known_until:
            raise BeyondCalendarError("the calendar does not know every day needed")
        run = bisect_left(self._starts, point) - 1
        if run < 0:
            raise BeyondCalendarError("no known time counts before then")
        return min(point, self._ends[run])

    def _run(self, point: int) -> int:
        """Return the number of the last run begun by a known point, or -1."""
        if not self.known_from <= point < self.known_until:
            raise BeyondCalendarError("the calendar does not know every day needed")
        return bisect_right(self._starts, point) - 1


# Every point counts: time around the clock, or calendar days.
EVERYTHING = Line([(-NEVER, NEVER)], -NEVER, NEVER)

# The stretches that do not count: sorted, apart from one another, half-open.
Gaps: TypeAlias = list[tuple[int, int]]


def joined(gaps: Iterable[tuple[int, int]], *, since: int) -> Gaps:
    """Sort and join stretches, cut them to begin at ``since``, drop the empty ones."""
    joined: Gaps = []
    for gap_from, until in sorted(gap for gap in gaps if gap[0] < gap[1]):
        start = max(gap_from, since)
        if until <= start:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], until))
        else:
            joined.append((start, until))
    return joined


def paused(pauses: Sequence[Pause], *, since: int) -> Gaps:
    """Return pauses as gaps; those without an end last until ``NEVER``."""
    if not pauses:
        return []
    return joined(
        (
            (micros_of(paused_at), NEVER if until is None else micros_of(until))
            for paused_at, until in pauses
        ),
        since=since,
    )


def advance(line: Line, start: int, amount: int, gaps: Gaps) -> int | None:
    """
    Earliest point by which ``amount`` (above 0) has passed outside the gaps.

    :param gaps: none before ``start``.
    :returns: ``None`` if a gap without end keeps it from ever passing.
    """
    done = line.passed(start)
    for gap_from, until in gaps:
        # Nothing is known after the range: whether the gap matters is not either.
        if gap_from > line.known_until:
            break
        if line.passed(gap_from) - done >= amount:
            break
        if until == NEVER:
            return None
        amount -= line.passed(gap_from) - done
        done = line.passed(until)
    return line.reach(done + amount)


def net(line: Line, start: int, end: int, gaps: Gaps) -> int:
    """Return what passed from ``start`` to ``end`` outside the gaps."""
    total = line.passed(end) - line.passed(start)
    for gap_from, until in gaps:
        if gap_from >= end:
            break
        if until > start:
            total -= line.passed(min(until, end)) - line.passed(max(gap_from, start))
    return total

"""
Instants and days as integers, and counting time on a line of them.

An instant is a number of microseconds since 1970 (UTC), a day its proleptic ordinal.
"""

import re
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
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00", re.ASCII)
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
        edge = "begins before the year 1" if micros < 0 else "ends after the year 9999"
        raise BeyondCalendarError(f"the term {edge}") from None


def time_of_day(text: str) -> int | None:
    """Return a time on the clock, ``00:00`` to ``24:00``, in microseconds."""
    if not _TIME.fullmatch(text):
        return None
    return (int(text[:2]) * 60 + int(text[3:])) * 60 * SECOND


def clock_time(micros: int) -> str:
    """Return whole minutes after midnight as :func:`time_of_day` reads them."""
    hours, minutes = divmod(micros // (60 * SECOND), 60)
    return f"{hours:02}:{minutes:02}"


def first_showing(zone: ZoneInfo, ordinal: int, clock: int = 0) -> int:
    """
    First instant at which the clock of ``zone`` shows a wall time or a later one.

    :param ordinal: the day.
    :param clock: microseconds after midnight on the clock, up to a whole day.
    :returns: microseconds since 1970.
    """
    naive = (ordinal - EPOCH_DAY) * DAY + clock
    aware = instant_of(naive).replace(tzinfo=zone)
    before = _offset(aware)
    jump = _offset(aware.replace(fold=1)) - before
    shown = naive - before
    if jump <= 0:  # an ordinary time, or the first of two
        return shown
    # The clock skips this time.
    return _change(zone, shown - jump, shown, before)


def clock_of(zone: ZoneInfo, micros: int) -> tuple[int, int]:
    """
    Return the day and the time after midnight that an instant belongs to.

    The latest wall time that the clock has shown so far, so that time never runs
    back: while an hour is shown again, it stays just before the end of that hour.
    It is the greatest wall time whose :func:`first_showing` has come.
    """
    local = _local(zone, micros)
    naive = micros + _offset(local)
    if local.fold:
        before = _offset(local.replace(fold=0))
        naive = _change(zone, naive - before, micros, before) + before - 1
    days, clock = divmod(naive, DAY)
    return EPOCH_DAY + days, clock


def day_of(zone: ZoneInfo, micros: int) -> int:
    """
    Return the ordinal of the civil day an instant belongs to.

    Where clocks go back over midnight (Newfoundland until 2011) the evening is shown
    twice; the second time the next day has already begun.
    """
    local = _local(zone, micros)
    return clock_of(zone, micros)[0] if local.fold else local.toordinal()


def _local(zone: ZoneInfo, micros: int) -> datetime:
    try:
        return instant_of(micros).astimezone(zone)
    except OverflowError:
        raise BeyondCalendarError("the zone's clock shows no year there") from None


def _offset(aware: datetime) -> int:
    return (aware.utcoffset() or timedelta()) // RESOLUTION


def _change(zone: ZoneInfo, early: int, late: int, before: int) -> int:
    """Return the first instant with another offset than the one at ``early``."""
    while late - early > 1:
        middle = (early + late) // 2
        if _offset(instant_of(middle).astimezone(zone)) == before:
            early = middle
        else:
            late = middle
    return late


# Stretches, above all those that do not count: sorted, apart, half-open.
Gaps: TypeAlias = list[tuple[int, int]]


class Line:
    """
    Counting time on a line of integers (microseconds or days), with prefix sums.

    :param runs: half-open, in order, not overlapping; runs that touch are joined.
    :param known_from: first point that is known; ``known_until`` is the first not.
    """

    __slots__ = (
        "__weakref__",
        "_before",
        "_ends",
        "_starts",
        "known_from",
        "known_until",
    )

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

    @property
    def edges(self) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
        """Starts and ends of the runs, and what has passed before each and in all."""
        return self._starts, self._ends, self._before

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

    def runs(self, start: int, end: int) -> Gaps:
        """Return the stretches that count between two points."""
        first = max(bisect_right(self._starts, start) - 1, 0)
        within = (
            (max(self._starts[run], start), min(self._ends[run], end))
            for run in range(first, bisect_left(self._starts, end))
        )
        return [(run, until) for run, until in within if run < until]

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


def split(runs: Gaps, gaps: Gaps) -> tuple[Gaps, Gaps]:
    """Return the parts of the runs outside the gaps, and those inside."""
    outside: Gaps = []
    inside: Gaps = []
    for start, end in runs:
        rest = start
        for gap_from, until in gaps:
            if until <= rest or gap_from >= end:
                continue
            if rest < gap_from:
                outside.append((rest, gap_from))
            inside.append((max(rest, gap_from), min(end, until)))
            rest = min(end, until)
        if rest < end:
            outside.append((rest, end))
    return outside, inside

"""
Working time of many cases at once, in NumPy.

Instants are microseconds since 1970 in arrays of 64-bit integers. Every function here
gives exactly what its namesake for one case gives, for instants from the year 2 to the
year 9998; where that raises :class:`BeyondCalendarError`, the array holds
:data:`NOT_COMPUTABLE`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TypeAlias
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from engine.worktime.calendars import WorkCalendar
from engine.worktime.civil import (
    DAY,
    EPOCH_DAY,
    NEVER,
    BeyondCalendarError,
    Line,
    first_showing,
    instant_of,
    micros_of,
)
from engine.worktime.counting import MONTHS_IN, day_line, line_of
from engine.worktime.deadlines import due_at
from engine.worktime.entries import entries_of
from engine.worktime.terms import CutOff, DayOne, Ends, Entry, Term, Unit

Ints: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

NOT_COMPUTABLE = int(np.iinfo(np.int64).min)
NO_END = NEVER  # of a pause

_LAST_INSTANT = micros_of(datetime.max.replace(tzinfo=UTC))
_LARGEST = int(np.iinfo(np.int64).max)
_FEW_YEARS = 300
_CHUNK = 1 << 14
_FEW_EDGES = 8


@dataclass(frozen=True, slots=True)
class PauseArrays:
    """
    The pauses of many cases, in any order.

    :param case: index of the case each one belongs to.
    :param until: :data:`NO_END` for one that still lasts.
    """

    case: NDArray[np.intp]
    since: Ints
    until: Ints


def to_micros(instants: Iterable[datetime]) -> Ints:
    """
    Return instants as an array.

    :raises TypeError: if one has no time zone.
    """
    return np.fromiter((micros_of(at) for at in instants), np.int64)


def to_instants(micros: Ints) -> list[datetime | None]:
    """Return an array as instants in UTC, and ``None`` for what is not computable."""
    return [
        None if value == NOT_COMPUTABLE else instant_of(value)
        for value in micros.tolist()
    ]


def elapsed_many(
    starts: Ints,
    ends: Ints,
    unit: Unit,
    calendar: WorkCalendar | None,
    *,
    zone: ZoneInfo,
    pauses: PauseArrays | None = None,
) -> Ints:
    """
    Return :func:`engine.worktime.elapsed` for each pair of instants.

    :returns: microseconds, days, months or years; :data:`NOT_COMPUTABLE` where the
        calendar does not know a day needed.
    :raises WorktimeError: if the unit needs a calendar and there is none.
    """
    line = _Runs.of(line_of(unit, calendar))
    zone = calendar.zone if calendar else zone
    passed = np.empty(len(starts), np.int64)
    for some, held in _chunks(len(starts), pauses):
        passed[some] = _elapsed(line, unit, zone, starts[some], ends[some], held)
    return passed


def days_of(zone: ZoneInfo, instants: Ints) -> tuple[Ints, Mask]:
    """
    Return the civil day of each instant, as a proleptic ordinal, and whether it is sure.

    Not sure is a day of more or less than 24 hours: before one that is longer an
    evening may be shown twice, and the second time is that of two days.
    """
    if not len(instants):
        return instants, np.zeros(0, np.bool_)
    table = _Midnights.of_instants(zone, instants)
    place = table.places.count(instants) - 1
    return table.days.take(place), table.ordinary.take(place)


def due_many(
    starts: Ints, term: Term, calendar: WorkCalendar | None, *, zone: ZoneInfo
) -> Ints:
    """
    Return :func:`engine.worktime.due_at` for each start, without pauses.

    :returns: microseconds since 1970; :data:`NOT_COMPUTABLE` where the calendar does
        not know a day needed.
    :raises WorktimeError: if the term needs a calendar and there is none.
    """
    if not len(starts):
        return starts
    zone = calendar.zone if calendar else zone

    def one_due(start: int) -> int:
        try:
            due = due_at(instant_of(start), term, calendar, zone=zone)
        except BeyondCalendarError:
            return NOT_COMPUTABLE
        return NOT_COMPUTABLE if due is None else micros_of(due)

    one_due(int(starts[0]))  # raises what is wrong with the term itself
    due = np.empty(len(starts), np.int64)
    for some, _ in _chunks(len(starts)):
        cases = _Cases.of(starts[some], zone)
        due[some] = cases.due(term, calendar)
        for case in np.flatnonzero(cases.odd).tolist():
            due[some.start + case] = one_due(int(starts[some.start + case]))
    return due


def _chunks(
    cases: int, pauses: PauseArrays | None = None
) -> Iterator[tuple[slice, PauseArrays | None]]:
    """Yield some cases at a time, so that what is worked on stays in the cache."""
    starts = range(0, cases, _CHUNK)
    if pauses is None:
        yield from ((slice(start, start + _CHUNK), None) for start in starts)
        return
    case, since, until = pauses.case, pauses.since, pauses.until
    if np.any(case[1:] < case[:-1]):
        order = np.argsort(case, kind="stable")
        case, since, until = case[order], since[order], until[order]
    for start in starts:
        own = slice(*np.searchsorted(case, [start, start + _CHUNK]).tolist())
        held = PauseArrays(case[own] - start, since[own], until[own])
        yield slice(start, start + _CHUNK), held


def _elapsed(
    line: "_Runs",
    unit: Unit,
    zone: ZoneInfo,
    starts: Ints,
    ends: Ints,
    pauses: PauseArrays | None,
) -> Ints:
    if (
        unit.is_duration
        and pauses is None
        and line.covers(starts)
        and line.covers(ends)
    ):
        return line.sums(ends) - line.sums(starts)  # the same in both directions
    began, ended = np.minimum(starts, ends), np.maximum(starts, ends)
    held = None if pauses is None else _held(pauses, began, ended)
    if unit.is_duration:
        passed, known = _net(line, began, ended, held)
    else:
        passed, known = _days_passed(line, unit, zone, began, ended, held)
    passed = np.where(ends < starts, -passed, passed)
    return np.where(known, passed, NOT_COMPUTABLE)


# Runs of counting time.


@dataclass(frozen=True, slots=True)
class _Places:
    """
    Where points lie among edges: a search that looks up where to begin.

    :param edges: in order.
    :param first: how many edges there are up to the beginning of each stretch of
        ``2**shift``, from the first edge on; ``None`` if they are too uneven or few.
    """

    edges: Ints
    shift: int = 0
    first: NDArray[np.intp] | None = None

    @classmethod
    def of(cls, edges: Ints) -> "_Places":
        if len(edges) < _FEW_EDGES:
            return cls(edges)
        span = int(edges[-1]) - int(edges[0])
        shift = max((span // (4 * len(edges))).bit_length() - 1, 0)
        stretches = np.arange((span >> shift) + 1, dtype=np.int64) << shift
        first = edges.searchsorted(edges[0] + stretches, side="right")
        if np.diff(first).max() > _FEW_EDGES:
            return cls(edges)
        return cls(np.append(edges, _LARGEST), shift, first)

    def count(self, points: Ints) -> NDArray[np.intp]:
        """Return how many edges lie at or before each point."""
        if self.first is None:
            return self.edges.searchsorted(points, side="right")
        stretch = (points - self.edges[0]) >> self.shift
        count: NDArray[np.intp] = self.first.take(stretch, mode="clip")
        count[stretch < 0] = 0
        while (passed := self.edges.take(count) <= points).any():
            count += passed
        return count


@dataclass(frozen=True, slots=True)
class _Runs:
    """
    A line as arrays.

    :param starts: preceded by a run without length that comes before everything.
    :param offsets: what has passed before each run, less its start.
    :param places: among the starts proper; ``totals``: among what has passed before
        each run, and in all.
    """

    starts: Ints
    ends: Ints
    offsets: Ints
    places: _Places
    totals: _Places
    runs: int
    known_from: int
    known_until: int

    @classmethod
    def of(cls, line: Line) -> "_Runs":
        runs = _RUNS.get(line)
        if runs is None:
            starts, ends, before = (
                np.array([min(point, _LARGEST) for point in edge], np.int64)
                for edge in line.edges
            )
            nothing = np.array([-NEVER], np.int64)
            runs = _RUNS[line] = cls(
                starts=np.concatenate([nothing, starts]),
                ends=np.concatenate([nothing, ends]),
                offsets=np.concatenate([-nothing, before[:-1] - starts]),
                places=_Places.of(starts),
                totals=_Places.of(before),
                runs=len(starts),
                known_from=line.known_from,
                known_until=line.known_until,
            )
        return runs

    def passed(self, points: Ints) -> tuple[Ints, Mask]:
        """Return what has passed by each point, and whether that is known."""
        known = (points >= self.known_from) & (points <= self.known_until)
        return self.sums(points), known

    def covers(self, points: Ints) -> bool:
        """Tell whether every point is known."""
        low, high = int(points.min()), int(points.max())
        return self.known_from <= low and high <= self.known_until

    def sums(self, points: Ints) -> Ints:
        """Return what has passed by each point; of use only where that is known."""
        run = self.places.count(points)
        passed = self.ends.take(run)
        np.minimum(passed, points, out=passed)
        passed += self.offsets.take(run)
        return passed

    def reach(self, totals: Ints) -> tuple[Ints, Mask]:
        """Return by which point each total has passed, and whether any is known."""
        run = self.totals.count(totals - 1)
        reached = run <= self.runs
        return totals - self.offsets.take(run, mode="clip"), reached

    def resumes(self, points: Ints) -> tuple[Ints, Mask, Mask]:
        """Return the next counting points, whether each is itself one, and known."""
        run = self.places.count(points)
        counts = points < self.ends[run]
        following = np.where(counts, run, run + 1)
        known = (points >= self.known_from) & (points < self.known_until)
        known &= following <= self.runs
        following = np.where(known, following, 0)
        return np.where(counts, points, self.starts[following]), counts, known


_RUNS: WeakKeyDictionary[Line, _Runs] = WeakKeyDictionary()


# Civil days.


@dataclass(frozen=True, slots=True)
class _Midnights:
    """The days of some years in a zone, and the instants at which they begin."""

    days: Ints
    begins: Ints
    ordinary: Mask  # 24 hours long
    places: _Places  # among the beginnings

    @classmethod
    def of_instants(cls, zone: ZoneInfo, instants: Ints) -> "_Midnights":
        """Return the days of the years of some instants, and of those beside them."""
        return cls._of(zone, instants.astype("M8[us]"))

    @classmethod
    def of_days(cls, zone: ZoneInfo, days: Ints) -> "_Midnights":
        """Return the days of the years of some days, and of those beside them."""
        return cls._of(zone, _dates(days))

    @classmethod
    def _of(cls, zone: ZoneInfo, dates: NDArray[np.datetime64]) -> "_Midnights":
        low, high = _years(np.array([dates.min(), dates.max()]))
        if high - low <= _FEW_YEARS:
            wanted = range(low - 1, high + 2)
        else:  # placeholders such as the year 9999 may be among them
            some = np.unique(_years(dates))
            wanted = np.unique(np.concatenate([some - 1, some, some + 1])).tolist()
        return _midnights(zone, tuple(year for year in wanted if 1 <= year <= 9999))

    def number_of(self, days: Ints) -> Ints:
        """Return the place of each day in ``days``."""
        first, last = self.days[0], self.days[-1]
        if last - first + 1 == len(self.days):
            return np.asarray(days - first)
        return np.searchsorted(self.days, days)


@lru_cache(maxsize=64)
def _midnights(zone: ZoneInfo, years: tuple[int, ...]) -> _Midnights:
    tables = [_year(zone, year) for year in years]
    days, begins = (np.concatenate(column) for column in zip(*tables, strict=True))
    ordinary = np.zeros(len(days), np.bool_)
    ordinary[:-1] = np.diff(begins) == DAY
    return _Midnights(days, begins, ordinary, _Places.of(begins))


@lru_cache(maxsize=1024)
def _year(zone: ZoneInfo, year: int) -> tuple[Ints, Ints]:
    first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    days = range(first, last + 1)
    begins = np.fromiter((first_showing(zone, day) for day in days), np.int64)
    return np.array(days, np.int64), begins


def _dates(days: Ints) -> NDArray[np.datetime64]:
    return np.asarray((days - EPOCH_DAY).astype("M8[D]"))


def _years(dates: NDArray[np.datetime64]) -> Ints:
    return np.asarray(dates.astype("M8[Y]").astype(np.int64) + 1970, np.int64)


def _day_of(zone: ZoneInfo, instants: Ints) -> Ints:
    table = _Midnights.of_instants(zone, instants)
    return table.days.take(table.places.count(instants) - 1)


def _beginnings(zone: ZoneInfo, days: Ints) -> tuple[Ints, Mask]:
    """Return when days begin, and whether they have 24 hours."""
    table = _Midnights.of_days(zone, days)
    number = table.number_of(days)
    return table.begins[number], table.ordinary[number]


# Time passed.


def _held(pauses: PauseArrays, began: Ints, ended: Ints) -> PauseArrays:
    """Return the pauses that matter, cut to the time of their cases."""
    since = np.maximum(pauses.since, began[pauses.case])
    until = np.minimum(pauses.until, ended[pauses.case])
    matter = since < until
    return PauseArrays(pauses.case[matter], since[matter], until[matter])


def _net(
    line: _Runs, began: Ints, ended: Ints, held: PauseArrays | None
) -> tuple[Ints, Mask]:
    """Return what passed outside the pauses, and whether that is known."""
    before, known_from = line.passed(began)
    total, known_until = line.passed(ended)
    passed = total - before
    if held is not None:
        since, _ = line.passed(held.since)
        until, _ = line.passed(held.until)
        passed -= _union(held.case, since, until, len(began))
    return passed, known_from & known_until


def _union(case: NDArray[np.intp], since: Ints, until: Ints, cases: int) -> Ints:
    """
    Return the length of the union of each case's stretches.

    :param case: in order.
    """
    total = np.zeros(cases, np.int64)
    repeated = case[1:] == case[:-1]
    several = np.zeros(len(case), np.bool_)
    several[1:] |= repeated
    several[:-1] |= repeated
    total[case[~several]] = (until - since)[~several]
    if several.any():
        case, since, until = case[several], since[several], until[several]
        np.add.at(total, case, _uncovered(case, since, until))
    return total


def _uncovered(case: NDArray[np.intp], since: Ints, until: Ints) -> Ints:
    """Return how much of each stretch no other of its case has covered."""
    # The place of each stretch by case and end: the greatest place so far is then the
    # latest end so far of the same case, for places of later cases are greater.
    by_end = np.lexsort((until, case))
    place = np.empty_like(by_end)
    place[by_end] = np.arange(len(by_end))
    order = np.lexsort((since, case))
    covered = until[by_end[np.maximum.accumulate(place[order])]]
    fresh = since[order]
    same = case[order][1:] == case[order][:-1]
    fresh[1:] = np.where(same, np.maximum(fresh[1:], covered[:-1]), fresh[1:])
    uncovered = np.empty_like(since)
    uncovered[order] = np.maximum(until[order] - fresh, 0)
    return uncovered


def _days_passed(
    line: _Runs,
    unit: Unit,
    zone: ZoneInfo,
    began: Ints,
    ended: Ints,
    held: PauseArrays | None,
) -> tuple[Ints, Mask]:
    first, last = _day_of(zone, began), _day_of(zone, ended)
    lost = None
    if held is not None and len(held.case):
        since, until = _day_of(zone, held.since), _day_of(zone, held.until)
        # A pause that lasts until the end takes the end's own day with it.
        until += held.until == ended[held.case]
        since = np.maximum(since, first[held.case] + 1)
        matter = since < until
        lost = PauseArrays(held.case[matter], since[matter], until[matter])
    days, known = _net(line, first + 1, last + 1, lost)
    known |= first == last
    days = np.where(first == last, 0, days)
    if unit not in MONTHS_IN:
        return days, known
    return _full_months(first, first + days) // MONTHS_IN[unit], known


def _full_months(first: Ints, last: Ints) -> Ints:
    start, number = _month_of(first)
    end, reached = _month_of(last)
    months = (end - start).astype(np.int64)
    return months - (np.minimum(number, _length_of(end)) > reached)


def _month_of(days: Ints) -> tuple[NDArray[np.datetime64], Ints]:
    """Return the month of each day, and its number in that month."""
    dates = _dates(days)
    months = dates.astype("M8[M]")
    return months, (dates - months.astype("M8[D]")).astype(np.int64) + 1


def _length_of(months: NDArray[np.datetime64]) -> Ints:
    first, following = months.astype("M8[D]"), (months + 1).astype("M8[D]")
    return np.asarray((following - first).astype(np.int64))


# When terms are due.


@dataclass(slots=True)
class _Cases:
    """
    Starts on their way to a due instant.

    :param at: where each one is; meaningless if it is not known.
    :param known: whether the calendar has known every day needed so far.
    :param odd: those that a change of clocks touches: left to the function for one.
    """

    zone: ZoneInfo
    at: Ints
    known: Mask
    odd: Mask

    @classmethod
    def of(cls, starts: Ints, zone: ZoneInfo) -> "_Cases":
        known = np.ones(len(starts), np.bool_)
        return cls(zone, starts, known, ~known)

    def due(self, term: Term, calendar: WorkCalendar | None) -> Ints:
        """Return when each is due; only then are the odd ones known, too."""
        for entry in entries_of(term):
            if calendar and entry is not Entry.AS_IS:
                self.enter(entry, calendar)
        if term.unit.is_duration:
            due = self.duration_due(term, calendar)
        else:
            due = self.days_due(term, calendar)
        return np.where(self.known & (due <= _LAST_INSTANT), due, NOT_COMPUTABLE)

    def enter(self, entry: Entry | CutOff, calendar: WorkCalendar) -> None:
        """Move each start to where it counts from."""
        if entry is Entry.NEXT_OPENING:
            openings = _Runs.of(calendar.line(Unit.OPEN_HOURS))
            at, _, known = openings.resumes(self.at)
            self._move(at, known)
            return
        days = _Runs.of(calendar.line(Unit.WORKING_DAYS))
        day = _day_of(self.zone, self.at)
        following, works, known = days.resumes(day)
        clock = 0
        if isinstance(entry, CutOff):
            begins, ordinary = _beginnings(self.zone, day)
            works &= self.at < begins + entry.at
            self.odd |= ~ordinary
            following, _, later = days.resumes(day + 1)
            in_range = (day >= days.known_from) & (day < days.known_until)
            known = in_range & (works | later)
            clock = entry.counted_from
        following = np.where(known, following, EPOCH_DAY)
        begins, ordinary = _beginnings(self.zone, following)
        if clock:
            self.odd |= ~works & ~ordinary
        self._move(np.where(works, self.at, begins + clock), known)

    def _move(self, at: Ints, known: Mask) -> None:
        self.known &= known
        self.at = np.where(self.known, at, 0)

    def duration_due(self, term: Term, calendar: WorkCalendar | None) -> Ints:
        """Return when a duration is due."""
        line = _Runs.of(line_of(term.unit, calendar))
        passed, known = line.passed(self.at)
        due, reached = line.reach(passed + min(term.microseconds + 1, NEVER // 2))
        self.known &= known & reached
        return due

    def days_due(self, term: Term, calendar: WorkCalendar | None) -> Ints:
        """Return when a term of days is due."""
        day = _day_of(self.zone, self.at)
        begins, ordinary = _beginnings(self.zone, day)
        clock = self.at - begins
        last = self._last_day(day, term, calendar)
        if calendar and term.roll and term.unit is not Unit.WORKING_DAYS:
            working = _Runs.of(calendar.line(Unit.WORKING_DAYS))
            last = self._count(working, last, 1)
        if calendar and term.ends is Ends.CLOSING:
            return self._closings(last, calendar)
        if term.ends is Ends.TIME:
            begins, also = _beginnings(self.zone, last)
            self.odd |= ~ordinary | ~also
            return begins + clock + 1
        self.known &= last < date.max.toordinal()
        return _beginnings(self.zone, np.where(self.known, last + 1, EPOCH_DAY))[0]

    def _last_day(self, day: Ints, term: Term, calendar: WorkCalendar | None) -> Ints:
        same = np.full(len(day), term.day_one is DayOne.SAME)
        if calendar and term.ends is Ends.CLOSING and term.day_one is DayOne.SAME:
            same = self.at < self._closings(day, calendar, never=-NEVER)
        first = np.where(same, day, day + 1)
        amount: int | Ints = int(term.amount)
        if term.unit in MONTHS_IN:
            months, number = _month_of(day)
            target = months + int(term.amount) * MONTHS_IN[term.unit]
            self.known &= target <= np.datetime64("9999-12")
            number = np.minimum(number - same, _length_of(target))
            before = target.astype("M8[D]").astype(np.int64) + EPOCH_DAY - 1
            amount = before + number - first + 1
        return self._count(_Runs.of(day_line(term, calendar)), first, amount)

    def _count(self, line: _Runs, first: Ints, days: int | Ints) -> Ints:
        """Return the last of so many days from a first one on."""
        passed, known = line.passed(first)
        end, reached = line.reach(passed + days)
        self.known &= known & reached & (end - 1 <= date.max.toordinal())
        return np.where(self.known, end - 1, EPOCH_DAY)

    def _closings(
        self, days: Ints, calendar: WorkCalendar, *, never: int | None = None
    ) -> Ints:
        """
        Return when each day closes.

        :param never: for a day that does not open; ``None``: when it ends.
        """

        def closing_of(day: int) -> int:
            if not calendar.knows(date.fromordinal(day)):
                return NOT_COMPUTABLE
            closing = calendar.closing_of(day)
            if closing is None:
                return first_showing(self.zone, day + 1) if never is None else never
            return closing

        table, number = np.unique(days, return_inverse=True)
        closings = np.fromiter(map(closing_of, table.tolist()), np.int64)[number]
        self.known &= closings != NOT_COMPUTABLE
        return closings

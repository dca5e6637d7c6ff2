"""
Working time: when a term is due, and how much of it has passed.

Everything here is exact to the microsecond and works on integers inside: an instant
is a number of microseconds since 1970 (UTC), a day its proleptic ordinal. A calendar
compiles, once per object and only when asked, to sorted runs of counting time with
their prefix sums; a term is then a binary search in them, whatever its length.

Three rules hold everywhere:

* ``due_at`` is the *first instant that is too late*.
* A wall time means the first instant at which the clock of the zone shows that time
  or a later one. So a time that a change of clock skips is the instant of the jump,
  and a time that happens twice is its first occurrence.
* A calendar knows how far it knows. Whatever needs a day outside that range raises
  :class:`BeyondCalendarError`: not computable, never "weekends only".

Source: Ley 39/2015 (BOE-A-2015-10565), article 30, for the default rules.
"""

import re
from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import Self, TypeAlias, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

RESOLUTION = timedelta(microseconds=1)

# Half-open. No end: the case is still paused.
Pause: TypeAlias = tuple[datetime, datetime | None]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
_NEVER = 1 << 62  # later than any instant or day that can be written
_E = TypeVar("_E", bound=StrEnum)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LARGEST_AMOUNT = 10**10
_MOST_DECIMALS = 9
# Keeps a mistyped year from compiling ten thousand years of days.
_EARLIEST, _LATEST = date(1900, 1, 1), date(2200, 1, 1)


class WorktimeError(ValueError):
    """A term or an amount of time cannot be computed."""


class CalendarError(WorktimeError):
    """A calendar's definition is wrong; the message begins with the path of the fault."""


class TermError(WorktimeError):
    """A term's definition is wrong; the message names the fault."""


class BeyondCalendarError(WorktimeError):
    """The answer needs a day that the calendar does not know: not computable."""


class Unit(StrEnum):
    """What a term is counted in."""

    ELAPSED_SECONDS = "elapsed_seconds"
    ELAPSED_MINUTES = "elapsed_minutes"
    ELAPSED_HOURS = "elapsed_hours"
    ELAPSED_DAYS = "elapsed_days"
    OPEN_MINUTES = "open_minutes"
    OPEN_HOURS = "open_hours"
    LEGAL_HOURS = "legal_hours"
    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"
    MONTHS = "months"
    YEARS = "years"

    @property
    def needs_calendar(self) -> bool:
        """Whether the unit means nothing without a calendar."""
        return self in _NEED_CALENDAR

    @property
    def is_duration(self) -> bool:
        """Whether the unit is measured from the instant, in microseconds."""
        return self in _MICROSECONDS

    @property
    def is_days(self) -> bool:
        """Whether the unit counts civil days, so that a term ends at a midnight."""
        return self not in _MICROSECONDS


_MICROSECONDS: Mapping[Unit, int] = {
    Unit.ELAPSED_SECONDS: _SECOND,
    Unit.ELAPSED_MINUTES: 60 * _SECOND,
    Unit.ELAPSED_HOURS: 3600 * _SECOND,
    Unit.ELAPSED_DAYS: _DAY,
    Unit.OPEN_MINUTES: 60 * _SECOND,
    Unit.OPEN_HOURS: 3600 * _SECOND,
    Unit.LEGAL_HOURS: 3600 * _SECOND,
}
_OPEN = frozenset({Unit.OPEN_MINUTES, Unit.OPEN_HOURS})
_NEED_CALENDAR = _OPEN | {Unit.LEGAL_HOURS, Unit.WORKING_DAYS}


class DayOne(StrEnum):
    """Which day is the first that counts."""

    NEXT = "next"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Term:
    """
    An amount of time within which something is promised.

    Durations take any amount from zero; terms in days, months or years take whole
    numbers from 1 ("the same day" is one day with ``day_one`` the same day).

    :param day_one: only for units of days.
    :param roll: whether a last day that is not working moves to the next working
        day; for calendar days, months and years under a calendar.
    :raises TermError: if the amount does not suit the unit.
    """

    amount: Decimal
    unit: Unit
    day_one: DayOne = DayOne.NEXT
    roll: bool = True

    def __post_init__(self) -> None:
        exponent = self.amount.as_tuple().exponent
        if not isinstance(exponent, int):
            raise TermError(f"amount: {self.amount} is not a number")
        if not 0 <= self.amount <= _LARGEST_AMOUNT:
            raise TermError(f"amount: {self.amount} is not between 0 and 10^10")
        if exponent < -_MOST_DECIMALS:
            raise TermError(f"amount: more than {_MOST_DECIMALS} decimals")
        if self.unit.is_days and (self.amount < 1 or self.amount % 1):
            raise TermError(
                f"amount: {self.amount} {self.unit} is not a whole number from 1"
            )

    @classmethod
    def from_definition(cls, mapping: Mapping[str, object]) -> Self:
        """
        Read a term such as ``{"amount": "10", "unit": "working_days"}``.

        :param mapping: ``amount`` (decimal as a string, or a whole number), ``unit``,
            and optionally ``day_one`` and ``roll``.
        :raises TermError: naming the key at fault.
        """
        unknown = sorted(set(mapping) - {"amount", "unit", "day_one", "roll"})
        if unknown:
            raise TermError(f"{unknown[0]}: unknown key")
        roll = mapping.get("roll", True)
        if not isinstance(roll, bool):
            raise TermError(f"roll: {roll!r} is not true or false")
        return cls(
            amount=_amount(mapping.get("amount")),
            unit=_choice(Unit, "unit", mapping.get("unit")),
            day_one=_choice(DayOne, "day_one", mapping.get("day_one", DayOne.NEXT)),
            roll=roll,
        )

    @property
    def microseconds(self) -> int:
        """
        The longest duration that still keeps the term, in microseconds.

        :raises TermError: if the term counts days.
        """
        if self.unit.is_days:
            raise TermError(f"unit: {self.unit} has no fixed duration")
        # In whole numbers: the precision of the decimal context must not matter.
        numerator, denominator = self.amount.as_integer_ratio()
        return numerator * _MICROSECONDS[self.unit] // denominator


def _amount(value: object) -> Decimal:
    # A float would already have lost what the author wrote.
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise TermError(f"amount: {value!r} is not a decimal number in a string")
    try:
        return Decimal(value)
    except InvalidOperation:
        raise TermError(f"amount: {value!r} is not a decimal number") from None


def _choice(kind: type[_E], key: str, value: object) -> _E:
    if isinstance(value, str) and value in set(kind):
        return kind(value)
    raise TermError(f"{key}: {value!r} is not one of {', '.join(kind)}")


# Instants and days as integers.


def _micros(at: datetime) -> int:
    if at.tzinfo is None:
        raise TypeError(f"{at!r} has no time zone")
    return (at - _EPOCH) // RESOLUTION


def _instant(micros: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        raise BeyondCalendarError("the term ends after the year 9999") from None


def _offset(aware: datetime) -> int:
    return (aware.utcoffset() or timedelta()) // RESOLUTION


def _first_showing(zone: ZoneInfo, ordinal: int, time_of_day: int = 0) -> int:
    """
    First instant at which the clock of ``zone`` shows a wall time or a later one.

    :param ordinal: the day.
    :param time_of_day: microseconds after midnight on the clock, up to a whole day.
    :returns: microseconds since 1970.
    """
    naive = (ordinal - _EPOCH_DAY) * _DAY + time_of_day
    aware = _instant(naive).replace(tzinfo=zone)
    before = _offset(aware)
    jump = _offset(aware.replace(fold=1)) - before
    shown = naive - before
    if jump <= 0:  # an ordinary time, or the first of two
        return shown
    # The clock skips this time: look for the jump between the two readings of it.
    early, late = shown - jump, shown
    while late - early > 1:
        middle = (early + late) // 2
        if _offset(_instant(middle).astimezone(zone)) == before:
            early = middle
        else:
            late = middle
    return late


def _day_of(zone: ZoneInfo, micros: int) -> int:
    """Ordinal of the civil day an instant belongs to."""
    local = _instant(micros).astimezone(zone)
    day = local.toordinal()
    # Where clocks go back over midnight (Newfoundland until 2011) the evening is
    # shown twice; the second time the next day has already begun.
    if local.fold and _first_showing(zone, day + 1) <= micros:
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


# Every point counts: time around the clock, or calendar days.
_EVERYTHING = Line([(-_NEVER, _NEVER)], -_NEVER, _NEVER)

# The stretches that do not count: sorted, apart from one another, half-open.
_Gaps: TypeAlias = list[tuple[int, int]]


def _joined(gaps: Iterable[tuple[int, int]], *, since: int) -> _Gaps:
    """Sort and join stretches, cut them to begin at ``since``, drop the empty ones."""
    joined: _Gaps = []
    for gap_from, until in sorted(gap for gap in gaps if gap[0] < gap[1]):
        start = max(gap_from, since)
        if until <= start:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], until))
        else:
            joined.append((start, until))
    return joined


def _paused(pauses: Sequence[Pause], *, since: int) -> _Gaps:
    if not pauses:
        return []
    return _joined(
        (
            (_micros(paused_at), _NEVER if until is None else _micros(until))
            for paused_at, until in pauses
        ),
        since=since,
    )


def _advance(line: Line, start: int, amount: int, gaps: _Gaps) -> int | None:
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
        if until == _NEVER:
            return None
        amount -= line.passed(gap_from) - done
        done = line.passed(until)
    return line.reach(done + amount)


def _net(line: Line, start: int, end: int, gaps: _Gaps) -> int:
    """Return what passed from ``start`` to ``end`` outside the gaps."""
    total = line.passed(end) - line.passed(start)
    for gap_from, until in gaps:
        if gap_from >= end:
            break
        if until > start:
            total -= line.passed(min(until, end)) - line.passed(max(gap_from, start))
    return total


# Calendars.

_Hours: TypeAlias = tuple[tuple[int, int], ...]  # microseconds after midnight
_Week: TypeAlias = tuple[_Hours, ...]  # Monday first
_Season: TypeAlias = tuple[tuple[int, int], tuple[int, int], _Week]


@dataclass(frozen=True, eq=False)
class WorkCalendar:
    """
    When an office is open and which days are working days, and how far that is known.

    The two are separate on purpose (Ley 39/2015, 30.8): ``weekly``, ``seasons`` and
    ``overrides`` give hours; ``working_weekdays`` gives days. A holiday is neither
    open nor working, except that hours given for that very date are kept.

    Build it with :meth:`from_definition`; it is compared by identity.

    :param known_until: first day that is not known (half-open).
    :param holidays: by date, the name or an empty string.
    """

    zone: ZoneInfo
    known_from: date
    known_until: date
    weekly: _Week
    working_weekdays: frozenset[int]
    holidays: Mapping[date, str]
    seasons: tuple[_Season, ...] = ()
    overrides: Mapping[date, _Hours] | None = None

    @classmethod
    def from_definition(cls, definition: Mapping[str, object]) -> Self:
        """
        Read a calendar from its JSON form (``docs/formats/charter.schema.json``).

        ``zone``, ``known_from`` and ``known_until`` are required. Without ``weekly``
        the office never opens; without ``working_weekdays`` Monday to Friday work.

        :raises CalendarError: beginning with the path of the fault, such as
            ``weekly.mon[0]: ...``.
        """
        source = _mapping("calendar", definition)
        _refuse_unknown("calendar", source, _CALENDAR_KEYS)
        known_from = _known_day("known_from", source.get("known_from"))
        known_until = _known_day("known_until", source.get("known_until"))
        if known_until <= known_from:
            raise CalendarError("known_until: not after known_from")
        return cls(
            zone=_zone(source.get("zone")),
            known_from=known_from,
            known_until=known_until,
            weekly=_week("weekly", source.get("weekly", {})),
            working_weekdays=_working_weekdays(
                source.get("working_weekdays", list(_WEEKDAYS[:5]))
            ),
            holidays=_holidays(source.get("holidays", {})),
            seasons=_seasons(source.get("seasons", [])),
            overrides=_overrides(source.get("overrides", {})),
        )

    def is_working_day(self, day: date) -> bool:
        """
        Tell whether a day counts as a working day.

        :raises BeyondCalendarError: if the calendar does not know the day.
        """
        self._must_know(day)
        return self._works(day)

    def open_intervals(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """
        Return the hours of a day as instants in UTC, in order.

        :raises BeyondCalendarError: if the calendar does not know the day.
        """
        self._must_know(day)
        return tuple(
            (_instant(start), _instant(end))
            for start, end in self._opening(
                day.toordinal(),
                _first_showing(self.zone, day.toordinal()),
                _first_showing(self.zone, day.toordinal() + 1),
            )
        )

    def open_between(self, start: datetime, end: datetime) -> timedelta:
        """
        Return the open time between two instants; negative if they are reversed.

        :raises BeyondCalendarError: if either lies outside the days known.
        :raises TypeError: if an instant has no time zone.
        """
        line = self._open_line
        return RESOLUTION * (line.passed(_micros(end)) - line.passed(_micros(start)))

    def add_open(self, start: datetime, amount: timedelta) -> datetime:
        """
        Return the earliest instant at which ``amount`` of open time has passed.

        :param amount: not negative; of zero, the answer is ``start`` itself.
        :raises BeyondCalendarError: if that needs a day the calendar does not know.
        :raises WorktimeError: if the amount is negative.
        :raises TypeError: if ``start`` has no time zone.
        """
        wanted = amount // RESOLUTION
        if wanted < 0:
            raise WorktimeError(f"{amount} is negative")
        line = self._open_line
        done = line.passed(_micros(start))
        if not wanted:
            return _instant(_micros(start))
        return _instant(line.reach(done + wanted))

    def line(self, unit: Unit) -> Line:
        """Return the compiled counting time of a unit that needs a calendar."""
        if unit is Unit.WORKING_DAYS:
            return self._working_line
        return self._legal_line if unit is Unit.LEGAL_HOURS else self._open_line

    def _must_know(self, day: date) -> None:
        if not self.known_from <= day < self.known_until:
            raise BeyondCalendarError(f"the calendar does not know {day}")

    def _works(self, day: date) -> bool:
        return day.weekday() in self.working_weekdays and day not in self.holidays

    def _hours(self, day: date) -> _Hours:
        if self.overrides and day in self.overrides:
            return self.overrides[day]
        if day in self.holidays:
            return ()
        for season_from, until, week in self.seasons:
            if _in_season((day.month, day.day), season_from, until):
                return week[day.weekday()]
        return self.weekly[day.weekday()]

    def _opening(
        self, ordinal: int, midnight: int, next_midnight: int
    ) -> Iterator[tuple[int, int]]:
        hours = self._hours(date.fromordinal(ordinal))
        if next_midnight - midnight == _DAY:
            for start, end in hours:
                yield midnight + start, midnight + end
            return
        # The clocks change: each wall time has to be looked up.
        for start, end in hours:
            opens = _first_showing(self.zone, ordinal, start)
            closes = _first_showing(self.zone, ordinal, end)
            if opens < closes:
                yield opens, closes

    @cached_property
    def _days(self) -> range:
        return range(self.known_from.toordinal(), self.known_until.toordinal())

    @cached_property
    def _midnights(self) -> list[int]:
        """Beginning of each known day, and the end of the last."""
        return [
            _first_showing(self.zone, day)
            for day in range(self._days.start, self._days.stop + 1)
        ]

    @cached_property
    def _working_line(self) -> Line:
        """Working days, on ordinals."""
        runs = (
            (day, day + 1) for day in self._days if self._works(date.fromordinal(day))
        )
        return Line(runs, self._days.start, self._days.stop)

    @cached_property
    def _open_line(self) -> Line:
        """Opening hours, on microseconds."""
        midnights = self._midnights
        runs = (
            run
            for day, span in zip(self._days, pairwise(midnights), strict=True)
            for run in self._opening(day, *span)
        )
        return Line(runs, midnights[0], midnights[-1])

    @cached_property
    def _legal_line(self) -> Line:
        """All hours of each working day, on microseconds."""
        midnights = self._midnights
        runs = (
            span
            for day, span in zip(self._days, pairwise(midnights), strict=True)
            if self._works(date.fromordinal(day))
        )
        return Line(runs, midnights[0], midnights[-1])


# Reading a calendar's definition. Every message begins with the path of its fault.

_CALENDAR_KEYS = frozenset(
    {
        "zone",
        "known_from",
        "known_until",
        "weekly",
        "working_weekdays",
        "holidays",
        "seasons",
        "overrides",
    }
)
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00", re.ASCII)
_MONTH_DAY = re.compile(r"[0-9]{2}-[0-9]{2}", re.ASCII)
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def _mapping(path: str, value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise CalendarError(f"{path}: not an object")
    return value


def _list(path: str, value: object) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        raise CalendarError(f"{path}: not a list")
    return value


def _refuse_unknown(
    path: str, mapping: Mapping[str, object], known: frozenset[str]
) -> None:
    # A misspelt key would silently open the office on every holiday.
    for key in mapping:
        if key not in known:
            raise CalendarError(f"{path}.{key}: unknown key")


def _zone(value: object) -> ZoneInfo:
    if not isinstance(value, str):
        raise CalendarError("zone: not the name of a time zone")
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # OSError: "Europe" is a folder of the zone database.
        raise CalendarError(f"zone: {value!r} is not a known time zone") from None


def _day(path: str, value: object) -> date:
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise CalendarError(f"{path}: {value!r} is not a date such as 2025-01-06")


def _known_day(path: str, value: object) -> date:
    day = _day(path, value)
    if not _EARLIEST <= day <= _LATEST:
        raise CalendarError(f"{path}: {day} is not between {_EARLIEST} and {_LATEST}")
    return day


def _time(path: str, value: object) -> int:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise CalendarError(f"{path}: {value!r} is not a time such as 09:00")
    return (int(value[:2]) * 60 + int(value[3:])) * 60 * _SECOND


def _interval(path: str, value: object) -> tuple[int, int]:
    pair = _list(path, value)
    if len(pair) != 2:
        raise CalendarError(f"{path}: not a pair of times")
    start, end = (_time(path, part) for part in pair)
    if start >= end:
        raise CalendarError(
            f"{path}: closes at or before it opens; hours past midnight are two"
            " intervals, the first until 24:00"
        )
    return start, end


def _day_hours(path: str, value: object) -> _Hours:
    hours = tuple(
        _interval(f"{path}[{number}]", item)
        for number, item in enumerate(_list(path, value))
    )
    for number, (one, following) in enumerate(pairwise(hours), start=1):
        if following[0] < one[1]:
            raise CalendarError(
                f"{path}[{number}]: overlaps the interval before it, or comes earlier"
            )
    return hours


def _week(path: str, value: object) -> _Week:
    week = _mapping(path, value)
    _refuse_unknown(path, week, frozenset(_WEEKDAYS))
    return tuple(_day_hours(f"{path}.{name}", week.get(name, ())) for name in _WEEKDAYS)


def _working_weekdays(value: object) -> frozenset[int]:
    days = set()
    for number, name in enumerate(_list("working_weekdays", value)):
        if not isinstance(name, str) or name not in _WEEKDAYS:
            raise CalendarError(
                f"working_weekdays[{number}]: {name!r} is not one of "
                + ", ".join(_WEEKDAYS)
            )
        days.add(_WEEKDAYS.index(name))
    return frozenset(days)


def _holidays(value: object) -> dict[date, str]:
    if isinstance(value, list | tuple):
        return {
            _day(f"holidays[{number}]", item): "" for number, item in enumerate(value)
        }
    holidays = {}
    for key, name in _mapping("holidays", value).items():
        if not isinstance(name, str):
            raise CalendarError(f"holidays.{key}: the name is not text")
        holidays[_day(f"holidays.{key}", key)] = name
    return holidays


def _overrides(value: object) -> dict[date, _Hours]:
    return {
        _day(f"overrides.{key}", key): _day_hours(f"overrides.{key}", hours)
        for key, hours in _mapping("overrides", value).items()
    }


def _month_day(path: str, value: object) -> tuple[int, int]:
    if isinstance(value, str) and _MONTH_DAY.fullmatch(value):
        month, day = int(value[:2]), int(value[3:])
        # In a leap year, so that a season may begin on 29 February.
        if 1 <= month <= 12 and 1 <= day <= monthrange(2000, month)[1]:
            return month, day
    raise CalendarError(f"{path}: {value!r} is not a month and day such as 06-15")


def _in_season(
    day: tuple[int, int], season_from: tuple[int, int], until: tuple[int, int]
) -> bool:
    if season_from < until:
        return season_from <= day < until
    return day >= season_from or day < until  # over the new year


def _seasons(value: object) -> tuple[_Season, ...]:
    seasons: list[_Season] = []
    for number, item in enumerate(_list("seasons", value)):
        path = f"seasons[{number}]"
        season = _mapping(path, item)
        _refuse_unknown(path, season, frozenset({"from", "until", "weekly"}))
        season_from = _month_day(f"{path}.from", season.get("from"))
        until = _month_day(f"{path}.until", season.get("until"))
        if season_from == until:
            raise CalendarError(f"{path}: begins and ends on the same day")
        for other, (other_from, other_until, _) in enumerate(seasons):
            # Two stretches of the year meet if either one begins inside the other.
            if _in_season(season_from, other_from, other_until) or _in_season(
                other_from, season_from, until
            ):
                raise CalendarError(f"{path}: overlaps seasons[{other}]")
        seasons.append(
            (season_from, until, _week(f"{path}.weekly", season.get("weekly")))
        )
    return tuple(seasons)


# Terms.


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

    Durations are kept as long as no more than the amount has passed: the answer is
    the first instant by which more has. Time counted in opening or legal hours stands
    still while closed, so a limit used up at closing time is kept until the very
    instant of the next opening, and missed one :data:`RESOLUTION` later.

    Days end at local midnight. Day one is the next counting day, or with
    ``DayOne.SAME`` the start's own day if it counts. Months and years run to the
    same day number, or to the last day of a month without it (to the day before,
    when the start's own day is day one). With a calendar, and unless the term says
    otherwise, a last day that is not working moves to the next working day.

    Pauses are cut to begin at ``start``, may overlap, and have no length if they end
    before they begin. Paused time does not count; for terms in days, a day counts
    unless the case is paused at the last instant of it, and months and years grow by
    a calendar day for each day so lost. A day can only be rolled to under the same
    condition.

    :param calendar: its zone, if given, is the one whose days count.
    :param zone: whose days count when there is no calendar.
    :returns: ``None`` if a pause without end keeps it from ever being due.
    :raises BeyondCalendarError: if the answer needs a day the calendar does not know.
    :raises WorktimeError: if the unit needs a calendar and there is none.
    :raises TypeError: if an instant has no time zone.

    Source: Ley 39/2015, article 30.
    """
    began = _micros(start)
    gaps = _paused(pauses, since=began)
    if term.unit.is_duration:
        # One microsecond more than allowed is the first that is too much.
        line = _line(term.unit, calendar)
        late = _advance(line, began, term.microseconds + 1, gaps)
        return None if late is None else _instant(late)
    zone = calendar.zone if calendar else zone
    count = _day_count(_day_of(zone, began), term, calendar)
    end = _last_day_end(count, _day_gaps(zone, gaps, since=count.first))
    return None if end is None else _instant(_first_showing(zone, end))


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
    began, ended = _micros(start), _micros(end)
    if ended < began:
        return -elapsed(end, start, unit, calendar, zone=zone, pauses=pauses)
    gaps = _paused(pauses, since=began)
    if unit.is_duration:
        return _net(_line(unit, calendar), began, ended, gaps)
    line = _line(unit, calendar)
    zone = calendar.zone if calendar else zone
    first, last = _day_of(zone, began), _day_of(zone, ended)
    if first == last:
        return 0
    # A pause that lasts until the end takes the end's own day with it.
    cut = [
        (gap_from, until if until < ended else _NEVER)
        for gap_from, until in gaps
        if gap_from < ended
    ]
    day_gaps = _day_gaps(zone, cut, since=first + 1)
    days = _net(line, first + 1, last + 1, day_gaps)
    if unit is Unit.MONTHS:
        return _full_months(date.fromordinal(first), date.fromordinal(first + days))
    if unit is Unit.YEARS:
        return (
            _full_months(date.fromordinal(first), date.fromordinal(first + days)) // 12
        )
    return days


def _line(unit: Unit, calendar: WorkCalendar | None) -> Line:
    if not unit.needs_calendar:
        return _EVERYTHING
    if calendar is None:
        raise WorktimeError(f"{unit} cannot be counted without a calendar")
    return calendar.line(unit)


@dataclass(frozen=True, slots=True)
class _DayCount:
    """A term as so many days of a line from a first day on."""

    line: Line
    first: int
    days: int
    roll: WorkCalendar | None  # the calendar by which the last day rolls, if it does


def _day_count(start_day: int, term: Term, calendar: WorkCalendar | None) -> _DayCount:
    line = _line(term.unit, calendar)
    first = start_day if term.day_one is DayOne.SAME else start_day + 1
    if term.unit is Unit.WORKING_DAYS:
        return _DayCount(line, first, int(term.amount), None)
    roll = calendar if term.roll else None
    if term.unit is Unit.CALENDAR_DAYS:
        return _DayCount(line, first, int(term.amount), roll)
    months = int(term.amount) * (12 if term.unit is Unit.YEARS else 1)
    last = _month_end(date.fromordinal(start_day), months, inclusive=first == start_day)
    return _DayCount(line, first, last - first + 1, roll)


def _last_day_end(count: _DayCount, gaps: _Gaps) -> int | None:
    """First day after the last one, or ``None`` if a pause has no end."""
    end = _advance(count.line, count.first, count.days, gaps)
    if end is None or count.roll is None:
        return end
    last = end - 1
    return _advance(
        count.roll.line(Unit.WORKING_DAYS), last, 1, _joined(gaps, since=last)
    )


def _day_gaps(zone: ZoneInfo, gaps: _Gaps, *, since: int) -> _Gaps:
    """
    Days at whose last instant the case is paused.

    From the day a pause begins in, up to and without the day it ends in: pausing and
    resuming within one day costs nothing.
    """
    return _joined(
        (
            (
                _day_of(zone, gap_from),
                until if until == _NEVER else _day_of(zone, until),
            )
            for gap_from, until in gaps
        ),
        since=since,
    )


def _month_end(start: date, months: int, *, inclusive: bool) -> int:
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


def _full_months(start: date, end: date) -> int:
    months = (end.year - start.year) * 12 + end.month - start.month
    if _month_end(start, months, inclusive=False) > end.toordinal():
        return months - 1
    return months


# Saying how a due instant came about.


class StepKind(StrEnum):
    """What became of one day on the way to the due instant."""

    START = "start"  # the start's own day, which does not count
    DAY_ONE = "day_one"  # the first day that counts
    COUNTED = "counted"
    OPEN = "open"
    HOLIDAY = "holiday"
    WEEKEND = "weekend"
    OUTSIDE_HOURS = "outside_hours"
    PAUSED = "paused"
    ROLLED = "rolled"  # the working day to which the last day moves


@dataclass(frozen=True, slots=True)
class Step:
    """
    One day of a derivation.

    :param counted: what the day used up of the term, in the term's unit.
    :param note: the name of the holiday.
    """

    day: date | None
    kind: StepKind
    counted: Decimal = Decimal(0)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Derivation:
    """
    How a due instant came about, day by day.

    What the steps counted adds up to the term's amount, unless the case is paused
    without end (``due_at`` is ``None``): then it is what had been used up before.
    """

    start: datetime
    due_at: datetime | None
    steps: tuple[Step, ...]


def explain_due(
    start: datetime,
    term: Term,
    calendar: WorkCalendar | None,
    *,
    zone: ZoneInfo,
    pauses: Sequence[Pause] = (),
) -> Derivation:
    """
    Return :func:`due_at` together with the days that lead to it.

    Working and calendar days have a step for each day. Durations have a step for each
    day touched. Months and years have a step for the start, for each day paused, for
    the last day and for each day rolled over.

    Takes the same arguments, and raises the same errors, as :func:`due_at`.
    """
    due = due_at(start, term, calendar, zone=zone, pauses=pauses)
    zone = calendar.zone if calendar else zone
    gaps = _paused(pauses, since=_micros(start))
    walk = _duration_steps if term.unit.is_duration else _day_steps
    steps = walk(
        _micros(start),
        None if due is None else _micros(due),
        term,
        calendar,
        zone,
        gaps,
    )
    return Derivation(start=start, due_at=due, steps=tuple(steps))


def _idle_step(day: int, calendar: WorkCalendar) -> Step | None:
    """Step of a day that is not a working day."""
    when = date.fromordinal(day)
    if when in calendar.holidays:
        return Step(when, StepKind.HOLIDAY, note=calendar.holidays[when])
    if not calendar.is_working_day(when):
        return Step(when, StepKind.WEEKEND)
    return None


def _within(day: int, gaps: _Gaps) -> bool:
    return any(gap_from <= day < until for gap_from, until in gaps)


def _day_steps(
    began: int,
    due: int | None,
    term: Term,
    calendar: WorkCalendar | None,
    zone: ZoneInfo,
    gaps: _Gaps,
) -> Iterator[Step]:
    start_day = _day_of(zone, began)
    count = _day_count(start_day, term, calendar)
    gaps = _day_gaps(zone, gaps, since=count.first)
    end = gaps[-1][0] if due is None else _day_of(zone, due)
    if count.first > start_day:
        yield Step(date.fromordinal(start_day), StepKind.START)
    left = count.days
    for day in range(count.first, end):
        idle = _idle_if_counted_on(day, count, left, calendar)
        if idle:
            yield idle
        elif _within(day, gaps):
            yield Step(date.fromordinal(day), StepKind.PAUSED)
        elif left:
            left -= 1
            step = _counted_step(day, term, count.days - left, left)
            if step:
                yield step
        else:
            yield Step(date.fromordinal(day), StepKind.ROLLED)
    if due is None:
        yield Step(date.fromordinal(end), StepKind.PAUSED)


def _idle_if_counted_on(
    day: int, count: _DayCount, left: int, calendar: WorkCalendar | None
) -> Step | None:
    # Holidays and weekends are passed over by working days, and by a last day that
    # rolls; calendar days count them.
    if calendar and (count.line is not _EVERYTHING or not left):
        return _idle_step(day, calendar)
    return None


def _counted_step(day: int, term: Term, number: int, left: int) -> Step | None:
    if term.unit in (Unit.MONTHS, Unit.YEARS):
        return (
            None if left else Step(date.fromordinal(day), StepKind.COUNTED, term.amount)
        )
    kind = StepKind.DAY_ONE if number == 1 else StepKind.COUNTED
    return Step(date.fromordinal(day), kind, Decimal(1))


def _duration_steps(
    began: int,
    due: int | None,
    term: Term,
    calendar: WorkCalendar | None,
    zone: ZoneInfo,
    gaps: _Gaps,
) -> Iterator[Step]:
    line = _line(term.unit, calendar)
    end = gaps[-1][0] if due is None else due - 1
    scale = _MICROSECONDS[term.unit]
    used, told = 0, Decimal(0)
    for day in range(_day_of(zone, began), _day_of(zone, end) + 1):
        morning = max(began, _first_showing(zone, day))
        night = min(end, _first_showing(zone, day + 1))
        gross = line.passed(night) - line.passed(morning)
        used += _net(line, morning, night, gaps)
        # Rounded sums, not sums of rounded days: the last one is then exact.
        done = round(Decimal(used) / scale, 6)
        if used == term.microseconds:
            done = term.amount
        counted, told = done - told, done
        if counted:
            kind = StepKind.OPEN if term.unit in _OPEN else StepKind.COUNTED
            yield Step(date.fromordinal(day), kind, counted)
        elif gross:
            yield Step(date.fromordinal(day), StepKind.PAUSED)
        elif calendar and morning < night:
            yield _empty_step(day, term, calendar)
        if used == term.microseconds:
            break  # closed or paused from here to the due instant
    if due is None:
        yield Step(date.fromordinal(_day_of(zone, end)), StepKind.PAUSED)


def _empty_step(day: int, term: Term, calendar: WorkCalendar) -> Step:
    """Step of a day without time that counts, under a unit that needs a calendar."""
    idle = _idle_step(day, calendar)
    if idle and (term.unit not in _OPEN or idle.kind is StepKind.HOLIDAY):
        return idle
    return Step(date.fromordinal(day), StepKind.OUTSIDE_HOURS)

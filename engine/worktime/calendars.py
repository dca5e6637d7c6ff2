"""Work calendars: when an office is open, which days work, how far that is known."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import Self
from zoneinfo import ZoneInfo

from engine.worktime.civil import (
    DAY,
    RESOLUTION,
    BeyondCalendarError,
    Line,
    WorktimeError,
    clock_time,
    first_showing,
    instant_of,
    micros_of,
)
from engine.worktime.definitions import (
    Definition,
    Holiday,
    Hours,
    in_season,
    read_definition,
)
from engine.worktime.terms import Unit


class DayKind(StrEnum):
    """Whether a day is a working day, and why not."""

    WORKING = "working"
    HOLIDAY = "holiday"
    WEEKEND = "weekend"  # a weekday that does not work, whichever it is


class HoursFrom(StrEnum):
    """Which part of a definition gives a day its hours."""

    WEEKLY = "weekly"
    SEASON = "season"
    OVERRIDE = "override"
    HOLIDAY = "holiday"  # closed by it


@dataclass(frozen=True, slots=True)
class DayState:
    """
    A day as a calendar has it.

    :param hours: opening and closing times on the clock, such as ``09:00``; a day
        ends at ``24:00``.
    """

    day: date
    kind: DayKind
    hours: tuple[tuple[str, str], ...]
    hours_from: HoursFrom
    holiday: Holiday | None

    @property
    def works(self) -> bool:
        """Whether the day counts as a working day."""
        return self.kind is DayKind.WORKING


@dataclass(frozen=True, eq=False)
class WorkCalendar:
    """
    When an office is open and which days are working days, and how far that is known.

    The two are separate on purpose (Ley 39/2015, 30.8): ``weekly``, ``seasons`` and
    ``overrides`` give hours; ``working_weekdays`` gives days. A holiday is neither
    open nor working, except that hours given for that very date are kept.

    Holidays come in layers (30.6 and 30.7), from the state to the office; a later one
    may name a day again, or make it a working day.

    Build it with :meth:`from_definition`; it is compared by identity. Opening hours
    are half-open: at its closing time an office is closed.
    """

    definition: Definition

    @classmethod
    def from_definition(cls, definition: Mapping[str, object]) -> Self:
        """
        Read a calendar from its JSON form (``docs/formats/charter.schema.json``).

        ``zone``, ``known_from`` and ``known_until`` are required. Without ``weekly``
        the office never opens; without ``working_weekdays`` Monday to Friday work.
        The ``holidays`` outside ``layers`` are the office's own, and come last. A
        holiday dated ``*-12-25`` is one in every year.

        :raises CalendarError: beginning with the path of the fault, such as
            ``weekly.mon[0]: ...``.
        """
        return cls(read_definition(definition))

    @property
    def zone(self) -> ZoneInfo:
        """Whose civil time it is."""
        return self.definition.zone

    @property
    def known_from(self) -> date:
        """First day that is known."""
        return self.definition.known_from

    @property
    def known_until(self) -> date:
        """First day that is not known any more."""
        return self.definition.known_until

    @cached_property
    def holidays(self) -> Mapping[date, str]:
        """Names of holidays by date; empty where none was given."""
        return {day: holiday.name for day, holiday in self._holidays.items()}

    def knows(self, day: date) -> bool:
        """Tell whether a day lies in the range the calendar knows."""
        return self.known_from <= day < self.known_until

    # Days. All of these raise BeyondCalendarError for a day that is not known.

    def is_working_day(self, day: date) -> bool:
        """
        Tell whether a day counts as a working day.

        :raises BeyondCalendarError: if the calendar does not know the day.
        """
        self._must_know(day)
        return self._works(day)

    def holiday_of(self, day: date) -> Holiday | None:
        """
        Return the holiday of a day, with the layer that declares it.

        :raises BeyondCalendarError: if the calendar does not know the day.
        """
        self._must_know(day)
        return self._holidays.get(day)

    def day_state(self, day: date) -> DayState:
        """
        Return what a day is: working or why not, its hours and where they come from.

        :raises BeyondCalendarError: if the calendar does not know the day.
        """
        holiday = self.holiday_of(day)
        kind = DayKind.WORKING if self._works(day) else DayKind.WEEKEND
        hours_from, hours = self._hours(day)
        return DayState(
            day=day,
            kind=DayKind.HOLIDAY if holiday else kind,
            hours=tuple((clock_time(start), clock_time(end)) for start, end in hours),
            hours_from=hours_from,
            holiday=holiday,
        )

    def working_days(self, first: date, until: date) -> tuple[date, ...]:
        """
        Return the working days from ``first`` up to and without ``until``.

        :raises BeyondCalendarError: if the calendar does not know all of them.
        """
        days = range(first.toordinal(), until.toordinal())
        if days:
            self._must_know(first)
            self._must_know(date.fromordinal(days[-1]))
        return tuple(day for day in map(date.fromordinal, days) if self._works(day))

    def add_working_days(self, day: date, number: int) -> date:
        """
        Return the ``number``-th working day after a day, or before it if negative.

        Of zero, the answer is the day itself if it works, else the next that does.

        :raises BeyondCalendarError: if that needs a day the calendar does not know.
        """
        line, ordinal = self._working_line, day.toordinal()
        if number < 0:
            return date.fromordinal(line.leave(line.passed(ordinal) + number))
        first = ordinal + 1 if number else ordinal
        return date.fromordinal(line.reach(line.passed(first) + max(number, 1)) - 1)

    def open_intervals(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """
        Return the hours of a day as instants in UTC, in order.

        :raises BeyondCalendarError: if the calendar does not know the day.
        """
        self._must_know(day)
        return tuple(
            (instant_of(start), instant_of(end))
            for start, end in self._opening_of(day.toordinal())
        )

    # Instants. All of these raise TypeError for one without a time zone, and
    # BeyondCalendarError for an answer outside the days known.

    def is_open(self, at: datetime) -> bool:
        """
        Tell whether the office is open from an instant on.

        :raises BeyondCalendarError: if the calendar does not know the instant.
        """
        return self._open_line.counts(micros_of(at))

    def next_opening(self, at: datetime) -> datetime:
        """
        Return the first open instant from ``at`` on: ``at`` itself while open.

        :raises BeyondCalendarError: if no day known has one.
        """
        return instant_of(self._open_line.resumes(micros_of(at)))

    def next_closing(self, at: datetime) -> datetime:
        """
        Return the end of the opening that ``at`` lies in, or else of the next one.

        :raises BeyondCalendarError: if the calendar does not know when that is.
        """
        return instant_of(self._open_line.stops(micros_of(at)))

    def previous_open(self, at: datetime) -> datetime:
        """
        Return the last instant up to ``at`` that open time comes just before.

        While open that is ``at`` itself; else, and at the very opening, it is the
        closing before it.

        :raises BeyondCalendarError: if no day known has one.
        """
        return instant_of(self._open_line.counted(micros_of(at)))

    def open_between(self, start: datetime, end: datetime) -> timedelta:
        """
        Return the open time between two instants; negative if they are reversed.

        :raises BeyondCalendarError: if either lies outside the days known.
        :raises TypeError: if an instant has no time zone.
        """
        line = self._open_line
        return RESOLUTION * (
            line.passed(micros_of(end)) - line.passed(micros_of(start))
        )

    def add_open(self, start: datetime, amount: timedelta) -> datetime:
        """
        Return the earliest instant at which ``amount`` of open time has passed.

        :param amount: not negative; of zero, the answer is ``start`` itself.
        :raises BeyondCalendarError: if that needs a day the calendar does not know.
        :raises WorktimeError: if the amount is negative.
        :raises TypeError: if ``start`` has no time zone.
        """
        done, wanted = self._open_amount(start, amount)
        if not wanted:
            return instant_of(micros_of(start))
        return instant_of(self._open_line.reach(done + wanted))

    def subtract_open(self, start: datetime, amount: timedelta) -> datetime:
        """
        Return the latest instant from which ``amount`` of open time passes to ``start``.

        :param amount: not negative; of zero, the answer is ``start`` itself.
        :raises BeyondCalendarError: if that needs a day the calendar does not know.
        :raises WorktimeError: if the amount is negative.
        :raises TypeError: if ``start`` has no time zone.
        """
        done, wanted = self._open_amount(start, amount)
        if not wanted:
            return instant_of(micros_of(start))
        return instant_of(self._open_line.leave(done - wanted))

    # For the rest of the package: integers in, integers out.

    def line(self, unit: Unit) -> Line:
        """Return the compiled counting time of a unit that needs a calendar."""
        if unit is Unit.WORKING_DAYS:
            return self._working_line
        return self._legal_line if unit is Unit.LEGAL_HOURS else self._open_line

    @cached_property
    def known_days(self) -> Line:
        """Every day that is known, on ordinals."""
        days = self._days
        return Line([(days.start, days.stop)], days.start, days.stop)

    def closing_of(self, ordinal: int) -> int | None:
        """
        Return the end of a day's last opening, if it has one.

        :raises BeyondCalendarError: if the calendar does not know the day.
        """
        self._must_know(date.fromordinal(ordinal))
        openings = list(self._opening_of(ordinal))
        return openings[-1][1] if openings else None

    def _open_amount(self, start: datetime, amount: timedelta) -> tuple[int, int]:
        wanted = amount // RESOLUTION
        if wanted < 0:
            raise WorktimeError(f"{amount} is negative")
        return self._open_line.passed(micros_of(start)), wanted

    def _must_know(self, day: date) -> None:
        if not self.knows(day):
            raise BeyondCalendarError(f"the calendar does not know {day}")

    @property
    def _holidays(self) -> Mapping[date, Holiday]:
        return self.definition.holidays

    def _works(self, day: date) -> bool:
        return (
            day.weekday() in self.definition.working_weekdays
            and day not in self._holidays
        )

    def _hours(self, day: date) -> tuple[HoursFrom, Hours]:
        says = self.definition
        if day in says.overrides:
            return HoursFrom.OVERRIDE, says.overrides[day]
        if day in says.holidays:
            return HoursFrom.HOLIDAY, ()
        for season_from, until, week in says.seasons:
            if in_season((day.month, day.day), season_from, until):
                return HoursFrom.SEASON, week[day.weekday()]
        return HoursFrom.WEEKLY, says.weekly[day.weekday()]

    def _opening_of(self, ordinal: int) -> Iterator[tuple[int, int]]:
        return self._opening(
            ordinal,
            first_showing(self.zone, ordinal),
            first_showing(self.zone, ordinal + 1),
        )

    def _opening(
        self, ordinal: int, midnight: int, next_midnight: int
    ) -> Iterator[tuple[int, int]]:
        _, hours = self._hours(date.fromordinal(ordinal))
        if next_midnight - midnight == DAY:
            for start, end in hours:
                yield midnight + start, midnight + end
            return
        # The clocks change: each wall time has to be looked up.
        for start, end in hours:
            opens = first_showing(self.zone, ordinal, start)
            closes = first_showing(self.zone, ordinal, end)
            if opens < closes:
                yield opens, closes

    @cached_property
    def _days(self) -> range:
        return range(self.known_from.toordinal(), self.known_until.toordinal())

    @cached_property
    def _midnights(self) -> list[int]:
        """Beginning of each known day, and the end of the last."""
        return [
            first_showing(self.zone, day)
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
        return self._instants(
            run
            for day, span in zip(self._days, pairwise(self._midnights), strict=True)
            for run in self._opening(day, *span)
        )

    @cached_property
    def _legal_line(self) -> Line:
        """All hours of each working day, on microseconds."""
        return self._instants(
            span
            for day, span in zip(self._days, pairwise(self._midnights), strict=True)
            if self._works(date.fromordinal(day))
        )

    def _instants(self, runs: Iterable[tuple[int, int]]) -> Line:
        return Line(runs, self._midnights[0], self._midnights[-1])


def changed_days(old: WorkCalendar, new: WorkCalendar) -> tuple[tuple[date, date], ...]:
    """
    Return the days on which two versions of a calendar differ, as half-open ranges.

    They differ on a day if one of them does not know it, if it works in one only, or
    if it opens, closes, begins or ends at another instant. Names do not matter.
    """
    ranges: list[tuple[date, date]] = []
    known_from = min(old.known_from, new.known_from)
    known_until = max(old.known_until, new.known_until)
    for ordinal in range(known_from.toordinal(), known_until.toordinal()):
        day = date.fromordinal(ordinal)
        if not _differ(old, new, day):
            continue
        first = ranges.pop()[0] if ranges and ranges[-1][1] == day else day
        ranges.append((first, date.fromordinal(ordinal + 1)))
    return tuple(ranges)


def _differ(old: WorkCalendar, new: WorkCalendar, day: date) -> bool:
    if not (old.knows(day) and new.knows(day)):
        return True
    one, other = old.day_state(day), new.day_state(day)
    if (one.works, one.hours) != (other.works, other.hours):
        return True
    if old.zone == new.zone:
        return False
    bounds = [
        [first_showing(calendar.zone, day.toordinal() + n) for n in (0, 1)]
        for calendar in (old, new)
    ]
    return bounds[0] != bounds[1] or old.open_intervals(day) != new.open_intervals(day)

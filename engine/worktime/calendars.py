"""Work calendars: when an office is open, which days work, how far that is known."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
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
    first_showing,
    instant_of,
    micros_of,
)
from engine.worktime.definitions import (
    CALENDAR_KEYS,
    WEEKDAYS,
    CalendarError,
    Hours,
    Season,
    Week,
    as_mapping,
    in_season,
    read_holidays,
    read_known_day,
    read_overrides,
    read_seasons,
    read_week,
    read_working_weekdays,
    read_zone,
    refuse_unknown,
)
from engine.worktime.terms import Unit


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
    weekly: Week
    working_weekdays: frozenset[int]
    holidays: Mapping[date, str]
    seasons: tuple[Season, ...] = ()
    overrides: Mapping[date, Hours] | None = None

    @classmethod
    def from_definition(cls, definition: Mapping[str, object]) -> Self:
        """
        Read a calendar from its JSON form (``docs/formats/charter.schema.json``).

        ``zone``, ``known_from`` and ``known_until`` are required. Without ``weekly``
        the office never opens; without ``working_weekdays`` Monday to Friday work.

        :raises CalendarError: beginning with the path of the fault, such as
            ``weekly.mon[0]: ...``.
        """
        source = as_mapping("calendar", definition)
        refuse_unknown("calendar", source, CALENDAR_KEYS)
        known_from = read_known_day("known_from", source.get("known_from"))
        known_until = read_known_day("known_until", source.get("known_until"))
        if known_until <= known_from:
            raise CalendarError("known_until: not after known_from")
        return cls(
            zone=read_zone(source.get("zone")),
            known_from=known_from,
            known_until=known_until,
            weekly=read_week("weekly", source.get("weekly", {})),
            working_weekdays=read_working_weekdays(
                source.get("working_weekdays", list(WEEKDAYS[:5]))
            ),
            holidays=read_holidays(source.get("holidays", {})),
            seasons=read_seasons(source.get("seasons", [])),
            overrides=read_overrides(source.get("overrides", {})),
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
            (instant_of(start), instant_of(end))
            for start, end in self._opening(
                day.toordinal(),
                first_showing(self.zone, day.toordinal()),
                first_showing(self.zone, day.toordinal() + 1),
            )
        )

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
        wanted = amount // RESOLUTION
        if wanted < 0:
            raise WorktimeError(f"{amount} is negative")
        line = self._open_line
        done = line.passed(micros_of(start))
        if not wanted:
            return instant_of(micros_of(start))
        return instant_of(line.reach(done + wanted))

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

    def _hours(self, day: date) -> Hours:
        if self.overrides and day in self.overrides:
            return self.overrides[day]
        if day in self.holidays:
            return ()
        for season_from, until, week in self.seasons:
            if in_season((day.month, day.day), season_from, until):
                return week[day.weekday()]
        return self.weekly[day.weekday()]

    def _opening(
        self, ordinal: int, midnight: int, next_midnight: int
    ) -> Iterator[tuple[int, int]]:
        hours = self._hours(date.fromordinal(ordinal))
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

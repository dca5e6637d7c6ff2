"""
Working time walked minute by minute.

The walker knows nothing of intervals, offsets or prefix sums. It lists the minutes of
a few days around a change of clocks with the latest wall time shown so far, and looks
at each of them. Its instants are whole minutes; the engine's edges are microseconds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from engine.worktime import (
    RESOLUTION,
    CutOff,
    DayOne,
    Ends,
    Entry,
    Pause,
    Term,
    Unit,
    WorkCalendar,
)

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
WEEK = 7
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@lru_cache
def minutes_shown(
    zone_name: str, first: date, window: int
) -> tuple[list[datetime], dict[date, tuple[int, int]]]:
    """Return each minute's latest wall time so far, and each day's minutes."""
    zone = ZoneInfo(zone_name)
    at = datetime.combine(first, time(), tzinfo=UTC) - DAY
    last = first + window * DAY
    latest = datetime.min  # noqa: DTZ901
    shown: list[datetime] = []
    days: dict[date, tuple[int, int]] = {}
    while latest.date() < last:
        latest = max(latest, at.astimezone(zone).replace(tzinfo=None))
        if first <= latest.date() < last:
            begins = days.get(latest.date(), (len(shown), 0))[0]
            shown.append(latest)
            days[latest.date()] = (begins, len(shown))
        at += MINUTE
    return shown, days


@lru_cache
def first_minute(zone_name: str, first: date) -> datetime:
    zone = ZoneInfo(zone_name)
    at = datetime.combine(first, time(), tzinfo=UTC) - DAY
    while at.astimezone(zone).date() < first:
        at += MINUTE
    return at


@lru_cache
def clocks_shown(zone_name: str, first: date, window: int) -> list[int]:
    shown, _ = minutes_shown(zone_name, first, window)
    return [wall.hour * 60 + wall.minute for wall in shown]


def minute_of_day(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


MinutePause = tuple[int, int | None]


@dataclass(frozen=True)
class Walker:
    """
    A calendar as the definition reads, walked by the minute.

    :param window: how many days it knows, from the first on.
    """

    zone_name: str
    first: date
    definition: dict
    window: int = WEEK

    @cached_property
    def calendar(self) -> WorkCalendar:
        return WorkCalendar.from_definition(self.definition)

    @cached_property
    def begins(self) -> datetime:
        return first_minute(self.zone_name, self.first)

    @property
    def shown(self) -> list[datetime]:
        return minutes_shown(self.zone_name, self.first, self.window)[0]

    @property
    def clocks(self) -> list[int]:
        return clocks_shown(self.zone_name, self.first, self.window)

    @property
    def days(self) -> dict[date, tuple[int, int]]:
        return minutes_shown(self.zone_name, self.first, self.window)[1]

    def instant(self, minute: int) -> datetime:
        return self.begins + minute * MINUTE

    def is_holiday(self, day: date) -> bool:
        """Ask each layer in turn, the last one first."""
        if day.isoformat() in self.definition["holidays"]:
            return True
        for layer in reversed(self.definition.get("layers", [])):
            if {day.isoformat(), f"*-{day:%m-%d}"} & set(layer["holidays"]):
                return True
            if day.isoformat() in layer["working"]:
                return False
        return False

    def hours(self, day: date) -> list[list[str]]:
        if day.isoformat() in self.definition["overrides"]:
            return self.definition["overrides"][day.isoformat()]
        if self.is_holiday(day):
            return []
        week = self.definition["weekly"]
        for season in self.definition["seasons"]:
            if season["from"] <= f"{day:%m-%d}" < season["until"]:
                week = season["weekly"]
        return week.get(WEEKDAYS[day.weekday()], [])

    def works(self, day: date) -> bool:
        return WEEKDAYS[day.weekday()] in self.definition[
            "working_weekdays"
        ] and not self.is_holiday(day)

    @cached_property
    def is_open(self) -> list[bool]:
        minutes: list[bool] = []
        for day, (begins, ends) in self.days.items():
            opened = {
                minute
                for opens, closes in self.hours(day)
                for minute in range(minute_of_day(opens), minute_of_day(closes))
            }
            minutes += [clock in opened for clock in self.clocks[begins:ends]]
        return minutes

    @cached_property
    def is_legal(self) -> list[bool]:
        return [
            works
            for day, (begins, ends) in self.days.items()
            for works in [self.works(day)]
            for _ in range(begins, ends)
        ]

    def counts(self, unit: Unit) -> list[bool]:
        if unit in (Unit.OPEN_HOURS, Unit.OPEN_MINUTES):
            return self.is_open
        if unit is Unit.LEGAL_HOURS:
            return self.is_legal
        return [True] * len(self.shown)

    def day_of(self, minute: int) -> date:
        if minute == len(self.shown):
            return self.first + self.window * DAY
        return self.shown[minute].date()

    # Entries.

    def entered(self, minute: int, term: Term) -> int | None:
        """Return the minute a start counts from; None if no known one does."""
        at = self._entered(minute, term.entry)
        timed = term.unit is Unit.WORKING_DAYS and term.ends is Ends.TIME
        if timed and at is not None and not self.works(self.shown[at].date()):
            return self._entered(at, Entry.NEXT_WORKING_DAY)
        return at

    def _entered(self, minute: int, entry: Entry | CutOff) -> int | None:
        if entry is Entry.AS_IS:
            return minute
        if entry is Entry.NEXT_OPENING:
            is_open = self.is_open
            return next((m for m in range(minute, len(is_open)) if is_open[m]), None)
        day = self.shown[minute].date()
        passed = self.shown[minute] - datetime.combine(day, time())
        late = isinstance(entry, CutOff) and passed >= entry.at * RESOLUTION
        if self.works(day) and not late:
            return minute
        following = next((d for d in self.days if d > day and self.works(d)), None)
        if following is None:
            return None
        micros = entry.counted_from if isinstance(entry, CutOff) else 0
        return self._first_showing(following, micros)

    def _first_showing(self, day: date, micros: int) -> int:
        begins, ends = self.days[day]
        wanted, clocks = micros // 60_000_000, self.clocks
        return next((m for m in range(begins, ends) if clocks[m] >= wanted), ends)

    # Days of a term.

    def day_end(self, day: date, term: Term, began: int) -> tuple[int, bool]:
        """
        Return the minute with which a day ends, and whether that minute is still good.

        While an hour is shown again, the clock has shown all of it already: such a
        time ends before the next minute that is new.
        """
        begins, ends = self.days[day]
        if term.ends is Ends.DAY:
            return ends, False
        if term.ends is Ends.CLOSING:
            is_open = self.is_open
            last = next(
                (m for m in range(ends - 1, begins - 1, -1) if is_open[m]), None
            )
            return (ends if last is None else last + 1), False
        wall = self.shown[began]
        midnight = datetime.combine(wall.date(), time())
        again = began > 0 and self.shown[began - 1] == wall
        clock = wall - midnight + again * MINUTE
        return self._first_showing(day, clock // RESOLUTION), not again

    def last_day(
        self, began: int, term: Term, pauses: Sequence[MinutePause], *, roll: bool
    ) -> date | None:
        """Walk the days of a working or calendar day term."""
        left = int(term.amount)
        own = self.shown[began].date()
        working = term.unit is Unit.WORKING_DAYS
        for day in self.days:
            end, good = self.day_end(day, term, began)
            begins, ends = self.days[day]
            closed = term.ends is Ends.CLOSING and (
                began >= end or not any(self.is_open[begins:ends])
            )
            if day < own or (day == own and (term.day_one is DayOne.NEXT or closed)):
                continue
            if good and is_paused(end, pauses, since=began):
                continue
            if not good and paused_at_end(began, end, pauses):
                continue
            if left and (self.works(day) or not working):
                left -= 1
            if not left and (self.works(day) or working or not roll):
                return day
        return None

    def due(
        self, start: int, term: Term, pauses: Sequence[MinutePause] = ()
    ) -> datetime | None:
        """Return the first instant too late; None if none is known."""
        began = self.entered(start, term)
        if began is None:
            return None
        if term.unit.is_duration:
            counted = self._counted(began, term.unit, pauses)
            amount = term.microseconds // 60_000_000
            late = next((m for n, m in enumerate(counted) if n == amount), None)
            return None if late is None else self.instant(late) + RESOLUTION
        last = self.last_day(began, term, pauses, roll=term.roll)
        if last is None:
            return None
        end, good = self.day_end(last, term, began)
        return self.instant(end) + good * RESOLUTION

    def kept(self, start: int, term: Term) -> datetime | None:
        """Return the first instant by which the whole term has passed."""
        began = self.entered(start, term)
        if began is None:
            return None
        if term.unit.is_duration:
            amount = term.microseconds // 60_000_000
            counted = self._counted(began, term.unit, ())
            last = next((m for n, m in enumerate(counted, 1) if n == amount), None)
            if amount == 0:
                return self.instant(began)
            return None if last is None else self.instant(last + 1)
        last = self.last_day(began, term, (), roll=False)
        if last is None:
            return None
        end, good = self.day_end(last, term, began)
        standing = term.ends is Ends.TIME and not good
        return self.instant(end) - standing * RESOLUTION

    def _counted(
        self, began: int, unit: Unit, pauses: Sequence[MinutePause]
    ) -> Iterator[int]:
        counts = self.counts(unit)
        return (
            minute
            for minute in range(began, len(counts))
            if counts[minute] and not (pauses and is_paused(minute, pauses))
        )


def is_paused(minute: int, pauses: Sequence[MinutePause], *, since: int = 0) -> bool:
    return any(
        max(start, since) <= minute and (until is None or minute < until)
        for start, until in pauses
    )


def paused_at_end(start: int, end: int, pauses: Sequence[MinutePause]) -> bool:
    """Whether the case is paused in the last microsecond before a minute."""
    return any(
        max(since, start) < end and (until is None or end <= until)
        for since, until in pauses
        if until is None or since < until
    )


def as_pauses(walker: Walker, pauses: Sequence[MinutePause]) -> list[Pause]:
    return [
        (walker.instant(since), None if until is None else walker.instant(until))
        for since, until in pauses
    ]

"""
What the demo's events are made from: days, opening hours, chance with a seed.

Pure: the instant up to which things have happened is passed in, and the same
instant and seed give the same events.
"""

import math
import random
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import count
from zoneinfo import ZoneInfo

from engine.periods import add_months
from engine.worktime import WorkCalendar

SEED = 20_250_101
ZONE = ZoneInfo("Europe/Madrid")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

# How busy a month is; people are away in August and come back in September.
SEASON = (1.05, 1.0, 1.0, 0.95, 1.05, 1.0, 0.85, 0.5, 1.35, 1.15, 1.05, 0.8)
# The town's history, in months before today, so that it is always recent.
STORM_MONTHS_AGO = 10
SHORTAGE_MONTHS_AGO = (7, 6, 5)
AMENDED_MONTHS_AGO = (6, 5, 4)
# Since then nobody carries books between the libraries of the network.
NO_TRANSPORT_DAYS = 100
# The switchboard was changed and has not spoken to us since.
SILENT_DAYS = 21


@dataclass(frozen=True, slots=True)
class DemoEvent:
    """
    One event as a stream takes it.

    :ivar late: it reaches us only after its period's figures became final.
    :ivar operator: whose key it is sent with; empty if it is the town's own.
    """

    id: str
    case: str
    type: str
    at: datetime
    value: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    replaces: str | None = None
    late: bool = False
    operator: str = ""

    def line(self) -> dict[str, object]:
        """Return the event as the object that the API and the intake take."""
        return {
            "id": self.id,
            "case": self.case,
            "type": self.type,
            "at": self.at,
            "value": self.value,
            "attributes": self.attributes,
            "replaces": self.replaces,
        }


class Chance:
    """A source of chance that is the same every time for the same name."""

    def __init__(self, name: str) -> None:
        self._random = random.Random(name)  # noqa: S311 -- repeatable, not secret
        self.random = self._random.random

    def happens(self, probability: float) -> bool:
        """Say yes with a probability."""
        return self.random() < probability

    def between(self, low: int, high: int) -> int:
        """Return a whole number, both ends included, all equally likely."""
        return self._random.randint(low, high)

    def around(self, low: float, high: float, mode: float) -> float:
        """Return a number from a triangle with its top at ``mode``."""
        return self._random.triangular(low, high, mode)

    def days(self, low: int, high: int, mode: int) -> int:
        """Return a whole number from the same triangle."""
        return round(self._random.triangular(low - 0.5, high + 0.49, mode))

    def minutes(self, mean: float) -> timedelta:
        """Return a waiting time in whole seconds, as queues give it."""
        return timedelta(seconds=round(60 * self._random.expovariate(1 / mean)))

    def skewed(self, median: float, spread: float) -> float:
        """Return a positive number with a long tail (lognormal)."""
        return self._random.lognormvariate(math.log(median), spread)

    def arrivals(self, mean: float) -> int:
        """Return how many come when ``mean`` come on average (Poisson)."""
        floor, product, number = math.exp(-mean), self.random(), 0
        while product > floor:
            product *= self.random()
            number += 1
        return number

    def one(self, weights: Mapping[str, float]) -> str:
        """Choose one name by weight."""
        return self._random.choices(list(weights), list(weights.values()))[0]

    def some(self, items: Sequence[DemoEvent], number: int) -> list[DemoEvent]:
        """Choose different ones; all if there are not that many."""
        return self._random.sample(items, min(number, len(items)))


class Office:
    """A calendar's days and hours, quick to look up."""

    def __init__(self, calendar: WorkCalendar) -> None:
        self.calendar = calendar
        self._hours: dict[date, tuple[tuple[datetime, datetime], ...]] = {}

    @cached_property
    def _working(self) -> list[date]:
        length = (self.calendar.known_until - self.calendar.known_from).days
        days = (self.calendar.known_from + n * DAY for n in range(length))
        return [day for day in days if self.calendar.is_working_day(day)]

    def works(self, day: date) -> bool:
        """Say whether a day is a working day."""
        return self.calendar.is_working_day(day)

    def after(self, day: date, number: int) -> date:
        """Return the ``number``-th working day after a day; of 0, the day itself."""
        if not number:
            return day
        return self._working[bisect_right(self._working, day) + number - 1]

    def before(self, day: date, number: int) -> date:
        """Return the working day from which ``day`` is the ``number``-th after."""
        return self._working[bisect_right(self._working, day) - 1 - number]

    def hours(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """Return a day's opening hours."""
        if day not in self._hours:
            self._hours[day] = self.calendar.open_intervals(day)
        return self._hours[day]

    def open_hours(self, day: date) -> float:
        """Return for how long it is open on a day."""
        return sum((end - start) / HOUR for start, end in self.hours(day))

    def moment(self, day: date, chance: Chance, *, spare: timedelta) -> datetime:
        """
        Return an instant of a day's opening hours, before its last ``spare``.

        :raises IndexError: if it does not open that day.
        """
        hours = self.hours(day)
        lengths = [max(end - start - spare, MINUTE) for start, end in hours]
        ahead = chance.random() * sum(lengths, timedelta())
        for (start, _end), length in zip(hours, lengths, strict=True):
            if ahead < length:
                return (start + ahead).replace(microsecond=0)
            ahead -= length
        return hours[-1][0]

    def next_opening(self, day: date) -> date:
        """Return the first day from ``day`` on that has opening hours."""
        while not self.hours(day):
            day += DAY
        return day

    def last_opening(self, day: date) -> date:
        """Return the last day up to ``day`` that has opening hours."""
        while not self.hours(day):
            day -= DAY
        return day


def clock(day: date, hour: float) -> datetime:
    """Return the instant of a time of day in the town, to the second."""
    seconds = round(hour * 3600)
    wall = time(seconds // 3600, seconds // 60 % 60, seconds % 60)
    return datetime.combine(day, wall, tzinfo=ZONE).astimezone(UTC)


@dataclass(frozen=True)
class Town:
    """
    The town whose life is made up.

    :ivar now: nothing happens after this instant.
    :ivar offices: by the calendar's code.
    :ivar windows: by stream, the days on which its charter is in force, half-open.
    :ivar scale: share of the events; 1 is a town of 24,000.
    """

    now: datetime
    offices: Mapping[str, Office]
    windows: Mapping[str, tuple[date, date]]
    scale: float = 1.0
    seed: int = SEED

    @property
    def today(self) -> date:
        """Return the day in the town."""
        return self.now.astimezone(ZONE).date()

    def chance(self, name: str) -> Chance:
        """Return the source of chance of one stream."""
        return Chance(f"{self.seed}/{name}")

    def mood(self, name: str, day: date) -> float:
        """Return how well a month went: -1 to 1, the same through the month."""
        return 2 * Chance(f"{self.seed}/{name}/{day:%Y-%m}").random() - 1

    def months_ago(self, day: date) -> int:
        """Return how many calendar months ago a day was."""
        return (self.today.year - day.year) * 12 + self.today.month - day.month

    def month(self, ago: int) -> date:
        """Return the first day of the month so many months ago."""
        return add_months(self.today, -ago)

    def days(self, stream: str) -> Iterator[date]:
        """Yield the days on which cases of a stream can begin."""
        first, until = self.windows[stream]
        last = min(self.today, until - DAY)
        return (first + n * DAY for n in range((last - first).days + 1))

    def arrivals(self, chance: Chance, day: date, mean: float) -> range:
        """Return a range as long as the number of cases that begin on a day."""
        return range(chance.arrivals(mean * SEASON[day.month - 1] * self.scale))


class Numbers:
    """Numbers cases as registers do: from one again each year."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._counts: dict[int, Iterator[int]] = {}

    def next(self, day: date) -> str:
        """Return the next case number, such as ``I-2026-00042``."""
        counter = self._counts.setdefault(day.year, count(1))
        return f"{self._prefix}-{day.year}-{next(counter):05d}"


def case(
    key: str, attributes: Mapping[str, str], *steps: tuple[str, datetime]
) -> list[DemoEvent]:
    """Return a case's events; what the case is stands on the first."""
    return [
        DemoEvent(f"{key}/{type_}", key, type_, at, None, {} if number else attributes)
        for number, (type_, at) in enumerate(steps)
    ]


def sent_by(operator: str, events: Iterable[DemoEvent]) -> list[DemoEvent]:
    """Return the same events, sent by a concessionaire."""
    return [replace(event, operator=operator) for event in events]

"""
The engine against a walk minute by minute, on thousands of random calendars.

Each calendar is of some days with a change of clocks, spring or autumn, and has whatever
a town hall's has: lunch breaks, a season, half days, dated overrides, layers.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from random import Random
from zoneinfo import ZoneInfo

import pytest

from engine.worktime import (
    RESOLUTION,
    BeyondCalendarError,
    CutOff,
    DayOne,
    Ends,
    Entry,
    Term,
    Unit,
    due_at,
    elapsed,
    entered_at,
    kept_from,
    latest_start,
)
from tests.engine.worktime.oracle import (
    DAY,
    MINUTE,
    WEEKDAYS,
    MinutePause,
    Walker,
    as_pauses,
)

WINDOW = 5  # days, the change of clocks in the middle
CALENDARS = 250  # of each window
WINDOWS = [
    ("Europe/Madrid", date(2025, 3, 27)),
    ("Europe/Madrid", date(2025, 10, 23)),
    ("Atlantic/Canary", date(2025, 3, 27)),
    ("Atlantic/Canary", date(2025, 10, 23)),
    ("Europe/Rome", date(2026, 3, 26)),
    ("Europe/Rome", date(2026, 10, 22)),
    ("America/New_York", date(2025, 3, 6)),
    ("America/New_York", date(2025, 10, 30)),
]
ELSEWHERE = ZoneInfo("Asia/Tokyo")  # the calendar's own zone must win
MINUTES = 60_000_000  # microseconds in one
HOURS = [
    [],
    [["00:00", "24:00"]],
    [["09:00", "14:00"]],  # half a day
    [["09:00", "14:00"], ["16:00", "19:00"]],  # lunch
    [["08:30", "15:15"]],
    [["22:00", "24:00"]],
    [["00:00", "02:30"], ["02:45", "03:30"]],  # the hours that jump or come twice
    [["01:15", "02:15"], ["02:30", "02:45"], ["10:00", "13:00"]],
]


def random_hours(random: Random) -> list[list[str]]:
    if random.random() < 0.7:
        return random.choice(HOURS)
    edges = sorted(random.sample(range(97), 2 * random.randint(1, 3)))
    clock = [f"{quarter // 4:02}:{quarter % 4 * 15:02}" for quarter in edges]
    return [list(pair) for pair in zip(clock[::2], clock[1::2], strict=True)]


def random_week(random: Random) -> dict[str, list[list[str]]]:
    return {day: random_hours(random) for day in WEEKDAYS if random.random() < 0.8}


def random_layer(random: Random, days: list[str]) -> dict:
    holidays = set(random.sample(days, random.randint(0, 2)))
    return {
        "level": "region",
        "holidays": {
            f"*{day[4:]}" if random.random() < 0.3 else day: "" for day in holidays
        },
        "working": [day for day in random.sample(days, 2) if day not in holidays],
    }


def random_walker(random: Random, zone_name: str, first: date) -> Walker:
    days = [(first + n * DAY).isoformat() for n in range(WINDOW)]
    season_from, until = sorted(random.sample(days, 2))
    return Walker(
        zone_name,
        first,
        {
            "zone": zone_name,
            "known_from": days[0],
            "known_until": (first + WINDOW * DAY).isoformat(),
            "weekly": random_week(random),
            "working_weekdays": list(WEEKDAYS[:5])
            if random.random() < 0.5
            else random.sample(WEEKDAYS, random.randint(1, 7)),
            "holidays": random.sample(days, random.randint(0, 1)),
            "layers": [random_layer(random, days) for _ in range(random.randint(0, 2))],
            "overrides": {
                day: random_hours(random)
                for day in random.sample(days, random.randint(0, 2))
            },
            "seasons": [
                {
                    "from": season_from[5:],
                    "until": until[5:],
                    "weekly": random_week(random),
                }
            ][: random.randint(0, 1)],
        },
        WINDOW,
    )


def random_minute(random: Random, walker: Walker) -> int:
    """Choose a minute, often at an edge of a day or near the change of clocks."""
    last = len(walker.shown) - 1
    if random.random() < 0.5:
        return random.randint(0, last)
    begins, ends = random.choice(list(walker.days.values()))
    change = walker.days[walker.first + 3 * DAY][0]
    return min(last, random.choice([begins, ends, change + random.randint(-90, 270)]))


def random_entry(random: Random) -> Entry | CutOff:
    if random.random() < 0.75:
        return random.choice(list(Entry))
    early, late = sorted(random.sample(range(97), 2))
    return CutOff(late * 15 * MINUTES, early * 15 * MINUTES)


def random_term(random: Random) -> Term:
    unit = random.choice(
        [
            Unit.ELAPSED_MINUTES,
            Unit.OPEN_MINUTES,
            Unit.LEGAL_HOURS,
            Unit.WORKING_DAYS,
            Unit.CALENDAR_DAYS,
        ]
    )
    if unit.is_duration:
        amount = random.choice([0, 1, random.randint(0, 2000)])
        if unit is Unit.LEGAL_HOURS:
            amount //= 60
        return Term(Decimal(amount), unit, entry=random_entry(random))
    return Term(
        Decimal(random.randint(1, 3)),
        unit,
        random.choice(list(DayOne)),
        roll=random.random() < 0.5,
        entry=random_entry(random),
        ends=random.choice(list(Ends)),
    )


def random_pauses(random: Random, walker: Walker) -> list[MinutePause]:
    return [
        (
            random_minute(random, walker),
            None if random.random() < 0.2 else random_minute(random, walker),
        )
        for _ in range(random.choice([0, 0, 1, 3]))
    ]


def answer(call: Callable[[], datetime | None]) -> datetime | None:
    """Return the answer; none if it is not known."""
    try:
        return call()
    except BeyondCalendarError:
        return None


@pytest.fixture(params=WINDOWS, ids=lambda window: f"{window[0]} {window[1]:%B}")
def walkers(request: pytest.FixtureRequest) -> Iterator[tuple[Random, Walker]]:
    zone_name, first = request.param
    random = Random(f"{zone_name} {first}")
    return ((random, random_walker(random, zone_name, first)) for _ in range(CALENDARS))


def test_engine_agrees_with_the_walker(walkers):
    for random, walker in walkers:
        for _ in range(2):
            check_openings(walker, random_minute(random, walker))
            check_spans(random, walker)
            check_due(random, walker)


def check_openings(walker: Walker, minute: int) -> None:
    at, is_open, calendar = walker.instant(minute), walker.is_open, walker.calendar
    last = len(is_open)
    assert calendar.is_open(at) is is_open[minute]
    opening = next((m for m in range(minute, last) if is_open[m]), last)
    closing = next((m for m in range(opening, last) if not is_open[m]), last)
    known = (
        (calendar.next_opening, opening if opening < last else None),
        (calendar.next_closing, closing if closing < last else None),
        (
            calendar.previous_open,
            next((m for m in range(minute, 0, -1) if is_open[m - 1]), None),
        ),
    )
    for ask, expected in known:
        got = answer(lambda ask=ask: ask(at))
        assert got == (None if expected is None else walker.instant(expected))


def check_spans(random: Random, walker: Walker) -> None:
    start, end = sorted(random_minute(random, walker) for _ in range(2))
    calendar, is_open = walker.calendar, walker.is_open
    began, ended = walker.instant(start), walker.instant(end)
    walked = sum(is_open[start:end])
    assert calendar.open_between(began, ended) == walked * MINUTE
    assert (
        elapsed(began, ended, Unit.LEGAL_HOURS, calendar, zone=ELSEWHERE)
        == sum(walker.is_legal[start:end]) * MINUTES
    )
    if walked:
        last = max(m for m in range(start, end) if is_open[m])
        first = min(m for m in range(start, end) if is_open[m])
        assert calendar.add_open(began, walked * MINUTE) == walker.instant(last + 1)
        assert calendar.subtract_open(ended, walked * MINUTE) == walker.instant(first)


def check_due(random: Random, walker: Walker) -> None:
    term, pauses = random_term(random), random_pauses(random, walker)
    start, calendar = random_minute(random, walker), walker.calendar
    at = walker.instant(start)
    entered = walker.entered(start, term)
    assert answer(lambda: entered_at(at, term, calendar)) == (
        None if entered is None else walker.instant(entered)
    )
    expected = walker.due(start, term, pauses)
    got = answer(
        lambda: due_at(
            at, term, calendar, zone=ELSEWHERE, pauses=as_pauses(walker, pauses)
        )
    )
    if expected is None and got is not None:  # the walker looks no further
        assert got > walker.instant(len(walker.shown))
    else:
        assert got == expected, (walker, at, term, pauses)
    check_kept(walker, start, term)


def check_kept(walker: Walker, start: int, term: Term) -> None:
    expected = walker.kept(start, term)
    got = answer(
        lambda: kept_from(walker.instant(start), term, walker.calendar, zone=ELSEWHERE)
    )
    if expected is None and got is not None:
        assert got > walker.instant(len(walker.shown) - 1)
    else:
        assert got == expected


def test_latest_start_agrees_with_the_walker(walkers):
    for random, walker in islice(walkers, CALENDARS // 5):
        check_latest(random, walker, random_term(random))


def check_latest(random: Random, walker: Walker, term: Term) -> None:
    last = len(walker.shown) - 1
    end = random_minute(random, walker)
    ended, calendar = walker.instant(end), walker.calendar
    got = answer(lambda: latest_start(ended, term, calendar, zone=ELSEWHERE))
    minute = -1 if got is None else (got - walker.instant(0)) // MINUTE
    if minute >= 0:
        kept = walker.kept(minute, term)
        assert kept is not None
        assert kept <= ended
        assert kept_from(got, term, calendar, zone=ELSEWHERE) <= ended
        after = got + RESOLUTION
        beyond = answer(lambda: kept_from(after, term, calendar, zone=ELSEWHERE))
        assert beyond is None or beyond > ended
    edges = [edge for span in walker.days.values() for edge in span]
    later = [minute + 1, minute + 2, *edges]
    later += [random.randint(0, last) for _ in range(3)]
    for other in later:
        if minute < other <= last:
            kept = walker.kept(other, term)
            assert kept is None or kept > ended

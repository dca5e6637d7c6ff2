"""Laws of working time, and the engine against a walk minute by minute."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings, strategies as st

from engine.worktime import (
    RESOLUTION,
    BeyondCalendarError,
    DayOne,
    Pause,
    Term,
    Unit,
    WorkCalendar,
    due_at,
    elapsed,
    explain_due,
)
from tests.engine.worktime.oracle import (
    DAY,
    MINUTE,
    WEEK,
    WEEKDAYS,
    MinutePause,
    Walker,
    as_pauses,
    is_paused,
    paused_at_end,
)

MINUTES = 60_000_000  # microseconds in one
CHANGE = 4 * timedelta(days=1)  # from a window's first day to its change of clocks
# Each window but the last has a change of clocks.
WINDOWS = [
    ("Europe/Madrid", date(2025, 3, 26)),
    ("Europe/Madrid", date(2025, 10, 22)),
    ("Atlantic/Canary", date(2025, 3, 26)),
    ("Atlantic/Canary", date(2025, 10, 22)),
    ("America/New_York", date(2025, 3, 5)),
    ("America/New_York", date(2025, 10, 29)),
    ("America/St_Johns", date(2010, 11, 3)),  # back over midnight
    ("America/St_Johns", date(2010, 3, 10)),
    ("America/Santiago", date(2025, 9, 3)),  # a day without a midnight
    ("Australia/Lord_Howe", date(2025, 4, 2)),  # by half an hour
    ("Asia/Kathmandu", date(2025, 1, 1)),
]

quick = settings(max_examples=60, deadline=None)


# What to try.

quarters = st.integers(0, 96)


def clock(quarter: int) -> str:
    return f"{quarter // 4:02}:{quarter % 4 * 15:02}"


@st.composite
def day_hours(draw: st.DrawFn) -> list[list[str]]:
    if draw(st.booleans()):
        return draw(st.sampled_from([[], [["00:00", "24:00"]], [["09:00", "14:00"]]]))
    edges = sorted(draw(st.lists(quarters, max_size=6, unique=True)))
    return [
        [clock(opens), clock(closes)]
        for opens, closes in zip(edges[::2], edges[1::2], strict=False)
    ]


weeks = st.dictionaries(st.sampled_from(WEEKDAYS), day_hours())


@st.composite
def walkers(draw: st.DrawFn) -> Walker:
    zone_name, first = draw(st.sampled_from(WINDOWS))
    days = [(first + n * DAY).isoformat() for n in range(WEEK)]
    season = draw(st.lists(st.sampled_from(days), min_size=2, max_size=2, unique=True))
    return Walker(
        zone_name,
        first,
        {
            "zone": zone_name,
            "known_from": days[0],
            "known_until": (first + WEEK * DAY).isoformat(),
            "weekly": draw(weeks),
            "working_weekdays": draw(
                st.one_of(
                    st.just(list(WEEKDAYS[:5])),
                    st.lists(st.sampled_from(WEEKDAYS), unique=True),
                )
            ),
            "holidays": draw(st.lists(st.sampled_from(days), max_size=3, unique=True)),
            "overrides": draw(
                st.dictionaries(st.sampled_from(days), day_hours(), max_size=2)
            ),
            "seasons": [
                {
                    "from": min(season)[5:],
                    "until": max(season)[5:],
                    "weekly": draw(weeks),
                }
            ]
            if draw(st.booleans())
            else [],
        },
    )


def minutes(walker: Walker) -> st.SearchStrategy[int]:
    """Minutes of the window, often at the edges of days or near a change of clocks."""
    last = len(walker.shown)
    edges = sorted({edge for span in walker.days.values() for edge in span})
    change = walker.days[walker.first + CHANGE][0]
    return st.one_of(
        st.integers(0, last),
        st.sampled_from(edges),
        st.integers(change - 90, change + 270),
    )


def minute_pauses(walker: Walker) -> st.SearchStrategy[list[MinutePause]]:
    at = minutes(walker)
    return st.lists(st.tuples(at, st.one_of(at, at, at, st.none())), max_size=4)


# Against the walker.


@quick
@given(st.data())
def test_open_time_agrees_with_the_walker(data):
    walker = data.draw(walkers())
    start, end = data.draw(minutes(walker)), data.draw(minutes(walker))
    walked = sum(walker.is_open[start:end]) - sum(walker.is_open[end:start])
    spent = walker.calendar.open_between(walker.instant(start), walker.instant(end))
    assert spent == walked * MINUTE
    if walked > 0:
        reached = walker.calendar.add_open(walker.instant(start), spent)
        last = max(minute for minute in range(start, end) if walker.is_open[minute])
        assert reached == walker.instant(last + 1)


@quick
@given(st.data())
def test_durations_agree_with_the_walker(data):
    walker = data.draw(walkers())
    unit = data.draw(
        st.sampled_from([Unit.ELAPSED_MINUTES, Unit.OPEN_MINUTES, Unit.LEGAL_HOURS])
    )
    start, end = sorted([data.draw(minutes(walker)), data.draw(minutes(walker))])
    pauses = data.draw(minute_pauses(walker))
    counts = walker.counts(unit)
    walked = [
        minute
        for minute in range(start, len(counts))
        if counts[minute] and not is_paused(minute, pauses)
    ]
    zone = ZoneInfo("Asia/Tokyo")  # must not matter
    spent = elapsed(
        walker.instant(start),
        walker.instant(end),
        unit,
        walker.calendar,
        zone=zone,
        pauses=as_pauses(walker, pauses),
    )
    assert spent == sum(minute < end for minute in walked) * MINUTES

    amount = data.draw(st.integers(0, max(0, len(walked) - 1)))
    term = Term(Decimal(amount), unit)
    if unit is Unit.LEGAL_HOURS:
        amount = amount // 60 * 60
        term = Term(Decimal(amount // 60), unit)

    def due() -> datetime | None:
        return due_at(
            walker.instant(start),
            term,
            walker.calendar,
            zone=zone,
            pauses=as_pauses(walker, pauses),
        )

    if amount < len(walked):
        assert due() == walker.instant(walked[amount]) + RESOLUTION
    elif any(until is None for _, until in pauses):
        assert due() is None
    elif unit is Unit.ELAPSED_MINUTES:
        assert due() > walker.instant(len(counts))
    else:
        assert_beyond(due)


def assert_beyond(call: object) -> None:
    try:
        answer = call()
    except BeyondCalendarError:
        return
    raise AssertionError(f"computed {answer}")


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_days_agree_with_the_walker(data):
    walker = data.draw(walkers())
    start, end = sorted([data.draw(minutes(walker)), data.draw(minutes(walker))])
    assume(end < len(walker.shown))
    unit = data.draw(st.sampled_from([Unit.WORKING_DAYS, Unit.CALENDAR_DAYS]))
    term = Term(
        Decimal(data.draw(st.integers(1, 4))),
        unit,
        data.draw(st.sampled_from(DayOne)),
        roll=data.draw(st.booleans()),
    )
    pauses = data.draw(minute_pauses(walker))
    arguments = {
        "zone": ZoneInfo("Asia/Tokyo"),
        "pauses": as_pauses(walker, pauses),
    }
    working = unit is Unit.WORKING_DAYS
    assert elapsed(
        walker.instant(start), walker.instant(end), unit, walker.calendar, **arguments
    ) == sum(
        (walker.works(day) or not working)
        and not paused_at_end(start, min(closes, end), pauses)
        for day, (_, closes) in walker.days.items()
        if walker.day_of(start) < day <= walker.day_of(end)
    )

    def due() -> datetime | None:
        return due_at(walker.instant(start), term, walker.calendar, **arguments)

    last = walked_last_day(walker, start, term, pauses)
    if last:
        assert due() == walker.instant(walker.days[last][1])
    elif any(until is None for _, until in pauses):
        assert due() is None
    elif working or term.roll:
        assert_beyond(due)
    else:
        assert due() > walker.instant(len(walker.shown))


def walked_last_day(
    walker: Walker, start: int, term: Term, pauses: Sequence[MinutePause]
) -> date | None:
    left = int(term.amount)
    working = term.unit is Unit.WORKING_DAYS
    for day, (_, closes) in walker.days.items():
        if day < walker.day_of(start) or paused_at_end(start, closes, pauses):
            continue
        if day == walker.day_of(start) and term.day_one is DayOne.NEXT:
            continue
        if left and (walker.works(day) or not working):
            left -= 1
        if not left and (walker.works(day) or working or not term.roll):
            return day
    return None


# Laws. Over three years, so that no term runs off the calendar.

YEARS_FROM = datetime(2024, 1, 1, tzinfo=UTC)


def office(holidays: Sequence[date] = ()) -> WorkCalendar:
    return WorkCalendar.from_definition(
        {
            "zone": "Europe/Madrid",
            "known_from": "2023-12-01",
            "known_until": "2027-01-01",
            "weekly": {
                **{
                    day: [["09:00", "14:00"], ["16:00", "19:00"]]
                    for day in WEEKDAYS[:5]
                },
                "sat": [["10:00", "13:00"]],
            },
            "seasons": [
                {
                    "from": "06-15",
                    "until": "09-16",
                    "weekly": {day: [["08:00", "15:00"]] for day in WEEKDAYS[:5]},
                }
            ],
            "working_weekdays": list(WEEKDAYS[:5]),
            "holidays": [day.isoformat() for day in holidays],
        }
    )


PLAIN = office()
MADRID = ZoneInfo("Europe/Madrid")
instants = st.integers(0, 400 * 86_400_000_000).map(
    lambda micros: YEARS_FROM + micros * RESOLUTION
)
pause_lists = st.lists(
    st.tuples(instants, st.one_of(instants, instants, instants, st.none())), max_size=4
)
amounts = {
    Unit.ELAPSED_SECONDS: 10_000_000,
    Unit.ELAPSED_MINUTES: 100_000,
    Unit.ELAPSED_HOURS: 2_000,
    Unit.ELAPSED_DAYS: 80,
    Unit.OPEN_MINUTES: 20_000,
    Unit.OPEN_HOURS: 300,
    Unit.LEGAL_HOURS: 300,
    Unit.WORKING_DAYS: 60,
    Unit.CALENDAR_DAYS: 90,
    Unit.MONTHS: 4,
    Unit.YEARS: 1,
}


@st.composite
def terms(draw: st.DrawFn) -> Term:
    unit = draw(st.sampled_from(list(amounts)))
    amount = Decimal(draw(st.integers(1, amounts[unit])))
    if unit.is_duration:
        amount /= draw(st.sampled_from([1, 2, 100]))
    return Term(amount, unit, draw(st.sampled_from(DayOne)), roll=draw(st.booleans()))


def due(start: datetime, term: Term, pauses: Sequence[Pause] = (), calendar=PLAIN):
    return due_at(start, term, calendar, zone=MADRID, pauses=pauses)


def spent(start: datetime, end: datetime, unit: Unit, pauses: Sequence[Pause] = ()):
    return elapsed(start, end, unit, PLAIN, zone=MADRID, pauses=pauses)


@quick
@given(
    instants,
    terms(),
    pause_lists,
    st.sets(st.dates(date(2024, 1, 1), date(2026, 6, 1)), min_size=1, max_size=40),
)
def test_a_holiday_never_makes_a_deadline_earlier(start, term, pauses, holidays):
    before = due(start, term, pauses)
    after = due(start, term, pauses, office(sorted(holidays)))
    assert after is None or (before is not None and before <= after)


@quick
@given(instants, terms(), pause_lists, instants, instants)
def test_splitting_or_repeating_a_pause_changes_nothing(start, term, pauses, at, end):
    split = []
    for since, until in reversed(pauses):
        if since < at and (until is None or at < until):
            split += [(at, until), (since, at)]
        else:
            split += [(since, until), (since, until)]
    assert due(start, term, split) == due(start, term, pauses)
    assert spent(start, end, term.unit, split) == spent(start, end, term.unit, pauses)


@quick
@given(instants, terms(), pause_lists, instants, instants)
def test_a_pause_never_makes_a_deadline_earlier(start, term, pauses, since, until):
    before = due(start, term, pauses)
    after = due(start, term, [*pauses, (since, until)])
    assert after is None or (before is not None and before <= after)


@quick
@given(instants, instants, instants, pause_lists, st.sampled_from(Unit))
def test_time_is_additive_and_turns_its_sign(start, middle, end, pauses, unit):
    assert spent(end, start, unit, pauses) == -spent(start, end, unit, pauses)
    start, middle, end = sorted([start, middle, end])
    assert PLAIN.open_between(start, middle) + PLAIN.open_between(
        middle, end
    ) == PLAIN.open_between(start, end)
    if unit.is_duration:
        assert spent(start, middle, unit, pauses) + spent(
            middle, end, unit, pauses
        ) == spent(start, end, unit, pauses)


@settings(max_examples=150, deadline=None)
@given(instants, terms(), pause_lists)
def test_elapsed_agrees_with_due(start, term, pauses):
    late = due(start, term, pauses)
    assume(late is not None)
    in_time = spent(start, late - RESOLUTION, term.unit, pauses)
    if term.unit.is_duration:
        assert in_time <= term.microseconds < spent(start, late, term.unit, pauses)
    elif term.day_one is DayOne.NEXT:
        rolls = term.roll and term.unit is not Unit.WORKING_DAYS
        assert in_time >= term.amount if rolls else in_time == term.amount


@quick
@given(instants, terms(), pause_lists)
def test_explanation_adds_up_and_keeps_the_order_of_days(start, term, pauses):
    derivation = explain_due(start, term, PLAIN, zone=MADRID, pauses=pauses)
    assert derivation.due_at == due(start, term, pauses)
    counted = sum(step.counted for step in derivation.steps)
    assert all(step.counted >= 0 for step in derivation.steps)
    days = [step.day for step in derivation.steps]
    assert days == sorted(days)
    if derivation.due_at is None:
        assert counted <= term.amount
    else:
        assert counted == term.amount


@quick
@given(instants, st.integers(1, 10**12))
def test_add_open_gives_the_earliest_instant(start, micros):
    reached = PLAIN.add_open(start, micros * RESOLUTION)
    assert PLAIN.open_between(start, reached) == micros * RESOLUTION
    assert PLAIN.open_between(start, reached - RESOLUTION) == (micros - 1) * RESOLUTION

"""Batches give exactly what the functions for one case give."""

import gc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from weakref import ref
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from engine.worktime import (
    NO_END,
    NOT_COMPUTABLE,
    RESOLUTION,
    BeyondCalendarError,
    CutOff,
    DayOne,
    Ends,
    Entry,
    PauseArrays,
    Term,
    Unit,
    WorkCalendar,
    WorktimeError,
    due_at,
    due_many,
    elapsed,
    elapsed_many,
    to_instants,
    to_micros,
)
from tests.engine.worktime.offices import MADRID, calendar, madrid, term

TOKYO = ZoneInfo("Asia/Tokyo")
DAY = 86_400_000_000
HOUR = 3_600_000_000
OFFICES = [
    calendar(
        zone=zone,
        known_from="2010-06-01",
        known_until="2012-06-01",
        weekly={
            "mon": [["00:00", "14:00"], ["16:00", "19:00"]],
            "tue": [["09:00", "14:00"]],
            "thu": [["09:00", "24:00"]],
            "fri": [["00:30", "02:30"], ["02:45", "24:00"]],
            "sun": [["00:00", "24:00"]],
        },
        working_weekdays=["mon", "tue", "wed", "fri", "sun"],
        holidays={"2011-01-06": "", "*-12-25": ""},
        seasons=[{"from": "08-01", "until": "09-01", "weekly": {}}],
        overrides={"2011-12-28": hours},
    )
    for zone, hours in (
        ("Europe/Madrid", [["09:00", "13:00"]]),
        ("America/St_Johns", []),  # back over midnight
        ("Pacific/Apia", []),  # without 30 December 2011
        ("Australia/Lord_Howe", []),  # by half an hour
        # Too uneven to be looked up by the hour.
        (
            "Europe/Rome",
            [
                [f"{n:02}:{m}", f"{n:02}:{m + 9}"]
                for n in range(24)
                for m in (10, 30, 50)
            ],
        ),
    )
]
CHANGES = [
    datetime(2011, 3, 27, tzinfo=UTC),
    datetime(2011, 10, 30, tzinfo=UTC),
    datetime(2010, 11, 7, tzinfo=UTC),
    datetime(2011, 12, 30, tzinfo=UTC),
    datetime(2011, 4, 2, 15, tzinfo=UTC),
    datetime(2010, 6, 1, tzinfo=UTC),
    datetime(2012, 6, 1, tzinfo=UTC),
]
instants = st.one_of(
    st.integers(-20 * DAY, 800 * DAY).map(
        lambda micros: datetime(2010, 6, 1, tzinfo=UTC) + micros * RESOLUTION
    ),
    st.tuples(st.sampled_from(CHANGES), st.integers(-30 * 60, 40 * 60)).map(
        lambda near: near[0] + near[1] * timedelta(minutes=1)
    ),
)
calendars = st.one_of(st.none(), st.sampled_from(OFFICES))
batches = st.lists(instants, min_size=1, max_size=30)
pauses = st.lists(
    st.tuples(instants, st.one_of(instants, instants, st.none())), max_size=3
)
LIMITS = {
    Unit.ELAPSED_SECONDS: 10_000_000,
    Unit.ELAPSED_DAYS: 300,
    Unit.OPEN_HOURS: 600,
    Unit.LEGAL_HOURS: 600,
    Unit.WORKING_DAYS: 90,
    Unit.CALENDAR_DAYS: 300,
    Unit.MONTHS: 9,
    Unit.YEARS: 2,
}


@st.composite
def limits(draw: st.DrawFn) -> Term:
    unit = draw(st.sampled_from(list(LIMITS)))
    amount = Decimal(draw(st.integers(1, LIMITS[unit])))
    ends = Ends.DAY
    if unit.is_duration:
        amount = round(amount / draw(st.sampled_from([1, 8, 7])), 9)
    else:
        timed = unit in (Unit.WORKING_DAYS, Unit.CALENDAR_DAYS)
        ends = draw(st.sampled_from([Ends.DAY, Ends.CLOSING, *[Ends.TIME] * timed]))
    cut_offs = [CutOff(17 * HOUR, 8 * HOUR), CutOff(24 * HOUR, 2 * HOUR + HOUR // 2)]
    return Term(
        amount,
        unit,
        draw(st.sampled_from(list(DayOne))),
        roll=draw(st.booleans()),
        entry=draw(st.sampled_from([*Entry, *cut_offs])),
        ends=ends,
    )


def one_by_one(call: Callable[[], object]) -> object:
    try:
        return call()
    except BeyondCalendarError:
        return None


@settings(max_examples=150, deadline=None)
@given(batches, limits(), calendars)
def test_due_many_is_due_at_of_each(starts, limit, office):
    def due(start: datetime) -> datetime | None:
        return due_at(start, limit, office, zone=MADRID)

    try:
        expected = [one_by_one(lambda start=start: due(start)) for start in starts]
    except WorktimeError as error:
        with pytest.raises(WorktimeError, match=str(error)):
            due_many(to_micros(starts), limit, office, zone=MADRID)
        return
    assert to_instants(due_many(to_micros(starts), limit, office, zone=MADRID)) == (
        expected
    )


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(instants, instants, pauses), max_size=20),
    st.sampled_from(list(LIMITS)),
    calendars,
)
def test_elapsed_many_is_elapsed_of_each(cases, unit, office):
    if office is None and unit.needs_calendar:
        office = OFFICES[0]
    starts = to_micros(start for start, _, _ in cases)
    ends = to_micros(end for _, end, _ in cases)
    for paused in (False, True):
        expected = [
            one_by_one(
                lambda start=start, end=end, held=held if paused else (): elapsed(
                    start, end, unit, office, zone=MADRID, pauses=held
                )
            )
            for start, end, held in cases
        ]
        passed = elapsed_many(
            starts,
            ends,
            unit,
            office,
            zone=MADRID,
            pauses=pause_arrays([held for *_, held in cases]) if paused else None,
        )
        assert [
            None if value == NOT_COMPUTABLE else value for value in passed.tolist()
        ] == expected


def pause_arrays(of_cases: list[list]) -> PauseArrays:
    flat = [(case, *pause) for case, held in enumerate(of_cases) for pause in held]
    Random(0).shuffle(flat)
    return PauseArrays(
        case=np.array([case for case, _, _ in flat], np.intp),
        since=to_micros(since for _, since, _ in flat),
        until=np.array(
            [NO_END if until is None else to_micros([until])[0] for *_, until in flat],
            np.int64,
        ),
    )


def test_large_batch_is_like_many_small_ones():
    random = Random(1)
    near = [
        change + timedelta(minutes=random.randint(-3000, 3000))
        for change in CHANGES
        for _ in range(30)
    ]
    held = [
        [(at - timedelta(days=1), at), (at, None)][: n % 3] for n, at in enumerate(near)
    ]
    ends = [at + timedelta(days=20) for at in near]
    times = 40_000 // len(near)
    limit = term("3", "working_days", ends="time")
    for office in OFFICES[:2]:
        due = due_many(to_micros(near), limit, office, zone=MADRID)
        again = due_many(to_micros(near * times), limit, office, zone=MADRID)
        assert again.tolist() == due.tolist() * times
        for unit in (Unit.OPEN_HOURS, Unit.CALENDAR_DAYS):
            passed, again = (
                elapsed_many(
                    to_micros(near * n),
                    to_micros(ends * n),
                    unit,
                    office,
                    zone=MADRID,
                    pauses=pause_arrays(held * n),
                )
                for n in (1, times)
            )
            assert again.tolist() == passed.tolist() * times


@pytest.mark.parametrize("unit", [Unit.OPEN_HOURS, Unit.WORKING_DAYS])
def test_batch_without_a_calendar_is_refused_like_one_case(unit):
    starts = to_micros([madrid("2025-01-03T10:00")])
    with pytest.raises(WorktimeError, match="without a calendar"):
        due_many(starts, Term(Decimal(1), unit), None, zone=MADRID)
    with pytest.raises(WorktimeError, match="without a calendar"):
        elapsed_many(starts, starts, unit, None, zone=MADRID)


def test_empty_batch_has_an_empty_answer():
    nothing = to_micros([])
    for unit in LIMITS:
        passed = elapsed_many(nothing, nothing, unit, OFFICES[0], zone=MADRID)
        due = due_many(nothing, Term(Decimal(1), unit), OFFICES[0], zone=MADRID)
        assert passed.shape == due.shape == (0,)
        assert passed.dtype == due.dtype == np.int64


def test_instants_and_arrays_are_inverse():
    some = [madrid("2025-01-03T10:00"), datetime(1969, 12, 31, 23, 59, 59, 999999, UTC)]
    micros = to_micros(some)
    assert micros.dtype == np.int64
    assert to_instants(micros) == some
    assert to_instants(np.array([NOT_COMPUTABLE])) == [None]
    with pytest.raises(TypeError, match="no time zone"):
        to_micros([datetime(2025, 1, 3)])


PLACEHOLDERS = [
    datetime(1900, 1, 1, tzinfo=UTC),
    datetime(2, 1, 2, tzinfo=UTC),
    datetime(9998, 12, 30, tzinfo=UTC),
    datetime(2025, 1, 3, tzinfo=UTC),
]


@pytest.mark.parametrize("unit", Unit)
@pytest.mark.parametrize("amount", ["1", "2000", "4000000", "9999999999"])
def test_placeholders_and_huge_amounts_are_as_in_one_case(unit, amount):
    limit = term(amount, unit.value)
    expected = [
        one_by_one(lambda start=start: due_at(start, limit, OFFICES[0], zone=MADRID))
        for start in PLACEHOLDERS
    ]
    due = due_many(to_micros(PLACEHOLDERS), limit, OFFICES[0], zone=MADRID)
    assert to_instants(due) == expected


@pytest.mark.parametrize("unit", [Unit.CALENDAR_DAYS, Unit.MONTHS, Unit.ELAPSED_DAYS])
def test_time_passed_between_placeholders(unit):
    pairs = [(one, other) for one in PLACEHOLDERS for other in PLACEHOLDERS]
    passed = elapsed_many(
        to_micros(one for one, _ in pairs),
        to_micros(other for _, other in pairs),
        unit,
        None,
        zone=MADRID,
    )
    assert passed.tolist() == [
        elapsed(one, other, unit, None, zone=MADRID) for one, other in pairs
    ]


@pytest.mark.parametrize("zone", [TOKYO, ZoneInfo("America/New_York")])
def test_time_passed_from_the_first_instant_of_the_year_2(zone):
    start = datetime(2, 1, 1, tzinfo=UTC)
    ends = [start + timedelta(days=3), datetime(2025, 1, 3, tzinfo=UTC)]
    passed = elapsed_many(
        to_micros([start] * 2), to_micros(ends), Unit.CALENDAR_DAYS, None, zone=zone
    )
    assert passed.tolist() == [
        elapsed(start, end, Unit.CALENDAR_DAYS, None, zone=zone) for end in ends
    ]


@pytest.mark.parametrize("change", ["2011-03-27", "2011-10-30"])
def test_time_of_a_start_on_a_day_of_23_or_25_hours_is_read_off_the_clock(change):
    start = madrid(f"{change}T10:00")
    limit = term("2", "calendar_days", ends="time")
    due = due_many(to_micros([start]), limit, None, zone=MADRID)
    assert to_instants(due) == [start + timedelta(days=2) + RESOLUTION]


@pytest.mark.parametrize("time", ["00:30", "23:30"])
def test_pause_begins_on_a_day_of_the_office(time):
    start, end = madrid("2011-05-02T10:00"), madrid("2011-05-09T10:00")
    pause = (madrid(f"2011-05-04T{time}"), madrid("2011-05-06T12:00"))
    passed = elapsed_many(
        to_micros([start]),
        to_micros([end]),
        Unit.CALENDAR_DAYS,
        None,
        zone=MADRID,
        pauses=pause_arrays([[pause]]),
    )
    assert passed.tolist() == [5]


def test_batches_keep_no_calendar_alive():
    office: WorkCalendar | None = calendar()
    assert office is not None
    starts = to_micros([madrid("2025-01-03T10:00")])
    elapsed_many(starts, starts, Unit.OPEN_HOURS, office, zone=MADRID)
    gone = ref(office)
    del office
    gc.collect()
    assert gone() is None

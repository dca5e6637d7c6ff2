"""Layers of holidays, days and openings of a calendar, and what an edit changes."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings, strategies as st

from engine.worktime import (
    RESOLUTION,
    BeyondCalendarError,
    CalendarError,
    DayKind,
    Holiday,
    HoursFrom,
    Level,
    WorkCalendar,
    WorktimeError,
    changed_days,
)
from tests.engine.worktime.offices import MADRID, calendar, definition, madrid, weekdays

HOUR = timedelta(hours=1)
STATE = {
    "level": "state",
    "code": "ES",
    "name": "España",
    "source": "BOE-A-2024-21316",
    "holidays": {"2025-08-15": "Asunción", "*-12-25": "Navidad", "*-10-12": "Fiesta"},
}
REGION = {
    "level": "region",
    "code": "ES-CT",
    "name": "Catalunya",
    "source": "Ordre EMT/139/2024",
    "holidays": {"2025-06-24": "Sant Joan", "*-12-25": "Nadal"},
    "working": ["2025-08-15"],
}
TOWN = {
    "level": "municipality",
    "code": "08245",
    "holidays": {"2025-08-15": "Festa major"},
}


# Layers.


def layered(*layers: object, **changes: object) -> WorkCalendar:
    return calendar(layers=list(layers), **changes)


def test_holiday_names_the_layer_that_declares_it():
    town = layered(STATE, REGION, TOWN)
    assert town.holiday_of(date(2025, 6, 24)) == Holiday(
        "Sant Joan", Level.REGION, "ES-CT", "Catalunya", "Ordre EMT/139/2024"
    )
    assert town.holiday_of(date(2025, 8, 15)) == Holiday(
        "Festa major", Level.MUNICIPALITY, "08245"
    )
    assert town.holiday_of(date(2025, 6, 25)) is None
    assert town.holidays[date(2025, 6, 24)] == "Sant Joan"


@pytest.mark.parametrize(
    ("layers", "name"),
    [
        ([STATE, REGION], "Nadal"),
        ([REGION, STATE], "Navidad"),
        ([STATE, TOWN], "Navidad"),
        ([TOWN], None),
    ],
)
def test_later_layer_wins(layers, name):
    holiday = layered(*layers).holiday_of(date(2026, 12, 25))
    assert (holiday and holiday.name) == name


@pytest.mark.parametrize(
    ("layers", "works"),
    [
        ([STATE], False),
        ([STATE, REGION], True),  # taken away again
        ([REGION, STATE], False),  # too early to take it away
        ([STATE, REGION, TOWN], False),
        ([REGION], True),  # nothing to take away
    ],
)
def test_layer_gives_a_working_day_back(layers, works):
    assert layered(*layers).is_working_day(date(2025, 8, 15)) is works


def test_working_in_a_layer_does_not_make_a_weekend_work():
    region = REGION | {"working": ["2025-08-16"]}
    assert not layered(region).is_working_day(date(2025, 8, 16))


def test_flat_holidays_are_the_office_s_own_and_come_last():
    office = layered(STATE, REGION, holidays={"2025-08-15": "Pont"})
    assert office.holiday_of(date(2025, 8, 15)) == Holiday("Pont", Level.OFFICE)
    assert calendar(holidays=["2025-08-15"]).holiday_of(date(2025, 8, 15)) == Holiday(
        ""
    )


def test_holiday_of_every_year_gives_way_to_a_dated_name():
    office = calendar(holidays={"2025-12-25": "Nadal de 2025", "*-12-25": "Nadal"})
    names = [office.holidays[date(year, 12, 25)] for year in (2024, 2025, 2026)]
    assert names == ["Nadal", "Nadal de 2025", "Nadal"]


def test_holiday_of_29_february_falls_in_leap_years_only():
    office = calendar(holidays={"*-02-29": "?"})
    assert list(office.holidays) == [date(2024, 2, 29)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layers": {}}, "layers: not a list"),
        ({"layers": [[]]}, r"layers\[0\]: not an object"),
        ({"layers": [{}]}, r"layers\[0\].level: None is not one of state, region, mun"),
        ({"layers": [STATE | {"level": "planet"}]}, r"layers\[0\].level: 'planet'"),
        ({"layers": [STATE | {"level": ["state"]}]}, r"layers\[0\].level: \['state'"),
        ({"layers": [STATE, TOWN | {"x": 1}]}, r"layers\[1\].x: unknown key"),
        ({"layers": [STATE | {"name": 1}]}, r"layers\[0\].name: not text"),
        ({"layers": [STATE | {"code": None}]}, r"layers\[0\].code: not text"),
        ({"layers": [STATE | {"source": []}]}, r"layers\[0\].source: not text"),
        ({"layers": [STATE | {"holidays": []}]}, r"layers\[0\].holidays: not an obj"),
        (
            {"layers": [STATE, TOWN | {"holidays": {"2026-13-01": "?"}}]},
            r"layers\[1\].holidays.2026-13-01: '2026-13-01' is not a date",
        ),
        (
            {"layers": [STATE | {"holidays": {"*-02-30": "?"}}]},
            r"layers\[0\].holidays.\*-02-30: '02-30' is not a month and day",
        ),
        (
            {"layers": [STATE | {"holidays": {"2026-01-01": None}}]},
            r"layers\[0\].holidays.2026-01-01: the name is not text",
        ),
        ({"layers": [STATE | {"working": "?"}]}, r"layers\[0\].working: not a list"),
        (
            {"layers": [STATE | {"working": ["2026-02-29"]}]},
            r"layers\[0\].working\[0\]: '2026-02-29' is not a date",
        ),
        (
            {"layers": [STATE | {"working": ["2025-06-01", "2025-10-12"]}]},
            r"layers\[0\].working\[1\]: 2025-10-12 is a holiday of the same layer",
        ),
    ],
)
def test_layer_gives_the_path_of_its_fault(changes, message):
    with pytest.raises(CalendarError, match=f"^{message}"):
        WorkCalendar.from_definition(definition(**changes))


some_days = st.sampled_from([date(2025, 6, 2) + timedelta(days=n) for n in range(12)])


@st.composite
def some_layers(draw: st.DrawFn) -> list[dict]:
    layers = []
    for level in draw(st.lists(st.sampled_from(list(Level)), max_size=4)):
        holidays = draw(st.sets(some_days, max_size=4))
        working = draw(st.sets(some_days, max_size=4)) - holidays
        layers.append(
            {
                "level": level.value,
                "holidays": {day.isoformat(): level.value for day in holidays},
                "working": [day.isoformat() for day in sorted(working)],
            }
        )
    return layers


@settings(max_examples=60, deadline=None)
@given(some_layers(), st.sets(some_days, max_size=3))
def test_last_layer_that_speaks_of_a_day_decides(layers, own):
    office = layered(*layers, holidays=[day.isoformat() for day in sorted(own)])
    for day in (date(2025, 6, 2) + timedelta(days=n) for n in range(12)):
        said: str | None = None
        for layer in layers:
            if day.isoformat() in layer["working"]:
                said = None
            said = layer["holidays"].get(day.isoformat(), said)
        expected = "office" if day in own else said
        holiday = office.holiday_of(day)
        assert (holiday and holiday.level.value) == expected
        assert office.is_working_day(day) is (day.weekday() < 5 and not expected)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sets(some_days, max_size=3), min_size=2, max_size=3))
def test_order_of_layers_that_only_add_does_not_matter_for_what_works(sets):
    layers = [
        {"level": "region", "holidays": {day.isoformat(): "" for day in days}}
        for days in sets
    ]
    june = {"known_from": "2025-06-01", "known_until": "2025-07-01"}
    first, *others = (layered(*order, **june) for order in permutations(layers))
    assert not any(changed_days(first, other) for other in others)


# Days.

SEASONAL = calendar(
    weekly=weekdays(["09:00", "14:00"]) | {"sat": [["10:00", "13:00"]]},
    seasons=[
        {"from": "06-15", "until": "09-16", "weekly": weekdays(["08:00", "15:00"])}
    ],
    overrides={
        "2025-12-24": [["09:00", "13:00"]],
        "2025-04-18": [["11:00", "24:00"]],
        "2025-12-31": [],
    },
)


@pytest.mark.parametrize(
    ("day", "kind", "hours", "hours_from"),
    [
        ("2025-01-07", "working", "09:00-14:00", "weekly"),
        ("2025-01-06", "holiday", "", "holiday"),
        ("2025-01-11", "weekend", "10:00-13:00", "weekly"),
        ("2025-06-16", "working", "08:00-15:00", "season"),
        ("2025-06-21", "weekend", "", "season"),
        ("2025-12-24", "working", "09:00-13:00", "override"),
        ("2025-12-31", "working", "", "override"),
        ("2025-04-18", "holiday", "11:00-24:00", "override"),
    ],
)
def test_state_of_a_day(day, kind, hours, hours_from):
    state = SEASONAL.day_state(date.fromisoformat(day))
    assert state.day.isoformat() == day
    assert state.kind is DayKind(kind)
    assert state.works is (kind == "working")
    assert " ".join("-".join(pair) for pair in state.hours) == hours
    assert state.hours_from is HoursFrom(hours_from)
    assert (state.holiday is not None) is (kind == "holiday")


def test_state_of_a_day_tells_a_holiday_from_the_weekend_it_falls_on():
    office = calendar(holidays={"2025-01-11": "Dissabte"})
    state = office.day_state(date(2025, 1, 11))
    assert state.kind is DayKind.HOLIDAY
    assert state.holiday == Holiday("Dissabte")


@pytest.mark.parametrize(
    ("day", "hours_from"),
    [
        ("2025-12-14", "weekly"),
        ("2025-12-15", "season"),
        ("2025-01-07", "season"),
        ("2025-01-08", "weekly"),
    ],
)
def test_season_over_the_new_year_is_half_open(day, hours_from):
    office = calendar(seasons=[{"from": "12-15", "until": "01-08", "weekly": {}}])
    state = office.day_state(date.fromisoformat(day))
    assert state.hours_from is HoursFrom(hours_from)


OFFICE = calendar()


def test_working_days_are_listed_half_open():
    assert OFFICE.working_days(date(2025, 1, 3), date(2025, 1, 8)) == (
        date(2025, 1, 3),
        date(2025, 1, 7),
    )
    assert OFFICE.working_days(date(2025, 1, 3), date(2025, 1, 3)) == ()
    assert OFFICE.working_days(date(2026, 12, 31), date(2027, 1, 1))
    assert OFFICE.working_days(date(1999, 1, 2), date(1999, 1, 1)) == ()


@pytest.mark.parametrize(
    ("first", "until"),
    [("2023-12-31", "2024-01-03"), ("2026-12-31", "2027-01-02")],
)
def test_working_days_beyond_the_calendar_are_not_known(first, until):
    with pytest.raises(BeyondCalendarError):
        OFFICE.working_days(date.fromisoformat(first), date.fromisoformat(until))


@pytest.mark.parametrize(
    ("day", "number", "expected"),
    [
        ("2025-01-03", 1, "2025-01-07"),
        ("2025-01-04", 1, "2025-01-07"),
        ("2025-01-03", 2, "2025-01-08"),
        ("2025-01-03", 0, "2025-01-03"),
        ("2025-01-04", 0, "2025-01-07"),
        ("2025-01-07", -1, "2025-01-03"),
        ("2025-01-05", -1, "2025-01-03"),
        ("2025-01-08", -2, "2025-01-03"),
        ("2025-01-03", -1, "2025-01-02"),
        ("2027-01-01", -1, "2026-12-31"),
        ("2023-12-31", 1, "2024-01-01"),
    ],
)
def test_add_working_days(day, number, expected):
    answer = OFFICE.add_working_days(date.fromisoformat(day), number)
    assert answer == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("day", "number"),
    [
        ("2026-12-31", 1),
        ("2024-01-01", -1),
        ("2027-01-01", 0),
        ("2023-12-30", 1),
        ("2027-01-02", -1),
    ],
)
def test_add_working_days_beyond_the_calendar_is_not_known(day, number):
    with pytest.raises(BeyondCalendarError):
        OFFICE.add_working_days(date.fromisoformat(day), number)


@pytest.mark.parametrize("ask", ["is_working_day", "holiday_of", "day_state"])
@pytest.mark.parametrize("day", [date(2023, 12, 31), date(2027, 1, 1)])
def test_days_beyond_the_calendar_are_not_known(ask, day):
    with pytest.raises(BeyondCalendarError):
        getattr(OFFICE, ask)(day)


# Instants.


@pytest.mark.parametrize(
    ("at", "is_open", "next_opening", "next_closing", "previous_open"),
    [
        ("03T10:00", True, "03T10:00", "03T14:00", "03T10:00"),
        ("03T09:00", True, "03T09:00", "03T14:00", "02T19:00"),
        ("03T14:00", False, "03T16:00", "03T19:00", "03T14:00"),
        ("03T15:00", False, "03T16:00", "03T19:00", "03T14:00"),
        ("03T19:00", False, "07T09:00", "07T14:00", "03T19:00"),
        ("05T12:00", False, "07T09:00", "07T14:00", "03T19:00"),
        ("07T08:59:59.999999", False, "07T09:00", "07T14:00", "03T19:00"),
    ],
)
def test_openings(at, is_open, next_opening, next_closing, previous_open):
    instant = madrid(f"2025-01-{at}")
    assert OFFICE.is_open(instant) is is_open
    assert OFFICE.next_opening(instant) == madrid(f"2025-01-{next_opening}")
    assert OFFICE.next_closing(instant) == madrid(f"2025-01-{next_closing}")
    assert OFFICE.previous_open(instant) == madrid(f"2025-01-{previous_open}")


def test_opening_over_midnight_is_one():
    night_desk = calendar(
        weekly={"mon": [["20:00", "24:00"]], "tue": [["00:00", "02:00"]]}
    )
    monday = madrid("2025-01-13T21:00")
    assert night_desk.next_closing(monday) == madrid("2025-01-14T02:00")
    assert night_desk.is_open(madrid("2025-01-14T00:00"))


def test_openings_of_a_day_that_touch_are_one():
    office = calendar(weekly={"mon": [["09:00", "14:00"], ["14:00", "19:00"]]})
    assert office.next_closing(madrid("2025-01-13T10:00")) == madrid("2025-01-13T19:00")
    assert len(office.open_intervals(date(2025, 1, 13))) == 2


def test_openings_at_the_edges_of_the_calendar():
    kiosk = calendar(
        weekly={day: [["00:00", "24:00"]] for day in ("thu", "fri")}, holidays=[]
    )
    last = madrid("2026-12-31T10:00")  # a Thursday, and Friday is not known
    assert kiosk.is_open(last)
    with pytest.raises(BeyondCalendarError):
        kiosk.next_closing(last)
    with pytest.raises(BeyondCalendarError):
        kiosk.is_open(madrid("2027-01-01T00:00"))
    assert kiosk.previous_open(madrid("2027-01-01T00:00")) == madrid("2027-01-01T00:00")
    with pytest.raises(BeyondCalendarError):
        kiosk.previous_open(madrid("2027-01-01T00:01"))
    with pytest.raises(BeyondCalendarError):
        kiosk.previous_open(madrid("2024-01-04T00:00"))  # a Thursday, the first
    with pytest.raises(BeyondCalendarError):
        OFFICE.next_opening(madrid("2026-12-31T19:00"))


@pytest.mark.parametrize(
    ("start", "hours", "expected"),
    [
        ("2025-01-07T10:00", 0, "2025-01-07T10:00"),
        ("2025-01-07T03:00", 0, "2025-01-07T03:00"),
        ("2025-01-07T10:00", 1, "2025-01-07T09:00"),  # latest: not Friday 19:00
        ("2025-01-07T10:00", 2, "2025-01-03T18:00"),
        ("2025-01-07T16:00", 5, "2025-01-07T09:00"),
        ("2025-01-07T16:30", 1, "2025-01-07T13:30"),
        ("2025-01-05T12:00", 3, "2025-01-03T16:00"),
    ],
)
def test_subtract_open_gives_the_latest_instant(start, hours, expected):
    assert OFFICE.subtract_open(madrid(start), hours * HOUR) == madrid(expected)


def test_subtract_open_refuses_what_it_cannot_answer():
    with pytest.raises(WorktimeError, match="negative"):
        OFFICE.subtract_open(madrid("2025-01-07T10:00"), -HOUR)
    with pytest.raises(BeyondCalendarError):
        OFFICE.subtract_open(madrid("2024-01-01T12:00"), 5 * HOUR)
    assert OFFICE.subtract_open(madrid("2024-01-01T12:00"), 3 * HOUR) == madrid(
        "2024-01-01T09:00"
    )


instants = st.integers(0, 400 * 86_400_000_000).map(
    lambda micros: datetime(2025, 1, 3, tzinfo=UTC) + micros * RESOLUTION
)


@settings(max_examples=60, deadline=None)
@given(instants, st.integers(1, 10**12))
def test_subtract_open_is_the_latest_instant_with_that_much_open_time(at, micros):
    left = SEASONAL.subtract_open(at + timedelta(days=300), micros * RESOLUTION)
    end = at + timedelta(days=300)
    assert SEASONAL.open_between(left, end) == micros * RESOLUTION
    assert SEASONAL.open_between(left + RESOLUTION, end) == (micros - 1) * RESOLUTION


@settings(max_examples=60, deadline=None)
@given(instants)
def test_openings_agree_with_one_another(at):
    opening, closing = SEASONAL.next_opening(at), SEASONAL.next_closing(at)
    assert SEASONAL.is_open(at) is (opening == at)
    assert SEASONAL.is_open(opening)
    assert not SEASONAL.is_open(closing)
    assert at <= opening < closing
    assert SEASONAL.open_between(at, opening) == timedelta()
    assert SEASONAL.open_between(opening, closing) == closing - opening
    assert SEASONAL.previous_open(closing) == closing
    before = SEASONAL.previous_open(at)
    assert SEASONAL.open_between(before, at) == timedelta()
    assert SEASONAL.open_between(before - RESOLUTION, before) == RESOLUTION


@settings(max_examples=60, deadline=None)
@given(st.dates(date(2025, 1, 1), date(2026, 6, 1)), st.integers(1, 40))
def test_working_days_forth_and_back(day, number):
    later = OFFICE.add_working_days(day, number)
    assert OFFICE.is_working_day(later)
    listed = OFFICE.working_days(
        date.fromordinal(day.toordinal() + 1), date.fromordinal(later.toordinal() + 1)
    )
    assert len(listed) == number
    assert listed[-1] == later
    back = OFFICE.add_working_days(later, -number)
    assert back == (
        day if OFFICE.is_working_day(day) else OFFICE.add_working_days(day, -1)
    )


# Versions.


def spans(*changes: dict) -> list[tuple[str, str]]:
    old, new = (calendar(**change) for change in changes)
    assert changed_days(old, new) == changed_days(new, old)
    return [
        (first.isoformat(), until.isoformat())
        for first, until in changed_days(old, new)
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"holidays": {"2025-01-01": "New Year's Day", "2025-01-06": "", "2025-04-18": "x"}}, []),
        (
            {"layers": [{"level": "region", "holidays": {"2025-06-23": "", "2025-06-24": ""}}]},
            [("2025-06-23", "2025-06-25")],
        ),
        ({"layers": [{"level": "region", "holidays": {"2025-06-22": "Sunday"}}]}, []),
        ({"overrides": {"2025-12-24": [["09:00", "13:00"]]}}, [("2025-12-24", "2025-12-25")]),
        (
            {"seasons": [{"from": "08-01", "until": "08-03", "weekly": {}}]},
            [
                ("2024-08-01", "2024-08-03"),
                ("2025-08-01", "2025-08-02"),  # the 2nd is a Saturday
            ],
        ),
        ({"known_from": "2023-12-30"}, [("2023-12-30", "2024-01-01")]),
        ({"known_until": "2025-12-31"}, [("2025-12-31", "2026-01-01")]),
    ],
)  # fmt: skip
def test_changed_days(change, expected):
    assert (
        spans({"known_until": "2026-01-01"}, {"known_until": "2026-01-01"} | change)
        == expected
    )


def test_changed_days_of_another_zone_are_those_that_begin_or_open_elsewhen():
    canary = {"zone": "Atlantic/Canary"}
    assert spans({}, canary) == [("2024-01-01", "2027-01-01")]
    assert spans({}, {"zone": "Europe/Paris"}) == []


def test_changed_days_of_the_first_layer_are_seen_through_the_others():
    without = STATE | {"holidays": {}}
    # The town has its own holiday on that day anyway.
    assert (
        changed_days(
            layered(STATE | {"holidays": {"2025-08-15": ""}}, REGION, TOWN),
            layered(without, REGION, TOWN),
        )
        == ()
    )


def test_calendar_of_a_zone_tells_days_by_its_own_clock():
    assert OFFICE.zone == MADRID
    assert OFFICE.is_open(datetime(2025, 7, 7, 7, 0, tzinfo=UTC))
    assert not OFFICE.is_open(datetime(2025, 7, 7, 6, 59, tzinfo=UTC))

"""Derivations: they add up, they lead to the answer, and they are plain data."""

import json
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings, strategies as st

from engine.worktime import (
    RESOLUTION,
    BeyondCalendarError,
    CutOff,
    DayOne,
    DerivationKind,
    Ends,
    Entry,
    Holiday,
    HoursFrom,
    Level,
    StepKind,
    Term,
    Unit,
    WorktimeError,
    due_at,
    elapsed,
    explain_due,
    explain_elapsed,
    explain_notice,
    kept_from,
)
from tests.engine.worktime.offices import MADRID, calendar, madrid, term, weekdays

TOKYO = ZoneInfo("Asia/Tokyo")
TOWN = calendar(
    known_from="2023-01-01",
    known_until="2030-01-01",
    holidays={"2025-01-07": "Pont"},
    layers=[
        {
            "level": "state",
            "code": "ES",
            "name": "España",
            "source": "BOE-A-2024-21316",
            "holidays": {"*-01-01": "Año Nuevo", "*-01-06": "Epifanía"},
        },
        {
            "level": "region",
            "code": "ES-CT",
            "name": "Catalunya",
            "source": "EMT/139/2024",
            "holidays": {"*-06-24": "Sant Joan"},
        },
    ],
    seasons=[
        {"from": "06-15", "until": "09-16", "weekly": weekdays(["08:00", "15:00"])}
    ],
    overrides={"2025-01-03": [["09:00", "13:00"]]},
)


def kinds(derivation) -> str:
    return "|".join(f"{step.day:%d} {step.kind.value}" for step in derivation.steps)


# What steps carry.


def test_holiday_step_says_who_declares_it():
    told = explain_due(
        madrid("2025-01-03T10:00"), term("1", "working_days"), TOWN, zone=TOKYO
    )
    assert kinds(told) == (
        "03 start|04 weekend|05 weekend|06 holiday|07 holiday|08 day_one"
    )
    state, own = told.steps[3], told.steps[4]
    assert state.holiday == Holiday(
        "Epifanía", Level.STATE, "ES", "España", "BOE-A-2024-21316"
    )
    assert (state.note, own.note) == ("Epifanía", "Pont")
    assert own.holiday == Holiday("Pont", Level.OFFICE)


def test_entry_step_says_from_when_to_when():
    start = madrid("2025-01-04T10:00")
    limit = term("1", "working_days", entry="next_working_day")
    told = explain_due(start, limit, TOWN, zone=TOKYO)
    entry, first, *_ = told.steps
    assert (entry.day, entry.kind) == (date(2025, 1, 4), StepKind.ENTRY)
    assert (entry.since, entry.until) == (start, madrid("2025-01-08T00:00"))
    assert (first.day, first.kind) == (date(2025, 1, 8), StepKind.START)
    assert told.counted_from == entry.until
    assert told.term is limit


def test_no_entry_step_without_an_entry():
    limit = term("1", "working_days", entry="next_opening")
    start = madrid("2025-01-03T10:00")
    told = explain_due(start, limit, TOWN, zone=TOKYO)
    assert told.steps[0].kind is StepKind.START
    assert told.counted_from == start


@pytest.mark.parametrize(
    ("ends", "until"),
    [("time", "2025-01-08T10:00"), ("closing", "2025-01-08T19:00")],
)
def test_end_other_than_midnight_has_a_step(ends, until):
    limit = term("1", "working_days", ends=ends)
    told = explain_due(madrid("2025-01-03T10:00"), limit, TOWN, zone=TOKYO)
    assert kinds(told).endswith("|08 day_one|08 ends")
    assert told.steps[-1].until == madrid(until)


def test_open_steps_say_which_hours_counted_and_which_were_paused():
    limit = term("6", "open_hours")
    pauses = [(madrid("2025-01-08T10:00"), madrid("2025-01-08T17:00"))]
    told = explain_due(
        madrid("2025-01-03T12:00"), limit, TOWN, zone=TOKYO, pauses=pauses
    )
    assert kinds(told) == (
        "03 open|04 outside_hours|05 outside_hours|06 holiday|07 holiday|08 open|09 open"
    )
    half_day, *_, paused, last = told.steps
    assert half_day.intervals == (
        (madrid("2025-01-03T12:00"), madrid("2025-01-03T13:00")),
    )
    assert half_day.hours == (("09:00", "13:00"),)
    assert half_day.hours_from is HoursFrom.OVERRIDE
    assert paused.intervals == (
        (madrid("2025-01-08T09:00"), madrid("2025-01-08T10:00")),
        (madrid("2025-01-08T17:00"), madrid("2025-01-08T19:00")),
    )
    assert paused.paused == (
        (madrid("2025-01-08T10:00"), madrid("2025-01-08T14:00")),
        (madrid("2025-01-08T16:00"), madrid("2025-01-08T17:00")),
    )
    assert (paused.counted, paused.exact) == (Decimal(3), 3 * 3_600_000_000)
    assert last.hours == (("09:00", "14:00"), ("16:00", "19:00"))
    assert last.hours_from is HoursFrom.WEEKLY
    assert told.steps[1].hours_from is HoursFrom.WEEKLY
    assert told.steps[3].hours_from is HoursFrom.HOLIDAY


def test_term_used_up_at_closing_time_says_what_lies_before_the_next_opening():
    limit = term("1", "open_hours")
    told = explain_due(madrid("2025-01-03T12:00"), limit, TOWN, zone=TOKYO)
    assert kinds(told) == "03 open"
    assert told.used_up_at == madrid("2025-01-03T13:00")
    after = [f"{step.day:%d} {step.kind.value}" for step in told.after]
    assert after == [
        "03 outside_hours",
        "04 outside_hours",
        "05 outside_hours",
        "06 holiday",
        "07 holiday",
        "08 outside_hours",
        "08 resumes",
    ]
    assert told.after[-1].since == madrid("2025-01-08T09:00")
    assert told.due_at == told.after[-1].since + RESOLUTION


def test_term_used_up_while_open_has_nothing_after():
    told = explain_due(
        madrid("2025-01-03T10:00"), term("1", "open_hours"), TOWN, zone=TOKYO
    )
    assert told.after == ()
    assert told.used_up_at == madrid("2025-01-03T11:00")


def test_term_used_up_as_a_pause_begins_tells_the_pause():
    pauses = [(madrid("2025-01-08T11:00"), madrid("2025-01-08T12:00"))]
    told = explain_due(
        madrid("2025-01-08T10:00"),
        term("1", "open_hours"),
        TOWN,
        zone=TOKYO,
        pauses=pauses,
    )
    assert [step.kind for step in told.after] == [StepKind.PAUSED, StepKind.RESUMES]
    assert told.after[0].paused == tuple(pauses)


def test_pause_for_good_says_since_when():
    since = madrid("2025-01-08T11:00")
    told = explain_due(
        madrid("2025-01-08T10:00"),
        term("8", "open_hours"),
        TOWN,
        zone=TOKYO,
        pauses=[(since, None)],
    )
    assert told.due_at is told.used_up_at is None
    assert told.steps[-1].kind is StepKind.PAUSED
    assert told.steps[-1].since == since
    assert told.total == 1


def test_amount_too_small_to_tell_apart_is_told():
    told = explain_due(
        madrid("2025-01-08T10:00"),
        term("0.0000001", "elapsed_seconds"),
        None,
        zone=MADRID,
    )
    assert (told.total, told.total_exact) == (Decimal("0.0000001"), 0)


# Notice and time passed.


def test_notice_does_not_roll():
    start, limit = madrid("2025-01-03T10:00"), term("2", "calendar_days")
    due = explain_due(start, limit, TOWN, zone=TOKYO)
    assert (
        kinds(due) == "03 start|04 day_one|05 counted|06 holiday|07 holiday|08 rolled"
    )
    notice = explain_notice(start, limit, TOWN, zone=TOKYO)
    assert kinds(notice) == "03 start|04 day_one|05 counted"
    assert notice.kind is DerivationKind.NOTICE
    assert notice.kept_from == madrid("2025-01-06T00:00")
    assert notice.due_at is None
    assert notice.term is limit


def test_notice_in_hours():
    told = explain_notice(
        madrid("2025-01-03T10:00"), term("48", "elapsed_hours"), None, zone=MADRID
    )
    assert kinds(told) == "03 counted|04 counted|05 counted"
    assert told.kept_from == told.used_up_at == madrid("2025-01-05T10:00")


@pytest.mark.parametrize(
    ("unit", "end", "expected", "total"),
    [
        ("working_days", "2025-01-09T10:00", "03 start|04 weekend|05 weekend|06 holiday|07 holiday|08 day_one|09 counted", 2),
        ("working_days", "2025-01-03T19:00", "03 start", 0),
        ("calendar_days", "2025-01-05T10:00", "03 start|04 day_one|05 counted", 2),
        ("months", "2025-02-04T10:00", "03 start|04 counted", 1),
        ("months", "2025-01-04T10:00", "03 start|04 counted", 0),
        ("months", "2025-01-03T12:00", "03 start", 0),
        ("years", "2027-02-04T10:00", "03 start|04 counted", 2),
        ("open_hours", "2025-01-08T10:00", "03 open|04 outside_hours|05 outside_hours|06 holiday|07 holiday|08 open", 4),
        ("legal_hours", "2025-01-04T10:00", "03 counted|04 weekend", 14),
        ("elapsed_hours", "2025-01-04T10:00", "03 counted|04 counted", 24),
    ],
)  # fmt: skip
def test_time_passed_is_told(unit, end, expected, total):
    start, ended = madrid("2025-01-03T10:00"), madrid(end)
    told = explain_elapsed(start, ended, Unit(unit), TOWN, zone=TOKYO)
    assert kinds(told) == expected
    assert told.total == total
    assert told.kind is DerivationKind.ELAPSED
    assert (told.start, told.end, told.due_at) == (start, ended, None)
    back = explain_elapsed(ended, start, Unit(unit), TOWN, zone=TOKYO)
    assert (back.total, kinds(back)) == (-total, expected)


def test_seconds_passed_are_told_to_the_microsecond():
    start = madrid("2025-01-03T23:59:58")
    end = start + timedelta(seconds=5)
    told = explain_elapsed(start, end, Unit.ELAPSED_SECONDS, None, zone=MADRID)
    assert [step.counted for step in told.steps] == [2, 3]


@pytest.mark.parametrize("unit", ["working_days", "calendar_days", "months"])
def test_days_of_a_term_add_up_exactly(unit):
    told = explain_due(madrid("2025-02-03T10:00"), term("3", unit), TOWN, zone=TOKYO)
    assert told.total_exact == told.total == 3


def test_time_passed_tells_pauses():
    pauses = [(madrid("2025-01-08T12:00"), madrid("2025-01-09T09:00"))]
    start, end = madrid("2025-01-03T10:00"), madrid("2025-01-10T10:00")
    days = explain_elapsed(
        start, end, Unit.WORKING_DAYS, TOWN, zone=TOKYO, pauses=pauses
    )
    assert kinds(days).endswith("|07 holiday|08 paused|09 day_one|10 counted")
    months = explain_elapsed(start, end, Unit.MONTHS, TOWN, zone=TOKYO, pauses=pauses)
    assert kinds(months) == "03 start|08 paused|10 counted"


@pytest.mark.parametrize("unit", [Unit.OPEN_HOURS, Unit.WORKING_DAYS])
def test_what_cannot_be_computed_cannot_be_told(unit):
    start, late = madrid("2029-12-28T10:00"), madrid("2030-01-02T10:00")
    limit = Term(Decimal(100), unit)
    for tell in (explain_due, explain_notice):
        with pytest.raises(BeyondCalendarError):
            tell(start, limit, TOWN, zone=TOKYO)
        with pytest.raises(WorktimeError, match="without a calendar"):
            tell(start, limit, None, zone=TOKYO)
    with pytest.raises(BeyondCalendarError):
        explain_elapsed(start, late, unit, TOWN, zone=TOKYO)
    with pytest.raises(WorktimeError, match="without a calendar"):
        explain_elapsed(start, late, unit, None, zone=TOKYO)


# JSON.


def test_derivation_is_plain_json():
    limit = term("1.50", "open_hours", entry={"cut_off": "17:00", "from": "08:30"})
    told = explain_due(madrid("2025-06-20T18:00"), limit, TOWN, zone=TOKYO)
    assert told.as_json() == {
        "kind": "due",
        "unit": "open_hours",
        "zone": "Europe/Madrid",
        "total": "1.5",
        "total_exact": 5_400_000_000,
        "term": {
            "amount": "1.50",
            "unit": "open_hours",
            "day_one": "next",
            "roll": True,
            "entry": {"cut_off": "17:00", "from": "08:30"},
            "ends": "day",
        },
        "start": "2025-06-20T16:00:00+00:00",
        "counted_from": "2025-06-23T06:30:00+00:00",
        "end": None,
        "used_up_at": "2025-06-23T08:00:00+00:00",
        "due_at": "2025-06-23T08:00:00.000001+00:00",
        "kept_from": None,
        "steps": [
            {
                "day": "2025-06-20",
                "kind": "entry",
                "counted": "0",
                "exact": 0,
                "since": "2025-06-20T16:00:00+00:00",
                "until": "2025-06-23T06:30:00+00:00",
            },
            {
                "day": "2025-06-23",
                "kind": "open",
                "counted": "1.5",
                "exact": 5_400_000_000,
                "intervals": [
                    ["2025-06-23T06:30:00+00:00", "2025-06-23T08:00:00+00:00"]
                ],
                "hours": [["08:00", "15:00"]],
                "hours_from": "season",
            },
        ],
        "after": [],
    }


def test_time_passed_is_plain_json():
    start, end = madrid("2025-01-03T10:00"), madrid("2025-01-04T10:00")
    told = explain_elapsed(start, end, Unit.CALENDAR_DAYS, TOWN, zone=TOKYO).as_json()
    assert (told["kind"], told["term"], told["due_at"]) == ("elapsed", None, None)
    assert (told["start"], told["end"]) == (
        "2025-01-03T09:00:00+00:00",
        "2025-01-04T09:00:00+00:00",
    )


def test_holiday_is_plain_json():
    told = explain_due(
        madrid("2025-06-23T10:00"), term("1", "working_days"), TOWN, zone=TOKYO
    )
    assert told.as_json()["steps"][1] == {
        "day": "2025-06-24",
        "kind": "holiday",
        "counted": "0",
        "exact": 0,
        "holiday": {
            "name": "Sant Joan",
            "level": "region",
            "code": "ES-CT",
            "layer": "Catalunya",
            "source": "EMT/139/2024",
        },
    }


# The steps alone, read from the JSON by a reader that knows no calendar.


def read_due(told: dict) -> datetime | None:
    """Return the first instant too late that the steps lead to."""
    last = told["steps"][-1] if told["steps"] else None
    if last and last["kind"] == "paused":
        return None
    if Unit(told["unit"]).is_duration:
        used_up = read_used_up(told)
        resumes = told["after"][-1]["since"] if told["after"] else used_up
        return datetime.fromisoformat(resumes) + RESOLUTION
    timed = told["term"]["ends"] == "time"
    return read_day_end(told) + timed * RESOLUTION


def read_used_up(told: dict) -> str:
    spans = [span for step in told["steps"] for span in step.get("intervals", [])]
    return spans[-1][1] if spans else told["counted_from"]


def read_kept(told: dict) -> datetime | None:
    """Return the first good instant that the steps lead to."""
    if told["steps"] and told["steps"][-1]["kind"] == "paused":
        return None
    if Unit(told["unit"]).is_duration:
        return datetime.fromisoformat(read_used_up(told))
    return read_day_end(told)


def read_day_end(told: dict) -> datetime:
    last = told["steps"][-1]
    if last["kind"] == "ends":
        return datetime.fromisoformat(last["until"])
    assert last["kind"] in {"day_one", "counted", "rolled"}
    following = date.fromisoformat(last["day"]) + timedelta(days=1)
    midnight = datetime(following.year, following.month, following.day)
    return midnight.replace(tzinfo=ZoneInfo(told["zone"])).astimezone(UTC)


def read_month_end(told: dict) -> date:
    """Count date to date from the start, and a day more for each day paused."""
    from_at = datetime.fromisoformat(told["counted_from"])
    start = from_at.astimezone(ZoneInfo(told["zone"])).date()
    same = all(step["kind"] != "start" for step in told["steps"])
    months = int(told["term"]["amount"]) * (12 if told["unit"] == "years" else 1)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    number = start.day - 1 if same else start.day
    last = date(year, month + 1, 1) - timedelta(days=1)
    last += timedelta(days=min(number, monthrange(year, month + 1)[1]))
    counted = [step["day"] for step in told["steps"] if step["kind"] == "counted"]
    paused = [
        step
        for step in told["steps"]
        if step["kind"] == "paused" and step["day"] < counted[0]
    ]
    return last + timedelta(days=len(paused))


instants = st.integers(0, 400 * 86_400_000_000).map(
    lambda micros: datetime(2024, 3, 1, tzinfo=UTC) + micros * RESOLUTION
)
pause_lists = st.lists(
    st.tuples(instants, st.one_of(instants, instants, instants, st.none())), max_size=3
)
LIMITS = {
    Unit.ELAPSED_HOURS: 300,
    Unit.ELAPSED_DAYS: 20,
    Unit.OPEN_MINUTES: 5000,
    Unit.OPEN_HOURS: 60,
    Unit.LEGAL_HOURS: 200,
    Unit.WORKING_DAYS: 20,
    Unit.CALENDAR_DAYS: 30,
    Unit.MONTHS: 3,
    Unit.YEARS: 1,
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
    return Term(
        amount,
        unit,
        draw(st.sampled_from(list(DayOne))),
        roll=draw(st.booleans()),
        entry=draw(
            st.sampled_from([*Entry, CutOff(17 * 3_600_000_000, 8 * 3_600_000_000)])
        ),
        ends=ends,
    )


def as_read(derivation) -> dict:
    data = derivation.as_json()
    again = json.loads(json.dumps(data))
    assert again == data
    return again


@settings(max_examples=200, deadline=None)
@given(instants, limits(), pause_lists)
def test_steps_alone_lead_to_the_due_instant(start, limit, pauses):
    derivation = explain_due(start, limit, TOWN, zone=TOKYO, pauses=pauses)
    due = due_at(start, limit, TOWN, zone=TOKYO, pauses=pauses)
    told = as_read(derivation)
    assert derivation.due_at == due
    assert read_due(told) == due
    check_sums(told, limit, complete=due is not None)
    if limit.unit in (Unit.MONTHS, Unit.YEARS) and due is not None:
        counted = [step["day"] for step in told["steps"] if step["kind"] == "counted"]
        assert counted == [read_month_end(told).isoformat()]


@settings(max_examples=150, deadline=None)
@given(instants, limits(), pause_lists)
def test_steps_alone_lead_to_the_end_of_a_notice(start, limit, pauses):
    derivation = explain_notice(start, limit, TOWN, zone=TOKYO, pauses=pauses)
    kept = kept_from(start, limit, TOWN, zone=TOKYO, pauses=pauses)
    assert derivation.kept_from == kept
    told = as_read(derivation)
    assert read_kept(told) == kept
    assert all(step["kind"] != "rolled" for step in told["steps"])
    check_sums(told, limit, complete=kept is not None)


def check_sums(told: dict, limit: Term, *, complete: bool) -> None:
    days = [step["day"] for step in told["steps"]]
    assert days == sorted(days)
    counted = sum(Decimal(step["counted"]) for step in told["steps"])
    assert counted == Decimal(told["total"])
    assert all(Decimal(step["counted"]) >= 0 for step in told["steps"])
    assert counted == limit.amount if complete else counted <= limit.amount
    check_exact(told)


def check_exact(told: dict) -> None:
    assert sum(step["exact"] for step in told["steps"]) == told["total_exact"]
    for step in told["steps"]:
        spans, paused = (
            [
                [datetime.fromisoformat(text) for text in span]
                for span in step.get(key, [])
            ]
            for key in ("intervals", "paused")
        )
        edges = [edge for span in spans for edge in span]
        assert edges == sorted(edges)
        assert all(start < end for start, end in spans + paused)
        if spans:
            passed = sum((end - start for start, end in spans), timedelta())
            assert abs(step["exact"]) == passed // RESOLUTION


@settings(max_examples=200, deadline=None)
@given(instants, instants, st.sampled_from(list(LIMITS)), pause_lists)
def test_steps_of_time_passed_add_up(start, end, unit, pauses):
    derivation = explain_elapsed(start, end, unit, TOWN, zone=TOKYO, pauses=pauses)
    passed = elapsed(start, end, unit, TOWN, zone=TOKYO, pauses=pauses)
    told = as_read(derivation)
    assert told["total_exact"] == passed
    check_exact(told)
    if unit.is_days:
        assert Decimal(told["total"]) == passed
    assert [step["day"] for step in told["steps"]] == sorted(
        step["day"] for step in told["steps"]
    )


@settings(max_examples=60, deadline=None)
@given(instants, instants, st.sampled_from([Unit.OPEN_HOURS, Unit.OPEN_MINUTES]))
def test_hours_of_a_day_are_those_of_which_its_intervals_are_part(start, end, unit):
    assume(start < end)
    for step in explain_elapsed(start, end, unit, TOWN, zone=TOKYO).steps:
        opening = [
            (madrid(f"{step.day}T{opens}"), madrid(f"{step.day}T{closes}"))
            for opens, closes in step.hours
        ]
        for since, until in step.intervals:
            assert any(opens <= since and until <= closes for opens, closes in opening)

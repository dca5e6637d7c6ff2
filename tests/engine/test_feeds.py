"""What is normal for a feed, and how far it is trusted when it is not."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from engine.compliance import Feed
from engine.feeds import Habits, State, Week, feed_of, state_of, thin_from
from engine.worktime import WorkCalendar

MADRID = ZoneInfo("Europe/Madrid")
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
# Closed all of August, and on Christmas Day.
OFFICE = WorkCalendar.from_definition(
    {
        "zone": "Europe/Madrid",
        "known_from": "2026-01-01",
        "known_until": "2027-01-01",
        "working_weekdays": ["mon", "tue", "wed", "thu", "fri"],
        "holidays": {
            **{f"2026-08-{day:02d}": "Closed" for day in range(1, 32)},
            "2026-12-25": "Christmas",
        },
    }
)
NEVER_WORKS = WorkCalendar.from_definition(
    {
        "zone": "Europe/Madrid",
        "known_from": "2026-01-01",
        "known_until": "2027-01-01",
        "working_weekdays": [],
    }
)


def local(month: int, day: int, hour: int = 0, *, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=MADRID)


def habits(**changes) -> Habits:
    return Habits(**({"zone": MADRID} | changes))


def counting(events):
    """Count events as a log would."""

    def counts(weeks: list[Week]) -> list[int]:
        return [
            sum(week.begins_at <= at < week.ends_at for at in events) for week in weeks
        ]

    return counts


def thin(events, as_of, **changes):
    return thin_from(
        habits(**changes), first=min(events), as_of=as_of, counts=counting(events)
    )


# --- silence ------------------------------------------------------------------------


def test_without_a_gap_any_silence_is_normal():
    assert habits().silent_after(local(3, 2)) is None
    assert state_of(habits(), until=local(3, 2), thin=False, as_of=local(12, 1)) == (
        State.SPEAKING
    )


def test_a_gap_runs_in_days_of_24_hours_over_a_night_on_which_the_clock_changes():
    """On 29 March 2026 the clock skips an hour."""
    until = local(3, 28, 12)
    assert habits(gap_days=1).silent_after(until) == until.astimezone(UTC) + DAY


@pytest.mark.parametrize(
    ("until", "gap", "silent"),
    [
        (local(7, 31, 14), 3, local(9, 3, 14)),  # over a closed August
        (local(7, 30, 14), 1, local(7, 31, 14)),
        (local(12, 24, 9), 1, local(12, 28, 9)),  # Christmas, then a weekend
        (local(3, 27, 12), 1, local(3, 30, 12)),  # noon is noon in summer time too
        (local(7, 31, 14), 0, local(7, 31, 14)),
    ],
)
def test_days_on_which_nobody_works_are_no_silence(until, gap, silent):
    assert habits(gap_days=gap, calendar=OFFICE).silent_after(until) == silent


def test_what_a_calendar_does_not_know_excuses_nobody():
    beyond = local(3, 1, 12, year=2027)  # a Monday
    found = habits(gap_days=1, calendar=OFFICE).silent_after(beyond)
    assert found == local(3, 2, 12, year=2027)


def test_a_calendar_on_which_no_day_works_is_no_calendar():
    found = habits(gap_days=2, week_events=5, calendar=NEVER_WORKS)
    assert found.silent_after(local(3, 2)) == local(3, 4)
    week = next(found.weeks(local(1, 5), local(3, 2)))
    assert week.expected == 5


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 6, 30)),
    st.integers(0, 40),
    st.integers(0, 40),
)
def test_a_longer_gap_never_ends_sooner_nor_before_that_without_a_calendar(
    naive, one, other
):
    until = naive.replace(tzinfo=MADRID)
    short, long = sorted([one, other])
    working = habits(gap_days=short, calendar=OFFICE).silent_after(until)
    assert working <= habits(gap_days=long, calendar=OFFICE).silent_after(until)
    assert working >= habits(gap_days=short).silent_after(until) - HOUR


@pytest.mark.parametrize(
    ("later", "thin", "state"),
    [
        (DAY, False, State.SPEAKING),
        (2 * DAY, False, State.SPEAKING),
        (2 * DAY + HOUR, False, State.LATE),
        (2 * DAY + 6 * HOUR, False, State.LATE),
        (2 * DAY + 6 * HOUR + timedelta(microseconds=1), False, State.SILENT),
        (DAY, True, State.THIN),
        (2 * DAY + HOUR, True, State.THIN),
        (9 * DAY, True, State.SILENT),
    ],
)
def test_late_is_what_may_still_be_on_its_way(later, thin, state):
    usual = habits(gap_days=2, delay=6 * HOUR)
    until = local(3, 2)
    assert state_of(usual, until=until, thin=thin, as_of=until + later) is state


def test_a_feed_that_never_spoke_is_not_silent():
    assert state_of(habits(), until=None, thin=False, as_of=local(3, 2)) is State.NEVER
    assert feed_of(
        habits(gap_days=1), until=None, thin_since=None, as_of=local(3, 9)
    ) == Feed(None, DAY)


# --- volume -------------------------------------------------------------------------

MONDAYS = [local(3, 2), local(3, 9), local(3, 16), local(3, 23), local(3, 30)]


def weekly(*numbers):
    """So many events on the Monday noon of each week of March 2026."""
    return [
        monday + 12 * HOUR + timedelta(minutes=n)
        for monday, number in zip(MONDAYS, numbers, strict=False)
        for n in range(number)
    ]


@pytest.mark.parametrize(
    ("numbers", "since"),
    [
        ((9, 5), None),
        ((9, 4), MONDAYS[1]),
        ((9, 4, 4), MONDAYS[1]),
        ((9, 4, 5), None),
        ((4, 5, 0), MONDAYS[2]),
        ((9, 0, 0, 0), MONDAYS[1]),
    ],
)
def test_a_feed_has_too_few_from_the_first_bad_week_in_a_row(numbers, since):
    """The first week is whole: its first event came on Monday before the count."""
    events = [MONDAYS[0] - DAY, *weekly(*numbers)]
    end = MONDAYS[len(numbers)]
    assert thin(events, end, week_events=5) == since


def test_a_week_in_which_the_feed_began_is_not_judged():
    events = [local(3, 4, 12)]
    assert thin(events, local(3, 9), week_events=5) is None
    assert thin(events, local(3, 16), week_events=5) == local(3, 9)


def test_a_week_is_looked_at_when_nothing_of_it_is_on_its_way():
    events = [MONDAYS[0] - DAY, *weekly(9, 0)]
    usual = {"week_events": 5, "delay": 36 * HOUR}
    end = MONDAYS[2] + 36 * HOUR
    assert thin(events, end - timedelta(microseconds=1), **usual) is None
    assert thin(events, end, **usual) == MONDAYS[1]


def test_the_week_on_whose_sunday_the_clock_changes_is_an_hour_shorter():
    last = local(3, 29, 23)  # before Monday in Madrid, and already late in UTC
    events = [MONDAYS[0] - DAY, *weekly(9, 9, 9), last]
    week = next(habits(week_events=1).weeks(events[0], MONDAYS[4]))
    assert week.ends_at.astimezone(UTC) - week.begins_at.astimezone(UTC) == WEEK - HOUR
    assert thin(events, MONDAYS[4], week_events=1) is None


def test_a_short_week_needs_fewer_events_and_a_closed_one_none():
    usual = habits(week_events=10, calendar=OFFICE)
    weeks = {week.monday: week for week in usual.weeks(local(1, 5), local(12, 31, 12))}
    assert weeks[date(2026, 12, 21)].expected == 8  # four days of five
    assert weeks[date(2026, 7, 27)].expected == 10  # its Saturday was no day of work
    assert date(2026, 8, 10) not in weeks
    assert weeks[date(2026, 8, 31)].expected == 8


def test_a_closed_august_neither_mends_nor_breaks_a_feed():
    good = [local(7, 21), *[local(7, 28, 9)] * 10]
    bad = [local(7, 21), local(7, 28, 9)]
    usual = {"week_events": 10, "calendar": OFFICE}
    for as_of in (local(8, 3), local(8, 24), local(8, 31)):
        assert thin(good, as_of, **usual) is None
        assert thin(bad, as_of, **usual) == local(7, 27)


@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=60),
    st.integers(1, 6),
    st.integers(100, 420),
)
def test_what_is_trusted_is_what_a_plain_count_of_weeks_says(days, fewest, end):
    """Oracle: one week after the other, from the first to the last."""
    events = [local(1, 1, 12) + day * DAY for day in sorted(days)]
    as_of = local(1, 1) + end * DAY
    events = [at for at in events if at <= as_of] or [local(1, 1, 12)]
    monday = events[0].date() + DAY * (-events[0].weekday() % 7)
    since = None
    while True:
        after = monday + WEEK
        begins = datetime.combine(monday, datetime.min.time(), MADRID)
        ends = datetime.combine(after, datetime.min.time(), MADRID)
        if ends > as_of:
            break
        n = sum(monday <= at.date() < after for at in events)
        since = (since or begins) if n < fewest else None
        monday = after
    assert thin(events, as_of, week_events=fewest) == since


def test_many_bad_weeks_are_asked_for_in_few_questions():
    asked = []

    def counts(weeks):
        asked.append(len(weeks))
        return [0] * len(weeks)

    start = local(1, 5)
    thin_from(
        habits(week_events=1), first=start, as_of=start + 53 * WEEK, counts=counts
    )
    assert asked == [1, 16, 16, 16, 4]


# --- what it means for figures ------------------------------------------------------


def test_silence_and_volume_limit_each_other():
    until = local(3, 20)
    usual = habits(gap_days=3, week_events=5, delay=HOUR)

    def found(some=usual, thin_since=None, as_of=until):
        return feed_of(some, until=until, thin_since=thin_since, as_of=as_of)

    assert found() == Feed(until, 3 * DAY, until + 3 * DAY + HOUR)
    assert found(thin_since=local(3, 9)).trusted_until == local(3, 9)
    assert found(habits()) == Feed(until)


def test_hours_for_sending_are_waited_for_and_then_count_for_nothing():
    until = local(3, 25)
    slow = habits(gap_days=1, delay=7 * DAY)

    def reaches_the_end_of_march(as_of):
        feed = feed_of(slow, until=until, thin_since=None, as_of=as_of)
        return feed.reaches(min(local(4, 1), as_of))

    assert reaches_the_end_of_march(local(3, 28))
    assert reaches_the_end_of_march(until + 8 * DAY)
    assert not reaches_the_end_of_march(until + 9 * DAY)


@pytest.mark.parametrize(
    ("feed", "reaches"),
    [
        (Feed(local(3, 20), DAY, local(3, 9)), False),
        (Feed(local(3, 20), DAY, local(3, 10)), True),
        (Feed(local(3, 2), DAY, local(3, 10)), True),  # what is trusted says it all
        (Feed(None, None, local(4, 1)), False),
    ],
)
def test_a_feed_is_trusted_as_far_as_was_found(feed, reaches):
    assert feed.reaches(local(3, 10)) is reaches

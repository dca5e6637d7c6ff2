"""Each kind of figure by hand, and against second computations written naively."""

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from engine.cases import Covers, Event, Fact, Outcome, Promise, Suspension, judge
from engine.compliance import Feed, Measurement, Status, measure
from engine.measures import Kind, meets
from engine.periods import Period, parse_period
from engine.rules import Rule
from engine.statistics import QuantileMethod, mean_interval, nps_interval, wilson
from tests.engine.random_rules import CALENDAR, ZONE, by_case, logs, promises

LATER = datetime(2028, 1, 1, tzinfo=UTC)
HEARD = Feed(LATER)
HOUR = 3_600_000_000
ONE_DAY = timedelta(days=1)
TIMED = {"start": {"types": ["opened"]}, "stop": {"types": ["closed"]}}
ANSWERS = {"value": {"types": ["scored"]}, "scale": {"min": "0", "max": "10"}}
PARTS = {"numerator": {"good": 1}, "denominator": {"all": 1}}
DOWN = TIMED | {"unit": "elapsed_hours"}


def promised(
    kind: str,
    definition: dict[str, object],
    comparator: str | None = ">=",
    target: object = "90",
    **days: object,
) -> Promise:
    rule = Rule.from_definition(
        kind,
        definition,
        comparator=comparator,
        target=None if target is None else Decimal(str(target)),
    )
    return Promise(
        rule,
        days.get("from_on", date(2020, 1, 1)),
        days.get("until_on"),
        CALENDAR,
        days.get("suspensions", ()),
    )


def measured(
    made: Promise,
    facts: Iterable[Fact],
    period: str = "2026-03",
    *,
    as_of: datetime = LATER,
    earlier: Iterable[Fact] = (),
    feed: Feed = HEARD,
) -> Measurement:
    return measure(
        facts,
        made,
        parse_period(period),
        zone=ZONE,
        as_of=as_of,
        feed=feed,
        earlier=earlier,
    )


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZONE)


def noon(day: date) -> datetime:
    return midnight(day) + timedelta(hours=12)


def counted(
    values: Iterable[object], day: date = date(2026, 3, 10), base: object = None
) -> list[Fact]:
    """Facts that count with these values, one a case."""
    return [
        Fact(
            str(number),
            Outcome.COUNTED,
            day,
            noon(day),
            value=Decimal(str(value)),
            base=None if base is None else Decimal(str(base)),
            part=day.isoformat(),
        )
        for number, value in enumerate(values)
    ]


def outcomes(met: int, missed: int) -> list[Fact]:
    return [
        replace(fact, outcome=outcome, value=None, case=f"{outcome}{fact.case}")
        for outcome, times in ((Outcome.MET, met), (Outcome.MISSED, missed))
        for fact in counted([0] * times)
    ]


# Shares.


@settings(max_examples=40)
@given(st.integers(0, 30), st.integers(0, 30))
def test_a_share_is_what_was_met_of_all(met, missed):
    limit = TIMED | {"limit": {"attribute": "due"}}
    found = measured(promised("share_within_limit", limit), outcomes(met, missed))
    n = met + missed
    assert (found.n, found.met, found.missed) == (n, met, missed)
    assert (found.numerator, found.denominator) == (met, n)
    assert found.value == (Fraction(100 * met, n) if n else None)
    assert (found.low, found.high) == wilson(Fraction(met), Fraction(n))
    if n:
        assert found.low <= found.value <= found.high


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("share_within_limit", {}),
        ("every_case_within_limit", {}),
        ("two_tier_remainder", {"second_limit": {"attribute": "due"}}),
    ],
)
def test_kinds_by_case_count_alike(kind, more):
    limit = TIMED | {"limit": {"attribute": "due"}} | more
    found = measured(promised(kind, limit), outcomes(3, 1))
    assert (found.value, found.met, found.missed) == (75, 3, 1)


def test_shares_of_like_things_have_the_interval_of_a_share():
    assert {kind for kind in Kind if kind.is_share} == {
        Kind.SHARE_WITHIN_LIMIT,
        Kind.EVERY_CASE_WITHIN_LIMIT,
        Kind.TWO_TIER_REMAINDER,
        Kind.SHARE_AT_OR_ABOVE,
        Kind.SHARE,
        Kind.SHARE_OF_DAYS,
    }


# Times.


@settings(max_examples=50)
@given(
    st.lists(st.integers(0, 10**13), max_size=12), st.sampled_from(["hours", "days"])
)
def test_a_mean_is_exact(micros, unit):
    made = promised("mean_duration", TIMED | {"unit": f"elapsed_{unit}"})
    found = measured(made, counted(micros))
    size = {"hours": HOUR, "days": 24 * HOUR}[unit]
    n = len(micros)
    assert found.value == (Fraction(sum(micros), n * size) if n else None)
    assert (found.n, found.low, found.high) == (n, None, None)
    if n:
        assert found.value == found.numerator / found.denominator


def test_days_have_no_size():
    made = promised("mean_duration", TIMED | {"unit": "working_days"})
    assert measured(made, counted([3, 4])).value == Fraction(7, 2)


@pytest.mark.parametrize("method", list(QuantileMethod))
@settings(max_examples=20)
@given(
    values=st.lists(st.integers(0, 50), min_size=1, max_size=9),
    percentile=st.integers(0, 100),
)
def test_percentiles_are_numpys(method, values, percentile):
    made = promised(
        "percentile_duration",
        TIMED
        | {
            "unit": "working_days",
            "percentile": percentile,
            "method": method.value,
        },
    )
    found = measured(made, counted(values))
    wanted = np.percentile(np.array(values, dtype=float), percentile, method=method)
    assert float(found.value) == pytest.approx(float(wanted), abs=1e-9)
    assert found.n == len(values)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 10**9), max_size=9))
def test_a_median_is_the_middle(micros):
    made = promised("median_duration", TIMED | {"unit": "elapsed_seconds"})
    found = measured(made, counted(micros))
    middle = statistics.median([Fraction(n, 10**6) for n in micros]) if micros else None
    assert found.value == middle
    assert (found.low, found.n) == (None, len(micros))
    whole = (middle, 1) if micros else (0, 0)
    assert (found.numerator, found.denominator) == whole


def test_only_what_counts_has_a_time():
    made = promised("median_duration", TIMED | {"unit": "working_days"})
    waiting = [replace(fact, outcome=Outcome.OPEN) for fact in counted([99])]
    out = [replace(fact, outcome=Outcome.EXCLUDED, reason="x") for fact in counted([9])]
    found = measured(made, [*counted([1, 2, 3]), *waiting, *out])
    assert (found.value, found.n, found.pending, found.excluded) == (2, 3, 1, {"x": 1})


# Answers.

scores = st.decimals(0, 10, places=1)


@settings(max_examples=50)
@given(st.lists(st.tuples(scores, st.integers(0, 4)), max_size=10))
def test_a_mean_of_answers_weighs_them(given_):
    facts = [
        replace(fact, base=Decimal(weight))
        for fact, (_value, weight) in zip(
            counted([value for value, _weight in given_]), given_, strict=True
        )
    ]
    weighted = measured(
        promised("satisfaction_mean", ANSWERS | {"weight": "users"}), facts
    )
    total = sum(weight for _value, weight in given_)
    sums = sum((Fraction(value) * weight for value, weight in given_), Fraction(0))
    assert weighted.value == (sums / total if total else None)
    assert (weighted.n, weighted.low) == (len(given_), None)

    plain = measured(promised("satisfaction_mean", ANSWERS), facts)
    values = [Fraction(value) for value, _weight in given_]
    n, whole = len(values), sum(values, Fraction(0))
    assert plain.value == (whole / n if n else None)
    squares = sum((value * value for value in values), Fraction(0))
    assert (plain.low, plain.high) == mean_interval(n, whole, squares)


def test_answers_that_weigh_nothing_have_no_mean():
    made = promised("satisfaction_mean", ANSWERS | {"weight": "users"})
    found = measured(made, counted([8, 9], base=0))
    assert (found.value, found.status, found.n) == (None, Status.NO_CASES, 2)


@settings(max_examples=50)
@given(st.lists(st.integers(0, 10), max_size=12), st.integers(0, 10), st.booleans())
def test_a_share_of_answers_lies_on_one_side_of_a_bar(values, bar, below):
    side = {"below": bar} if below else {"at_least": bar}
    found = measured(promised("share_at_or_above", ANSWERS | side), counted(values))
    good = sum(value < bar if below else value >= bar for value in values)
    n = len(values)
    assert (found.met, found.missed) == (good, n - good)
    assert found.value == (Fraction(100 * good, n) if n else None)
    assert (found.low, found.high) == wilson(Fraction(good), Fraction(n))


def test_a_weighted_share_tells_no_cases_apart():
    made = promised("share_at_or_above", ANSWERS | {"at_least": 8, "weight": "users"})
    found = measured(made, [*counted([9], base=1), *counted([2], base=3)])
    assert (found.value, found.n) == (25, 2)
    assert (found.met, found.missed, found.low) == (0, 0, None)


@settings(max_examples=50)
@given(st.lists(st.integers(0, 10), max_size=12))
def test_promoters_less_detractors(values):
    found = measured(promised("nps", ANSWERS), counted(values))
    good, bad = sum(v >= 9 for v in values), sum(v <= 6 for v in values)
    n = len(values)
    assert found.value == (Fraction(100 * (good - bad), n) if n else None)
    assert (found.low, found.high) == nps_interval(good, n - good - bad, bad)


def test_a_weighted_net_score():
    made = promised("nps", ANSWERS | {"weight": "users"})
    found = measured(made, [*counted([10, 9], base=1), *counted([6], base=6)])
    assert (found.value, found.n, found.low) == (-50, 3, None)


# Sums.


def sums(good: object, all_: object) -> list[Fact]:
    return counted([good], base=all_)


def test_a_part_of_a_whole_has_the_interval_of_a_share():
    found = measured(promised("share", PARTS), sums(36, 40))
    assert (found.value, found.n, found.met, found.missed) == (90, 40, 36, 4)
    assert (found.low, found.high) == wilson(Fraction(36), Fraction(40))
    assert found.status is Status.MET


@pytest.mark.parametrize(("good", "all_"), [(5, 3), (-1, 3), (1, 0)])
def test_more_than_the_whole_cannot_be_computed(good, all_):
    found = measured(promised("share", PARTS), sums(good, all_))
    assert (found.value, found.n) == (None, 0)
    assert (found.status, found.not_computable) == (Status.NOT_COMPUTABLE, 1)


def test_no_part_of_nothing():
    found = measured(promised("share", PARTS), sums(0, 0))
    assert (found.value, found.n, found.status) == (None, 0, Status.NO_CASES)


@pytest.mark.parametrize(
    ("as_percent", "good", "all_", "value"),
    [
        (True, 3, 4, 75),
        (False, 3, 4, Fraction(3, 4)),
        (True, 5, 4, 125),
        (True, -1, 4, -25),
        (False, 0, 4, 0),
        (True, 3, 0, None),
    ],
)
def test_a_ratio_knows_no_bounds(as_percent, good, all_, value):
    found = measured(
        promised("ratio", PARTS | {"as_percent": as_percent}), sums(good, all_)
    )
    assert (found.value, found.n, found.low) == (value, 1, None)
    assert (found.numerator, found.denominator) == (good, all_)


def test_a_count_of_nothing_is_nought():
    made = promised("count", {"numerator": {"held": 1}}, ">=", 1)
    found = measured(made, [])
    assert (found.value, found.n, found.status) == (0, 0, Status.UNMET)
    some = measured(made, counted(["0.5", 2]))
    assert (some.value, some.n, some.status) == (Fraction(5, 2), 2, Status.MET)


# Plans.


def days(first: date, end: date) -> Iterator[date]:
    while first < end:
        yield first
        first += ONE_DAY


SLOTS: dict[str, Callable[[date], object]] = {
    "day": lambda day: day,
    "working_day": lambda day: day,
    "week": lambda day: day.isocalendar()[:2],
    "month": lambda day: (day.year, day.month),
    "quarter": lambda day: (day.year, (day.month - 1) // 3),
    "year": lambda day: day.year,
}


@st.composite
def plans(draw):
    """Return a plan, its promise, and the days on which something was done."""
    per = draw(st.sampled_from(sorted(SLOTS)))
    amount = draw(st.integers(1, 3))
    start = draw(
        st.just(date(2025, 6, 1)) | st.dates(date(2026, 1, 1), date(2026, 3, 20))
    )
    end = draw(st.none() | st.dates(date(2026, 3, 21), date(2026, 5, 1)))
    off = draw(
        st.none()
        | st.tuples(st.dates(date(2026, 2, 20), date(2026, 4, 10)), st.integers(1, 9))
    )
    done = draw(st.lists(st.dates(date(2026, 2, 20), date(2026, 4, 15)), max_size=25))
    suspensions = ()
    if off is not None:
        suspensions = (Suspension(off[0], off[0] + off[1] * ONE_DAY, Covers.BEGUN),)
    made = promised(
        "schedule_frequency",
        {"done": {"types": ["done"]}, "plan": {"amount": amount, "per": per}},
        from_on=start,
        until_on=end,
        suspensions=suspensions,
    )
    return per, amount, made, done


def asked_and_done(per, amount, made, done, period: Period, seen_on: date):
    """Count slots day by day."""
    slot_of, found = SLOTS[per], defaultdict(list)
    for day in days(date(2025, 1, 1), date(2027, 12, 31)):
        found[slot_of(day)].append(day)
    times = Counter(slot_of(day) for day in done)
    good = asked = pending = 0
    for slot, slot_days in found.items():
        off = per == "working_day" and not is_working(slot_days[0])
        if (
            slot_days[-1] not in period
            or off
            or not all(
                made.binds(day) and not suspended_on(made, day) for day in slot_days
            )
        ):
            continue
        if slot_days[-1] < seen_on:
            asked += amount
            good += min(amount, times[slot])
        else:
            pending += amount
    return good, asked, pending


def is_working(day: date) -> bool:
    return CALENDAR.knows(day) and CALENDAR.is_working_day(day)


def suspended_on(made: Promise, day: date) -> bool:
    return any(item.from_on <= day < item.until_on for item in made.suspensions)


@settings(max_examples=80, deadline=None)
@given(
    plans(),
    st.sampled_from(["2026-03", "2026-04", "2026-Q1", "2026"]),
    st.dates(date(2026, 3, 1), date(2026, 5, 5)),
)
def test_a_plan_is_kept_slot_by_slot(plan, label, seen_on):
    per, amount, made, done = plan
    events = [Event(str(n), "done", noon(day)) for n, day in enumerate(done)]
    events.sort(key=lambda event: event.at)
    facts = judge("1", events, [made], zone=ZONE)
    period = parse_period(label)
    found = measured(made, facts, label, as_of=midnight(seen_on))
    good, asked, pending = asked_and_done(per, amount, made, done, period, seen_on)
    assert (found.met, found.n, found.pending) == (good, asked, pending)
    assert found.missed == asked - good
    assert found.value == (Fraction(100 * good, asked) if asked else None)


@pytest.mark.parametrize(
    ("planned", "done", "value", "missed"),
    [(4, 3, 75, 1), (4, 4, 100, 0), (4, 6, 100, 0), (4, 0, 0, 4), (0, 2, None, 0)],
)
def test_what_was_planned_by_events(planned, done, value, missed):
    made = promised(
        "schedule_frequency",
        {"done": {"types": ["ran"]}, "plan": {"types": ["planned"]}},
    )
    found = measured(made, counted([done], base=planned))
    assert (found.value, found.n, found.missed) == (value, planned, missed)


# Milestones.


def published(made: Promise, *done: date) -> list[Fact]:
    events = [Event(str(n), "published", noon(day)) for n, day in enumerate(done)]
    return list(judge("1", events, [made], zone=ZONE))


def report(on: str, opens: str = "", **days_: object) -> Promise:
    due = {"on": on} | ({"from": opens} if opens else {})
    return promised(
        "milestone", {"done": {"types": ["published"]}, "due": due}, **days_
    )


month_days = st.dates(date(2025, 1, 1), date(2025, 12, 31)).map(
    lambda day: f"{day:%m-%d}"
)


@settings(max_examples=80, deadline=None)
@given(
    month_days,
    month_days,
    st.lists(st.dates(date(2024, 1, 1), date(2027, 6, 1)), max_size=5),
    st.sampled_from(["2025", "2026", "2026-Q2", "2026-06"]),
    st.dates(date(2025, 1, 1), date(2027, 6, 1)),
)
def test_a_yearly_milestone_is_kept_within_its_window(on, opens, done, label, seen_on):
    made, period = report(on, opens), parse_period(label)
    found = measured(
        made, published(made, *sorted(done)), label, as_of=midnight(seen_on)
    )
    kept = late = pending = 0
    for year in (2023, 2024, 2025, 2026, 2027):
        begins = date(year, *map(int, opens.split("-")))
        due = date(year + (on < opens), *map(int, on.split("-")))
        if due not in period:
            continue
        if any(begins <= day <= due for day in done):
            kept += 1
        elif due < seen_on:
            late += 1
        else:
            pending += 1
    assert (found.met, found.missed, found.pending) == (kept, late, pending)
    assert found.n == kept + late


def test_a_milestone_that_comes_once():
    made = report("2026-03-31")
    early, late = date(2025, 11, 1), date(2026, 4, 1)
    assert measured(made, published(made, early)).status is Status.MET
    assert measured(made, published(made, late)).status is Status.UNMET
    both = measured(made, published(made, early, late))
    assert (both.met, both.missed) == (1, 0)
    assert measured(made, published(made, early), "2026-04").status is Status.NO_CASES
    assert measured(made, published(made, early), "2026").value == 100


def test_a_milestone_outside_the_promise_is_asked_of_nobody():
    after = report("2026-03-31", from_on=date(2026, 4, 1))
    assert measured(after, []).n == 0
    before = report("2026-03-31", until_on=date(2026, 3, 31))
    assert measured(before, []).n == 0
    last_day = report("2026-03-31", until_on=date(2026, 4, 1))
    assert measured(last_day, []).missed == 1


@pytest.mark.parametrize(
    ("on", "n"),
    [("2026-02-28", 0), ("2026-03-01", 1), ("2026-03-31", 1), ("2026-04-01", 0)],
)
def test_a_milestone_belongs_to_the_period_of_its_day(on, n):
    assert measured(report(on), []).n == n
    assert measured(report(on[5:]), []).n == n


def test_a_suspended_milestone_is_taken_out_by_its_day():
    week = Suspension(date(2026, 3, 28), date(2026, 4, 4))
    due_in_it = report("2026-03-31", suspensions=(week,))
    found = measured(due_in_it, [])
    assert (found.status, found.n) == (Status.SUSPENDED, 0)
    assert (found.whole.status, found.whole.missed) == (Status.UNMET, 1)
    done_in_it = report("2026-04-15", suspensions=(week,))
    found = measured(done_in_it, published(done_in_it, date(2026, 3, 30)), "2026-04")
    assert (found.status, found.met) == (Status.MET, 1)


# Shares of days.

AGGREGATES: dict[str, Callable[[list[Fraction]], Fraction]] = {
    "mean": lambda values: sum(values, Fraction(0)) / len(values),
    "median": statistics.median,
    "maximum": max,
    "total": lambda values: sum(values, Fraction(0)),
    "count": lambda values: Fraction(len(values)),
}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 20)), max_size=20),
    st.sampled_from(sorted(AGGREGATES)),
    st.sampled_from([">=", "<=", "=", ">", "<"]),
    st.integers(0, 15),
    st.booleans(),
)
def test_a_share_of_days(cases, aggregate, comparator, value, timed):
    daily = {"aggregate": aggregate, "comparator": comparator, "value": value}
    definition = {"daily": daily | {"of": "value"}, "value": {"types": ["waited"]}}
    if timed:
        definition = TIMED | {"unit": "elapsed_hours", "daily": daily}
    size = HOUR if timed else 1
    facts = [
        replace(fact, case=f"{number}")
        for number, (day, spent) in enumerate(cases)
        for fact in counted([spent * size], date(2026, 3, day))
    ]
    by_day = defaultdict(list)
    for day, spent in cases:
        by_day[day].append(Fraction(spent))
    good = sum(
        meets(AGGREGATES[aggregate](values), comparator, Decimal(value))
        for values in by_day.values()
    )
    found = measured(promised("share_of_days", definition), facts)
    n = len(by_day)
    assert (found.n, found.met, found.missed) == (n, good, n - good)
    assert found.value == (Fraction(100 * good, n) if n else None)


def test_a_day_without_cases_is_no_day():
    daily = {"aggregate": "count", "comparator": ">=", "value": 1, "of": "value"}
    made = promised("share_of_days", {"daily": daily, "value": {"types": ["waited"]}})
    assert measured(made, counted([1])).n == 1
    assert measured(made, []).status is Status.NO_CASES


# Stretches of time.

HALF = timedelta(minutes=30)


@st.composite
def outages(draw):
    """Return stretches on the half hour around March; some have no end yet."""
    start = datetime(2026, 2, 20, tzinfo=UTC)
    return [
        (
            start + begins * HALF,
            None if lasts is None else start + (begins + lasts) * HALF,
        )
        for begins, lasts in draw(
            st.lists(
                st.tuples(
                    st.integers(0, 48 * 45),
                    st.integers(1, 300) | st.integers(1, 300) | st.none(),
                ),
                max_size=5,
            )
        )
    ]


def stretches(made: Promise, spans: Iterable[tuple[datetime, datetime | None]]):
    for number, (begins, ends) in enumerate(spans):
        events = [Event("1", "opened", begins)]
        if ends is not None:
            events.append(Event("2", "closed", ends))
        yield from judge(str(number), events, [made], zone=ZONE)


def halves(made: Promise, unit: str, period: Period, as_of: datetime):
    """Yield the half hours that count, of the days that count, so far."""
    instant = midnight(period.start).astimezone(UTC)
    while instant < min(midnight(period.end), as_of):
        day = instant.astimezone(ZONE).date()
        counts = unit == "elapsed_hours" or CALENDAR.is_open(instant)
        if counts and made.binds(day) and not suspended_on(made, day):
            yield instant
        instant += HALF


@settings(max_examples=60, deadline=None)
@given(
    outages(),
    st.sampled_from(["elapsed_hours", "open_hours"]),
    st.sampled_from(["availability", "percent", "hours"]),
    st.none() | st.tuples(st.integers(1, 25), st.integers(1, 9)),
    st.integers(0, 48 * 40),
    st.sampled_from([date(2020, 1, 1), date(2026, 3, 12)]),
)
def test_time_is_counted_half_hour_by_half_hour(spans, unit, kind, off, seen, since):
    suspensions = ()
    if off is not None:
        first = date(2026, 3, off[0])
        suspensions = (Suspension(first, first + off[1] * ONE_DAY, Covers.TOUCHED),)
    definition = TIMED | {"unit": unit, "as_percent": kind == "percent"}
    name = "availability" if kind == "availability" else "opening_hours"
    made = promised(name, definition, suspensions=suspensions, from_on=since)
    as_of = datetime(2026, 3, 1, 5, tzinfo=UTC) + seen * HALF
    found = measured(made, stretches(made, spans), as_of=as_of)

    counts_in = "open_hours" if kind == "percent" else unit
    every = list(halves(made, counts_in, parse_period("2026-03"), as_of))
    inside = sum(
        any(begins <= half and (ends is None or half < ends) for begins, ends in spans)
        for half in every
    )
    whole = len(every)
    if kind == "hours":
        assert found.value == Fraction(inside, 2)
        return
    good = whole - inside if kind == "availability" else inside
    assert found.n == whole // 2
    assert found.value == (Fraction(100 * good, whole) if whole > 1 else None)


@pytest.mark.parametrize(
    ("month", "hours"), [("2026-02", 672), ("2026-03", 743), ("2026-10", 745)]
)
def test_a_month_has_the_hours_that_its_clocks_show(month, hours):
    found = measured(promised("availability", DOWN), [], month)
    assert (found.n, found.denominator, found.value) == (hours, hours, 100)


@pytest.mark.parametrize(("minutes", "n"), [(0, 0), (59, 0), (60, 1), (61, 1)])
def test_less_than_an_hour_is_no_percentage(minutes, n):
    as_of = midnight(date(2026, 3, 1)) + timedelta(minutes=minutes)
    found = measured(promised("availability", DOWN), [], as_of=as_of)
    assert (found.n, found.value) == (n, 100 if n else None)


def test_planned_work_is_no_outage():
    made = promised(
        "availability", DOWN | {"exclude": [{"attribute": "planned", "in": ["yes"]}]}
    )
    day = date(2026, 3, 10)
    events = [
        Event("1", "opened", midnight(day), None, {"planned": "yes"}),
        Event("2", "closed", noon(day)),
        Event("3", "opened", noon(day), None, {"planned": "no"}),
        Event("4", "closed", midnight(day + ONE_DAY)),
    ]
    found = measured(made, judge("1", events, [made], zone=ZONE))
    assert found.value == Fraction(100 * (743 - 12), 743)
    assert found.excluded == {"planned": 1}


def test_an_outage_counts_in_both_its_months():
    made = promised("availability", DOWN)
    facts = list(
        stretches(made, [(midnight(date(2026, 2, 28)), midnight(date(2026, 3, 2)))])
    )
    assert measured(made, facts, "2026-02").value == Fraction(100 * (672 - 24), 672)
    assert measured(made, facts, "2026-03").value == Fraction(100 * (743 - 24), 743)
    assert measured(made, facts, "2026-04").value == 100
    # Its one fact is a case of the month in which it began.
    open_ = list(stretches(made, [(midnight(date(2026, 2, 28)), None)]))
    assert [measured(made, open_, m).pending for m in ("2026-02", "2026-03")] == [1, 0]


# Editions.


def editions(made: Promise, day: date, other: Promise | None = None) -> list[Promise]:
    """Let another edition begin on a day; by default with the same promise."""
    return [replace(made, until_on=day), replace(other or made, from_on=day)]


def under(promises_: list[Promise], facts: Iterable[Fact], period: str):
    return measure(
        facts,
        promises_[0],
        parse_period(period),
        zone=ZONE,
        as_of=LATER,
        feed=HEARD,
        promises=promises_[::-1],
    )


@pytest.mark.parametrize("per", ["day", "working_day", "week", "month", "year"])
@pytest.mark.parametrize("period", ["2026-03", "2026"])
def test_a_plan_goes_on_with_the_next_edition(per, period):
    made = promised(
        "schedule_frequency",
        {"done": {"types": ["done"]}, "plan": {"amount": 1, "per": per}},
    )
    both = editions(made, date(2026, 3, 11))
    done = [
        Event(str(n), "done", noon(date(2026, 3, 1) + n * ONE_DAY)) for n in range(31)
    ]
    facts = list(judge("1", done, both, zone=ZONE))
    found, whole = under(both, facts, period), measured(made, facts, period)
    assert (found.met, found.n) == (whole.met, whole.n)
    # On its own, the first edition ends with its last day.
    cut = measured(both[0], facts, period)
    assert cut.n < whole.n or not whole.n


def test_another_plan_is_asked_of_its_own_days_only():
    weekly, daily = (
        promised(
            "schedule_frequency",
            {"done": {"types": ["done"]}, "plan": {"amount": 1, "per": per}},
        )
        for per in ("week", "day")
    )
    both = editions(weekly, date(2026, 3, 9), daily)
    found = under(both, [], "2026-03")
    assert found.n == 2  # the weeks that end on 1 and 8 March


def test_a_milestone_is_asked_by_the_edition_of_its_day():
    june, may = report("2026-06-30"), report("2026-05-31")
    both = editions(june, date(2026, 5, 1), may)
    assert under(both, [], "2026").n == 1
    assert under(both, published(may, date(2026, 5, 20)), "2026").status is Status.MET
    assert under(both, [], "2026-06").n == 0


def test_time_goes_on_with_the_next_edition():
    made = promised("availability", DOWN)
    facts = list(
        stretches(made, [(midnight(date(2026, 3, 20)), midnight(date(2026, 3, 21)))])
    )
    both = editions(made, date(2026, 3, 11))
    assert under(both, facts, "2026-03").value == measured(made, facts).value
    gap = [both[0], replace(both[1], from_on=date(2026, 3, 20))]
    found = under(gap, facts, "2026-03")
    assert found.n == 10 * 24 + 12 * 24 - 1


def test_a_suspension_of_the_next_edition_counts():
    made = promised("availability", DOWN)
    off = (Suspension(date(2026, 3, 20), date(2026, 3, 21)),)
    both = editions(made, date(2026, 3, 11), replace(made, suspensions=off))
    found = under(both, [], "2026-03")
    assert (found.n, found.whole.n) == (743 - 24, 743)


# Trends.

COST = {"kind": "ratio", **PARTS, "as_percent": False}
A_YEAR_AGO, A_MONTH_AGO = date(2025, 3, 10), date(2026, 2, 10)


@pytest.mark.parametrize(
    ("against", "as_", "before", "value"),
    [
        ("previous", "difference", 4, -1),
        ("previous", "percent", 4, -25),
        ("previous", "difference", 0, 3),
        ("previous", "percent", 0, None),
        ("previous", "percent", -2, 250),
        ("year_before", "difference", 2, 1),
        ("year_before", "percent", 2, 50),
    ],
)
def test_a_trend_compares_with_an_earlier_period(against, as_, before, value):
    made = promised("trend", {"of": COST, "against": against, "as": as_}, "<=", 0)
    now = counted([30], base=10)
    when = A_YEAR_AGO if against == "year_before" else A_MONTH_AGO
    other = A_MONTH_AGO if against == "year_before" else A_YEAR_AGO
    earlier = [*counted([10 * before], when, 10), *counted([777], other, 10)]
    found = measured(made, now, earlier=earlier)
    assert (found.value, found.n) == (value, 1)
    wanted = Status.MET if value and value <= 0 else Status.UNMET
    assert found.status is (Status.NOT_EVALUATED if value is None else wanted)


def test_a_trend_without_an_earlier_figure_is_not_evaluated():
    made = promised("trend", {"of": COST}, "<=", 0)
    found = measured(made, counted([30], base=10))
    assert (found.value, found.n, found.status) == (None, 1, Status.NOT_EVALUATED)
    assert (found.numerator, found.denominator) == (0, 0)
    nothing = measured(made, [], earlier=counted([30], A_MONTH_AGO, 10))
    assert (nothing.n, nothing.status) == (0, Status.NO_CASES)


def test_a_trend_of_what_cannot_be_computed_cannot():
    of = {"kind": "mean_duration", **TIMED, "unit": "working_days"}
    made = promised("trend", {"of": of}, "<=", 0)
    lost = replace(
        counted([0], A_MONTH_AGO)[0],
        case="x",
        outcome=Outcome.NOT_COMPUTABLE,
        reason="beyond_calendar",
    )
    earlier = counted([5], A_MONTH_AGO)
    assert measured(made, counted([4]), earlier=earlier).value == -1
    found = measured(made, counted([4]), earlier=[*earlier, lost])
    assert (found.value, found.status) == (None, Status.NOT_COMPUTABLE)


def test_a_trend_of_a_share_sees_open_cases_that_were_due():
    of = {"kind": "share_within_limit", **TIMED, "limit": {"attribute": "due"}}
    made = promised("trend", {"of": of}, ">=", 0)
    past = [replace(fact, counted_on=A_MONTH_AGO) for fact in outcomes(1, 0)]
    waiting = replace(past[0], case="w", outcome=Outcome.OPEN, due_at=noon(A_MONTH_AGO))
    found = measured(made, outcomes(1, 1), earlier=[*past, waiting])
    assert found.value == 0


def test_a_trend_of_a_count_waits_for_the_end_of_its_period():
    of = {"kind": "count", "numerator": {"held": 1}}
    made = promised("trend", {"of": of}, ">=", 0)
    earlier = counted([10], A_MONTH_AGO)
    running = midnight(date(2026, 3, 20))
    few = measured(made, counted([4]), earlier=earlier, as_of=running)
    assert (few.value, few.status) == (-6, Status.NOT_EVALUATED)
    enough = measured(made, counted([12]), earlier=earlier, as_of=running)
    assert enough.status is Status.MET
    assert measured(made, counted([4]), earlier=earlier).status is Status.UNMET


def test_a_trend_of_time_open():
    made = promised(
        "trend", {"of": {"kind": "opening_hours", **DOWN, "as_percent": False}}
    )
    facts = list(
        stretches(
            made,
            [
                (midnight(date(2026, 2, 28)), midnight(date(2026, 3, 1)) + HALF),
                (noon(date(2026, 3, 5)), noon(date(2026, 3, 6))),
            ],
        )
    )
    assert measured(made, facts, earlier=facts).value == Fraction(1, 2)


# What holds of every kind.


def facts_of(made: Promise, log: list[tuple[str, Event]]) -> list[Fact]:
    return [
        fact
        for case, events in by_case(log).items()
        for fact in judge(case, events, [made], zone=ZONE)
    ]


@settings(max_examples=80, deadline=None)
@given(
    promises(),
    logs(),
    st.sampled_from(["2026-03", "2026-04", "2026-Q1", "2026"]),
    st.integers(0, 60),
    st.randoms(use_true_random=False),
)
def test_no_percentage_without_its_n_and_no_order_of_facts(made, log, label, late, mix):
    facts = facts_of(made, log)
    as_of = midnight(date(2026, 3, 1) + late * ONE_DAY)
    found = measured(made, facts, label, as_of=as_of, earlier=facts)
    assert_sound(found, made.rule)
    if found.whole is not None:
        assert_sound(found.whole, made.rule)
        assert found.whole.whole is None
    mixed = list(facts)
    mix.shuffle(mixed)
    assert measured(made, mixed, label, as_of=as_of, earlier=mixed) == found


def assert_sound(found: Measurement, rule: Rule) -> None:
    if not found.n and rule.cases.kind is not Kind.COUNT:
        assert found.value is None
    if found.status in {Status.MET, Status.UNMET}:
        assert found.value is not None
        assert meets(found.value, found.goal.comparator, found.goal.target) is (
            found.status is Status.MET
        )
    if rule.kind.is_share and not rule.weight and found.value is not None:
        assert found.met + found.missed == found.n
        assert 0 <= found.low <= found.value <= found.high <= 100
        assert found.value == Fraction(100 * found.met, found.n)
    assert min(found.n, found.pending, found.met, found.missed) >= 0


ADDITIVE = (
    Kind.SHARE_WITHIN_LIMIT,
    Kind.EVERY_CASE_WITHIN_LIMIT,
    Kind.TWO_TIER_REMAINDER,
    Kind.MEAN_DURATION,
    Kind.SATISFACTION_MEAN,
    Kind.SHARE_AT_OR_ABOVE,
    Kind.RATIO,
    Kind.COUNT,
)


@settings(max_examples=60, deadline=None)
@given(promises(ADDITIVE), logs(), st.integers(0, 60))
def test_a_year_is_the_sum_of_its_months(made, log, late):
    as_of = midnight(date(2026, 3, 1) + late * ONE_DAY)
    # Demand is that of whole months, which a year's facts are.
    facts = facts_of(made, log)
    year = measured(made, facts, "2026", as_of=as_of)
    months = [measured(made, facts, f"2026-{n:02}", as_of=as_of) for n in range(1, 13)]
    for name in ("n", "met", "missed", "pending", "not_computable", "numerator"):
        assert getattr(year, name) == sum(getattr(month, name) for month in months)
    out = sum((Counter(month.excluded) for month in months), Counter())
    assert year.excluded == dict(out)

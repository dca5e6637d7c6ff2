"""
What a period's figure says: counts, status, targets, suspensions, digests.

How the figures themselves are computed is in ``test_figures.py``.
"""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings, strategies as st

from engine.cases import Covers, Event, Fact, Outcome, Promise, Suspension, judge
from engine.compliance import (
    Alike,
    Cell,
    Feed,
    Measurement,
    Status,
    conditioned,
    degrees,
    digest_of,
    groups_of,
    measure,
    measure_cell,
    month_tallies,
    promise_for,
    seen,
    tallied,
    tally_of,
)
from engine.periods import PeriodKind, parse_period, period_of
from engine.rules import Goal, Rule
from tests.engine.random_rules import CALENDAR, ZONE

MARCH = period_of(date(2026, 3, 1), PeriodKind.MONTH)
FED = Feed(datetime(2030, 1, 1, tzinfo=UTC))
LATER = datetime(2026, 6, 1, tzinfo=UTC)
RESOLUTION = timedelta(microseconds=1)
TIMED = {
    "start": {"types": ["opened"]},
    "stop": {"types": ["closed"]},
    "limit": {"amount": "10", "unit": "elapsed_days"},
}
ANSWERS = {"value": {"types": ["scored"]}, "scale": {"min": "0", "max": "10"}}
HELD = {"numerator": {"held": 1}}
OPENED = {**TIMED, "counted_in": "opened"}


def at(day: int, hour: int = 9, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=ZONE)


def rule(
    kind: str = "share_within_limit",
    target: str | None = "95",
    comparator: str | None = ">=",
    **changes: object,
) -> Rule:
    return Rule.from_definition(
        kind,
        {**TIMED, **ANSWERS, **HELD, **changes},
        comparator=comparator,
        target=None if target is None else Decimal(target),
    )


def promise(found: Rule | None = None, **parts: object) -> Promise:
    return Promise(
        found or rule(),
        parts.get("from_on", date(2026, 1, 1)),
        parts.get("until_on"),
        CALENDAR,
        parts.get("suspensions", ()),
    )


def facts(*outcomes: Outcome, day: int = 10, **parts: object) -> list[Fact]:
    """Facts of cases that began on a day and are counted on it."""
    base = Fact("", Outcome.MET, date(2026, 3, day), at(day), last_event_at=at(day))
    return [
        replace(base, case=f"{day}-{index}-{outcome}", outcome=outcome, **parts)
        for index, outcome in enumerate(outcomes)
    ]


MET, MISSED, OPEN = Outcome.MET, Outcome.MISSED, Outcome.OPEN


def figure(
    found: list[Fact],
    made: Promise | Rule | None = None,
    *,
    as_of: datetime = LATER,
    feed: Feed = FED,
    **options: object,
) -> Measurement:
    if not isinstance(made, Promise):
        made = promise(made)
    return measure(found, made, MARCH, zone=ZONE, as_of=as_of, feed=feed, **options)


# Counts.


def test_zero_cases_are_neither_met_nor_unmet():
    found = figure([])
    assert (found.status, found.value, found.n) == (Status.NO_CASES, None, 0)
    assert (found.low, found.high, found.last_event_at) == (None, None, None)


def test_everything_is_counted_and_shown():
    lost = facts(Outcome.NOT_COMPUTABLE, day=11, reason="beyond_calendar")
    out = facts(Outcome.EXCLUDED, Outcome.EXCLUDED, day=12, reason="void")
    waiting = facts(OPEN, day=13) + facts(OPEN, day=14, due_at=LATER + RESOLUTION)
    late = facts(OPEN, day=15, due_at=LATER)
    found = figure([*facts(MET, MET, MISSED), *lost, *out, *waiting, *late])
    assert (found.n, found.met, found.missed, found.pending) == (4, 2, 2, 2)
    assert (found.excluded, found.not_computable) == ({"void": 2}, 1)
    assert found.last_event_at == at(15)


def test_an_open_case_is_pending_until_due_and_missed_from_then_on():
    due = at(11)
    waiting = facts(OPEN, due_at=due)
    before = figure(waiting, as_of=due - RESOLUTION)
    after = figure(waiting, as_of=due)
    assert (before.pending, before.missed) == (1, 0)
    assert (after.pending, after.missed) == (0, 1)
    assert [seen(waiting[0], rule(), when) for when in (due - RESOLUTION, due)] == [
        OPEN,
        MISSED,
    ]


def test_an_open_case_may_be_left_out_where_the_rule_says_so():
    waiting, leaves = facts(OPEN, due_at=at(11)), rule(open_past_due="excluded")
    found = figure(waiting, leaves)
    assert (found.n, found.pending, found.excluded) == (0, 0, {"open": 1})
    assert seen(waiting[0], leaves, at(11)) is Outcome.EXCLUDED


def test_an_open_case_of_a_mean_is_never_missed():
    waiting, mean = facts(OPEN, due_at=at(11)), rule("mean_duration", unit="months")
    found = figure(waiting, mean)
    assert (found.n, found.pending, found.missed) == (0, 1, 0)
    assert seen(waiting[0], mean, LATER) is OPEN


def test_only_the_periods_own_cases_are_looked_at():
    february = facts(MISSED, counted_on=date(2026, 2, 28))
    april = facts(MISSED, counted_on=date(2026, 4, 1))
    edges = facts(MET, day=1) + facts(MET, day=31)
    found = figure([*february, *edges, *april])
    assert (found.n, found.value) == (2, 100)
    assert found.inputs_digest == figure(edges).inputs_digest


def test_a_segment_has_its_own_figure():
    both = [*facts(MET, segment="north"), *facts(MISSED, day=11, segment="south")]
    assert figure(both).value == 50
    assert figure(both, segment="north").value == 100
    assert figure(both, segment="south").value == 0
    assert figure(both, segment="west").n == 0


# Status.


def test_few_cases_give_no_verdict_but_show_their_count():
    found = figure(facts(MET), rule(minimum_sample=2))
    assert (found.status, found.n, found.value) == (Status.TOO_FEW_CASES, 1, 100)
    assert figure(facts(MET, MET), rule(minimum_sample=2)).status is Status.MET


@pytest.mark.parametrize(
    ("feed", "status"),
    [
        (Feed(None), Status.NO_DATA_YET),
        (Feed(None, timedelta(days=7)), Status.NO_DATA_YET),
        (
            Feed(at(1, 0, 4) - RESOLUTION - timedelta(days=7), timedelta(days=7)),
            "early",
        ),
        (Feed(at(1, 0, 4) - timedelta(days=7), timedelta(days=7)), Status.MET),
        (Feed(at(1), None), Status.MET),
    ],
)
def test_silence_is_not_success(feed, status):
    wanted = Status.NO_DATA_YET if status == "early" else status
    assert figure(facts(MET), feed=feed).status is wanted


def test_of_a_running_period_the_feed_must_reach_the_present():
    feed = Feed(at(12), timedelta(days=2))
    assert figure(facts(MET), feed=feed, as_of=at(14)).status is Status.MET
    late = figure(facts(MET), feed=feed, as_of=at(14) + RESOLUTION)
    assert late.status is Status.NO_DATA_YET


def test_what_matters_more_is_said_first():
    """Not computable, no data yet, suspended, no cases, too few, no target, verdict."""
    lost = facts(Outcome.NOT_COMPUTABLE, day=11, reason="beyond_calendar")
    off = (Suspension(date(2026, 3, 1), None),)
    bare = rule(target=None, comparator=None, minimum_sample=2)
    silent = Feed(None)
    taken = facts(MET, suspended=True)
    suspended = promise(bare, suspensions=off)
    assert figure(lost, suspended, feed=silent).status is Status.NOT_COMPUTABLE
    assert figure(taken, suspended, feed=silent).status is Status.NO_DATA_YET
    assert figure(taken, suspended).status is Status.SUSPENDED
    assert figure([], bare).status is Status.NO_CASES
    assert figure(facts(MET), bare).status is Status.TOO_FEW_CASES
    assert figure(facts(MET, MET), bare).status is Status.NOT_EVALUATED
    assert figure(facts(MET, MET)).status is Status.MET
    assert figure(facts(MET, MISSED)).status is Status.UNMET


def test_a_case_that_cannot_be_computed_beside_what_is_suspended():
    """What a suspension takes out need not be computable."""
    lost = facts(Outcome.NOT_COMPUTABLE, reason="beyond_calendar", suspended=True)
    off = promise(suspensions=(Suspension(date(2026, 3, 10), date(2026, 3, 11)),))
    found = figure([*facts(MET, day=12), *lost], off)
    assert (found.status, found.not_computable) == (Status.MET, 0)
    assert found.whole.status is Status.NOT_COMPUTABLE


def test_a_figure_beyond_the_calendar_cannot_be_computed():
    plan = rule(
        "schedule_frequency",
        done={"types": ["held"]},
        plan={"amount": 1, "per": "working_day"},
    )
    later = promise(plan)
    period = parse_period("2027-01")
    options = {"zone": ZONE, "as_of": datetime(2027, 3, 1, tzinfo=UTC), "feed": FED}
    found = measure([], later, period, **options)
    assert (found.status, found.not_computable) == (Status.NOT_COMPUTABLE, 1)
    assert (found.value, found.n) == (None, 0)
    assert (found.numerator, found.denominator) == (0, 0)


@pytest.mark.parametrize(
    ("comparator", "target", "as_of", "promised", "status"),
    [
        (">=", "3", LATER, PeriodKind.MONTH, Status.MET),
        (">=", "4", LATER, PeriodKind.MONTH, Status.UNMET),
        (">=", "4", LATER, None, Status.UNMET),
        (">=", "4", LATER, PeriodKind.QUARTER, Status.NOT_EVALUATED),
        (">=", "3", LATER, PeriodKind.QUARTER, Status.NOT_EVALUATED),
        (">=", "4", at(20), PeriodKind.MONTH, Status.NOT_EVALUATED),
        (">=", "3", at(20), PeriodKind.MONTH, Status.MET),
        (">", "2", at(20), PeriodKind.MONTH, Status.MET),
        (">", "3", at(20), PeriodKind.MONTH, Status.NOT_EVALUATED),
        ("<=", "3", at(20), PeriodKind.MONTH, Status.NOT_EVALUATED),
        ("<=", "2", at(20), PeriodKind.MONTH, Status.UNMET),
        ("<", "3", at(20), PeriodKind.MONTH, Status.UNMET),
        ("<", "4", at(20), PeriodKind.MONTH, Status.NOT_EVALUATED),
        ("=", "3", at(20), PeriodKind.MONTH, Status.NOT_EVALUATED),
        ("=", "3", LATER, PeriodKind.MONTH, Status.MET),
        (">=", "4", at(1, 0, 4), PeriodKind.MONTH, Status.UNMET),
        (">=", "4", at(1, 0, 4) - RESOLUTION, PeriodKind.MONTH, Status.NOT_EVALUATED),
    ],
)
def test_a_count_is_judged_on_its_own_period_and_not_too_early(
    comparator, target, as_of, promised, status
):
    count = rule("count", target, comparator)
    held = facts(*[Outcome.COUNTED] * 3, value=Decimal(1))
    assert figure(held, count, as_of=as_of, promised=promised).status is status


def test_a_share_is_judged_on_any_period_and_while_it_runs():
    found = figure(facts(MET), as_of=at(20), promised=PeriodKind.YEAR)
    assert found.status is Status.MET


# Targets.

RISING = [
    {"until": "2026-03-16", "target": "80"},
    {"from": "2026-03-16", "target": "95"},
]


def test_a_period_that_crosses_two_targets_has_no_verdict():
    found = figure(facts(MET), rule(targets=RISING))
    assert (found.status, found.goal, found.value) == (Status.NOT_EVALUATED, None, 100)


def test_a_period_has_the_target_of_its_dates():
    dated = [{"from": "2026-03-01", "until": "2026-04-01", "target": "50"}]
    found = figure(facts(MET, MISSED), rule(targets=dated))
    assert (found.status, found.goal) == (Status.MET, Goal(">=", Decimal(50)))


def test_a_segment_has_the_target_of_its_site():
    own = rule(targets=[{"segment": "north", "target": "50"}])
    some = facts(MET, MISSED, segment="north")
    assert figure(some, own, segment="north").status is Status.MET
    assert figure(some, own).status is Status.UNMET


def test_a_target_loosened_within_a_period_does_not_rescue_it():
    strict = promise(until_on=date(2026, 3, 15))
    loose = promise(rule(target="50"), from_on=date(2026, 3, 15))
    assert promise_for([loose, strict], MARCH) is strict
    april = period_of(date(2026, 4, 1), PeriodKind.MONTH)
    assert promise_for([strict, loose], april) is loose
    january = period_of(date(2025, 1, 1), PeriodKind.MONTH)
    assert promise_for([strict, loose], january) is None
    # One that ended as the period began is none of it, nor one that begins after it.
    over = promise(until_on=MARCH.start)
    assert promise_for([over, loose], MARCH) is loose
    assert promise_for([promise(from_on=MARCH.end)], MARCH) is None


# Demand.


def crowd(*sizes: int, **parts: object) -> list[Fact]:
    """So many cases on each of the days from 1 March on."""
    return [
        fact
        for day, size in enumerate(sizes, start=1)
        for fact in facts(*[MET] * size, day=day, **parts)
    ]


@pytest.mark.parametrize(
    ("per", "at_most", "sizes", "left"),
    [
        ("day", 3, (3, 3), 6),
        ("day", 3, (4, 3), 3),
        ("day", 3, (4, 5), 0),
        ("month", 6, (3, 3), 6),
        ("month", 5, (3, 3), 0),
    ],
)
def test_a_promise_up_to_a_demand(per, at_most, sizes, left):
    up_to = rule(**OPENED, demand={"per": per, "at_most": at_most})
    found = figure(crowd(*sizes), up_to)
    assert found.n == left
    out = sum(sizes) - left
    assert found.excluded == ({"demand": out} if out else {})


def test_what_never_counted_is_no_demand():
    up_to = rule(**OPENED, demand={"at_most": 3})
    void = facts(Outcome.EXCLUDED, day=1, reason="void")
    found = figure([*crowd(3), *void], up_to)
    assert (found.n, found.excluded) == (3, {"void": 1})


def test_open_cases_are_demand():
    up_to = rule(**OPENED, demand={"at_most": 3})
    waiting = facts(OPEN, day=1)
    found = figure([*crowd(3), *waiting], up_to)
    assert (found.n, found.pending, found.excluded) == (0, 0, {"demand": 4})


def test_demand_is_that_of_all_segments():
    up_to = rule(**OPENED, demand={"at_most": 3})
    both = [*crowd(2, segment="north"), *crowd(0, 2, segment="north")]
    south = [replace(fact, case=f"s{fact.case}", segment="south") for fact in crowd(2)]
    found = figure([*both, *south], up_to, segment="north")
    assert (found.n, found.excluded) == (2, {"demand": 2})


def test_conditioning_twice_changes_nothing():
    up_to = rule(**OPENED, demand={"at_most": 3})
    once = conditioned(crowd(4, 3), up_to)
    assert conditioned(once, up_to) == once
    assert conditioned(crowd(4), rule()) == crowd(4)


# Suspensions.

WEEK = (Suspension(date(2026, 3, 9), date(2026, 3, 16), Covers.BEGUN),)


def case(day: int, *, late: bool = False) -> list[Event]:
    opened, closed = at(day), at(day) + timedelta(days=11 if late else 1)
    return [Event("1", "opened", opened), Event("2", "closed", closed)]


def judged(made: Promise, *cases: list[Event]) -> list[Fact]:
    return [
        fact
        for number, events in enumerate(cases)
        for fact in judge(str(number), events, [made], zone=ZONE)
    ]


def test_figures_are_given_with_and_without_a_suspension():
    made = promise(rule(counted_in="opened"), suspensions=WEEK)
    cases = [case(2), case(3), case(10, late=True), case(20)]
    found = figure(judged(made, *cases), made)
    assert (found.n, found.value, found.status) == (3, 100, Status.MET)
    assert found.excluded == {"suspended": 1}
    whole = found.whole
    assert (whole.n, whole.value, whole.status) == (4, 75, Status.UNMET)
    assert (whole.excluded, whole.whole) == ({}, None)


@pytest.mark.parametrize(
    ("first", "until", "touches"),
    [
        (date(2026, 2, 1), date(2026, 3, 1), False),
        (date(2026, 2, 1), date(2026, 3, 2), True),
        (date(2026, 3, 31), date(2026, 4, 2), True),
        (date(2026, 4, 1), date(2026, 4, 2), False),
        (date(2026, 2, 1), None, True),
        (date(2026, 4, 1), None, False),
    ],
)
def test_a_period_without_a_suspension_has_one_figure(first, until, touches):
    made = promise(suspensions=(Suspension(first, until),))
    assert (figure(facts(MET), made).whole is not None) is touches
    # Nor has one that ended, or begins, outside the days of the promise.
    short = replace(made, from_on=date(2026, 3, 2), until_on=date(2026, 3, 31))
    within = touches and first != date(2026, 3, 31) and until != date(2026, 3, 2)
    assert (figure(facts(MET), short).whole is not None) is within


def test_a_suspension_of_an_edition_that_is_over_is_none_of_the_period():
    over = promise(
        until_on=MARCH.start, suspensions=(Suspension(date(2026, 2, 1), None),)
    )
    now = promise(from_on=MARCH.start)
    found = figure(facts(MET), now, promises=[over, now])
    assert (found.whole, found.n) == (None, 1)


def test_a_case_of_suspended_days_counts_apart_in_another_month():
    """Begun in suspended days of March, due in April."""
    end = Suspension(date(2026, 3, 23), date(2026, 4, 1))
    made = promise(suspensions=(end,))
    april = period_of(date(2026, 4, 1), PeriodKind.MONTH)
    found = measure(
        judged(made, case(25, late=True)),
        made,
        april,
        zone=ZONE,
        as_of=LATER,
        feed=FED,
    )
    assert (found.status, found.excluded) == (Status.SUSPENDED, {"suspended": 1})
    assert (found.whole.status, found.whole.missed) == (Status.UNMET, 1)


def test_a_day_suspended_does_not_suspend_a_month_without_cases():
    day = (Suspension(date(2026, 3, 9), date(2026, 3, 10)),)
    assert figure([], promise(suspensions=day)).status is Status.NO_CASES
    count = promise(rule("count", "1"), suspensions=day)
    assert figure([], count).status is Status.UNMET
    month = (Suspension(date(2026, 3, 1), date(2026, 4, 1)),)
    assert figure([], promise(suspensions=month)).status is Status.SUSPENDED
    rest = (Suspension(date(2026, 3, 11), None),)
    short = promise(suspensions=rest, from_on=date(2026, 3, 11))
    assert figure([], short).status is Status.SUSPENDED


def test_suspended_cases_that_still_run_leave_the_month_suspended():
    waiting = facts(OPEN, suspended=True)
    found = figure(waiting, promise(suspensions=WEEK))
    assert (found.status, found.pending) == (Status.SUSPENDED, 0)
    assert found.whole.pending == 1


# Digests.


def test_the_order_of_facts_changes_nothing():
    some = facts(MET, MISSED, Outcome.EXCLUDED)
    assert figure(some) == figure(list(reversed(some)))


@pytest.mark.parametrize(
    "change",
    [
        {"case": "another"},
        {"ended_at": at(3)},
        {"due_at": at(3)},
        {"reason": "another"},
        {"source": "another"},
        {"part": "another"},
        {"last_event_at": at(3)},
    ],
)
def test_any_change_of_a_fact_changes_the_digest(change):
    one = facts(MET)
    other = [replace(one[0], **change)]
    assert figure(one).inputs_digest != figure(other).inputs_digest
    assert figure(one).value == figure(other).value


def test_a_digest_is_that_of_all_inputs():
    some = facts(MET)
    plain = figure(some).inputs_digest
    assert figure(some, rule(target="96")).inputs_digest != plain
    off = (Suspension(date(2026, 3, 20), None),)
    suspended = figure(some, promise(suspensions=off)).inputs_digest
    touched = (replace(off[0], covers=Covers.TOUCHED),)
    assert (
        len(
            {plain, suspended, figure(some, promise(suspensions=touched)).inputs_digest}
        )
        == 3
    )
    april = period_of(date(2026, 4, 1), PeriodKind.MONTH)
    empty = {
        measure([], promise(), period, zone=ZONE, as_of=LATER, feed=FED).inputs_digest
        for period in (MARCH, april)
    }
    assert len(empty) == 2


def test_a_stretch_from_before_is_part_of_the_digest():
    hours = rule("availability", unit="elapsed_hours")
    before = facts(Outcome.COUNTED, counted_on=date(2026, 2, 27), ended_at=at(2))
    options = {"zone": ZONE, "as_of": LATER, "feed": FED}
    with_it, without = (
        measure_cell(
            Cell([], lambda cases=cases: cases), promise(hours), MARCH, **options
        )
        for cases in (before, [])
    )
    assert with_it.inputs_digest != without.inputs_digest


@given(st.permutations(facts(MET, MISSED, OPEN, Outcome.COUNTED)))
def test_the_digest_of_facts_knows_no_order(some):
    tallies = month_tallies(some, rule())
    assert tallies == month_tallies(facts(MET, MISSED, OPEN, Outcome.COUNTED), rule())
    assert tallies[0].digest == digest_of(fact.digest for fact in some)


def test_the_digest_of_facts_tells_one_from_two_alike():
    once, twice = facts(MET), facts(MET) * 2
    assert len({digest_of(fact.digest for fact in some) for some in (once, twice)}) == 2


VALUES = st.sampled_from([None, Decimal(0), Decimal("-1.5"), Decimal(3)])
ANY_FACT = st.builds(
    replace,
    st.just(facts(MET)[0]),
    outcome=st.sampled_from(Outcome),
    value=VALUES,
    base=VALUES,
    reason=st.sampled_from(["", "void"]),
    due_at=st.sampled_from([None, at(20), at(21)]),
    last_event_at=st.sampled_from([None, at(12), at(13)]),
)


@given(st.lists(ANY_FACT), st.sampled_from(["share_within_limit", "nps"]))
def test_groups_of_facts_add_up_like_the_facts(some, kind):
    """What the database counts for us is a tally of groups, not of facts."""
    made = rule(kind)
    groups = [
        Alike(
            outcome,
            len(found),
            reason,
            due,
            score,
            total=sum((item.total for item in found), Decimal(0)),
            base=sum((item.base for item in found), Decimal(0)),
            last_event=max(
                (item.last_event for item in found if item.last_event is not None),
                default=None,
            ),
        )
        for (outcome, reason, due, score), found in grouped(some, made).items()
    ]
    assert tallied(groups) == tally_of(some, made)


def grouped(some: list[Fact], made: Rule) -> dict[tuple[object, ...], list[Alike]]:
    found = defaultdict(list)
    for fact in some:
        (alone,) = groups_of([fact], made)
        found[alone.outcome, alone.reason, alone.due, alone.score].append(alone)
    return found


def test_values_are_enough_for_a_median():
    median = rule("median_duration", "1", "<=", unit="elapsed_days")
    spent = facts(Outcome.COUNTED, value=Decimal(1)) + facts(
        Outcome.COUNTED, day=11, value=Decimal(3), suspended=True
    )

    def never() -> list[Fact]:
        raise AssertionError

    def values(heeds: bool) -> list[Decimal]:
        return [Decimal(1)] if heeds else [Decimal(3), Decimal(1)]

    options = {"zone": ZONE, "as_of": LATER, "feed": FED}
    tallies = month_tallies(spent, median)
    found = measure_cell(
        Cell(tallies, never, never, values), promise(median), MARCH, **options
    )
    of_cases = measure_cell(
        Cell(tallies, lambda: spent), promise(median), MARCH, **options
    )
    assert found == of_cases
    assert found.whole.n == 2


def test_kinds_that_need_no_single_cases_do_not_ask_for_them():
    def never() -> list[Fact]:
        raise AssertionError

    cell = Cell(month_tallies(facts(MET), rule()), never, never)
    options = {"zone": ZONE, "as_of": LATER, "feed": FED}
    assert measure_cell(cell, promise(), MARCH, **options).value == 100


def test_months_and_segments_are_summed_apart():
    some = [
        *facts(MET, MISSED, segment="north"),
        *facts(MET, day=11, segment="south", suspended=True),
        *facts(OPEN, counted_on=date(2026, 4, 1), segment="north", due_at=at(2)),
    ]
    tallies = month_tallies(some, rule())
    assert [(item.month, item.segment) for item in tallies] == [
        (date(2026, 3, 1), "north"),
        (date(2026, 3, 1), "south"),
        (date(2026, 4, 1), "north"),
    ]
    north, south, april = tallies
    assert (north.kept.met, north.kept.missed, north.suspended.n) == (1, 1, 0)
    assert (south.kept.n, south.suspended.met) == (0, 1)
    assert april.kept.open.total() == 1
    assert len({item.digest for item in tallies}) == 3


# Degrees.


def test_both_degrees_of_a_charter():
    told = degrees(
        [
            *[Status.MET] * 6,
            *[Status.UNMET] * 2,
            Status.NO_CASES,
            Status.SUSPENDED,
            Status.SUSPENDED,
        ]
    )
    assert (told.met, told.unmet) == (6, 2)
    assert told.other == {"no_cases": 1, "suspended": 2}
    assert told.of_total == Fraction(600, 11)
    assert told.of_evaluated == 75


@pytest.mark.parametrize(
    ("statuses", "of_total", "of_evaluated"),
    [
        ([], None, None),
        (["no_cases"], 0, None),
        (["met"], 100, 100),
        (["unmet"], 0, 0),
        (["unmet", "met", "no_data_yet", "no_data_yet"], 25, 50),
    ],
)
def test_degrees_over_nothing_are_none(statuses, of_total, of_evaluated):
    told = degrees(statuses)
    assert (told.of_total, told.of_evaluated) == (of_total, of_evaluated)


@settings(max_examples=50)
@given(st.lists(st.sampled_from(list(Status))))
def test_degrees_add_up(statuses):
    told = degrees(statuses)
    assert told.met + told.unmet + sum(told.other.values()) == len(statuses)
    assert told == degrees(list(reversed(statuses)))
    if told.of_evaluated is not None:
        assert told.of_total <= told.of_evaluated


# Time.

instants = st.datetimes(
    datetime(2026, 1, 2), datetime(2026, 5, 30), timezones=st.just(UTC)
)
cases = st.lists(
    st.tuples(instants, st.none() | st.integers(0, 60 * 24 * 30)), max_size=12
)


@settings(max_examples=60)
@given(cases, instants, instants)
def test_time_never_forgives(found, one, other):
    early, late = sorted([one, other])
    made = promise(rule(counted_in="opened"))
    log = []
    for opened, minutes in found:
        events = [Event("1", "opened", opened)]
        if minutes is not None:
            closed = opened + timedelta(minutes=minutes)
            events.append(Event("2", "closed", closed))
        log.append(events)
    cases_ = [replace(fact, counted_on=MARCH.start) for fact in judged(made, *log)]
    before, after = (figure(cases_, made, as_of=when) for when in (early, late))
    assert before.n + before.pending == after.n + after.pending == len(found)
    assert before.missed <= after.missed
    assert before.met == after.met

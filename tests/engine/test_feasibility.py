from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from engine.feasibility import (
    History,
    Rung,
    TargetError,
    Trial,
    history,
    ladder,
    limit_ladder,
    strongest_limit,
    strongest_target,
)
from engine.periods import Period, PeriodKind, add_months, period_of

JANUARY = date(2024, 1, 1)
ORDERED = (">=", "<=", ">", "<")


def month(index: int) -> Period:
    return period_of(add_months(JANUARY, index), PeriodKind.MONTH)


def trials_of(*values: object, n: int = 50) -> list[Trial]:
    return [
        Trial(month(index), None if value is None else Fraction(str(value)), n)
        for index, value in enumerate(values)
    ]


@st.composite
def trials(draw: st.DrawFn, *, least: int = 0) -> list[Trial]:
    """Few different values, so that ties are many."""
    values = st.none() | st.fractions(0, 100, max_denominator=4)
    drawn = draw(
        st.lists(st.tuples(values, st.integers(0, 40)), min_size=least, max_size=16)
    )
    return [Trial(month(index), *pair) for index, pair in enumerate(drawn)]


@st.composite
def past_cases(draw: st.DrawFn) -> dict[Period, list[int | None]]:
    spent = st.lists(st.none() | st.integers(0, 30), max_size=8)
    return {
        month(index): cases
        for index, cases in enumerate(draw(st.lists(spent, max_size=6)))
    }


shares = st.decimals(Decimal("0.5"), 100, places=1)
parts = st.fractions(Fraction(1, 20), 1)
steps = st.sampled_from([Decimal("0.1"), Decimal("0.5"), Decimal(1), Decimal(5)])


# What a target would have given


def test_history_tells_kept_from_missed_and_from_what_cannot_be_told():
    past = trials_of(95, None, "94.99", 97)
    few = Trial(month(9), Fraction(100), 19)
    assert history([*past, few], ">=", Decimal(95), minimum_sample=20) == History(
        kept=(past[0], past[3]), missed=(past[2],), not_evaluated=(past[1], few)
    )


def test_history_evaluates_a_sample_that_is_just_large_enough():
    (trial,) = trials_of(95, n=20)
    assert history([trial], ">=", Decimal(95), minimum_sample=20).evaluated == 1
    assert history([trial], ">=", Decimal(95), minimum_sample=21).evaluated == 0


@pytest.mark.parametrize(
    ("comparator", "kept"),
    [(">=", [8, 9]), ("<=", [7, 8]), ("=", [8]), (">", [9]), ("<", [7])],
)
def test_history_knows_every_comparator(comparator, kept):
    found = history(trials_of(7, 8, 9), comparator, Decimal(8))
    assert [trial.value for trial in found.kept] == kept
    assert found.evaluated == 3


@given(trials(), st.sampled_from(ORDERED), st.fractions(0, 100), st.integers(0, 40))
def test_history_loses_no_period(past, comparator, target, minimum):
    found = history(past, comparator, target, minimum_sample=minimum)
    parted = [*found.kept, *found.missed, *found.not_evaluated]
    assert sorted(parted, key=lambda trial: trial.period) == past


# The strongest target


def enough(past: list[Trial], comparator: str, target: Fraction, share: Fraction):
    found = history(past, comparator, target)
    return len(found.kept) >= share * found.evaluated


def stronger(comparator: str, one: Fraction, other: Fraction) -> bool:
    return one > other if comparator in {">=", ">"} else one < other


@given(trials(), st.sampled_from([">=", "<="]), parts)
def test_the_strongest_target_is_kept_often_enough_and_no_stronger_one_is(
    past, comparator, share
):
    found = strongest_target(past, comparator, kept_in=share)
    values = {trial.value for trial in past if trial.value is not None}
    if not values:
        assert found is None
        return
    assert enough(past, comparator, found, share)
    assert not any(
        enough(past, comparator, value, share)
        for value in values
        if stronger(comparator, value, found)
    )
    little = Fraction(1 if comparator == ">=" else -1, 10**9)
    assert not enough(past, comparator, found + little, share)


@given(trials(), st.sampled_from(ORDERED), parts, steps)
def test_a_rounded_target_is_still_kept_and_the_next_step_is_not(
    past, comparator, share, step
):
    found = strongest_target(past, comparator, kept_in=share, step=step)
    if found is None:
        return
    size = Fraction(step)
    assert (found / size).denominator == 1
    assert enough(past, comparator, found, share)
    towards = size if comparator in {">=", ">"} else -size
    assert not enough(past, comparator, found + towards, share)


@given(trials(), st.sampled_from(ORDERED), steps, st.randoms(), st.integers(0, 40))
def test_the_order_of_the_periods_does_not_matter(
    past, comparator, step, random, minimum
):
    shuffled = random.sample(past, len(past))
    assert strongest_target(
        past, comparator, step=step, minimum_sample=minimum
    ) == strongest_target(shuffled, comparator, step=step, minimum_sample=minimum)


@given(trials(least=1), st.sampled_from([">=", "<="]), parts, parts)
def test_asking_for_more_periods_never_makes_a_target_stronger(
    past, comparator, one, other
):
    few, many = sorted([one, other])
    bold = strongest_target(past, comparator, kept_in=few)
    careful = strongest_target(past, comparator, kept_in=many)
    assert (bold is None) == (careful is None)
    assert bold is None or not stronger(comparator, careful, bold)


@given(trials(), st.integers(1, 40))
def test_small_samples_have_no_say(past, minimum):
    large = [trial for trial in past if trial.n >= minimum]
    assert strongest_target(past, ">=", minimum_sample=minimum) == strongest_target(
        large, ">="
    )


@pytest.mark.parametrize(
    ("comparator", "step", "expected"),
    [
        # Ten months from 91 to 100: nine of them reach 92, nine do not exceed 99.
        (">=", None, 92),
        ("<=", None, 99),
        (">=", 5, 90),
        ("<=", 5, 100),
        (">=", 1, 92),
        ("<=", 1, 99),
        (">", 1, 91),
        ("<", 1, 100),
        (">", 5, 90),
        ("<", 5, 100),
    ],
)
def test_strongest_targets_by_hand(comparator, step, expected):
    past = trials_of(*range(91, 101))
    step = None if step is None else Decimal(step)
    assert strongest_target(past, comparator, step=step) == expected


def test_nine_periods_in_ten_unless_told():
    past = trials_of(*range(1, 21))
    assert strongest_target(past, ">=") == 3
    spent = {month(index): [index + 1] for index in range(20)}
    assert strongest_limit(spent, Decimal(100)) == 18


def test_a_count_of_nothing_has_its_say():
    past = [Trial(month(0), Fraction(0), 0)]
    assert history(past, ">=", Decimal(1)).missed == tuple(past)
    assert strongest_target(past, ">=") == 0
    assert [rung.evaluated for rung in ladder(past, ">=", 1, step=Decimal(1))] == [
        1
    ] * 5


def test_equal_months_are_kept_together():
    past = trials_of(90, 95, 95, 95)
    assert strongest_target(past, ">=", kept_in=Fraction(1, 4)) == 95
    assert len(history(past, ">=", Fraction(95)).kept) == 3


def test_every_month_means_the_worst():
    past = trials_of(90, 95, None, 97)
    assert strongest_target(past, ">=", kept_in=Fraction(1)) == 90
    assert strongest_target(past, "<=", kept_in=Fraction(1)) == 97


@pytest.mark.parametrize("past", [[], trials_of(None, None)])
def test_nothing_to_go_by(past):
    assert strongest_target(past, ">=") is None
    assert strongest_target(past, "<", step=Decimal(1)) is None


@pytest.mark.parametrize(
    ("comparator", "options", "words"),
    [
        ("=", {}, "no order of strength for '='"),
        ("~", {}, "no order of strength"),
        (">", {}, "no target is the strongest for '>' without a step"),
        ("<", {}, "without a step"),
        (">=", {"kept_in": Fraction(0)}, "share of periods"),
        (">=", {"kept_in": Fraction(90)}, "share of periods"),
        (">=", {"step": Decimal(0)}, "step must be above 0: 0"),
        (">=", {"step": Decimal(-1)}, "step must be above 0: -1"),
    ],
)
def test_targets_that_cannot_be_sought(comparator, options, words):
    with pytest.raises(TargetError, match=words):
        strongest_target(trials_of(1, 2), comparator, **options)


# Limits


def enough_within(
    past: dict[Period, list[int | None]], share: Decimal, limit: int, part: Fraction
) -> bool:
    periods = [cases for cases in past.values() if cases]
    kept = [
        cases
        for cases in periods
        if 100 * sum(spent is not None and spent <= limit for spent in cases)
        >= Fraction(share) * len(cases)
    ]
    return len(kept) >= part * len(periods)


@given(past_cases(), shares, parts)
def test_the_strongest_limit_is_the_first_that_is_long_enough(past, share, part):
    found = strongest_limit(past, share, kept_in=part)
    possible = [limit for limit in range(31) if enough_within(past, share, limit, part)]
    if not any(past.values()):
        assert found is None
    else:
        assert found == (possible[0] if possible else None)


@given(past_cases(), shares, parts, st.integers(1, 9))
def test_a_rounded_limit_is_a_multiple_and_no_shorter(past, share, part, step):
    exact = strongest_limit(past, share, kept_in=part)
    found = strongest_limit(past, share, kept_in=part, step=step)
    assert (found is None) == (exact is None)
    if found is not None:
        assert found % step == 0
        assert exact <= found < exact + step


@given(past_cases(), shares, parts, st.randoms())
def test_the_order_of_cases_and_periods_does_not_matter(past, share, part, random):
    shuffled = {
        period: random.sample(past[period], len(past[period]))
        for period in random.sample(list(past), len(past))
    }
    assert strongest_limit(past, share, kept_in=part) == strongest_limit(
        shuffled, share, kept_in=part
    )


@given(past_cases(), shares, shares)
def test_a_larger_share_never_makes_a_limit_shorter(past, one, other):
    few, many = sorted([one, other])
    short, long = strongest_limit(past, few), strongest_limit(past, many)
    assert long is None or short <= long


@given(past_cases(), shares, st.integers(1, 8))
def test_months_with_few_cases_have_no_say_in_limits(past, share, minimum):
    large = {period: cases for period, cases in past.items() if len(cases) >= minimum}
    assert strongest_limit(past, share, minimum_sample=minimum) == strongest_limit(
        large, share
    )


def test_a_limit_by_hand():
    """Nineteen of twenty cases, in both months; one case never finished."""
    past = {month(0): [*range(1, 20), None], month(1): [3] * 19 + [40]}
    assert strongest_limit(past, Decimal(95), kept_in=Fraction(1)) == 19
    assert strongest_limit(past, Decimal(95), kept_in=Fraction(1, 2)) == 3
    assert strongest_limit(past, Decimal(95), kept_in=Fraction(1), step=5) == 20
    assert strongest_limit(past, Decimal(100), kept_in=Fraction(1)) is None
    assert strongest_limit(past, Decimal(100), kept_in=Fraction(1, 2)) == 40


@pytest.mark.parametrize("past", [{}, {month(0): []}])
def test_no_cases_give_no_limit(past):
    assert strongest_limit(past, Decimal(95)) is None


@pytest.mark.parametrize(
    ("share", "options", "words"),
    [
        ("0", {}, "share of cases lies above 0 and is at most 100: 0"),
        ("100.1", {}, "share of cases"),
        ("95", {"step": 0}, "step must be above 0"),
        ("95", {"kept_in": Fraction(2)}, "share of periods"),
    ],
)
def test_limits_that_cannot_be_sought(share, options, words):
    with pytest.raises(TargetError, match=words):
        strongest_limit({month(0): [1]}, Decimal(share), **options)


# Ladders


def test_a_ladder_of_shares_stops_at_a_hundred():
    past = trials_of(*[96] * 19, *[93] * 4, 92, None)
    assert ladder(
        past, ">=", Decimal(98), step=Decimal(3), rungs=2, most=Decimal(100)
    ) == (
        Rung(Fraction(98), 0, 24),
        Rung(Fraction(95), 19, 24),
        Rung(Fraction(92), 24, 24),
    )


def test_a_ladder_of_times_stops_at_nothing():
    past = trials_of(1, 2, 3)
    found = ladder(past, "<=", Decimal(1), step=Decimal(1), least=Decimal(0))
    assert [(rung.target, rung.kept) for rung in found] == [
        (0, 0),
        (1, 1),
        (2, 2),
        (3, 3),
    ]


def test_the_ends_of_a_ladder_are_on_it():
    found = ladder(
        trials_of(1),
        ">=",
        Decimal(2),
        step=Decimal(1),
        least=Decimal(1),
        most=Decimal(3),
    )
    assert [rung.target for rung in found] == [3, 2, 1]


@given(
    trials(),
    st.sampled_from(ORDERED),
    st.fractions(0, 100),
    steps,
    st.integers(0, 4),
    st.integers(0, 40),
)
def test_weaker_rungs_are_kept_no_less_often(
    past, comparator, around, step, rungs, minimum
):
    found = ladder(
        past, comparator, around, step=step, rungs=rungs, minimum_sample=minimum
    )
    assert len(found) == 2 * rungs + 1
    assert found[rungs].target == around
    assert [rung.kept for rung in found] == sorted(rung.kept for rung in found)
    for rung in found:
        told = history(past, comparator, rung.target, minimum_sample=minimum)
        assert (rung.kept, rung.evaluated) == (len(told.kept), told.evaluated)


@given(past_cases(), shares, st.integers(0, 30), st.integers(1, 5), st.integers(0, 4))
def test_longer_limits_are_kept_no_less_often(past, share, around, step, rungs):
    found = limit_ladder(past, share, around, step=step, rungs=rungs)
    assert [rung.kept for rung in found] == sorted(rung.kept for rung in found)
    assert [rung.target for rung in found] == [
        around + place * step
        for place in range(-rungs, rungs + 1)
        if around + place * step >= 0
    ]
    for rung in found:
        assert rung.evaluated == sum(1 for cases in past.values() if cases)
        part = Fraction(rung.kept, rung.evaluated) if rung.evaluated else Fraction(1)
        assert enough_within(past, share, int(rung.target), part)
        beyond = Fraction(rung.kept + 1, max(rung.evaluated, 1))
        assert not rung.evaluated or not enough_within(
            past, share, int(rung.target), beyond
        )


def test_a_ladder_of_limits_by_hand():
    past = {month(0): [1, 2, 3, 4], month(1): [3, 3, 3, None], month(2): [9]}
    assert limit_ladder(past, Decimal(75), 3, rungs=1, minimum_sample=2) == (
        Rung(Fraction(2), 0, 2),
        Rung(Fraction(3), 2, 2),
        Rung(Fraction(4), 2, 2),
    )


def test_a_ladder_has_two_rungs_on_either_side_unless_told():
    assert len(ladder(trials_of(1), ">=", Decimal(9), step=Decimal(1))) == 5
    assert len(limit_ladder({month(0): [1]}, Decimal(50), 9)) == 5


def test_ladders_that_cannot_be_climbed():
    with pytest.raises(TargetError, match="order of strength"):
        ladder([], "=", Decimal(1), step=Decimal(1))
    with pytest.raises(TargetError, match="step"):
        ladder([], ">=", Decimal(1), step=Decimal(0))
    with pytest.raises(TargetError, match="step"):
        limit_ladder({}, Decimal(95), 3, step=0)
    with pytest.raises(TargetError, match="share of cases"):
        limit_ladder({}, Decimal(0), 3)

import math
from decimal import (
    ROUND_UP,
    Context,
    Decimal,
    getcontext,
    localcontext,
    setcontext,
)
from fractions import Fraction
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, strategies as st

from engine.statistics import (
    NetPromoterScore,
    QuantileMethod,
    Z,
    mean_interval,
    nps,
    nps_interval,
    quantile,
    sample_deviation,
    student_t,
    wilson,
)

decimals = st.decimals(-1000, 1000, places=3)
methods = st.sampled_from(QuantileMethod)


def sums(values: list[Decimal]) -> tuple[int, Fraction, Fraction]:
    exact = [Fraction(value) for value in values]
    return len(exact), sum(exact, Fraction(0)), sum(x * x for x in exact)


# Shares


@given(st.integers(1, 10**6), st.data())
def test_wilson_ends_are_as_far_from_the_share_as_the_score_test_allows(n, data):
    """Each end x solves (p - x)² = z² x (1 - x) / n: the test turned inside out."""
    met = data.draw(st.integers(0, n))
    share, z = Fraction(met, n), Fraction(Z)
    ends = wilson(Fraction(met), Fraction(n))
    for end, first in zip(ends, (True, False), strict=True):
        x = Fraction(end) / 100
        assert (x <= share + Fraction(1, 10**12)) if first else x >= share
        gap = (share - x) ** 2 - z * z * x * (1 - x) / n
        slope = abs(-2 * (share - x) - z * z * (1 - 2 * x) / n)
        # The end is rounded at its tenth decimal of a percentage.
        assert abs(gap) <= slope * Fraction(1, 10**12) + Fraction(1, 10**23)


def test_wilson_cuts_at_the_ends_of_the_scale():
    assert wilson(Fraction(0), Fraction(10))[0] == 0
    assert wilson(Fraction(10), Fraction(10))[1] == 100


def test_wilson_takes_weights_that_are_no_whole_numbers():
    low, high = wilson(Fraction(5, 2), Fraction(5))
    assert low + high == 100
    assert low < 50 < high


def test_wilson_of_nothing_is_nothing():
    assert wilson(Fraction(0), Fraction(0)) == (None, None)


def test_the_normal_percentile_is_right_to_the_last_digit():
    theirs = NormalDist().inv_cdf(0.975)
    assert Decimal(theirs).quantize(Decimal("1e-15")) == Z


# Quantiles


@given(st.lists(decimals, min_size=1), st.fractions(0, 1), methods, st.randoms())
def test_quantiles_stay_within_the_values_in_any_order(values, share, method, random):
    found = quantile(values, share, method)
    assert Fraction(min(values)) <= found <= Fraction(max(values))
    shuffled = random.sample(values, len(values))
    assert quantile(shuffled, share, method) == found


@given(st.lists(decimals, min_size=1), st.fractions(0, 1), st.fractions(0, 1), methods)
def test_quantiles_rise_with_the_share(values, one, other, method):
    low, high = sorted([one, other])
    assert quantile(values, low, method) <= quantile(values, high, method)


@given(st.lists(decimals, min_size=1), methods)
def test_the_ends_are_the_least_and_the_greatest(values, method):
    assert quantile(values, Fraction(0), method) == Fraction(min(values))
    assert quantile(values, Fraction(1), method) == Fraction(max(values))


@given(
    st.lists(st.integers(-1000, 1000), min_size=1, max_size=60),
    st.integers(0, 64),
    methods,
)
def test_quantiles_agree_with_numpy(values, part, method):
    """Whole numbers and shares in 64ths: NumPy's floats are exact, or very nearly."""
    found = quantile([Decimal(x) for x in values], Fraction(part, 64), method)
    theirs = np.quantile(values, part / 64, method=method.value)
    assert float(found) == pytest.approx(float(theirs), rel=0, abs=1e-9)


@given(st.lists(decimals, min_size=1), st.fractions(0, 1))
def test_the_default_is_linear(values, share):
    assert quantile(values, share) == quantile(values, share, QuantileMethod.LINEAR)


@given(st.lists(decimals, min_size=1), st.fractions(0, 1))
def test_nearest_rank_is_the_smallest_value_that_the_share_does_not_exceed(
    values, share
):
    found = quantile(values, share, QuantileMethod.INVERTED_CDF)
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < share * len(values) or found == min(
        values
    )


@pytest.mark.parametrize("method", QuantileMethod)
def test_no_values_have_no_quantile(method):
    with pytest.raises(IndexError):
        quantile([], Fraction(1, 2), method)


@pytest.mark.parametrize("share", [Fraction(-1, 10**9), 1 + Fraction(1, 10**9), 95])
def test_a_share_is_no_percentage(share):
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantile([Decimal(1)], share)


# Net promoter score


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_nps_is_the_mean_of_plus_and_minus_a_hundred(promoters, passives, detractors):
    answers = [100] * promoters + [0] * passives + [-100] * detractors
    found = nps(promoters, passives, detractors)
    assert nps_interval(promoters, passives, detractors) == (found.low, found.high)
    if not answers:
        assert found == NetPromoterScore(None, None, None, None)
        return
    assert found.value == Fraction(sum(answers), len(answers))
    deviation = float(np.std(answers)) / math.sqrt(len(answers))
    assert float(found.standard_error) == pytest.approx(deviation, abs=1e-9)
    assert -100 <= found.low <= found.value <= found.high <= 100
    for end, sign in ((found.low, -1), (found.high, 1)):
        plain = float(found.value) + sign * float(Z) * deviation
        assert float(end) == pytest.approx(max(-100, min(100, plain)), abs=1e-8)


def test_nps_interval_is_cut_at_the_ends_of_the_scale():
    assert nps(9, 0, 1).high == 100
    assert nps(1, 0, 9).low == -100
    assert nps(9, 0, 1).low == -nps(1, 0, 9).high


# Means


@given(st.lists(decimals, min_size=2, max_size=50))
def test_the_interval_lies_evenly_about_the_mean(values):
    n, total, squares = sums(values)
    low, high = mean_interval(n, total, squares)
    assert abs(Fraction(low + high) / 2 - total / n) <= Fraction(1, 10**10)
    deviation = float(np.std([float(x) for x in values], ddof=1))
    found = sample_deviation(n, total, squares)
    assert float(found) == pytest.approx(deviation, abs=1e-8)
    half = float(student_t(n - 1)) * deviation / math.sqrt(n)
    assert float(high - low) / 2 == pytest.approx(half, rel=1e-6, abs=1e-6)


def test_a_mean_of_two_by_hand():
    # 7 and 9: deviation √2, error 1, and t of one degree of freedom.
    assert mean_interval(*sums([Decimal(7), Decimal(9)])) == (
        Decimal("-4.7062047362"),
        Decimal("20.7062047362"),
    )
    assert sample_deviation(*sums([Decimal(7), Decimal(9)])) == Decimal("1.4142135624")


def test_equal_values_leave_no_doubt():
    assert mean_interval(*sums([Decimal(8)] * 5)) == (8, 8)
    assert sample_deviation(*sums([Decimal(8)] * 5)) == 0


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_values_have_no_spread(n):
    total = Fraction(8 * n)
    assert mean_interval(n, total, total * 8) == (None, None)
    assert sample_deviation(n, total, total * 8) is None


def test_impossible_sums_are_refused():
    with pytest.raises(ValueError, match="no numbers"):
        mean_interval(2, Fraction(10), Fraction(49))
    with pytest.raises(ValueError, match="no numbers"):
        sample_deviation(2, Fraction(10), Fraction(49))


# Student's distribution


@pytest.mark.parametrize(
    ("df", "expected"),
    [
        # Roots of the incomplete beta function, by mpmath with 40 digits.
        (1, "12.70620473617470464602"),
        (2, "4.30265272974946385232"),
        (3, "3.18244630528370959272"),
        (10, "2.22813885198627474840"),
        (1000, "1.96233908082640848500"),
        (1001, "1.96233670528087991848"),
        (2687, "1.96084724543021026993"),
        (10**6, "1.95996635681410703526"),
    ],
)
def test_student_percentiles(df, expected):
    assert student_t(df) == Decimal(expected)


@pytest.mark.parametrize("df", [*range(2, 60, 2), 998, 1000, 1002, 1004, 5000])
def test_student_percentiles_by_the_finite_sum(df):
    """For even degrees of freedom the probability is a finite sum (A&S 26.7.4)."""
    with localcontext(Context(prec=50)):
        t = student_t(df)
        cosine = 1 / (1 + t * t / df)
        term = total = Decimal(1)
        for k in range(2, df, 2):
            term *= cosine * (k - 1) / k
            total += term
        probability = (1 - cosine).sqrt() * total
        assert abs(probability - Decimal("0.95")) < Decimal("1e-19")


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_student_falls_to_the_normal_percentile(one, other):
    few, many = sorted([one, other])
    assert student_t(few) >= student_t(many) > Z


def test_student_needs_a_degree_of_freedom():
    with pytest.raises(ValueError, match="no degrees"):
        student_t(0)


# The same digits whatever the caller's context


def test_the_callers_context_does_not_matter():
    def all_of_them() -> list[object]:
        student_t.cache_clear()
        return [
            wilson(Fraction(2), Fraction(3)),
            nps(5, 3, 2),
            sample_deviation(3, Fraction(10), Fraction(40)),
            mean_interval(3, Fraction(10), Fraction(40)),
            student_t(7),
            student_t(1007),
        ]

    usual = all_of_them()
    before = getcontext()
    try:
        setcontext(Context(prec=3, rounding=ROUND_UP))
        assert all_of_them() == usual
    finally:
        setcontext(before)

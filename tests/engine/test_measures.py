import math
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace

import pytest
from hypothesis import given, strategies as st

from engine.measures import (
    FIGURES,
    Kind,
    Tally,
    figure_of,
    meets,
    quantile,
    unit_size,
    wilson,
)
from engine.worktime import Unit

SETTINGS = SimpleNamespace(
    at_least=Decimal(8),
    percentile=Decimal(90),
    duration_unit=Unit.WORKING_DAYS,
    as_percent=True,
)


def tally(*values: object, met: int = 0) -> Tally:
    found = Tally()
    for index, value in enumerate(values):
        found.add(met=index < met, value=Decimal(str(value)), base=Decimal(2))
    return found


def test_every_kind_has_its_arithmetic():
    assert set(FIGURES) == set(Kind)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.COUNT])
def test_no_cases_give_no_value(kind):
    assert figure_of(kind, Tally(), SETTINGS).value is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.SHARE_WITHIN_LIMIT, Fraction(200, 3)),
        (Kind.EVERY_CASE_WITHIN_LIMIT, Fraction(200, 3)),
        (Kind.MEAN_DURATION, Fraction(8)),
        (Kind.MEDIAN_DURATION, Fraction(9)),
        (Kind.PERCENTILE_DURATION, Fraction(98, 10)),
        (Kind.SATISFACTION_MEAN, Fraction(8)),
        (Kind.SHARE_AT_OR_ABOVE, Fraction(200, 3)),
        (Kind.NPS, Fraction(100, 3)),
        (Kind.RATIO, Fraction(400)),
        (Kind.COUNT, Fraction(24)),
    ],
)
def test_each_kind_by_hand(kind, value):
    assert figure_of(kind, tally(9, 5, 10, met=2), SETTINGS).value == value


def test_nothing_counted_is_zero():
    assert figure_of(Kind.COUNT, Tally(), SETTINGS).value == 0


def test_a_ratio_need_not_be_a_percentage():
    plain = SimpleNamespace(**{**vars(SETTINGS), "as_percent": False})
    assert figure_of(Kind.RATIO, tally(1, 2), plain).value == Fraction(3, 4)


@pytest.mark.parametrize(
    ("value", "comparator", "target", "kept"),
    [
        ("77", ">=", "77", True),
        ("7.93", ">=", "8", False),
        ("94.99999999", ">=", "95", False),
        ("262", "<=", "180", False),
        ("3.30", "<=", "10", True),
        ("100", "=", "100", True),
        ("99.99", "=", "100", False),
        ("8", ">", "8", False),
        ("6", "<", "6", False),
        ("5.99", "<", "6", True),
    ],
)
def test_values_are_compared_unrounded(value, comparator, target, kept):
    assert meets(Fraction(value), comparator, Decimal(target)) is kept


def test_an_unknown_comparator_is_no_verdict():
    with pytest.raises(KeyError):
        meets(Fraction(1), "~", Decimal(1))


@given(st.integers(1, 10**6), st.data())
def test_wilson_holds_the_share_and_agrees_with_floats(n, data):
    met = data.draw(st.integers(0, n))
    low, high = wilson(Fraction(met), Fraction(n))
    z, p = 1.959963984540054, met / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    spread = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    assert float(low) == pytest.approx(max(0, centre - spread) * 100, abs=1e-7)
    assert float(high) == pytest.approx(min(1, centre + spread) * 100, abs=1e-7)
    assert 0 <= low <= Decimal(met) * 100 / n + Decimal("1e-9")
    assert Decimal(met) * 100 / n - Decimal("1e-9") <= high <= 100


def test_wilson_of_nothing_is_nothing():
    assert wilson(Fraction(0), Fraction(0)) == (None, None)


@given(st.lists(st.decimals(0, 1000, places=2), min_size=1), st.fractions(0, 1))
def test_quantiles_stay_within_the_values(values, share):
    found = quantile(values, share)
    assert Fraction(min(values)) <= found <= Fraction(max(values))
    assert quantile(values, Fraction(0)) == Fraction(min(values))
    assert quantile(values, Fraction(1)) == Fraction(max(values))


@pytest.mark.parametrize(
    ("unit", "microseconds"),
    [
        (Unit.ELAPSED_SECONDS, 10**6),
        (Unit.OPEN_MINUTES, 60 * 10**6),
        (Unit.LEGAL_HOURS, 3600 * 10**6),
        (Unit.ELAPSED_DAYS, 86_400 * 10**6),
        (Unit.WORKING_DAYS, 1),
    ],
)
def test_units_have_their_size(unit, microseconds):
    assert unit_size(unit) == microseconds

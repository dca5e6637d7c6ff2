from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from engine.periods import (
    PeriodError,
    PeriodKind,
    add_months,
    parse_period,
    period_of,
    periods_between,
)

days = st.dates(date(1990, 1, 1), date(2100, 12, 31))
kinds = st.sampled_from(PeriodKind)


@pytest.mark.parametrize(
    ("month", "quarter"),
    [
        *[(1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (6, 2)],
        *[(7, 3), (8, 3), (9, 3), (10, 4), (11, 4), (12, 4)],
    ],
)
def test_every_month_is_in_its_quarter(month, quarter):
    period = period_of(date(2026, month, 15), PeriodKind.QUARTER)
    assert period.label == f"2026-Q{quarter}"


@given(days, kinds)
def test_a_day_is_in_its_period_and_in_no_neighbour(day, kind):
    period = period_of(day, kind)
    assert day in period
    assert day not in period_of(period.end, kind)
    assert period_of(period.start, kind) == period
    assert add_months(period.start, kind.months) == period.end


@given(days, kinds)
def test_a_label_reads_back(day, kind):
    period = period_of(day, kind)
    assert parse_period(period.label) == period


@given(days, days, kinds)
def test_periods_between_touch_without_gap_or_overlap(one, other, kind):
    start, end = sorted([one, other])
    found = list(periods_between(start, end, kind))
    assert all(one.end == two.start for one, two in pairwise(found))
    if start < end:
        assert start in found[0]
        assert found[-1].start < end <= found[-1].end
    else:
        assert found == []


@pytest.mark.parametrize(
    "label", ["", "x", "2026-Q5", "2026-S3", "2026-13", "2026-00", "2026-Q", "0-1"]
)
def test_what_is_no_period_is_refused(label):
    with pytest.raises(PeriodError, match="not a period"):
        parse_period(label)

"""What declared numbers make, and what they say of a target."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from engine.compliance import Status
from engine.declared import (
    BY_PARTS,
    Declared,
    DeclaredError,
    figure_of_declared,
    judge_declared,
)
from engine.measures import Kind
from engine.periods import Period, PeriodKind
from engine.rules import Rule, RuleError
from engine.statistics import wilson

D = Decimal
QUARTER = Period(date(2026, 1, 1), date(2026, 4, 1), PeriodKind.QUARTER)


def rule(kind="share_within_limit", comparator=">=", target="95", **definition) -> Rule:
    return Rule.from_definition(
        kind,
        {"declared": True} | definition,
        comparator=comparator,
        target=None if target is None else D(target),
    )


def parts(numerator, denominator, n=None) -> Declared:
    return Declared(
        int(denominator) if n is None else n,
        numerator=D(numerator),
        denominator=D(denominator),
    )


def judged(said: Declared, under: Rule, *, suspended: bool = False):
    return judge_declared(said, under, QUARTER, suspended=suspended)


def fault(said: Declared, under: Rule) -> str:
    with pytest.raises(DeclaredError) as caught:
        figure_of_declared(said, under)
    return caught.value.code


SCALE = {"scale": {"min": "0", "max": "10"}}


@given(st.integers(0, 500), st.integers(1, 500), st.integers(0, 100))
def test_a_share_is_compared_as_the_fraction_it_is(good, more, target):
    whole = good + more
    found = judged(parts(good, whole), rule(target=str(target)))
    figure = found.figure
    assert (figure.n, figure.met, figure.missed) == (whole, good, more)
    assert figure.value == Fraction(100 * good, whole)
    assert (figure.low, figure.high) == wilson(Fraction(good), Fraction(whole))
    kept = Fraction(100 * good, whole) >= target
    assert found.status is (Status.MET if kept else Status.UNMET)


def test_what_is_shown_as_the_target_and_is_less_is_unmet():
    assert judged(parts(9496, 10_000), rule(target="94.97")).status is Status.UNMET
    value = Declared(10_000, value=D("94.999999999999"))
    assert judged(value, rule()).status is Status.UNMET


def test_without_its_parts_a_share_has_no_interval():
    figure = judged(Declared(200, value=D("96.5")), rule()).figure
    assert (figure.value, figure.n) == (Fraction(193, 2), 200)
    assert (figure.low, figure.high, figure.met, figure.missed) == (None, None, 0, 0)


@pytest.mark.parametrize("kind", sorted(BY_PARTS))
def test_only_shares_of_like_things_have_an_interval(kind):
    more = {"due": {"on": "2026-03-31"}} if kind is Kind.MILESTONE else {}
    if kind is Kind.SHARE_AT_OR_ABOVE:
        more = SCALE | {"at_least": "7"}
    figure = figure_of_declared(parts(1, 1), rule(kind, **more))
    assert (figure.low is not None) is kind.is_share


def test_too_few_are_no_verdict():
    few = rule(minimum_sample=20)
    assert judged(parts(19, 19), few).status is Status.TOO_FEW_CASES
    assert judged(parts(20, 20), few).status is Status.MET


def test_without_a_target_there_is_no_verdict():
    assert judged(parts(1, 2), rule(target=None)).status is Status.NOT_EVALUATED


def test_two_targets_in_one_period_are_no_verdict():
    dated = [{"from": "2026-02-01", "comparator": ">=", "target": "50"}]
    assert judged(parts(99, 100), rule(targets=dated)).status is Status.NOT_EVALUATED


def test_a_suspension_leaves_no_verdict():
    found = judged(parts(99, 100), rule(), suspended=True)
    assert (found.status, found.figure.value) == (Status.SUSPENDED, Fraction(99))


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (Declared(5), "parts_or_value"),
        (Declared(5, value=D(1), numerator=D(1), denominator=D(2)), "parts_or_value"),
        (Declared(5, numerator=D(1)), "parts_or_value"),
        (Declared(0, value=D(90)), "over_nothing"),
        (parts(0, 0, n=3), "over_nothing"),
        (parts(-1, 3), "over_nothing"),
        (parts(4, 3), "part_above_whole"),
        (parts("1.5", 3), "whole"),
        (parts(1, 3, n=4), "n_is_whole"),
        (Declared(5, value=D("100.1")), "out_of_range"),
        (Declared(5, value=D("-0.1")), "out_of_range"),
    ],
)
def test_numbers_that_make_no_share(said, code):
    assert fault(said, rule()) == code


@pytest.mark.parametrize(
    ("kind", "value", "more"),
    [
        ("satisfaction_mean", "10.1", SCALE),
        ("nps", "-100.1", SCALE),
        ("mean_duration", "-1", {"unit": "working_days"}),
        ("count", "-1", {}),
        ("ratio", "-0.1", {}),
        ("availability", "100.5", {}),
    ],
)
def test_values_that_no_figure_has(kind, value, more):
    assert fault(Declared(5, value=D(value)), rule(kind, **more)) == "out_of_range"


@pytest.mark.parametrize(
    ("kind", "value", "more"),
    [
        ("satisfaction_mean", "7.93", SCALE),
        ("nps", "-12", SCALE),
        ("median_duration", "12.5", {"unit": "working_days"}),
        ("count", "36", {}),
        ("ratio", "180", {"as_percent": False}),
        ("opening_hours", "1200", {"as_percent": False, "unit": "open_hours"}),
    ],
)
def test_values_of_the_other_kinds(kind, value, more):
    found = judged(Declared(40, value=D(value)), rule(kind, target="8", **more))
    assert (found.figure.value, found.figure.n) == (Fraction(D(value)), 40)
    assert found.figure.low is None
    assert (found.status is Status.MET) is (D(value) >= 8)


def test_a_ratio_of_two_numbers():
    found = judged(parts(3, "1.5", n=7), rule("ratio", as_percent=False, target="2"))
    assert (found.figure.value, found.figure.n, found.status) == (2, 7, Status.MET)
    assert judged(parts(3, 1, n=7), rule("ratio")).figure.value == 300
    assert fault(parts(3, 2), rule("availability")) == "part_above_whole"


def test_a_mean_has_no_parts():
    assert fault(parts(3, 4), rule("satisfaction_mean", **SCALE)) == "parts_or_value"


def test_a_milestone_is_told_by_its_dates():
    done = rule("milestone", due={"on": "2026-03-31"}, target="100")
    assert fault(Declared(1, value=D(100)), done) == "parts"
    assert judged(parts(1, 1), done).status is Status.MET
    assert judged(parts(0, 1), done).status is Status.UNMET


def test_a_trend_is_never_declared():
    with pytest.raises(RuleError, match="trend"):
        rule("trend", of={"kind": "count"})
    measured = Rule.from_definition(
        "trend",
        {"of": {"kind": "count", "numerator": {"opened": 1}}},
        comparator=None,
        target=None,
    )
    assert fault(Declared(5, value=D(1)), measured) == "never"


def test_a_declared_rule_names_no_event_and_needs_no_calendar():
    found = rule("mean_duration", unit="working_days")
    assert found.declared
    assert found.event_types() == frozenset()
    assert found.attributes() == frozenset()
    assert not found.needs_calendar


def test_a_measured_rule_continues_its_series():
    measured = Rule.from_definition(
        "share_within_limit",
        {
            "start": {"types": ["opened"]},
            "stop": {"types": ["closed"]},
            "limit": {"amount": "10", "unit": "working_days"},
        },
        comparator=">=",
        target=D(95),
    )
    assert measured.series == rule().series

import json
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from engine.measures import Kind, Score, Tally, meets, unit_size
from engine.worktime import Unit


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


scores = st.decimals(0, 10, places=2)
tallies = st.builds(
    Tally,
    met=st.integers(0, 9),
    missed=st.integers(0, 9),
    counted=st.integers(0, 9),
    not_computable=st.integers(0, 9),
    open=st.dictionaries(
        st.none() | st.integers(1, 10**17), st.integers(1, 5), max_size=3
    ).map(Counter),
    excluded=st.dictionaries(st.text(max_size=4), st.integers(1, 5), max_size=3).map(
        Counter
    ),
    total=st.decimals(-(10**9), 10**9, places=12),
    base=st.decimals(0, 10**9, places=12),
    scores=st.dictionaries(
        scores, st.builds(Score, st.integers(1, 9), st.decimals(1, 9, places=3))
    ),
    last_event=st.none() | st.integers(0, 10**17),
)


def together(*parts: Tally) -> Tally:
    whole = Tally()
    for part in parts:
        whole.add(part)
    return whole


@given(tallies)
def test_a_tally_survives_json(tally):
    read = Tally.from_json(json.loads(json.dumps(tally.as_json())))
    assert read == tally


@given(tallies)
def test_equal_tallies_give_the_same_bytes(tally):
    turned = replace(tally, open=Counter(dict(reversed(tally.open.items()))))
    assert turned == tally
    assert json.dumps(turned.as_json()) == json.dumps(tally.as_json())


def test_waiting_cases_are_told_by_their_due_instants():
    tally = Tally(open=Counter({9: 1, 3: 2, None: 3}))
    assert tally.as_json()["open"] == [[None, 3], [3, 2], [9, 1]]


def test_a_sum_of_many_digits_survives_json():
    tally = Tally(total=Decimal("1234567890123456789012345.123456789012"))
    assert Tally.from_json(tally.as_json()) == tally


@given(tallies, tallies, tallies)
def test_tallies_add_up_in_any_order(one, two, three):
    whole = together(one, two, three)
    assert whole == together(three, one, two)
    assert whole == together(together(one, two), three)
    assert whole.n == one.n + two.n + three.n


def test_every_kind_says_how_it_is_read():
    for kind in Kind:
        ways = [kind.is_timed, kind.by_answer, kind.by_sum, kind.by_doing, kind.by_span]
        assert sum(ways) == (kind not in {Kind.SHARE_OF_DAYS, Kind.TREND})


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

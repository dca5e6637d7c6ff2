"""The statistics give what NumPy, SciPy, statsmodels and published tables give."""

import csv
import json
from collections import Counter
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from engine.measures import meets
from engine.statistics import (
    QuantileMethod,
    mean_interval,
    nps,
    quantile,
    weighted_mean,
    wilson,
)

pytestmark = pytest.mark.real_data

TEN, SIX = Decimal("1e-10"), Decimal("1e-6")


@pytest.fixture(scope="module")
def oracles(shared_data: Path) -> dict[str, Any]:
    """Read numbers as decimals: no oracle passes through a float of ours."""
    text = (shared_data / "stat_oracles.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text, parse_float=Decimal)
    return found


def shown(value: Fraction, step: Decimal = TEN) -> Decimal:
    places = -int(step.as_tuple().exponent)
    return Decimal(round(value * 10**places)).scaleb(-places)


def test_wilson_of_nineteen_shares(oracles):
    rows = oracles["proportion_ci_95"]
    for row in rows:
        found = wilson(Fraction(row["k"]), Fraction(row["n"]))
        for ours, theirs in zip(found, row["wilson"], strict=True):
            # Theirs is a share with ten decimals, ours a percentage with ten.
            assert abs(ours / 100 - theirs) <= TEN / 2, row
    assert len(rows) == 19


def test_wilson_as_newcombe_printed_it(oracles):
    rows = oracles["newcombe_1998_published"]["rows"]
    for row in rows:
        found = wilson(Fraction(row["k"]), Fraction(row["n"]))
        printed = [(end / 100).quantize(Decimal("1e-4")) for end in found]
        assert printed == row["wilson"], row
    assert len(rows) == 4


def test_quantiles_of_every_method(oracles):
    compared: Counter[str] = Counter()
    for case in oracles["percentiles_hyndman_fan"]["cases"]:
        values = [Decimal(value) for value in case["data"]]
        for percentage, by_method in case["q"].items():
            share = Fraction(percentage) / 100
            for name, expected in by_method.items():
                found = quantile(values, share, QuantileMethod(name))
                assert shown(found) == expected, (case["name"], percentage, name)
                compared[name] += 1
    assert compared == dict.fromkeys(QuantileMethod, 63)


def test_net_promoter_scores(oracles):
    rows = oracles["nps"]
    for row in rows:
        found = nps(row["promoters"], row["passives"], row["detractors"])
        assert shown(found.value) == row["nps"], row
        assert found.standard_error == row["se"], row
        assert [found.low, found.high] == row["ci95_normal"], row
    assert len(rows) == 9


def test_compared_before_rounding(oracles):
    rows = oracles["rounding"]["cases"]
    for row in rows:
        value = Fraction(100 * row["k"], row["n"])
        assert meets(value, ">=", Decimal(95)) is row["meets_95"], row
        assert str(shown(value, Decimal("0.1"))) == row["display_1dp"], row
    assert len(rows) == 3


def test_halves_go_up_on_screen_and_to_even_in_tables(oracles):
    """The two roundings of the standard library are those the oracle means."""
    for row in oracles["rounding"]["half_even_vs_half_up"]:
        x = Decimal(row["x"])
        even = next(row[key] for key in row if key.startswith("half_even"))
        up = next(row[key] for key in row if key.startswith("half_up"))
        assert str(x.quantize(Decimal(even), ROUND_HALF_EVEN)) == even
        assert str(x.quantize(Decimal(up), ROUND_HALF_UP)) == up


def answers(folder: Path, year: int, column: str, scale: range) -> list[Any]:
    file = folder / f"sfo_survey_{year}.csv"
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return [
            (Decimal(row[column]), Decimal(row["WEIGHT"]))
            for row in csv.DictReader(opened)
            if row[column].strip().isdigit() and int(row[column]) in scale
        ]


def survey(folder: Path, year: int) -> dict[str, Any]:
    text = (folder / f"sfo_survey_{year}.expected.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text, parse_float=Decimal)["indicators"]
    return found


@pytest.mark.parametrize("year", [2015, 2017])
def test_airport_surveys_weighted_and_not(shared_data, year):
    expected = survey(shared_data, year)
    found = answers(shared_data, year, "Q7ALL", range(1, 6))
    counts = {int(score): n for score, n in expected["C_counts"].items()}
    assert Counter(int(value) for value, _ in found) == counts
    n = sum(counts.values())
    total = Fraction(sum(score * times for score, times in counts.items()))
    squares = Fraction(sum(score**2 * times for score, times in counts.items()))
    assert shown(total / n, SIX) == expected["A_mean_Q7ALL_unweighted"]
    low, high = mean_interval(n, total, squares)
    assert [low.quantize(SIX), high.quantize(SIX)] == expected["C_mean_ci95_t"]
    assert shown(weighted_mean(found), SIX) == expected["A_mean_Q7ALL_weighted"]
    top = weighted_mean(
        (Decimal(100 * (value >= 4)), weight) for value, weight in found
    )
    assert shown(top, SIX) == expected["B_top2box_weighted_pct"]


def test_airport_promoters_weighted_and_not(shared_data):
    expected = survey(shared_data, 2017)["D_NPS"]
    found = answers(shared_data, 2017, "NETPRO", range(11))
    sides = [(value >= 9) - (value <= 6) for value, _ in found]
    counts = Counter(sides)
    score = nps(counts[1], counts[0], counts[-1])
    assert shown(score.value, SIX) == expected["nps"]
    assert score.standard_error.quantize(SIX) == expected["nps_se_multinomial"]
    weighted = weighted_mean(
        (Decimal(100 * side), weight)
        for side, (_, weight) in zip(sides, found, strict=True)
    )
    assert shown(weighted, SIX) == expected["nps_weighted"]

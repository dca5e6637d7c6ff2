"""The statistics give what NumPy, SciPy, statsmodels and published tables give."""

import csv
import json
from collections import Counter
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.cases import Event, Promise, judge
from engine.compliance import Feed, measure
from engine.measures import meets
from engine.periods import parse_period
from engine.rules import Rule
from engine.statistics import (
    QuantileMethod,
    Z,
    mean_interval,
    nps,
    nps_interval,
    quantile,
    wilson,
)

pytestmark = pytest.mark.real_data

TEN, SIX = Decimal("1e-10"), Decimal("1e-6")
PACIFIC = ZoneInfo("America/Los_Angeles")


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


def survey(folder: Path, year: int) -> dict[str, Any]:
    text = (folder / f"sfo_survey_{year}.expected.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text, parse_float=Decimal)["indicators"]
    return found


def answers(folder: Path, year: int, column: str, none: set[str]) -> list[Event]:
    """Read a survey's answers as events; ``none`` are the codes of no answer."""
    at = datetime(year, 7, 1, 12, tzinfo=UTC)
    file = folder / f"sfo_survey_{year}.csv"
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return [
            Event(
                row["RESPNUM"],
                "answered",
                at,
                Decimal(row[column]),
                {"weight": row["WEIGHT"]},
            )
            for row in csv.DictReader(opened)
            if row[column].strip() and row[column] not in none
        ]


def figure(kind: str, events: list[Event], scale: tuple[int, int], **rule: str):
    """Compute an unjudged figure, each answer being a case."""
    year = events[0].at.year
    read = Rule.from_definition(
        kind,
        {
            "value": {"types": ["answered"]},
            "scale": {"min": str(scale[0]), "max": str(scale[1])},
            **rule,
        },
        comparator=None,
        target=None,
    )
    promise = Promise(read, date(year, 1, 1), date(year + 1, 1, 1))
    facts = [
        fact
        for index, event in enumerate(events)
        for fact in judge(str(index), [event], [promise], zone=PACIFIC)
    ]
    return measure(
        facts,
        promise,
        parse_period(str(year)),
        zone=PACIFIC,
        as_of=datetime(year + 1, 1, 2, tzinfo=UTC),
        feed=Feed(until=datetime(year + 1, 1, 2, tzinfo=UTC)),
    )


@pytest.mark.parametrize("year", [2015, 2017])
def test_airport_satisfaction_weighted_and_not(shared_data, year):
    expected = survey(shared_data, year)
    given = answers(shared_data, year, "Q7ALL", {"0", "Blank"})
    mean = figure("satisfaction_mean", given, (1, 5))
    assert mean.n == expected["A_n_valid"]
    assert shown(mean.value, SIX) == expected["A_mean_Q7ALL_unweighted"]
    interval = [mean.low.quantize(SIX), mean.high.quantize(SIX)]
    assert interval == expected["C_mean_ci95_t"]
    weighted = figure("satisfaction_mean", given, (1, 5), weight="weight")
    assert shown(weighted.value, SIX) == expected["A_mean_Q7ALL_weighted"]
    top = figure("share_at_or_above", given, (1, 5), at_least="4", weight="weight")
    assert shown(top.value, SIX) == expected["B_top2box_weighted_pct"]


@pytest.mark.parametrize("year", [2015, 2017])
def test_airport_interval_from_the_published_counts(shared_data, year):
    expected = survey(shared_data, year)
    counts = {int(score): n for score, n in expected["C_counts"].items()}
    low, high = mean_interval(
        sum(counts.values()),
        Fraction(sum(score * n for score, n in counts.items())),
        Fraction(sum(score * score * n for score, n in counts.items())),
    )
    assert [low.quantize(SIX), high.quantize(SIX)] == expected["C_mean_ci95_t"]


def test_airport_promoters_weighted_and_not(shared_data):
    expected = survey(shared_data, 2017)["D_NPS"]
    given = answers(shared_data, 2017, "NETPRO", {"11", "Blank"})
    score = figure("nps", given, (0, 10))
    assert (score.n, shown(score.value, SIX)) == (expected["n"], expected["nps"])
    low, high = nps_interval(
        expected["promoters_9_10"], expected["passives_7_8"], expected["detractors_0_6"]
    )
    assert (score.low, score.high) == (low, high)
    error = (high - low) / 2 / Z
    assert error.quantize(SIX) == expected["nps_se_multinomial"]
    weighted = figure("nps", given, (0, 10), weight="weight")
    assert shown(weighted.value, SIX) == expected["nps_weighted"]

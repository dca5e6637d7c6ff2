"""San Francisco's airport asked 2,958 passengers in 2015 and 2,831 in 2017."""

from collections import Counter
from decimal import Decimal

import pytest

from engine.cases import Outcome
from engine.statistics import Z
from tests.oracles.agreement import agrees
from tests.oracles.office import Office, indicator, share

pytestmark = [pytest.mark.django_db, pytest.mark.real_data]

WEIGHTED = {"weight": "WEIGHT"}
SATISFACTION = {
    "value": {"types": ["satisfaction"]},
    "scale": {"min": "1", "max": "5"},
}
RECOMMENDATION = {
    "value": {"types": ["recommendation"]},
    "scale": {"min": "0", "max": "10"},
}


def answers(code: str, kind: str, rule: dict, target: str) -> dict:
    return indicator(code, kind=kind, rule=rule, target=target, calendar=None)


def both(code: str, kind: str, rule: dict, target: str) -> list[dict]:
    """Define an indicator over answers alike, and over answers by weight."""
    return [
        answers(code, kind, rule, target),
        answers(f"{code}-W", kind, rule | WEIGHTED, target),
    ]


INDICATORS = [
    *both("MEAN", "satisfaction_mean", SATISFACTION, "4"),
    *both("TOP2", "share_at_or_above", SATISFACTION | {"at_least": "4"}, "80"),
    *both("NPS", "nps", RECOMMENDATION, "40"),
]
MAPPING = """
timezone = "America/Los_Angeles"
case = "{year}/{{RESPNUM}}"
attributes = ["WEIGHT"]
missing = ["Blank"]
datetime_format = "%Y-%m-%d"
[[event]]
type = "asked"
at = "{year}-05-{{INTDATE}}"
[[event]]
type = "satisfaction"
at = "{year}-05-{{INTDATE}}"
value = "Q7ALL"
"""
NETPRO = """
[[event]]
type = "recommendation"
at = "{year}-05-{{INTDATE}}"
value = "NETPRO"
"""


@pytest.fixture(scope="module")
def airport(office: Office) -> Office:
    office.publish(
        INDICATORS,
        streams={
            "requests": {
                "types": ["asked", "recommendation", "satisfaction"],
                "attributes": ["WEIGHT"],
            }
        },
        time_zone="America/Los_Angeles",
        valid=("2015-01-01", "2018-01-01"),
    )
    office.read("sfo_survey_2015.csv", MAPPING.format(year=2015))
    office.read("sfo_survey_2017.csv", (MAPPING + NETPRO).format(year=2017))
    office.compute()
    return office


def satisfaction(office: Office, year: str) -> dict:
    def line(code: str) -> dict:
        return office.lines(code, "year")[year]

    mean, rows = line("MEAN"), asked(office, year)
    scores = Counter(
        str(int(fact.value))
        for fact in office.facts("MEAN")
        if fact.outcome is Outcome.COUNTED and fact.counted_on.year == int(year)
    )
    return {
        "A_mean_Q7ALL_unweighted": mean["value"],
        "A_mean_Q7ALL_weighted": line("MEAN-W")["value"],
        "A_n_valid": mean["n"],
        "A_n_invalid": rows - mean["n"],
        "B_top2box_4_or_5": share(line("TOP2")),
        "B_top2box_weighted_pct": line("TOP2-W")["value"],
        "C_counts": dict(sorted(scores.items())),
        "C_mean_ci95_t": [mean["low"], mean["high"]],
    }


def asked(office: Office, year: str) -> int:
    return office.events().filter(type="asked", occurred_at__year=year).count()


def recommendation(office: Office, year: str) -> dict:
    line = office.lines("NPS", "year")[year]
    scores = [
        fact.value for fact in office.facts("NPS") if fact.outcome is Outcome.COUNTED
    ]
    return {
        "n": line["n"],
        "promoters_9_10": sum(score >= 9 for score in scores),
        "passives_7_8": sum(7 <= score <= 8 for score in scores),
        "detractors_0_6": sum(score <= 6 for score in scores),
        "nps": line["value"],
        "nps_weighted": office.lines("NPS-W", "year")[year]["value"],
        "n_code_11": line["excluded"],
        "nps_se_multinomial": (Decimal(line["high"]) - Decimal(line["value"])) / Z,
    }


def test_every_published_figure_of_2015(airport, shared_data):
    ours = {"rows": asked(airport, "2015"), "indicators": satisfaction(airport, "2015")}
    agrees(shared_data, "sfo_survey_2015", ours, test=__file__)


def test_every_published_figure_of_2017(airport, shared_data):
    ours = {
        "rows": asked(airport, "2017"),
        "indicators": {
            **satisfaction(airport, "2017"),
            "D_NPS": recommendation(airport, "2017"),
        },
    }
    agrees(shared_data, "sfo_survey_2017", ours, test=__file__)


def test_what_rounds_to_the_target_does_not_reach_it(airport):
    assert airport.lines("MEAN", "year")["2017"]["status"] == "met"
    # 39.84 against 40: shown with no decimals it would look met.
    assert airport.lines("NPS", "year")["2017"]["status"] == "unmet"


def test_the_log_gives_every_figure(airport):
    assert airport.verify() == "every figure follows from the log"

"""English emergency departments, from counts: 72 million attendances, 36 months."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from engine.measures import meets
from engine.periods import Period, PeriodKind
from tests.oracles.agreement import agrees
from tests.oracles.office import Office, indicator, share, share_of

pytestmark = [pytest.mark.django_db, pytest.mark.real_data]

STANDARD = Decimal(95)
WITHIN_FOUR_HOURS = {
    "numerator": {"attended": 1, "breached": -1},
    "denominator": {"attended": 1},
    "segment_by": "type",
}
MAPPING = """
timezone = "Europe/London"
case = "{period}/{org_code}/{type}"
attributes = ["type"]
[[event]]
type = "attended"
at = "period"
value = "attendances"
[[event]]
type = "breached"
at = "period"
value = "breaches"
"""


@pytest.fixture(scope="module")
def departments(office: Office) -> Office:
    office.publish(
        [indicator("AE4H", kind="share", calendar=None, rule=WITHIN_FOUR_HOURS)],
        streams={
            "requests": {"types": ["attended", "breached"], "attributes": ["type"]}
        },
        time_zone="Europe/London",
        valid=("2016-04-01", "2019-04-01"),
    )
    office.read("nhs_ae_4h.csv", MAPPING)
    office.compute()
    return office


def told(found) -> dict:
    within = share(found)
    return {"attendances": within["denominator"], "within_4h": within}


def by_month(office: Office, segment: str = "") -> dict:
    lines = office.lines("AE4H", "month", segment)
    return {f"{month}-01": told(line) for month, line in lines.items()}


def financial_year(first: int) -> Period:
    return Period(date(first, 4, 1), date(first + 1, 4, 1), PeriodKind.YEAR)


def test_every_published_figure(departments, shared_data):
    ratios = [
        100 * Fraction(fact.value) / Fraction(fact.base)
        for fact in departments.facts("AE4H", "1")
    ]
    ours = {
        "rows": departments.events().filter(type="attended").count(),
        "indicators": {
            "total": told(departments.figure("AE4H")),
            "by_month_all_types": by_month(departments),
            "by_month_type1": by_month(departments, "1"),
            "by_financial_year": {
                f"{year}/{year % 100 + 1}": told(
                    departments.figure("AE4H", period=financial_year(year))
                )
                for year in (2016, 2017, 2018)
            },
            "org_months_type1_meeting_95pct": share_of(
                sum(meets(ratio, ">=", STANDARD) for ratio in ratios), len(ratios)
            ),
            # What nobody should publish: it is none of the ledger's figures.
            "trap_mean_of_org_ratios_type1_pct": sum(ratios) / len(ratios),
        },
    }
    agrees(shared_data, "nhs_ae_4h", ours, test=__file__)


def test_the_log_gives_every_figure(departments):
    assert departments.verify() == "every figure follows from the log"

"""British requests for information: 1,258 published rows by body and period."""

import csv
from decimal import Decimal
from fractions import Fraction

import pytest

from engine.periods import parse_period
from indicators.models import Result
from tests.oracles.agreement import agrees
from tests.oracles.office import Office, indicator, share

pytestmark = [pytest.mark.django_db, pytest.mark.real_data]

FILE = "foi_uk_central_2010_2015.csv"
YEARS = [str(year) for year in range(2010, 2016)]
QUARTERS = [f"Q{quarter} {year}" for year in YEARS for quarter in range(1, 5)]
TYPES = ("extended", "in_deadline", "late", "received")
MET = "Percentage of requests meeting 20-day deadline"
IN_TIME = 'Percentage of requests "in time" (i.e. meeting deadline or with permitted extension)'
CODES = {MET: "MET", IN_TIME: "TIME"}
MAPPING = """
timezone = "Europe/London"
case = "{Quarter}/{Government body}"
attributes = ["Quarter", "Government body"]
missing = ["-"]
thousands = ","
datetime_format = "period"
[[event]]
type = "received"
at = "Quarter"
value = "Total requests received (excluding on-hold and lapsed)"
[[event]]
type = "in_deadline"
at = "Quarter"
value = "20-day deadline met"
[[event]]
type = "extended"
at = "Quarter"
value = "Permitted extension to 20-day deadline"
[[event]]
type = "late"
at = "Quarter"
value = "Late response (i.e. 20-day deadline missed)"
"""


def part(code: str, rows: list[str], period: str, *types: str, **changes) -> dict:
    """Define a share of the requests received, from the rows of one kind."""
    return indicator(
        f"{code}-{period[0].upper()}",
        kind="share",
        calendar=None,
        period=period,
        rule={
            "numerator": dict.fromkeys(types, 1),
            "denominator": {"received": 1},
            "where": [{"attribute": "Quarter", "in": rows}],
            **changes,
        },
    )


BY_BODY = {"segment_by": "Government body"}
INDICATORS = [
    part("MET", QUARTERS, "quarter", "in_deadline", **BY_BODY),
    part("MET", YEARS, "year", "in_deadline", **BY_BODY),
    part("TIME", QUARTERS, "quarter", "in_deadline", "extended", **BY_BODY),
    part("TIME", YEARS, "year", "in_deadline", "extended", **BY_BODY),
    part("LATE", YEARS, "year", "late"),
]


@pytest.fixture(scope="module")
def bodies(office: Office) -> Office:
    # Six years are more than a charter may last: two editions, one series.
    for valid in (("2010-01-01", "2013-01-01"), ("2013-01-01", "2016-01-01")):
        office.publish(
            INDICATORS,
            streams={
                "requests": {
                    "types": list(TYPES),
                    "attributes": ["Government body", "Quarter"],
                }
            },
            time_zone="Europe/London",
            valid=valid,
        )
    office.read(FILE, MAPPING)
    office.compute()
    return office


def printed(row: dict[str, str], column: str) -> Decimal | None:
    """Return a row's printed percentage; none where it is suppressed."""
    try:
        return Decimal(row[column])
    except ArithmeticError:
        return None


def test_every_published_figure(bodies, shared_data):
    ledger = {
        (code, kind, start, segment): value
        for code, kind, start, segment, value in Result.objects.filter(
            indicator__organisation=bodies.town, value__isnull=False
        ).values_list(
            "indicator__code", "period_kind", "period_start", "segment", "value"
        )
    }
    with (shared_data / FILE).open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    comparable, equal, others = dict.fromkeys(CODES, 0), dict.fromkeys(CODES, 0), []
    for row in rows:
        quarter, _space, year = row["Quarter"].rpartition(" ")
        period = parse_period(f"{year}-{quarter}" if quarter else year)
        place = (period.kind, period.start, row["Government body"])
        for column, code in CODES.items():
            theirs = printed(row, column)
            if theirs is None:
                continue
            comparable[column] += 1
            ours = ledger[f"{code}-{period.kind[0].upper()}", *place]
            if abs(ours - theirs) <= Decimal("0.01"):
                equal[column] += 1
            else:
                others.append((*place, column))
    met, in_time, late = (
        bodies.lines(f"{code}-Y", "year") for code in ("MET", "TIME", "LATE")
    )
    ours = {
        "rows": len(rows),
        "rows_comparable": comparable[MET],
        "rows_published_met_pct_equal_recomputed_tol_0.01": equal[MET],
        "rows_in_time_comparable": comparable[IN_TIME],
        "rows_in_time_equal_tol_0.01": equal[IN_TIME],
        "mismatching_rows": others,
        "annual_totals_over_listed_bodies": {
            year: {
                "met": share(met[year]),
                "in_time": share(in_time[year]),
                "late": Fraction(late[year]["numerator"]),
            }
            for year in YEARS
        },
    }
    agrees(shared_data, "foi_uk_central_2010_2015", ours, test=__file__)


def test_the_log_gives_every_figure(bodies):
    assert bodies.verify() == "every figure follows from the log"

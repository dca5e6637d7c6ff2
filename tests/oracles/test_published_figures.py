"""
Real data through the real path equals what its publishers, or independent
computations, say: import, recompute, ledger, verification.
"""

import csv
import json
from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from accounts.models import Organisation
from tests.builders import charter_document, indicator, published

pytestmark = [pytest.mark.django_db, pytest.mark.real_data]

Ledger = Callable[..., dict[str, dict[str, Any]]]
PLACES = Decimal("0.000001")


@pytest.fixture
def ledger(town: Organisation) -> Ledger:
    """Read an indicator's lines, by period, through the command."""

    def read(code: str, *, period: str, segment: str = "") -> dict[str, dict[str, Any]]:
        out = StringIO()
        call_command(
            "results",
            f"{town.slug}/{code}",
            period=period,
            segment=segment,
            format="json",
            stdout=out,
        )
        return {line["period"]: line for line in json.loads(out.getvalue())}

    return read


def imported(town: Organisation, file: Path, mapping: str, folder: Path) -> str:
    path = folder / "mapping.toml"
    path.write_text(mapping, encoding="utf-8")
    out = StringIO()
    call_command(
        "import_events", f"{town.slug}/requests", file, mapping=path, stdout=out
    )
    return out.getvalue().strip()


def feed(town: Organisation, file: Path, mapping: str, folder: Path) -> str:
    said = imported(town, file, mapping, folder)
    call_command("recompute", stdout=StringIO())
    return said


def verified() -> str:
    out = StringIO()
    call_command("verify", stdout=out)
    return out.getvalue().strip()


def expected(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (folder / f"{name}.expected.json").read_text(encoding="utf-8")
    )["indicators"]
    return found


def assert_share(line: dict[str, Any], share: dict[str, Any]) -> None:
    assert Decimal(line["numerator"]) == share["numerator"]
    assert Decimal(line["denominator"]) == share["denominator"]
    assert Decimal(line["value"]).quantize(PLACES) == Decimal(str(share["pct"]))
    low, high = (
        Decimal(line[name]).quantize(Decimal("0.0001")) for name in ("low", "high")
    )
    assert (low, high) == tuple(Decimal(str(bound)) for bound in share["wilson95"])


def assert_month_by_month(lines: dict[str, Any], shares: dict[str, Any]) -> None:
    assert sorted(lines) == sorted(shares)
    for month, share in shares.items():
        assert_share(lines[month], share)


def test_dutch_permits_from_first_to_last_event(town, ledger, shared_data, tmp_path):
    rule = {
        "start": {"types": ["*"]},
        "stop": {"types": ["*"], "pick": "last"},
        "limit": {"amount": "10", "unit": "elapsed_days"},
        "counted_in": "opened",
    }
    published(
        charter_document(
            indicators=[indicator("A", calendar=None, rule=rule)],
            types=("activity",),
            valid_from="2010-10-01",
            valid_until="2012-02-01",
            time_zone="Europe/Amsterdam",
        ),
        of=town,
    )
    said = feed(
        town,
        shared_data / "receipt_wabo_nl.csv",
        """
        timezone = "Europe/Amsterdam"
        case = "case:concept:name"
        [long]
        type = "concept:name"
        at = "time:timestamp"
        other = "activity"
        """,
        tmp_path,
    )
    assert said == "8577 events: 8577 recorded, 0 known already, 0 refused"
    oracle = expected(shared_data, "receipt_wabo_nl")[
        "A_elapsed_first_to_last_event_le_10_calendar_days"
    ]
    lines = ledger("A", period="month")
    assert_month_by_month(lines, oracle["by_month"])
    met = sum(line["met"] for line in lines.values())
    assert (met, sum(line["n"] for line in lines.values())) == (1184, 1434)
    assert verified() == "every figure follows from the log"


def test_dutch_permits_deadline_carried_by_the_case(
    town, ledger, shared_data, tmp_path
):
    rule = {
        "start": {"types": ["started"]},
        "stop": {"types": ["ended"]},
        "limit": {"attribute": "case:deadline"},
        "counted_in": "opened",
        # The published figure leaves cases without an end out, and takes the two that
        # end some minutes before they start as they are.
        "open_past_due": "excluded",
        "stop_before_start": "kept",
        "segment_by": "case:department",
    }
    published(
        charter_document(
            indicators=[indicator("B", calendar=None, period="year", rule=rule)],
            types=("ended", "started"),
            attributes=("case:deadline", "case:department"),
            valid_from="2010-01-01",
            valid_until="2013-01-01",
            time_zone="Europe/Amsterdam",
        ),
        of=town,
    )
    # The file repeats a case's dates on each of its rows: the same events again.
    said = feed(
        town,
        shared_data / "receipt_wabo_nl.csv",
        """
        timezone = "Europe/Amsterdam"
        case = "case:concept:name"
        attributes = ["case:department"]
        instants = ["case:deadline"]
        [[event]]
        type = "started"
        at = "case:startdate"
        [[event]]
        type = "ended"
        at = "case:enddate"
        """,
        tmp_path,
    )
    assert said == "16537 events: 2763 recorded, 13774 known already, 0 refused"
    oracle = expected(shared_data, "receipt_wabo_nl")["B_enddate_le_deadline"]
    years = ledger("B", period="year").values()
    met = sum(year["met"] for year in years)
    n = sum(year["n"] for year in years)
    excluded = sum(year["excluded"] for year in years)
    assert (met, n, excluded) == (
        oracle["closed"]["numerator"],
        oracle["closed"]["denominator"],
        oracle["open_cases"],
    )
    for department, share in oracle["by_department"].items():
        lines = ledger("B", period="year", segment=department).values()
        assert sum(line["met"] for line in lines) == share["numerator"]
        assert sum(line["n"] for line in lines) == share["denominator"]
    assert verified() == "every figure follows from the log"


def test_boston_311_on_time(town, ledger, shared_data, tmp_path):
    rule = {
        "start": {"types": ["opened"]},
        "stop": {"types": ["closed"]},
        "limit": {"attribute": "TARGET_DT"},
        "counted_in": "opened",
        # The published figure is over closed requests with a target.
        "open_past_due": "excluded",
        "segment_by": "Department",
    }
    published(
        charter_document(
            indicators=[indicator("ONTIME", calendar=None, rule=rule)],
            attributes=("TARGET_DT", "TYPE", "Department"),
            valid_from="2011-07-01",
            valid_until="2012-07-01",
            time_zone="America/New_York",
        ),
        of=town,
    )
    mapping = """
        timezone = "America/New_York"
        case = "CASE_ENQUIRY_ID"
        attributes = ["TYPE", "Department"]
        instants = ["TARGET_DT"]
        [[event]]
        type = "opened"
        at = "OPEN_DT"
        [[event]]
        type = "closed"
        at = "CLOSED_DT"
        """
    file = shared_data / "boston311_2011.csv.gz"
    said = feed(town, file, mapping, tmp_path)
    oracle = expected(shared_data, "boston311_2011")["A_met_target_closed_with_target"]
    lines = {
        month: line
        for month, line in ledger("ONTIME", period="month").items()
        if line["n"]
    }
    assert_month_by_month(lines, oracle["by_month_opened"])
    assert sum(line["met"] for line in lines.values()) == 35591
    assert sum(line["n"] for line in lines.values()) == 43821
    for department, share in oracle["by_department"].items():
        years = ledger("ONTIME", period="year", segment=department)
        assert_share(years["2011"], share)
    assert verified() == "every figure follows from the log"
    # Feeding the file again changes nothing.
    events = int(said.split()[0])
    again = imported(town, file, mapping, tmp_path)
    assert again == f"{events} events: 0 recorded, {events} known already, 0 refused"


def test_san_francisco_airport_survey(town, ledger, shared_data, tmp_path):
    published(
        charter_document(
            indicators=[
                indicator(
                    "MEAN",
                    kind="satisfaction_mean",
                    unit="points",
                    target="4",
                    calendar=None,
                    rule={
                        "value": {"types": ["satisfaction"]},
                        "scale": {"min": "1", "max": "5"},
                    },
                ),
                indicator(
                    "TOP2",
                    kind="share_at_or_above",
                    target="80",
                    calendar=None,
                    rule={
                        "value": {"types": ["satisfaction"]},
                        "scale": {"min": "1", "max": "5"},
                        "at_least": "4",
                    },
                ),
                indicator(
                    "NPS",
                    kind="nps",
                    unit="points",
                    target="40",
                    calendar=None,
                    rule={
                        "value": {"types": ["recommendation"]},
                        "scale": {"min": "0", "max": "10"},
                    },
                ),
            ],
            types=("recommendation", "satisfaction"),
            valid_from="2017-01-01",
            valid_until="2018-01-01",
            time_zone="America/Los_Angeles",
        ),
        of=town,
    )
    feed(
        town,
        shared_data / "sfo_survey_2017.csv",
        """
        timezone = "America/Los_Angeles"
        case = "RESPNUM"
        missing = ["Blank"]
        datetime_format = "%Y-%m-%d"
        [[event]]
        type = "satisfaction"
        at = "2017-05-{INTDATE}"
        value = "Q7ALL"
        [[event]]
        type = "recommendation"
        at = "2017-05-{INTDATE}"
        value = "NETPRO"
        """,
        tmp_path,
    )
    oracle = expected(shared_data, "sfo_survey_2017")
    mean = ledger("MEAN", period="year")["2017"]
    assert mean["n"] == oracle["A_n_valid"]
    assert Decimal(mean["value"]).quantize(PLACES) == Decimal("4.064360")
    assert mean["status"] == "met"
    assert_share(ledger("TOP2", period="year")["2017"], oracle["B_top2box_4_or_5"])
    nps = ledger("NPS", period="year")["2017"]
    assert nps["n"] == oracle["D_NPS"]["n"]
    assert nps["excluded"] == oracle["D_NPS"]["n_code_11"]
    assert Decimal(nps["value"]).quantize(PLACES) == Decimal("39.839767")
    # 39.84 against 40: shown with no decimals it would look met.
    assert nps["status"] == "unmet"
    assert verified() == "every figure follows from the log"


def test_english_emergency_departments_from_counts(town, ledger, shared_data, tmp_path):
    published(
        charter_document(
            indicators=[
                indicator(
                    "AE4H",
                    kind="ratio",
                    calendar=None,
                    rule={
                        "numerator": {"attended": 1, "breached": -1},
                        "denominator": {"attended": 1},
                    },
                )
            ],
            types=("attended", "breached"),
            valid_from="2016-04-01",
            valid_until="2019-04-01",
            time_zone="Europe/London",
        ),
        of=town,
    )
    feed(
        town,
        shared_data / "nhs_ae_4h.csv",
        """
        timezone = "Europe/London"
        case = "{period}/{org_code}/{type}"
        [[event]]
        type = "attended"
        at = "period"
        value = "attendances"
        [[event]]
        type = "breached"
        at = "period"
        value = "breaches"
        """,
        tmp_path,
    )
    oracle = expected(shared_data, "nhs_ae_4h")
    lines = ledger("AE4H", period="month")
    by_month = {
        month[:7]: values["within_4h"]
        for month, values in oracle["by_month_all_types"].items()
    }
    assert sorted(lines) == sorted(by_month)
    for month, share in by_month.items():
        assert Decimal(lines[month]["numerator"]) == share["numerator"]
        assert Decimal(lines[month]["denominator"]) == share["denominator"]
        value = Decimal(lines[month]["value"]).quantize(PLACES)
        assert value == Decimal(str(share["pct"]))
    numerator = sum(Decimal(line["numerator"]) for line in lines.values())
    denominator = sum(Decimal(line["denominator"]) for line in lines.values())
    assert (numerator, denominator) == (63_724_165, 72_019_402)
    assert verified() == "every figure follows from the log"


FOI_MAPPING = """
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
"""
FOI_TYPES = ("extended", "in_deadline", "received")
MET = "Percentage of requests meeting 20-day deadline"
IN_TIME = 'Percentage of requests "in time" (i.e. meeting deadline or with permitted extension)'


def test_british_information_requests_row_by_row(town, ledger, shared_data, tmp_path):
    """
    1,258 published rows, by body and quarter or year, from counts.

    Six years are more than a charter may last: two editions, one series.
    """
    years = [str(year) for year in range(2010, 2016)]
    quarters = [f"Q{quarter} {year}" for year in years for quarter in range(1, 5)]

    def share(code: str, rows: list[str], period: str, types: tuple[str, ...]):
        return indicator(
            code,
            kind="ratio",
            calendar=None,
            period=period,
            rule={
                "numerator": dict.fromkeys(types, 1),
                "denominator": {"received": 1},
                "where": [{"attribute": "Quarter", "in": rows}],
                "segment_by": "Government body",
            },
        )

    in_time = ("in_deadline", "extended")
    indicators = [
        share("MET-Q", quarters, "quarter", ("in_deadline",)),
        share("MET-Y", years, "year", ("in_deadline",)),
        share("TIME-Q", quarters, "quarter", in_time),
        share("TIME-Y", years, "year", in_time),
    ]
    for start, end in (("2010-01-01", "2013-01-01"), ("2013-01-01", "2016-01-01")):
        published(
            charter_document(
                indicators=indicators,
                types=FOI_TYPES,
                attributes=("Quarter", "Government body"),
                valid_from=start,
                valid_until=end,
                time_zone="Europe/London",
            ),
            of=town,
        )
    file = shared_data / "foi_uk_central_2010_2015.csv"
    feed(town, file, FOI_MAPPING, tmp_path)
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.code, r.period_kind, r.period_start, r.segment, r.value "
            "FROM indicators_result r JOIN indicators_indicator i "
            "ON i.id = r.indicator_id WHERE r.segment <> ''"
        )
        computed = {tuple(map(str, row[:4])): row[4] for row in cursor.fetchall()}
    compared = {MET: 0, IN_TIME: 0}
    for row in rows:
        label = row["Quarter"]
        quarter, year = (label[:2], label[3:]) if label.startswith("Q") else ("", label)
        kind = "quarter" if quarter else "year"
        start = (
            f"{year}-{int(quarter[1]) * 3 - 2:02d}-01" if quarter else f"{year}-01-01"
        )
        for column, name in ((MET, "MET"), (IN_TIME, "TIME")):
            try:
                printed = Decimal(row[column])
            except ArithmeticError:
                continue
            key = (f"{name}-{kind[0].upper()}", kind, start, row["Government body"])
            value = computed[key]
            assert abs(value - printed) <= Decimal("0.01"), row
            compared[column] += 1
    assert compared == {MET: 1258, IN_TIME: 1258}
    annual = json.loads(
        (shared_data / "foi_uk_central_2010_2015.expected.json").read_text()
    )["annual_totals_over_listed_bodies"]
    for code, name in (("MET-Y", "met"), ("TIME-Y", "in_time")):
        for year, line in ledger(code, period="year").items():
            assert Decimal(line["numerator"]) == annual[year][name]["numerator"]
            assert Decimal(line["denominator"]) == annual[year][name]["denominator"]
    assert verified() == "every figure follows from the log"

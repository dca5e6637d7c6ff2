"""
What publishers of charters say of their own targets, said again by the engine.

Some of them contradict themselves: a percentage that is not that of the counts
beside it, a figure over nothing. Those are listed with the reason.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from engine.cases import Fact, Outcome, Promise
from engine.compliance import Feed, Measurement, Status, degrees, measure
from engine.measures import meets
from engine.periods import Period, PeriodKind
from engine.rules import Rule
from tests.oracles.agreement import tells

pytestmark = pytest.mark.real_data

BEGAN, NOW = datetime(2025, 6, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
YEAR = Period(date(2025, 1, 1), date(2026, 1, 1), PeriodKind.YEAR)
ALL_IN_TIME = Promise(
    Rule.from_definition(
        "share_within_limit",
        {
            "start": {"types": ["opened"]},
            "stop": {"types": ["closed"]},
            "limit": {"amount": "10", "unit": "elapsed_days"},
        },
        comparator=">=",
        target=Decimal(100),
    ),
    YEAR.start,
    YEAR.end,
)
# "14/15 = 93.33%", "66/66", "0/0 printed 0%", "0/6, achievement printed '-'"; but no
# month "05/2017:" nor a series "7,80/8,60/9".
COUNTS = re.compile(
    r"(?<![\d,./])(\d+)/(\d+)(?![\d/:]|,\d)(?:(?: = |,? (?:achievement )?printed )(?:([\d.]+)%|'(-)'))?"
)
MINUTES = re.compile(r"(?:(\d+) min )?(\d+) s$")
CUT = "cut off, not rounded"
OVER_NOTHING = "a percentage of no cases"
HIDDEN = "none in time is 0 %, not a blank"
ODD = {
    ("1/6", "16.66"): CUT,
    ("0/0", "0"): OVER_NOTHING,
    ("0/0", "100"): OVER_NOTHING,
    ("0/6", "-"): HIDDEN,
    ("0/2", "-"): HIDDEN,
}
# Nothing was judged by its publisher, or nothing is to be judged by.
SILENT = {
    "Madrid 34853": "it informs only: no committed value",
    "Madrid 35418": "its values cannot be told to years: empty cells are left out",
    "Madrid 38553": "its values cannot be told to years: empty cells are left out",
    "Madrid 35002": "no verdict is printed",
    "Madrid 43781": "its values cannot be told to years: empty cells are left out",
    "Santa Coloma 2018": "partly met is no verdict here, and its parts add up to 99 %",
    "Gobierto": "invented examples of a program that contradict themselves",
}


class Printed(NamedTuple):
    """Counts with the percentage beside them."""

    organisation: str
    indicator: str
    met: int
    n: int
    percent: str

    @property
    def counts(self) -> str:
        return f"{self.met}/{self.n}"

    @property
    def agrees(self) -> bool:
        """Whether the percentage is that of the counts, as far as it is printed."""
        value = in_time(self.met, self.n).value
        if value is None or self.percent == "-":
            return False
        decimals = len(self.percent.partition(".")[2])
        return abs(value - Fraction(self.percent)) <= Fraction(1, 2 * 10**decimals)


def in_time(met: int, n: int) -> Measurement:
    """Measure so many cases, some of them kept, against all of them."""
    facts = [
        Fact(str(k), Outcome.MET if k < met else Outcome.MISSED, BEGAN.date(), BEGAN)
        for k in range(n)
    ]
    return measure(
        facts, ALL_IN_TIME, YEAR, zone=ZoneInfo("UTC"), as_of=NOW, feed=Feed(NOW)
    )


@pytest.fixture(scope="module")
def sheets(shared_data: Path) -> dict:
    text = (shared_data / "charter_indicators_published.json").read_text("utf-8")
    return json.loads(text)


@pytest.fixture(scope="module")
def charters(shared_data: Path) -> list[dict]:
    return json.loads((shared_data / "real_charters.json").read_text("utf-8"))


def indicators(charters: list[dict]) -> Iterator[tuple[str, dict]]:
    for charter in charters:
        for commitment in charter["sections"]["commitments"] or []:
            for found in commitment["indicators"]:
                if found["measured"]:
                    yield charter["organisation"], found


def printed(charters: list[dict]) -> Iterator[Printed]:
    for organisation, found in indicators(charters):
        for match in COUNTS.finditer(found["measured"]):
            met, n, percent, dash = match.groups()
            if percent or dash:
                beside = percent or dash
                yield Printed(organisation, found["name"], int(met), int(n), beside)


def told(value: Fraction | None) -> str:
    return "no figure" if value is None else f"{float(value):.6g} %"


def verdict(*, met: bool) -> str:
    return "met" if met else "unmet"


def test_sheets_of_madrid_and_annexes_of_santa_coloma(sheets):
    rows = []
    for sheet in sheets["madrid_cartas_de_servicios"]:
        for year, row in (sheet["series"] or {}).items():
            if row.get("met") is None:
                continue
            kept = meets(Decimal(str(row["actual"])), ">=", Decimal(row["commitment"]))
            assert kept is row["met"]
            what = f"Madrid {sheet['key']}, {year}: {row['actual']}, >= {row['commitment']}"
            rows.append((what, verdict(met=row["met"]), verdict(met=kept)))
    for row in sheets["santa_coloma"]["annex_sample"]:
        comparator, target = row["target"].split()[:2]
        assert row["result"] - int(target) == row["difference"]
        kept = meets(Decimal(row["result"]), comparator, Decimal(target))
        what = f"Santa Coloma, {row['indicator']}: {row['result']}, {row['target']}"
        difference = f"difference {row['difference']}"
        rows.append((what, difference, f"{difference}, {verdict(met=kept)}"))
    assert [row[2].split(", ")[-1] for row in rows].count("unmet") == 2
    year = sheets["santa_coloma"]["years"]["2019"]
    # In hundreds: the counts themselves are not printed.
    found = degrees(
        [Status.MET] * year["met_pct"]
        + [Status.UNMET] * year["not_met_pct"]
        + [Status.NOT_EVALUATED] * year["not_evaluated_pct"]
    )
    assert found.of_total == year["met_pct"]
    assert round(found.of_evaluated) == 89
    rows.append(
        (
            "Santa Coloma, all commitments of 2019",
            f"{year['met_pct']} % of all met",
            f"{told(found.of_total)} of all, {told(found.of_evaluated)} of the evaluated",
        )
    )
    tells(
        "charter_indicators_published",
        f"{len(rows)} verdicts",
        rows,
        test=__file__,
        apart=SILENT,
    )


def test_percentages_beside_their_counts(charters):
    rows, odd = [], {}
    for found in printed(charters):
        ours = in_time(found.met, found.n)
        what = f"{found.organisation}, {found.indicator}: {found.counts}"
        beside = found.percent if found.percent == "-" else f"{found.percent} %"
        said = told(ours.value)
        if not found.agrees:
            odd[found.counts, found.percent] = ODD[found.counts, found.percent]
            said += f" ({odd[found.counts, found.percent]})"
        assert (ours.status is Status.NO_CASES) is (found.n == 0)
        rows.append((what, beside, said))
    assert odd == ODD
    assert len(rows) == 20
    tells(
        "real_charters",
        f"{len(rows)} percentages of counts",
        rows,
        test=__file__,
        apart={
            "Jempol, Advertisement licence": "of 5 received it prints 5 met and 5 not met",
            "Penang, Projects on schedule": "it prints 100 % of 211 beside 185 on schedule",
            "all others": "no counts are printed beside the percentage",
        },
    )


def test_what_penang_prints_as_everything_misses_its_target(charters):
    (found,) = [
        found
        for organisation, found in indicators(charters)
        if "185 projects" in found["measured"]
    ]
    ours = in_time(185, 211)
    assert "211 | 100%" in found["measured"]
    assert not meets(ours.value, found["comparator"], Decimal(found["target"]))
    # 87.67 is the start of 87.677..., which rounds to 87.68.
    assert f"{float(ours.value):.2f}" == "87.68"


@pytest.mark.parametrize(
    ("organisation", "kept", "broken"),
    [("London Borough of Enfield", 4, 6), ("Australian Taxation Office", 5, 3)],
)
def test_values_and_targets_of_an_office(charters, organisation, kept, broken):
    """Enfield says that it missed 6 of 10; 77 of 77 and 80 of 80 are met."""
    verdicts = [
        meets(value_of(found), found["comparator"], Decimal(str(found["target"])))
        for name, found in indicators(charters)
        if name.startswith(organisation) and found["target"] is not None
    ]
    assert (verdicts.count(True), verdicts.count(False)) == (kept, broken)


def value_of(found: dict) -> Fraction:
    """Read a percentage, or a time in the indicator's unit."""
    text = found["measured"]
    if text.endswith("%"):
        return Fraction(text.removesuffix("%"))
    minutes, seconds = MINUTES.match(text).groups()
    spent = 60 * int(minutes or 0) + int(seconds)
    return Fraction(spent, 60 if found["unit"] == "minutes" else 1)

"""
Madrid's 61,671 yearly goals of the budget, 2011 to 2017.

Every row has its own target and its own result. A rule compares a result with one
number that stands in the charter, never with one that the case carries: so the rows
are imported with their targets, every one is judged by the comparison that judges
figures (:func:`engine.measures.meets`), and the verdicts come back as events that the
ledger counts.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import pytest

from engine.measures import meets
from tests.oracles.agreement import agrees, published
from tests.oracles.office import Office, indicator, share

pytestmark = [pytest.mark.django_db, pytest.mark.real_data]

NAME = "madrid_indicadores_2011_2017"
FILE = f"{NAME}.csv.gz"
YEARS = [str(year) for year in range(2011, 2018)]
# Where less is better: to the publisher of the rows, and to that of the scores.
TIMES = frozenset({"SEGUNDOS", "MINUTOS", "HORAS", "DÍAS"})
SCORED_TIMES = TIMES - {"HORAS"}
COMPLAINTS = re.compile("sugerencias|reclamaci|queja", re.IGNORECASE)
ATTRIBUTES = ["descripcion", "objetivo_valor", "unidad"]
MAPPING = f"""
timezone = "Europe/Madrid"
case = "{{year}}/{{centro_gestor}}/{{programa}}/{{objetivo}}/{{indicador}}"
attributes = {json.dumps(ATTRIBUTES)}
datetime_format = "period"
[[event]]
type = "done"
at = "year"
value = "realizado"
"""
INDICATORS = [
    indicator(
        "MET",
        kind="share",
        calendar=None,
        stream="verdicts",
        rule={"numerator": {"met": 1}, "denominator": {"met": 1, "unmet": 1}},
    ),
]


class Goal(NamedTuple):
    """A row of the file, as it came out of the log."""

    case: str
    planned: Fraction
    done: Fraction
    unit: str
    words: str

    @property
    def year(self) -> str:
        return self.case.split("/")[0]

    @property
    def programme(self) -> str:
        return self.case.split("/")[2]

    @property
    def verdict(self) -> str:
        """Say whether the goal was reached; nothing where there was none."""
        if self.planned <= 0:
            return ""
        comparator = "<=" if self.unit in TIMES else ">="
        return "met" if meets(self.done, comparator, self.planned) else "unmet"

    @property
    def is_about_complaints(self) -> bool:
        named = COMPLAINTS.search(self.words) is not None
        return named and self.unit == "PORCENTAJE" and bool(self.verdict)

    @property
    def score(self) -> Fraction:
        """
        Return the score of presupuestosabiertos.madrid.es, in percent.

        It is theirs: we publish what is met, and never a mean of scores.
        """
        if self.unit in SCORED_TIMES:
            if not self.planned:
                return Fraction(0)
            reached = (2 * self.planned - self.done) / self.planned
        elif not self.planned:
            return Fraction(100 * (self.done > 0))
        else:
            reached = self.done / self.planned
        return 100 * min(max(reached, Fraction(0)), Fraction(1))


def read_goals(office: Office) -> Iterator[Goal]:
    rows = office.events().values_list("case_key", "value", "attributes")
    for case, done, of in rows.iterator(chunk_size=10_000):
        planned = Fraction(of["objetivo_valor"])
        unit, words = of.get("unidad", ""), of.get("descripcion", "")
        yield Goal(case, planned, Fraction(done), unit, words)


def told(goal: Goal) -> str:
    """Write a verdict as an event."""
    event = {
        "id": goal.case,
        "case": goal.case,
        "type": goal.verdict,
        "at": f"{goal.year}-01-01T00:00:00+01:00",
    }
    return json.dumps(event)


@pytest.fixture(scope="module")
def budget(office: Office) -> Office:
    # Seven years are more than a charter may last: three editions, one series.
    for first, last in (("2011", "2014"), ("2014", "2017"), ("2017", "2018")):
        office.publish(
            INDICATORS,
            streams={
                "requests": {"types": ["done"], "attributes": ATTRIBUTES},
                "verdicts": {"types": ["met", "unmet"]},
            },
            time_zone="Europe/Madrid",
            valid=(f"{first}-01-01", f"{last}-01-01"),
        )
    # Some planned amounts have the nine digits of a telephone number.
    office.allow("objetivo_valor")
    said = office.read(FILE, MAPPING)
    assert said == "61671 events: 61671 recorded, 0 known already, 0 refused"
    return office


@pytest.fixture(scope="module")
def goals(budget: Office) -> list[Goal]:
    found = list(read_goals(budget))
    file = budget.scratch / "verdicts.ndjson"
    file.write_text("\n".join(told(goal) for goal in found if goal.verdict))
    budget.read(file, stream="verdicts")
    budget.compute()
    return found


def mean(scores: list[Fraction]) -> Fraction:
    return sum(scores, Fraction(0)) / len(scores)


def of_year(budget: Office, goals: list[Goal], year: str) -> dict:
    line = budget.lines("MET", "year")[year]
    scores = [goal.score for goal in goals if goal.year == year]
    return {
        "rows": len(scores),
        "evaluable": line["n"],
        "met": share(line),
        "mean_score_presupuestosabiertos_pct": mean(scores),
    }


def of_complaints(budget: Office, goals: list[Goal], year: str) -> dict:
    cases = {
        goal.case for goal in goals if goal.year == year and goal.is_about_complaints
    }
    found = budget.figure("MET", only=cases)
    return {"n": found.n, "met": share(found)}


def of_programme(goals: list[Goal], programme: str, year: int) -> dict:
    scores = [
        goal.score
        for goal in goals
        if (goal.programme, goal.year) == (programme, str(year))
    ]
    return {
        "programa": programme,
        "year": year,
        "published_goals_achieved_pct": mean(scores),
        "recomputed_pct": mean(scores),
        "indicators": len(scores),
    }


def test_every_published_figure(budget, goals, shared_data):
    theirs = published(shared_data, NAME)
    check = "published_crosscheck_presupuestosabiertos_madrid_es"
    units = Counter(goal.unit for goal in goals)
    ours = {
        "rows": len(goals),
        "indicators": {
            "by_year": {year: of_year(budget, goals, year) for year in YEARS},
            "percent_indicators_on_complaints_answered": {
                year: of_complaints(budget, goals, year) for year in YEARS
            },
            "units_top": dict(
                units.most_common(len(theirs["indicators"]["units_top"]))
            ),
        },
        check: {
            "values": [
                of_programme(goals, value["programa"], value["year"])
                for value in theirs[check]["values"]
            ]
        },
    }
    agrees(shared_data, NAME, ours, test=__file__)


def test_the_log_gives_every_verdict(budget, goals):
    assert budget.verify("MET") == "every figure follows from the log"

"""The database adds facts up as the engine does."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

from hypothesis import HealthCheck, given, settings, strategies as st

from engine.cases import Fact, Outcome
from engine.compliance import month_tallies
from engine.figures import counted_values
from engine.measures import Kind
from indicators.models import CaseFact, Indicator
from indicators.queries.computing import FACT_COLUMNS, plan_of
from indicators.queries.sums import summed, values_of
from tests import builders
from tests.indicators.helpers import utc

MONTHS = [date(2026, month, 1) for month in (1, 2, 3)]
SURVEY = {"value": {"types": ["closed"]}, "scale": {"min": "0", "max": "10"}}
NUMBERS = st.sampled_from(
    [None, *map(Decimal, ("0", "-2.5", "7", "7.000000000001", "12345678901234"))]
)
FACTS = st.lists(
    st.builds(
        Fact,
        case=st.uuids().map(str),
        outcome=st.sampled_from(Outcome),
        # The last days are of months that nobody asks for.
        counted_on=st.dates(date(2026, 1, 1), date(2026, 4, 2)),
        began_at=st.just(utc(2026, 1, 1)),
        due_at=st.sampled_from([None, utc(2026, 2, 2), utc(2026, 2, 2, 1, 1, 1, 1)]),
        value=NUMBERS,
        base=NUMBERS,
        reason=st.sampled_from(["", "void", "no_promise"]),
        segment=st.sampled_from(["", "north", "sóuth\t|"]),
        last_event_at=st.sampled_from([None, utc(2026, 3, 3), utc(2026, 3, 4)]),
        suspended=st.booleans(),
    ),
    max_size=25,
)
LIGHT = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def stored(indicator: Indicator, facts: list[Fact]) -> list[Fact]:
    """Put facts in, as if they were all there is; return those of the months."""
    CaseFact.objects.all().delete()
    CaseFact.objects.bulk_create(
        CaseFact(
            organisation=indicator.organisation,
            indicator=indicator,
            case_key=fact.case,
            **{name: getattr(fact, name) for name in FACT_COLUMNS[1:]},
        )
        for fact in facts
    )
    return [fact for fact in facts if fact.counted_on < date(2026, 4, 1)]


def published(town, kind: str) -> tuple[Indicator, object]:
    change = {"rule": SURVEY, "target": "8"} if kind == Kind.SATISFACTION_MEAN else {}
    document = builders.charter_document(
        indicators=[builders.indicator("A", kind=kind, **change)]
    )
    builders.published(document, of=town)
    indicator = Indicator.objects.get(code="A")
    return indicator, plan_of(indicator).rule


def agree(indicator: Indicator, rule, facts: list[Fact]) -> None:
    some = stored(indicator, facts)
    assert list(summed(indicator, MONTHS, rule)) == month_tallies(some, rule)


def test_cases_are_summed_alike(town):
    indicator, rule = published(town, "share_within_limit")

    @LIGHT
    @given(FACTS)
    def check(facts):
        agree(indicator, rule, facts)

    check()


def test_answers_are_summed_alike(town):
    indicator, rule = published(town, "satisfaction_mean")

    @LIGHT
    @given(FACTS)
    def check(facts):
        agree(indicator, rule, facts)

    check()


def test_values_are_those_of_the_facts(town):
    indicator, _rule = published(town, "share_within_limit")

    @LIGHT
    @given(FACTS)
    def check(facts):
        expected = defaultdict(list)
        for fact in stored(indicator, facts):
            place = (fact.counted_on.replace(day=1), fact.segment, fact.suspended)
            expected[place] += counted_values([fact])
        found = {
            tuple(place): values for *place, values in values_of(indicator, MONTHS)
        }
        assert {place: sorted(values) for place, values in found.items()} == {
            place: sorted(values) for place, values in expected.items() if values
        }

    check()

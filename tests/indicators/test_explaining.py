"""Explanations from the log agree with what the workers wrote."""

import random
from datetime import date, timedelta

import pytest

from engine.cases import Outcome
from engine.compliance import seen
from engine.periods import PeriodKind, parse_period
from engine.worktime import Unit
from indicators.models import CaseFact, Indicator
from indicators.queries.cases import CaseFilter, CaseGroup, case_page, ledger_periods
from indicators.queries.computing import plan_of
from indicators.queries.deadlines import (
    newest_versions,
    promised_terms,
    promises_a_term,
)
from indicators.queries.explaining import explained, streams_of
from indicators.services import figures
from tests import builders
from tests.indicators.helpers import event, request, send, utc

TYPES = ("asked", "closed", "gone", "opened", "replied")
RULE = {
    "start": {"types": ["opened"]},
    "stop": {"types": ["closed"]},
    "limit": {"amount": "10", "unit": "working_days"},
    "pauses": [{"from": ["asked"], "until": ["replied"]}],
    "withdrawn": ["gone"],
    "exclude": [{"attribute": "channel", "in": ["phone"], "reason": "By phone"}],
    "counted_in": "due",
}


def published(town, rule=None, **changes):
    indicator = builders.indicator(rule=RULE if rule is None else rule, **changes)
    document = builders.charter_document(indicators=[indicator], types=TYPES)
    builders.published(document, of=town)
    return Indicator.objects.get(code="IND-1")


def drawn(seed: int, cases: int):
    """Events of cases of March to October, most of them sensible."""
    dice = random.Random(seed)
    for number in range(cases):
        case = f"2026/{number}"
        at = utc(2026, 3, 1) + timedelta(hours=dice.randrange(24 * 240))
        channel = {"channel": dice.choice(["web", "web", "web", "phone"])}
        yield event(f"{case}/o", case, at=at, attributes=channel)
        for index in range(dice.randrange(4)):
            at += timedelta(hours=dice.randrange(1, 24 * 9))
            type_ = dice.choice(["asked", "replied", "closed", "closed", "gone"])
            yield event(f"{case}/{index}", case, type=type_, at=at)


@pytest.fixture
def measured(town):
    indicator = published(town)
    send(*drawn(1, 120))
    figures.refresh(at=builders.NOW)
    figures.roll(at=builders.NOW)
    return indicator


def test_explanations_are_of_the_facts_that_the_workers_keep(measured):
    """Every case: the outcome explained is that of the stored fact."""
    plan = plan_of(measured)
    facts = CaseFact.objects.filter(indicator=measured)
    assert facts.count() == 120
    found = set()
    for fact in facts:
        (told,) = explained(measured, fact.case_key, as_of=builders.NOW)
        (finding,) = told.explanation.findings
        assert finding.fact.outcome == fact.outcome
        assert finding.fact.due_at == fact.due_at
        assert finding.fact.ended_at == fact.ended_at
        assert finding.fact.counted_on == fact.counted_on
        assert finding.outcome is seen(finding.fact, plan.rule, builders.NOW)
        assert told.source_of(finding.promise).rule.edition.number == 1
        found.add(finding.outcome)
    assert found >= {Outcome.MET, Outcome.MISSED, Outcome.EXCLUDED}


def test_a_case_as_it_stood_does_not_know_what_came_later(measured, town):
    send(*request("x", "2026-09-01", "2026-09-30"))
    (now,) = explained(measured, "x", as_of=builders.NOW)
    assert now.explanation.findings[0].outcome is Outcome.MISSED
    then = utc(2026, 9, 10)
    (told,) = explained(measured, "x", as_of=then, until=then)
    assert told.explanation.findings[0].outcome is Outcome.OPEN


def test_an_unknown_case_and_an_unpublished_indicator_are_not_explained(town, charter):
    indicator = Indicator.objects.get(code="IND-1")
    assert explained(indicator, "none", as_of=builders.NOW) == []
    draft = Indicator.objects.create(
        organisation=town, charter=charter.charter, code="NEW"
    )
    assert explained(draft, "none", as_of=builders.NOW) == []
    assert list(streams_of(draft)) == []
    assert [stream.code for stream in streams_of(indicator)] == ["requests"]


@pytest.mark.parametrize("per", ["day", "month"])
def test_a_crowd_is_told_and_listed(town, per):
    demand = {"per": per, "at_most": 2}
    indicator = published(town, RULE | {"counted_in": "opened", "demand": demand})
    send(
        *(line for number in range(3) for line in request(f"{number}", "2026-03-02")),
        *request("alone", "2026-04-02", "2026-04-03"),
    )
    figures.refresh(at=builders.NOW)
    (told,) = explained(indicator, "1", as_of=builders.NOW)
    (finding,) = told.explanation.findings
    assert (finding.outcome, finding.reason) == (Outcome.EXCLUDED, "demand")
    assert (finding.crowd.came, finding.crowd.at_most) == (3, 2)
    (calm,) = explained(indicator, "alone", as_of=builders.NOW)
    assert calm.explanation.findings[0].outcome is Outcome.MET
    plan = plan_of(indicator)

    def listed(**chosen):
        page = case_page(plan, CaseFilter(**chosen), as_of=builders.NOW)
        return [(line.fact.case, line.reason) for line in page.lines]

    crowd = [("0", "demand"), ("1", "demand"), ("2", "demand")]
    assert listed(group=CaseGroup.EXCLUDED) == crowd
    assert listed(reason="demand") == crowd
    assert listed(period=parse_period("2026-03"), reason="demand") == crowd
    assert listed(group=CaseGroup.MET) == [("alone", "")]
    assert listed(group=CaseGroup.MISSED) == []
    assert listed() == [("alone", ""), *crowd]


# The list.


def outcomes(indicator, as_of=builders.NOW):
    """What every case is, by asking for each explanation."""
    keys = CaseFact.objects.filter(indicator=indicator).values_list(
        "case_key", flat=True
    )
    found = {}
    for key in keys:
        (told,) = explained(indicator, key, as_of=as_of)
        found[key] = told.explanation.findings[0]
    return found


def test_groups_are_those_of_the_explanations(measured):
    plan, told = plan_of(measured), outcomes(measured)
    listed = set()
    for group in CaseGroup:
        page = case_page(plan, CaseFilter(group=group), as_of=builders.NOW, size=1000)
        outcome = Outcome.OPEN if group is CaseGroup.PENDING else Outcome(group)
        assert {line.fact.case for line in page.lines} == {
            case for case, finding in told.items() if finding.outcome is outcome
        }
        assert all(line.outcome is outcome for line in page.lines)
        listed |= {line.fact.case for line in page.lines}
    assert listed == set(told)


def test_counts_of_a_period_are_those_of_its_figure(measured):
    plan = plan_of(measured)
    for line in measured.results.filter(period_kind="month"):
        period = parse_period(f"{line.period_start:%Y-%m}")

        def count(period=period, **chosen):
            page = case_page(
                plan, CaseFilter(period, **chosen), as_of=builders.NOW, size=1000
            )
            return len(page.lines)

        assert count(group=CaseGroup.MET) == line.met
        assert count(group=CaseGroup.MISSED) == line.missed
        assert count(group=CaseGroup.PENDING) == line.pending
        assert count(group=CaseGroup.EXCLUDED) == sum(line.excluded.values())
        for reason, n in line.excluded.items():
            assert count(reason=reason) == n


@pytest.mark.parametrize("size", [1, 7, 50])
def test_pages_are_the_whole_list_once_and_in_order(measured, size):
    plan, after, listed = plan_of(measured), "", []
    while True:
        page = case_page(plan, CaseFilter(), as_of=builders.NOW, after=after, size=size)
        listed += [
            (-line.fact.counted_on.toordinal(), line.fact.case) for line in page.lines
        ]
        after = page.following
        if not after:
            break
    assert len(listed) == len(set(listed)) == 120
    assert [day for day, _case in listed] == sorted(day for day, _case in listed)


@pytest.mark.parametrize(
    "cursor", ["x", "bnVsbA==", "WzFd", "é", "WyJhIiwiYiIsImMiLCJkIl0="]
)
def test_a_cursor_that_is_none_begins_anew(measured, cursor):
    plan = plan_of(measured)
    first = case_page(plan, CaseFilter(), as_of=builders.NOW)
    assert case_page(plan, CaseFilter(), as_of=builders.NOW, after=cursor) == first


def test_what_is_past_due_is_left_out_where_the_rule_says_so(town):
    indicator = published(town, RULE | {"open_past_due": "excluded"})
    send(*request("late", "2026-03-02"), *request("open", "2026-10-30"))
    figures.refresh(at=builders.NOW)
    plan = plan_of(indicator)

    def listed(**chosen):
        page = case_page(plan, CaseFilter(**chosen), as_of=builders.NOW)
        return [(line.fact.case, line.outcome, line.reason) for line in page.lines]

    late = ("late", Outcome.EXCLUDED, "open")
    assert listed() == [("open", Outcome.OPEN, ""), late]
    assert listed(group=CaseGroup.EXCLUDED) == [late]
    assert listed(reason="open") == [late]
    assert listed(group=CaseGroup.MISSED) == []
    assert listed(group=CaseGroup.PENDING) == [("open", Outcome.OPEN, "")]


def test_a_suspended_case_is_found_by_that_reason(measured):
    CaseFact.objects.filter(case_key="2026/7").update(suspended=True)
    page = case_page(
        plan_of(measured), CaseFilter(reason="suspended"), as_of=builders.NOW
    )
    assert [line.fact.case for line in page.lines] == ["2026/7"]


def test_the_list_costs_the_same_however_long(measured, django_assert_max_num_queries):
    plan = plan_of(measured)
    with django_assert_max_num_queries(1):
        case_page(plan, CaseFilter(), as_of=builders.NOW, size=100)


def test_periods_to_choose_from_are_those_of_the_ledger(measured):
    periods = ledger_periods(measured, PeriodKind.MONTH, most=3)
    assert [period.label for period, _reasons in periods] == [
        "2026-11",
        "2026-10",
        "2026-09",
    ]
    assert {reason for _period, reasons in periods for reason in reasons} <= {
        "By phone",
        "withdrawn",
        "suspended",
    }


# Terms that are promised.

WEB = {"attribute": "channel", "in": ["web"]}
SHORT = {"amount": "3", "unit": "working_days"}
SUMMER = {"from": "06-01", "until": "09-16"}


def terms(town, on=date(2026, 3, 2)):
    return [
        (item.code, str(item.term.amount), len(item.conditions))
        for item in promised_terms(town, on=on, versions=newest_versions(town))
    ]


def test_terms_of_a_rule_are_told_with_their_conditions(town):
    limits = [
        {"where": [WEB], "limit": SHORT},
        {"season": SUMMER, "limit": {"amount": "20", "unit": "working_days"}},
    ]
    published(town, RULE | {"limits": limits})
    assert terms(town) == [("IND-1.1", "3", 1), ("IND-1", "10", 0)]
    assert terms(town, date(2026, 7, 1)) == [("IND-1.1", "3", 1), ("IND-1.2", "20", 0)]
    assert terms(town, date(2029, 7, 1)) == []


@pytest.mark.parametrize(
    ("kind", "limit"),
    [
        ("mean_duration", SHORT),
        ("share_within_limit", SHORT | {"sense": "at_least"}),
        ("share_within_limit", {"attribute": "channel"}),
    ],
)
def test_what_promises_no_term_to_a_case_is_not_among_them(town, kind, limit):
    rule = RULE | {"limit": limit, "unit": Unit.WORKING_DAYS.value}
    indicator = published(town, rule, kind=kind)
    assert terms(town) == []
    assert not promises_a_term(indicator.rules.get())


def test_goals_are_those_of_the_day(town):
    targets = [{"from": "2026-06-01", "target": "90"}]
    published(town, RULE | {"targets": targets})
    versions = newest_versions(town)
    (item,) = promised_terms(town, on=date(2026, 7, 1), versions=versions)
    assert promises_a_term(item.row)
    assert item.goal_on(date(2026, 7, 1)).target == 90
    assert item.goal_on(date(2026, 5, 1)).target == 95
    assert item.calendar.calendar.code == "office"

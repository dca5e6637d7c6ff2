"""Many cases at once, against the function for one."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from engine.cases import Event, Promise, Suspension, judge
from engine.many_cases import CaseLog, judge_many
from engine.measures import Kind
from engine.rules import Rule
from tests.engine.random_rules import CALENDAR, ZONE, by_case, logs, promises

PLAIN = {
    "start": {"types": ["opened"]},
    "stop": {"types": ["closed"]},
    "limit": {"amount": "10", "unit": "working_days"},
}
MONDAY = datetime(2026, 3, 9, 9, 30, tzinfo=UTC)


def columns(cases: dict[str, list[Event]]) -> CaseLog:
    events = [event for found in cases.values() for event in found]
    type_names = sorted({event.type for event in events})
    sayings = [event.attributes for event in events]
    lengths = [len(found) for found in cases.values()]
    return CaseLog(
        cases=list(cases),
        first=np.concatenate([[0], np.cumsum(lengths, dtype=np.intp)]),
        types=np.array([type_names.index(event.type) for event in events], np.intp),
        type_names=type_names,
        at=np.array([(e.at - EPOCH) // MICROSECOND for e in events], np.int64),
        # As the database writes them.
        values=["" if e.value is None else f"{e.value:.12f}" for e in events],
        attributes=np.arange(len(events)),
        sayings=sayings,
    )


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def agree(cases, made, zone=ZONE):
    """
    Plain cases have the fact of one, and what is left has none yet.

    Returns the cases left.
    """
    found, left = judge_many(columns(cases), made, zone=zone, source="desk")
    told = dict(line for judged in found for line in judged.lines())
    undone = {list(cases)[place] for place in left}
    facts = [
        fact
        for case in cases.keys() - undone
        for fact in judge(case, cases[case], made, zone=zone, source="desk")
    ]
    assert told == {fact.canonical: fact.digest.hex() for fact in facts}
    places = {place for judged in found for place in judged.places()}
    assert places == {(fact.counted_on.replace(day=1), fact.segment) for fact in facts}
    return undone


TIMED_OR_ANSWERED = tuple(
    kind
    for kind in Kind
    if kind.is_timed or kind.by_answer or kind is Kind.SHARE_OF_DAYS
)


@given(logs(most=6), promises(TIMED_OR_ANSWERED))
@settings(max_examples=200)
def test_plain_cases_are_judged_as_one_by_one(log, promise):
    agree(by_case(log), [promise])


@given(logs(most=4), promises())
def test_of_every_kind(log, promise):
    agree(by_case(log), [promise])


@given(logs(most=4), promises(TIMED_OR_ANSWERED), promises(TIMED_OR_ANSWERED))
def test_under_the_promise_that_binds(log, earlier, later):
    change = date(2026, 3, 27)
    made = [
        replace(earlier, until_on=change),
        replace(later, from_on=change, until_on=None),
    ]
    agree(by_case(log), made)


def rule(**changes) -> Rule:
    kind = changes.pop("kind", "share_within_limit")
    return Rule.from_definition(
        kind, PLAIN | changes, comparator=">=", target=Decimal(90)
    )


def promise(**changes) -> Promise:
    return Promise(rule(**changes), date(2026, 1, 1), None, CALENDAR)


def case(*steps: tuple[str, timedelta], **attributes: str) -> list[Event]:
    return [
        Event("", type_, MONDAY + after, None, attributes) for type_, after in steps
    ]


NOON = timedelta(hours=2, minutes=30)
WEEKS = timedelta(weeks=3)
ORDINARY = {
    "kept": case(("opened", 0 * NOON), ("closed", NOON), channel="web"),
    "broken": case(("opened", 0 * NOON), ("closed", WEEKS), channel="desk"),
    "running": case(("opened", NOON)),
    "noted": case(("opened", 0 * NOON), ("note", NOON), ("closed", 2 * NOON)),
    "twice": case(("opened", 0 * NOON), ("opened", NOON), ("closed", 2 * NOON)),
}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"counted_in": "opened"},
        {"counted_in": "closed"},
        {"segment_by": "channel"},
        {"where": [{"attribute": "channel", "in": ["web"]}]},
        {"exclude": [{"attribute": "channel", "in": ["phone"]}]},
        {"pauses": [{"from": ["asked"], "until": ["replied"]}], "void": ["void"]},
        {"stop": {"types": ["closed"], "pick": "last"}},
        {
            "limits": [
                {
                    "where": [{"attribute": "channel", "in": ["desk"]}],
                    "limit": {"amount": "1", "unit": "months"},
                }
            ]
        },
        {"kind": "mean_duration", "unit": "open_hours"},
        {"kind": "median_duration", "unit": "working_days", "counted_in": "closed"},
    ],
)
def test_ordinary_cases_are_not_left(changes):
    assert agree(ORDINARY, [promise(**changes)]) == set()


@pytest.mark.parametrize(
    ("left", "changes", "steps"),
    [
        ("no start", {}, [("closed", NOON)]),
        ("stop first", {}, [("closed", 0 * NOON), ("opened", NOON)]),
        (
            "pause",
            {"pauses": [{"from": ["asked"], "until": ["replied"]}]},
            [("opened", 0 * NOON), ("asked", NOON)],
        ),
        ("withdrawn", {"withdrawn": ["gone"]}, [("opened", NOON), ("gone", WEEKS)]),
        ("before any promise", {}, [("opened", -52 * WEEKS)]),
        ("beyond the calendar", {}, [("opened", 14 * WEEKS)]),
        ("a | b", {}, [("opened", NOON)]),
        ("back\\slash", {}, [("opened", NOON)]),
    ],
)
def test_what_is_not_plain_is_left(left, changes, steps):
    assert agree(ORDINARY | {left: case(*steps)}, [promise(**changes)]) == {left}


def test_what_a_suspension_may_take_is_left():
    suspended = replace(promise(), suspensions=(Suspension(date(2026, 3, 1), None),))
    assert agree(ORDINARY, [suspended]) == set(ORDINARY)


def test_nothing_is_said_of_no_cases():
    assert judge_many(columns({}), [promise()], zone=ZONE, source="") == ([], [])


# Where clocks go back over midnight an evening is shown twice.
HAVANA = ZoneInfo("America/Havana")
CHANGES = (datetime(2026, 3, 8, 5, tzinfo=UTC), datetime(2026, 11, 1, 5, tzinfo=UTC))


@given(
    st.sampled_from(CHANGES),
    st.lists(st.integers(-3000, 3000), min_size=2, max_size=2).map(sorted),
    st.sampled_from(["due", "opened", "closed"]),
)
def test_beside_a_change_of_clocks(change, minutes, counted_in):
    calendar_days = {"amount": "2", "unit": "calendar_days"}
    made = promise(limit=calendar_days, counted_in=counted_in)
    began, ended = (change + timedelta(minutes=number) for number in minutes)
    events = [Event("", "opened", began), Event("", "closed", ended)]
    agree({"one": events}, [replace(made, calendar=None)], HAVANA)

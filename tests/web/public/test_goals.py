"""Targets in words: of the whole, of seasons, years and sites, and by a day."""

from datetime import date
from decimal import Decimal

import pytest
from django.utils import translation

from engine.periods import PeriodKind, period_of
from indicators.models import IndicatorRule
from web.presenters.goals import changes_within, due_day, goals_of

TIMED = {
    "start": {"types": ["opened"]},
    "stop": {"types": ["closed"]},
    "limit": {"amount": "10", "unit": "calendar_days"},
}
JUNE = period_of(date(2026, 6, 1), PeriodKind.MONTH)


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


def rule(kind="share_within_limit", **definition):
    timed = TIMED if kind == "share_within_limit" else {}
    return IndicatorRule(
        kind=kind,
        comparator=">=",
        target=Decimal(90),
        definition={**timed, **definition},
    )


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        ([], []),
        (
            [{"season": {"from": "07-01", "until": "11-01"}, "target": "80"}],
            ["at least 80 %, from 1 July to 31 October of every year"],
        ),
        (
            [{"season": {"from": "12-01", "until": "03-01"}, "target": "80"}],
            ["at least 80 %, from 1 December to 29 February of every year"],
        ),
        (
            [
                {"from": "2026-01-01", "until": "2027-01-01", "target": "92"},
                {"from": "2027-01-01", "target": "95", "comparator": ">"},
                {"until": "2025-01-01", "target": "85"},
            ],
            [
                "at least 92 %, from 1 January 2026 to 31 December 2026",
                "more than 95 %, from 1 January 2027 on",
                "at least 85 %, until 31 December 2024",
            ],
        ),
        (
            [{"segment": "Centre", "target": "88"}],
            ["at least 88 %, for “Centre”"],
        ),
        (
            [
                {
                    "segment": "Centre",
                    "season": {"from": "07-01", "until": "08-01"},
                    "from": "2026-01-01",
                    "target": "70",
                }
            ],
            [
                (
                    "at least 70 %, for “Centre”, from 1 July to 31 July of every "
                    "year, from 1 January 2026 on"
                )
            ],
        ),
    ],
)
def test_every_target_is_told_with_when_and_where_it_holds(targets, words):
    assert goals_of(rule(targets=targets)) == ("at least 90 %", *words)


@pytest.mark.parametrize(
    ("due", "words"),
    [
        ({"on": "2026-06-30"}, "done by 30 June 2026"),
        ({"on": "03-31", "from": "01-01"}, "done by 31 March of every year"),
    ],
)
def test_milestone_has_a_day_and_no_percentage(due, words):
    made = rule("milestone", done={"types": ["published"]}, due=due)
    assert goals_of(made) == (words,)


def test_day_of_a_milestone_is_that_of_the_period():
    made = rule("milestone", done={"types": ["published"]}, due={"on": "06-30"})
    assert due_day(made, JUNE) == date(2026, 6, 30)
    assert due_day(made, JUNE.previous) is None
    assert due_day(rule(), JUNE) is None


def test_difference_has_its_sign():
    made = rule("trend", of={"kind": "share_within_limit", **TIMED})
    assert goals_of(made) == ("at least +90 percentage points",)


def test_draft_that_cannot_be_measured_says_what_it_can():
    assert goals_of(rule(targets="soon")) == ("at least 90 %",)
    assert not changes_within(rule(targets="soon"), JUNE, "")


def test_target_changes_within_a_period_only_if_a_day_of_it_has_another():
    summer = {"season": {"from": "06-15", "until": "09-01"}, "target": "80"}
    assert changes_within(rule(targets=[summer]), JUNE, "")
    assert not changes_within(rule(targets=[summer]), JUNE.previous, "")

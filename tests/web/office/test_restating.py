"""Restating final figures by hand: what would change, why, and what it leaves."""

import copy
from datetime import UTC, datetime

import pytest

from engine.periods import parse_period
from indicators.models import Result
from indicators.services import figures
from indicators.services.calendars import put_calendar
from tests import builders
from tests.builders import NOW
from tests.web.office.pages import OFFICE, words
from tests.web.public import cases

PAGE = f"{OFFICE}indicators/IND-1/restate/"


@pytest.fixture
def frozen(charter):
    """October is final; the eleventh working day was late, and is not any more."""
    cases.record(
        charter,
        [
            cases.event("late", "opened", datetime(2026, 10, 1, 8, tzinfo=UTC)),
            cases.event("late", "closed", datetime(2026, 10, 16, 8, tzinfo=UTC)),
        ],
    )
    figures.freeze(period=parse_period("2026-10"), organisation_id=None, at=NOW)
    definition = copy.deepcopy(builders.OFFICE_HOURS)
    definition["holidays"]["2026-10-12"] = "Festa local"
    put_calendar(
        organisation=charter.organisation,
        code="office",
        name={"ca": "Oficina"},
        definition=definition,
        at=NOW,
    )
    figures.refresh(at=NOW)
    return charter


def october():
    return Result.objects.filter(
        period_kind="month", period_start="2026-10-01"
    ).order_by("revision")


def test_nothing_to_restate_is_said(at_work, charter):
    cases.share(charter, met=3)
    page = words(at_work("MANAGER").get(PAGE))
    assert "No final figure would be different" in page
    assert "Restate them" not in page


def test_what_would_change_is_shown_and_nothing_is_written(at_work, frozen):
    page = words(at_work("APPROVER").get(PAGE))
    assert "1 final figure would be different" in page
    assert "October 2026 0 % over 1 case Not met 100 % over 1 case Met" in page
    assert october().count() == 1


def test_restatement_needs_its_cause(at_work, frozen):
    page = words(at_work("MANAGER").post(PAGE, {"cause": " "}))
    assert "Cause – This field is required." in page
    assert october().count() == 1


def test_figures_are_restated_with_cause_and_person(at_work, frozen):
    manager = at_work("MANAGER")
    response = manager.post(PAGE, {"cause": "Faltava la festa local"})
    assert (response.status_code, response.url) == (302, PAGE)
    page = words(manager.get(PAGE))
    assert "1 figure was restated." in page
    assert "No final figure would be different" in page
    before, after = october()
    assert (before.status, after.status) == ("unmet", "met")
    assert after.cause == "Faltava la festa local"
    assert after.restated_by.email == "manager@vila.example.org"


@pytest.mark.parametrize("code", ["NO-1", "%00"])
def test_unknown_indicator_is_not_found(at_work, charter, code):
    url = f"{OFFICE}indicators/{code}/restate/"
    assert at_work("MANAGER").get(url).status_code == 404


def test_indicator_of_a_draft_has_nothing_to_restate(at_work, town):
    builders.draft(builders.charter_document(), of=town)
    assert at_work("MANAGER").get(PAGE).status_code == 404


def test_dashboard_leads_there_whoever_may(at_work, frozen):
    link = f'href="{PAGE}"'
    assert link in at_work("MANAGER").get(OFFICE).content.decode()
    assert link not in at_work("AUDITOR").get(OFFICE).content.decode()


@pytest.mark.parametrize("months", [1, 3])
def test_page_costs_the_same_whatever_is_final(
    at_work, charter, django_assert_num_queries, months
):
    for month in range(7, 7 + months):
        cases.share(charter, met=1, opened_at=datetime(2026, month, 1, 8, tzinfo=UTC))
        period = parse_period(f"2026-{month:02d}")
        figures.freeze(period=period, organisation_id=None, at=NOW)
    client = at_work("MANAGER")
    # session, person, organisation, roles; newest rule; rules, suspensions, calendar;
    # final lines, feed, sums
    with django_assert_num_queries(11):
        client.get(PAGE)

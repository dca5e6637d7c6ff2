"""The dashboard: what is kept, what is not, what nobody can tell."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from feedback.services.claims import file_claim
from indicators.services import figures
from tests import builders
from tests.builders import NOW
from tests.web.office.pages import OFFICE, words
from tests.web.public import cases


def own_claims(**changes):
    """An indicator of our own handling of claims."""
    document = builders.charter_document()
    document["streams"].append(
        {
            "code": "reclamacions",
            "name": builders.text("Claims"),
            "time_zone": "Europe/Madrid",
            "types": ["claim_answered", "claim_received"],
            "attributes": ["charter"],
            "expected_gap_days": None,
        }
    )
    document["quality"]["commitments"][0]["indicators"].append(
        builders.indicator(
            "CLAIMS-1",
            name=builders.text("Claims answered"),
            stream="reclamacions",
            rule={
                "start": {"types": ["claim_received"]},
                "stop": {"types": ["claim_answered"]},
                "limit": {"amount": "15", "unit": "working_days"},
                "counted_in": "closed",
            },
        )
    )
    return document | changes


def test_dashboard_of_nothing_says_what_will_stand_here(at_work, town):
    page = words(at_work("MANAGER").get(OFFICE))
    assert "No charter is published yet" in page


def test_dashboard_shows_the_latest_official_figure(at_work, charter):
    cases.share(charter, met=19, missed=1)
    page = words(at_work("MANAGER").get(OFFICE))
    assert "Met 1 of 1 indicators; 1 of them evaluated" in page
    assert "Not met 0 of the 1 evaluated" in page
    assert "Its cases : IND-1 Met October 2026 (provisional)" in page
    assert "19 of 20 in time, 95 %, target at least 95 %: met" in page
    assert "Events to 6 October 2026" in page
    assert (
        "1 met, 0 not met, 0 not evaluated, of 1. Degree of compliance: 1 of 1 "
        "commitment: 100 %; 1 of 1 with a verdict: 100 %." in page
    )


def test_dashboard_tells_a_suspended_figure_with_and_without(at_work, charter):
    cases.share(charter, met=19, missed=2)
    cases.suspend(charter, from_on=date(2026, 10, 1))
    page = words(at_work("MANAGER").get(OFFICE))
    assert "The commitment is suspended in this period, so it is not judged." in page
    assert (
        "Without the suspension: 19 of 21 in time, 90.48 %, target at least 95 %: "
        "not met" in page
    )


def test_dashboard_puts_the_worst_first(at_work, town, charter):
    cases.share(charter, met=20)
    archive = builders.published(
        builders.charter_document(
            slug="archive",
            indicators=[builders.indicator("ARC-1"), builders.indicator("ARC-2")],
        ),
        of=town,
    )
    cases.share(archive, met=1, missed=3)
    page = words(at_work("MANAGER").get(OFFICE))
    # All three read the same feed: 21 of 24.
    assert page.count("21 of 24 in time") == 3
    empty = builders.indicator(
        "PARK-1", stream="park", rule=builders.indicator()["rule"]
    )
    document = builders.charter_document(slug="park", indicators=[empty])
    document["streams"][0]["code"] = "park"
    builders.published(document, of=town)
    figures.refresh(at=NOW)
    page = words(at_work("AUDITOR").get(OFFICE))
    assert page.index("ARC-1") < page.index("PARK-1")
    assert "0 met, 0 not met, 1 not evaluated, of 1." in page
    assert "Not evaluated 1 of 4 indicators" in page
    assert "No event has arrived yet" in page


def test_dashboard_says_when_a_feed_is_silent(at_work, town):
    edition = builders.published(
        builders.charter_document(expected_gap_days=7), of=town
    )
    cases.share(edition, met=1)
    page = words(at_work("MANAGER").get(OFFICE))
    assert "Events to 6 October 2026: silent for 27 days" in page
    assert "No data yet" in page


def test_dashboard_draws_the_last_periods(at_work, charter):
    for month in (7, 8, 9):
        at = datetime(2026, month, 7, 8, tzinfo=UTC)
        cases.share(charter, met=month, missed=1, opened_at=at)
    page = at_work("MANAGER").get(OFFICE).content.decode()
    assert "the last 10 periods" in page
    assert 'class="sparkline"' in page


def test_dashboard_is_filtered(at_work, town, charter):
    cases.share(charter, met=20)
    document = builders.charter_document(slug="park")
    document["quality"]["commitments"][0]["indicators"][0]["code"] = "PARK-1"
    builders.published(document, of=town)
    manager = at_work("MANAGER")
    only = words(manager.get(f"{OFFICE}?charter=park"))
    assert "PARK-1" in only
    assert "IND-1" not in only
    assert "of 2 indicators" in only
    none = words(manager.get(f"{OFFICE}?status=unmet"))
    assert "Nothing matches these filters." in none
    assert "IND-1" in words(manager.get(f"{OFFICE}?status=met"))


@pytest.mark.parametrize("number", [1, 3])
def test_dashboard_costs_the_same_whatever_its_length(
    at_work, town, django_assert_num_queries, number
):
    for index in range(number):
        edition = builders.published(
            builders.charter_document(
                slug=f"c-{index}",
                indicators=[
                    builders.indicator(f"I-{index}-{n}") for n in range(number)
                ],
            ),
            of=town,
        )
        cases.share(edition, met=3)
    client = at_work("MANAGER")
    # session, person, organisation, roles; editions, rules, ledger, feeds, claims
    with django_assert_num_queries(10):
        client.get(OFFICE)


def test_claims_stand_on_the_tiles(at_work, charter):
    for days in (0, 60):
        file_claim(
            charter=charter.charter,
            commitment_code="C1",
            facts_on=date(2026, 8, 20),
            narrative="x",
            language="ca",
            at=NOW - timedelta(days=days),
        )
    page = words(at_work("MANAGER").get(OFFICE))
    assert "Open claims 2 1 of them is overdue" in page
    assert "Claims decided this year 0" in page
    # Who may not read claims sees how many there are, and no way to them.
    drafter = at_work("DRAFTER").get(OFFICE)
    assert "Open claims 2" in words(drafter)
    assert f"{OFFICE}claims/" not in drafter.content.decode()


def test_answered_claim_is_counted(at_work, town):
    """Our own word is measured like any other: the whole way from inbox to figure."""
    edition = builders.published(own_claims(), of=town)
    filed = file_claim(
        charter=edition.charter,
        commitment_code="C1",
        facts_on=date(2026, 10, 20),
        narrative="x",
        language="ca",
        at=NOW - timedelta(days=5),
    )
    figures.refresh(at=NOW)
    handler = at_work("CLAIM_HANDLER")
    assert "Open claims 1" in words(handler.get(OFFICE))
    handler.post(
        f"{OFFICE}claims/{filed.claim.reference}/",
        {"outcome": "upheld", "answer": "Teniu raó"},
    )
    figures.refresh(at=NOW)
    page = words(handler.get(OFFICE))
    assert "Open claims 0" in page
    assert "Claims decided this year 1" in page
    assert "November 2026, so far: 1 of 1 in time, 100 %." in page
    with time_machine.travel(datetime(2026, 12, 5, 9, tzinfo=UTC), tick=False):
        page = words(at_work("MANAGER").get(OFFICE))
    assert "1 of 1 in time, 100 %, target at least 95 %: met" in page

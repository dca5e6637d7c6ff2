"""The inbox, a claim, and its one decision."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
import time_machine
from django.db import connection
from django.test import Client

from accounts.models import User
from core.models import AuditEntry
from feedback.models import Claim
from feedback.services.claims import file_claim
from indicators.models import ServiceEvent
from tests import builders
from tests.builders import NOW
from tests.web.office.pages import OFFICE, words
from tests.web.public import cases

INBOX = f"{OFFICE}claims/"
DECISION = {"outcome": "upheld", "answer": "Tiene razón.\nLo sentimos."}


@pytest.fixture
def claim(charter) -> Claim:
    return file(charter)


def file(edition, *, at=NOW, **changes) -> Claim:
    return file_claim(
        **(
            {
                "charter": edition.charter,
                "commitment_code": "C1",
                "facts_on": date(2026, 10, 20),
                "narrative": "Esperé un mes.",
                "wish": "Una respuesta",
                "language": "es",
                "at": at,
            }
            | changes
        )
    ).claim


def page_of(claim: Claim) -> str:
    return f"{INBOX}{claim.reference}/"


def test_inbox_puts_the_claim_due_first_on_top(at_work, charter):
    late = file(charter, at=NOW - timedelta(days=60), narrative="The old one")
    file(charter, narrative="x" * 200)
    page = words(at_work("CLAIM_HANDLER").get(INBOX))
    assert "2 claims wait" in page
    assert page.index("The old one") < page.index("xxx")
    assert page.count("Overdue") == 1
    assert late.reference in page
    assert "x" * 139 + "…" in page


def test_inbox_shows_what_is_decided_apart(at_work, claim):
    handler = at_work("CLAIM_HANDLER")
    assert "No claim has been decided yet" in words(
        handler.get(f"{INBOX}?show=decided")
    )
    handler.post(page_of(claim), DECISION)
    assert "No claim is waiting" in words(handler.get(INBOX))
    page = words(handler.get(f"{INBOX}?show=decided"))
    assert claim.reference in page
    assert "Upheld" in page


def test_claim_without_a_term_says_so(at_work, town, charter):
    type(town).objects.filter(pk=town.pk).update(claim_term={})
    claim = file(charter)
    handler = at_work("CLAIM_HANDLER")
    assert "no term" in words(handler.get(INBOX))
    assert "Answer by" not in words(handler.get(page_of(claim)))


@pytest.mark.parametrize("number", [1, 3])
def test_inbox_costs_the_same_whatever_its_length(
    at_work, charter, django_assert_num_queries, number
):
    for _ in range(number):
        file(charter)
    client = at_work("CLAIM_HANDLER")
    # session, person, organisation, roles; count, claims
    with django_assert_num_queries(6):
        client.get(INBOX)


def test_claim_page_joins_what_a_decision_needs(at_work, claim):
    page = words(at_work("CLAIM_HANDLER").get(page_of(claim)))
    assert "Esperé un mes." in page
    assert "Una respuesta" in page
    assert "We answer within ten working days (ca)" in page
    assert "edition 1" in page
    assert "We apologise (ca)" in page
    assert "No liability by itself (en)" in page
    assert "Answer, in Spanish" in page
    assert "The citizen gave no case number" in page
    assert AuditEntry.objects.get(verb="feedback.read").subject == claim.reference


@pytest.mark.parametrize(
    ("closed", "verdict"),
    [
        ("2026-10-06T10:00:00+02:00", "The promise was kept"),
        ("2026-10-30T10:00:00+01:00", "The promise was not kept"),
        (None, "It is still open, and its last good day was 19 October 2026."),
    ],
)
def test_claim_page_tells_what_the_events_say(at_work, charter, closed, verdict):
    lines = [cases.event("2026/77", "opened", cases.OCTOBER)]
    if closed:
        lines.append(cases.event("2026/77", "closed", closed))
    cases.record(charter, lines)
    claim = file(charter, case_key="2026/77")
    page = words(at_work("CLAIM_HANDLER").get(page_of(claim)))
    assert verdict in page
    assert "5 October 2026, 10:00 opened" in page


def test_claim_page_tells_a_case_that_may_still_be_kept(at_work, charter):
    cases.record(charter, [cases.event("2026/78", "opened", NOW - timedelta(days=1))])
    claim = file(charter, case_key="2026/78", facts_on=date(2026, 11, 1))
    page = words(at_work("CLAIM_HANDLER").get(page_of(claim)))
    assert "Still open" in page
    assert "It has until 13 November 2026, included." in page


def test_claim_page_shows_corrected_events_as_corrected(at_work, charter):
    first = cases.event("2026/79", "opened", cases.OCTOBER)
    other = first | {
        "id": "again",
        "at": cases.OCTOBER + timedelta(hours=2),
        "replaces": first["id"],
    }
    cases.record(charter, [first, other])
    claim = file(charter, case_key="2026/79")
    page = words(at_work("CLAIM_HANDLER").get(page_of(claim)))
    assert "opened (corrected later)" in page


@pytest.mark.parametrize("key", ["nothing-of-ours", "2026/80"])
def test_claim_page_admits_that_it_cannot_tell(at_work, charter, key):
    claim = file(charter, case_key=key)
    page = words(at_work("CLAIM_HANDLER").get(page_of(claim)))
    assert "Cannot tell" in page
    assert "No event names this case." in page


def test_decision_is_written_once_and_recorded(at_work, claim):
    response = at_work("CLAIM_HANDLER").post(page_of(claim), DECISION, follow=True)
    page = words(response)
    assert "The claim is answered." in page
    assert "Decided by Claim_Handler of vila on 2 November 2026." in page
    assert "Tiene razón." in page
    assert "Send the decision" not in page
    claim.refresh_from_db()
    assert (claim.state, claim.decided_at) == ("upheld", NOW)
    assert ServiceEvent.objects.filter(type="claim_answered").count() == 1


def test_decision_needs_an_outcome_and_words(at_work, claim):
    page = words(at_work("CLAIM_HANDLER").post(page_of(claim), {"answer": " "}))
    assert "Outcome – This field is required." in page
    assert "Answer, in Spanish – This field is required." in page
    claim.refresh_from_db()
    assert claim.state == "received"


def test_readers_see_the_claim_and_no_form(at_work, claim):
    auditor = at_work("AUDITOR")
    page = words(auditor.get(page_of(claim)))
    assert "Claim handlers decide; you may read." in page
    assert auditor.post(page_of(claim), DECISION).status_code == 403


def test_second_decider_is_told_who_won_and_keeps_the_words(at_work, claim):
    at_work("CLAIM_HANDLER").post(page_of(claim), DECISION)
    response = at_work("SECOND_INSTANCE").post(
        page_of(claim), {"outcome": "rejected", "answer": "Words of the second"}
    )
    assert response.status_code == 409
    page = words(response)
    assert "Claim_Handler of vila decided this claim before you" in page
    assert "Tiene razón." in page
    assert "Words of the second" in page
    claim.refresh_from_db()
    assert claim.state == "upheld"


@pytest.mark.django_db(transaction=True)
def test_of_two_deciders_racing_exactly_one_wins(charter):
    claim = file(charter)
    people = [
        builders.person(role, of=charter.organisation)
        for role in ("CLAIM_HANDLER", "SECOND_INSTANCE")
    ]
    start = Barrier(2)

    def decide(user: User) -> int:
        try:
            client = Client()
            client.force_login(user)
            start.wait(10)
            return client.post(
                page_of(claim), {"outcome": "upheld", "answer": f"Answer of {user.pk}"}
            ).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(decide, people))
    assert statuses == [302, 409]
    claim.refresh_from_db()
    assert claim.answer == f"Answer of {claim.decided_by_id}"
    assert ServiceEvent.objects.filter(type="claim_answered").count() == 1
    assert AuditEntry.objects.filter(verb="feedback.decide").count() == 1


def test_claim_of_another_organisation_does_not_exist(at_work, claim):
    other = builders.organisation("altra")
    handler = at_work("CLAIM_HANDLER", of=other)
    assert handler.get(f"/en/office/altra/claims/{claim.reference}/").status_code == 404


def test_decision_after_the_term_is_accepted(at_work, claim):
    with time_machine.travel(NOW + timedelta(days=40), tick=False):
        response = at_work("CLAIM_HANDLER").post(page_of(claim), DECISION)
        assert response.status_code == 302

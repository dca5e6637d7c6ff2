"""Recording a suspension, and saying when it ends."""

from datetime import date

import pytest

from commitments.models import Suspension
from tests import builders
from tests.web.office.pages import LIBRARY, fields, words
from tests.web.public import cases

LIST = f"{LIBRARY}suspensions/"
NEW = f"{LIST}new/"
TYPED = {
    "commitment": "C1",
    "resolution": "Decret 2026/77",
    "resolved_on": "2026-09-25",
    "from_on": "2026-10-01",
    "until_on": "",
    "covers": "touched",
    "cause_ca": "Obres a l’edifici",
    "consequences_ca": "",
    "cause_en": "Works in the building",
}


@pytest.fixture
def approver(at_work, charter):
    return at_work("APPROVER")


def send(client, url=NEW, **typed):
    return client.post(url, fields(client.get(url)) | TYPED | typed)


def test_suspension_is_recorded_and_shown(approver, charter):
    cases.share(charter, met=3)
    empty = words(approver.get(LIST))
    assert "No commitment of this charter has been suspended." in empty
    response = send(approver)
    assert (response.status_code, response.url) == (302, LIST)
    made = Suspension.objects.get()
    assert (made.commitment, made.covers, made.until_on) == ("C1", "touched", None)
    assert made.cause == {
        "ca": "Obres a l’edifici",
        "en": "Works in the building",
    }
    page = words(approver.get(LIST))
    assert "The suspension is recorded and its figures are computed." in page
    assert "Commitment C1 Suspended" in page
    assert "Suspended from 1 October 2026 until further notice." in page
    assert "Works in the building" in page
    assert "Say when it ends" in page


def test_commitments_can_be_chosen_by_their_words(approver, charter):
    page = words(approver.get(NEW))
    assert "C1: We answer within ten working days (ca)" in page


@pytest.mark.parametrize(
    ("typed", "words_"),
    [
        ({"cause_ca": ""}, "Cause, in Catalan – This field is required."),
        ({"resolution": ""}, "Resolution – This field is required."),
        ({"from_on": ""}, "First day – This field is required."),
        ({"until_on": "2026-10-01"}, "It must come after the first day."),
        ({"resolved_on": "2026-11-03"}, "That day has not come."),
        ({"commitment": "C9"}, "Select a valid choice."),
        ({"covers": "some"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_is_said_and_nothing_typed_is_lost(
    approver, charter, typed, words_
):
    response = send(approver, **typed)
    page = words(response)
    assert response.status_code == 200
    assert words_ in page
    assert "Works in the building" in page
    assert not Suspension.objects.exists()


def test_days_that_are_suspended_already_are_refused(approver, charter):
    send(approver)
    page = words(send(approver, from_on="2026-11-01"))
    assert "The commitment is suspended already on some of these days." in page
    assert Suspension.objects.count() == 1


def test_end_is_given_once(approver, charter):
    send(approver)
    url = f"{LIST}{Suspension.objects.get().pk}/lift/"
    assert "It must come after the first day." in words(
        approver.post(url, {"until_on": "2026-10-01"})
    )
    assert approver.post(url, {"until_on": "2026-11-01"}).status_code == 302
    page = words(approver.get(LIST))
    assert "Suspended from 1 October 2026 to 31 October 2026, both included." in page
    assert "Say when it ends" not in page
    late = approver.post(url, {"until_on": "2026-12-01"})
    assert late.status_code == 409
    assert "Its end has been given already" in words(late)
    assert Suspension.objects.get().until_on == date(2026, 11, 1)


def test_suspension_of_another_charter_is_not_found(approver, charter, town):
    other = builders.published(
        builders.charter_document(slug="park", indicators=[builders.indicator("P-1")]),
        of=town,
    )
    made = cases.suspend(
        other, from_on=date(2026, 10, 1), by=builders.person("PUBLISHER", of=town)
    )
    assert approver.get(f"{LIST}{made.pk}/lift/").status_code == 404


def test_who_may_not_suspend_reads(at_work, charter):
    cases.suspend(charter, from_on=date(2026, 10, 1))
    page = words(at_work("DRAFTER").get(LIST))
    assert "Suspended from 1 October 2026" in page
    assert "Record a suspension" not in page
    assert "Say when it ends" not in page


@pytest.mark.parametrize("number", [1, 3])
def test_list_costs_the_same_whatever_its_length(
    at_work, charter, django_assert_num_queries, number
):
    person = builders.person("PUBLISHER", of=charter.organisation)
    for month in range(1, number + 1):
        cases.suspend(
            charter,
            from_on=date(2026, month, 1),
            until_on=date(2026, month, 9),
            by=person,
        )
    client = at_work("AUDITOR")
    # session, person, organisation, roles; charter, draft, newest edition, the list
    with django_assert_num_queries(8):
        client.get(LIST)

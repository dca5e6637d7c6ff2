"""Whole charters: the list, a new one, a new edition, publication."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
from django.db import connection

from charters.enums import EditionState
from charters.models import Charter, Edition, Step
from charters.services.drafts import NotADraftError, open_next
from charters.services.publication import Evidence, publish
from commitments.models import Commitment
from commitments.services.drafts import put
from core.models import AuditEntry
from tests import builders
from tests.web.office.pages import LIBRARY, OFFICE, fields, fill, words

CHARTERS = f"{OFFICE}charters/"
NEW = f"{OFFICE}new-charter/"
PUBLISH = f"{LIBRARY}publish/"
EVIDENCE = {
    "authority": "Full council",
    "act_number": "12/2026",
    "act_on": "2026-10-30",
    "gazette": "BOPB 1234",
}


@pytest.fixture
def publishable(draft: Edition) -> Edition:
    Edition.objects.filter(pk=draft.pk).update(valid_until=date(2030, 1, 1))
    draft.refresh_from_db()
    return draft


def test_list_says_how_each_charter_stands(at_work, town, charter, draft):
    builders.draft(builders.charter_document(slug="archive", indicators=[]), of=town)
    page = words(at_work("AUDITOR").get(CHARTERS))
    assert "Charter library (ca) In force 31 December 2027 Edition 2: 1 thing" in page
    assert "Charter archive (ca) never published" in page
    assert "New charter" not in page


def test_list_of_nothing_says_what_a_charter_is(at_work, town):
    assert "There is no charter yet" in words(at_work("AUDITOR").get(CHARTERS))


@pytest.mark.parametrize("number", [1, 3])
def test_list_costs_the_same_whatever_its_length(
    at_work, town, django_assert_num_queries, number
):
    for index in range(number):
        edition = builders.published(
            builders.charter_document(
                slug=f"charter-{index}",
                indicators=[
                    builders.indicator(f"I-{index}-{n}") for n in range(number)
                ],
            ),
            of=town,
        )
        open_next(charter=edition.charter, by=builders.person(
            "ADMINISTRATOR", of=town, email=f"{index}@example.org"), at=builders.NOW)  # fmt: skip
    client = at_work("AUDITOR")
    # session, person, organisation, roles; charters, editions, drafts and their parts
    with django_assert_num_queries(12):
        client.get(CHARTERS)


def test_new_charter_begins_as_an_empty_draft(drafter, town):
    response = drafter.post(
        NEW,
        {"title": "Biblioteca", "language": "ca", "slug": "biblioteca",
         "scope": "service", "audience": "external"},
        follow=True,
    )  # fmt: skip
    assert response.redirect_chain[-1][0] == f"{CHARTERS}biblioteca/"
    edition = Edition.objects.get()
    assert (edition.number, edition.state) == (1, EditionState.DRAFT)
    assert edition.title == {"ca": "Biblioteca"}
    assert "It can be published when these things are done" in words(response)


def test_new_charter_cannot_take_the_name_of_another(drafter, charter):
    response = drafter.post(
        NEW,
        {"title": "Again", "language": "ca", "slug": "library",
         "scope": "service", "audience": "external"},
    )  # fmt: skip
    assert "There is already a charter with this name." in words(response)
    assert Edition.objects.count() == 1


def test_new_charter_cannot_take_one_of_our_own_addresses(drafter, town):
    response = drafter.post(
        NEW,
        {"title": "Terminis", "language": "ca", "slug": "deadline",
         "scope": "service", "audience": "external"},
    )  # fmt: skip
    assert "This short name is one of our own." in words(response)
    assert not Edition.objects.exists()


def test_a_charter_may_be_called_new(drafter, town):
    builders.draft(builders.charter_document(slug="new-charter"), of=town)
    assert drafter.get(f"{CHARTERS}new-charter/").status_code == 200


def test_new_edition_starts_from_the_last_and_is_opened_once(drafter, charter):
    for _ in range(2):
        response = drafter.post(f"{LIBRARY}draft/", follow=True)
    assert Edition.objects.filter(state=EditionState.DRAFT).count() == 1
    page = words(response)
    assert "Draft of edition 2" in page
    assert "Say from when until when it is in force." in page


def test_charter_without_an_edition_cannot_open_the_next(drafter, town):
    Charter.objects.create(organisation=town, slug="empty")
    assert drafter.post(f"{CHARTERS}empty/draft/").status_code == 404
    assert drafter.get(f"{CHARTERS}empty/").status_code == 404
    assert "empty" in words(drafter.get(CHARTERS))


def test_readers_see_the_draft_and_no_way_to_change_it(at_work, draft):
    page = at_work("LEGAL_REVIEWER").get(LIBRARY)
    text = words(page)
    assert "Draft of edition 2" in text
    assert "Edit the draft" not in text
    # What is missing is said; the way to mend it is for those who may.
    assert "Say from when until when it is in force." in text
    assert f"{LIBRARY}head/" not in page.content.decode()
    assert "Read the draft" in text
    read = words(at_work("APPROVER").get(f"{LIBRARY}editions/2/"))
    assert "Who we are (ca)" in read
    assert "We answer within ten working days (ca)" in read
    assert "IND-1" in read
    assert "We apologise (ca)" in read
    assert "Draft created" in read


def test_unknown_edition(drafter, charter):
    assert drafter.get(f"{LIBRARY}editions/9/").status_code == 404


def test_publication(at_work, publishable):
    publisher = at_work("PUBLISHER")
    page = words(publisher.get(PUBLISH))
    assert "from 1 January 2028 to 31 December 2029, both included" in page
    response = publisher.post(PUBLISH, EVIDENCE | {"revision": 0}, follow=True)
    assert "Edition 2 is published." in words(response)
    publishable.refresh_from_db()
    assert publishable.state == EditionState.PUBLISHED
    step = Step.objects.get(edition=publishable, kind="PUBLISHED")
    assert (step.authority, step.act_number) == ("Full council", "12/2026")
    assert (step.act_on, step.gazette) == (date(2026, 10, 30), "BOPB 1234")
    assert AuditEntry.objects.filter(verb="charters.publish").exists()
    read = words(publisher.get(f"{LIBRARY}editions/2/"))
    assert "Full council · 12/2026 · 30 October 2026 · BOPB 1234" in read


def test_publication_asks_for_the_act(at_work, publishable):
    response = fill(at_work("PUBLISHER"), PUBLISH, authority="")
    page = words(response)
    assert "Authority that approved it – This field is required." in page
    assert "Date of the act – This field is required." in page
    publishable.refresh_from_db()
    assert publishable.state == EditionState.DRAFT


def test_publication_is_refused_with_the_whole_list(at_work, draft):
    publisher = at_work("PUBLISHER")
    draft.assurance_measures.all().delete()
    assert "It cannot be published yet" in words(publisher.get(PUBLISH))
    response = publisher.post(PUBLISH, EVIDENCE | {"revision": 0})
    assert response.status_code == 409
    page = words(response)
    assert "It was not published" in page
    assert "Say from when until when it is in force." in page
    assert "Say how you make sure that the commitments are kept." in page
    draft.refresh_from_db()
    assert draft.state == EditionState.DRAFT


def test_publication_that_clashes_says_with_what(at_work, town, publishable):
    Edition.objects.filter(pk=publishable.pk).update(
        valid_from=date(2025, 6, 1), valid_until=date(2027, 6, 1)
    )
    response = fill(at_work("PUBLISHER"), PUBLISH, **EVIDENCE)
    assert response.status_code == 409
    assert "Another edition is in force on some of these days." in words(response)


def test_publisher_publishes_what_was_read(at_work, drafter, publishable):
    """A change between reading and publishing is not published unread."""
    publisher = at_work("PUBLISHER")
    read = fields(publisher.get(PUBLISH))
    fill(drafter, f"{LIBRARY}sections/general/", aims="Changed at the last minute")
    response = publisher.post(PUBLISH, read | EVIDENCE)
    assert response.status_code == 409
    assert "The draft has changed since you opened this page" in words(response)
    publishable.refresh_from_db()
    assert publishable.state == EditionState.DRAFT
    # What was typed is still there, and can be sent after reading again.
    assert fields(response)["authority"] == ["Full council"]
    assert publisher.post(PUBLISH, fields(response)).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_saving_while_publishing_never_parts_text_from_snapshot(town):
    """Whoever comes second loses: the snapshot is what the rows say."""
    edition = builders.draft(builders.charter_document(), of=town)
    drafter = builders.person("DRAFTER", of=town)
    start = Barrier(2)

    def rename() -> str:
        try:
            start.wait(10)
            put(
                edition=edition,
                revision=0,
                item=Commitment.objects.get(edition=edition),
                values={"code": "C1", "text": {"ca": "Renamed"}},
                by=drafter,
                at=builders.NOW,
            )
        except NotADraftError:
            return "refused"
        finally:
            connection.close()
        return "saved"

    def make_public() -> None:
        try:
            start.wait(10)
            publish(edition=edition, by=None, at=builders.NOW, evidence=Evidence())
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        saved, published = pool.submit(rename), pool.submit(make_public)
        outcome = saved.result()
        published.result()
    edition.refresh_from_db()
    text = edition.snapshot["quality"]["commitments"][0]["text"]
    assert text == Commitment.objects.get(edition=edition).text
    assert (text == {"ca": "Renamed"}) == (outcome == "saved")


def test_nothing_to_publish(at_work, charter):
    response = at_work("PUBLISHER").get(PUBLISH, follow=True)
    assert "There is no draft to publish." in words(response)


def test_drafter_is_told_who_publishes(drafter, publishable):
    page = words(drafter.get(LIBRARY))
    assert "Nothing is missing: it can be published." in page
    assert "Publishing is for those who approve or publish." in page
    assert drafter.post(PUBLISH, EVIDENCE).status_code == 403

"""File a claim and follow it, without an account."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from threading import Barrier

import pytest
import time_machine
from django.db import connection

from accounts.enums import Role
from accounts.models import Organisation
from core.codes import code_digest, code_of_form, new_form_key
from feedback.models import Claim
from feedback.services import claims
from indicators.models import ServiceEvent
from tests import builders

FORM = "/en/vila/library/C1/claim/"
FILED = "/en/vila/library/C1/claim/filed/"
TRACK = "/en/claims/"
KEY = re.compile(r'name="form_key" value="([^"]+)"')
CODE = re.compile(r"(?:[0-9A-Z]{4}-){4}[0-9A-Z]{4}")


def told(**changes):
    return {
        "facts_on": "2026-10-20",
        "case_key": "2026/77",
        "narrative": "I waited a month.\nNobody called.",
        "wish": "An answer",
        "email": "",
        "website": "",
        "form_key": new_form_key(),
    } | changes


def words(response):
    return " ".join(response.content.decode().split())


def file_one(client, **changes):
    response = client.post(FILED, told(**changes))
    assert response.status_code == 201
    return CODE.search(words(response)).group(), Claim.objects.latest("pk")


# --- the form ------------------------------------------------------------------------


def test_form_shows_the_promise_the_redress_and_the_liability(client, charter):
    response = client.get(FORM)
    page = words(response)
    assert "We answer within ten working days (ca)" in page
    assert "We apologise (ca)" in page
    assert "No liability by itself (en)" in page
    assert 'type="date"' in page
    assert 'min="2026-01-01"' in page
    assert 'max="2026-11-02"' in page
    assert "no-store" in response["Cache-Control"]


def test_every_form_has_a_key_of_its_own(client, charter):
    keys = {KEY.search(words(client.get(FORM))).group(1) for _ in range(3)}
    assert len(keys) == 3


@pytest.mark.parametrize(
    "path",
    ["C9/claim/", "C1/claim/filed/", "C9/claim/filed/", "C%001/claim/"],
)
def test_unknown_promise_and_stray_get(client, charter, path):
    response = client.get(f"/en/vila/library/{path}")
    if path == "C1/claim/filed/":
        assert (response.status_code, response["Location"]) == (302, FORM)
    else:
        assert response.status_code == 404


def test_form_of_a_charter_to_come_is_not_found(client, town):
    builders.published(builders.charter_document(valid_from="2027-01-01"), of=town)
    assert client.get(FORM).status_code == 404


# --- filing --------------------------------------------------------------------------


def test_claim_is_filed_and_its_code_shown(client, charter):
    response = client.post(FILED, told(email="me@example.org"))
    page = words(response)
    claim = Claim.objects.get()
    code = CODE.search(page).group()
    assert response.status_code == 201
    assert claim.code_digest == code_digest(code)
    assert (claim.reference in page, claim.language) == (True, "en")
    assert claim.narrative == "I waited a month.\nNobody called."
    assert (claim.facts_on, claim.case_key) == (date(2026, 10, 20), "2026/77")
    assert claim.email == "me@example.org"
    # 15 working days from 2 November: the 23rd, both ends in the town's calendar.
    assert "23 November 2026" in page
    assert "no-store" in response["Cache-Control"]
    assert not response.cookies.get("sessionid")


def test_filed_page_offers_no_address_that_would_lose_the_code(client, charter):
    assert "hreflang" not in words(client.post(FILED, told()))


def test_answer_without_a_term_invents_no_date(client, charter):
    Organisation.objects.update(claim_term={})
    assert "has not set a time limit" in words(client.post(FILED, told()))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"facts_on": ""}, "Say on which day it happened."),
        ({"facts_on": "yesterday"}, "Enter a valid date."),
        ({"facts_on": "2026-11-03"}, "This day has not come yet."),
        (
            {"facts_on": "2025-12-31"},
            (
                "No charter in force on that day promised this: it has been promised since "
                "1 January 2026."
            ),
        ),
        ({"narrative": ""}, "Tell us what happened, even in a few words."),
        ({"narrative": " \n\t "}, "Tell us what happened, even in a few words."),
        ({"narrative": "x" * 10_001}, "at most 10000 characters"),
        ({"narrative": "x\x00y"}, "Null characters are not allowed."),
        ({"email": "me@"}, "Enter a valid email address."),
        ({"website": "https://spam"}, "so we took this for a machine"),
    ],
)
def test_errors_are_told_and_nothing_typed_is_lost(client, charter, changes, error):
    data = told(wish="Ten <apologies>", **changes)
    response = client.post(FILED, data)
    page = words(response)
    assert response.status_code == 422
    assert error in page
    assert "There is something to correct" in page
    assert "Ten &lt;apologies&gt;" in page
    assert data["form_key"] in page
    assert "<title>Error:" in page
    assert not Claim.objects.exists()


def test_person_taken_for_a_machine_can_send_again(client, charter):
    page = words(client.post(FILED, told(website="filled by a browser")))
    assert "filled by a browser" not in page


def test_day_may_be_typed_as_people_write_it(client, charter):
    _code, claim = file_one(client, facts_on="20/10/2026")
    assert claim.facts_on == date(2026, 10, 20)


def test_today_is_the_offices_today(client, charter):
    """At 23:30 UTC of 2 November it is the 3rd in Madrid."""
    with time_machine.travel(datetime(2026, 11, 2, 23, 30, tzinfo=UTC)):
        _code, claim = file_one(client, facts_on="2026-11-03")
    assert claim.facts_on == date(2026, 11, 3)


def test_claim_is_judged_by_the_edition_of_the_day(client, charter, town):
    second = builders.published(
        builders.charter_document(valid_from="2026-12-01", valid_until="2028-12-01"),
        of=town,
    )
    with time_machine.travel(datetime(2026, 12, 10, 9, tzinfo=UTC)):
        _code, old = file_one(client, facts_on="2026-11-30")
        _code, new = file_one(client, facts_on="2026-12-01")
    assert (old.edition_id, new.edition_id) == (charter.pk, second.pk)


def test_expired_charter_still_answers_for_its_days(client, charter):
    with time_machine.travel(datetime(2028, 1, 10, 9, tzinfo=UTC)):
        file_one(client, facts_on="2027-12-30")
        response = client.post(FILED, told(facts_on="2028-01-05"))
    assert response.status_code == 422


def test_filing_is_recorded_as_an_event_without_a_word_of_it(client, charter):
    _code, claim = file_one(client)
    event = ServiceEvent.objects.get(stream__code="reclamacions")
    assert (event.case_key, event.type) == (claim.reference, "claim_received")


# --- sent twice ----------------------------------------------------------------------


def test_form_sent_twice_files_one_claim_and_shows_the_same_code(client, charter):
    data = told()
    first, second = client.post(FILED, data), client.post(FILED, data)
    assert Claim.objects.count() == 1
    assert ServiceEvent.objects.count() == 1
    assert (first.status_code, second.status_code) == (201, 200)
    code = CODE.search(words(first)).group()
    assert code in words(second)
    assert "This claim had already been filed" in words(second)
    assert "already" not in words(first)


@pytest.mark.django_db(transaction=True)
def test_form_sent_twice_at_once_files_one_claim(charter):
    key, both = new_form_key(), Barrier(2)

    def file(_attempt):
        both.wait(10)
        try:
            return claims.file_claim(
                charter=charter.charter,
                commitment_code="C1",
                facts_on=date(2026, 10, 20),
                narrative="I waited.",
                language="en",
                at=builders.NOW,
                form_key=key,
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        filed = list(pool.map(file, range(2)))
    assert sorted(item.repeated for item in filed) == [False, True]
    assert len({(item.code, item.claim.pk) for item in filed}) == 1
    assert ServiceEvent.objects.count() == 1


def test_form_sent_again_with_other_words_keeps_the_first_and_says_so(client, charter):
    data = told()
    client.post(FILED, data)
    page = words(client.post(FILED, data | {"narrative": "Something else"}))
    assert "with what you wrote the first time" in page
    assert f'href="{FORM}"' in page
    assert Claim.objects.get().narrative.startswith("I waited")


def test_two_forms_file_two_claims(client, charter):
    assert file_one(client)[0] != file_one(client)[0]


@pytest.mark.parametrize("key", ["", "1", "x" * 42, "x" * 44, "é" * 43])
def test_key_that_we_did_not_draw_is_replaced(client, charter, key):
    """Else two strangers who send the same would get the same code."""
    first, _claim = file_one(client, form_key=key)
    second, _claim = file_one(client, form_key=key)
    assert first != second


def test_code_of_a_form_is_no_function_of_its_key_alone(settings):
    key = new_form_key()
    before = code_of_form(key)
    assert code_of_form(key) == before
    assert CODE.fullmatch(before)
    settings.SECRET_KEY = "another" * 10
    assert code_of_form(key) != before


# --- following -----------------------------------------------------------------------


def test_track_asks_for_the_code_and_keeps_nothing(client, charter):
    response = client.get(TRACK)
    assert "Code of the claim" in words(response)
    assert "no-store" in response["Cache-Control"]


def test_claim_is_read_with_its_code_however_it_is_typed(client, charter):
    code, claim = file_one(client)
    response = client.post(TRACK, {"code": f" {code.lower().replace('-', ' ')} "})
    page = words(response)
    assert response.status_code == 200
    assert claim.reference in page
    assert "Received" in page
    assert "2 November 2026" in page
    assert "23 November 2026" in page
    assert "I waited a month." in page
    assert "We answer within ten working days (ca)" in page
    assert code not in page
    assert "no-store" in response["Cache-Control"]


def test_decided_claim_shows_decision_and_answer_in_the_citizens_language(
    client, charter, town
):
    code, claim = file_one(client)
    handler = builders.person(Role.CLAIM_HANDLER, of=town)
    claims.decide(
        claim=claim,
        outcome="upheld",
        answer="We are sorry.\n\nIt was our fault.",
        by=handler,
        at=datetime(2026, 11, 10, 9, tzinfo=UTC),
    )
    page = words(client.post("/ca/claims/", {"code": code}))
    assert '<div class="panel" lang="en"><p>We are sorry.</p>' in page
    assert "10 de novembre de 2026" in page
    assert str(handler) not in page


@pytest.mark.parametrize(
    "outcome", ["partly_upheld", "rejected", "out_of_scope", "withdrawn"]
)
def test_every_decision_has_its_sentence(client, charter, town, outcome):
    code, claim = file_one(client)
    claims.decide(
        claim=claim,
        outcome=outcome,
        answer="Because.",
        by=builders.person(Role.CLAIM_HANDLER, of=town),
        at=builders.NOW,
    )
    page = words(client.post(TRACK, {"code": code}))
    sentence = {
        "partly_upheld": "You are right in part.",
        "rejected": "We think that the commitment was kept.",
        "out_of_scope": "This is not about a commitment of the charter.",
        "withdrawn": "The claim was withdrawn.",
    }[outcome]
    assert sentence in page


@pytest.mark.parametrize("code", ["0000-0000-0000-0000-0000", "x", "é", "' OR 1=1 --"])
def test_wrong_code_gets_the_same_answer_whatever_is_wrong_with_it(
    client, charter, code
):
    file_one(client)
    response = client.post(TRACK, {"code": code})
    assert response.status_code == 422
    assert "No claim has this code." in words(response)


@pytest.mark.parametrize("code", ["", "   ", "x" * 61])
def test_code_that_is_none_is_told_so(client, charter, code):
    response = client.post(TRACK, {"code": code})
    assert response.status_code == 422
    assert "There is something to correct" in words(response)


def test_code_in_an_address_opens_nothing(client, charter):
    code, claim = file_one(client)
    assert claim.reference not in words(client.get(f"{TRACK}?code={code}"))


# --- limits --------------------------------------------------------------------------


def test_codes_cannot_be_tried_for_ever(client, charter):
    code, _claim = file_one(client)
    for _ in range(20):
        assert client.post(TRACK, {"code": "wrong"}).status_code == 422
    refused = client.post(TRACK, {"code": code})
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 900
    assert "Too many codes have been tried" in words(refused)
    with time_machine.travel(datetime(2026, 11, 2, 9, 15, tzinfo=UTC)):
        assert client.post(TRACK, {"code": code}).status_code == 200


def test_claims_cannot_be_filed_for_ever_and_nothing_typed_is_lost(client, charter):
    for _ in range(20):
        file_one(client)
    refused = client.post(FILED, told())
    assert refused.status_code == 429
    assert "I waited a month." in words(refused)
    assert Claim.objects.count() == 20
    other = client.post(FILED, told(), REMOTE_ADDR="203.0.113.9")
    assert other.status_code == 201


def test_errors_do_not_use_the_limit_up(client, charter):
    for _ in range(25):
        client.post(FILED, told(narrative=""))
    file_one(client)

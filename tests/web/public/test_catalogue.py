"""The catalogue of charters."""

from datetime import UTC, datetime

import pytest
import time_machine

from tests import builders
from tests.web.public import cases


def read(client, path="/en/"):
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_root_leads_to_the_readers_language(client, db):
    response = client.get("/", headers={"Accept-Language": "it"})
    assert response["Location"] == "/it/"


def test_empty_catalogue_is_friendly(client, db):
    assert "No charter has been published yet" in read(client)


def test_catalogue_tells_how_each_charter_keeps_its_word(client, town):
    edition = builders.published(cases.long_document(commitments=3), of=town)
    cases.share(edition, met=19, missed=2)
    page = read(client)
    assert "Charter library (ca)" in page
    assert "In force" in page
    assert "3 commitments" in page
    assert "3 not met" in page
    assert "0 met, 3 not met, 0 not evaluated, of 3." in page
    assert "0 of 3 commitments: 0 %" in page
    assert "0 of 3 with a verdict: 0 %" in page


def test_commitment_without_figures_is_without_data(client, charter):
    assert "1 without data yet" in read(client)


def test_expired_charter_stays_and_says_so(client, charter):
    with time_machine.travel(datetime(2028, 1, 2, 12, tzinfo=UTC)):
        page = read(client)
    assert (
        "This charter has expired: its last day was 31 December 2027, 2 days ago."
        in page
    )


@pytest.mark.parametrize("words", ["charter", "LIBRARY", "déu", "promise", "ter lib"])
def test_search_finds_words_of_the_charter(client, town, words):
    document = builders.charter_document()
    document["edition"]["summary"] = {"ca": "Us responem en deu dies, paraula: promise"}
    builders.published(document, of=town)
    found = "1 charter with" in read(client, f"/en/?q={words}")
    assert found is (words != "ter lib")


def test_search_that_finds_nothing_says_what_to_do(client, charter):
    page = read(client, "/en/?q=zzzz")
    assert "No charter was found" in page
    assert 'value="zzzz"' in page
    assert 'href="/en/"' in page


def test_search_survives_odd_questions(client, charter):
    assert "No charter was found" in read(
        client, "/en/?q=%27%29%20%7C%26%00%3A%2A%20x&org=%00"
    )
    assert "1 charter" in read(client, "/en/?q=%3A%2A&page=banana")
    assert "&lt;script&gt;" in read(client, "/en/?q=<script>")


def test_organisations_can_be_chosen_when_there_are_several(client, charter):
    assert "search-org" not in read(client)
    other = builders.organisation("mar")
    builders.published(
        builders.charter_document(slug="port", indicators=[builders.indicator("P-1")]),
        of=other,
    )
    page = read(client, "/en/?org=mar")
    assert 'value="mar" selected' in page
    assert "Charter port" in page
    assert "Charter library" not in page


@pytest.mark.parametrize("charters", [1, 3])
def test_catalogue_takes_six_queries_whatever_it_shows(
    client, town, charters, django_assert_num_queries
):
    for number in range(charters):
        edition = builders.published(cases.long_document(f"charter-{number}"), of=town)
    cases.share(edition, met=20)
    with django_assert_num_queries(6):
        response = client.get("/en/?q=charter")
    assert response.content.decode().count("panel-main") == charters


def test_catalogue_shows_twenty_a_page(client, town, monkeypatch):
    monkeypatch.setattr("web.public.catalogue.PAGE_SIZE", 1)
    for slug in ("a", "b"):
        builders.published(cases.long_document(slug, commitments=1), of=town)
    page = read(client, "/en/?q=charter&page=2")
    assert "Page 2 of 2" in page
    assert "Charter b" in page


def test_catalogue_is_kept_by_anybody_and_touches_no_cookie(client, charter):
    response = client.get("/en/")
    assert "public" in response["Cache-Control"]
    assert "Vary" not in response
    assert not response.cookies
    again = client.get("/en/", headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304

"""The page of a charter."""

from datetime import UTC, date, datetime

import pytest
import time_machine

from charters.enums import EndReason
from charters.models import Edition
from indicators.models import Result
from tests import builders
from tests.web.public import cases


def address(edition, language="en"):
    return f"/{language}/{edition.organisation.slug}/{edition.charter.slug}/"


def read(client, edition, language="en", status=200):
    response = client.get(address(edition, language))
    assert response.status_code == status
    return " ".join(response.content.decode().split())


def test_charter_says_what_is_promised_and_whether_it_is_kept(client, charter):
    cases.share(charter, met=19, missed=2)
    page = read(client, charter)
    assert (
        "19 of 21 in time, 90.48 %, target at least 95 %: not met; "
        "events to 6 October 2026." in page
    )
    assert "Was this not kept? Claim" in page
    assert 'href="/en/vila/library/C1/claim/"' in page
    assert "In force from 1 January 2026 to 31 December 2027, both included." in page
    assert 'href="tel:930000000"' in page
    assert 'href="mailto:library@example.org"' in page
    assert "Claim within 30 calendar days of the facts." in page
    assert charter.digest in page


def test_charter_speaks_the_readers_language_and_marks_what_fell_back(client, charter):
    catalan, english = read(client, charter, "ca"), read(client, charter, "en")
    assert '<h1 lang="ca">Charter library (ca)</h1>' in catalan
    assert '<h1 lang="ca">Charter library (ca)</h1>' in english
    assert '<html lang="en">' in english
    assert '<h1 lang="es">Charter library (es)</h1>' in read(client, charter, "es")


def test_charter_leaves_empty_fields_out(client, charter):
    page = read(client, charter)
    assert "Identification and aims" in page
    assert "Fees" not in page


def test_charter_without_figures_says_when_the_first_one_will_be(client, charter):
    with time_machine.travel(datetime(2026, 1, 20, tzinfo=UTC)):
        page = read(client, charter)
    assert (
        "There is no figure yet: no period is over. The next one will be: January 2026."
        in page
    )


def test_charter_escapes_what_its_authors_wrote(client, town):
    document = builders.charter_document()
    document["edition"]["title"] = {"ca": "<script>alert(1)</script>"}
    document["general"]["norms"] = [
        {"title": {"ca": "A"}, "reference": "", "url": 'https://x.org/"><script>'}
    ]
    page = read(client, builders.published(document, of=town))
    assert "<script>" not in page


def test_expired_charter_says_so_and_since_when(client, charter):
    with time_machine.travel(datetime(2028, 1, 31, 12, tzinfo=UTC)):
        page = read(client, charter)
    assert (
        "This charter has expired: its last day was 31 December 2027, 31 days ago."
        in page
    )
    assert 'href="/en/vila/library/C1/claim/"' in page


def test_withdrawn_charter_says_so(client, charter):
    Edition.objects.filter(pk=charter.pk).update(
        ended_on=date(2026, 11, 2), end_reason=EndReason.WITHDRAWN
    )
    assert (
        "This charter was withdrawn: its last day was 1 November 2026, 1 day ago."
        in read(client, charter)
    )


def test_day_of_a_charter_is_that_of_its_office(client, town):
    """At 23:30 UTC of the last day it is already the day after in Madrid."""
    edition = builders.published(builders.charter_document(), of=town)
    with time_machine.travel(datetime(2027, 12, 31, 22, 30, tzinfo=UTC)):
        assert "has expired" not in read(client, edition)
    with time_machine.travel(datetime(2027, 12, 31, 23, 30, tzinfo=UTC)):
        assert "has expired" in read(client, edition)


def test_editions_are_listed_and_a_new_one_takes_over(client, charter, town):
    document = builders.charter_document(
        valid_from="2026-12-01", valid_until="2028-12-01"
    )
    document["edition"]["title"] = {"ca": "Second edition"}
    builders.published(document, of=town)
    before = read(client, charter)
    assert "Edition 2" in before
    assert "Scheduled" in before
    assert "Second edition" not in before
    with time_machine.travel(datetime(2026, 12, 1, 9, tzinfo=UTC)):
        after = read(client, charter)
    assert "<h1" in after
    assert "Second edition" in after
    assert "Superseded" in after


@pytest.mark.parametrize(
    "path", ["/en/vila/nothing/", "/en/nowhere/library/", "/en/vila/library/more/"]
)
def test_unknown_charter_is_not_found(client, charter, path):
    response = client.get(path)
    assert response.status_code == 404
    assert "There is no such page" in response.content.decode()


@pytest.mark.parametrize("prepare", [builders.draft, None])
def test_unpublished_charter_is_not_found(client, town, prepare):
    if prepare:
        prepare(builders.charter_document(), of=town)
    else:
        document = builders.charter_document(valid_from="2027-01-01")
        builders.published(document, of=town)
    assert client.get("/en/vila/library/").status_code == 404


@pytest.mark.parametrize("commitments", [1, 3])
def test_charter_takes_eleven_queries_whatever_its_length(
    client, town, commitments, django_assert_num_queries
):
    edition = builders.published(cases.long_document(commitments=commitments), of=town)
    cases.share(edition, met=20)
    with django_assert_num_queries(11):
        client.get(address(edition))


def test_unchanged_charter_takes_six_queries(
    client, charter, django_assert_num_queries
):
    etag = client.get(address(charter))["ETag"]
    with django_assert_num_queries(6):
        client.get(address(charter), headers={"If-None-Match": etag})


# --- caching -----------------------------------------------------------------------


def test_charter_is_kept_by_anybody_and_touches_no_cookie(client, charter):
    response = client.get(address(charter))
    assert response["Cache-Control"] == "public, max-age=60"
    assert "Vary" not in response
    assert not response.cookies


def test_unchanged_charter_is_not_sent_again(client, charter):
    first = client.get(address(charter))
    again = client.get(address(charter), headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    assert again["Cache-Control"] == "public, max-age=60"


def test_head_has_the_tag_and_no_body(client, charter):
    response = client.head(address(charter))
    assert response["ETag"]
    assert response.content == b""


def test_tag_changes_with_figures_language_day_and_editions(client, charter, town):
    def tag(language="en"):
        return client.get(address(charter, language))["ETag"]

    tags = [tag(), tag("ca")]
    cases.share(charter, met=20)
    tags.append(tag())
    with time_machine.travel(datetime(2026, 11, 3, 9, tzinfo=UTC)):
        tags.append(tag())
    Result.objects.filter(period_kind="month").update(state="FROZEN", seal="0" * 64)
    tags.append(tag())
    document = builders.charter_document(
        valid_from="2026-12-01", valid_until="2028-12-01"
    )
    builders.published(document, of=town)
    tags.append(tag())
    assert len(set(tags)) == len(tags)
    assert tag() == tags[-1]

"""The page of a charter."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from charters.enums import EndReason
from charters.models import Edition
from commitments.services.suspensions import lift
from engine.periods import parse_period
from indicators.models import Result
from indicators.services import figures
from tests import builders
from tests.builders import NOW
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


def test_charter_tells_both_degrees_of_compliance(client, town):
    document = cases.long_document(commitments=2)
    quiet = builders.indicator("QUIET", stream="park")
    document["quality"]["commitments"][1]["indicators"] = [quiet]
    document["streams"].append(document["streams"][0] | {"code": "park"})
    edition = builders.published(document, of=town)
    cases.share(edition, met=20)
    page = read(client, edition)
    assert "1 met, 0 not met, 1 not evaluated, of 2." in page
    assert "1 of 2 commitments: 50 %" in page
    assert "1 of 1 with a verdict: 100 %" in page


def test_verdict_beside_silence_says_what_is_silent(client, town):
    document = builders.charter_document()
    quiet = builders.indicator("QUIET", stream="park")
    document["quality"]["commitments"][0]["indicators"].append(quiet)
    document["streams"].append(document["streams"][0] | {"code": "park"})
    edition = builders.published(document, of=town)
    cases.share(edition, met=20)
    assert "1 of its 2 indicators has no verdict" in read(client, edition)


def test_suspended_commitment_says_so_and_is_told_with_and_without(client, charter):
    cases.share(charter, met=19, missed=2)
    cases.share(charter, met=1, opened_at=datetime(2026, 10, 1, 8, tzinfo=UTC))
    cases.suspend(charter, from_on=date(2026, 10, 5))
    page = read(client, charter)
    assert "Suspended from 5 October 2026 until further notice." in page
    assert "Works in the building (ca)" in page
    assert "Answers take longer (ca)" in page
    assert "Decret 2026/77, of 25 September 2026" in page
    assert "Cases that begin while it lasts do not count." in page
    assert "1 of 1 in time, 100 %, target at least 95 %: met" in page
    assert (
        "Without the suspension:</strong> 20 of 22 in time, 90.91 %, target at least "
        "95 %: not met" in page
    )
    assert "begun or in hand while the promise was suspended</span> (21)" in page


def test_suspension_that_is_over_is_history(client, charter):
    cases.suspend(charter, from_on=date(2026, 9, 1), until_on=date(2026, 10, 1))
    page = read(client, charter)
    assert "Earlier suspensions" in page
    assert "Suspended from 1 September 2026 to 30 September 2026, both" in page


def test_restated_figures_are_told_with_what_they_replace(client, charter, town):
    cases.share(charter, met=19, missed=2)
    figures.freeze(period=parse_period("2026-10"), organisation_id=None, at=NOW)
    cases.share(charter, met=20, opened_at=datetime(2026, 10, 2, 8, tzinfo=UTC))
    page = read(client, charter)
    assert "Figures that were restated" in page
    assert "Final figure" in page
    assert "Restatement 1" in page
    assert "Before: 90.48 % over 21 cases. Now: 95.12 % over 41 cases." in page
    assert "Cause: late or corrected events. Computed on 2 November 2026." in page


def test_who_restated_by_hand_is_told_as_a_role(client, charter, town):
    cases.share(charter, met=19, missed=2)
    figures.freeze(period=parse_period("2026-10"), organisation_id=None, at=NOW)
    line = Result.objects.get(period_kind="month", period_start=date(2026, 10, 1))
    manager = builders.person("MANAGER", of=town)
    again = {field.attname: getattr(line, field.attname) for field in line._meta.fields}
    del again["id"]
    Result.objects.create(
        **again
        | {
            "revision": 1,
            "state": "RESTATED",
            "cause": "El calendari no tenia la festa local",
            "restated_by_id": manager.pk,
        }
    )
    page = read(client, charter)
    assert "Cause: El calendari no tenia la festa local." in page
    assert "Restated by hand: Manager." in page
    assert manager.name not in page


def test_parts_are_told_with_the_target_that_judged_them(client, town):
    item = builders.indicator()
    item["rule"] |= {
        "segment_by": "channel",
        "targets": [{"segment": "web", "target": "80"}],
    }
    edition = builders.published(builders.charter_document(indicators=[item]), of=town)
    lines = []
    for number, channel in enumerate(["web"] * 6 + ["phone"] * 5):
        case = f"c{number}"
        attributes = {"channel": channel}
        lines.append(cases.event(case, "opened", cases.OCTOBER, attributes=attributes))
        if number:
            lines.append(cases.event(case, "closed", cases.OCTOBER + timedelta(days=1)))
    cases.record(edition, lines)
    page = re.sub(r"<[^>]+>", " ", read(client, edition))
    page = " ".join(page.split())
    assert "Part by part, October 2026" in page
    assert "phone 100 % 5 at least 95 % Met" in page
    assert "web 83.33 % 6 at least 80 % Met" in page
    assert "At least 95 % At least 80 %, for “web”" in page


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
def test_charter_takes_thirteen_queries_whatever_its_length(
    client, town, commitments, django_assert_num_queries
):
    edition = builders.published(cases.long_document(commitments=commitments), of=town)
    cases.share(edition, met=20)
    with django_assert_num_queries(13):
        client.get(address(edition))


def test_unchanged_charter_takes_seven_queries(
    client, charter, django_assert_num_queries
):
    etag = client.get(address(charter))["ETag"]
    with django_assert_num_queries(7):
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


def test_tag_changes_with_suspensions(client, charter, town):
    tags = [client.get(address(charter))["ETag"]]
    made = cases.suspend(charter, from_on=date(2026, 10, 5))
    tags.append(client.get(address(charter))["ETag"])
    lift(suspension=made, until_on=date(2026, 12, 1), by=made.recorded_by, at=NOW)
    tags.append(client.get(address(charter))["ETag"])
    assert len(set(tags)) == 3


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

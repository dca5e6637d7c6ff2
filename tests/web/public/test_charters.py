"""The page of a charter."""

from datetime import UTC, datetime

from django.urls import reverse

from tests.web.public import cases

OCTOBER = datetime(2026, 10, 5, 8, tzinfo=UTC)


def address(edition, language="ca"):
    return f"/{language}/{edition.organisation.slug}/{edition.charter.slug}/"


def test_charter_says_what_is_promised_and_whether_it_is_kept(client, charter):
    cases.share(charter, met=19, missed=2, opened_at=OCTOBER)
    response = client.get(address(charter, "en"))
    print(response.content.decode())
    assert response.status_code == 200
    assert "19 of 21 in time" in response.content.decode()

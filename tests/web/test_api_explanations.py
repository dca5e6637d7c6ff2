"""The address that explains a case to the system that sent its events."""

import json
from pathlib import Path
from urllib.parse import quote

import jsonschema
import pytest
import time_machine

from engine.explanations import as_json
from indicators.models import Indicator, Stream
from indicators.queries.explaining import explained
from indicators.services.intake import record
from indicators.services.streams import issue_token, revoke_token
from tests import builders
from tests.indicators.helpers import event, request

FORMATS = Path(__file__).parent.parent.parent / "docs" / "formats"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(builders.NOW, tick=False):
        yield


@pytest.fixture
def stream(charter):
    found = Stream.objects.get(code="requests")
    lines = [
        *request("2026/1", "2026-03-17", "2026-03-20"),
        event("o/o", "open", at="2026-10-26T10:00:00+01:00"),
    ]
    record(stream=found, lines=list(enumerate(lines, 1)), at=builders.NOW)
    return found


@pytest.fixture
def ask(client, stream):
    key = issue_token(stream=stream, label="a machine", at=builders.NOW)

    def get(case="2026/1", *, indicator="vila/IND-1", token=key, **query):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"/api/v1/indicators/{indicator}/cases/{quote(case)}/explanation"
        return client.get(url, query, headers=headers)

    return get


def test_a_case_is_explained_as_the_schema_says(ask):
    answer = ask()
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"
    told = answer.json()
    jsonschema.validate(
        told, json.loads((FORMATS / "explanation.schema.json").read_text())
    )
    (finding,) = told["findings"]
    assert (told["case"], finding["outcome"]) == ("2026/1", "met")
    (of_query,) = explained(
        Indicator.objects.get(code="IND-1"), "2026/1", as_of=builders.NOW
    )
    assert told == json.loads(json.dumps(as_json(of_query.explanation)))


def test_an_open_case_is_seen_at_the_instant_that_is_asked(ask):
    assert ask("open").json()["findings"][0]["outcome"] == "open"
    later = ask("open", as_of="2026-11-10T00:00:00+01:00").json()
    assert later["findings"][0]["outcome"] == "missed"
    assert later["as_of"] == "2026-11-09T23:00:00+00:00"


@pytest.mark.parametrize("as_of", ["soon", "2026-11-10", "0001-01-01T00:00:00+10:00"])
def test_an_instant_that_is_none_is_refused(ask, as_of):
    answer = ask("open", as_of=as_of)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_as_of")


@pytest.mark.parametrize("case", ["2026/2", "a\x00b"])
def test_a_case_that_no_event_names_is_unknown(ask, case):
    answer = ask(case)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_case")


@pytest.mark.parametrize("token", ["", "par_wrong"])
def test_without_the_key_of_the_stream_nothing_is_told(ask, token):
    answer = ask(token=token)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="cases"'
    assert answer["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("indicator", ["vila/NONE", "nowhere/IND-1", "vila/a%00b"])
def test_what_does_not_exist_looks_like_what_the_key_does_not_open(ask, indicator):
    assert ask(indicator=indicator).json() == ask(token="par_wrong").json()


def test_the_key_of_another_stream_opens_nothing(ask, town):
    document = builders.charter_document(
        slug="archive", indicators=[builders.indicator("ARC-1", stream="others")]
    )
    document["streams"][0]["code"] = "others"
    builders.published(document, of=town)
    other = Stream.objects.get(code="others")
    key = issue_token(stream=other, label="x", at=builders.NOW)
    assert ask(token=key).status_code == 401
    assert ask(token=key, indicator="vila/ARC-1").status_code == 404


def test_a_revoked_key_opens_nothing(ask, stream):
    revoke_token(token=stream.tokens.get(), at=builders.NOW)
    assert ask().status_code == 401


def test_without_the_secret_of_its_pseudonyms_a_number_is_not_unknown(ask, stream):
    Stream.objects.filter(pk=stream.pk).update(case_secret="0" * 16)
    answer = ask("2026/2")
    assert (answer.status_code, answer.json()["code"]) == (503, "case_secret_missing")
    assert answer["Content-Type"] == "application/problem+json"
    assert "0" * 16 not in answer.text
    assert ask("2026/1").status_code == 200  # as the log calls it


def test_only_reads(client, stream):
    answer = client.post("/api/v1/indicators/vila/IND-1/cases/2026/1/explanation")
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")

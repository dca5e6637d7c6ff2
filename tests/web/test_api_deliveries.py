"""The address where other systems speak in their own words."""

import hmac
import json

import pytest
import time_machine
from django.test import Client, override_settings

from indicators.enums import SourceKind
from indicators.models import ServiceEvent, Source, Stream
from indicators.services.sources import add_source, change_source
from tests import builders
from tests.indicators.adapters.recorded import PAYLOADS
from tests.indicators.adapters.test_signatures import signed

URL = "/api/v1/organisations/vila/streams/requests/sources/{}"
CREATED = (PAYLOADS / "zammad_created.json").read_bytes()
MAPPING = {"opened": "opened", "states": {"closed": "closed"}}
GENERIC = {
    "case": "key",
    "event": [{"type": "opened", "at": "opened"}],
    "attributes": {"channel": "channel"},
}
MESSAGE = {"key": "IN-7", "opened": "2026-03-02T09:00:00Z", "channel": "web"}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(builders.NOW, tick=False):
        yield


@pytest.fixture
def stream(charter):
    return Stream.objects.get(code="requests")


@pytest.fixture
def secrets(stream):
    made = {
        kind: add_source(
            stream=stream,
            code=kind,
            kind=SourceKind(kind),
            settings=GENERIC if kind == "generic" else MAPPING,
            at=builders.NOW,
        )[1]
        for kind in ("zammad", "glpi", "signalen", "generic")
    }
    add_source(
        stream=stream,
        code="open311",
        kind=SourceKind.OPEN311,
        settings={"url": "https://open311.example.org", **MAPPING},
        secret="a key to ask it with",
        at=builders.NOW,
    )
    return made | {"open311": "a key to ask it with"}


@pytest.fixture
def post(client, secrets):
    def send(kind, body, *, url=None, headers=None, **changes):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        seconds = str(int(builders.NOW.timestamp()))
        asked = {"secret": secrets[kind], "seconds": seconds} | changes
        return client.post(
            url or URL.format(kind),
            body,
            content_type="application/json",
            headers=signed(kind, body, **asked) if headers is None else headers,
        )

    return send


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("zammad", "zammad_created"),
        ("glpi", "glpi_new"),
        ("signalen", "signalen_page"),
    ],
)
def test_what_a_system_signs_is_recorded_and_its_retry_replayed(post, kind, name):
    body = (PAYLOADS / f"{name}.json").read_bytes()
    first, again = post(kind, body), post(kind, body)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["recorded"] == first.json()["received"] > 0
    assert again.json()["replayed"] == first.json()["received"]
    assert ServiceEvent.objects.filter(type="opened").exists()


def test_a_message_of_ones_own_is_recorded_by_its_mapping(post):
    assert post("generic", MESSAGE).json() == {
        "received": 1,
        "recorded": 1,
        "replayed": 0,
        "refused": [],
        "watermark": "2026-03-02T09:00:00Z",
    }
    event = ServiceEvent.objects.get()
    assert (event.case_key, event.attributes) == ("IN-7", {"channel": "web"})


def test_a_message_that_makes_no_events_is_fine(post):
    assert post("generic", {"other": 1}).json()["received"] == 0


def assert_problem(answer, status, code=None):
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json().get("code") == code
    assert not ServiceEvent.objects.exists()


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"\xff", b'{"ticket": []}'])
def test_a_message_that_is_none_of_the_system_is_a_bad_request(post, body):
    answer = post("zammad", body)
    assert_problem(answer, 400, "bad_payload")
    assert "RateLimit" in answer.headers
    assert Source.objects.get(code="zammad").failures == 1


def refusals(post, stream, secrets):
    """Every way not to be the source that one says to be."""
    body = json.dumps(MESSAGE).encode()
    seconds = int(builders.NOW.timestamp())
    other = builders.organisation("other")
    theirs = Stream.objects.create(
        organisation=other, code="requests", time_zone="UTC", types=["opened"]
    )
    foreign = add_source(
        stream=theirs,
        code="generic",
        kind=SourceKind.GENERIC,
        settings=GENERIC | {"attributes": {}},
        at=builders.NOW,
    )[1]
    ours, url = secrets["generic"], URL.format("generic")
    wrong = "a secret that somebody guessed"
    good = signed("generic", body, str(seconds), ours)
    yield "no signature", post("generic", body, headers={})
    yield "a wrong secret", post("generic", body, secret=wrong)
    yield "another body", post("generic", body + b" ", headers=good)
    yield "too old", post("generic", body, seconds=str(seconds - 301))
    yield "too new", post("generic", body, seconds=str(seconds + 301))
    yield (
        "another instant",
        post("generic", body, headers=good | {"X-Paraula-Timestamp": str(seconds + 1)}),
    )
    yield (
        "the way of another",
        post("generic", body, headers=signed("zammad", body, secret=ours)),
    )
    yield "another's secret", post("generic", body, secret=foreign)
    yield (
        "at another's",
        post("generic", body, url=url.replace("vila", "other"), secret=ours),
    )
    yield "another source's", post("zammad", body, secret=secrets["glpi"])
    for old, new in (
        ("vila", "nowhere"),
        ("requests", "nothing"),
        ("generic", "nobody"),
        ("generic", "%00"),
        ("requests", "%00"),
    ):
        yield new, post("generic", body, url=url.replace(old, new))
    yield "one that is asked", post("open311", body)
    change_source(
        source=Source.objects.get(code="glpi"), enabled=False, at=builders.NOW
    )
    yield "one that is not heard", post("glpi", body)
    Source.objects.filter(code="signalen").update(secret="1:AAAA")
    yield "a secret that cannot be read", post("signalen", body)


def test_whoever_is_not_the_source_is_refused_alike(post, stream, secrets):
    answers = dict(refusals(post, stream, secrets))
    for answer in answers.values():
        assert_problem(answer, 401)
        assert answer.headers["WWW-Authenticate"] == 'Signature realm="sources"'
    assert len({answer.content for answer in answers.values()}) == 1
    assert len({tuple(answer.headers.items()) for answer in answers.values()}) == 1
    assert Source.objects.filter(last_success_at=None).count() == len(
        Source.objects.all()
    )


def test_as_much_is_computed_for_each_of_them(post, stream, secrets, monkeypatch):
    """As many hashes, over as many bytes as the message has: time tells nothing."""
    done = []

    def watched(module, name):
        true = getattr(module, name)

        def counted(*arguments):
            done.append((name, len(arguments[1]) // 100))
            return true(*arguments)

        monkeypatch.setattr(module, name, counted)

    post("generic", MESSAGE, headers={})  # what is sealed once
    watched(hmac, "new")
    watched(hmac, "digest")
    seen = {}
    for name, _answer in refusals(post, stream, secrets):
        seen[name] = sorted(done)
        done.clear()
    alike = [seen[name] for name in (
        "a wrong secret", "too old", "another's secret", "at another's", "nowhere",
        "nothing", "nobody", "one that is asked", "one that is not heard",
    )]  # fmt: skip
    # The secret is unsealed, three signatures are made; one more is the test's own.
    assert len(alike[0]) == 3 + 3 + 1
    assert alike == [alike[0]] * len(alike)


@pytest.mark.parametrize("kind", ["zammad", "glpi"])
def test_a_new_secret_makes_the_old_one_useless(post, kind, secrets):
    source = Source.objects.get(code=kind)
    new = change_source(source=source, new_secret=True, at=builders.NOW)
    assert post(kind, CREATED).status_code == 401
    if kind == "zammad":
        assert post(kind, CREATED, secret=new).status_code == 200


def test_a_message_that_waited_in_glpis_queue_is_taken(post):
    body = (PAYLOADS / "glpi_new.json").read_bytes()
    days_ago = str(int(builders.NOW.timestamp()) - 3 * 86_400)
    assert post("glpi", body, seconds=days_ago).status_code == 200
    assert post("generic", MESSAGE, seconds=days_ago).status_code == 401


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "options"])
def test_only_posting_is_allowed(client, secrets, method):
    answer = getattr(client, method)(URL.format("zammad"))
    assert_problem(answer, 405)
    assert answer.headers["Allow"] == "POST"


def test_glpis_challenge_is_not_answered(client, secrets):
    """Whoever has a text signed by us could send it to us as a message."""
    answer = client.get(URL.format("glpi"), {"crc_token": "a"})
    assert_problem(answer, 405)


@override_settings(SOURCES_MAX_BYTES=100)
def test_too_large_a_message_is_refused(post):
    assert_problem(post("zammad", CREATED), 413)
    assert "100 bytes" in post("zammad", CREATED).json()["detail"]


def test_a_body_of_unannounced_length_is_not_taken_for_an_empty_one(client, secrets):
    headers = {"Transfer-Encoding": "chunked", "Content-Length": ""}
    answer = client.post(
        URL.format("zammad"), content_type="application/json", headers=headers
    )
    assert_problem(answer, 411)


@override_settings(EVENTS_PER_MINUTE=1)
def test_a_source_that_sends_too_often_is_told_and_others_are_not(post):
    first = post("generic", MESSAGE)
    assert first.headers["RateLimit"].startswith('"events";r=0;t=')
    answer = post("generic", MESSAGE)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
    assert "Retry-After" in answer.headers
    assert post("zammad", CREATED).status_code == 200


def test_no_cross_site_token_is_asked_for(secrets):
    seconds = str(int(builders.NOW.timestamp()))
    body = json.dumps(MESSAGE).encode()
    answer = Client(enforce_csrf_checks=True).post(
        URL.format("generic"),
        body,
        content_type="application/json",
        headers=signed("generic", body, seconds, secrets["generic"]),
    )
    assert answer.status_code == 200


def test_queries_of_a_message(post, django_assert_num_queries):
    post("generic", MESSAGE)
    # The source; what is known, twice, and the latest, in two savepoints; what is noted.
    with django_assert_num_queries(9):
        post("generic", MESSAGE)


def test_without_the_secret_of_its_pseudonyms_nothing_is_taken_and_it_is_noted(
    post, stream
):
    Stream.objects.filter(pk=stream.pk).update(case_secret="0" * 16)
    answer = post("generic", MESSAGE)
    assert (answer.status_code, answer.json()["code"]) == (503, "case_secret_missing")
    assert answer["Content-Type"] == "application/problem+json"
    assert "0" * 16 not in answer.text
    source = Source.objects.get(code="generic")
    assert source.failures == 1
    assert source.last_failure.startswith("CASE_SECRETS lacks the secret")
    assert not ServiceEvent.objects.exists()
    # What makes no sense is told first.
    assert post("generic", b"{").status_code == 400

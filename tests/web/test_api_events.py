"""The address where machines leave events."""

import json

import pytest
import time_machine
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client, override_settings

from indicators.models import ServiceEvent, Stream, StreamToken
from indicators.services.streams import issue_token, revoke_token
from tests import builders

URL = "/api/v1/organisations/vila/streams/requests/events"
ONE, MANY = "application/json", "application/x-ndjson"
EVENT = {
    "id": "E-1",
    "case": "2026/1",
    "type": "opened",
    "at": "2026-01-05T09:12:00+01:00",
}

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(builders.NOW):
        yield


@pytest.fixture
def stream(charter):
    return Stream.objects.get(code="requests")


@pytest.fixture
def key(stream):
    return issue_token(stream=stream, label="a machine", at=builders.NOW)


@pytest.fixture
def post(client, key):
    def send(body, content_type=ONE, *, url=URL, token=key, **extra):
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        data = body if isinstance(body, bytes | str) else json.dumps(body)
        return client.post(
            url, data, content_type=content_type, headers=headers, **extra
        )

    return send


def lines(*events):
    return "\n".join(
        event if isinstance(event, str) else json.dumps(event) for event in events
    )


def assert_problem(answer, status):
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert set(body) == {"type", "title", "status", "detail"}
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body


def test_one_event_is_recorded_and_answered_after_the_commit(post, stream):
    answer = post(EVENT)
    assert answer.status_code == 200
    assert answer.json() == {
        "received": 1,
        "recorded": 1,
        "replayed": 0,
        "refused": [],
        "watermark": "2026-01-05T08:12:00Z",
    }
    assert ServiceEvent.objects.get(stream=stream).external_id == "E-1"


def test_the_same_event_again_is_a_replay(post):
    post(EVENT)
    answer = post(EVENT | {"at": "2026-01-05T08:12:00Z"}).json()
    assert (answer["recorded"], answer["replayed"], answer["refused"]) == (0, 1, [])


def test_one_event_that_is_refused_is_answered_in_the_same_shape(post):
    answer = post(EVENT | {"type": "unheard"})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["received"], body["recorded"], body["watermark"]) == (1, 0, None)
    refusal = body["refused"][0]
    assert (refusal["line"], refusal["id"], refusal["code"]) == (
        1,
        "E-1",
        "unknown_type",
    )
    assert "unheard" in refusal["detail"]


def test_a_bad_line_spoils_no_other(post, stream):
    body = lines(
        EVENT,
        "{not json",
        "",
        '"a text"',
        EVENT | {"id": "E-2", "at": "2026-01-05T09:12:00"},
        EVENT | {"id": "E-3"},
    )
    answer = post(body, MANY).json()
    assert (answer["received"], answer["recorded"]) == (5, 2)
    assert [(r["line"], r["id"], r["code"]) for r in answer["refused"]] == [
        (2, None, "bad_json"),
        (4, None, "not_an_object"),
        (5, "E-2", "naive_instant"),
    ]
    assert ServiceEvent.objects.filter(stream=stream).count() == 2


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe",
        b'{"id": "\xe9"}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"value": ' + b"9" * 5_000 + b"}",
        b'{"id": "\\u0000"}',
        b"nul\x00l",
        b'{"id": "a", "value": NaN}',
        b'{"id": "\\ud800", "case": "c", "type": "opened", "at": "2026-01-05T09:12Z"}',
        b'{"id": "a", "case": "c", "type": "opened", "at": 1e999}',
        b'{"id": "a", "case": "c", "type": "opened", "at": "0001-01-01T00:00:00Z"}',
        json.dumps(EVENT)[:-1].encode() + b', "value": 1e400}',
        json.dumps(EVENT)[:-1].encode() + b', "attributes": {"channel": "\\ud83d"}}',
    ],
    ids=range(13),
)
def test_no_line_breaks_the_server(post, line):
    answer = post(line + b"\n" + json.dumps(EVENT).encode(), MANY)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["received"], body["recorded"], len(body["refused"])) == (2, 1, 1)


def test_numbers_are_taken_exactly(post, stream):
    body = json.dumps(EVENT)[:-1] + ', "value": 0.123456789012}'
    assert post(body).json()["recorded"] == 1
    assert str(ServiceEvent.objects.get(stream=stream).value) == "0.123456789012"


def test_a_byte_order_mark_and_windows_lines_are_forgiven(post):
    body = (
        b"\xef\xbb\xbf"
        + lines(EVENT, EVENT | {"id": "E-2"}).replace("\n", "\r\n").encode()
    )
    assert post(body, MANY).json()["recorded"] == 2


def test_an_empty_batch_is_a_batch(post):
    assert post("\n", MANY).json() == {
        "received": 0,
        "recorded": 0,
        "replayed": 0,
        "refused": [],
        "watermark": None,
    }


@pytest.mark.parametrize(
    "body", [" ", "{", "[]", "[1]", "1", "null", b"\xff", "[" * 99_999]
)
def test_a_single_event_that_is_no_object_is_a_bad_request(post, body):
    assert_problem(post(body), 400)


@pytest.mark.parametrize("token", [None, "", "par_wrong", "é", "a b"])
def test_without_the_right_token_nothing_is_said_or_done(post, token):
    answer = post(EVENT, token=token)
    assert_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="events"'
    assert not ServiceEvent.objects.exists()


@pytest.mark.parametrize(
    "url",
    [
        URL.replace("vila", "nowhere"),
        URL.replace("requests", "nothing"),
        URL.replace("requests", "%00"),
    ],
)
def test_an_unknown_stream_answers_like_a_wrong_token(post, url):
    unknown, wrong = post(EVENT, url=url), post(EVENT, token="par_wrong")
    assert unknown.status_code == wrong.status_code == 401
    assert unknown.content == wrong.content


def test_a_token_opens_its_own_stream_only(post, town):
    other = Stream.objects.create(
        organisation=town, code="other", time_zone="UTC", types=["opened"]
    )
    assert_problem(post(EVENT, url=URL.replace("requests", other.code)), 401)


def test_a_revoked_token_opens_nothing(post, stream):
    revoke_token(token=StreamToken.objects.get(stream=stream), at=builders.NOW)
    assert_problem(post(EVENT), 401)


def test_a_token_is_stored_as_its_hash_and_its_use_is_noted(post, key):
    post(EVENT)
    token = StreamToken.objects.get()
    assert key not in (token.digest, token.label)
    assert len(token.digest) == 64
    assert token.last_used_at is not None


@pytest.mark.parametrize(
    "content_type", ["text/csv", "application/xml", "application/json-seq"]
)
def test_other_content_types_are_refused(post, content_type):
    answer = post(json.dumps(EVENT), content_type)
    assert_problem(answer, 415)
    assert answer.headers["Accept-Post"] == f"{ONE}, {MANY}"


def test_a_content_type_may_carry_a_parameter(post):
    assert post(EVENT, "application/json; charset=utf-8").status_code == 200


@override_settings(EVENTS_MAX_LINES=2)
def test_too_many_lines_are_refused_whole(post):
    events = [EVENT | {"id": f"E-{number}"} for number in (1, 2, 3)]
    assert "2 lines" in assert_problem(post(lines(*events), MANY), 413)["detail"]
    assert not ServiceEvent.objects.exists()
    assert post(lines(*events[:2]) + "\n\n", MANY).json()["recorded"] == 2


@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=100)
def test_too_large_a_body_is_refused(post):
    assert_problem(post(EVENT | {"case": "c" * 100}), 413)
    assert not ServiceEvent.objects.exists()


def test_a_body_of_unannounced_length_is_not_taken_for_an_empty_one(client, key):
    answer = client.post(
        URL,
        content_type=MANY,
        headers={
            "Authorization": f"Bearer {key}",
            "Transfer-Encoding": "chunked",
            "Content-Length": "",
        },
    )
    assert_problem(answer, 411)


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "options"])
def test_only_posting_is_allowed(client, method):
    answer = getattr(client, method)(URL)
    assert_problem(answer, 405)
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("address", ["nothing", "a%0Ab", "deadline%0A", "a//b/"])
def test_an_address_that_leads_nowhere_is_a_problem_too(client, address):
    assert_problem(client.get(f"/api/v1/{address}"), 404)


def test_no_cross_site_token_is_asked_for(key, charter):
    answer = Client(enforce_csrf_checks=True).post(
        URL,
        json.dumps(EVENT),
        content_type=ONE,
        headers={"Authorization": f"Bearer {key}"},
    )
    assert answer.status_code == 200


def rates(answer):
    return (
        answer.headers.get("RateLimit-Policy"),
        answer.headers.get("RateLimit"),
        answer.headers.get("Retry-After"),
    )


def test_every_answer_to_a_key_says_how_often_it_may_ask(post):
    with time_machine.travel(builders.NOW.replace(second=18), tick=False):
        assert rates(post(EVENT)) == (
            '"events";q=600;w=60',
            '"events";r=599;t=42',
            None,
        )
        assert rates(post("{"))[1] == '"events";r=598;t=42'
        assert rates(post(EVENT, token="par_wrong")) == (None, None, None)


@override_settings(EVENTS_PER_MINUTE=1)
def test_one_request_too_many_records_nothing_and_may_be_sent_again(post, stream):
    with time_machine.travel(builders.NOW, tick=False) as clock:
        assert post(EVENT).status_code == 200
        answer = post(EVENT | {"id": "E-2"})
        assert answer.status_code == 429
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == "too_many_requests"
        wait = int(answer.headers["Retry-After"])
        assert rates(answer)[:2] == ('"events";q=1;w=60', f'"events";r=0;t={wait}')
        assert ServiceEvent.objects.count() == 1
        other = issue_token(stream=stream, label="another", at=builders.NOW)
        assert post(EVENT | {"id": "E-3"}, token=other).status_code == 200
        clock.shift(wait)
        assert post(EVENT | {"id": "E-2"}).json()["recorded"] == 1


@override_settings(EVENTS_PER_MINUTE=0)
def test_without_a_limit_nothing_is_said_of_one(post):
    assert rates(post(EVENT)) == (None, None, None)


def test_events_are_taken_while_nobody_can_count(post, settings):
    settings.EVENTS_PER_MINUTE = 1
    settings.CACHES = {
        "default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}
    }
    for number in (1, 2):
        answer = post(EVENT | {"id": f"E-{number}"})
        assert (answer.status_code, rates(answer)) == (200, (None, None, None))


def test_no_key_is_kept_where_requests_are_counted(post, key, monkeypatch):
    counted = []
    monkeypatch.setattr(cache, "add", lambda name, *_, **__: counted.append(name))
    monkeypatch.setattr(cache, "incr", lambda _name: 1)
    post(EVENT)
    assert len(counted) == 1
    assert key not in counted[0]


def test_issue_token_prints_a_key_that_works_once(stream, post, capsys):
    call_command("issue_token", "vila/requests", label="library system")
    printed = capsys.readouterr().out.strip()
    assert printed.startswith("par_")
    assert StreamToken.objects.get(label="library system").stream == stream
    assert post(EVENT, token=printed).json()["recorded"] == 1


@pytest.mark.parametrize(
    ("name", "label", "words"),
    [
        ("vila", "x", "ORG/STREAM"),
        ("vila/nothing", "x", "there is no stream vila/nothing"),
        ("vila/requests", " ", "label"),
        ("vila/requests", "x" * 81, "label"),
    ],
)
def test_issue_token_says_what_is_wrong(charter, name, label, words):
    with pytest.raises(CommandError, match=words):
        call_command("issue_token", name, label=label)


@pytest.mark.parametrize(("body", "kind"), [(EVENT, ONE), (lines(EVENT), MANY)])
def test_without_the_secret_of_its_pseudonyms_a_stream_takes_nothing(
    post, stream, body, kind
):
    Stream.objects.filter(pk=stream.pk).update(case_secret="0" * 16)
    answer = post(body, kind)
    assert (answer.status_code, answer.json()["code"]) == (503, "case_secret_missing")
    assert answer["Content-Type"] == "application/problem+json"
    assert "0" * 16 not in answer.text
    assert not ServiceEvent.objects.exists()
    Stream.objects.filter(pk=stream.pk).update(case_secret="")
    assert post(body, kind).json()["recorded"] == 1

"""Servers that are asked: a real one, that answers well, badly, slowly or not at all."""

import io
import itertools
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from indicators import tasks
from indicators.enums import SourceKind
from indicators.models import ServiceEvent, Source, Stream
from indicators.services import questions
from indicators.services.questions import ask, due, enqueue_due
from indicators.services.sources import add_source, change_source
from tests.builders import NOW
from tests.core.test_fetching import LOOPBACK, raw, server, whole
from tests.indicators.adapters.recorded import PAYLOADS
from tests.indicators.helpers import at_once

DAY = timedelta(days=1)
JSON = (PAYLOADS / "open311_requests.json").read_bytes()
XML = (PAYLOADS / "open311_requests.xml").read_bytes()

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_home(settings):
    settings.SOURCES_NETWORKS = LOOPBACK
    settings.SOURCES_PLAIN_HTTP = True


@pytest.fixture
def stream(town):
    return Stream.objects.create(
        organisation=town,
        code="street",
        time_zone="Europe/Madrid",
        types=["opened", "closed", "updated"],
        attributes=["topic"],
    )


def connected(stream, url, *, secret="", code="city", **changes):
    mapping = {
        "url": url,
        "opened": "opened",
        "states": {"closed": "closed"},
        "seen": "updated",
        "attributes": {"topic": "service_code"},
    }
    source, _secret = add_source(
        stream=stream,
        code=code,
        kind=SourceKind.OPEN311,
        settings=mapping | changes,
        secret=secret,
        at=NOW,
    )
    return source


class City:
    """A server that keeps requests and answers as GeoReport v2 says."""

    def __init__(self, made=(), page=1_000):
        self.requests = dict(enumerate(made))
        self.closed = {}
        self.page = page
        self.largest = 0

    def __call__(self, handler):
        asked = parse_qs(urlsplit(handler.path).query)
        start, end = (
            datetime.fromisoformat(asked[name][0])
            for name in ("start_date", "end_date")
        )
        assert end - start <= 90 * DAY
        found = [
            {
                "service_request_id": number,
                "status": "closed" if number in self.closed else "open",
                "service_code": "006",
                "requested_datetime": at.isoformat(),
                "updated_datetime": self.closed.get(number, at).isoformat(),
            }
            for number, at in self.requests.items()
            if start <= at <= end
        ]
        self.largest = max(self.largest, len(found))
        whole(200, json.dumps(found[: self.page]).encode())(handler)


def cases(type_="opened"):
    return sorted(
        ServiceEvent.objects.filter(type=type_).values_list("case_key", flat=True)
    )


@pytest.mark.parametrize(("format_", "body"), [("json", JSON), ("xml", XML)])
def test_what_a_server_answers_is_recorded(stream, format_, body):
    with server(whole(200, body)) as (url, asked):
        source = connected(
            stream, url, format=format_, jurisdiction="vila", service="006,012", days=30
        )
        receipt = ask(source_id=source.pk, at=NOW)
    assert (receipt.received, receipt.recorded, receipt.refused) == (5, 5, [])
    (path, headers), *more = asked
    assert more == []
    parts = urlsplit(path)
    assert parts.path == f"/requests.{format_}"
    assert parse_qs(parts.query) == {
        "start_date": ["2026-10-03T09:00:00Z"],
        "end_date": ["2026-11-02T09:00:00Z"],
        "jurisdiction_id": ["vila"],
        "service_code": ["006,012"],
    }
    assert format_ in headers["Accept"]
    source.refresh_from_db()
    assert source.last_success_at == source.asked_until == NOW
    assert source.next_asked_at == NOW + timedelta(hours=1)


def test_a_key_is_sent_and_shown_nowhere(stream):
    with server(whole(403)) as (url, asked):
        source = connected(stream, url, secret="xyz")
        ask(source_id=source.pk, at=NOW)
    assert parse_qs(urlsplit(asked[0][0]).query)["api_key"] == ["xyz"]
    source.refresh_from_db()
    assert source.last_failure == "the answer was 403"


def test_asking_again_replays_and_sees_what_was_closed(stream):
    city = City([NOW - 40 * DAY, NOW - DAY])
    with server(city) as (url, _asked):
        source = connected(stream, url)
        ask(source_id=source.pk, at=NOW)
        assert cases() == ["0", "1"]
        assert cases("closed") == []
        city.closed[0] = NOW + timedelta(minutes=20)
        later = NOW + timedelta(hours=1)
        receipt = ask(source_id=source.pk, at=later)
    assert (receipt.received, receipt.recorded, receipt.replayed) == (5, 2, 3)
    closing = ServiceEvent.objects.get(type="closed")
    assert closing.occurred_at == city.closed[0]


def test_after_a_long_silence_nothing_is_missed(stream):
    city = City([NOW + number * 10 * DAY for number in range(40)])
    with server(city) as (url, asked):
        source = connected(stream, url, days=30)
        ask(source_id=source.pk, at=NOW)
        later = NOW + 390 * DAY
        ask(source_id=source.pk, at=later)
    assert len(cases()) == 40
    assert len(asked) == 1 + 5


def test_more_than_fits_into_an_answer_is_asked_in_parts(stream):
    city = City([NOW - timedelta(minutes=number) for number in range(300)], page=20)
    with server(city) as (url, _asked):
        source = connected(stream, url, page=20)
        receipt = ask(source_id=source.pk, at=NOW)
    assert city.largest == 300
    assert len(cases()) == 300
    assert receipt.refused == []


def test_more_than_fits_into_a_second_is_a_failure(stream):
    with server(City([NOW - DAY] * 30, page=20)) as (url, _asked):
        source = connected(stream, url, page=20)
        assert ask(source_id=source.pk, at=NOW) is None
    source.refresh_from_db()
    assert "20 requests in a second" in source.last_failure
    assert source.asked_until is None


def test_questions_have_an_end(stream, monkeypatch):
    monkeypatch.setattr(questions, "MOST_QUESTIONS", 3)
    with server(City([NOW - DAY])) as (url, asked):
        source = connected(stream, url, days=3_000)
        assert ask(source_id=source.pk, at=NOW) is None
    assert len(asked) == 3
    source.refresh_from_db()
    assert "look back fewer 'days'" in source.last_failure


BAD = {
    "500": (whole(500), "the answer was 500"),
    "redirect": (whole(302, Location="http://127.0.0.1:1/"), "redirects are not"),
    "no json": (whole(200, b"<html>"), "no JSON"),
    "another json": (whole(200, b'["a"]'), "a JSON object is expected"),
    "no requests": (whole(200, b'[{"errors": 1}]'), "service_request_id"),
    "cut": (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[]"), "cut off"),
    "nothing": (raw(b""), "did not answer"),
}


@pytest.mark.parametrize(("answer", "words"), BAD.values(), ids=BAD)
def test_a_bad_answer_is_noted_and_asked_for_again_later(stream, answer, words):
    with server(answer) as (url, _asked):
        source = connected(stream, url)
        assert ask(source_id=source.pk, at=NOW) is None
    source.refresh_from_db()
    assert words in source.last_failure
    assert (source.failures, source.last_failure_at) == (1, NOW)
    assert source.next_asked_at == NOW + timedelta(minutes=2)
    assert not ServiceEvent.objects.exists()


@pytest.mark.parametrize("body", [b"<a", b"[]", b"<errors/>"])
def test_bad_xml_too(stream, body):
    with server(whole(200, body)) as (url, _asked):
        source = connected(stream, url, format="xml")
        assert ask(source_id=source.pk, at=NOW) is None
    source.refresh_from_db()
    assert source.last_failure.startswith("the answer")


def test_each_failure_is_followed_by_a_longer_pause_and_a_success_by_none(stream):
    pauses, at = [], NOW
    with server(whole(503)) as (url, _asked):
        source = connected(stream, url)
        for _turn in range(12):
            ask(source_id=source.pk, at=at)
            source.refresh_from_db()
            pauses.append((source.next_asked_at - at).total_seconds() / 60)
            at = source.next_asked_at
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360, 360]
    with server(City([NOW])) as (url, _asked):
        change_source(source=source, settings=source.settings | {"url": url}, at=at)
        assert ask(source_id=source.pk, at=at).recorded == 2
    source.refresh_from_db()
    assert (source.failures, source.next_asked_at) == (0, at + timedelta(hours=1))


def test_what_was_read_before_a_failure_stays(stream):
    answers = iter([whole(200, JSON), whole(500)])

    def each(handler):
        next(answers)(handler)

    with server(each) as (url, _asked):
        source = connected(stream, url, days=180)
        assert ask(source_id=source.pk, at=NOW) is None
    assert cases() == ["638344", "638349"]
    source.refresh_from_db()
    assert source.asked_until is None


def test_a_source_that_is_not_due_disabled_or_sends_is_not_asked(stream):
    with server(City([NOW])) as (url, asked):
        source = connected(stream, url)
        sends, _secret = add_source(
            stream=stream,
            code="zammad",
            kind=SourceKind.ZAMMAD,
            settings={"opened": "opened"},
            at=NOW,
        )
        early = NOW - timedelta(seconds=1)
        assert ask(source_id=source.pk, at=early) is None
        assert ask(source_id=sends.pk, at=NOW, at_once=True) is None
        assert ask(source_id=0, at=NOW) is None
        change_source(source=source, enabled=False, at=NOW)
        assert ask(source_id=source.pk, at=NOW) is None
        assert ask(source_id=source.pk, at=NOW, at_once=True) is None
        assert asked == []
        assert not due(at=NOW).exists()
        change_source(source=source, enabled=True, at=NOW)
        assert ask(source_id=source.pk, at=early, at_once=True) is not None


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_asks(stream):
    with server(City([NOW - DAY])) as (url, asked):
        source = connected(stream, url)
        answers = at_once(lambda _n: ask(source_id=source.pk, at=NOW), list(range(6)))
    assert len(asked) == 1
    assert sum(answer is not None for answer in answers) == 1


@pytest.mark.django_db(transaction=True)
def test_what_is_being_asked_is_asked_by_nobody_else_not_even_at_once(stream):
    """Neither by whoever insists, nor by a worker to whom it is due again."""
    others, words = [], []

    def meanwhile(handler):
        try:
            others.append(ask(source_id=source.pk, at=NOW, at_once=True))
            others.append(ask(source_id=source.pk, at=NOW + DAY))
            words.append(polled(at_once=True)[1])
        finally:
            connections.close_all()
        whole(200, JSON)(handler)

    with server(meanwhile) as (url, asked):
        source = connected(stream, url, days=30)
        Source.objects.update(failures=1, last_failure_at=NOW, last_failure="old")
        assert ask(source_id=source.pk, at=NOW).recorded
        assert others == [None, None]
        assert words == ["street/city: is being asked\nfailed: 1 did not answer"]
        assert len(asked) == 1
    with server(whole(200, JSON)) as (url, _asked):
        Source.objects.update(settings=source.settings | {"url": url})
        assert ask(source_id=source.pk, at=NOW, at_once=True).replayed


def test_a_worker_that_died_leaves_the_source_to_the_next(stream, monkeypatch):
    source = connected(stream, "http://127.0.0.1:1")

    def killed(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(questions, "fetch", killed)
    with pytest.raises(KeyboardInterrupt):
        ask(source_id=source.pk, at=NOW)
    assert not due(at=NOW + timedelta(minutes=59)).exists()
    assert due(at=NOW + timedelta(hours=1)).get() == source
    monkeypatch.undo()
    ask(source_id=source.pk, at=NOW, at_once=True)
    source.refresh_from_db()
    assert source.failures == 1


def test_an_address_that_is_inside_is_not_asked(stream, settings):
    with server(whole(200, JSON)) as (url, asked):
        source = connected(stream, url)
        settings.SOURCES_NETWORKS = []
        assert ask(source_id=source.pk, at=NOW) is None
        settings.SOURCES_NETWORKS, settings.SOURCES_PLAIN_HTTP = LOOPBACK, False
        assert ask(source_id=source.pk, at=NOW + DAY) is None
    assert asked == []
    source.refresh_from_db()
    assert source.last_failure == "the address must begin with https://"


def test_a_secret_that_cannot_be_read_is_a_failure(stream):
    source = connected(stream, "http://127.0.0.1:1", secret="a key of the city hall")
    Source.objects.update(secret="1:AAAA")
    assert ask(source_id=source.pk, at=NOW) is None
    source.refresh_from_db()
    assert "sealed with another key" in source.last_failure


def test_a_stream_without_the_secret_of_its_pseudonyms_is_a_failure(stream):
    Stream.objects.filter(pk=stream.pk).update(case_secret="0" * 16)
    with server(whole(200, JSON)) as (url, _asked):
        source = connected(stream, url)
        assert ask(source_id=source.pk, at=NOW) is None
    source.refresh_from_db()
    assert source.last_failure.startswith("CASE_SECRETS lacks the secret")
    assert (source.failures, source.next_asked_at) == (1, NOW + timedelta(minutes=2))
    assert not ServiceEvent.objects.exists()


def test_every_source_that_is_due_is_a_task_of_its_own(
    stream, monkeypatch, django_capture_on_commit_callbacks
):
    sent = []
    monkeypatch.setattr(
        "core.jobs._send", lambda task, kwargs: sent.append((task.name, kwargs))
    )
    first = connected(stream, "http://127.0.0.1:1")
    second = connected(stream, "http://127.0.0.1:1", code="other")
    Source.objects.filter(pk=second.pk).update(next_asked_at=NOW + DAY)
    with django_capture_on_commit_callbacks(execute=True):
        enqueue_due(at=NOW)
    assert sent == [("indicators.ask_source", {"source_id": first.pk})]


def test_the_tasks_read_the_clock(stream):
    with server(City([NOW - DAY])) as (url, asked):
        source = connected(stream, url)
        tasks.ask()
        tasks.ask_source(source_id=source.pk)
        tasks.ask_source(source_id=source.pk)
    assert len(asked) == 1
    assert cases() == ["0"]


def polled(*arguments, **options):
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("poll_sources", *arguments, stdout=out, stderr=err, **options)
    except CommandError as error:
        err.write(f"failed: {error}")
    return out.getvalue(), err.getvalue()


def test_poll_sources_says_what_came_of_it(stream):
    with server(City([NOW - DAY])) as (url, _asked):
        connected(stream, url)
        assert polled("vila/street") == (
            "street/city: 2 events: 2 recorded, 0 known already, 0 refused\n",
            "",
        )
        assert polled() == ("", "")
        assert "0 recorded, 2 known already" in polled(at_once=True)[0]
    out, err = polled(at_once=True)
    assert out == ""
    assert err.startswith("street/city: 127.0.0.1 did not answer")
    assert err.endswith("failed: 1 did not answer")


def test_a_window_ends_at_the_instant_that_asks():
    assert list(questions.windows(NOW, NOW)) == []
    start = datetime(2026, 1, 1, tzinfo=UTC)
    found = list(questions.windows(start, start + 200 * DAY))
    assert found[0][0] == start
    assert found[-1][1] == start + 200 * DAY
    assert all(a[1] == b[0] for a, b in itertools.pairwise(found))
    assert all(until - since <= 90 * DAY for since, until in found)

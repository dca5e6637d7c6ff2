"""
Every address × every role × own and other organisation × nobody.

An address without rows in :data:`ROWS` fails the first test: whoever adds a page
says here who may open it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLResolver

from accounts.enums import Role
from accounts.models import Organisation, User
from accounts.rules import PERMISSIONS, allows
from charters.models import Edition
from charters.services.drafts import open_next
from core.text import LANGUAGES
from feedback.services.claims import file_claim
from indicators.models import ServiceEvent, Stream
from indicators.services.streams import issue_token
from indicators.services.uploads import receive_file
from tests import builders
from tests.builders import NOW
from tests.indicators.declaring import declare
from tests.indicators.helpers import event, send
from tests.web.public import cases

GET, POST = "get", "post"
PUBLIC = "public"  # the same answer for everybody, whoever they are
PEOPLE = "people"  # for whoever is logged in; others are led to log in


@dataclass(frozen=True)
class Row:
    """
    What an address answers.

    :ivar permission: of :data:`accounts.rules.PERMISSIONS`, or PUBLIC, or PEOPLE.
    :ivar status: for those who may; forms are sent empty.
    :ivar arguments: of the address; ``organisation`` is added for the office.
    """

    name: str
    method: str
    permission: str
    status: int
    arguments: dict[str, Any] = field(default_factory=dict)


def page(name: str, permission: str, **arguments: Any) -> list[Row]:
    """An office page that only reads."""
    return [
        Row(f"office:{name}", GET, permission, 200, arguments),
        Row(f"office:{name}", POST, permission, 405, arguments),
    ]


def form(
    name: str, permission: str, *, post: str = "", sent: int = 200, **arguments: Any
) -> list[Row]:
    """An office page with a form."""
    return [
        Row(f"office:{name}", GET, permission, 200, arguments),
        Row(f"office:{name}", POST, post or permission, sent, arguments),
    ]


EDIT, KEEP, TEND = "charters.edit", "calendars.edit", "streams.edit"
STREAM = {"stream": "requests"}
CALENDAR = {"calendar": "office"}
LIBRARY = {"charter": "library"}
PROMISE = {"organisation": "vila", "charter": "library", "commitment": "C1"}
SOURCE = {"organisation": "vila", "stream": "requests", "source": "zammad"}
CASE = {"indicator": "IND-1", "case": "2026/1"}
ROWS: list[Row] = [
    Row("healthz", GET, PUBLIC, 200),
    Row("readyz", GET, PUBLIC, 200),
    Row("login", GET, PUBLIC, 200),
    Row("logout", GET, PUBLIC, 405),
    # Public pages.
    Row("public:catalogue", GET, PUBLIC, 200),
    Row("public:track", GET, PUBLIC, 200),
    Row("public:charter", GET, PUBLIC, 200, {"organisation": "vila", **LIBRARY}),
    Row("public:claim", GET, PUBLIC, 200, PROMISE),
    Row("public:claim_filed", GET, PUBLIC, 302, PROMISE),
    Row("public:deadline", GET, PUBLIC, 200, {"organisation": "vila"}),
    Row("public:deadline-file", GET, PUBLIC, 404, {"organisation": "vila"}),
    # Machines carry a token; people's roles count for nothing there.
    Row("api:events", GET, PUBLIC, 405, {"organisation": "vila", "stream": "requests"}),
    Row("api:events", POST, PUBLIC, 401, {"organisation": "vila", "stream": "requests"}),
    Row("api:deliver", GET, PUBLIC, 405, SOURCE),
    Row("api:deliver", POST, PUBLIC, 401, SOURCE),
    Row("api:deadline", GET, PUBLIC, 400),
    Row("api:explanation", GET, PUBLIC, 401, CASE | {"organisation": "vila"}),
    Row("api:openapi", GET, PUBLIC, 200),
    Row("api:openapi", POST, PUBLIC, 405),
    Row("api:not-found", GET, PUBLIC, 404, {"path": "nothing"}),
    # The office.
    Row("office:home", GET, PEOPLE, 302),
    Row("office:home", POST, PEOPLE, 405),
    *page("dashboard", "results.view"),
    *page("charters", "charters.view"),
    *page("charter", "charters.view", **LIBRARY),
    *page("edition", "charters.view", **LIBRARY, number=1),
    *page("edition", "charters.view", **LIBRARY, number=2),
    *form("charter-new", EDIT),
    Row("office:draft", GET, EDIT, 405, LIBRARY),
    Row("office:draft", POST, EDIT, 302, LIBRARY),
    *form("publish", "charters.publish", **LIBRARY),
    *form("head", EDIT, **LIBRARY),
    *form("section", EDIT, **LIBRARY, section="general"),
    *form("commitment-new", EDIT, **LIBRARY),
    *form("commitment", EDIT, **LIBRARY, pk="commitment"),
    *form("commitment-delete", EDIT, sent=409, **LIBRARY, pk="commitment"),
    *form("indicator-new", EDIT, **LIBRARY, commitment="commitment"),
    *form("indicator", EDIT, **LIBRARY, pk="indicator"),
    *page("feasibility", EDIT, **LIBRARY, pk="indicator"),
    *form("indicator-delete", EDIT, sent=409, **LIBRARY, pk="indicator"),
    *form("assurance-new", EDIT, **LIBRARY),
    *form("assurance", EDIT, **LIBRARY, pk="assurance"),
    *form("assurance-delete", EDIT, sent=409, **LIBRARY, pk="assurance"),
    *form("redress-new", EDIT, **LIBRARY),
    *form("redress", EDIT, **LIBRARY, pk="redress"),
    *form("redress-delete", EDIT, sent=409, **LIBRARY, pk="redress"),
    *page("calendars", "calendars.view"),
    *page("calendar", "calendars.view", **CALENDAR),
    *form("calendar-new", KEEP),
    *form("calendar-edit", KEEP, **CALENDAR),
    Row("office:calendar-preview", GET, KEEP, 405, CALENDAR),
    Row("office:calendar-preview", POST, KEEP, 200, CALENDAR),
    *form("calendar-library", KEEP, **CALENDAR),
    *form("calendar-import", KEEP, **CALENDAR),
    *page("streams", "streams.view"),
    *page("stream", "streams.view", **STREAM),
    *form("stream-edit", TEND, **STREAM),
    *form("key-new", TEND, **STREAM),
    *form("key-rotate", TEND, **STREAM, pk="key"),
    *form("key-revoke", TEND, sent=302, **STREAM, pk="key"),
    *page("suspensions", "charters.view", **LIBRARY),
    *form("suspension-new", "commitments.suspend", **LIBRARY),
    *form("suspension-lift", "commitments.suspend", **LIBRARY, pk="suspension"),
    *page("cases", "results.view", indicator="IND-1"),
    *page("case", "results.view", **CASE),
    *page("declared", "results.view"),
    *page("declared-indicator", "results.view", indicator="IND-1"),
    *form("declared-new", "values.enter", indicator="IND-1"),
    *form("declared-value", "results.view", post="values.confirm", pk="value"),
    *page("history", "results.view", **STREAM),
    *page("history-file", "events.export", **STREAM),
    *page("history-case", "results.view", **STREAM, case="2026/1"),
    *page("history-event", "results.view", **STREAM, pk="event"),
    *form("event-correct", "events.correct", **STREAM, pk="event"),
    *form("restate", "results.restate", indicator="IND-1"),
    *form("files", "events.import", **STREAM),
    *form("file", "events.import", sent=302, **STREAM, pk="file"),
    *form("file-columns", "events.import", **STREAM, pk="file"),
    *page("file-refused", "events.import", **STREAM, pk="file"),
    *page("claims", "claims.view"),
    *form("claim", "claims.view", post="claims.decide", reference="claim"),
]  # fmt: skip
# What a GET answers is settled before who asks: it tells nothing of the tenant.
BLIND = {405}


@pytest.fixture(autouse=True)
def frozen_clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(autouse=True)
def own_cache(settings) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": str(uuid4()),
        }
    }


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path) -> None:
    settings.UPLOADS_ROOT = str(tmp_path)


@pytest.fixture
def world(charter: Edition) -> dict[str, Any]:
    """The town's library with a draft and a claim: what the arguments stand for."""
    town = charter.organisation
    author = builders.person("ADMINISTRATOR", of=town, email="author@example.org")
    draft = open_next(charter=charter.charter, by=author, at=NOW)
    claim = file_claim(
        charter=charter.charter,
        commitment_code="C1",
        facts_on=date(2026, 10, 20),
        narrative="x",
        language="ca",
        at=NOW,
    ).claim
    send(event("E-1", CASE["case"]))
    value = declare(by=author, indicator="IND-1", period="2026-03")
    stream = Stream.objects.get(code="requests")
    issue_token(stream=stream, label="m", at=NOW)
    given = receive_file(
        stream=stream,
        name="requests.csv",
        content=ContentFile(b"num,opened\n1,2026-01-05\n"),
        by=author,
        at=NOW,
    )
    return {
        "key": stream.tokens.get().pk,
        "commitment": draft.commitments.get().pk,
        "indicator": draft.indicator_rules.get().pk,
        "assurance": draft.assurance_measures.get().pk,
        "redress": draft.redress_measures.get().pk,
        "claim": claim.reference,
        "value": value.pk,
        "event": ServiceEvent.objects.get(external_id="E-1").pk,
        "file": given.pk,
        "suspension": cases.suspend(charter, from_on=date(2026, 10, 1), by=author).pk,
    }


def names(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from names(pattern, inner)
        else:
            yield f"{prefix}{pattern.name}"


def ask(client: Client, row: Row, world: dict[str, Any], organisation: str) -> int:
    arguments = {key: world.get(value, value) for key, value in row.arguments.items()}
    if row.name.startswith("office:") and row.permission != PEOPLE:
        arguments["organisation"] = organisation
    address = reverse(row.name, kwargs=arguments)
    return getattr(client, row.method)(address).status_code


def expected(row: Row, roles: frozenset[str], *, member: bool) -> int:
    if row.permission == PUBLIC or row.status in BLIND:
        return row.status
    if not member:
        return 404
    return row.status if allows(roles, row.permission) else 403


def answers(client: Client, world: dict[str, Any], organisation: str = "vila"):
    return {
        (row.name, row.method, str(row.arguments)): ask(
            client, row, world, organisation
        )
        for row in ROWS
        if row.permission != PEOPLE
    }


def wanted(roles: frozenset[str], *, member: bool):
    return {
        (row.name, row.method, str(row.arguments)): expected(row, roles, member=member)
        for row in ROWS
        if row.permission != PEOPLE
    }


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def without_log_in(found: dict) -> dict:
    """The page to log in sends those away who are in."""
    return {key: status for key, status in found.items() if key[0] != "login"}


def test_every_address_has_a_row():
    assert set(names(get_resolver())) == {row.name for row in ROWS}


def test_every_office_address_is_tried_to_read_and_to_write():
    tried: dict[str, set[str]] = {}
    for row in ROWS:
        tried.setdefault(row.name, set()).add(row.method)
    office = {name for name in tried if name.startswith("office:")}
    assert {name: tried[name] for name in office} == {
        key: {GET, POST} for key in office
    }


def test_every_permission_guards_something():
    asked = {row.permission for row in ROWS}
    assert set(PERMISSIONS) - asked == set()


@pytest.mark.parametrize("role", Role.values)
def test_own_organisation(world, town: Organisation, role):
    client = logged_in(builders.person(role, of=town))
    roles = frozenset({role})
    assert without_log_in(answers(client, world)) == without_log_in(
        wanted(roles, member=True)
    )


@pytest.mark.parametrize("role", Role.values)
def test_other_organisation_does_not_exist(world, role):
    """Neither under its own name nor under that of the visitor's organisation."""
    other = builders.organisation("altra")
    client = logged_in(builders.person(role, of=other))
    roles = frozenset({role})
    assert without_log_in(answers(client, world)) == without_log_in(
        wanted(roles, member=False)
    )
    for row in ROWS:
        if row.permission in {PUBLIC, PEOPLE} or not row.arguments:
            continue
        status = ask(client, row, world, "altra")
        allowed = allows(roles, row.permission)
        refused = 405 if row.status in BLIND else 404 if allowed else 403
        assert status == refused, row


def test_organisation_that_does_not_exist_answers_like_anothers(world, town):
    client = logged_in(builders.person("ADMINISTRATOR", of=town))
    found = answers(client, world, organisation="nowhere")
    assert without_log_in(found) == without_log_in(wanted(frozenset(), member=False))


@pytest.mark.parametrize("organisation", ["vila", "nowhere"])
def test_nobody_is_led_to_log_in(world, organisation):
    """Whether the organisation exists or not: the answer is the same."""
    for row in ROWS:
        status = ask(Client(), row, world, organisation)
        public = row.permission == PUBLIC or row.status in BLIND
        assert status == (row.status if public else 302), row
        if not public:
            address = reverse("login")
            arguments = {k: world.get(v, v) for k, v in row.arguments.items()}
            if row.permission != PEOPLE:
                arguments["organisation"] = organisation
            response = getattr(Client(), row.method)(
                reverse(row.name, kwargs=arguments)
            )
            assert response.url.startswith(f"{address}?next="), row


@pytest.mark.parametrize("role", Role.values)
def test_home_is_for_whoever_is_in(town, role):
    client = logged_in(builders.person(role, of=town))
    for row in ROWS:
        if row.permission == PEOPLE:
            assert ask(client, row, {}, "vila") == row.status


def test_several_roles_add_up(world, town):
    user = builders.person("DRAFTER", of=town)
    town.memberships.create(user=user, role="PUBLISHER")
    roles = frozenset({"DRAFTER", "PUBLISHER"})
    assert without_log_in(answers(logged_in(user), world)) == without_log_in(
        wanted(roles, member=True)
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_office_is_guarded_in_every_language(world, language):
    assert Client().get(f"/{language}/office/vila/").status_code == 302

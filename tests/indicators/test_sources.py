"""Systems that are connected to streams, and what becomes of what they send."""

import io
import itertools
import json
import random
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from hypothesis import HealthCheck, given, settings as examples, strategies as st

from core.models import AuditEntry
from indicators.adapters.payloads import PayloadError
from indicators.enums import SourceKind
from indicators.models import ServiceEvent, Source, Stream
from indicators.services.files import import_file
from indicators.services.intake import Refusal, record
from indicators.services.mapping import FileMapping
from indicators.services.sources import (
    SourceError,
    add_source,
    change_source,
    note_failure,
    note_success,
    receive,
    secret_of,
)
from indicators.services.streams import issue_token
from tests.builders import NOW
from tests.indicators.adapters.recorded import MAPPINGS, MESSAGES, PAYLOADS, settings
from tests.indicators.helpers import at_once, event

pytestmark = pytest.mark.django_db

TYPES = [
    "opened", "updated", "waiting", "resumed", "closed", "void", "withdrawn",
    "reopened", "rated", "recommended",
]  # fmt: skip
GENERIC = {"case": "key", "event": [{"type": "opened", "at": "opened"}]}
ATTRIBUTES = ["group", "channel", "topic", "site", "district", "servei"]


@pytest.fixture
def stream(town):
    return Stream.objects.create(
        organisation=town,
        code="street",
        time_zone="Europe/Madrid",
        types=TYPES,
        attributes=ATTRIBUTES,
    )


def connected(stream, kind="zammad", code=None, **changes):
    source, _secret = add_source(
        stream=stream,
        code=code or kind,
        kind=SourceKind(kind),
        settings=settings(kind, **changes),
        at=NOW,
    )
    return source


def generic(stream, mapping):
    kind = SourceKind.GENERIC
    return add_source(
        stream=stream, code="generic", kind=kind, settings=mapping, at=NOW
    )[0]


def sent(source, *names):
    for name in names:
        body = (PAYLOADS / f"{name}.json").read_bytes()
        receipt = receive(source=source, body=body, at=NOW)
    return receipt


def log():
    return sorted(
        ServiceEvent.objects.values_list("case_key", "type", "external_id", "digest")
    )


@pytest.mark.parametrize("kind", [kind for kind in MESSAGES if kind != "open311"])
def test_what_a_system_sends_is_in_the_log_whatever_the_order(stream, kind):
    source = connected(stream, kind)
    logs = []
    for order in itertools.permutations(MESSAGES[kind]):
        with transaction.atomic():
            for name in order:
                receipt = sent(source, name, name)
                assert receipt.refused == []
                assert receipt.replayed == receipt.received
            logs.append(log())
            transaction.set_rollback(True)
    assert len(logs[0]) >= 3
    assert all(other == logs[0] for other in logs)


@examples(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(dice=st.randoms(use_true_random=False))
def test_two_sources_of_one_stream_leave_the_same_log(stream, dice: random.Random):
    """Whatever is sent twice, late, or in between what the other sends."""
    deliveries = [
        (kind, name)
        for kind in ("zammad", "glpi", "signalen")
        for name in MESSAGES[kind]
    ]
    logs = []
    for _turn in range(2):
        sending = [*deliveries, *dice.choices(deliveries, k=5)]
        dice.shuffle(sending)
        with transaction.atomic():
            sources = {kind: connected(stream, kind) for kind in dict(deliveries)}
            for kind, name in sending:
                assert sent(sources[kind], name).refused == []
            logs.append(log())
            transaction.set_rollback(True)
    assert logs[0] == logs[1]


@pytest.mark.django_db(transaction=True)
def test_deliveries_that_race_leave_the_log_of_one(stream, monkeypatch):
    monkeypatch.setattr("core.jobs._send", lambda task, kwargs: None)
    kinds = ("zammad", "glpi", "signalen")
    sources = {kind: connected(stream, kind) for kind in kinds}
    deliveries = [(kind, name) for kind in kinds for name in MESSAGES[kind]]

    def deliver(seed):
        dice = random.Random(seed)
        for kind, name in dice.sample(deliveries, len(deliveries)):
            assert sent(sources[kind], name).refused == []

    at_once(deliver, list(range(8)))
    by_many = log()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE indicators_serviceevent")
    for kind, name in deliveries:
        sent(sources[kind], name)
    assert log() == by_many
    assert len({row[2] for row in by_many}) == len(by_many) == 17


def test_how_it_goes_is_noted(stream):
    source = connected(stream)
    sent(source, "zammad_created")
    source.refresh_from_db()
    assert (source.last_success_at, source.failures) == (NOW, 0)
    assert (source.last_failure_at, source.last_failure) == (None, "")
    for body in (b"{", b"[]", b"\xff", b"[" * 99_999, b'{"ticket": 1}'):
        with pytest.raises(PayloadError):
            receive(source=source, body=body, at=NOW)
    source.refresh_from_db()
    assert source.failures == 5
    assert source.last_failure == "a webhook of Zammad holds a 'ticket'"
    sent(source, "zammad_created")
    source.refresh_from_db()
    assert source.failures == 0
    assert source.last_failure_at == NOW


def test_what_the_log_refuses_is_noted_without_repeating_it(stream):
    source = connected(stream)
    message = json.loads((PAYLOADS / "zammad_created.json").read_text())
    message["ticket"]["number"] = "pau@example.org"
    receipt = receive(source=source, body=json.dumps(message).encode(), at=NOW)
    assert [refusal.code for refusal in receipt.refused] == ["personal_data"] * 2
    source.refresh_from_db()
    assert source.last_failure.startswith("2 refused, such as personal_data")
    assert "pau" not in source.last_failure
    assert not ServiceEvent.objects.exists()


MARTA = "marta.puig@example.org"


def noted(source):
    source.refresh_from_db()
    assert "example.org" not in source.last_failure
    return source.last_failure


def test_a_reason_that_would_repeat_somebodys_data_says_only_their_kind(stream):
    source = generic(stream, GENERIC)
    good = {"key": "IN-7", "opened": "2026-03-02T09:00:00Z"}
    # What the log refuses: the receipt repeats it to its sender, the note to nobody.
    refusals = [good | {"opened": "3026-01-01T00:00:00Z"}, good | {"key": "x" * 300}]
    for message in refusals:
        body = json.dumps(message).encode()
        (refusal,) = receive(source=source, body=body, at=NOW).refused
        assert noted(source) == f"1 refused, such as {refusal.code}: {refusal.detail}"
    refusal = Refusal(1, None, "unknown_type", f"declares no type {MARTA!r}")
    note_success(source=source, at=NOW, refused=[refusal])
    assert noted(source) == (
        "1 refused, such as unknown_type: what is said there looks like personal data:"
        " e-mail address"
    )
    note_failure(source=source, words=f"{MARTA!r} is no instant\x00", at=NOW)
    assert (
        noted(source) == "what is said there looks like personal data: e-mail address"
    )
    note_failure(source=source, words="no instant\x00", at=NOW)
    assert noted(source) == "no instant\ufffd"


def test_a_stream_that_stops_declaring_a_type_refuses_it(stream):
    source = connected(stream)
    Stream.objects.filter(pk=stream.pk).update(types=["opened"])
    source = Source.objects.select_related("stream").get(pk=source.pk)
    receipt = sent(source, "zammad_created")
    assert (receipt.recorded, receipt.refused[0].code) == (1, "unknown_type")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"code": "A B"}, "is no code"),
        ({"code": "zammad\n"}, "is no code"),
        ({"code": ""}, "is no code"),
        ({"secret": "short"}, "16 to 200"),
        ({"secret": "s" * 201}, "16 to 200"),
        ({"secret": "a secret that has é in it"}, "plain letters"),
        ({"settings": settings("zammad", opened="begun")}, "declares no type 'begun'"),
        (
            {"settings": settings("zammad", attributes={"colour": "group"})},
            "declares no attribute 'colour'",
        ),
        ({"settings": {"nothing": 1}}, "no entry"),
        (
            {
                "kind": SourceKind.OPEN311,
                "settings": settings("open311", url="http://city.example"),
            },
            "https://",
        ),
    ],
)
def test_a_source_that_cannot_be_is_refused_in_words(stream, changes, words):
    asked = {
        "stream": stream,
        "code": "zammad",
        "kind": SourceKind.ZAMMAD,
        "settings": settings("zammad"),
        "at": NOW,
    }
    with pytest.raises(SourceError, match=words):
        add_source(**asked | changes)
    assert not Source.objects.exists()
    assert not AuditEntry.objects.filter(verb="indicators.add_source").exists()


# --- operators ----------------------------------------------------------------------

OPERATOR_OF = GENERIC | {"attributes": {"operator": "firm"}}


def by_operator(stream):
    issue_token(stream=stream, label="alfa", operator="Neteja Alfa", at=NOW)
    stream.refresh_from_db()
    return stream


def test_no_source_says_whose_an_event_is(stream):
    """Its mapping may be older than the first key of an operator."""
    Stream.objects.filter(pk=stream.pk).update(attributes=[*ATTRIBUTES, "operator"])
    stream.refresh_from_db()
    source = generic(stream, OPERATOR_OF)
    by_operator(stream)
    source = Source.objects.select_related("stream").get(pk=source.pk)
    message = {"key": "IN-7", "opened": "2026-03-02T09:00:00Z", "firm": "Neteja Alfa"}
    receipt = receive(source=source, body=json.dumps(message).encode(), at=NOW)
    assert [refusal.code for refusal in receipt.refused] == ["other_operator"]
    assert not ServiceEvent.objects.exists()
    del message["firm"]
    assert receive(source=source, body=json.dumps(message).encode(), at=NOW).recorded
    assert ServiceEvent.objects.get().attributes == {}


def test_settings_that_say_whose_an_event_is_are_refused(stream):
    by_operator(stream)
    with pytest.raises(SourceError, match="no sender writes the attribute 'operator'"):
        generic(stream, OPERATOR_OF)
    source = generic(stream, GENERIC)
    with pytest.raises(SourceError, match="no sender writes the attribute 'operator'"):
        change_source(source=source, settings=OPERATOR_OF, at=NOW)


def test_where_no_operator_has_a_key_the_word_is_one_like_any_other(stream):
    Stream.objects.filter(pk=stream.pk).update(attributes=[*ATTRIBUTES, "operator"])
    stream.refresh_from_db()
    source = generic(stream, OPERATOR_OF)
    message = {"key": "IN-7", "opened": "2026-03-02T09:00:00Z", "firm": "Neteja Alfa"}
    assert receive(source=source, body=json.dumps(message).encode(), at=NOW).recorded
    assert ServiceEvent.objects.get().attributes == {"operator": "Neteja Alfa"}


def test_a_source_tells_of_any_operators_case_as_the_organisation_does(stream):
    by_operator(stream)
    theirs = event("E-1", case="IN-7", type="opened")
    record(stream=stream, lines=[(1, theirs)], at=NOW, operator="Neteja Alfa")
    source = generic(stream, GENERIC)
    message = {"key": "IN-7", "opened": "2026-03-02T09:00:00Z"}
    assert receive(source=source, body=json.dumps(message).encode(), at=NOW).recorded
    of_case = ServiceEvent.objects.filter(case_key="IN-7")
    assert set(of_case.values_list("attributes__operator", flat=True)) == {
        "Neteja Alfa",
        None,
    }


def test_a_code_is_taken_once_in_a_stream(stream):
    connected(stream)
    with pytest.raises(SourceError, match="has a source 'zammad'"):
        connected(stream)


def test_a_secret_is_shown_once_and_sealed(stream):
    source, secret = add_source(
        stream=stream,
        code="zammad",
        kind=SourceKind.ZAMMAD,
        settings=settings("zammad"),
        at=NOW,
    )
    assert len(secret) == 43
    assert secret not in source.secret
    assert secret_of(Source.objects.get()) == secret
    given_, same = add_source(
        stream=stream,
        code="glpi",
        kind=SourceKind.GLPI,
        settings=settings("glpi"),
        secret="made-by-the-other-system",
        at=NOW,
    )
    assert same == secret_of(given_) == "made-by-the-other-system"


def test_a_source_is_changed_and_the_audit_trail_says_so(stream):
    source = connected(stream)
    old = secret_of(source)
    new = change_source(source=source, new_secret=True, at=NOW)
    source.refresh_from_db()
    assert new == secret_of(source) != old
    assert change_source(source=source, enabled=False, at=NOW) == ""
    only_opened = {"opened": "opened"}
    change_source(source=source, settings=only_opened, at=NOW)
    source.refresh_from_db()
    assert (source.enabled, source.settings) == (False, only_opened)
    with pytest.raises(SourceError, match="no entry"):
        change_source(source=source, settings={"a": 1}, at=NOW)
    trail = AuditEntry.objects.filter(subject="street/zammad").order_by("pk")
    assert [entry.verb for entry in trail] == [
        "indicators.add_source",
        *["indicators.change_source"] * 3,
    ]
    assert trail[1].details == {"enabled": True, "settings": False, "secret": True}


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("source_kind_known", {"kind": "unheard"}),
        ("source_that_sends_has_secret", {"secret": ""}),
        ("source_that_is_asked_knows_when", {"next_asked_at": NOW}),
        ("source_that_is_asked_knows_when", {"kind": "open311"}),
        ("source_failure_says_what_and_when", {"last_failure": "words"}),
        ("source_failure_says_what_and_when", {"last_failure_at": NOW}),
    ],
)
def test_the_database_says_no(stream, name, changes):
    source = connected(stream)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Source.objects.filter(pk=source.pk).update(**changes)


def test_a_stream_with_sources_stays(stream):
    connected(stream)
    with pytest.raises(ProtectedError):
        stream.delete()


def run(name, *arguments, **options):
    out, err = io.StringIO(), io.StringIO()
    call_command(name, *arguments, stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def added(*arguments, kind="zammad", **options):
    return run(
        "add_source",
        "vila/street",
        *arguments,
        kind=kind,
        mapping=MAPPINGS / f"{kind}.toml",
        **options,
    )


def test_add_source_prints_the_secret_once(stream):
    out, err = added("zammad")
    assert secret_of(Source.objects.get()) == out.strip()
    assert "not shown again" in err
    out, _err = run("sources")
    lines = [line.split() for line in out.splitlines()]
    assert lines[1] == ["vila/street/zammad", "zammad", "yes", "never", "0"]


def test_a_secret_of_the_other_system_is_read_and_not_printed(stream, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("made-by-the-other-system\n"))
    out, _err = added("glpi", kind="glpi", secret_from_stdin=True)
    assert out == ""
    assert secret_of(Source.objects.get()) == "made-by-the-other-system"
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    with pytest.raises(CommandError, match="no secret on the standard input"):
        added("other", kind="glpi", secret_from_stdin=True)


def test_change_source_and_what_sources_says_then(stream):
    added("zammad")
    out, _err = run("change_source", "vila/street", "zammad", new_secret=True)
    assert secret_of(Source.objects.get()) == out.strip()
    run("change_source", "vila/street", "zammad", "--disable")
    with pytest.raises(PayloadError):
        receive(source=Source.objects.get(), body=b"[]", at=NOW)
    out, _err = run("sources", "vila/street")
    assert "zammad  no     never" in out
    assert out.rstrip().endswith(
        "2026-11-02 09:00 UTC: a webhook of Zammad holds a 'ticket'"
    )
    run("change_source", "vila/street", "zammad", "--enable")
    assert Source.objects.get().enabled


def test_commands_say_what_is_wrong(stream, tmp_path):
    assert "there are no sources" in run("sources")[1]
    wrong = tmp_path / "wrong.toml"
    for text in ("= nothing", 'opened = "begun"'):
        wrong.write_text(text)
        with pytest.raises(CommandError, match=r"mapping cannot be read|declares no"):
            run("add_source", "vila/street", "a", kind="zammad", mapping=wrong)
    for name in ("vila/nothing", "nowhere/street", "street"):
        with pytest.raises(CommandError):
            run("change_source", name, "zammad")
    with pytest.raises(CommandError, match="no source zammad"):
        run("change_source", "vila/street", "zammad")


@pytest.mark.parametrize(
    ("name", "recorded"),
    [
        (
            "limesurvey",
            [
                ("survey-123456/1", "rated", "2026-03-02T09:15:00+00:00", 9),
                ("survey-123456/1", "recommended", "2026-03-02T09:15:00+00:00", 10),
                ("survey-123456/3", "rated", "2026-03-03T08:40:12+00:00", 6),
            ],
        ),
        (
            "odk-central",
            [
                (
                    "uuid:4b7e1a52-1d0c-4b0e-9a57-0f3f0f1f7a01",
                    "rated",
                    "2026-03-02T09:15:00.123000+00:00",
                    9,
                ),
                (
                    "uuid:4b7e1a52-1d0c-4b0e-9a57-0f3f0f1f7a01",
                    "recommended",
                    "2026-03-02T09:15:00.123000+00:00",
                    10,
                ),
                (
                    "uuid:5c1d2e63-2e1d-4c1f-8b68-1a4a1a2a8b12",
                    "rated",
                    "2026-03-03T08:40:12.456000+00:00",
                    6,
                ),
            ],
        ),
    ],
)
def test_surveys_are_read_with_the_mappings_that_come_along(stream, name, recorded):
    mapping = FileMapping.from_toml((MAPPINGS / f"{name}.toml").read_text())
    path = PAYLOADS / f"{name}.csv"
    for replayed in (0, 3):
        receipt = import_file(stream=stream, path=path, mapping=mapping, at=NOW)
        assert (receipt.replayed, receipt.refused) == (replayed, [])
    found = ServiceEvent.objects.order_by("occurred_at", "type")
    assert [
        (item.case_key, item.type, item.occurred_at.isoformat(), item.value)
        for item in found
    ] == recorded
    assert {json.dumps(item.attributes) for item in found} == {
        '{"servei": "biblioteca"}',
        '{"servei": "oac"}',
    }


def test_a_day_later_the_same_is_still_a_replay(stream):
    source = connected(stream)
    first = sent(source, "zammad_closed")
    body = (PAYLOADS / "zammad_closed.json").read_bytes()
    again = receive(source=source, body=body, at=NOW + timedelta(days=1))
    assert (first.recorded, again.recorded, again.replayed) == (3, 0, 3)

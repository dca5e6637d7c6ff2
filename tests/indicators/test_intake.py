"""The only way into the log."""

import contextlib
import random
import threading
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction

from indicators.models import ServiceEvent, StaleMark, Stream
from indicators.services import intake
from indicators.services.intake import LineError, record
from tests import builders
from tests.indicators.helpers import at_once, event, send

NUL, HALF = "\x00", "\ud800"

REFUSED = [
    ("bad_json", LineError("bad_json", "no JSON")),
    ("not_an_object", "a text"),
    ("not_an_object", ["a", "list"]),
    ("unknown_field", event("E", person="Maria")),
    ("missing_id", event("")),
    ("missing_id", {"case": "c", "type": "opened", "at": "2026-01-05T09:00Z"}),
    ("missing_case", event("E", case=None)),
    ("missing_type", event("E", type=None)),
    ("missing_at", event("E", at=None)),
    ("missing_at", event("E", at="")),
    ("missing_replaces", event("E", replaces="")),
    ("bad_id", event("E" * 201)),
    ("bad_id", event(f"E{NUL}")),
    ("bad_id", event(f"E{HALF}")),
    ("bad_id", event(7)),
    ("bad_case", event("E", case=["c"])),
    ("bad_case", event("E", case="c" * 201)),
    ("bad_type", event("E", type={"opened": 1})),
    ("bad_replaces", event("E", replaces=3)),
    ("unknown_type", event("E", type="unheard")),
    ("bad_instant", event("E", at="yesterday")),
    ("bad_instant", event("E", at=20260105)),
    ("bad_instant", event("E", at="0001-01-01T00:00:00+10:00")),
    ("bad_instant", event("E", at="1899-12-31T23:59:59Z")),
    ("bad_instant", event("E", at="2026-02-30T00:00:00Z")),
    ("naive_instant", event("E", at="2026-01-05T09:00:00")),
    ("in_future", event("E", at=builders.NOW + timedelta(minutes=5, microseconds=1))),
    ("bad_value", event("E", value="many")),
    ("bad_value", event("E", value=True)),
    ("bad_value", event("E", value=[1])),
    ("bad_value", event("E", value="NaN")),
    ("bad_value", event("E", value="-Infinity")),
    ("bad_value", event("E", value="0.0000000000001")),
    ("bad_value", event("E", value="1e16")),
    ("bad_value", event("E", value=10**4000)),
    ("bad_attributes", event("E", attributes=["channel"])),
    ("bad_attributes", event("E", attributes={"channel": ["web"]})),
    ("bad_attributes", event("E", attributes={"channel": "w" * 401})),
    ("bad_attributes", event("E", attributes={"channel": NUL})),
    ("bad_attributes", event("E", attributes={"channel": HALF})),
    ("unknown_attribute", event("E", attributes={"surname": "Puig"})),
    ("personal_data", event("E", case="12345678Z")),
    ("replaces_itself", event("E", replaces="E")),
    ("replaces_unknown", event("E", replaces="nobody")),
    ("already_replaced", event("E", replaces="old")),
    ("conflict", event("old", case="another")),
]


@pytest.fixture
def stream(charter):
    return Stream.objects.get(code="requests")


@pytest.mark.parametrize(
    ("code", "raw"), REFUSED, ids=[f"{n}-{code}" for n, (code, _) in enumerate(REFUSED)]
)
def test_a_bad_line_is_refused_with_its_code_and_keeps_no_other_out(stream, code, raw):
    send(event("old"), event("new", replaces="old"))
    receipt = send(raw, event("good"))
    assert [(r.line, r.code) for r in receipt.refused] == [(1, code)]
    assert receipt.refused[0].detail
    assert (receipt.received, receipt.recorded, receipt.replayed) == (2, 1, 0)
    assert ServiceEvent.objects.filter(stream=stream).count() == 3


def test_every_code_is_in_the_documentation():
    text = (Path(settings.BASE_DIR) / "docs" / "api.md").read_text()
    assert {code for code, _raw in REFUSED if f"`{code}`" not in text} == set()


@pytest.mark.parametrize(
    "changes",
    [
        {"value": 0},
        {"value": "-0"},
        {"value": 0.1},
        {"value": Decimal("9999999999999999.999999999999")},
        {"attributes": {"channel": "ca\tmí\n\\N"}},
        {"attributes": {"channel": None}},
        {"attributes": {}},
        {"case": "\\N"},
        {"case": "a\\tb\r\n\u2028'\"; DROP TABLE"},
        {"at": builders.NOW + timedelta(minutes=5)},
        {"at": "2026-03-29T02:30:00+01:00"},
        {"at": "1900-01-01T00:00:00Z"},
    ],
    ids=str,
)
def test_what_is_recorded_is_what_was_sent_and_digests_the_same(stream, changes):
    from indicators.services.verification import _events

    sent = event("E", **changes)
    assert send(sent).recorded == 1
    assert list(_events()) == []
    assert send(sent).replayed == 1
    row = ServiceEvent.objects.get()
    assert row.case_key == sent["case"]
    channel = (sent.get("attributes") or {}).get("channel")
    assert row.attributes == ({"channel": channel} if channel else {})


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({"at": "2026-01-05T08:00:00Z"}, True),
        ({"value": "1.50"}, True),
        ({"attributes": {}}, True),
        ({"value": "1.51"}, False),
        ({"value": None}, False),
        ({"at": "2026-01-05T08:00:01Z"}, False),
        ({"case": "c2"}, False),
        ({"type": "closed"}, False),
        ({"attributes": {"channel": "web"}}, False),
    ],
    ids=str,
)
@pytest.mark.parametrize("together", [True, False])
def test_a_known_identifier_is_a_replay_or_a_conflict(stream, other, same, together):
    first = event("E", value="1.5")
    if together:
        receipt = send(first, first | other)
        assert receipt.recorded == 1
    else:
        send(first)
        receipt = send(first | other)
        assert receipt.recorded == 0
    assert receipt.replayed == int(same)
    assert [r.code for r in receipt.refused] == ([] if same else ["conflict"])
    assert ServiceEvent.objects.count() == 1


def test_the_same_identifier_in_two_streams_is_two_events(stream, town):
    other = Stream.objects.create(
        organisation=town, code="other", time_zone="UTC", types=["opened"]
    )
    assert send(event("E")).recorded == 1
    assert send(event("E"), stream=other).recorded == 1


def test_a_correction_may_come_with_what_it_corrects_but_not_before(stream):
    receipt = send(event("b", replaces="a"), event("a"), event("c", replaces="a"))
    assert receipt.recorded == 2
    assert [(r.line, r.code) for r in receipt.refused] == [(1, "replaces_unknown")]


def test_two_events_cannot_make_one_another_vanish(stream):
    receipt = send(event("a", replaces="b"), event("b", replaces="a"))
    assert receipt.recorded == 0
    assert [r.code for r in receipt.refused] == ["replaces_unknown"] * 2


def test_what_replaces_a_refused_event_is_refused_as_well(stream):
    receipt = send(event("a", replaces="none"), event("b", replaces="a"))
    assert receipt.recorded == 0
    assert len(receipt.refused) == 2


def test_the_watermark_is_the_latest_instant_and_never_goes_back(stream):
    assert send().watermark is None
    late = send(event("late", at="2026-05-01T00:00:00Z")).watermark
    assert send(event("early")).watermark == late


def test_marks_name_the_cases_that_became_stale(stream):
    StaleMark.objects.all().delete()
    send(event("a", "c1"), event("b", "c2"), event("bad", "c3", type="no"))
    assert set(StaleMark.objects.values_list("case_key", flat=True)) == {"c1", "c2"}
    StaleMark.objects.all().delete()
    send(event("a", "c1"))  # a replay makes nothing stale
    assert not StaleMark.objects.exists()
    send(event("c", "c9", replaces="a"))  # both its case and the old one's
    assert set(StaleMark.objects.values_list("case_key", flat=True)) == {"c1", "c9"}


def test_three_bad_of_ten_thousand_are_listed_and_the_others_recorded(stream):
    events = [event(f"E-{n}", f"c{n}") for n in range(10_000)]
    events[17] |= {"type": "unheard"}
    events[5_000] |= {"at": "2026-01-05T09:00:00"}
    events[9_999] |= {"value": "x"}
    receipt = send(*events)
    assert (receipt.received, receipt.recorded) == (10_000, 9_997)
    assert [(r.line, r.id, r.code) for r in receipt.refused] == [
        (18, "E-17", "unknown_type"),
        (5_001, "E-5000", "naive_instant"),
        (10_000, "E-9999", "bad_value"),
    ]
    assert ServiceEvent.objects.count() == 9_997


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE indicators_serviceevent SET occurred_at = now()",
        "DELETE FROM indicators_serviceevent",
    ],
)
def test_the_database_refuses_to_change_the_log(stream, statement):
    send(event("E"))
    with (
        pytest.raises(IntegrityError, match="append-only") as caught,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    name = caught.value.__cause__.diag.constraint_name
    assert name == "indicators_serviceevent_append_only"


def test_an_event_and_its_marks_vanish_together(stream):
    StaleMark.objects.all().delete()
    with transaction.atomic():
        send(event("E"))
        transaction.set_rollback(True)
    assert not ServiceEvent.objects.exists()
    assert not StaleMark.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_threads_with_overlapping_batches_record_each_event_once(town, monkeypatch):
    monkeypatch.setattr("core.jobs._send", lambda task, kwargs: None)
    builders.published(builders.charter_document(), of=town)
    stream = Stream.objects.get(code="requests")
    dice = random.Random(8)
    events = [event(f"E-{n}", f"c{n % 40}") for n in range(400)]

    def shuffled(_thread):
        mine = dice.sample(events, 300)
        return [mine[start : start + 50] for start in range(0, 300, 50)]

    def work(batches):
        return [
            record(stream=stream, lines=list(enumerate(batch, 1)), at=builders.NOW)
            for batch in batches
        ]

    plans = [shuffled(n) for n in range(8)]
    receipts = [r for found in at_once(work, plans) for r in found]
    sent = {item["id"] for batches in plans for batch in batches for item in batch}
    assert sum(r.received for r in receipts) == 8 * 300
    assert sum(r.recorded for r in receipts) == len(sent)
    assert sum(r.replayed for r in receipts) == 8 * 300 - len(sent)
    assert [r for receipt in receipts for r in receipt.refused] == []
    assert set(ServiceEvent.objects.values_list("external_id", flat=True)) == sent
    marked = set(
        StaleMark.objects.exclude(case_key=None).values_list("case_key", flat=True)
    )
    assert marked == {item["case"] for item in events if item["id"] in sent}


@pytest.mark.django_db(transaction=True)
def test_corrections_that_race_correct_each_event_once(town, monkeypatch):
    monkeypatch.setattr("core.jobs._send", lambda task, kwargs: None)
    builders.published(builders.charter_document(), of=town)
    stream = Stream.objects.get(code="requests")
    old = [f"E-{n:04}" for n in range(2_000)]
    send(*(event(id_) for id_ in old))
    meeting, insert = threading.Barrier(2), intake._insert

    def insert_together(*arguments):
        # Whoever is kept waiting by the other never comes: then go on alone.
        with contextlib.suppress(threading.BrokenBarrierError):
            meeting.wait(timeout=0.5)
        return insert(*arguments)

    monkeypatch.setattr(intake, "_insert", insert_together)

    def work(asked):
        # Identifiers rise in both batches, what they replace only in one of them.
        name = "a" if asked is old else "b"
        batch = [event(f"{name}-{n:04}", replaces=id_) for n, id_ in enumerate(asked)]
        return record(stream=stream, lines=list(enumerate(batch, 1)), at=builders.NOW)

    receipts = at_once(work, [old, old[::-1]])
    assert sum(r.recorded for r in receipts) == len(old)
    assert {x.code for r in receipts for x in r.refused} == {"already_replaced"}
    replaced = ServiceEvent.objects.exclude(replaces=None)
    assert sorted(replaced.values_list("replaces", flat=True)) == old

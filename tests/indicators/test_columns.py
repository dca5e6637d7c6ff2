"""Cases read column by column, against cases read one by one."""

import random

import pytest

from indicators.enums import VOIDED
from indicators.models import Stream
from indicators.queries import columns
from indicators.queries.columns import case_logs
from indicators.queries.computing import cases_of
from tests import builders
from tests.indicators.helpers import event, send
from tests.indicators.random_logs import in_sendable_order, made_up

ODD = [
    "tab\tbed",
    "new\nline",
    "back\\slash",
    "\\N",
    "\\.",
    'quo"ted',
    "é|ñ",
    "x" * 200,
]


@pytest.fixture
def stream(town) -> Stream:
    return Stream.objects.create(
        organisation=town,
        code="requests",
        time_zone="Europe/Madrid",
        types=["opened", "closed", "withdrawn"],
        attributes=["channel"],
    )


def by_columns(stream, keys=None):
    """Return the cases and, of each event, all but its identifier."""
    return [
        (case, [said(event) for event in log.events(place)])
        for log in case_logs(stream, keys)
        for place, case in enumerate(log.cases)
    ]


def one_by_one(stream, keys=None):
    return [
        (case, [said(event) for event in events])
        for case, events in cases_of(stream, keys)
    ]


def said(event):
    return event.type, event.at, event.value, dict(event.attributes)


@pytest.mark.django_db
@pytest.mark.parametrize("block", [1, 100, 1000, columns.BLOCK])
def test_cases_are_the_same_whatever_is_read_at_once(stream, monkeypatch, block):
    monkeypatch.setattr(columns, "BLOCK", block)
    dice = random.Random(block)
    send(*in_sendable_order(made_up(dice), dice), stream=stream)
    assert one_by_one(stream)
    assert by_columns(stream) == one_by_one(stream)
    keys = ["c1", "c3", "none"]
    assert by_columns(stream, keys) == one_by_one(stream, keys)


@pytest.mark.django_db
@pytest.mark.parametrize("block", [1, columns.BLOCK])
def test_texts_that_copy_escapes(stream, monkeypatch, block):
    monkeypatch.setattr(columns, "BLOCK", block)
    for number, text in enumerate(ODD):
        told = {"value": "2.50", "attributes": {"channel": text}}
        send(
            event(f"{number}/o", text, **told),
            event(f"{number}/c", text, type="closed"),
            stream=stream,
        )
    assert {case for case, _events in by_columns(stream)} == set(ODD)
    assert by_columns(stream) == one_by_one(stream)


@pytest.mark.django_db
def test_what_was_voided_has_not_happened(stream):
    send(event("E-1", "c1"), event("E-2", "c2"), stream=stream)
    send(event("E-3", "c1", type=VOIDED, replaces="E-1"), stream=stream)
    assert [case for case, _events in by_columns(stream)] == ["c2"]
    assert by_columns(stream) == one_by_one(stream)


@pytest.mark.django_db
def test_no_cases(stream):
    assert list(case_logs(stream)) == []
    assert list(case_logs(stream, ["none"])) == []


@pytest.mark.django_db
def test_to_the_microsecond_and_far_back(stream):
    for number, at in enumerate(
        ["1900-01-01T00:00:00Z", "2026-01-05T09:00:00.000001+01:00", builders.NOW]
    ):
        send(event(f"E-{number}", f"c{number}", at=at), stream=stream)
    assert by_columns(stream) == one_by_one(stream)

"""Suspending by resolution: what is recorded, refused and kept."""

from datetime import date, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection

from charters.parts import parts
from commitments.models import Suspension
from commitments.queries.suspensions import suspensions_of
from commitments.services import suspensions
from commitments.services.suspensions import lift, suspend
from core.models import AuditEntry
from tests import builders
from tests.builders import NOW

JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 1)


@pytest.fixture
def approver(town):
    return builders.person("APPROVER", of=town)


@pytest.fixture
def record(charter, approver):
    def do(**changes: Any) -> Suspension:
        values = {
            "charter": charter.charter,
            "commitment": "C1",
            "cause": {"ca": "Obres a l’edifici", "es": " "},
            "consequences": {"ca": "No es respon dins del termini"},
            "covers": "begun",
            "from_on": JULY,
            "until_on": None,
            "resolution": "Decret 2026/77",
            "resolved_on": date(2026, 6, 25),
            "by": approver,
            "at": NOW,
        }
        return suspend(**values | changes)

    return do


class Hearing:
    """A part that only hears what changes."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, datetime]] = []

    def changed(self, charter, commitment, at) -> None:
        self.heard.append((charter.slug, commitment, at))


def test_suspension_is_recorded_with_its_entry(record, approver, town):
    made = record()
    assert made.cause == {"ca": "Obres a l’edifici"}
    assert list(suspensions_of(made.charter)) == [made]
    entry = AuditEntry.objects.get(verb="commitments.suspend")
    assert (entry.subject, entry.actor_id) == ("library/C1", approver.pk)
    assert entry.organisation_id == town.pk
    assert entry.details == {
        "suspension": made.pk,
        "from_on": "2026-07-01",
        "until_on": None,
        "resolution": "Decret 2026/77",
    }


def test_suspension_is_lifted_once(record, approver):
    made = record()
    lifted = lift(suspension=made, until_on=AUGUST, by=approver, at=NOW)
    assert lifted.until_on == AUGUST
    entry = AuditEntry.objects.get(verb="commitments.lift")
    assert entry.details["until_on"] == "2026-08-01"
    with pytest.raises(suspensions.AlreadyEndsError):
        lift(suspension=made, until_on=date(2026, 9, 1), by=approver, at=NOW)
    assert Suspension.objects.get().until_on == AUGUST
    assert AuditEntry.objects.filter(verb="commitments.lift").count() == 1


def test_one_that_ends_is_not_lifted(record, approver):
    with pytest.raises(suspensions.AlreadyEndsError):
        lift(suspension=record(until_on=AUGUST), until_on=JULY, by=approver, at=NOW)


def test_it_is_not_lifted_before_it_begins(record, approver):
    with pytest.raises(suspensions.NoDaysError):
        lift(suspension=record(), until_on=JULY, by=approver, at=NOW)
    assert Suspension.objects.get().until_on is None


def test_what_follows_is_left_to_the_parts(record, approver, monkeypatch):
    hearing = Hearing()
    monkeypatch.setattr(suspensions, "parts", lambda: (*parts(), hearing))
    lift(suspension=record(), until_on=AUGUST, by=approver, at=NOW)
    assert hearing.heard == [("library", "C1", NOW)] * 2


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"commitment": "C2"}, suspensions.UnknownCommitmentError),
        ({"cause": {"ca": " "}}, suspensions.NoCauseError),
        ({"resolution": " "}, suspensions.NoResolutionError),
        ({"until_on": JULY}, suspensions.NoDaysError),
        ({"until_on": date(2026, 6, 30)}, suspensions.NoDaysError),
        ({"cause": {"fr": "Travaux"}}, ValidationError),
        # What has no name of its own is nobody's fault but ours.
        ({"covers": "some"}, IntegrityError),
    ],
)
def test_what_cannot_be_is_refused_by_name(record, changes, error):
    with pytest.raises(error):
        record(**changes)
    assert not Suspension.objects.exists()
    assert not AuditEntry.objects.filter(verb="commitments.suspend").exists()


def test_a_draft_promises_nothing_to_suspend(record, town):
    draft = builders.draft(
        builders.charter_document(slug="park", indicators=[]), of=town
    )
    with pytest.raises(suspensions.UnknownCommitmentError):
        record(charter=draft.charter)


@pytest.mark.parametrize(
    ("first", "second", "overlaps"),
    [
        ((JULY, None), (date(2027, 1, 1), None), True),
        ((JULY, AUGUST), (date(2026, 7, 31), None), True),
        ((JULY, AUGUST), (date(2026, 6, 1), date(2026, 7, 2)), True),
        ((JULY, AUGUST), (AUGUST, None), False),
        ((JULY, AUGUST), (date(2026, 6, 1), JULY), False),
    ],
)
def test_no_day_is_suspended_twice(record, first, second, overlaps):
    record(from_on=first[0], until_on=first[1])
    if overlaps:
        with pytest.raises(suspensions.OverlapError):
            record(from_on=second[0], until_on=second[1])
    else:
        record(from_on=second[0], until_on=second[1])
    assert Suspension.objects.count() == (1 if overlaps else 2)


def test_other_commitments_and_charters_are_suspended_apart(record, town):
    document = builders.charter_document(slug="park", indicators=[])
    promise = document["quality"]["commitments"][0]
    document["quality"]["commitments"] = [
        promise | {"code": code, "indicators": [builders.indicator(f"PARK-{code}")]}
        for code in ("C1", "C2")
    ]
    park = builders.published(document, of=town).charter
    record()
    record(charter=park)
    record(charter=park, commitment="C2")
    assert suspensions_of(park).count() == 2


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM commitments_suspension",
        "UPDATE commitments_suspension SET resolution = 'Decret 1'",
        "UPDATE commitments_suspension SET covers = 'touched', until_on = '2026-09-01'",
    ],
)
def test_history_stays(record, statement):
    record()
    assert_refused(statement)


@pytest.mark.parametrize("end", ["NULL", "'2026-09-01'"])
def test_an_end_stays(record, end):
    record(until_on=AUGUST)
    assert_refused(f"UPDATE commitments_suspension SET until_on = {end}")


def assert_refused(statement: str) -> None:
    with (
        pytest.raises(IntegrityError, match="is history") as caught,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    name = caught.value.__cause__.diag.constraint_name
    assert name == "suspension_is_history"

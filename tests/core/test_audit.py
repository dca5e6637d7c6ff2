"""The record of who wrote what."""

import pytest
from django.db import IntegrityError, connection

from core import audit
from core.models import AuditEntry
from tests.builders import NOW


@pytest.fixture
def entry(db):
    audit.record(
        verb="x.do",
        subject="a/b",
        organisation_id=None,
        actor_id=7,
        at=NOW,
        fields=["t"],
    )
    return AuditEntry.objects.get()


def test_an_act_is_recorded_with_who_and_when(entry):
    assert (entry.verb, entry.subject, entry.actor_id, entry.recorded_at) == (
        "x.do",
        "a/b",
        7,
        NOW,
    )
    assert entry.details == {"fields": ["t"]}


@pytest.mark.parametrize(
    "statement",
    ["UPDATE core_auditentry SET actor_id = 8", "DELETE FROM core_auditentry"],
)
def test_nobody_changes_what_was_recorded(entry, statement):
    with (
        pytest.raises(IntegrityError, match="append-only") as caught,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    name = caught.value.__cause__.diag.constraint_name
    assert name == "core_auditentry_append_only"

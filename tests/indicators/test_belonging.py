"""Rows of the large tables belong to somebody, and the database sees to it."""

import threading
import time
from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from psycopg2.errors import ForeignKeyViolation

from indicators.models import CaseFact, Indicator, ServiceEvent, StaleMark, Stream
from tests import builders
from tests.indicators.helpers import at_once, event, send

NOW = builders.NOW


@pytest.fixture
def stream(town) -> Stream:
    builders.published(builders.charter_document(), of=town)
    return Stream.objects.get(code="requests")


def row_of(model, town, **owner):
    """A row of one of the large tables, of an owner that need not be its own."""
    rest = {
        ServiceEvent: {
            "external_id": "E-1",
            "case_key": "c1",
            "type": "opened",
            "occurred_at": NOW,
            "digest": "0" * 64,
            "received_at": NOW,
        },
        StaleMark: {"case_key": "c1", "marked_at": NOW},
        CaseFact: {
            "case_key": "c1",
            "outcome": "open",
            "counted_on": date(2026, 1, 5),
            "began_at": NOW,
            "digest": b"0" * 32,
        },
    }[model]
    return model(organisation_id=town.pk, **owner, **rest)


def owner_of(model) -> dict[str, int]:
    if model is ServiceEvent:
        return {"stream_id": Stream.objects.get(code="requests").pk}
    return {"indicator_id": Indicator.objects.earliest("pk").pk}


LARGE = (ServiceEvent, StaleMark, CaseFact)
large = pytest.mark.parametrize("model", LARGE)


@pytest.mark.django_db
@large
def test_of_an_owner_that_is_not_there(stream, town, model):
    name = next(iter(owner_of(model)))
    with pytest.raises(IntegrityError) as caught:
        row_of(model, town, **{name: 0}).save()
    assert caught.value.__cause__.diag.constraint_name == f"{table_of(model)}_belongs"


@pytest.mark.django_db
@large
def test_of_an_owner_of_another_organisation(stream, model):
    other = builders.organisation("elsewhere")
    with pytest.raises(IntegrityError) as caught:
        row_of(model, other, **owner_of(model)).save()
    assert caught.value.__cause__.diag.constraint_name == f"{table_of(model)}_belongs"


@pytest.mark.django_db
@large
def test_one_bad_row_among_many_is_found(stream, town, model):
    mine = owner_of(model)
    name = next(iter(mine))
    rows = [row_of(model, town, **mine) for _ in range(3)]
    for number, row in enumerate(rows):
        row.case_key = f"c{number}"
        if model is ServiceEvent:
            row.external_id = f"E-{number}"
    setattr(rows[1], name, 0)
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.bulk_create(rows)
    setattr(rows[1], name, mine[name])
    model.objects.bulk_create(rows)
    assert model.objects.filter(case_key__in=["c0", "c1", "c2"]).count() == 3


@pytest.mark.django_db
@large
def test_an_owner_stays_while_it_has_rows(stream, town, model):
    # One that nothing else belongs to.
    charter = Indicator.objects.get().charter
    alone = (
        Stream.objects.create(organisation=town, code="alone", types=["opened"])
        if model is ServiceEvent
        else Indicator.objects.create(organisation=town, charter=charter, code="alone")
    )
    name = next(iter(owner_of(model)))
    row_of(model, town, **{name: alone.pk}).save()
    with pytest.raises(IntegrityError) as caught:
        by_hand(f"DELETE FROM {table_of(type(alone))} WHERE id = %s", alone.pk)
    assert caught.value.__cause__.diag.constraint_name == f"{table_of(model)}_belongs"


@pytest.mark.django_db
def test_an_owner_may_change_but_not_move(stream, town):
    row_of(ServiceEvent, town, stream_id=stream.pk).save()
    stream.types = [*stream.types, "paused"]
    stream.save()
    stream.organisation = builders.organisation("elsewhere")
    with pytest.raises(IntegrityError, match="belong to a row of indicators_stream"):
        stream.save()


@pytest.mark.django_db
def test_rows_do_not_change_owner(stream, town):
    fact = row_of(CaseFact, town, **owner_of(CaseFact))
    fact.save()
    with pytest.raises(IntegrityError) as caught:
        CaseFact.objects.filter(pk=fact.pk).update(indicator_id=0)
    assert caught.value.__cause__.diag.constraint_name == "indicators_casefact_belongs"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", ["event", "removal"])
def test_an_event_and_the_removal_of_its_stream_race(town, first):
    stream = Stream.objects.create(
        organisation=town, code="brief", time_zone="Europe/Madrid", types=["opened"]
    )
    begun, outcomes = threading.Event(), {}

    def write() -> None:
        send(event("E-1"), stream=stream)

    def remove() -> None:
        by_hand("DELETE FROM indicators_stream WHERE id = %s", stream.pk)

    works = {"event": write, "removal": remove}

    def one(name: str) -> None:
        try:
            with transaction.atomic():
                if name != first:
                    begun.wait(10)
                works[name]()
                if name == first:
                    begun.set()
                    wait_for_a_lock()
            outcomes[name] = "done"
        except (IntegrityError, ForeignKeyViolation):
            outcomes[name] = "refused"

    at_once(one, ["event", "removal"])
    assert outcomes == {
        first: "done",
        ({"event", "removal"} - {first}).pop(): "refused",
    }
    assert ServiceEvent.objects.count() == Stream.objects.filter(pk=stream.pk).count()


def wait_for_a_lock() -> None:
    """Until the other one waits for what this transaction holds."""
    deadline = time.monotonic() + 10
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits")


def table_of(model) -> str:
    return model._meta.db_table


def by_hand(statement: str, *arguments) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)

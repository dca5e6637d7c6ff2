"""Streams, keys and calendars."""

import pytest
from django.db import IntegrityError, connection

from engine.worktime import CalendarError
from indicators.models import CalendarVersion, StaleMark, Stream, StreamToken
from indicators.services.calendars import put_calendar
from indicators.services.streams import (
    declare_stream,
    issue_token,
    revoke_token,
    use_token,
)
from tests import builders

NOW = builders.NOW


def declare(town, **changes):
    return declare_stream(
        **(
            {
                "organisation": town,
                "code": "s",
                "name": {"ca": "Flux"},
                "time_zone": "Europe/Madrid",
                "types": ["opened"],
                "attributes": ["channel"],
                "expected_gap_days": 3,
            }
            | changes
        )
    )


def test_a_stream_that_exists_keeps_what_it_had_and_gains(town):
    stream, added = declare(town)
    assert (stream.types, added) == (["opened"], [])
    stream, added = declare(
        town,
        types=["closed"],
        attributes=["body"],
        time_zone="UTC",
        expected_gap_days=9,
    )
    assert added == ["body", "closed"]
    stream.refresh_from_db()
    assert stream.types == ["closed", "opened"]
    assert stream.attributes == ["body", "channel"]
    assert (stream.time_zone, stream.expected_gap_days) == ("Europe/Madrid", 3)
    assert declare(town)[1] == []


def test_a_key_opens_its_stream_until_it_is_revoked(town):
    stream, other = declare(town)[0], declare(town, code="t")[0]
    key = issue_token(stream=stream, label="m", at=NOW)
    assert use_token(stream=stream, key=key, at=NOW)
    assert not use_token(stream=other, key=key, at=NOW)
    assert not use_token(stream=stream, key=key + "x", at=NOW)
    token = StreamToken.objects.get()
    assert token.last_used_at == NOW
    revoke_token(token=token, at=NOW)
    assert not use_token(stream=stream, key=key, at=NOW)
    assert issue_token(stream=stream, label="m", at=NOW) != key


def test_a_calendar_has_a_version_for_each_thing_it_said(charter, town):
    StaleMark.objects.all().delete()

    def put(**changes):
        return put_calendar(
            organisation=town,
            code="office",
            name={},
            definition=builders.OFFICE_HOURS | changes,
            at=NOW,
        )

    assert put().number == 1
    assert not StaleMark.objects.exists()
    assert put(known_until="2061-01-01").number == 2
    assert StaleMark.objects.get().case_key is None
    assert put(known_until="2061-01-01").number == 2
    assert put().number == 3
    assert CalendarVersion.objects.count() == 3


def test_a_calendar_that_makes_no_sense_is_refused(town):
    with pytest.raises(CalendarError):
        put_calendar(
            organisation=town,
            code="office",
            name={},
            definition=builders.OFFICE_HOURS | {"zone": "Mars"},
            at=NOW,
        )
    assert not CalendarVersion.objects.exists()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE indicators_calendarversion SET definition = '{}'",
        "DELETE FROM indicators_calendarversion",
    ],
)
def test_what_a_calendar_said_cannot_be_unsaid(charter, statement):
    with (
        pytest.raises(IntegrityError, match="append-only") as caught,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    name = caught.value.__cause__.diag.constraint_name
    assert name == "indicators_calendarversion_append_only"


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (
            lambda town: Stream.objects.create(
                organisation=town, code="requests", types=[]
            ),
            "stream_code_once",
        ),
        (lambda town: town.calendars.create(code="office"), "calendar_code_once"),
        (
            lambda town: town.indicators.create(
                code="IND-1", charter=town.charters.get()
            ),
            "indicator_code_once",
        ),
    ],
)
def test_codes_are_used_once_in_an_organisation(charter, town, make, name):
    with pytest.raises(IntegrityError, match=name):
        make(town)

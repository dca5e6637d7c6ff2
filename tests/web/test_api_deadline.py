"""The address that derives deadlines."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from engine.worktime import Term, Unit, WorkCalendar, due_at
from indicators.services.calendars import put_calendar
from tests import builders

FORMATS = Path(__file__).parent.parent.parent / "docs" / "formats"
ASKED = {
    "org": "vila",
    "calendar": "office",
    "start": "2026-03-02T10:00",
    "amount": "10",
    "unit": "working_days",
}

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(client, charter):
    def get(headers=None, **changes):
        query = {**ASKED, **changes}
        given = {name: value for name, value in query.items() if value is not None}
        return client.get(f"/api/v1/deadline?{urlencode(given)}", headers=headers or {})

    return get


def code_of(answer, status):
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    return answer.json()["code"]


def test_ten_working_days_day_by_day(ask):
    answer = ask()
    told = answer.json()
    assert answer.status_code == 200
    assert told["due_at"] == "2026-03-16T23:00:00+00:00"
    assert told["last_day"] == "2026-03-16"
    assert told["calendar"] | {"digest": ""} == {
        "code": "office",
        "version": 1,
        "digest": "",
        "known_from": "2024-01-01",
        "known_until": "2060-01-01",
    }
    derivation = told["derivation"]
    assert derivation["zone"] == "Europe/Madrid"
    assert derivation["total"] == "10"
    assert [step["kind"] for step in derivation["steps"]][:2] == ["start", "day_one"]


def test_derivation_is_what_the_schema_says(ask):
    schema = json.loads((FORMATS / "explanation.schema.json").read_text())
    derivation = {"$ref": "#/$defs/derivation", "$defs": schema["$defs"]}
    for unit in Unit:
        told = ask(unit=unit.value, amount="2").json()
        jsonschema.validate(told["derivation"], derivation)


def test_without_a_calendar_days_are_the_organisations(ask):
    told = ask(calendar=None, unit="calendar_days", amount="1").json()
    assert told["calendar"] is None
    assert told["due_at"] == "2026-03-03T23:00:00+00:00"


@pytest.mark.parametrize(
    ("start", "at"),
    [
        ("2026-03-02", "2026-03-01T23:00:00+00:00"),
        ("2026-03-02T10:00", "2026-03-02T09:00:00+00:00"),
        ("2026-03-02T10:00:00+02:00", "2026-03-02T08:00:00+00:00"),
        ("2026-03-02T10:00:00Z", "2026-03-02T10:00:00+00:00"),
        # An hour that the clock skips, and one that it shows twice.
        ("2026-03-29T02:30", "2026-03-29T01:00:00+00:00"),
        ("2026-10-25T02:30", "2026-10-25T00:30:00+00:00"),
    ],
)
def test_start_is_read_in_the_offices_time_unless_it_says_its_own(ask, start, at):
    assert ask(start=start).json()["derivation"]["counted_from"] == at


def test_a_plus_sign_may_arrive_as_a_space(client, charter):
    query = urlencode({**ASKED, "start": "PLUS"}).replace(
        "PLUS", "2026-03-02T10:00:00+02:00"
    )
    told = client.get(f"/api/v1/deadline?{query}").json()
    assert told["derivation"]["start"] == "2026-03-02T08:00:00+00:00"


@pytest.mark.parametrize(
    ("changes", "due"),
    [
        ({"day_one": "same"}, "2026-03-03T23:00:00+00:00"),
        ({"ends": "time"}, "2026-03-04T09:00:00.000001+00:00"),
        ({"ends": "closing"}, "2026-03-04T13:00:00+00:00"),
        ({"cut_off": "09:30", "from": "08:30"}, "2026-03-05T23:00:00+00:00"),
        (
            {"unit": "calendar_days", "amount": "5", "roll": "false"},
            "2026-03-07T23:00:00+00:00",
        ),
        (
            {"unit": "calendar_days", "amount": "5", "roll": "true"},
            "2026-03-09T23:00:00+00:00",
        ),
        (
            {
                "start": "2026-03-02T22:00",
                "unit": "open_hours",
                "entry": "next_opening",
            },
            "2026-03-03T10:00:00.000001+00:00",
        ),
    ],
)
def test_terms_are_counted_as_asked(ask, changes, due):
    assert ask(**{"amount": "2", **changes}).json()["due_at"] == due


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"org": "nowhere"}, 404, "unknown_organisation"),
        ({"calendar": "none"}, 404, "unknown_calendar"),
        ({"start": None}, 400, "missing_parameter"),
        ({"start": "soon"}, 400, "bad_start"),
        ({"days": "10"}, 400, "unknown_parameter"),
        ({"org": "a\x00"}, 400, "bad_parameter"),
        ({"amount": "ten"}, 400, "bad_term"),
        ({"amount": "1e999999999"}, 400, "bad_term"),
        ({"amount": "0.5"}, 400, "bad_term"),
        ({"unit": "fortnights"}, 400, "bad_term"),
        ({"roll": "perhaps"}, 400, "bad_term"),
        ({"cut_off": "09:30"}, 400, "bad_term"),
        ({"start": "2059-12-30"}, 422, "not_computable"),
        ({"start": "9999-12-31T23:00", "unit": "years"}, 422, "not_computable"),
        ({"start": "0001-01-01"}, 422, "not_computable"),
        (
            {
                "start": "0001-01-01T00:00:00+10:00",
                "calendar": None,
                "unit": "elapsed_hours",
            },
            422,
            "not_computable",
        ),
        ({"calendar": None}, 422, "needs_calendar"),
        ({"amount": "6000"}, 422, "too_long"),
    ],
)
def test_what_cannot_be_told_has_a_code(ask, changes, status, code):
    assert code_of(ask(**changes), status) == code


def test_only_reads(client, charter):
    answer = client.post("/api/v1/deadline")
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")


def test_answer_is_kept_until_the_calendar_changes(
    ask, charter, django_assert_num_queries
):
    first = ask()
    assert first["Cache-Control"] == "public, max-age=60"
    with django_assert_num_queries(2):
        again = ask(headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert ask(amount="11")["ETag"] != first["ETag"]
    put_calendar(
        organisation=charter.organisation,
        code="office",
        name={},
        definition={**builders.OFFICE_HOURS, "holidays": {"2026-03-03": "Festa"}},
        at=builders.NOW,
    )
    later = ask(headers={"If-None-Match": first["ETag"]})
    assert later.json()["due_at"] == "2026-03-17T23:00:00+00:00"
    assert later["ETag"] != first["ETag"]


days = st.dates(date(2023, 12, 1), date(2027, 1, 1))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    days=days,
    hour=st.integers(0, 23),
    amount=st.integers(1, 300),
    unit=st.sampled_from([unit.value for unit in Unit]),
)
def test_due_instant_is_the_engines(ask, days, hour, amount, unit):
    calendar = WorkCalendar.from_definition(builders.OFFICE_HOURS)
    answer = ask(start=f"{days}T{hour:02}:00", amount=str(amount), unit=unit)
    madrid = ZoneInfo("Europe/Madrid")
    start = datetime(days.year, days.month, days.day, hour, tzinfo=UTC)
    if answer.status_code != 200:
        assert code_of(answer, 422) in {"not_computable", "too_long"}
        return
    told = answer.json()["derivation"]
    start = datetime.fromisoformat(told["start"])
    assert start.astimezone(madrid).date() in {days, days + timedelta(days=1)}
    due = due_at(start, Term(Decimal(amount), Unit(unit)), calendar, zone=madrid)
    assert datetime.fromisoformat(told["due_at"]) == due
    assert told["total"] == str(amount)

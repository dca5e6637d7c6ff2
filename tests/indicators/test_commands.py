"""Commands about figures."""

import copy
import csv
import io
import json
from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.models import AuditEntry
from engine.periods import parse_period
from indicators import tasks
from indicators.models import CaseFact, Result, Stream
from indicators.services import figures
from indicators.services.calendars import put_calendar
from indicators.services.streams import use_token
from tests import builders
from tests.indicators.helpers import line, request, send
from tests.web.public import cases


@pytest.fixture
def measured(charter):
    send(
        *request("kept", "2026-03-02", "2026-03-03"),
        *request("late", "2026-03-02", "2026-03-30"),
        *request("fine", "2026-03-02", "2026-03-04"),
    )
    figures.refresh(at=builders.NOW)


def run(capsys, *arguments, **options):
    call_command(*arguments, **options)
    return capsys.readouterr().out


def test_results_as_a_table(measured, capsys):
    rows = [row.split() for row in run(capsys, "results", "vila/IND-1").splitlines()]
    assert rows[0] == [
        "period",
        "n",
        "met",
        "missed",
        "pending",
        "value",
        "target",
        "status",
        "origin",
    ]
    assert rows[3] == [
        *("2026-03", "3", "2", "1", "0", "66.666666666667", "95", "unmet"),
        "measured",
    ]
    assert [row[0] for row in rows[1:]] == [
        f"2026-{month:02d}" for month in range(1, 12)
    ]


def test_results_as_csv(measured, capsys):
    text = run(capsys, "results", "vila/IND-1", period="quarter", format="csv")
    first = next(csv.DictReader(io.StringIO(text)))
    assert (first["period"], first["n"], first["value"]) == (
        "2026-Q1",
        "3",
        "66.666666666667",
    )
    assert first["state"] == "PROVISIONAL"


def test_results_as_json(measured, capsys):
    (row,) = json.loads(
        run(capsys, "results", "vila/IND-1", period="year", format="json")
    )
    assert (row["period"], row["met"], row["excluded"]) == ("2026", 2, 0)
    assert row["as_of_at"] == builders.NOW.isoformat()


def test_results_of_nothing_is_a_header(measured, capsys):
    text = run(capsys, "results", "vila/IND-1", segment="none")
    assert len(text.splitlines()) == 1


def test_recompute_starts_from_nothing(measured, capsys):
    CaseFact.objects.filter(case_key="late").update(outcome="met")
    Result.objects.update(met=7)
    assert run(capsys, "recompute") == "1 indicators recomputed\n"
    assert line("2026-03-01").met == 2


@pytest.mark.parametrize(
    ("options", "done"),
    [
        ({"organisation": "vila"}, 1),
        ({"indicator": "IND-1"}, 1),
        ({"indicator": "X"}, 0),
    ],
)
def test_recompute_what_is_asked(measured, capsys, options, done):
    assert run(capsys, "recompute", **options) == f"{done} indicators recomputed\n"


def test_freeze_says_how_many_became_final(measured, capsys):
    text = run(capsys, "freeze", period="2026-Q1", organisation="vila")
    assert text == "1 figures of 2026-Q1 are final now\n"
    assert line("2026-01-01", "quarter").state == "FROZEN"
    assert run(capsys, "freeze", period="2026-Q1").startswith("0 figures")


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        (["results", "IND-1"], {}, "ORG/INDICATOR"),
        (["results", "vila/NONE"], {}, "there is no indicator vila/NONE"),
        (["freeze"], {"period": "2026-Q5"}, "no such part of the year"),
        (["freeze"], {"period": "spring"}, "not a period"),
        (
            ["freeze"],
            {"period": "2026-Q1", "organisation": "none"},
            "there is no organisation none",
        ),
    ],
)
def test_what_is_wrong_is_said_in_words(measured, arguments, options, words):
    with pytest.raises(CommandError, match=words):
        call_command(*arguments, **options)


def test_a_key_is_issued_and_revoked(measured, capsys):
    stream = Stream.objects.get()
    name = f"{stream.organisation.slug}/{stream.code}"
    key, _rest = run(capsys, "issue_token", name, label="counter").split("\n", 1)
    assert use_token(stream=stream, key=key, at=builders.NOW)
    assert "revoked" in run(capsys, "revoke_token", name, label="counter")
    assert not use_token(stream=stream, key=key, at=timezone.now())
    with pytest.raises(CommandError, match="no key labelled"):
        call_command("revoke_token", name, label="counter")


def test_the_hourly_task_makes_figures_final(measured):
    tasks.freeze()
    states = Result.objects.filter(period_end__lte="2026-10-01").values_list(
        "state", flat=True
    )
    assert set(states) == {"FROZEN"}


def test_results_tell_both_figures_of_a_suspended_commitment(charter, capsys):
    send(
        *request("kept", "2026-03-02", "2026-03-03"),
        *request("late", "2026-03-05", "2026-03-30"),
    )
    cases.suspend(charter, from_on=date(2026, 3, 4), until_on=date(2026, 4, 1))
    text = run(capsys, "results", "vila/IND-1", format="csv")
    february, march = list(csv.DictReader(io.StringIO(text)))[1:3]
    assert (march["n"], march["value"], march["status"]) == ("1", "100", "met")
    assert march["excluded"] == "1"
    assert (march["whole_n"], march["whole_met"], march["whole_value"]) == (
        "2",
        "1",
        "50",
    )
    assert (march["whole_excluded"], march["whole_status"]) == ("0", "unmet")
    assert (february["whole_n"], february["whole_status"]) == ("", "")
    rows = json.loads(run(capsys, "results", "vila/IND-1", format="json"))
    assert (rows[1]["whole_value"], rows[2]["whole_value"]) == (None, "50")


@pytest.fixture
def restatable(charter, town):
    """March is final; with another holiday the late case would be in time."""
    send(*request("late", "2026-03-02", "2026-03-17"))
    figures.refresh(at=builders.NOW)
    figures.freeze(
        period=parse_period("2026-03"), organisation_id=None, at=builders.NOW
    )
    definition = copy.deepcopy(builders.OFFICE_HOURS)
    definition["holidays"]["2026-03-09"] = "Festa local"
    put_calendar(
        organisation=town,
        code="office",
        name={"ca": "Oficina"},
        definition=definition,
        at=builders.NOW,
    )
    figures.refresh(at=builders.NOW)


def test_restate_says_first_what_it_would_do(restatable, capsys):
    shown = run(capsys, "restate", "vila/IND-1", dry_run=True)
    assert shown == "IND-1 2026-03: 0 of 1 unmet -> 100 of 1 met\n"
    assert line("2026-03-01").revision == 0


def test_restate_with_its_cause(restatable, capsys):
    arguments = ("restate", "vila/IND-1", "--period", "2026-03", "--cause", "Festa")
    assert run(capsys, *arguments) == "1 figures were restated\n"
    march = line("2026-03-01")
    assert (march.revision, march.status, march.cause) == (1, "met", "Festa")
    assert march.restated_by is None
    entry = AuditEntry.objects.get(verb="indicators.restate")
    assert (entry.subject, entry.actor_id) == ("IND-1", None)
    assert entry.details == {"cause": "Festa", "lines": 1}
    assert run(capsys, *arguments) == "0 figures were restated\n"
    assert AuditEntry.objects.filter(verb="indicators.restate").count() == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["vila/IND-1"], "a restatement needs its cause: --cause"),
        (["vila/IND-1", "--cause", "x" * 201], "at most 200 letters: --cause"),
        (["vila/NO-1", "--cause", "x"], "there is no indicator vila/NO-1"),
        (["IND-1", "--cause", "x"], "not of the form ORG/INDICATOR"),
        (["vila/IND-1", "--cause", "x", "--period", "2026-Q9"], "not a period"),
    ],
)
def test_restate_says_what_is_wrong(restatable, arguments, words):
    with pytest.raises(CommandError, match=words):
        call_command("restate", *arguments)
    assert line("2026-03-01").revision == 0

"""Commands about figures."""

import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command

from indicators import tasks
from indicators.models import CaseFact, Result, Stream
from indicators.services import figures
from indicators.services.streams import use_token
from tests import builders
from tests.indicators.helpers import line, request, send


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
    ]
    assert rows[3] == ["2026-03", "3", "2", "1", "0", "66.666666666667", "95", "unmet"]
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
    assert not use_token(stream=stream, key=key, at=builders.NOW)
    with pytest.raises(CommandError, match="no key labelled"):
        call_command("revoke_token", name, label="counter")


def test_the_hourly_task_makes_figures_final(measured):
    tasks.freeze()
    states = Result.objects.filter(period_end__lte="2026-10-01").values_list(
        "state", flat=True
    )
    assert set(states) == {"FROZEN"}

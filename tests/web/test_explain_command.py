"""manage.py explain: a case from a terminal."""

import json

import pytest
from django.core.management import CommandError, call_command

from core.text import LANGUAGES
from tests.indicators.helpers import event, request, send

LAST_MOMENT = (
    "  The last moment is 23:59 on Tuesday 31 March 2026; from 00:00 on Wednesday "
    "1 April 2026 on it is late."
)


@pytest.fixture
def logged(charter):
    send(
        *request("late", "2026-03-17", "2026-04-20"),
        event("o/o", "open", at="2026-10-26T10:00:00+01:00"),
    )


def run(capsys, *arguments, **options):
    call_command("explain", *arguments, **options)
    return capsys.readouterr().out


def test_a_case_in_words(logged, capsys):
    text = run(capsys, "vila/IND-1", "late")
    assert text.splitlines()[:6] == [
        "late",
        "As seen at 11:00 on Monday 23 November 2026.",
        "",
        "The promise was not kept",
        "  It ended at 11:00 on Monday 20 April 2026.",
        LAST_MOMENT,
    ]
    assert "    - Saturday 21 March 2026: Not a working day of the week." in text
    assert "    - Monday 23 March 2026: Counts. (4 of 10)" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_those_of_the_language(logged, capsys, language):
    text = run(capsys, "vila/IND-1", "late", language=language)
    assert ("The promise was not kept" in text) == (language == "en")


def test_a_case_as_it_stood(logged, capsys):
    before = "2026-04-01T10:00:00+02:00"
    told = json.loads(run(capsys, "vila/IND-1", "late", format="json", as_of=before))
    (finding,) = told[0]["findings"]
    assert (finding["outcome"], finding["ended_at"]) == ("missed", None)
    assert [item["type"] for item in finding["events"]] == ["opened"]
    told = json.loads(run(capsys, "vila/IND-1", "late", format="json"))
    assert told[0]["findings"][0]["ended_at"] == "2026-04-20T09:00:00+00:00"


@pytest.mark.parametrize(
    ("arguments", "options", "fault"),
    [
        (("vila/IND-9", "late"), {}, "no indicator vila/IND-9"),
        (("vila/IND-1", "none"), {}, "names the case none"),
        (("vila/IND-1", "late"), {"as_of": "soon"}, "is no instant"),
        (("vila/IND-1", "late"), {"as_of": "2026-03-01T10:00"}, "has no offset"),
    ],
)
def test_what_cannot_be_explained_is_said(logged, arguments, options, fault):
    with pytest.raises(CommandError, match=fault):
        call_command("explain", *arguments, **options)

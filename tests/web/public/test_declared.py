"""What nobody measured is marked wherever it appears, and never counts as kept."""

import json
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import translation

from core.text import LANGUAGES
from engine.declared import Declared
from indicators.services.declared import confirm
from tests import builders
from tests.builders import NOW
from tests.indicators.declaring import by_hand, declare, share, two_people
from tests.web.office.pages import words
from tests.web.public import cases
from web.presenters.degrees import degrees_view
from web.presenters.standing import (
    DECLARED,
    DECLARED_UNMET,
    counts_of,
    silent_words,
    standing_of,
)

MARKS = {
    "en": "Declared, not measured",
    "ca": "Declarat, no mesurat",
    "es": "Declarado, no medido",
    "it": "Dichiarato, non misurato",
}


def page(language: str = "en", path: str = "vila/library/") -> str:
    return words(Client().get(f"/{language}/{path}"))


@pytest.fixture
def people(town):
    return two_people(town)


@pytest.fixture
def edition(town):
    """Quarters that are declared, and months that are measured."""
    document = builders.charter_document(
        indicators=[by_hand(), builders.indicator()], languages=LANGUAGES
    )
    return builders.published(document, of=town)


def say(people, said=None, period="2026-Q3", **changes):
    steward, manager = people
    value = declare(by=steward, said=said or share(97, 100), period=period, **changes)
    return confirm(value=value, by=manager, at=NOW)


# --- how a commitment stands ---------------------------------------------------------


@pytest.mark.parametrize(
    ("statuses", "standing"),
    [
        ([DECLARED], DECLARED),
        ([DECLARED_UNMET], DECLARED),
        ([DECLARED, "met"], "met"),
        ([DECLARED_UNMET, "met"], DECLARED),
        ([DECLARED, "unmet"], "unmet"),
        ([DECLARED_UNMET, "unmet"], "unmet"),
        ([DECLARED, "no_data_yet"], DECLARED),
    ],
)
def test_a_declared_figure_keeps_no_promise(statuses, standing):
    assert standing_of(statuses) == standing


def test_degrees_show_it_apart():
    with translation.override("en"):
        found = degrees_view(["met", "met", "unmet", DECLARED, "no_cases"])
        assert found.sentence == (
            "2 met, 1 not met, 1 not evaluated, 1 declared, not measured, of 5"
        )
        assert found.of_total == "2 of 5 commitments: 40 %"
        assert found.of_evaluated == "2 of 3 with a verdict: 66.67 %"
        assert [c.words for c in counts_of(["met", DECLARED])] == [
            "1 met",
            "1 declared, not measured",
        ]


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        (["met", DECLARED], "1 of its 2 indicators is declared, not measured"),
        ([DECLARED, DECLARED_UNMET], ""),
        (
            ["met", DECLARED, DECLARED, "no_cases"],
            (
                "1 of its 4 indicators has no verdict; "
                "2 of its 4 indicators are declared, not measured"
            ),
        ),
    ],
)
def test_beside_what_is_measured_it_is_told(statuses, said):
    with translation.override("en"):
        assert silent_words(statuses) == said


# --- the pages ------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_charter_says_so_in_every_language(edition, people, language):
    say(people)
    shown = page(language)
    assert shown.count(MARKS[language]) >= 4  # glance, commitment, figure, table
    assert people[0].name not in shown


def test_the_charter_names_its_source(edition, people):
    say(people)
    shown = page()
    assert "Declared, not measured: 97 of 100 in time, 97 %" in shown
    assert "Source: Registre de la biblioteca (of 10 April 2026)." in shown
    assert "Document: EXP-2026/77." in shown
    assert "0 met, 0 not met, 0 not evaluated, 1 declared, not measured, of 1" in shown
    assert "Degree of compliance" not in shown  # nothing was measured
    assert "Part of chance" in shown


def test_that_a_later_period_has_none_is_told(edition, people):
    say(people, period="2026-Q1")
    assert (
        "No value of a later period has been confirmed: "
        "second quarter of 2026 is over." in page()
    )
    say(people, period="2026-Q3")
    shown = page()
    assert "No value of a later period" not in shown
    assert "Only those marked as declared are not" in shown


def test_before_one_is_confirmed_the_charter_says_that(edition, people):
    declare(by=people[0])
    shown = page()
    assert "No feed of events tells of it" in shown
    assert "97 of 100" not in shown


def test_the_catalogue_does_not_count_it_as_kept(edition, people):
    say(people)
    shown = page(path="")
    assert "0 met, 0 not met, 0 not evaluated, 1 declared, not measured, of 1." in shown


def test_a_promise_that_is_measured_and_kept_stays_so(edition, people):
    cases.share(edition, met=20)
    say(people)
    shown = page()
    assert "1 of its 2 indicators is declared, not measured" in shown
    assert "1 of 1 commitment: 100 %" in shown


def test_an_admission_keeps_the_promise_from_counting_as_kept(edition, people):
    cases.share(edition, met=20)
    say(people, share(10, 100))
    assert "0 met, 0 not met, 0 not evaluated, 1 declared, not measured, of 1" in page()


def test_the_way_there_counts_only_what_was_measured(edition, people):
    say(people, period="2026-Q1")
    say(people, share(50, 100), period="2026-Q2")
    shown = page()
    assert "All of them are declared, not measured: 2." in shown
    assert "declared, not measured: target not met" in shown  # in the chart's key


def test_measured_and_declared_months_stand_apart(edition, people):
    cases.share(edition, met=20)  # in October
    for month in ("2026-08", "2026-09"):
        say(people, period=month, indicator="IND-1")
    response = Client().get("/en/vila/library/")
    shown = words(response)
    assert "Declared, not measured, and in none of these counts: 2." in shown
    assert "target met in 1, not met in 0" in shown
    html = response.content.decode()
    assert html.count('class="chart-declared"') == 3  # two months, and the key


def test_what_is_measured_later_tells_what_was_declared(edition, people):
    say(people, share(10, 100), period="2026-10", indicator="IND-1")
    cases.share(edition, met=20)
    shown = page()
    assert (
        "Before: 10 % over 100 cases (declared, not measured). "
        "Now: 100 % over 20 cases." in shown
    )
    assert "Cause: measured since it was declared." in shown


def test_a_correction_is_told_with_its_cause(edition, people):
    first = say(people)
    say(people, share(94, 100), corrects=first.declared, cause="Counted twice")
    shown = page()
    assert "Before: 97 % over 100 cases (declared, not measured)." in shown
    assert "Cause: Counted twice." in shown
    assert "Restated by hand: Manager." in shown


def test_a_value_without_its_parts_claims_none(edition, people):
    say(people, Declared(200, value=Decimal("96.5")))
    shown = page()
    assert "Declared, not measured: 96.5 % over 200 cases, target" in shown
    assert "Part of chance" not in shown


def test_results_say_where_each_comes_from(edition, people):
    say(people)
    for format_ in ("json", "csv", "table"):
        out = StringIO()
        call_command(
            "results", "vila/IND-2", period="quarter", format=format_, stdout=out
        )
        assert "declared, not measured" in out.getvalue()
        if format_ == "json":
            (row,) = json.loads(out.getvalue())
            assert (row["origin"], row["met"]) == ("declared, not measured", 97)


def test_the_page_asks_the_database_as_often(
    edition, people, django_assert_num_queries
):
    """Whatever is declared, and however often."""
    client, address = Client(), "/en/vila/library/"
    with django_assert_num_queries(13):
        client.get(address)
    for period in ("2026-Q1", "2026-Q2", "2026-Q3"):
        say(people, period=period)
    with django_assert_num_queries(13):
        client.get(address)

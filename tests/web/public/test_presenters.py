"""Periods, passages, standings and addresses in words."""

from datetime import UTC, date, datetime

import pytest
from django.utils import translation

from engine.periods import PeriodKind, period_of
from web.presenters.periods import (
    day_of_year_words,
    day_words,
    last_day,
    long_name,
    short_name,
)
from web.presenters.standing import counts_of, standing_of
from web.presenters.texts import passage, telephone, web_address


@pytest.mark.parametrize(
    ("kind", "long", "short"),
    [
        (PeriodKind.MONTH, "September 2026", "Sep 26"),
        (PeriodKind.QUARTER, "third quarter of 2026", "Q3 26"),
        (PeriodKind.SEMESTER, "second half of 2026", "H2 26"),
        (PeriodKind.YEAR, "2026", "2026"),
    ],
)
def test_periods_have_names(kind, long, short):
    period = period_of(date(2026, 9, 9), kind)
    with translation.override("en"):
        assert (long_name(period), short_name(period)) == (long, short)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ca", "1 d’agost de 2026"),
        ("es", "1 de agosto de 2026"),
        ("it", "1 agosto 2026"),
        ("en", "1 August 2026"),
    ],
)
def test_days_are_written_in_full(language, words):
    with translation.override(language):
        assert day_words(date(2026, 8, 1)) == words


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ca", "1 d’abril"),
        ("es", "1 de abril"),
        ("it", "1 aprile"),
        ("en", "1 April"),
    ],
)
def test_days_of_every_year_are_written_in_full(language, words):
    with translation.override(language):
        assert day_of_year_words(4, 1) == words


def test_last_day_is_the_one_before_the_first_late_instant():
    midnight = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
    assert last_day(midnight, "Europe/Madrid") == date(2026, 11, 23)


def test_passage_parts_paragraphs_and_items():
    found = passage(
        {"ca": "Teniu dret a:\n- entrar;\n- sortir.\n\nUs demanem\nsilenci."},
        "en",
        source="ca",
    )
    assert found.language == "ca"
    assert [block.items or block.text for block in found.blocks] == [
        "Teniu dret a:",
        ("entrar;", "sortir."),
        "Us demanem\nsilenci.",
    ]


def test_passage_without_words_is_nothing():
    assert not passage({}, "ca", source="ca")
    assert not passage(None, "ca", source="ca")


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("https://example.org/a", "https://example.org/a"),
        ("javascript:alert(1)", ""),
        ("example.org", ""),
    ],
)
def test_only_addresses_of_the_web_become_links(address, link):
    assert web_address(address) == link


def test_telephone_keeps_what_can_be_dialled():
    assert telephone("+34 93 000 00 21") == "tel:+34930000021"
    assert telephone("al taulell") == ""


@pytest.mark.parametrize(
    ("statuses", "standing"),
    [
        (["met", "met"], "met"),
        (["met", "unmet"], "unmet"),
        (["met", "no_data_yet"], "met"),
        (["met", "too_few_cases"], "met"),
        (["met", "no_cases"], "met"),
        (["no_data_yet", "no_cases"], "no_data_yet"),
        (["suspended", "no_data_yet"], "suspended"),
        (["met", "not_evaluated"], "met"),
        (["unmet", "not_computable"], "unmet"),
        ([], "not_evaluated"),
    ],
)
def test_commitment_stands_as_its_verdicts_say_and_silence_is_none(statuses, standing):
    assert standing_of(statuses) == standing


def test_commitments_are_counted_by_how_they_stand():
    with translation.override("en"):
        found = counts_of(["unmet", "met", "no_data_yet", "met"])
    assert [count.words for count in found] == [
        "2 met",
        "1 not met",
        "1 without data yet",
    ]


def test_catalan_months_take_their_preposition():
    with translation.override("ca"):
        assert day_words(date(2026, 3, 9)) == "9 de març de 2026"

"""Numbers in the reader's language that never seem to say otherwise."""

from decimal import Decimal

import pytest
from django.utils import translation

from engine.worktime import Unit
from web.presenters.numbers import (
    PERCENT,
    PERCENTAGE_POINTS,
    POINTS,
    axis,
    money,
    number,
    quantity,
    rounded,
    unit_of_kind,
)


@pytest.mark.parametrize(
    ("value", "comparator", "target", "shown"),
    [
        ("94.960474308300", ">=", "95", "94.96"),
        ("94.999900000000", ">=", "95", "94.9999"),
        ("94.995000000000", ">=", "95", "94.995"),
        ("95.000000000000", ">=", "95", "95"),
        ("95.004000000000", ">=", "95", "95"),
        ("8.004000000000", "<=", "8", "8.004"),
        ("7.996000000000", "<=", "8", "8"),
        ("7.996000000000", "<", "8", "7.996"),
        ("99.998000000000", "=", "100", "99.998"),
        ("0.001000000000", "=", "0", "0.001"),
        ("5.004000000000", ">", "5", "5.004"),
    ],
)
def test_rounded_compares_with_the_target_as_the_whole_does(
    value, comparator, target, shown
):
    found = rounded(Decimal(value), comparator=comparator, target=Decimal(target))
    assert str(found) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [("1E+3", "1000"), ("-0.001", "0"), ("2.50", "2.5"), ("0.005", "0.01")],
)
def test_rounded_without_a_target_keeps_two_decimals(value, shown):
    assert str(rounded(Decimal(value))) == shown


@pytest.mark.parametrize(
    ("language", "words"),
    [("ca", "12.345,6"), ("es", "12\xa0345,6"), ("it", "12.345,6"), ("en", "12,345.6")],
)
def test_number_is_written_in_the_readers_language(language, words):
    with translation.override(language):
        assert number(Decimal("12345.600")) == words


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        ("94.96", PERCENT, "94.96 %"),
        ("1", POINTS, "1 point"),
        ("8.2", POINTS, "8.2 points"),
        ("1", Unit.WORKING_DAYS, "1 working day"),
        ("2.5", Unit.OPEN_HOURS, "2.5 hours of opening time"),
        ("1", PERCENTAGE_POINTS, "1 percentage point"),
        ("-2.5", PERCENTAGE_POINTS, "-2.5 percentage points"),
        ("3", "number", "3"),
    ],
)
def test_quantity_says_its_unit(value, unit, words):
    with translation.override("en"):
        assert quantity(Decimal(value), unit) == words


def test_every_unit_of_time_has_words():
    with translation.override("en"):
        assert all(quantity(Decimal(2), unit) != "2" for unit in Unit)


def test_money_keeps_its_cents():
    with translation.override("ca"):
        assert money(Decimal(1250), "EUR") == "1.250,00\xa0€"
    with translation.override("en"):
        assert money(Decimal("3.5"), "CHF") == "3.50\xa0CHF"


@pytest.mark.parametrize(
    ("value", "words"), [("2.5", "+2.5 %"), ("-2.5", "-2.5 %"), ("0", "0 %")]
)
def test_difference_says_its_sign(value, words):
    with translation.override("en"):
        assert quantity(Decimal(value), PERCENT, signed=True) == words


@pytest.mark.parametrize(
    ("kind", "definition", "unit"),
    [
        ("share", {}, PERCENT),
        ("availability", {"unit": "open_hours"}, PERCENT),
        ("opening_hours", {"unit": "open_hours"}, PERCENT),
        ("opening_hours", {"unit": "open_hours", "as_percent": False}, "open_hours"),
        ("ratio", {"as_percent": False}, "number"),
        ("mean_duration", {"unit": "working_days"}, "working_days"),
        ("trend", {"of": {"kind": "share"}}, PERCENTAGE_POINTS),
        ("trend", {"of": {"kind": "satisfaction_mean"}}, POINTS),
        ("trend", {"of": {"kind": "count"}, "as": "percent"}, PERCENT),
    ],
)
def test_every_kind_has_its_unit(kind, definition, unit):
    assert unit_of_kind(kind, definition) == unit
    with translation.override("en"):
        assert axis(unit)

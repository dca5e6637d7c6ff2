"""
Numbers as the reader writes them, never rounded into a lie.

A figure is compared with its target unrounded; shown, it must not seem to say
otherwise: 94.996 against 95 is not met and is never shown as 95.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from django.utils import formats
from django.utils.translation import (
    gettext as _,
    gettext_lazy,
    ngettext,
    ngettext_lazy,
    pgettext,
)

from engine.measures import Kind, meets
from engine.worktime import Unit
from indicators.models import IndicatorRule

DECIMALS = 2  # as many as a reader can use
STORED_DECIMALS = 12  # as many as the ledger keeps
PERCENT = "percent"
PERCENTAGE_POINTS = "percentage_points"  # of a difference between two percentages
POINTS = "points"
NUMBER = "number"

# Units of measured time; "value" is a number already written, "n" its plural form.
DURATIONS = {
    Unit.ELAPSED_SECONDS: ngettext_lazy("%(value)s second", "%(value)s seconds", "n"),
    Unit.ELAPSED_MINUTES: ngettext_lazy("%(value)s minute", "%(value)s minutes", "n"),
    Unit.ELAPSED_HOURS: ngettext_lazy("%(value)s hour", "%(value)s hours", "n"),
    Unit.ELAPSED_DAYS: ngettext_lazy("%(value)s day", "%(value)s days", "n"),
    Unit.OPEN_MINUTES: ngettext_lazy(
        "%(value)s minute of opening time", "%(value)s minutes of opening time", "n"
    ),
    Unit.OPEN_HOURS: ngettext_lazy(
        "%(value)s hour of opening time", "%(value)s hours of opening time", "n"
    ),
    Unit.LEGAL_HOURS: ngettext_lazy(
        "%(value)s hour of working days", "%(value)s hours of working days", "n"
    ),
    Unit.WORKING_DAYS: ngettext_lazy(
        "%(value)s working day", "%(value)s working days", "n"
    ),
    Unit.CALENDAR_DAYS: ngettext_lazy(
        "%(value)s calendar day", "%(value)s calendar days", "n"
    ),
    Unit.MONTHS: ngettext_lazy("%(value)s month", "%(value)s months", "n"),
    Unit.YEARS: ngettext_lazy("%(value)s year", "%(value)s years", "n"),
}
# What the vertical axis of a chart counts.
AXES = {
    Unit.ELAPSED_SECONDS: gettext_lazy("seconds"),
    Unit.ELAPSED_MINUTES: gettext_lazy("minutes"),
    Unit.ELAPSED_HOURS: gettext_lazy("hours"),
    Unit.ELAPSED_DAYS: gettext_lazy("days"),
    Unit.OPEN_MINUTES: gettext_lazy("minutes of opening time"),
    Unit.OPEN_HOURS: gettext_lazy("hours of opening time"),
    Unit.LEGAL_HOURS: gettext_lazy("hours of working days"),
    Unit.WORKING_DAYS: gettext_lazy("working days"),
    Unit.CALENDAR_DAYS: gettext_lazy("calendar days"),
    Unit.MONTHS: gettext_lazy("months"),
    Unit.YEARS: gettext_lazy("years"),
}
DURATION_KINDS = frozenset(
    {Kind.MEAN_DURATION, Kind.MEDIAN_DURATION, Kind.PERCENTILE_DURATION}
)
SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$"}


def unit_of(rule: IndicatorRule) -> str:
    """Return the unit of an indicator's figure: percent, points, number or a time."""
    return unit_of_kind(rule.kind, rule.definition)


def unit_of_kind(kind: str, definition: Mapping[str, Any]) -> str:
    """Return the unit of the figures of a kind, as its definition has them."""
    if kind == Kind.TREND:
        return _unit_of_trend(definition)
    if kind == Kind.SATISFACTION_MEAN:
        return POINTS
    if kind in {Kind.NPS, Kind.COUNT}:
        return NUMBER
    as_percent = definition.get("as_percent", True)
    if kind == Kind.RATIO:
        return PERCENT if as_percent else NUMBER
    if kind in DURATION_KINDS or (kind == Kind.OPENING_HOURS and not as_percent):
        return str(definition.get("unit", Unit.ELAPSED_DAYS))
    return PERCENT


def _unit_of_trend(definition: Mapping[str, Any]) -> str:
    if definition.get("as") == "percent":
        return PERCENT
    of = definition.get("of", {})
    unit = unit_of_kind(of.get("kind", ""), of)
    return PERCENTAGE_POINTS if unit == PERCENT else unit


def rounded(
    value: Decimal,
    *,
    comparator: str = "",
    target: Decimal | None = None,
    decimals: int = DECIMALS,
) -> Decimal:
    """
    Round a figure to what is shown, without trailing zeros.

    With a target, as many decimals are kept as it takes for the rounded figure to
    compare with the target as the whole one does.
    """
    short = value
    for places in range(decimals, STORED_DECIMALS + 1):
        short = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        if not comparator or target is None:
            break
        if meets(Fraction(short), comparator, target) == meets(
            Fraction(value), comparator, target
        ):
            break
    return _plain(short)


def number(value: Decimal | int) -> str:
    """Write a number in the reader's language, with thousands apart."""
    if isinstance(value, Decimal):
        value = _plain(value)
    return formats.number_format(value, use_l10n=True, force_grouping=True)


def quantity(value: Decimal, unit: str, *, signed: bool = False) -> str:
    """
    Write a rounded value with its unit; see :func:`unit_of`.

    :param signed: say of what is above zero that it is: of differences.
    """
    words = number(value)
    if signed and value > 0:
        words = f"+{words}"
    if unit == PERCENT:
        return _("%(value)s %%") % {"value": words}
    if unit == POINTS:
        # Translators: points of a survey's scale.
        return ngettext("%(value)s point", "%(value)s points", _form(value)) % {
            "value": words
        }
    if unit == PERCENTAGE_POINTS:
        return ngettext(
            "%(value)s percentage point", "%(value)s percentage points", _form(value)
        ) % {"value": words}
    if unit in DURATIONS:
        return str(DURATIONS[Unit(unit)] % {"n": _form(value), "value": words})
    return words


def axis(unit: str) -> str:
    """Say what an axis in ``unit`` counts."""
    if unit == PERCENT:
        return _("per cent")
    if unit == POINTS:
        return _("points")
    if unit == PERCENTAGE_POINTS:
        return _("percentage points")
    return str(AXES[Unit(unit)]) if unit in DURATIONS else pgettext("axis", "number")


def money(amount: Decimal, currency: str) -> str:
    """Write a sum of money, with cents."""
    words = formats.number_format(
        amount, decimal_pos=2, use_l10n=True, force_grouping=True
    )
    return f"{words}\N{NO-BREAK SPACE}{SYMBOLS.get(currency, currency)}"


def _form(value: Decimal) -> int:
    """Return a whole number with the plural form of ``value``."""
    return 1 if abs(value) == 1 else 2


def _plain(value: Decimal) -> Decimal:
    """Drop trailing zeros, and never write an exponent or a negative zero."""
    short = value.normalize()
    return Decimal(format(short, "f")) if short else Decimal(0)

"""
Numbers as the reader writes them, never rounded into a lie.

A figure is compared with its target unrounded; shown, it must not seem to say
otherwise: 94.996 against 95 is not met and is never shown as 95.
"""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

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
SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$"}


def unit_of(rule: IndicatorRule) -> str:
    """Return the unit of an indicator's figure: percent, points, number or a time."""
    if rule.kind in {
        Kind.MEAN_DURATION,
        Kind.MEDIAN_DURATION,
        Kind.PERCENTILE_DURATION,
    }:
        return str(rule.definition.get("unit", Unit.ELAPSED_DAYS))
    if rule.kind == Kind.SATISFACTION_MEAN:
        return POINTS
    if rule.kind == Kind.RATIO:
        return PERCENT if rule.definition.get("as_percent", True) else NUMBER
    if rule.kind in {Kind.NPS, Kind.COUNT}:
        return NUMBER
    return PERCENT


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


def quantity(value: Decimal, unit: str) -> str:
    """Write a rounded value with its unit; see :func:`unit_of`."""
    words = number(value)
    if unit == PERCENT:
        return _("%(value)s %%") % {"value": words}
    if unit == POINTS:
        # Translators: points of a survey's scale.
        return ngettext("%(value)s point", "%(value)s points", _form(value)) % {
            "value": words
        }
    if unit in DURATIONS:
        return str(DURATIONS[Unit(unit)] % {"n": _form(value), "value": words})
    return words


def axis(unit: str) -> str:
    """Say what an axis in ``unit`` counts."""
    if unit == PERCENT:
        return _("per cent")
    if unit == POINTS:
        return _("points")
    return str(AXES[Unit(unit)]) if unit in DURATIONS else pgettext("axis", "number")


def money(amount: Decimal, currency: str) -> str:
    """Write a sum of money, with cents."""
    words = formats.number_format(
        amount, decimal_pos=2, use_l10n=True, force_grouping=True
    )
    return f"{words}\N{NO-BREAK SPACE}{SYMBOLS.get(currency, currency)}"


def _form(value: Decimal) -> int:
    """Return a whole number with the plural form of ``value``."""
    return 1 if value == 1 else 2


def _plain(value: Decimal) -> Decimal:
    """Drop trailing zeros, and never write an exponent or a negative zero."""
    short = value.normalize()
    return Decimal(format(short, "f")) if short else Decimal(0)

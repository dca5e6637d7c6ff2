"""Periods and days in the reader's words."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import get_language, gettext as _

from engine.periods import Period, PeriodKind

VOWELS = frozenset("aeiou")


def day_words(day: date) -> str:
    """Write a day in full."""
    # Django's formats leave out the Catalan preposition ("1 agost de 2026"), begin
    # Italian months with a capital and days with a zero, and abbreviate in English.
    language = get_language()
    month = formats.date_format(day, "F")
    if language == "ca":
        of = "d’" if month[0].lower() in VOWELS else "de "
        return f"{day.day} {of}{month.lower()} de {day.year}"
    if language == "it":
        return f"{day.day} {month.lower()} {day.year}"
    if language == "en":
        return f"{day.day} {month} {day.year}"
    return formats.date_format(day, "DATE_FORMAT")


def last_day(due_at: datetime, zone: str) -> date:
    """Return the last good day of a term whose first late instant is ``due_at``."""
    return (due_at - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date()


def long_name(period: Period) -> str:
    """Name a period in full: "March 2026", "first quarter of 2026"."""
    year = {"year": period.start.year}
    if period.kind is PeriodKind.MONTH:
        return formats.date_format(period.start, "YEAR_MONTH_FORMAT")
    if period.kind is PeriodKind.QUARTER:
        names = (
            _("first quarter of %(year)s"),
            _("second quarter of %(year)s"),
            _("third quarter of %(year)s"),
            _("fourth quarter of %(year)s"),
        )
        return names[period.start.month // 3] % year
    if period.kind is PeriodKind.SEMESTER:
        names_of_halves = (_("first half of %(year)s"), _("second half of %(year)s"))
        return names_of_halves[period.start.month // 6] % year
    return str(period.start.year)


def short_name(period: Period) -> str:
    """Name a period for an axis: "Mar 26", "Q1 26"."""
    year = f"{period.start:%y}"
    if period.kind is PeriodKind.MONTH:
        return formats.date_format(period.start, "M y")
    if period.kind is PeriodKind.QUARTER:
        # Translators: a quarter on the axis of a chart, as short as can be.
        return _("Q%(number)s %(year)s") % {
            "number": period.start.month // 3 + 1,
            "year": year,
        }
    if period.kind is PeriodKind.SEMESTER:
        # Translators: a half-year on the axis of a chart, as short as can be.
        return _("H%(number)s %(year)s") % {
            "number": period.start.month // 6 + 1,
            "year": year,
        }
    return str(period.start.year)


def civil_day(instant: datetime, zone: str) -> date:
    """Return the day it is in an organisation's time zone."""
    return instant.astimezone(ZoneInfo(zone)).date()

"""Periods and days in the reader's words."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import get_language, gettext as _

from engine.periods import Period, PeriodKind

VOWELS = frozenset("aeiou")
LEAP_YEAR = 2000  # has every day of a year


def day_words(day: date) -> str:
    """Write a day in full."""
    # Django's formats leave out the Catalan preposition ("1 agost de 2026"), begin
    # Italian months with a capital and days with a zero, and abbreviate in English.
    language = get_language()
    if language in {"ca", "en", "it"}:
        year = f"de {day.year}" if language == "ca" else str(day.year)
        return f"{day_of_year_words(day.month, day.day)} {year}"
    return formats.date_format(day, "DATE_FORMAT")


def day_of_year_words(month: int, day: int) -> str:
    """Write a day that comes every year."""
    name = formats.date_format(date(LEAP_YEAR, month, day), "F")
    language = get_language()
    if language == "ca":
        of = "d’" if name[0].lower() in VOWELS else "de "
        return f"{day} {of}{name.lower()}"
    if language == "es":
        return f"{day} de {name.lower()}"
    return f"{day} {name.lower() if language == 'it' else name}"


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

"""
Fields for what a calendar says: hours of a day, and lists of days, line by line.

They turn what was typed into what a definition holds (:mod:`engine.worktime`), and
what a definition holds into what is typed.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, TypeAlias

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as __, gettext_lazy as _

from indicators.services.dayfiles import clean_name, read_day

Hours: TypeAlias = list[list[str]]  # opening and closing times
TALLEST = 16  # lines of a text area

_CLOCK = r"(\d{1,2})(?:[:.h](\d{2})?)?\s*h?"
_INTERVAL = re.compile(rf"\s*{_CLOCK}\s*[-\u2011–—]\s*{_CLOCK}\s*", re.ASCII)
_EVERY_YEAR = re.compile(r"(\d{1,2})[-/.](\d{1,2})", re.ASCII)
_FIRST_WORD = re.compile(r"\s*([^\s;,]+)[\s;,]*(.*?)\s*")


def read_hours(text: str) -> Hours:
    """
    Return the intervals of a day, such as ``09:00-14:00, 16:00-19:00``.

    :raises ValidationError: if one is none, or they overlap.
    """
    hours = [_interval(part) for part in re.split(r"[,;\n]", text) if part.strip()]
    for one, following in pairwise(hours):
        if following[0] < one[1]:
            raise ValidationError(
                _("%(later)s begins before %(earlier)s has ended."),
                params={
                    "later": hours_text([following]),
                    "earlier": hours_text([one]),
                },
            )
    return hours


def _interval(text: str) -> list[str]:
    found = _INTERVAL.fullmatch(text)
    if found is None:
        raise _no_interval(text)
    opens, closes = (
        int(found[place]) * 60 + int(found[place + 1] or 0) for place in (1, 3)
    )
    minutes = (int(found[place] or 0) for place in (2, 4))
    if not opens < closes <= 24 * 60 or any(minute > 59 for minute in minutes):
        raise _no_interval(text)
    return [f"{moment // 60:02}:{moment % 60:02}" for moment in (opens, closes)]


def _no_interval(text: str) -> ValidationError:
    return ValidationError(
        _("“%(text)s” is no interval of a day, such as 09:00-14:00."),
        params={"text": text.strip()},
    )


def hours_text(hours: Iterable[Sequence[str]]) -> str:
    """Write intervals as they are typed."""
    return ", ".join(f"{opens}-{closes}" for opens, closes in hours)


def day_text(day: str) -> str:
    """Write a day of a definition as it is typed: 24/06/2026, or 24/06 of every year."""
    year, month, number = day.split("-")
    return f"{number}/{month}" if year == "*" else f"{number}/{month}/{year}"


def _day_key(text: str, *, yearly: bool) -> str:
    """Return a day as a definition writes it."""
    every = _EVERY_YEAR.fullmatch(text.removeprefix("*-"))
    if yearly and every is not None:
        parts = (int(every[1]), int(every[2]))
        number, month = parts[::-1] if text.startswith("*-") else parts
        try:
            return f"*-{date(2024, month, number):%m-%d}"
        except ValueError:
            raise ValueError(_("%(text)s is no day") % {"text": text}) from None
    day = read_day(text)
    if day is None:
        raise ValueError(__("there is no date"))
    return day.isoformat()


class HoursField(forms.CharField):
    """The opening hours of a day; empty is closed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, max_length=200, **options)

    def to_python(self, value: Any) -> Any:
        return read_hours(super().to_python(value) or "")

    def run_validators(self, value: Any) -> None:
        """Check nothing: the validators are for texts."""

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) or value is None else hours_text(value)


class LinesField(forms.CharField):
    """
    A day in each line, and something after it.

    :cvar yearly: a day may be one of every year.
    """

    yearly = False

    def __init__(self, *, rows: int, **options: Any) -> None:
        super().__init__(
            required=False,
            max_length=100_000,
            widget=forms.Textarea(attrs={"rows": rows, "spellcheck": "false"}),
            **options,
        )

    def to_python(self, value: Any) -> Any:
        found: dict[str, Any] = {}
        faults = []
        for number, line in enumerate(
            (super().to_python(value) or "").splitlines(), start=1
        ):
            if not line.strip():
                continue
            try:
                day, rest = self._line(line)
                if day in found:
                    raise ValueError(__("this day stands twice"))  # noqa: TRY301 -- told with its line
                found[day] = rest
            except (ValueError, ValidationError) as error:
                faults.append(
                    ValidationError(
                        _("Line %(line)s: %(fault)s"),
                        params={"line": number, "fault": _words_of(error)},
                    )
                )
        if faults:
            raise ValidationError(faults)
        return found

    def run_validators(self, value: Any) -> None:
        """Check nothing: the validators are for texts."""

    def _line(self, line: str) -> tuple[str, Any]:
        found = _FIRST_WORD.fullmatch(line)
        if found is None:
            raise ValueError(__("there is no date"))
        return _day_key(found[1], yearly=self.yearly), self.read_rest(found[2])

    def read_rest(self, text: str) -> Any:
        """Return what stands after the day."""
        return clean_name(text)

    def write_rest(self, value: Any) -> str:
        """Return how it is typed."""
        return str(value)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str) or value is None:
            return value
        # As tall as what is in it, within reason.
        rows = max(int(self.widget.attrs["rows"]), min(len(value) + 1, TALLEST))
        self.widget.attrs["rows"] = rows
        return "\n".join(
            f"{day_text(day)} {self.write_rest(value[day])}".strip()
            for day in sorted(value)
        )


def _words_of(error: ValueError | ValidationError) -> str:
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    return str(error)


class HolidaysField(LinesField):
    """Names of holidays by day."""

    yearly = True


class WorkingDaysField(LinesField):
    """Days that work after all; what stands after them is not kept."""

    def read_rest(self, text: str) -> Any:
        return ""


class OverridesField(LinesField):
    """Opening hours by day."""

    def read_rest(self, text: str) -> Any:
        return read_hours(text)

    def write_rest(self, value: Any) -> str:
        return hours_text(value)

"""
Half-open periods of civil days.

A period is a kind, its first day and the first day after it. Days are local days
of the office: the caller turns instants into days, so that 1 January 00:30 in
Madrid never falls into the old year because it is still December in UTC.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class PeriodKind(StrEnum):
    """How long a period is; each kind divides the year evenly."""

    MONTH = "month"
    QUARTER = "quarter"
    SEMESTER = "semester"
    YEAR = "year"

    @property
    def months(self) -> int:
        """Number of months of one period."""
        return {"month": 1, "quarter": 3, "semester": 6, "year": 12}[self.value]


class PeriodError(ValueError):
    """A text that names no period."""


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Days ``[start, end)``."""

    start: date
    end: date
    kind: PeriodKind

    @property
    def label(self) -> str:
        """ISO-like name: ``2026-03``, ``2026-Q1``, ``2026-S1``, ``2026``."""
        index = (self.start.month - 1) // self.kind.months + 1
        return {
            PeriodKind.MONTH: f"{self.start.year}-{self.start.month:02d}",
            PeriodKind.QUARTER: f"{self.start.year}-Q{index}",
            PeriodKind.SEMESTER: f"{self.start.year}-S{index}",
            PeriodKind.YEAR: f"{self.start.year}",
        }[self.kind]

    @property
    def previous(self) -> "Period":
        """The period of this kind that ends where this one starts."""
        return Period(add_months(self.start, -self.kind.months), self.start, self.kind)

    @property
    def year_before(self) -> "Period":
        """The same part of the year before."""
        return Period(add_months(self.start, -12), add_months(self.end, -12), self.kind)

    @property
    def year_after(self) -> "Period":
        """The same part of the year after."""
        return Period(add_months(self.start, 12), add_months(self.end, 12), self.kind)

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end


def add_months(first: date, months: int) -> date:
    """Return the first day of the month ``months`` after that of ``first``."""
    index = first.year * 12 + first.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def period_of(day: date, kind: PeriodKind) -> Period:
    """Return the period of ``kind`` that holds ``day``."""
    month = (day.month - 1) // kind.months * kind.months + 1
    start = date(day.year, month, 1)
    return Period(start, add_months(start, kind.months), kind)


def periods_between(start: date, end: date, kind: PeriodKind) -> Iterator[Period]:
    """Yield every period of ``kind`` that shares a day with ``[start, end)``."""
    if start >= end:
        return
    period = period_of(start, kind)
    while period.start < end:
        yield period
        period = period_of(period.end, kind)


def parse_period(label: str) -> Period:
    """
    Read what :attr:`Period.label` writes.

    :raises PeriodError: if the text names no period.
    """
    year, _, part = label.partition("-")
    kinds = {"": PeriodKind.YEAR, "Q": PeriodKind.QUARTER, "S": PeriodKind.SEMESTER}
    kind = kinds.get(part[:1], PeriodKind.MONTH)
    try:
        first = date(int(year), 1, 1)
        index = int(part.lstrip("QS")) if part else 1
    except ValueError as error:
        msg = f"not a period: {label!r} (2026, 2026-S1, 2026-Q1 or 2026-03)"
        raise PeriodError(msg) from error
    if not 1 <= index <= 12 // kind.months:
        msg = f"not a period: {label!r} (no such part of the year)"
        raise PeriodError(msg)
    return period_of(add_months(first, (index - 1) * kind.months), kind)

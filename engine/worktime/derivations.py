"""Derivations: how an answer came about, day by day, as data to be put into words."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from engine.worktime.calendars import HoursFrom
from engine.worktime.definitions import Holiday
from engine.worktime.terms import Term, Unit

Span: TypeAlias = tuple[datetime, datetime]  # half-open, in UTC


class StepKind(StrEnum):
    """What became of one day on the way to the answer."""

    ENTRY = "entry"  # the start counts from another instant
    START = "start"  # the start's own day, which does not count
    DAY_ONE = "day_one"  # the first day that counts
    COUNTED = "counted"
    OPEN = "open"
    HOLIDAY = "holiday"
    WEEKEND = "weekend"
    OUTSIDE_HOURS = "outside_hours"
    PAUSED = "paused"
    ROLLED = "rolled"  # the working day to which the last day moves
    ENDS = "ends"  # the last day ends at a time of day, or at closing time
    RESUMES = "resumes"  # time counts again


@dataclass(frozen=True, slots=True)
class Step:
    """
    One day of a derivation.

    :param counted: what the day used up of the term, in the term's unit.
    :param note: the name of the holiday.
    :param exact: what the day used up, in microseconds for durations, in whole days
        or months for the other units; sums of it are exact in any unit.
    :param holiday: which it is, with the layer that declares it.
    :param intervals: for durations: the time of the day that counts.
    :param paused: for durations: the time that would count were it not paused.
    :param hours: for open time: opening hours of the day on the clock.
    :param hours_from: which part of the calendar gives them.
    :param since: of an entry, the start; of a last pause, when it begins; of time
        that resumes, when it does.
    :param until: of an entry, the instant from which it counts; of ``ENDS``, the
        instant at which the last day ends.
    """

    day: date
    kind: StepKind
    counted: Decimal = Decimal(0)
    note: str = ""
    exact: int = 0
    holiday: Holiday | None = None
    intervals: tuple[Span, ...] = ()
    paused: tuple[Span, ...] = ()
    hours: tuple[tuple[str, str], ...] = ()
    hours_from: HoursFrom | None = None
    since: datetime | None = None
    until: datetime | None = None

    def negated(self) -> "Step":
        """Return the step as it counts on the way back."""
        return replace(self, counted=-self.counted, exact=-self.exact)

    def as_json(self) -> dict[str, object]:
        """
        Return plain JSON data.

        Always ``day``, ``kind``, ``counted`` (a decimal in a string) and ``exact``;
        of the rest what there is: ``holiday`` (``name``, ``level``, ``code``,
        ``layer``, ``source``), ``intervals`` and ``paused`` (pairs of instants),
        ``hours`` (pairs such as ``["09:00", "14:00"]``), ``hours_from``, ``since``,
        ``until``.
        """
        told: dict[str, object] = {
            "day": self.day.isoformat(),
            "kind": self.kind.value,
            "counted": _decimal(self.counted),
            "exact": self.exact,
        }
        rest: Mapping[str, object] = {
            "holiday": self.holiday and _holiday(self.holiday),
            "intervals": _spans(self.intervals),
            "paused": _spans(self.paused),
            "hours": [list(pair) for pair in self.hours],
            "hours_from": self.hours_from and self.hours_from.value,
            "since": _instant(self.since),
            "until": _instant(self.until),
        }
        return told | {key: value for key, value in rest.items() if value}


class DerivationKind(StrEnum):
    """Which question a derivation answers."""

    DUE = "due"  # engine.worktime.due_at
    NOTICE = "notice"  # engine.worktime.kept_from
    ELAPSED = "elapsed"  # engine.worktime.elapsed


@dataclass(frozen=True, slots=True)
class Derivation:
    """
    How an answer came about, day by day.

    What the steps counted adds up to the term's amount, unless the case is paused
    without end (``due_at`` or ``kept_from`` is ``None``): then it is what had been
    used up before. Of time passed it adds up to :func:`engine.worktime.elapsed`:
    exactly in ``total_exact``, to six decimals of the unit in ``total``.

    :param due_at: for ``DUE``; first instant that is too late.
    :param kept_from: for ``NOTICE``; first instant that is good.
    :param end: for ``ELAPSED``; if it comes before ``start``, the steps are those of
        the way back and count less than nothing.
    :param counted_from: where the term's entry puts the start.
    :param used_up_at: for durations: when the whole amount had passed.
    :param after: for durations that are due: the days from there on until time counts
        again, if it does not at once. What it is that keeps a term used up at closing
        time in good standing until the next opening.
    :param zone: whose days they are.
    """

    start: datetime
    due_at: datetime | None
    steps: tuple[Step, ...]
    kind: DerivationKind
    unit: Unit
    zone: str
    counted_from: datetime
    term: Term | None = None
    kept_from: datetime | None = None
    end: datetime | None = None
    used_up_at: datetime | None = None
    after: tuple[Step, ...] = ()

    @property
    def total(self) -> Decimal:
        """What the steps counted, in the unit."""
        return sum((step.counted for step in self.steps), Decimal(0))

    @property
    def total_exact(self) -> int:
        """What the steps counted, in microseconds, or in whole days or months."""
        return sum(step.exact for step in self.steps)

    def as_json(self) -> dict[str, object]:
        """
        Return plain JSON data, with every key.

        ``kind``, ``unit``, ``zone``, ``total`` (a decimal in a string),
        ``total_exact``, ``term`` (its definition), the instants ``start``,
        ``counted_from``, ``end``, ``used_up_at``, ``due_at``, ``kept_from`` in UTC,
        and the lists ``steps`` and ``after`` (:meth:`Step.as_json`). What the
        question does not have is null.
        """
        return {
            "kind": self.kind.value,
            "unit": self.unit.value,
            "zone": self.zone,
            "total": _decimal(self.total),
            "total_exact": self.total_exact,
            "term": self.term and self.term.as_definition(),
            "start": _instant(self.start),
            "counted_from": _instant(self.counted_from),
            "end": _instant(self.end),
            "used_up_at": _instant(self.used_up_at),
            "due_at": _instant(self.due_at),
            "kept_from": _instant(self.kept_from),
            "steps": [step.as_json() for step in self.steps],
            "after": [step.as_json() for step in self.after],
        }


def _decimal(number: Decimal) -> str:
    return format(number.normalize(), "f") if number else "0"


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()


def _spans(spans: tuple[Span, ...]) -> list[list[str | None]]:
    return [[_instant(start), _instant(end)] for start, end in spans]


def _holiday(holiday: Holiday) -> dict[str, str]:
    return {
        "name": holiday.name,
        "level": holiday.level.value,
        "code": holiday.code,
        "layer": holiday.layer,
        "source": holiday.source,
    }

"""Terms: how much time something is promised within, and how it is counted."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Self, TypeVar

from engine.codes import Code
from engine.worktime.civil import (
    DAY,
    SECOND,
    WorktimeError,
    clock_time,
    time_of_day,
)

_E = TypeVar("_E", bound=StrEnum)
_LARGEST_AMOUNT = 10**10
_MOST_DECIMALS = 9


class TermError(WorktimeError):
    """A term's definition is wrong; the message names the fault."""


class Unit(Code):
    """What a term is counted in."""

    ELAPSED_SECONDS = "elapsed_seconds"
    ELAPSED_MINUTES = "elapsed_minutes"
    ELAPSED_HOURS = "elapsed_hours"
    ELAPSED_DAYS = "elapsed_days"
    OPEN_MINUTES = "open_minutes"
    OPEN_HOURS = "open_hours"
    LEGAL_HOURS = "legal_hours"
    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"
    MONTHS = "months"
    YEARS = "years"

    @property
    def needs_calendar(self) -> bool:
        """Whether the unit means nothing without a calendar."""
        return self in _NEED_CALENDAR

    @property
    def is_duration(self) -> bool:
        """Whether the unit is measured from the instant, in microseconds."""
        return self in MICROSECONDS

    @property
    def is_days(self) -> bool:
        """Whether the unit counts civil days, so that a term ends at a midnight."""
        return self not in MICROSECONDS


MICROSECONDS: Mapping[Unit, int] = {
    Unit.ELAPSED_SECONDS: SECOND,
    Unit.ELAPSED_MINUTES: 60 * SECOND,
    Unit.ELAPSED_HOURS: 3600 * SECOND,
    Unit.ELAPSED_DAYS: DAY,
    Unit.OPEN_MINUTES: 60 * SECOND,
    Unit.OPEN_HOURS: 3600 * SECOND,
    Unit.LEGAL_HOURS: 3600 * SECOND,
}
OPEN_UNITS = frozenset({Unit.OPEN_MINUTES, Unit.OPEN_HOURS})
_NEED_CALENDAR = OPEN_UNITS | {Unit.LEGAL_HOURS, Unit.WORKING_DAYS}


class DayOne(Code):
    """Which day is the first that counts."""

    NEXT = "next"
    SAME = "same"


class Ends(Code):
    """When the last day of a term ends."""

    DAY = "day"  # at midnight
    TIME = "time"  # at the clock time of the start: its last good instant
    CLOSING = "closing"  # with its last opening; at midnight if it has none


class Entry(Code):
    """From when on a start outside working time counts."""

    AS_IS = "as_is"
    NEXT_OPENING = "next_opening"
    # Ley 39/2015, 31.2.b: in the first hour of the next working day.
    NEXT_WORKING_DAY = "next_working_day"


@dataclass(frozen=True, slots=True)
class CutOff:
    """
    What starts late counts as started on the next working day.

    Late is any time on a day that is not working, and from ``at`` on. What starts
    earlier counts as it is, even before the office opens.

    :param at: microseconds after midnight on the clock.
    :param counted_from: the time on the next working day.
    """

    at: int
    counted_from: int


@dataclass(frozen=True, slots=True)
class Term:
    """
    An amount of time within which something is promised.

    Durations take any amount from zero; terms in days, months or years take whole
    numbers from 1 ("the same day" is one day with ``day_one`` the same day).

    :param day_one: only for units of days.
    :param roll: whether a last day that is not working moves to the next working
        day; for calendar days, months and years under a calendar.
    :param entry: what comes first: it moves the start, and all else counts from there.
    :param ends: only for units of days, and the time only for days themselves: months
        from the 30th and the 31st may end on one day, and then the clock would put
        the later start first.
    :raises TermError: if the amount or the end does not suit the unit.
    """

    amount: Decimal
    unit: Unit
    day_one: DayOne = DayOne.NEXT
    roll: bool = True
    entry: Entry | CutOff = Entry.AS_IS
    ends: Ends = Ends.DAY

    def __post_init__(self) -> None:
        exponent = self.amount.as_tuple().exponent
        if not isinstance(exponent, int):
            raise TermError(f"amount: {self.amount} is not a number")
        if not 0 <= self.amount <= _LARGEST_AMOUNT:
            raise TermError(f"amount: {self.amount} is not between 0 and 10^10")
        if exponent < -_MOST_DECIMALS:
            raise TermError(f"amount: more than {_MOST_DECIMALS} decimals")
        if self.unit.is_days and (self.amount < 1 or self.amount % 1):
            raise TermError(
                f"amount: {self.amount} {self.unit} is not a whole number from 1"
            )
        if self.ends not in self._possible_ends:
            raise TermError(f"ends: {self.unit} do not end with {self.ends}")

    @classmethod
    def from_definition(cls, mapping: Mapping[str, object]) -> Self:
        """
        Read a term such as ``{"amount": "10", "unit": "working_days"}``.

        :param mapping: ``amount`` (decimal as a string, or a whole number), ``unit``,
            and optionally ``day_one``, ``roll``, ``ends`` and ``entry``, which is a
            code or ``{"cut_off": "17:00", "from": "08:30"}``.
        :raises TermError: naming the key at fault.
        """
        unknown = sorted(set(mapping) - _KEYS)
        if unknown:
            raise TermError(f"{unknown[0]}: unknown key")
        roll = mapping.get("roll", True)
        if not isinstance(roll, bool):
            raise TermError(f"roll: {roll!r} is not true or false")
        return cls(
            amount=_amount(mapping.get("amount")),
            unit=_choice(Unit, "unit", mapping.get("unit")),
            day_one=_choice(DayOne, "day_one", mapping.get("day_one", DayOne.NEXT)),
            roll=roll,
            entry=_entry(mapping.get("entry", Entry.AS_IS)),
            ends=_choice(Ends, "ends", mapping.get("ends", Ends.DAY)),
        )

    def as_definition(self) -> dict[str, object]:
        """Return the JSON form that :meth:`from_definition` reads, with every key."""
        entry: object = self.entry
        if isinstance(self.entry, CutOff):
            at, counted_from = self.entry.at, self.entry.counted_from
            entry = {"cut_off": clock_time(at), "from": clock_time(counted_from)}
        elif isinstance(self.entry, Entry):
            entry = self.entry.value
        return {
            "amount": str(self.amount),
            "unit": self.unit.value,
            "day_one": self.day_one.value,
            "roll": self.roll,
            "entry": entry,
            "ends": self.ends.value,
        }

    @property
    def microseconds(self) -> int:
        """
        The longest duration that still keeps the term, in microseconds.

        :raises TermError: if the term counts days.
        """
        numerator, denominator = self._fraction
        return numerator // denominator

    @property
    def whole_microseconds(self) -> int:
        """
        The shortest duration that holds the whole term, in microseconds.

        :raises TermError: if the term counts days.
        """
        numerator, denominator = self._fraction
        return -(-numerator // denominator)

    @property
    def _possible_ends(self) -> Collection[Ends]:
        if self.unit.is_duration:
            return (Ends.DAY,)
        if self.unit in (Unit.MONTHS, Unit.YEARS):
            return (Ends.DAY, Ends.CLOSING)
        return Ends

    @property
    def _fraction(self) -> tuple[int, int]:
        """Microseconds, in whole numbers: no decimal context may round them."""
        if self.unit.is_days:
            raise TermError(f"unit: {self.unit} has no fixed duration")
        numerator, denominator = self.amount.as_integer_ratio()
        return numerator * MICROSECONDS[self.unit], denominator


_KEYS = frozenset({"amount", "unit", "day_one", "roll", "entry", "ends"})


def _amount(value: object) -> Decimal:
    # A float would already have lost what the author wrote.
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise TermError(f"amount: {value!r} is not a decimal number in a string")
    try:
        return Decimal(value)
    except InvalidOperation:
        raise TermError(f"amount: {value!r} is not a decimal number") from None


def _choice(kind: type[_E], key: str, value: object) -> _E:
    if isinstance(value, str) and value in set(kind):
        return kind(value)
    raise TermError(f"{key}: {value!r} is not one of {', '.join(kind)}")


def _entry(value: object) -> Entry | CutOff:
    if not isinstance(value, Mapping):
        return _choice(Entry, "entry", value)
    unknown = sorted(set(value) - {"cut_off", "from"})
    if unknown:
        raise TermError(f"entry.{unknown[0]}: unknown key")
    at, counted_from = (_clock(key, value.get(key)) for key in ("cut_off", "from"))
    if counted_from >= at:
        raise TermError("entry.from: not before the cut-off")
    return CutOff(at, counted_from)


def _clock(key: str, value: object) -> int:
    micros = time_of_day(value) if isinstance(value, str) else None
    if micros is None:
        raise TermError(f"entry.{key}: {value!r} is not a time such as 17:00")
    return micros

"""
The kinds of indicator, and the sums that most of them are computed from.

A :class:`Tally` says of any number of cases all that the additive kinds need to
know, and tallies of months add up to those of quarters and years. Sums are exact:
values stay decimal until they are divided, and then they are fractions.

Source: the taxonomy of 323 indicators in published charters (share within a limit
38 %, every case within a limit 16 %, satisfaction mean 9 %, ...).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, Self

from engine.codes import Code
from engine.statistics import EXACT
from engine.worktime import Unit

COMPARATORS = (">=", "<=", "=", ">", "<")


class Kind(Code):
    """What an indicator measures; each kind is one way to compute a figure."""

    SHARE_WITHIN_LIMIT = "share_within_limit"
    EVERY_CASE_WITHIN_LIMIT = "every_case_within_limit"
    TWO_TIER_REMAINDER = "two_tier_remainder"
    MEAN_DURATION = "mean_duration"
    MEDIAN_DURATION = "median_duration"
    PERCENTILE_DURATION = "percentile_duration"
    SATISFACTION_MEAN = "satisfaction_mean"
    SHARE_AT_OR_ABOVE = "share_at_or_above"
    NPS = "nps"
    SHARE = "share"
    RATIO = "ratio"
    COUNT = "count"
    SCHEDULE_FREQUENCY = "schedule_frequency"
    MILESTONE = "milestone"
    SHARE_OF_DAYS = "share_of_days"
    AVAILABILITY = "availability"
    OPENING_HOURS = "opening_hours"
    TREND = "trend"

    @property
    def by_case(self) -> bool:
        """Each case is met or missed by itself."""
        return self in _BY_CASE

    @property
    def is_duration(self) -> bool:
        """The value of a case is the time it took."""
        return self in _DURATIONS

    @property
    def is_timed(self) -> bool:
        """A case runs from a start to a stop."""
        return self.by_case or self.is_duration

    @property
    def by_answer(self) -> bool:
        """The value of a case is a score that somebody gave."""
        return self in _BY_ANSWER

    @property
    def by_sum(self) -> bool:
        """Events are added up, whatever their case."""
        return self in _BY_SUM

    @property
    def by_doing(self) -> bool:
        """What counts is that something was done, and when."""
        return self in _BY_DOING

    @property
    def by_span(self) -> bool:
        """What counts are stretches of time, whatever period they began in."""
        return self in _BY_SPAN

    @property
    def is_share(self) -> bool:
        """The figure is a share of like things, so a score interval makes sense."""
        return self.by_case or self in {
            Kind.SHARE_AT_OR_ABOVE,
            Kind.SHARE,
            Kind.SHARE_OF_DAYS,
        }

    def only_grows(self, *, as_percent: bool) -> bool:
        """Whether the figure of a running period can only become larger."""
        if self is Kind.OPENING_HOURS:
            return not as_percent
        return self is Kind.COUNT

    @property
    def from_values(self) -> bool:
        """Whether the figure needs every value that was counted, beside the sums."""
        return self in _FROM_VALUES

    @property
    def from_cases(self) -> bool:
        """Whether the figure needs its cases one by one, not only their sums."""
        return self in _FROM_CASES


_BY_CASE = frozenset(
    {Kind.SHARE_WITHIN_LIMIT, Kind.EVERY_CASE_WITHIN_LIMIT, Kind.TWO_TIER_REMAINDER}
)
_DURATIONS = frozenset(
    {Kind.MEAN_DURATION, Kind.MEDIAN_DURATION, Kind.PERCENTILE_DURATION}
)
_BY_ANSWER = frozenset({Kind.SATISFACTION_MEAN, Kind.SHARE_AT_OR_ABOVE, Kind.NPS})
_BY_SUM = frozenset({Kind.SHARE, Kind.RATIO, Kind.COUNT})
_BY_DOING = frozenset({Kind.SCHEDULE_FREQUENCY, Kind.MILESTONE})
_BY_SPAN = frozenset({Kind.AVAILABILITY, Kind.OPENING_HOURS})
_FROM_VALUES = frozenset({Kind.MEDIAN_DURATION, Kind.PERCENTILE_DURATION})
_FROM_CASES = _BY_DOING | _BY_SPAN | {Kind.SHARE_OF_DAYS, Kind.TREND}


def meets(value: Decimal | Fraction, comparator: str, target: Decimal) -> bool:
    """
    Compare unrounded.

    :raises KeyError: if ``comparator`` is none of :data:`COMPARATORS`.
    """
    one, other = Fraction(value), Fraction(target)
    return {
        ">=": one >= other,
        "<=": one <= other,
        "=": one == other,
        ">": one > other,
        "<": one < other,
    }[comparator]


@dataclass(slots=True)
class Score:
    """How often a score was given, and what those answers weigh."""

    n: int = 0
    weight: Decimal = Decimal(0)


@dataclass(slots=True)
class Tally:
    """
    What is to be known of some cases whatever the time of asking.

    :ivar met: kept, ``missed``: broken, ``counted``: those that only have a value.
    :ivar open: unfinished ones by due instant in microseconds since 1970 (``None``:
        none yet).
    :ivar excluded: left out, by reason.
    :ivar total: sum of the values, ``base``: of the denominators' parts.
    :ivar scores: answers by score.
    :ivar last_event: the latest event read, in microseconds since 1970.
    """

    met: int = 0
    missed: int = 0
    counted: int = 0
    not_computable: int = 0
    open: Counter[int | None] = field(default_factory=Counter)
    excluded: Counter[str] = field(default_factory=Counter)
    total: Decimal = Decimal(0)
    base: Decimal = Decimal(0)
    scores: dict[Decimal, Score] = field(default_factory=dict)
    last_event: int | None = None

    @property
    def n(self) -> int:
        """What a figure is computed over."""
        return self.met + self.missed + self.counted

    def score(self, value: Decimal, n: int, weight: Decimal) -> None:
        """Count answers."""
        score = self.scores.setdefault(value, Score())
        score.n += n
        score.weight = EXACT.add(score.weight, weight)

    def add_sums(self, value: Decimal, base: Decimal) -> None:
        """Add a value, and a denominator's part."""
        self.total = EXACT.add(self.total, value)
        self.base = EXACT.add(self.base, base)

    def add(self, other: "Tally") -> None:
        """Take in the cases of another tally."""
        self.met += other.met
        self.missed += other.missed
        self.counted += other.counted
        self.not_computable += other.not_computable
        self.open.update(other.open)
        self.excluded.update(other.excluded)
        self.add_sums(other.total, other.base)
        for value, score in other.scores.items():
            self.score(value, score.n, score.weight)
        self.last_event = latest(self.last_event, other.last_event)

    def as_json(self) -> dict[str, Any]:
        """
        Return it as plain JSON data; :meth:`from_json` reads it back.

        Equal tallies give the same bytes.
        """
        return {
            "met": self.met,
            "missed": self.missed,
            "counted": self.counted,
            "not_computable": self.not_computable,
            "open": [
                [due, n]
                for due, n in sorted(
                    self.open.items(), key=lambda item: (item[0] is not None, item[0])
                )
            ],
            "excluded": dict(sorted(self.excluded.items())),
            "total": _plain(self.total),
            "base": _plain(self.base),
            "scores": [
                [_plain(value), score.n, _plain(score.weight)]
                for value, score in sorted(self.scores.items())
            ],
            "last_event": self.last_event,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what :meth:`as_json` wrote."""
        return cls(
            met=data["met"],
            missed=data["missed"],
            counted=data["counted"],
            not_computable=data["not_computable"],
            open=Counter(dict(map(tuple, data["open"]))),
            excluded=Counter(data["excluded"]),
            total=Decimal(data["total"]),
            base=Decimal(data["base"]),
            scores={
                Decimal(value): Score(n, Decimal(weight))
                for value, n, weight in data["scores"]
            },
            last_event=data["last_event"],
        )


def _plain(number: Decimal) -> str:
    """Write a number the one way it can be written."""
    return format(number.normalize(EXACT), "f") if number else "0"


def latest(one: int | None, other: int | None) -> int | None:
    """Return the later of two instants, either of which may be missing."""
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


def unit_size(unit: Unit) -> int:
    """Microseconds in one unit of measured time; 1 for units counted in days."""
    minute = 60_000_000
    return {
        Unit.ELAPSED_SECONDS: 1_000_000,
        Unit.ELAPSED_MINUTES: minute,
        Unit.OPEN_MINUTES: minute,
        Unit.ELAPSED_HOURS: 60 * minute,
        Unit.OPEN_HOURS: 60 * minute,
        Unit.LEGAL_HOURS: 60 * minute,
        Unit.ELAPSED_DAYS: 24 * 60 * minute,
    }.get(unit, 1)

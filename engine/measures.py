"""
The kinds of indicator and their arithmetic, exact to the last digit.

Values are fractions until they are stored or shown; a target is compared with the
fraction, so 7.93 against 8 is unmet and 94.96 shown as 95.0 is unmet.

Source: the taxonomy of 323 indicators in published charters (share within a limit
38 %, every case within a limit 16 %, satisfaction mean 9 %, ...).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, Inexact, localcontext
from enum import StrEnum
from fractions import Fraction
from typing import Protocol

from engine.worktime import Unit

COMPARATORS = (">=", "<=", "=", ">", "<")

# 97.5th percentile of the normal distribution: a two-sided 95 % interval.
Z = Decimal("1.959963984540054")
PROMOTER, DETRACTOR = Decimal(9), Decimal(6)
HUNDRED = Fraction(100)


class Kind(StrEnum):
    """What an indicator measures; each kind is one way to compute a figure."""

    SHARE_WITHIN_LIMIT = "share_within_limit"
    EVERY_CASE_WITHIN_LIMIT = "every_case_within_limit"
    MEAN_DURATION = "mean_duration"
    MEDIAN_DURATION = "median_duration"
    PERCENTILE_DURATION = "percentile_duration"
    SATISFACTION_MEAN = "satisfaction_mean"
    SHARE_AT_OR_ABOVE = "share_at_or_above"
    NPS = "nps"
    RATIO = "ratio"
    COUNT = "count"

    @property
    def by_case(self) -> bool:
        """Each case is met or missed by itself."""
        return self in {Kind.SHARE_WITHIN_LIMIT, Kind.EVERY_CASE_WITHIN_LIMIT}

    @property
    def is_duration(self) -> bool:
        """The value of a case is the time it took."""
        return self in {
            Kind.MEAN_DURATION,
            Kind.MEDIAN_DURATION,
            Kind.PERCENTILE_DURATION,
        }

    @property
    def is_timed(self) -> bool:
        """A case runs from a start to a stop."""
        return self.by_case or self.is_duration

    @property
    def by_answer(self) -> bool:
        """The value of a case is a score that somebody gave."""
        return self in {Kind.SATISFACTION_MEAN, Kind.SHARE_AT_OR_ABOVE, Kind.NPS}

    @property
    def by_sum(self) -> bool:
        """Events are added up, whatever their case."""
        return self in {Kind.RATIO, Kind.COUNT}

    @property
    def is_share(self) -> bool:
        """The figure is a share of like cases, so an interval makes sense."""
        return self.by_case or self is Kind.SHARE_AT_OR_ABOVE


class Settings(Protocol):
    """What the arithmetic needs to know of a rule."""

    @property
    def at_least(self) -> Decimal | None: ...
    @property
    def percentile(self) -> Decimal | None: ...
    @property
    def duration_unit(self) -> Unit: ...
    @property
    def as_percent(self) -> bool: ...


@dataclass(slots=True)
class Tally:
    """The cases that a figure is computed over."""

    n: int = 0
    met: int = 0
    values: list[Decimal] = field(default_factory=list)
    bases: list[Decimal] = field(default_factory=list)

    def add(self, *, met: bool, value: Decimal | None, base: Decimal | None) -> None:
        """Count one case."""
        self.n += 1
        self.met += met
        if value is not None:
            self.values.append(value)
        if base is not None:
            self.bases.append(base)


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with the two numbers it comes from; no value without cases."""

    numerator: Fraction
    denominator: Fraction
    value: Fraction | None


def figure_of(kind: Kind, tally: Tally, settings: Settings) -> Figure:
    """
    Compute a figure.

    :returns: shares in percent, NPS from -100 to 100, durations in the rule's unit,
        means in points, ratios in percent unless the rule says otherwise, counts as
        they are. The value is ``None`` over nothing, except that a count of nothing
        is zero.
    """
    return FIGURES[kind](tally, settings)


def meets(value: Fraction, comparator: str, target: Decimal) -> bool:
    """
    Compare unrounded.

    :raises KeyError: if ``comparator`` is none of :data:`COMPARATORS`.
    """
    goal = Fraction(target)
    return {
        ">=": value >= goal,
        "<=": value <= goal,
        "=": value == goal,
        ">": value > goal,
        "<": value < goal,
    }[comparator]


def wilson(
    numerator: Fraction, denominator: Fraction
) -> tuple[Decimal, Decimal] | tuple[None, None]:
    """
    95 % score interval of a share, in percent, to ten decimals.

    Source: Wilson, E. B. (1927), JASA 22, 209-212, without continuity correction.
    """
    if not denominator:
        return None, None
    with localcontext() as context:
        context.prec = 40
        n = Decimal(denominator.numerator) / Decimal(denominator.denominator)
        share = Decimal(numerator.numerator) / Decimal(numerator.denominator) / n
        centre = share + Z * Z / (2 * n)
        spread = Z * (share * (1 - share) / n + Z * Z / (4 * n * n)).sqrt()
        scale = 1 + Z * Z / n
        low = max(Decimal(0), (centre - spread) / scale)
        high = min(Decimal(1), (centre + spread) / scale)
        step = Decimal("1e-10")
        return (low * 100).quantize(step), (high * 100).quantize(step)


def quantile(values: list[Decimal], share: Fraction) -> Fraction:
    """
    Linear interpolation between order statistics (Hyndman and Fan's type 7).

    It is what PostgreSQL's ``percentile_cont``, NumPy and spreadsheets compute.

    :raises IndexError: if there are no values.
    """
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    low, high = Fraction(ordered[below]), Fraction(ordered[above])
    return low + (high - low) * (position - below)


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


def _over(
    numerator: Fraction, denominator: Fraction, scale: Fraction = HUNDRED
) -> Figure:
    value = scale * numerator / denominator if denominator else None
    return Figure(numerator, denominator, value)


def _share_met(tally: Tally, _: Settings) -> Figure:
    return _over(Fraction(tally.met), Fraction(tally.n))


def _mean(tally: Tally, _: Settings) -> Figure:
    return _over(_sum(tally.values), Fraction(tally.n), Fraction(1))


def _share_at_or_above(tally: Tally, settings: Settings) -> Figure:
    bar = settings.at_least or Decimal(0)
    reached = sum(1 for value in tally.values if value >= bar)
    return _over(Fraction(reached), Fraction(tally.n))


def _nps(tally: Tally, _: Settings) -> Figure:
    promoters = sum(1 for value in tally.values if value >= PROMOTER)
    detractors = sum(1 for value in tally.values if value <= DETRACTOR)
    return _over(Fraction(promoters - detractors), Fraction(tally.n))


def _ratio(tally: Tally, settings: Settings) -> Figure:
    scale = HUNDRED if settings.as_percent else Fraction(1)
    return _over(_sum(tally.values), _sum(tally.bases), scale)


def _count(tally: Tally, _: Settings) -> Figure:
    total = _sum(tally.values)
    return Figure(total, Fraction(1), total)


def _mean_duration(tally: Tally, settings: Settings) -> Figure:
    total = _sum(tally.values) / unit_size(settings.duration_unit)
    return _over(total, Fraction(tally.n), Fraction(1))


def _median_duration(tally: Tally, settings: Settings) -> Figure:
    return _quantile_duration(tally, settings, Fraction(1, 2))


def _percentile_duration(tally: Tally, settings: Settings) -> Figure:
    share = Fraction(settings.percentile or Decimal(50)) / 100
    return _quantile_duration(tally, settings, share)


def _quantile_duration(tally: Tally, settings: Settings, share: Fraction) -> Figure:
    if not tally.values:
        return Figure(Fraction(0), Fraction(0), None)
    value = quantile(tally.values, share) / unit_size(settings.duration_unit)
    return Figure(value, Fraction(1), value)


def _sum(values: list[Decimal]) -> Fraction:
    # A hundred times as fast as adding fractions, and no less exact: the precision
    # holds any sum of values as they are stored, and rounding would be an error.
    with localcontext() as context:
        context.prec = 100
        context.traps[Inexact] = True
        return Fraction(sum(values, Decimal(0)))


FIGURES: Mapping[Kind, Callable[[Tally, Settings], Figure]] = {
    Kind.SHARE_WITHIN_LIMIT: _share_met,
    Kind.EVERY_CASE_WITHIN_LIMIT: _share_met,
    Kind.MEAN_DURATION: _mean_duration,
    Kind.MEDIAN_DURATION: _median_duration,
    Kind.PERCENTILE_DURATION: _percentile_duration,
    Kind.SATISFACTION_MEAN: _mean,
    Kind.SHARE_AT_OR_ABOVE: _share_at_or_above,
    Kind.NPS: _nps,
    Kind.RATIO: _ratio,
    Kind.COUNT: _count,
}

"""
What a promise would have given on past periods, before it is made.

Two questions, both over figures that are computed already: which periods a target
would have kept, and what the strongest target is that would have been kept in, say,
nine periods of ten. Whether to promise it is for people to say.

Source: guides on charters ask to register the current value before committing, so
that a promise goes beyond what is done anyway and can still be kept (EAPC, *Línies
bàsiques per elaborar cartes de serveis*).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from engine.measures import meets
from engine.periods import Period

NINE_IN_TEN = Fraction(9, 10)


class TargetError(ValueError):
    """A target that cannot be sought, or sought in so many periods."""


@dataclass(frozen=True, slots=True)
class Trial:
    """
    The figure of one past period.

    :ivar value: ``None`` where there was nothing to compute it over.
    :ivar n: the cases it is computed over.
    """

    period: Period
    value: Fraction | None
    n: int


@dataclass(frozen=True, slots=True)
class History:
    """The periods that a target would have kept and missed, and the others."""

    kept: tuple[Trial, ...]
    missed: tuple[Trial, ...]
    not_evaluated: tuple[Trial, ...]

    @property
    def evaluated(self) -> int:
        """Number of periods with a verdict."""
        return len(self.kept) + len(self.missed)


@dataclass(frozen=True, slots=True)
class Rung:
    """A target, or a limit, and in how many of the periods it would have been kept."""

    target: Fraction
    kept: int
    evaluated: int


def history(
    trials: Iterable[Trial],
    comparator: str,
    target: Decimal | Fraction,
    *,
    minimum_sample: int = 0,
) -> History:
    """
    Tell the past periods that a target would have kept from those it would not.

    A period without a value, or with fewer cases than the minimum sample, has no
    verdict: it neither speaks for the target nor against it.

    :param trials: in any order; the answer keeps it.
    :raises KeyError: if ``comparator`` is none of :data:`engine.measures.COMPARATORS`.
    """
    goal = Fraction(target)
    kept: list[Trial] = []
    missed: list[Trial] = []
    others: list[Trial] = []
    for trial in trials:
        if trial.value is None or trial.n < minimum_sample:
            others.append(trial)
        elif meets(trial.value - goal, comparator, Decimal(0)):
            kept.append(trial)
        else:
            missed.append(trial)
    return History(tuple(kept), tuple(missed), tuple(others))


def strongest_target(
    trials: Iterable[Trial],
    comparator: str,
    *,
    kept_in: Fraction = NINE_IN_TEN,
    minimum_sample: int = 0,
    step: Decimal | None = None,
) -> Fraction | None:
    """
    Find the strongest target that would have been kept in enough of the periods.

    For ``>=`` it is the greatest value that enough periods reached, for ``<=`` the
    least that enough did not exceed. Periods with equal values are kept or missed
    together, so more of them may be kept than was asked. Any stronger target would
    have been kept in too few.

    A target that must be exceeded (``>``, ``<``) has no strongest one, only a
    strongest multiple of a step. None can be sought for ``=``.

    :param kept_in: share of the evaluated periods, above 0 and at most 1.
    :param minimum_sample: periods with fewer cases are not evaluated.
    :param step: targets are multiples of it; rounded to the weaker side.
    :returns: ``None`` if no period can be evaluated.
    :raises TargetError: if there is no strongest target for ``comparator``, or
        ``kept_in`` or ``step`` is out of bounds.
    """
    upwards = _upwards(comparator)
    if step is None and comparator in {">", "<"}:
        msg = f"no target is the strongest for {comparator!r} without a step"
        raise TargetError(msg)
    values = [
        trial.value
        for trial in trials
        if trial.value is not None and trial.n >= minimum_sample
    ]
    needed = _needed(kept_in, len(values))
    if not values:
        return None
    strongest = sorted(values, reverse=upwards)[needed - 1]
    if step is None:
        return strongest
    return _weakened(strongest, step, upwards=upwards, beyond=comparator in {">", "<"})


def strongest_limit(
    spent_by_period: Mapping[Period, Sequence[int | None]],
    share: Decimal,
    *,
    kept_in: Fraction = NINE_IN_TEN,
    minimum_sample: int = 0,
    step: int = 1,
) -> int | None:
    """
    Find the shortest limit that enough cases kept in enough of the periods.

    :param spent_by_period: what each case of a period took, in one unit, as
        :func:`engine.worktime.elapsed` gives it; ``None`` for a case that never
        finished, which no limit is long enough for. A case is kept if it took no
        more than the limit.
    :param share: promised share of the cases, in percent, above 0 and at most 100.
    :param kept_in: share of the evaluated periods, above 0 and at most 1.
    :param minimum_sample: periods with fewer cases are not evaluated; those without
        any never are.
    :param step: limits are multiples of it, such as the microseconds of an hour.
    :returns: in the same unit; ``None`` if no period can be evaluated, or too many
        cases never finished for any limit.
    :raises TargetError: if ``share``, ``kept_in`` or ``step`` is out of bounds.
    """
    limits = _limits_needed(spent_by_period, share, minimum_sample)
    needed = _needed(kept_in, len(limits))
    if not limits:
        return None
    shortest = _order_statistic(limits, needed)
    if shortest is None:
        return None
    return int(_weakened(Fraction(shortest), Decimal(step), upwards=False))


def ladder(
    trials: Iterable[Trial],
    comparator: str,
    around: Decimal | Fraction,
    *,
    step: Decimal,
    rungs: int = 2,
    least: Decimal | None = None,
    most: Decimal | None = None,
    minimum_sample: int = 0,
) -> tuple[Rung, ...]:
    """
    Say of some targets in how many of the periods each would have been kept.

    "95 % in 19 of 24 months; 92 % in 24."

    :param around: the target in the middle.
    :param step: between two targets.
    :param rungs: number of targets on either side.
    :param least: targets below it are left out, as below 0 for a share.
    :param most: targets above it are left out, as above 100 for a share.
    :returns: from the strongest target to the weakest.
    :raises TargetError: if ``comparator`` gives no order of strength, or ``step`` is
        not above 0.
    """
    upwards = _upwards(comparator)
    _refuse_step(step)
    past = tuple(trials)
    found = []
    for place in _places(rungs, upwards=upwards):
        target = Fraction(around) + place * Fraction(step)
        if _within(target, least, most):
            told = history(past, comparator, target, minimum_sample=minimum_sample)
            found.append(Rung(target, len(told.kept), told.evaluated))
    return tuple(found)


def limit_ladder(
    spent_by_period: Mapping[Period, Sequence[int | None]],
    share: Decimal,
    around: int,
    *,
    step: int = 1,
    rungs: int = 2,
    minimum_sample: int = 0,
) -> tuple[Rung, ...]:
    """
    Say of some limits in how many of the periods each would have been kept.

    :param spent_by_period: see :func:`strongest_limit`, as for ``share``.
    :param around: the limit in the middle, in the unit of what cases took.
    :param step: between two limits.
    :param rungs: number of limits on either side; none is below 0.
    :returns: from the shortest limit to the longest.
    :raises TargetError: if ``share`` or ``step`` is out of bounds.
    """
    _refuse_step(Decimal(step))
    limits = _limits_needed(spent_by_period, share, minimum_sample)
    found = []
    for place in _places(rungs, upwards=False):
        tried = around + place * step
        if tried >= 0:
            kept = sum(1 for limit in limits if limit is not None and limit <= tried)
            found.append(Rung(Fraction(tried), kept, len(limits)))
    return tuple(found)


def _upwards(comparator: str) -> bool:
    """Say whether a stronger target is a higher one."""
    if comparator in {">=", ">"}:
        return True
    if comparator in {"<=", "<"}:
        return False
    msg = f"targets have no order of strength for {comparator!r}"
    raise TargetError(msg)


def _needed(kept_in: Fraction, periods: int) -> int:
    """Return the least number of periods that is such a share of them."""
    if not 0 < kept_in <= 1:
        msg = f"a share of periods lies above 0 and is at most 1: {kept_in}"
        raise TargetError(msg)
    return math.ceil(kept_in * periods)


def _refuse_step(step: Decimal) -> None:
    if step <= 0:
        msg = f"a step must be above 0: {step}"
        raise TargetError(msg)


def _weakened(
    value: Fraction, step: Decimal, *, upwards: bool, beyond: bool = False
) -> Fraction:
    """
    Return the strongest multiple of a step that is no stronger than a value.

    :param beyond: it must be weaker.
    """
    _refuse_step(step)
    size = Fraction(step)
    steps = math.floor(value / size) if upwards else math.ceil(value / size)
    if beyond and steps * size == value:
        steps += -1 if upwards else 1
    return steps * size


def _limits_needed(
    spent_by_period: Mapping[Period, Sequence[int | None]],
    share: Decimal,
    minimum_sample: int,
) -> list[int | None]:
    """Return the shortest limit that each evaluated period would have kept."""
    if not 0 < share <= 100:
        msg = f"a share of cases lies above 0 and is at most 100: {share}"
        raise TargetError(msg)
    return [
        _order_statistic(spent, math.ceil(Fraction(share) * len(spent) / 100))
        for spent in spent_by_period.values()
        if spent and len(spent) >= minimum_sample
    ]


def _order_statistic(values: Sequence[int | None], rank: int) -> int | None:
    """Return the value of a rank, from 1, where ``None`` is beyond all numbers."""
    finite = sorted(value for value in values if value is not None)
    return finite[rank - 1] if rank <= len(finite) else None


def _places(rungs: int, *, upwards: bool) -> range:
    """Return the steps away from the middle, from the strongest side on."""
    return range(rungs, -rungs - 1, -1) if upwards else range(-rungs, rungs + 1)


def _within(target: Fraction, least: Decimal | None, most: Decimal | None) -> bool:
    return (least is None or target >= least) and (most is None or target <= most)

"""
Figures that somebody declares where no events measure them.

The declared numbers are compared with the target as measured ones are, unrounded, and
with the same words when there is no verdict. Nothing here is ever added to what was
measured: a declared figure stands for its own period alone.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from engine.compliance import Status
from engine.figures import Figure
from engine.measures import Kind, meets
from engine.periods import Period
from engine.rules import Goal, Rule
from engine.statistics import wilson

HUNDRED = Fraction(100)
# A part of a whole of like things: cases, answers, days, dates.
BY_PARTS = frozenset(
    {
        Kind.SHARE_WITHIN_LIMIT,
        Kind.EVERY_CASE_WITHIN_LIMIT,
        Kind.TWO_TIER_REMAINDER,
        Kind.SHARE_AT_OR_ABOVE,
        Kind.SHARE,
        Kind.SCHEDULE_FREQUENCY,
        Kind.MILESTONE,
        Kind.SHARE_OF_DAYS,
    }
)
# What a milestone was is told by its dates alone; a trend by the figures it compares.
ONLY_PARTS = frozenset({Kind.MILESTONE})
NEVER = frozenset({Kind.TREND})


class DeclaredError(ValueError):
    """
    Numbers that make no figure of the indicator.

    :ivar code: ``never`` (the kind cannot be declared), ``parts_or_value`` (give the
        two parts or the value), ``parts`` (this kind needs the two parts), ``whole``
        (both parts are whole numbers), ``over_nothing``, ``part_above_whole``,
        ``n_is_whole`` (n is what the part is taken of), ``out_of_range``.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Declared:
    """
    What is declared of a period: two parts or a value, and over how many.

    :ivar n: cases, answers, days or hours, as the kind counts; at least one.
    :ivar value: in the unit of the indicator; of a share in per cent.
    """

    n: int
    value: Decimal | None = None
    numerator: Decimal | None = None
    denominator: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    A declared figure and what it says of the target.

    :ivar parts: whether the two parts are known; without them a share has no interval.
    :ivar goal: what it was compared with, ``None`` if with nothing.
    """

    figure: Figure
    status: Status
    goal: Goal | None
    parts: bool


def can_be_declared(kind: Kind) -> bool:
    """Say whether a figure of a kind can be declared at all."""
    return kind not in NEVER


def takes_parts(rule: Rule) -> bool:
    """Say whether a figure of a rule may be told as one number of another."""
    return rule.kind in BY_PARTS or _is_quotient(rule)


def judge_declared(
    said: Declared, rule: Rule, period: Period, *, suspended: bool
) -> Verdict:
    """
    Compare what is declared of a period with its target.

    :param period: the whole official one; the rule is that which judges it.
    :param suspended: a suspension touches the period: nobody can say which of the
        declared cases it takes out, so there is no verdict.
    :raises DeclaredError: if the numbers make no figure.
    """
    figure = figure_of_declared(said, rule)
    goal, one_goal = rule.goal_for(period)
    parts = said.numerator is not None
    if suspended:
        return Verdict(figure, Status.SUSPENDED, goal, parts)
    status = _status(figure, goal if one_goal else None, rule)
    return Verdict(figure, status, goal, parts)


def figure_of_declared(said: Declared, rule: Rule) -> Figure:
    """
    Return the figure that declared numbers make.

    :raises DeclaredError: if they make none.
    """
    if not can_be_declared(rule.kind):
        raise DeclaredError("never")
    if (said.numerator is None) != (said.denominator is None) or (
        (said.numerator is None) == (said.value is None)
    ):
        raise DeclaredError("parts_or_value")
    if said.n < 1:
        raise DeclaredError("over_nothing")
    if said.numerator is not None and said.denominator is not None:
        return _of_parts(said.numerator, said.denominator, said.n, rule)
    if rule.kind in ONLY_PARTS:
        raise DeclaredError("parts")
    value = Fraction(said.value or 0)
    _refuse_range(value, rule)
    return Figure(value, Fraction(1), value, said.n)


def _is_quotient(rule: Rule) -> bool:
    if rule.kind is Kind.OPENING_HOURS:
        return rule.as_percent
    return rule.kind in {Kind.RATIO, Kind.AVAILABILITY}


def _of_parts(part: Decimal, whole: Decimal, n: int, rule: Rule) -> Figure:
    if not takes_parts(rule):
        raise DeclaredError("parts_or_value")
    if part < 0 or whole <= 0:
        raise DeclaredError("over_nothing")
    if part > whole and rule.kind in BY_PARTS | {Kind.AVAILABILITY}:
        raise DeclaredError("part_above_whole")
    scale = HUNDRED if rule.kind is not Kind.RATIO or rule.as_percent else Fraction(1)
    one, other = Fraction(part), Fraction(whole)
    found = Figure(one, other, scale * one / other, n)
    return _of_like_things(found, rule.kind) if rule.kind in BY_PARTS else found


def _of_like_things(found: Figure, kind: Kind) -> Figure:
    """Tell the two sides of a share apart, with the interval that chance gives it."""
    if found.numerator.denominator != 1 or found.denominator.denominator != 1:
        raise DeclaredError("whole")
    good, whole = int(found.numerator), int(found.denominator)
    if found.n != whole:
        raise DeclaredError("n_is_whole")
    found = replace(found, met=good, missed=whole - good)
    if not kind.is_share:
        return found
    low, high = wilson(found.numerator, found.denominator)
    return replace(found, low=low, high=high)


Range = tuple[Decimal | None, Decimal | None]
RANGES: dict[Kind, Callable[[Rule], Range]] = {
    Kind.SATISFACTION_MEAN: lambda rule: (rule.scale_min, rule.scale_max),
    Kind.NPS: lambda rule: (Decimal(-100), Decimal(100)),
    Kind.RATIO: lambda rule: (Decimal(0), None),
    Kind.COUNT: lambda rule: (Decimal(0), None),
}


def _refuse_range(value: Fraction, rule: Rule) -> None:
    """Refuse a value that no figure of the kind can have."""
    if rule.kind in RANGES:
        least, most = RANGES[rule.kind](rule)
    else:
        percent = rule.kind in BY_PARTS or _is_quotient(rule)
        least, most = Decimal(0), Decimal(100) if percent else None
    if (least is not None and value < least) or (most is not None and value > most):
        raise DeclaredError("out_of_range")


def _status(figure: Figure, goal: Goal | None, rule: Rule) -> Status:
    if figure.n < rule.minimum_sample:
        return Status.TOO_FEW_CASES
    if goal is None or figure.value is None:
        return Status.NOT_EVALUATED
    kept = meets(figure.value, goal.comparator, goal.target)
    return Status.MET if kept else Status.UNMET

"""What the past says of a draft's target, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, ngettext

from core.text import words
from engine.feasibility import History, Rung, Trial
from engine.measures import Kind
from engine.periods import PeriodKind
from indicators.enums import ResultStatus
from indicators.models import IndicatorRule
from indicators.queries.computing import stored
from indicators.queries.feasibility import Feasibility, in_order
from web.charts import Point, trend_chart
from web.presenters.figures import axis_words, short_value
from web.presenters.goals import goal_words
from web.presenters.numbers import PERCENT, number, quantity, rounded, unit_of
from web.presenters.periods import day_words, long_name, short_name

VERDICTS = {
    True: ResultStatus.MET,
    False: ResultStatus.UNMET,
    None: ResultStatus.TOO_FEW_CASES,
}


@dataclass(frozen=True, slots=True)
class RungView:
    """A target or a limit, and in how many of the periods it would have been kept."""

    words: str
    kept: str
    own: bool
    strongest: bool


@dataclass(frozen=True, slots=True)
class TrialView:
    """The figure of one past period."""

    period: str
    value: str
    n: str
    status: str


@dataclass(frozen=True, slots=True)
class FeasibilityView:
    """A page about one target and its past."""

    summary: tuple[str, ...]
    since: str
    chart: SafeString
    targets: tuple[RungView, ...]
    limits: tuple[RungView, ...]
    trials: tuple[TrialView, ...]


def feasibility_view(
    found: Feasibility, rule: IndicatorRule, *, language: str
) -> FeasibilityView:
    """Put what the past says into words, the newest period first."""
    summary = [
        _target_sentence(found, rule),
        _strongest_sentence(found, rule),
        _limit_sentence(found, rule),
    ]
    told = tuple(sentence for sentence in summary if sentence)
    return FeasibilityView(
        summary=told,
        since=day_words(found.since) if found.since else "",
        chart=_chart(found, rule, " ".join(told), language),
        targets=tuple(_target(rung, found, rule) for rung in found.ladder),
        limits=tuple(_limit(rung, found, rule) for rung in found.limits),
        trials=tuple(
            _trial(trial, status, rule) for trial, status in reversed(_judged(found))
        ),
    )


def _judged(found: Feasibility) -> list[tuple[Trial, ResultStatus]]:
    if found.told is None:
        return [(trial, _undecided(trial)) for trial in found.trials]
    return [
        (trial, _undecided(trial) if kept is None else VERDICTS[kept])
        for trial, kept in in_order(found.told)
    ]


def _undecided(trial: Trial) -> ResultStatus:
    if trial.value is None:
        return ResultStatus.NO_CASES
    return ResultStatus.TOO_FEW_CASES if trial.n else ResultStatus.NO_CASES


def _periods(count: int, rule: IndicatorRule) -> str:
    """Say how many periods, in the rule's kind."""
    several = {
        PeriodKind.MONTH: ngettext("%(n)s month", "%(n)s months", count),
        PeriodKind.QUARTER: ngettext("%(n)s quarter", "%(n)s quarters", count),
        PeriodKind.SEMESTER: ngettext("%(n)s half-year", "%(n)s half-years", count),
        PeriodKind.YEAR: ngettext("%(n)s year", "%(n)s years", count),
    }
    return several[PeriodKind(rule.period or PeriodKind.MONTH)] % {"n": number(count)}


def _target_sentence(found: Feasibility, rule: IndicatorRule) -> str:
    told: History | None = found.told
    if told is None:
        return ""
    if not told.evaluated:
        return _("No past period has enough cases to say whether it would be kept.")
    return _("This target would have been kept in %(kept)s of %(periods)s.") % {
        "kept": number(len(told.kept)),
        "periods": _periods(told.evaluated, rule),
    }


def _strongest_sentence(found: Feasibility, rule: IndicatorRule) -> str:
    if found.strongest is None:
        return ""
    return _(
        "The strongest target that would have been kept in nine of ten: %(target)s."
    ) % {"target": goal_words(rule.comparator, _exact(found.strongest), unit_of(rule))}


def _limit_sentence(found: Feasibility, rule: IndicatorRule) -> str:
    if not found.limits:
        return ""
    if found.limit is None:
        return _(
            "No limit would have been kept in nine of ten: too many cases never ended."
        )
    return _(
        "With the promised share of cases, the shortest limit that would have been "
        "kept in nine of ten: %(limit)s."
    ) % {"limit": _limit_words(found.limit, rule)}


def _limit_words(amount: int, rule: IndicatorRule) -> str:
    return quantity(Decimal(amount), rule.definition["limit"]["unit"])


def _target(rung: Rung, found: Feasibility, rule: IndicatorRule) -> RungView:
    return RungView(
        words=goal_words(rule.comparator, _exact(rung.target), unit_of(rule)),
        kept=_kept(rung, rule),
        own=rule.target is not None and rung.target == rule.target,
        strongest=rung.target == found.strongest,
    )


def _limit(rung: Rung, found: Feasibility, rule: IndicatorRule) -> RungView:
    own = Decimal(str(rule.definition["limit"]["amount"]))
    return RungView(
        words=_limit_words(int(rung.target), rule),
        kept=_kept(rung, rule),
        own=rung.target == own,
        strongest=rung.target == found.limit,
    )


def _kept(rung: Rung, rule: IndicatorRule) -> str:
    return _("%(kept)s of %(periods)s") % {
        "kept": number(rung.kept),
        "periods": _periods(rung.evaluated, rule),
    }


def _trial(trial: Trial, status: ResultStatus, rule: IndicatorRule) -> TrialView:
    value = ""
    if trial.value is not None:
        shown = rounded(
            _exact(trial.value), comparator=rule.comparator, target=rule.target
        )
        value = quantity(shown, unit_of(rule))
    return TrialView(
        period=long_name(trial.period),
        value=value,
        n=number(trial.n),
        status=ResultStatus.NOT_EVALUATED
        if rule.target is None and trial.value is not None
        else status,
    )


def _chart(
    found: Feasibility, rule: IndicatorRule, summary: str, language: str
) -> SafeString:
    judged = _judged(found)
    if len(judged) < 2:
        return SafeString("")
    bounded = unit_of(rule) == PERCENT and rule.kind not in {Kind.RATIO, Kind.TREND}
    return trend_chart(
        _points(judged),
        chart_id=f"past-{rule.pk}",
        target=rule.target,
        title=words(rule.name, language).text or rule.indicator.code,
        description=summary,
        y_label=axis_words(rule),
        lower_is_better=rule.comparator in {"<=", "<"},
        number_format=lambda value: short_value(value, rule),
        ceiling=Decimal(100) if bounded else None,
    )


def _points(judged: Sequence[tuple[Trial, ResultStatus]]) -> list[Point]:
    return [
        Point(
            label=short_name(trial.period),
            long_label=long_name(trial.period),
            value=None if trial.value is None else _exact(trial.value),
            status=status,
            n=trial.n,
        )
        for trial, status in judged
    ]


def _exact(value: Fraction) -> Decimal:
    return stored(value)

"""What a figure is compared with, in words."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _, gettext_lazy

from engine.periods import Period
from engine.rules import DatedGoal, Milestone, Rule, RuleError, Season, Span
from indicators.models import IndicatorRule
from indicators.queries.computing import engine_rule
from web.presenters.numbers import quantity, unit_of
from web.presenters.periods import LEAP_YEAR, day_of_year_words, day_words

TARGETS: dict[str, LazyText] = {
    ">=": gettext_lazy("target at least %(target)s"),
    "<=": gettext_lazy("target at most %(target)s"),
    "=": gettext_lazy("target exactly %(target)s"),
    ">": gettext_lazy("target more than %(target)s"),
    "<": gettext_lazy("target less than %(target)s"),
}
# The same where "target" stands already, as the heading of a column.
GOALS: dict[str, LazyText] = {
    ">=": gettext_lazy("at least %(target)s"),
    "<=": gettext_lazy("at most %(target)s"),
    "=": gettext_lazy("exactly %(target)s"),
    ">": gettext_lazy("more than %(target)s"),
    "<": gettext_lazy("less than %(target)s"),
}


def target_words(
    comparator: str, target: Decimal | None, unit: str, *, signed: bool = False
) -> str:
    """Say what a figure is compared with; empty if with nothing."""
    if target is None or comparator not in TARGETS:
        return ""
    return str(TARGETS[comparator]) % {"target": quantity(target, unit, signed=signed)}


def goal_words(
    comparator: str, target: Decimal | None, unit: str, *, signed: bool = False
) -> str:
    """Say the same for a place that is headed "target" already."""
    if target is None or comparator not in GOALS:
        return ""
    return str(GOALS[comparator]) % {"target": quantity(target, unit, signed=signed)}


def read_rule(rule: IndicatorRule) -> Rule | None:
    """Return the rule as the engine reads it; ``None`` of a draft that it cannot."""
    try:
        return engine_rule(rule)
    except RuleError:
        return None


def goals_of(rule: IndicatorRule) -> tuple[str, ...]:
    """Say every target of an indicator: its own, and those of seasons, years, sites."""
    return tuple(goal for goal in _goals(rule) if goal)


def _goals(rule: IndicatorRule) -> Iterator[str]:
    read = read_rule(rule)
    if read is not None and read.milestone is not None:
        yield milestone_words(read.milestone)
        return
    unit, signed = unit_of(rule), read is not None and read.trend is not None
    yield goal_words(rule.comparator, rule.target, unit, signed=signed)
    for item in read.targets if read is not None else ():
        goal = item.goal
        words = goal_words(goal.comparator, goal.target, unit, signed=signed)
        yield ", ".join([words, *_holding(item)])


def _holding(item: DatedGoal) -> Iterator[str]:
    """Say when and where a target holds."""
    if item.segment:
        yield _("for “%(segment)s”") % {"segment": item.segment}
    if item.span.season is not None:
        yield _season_words(item.span.season)
    days = _span_words(item.span)
    if days:
        yield days


def _season_words(season: Season) -> str:
    month, day = season.until
    last = date(LEAP_YEAR, month, day) - timedelta(days=1)
    return _("from %(first)s to %(last)s of every year") % {
        "first": day_of_year_words(*season.from_),
        "last": day_of_year_words(last.month, last.day),
    }


def _span_words(span: Span) -> str:
    last = span.until_on and span.until_on - timedelta(days=1)
    parts = {
        "first": day_words(span.from_on) if span.from_on else "",
        "last": day_words(last) if last else "",
    }
    if span.from_on and last:
        return _("from %(first)s to %(last)s") % parts
    if span.from_on:
        return _("from %(first)s on") % parts
    return _("until %(last)s") % parts if last else ""


def milestone_words(milestone: Milestone) -> str:
    """Say by when something is to be done."""
    if milestone.on is not None:
        return _("done by %(date)s") % {"date": day_words(milestone.on)}
    return _("done by %(day)s of every year") % {
        "day": day_of_year_words(*(milestone.yearly or (12, 31)))
    }


def due_day(rule: IndicatorRule, period: Period) -> date | None:
    """Return the day by which something is to be done in a period; ``None`` if none."""
    read = read_rule(rule)
    if read is None or read.milestone is None:
        return None
    days = read.milestone.due_in(period.start, period.end)
    return days[0] if days else None


def changes_within(rule: IndicatorRule, period: Period, segment: str) -> bool:
    """Say whether an indicator's target changes within a period."""
    read = read_rule(rule)
    return read is not None and not read.goal_for(period, segment)[1]

"""
Which figures a case is part of.

Its place is a month and a segment; the ledger lines around it are those that read it.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from engine.cases import Fact
from engine.periods import Period, PeriodKind, period_of, periods_between
from indicators.models import MonthSum
from indicators.queries.computing import Plan

Place = tuple[date, str]
Cell = tuple[Period, str]


def places_of(plan: Plan, facts: Iterable[Fact], at: datetime) -> set[Place]:
    """
    Return the months and segments of whose figures facts are part.

    A stretch of time is part of those of every month it reaches into.
    """
    if not plan.rule.cases.kind.by_span:
        return {(fact.counted_on.replace(day=1), fact.segment) for fact in facts}
    return {
        (month, fact.segment)
        for fact in facts
        for month in _months_of(fact, plan.zone, at)
    }


def _months_of(fact: Fact, zone: ZoneInfo, at: datetime) -> set[date]:
    until = max(fact.ended_at or at, fact.began_at).astimezone(zone).date()
    months = periods_between(
        fact.counted_on, until + timedelta(days=1), PeriodKind.MONTH
    )
    return {fact.counted_on.replace(day=1)} | {month.start for month in months}


def cells_around(plan: Plan, places: set[Place]) -> set[Cell]:
    """
    Return the ledger lines that facts counted at these places are part of.

    Sums are those of the facts: where a promise holds up to a demand, cases of one
    segment change what becomes of those of every other.
    """
    return {
        (period, part)
        for month, segment in places | _sharing_demand(plan, places)
        for kind in plan.kinds
        for period in _read_by(plan, period_of(month, kind))
        for part in {"", segment}
    }


def _sharing_demand(plan: Plan, places: set[Place]) -> set[Place]:
    """Return every segment of the months in which a demand counts all cases."""
    months = {month for month, _segment in places}
    demanding = {m for m in months if plan.rule_of_month(m).cases.demand is not None}
    if not demanding:
        return set()
    sums = MonthSum.objects.filter(
        indicator=plan.indicator, month_start__in=demanding
    ).values_list("month_start", "segment")
    return set(sums)


def _read_by(plan: Plan, period: Period) -> list[Period]:
    """Return the periods whose figures read a period's cases: a trend's look back."""
    trend = plan.rule.trend
    if trend is None:
        return [period]
    later = period_of(period.end, period.kind)
    return [period, later.year_after if trend.year_before else later]

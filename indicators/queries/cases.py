"""The cases of an indicator, page by page: what became of each, seen at an instant."""

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.db.models import Q, QuerySet

from engine.cases import Fact, Outcome
from engine.compliance import seen
from engine.periods import Period, PeriodKind, add_months
from engine.rules import Demand
from indicators.models import CaseFact, Indicator, Result
from indicators.queries.computing import FACT_FIELDS, Plan, counted_in
from indicators.queries.explaining import came_by_slot

KEY = ("case_key", "source", "part")
Days = tuple[date, date]


class CaseGroup(StrEnum):
    """What became of a case, as seen at an instant."""

    MET = "met"
    MISSED = "missed"
    PENDING = "pending"
    COUNTED = "counted"
    EXCLUDED = "excluded"
    NOT_COMPUTABLE = "not_computable"


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """
    Which cases to list.

    :ivar period: those counted in it; all by default.
    :ivar reason: of those that are left out.
    """

    period: Period | None = None
    group: CaseGroup | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CaseLine:
    """
    A case in the list.

    :ivar outcome: as seen at the instant, ``reason`` why it does not count.
    """

    fact: Fact
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class CasePage:
    """
    Some cases, those counted last first.

    :ivar following: the cursor of the next page; empty on the last one.
    """

    lines: tuple[CaseLine, ...]
    following: str


def case_page(
    plan: Plan, chosen: CaseFilter, *, as_of: datetime, after: str = "", size: int = 50
) -> CasePage:
    """
    Return a page of an indicator's cases; a fixed number of queries.

    :param after: the cursor that the page before gave; what is none begins anew.
    """
    crowds = list(_crowds(plan, chosen.period))
    rows = _rows(plan.indicator, chosen.period)
    rows = rows.filter(_group(plan, chosen, crowds, as_of))
    place = _place(after)
    if place is not None:
        rows = rows.filter(_behind(*place))
    found = list(rows.values_list(*FACT_FIELDS)[: size + 1])
    facts = [Fact(row[0], Outcome(row[1]), *row[2:]) for row in found[:size]]
    return CasePage(
        lines=tuple(_line(plan, fact, crowds, as_of) for fact in facts),
        following=_cursor(facts[-1]) if len(found) > size else "",
    )


def ledger_periods(
    indicator: Indicator, kind: PeriodKind, *, most: int
) -> list[tuple[Period, frozenset[str]]]:
    """Return the newest periods of the ledger, with the reasons why cases are left out."""
    lines = (
        Result.objects.filter(indicator=indicator, period_kind=kind, segment="")
        .order_by("-period_start", "-revision")
        .distinct("period_start")
        .values_list("period_start", "period_end", "excluded")[:most]
    )
    return [
        (Period(start, end, kind), frozenset(excluded))
        for start, end, excluded in lines
    ]


def _rows(indicator: Indicator, period: Period | None) -> QuerySet[CaseFact]:
    rows = CaseFact.objects.filter(indicator=indicator)
    if period is not None:
        rows = rows.filter(counted_in(period.start, period.end))
    return rows.order_by("-counted_on", *KEY)


def _line(plan: Plan, fact: Fact, crowds: Iterable[Days], as_of: datetime) -> CaseLine:
    if fact.outcome is not Outcome.EXCLUDED and _is_in(fact.counted_on, crowds):
        return CaseLine(fact, Outcome.EXCLUDED, "demand")
    rule = plan.rule_of_month(fact.counted_on.replace(day=1))
    outcome = seen(fact, rule, as_of)
    if outcome is Outcome.EXCLUDED is not fact.outcome:
        return CaseLine(fact, outcome, "open")
    return CaseLine(fact, outcome, fact.reason)


def _is_in(day: date, ranges: Iterable[Days]) -> bool:
    return any(start <= day < end for start, end in ranges)


# What was crowded: days or months on which more came than was promised for.


def _crowds(plan: Plan, period: Period | None) -> Iterator[Days]:
    demands = {promise.rule.cases.demand for promise in plan.promises} - {None}
    if not demands:
        return
    start, end = _bounds(plan.indicator, period)
    for demand in demands:
        if demand is not None and start < end:
            yield from _crowds_of(plan, demand, start, end)


def _bounds(indicator: Indicator, period: Period | None) -> Days:
    if period is not None:
        return period.start, period.end
    days = CaseFact.objects.filter(indicator=indicator).order_by("counted_on")
    first, last = (
        rows.values_list("counted_on", flat=True).first()
        for rows in (days, days.reverse())
    )
    if first is None or last is None:
        return date.max, date.min
    return first.replace(day=1), last + timedelta(days=1)


def _crowds_of(plan: Plan, demand: Demand, start: date, end: date) -> Iterator[Days]:
    for slot, came in came_by_slot(plan.indicator, demand, start, end).items():
        rule = plan.rule_of_month(slot.replace(day=1))
        if rule.cases.demand == demand and came > demand.at_most:
            monthly = demand.per == "month"
            yield slot, add_months(slot, 1) if monthly else slot + timedelta(days=1)


# What is asked for, as a condition on rows.


def _group(plan: Plan, chosen: CaseFilter, crowds: list[Days], as_of: datetime) -> Q:
    crowded = Q(pk__in=[])
    for start, end in crowds:
        crowded |= counted_in(start, end)
    crowded &= ~Q(outcome=Outcome.EXCLUDED)
    if chosen.reason:
        return _because(plan, chosen, crowded, as_of)
    if chosen.group is None:
        return Q()
    if chosen.group is CaseGroup.EXCLUDED:
        late = _late(plan, chosen.period, as_of)
        left_out = Q(pk__in=[]) if _late_is_missed(plan, chosen.period) else late
        return Q(outcome=Outcome.EXCLUDED) | crowded | left_out
    return _counting(plan, chosen, as_of) & ~crowded


def _counting(plan: Plan, chosen: CaseFilter, as_of: datetime) -> Q:
    """Choose by outcome among the cases that are not left out."""
    late = _late(plan, chosen.period, as_of)
    if chosen.group is CaseGroup.PENDING:
        return Q(outcome=Outcome.OPEN) & ~late
    if chosen.group is CaseGroup.MISSED and _late_is_missed(plan, chosen.period):
        return Q(outcome=Outcome.MISSED) | late
    return Q(outcome=str(chosen.group))


def _because(plan: Plan, chosen: CaseFilter, crowded: Q, as_of: datetime) -> Q:
    """Choose by the reason why cases are left out."""
    if chosen.reason == "demand":
        return crowded
    if chosen.reason == "suspended":
        return Q(suspended=True)
    if chosen.reason == "open" and not _late_is_missed(plan, chosen.period):
        return _late(plan, chosen.period, as_of)
    return Q(outcome=Outcome.EXCLUDED, reason=chosen.reason)


def _late(plan: Plan, period: Period | None, as_of: datetime) -> Q:
    """Choose the open cases that are due, where that says something of a case."""
    late = Q(outcome=Outcome.OPEN, due_at__lte=as_of)
    return late if plan.rule.cases.kind.by_case else Q(pk__in=[])


def _late_is_missed(plan: Plan, period: Period | None) -> bool:
    rule = plan.rule if period is None else plan.rule_of_month(period.start)
    return rule.cases.open_past_due == "missed"


# Pages by key: a page costs the same however far down it is.


def _behind(day: date, key: tuple[str, str, str]) -> Q:
    """Choose what comes after a place in the order of the list."""
    behind, same = Q(counted_on__lt=day), Q(counted_on=day)
    for name, value in zip(KEY, key, strict=True):
        behind |= same & Q(**{f"{name}__gt": value})
        same &= Q(**{name: value})
    return behind


def _cursor(fact: Fact) -> str:
    place = [fact.counted_on.isoformat(), fact.case, fact.source, fact.part]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _place(cursor: str) -> tuple[date, tuple[str, str, str]] | None:
    try:
        day, *key = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        case, source, part = (str(word).replace("\x00", "") for word in key)
        return date.fromisoformat(day), (case, source, part)
    except (binascii.Error, TypeError, ValueError):
        return None

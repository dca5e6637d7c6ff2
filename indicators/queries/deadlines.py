"""Terms that an organisation promises today, and the calendars they are counted with."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from accounts.models import Organisation
from charters.queries.editions import in_force
from engine.measures import Kind
from engine.periods import Period, PeriodKind
from engine.rules import Condition, Goal, Limit, Rule, Sense
from engine.worktime import Term
from indicators.models import CalendarVersion, IndicatorRule
from indicators.queries.computing import engine_rule

# Kinds that promise a term to each case that comes.
PROMISING = (Kind.EVERY_CASE_WITHIN_LIMIT, Kind.SHARE_WITHIN_LIMIT)


@dataclass(frozen=True, slots=True)
class PromisedTerm:
    """
    A term within which something is promised to whoever comes on a day.

    :ivar code: names it among the organisation's: that of the indicator, with a number
        if the indicator has several terms.
    :ivar conditions: of the cases that it is for; empty if for every one.
    :ivar calendar: what it is counted with, as of now.
    """

    code: str
    row: IndicatorRule
    rule: Rule
    term: Term
    conditions: tuple[Condition, ...]
    calendar: CalendarVersion | None

    def goal_on(self, day: date) -> Goal | None:
        """Return for how many of the cases of a day it is promised."""
        alone = Period(day, day + timedelta(days=1), PeriodKind.MONTH)
        goal, _one = self.rule.goal_for(alone)
        return goal


def promised_terms(
    organisation: Organisation, *, on: date, versions: Mapping[int, CalendarVersion]
) -> list[PromisedTerm]:
    """
    Return the terms that charters in force promise to what begins on a day.

    Notices, terms that the case itself carries and what is left for the remainder of
    the cases are not among them. One query.

    :param versions: what each calendar says, by its key (:func:`newest_versions`).
    """
    rows = (
        IndicatorRule.objects.filter(
            edition__in=in_force(on=on).filter(organisation=organisation),
            kind__in=[kind.value for kind in PROMISING],
        )
        .select_related("edition__charter", "commitment", "indicator")
        .order_by("edition__charter__slug", "position", "pk")
    )
    return [
        term
        for row in rows
        for term in _terms(row, versions.get(row.calendar_id or 0), on)
    ]


def promises_a_term(row: IndicatorRule) -> bool:
    """Say whether a published rule promises a term to cases that come."""
    if row.kind not in PROMISING:
        return False
    rule = engine_rule(row)
    limits = [rule.limit, *(item.limit for item in rule.limits)]
    return any(limit is not None and _term(limit) is not None for limit in limits)


def newest_versions(organisation: Organisation) -> dict[int, CalendarVersion]:
    """Return what each calendar of an organisation says now, by its key. One query."""
    rows = (
        CalendarVersion.objects.filter(calendar__organisation=organisation)
        .select_related("calendar")
        .order_by("calendar_id", "-number")
        .distinct("calendar_id")
    )
    return {row.calendar_id: row for row in rows}


def _terms(
    row: IndicatorRule, version: CalendarVersion | None, day: date
) -> Iterator[PromisedTerm]:
    rule = engine_rule(row, calendar_digest=version.digest if version else "")
    code = row.indicator.code
    for number, item in enumerate(rule.limits):
        if day in item.span:
            term = _term(item.limit)
            if term is not None:
                name = f"{code}.{number + 1}"
                yield PromisedTerm(name, row, rule, term, item.where, version)
            if not item.where:
                return  # it is for every case: no later one is for any
    term = None if rule.limit is None else _term(rule.limit)
    if term is not None:
        yield PromisedTerm(code, row, rule, term, (), version)


def _term(limit: Limit) -> Term | None:
    return limit.term if limit.sense is Sense.WITHIN else None

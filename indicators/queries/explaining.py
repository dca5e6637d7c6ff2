"""Explain cases and deadlines from the log, the editions and the calendars."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, QuerySet

from accounts.models import Organisation
from charters.enums import EditionState
from engine.cases import Event, Outcome, Promise
from engine.compliance import demand_slot
from engine.explanations import CaseExplanation, crowded, explain_case
from engine.periods import PeriodKind, add_months
from engine.rules import Demand
from indicators.models import (
    CalendarVersion,
    CaseFact,
    Indicator,
    IndicatorRule,
    Stream,
)
from indicators.queries.computing import (
    Plan,
    cases_of,
    counted_in,
    plan_of,
)
from indicators.queries.pseudonyms import case_key_of
from indicators.queries.results import events_of_case


@dataclass(frozen=True, slots=True)
class Source:
    """
    Where a promise is published, and what it is counted with.

    :ivar calendar: code and number of the version, if it needs one.
    """

    rule: IndicatorRule
    period: PeriodKind
    calendar: tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class Explained:
    """
    A case of a stream, explained for an indicator.

    :ivar sources: by the first day of each promise.
    """

    explanation: CaseExplanation
    stream: Stream
    sources: Mapping[date, Source]

    def source_of(self, promise: Promise) -> Source:
        """Return where a promise is published."""
        return self.sources[promise.from_on]


def explained(
    indicator: Indicator,
    case_key: str,
    *,
    as_of: datetime,
    until: datetime | None = None,
) -> list[Explained]:
    """
    Explain a case for an indicator, once for each stream that knows the case.

    :param case_key: its number, also where the log has its pseudonym.
    :param as_of: an open case is missed if it is due by then.
    :param until: leave out of the log what happened later: the case as it stood.
    """
    plan = plan_of(indicator)
    if plan is None:
        return []
    sources = _sources(plan)
    found = []
    for stream in plan.streams:
        for key, events in cases_of(stream, {case_key_of(stream, case_key)}):
            standing = [item for item in events if until is None or item.at <= until]
            told = _explained(plan, stream, key, standing, as_of)
            found.append(Explained(told, stream, sources))
    return found


def _explained(
    plan: Plan, stream: Stream, case_key: str, events: list[Event], as_of: datetime
) -> CaseExplanation:
    told = explain_case(
        case_key,
        events,
        plan.cases_promises(stream),
        zone=ZoneInfo(stream.time_zone),
        as_of=as_of,
        source=stream.code,
    )
    for demand, days in _demands(plan, told).items():
        came = came_by_slot(
            plan.indicator, demand, min(days), max(days) + timedelta(days=1)
        )
        told = crowded(told, demand, {slot: came[slot] for slot in days})
    return told


def _demands(plan: Plan, told: CaseExplanation) -> dict[Demand, set[date]]:
    """Return the slots in which too many cases may have come, by what says so."""
    found: dict[Demand, set[date]] = {}
    for finding in told.findings:
        month = finding.fact.counted_on.replace(day=1)
        demand = plan.rule_of_month(month).cases.demand
        if demand is not None:
            found.setdefault(demand, set()).add(demand_slot(finding.fact, demand))
    return found


def came_by_slot(
    indicator: Indicator, demand: Demand, start: date, end: date
) -> Counter[date]:
    """
    Count the cases that count by the first day of their slot.

    :param start: first day of a slot; those that begin in ``[start, end)`` are
        counted whole.
    """
    if demand.per == "month":
        end = add_months(end - timedelta(days=1), 1)
    rows = (
        CaseFact.objects.filter(counted_in(start, end), indicator=indicator)
        .exclude(outcome=Outcome.EXCLUDED)
        .values_list("counted_on")
        .annotate(n=Count("pk"))
        .order_by()
    )
    came: Counter[date] = Counter()
    for day, n in rows:
        came[day.replace(day=1) if demand.per == "month" else day] += n
    return came


def _sources(plan: Plan) -> dict[date, Source]:
    """Return where each of a plan's promises is published."""
    rows = IndicatorRule.objects.filter(
        indicator=plan.indicator, edition__state=EditionState.PUBLISHED
    ).select_related("edition__charter", "commitment", "stream")
    by_day = {row.edition.valid_from: row for row in rows}
    return {
        binding.promise.from_on: Source(
            by_day[binding.promise.from_on], binding.period, binding.calendar
        )
        for binding in plan.bindings
    }


def calendar_version(organisation: Organisation, code: str) -> CalendarVersion | None:
    """Return what a calendar of an organisation says now; ``None`` if it has none."""
    return (
        CalendarVersion.objects.filter(
            calendar__organisation=organisation, calendar__code=code
        )
        .select_related("calendar")
        .order_by("-number")
        .first()
    )


def streams_of(indicator: Indicator) -> QuerySet[Stream]:
    """Return the streams that an indicator's published editions read."""
    return Stream.objects.filter(
        indicator_rules__indicator=indicator,
        indicator_rules__edition__state=EditionState.PUBLISHED,
    ).distinct()


def is_open_to(stream: Stream, case_key: str, operator: str) -> bool:
    """Say whether a case has no events of another operator than the one who asks."""
    if not operator:
        return True
    theirs = events_of_case(stream=stream, case_key=case_key).filter(
        attributes__has_key="operator"
    )
    return not theirs.exclude(attributes__operator=operator).exists()

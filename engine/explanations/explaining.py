"""From a case's events to why it counts as it does."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from engine.cases import (
    Event,
    Fact,
    Outcome,
    Promise,
    Reading,
    Suspension,
    beginning,
    ending,
    judge,
    left_out,
    part_of,
    suspending,
)
from engine.compliance import demand_slot, seen
from engine.explanations.clocks import days_spent, timing_of
from engine.explanations.conditions import checked, conditions_of
from engine.explanations.findings import (
    CaseExplanation,
    Checked,
    Crowd,
    Finding,
    Ignored,
    Timing,
    Use,
    UsedEvent,
)
from engine.explanations.uses import Uses
from engine.rules import Demand, Rule


def explain_case(
    case: str,
    events: Sequence[Event],
    promises: Sequence[Promise],
    *,
    zone: ZoneInfo,
    as_of: datetime,
    source: str = "",
) -> CaseExplanation:
    """
    Say what became of a case as seen at an instant, and why.

    Takes what :func:`engine.cases.judge` takes, and ``as_of``: an open case is missed
    once it is due (:func:`engine.compliance.seen`). What other cases do to it
    (``demand``) cannot be known here; see :func:`crowded`.
    """
    facts = judge(case, events, promises, zone=zone, source=source)
    told = CaseExplanation(case, source, zone, as_of, ())
    if not events:
        return replace(told, ignored=Ignored.NO_EVENTS)
    if not promises:
        return replace(told, ignored=Ignored.NO_PROMISE)
    kind = promises[0].rule.cases.kind
    reader: type[_Reader] = _Reader
    if kind.by_span:
        reader = _Spans
    elif kind.by_sum or kind.by_doing:
        reader = _Doings
    reading = reader(case, events, promises, zone, source)
    if not facts:
        return reading.ignored(told)
    return replace(told, findings=tuple(reading.finding(fact, as_of) for fact in facts))


def crowded(
    explanation: CaseExplanation, demand: Demand, came: Mapping[date, int]
) -> CaseExplanation:
    """
    Take out what came on days (or in months) with more cases than promised for.

    :param demand: of the rule that conditions the month the case is counted in.
    :param came: cases that counted, by the first day of their slot
        (:func:`engine.compliance.demand_slot`).
    """
    findings = (_crowded(item, demand, came) for item in explanation.findings)
    return replace(explanation, findings=tuple(findings))


def _crowded(finding: Finding, demand: Demand, came: Mapping[date, int]) -> Finding:
    slot = demand_slot(finding.fact, demand)
    n = came.get(slot, 0)
    if finding.fact.outcome is Outcome.EXCLUDED or n <= demand.at_most:
        return finding
    return replace(
        finding,
        outcome=Outcome.EXCLUDED,
        reason="demand",
        crowd=Crowd(demand.per, slot, n, demand.at_most),
    )


class _Reader:
    """What it takes to explain the facts of one case."""

    def __init__(
        self,
        case: str,
        events: Sequence[Event],
        promises: Sequence[Promise],
        zone: ZoneInfo,
        source: str,
    ) -> None:
        self.case = case
        self.events = events
        self.promises = promises
        self.zone = zone
        self.source = source

    def reading(self, start: Event) -> Reading:
        """Read the case as beginning with an event."""
        return Reading(self.case, self.events, start, self.zone, self.source)

    def ignored(self, told: CaseExplanation) -> CaseExplanation:
        """Say why the judge found nothing."""
        start, promise = self.ignored_start()
        if start is None or promise is None:
            return replace(told, ignored=Ignored.NO_START)
        where = checked(self.reading(start), "where", promise.rule.cases.where)
        return replace(
            told, ignored=Ignored.NOT_MEANT, start=start, conditions=tuple(where)
        )

    def ignored_start(self) -> tuple[Event | None, Promise | None]:
        """Find where the case would have begun."""
        start, promise = beginning(self.events, self.promises, self.zone)
        if start is None:
            return ending(self.events, self.promises, self.zone)
        return start, promise

    def finding(self, fact: Fact, as_of: datetime) -> Finding:
        """Say what led to the one fact of a case."""
        start, promise = beginning(self.events, self.promises, self.zone)
        timing, uses = None, Uses(self.events)
        if start is None:
            start, promise = ending(self.events, self.promises, self.zone)
            uses.add(start, Use.STOP)
        elif promise is not None:
            rule, reading = promise.rule.cases, self.reading(start)
            uses.of_case(reading, rule)
            if rule.kind.is_timed or rule.by_daily_duration:
                timing = timing_of(reading, promise, fact, uses)
            else:
                uses.withdrawal(rule, taken=True)
        return self.found(fact, start, promise, as_of, uses.told(), timing)

    def found(
        self,
        fact: Fact,
        start: Event | None,
        promise: Promise | None,
        as_of: datetime,
        events: tuple[UsedEvent, ...],
        timing: Timing | None = None,
    ) -> Finding:
        """Put a finding together."""
        if start is None:
            raise ValueError(f"{fact.case}: a fact without an event")
        outcome = fact.outcome
        conditions: tuple[Checked, ...] = ()
        if promise is not None:
            outcome = seen(fact, promise.rule, as_of)
            conditions = conditions_of(self.reading(start), promise.rule.cases)
        excluded_now = outcome is Outcome.EXCLUDED is not fact.outcome
        return Finding(
            fact=fact,
            outcome=outcome,
            reason="open" if excluded_now else fact.reason,
            promise=promise,
            start=start,
            events=events,
            conditions=conditions,
            timing=timing,
            suspensions=_suspending(fact, promise, self.zone),
        )


class _Doings(_Reader):
    """Explains what happens in a case: a fact for each day and segment."""

    @cached_property
    def parts(self) -> dict[str, list[tuple[UsedEvent, Promise | None]]]:
        """The events that count, by the part of the case that they make."""
        found: dict[str, list[tuple[UsedEvent, Promise | None]]] = {}
        reading = self.reading(self.events[0])
        for event in self.events:
            day = event.at.astimezone(self.zone).date()
            promise = next((made for made in self.promises if made.binds(day)), None)
            uses = _sums((promise or self.promises[0]).rule.cases, event.type)
            reading.begin(event)
            if not uses or not _meant(reading, promise):
                continue
            part = part_of(reading, day, left_out(reading, promise))
            found.setdefault(part, []).append((UsedEvent(event, uses), promise))
        return found

    def ignored_start(self) -> tuple[Event | None, Promise | None]:
        """Find the first event that would have counted."""
        for event in self.events:
            day = event.at.astimezone(self.zone).date()
            promise = next((made for made in self.promises if made.binds(day)), None)
            if promise is not None and _sums(promise.rule.cases, event.type):
                return event, promise
        return None, None

    def finding(self, fact: Fact, as_of: datetime) -> Finding:
        """Say which events of a day make a fact."""
        made = self.parts[fact.part]
        first, promise = made[0]
        events = tuple(used for used, _promise in made)
        if promise is not None and fact.outcome is Outcome.EXCLUDED:
            uses = Uses(self.events)
            uses.endings(promise.rule.cases)
            uses.withdrawal(promise.rule.cases, taken=True)
            events = (*events, *(used for used in uses.told() if used.uses))
        return self.found(fact, first.event, promise, as_of, events)


class _Spans(_Reader):
    """Explains stretches of time: a fact for each."""

    @cached_property
    def spans(self) -> dict[tuple[datetime, datetime | None], tuple[Event, ...]]:
        """The events that begin and end a stretch, by its two instants."""
        found: dict[tuple[datetime, datetime | None], tuple[Event, ...]] = {}
        rule, began = self.promises[-1].rule.cases, None
        for event in self.events:
            if began is None and rule.start.takes(event.type):
                began = event
            elif began is not None and rule.stop.takes(event.type):
                found[began.at, event.at] = (began, event)
                began = None
        if began is not None:
            found[began.at, None] = (began,)
        return found

    def ignored_start(self) -> tuple[Event | None, Promise | None]:
        """Find the first stretch."""
        began = next((events[0] for events in self.spans.values()), None)
        return began, None if began is None else self.promise_of(began)

    def promise_of(self, began: Event) -> Promise:
        """Return the promise in force when a stretch began, or the first after it."""
        day = began.at.astimezone(self.zone).date()
        bound = (made for made in self.promises if made.binds(day))
        return next(bound, self.promises[0])

    def finding(self, fact: Fact, as_of: datetime) -> Finding:
        """Say which events make a stretch of time."""
        end = fact.ended_at
        events = self.spans[fact.began_at, end]
        promise = self.promise_of(events[0])
        timing = Timing(
            promise.calendar.zone if promise.calendar else self.zone,
            fact.began_at,
            end,
            (),
            (),
            days_spent(fact.began_at, end, promise, self.zone),
        )
        used = tuple(map(UsedEvent, events, ((Use.START,), (Use.STOP,))))
        return self.found(fact, events[0], promise, as_of, used, timing)


def _meant(reading: Reading, promise: Promise | None) -> bool:
    """Say whether what happened counts, and take its segment from the promise."""
    if promise is None:
        return True
    if not reading.meets_all(promise.rule.cases.where):
        return False
    reading.under(promise)
    return True


def _sums(rule: Rule, type_: str) -> tuple[Use, ...]:
    """Return what an event of a type is added to."""
    if rule.kind.by_sum:
        parts = {Use.NUMERATOR: rule.numerator, Use.DENOMINATOR: rule.denominator}
        return tuple(use for use, types in parts.items() if type_ in types)
    planned = rule.plan.types if rule.plan else frozenset()
    sets = {Use.DONE: rule.done.types, Use.PLANNED: planned}
    return tuple(use for use, types in sets.items() if type_ in types)


def _suspending(
    fact: Fact, promise: Promise | None, zone: ZoneInfo
) -> tuple[Suspension, ...]:
    return () if promise is None else suspending(fact, promise, zone)

"""
Read what the engine needs, and ask it.

The one path from the event log to facts and figures: the workers that keep the
ledger and the verification that distrusts it both go through here.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Max

from charters.enums import EditionState
from engine.compliance import (
    Event,
    Fact,
    Feed,
    Measurement,
    Outcome,
    Promise,
    judge,
    measure,
    promise_for,
)
from engine.measures import Kind
from engine.periods import Period, PeriodKind, periods_between
from engine.rules import Rule
from engine.worktime import WorkCalendar as Compiled
from indicators.enums import ResultState
from indicators.models import (
    CalendarVersion,
    CaseFact,
    Indicator,
    IndicatorRule,
    Result,
    ServiceEvent,
    Stream,
    WorkCalendar,
)

# Every indicator has these in the ledger, besides the period it promises.
LEDGER_KINDS = (PeriodKind.MONTH, PeriodKind.QUARTER, PeriodKind.YEAR)
STEP = Decimal("1e-12")
# What a figure was computed from, beside the figure itself.
PROVENANCE = frozenset({"rule_digest", "inputs_digest", "last_event_at"})
FACT_FIELDS = (
    "case_key",
    "outcome",
    "counted_on",
    "began_at",
    "due_at",
    "ended_at",
    "value",
    "base",
    "reason",
    "segment",
    "last_event_at",
    "source",
)


@dataclass(frozen=True, slots=True)
class Binding:
    """A published rule: the promise it makes, and from which stream it is read."""

    promise: Promise
    stream: Stream
    period: PeriodKind


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything published about an indicator, in order of validity."""

    indicator: Indicator
    bindings: tuple[Binding, ...]

    @property
    def promises(self) -> list[Promise]:
        return [binding.promise for binding in self.bindings]

    @property
    def streams(self) -> list[Stream]:
        return list(
            {binding.stream.pk: binding.stream for binding in self.bindings}.values()
        )

    @property
    def zone(self) -> ZoneInfo:
        """Civil time of the office, by the newest stream."""
        return ZoneInfo(self.bindings[-1].stream.time_zone)

    @property
    def kinds(self) -> tuple[PeriodKind, ...]:
        """Kinds of period that the ledger keeps for this indicator."""
        promised = {binding.period for binding in self.bindings}
        return tuple(kind for kind in PeriodKind if kind in {*LEDGER_KINDS, *promised})

    def cases_promises(self, stream: Stream) -> list[Promise]:
        """Return the promises that are read from a stream."""
        return [b.promise for b in self.bindings if b.stream.pk == stream.pk]


def plan_of(indicator: Indicator) -> Plan | None:
    """Return what an indicator's published editions promise; ``None`` if nothing."""
    rules = (
        IndicatorRule.objects.filter(
            indicator=indicator,
            edition__state=EditionState.PUBLISHED,
            kind__in=[kind.value for kind in Kind],
            stream__isnull=False,
        )
        .select_related("edition", "stream", "calendar")
        .order_by("edition__valid_from")
    )
    bindings = tuple(_binding(rule) for rule in rules)
    return Plan(indicator, bindings) if bindings else None


def _binding(row: IndicatorRule) -> Binding:
    calendar, digest = compiled(row.calendar)
    edition = row.edition
    ends = [day for day in (edition.valid_until, edition.ended_on) if day is not None]
    if row.stream is None or edition.valid_from is None:
        msg = f"{row} was published without a stream or a first day"
        raise ValueError(msg)
    return Binding(
        Promise(
            rule=engine_rule(row, calendar_digest=digest),
            from_on=edition.valid_from,
            until_on=min(ends),
            calendar=calendar,
        ),
        row.stream,
        PeriodKind(row.period),
    )


def engine_rule(row: IndicatorRule, *, calendar_digest: str = "") -> Rule:
    """
    Read a stored rule.

    :raises engine.rules.RuleError: if it cannot be measured as it stands.
    """
    return Rule.from_definition(
        row.kind,
        row.definition,
        comparator=row.comparator or None,
        target=row.target,
        calendar_digest=calendar_digest,
    )


def newest_version(calendar: WorkCalendar) -> CalendarVersion | None:
    """Return what a calendar says now."""
    return calendar.versions.order_by("-number").first()


_compiled: dict[str, Compiled] = {}


def compiled(calendar: WorkCalendar | None) -> tuple[Compiled | None, str]:
    """
    Return a calendar ready to compute with, and its digest.

    Kept by digest for the life of the process: a digest never changes meaning.
    """
    version = newest_version(calendar) if calendar is not None else None
    if version is None:
        return None, ""
    if version.digest not in _compiled:
        _compiled[version.digest] = Compiled.from_definition(version.definition)
    return _compiled[version.digest], version.digest


EVENTS = """
    SELECT case_key, external_id, type, occurred_at, value, attributes
    FROM indicators_serviceevent
    WHERE stream_id = %s {chosen}
    ORDER BY case_key, occurred_at, external_id
"""
# Asked for each chunk of events, not joined: right after a large import the planner
# still takes the log for an empty table, and an anti-join of it with itself took
# minutes instead of a second.
REPLACED = """
    SELECT replaces FROM indicators_serviceevent
    WHERE stream_id = %s AND replaces = ANY(%s)
"""
EVENTS_AT_ONCE = 5_000
Row = tuple[Any, ...]


def cases_of(
    stream: Stream, keys: Collection[str] | None = None
) -> Iterator[tuple[str, list[Event]]]:
    """
    Yield cases with the events that stand, in order, read once from the log.

    The order of two events of one instant is that of their identifiers, never that
    of arrival: the same events give the same figures whatever way they came.

    :param keys: only these cases; all of them by default.
    """
    chosen = "" if keys is None else "AND case_key = ANY(%s)"
    arguments: list[Any] = [stream.pk] if keys is None else [stream.pk, sorted(keys)]
    with connection.chunked_cursor() as cursor:
        cursor.execute(EVENTS.format(chosen=chosen), arguments)
        chunks = iter(lambda: cursor.fetchmany(EVENTS_AT_ONCE), [])
        standing = (row for chunk in chunks for row in _standing(stream, chunk))
        for case, events in groupby(standing, key=itemgetter(0)):
            yield (
                case,
                [
                    Event(row[1], row[2], row[3], row[4], _attributes(row[5]))
                    for row in events
                ],
            )


def _standing(stream: Stream, chunk: Sequence[Row]) -> list[Row]:
    """Leave out the events that others replace."""
    with connection.cursor() as cursor:
        cursor.execute(REPLACED, [stream.pk, [row[1] for row in chunk]])
        replaced = {row[0] for row in cursor.fetchall()}
    return [row for row in chunk if row[1] not in replaced]


def _attributes(stored: Any) -> Mapping[str, str]:
    # A raw cursor gives jsonb as text.
    return _parsed(stored) if isinstance(stored, str) else stored


@lru_cache(maxsize=10_000)
def _parsed(text: str) -> Mapping[str, str]:
    """Read attributes; most cases share theirs with many others, so most are known."""
    found: dict[str, str] = json.loads(text)
    return MappingProxyType(found)


def facts_of(plan: Plan, keys: Collection[str] | None = None) -> Iterator[Fact]:
    """Judge cases straight from the log."""
    for stream in plan.streams:
        zone = ZoneInfo(stream.time_zone)
        promises = plan.cases_promises(stream)
        for case, events in cases_of(stream, keys):
            fact = judge(case, events, promises, zone=zone, source=stream.code)
            if fact is not None:
                yield fact


def stored_facts(
    indicator: Indicator, start: date | None = None, end: date | None = None
) -> Iterator[Fact]:
    """Read facts back: all, or those counted on days ``[start, end)``."""
    rows = CaseFact.objects.filter(indicator=indicator)
    if start is not None and end is not None:
        rows = rows.filter(counted_on__gte=start, counted_on__lt=end)
    for row in rows.order_by().values_list(*FACT_FIELDS).iterator(chunk_size=5_000):
        yield Fact(row[0], Outcome(row[1]), *row[2:])


class Shelf:
    """Facts by month and segment: a period's are found without a search."""

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        self._months: dict[date, dict[str, list[Fact]]] = {}
        self.put(facts)

    def put(self, facts: Iterable[Fact]) -> None:
        """Add facts."""
        for fact in facts:
            month = self._months.setdefault(fact.counted_on.replace(day=1), {})
            month.setdefault(fact.segment, []).append(fact)

    def of(self, period: Period, segment: str = "") -> Iterator[Fact]:
        """Yield a period's facts: those of one segment, or all of them."""
        for month in periods_between(period.start, period.end, PeriodKind.MONTH):
            segments = self._months.get(month.start, {})
            for name in [segment] if segment else segments:
                yield from segments.get(name, ())


@dataclass(frozen=True, slots=True)
class Feeds:
    """How far the events of each of an indicator's streams reach, on a day."""

    plan: Plan
    day: date
    by_stream: Mapping[int, Feed]

    def of(self, period: Period) -> Feed:
        """
        Say how far the events of a period's stream reach.

        That of the last edition in force in the period that has begun: a stream that
        nobody promises to read before next year takes nothing from this one's figures.
        """
        touching = [b for b in self.plan.bindings if b.promise.touches(period)]
        begun = [b for b in touching if b.promise.from_on <= self.day]
        chosen = (begun or touching or self.plan.bindings)[-1]
        return self.by_stream[chosen.stream.pk]


def feeds_of(plan: Plan, *, as_of: datetime) -> Feeds:
    """Say how far the events of an indicator's streams reach."""
    return Feeds(
        plan,
        as_of.astimezone(plan.zone).date(),
        {stream.pk: _feed(stream, as_of) for stream in plan.streams},
    )


def _feed(stream: Stream, as_of: datetime) -> Feed:
    until = ServiceEvent.objects.filter(
        stream=stream, occurred_at__lte=as_of
    ).aggregate(until=Max("occurred_at"))["until"]
    gap = stream.expected_gap_days
    return Feed(until, None if gap is None else timedelta(days=gap))


def figure(
    plan: Plan, period: Period, facts: Iterable[Fact], *, as_of: datetime, feed: Feed
) -> dict[str, Any] | None:
    """
    Compute a ledger line's content; ``None`` if nothing was promised in the period.

    :returns: values of the fields of :class:`indicators.models.Result` that depend
        on the events, rounded as they are stored (twelve decimals, half to even).
    """
    promise = promise_for(plan.promises, period)
    if promise is None:
        return None
    promised = next(b.period for b in plan.bindings if b.promise is promise)
    found = measure(
        facts,
        promise.rule,
        period,
        zone=plan.zone,
        as_of=as_of,
        feed=feed,
        promised=promised,
    )
    return {
        **_counts(found),
        "numerator": stored(found.numerator),
        "denominator": stored(found.denominator),
        "value": None if found.value is None else stored(found.value),
        "low": found.low,
        "high": found.high,
        "status": found.status.value,
        "comparator": promise.rule.comparator or "",
        "target": promise.rule.target,
        "last_event_at": found.last_event_at,
        "rule_digest": promise.rule.digest,
        "inputs_digest": found.inputs_digest,
    }


def _counts(found: Measurement) -> dict[str, Any]:
    return {
        "n": found.n,
        "met": found.met,
        "missed": found.missed,
        "pending": found.pending,
        "excluded": dict(found.excluded),
        "not_computable": found.not_computable,
    }


def stored(value: Fraction) -> Decimal:
    """Round a fraction as the ledger does: twelve decimals, half to even."""
    with localcontext() as context:
        context.prec = 60
        context.rounding = ROUND_HALF_EVEN
        exact = Decimal(value.numerator) / Decimal(value.denominator)
        return exact.quantize(STEP)


def differences(line: Result, content: Mapping[str, Any]) -> list[str]:
    """
    Return the names of the fields in which a ledger line is not what was computed.

    A final line is held to its figure only: a calendar that learns another year, or
    a correction that changes no count, is no reason to restate it.
    """
    final = line.state != ResultState.PROVISIONAL
    return [
        name
        for name, value in content.items()
        if getattr(line, name) != value and not (final and name in PROVENANCE)
    ]


def inputs_of(result: Result) -> tuple[datetime, Feed]:
    """Return what a ledger line was computed with besides events and rules."""
    gap = result.feed_gap_days
    return result.as_of_at, Feed(
        result.feed_until, None if gap is None else timedelta(days=gap)
    )


def period_of_result(result: Result) -> Period:
    """Return the period of a ledger line."""
    return Period(
        result.period_start, result.period_end, PeriodKind(result.period_kind)
    )


def first_day(plan: Plan) -> date:
    """Return the first day on which the indicator promised anything."""
    return min(promise.from_on for promise in plan.promises)

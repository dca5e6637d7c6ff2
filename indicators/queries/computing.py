"""
Read what the engine needs, and ask it.

The one path from the event log to facts and figures: the workers that keep the
ledger and the verification that distrusts it both go through here.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import lru_cache, partial
from itertools import groupby
from operator import itemgetter
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q

from charters.enums import EditionState
from commitments.models import Suspension as Suspended
from engine.cases import Covers, Event, Fact, Outcome, Promise, Suspension, judge
from engine.compliance import (
    Cell,
    Feed,
    Measurement,
    MonthTally,
    conditioned,
    measure_cell,
    month_tallies,
    promise_for,
)
from engine.figures import counted_values
from engine.measures import Kind, Tally
from engine.periods import Period, PeriodKind, period_of, periods_between
from engine.rules import Rule
from engine.worktime import WorkCalendar as Compiled
from indicators.enums import VOIDED, ResultState, ResultStatus
from indicators.models import (
    CalendarVersion,
    CaseFact,
    Indicator,
    IndicatorRule,
    MonthSum,
    Result,
    Stream,
    WorkCalendar,
)
from indicators.queries.sums import values_of

# Every indicator has these in the ledger, besides the period it promises.
LEDGER_KINDS = (PeriodKind.MONTH, PeriodKind.QUARTER, PeriodKind.YEAR)
STEP = Decimal("1e-12")
WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN)
# Fields of a ledger line that depend on events, rules and calendars.
CONTENT = (
    "n",
    "met",
    "missed",
    "pending",
    "excluded",
    "not_computable",
    "numerator",
    "denominator",
    "value",
    "low",
    "high",
    "status",
    "comparator",
    "target",
    "whole",
    "last_event_at",
    "rule_digest",
    "inputs_digest",
)
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
    "part",
    "suspended",
)
FACT_COLUMNS = (*FACT_FIELDS, "digest")
FACT_TEXTS = ("reason", "segment", "source", "part")  # may be empty, not missing
# Of a rule and what it belongs to: an edition's whole text is not asked for.
PLANNED = (
    "kind",
    "definition",
    "comparator",
    "target",
    "period",
    "edition__valid_from",
    "edition__valid_until",
    "edition__ended_on",
    "stream__organisation",
    "stream__code",
    "stream__time_zone",
    "stream__expected_gap_days",
    "stream__expected_week_events",
    "stream__expected_delay_hours",
    "stream__calendar",
    "calendar__code",
    "commitment__code",
)
# Versions of calendars by code: what a final figure goes on being computed with.
Pins = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Binding:
    """A published rule: the promise it makes, and from which stream it is read."""

    promise: Promise
    stream: Stream
    period: PeriodKind
    calendar: tuple[str, int] | None  # code and version


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

    @property
    def pins(self) -> dict[str, int]:
        """The version of each calendar that the plan counts with."""
        return dict(b.calendar for b in self.bindings if b.calendar is not None)

    @property
    def rule(self) -> Rule:
        """The newest rule; all of an indicator's are of one sort."""
        return self.bindings[-1].promise.rule

    def cases_promises(self, stream: Stream) -> list[Promise]:
        """Return the promises that are read from a stream."""
        return [b.promise for b in self.bindings if b.stream.pk == stream.pk]

    def tried(self, code: str, calendar: Compiled) -> "Plan":
        """Return the plan as it would be if a calendar said something else."""
        return replace(
            self,
            bindings=tuple(
                replace(b, promise=replace(b.promise, calendar=calendar))
                if b.calendar is not None and b.calendar[0] == code
                else b
                for b in self.bindings
            ),
        )

    def rule_of_month(self, month: date) -> Rule:
        """Return the rule by whose demand a month's cases are conditioned."""
        found = promise_for(self.promises, period_of(month, PeriodKind.MONTH))
        return (found or self.promises[0]).rule


def plan_of(indicator: Indicator, pins: Pins | None = None) -> Plan | None:
    """
    Return what an indicator's published editions promise; ``None`` if nothing.

    :param pins: count with these versions of the calendars; the newest by default.
    """
    rules = (
        IndicatorRule.objects.filter(
            indicator=indicator,
            edition__state=EditionState.PUBLISHED,
            kind__in=[kind.value for kind in Kind],
            stream__isnull=False,
        )
        .select_related("edition", "stream", "calendar", "commitment")
        .only(*PLANNED)
        .order_by("edition__valid_from")
    )
    suspensions = suspensions_of(indicator.charter_id)
    bindings = tuple(
        _binding(rule, pins or {}, suspensions.get(rule.commitment.code, ()))
        for rule in rules
    )
    return Plan(indicator, bindings) if bindings else None


def suspensions_of(charter_id: int) -> dict[str, tuple[Suspension, ...]]:
    """Return the suspensions of a charter's commitments by their code, in order."""
    found: dict[str, tuple[Suspension, ...]] = {}
    rows = Suspended.objects.filter(charter_id=charter_id).order_by("from_on")
    for code, start, until, covers in rows.values_list(
        "commitment", "from_on", "until_on", "covers"
    ):
        found[code] = (*found.get(code, ()), Suspension(start, until, Covers(covers)))
    return found


def _binding(
    row: IndicatorRule, pins: Pins, suspensions: tuple[Suspension, ...]
) -> Binding:
    version = version_of(row.calendar, pins)
    edition = row.edition
    ends = [day for day in (edition.valid_until, edition.ended_on) if day is not None]
    if row.stream is None or edition.valid_from is None:
        msg = f"{row} was published without a stream or a first day"
        raise ValueError(msg)
    return Binding(
        Promise(
            rule=engine_rule(row, calendar_digest=version.digest if version else ""),
            from_on=edition.valid_from,
            until_on=min(ends),
            calendar=compiled(version) if version else None,
            suspensions=suspensions,
        ),
        row.stream,
        PeriodKind(row.period),
        (version.calendar.code, version.number) if version else None,
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


def version_of(calendar: WorkCalendar | None, pins: Pins) -> CalendarVersion | None:
    """Return what a calendar says in the version that is pinned, or else now."""
    if calendar is None:
        return None
    # What it says is long, and read only by who does not know it yet.
    versions = calendar.versions.defer("definition")
    pinned = pins.get(calendar.code)
    if pinned is None:
        return versions.order_by("-number").first()
    return versions.get(number=pinned)


_compiled: dict[str, Compiled] = {}


def compiled(version: CalendarVersion) -> Compiled:
    """
    Return a calendar ready to compute with.

    Kept by digest for the life of the process: a digest never changes meaning.
    """
    if version.digest not in _compiled:
        _compiled[version.digest] = Compiled.from_definition(version.definition)
    return _compiled[version.digest]


EVENTS = """
    SELECT case_key, external_id, type, occurred_at, value, attributes
    FROM indicators_serviceevent
    WHERE stream_id = %s {chosen}
    ORDER BY case_key, occurred_at, external_id
"""
# Asked beside the events, not joined: right after a large import the planner still takes
# the log for an empty table, and an anti-join of it with itself took minutes instead of
# a second. The index on what replaces is all that is read.
REPLACED = """
    SELECT replaces FROM indicators_serviceevent
    WHERE stream_id = %s AND replaces IS NOT NULL {chosen}
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
    rows = _all_rows(stream) if keys is None else _rows_of(stream, keys)
    for case, events in groupby(rows, key=itemgetter(0)):
        yield (
            case,
            [
                Event(row[1], row[2], row[3], row[4], attributes_of(row[5]))
                for row in events
            ],
        )


def replaced_of(stream: Stream, keys: Collection[str] | None = None) -> set[str]:
    """
    Return the identifiers of a stream's events that another replaces.

    :param keys: only those of these cases; all of them by default.
    """
    with connection.cursor() as cursor:
        if keys is None:
            cursor.execute(REPLACED.format(chosen=""), [stream.pk])
            return {row[0] for row in cursor.fetchall()}
        cursor.execute(
            "SELECT external_id FROM indicators_serviceevent "
            "WHERE stream_id = %s AND case_key = ANY(%s)",
            [stream.pk, sorted(keys)],
        )
        return _replaced_among(stream, [row[0] for row in cursor.fetchall()])


def _replaced_among(stream: Stream, ids: list[str]) -> set[str]:
    with connection.cursor() as cursor:
        chosen = REPLACED.format(chosen="AND replaces = ANY(%s)")
        cursor.execute(chosen, [stream.pk, ids])
        return {row[0] for row in cursor.fetchall()}


def _all_rows(stream: Stream) -> Iterator[Row]:
    """Yield a stream's events that no other replaces and that happened."""
    replaced = replaced_of(stream)
    with connection.chunked_cursor() as cursor:
        cursor.execute(EVENTS.format(chosen=""), [stream.pk])
        for chunk in iter(lambda: cursor.fetchmany(EVENTS_AT_ONCE), []):
            yield from (
                row for row in chunk if row[1] not in replaced and row[2] != VOIDED
            )


def _rows_of(stream: Stream, keys: Collection[str]) -> list[Row]:
    """Return the events of some cases that no other replaces and that happened."""
    with connection.cursor() as cursor:
        chosen = EVENTS.format(chosen="AND case_key = ANY(%s)")
        cursor.execute(chosen, [stream.pk, sorted(keys)])
        rows: list[Row] = cursor.fetchall()
    replaced = _replaced_among(stream, [row[1] for row in rows])
    return [row for row in rows if row[1] not in replaced and row[2] != VOIDED]


@lru_cache(maxsize=10_000)
def attributes_of(text: str) -> Mapping[str, str]:
    """
    Read stored attributes, which a raw cursor gives as a text.

    Most cases share theirs with many others, so most are known.
    """
    found: dict[str, str] = json.loads(text)
    return MappingProxyType(found)


def facts_of(plan: Plan, keys: Collection[str] | None = None) -> Iterator[Fact]:
    """Judge cases straight from the log."""
    for stream in plan.streams:
        zone = ZoneInfo(stream.time_zone)
        promises = plan.cases_promises(stream)
        for case, events in cases_of(stream, keys):
            yield from judge(case, events, promises, zone=zone, source=stream.code)


def stored_facts(indicator: Indicator, chosen: Q | None = None) -> Iterator[Fact]:
    """
    Read facts back.

    :param chosen: which; all by default.
    """
    rows = CaseFact.objects.filter(chosen or Q(), indicator=indicator)
    for row in rows.order_by().values_list(*FACT_FIELDS).iterator(chunk_size=5_000):
        yield Fact(row[0], Outcome(row[1]), *row[2:])


class Cells(ABC):
    """
    Where the cases of a plan's figures are found; see the two that find them.

    :meth:`month` gives the sums of a month by segment, :meth:`facts` the cases of a
    period one by one: of every segment, conditioned, and for stretches of time also
    those that began before and reach into it.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    @abstractmethod
    def month(self, month: date) -> Iterable[MonthTally]:
        """Return the sums of a month, by segment."""

    @abstractmethod
    def facts(self, period: Period) -> Iterable[Fact]:
        """Return the cases of a period."""

    def of(self, period: Period, segment: str, rule: Rule) -> Cell:
        """Return what a figure is computed over."""
        trend = rule.trend
        values = partial(self.values, period, segment)
        return Cell(
            [
                tally
                for month in periods_between(period.start, period.end, PeriodKind.MONTH)
                for tally in self.month(month.start)
                if not segment or tally.segment == segment
            ],
            lambda: self._of(period, segment),
            lambda: () if trend is None else self._of(trend.earlier(period), segment),
            values if rule.kind.from_values else None,
        )

    def values(self, period: Period, segment: str, heeds: bool) -> list[Decimal]:
        """Return the values counted; ``heeds``: without those that are suspended."""
        return counted_values(
            fact for fact in self._of(period, segment) if not (heeds and fact.suspended)
        )

    def _of(self, period: Period, segment: str) -> list[Fact]:
        return [
            fact
            for fact in self.facts(period)
            if not segment or fact.segment == segment
        ]


class Shelf(Cells):
    """Cases in memory."""

    def __init__(self, plan: Plan, facts: Iterable[Fact]) -> None:
        super().__init__(plan)
        self._months: dict[date, list[Fact]] = {}
        for fact in facts:
            month = fact.counted_on.replace(day=1)
            self._months.setdefault(month, []).append(fact)
        for month, found in self._months.items():
            self._months[month] = conditioned(found, plan.rule_of_month(month))
        self._sums: dict[date, list[MonthTally]] = {}

    def month(self, month: date) -> list[MonthTally]:
        if month not in self._sums:
            self._sums[month] = month_tallies(
                self._months.get(month, ()), self.plan.rule_of_month(month)
            )
        return self._sums[month]

    def months(self) -> list[date]:
        """Return the months that have cases."""
        return sorted(self._months)

    def facts(self, period: Period) -> list[Fact]:
        if self.plan.rule.cases.kind.by_span:
            every = (fact for found in self._months.values() for fact in found)
            return [fact for fact in every if _reaches(fact, period, self.plan.zone)]
        return [
            fact
            for month in periods_between(period.start, period.end, PeriodKind.MONTH)
            for fact in self._months.get(month.start, ())
        ]


class StoredCells(Cells):
    """Cases and sums as the workers keep them."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._sums: dict[date, list[MonthTally]] = {}
        self._facts: dict[Period, list[Fact]] = {}
        self._values: dict[date, list[tuple[str, bool, list[Decimal]]]] = {}

    def read(self, start: date, end: date) -> None:
        """Read what figures of months ``[start, end)`` need at once."""
        months = [p.start for p in periods_between(start, end, PeriodKind.MONTH)]
        self._sums |= {month: [] for month in months}
        for tally in stored_sums(self.plan.indicator, start, end):
            self._sums[tally.month].append(tally)
        if self.plan.rule.kind.from_values:
            self._read_values(months)

    def values(self, period: Period, segment: str, heeds: bool) -> list[Decimal]:
        months = [
            p.start for p in periods_between(period.start, period.end, PeriodKind.MONTH)
        ]
        if any(self.plan.rule_of_month(month).cases.demand for month in months):
            return super().values(period, segment, heeds)
        self._read_values([month for month in months if month not in self._values])
        return [
            value
            for month in months
            for part, suspended, found in self._values[month]
            if (not segment or part == segment) and not (heeds and suspended)
            for value in found
        ]

    def _read_values(self, months: Collection[date]) -> None:
        self._values |= {month: [] for month in months}
        if months:
            for month, segment, suspended, found in values_of(
                self.plan.indicator, months
            ):
                self._values[month].append((segment, suspended, found))

    def month(self, month: date) -> list[MonthTally]:
        if month not in self._sums:
            self.read(month, period_of(month, PeriodKind.MONTH).end)
        return self._sums[month]

    def facts(self, period: Period) -> list[Fact]:
        if period not in self._facts:
            self._facts[period] = self._read_facts(period)
        return self._facts[period]

    def _read_facts(self, period: Period) -> list[Fact]:
        plan = self.plan
        if plan.rule.cases.kind.by_span:
            chosen = Q(counted_on__lt=period.end) & (
                Q(ended_at=None) | Q(ended_at__gt=_midnight(period.start, plan.zone))
            )
            return list(stored_facts(plan.indicator, chosen))
        found: list[Fact] = []
        for month in periods_between(period.start, period.end, PeriodKind.MONTH):
            chosen = counted_in(month.start, month.end)
            found += conditioned(
                stored_facts(plan.indicator, chosen), plan.rule_of_month(month.start)
            )
        return found


def counted_in(start: date, end: date) -> Q:
    """Choose the facts counted on days ``[start, end)``."""
    return Q(counted_on__gte=start, counted_on__lt=end)


def stored_sums(indicator: Indicator, start: date, end: date) -> Iterator[MonthTally]:
    """Read back the sums of months ``[start, end)``."""
    rows = MonthSum.objects.filter(
        indicator=indicator, month_start__gte=start, month_start__lt=end
    ).order_by("month_start", "segment")
    for month, segment, digest, kept, suspended in rows.values_list(
        "month_start", "segment", "digest", "kept", "suspended"
    ):
        yield MonthTally(
            month, segment, digest, Tally.from_json(kept), Tally.from_json(suspended)
        )


def _reaches(fact: Fact, period: Period, zone: ZoneInfo) -> bool:
    """Say whether a stretch of time reaches into a period."""
    return fact.counted_on < period.end and (
        fact.ended_at is None or fact.ended_at > _midnight(period.start, zone)
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, datetime.min.time(), tzinfo=zone)


def figure(
    cells: Cells, period: Period, segment: str, *, as_of: datetime, feed: Feed
) -> dict[str, Any] | None:
    """
    Compute a ledger line's content; ``None`` if nothing was promised in the period.

    :returns: values of the fields :data:`CONTENT` of :class:`indicators.models.Result`,
        rounded as they are stored (twelve decimals, half to even).
    """
    plan = cells.plan
    promise = promise_for(plan.promises, period)
    if promise is None:
        return None
    promised = next(b.period for b in plan.bindings if b.promise is promise)
    found = measure_cell(
        cells.of(period, segment, promise.rule),
        promise,
        period,
        zone=plan.zone,
        as_of=as_of,
        feed=feed,
        segment=segment,
        promised=promised,
        promises=plan.promises,
    )
    return {
        **_counts(found),
        "numerator": stored(found.numerator),
        "denominator": stored(found.denominator),
        "value": None if found.value is None else stored(found.value),
        "low": found.low,
        "high": found.high,
        "status": found.status.value,
        "comparator": found.goal.comparator if found.goal else "",
        "target": found.goal.target if found.goal else None,
        "whole": None if found.whole is None else _whole(found.whole),
        "last_event_at": found.last_event_at,
        "rule_digest": promise.rule.digest,
        "inputs_digest": found.inputs_digest,
    }


def _whole(found: Measurement) -> dict[str, Any]:
    """Say what a figure is without suspensions, as JSON."""
    numbers = {
        "numerator": stored(found.numerator),
        "denominator": stored(found.denominator),
        "value": None if found.value is None else stored(found.value),
    }
    return {
        **_counts(found),
        **{name: None if n is None else str(n) for name, n in numbers.items()},
        "status": found.status.value,
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
    exact = WIDE.divide(Decimal(value.numerator), Decimal(value.denominator))
    return exact.quantize(STEP, context=WIDE)


def is_measured(n: int, status: str) -> bool:
    """Say whether a figure is one: of some cases, by a feed that is trusted so far."""
    return bool(n) and status != ResultStatus.NO_DATA_YET


def differences(line: Result, content: Mapping[str, Any]) -> list[str]:
    """
    Return the names of the fields in which a ledger line is not what was computed.

    A final line is held to its figure only: a calendar that learns another year, or
    a correction that changes no count, is no reason to restate it. A declared line
    yields to whatever was measured, be it the same number, and to nothing else.
    """
    if line.declared_id is not None:
        measured = is_measured(content["n"], content["status"])
        return ["inputs_digest"] if measured else []
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
        result.feed_until,
        None if gap is None else timedelta(days=gap),
        result.feed_trusted_until,
    )


def feed_for(plan: Plan, line: Result | None, feed: Feed) -> Feed:
    """
    Return the feed that a ledger line is computed with.

    A final figure whose events were all in does not move because its feed is trusted
    less now, for weeks that came later or because more is expected of it.
    """
    if line is None or line.state == ResultState.PROVISIONAL:
        return feed
    _as_of, known = inputs_of(line)
    end = _midnight(line.period_end, plan.zone)
    return known if known.reaches(end) and not feed.reaches(end) else feed


def period_of_result(result: Result) -> Period:
    """Return the period of a ledger line."""
    return Period(
        result.period_start, result.period_end, PeriodKind(result.period_kind)
    )


def first_day(plan: Plan) -> date:
    """Return the first day on which the indicator promised anything."""
    return min(promise.from_on for promise in plan.promises)


# What a final line is sealed over, in order.
SEALED = (
    "indicator_id",
    "period_kind",
    "period_start",
    "period_end",
    "segment",
    "revision",
    "cause",
    "n",
    "met",
    "missed",
    "pending",
    "excluded",
    "not_computable",
    "numerator",
    "denominator",
    "value",
    "low",
    "high",
    "status",
    "comparator",
    "target",
    "whole",
    "last_event_at",
    "rule_digest",
    "inputs_digest",
    "calendars",
    "as_of_at",
    "feed_until",
    "feed_gap_days",
)


def seal_of(line: Result, before: str) -> str:
    """
    Hash a final line together with the seal of the revision before it.

    Whoever changes a published figure must forge every later revision too. That a
    figure was declared is sealed with it: it can never pass for a measured one.
    """
    content = [_plain(getattr(line, name)) for name in SEALED]
    # Lines of before there were declared ones have no such field.
    if getattr(line, "declared_id", None) is not None:
        content.append("declared")
    # Lines were sealed before there was such a field: their seals stay what they are.
    trusted_until = getattr(line, "feed_trusted_until", None)
    if trusted_until is not None:
        content.append(_plain(trusted_until))
    text = json.dumps([before, *content], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value.quantize(STEP, context=WIDE))
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value

"""
From a case's events to its outcome, and from outcomes to a published figure.

Two steps, both pure:

1. :func:`judge` reads the events of one case under the promise that was in force
   when the case began, and says what became of it: a :class:`Fact`. A fact does
   not know the time of day: an unfinished case is *open* with a due instant.
2. :func:`measure` reads the facts of one period as seen at an instant and gives
   the figure with its counts and its status.

A figure is therefore a function of (events, calendar, rule, as-of, how far the feed
reaches) and of nothing else: the same call gives the same bytes for ever.

Sources: Real Decreto 951/2005 arts. 9 and 12 (commitments, indicators, yearly
evaluation); Ley 39/2015 arts. 30 and 31 (terms), through :mod:`engine.worktime`.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from zoneinfo import ZoneInfo

from engine.measures import Kind, Tally, figure_of, meets, wilson
from engine.periods import Period, PeriodKind
from engine.rules import EventPick, Rule
from engine.worktime import (
    RESOLUTION,
    BeyondCalendarError,
    Pause,
    WorkCalendar,
    due_at,
    elapsed,
)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a case, as logged; never personal data."""

    id: str
    type: str
    at: datetime
    value: Decimal | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Promise:
    """
    A rule and the days on which it binds: ``[from_on, until_on)``.

    A case is judged by the promise in force on the day it began, for as long as
    the case lasts: a looser new edition does not rescue an old case.
    """

    rule: Rule
    from_on: date
    until_on: date | None
    calendar: WorkCalendar | None = None

    def binds(self, day: date) -> bool:
        """Say whether a case that begins on ``day`` is under this promise."""
        return self.from_on <= day and (self.until_on is None or day < self.until_on)

    def touches(self, period: Period) -> bool:
        """Say whether this promise binds on some day of a period."""
        return self.from_on < period.end and (
            self.until_on is None or self.until_on > period.start
        )


class Outcome(StrEnum):
    """What became of a case, whatever the time of asking."""

    MET = "met"
    MISSED = "missed"
    OPEN = "open"  # not finished: pending until due, missed from then on
    COUNTED = "counted"  # contributes a value, cannot be met or missed
    EXCLUDED = "excluded"
    NOT_COMPUTABLE = "not_computable"


@dataclass(frozen=True)
class Fact:
    """
    What one case contributes to one indicator.

    :ivar counted_on: local day that decides the period the case is counted in.
    :ivar value: microseconds, days, points or a numerator, as the kind says.
    :ivar base: the denominator's part, for ratios.
    :ivar reason: why it was excluded or could not be computed.
    :ivar source: the stream that the case's key belongs to.
    """

    case: str
    outcome: Outcome
    counted_on: date
    began_at: datetime
    due_at: datetime | None = None
    ended_at: datetime | None = None
    value: Decimal | None = None
    base: Decimal | None = None
    reason: str = ""
    segment: str = ""
    last_event_at: datetime | None = None
    source: str = ""

    @cached_property
    def canonical(self) -> str:
        """One line that is equal exactly when the fact is equal."""
        return "|".join(
            (
                self.case,
                self.outcome.value,
                self.counted_on.isoformat(),
                _stamp(self.began_at),
                _stamp(self.due_at),
                _stamp(self.ended_at),
                _number(self.value),
                _number(self.base),
                self.reason,
                self.segment,
                _stamp(self.last_event_at),
                self.source,
            )
        )


class Status(StrEnum):
    """What a figure says of its target. Only the first two are a verdict."""

    MET = "met"
    UNMET = "unmet"
    NO_CASES = "no_cases"
    TOO_FEW_CASES = "too_few_cases"
    NO_DATA_YET = "no_data_yet"
    NOT_COMPUTABLE = "not_computable"
    NOT_EVALUATED = "not_evaluated"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Feed:
    """
    How far the events are known to reach.

    :ivar until: instant of the latest event received, ``None`` if none ever was.
    :ivar gap: the longest silence that is still normal; ``None`` if any is.
    """

    until: datetime | None
    gap: timedelta | None = None

    def reaches(self, instant: datetime) -> bool:
        """Say whether what happened before ``instant`` is known to be in."""
        if self.until is None:
            return False
        return self.gap is None or self.until + self.gap >= instant


@dataclass(frozen=True, slots=True)
class Measurement:
    """
    One figure: counts, value, interval and status.

    ``n`` is what the value is computed over; ``met + missed`` equals it for the
    kinds that are met case by case. ``value`` is exact.
    """

    n: int
    met: int
    missed: int
    pending: int
    excluded: Mapping[str, int]
    not_computable: int
    numerator: Fraction
    denominator: Fraction
    value: Fraction | None
    low: Decimal | None
    high: Decimal | None
    status: Status
    last_event_at: datetime | None
    inputs_digest: str


def judge(
    case: str,
    events: Sequence[Event],
    promises: Sequence[Promise],
    *,
    zone: ZoneInfo,
    source: str = "",
) -> Fact | None:
    """
    Say what became of a case.

    :param case: the case's key in its stream.
    :param events: the case's events that stand (replaced ones left out), by instant.
    :param promises: the indicator's rules with their days, not overlapping.
    :param zone: civil time of the office.
    :param source: the stream's name, for facts of several streams.
    :returns: ``None`` if the case is none of this indicator's business.

    A case whose term runs beyond what its calendar knows is *not computable*, never
    computed with weekends only.
    """
    start, promise = _beginning(events, promises, zone)
    if start is None:
        return None
    reading = _Reading(case, events, start, zone, source)
    if promise is None:
        return reading.excluded("no_promise")
    rule = promise.rule
    if not all(
        reading.attribute(condition.attribute) in condition.values
        for condition in rule.where
    ):
        return None
    if rule.segment_by:
        reading.segment = reading.attribute(rule.segment_by) or ""
    try:
        return _outcome(reading, promise)
    except BeyondCalendarError:
        return reading.fact(Outcome.NOT_COMPUTABLE, reason="beyond_calendar")


def measure(
    facts: Iterable[Fact],
    rule: Rule,
    period: Period,
    *,
    zone: ZoneInfo,
    as_of: datetime,
    feed: Feed,
    promised: PeriodKind | None = None,
) -> Measurement:
    """
    Compute the figure of one period as seen at ``as_of``.

    :param facts: those counted in the period (and segment), in any order.
    :param rule: gives kind, target, comparator and minimum sample.
    :param as_of: the instant the picture is taken; an open case whose due instant
        has come counts as missed, so a month cannot look better merely because its
        slowest cases are unfinished.
    :param feed: how far the events reach: silence is not success.
    :param promised: the kind of period that the target speaks of. A count is judged
        on no other kind (36 a quarter says nothing of a month), and while its period
        runs only where nothing can change the verdict any more.
    """
    tally = Tally()
    excluded: Counter[str] = Counter()
    pending = not_computable = 0
    last_event_at: datetime | None = None
    digest = hashlib.sha256(f"{rule.digest}|{period.label}".encode())
    for fact in sorted(facts, key=lambda item: (item.case, item.source)):
        digest.update(b"\n" + fact.canonical.encode())
        if fact.last_event_at is not None:
            last_event_at = max(last_event_at or fact.last_event_at, fact.last_event_at)
        outcome = seen(fact, rule, as_of)
        if outcome is Outcome.OPEN:
            pending += 1
        elif outcome is Outcome.EXCLUDED:
            excluded[fact.reason or "open"] += 1
        elif outcome is Outcome.NOT_COMPUTABLE:
            not_computable += 1
        else:
            tally.add(met=outcome is Outcome.MET, value=fact.value, base=fact.base)
    figure = figure_of(rule.kind, tally, rule)
    low, high = (
        wilson(figure.numerator, figure.denominator)
        if rule.kind.is_share
        else (None, None)
    )
    return Measurement(
        n=tally.n,
        met=tally.met if rule.kind.by_case else 0,
        missed=tally.n - tally.met if rule.kind.by_case else 0,
        pending=pending,
        excluded=dict(sorted(excluded.items())),
        not_computable=not_computable,
        numerator=figure.numerator,
        denominator=figure.denominator,
        value=figure.value,
        low=low,
        high=high,
        status=_status(
            figure.value,
            rule,
            n=tally.n,
            not_computable=not_computable,
            known=feed.reaches(min(_midnight(period.end, zone), as_of)),
            promised=promised in {None, period.kind},
            running=as_of < _midnight(period.end, zone),
        ),
        last_event_at=last_event_at,
        inputs_digest=digest.hexdigest(),
    )


def seen(fact: Fact, rule: Rule, as_of: datetime) -> Outcome:
    """
    Return what a case is at ``as_of``: an open one is missed once it is due.

    Only where cases are met or missed: an unfinished case has no duration yet, and
    counting it would make a mean shorter.
    """
    if (
        fact.outcome is not Outcome.OPEN
        or not rule.kind.by_case
        or fact.due_at is None
        or as_of < fact.due_at
    ):
        return fact.outcome
    return Outcome.MISSED if rule.open_past_due == "missed" else Outcome.EXCLUDED


def promise_for(promises: Sequence[Promise], period: Period) -> Promise | None:
    """
    Return the promise whose target judges a period's figure.

    It is the earliest one in force during the period: a target loosened in the
    middle of a quarter does not rescue that quarter.
    """
    touching = [promise for promise in promises if promise.touches(period)]
    return min(touching, key=lambda promise: promise.from_on, default=None)


class _Reading:
    """One case being read: its events, its start and what they say of it."""

    def __init__(
        self,
        case: str,
        events: Sequence[Event],
        start: Event,
        zone: ZoneInfo,
        source: str,
    ) -> None:
        self.case = case
        self.events = events
        self.start = start
        self.zone = zone
        self.source = source
        self.segment = ""

    def attribute(self, name: str) -> str | None:
        """Take the start's word first; else that of the latest event that has one."""
        own = self.start.attributes.get(name)
        if own is not None:
            return own
        for event in reversed(self.events):
            if name in event.attributes:
                return event.attributes[name]
        return None

    def day(self, instant: datetime) -> date:
        return instant.astimezone(self.zone).date()

    def fact(
        self,
        outcome: Outcome,
        *,
        counted_on: date | None = None,
        due: datetime | None = None,
        end: datetime | None = None,
        value: Decimal | None = None,
        base: Decimal | None = None,
        reason: str = "",
    ) -> Fact:
        return Fact(
            case=self.case,
            outcome=outcome,
            counted_on=counted_on or self.day(self.start.at),
            began_at=self.start.at,
            due_at=due,
            ended_at=end,
            value=value,
            base=base,
            reason=reason,
            segment=self.segment,
            last_event_at=max(event.at for event in self.events),
            source=self.source,
        )

    def excluded(
        self,
        reason: str,
        *,
        counted_on: date | None = None,
        due: datetime | None = None,
        end: datetime | None = None,
    ) -> Fact:
        return self.fact(
            Outcome.EXCLUDED, reason=reason, counted_on=counted_on, due=due, end=end
        )


def _beginning(
    events: Sequence[Event], promises: Sequence[Promise], zone: ZoneInfo
) -> tuple[Event | None, Promise | None]:
    """
    Find where the case begins and the promise in force that day.

    Editions may differ in what counts as the start: the promise that was made to
    this case is the first that finds a start on one of its own days.
    """
    first: Event | None = None
    for promise in promises:
        start = _start(events, promise.rule)
        if start is not None and promise.binds(start.at.astimezone(zone).date()):
            return start, promise
        first = first or start
    return first, None


def _start(events: Sequence[Event], rule: Rule) -> Event | None:
    if rule.kind.by_answer:
        return _pick(
            [event for event in events if event.value is not None], rule.answer
        )
    if rule.kind.by_sum:
        summed = rule.numerator.keys() | rule.denominator.keys()
        return next((event for event in events if event.type in summed), None)
    return _pick(events, rule.start)


def _pick(events: Sequence[Event], pick: EventPick) -> Event | None:
    matching = [event for event in events if pick.takes(event.type)]
    if not matching:
        return None
    return matching[-1] if pick.last else matching[0]


def _outcome(reading: _Reading, promise: Promise) -> Fact:
    rule = promise.rule
    reason = _exclusion(reading, rule)
    if rule.kind.is_timed:
        return _timed(reading, promise, reason)
    if reason:
        return reading.excluded(reason)
    if rule.kind.by_sum:
        return reading.fact(
            Outcome.COUNTED,
            value=_total(reading.events, rule.numerator),
            base=_total(reading.events, rule.denominator),
        )
    score = reading.start.value
    if score is None or not rule.on_scale(score):
        return reading.excluded("out_of_scale")
    return reading.fact(Outcome.COUNTED, value=score)


def _exclusion(reading: _Reading, rule: Rule) -> str:
    if any(event.type in rule.withdrawn for event in reading.events):
        return "withdrawn"
    for condition in rule.exclude:
        if reading.attribute(condition.attribute) in condition.values:
            return condition.reason or condition.attribute
    return ""


def _total(events: Sequence[Event], weights: Mapping[str, int]) -> Decimal:
    """Sum the values of the weighted types; an event without a value counts one."""
    return sum(
        (
            weights[event.type] * (Decimal(1) if event.value is None else event.value)
            for event in events
            if event.type in weights
        ),
        Decimal(0),
    )


def _timed(reading: _Reading, promise: Promise, reason: str) -> Fact:
    rule = promise.rule
    end, fault = _end_of_case(reading, rule)
    pauses = _pauses(reading, rule)
    due = _due(reading, promise, pauses)
    if rule.limit_attribute and due is None:
        fault = fault or "no_due"
    counted_on = _counted_on(reading, rule, due, end)
    if reason or fault:
        return reading.excluded(
            reason or fault, due=due, end=end, counted_on=counted_on
        )
    if end is None:
        return reading.fact(Outcome.OPEN, due=due, counted_on=counted_on)
    if rule.kind.by_case:
        # No due instant means an endless pause: what was closed during it is in time.
        outcome = Outcome.MET if due is None or end < due else Outcome.MISSED
        return reading.fact(outcome, due=due, end=end, counted_on=counted_on)
    spent = elapsed(
        reading.start.at,
        end,
        rule.duration_unit,
        promise.calendar,
        zone=reading.zone,
        pauses=pauses,
    )
    return reading.fact(
        Outcome.COUNTED, end=end, value=Decimal(spent), counted_on=counted_on
    )


def _due(
    reading: _Reading, promise: Promise, pauses: Sequence[Pause]
) -> datetime | None:
    rule = promise.rule
    if rule.limit is not None:
        return due_at(
            reading.start.at,
            rule.limit,
            promise.calendar,
            zone=reading.zone,
            pauses=pauses,
        )
    if not rule.limit_attribute:
        return None
    # The attribute carries the last good instant; due is the first too late.
    try:
        limit = datetime.fromisoformat(reading.attribute(rule.limit_attribute) or "")
    except ValueError:
        return None
    return None if limit.tzinfo is None else limit + RESOLUTION


def _end_of_case(reading: _Reading, rule: Rule) -> tuple[datetime | None, str]:
    """
    Find the stop.

    One before the start is a fault of the log, not speed, unless the rule keeps it:
    some systems log the day of a stop as its midnight.

    The start itself may be the stop: a case of one event took no time at all.
    """
    stops = [event.at for event in reading.events if rule.stop.takes(event.type)]
    if rule.stop_before_start == "excluded":
        found = bool(stops)
        stops = [at for at in stops if at >= reading.start.at]
        if found and not stops:
            return None, "stop_before_start"
    if not stops:
        return None, ""
    return (stops[-1] if rule.stop.last else stops[0]), ""


def _pauses(reading: _Reading, rule: Rule) -> list[Pause]:
    pauses: list[Pause] = []
    for pause in rule.pauses:
        since: datetime | None = None
        for event in reading.events:
            if event.type in pause.begins and since is None:
                since = event.at
            elif event.type in pause.ends and since is not None:
                pauses.append((since, event.at))
                since = None
        if since is not None:
            pauses.append((since, None))
    return pauses


def _counted_on(
    reading: _Reading, rule: Rule, due: datetime | None, end: datetime | None
) -> date | None:
    """
    Day that decides the period; ``None`` means the day the case began.

    A due instant is the first that is too late, so the instant before it is the one
    that counts. A case counted when closed is counted when due while still open.
    """
    if rule.counted_in == "closed" and end is not None:
        return reading.day(end)
    if rule.counted_in in {"closed", "due"} and due is not None:
        return reading.day(due - RESOLUTION)
    return None


def _status(
    value: Fraction | None,
    rule: Rule,
    *,
    n: int,
    not_computable: int,
    known: bool,
    promised: bool,
    running: bool,
) -> Status:
    if not_computable:
        return Status.NOT_COMPUTABLE
    if not known:
        return Status.NO_DATA_YET
    if value is None:
        return Status.NO_CASES
    if n < rule.minimum_sample:
        return Status.TOO_FEW_CASES
    if rule.target is None or rule.comparator is None:
        return Status.NOT_EVALUATED
    kept = meets(value, rule.comparator, rule.target)
    if rule.kind is Kind.COUNT:
        # A count only grows: at least so many can be kept early, at most broken early.
        early = rule.comparator in ({">=", ">"} if kept else {"<=", "<"})
        if not promised or (running and not early):
            return Status.NOT_EVALUATED
    return Status.MET if kept else Status.UNMET


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, datetime.min.time(), tzinfo=zone)


def _stamp(instant: datetime | None) -> str:
    return "" if instant is None else instant.astimezone(UTC).isoformat()


def _number(number: Decimal | None) -> str:
    return "" if number is None else format(number.normalize(), "f")

"""
From a case's events to what it contributes to an indicator.

:func:`judge` reads the events of one case under the promise that was in force when
the case began and says what became of it: its :class:`Fact`. A fact does not know
the time of day: an unfinished case is *open* with a due instant, so facts are a
function of events, rule, calendar and suspensions, and of nothing else.

Every rule of reading is a row of ``docs/worked-cases.md``, which the tests run.

Sources: Real Decreto 951/2005 arts. 9 and 12 (commitments, indicators, yearly
evaluation); Ley 39/2015 arts. 22 and 30 to 32 (terms, suspension, extension),
through :mod:`engine.worktime`.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.codes import Code
from engine.measures import Kind
from engine.periods import Period, PeriodKind, period_of
from engine.rules import (
    LONGEST_REASON,
    Condition,
    EventPick,
    Limit,
    Per,
    Rule,
    Sense,
)
from engine.statistics import EXACT
from engine.worktime import (
    RESOLUTION,
    BeyondCalendarError,
    Pause,
    Term,
    WorkCalendar,
    due_at,
    elapsed,
    kept_from,
)

ONE_DAY = timedelta(days=1)
# What a ledger line carries: as many letters, as many digits on either side.
LONGEST_SEGMENT = 200
MOST_DIGITS = 20
MOST_DECIMALS = 100  # of a number that is compared: a float has fewer
STEP, ROUNDED = Decimal("1e-12"), Context(prec=2 * MOST_DIGITS)
NOTHING = (Decimal(0), Decimal(0))
# Years in which every instant has a local day in every zone.
YEARS = range(1900, 9999)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a case, as logged; never personal data."""

    id: str
    type: str
    at: datetime
    value: Decimal | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


class Covers(StrEnum):
    """Which cases a suspension takes out of the promise."""

    BEGUN = "begun"  # those that begin while it lasts
    TOUCHED = "touched"  # those that are in hand on any day of it


@dataclass(frozen=True, slots=True)
class Suspension:
    """
    Days ``[from_on, until_on)`` on which a resolution suspends the promise.

    Figures are given with and without it: the cases stay what they are.
    """

    from_on: date
    until_on: date | None
    covers: Covers = Covers.BEGUN

    def takes(self, began: date, ended: date | None) -> bool:
        """Say whether a case in hand from a day to another is taken out."""
        if self.until_on is not None and began >= self.until_on:
            return False
        if self.covers is Covers.BEGUN:
            return began >= self.from_on
        return ended is None or ended >= self.from_on


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
    suspensions: tuple[Suspension, ...] = ()

    def binds(self, day: date) -> bool:
        """Say whether a case that begins on ``day`` is under this promise."""
        return self.from_on <= day and (self.until_on is None or day < self.until_on)

    def touches(self, period: Period) -> bool:
        """Say whether this promise binds on some day of a period."""
        return self.from_on < period.end and (
            self.until_on is None or self.until_on > period.start
        )

    def days_in(self, period: Period) -> tuple[date, date]:
        """Return the days ``[start, end)`` of a period on which this promise binds."""
        end = period.end if self.until_on is None else min(self.until_on, period.end)
        return max(self.from_on, period.start), end


class Outcome(Code):
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
    :ivar base: the denominator's part, or the weight of an answer.
    :ivar reason: why it was excluded or could not be computed.
    :ivar source: the stream that the case's key belongs to.
    :ivar part: which of its contributions, for kinds to which a case makes several.
    :ivar suspended: a suspension takes it out of the promise.
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
    part: str = ""
    suspended: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from every other fact of its indicator."""
        return self.case, self.source, self.part

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """Its fields as texts, in their order; empty for what is not there."""
        ended = _stamp(self.ended_at)
        last = self.last_event_at
        return (
            self.case,
            self.outcome.value,
            self.counted_on.isoformat(),
            _stamp(self.began_at),
            _stamp(self.due_at),
            ended,
            number_text(self.value),
            number_text(self.base),
            self.reason,
            self.segment,
            ended if last is self.ended_at else _stamp(last),
            self.source,
            self.part,
            "true" if self.suspended else "false",
        )

    @cached_property
    def canonical(self) -> str:
        """One line that is equal exactly when the fact is equal."""
        parts = (*self.texts[:-1], "suspended" if self.suspended else "")
        line = "|".join(parts)
        if line.count("|") < len(parts) and "\\" not in line and "\n" not in line:
            return line
        # Nothing in a text may pass for the end of it.
        return "|".join(map(_escaped, parts))

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of :attr:`canonical`, 32 bytes."""
        return hashlib.sha256(self.canonical.encode()).digest()


def judge(
    case: str,
    events: Sequence[Event],
    promises: Sequence[Promise],
    *,
    zone: ZoneInfo,
    source: str = "",
) -> tuple[Fact, ...]:
    """
    Say what became of a case.

    :param case: the case's key in its stream.
    :param events: the case's events that stand (replaced ones left out), by instant.
    :param promises: the indicator's rules with their days, not overlapping.
    :param zone: civil time of the office.
    :param source: the stream's name, for facts of several streams.
    :returns: empty if the case is none of this indicator's business; several for
        kinds that count what happens in a case and not the case itself.

    A case whose term runs beyond what its calendar knows is *not computable*, never
    computed with weekends only.
    """
    if not events or not promises:
        return ()
    if promises[0].rule.cases.kind.by_span:
        return tuple(_spans(case, events, promises, zone, source))
    if promises[0].rule.cases.kind.by_sum or promises[0].rule.cases.kind.by_doing:
        return tuple(_doings(case, events, promises, zone, source))
    fact = _judged(case, events, promises, zone, source)
    return () if fact is None else (fact,)


def _judged(
    case: str,
    events: Sequence[Event],
    promises: Sequence[Promise],
    zone: ZoneInfo,
    source: str,
) -> Fact | None:
    start, promise = beginning(events, promises, zone)
    if start is None:
        return _without_start(case, events, promises, zone, source)
    reading = Reading(case, events, start, zone, source)
    if promise is None:
        return reading.excluded("no_promise")
    rule = promise.rule.cases
    if not reading.meets_all(rule.where):
        return None
    reading.under(promise)
    try:
        return _outcome(reading, promise)
    except BeyondCalendarError:
        reason = _exclusion(reading, rule)
        if reason:  # what does not count need not be computable
            return reading.excluded(reason)
        end, _idle, _fault = _end_of_case(reading, rule)
        return reading.fact(Outcome.NOT_COMPUTABLE, end=end, reason="beyond_calendar")


def _without_start(
    case: str,
    events: Sequence[Event],
    promises: Sequence[Promise],
    zone: ZoneInfo,
    source: str,
) -> Fact | None:
    """
    Look at a case that ends without having begun.

    A fault of the log that must not make the case vanish: it is counted apart on
    the day of its stop, unless the rule ignores it.
    """
    stop, promise = ending(events, promises, zone)
    if stop is None or promise is None:
        return None
    reading = Reading(case, events, stop, zone, source)
    if not reading.meets_all(promise.rule.cases.where):
        return None
    reading.under(promise)
    return reading.excluded("no_start", end=stop.at)


class Reading:
    """
    One case being read: its events, its start and what they say of it.

    :ivar start: the event that the case begins with.
    """

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
        self.part = ""
        self.promise: Promise | None = None

    def begin(self, start: Event) -> None:
        """Read the same case from another event on."""
        self.start = start
        self.segment = self.part = ""
        self.promise = None

    def under(self, promise: Promise) -> None:
        """Take from the promise what every fact says of it."""
        rule = promise.rule.cases
        word = self.attribute(rule.segment_by) if rule.segment_by else None
        self.segment = (word or "")[:LONGEST_SEGMENT]
        self.promise = promise

    # Looked at once for each event of a case that has many: read once for all.

    @cached_property
    def _types(self) -> frozenset[str]:
        return frozenset(event.type for event in self.events)

    @cached_property
    def _latest(self) -> Mapping[str, str]:
        """The last word on each attribute."""
        latest: dict[str, str] = {}
        for event in self.events:
            latest.update(event.attributes)
        return latest

    def has(self, types: frozenset[str]) -> bool:
        """Say whether the case has an event of some types."""
        return bool(types) and not types.isdisjoint(self._types)

    def attribute(self, name: str) -> str | None:
        """Take the start's word first; else that of the latest event that has one."""
        own = self.start.attributes.get(name)
        return self._latest.get(name) if own is None else own

    def meets(self, condition: Condition) -> bool:
        """Say whether a condition holds of the case."""
        if condition.has:
            return self.has(condition.has)
        if condition.value_of:
            return condition.compares(self.last_value(condition.value_of))
        found = self.attribute(condition.attribute)
        if condition.comparator:
            return condition.compares(decimal_of(found))
        return found in condition.values

    def meets_all(self, conditions: Iterable[Condition]) -> bool:
        """Say whether every condition holds of the case."""
        return all(self.meets(condition) for condition in conditions)

    def last_value(self, types: frozenset[str]) -> Decimal | None:
        """Return the value of the last event of some types that has one."""
        for event in reversed(self.events):
            if event.type in types and event.value is not None:
                return event.value
        return None

    def day(self, instant: datetime) -> date:
        """Return the office's day of an instant."""
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
        """Say what became of the case; by default counted on the day it began."""
        fact = Fact(
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
            last_event_at=self.events[-1].at,
            source=self.source,
            part=self.part,
        )
        if self.promise is None or not suspending(fact, self.promise, self.zone):
            return fact
        return replace(fact, suspended=True)

    def excluded(
        self,
        reason: str,
        *,
        counted_on: date | None = None,
        due: datetime | None = None,
        end: datetime | None = None,
    ) -> Fact:
        """Leave the case out, and say why."""
        return self.fact(
            Outcome.EXCLUDED, reason=reason, counted_on=counted_on, due=due, end=end
        )


def suspending(fact: Fact, promise: Promise, zone: ZoneInfo) -> tuple[Suspension, ...]:
    """
    Return the suspensions that take a fact out of its promise.

    A case is in hand from the day it begins to the day it ends, and one that was left
    out until the last that is heard of it; an answer or a count on its own day only.
    A milestone is taken out by its last good day, not by the day on which it was
    reached. Stretches of time are never taken out: the suspended days are, and with
    them what lies in them.
    """
    rule = promise.rule.cases
    if not promise.suspensions or rule.kind.by_span:
        return ()
    began = fact.began_at.astimezone(zone).date()
    ended: date | None = began
    if rule.kind is Kind.MILESTONE:
        began = ended = fact.counted_on
    elif rule.kind.is_timed or rule.by_daily_duration:
        last = fact.ended_at
        if last is None and fact.outcome is Outcome.EXCLUDED:
            last = fact.last_event_at
        ended = None if last is None else last.astimezone(zone).date()
    return tuple(item for item in promise.suspensions if item.takes(began, ended))


def beginning(
    events: Sequence[Event], promises: Sequence[Promise], zone: ZoneInfo
) -> tuple[Event | None, Promise | None]:
    """
    Find where the case begins and the promise in force that day.

    Editions may differ in what counts as the start: the promise that was made to
    this case is the first that finds a start on one of its own days.
    """
    first: Event | None = None
    for promise in promises:
        start = _start(events, promise.rule.cases)
        if start is not None and promise.binds(start.at.astimezone(zone).date()):
            return start, promise
        first = first or start
    return first, None


def ending(
    events: Sequence[Event], promises: Sequence[Promise], zone: ZoneInfo
) -> tuple[Event | None, Promise | None]:
    """Find where a case without a beginning ends, and the promise in force that day."""
    for promise in promises:
        rule = promise.rule.cases
        stop = picked(events, rule.stop) if rule.missing_start == "excluded" else None
        if stop is not None and promise.binds(stop.at.astimezone(zone).date()):
            return stop, promise
    return None, None


def _start(events: Sequence[Event], rule: Rule) -> Event | None:
    if rule.kind.is_timed or rule.by_daily_duration:
        return picked(events, rule.start)
    return picked([event for event in events if event.value is not None], rule.answer)


def picked(events: Sequence[Event], pick: EventPick) -> Event | None:
    """Return the first or last event of some types, as the pick says."""
    ordered = reversed(events) if pick.last else events
    return next((event for event in ordered if pick.takes(event.type)), None)


def _outcome(reading: Reading, promise: Promise) -> Fact:
    rule = promise.rule.cases
    reason = _exclusion(reading, rule)
    if rule.kind.is_timed or rule.by_daily_duration:
        return _timed(reading, promise, reason)
    score, weight = reading.start.value, None
    reason = reason or _withdrawn(reading, rule)
    if not reason and (score is None or not rule.on_scale(score)):
        reason = "out_of_scale"
    if not reason and rule.weight:
        weight = _weight(reading.attribute(rule.weight))
        reason = "no_weight" if weight is None else ""
    if reason:
        return reading.excluded(reason)
    return reading.fact(Outcome.COUNTED, value=score, base=weight)


def _exclusion(reading: Reading, rule: Rule) -> str:
    """Return why a case does not count whenever this became known; empty if it does."""
    for name, types in (
        ("void", rule.void),
        ("merged", rule.merged),
        ("duplicate", rule.duplicate),
    ):
        if reading.has(types):
            return name
    for condition in rule.exclude:
        if reading.meets(condition):
            reason = condition.reason or condition.attribute or "excluded"
            return reason[:LONGEST_REASON]
    return ""


def _withdrawn(reading: Reading, rule: Rule) -> str:
    """Return the reason, where there is no term before which it must have come."""
    return "withdrawn" if reading.has(rule.withdrawn) else ""


def withdrawal(reading: Reading, rule: Rule) -> datetime | None:
    """Return when a case was withdrawn first."""
    return next(
        (event.at for event in reading.events if event.type in rule.withdrawn), None
    )


# Cases that run from a start to a stop.


class Clock(NamedTuple):
    """
    The time of a case as its promise counts it.

    :ivar since: when the clock starts; ``None``: it has not.
    :ivar end: when it stops; ``None``: it runs.
    :ivar pauses: when it stands still.
    :ivar due: first instant that is too late; of a minimum notice the first that
        is good. ``None``: none.
    :ivar limit: what the due instant comes from.
    :ivar fault: why the times make no sense; empty if they do.
    """

    since: datetime | None
    end: datetime | None
    pauses: tuple[Pause, ...]
    due: datetime | None
    limit: Limit | None
    fault: str


def clock_of(reading: Reading, promise: Promise) -> Clock:
    """
    Read when a case's clock starts, stands still and stops, and when it is due.

    :raises BeyondCalendarError: if that needs a day the calendar does not know.
    """
    rule = promise.rule.cases
    end, idle, fault = _end_of_case(reading, rule)
    pauses = ended_with((*_pauses(reading, promise), *idle), end)
    since: datetime | None = reading.start.at
    if rule.clock.types:
        found = picked(up_to(reading.events, end), rule.clock)
        since = None if found is None else found.at
    limit = limit_of(reading, rule)
    due = due_of(reading, promise, limit, since, pauses)
    if rule.extension is not None and due is not None:
        types, longer = rule.extension
        known = up_to(reading.events, end)
        if any(event.type in types and event.at < due for event in known):
            limit, due = longer, due_of(reading, promise, longer, since, pauses)
    if limit is not None and limit.attribute and due is None:
        fault = fault or "no_due"
    if not rule.kind.by_case and end is not None and since is None:
        fault = fault or "stop_before_start"  # no time that a mean could be of
    return Clock(since, end, pauses, due, limit, fault)


def clock_of_case(
    case: str, events: Sequence[Event], promises: Sequence[Promise], *, zone: ZoneInfo
) -> Clock | None:
    """
    Read a case's clock; ``None`` if the case is none of the indicator's business.

    :raises BeyondCalendarError: if that needs a day the calendar does not know.
    """
    start, promise = beginning(events, promises, zone)
    if start is None or promise is None:
        return None
    reading = Reading(case, events, start, zone, "")
    if not reading.meets_all(promise.rule.cases.where):
        return None
    return clock_of(reading, promise)


def _timed(reading: Reading, promise: Promise, reason: str) -> Fact:
    rule = promise.rule.cases
    clock = clock_of(reading, promise)
    end, due, notice = clock.end, clock.due, _is_notice(clock.limit)
    gone = withdrawal(reading, rule) if rule.withdrawn else None
    if gone is not None and (end is None or gone <= end):
        if not notice and broken_by(gone, reading, promise, clock):
            end = gone  # a promise broken already stays broken
        else:
            reason = reason or "withdrawn"
    counted_on = _counted_on(reading, rule, None if notice else due, end)
    reason = reason or clock.fault
    if reason:
        return reading.excluded(reason, due=due, end=end, counted_on=counted_on)
    if rule.kind is Kind.TWO_TIER_REMAINDER:
        return _remainder(reading, promise, clock, end)
    if end is None:
        due = None if notice else due
        return reading.fact(Outcome.OPEN, due=due, counted_on=counted_on)
    if rule.kind.by_case:
        outcome = Outcome.MET if _kept(end, due, notice=notice) else Outcome.MISSED
        return reading.fact(outcome, due=due, end=end, counted_on=counted_on)
    spent = elapsed(
        clock.since or reading.start.at,
        end,
        rule.duration_unit,
        promise.calendar,
        zone=reading.zone,
        pauses=clock.pauses,
    )
    return reading.fact(
        Outcome.COUNTED, end=end, value=Decimal(spent), counted_on=counted_on
    )


def broken_by(gone: datetime, reading: Reading, promise: Promise, clock: Clock) -> bool:
    """
    Say whether a promise to a case was broken when the case was withdrawn.

    :raises BeyondCalendarError: if that needs a day the calendar does not know.
    """
    rule, due = promise.rule.cases, clock.due
    if rule.kind is Kind.TWO_TIER_REMAINDER:
        due = due_of(reading, promise, rule.second_limit, clock.since, clock.pauses)
    return rule.kind.by_case and due is not None and gone >= due


def _is_notice(limit: Limit | None) -> bool:
    return limit is not None and limit.sense is Sense.AT_LEAST


def _kept(end: datetime, due: datetime | None, *, notice: bool) -> bool:
    if notice:
        return due is not None and end >= due
    # No due instant: the limit had not begun to run.
    return due is None or end < due


def _remainder(
    reading: Reading, promise: Promise, clock: Clock, end: datetime | None
) -> Fact:
    """
    Judge what misses the first limit by the second.

    What keeps the first is no part of the remainder; it is counted apart.
    """
    rule = promise.rule.cases
    second = due_of(reading, promise, rule.second_limit, clock.since, clock.pauses)
    counted_on = _counted_on(reading, rule, second, end)
    if end is None:
        return reading.fact(Outcome.OPEN, due=second, counted_on=counted_on)
    if _kept(end, clock.due, notice=False):
        return reading.excluded(
            "within_first_limit", due=second, end=end, counted_on=counted_on
        )
    outcome = Outcome.MET if _kept(end, second, notice=False) else Outcome.MISSED
    return reading.fact(outcome, due=second, end=end, counted_on=counted_on)


def limit_of(reading: Reading, rule: Rule) -> Limit | None:
    """Return the limit that a case is under: the first whose conditions it meets."""
    if rule.limits:
        began = reading.day(reading.start.at)
        for item in rule.limits:
            if began in item.span and reading.meets_all(item.where):
                return item.limit
    return rule.limit


def due_of(
    reading: Reading,
    promise: Promise,
    limit: Limit | None,
    since: datetime | None,
    pauses: Sequence[Pause],
) -> datetime | None:
    """
    Return when a case under a limit is due; ``None`` if it never is, or not yet.

    :param since: from when the limit runs.
    :raises BeyondCalendarError: if that needs a day the calendar does not know.
    """
    if limit is None or (since is None and not limit.attribute):
        return None
    if limit.term is None or since is None:
        # The attribute carries the last good instant; due is the first too late.
        instant = _instant(reading.attribute(limit.attribute))
        return None if instant is None else instant + RESOLUTION
    reach = kept_from if limit.sense is Sense.AT_LEAST else due_at
    return reach(since, limit.term, promise.calendar, zone=reading.zone, pauses=pauses)


def _end_of_case(
    reading: Reading, rule: Rule
) -> tuple[datetime | None, tuple[Pause, ...], str]:
    """
    Find the stop, and the time for which the case was thought to have ended.

    A stop before the start is a fault of the log, not speed, unless the rule keeps
    it: some systems log the day of a stop as its midnight. A later stop mends the
    fault, unless the rule says that nothing does. A reopening undoes the stop before
    it.

    The start itself may be the stop: a case of one event took no time at all.
    """
    early = False
    end: datetime | None = None
    idle: list[Pause] = []
    for event in reading.events:
        if rule.stop.takes(event.type):
            if event.at < reading.start.at and rule.stop_before_start != "kept":
                early = True
            elif end is None or rule.stop.last:
                end = event.at
        elif event.type in rule.reopened and end is not None:
            idle.append((end, event.at))
            end = None
    fault = early and (
        rule.stop_before_start == "excluded_always"
        or (rule.stop_before_start == "excluded" and end is None)
    )
    return (
        end,
        tuple(idle) if rule.reopened_paused else (),
        "stop_before_start" if fault else "",
    )


def up_to(events: Sequence[Event], end: datetime | None) -> Sequence[Event]:
    """Return the events up to the stop: what is logged after it moves no clock."""
    return events if end is None else [event for event in events if event.at <= end]


def ended_with(pauses: Iterable[Pause], end: datetime | None) -> tuple[Pause, ...]:
    """Let the stop end every pause: what is logged after it changes nothing."""
    if end is None:
        return tuple(pauses)
    return tuple(
        (since, end if until is None else min(until, end))
        for since, until in pauses
        if since < end
    )


def _pauses(reading: Reading, promise: Promise) -> Iterator[Pause]:
    for rule in promise.rule.cases.pauses:
        since: datetime | None = None
        for event in reading.events:
            if event.type in rule.begins and since is None:
                since = event.at
            elif event.type in rule.ends and since is not None:
                yield _capped(reading, promise, (since, event.at), rule.at_most)
                since = None
        if since is not None:
            yield _capped(reading, promise, (since, None), rule.at_most)


def _capped(
    reading: Reading, promise: Promise, pause: Pause, at_most: Term | None
) -> Pause:
    """Let a pause last no longer than the rule allows (R-13: ten working days)."""
    since, until = pause
    if at_most is None:
        return pause
    cap = kept_from(since, at_most, promise.calendar, zone=reading.zone)
    if cap is None or (until is not None and until < cap):
        return pause
    return since, cap


def _counted_on(
    reading: Reading, rule: Rule, due: datetime | None, end: datetime | None
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


# Kinds that count what happens in a case, whatever the case.


def _doings(
    case: str,
    events: Sequence[Event],
    promises: Sequence[Promise],
    zone: ZoneInfo,
    source: str,
) -> Iterator[Fact]:
    """Yield a fact for each day (and segment) on which something counts."""
    parts: dict[str, Fact] = {}
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    reading = Reading(case, events, events[0], zone, source)
    for event in events:
        day = event.at.astimezone(zone).date()
        promise = next((made for made in promises if made.binds(day)), None)
        rule = (promise or promises[0]).rule.cases
        if not _adds(rule, event.type):
            continue
        reading.begin(event)
        if promise is not None:
            if not reading.meets_all(rule.where):
                continue
            reading.under(promise)
        reason = left_out(reading, promise)
        part = reading.part = part_of(reading, day, reason)
        if part not in parts:
            parts[part] = _doing(reading, promise, reason, day)
        if parts[part].outcome is Outcome.COUNTED:
            sums[part] = _together(sums.get(part, NOTHING), _amounts(rule, event))
    for part, fact in parts.items():
        value, base = sums.get(part, (None, None))
        yield replace(fact, value=value, base=base)


def _adds(rule: Rule, type_: str) -> bool:
    """Say whether events of a type are what the rule counts."""
    if rule.kind.by_sum:
        return type_ in rule.numerator or type_ in rule.denominator
    planned = rule.plan is not None and type_ in rule.plan.types
    return planned or type_ in rule.done.types


def part_of(reading: Reading, day: date, reason: str) -> str:
    """Name what happens on a day: what counts and what is left out are told apart."""
    return f"{day.isoformat()}{'!' if reason else ' '}{reading.segment}".strip()


def left_out(reading: Reading, promise: Promise | None) -> str:
    """Return why what happened does not count; empty if it does."""
    if promise is None:
        return "no_promise"
    rule = promise.rule.cases
    return _exclusion(reading, rule) or _withdrawn(reading, rule)


def _doing(reading: Reading, promise: Promise | None, reason: str, day: date) -> Fact:
    """Return what counts on a day, without its amounts."""
    if promise is None or reason:
        return reading.excluded(reason)
    rule = promise.rule.cases
    if rule.milestone is None:
        _first, last = slot_of(rule, day)
        return reading.fact(Outcome.COUNTED, counted_on=last)
    due = rule.milestone.due_for(day)
    outcome = Outcome.MET if day <= due else Outcome.MISSED
    return reading.fact(outcome, counted_on=due, end=reading.start.at)


def _amounts(rule: Rule, event: Event) -> tuple[Decimal, Decimal]:
    """Return what an event adds to the numerator and to the denominator."""
    if rule.kind is Kind.SCHEDULE_FREQUENCY:
        planned = rule.plan is not None and event.type in rule.plan.types
        return Decimal(event.type in rule.done.types), Decimal(planned)
    amount = Decimal(1) if event.value is None else event.value
    return (
        EXACT.multiply(amount, rule.numerator.get(event.type, 0)),
        EXACT.multiply(amount, rule.denominator.get(event.type, 0)),
    )


def _together(
    one: tuple[Decimal, Decimal], other: tuple[Decimal, Decimal]
) -> tuple[Decimal, Decimal]:
    return EXACT.add(one[0], other[0]), EXACT.add(one[1], other[1])


def slot_of(rule: Rule, day: date) -> tuple[date, date]:
    """Return the first and the last day of the slot of a plan that a day belongs to."""
    if rule.plan is None or rule.plan.types:
        return day, day
    per = rule.plan.per
    if per is Per.WEEK:
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)
    if per in {Per.DAY, Per.WORKING_DAY}:
        return day, day
    period = period_of(day, PeriodKind(per.value))
    return period.start, period.end - ONE_DAY


def _spans(
    case: str,
    events: Sequence[Event],
    promises: Sequence[Promise],
    zone: ZoneInfo,
    source: str,
) -> Iterator[Fact]:
    """
    Yield a fact for each stretch from a start to the next stop.

    A stretch of no length is none.
    """
    reading = Reading(case, events, events[0], zone, source)
    rule = promises[-1].rule.cases
    began: Event | None = None
    for event in events:
        if began is None and rule.start.takes(event.type):
            began = event
        elif began is not None and rule.stop.takes(event.type):
            if began.at < event.at:
                yield from _span(reading, promises, began, event.at)
            began = None
    if began is not None:
        yield from _span(reading, promises, began, None)


def _span(
    reading: Reading,
    promises: Sequence[Promise],
    began: Event,
    end: datetime | None,
) -> Iterator[Fact]:
    reading.begin(began)
    day = reading.day(began.at)
    # A stretch that began before any promise still reaches into its days.
    promise = next((made for made in promises if made.binds(day)), promises[0])
    rule = promise.rule.cases
    if not reading.meets_all(rule.where):
        return
    reading.under(promise)
    reading.part = _stamp(began.at)
    reason = _exclusion(reading, rule) or _withdrawn(reading, rule)
    if reason:
        yield reading.excluded(reason, end=end)
    else:
        outcome = Outcome.OPEN if end is None else Outcome.COUNTED
        yield reading.fact(outcome, end=end)


def decimal_of(text: str | None) -> Decimal | None:
    """Read a number that somebody logged; one of absurd size is none."""
    try:
        number = Decimal(text or "")
    except InvalidOperation:
        return None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -MOST_DECIMALS:
        return None
    return number if number.adjusted() < MOST_DIGITS else None


def _weight(text: str | None) -> Decimal | None:
    """Read an answer's weight, to as many decimals as the ledger keeps."""
    number = decimal_of(text)
    if number is None or number < 0:
        return None
    return number.quantize(STEP, ROUND_HALF_EVEN, ROUNDED)


def _instant(text: str | None) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    if instant.tzinfo is None or instant.year not in YEARS:
        return None
    return instant


def _stamp(instant: datetime | None) -> str:
    if instant is None:
        return ""
    return (instant if instant.tzinfo is UTC else instant.astimezone(UTC)).isoformat()


def number_text(number: Decimal | None) -> str:
    """Write a number in the one way that a fact does; nothing for none."""
    if number is None:
        return ""
    # Nought is one number, whatever its sign and its zeros.
    return format(number.normalize(EXACT), "f") if number else "0"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", "\\n")

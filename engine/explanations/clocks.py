"""How the time of a case was counted: limits, pauses, days."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from engine.cases import (
    Clock,
    Event,
    Fact,
    Outcome,
    Promise,
    Reading,
    broken_by,
    clock_of,
    due_of,
    limit_of,
    picked,
    up_to,
    withdrawal,
)
from engine.explanations.conditions import checked
from engine.explanations.findings import (
    SECOND,
    Checked,
    LimitFound,
    PauseFound,
    Timing,
    Use,
)
from engine.explanations.uses import Uses
from engine.measures import Kind
from engine.rules import Limit, Rule, Sense
from engine.worktime import (
    BeyondCalendarError,
    Derivation,
    Pause,
    explain_due,
    explain_elapsed,
    explain_notice,
)

# A derivation has a step for each day: beyond this the sum is given without its days.
MOST_DAYS = timedelta(days=20 * 366)


def timing_of(
    reading: Reading, promise: Promise, fact: Fact, uses: Uses
) -> Timing | None:
    """Say how a case's time was counted; ``None`` beyond what the calendar knows."""
    rule = promise.rule.cases
    undone = list(uses.stops(reading.start, rule))
    clock = _clock_of(reading, promise)
    end = None if clock is None else clock.end
    makers: list[_Maker] = [
        (*pair, False) for item in rule.pauses for pair in uses.pauses(item, end)
    ]
    if rule.reopened_paused:
        makers += [(*pair, True) for pair in undone]
    if clock is None:
        return None
    if rule.clock.types:
        chosen = picked(up_to(reading.events, clock.end), rule.clock)
        uses.pick(rule.clock, chosen, Use.CLOCK, Use.CLOCK_NOT_TAKEN)
    limits = tuple(_limits(reading, promise, clock, uses))
    _note_withdrawal(reading, promise, clock, fact, uses)
    spent = None
    if fact.outcome is Outcome.COUNTED:
        since = clock.since or reading.start.at
        spent = days_spent(since, fact.ended_at, promise, reading.zone, clock.pauses)
    return Timing(
        promise.calendar.zone if promise.calendar else reading.zone,
        clock.since,
        fact.ended_at,
        tuple(_pauses(clock, makers)),
        limits,
        spent,
    )


def _clock_of(reading: Reading, promise: Promise) -> Clock | None:
    try:
        return clock_of(reading, promise)
    except BeyondCalendarError:
        return None


def _note_withdrawal(
    reading: Reading, promise: Promise, clock: Clock, fact: Fact, uses: Uses
) -> None:
    rule = promise.rule.cases
    gone = withdrawal(reading, rule)
    if gone is None:
        return
    told = fact.outcome is not Outcome.NOT_COMPUTABLE
    notice = clock.limit is not None and clock.limit.sense is Sense.AT_LEAST
    uses.withdrawal(
        rule,
        taken=clock.end is None or gone <= clock.end,
        late=told and not notice and broken_by(gone, reading, promise, clock),
    )


# What begins a pause, what ends it, and whether it is a reopening that made it one.
_Maker: TypeAlias = tuple[Event, Event | None, bool]


def _pauses(clock: Clock, makers: Sequence[_Maker]) -> Iterator[PauseFound]:
    """Put the judge's pauses together with the events that made them."""
    end = clock.end
    begun = [maker for maker in makers if end is None or maker[0].at < end]
    for (since, until), (by, ended_by, reopened) in zip(
        clock.pauses, begun, strict=True
    ):
        by_stop = end is not None and (ended_by is None or ended_by.at > end)
        resumed = None if by_stop else ended_by
        natural = end if resumed is None else resumed.at
        yield PauseFound(since, until, by, resumed, reopened, until != natural)


def _limits(
    reading: Reading, promise: Promise, clock: Clock, uses: Uses
) -> Iterator[LimitFound]:
    """Yield the limit of a case, then what replaced it, then the second."""
    rule = promise.rule.cases
    own = limit_of(reading, rule)
    first = None
    if own is not None:
        first = _limit_found(reading, promise, own, clock, _path_of(own, rule))
        yield replace(first, conditions=_chosen_by(reading, own, rule))
    if rule.extension is not None:
        types, longer = rule.extension
        by = uses.extension(types, None if first is None else first.due_at, clock.end)
        if by is not None:
            found = _limit_found(reading, promise, longer, clock, "extension.limit")
            yield replace(found, extended_by=by)
    if rule.kind is Kind.TWO_TIER_REMAINDER and rule.second_limit is not None:
        yield _limit_found(reading, promise, rule.second_limit, clock, SECOND)


def _path_of(limit: Limit, rule: Rule) -> str:
    for number, item in enumerate(rule.limits):
        if item.limit is limit:
            return f"limits[{number}].limit"
    return "limit"


def _chosen_by(reading: Reading, limit: Limit, rule: Rule) -> tuple[Checked, ...]:
    for number, item in enumerate(rule.limits):
        if item.limit is limit:
            return tuple(checked(reading, f"limits[{number}].where", item.where))
    return ()


def _limit_found(
    reading: Reading, promise: Promise, limit: Limit, clock: Clock, path: str
) -> LimitFound:
    try:
        due = due_of(reading, promise, limit, clock.since, clock.pauses)
    except BeyondCalendarError:
        return LimitFound(path, limit, None)
    return LimitFound(path, limit, due, _deadline(reading, promise, limit, clock, due))


def _deadline(
    reading: Reading,
    promise: Promise,
    limit: Limit,
    clock: Clock,
    due: datetime | None,
) -> Derivation | None:
    """Walk the days to a due instant, if there is a term and they are few enough."""
    if limit.term is None or clock.since is None:
        return None
    reach = max((until or since for since, until in clock.pauses), default=clock.since)
    if (due or reach) - clock.since > MOST_DAYS:
        return None
    walk = explain_notice if limit.sense is Sense.AT_LEAST else explain_due
    return walk(
        clock.since,
        limit.term,
        promise.calendar,
        zone=reading.zone,
        pauses=clock.pauses,
    )


def days_spent(
    since: datetime,
    end: datetime | None,
    promise: Promise,
    zone: ZoneInfo,
    pauses: Sequence[Pause] = (),
) -> Derivation | None:
    """Walk the days that passed, if they are few enough and known."""
    if end is None or abs(end - since) > MOST_DAYS:
        return None
    try:
        return explain_elapsed(
            since,
            end,
            promise.rule.cases.duration_unit,
            promise.calendar,
            zone=zone,
            pauses=pauses,
        )
    except BeyondCalendarError:
        return None

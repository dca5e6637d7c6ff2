"""
From what cases contributed to a figure: one small function for each kind.

Values are fractions until they are stored or shown; a target is compared with the
fraction, so 7.93 against 8 is unmet and 94.96 shown as 95.0 is unmet.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from engine.cases import Fact, Outcome, Promise, slot_of
from engine.measures import Kind, Tally, meets, unit_size
from engine.periods import Period
from engine.rules import Aggregate, Daily, Per, Rule
from engine.statistics import (
    EXACT,
    QuantileMethod,
    mean_interval,
    nps_interval,
    quantile,
    wilson,
)
from engine.worktime import Unit, WorkCalendar, elapsed

PROMOTER, DETRACTOR = Decimal(9), Decimal(6)
HUNDRED, HALF = Fraction(100), Fraction(1, 2)
ONE_DAY = timedelta(days=1)
HOUR = 3_600_000_000
Interval = tuple[Decimal, Decimal] | tuple[None, None]


class ContradictionError(ValueError):
    """The events contradict each other: a part is more than its whole."""


@dataclass(frozen=True, slots=True)
class Figure:
    """
    A value with the numbers it comes from; no value over nothing.

    :ivar n: what it is computed over: cases, answers, days, slots or hours, as the
        kind says; ``met`` and ``missed`` add up to it for kinds that tell them apart.
    :ivar pending: what may still be met or missed, beside unfinished cases.
    :ivar low: lower end of the 95 % interval, ``None`` where none makes sense.
    """

    numerator: Fraction
    denominator: Fraction
    value: Fraction | None
    n: int
    met: int = 0
    missed: int = 0
    pending: int = 0
    low: Decimal | None = None
    high: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """
    A period's cases as seen at an instant.

    :ivar promise: what judges the period.
    :ivar promises: all of the indicator's, by their days: time is asked of every day
        on which one of them binds, or a new edition would end the year of the old.
    :ivar tally: their sums, unfinished cases that are due among the missed.
    :ivar cases: one by one, for the kinds that need them; otherwise empty.
    :ivar values: those that were counted, in any order, for the kinds that need them
        and not their cases; of the cases by default.
    :ivar earlier: the same of the period that a trend compares with.
    :ivar heeds: whether suspended days are left out.
    """

    promise: Promise
    promises: Sequence[Promise]
    rule: Rule
    period: Period
    zone: ZoneInfo
    as_of: datetime
    tally: Tally
    cases: Sequence[Fact] = ()
    values: Sequence[Decimal] | None = None
    earlier: "Look | None" = None
    heeds: bool = True

    def days(self) -> Iterator[date]:
        """Yield the period's days on which a promise binds."""
        day = self.period.start
        while day < self.period.end:
            if self.binds_on(day, day):
                yield day
            day += ONE_DAY

    def binds_on(self, first: date, last: date) -> bool:
        """Say whether a promise binds on every one of some days."""
        day = first
        for made in self.promises:
            if made.binds(day):
                day = last + ONE_DAY if made.until_on is None else made.until_on
        return day > last and not self.suspends(first, last)

    def suspends(self, first: date, last: date) -> bool:
        """Say whether one of some days is suspended, and that is heeded."""
        return self.heeds and any(
            item.from_on <= last and (item.until_on is None or first < item.until_on)
            for made in self.promises
            for item in made.suspensions
        )

    def stretches(self) -> list[tuple[datetime, datetime]]:
        """Return the period's time on which a promise binds, up to the instant."""
        found: list[tuple[datetime, datetime]] = []
        for day in self.days():
            start = _midnight(day, self.zone)
            end = min(_midnight(day + ONE_DAY, self.zone), self.as_of)
            if start >= end:
                break
            if found and found[-1][1] == start:
                found[-1] = (found[-1][0], end)
            else:
                found.append((start, end))
        return found


def figure_of(look: Look) -> Figure:
    """
    Compute a figure.

    :returns: shares in percent, NPS from -100 to 100, durations in the rule's unit,
        means in points, ratios in percent unless the rule says otherwise, counts as
        they are, trends as a difference or in percent. The value is ``None`` over
        nothing, except that a count of nothing is zero.
    :raises engine.worktime.BeyondCalendarError: if the calendar does not know a day
        that the figure needs.
    :raises ContradictionError: if a part is more than its whole.
    """
    return FIGURES[look.rule.kind](look)


def _over(
    numerator: Fraction, denominator: Fraction, n: int, scale: Fraction = HUNDRED
) -> Figure:
    value = scale * numerator / denominator if denominator else None
    return Figure(numerator, denominator, value, n)


def _share(good: int, n: int) -> Figure:
    found = _over(Fraction(good), Fraction(n), n)
    low, high = wilson(found.numerator, found.denominator)
    return replace(found, met=good, missed=n - good, low=low, high=high)


def _share_met(look: Look) -> Figure:
    return _share(look.tally.met, look.tally.n)


def _mean_duration(look: Look) -> Figure:
    total = Fraction(look.tally.total) / unit_size(look.rule.duration_unit)
    return _over(total, Fraction(look.tally.n), look.tally.n, Fraction(1))


def _median_duration(look: Look) -> Figure:
    return _quantile_duration(look, HALF)


def _percentile_duration(look: Look) -> Figure:
    percentile = look.rule.percentile
    share = HALF if percentile is None else Fraction(percentile) / 100
    return _quantile_duration(look, share)


def _quantile_duration(look: Look, share: Fraction) -> Figure:
    values = counted_values(look.cases) if look.values is None else look.values
    if not values:
        return Figure(Fraction(0), Fraction(0), None, 0)
    value = quantile(values, share, look.rule.method)
    value /= unit_size(look.rule.duration_unit)
    return Figure(value, Fraction(1), value, len(values))


def counted_values(facts: Iterable[Fact]) -> list[Decimal]:
    """Return the values of the cases that count."""
    return [
        fact.value
        for fact in facts
        if fact.outcome is Outcome.COUNTED and fact.value is not None
    ]


# Answers.


def _weights(look: Look) -> dict[Decimal, Decimal]:
    """Weigh the scores: by the answers' weights, or each answer alike."""
    return {
        value: score.weight if look.rule.weight else Decimal(score.n)
        for value, score in look.tally.scores.items()
    }


def _weighted(pairs: Iterable[tuple[Decimal, Decimal]]) -> Fraction:
    total = Decimal(0)
    for value, weight in pairs:
        total = EXACT.fma(value, weight, total)
    return Fraction(total)


def _satisfaction_mean(look: Look) -> Figure:
    weights, n = _weights(look), look.tally.n
    total = _weighted(weights.items())
    found = _over(total, _sum(weights.values()), n, Fraction(1))
    if look.rule.weight:
        return found
    squares = _weighted(
        (EXACT.multiply(value, value), weight) for value, weight in weights.items()
    )
    low, high = mean_interval(n, total, squares)
    return replace(found, low=low, high=high)


def _share_at_or_above(look: Look) -> Figure:
    def good(score: Decimal) -> bool:
        if look.rule.below is not None:
            return score < look.rule.below
        return score >= (look.rule.at_least or Decimal(0))

    scores = look.tally.scores
    reached = sum(score.n for value, score in scores.items() if good(value))
    if not look.rule.weight:
        return _share(reached, look.tally.n)
    weights = _weights(look)
    return _over(
        _sum(weight for value, weight in weights.items() if good(value)),
        _sum(weights.values()),
        look.tally.n,
    )


def _nps(look: Look) -> Figure:
    weights = _weights(look)
    promoters = _sum(w for score, w in weights.items() if score >= PROMOTER)
    detractors = _sum(w for score, w in weights.items() if score <= DETRACTOR)
    found = _over(promoters - detractors, _sum(weights.values()), look.tally.n)
    if look.rule.weight:
        return found
    passives = look.tally.n - int(promoters) - int(detractors)
    low, high = nps_interval(int(promoters), passives, int(detractors))
    return replace(found, low=low, high=high)


def _sum(values: Iterable[Decimal]) -> Fraction:
    total = Decimal(0)
    for value in values:
        total = EXACT.add(total, value)
    return Fraction(total)


# Sums of events.


def _ratio(look: Look) -> Figure:
    scale = HUNDRED if look.rule.as_percent else Fraction(1)
    tally = look.tally
    return _over(Fraction(tally.total), Fraction(tally.base), tally.n, scale)


def _share_of_sums(look: Look) -> Figure:
    """Compute the part of a whole: as a ratio, with the interval of a share."""
    found = _ratio(replace(look, rule=replace(look.rule, as_percent=True)))
    if not 0 <= found.numerator <= found.denominator:
        msg = f"{found.numerator} of {found.denominator} is no part of a whole"
        raise ContradictionError(msg)
    low, high = wilson(found.numerator, found.denominator)
    whole, good = int(found.denominator), int(found.numerator)
    return replace(found, n=whole, met=good, missed=whole - good, low=low, high=high)


def _count(look: Look) -> Figure:
    total = Fraction(look.tally.total)
    return Figure(total, Fraction(1), total, look.tally.n)


# What is done, and when.


def _schedule_frequency(look: Look) -> Figure:
    """
    Share of what was planned that was done, slot by slot.

    Doing twice in one week does not make up for a week without, nor does more than
    was planned. A slot counts once it is over; the one that runs is pending. What is
    promised for a whole slot cannot be asked of a part of it: one in which the promise
    begins, ends or is suspended does not count.
    """
    if look.rule.plan is None or look.rule.plan.types:
        planned = int(look.tally.base)
        return _done_of(min(int(look.tally.total), planned), planned)
    amount = look.rule.plan.amount
    done_in: defaultdict[date, Decimal] = defaultdict(Decimal)
    for fact in look.cases:
        if fact.outcome is Outcome.COUNTED and fact.value is not None:
            done_in[fact.counted_on] = EXACT.add(done_in[fact.counted_on], fact.value)
    slots = list(_slots(look))
    over = [
        slot for slot in slots if _midnight(slot + ONE_DAY, look.zone) <= look.as_of
    ]
    done_slots = int(sum(min(Decimal(amount), done_in[slot]) for slot in over))
    found = _done_of(done_slots, amount * len(over))
    return replace(found, pending=amount * (len(slots) - len(over)))


def _done_of(done: int, planned: int) -> Figure:
    found = _over(Fraction(done), Fraction(planned), planned)
    return replace(found, met=done, missed=planned - done)


def _slots(look: Look) -> Iterator[date]:
    """Yield the last day of each slot that ends in the period, under this plan."""
    plan = look.rule.plan
    alike = [made for made in look.promises if made.rule.cases.plan == plan]
    look = replace(look, promises=alike)
    for day in look.days():
        if plan is not None and plan.per is Per.WORKING_DAY:
            if look.promise.calendar and look.promise.calendar.is_working_day(day):
                yield day
        else:
            first, last = slot_of(look.rule, day)
            if day == last and look.binds_on(first, last):
                yield day


def _milestone(look: Look) -> Figure:
    """
    Share of the days by which something was to be done on which it was.

    Not done when its day is over is missed, with no event. Each promise asks for the
    days that it binds on.
    """
    due = {
        day
        for made in look.promises
        if made.rule.cases.milestone is not None
        for day in made.rule.cases.milestone.due_in(look.period.start, look.period.end)
        if made.binds(day) and not look.suspends(day, day)
    }
    kept = {fact.counted_on for fact in look.cases if fact.outcome is Outcome.MET}
    late = {
        day for day in due if _midnight(day + ONE_DAY, look.zone) <= look.as_of
    } - kept
    met = len(kept & due)
    return replace(_share(met, met + len(late)), pending=len(due) - met - len(late))


# Days.


def _share_of_days(look: Look) -> Figure:
    """Share of the days with cases on which their mean (say) is as promised."""
    daily = look.rule.daily
    if daily is None:
        return Figure(Fraction(0), Fraction(0), None, 0)
    scale = unit_size(look.rule.duration_unit) if daily.by_duration else 1
    days: defaultdict[date, list[Decimal]] = defaultdict(list)
    for fact in look.cases:
        if fact.outcome is Outcome.COUNTED and fact.value is not None:
            days[fact.counted_on].append(fact.value)
    good = sum(
        meets(_of_day(values, daily, scale), daily.comparator, daily.value)
        for values in days.values()
    )
    return _share(good, len(days))


def _of_day(values: list[Decimal], daily: Daily, scale: int) -> Fraction:
    if daily.aggregate is Aggregate.COUNT:
        return Fraction(len(values))
    total = _sum(values)
    return {
        Aggregate.MEAN: lambda: total / len(values),
        Aggregate.MEDIAN: lambda: quantile(values, HALF, QuantileMethod.LINEAR),
        Aggregate.MAXIMUM: lambda: Fraction(max(values)),
        Aggregate.TOTAL: lambda: total,
    }[daily.aggregate]() / scale


# Stretches of time.


def _availability(look: Look) -> Figure:
    """Share of the time for which nothing was down, interruptions joined."""
    total, down = _time(look)
    return _share_of_time(total - down, total)


def _share_of_time(part: int, total: int) -> Figure:
    """Compute a share of hours; of less than one whole hour there is none yet."""
    n = total // HOUR
    if not n:
        return Figure(Fraction(0), Fraction(0), None, 0)
    return _over(Fraction(part, HOUR), Fraction(total, HOUR), n)


def _opening_hours(look: Look) -> Figure:
    """
    Time open, in the rule's unit; in percent of the announced hours if so asked.

    An office that never opened was open for no time: that is a figure.
    """
    total, opened = _time(look)
    if look.rule.as_percent:
        return _share_of_time(opened, total)
    value = Fraction(opened, unit_size(look.rule.duration_unit))
    n = sum(1 for fact in look.cases if _is_span(fact))
    return Figure(value, Fraction(1), value, n)


def _is_span(fact: Fact) -> bool:
    return fact.outcome in {Outcome.COUNTED, Outcome.OPEN}


def _time(look: Look) -> tuple[int, int]:
    """Return the period's time so far, and that of the cases' stretches within it."""
    calendar = look.promise.calendar
    rule, unit = look.rule, look.rule.duration_unit
    if rule.kind is Kind.OPENING_HOURS and rule.as_percent:
        unit = Unit.OPEN_HOURS
    total = inside = 0
    joined = _joined(look)
    for start, end in look.stretches():
        total += _passed(start, end, unit, calendar, look.zone)
        for began, ended in joined:
            since, until = max(start, began), min(end, ended)
            if since < until:
                inside += _passed(since, until, unit, calendar, look.zone)
    return total, inside


def _passed(
    start: datetime,
    end: datetime,
    unit: Unit,
    calendar: WorkCalendar | None,
    zone: ZoneInfo,
) -> int:
    return elapsed(start, end, unit, calendar, zone=zone)


def _joined(look: Look) -> list[tuple[datetime, datetime]]:
    """Join the stretches: two things down at once are down once."""
    joined: list[tuple[datetime, datetime]] = []
    for began, ended in sorted(
        (fact.began_at, fact.ended_at or look.as_of)
        for fact in look.cases
        if _is_span(fact)
    ):
        if joined and began <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], ended))
        else:
            joined.append((began, ended))
    return joined


# Comparison with an earlier period.


def _trend(look: Look) -> Figure:
    """How a figure differs from that of an earlier period."""
    trend = look.rule.trend
    if trend is None or look.earlier is None:
        return Figure(Fraction(0), Fraction(0), None, 0)
    now = figure_of(replace(look, rule=trend.of, earlier=None))
    before = figure_of(look.earlier)
    if now.value is None or before.value is None:
        return Figure(Fraction(0), Fraction(0), None, now.n)
    difference = now.value - before.value
    if not trend.as_percent:
        return Figure(difference, Fraction(1), difference, now.n)
    # Of a figure below nought, too, what rises is more than before.
    return _over(difference, abs(before.value), now.n)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, datetime.min.time(), tzinfo=zone).astimezone(UTC)


FIGURES: Mapping[Kind, Callable[[Look], Figure]] = {
    Kind.SHARE_WITHIN_LIMIT: _share_met,
    Kind.EVERY_CASE_WITHIN_LIMIT: _share_met,
    Kind.TWO_TIER_REMAINDER: _share_met,
    Kind.MEAN_DURATION: _mean_duration,
    Kind.MEDIAN_DURATION: _median_duration,
    Kind.PERCENTILE_DURATION: _percentile_duration,
    Kind.SATISFACTION_MEAN: _satisfaction_mean,
    Kind.SHARE_AT_OR_ABOVE: _share_at_or_above,
    Kind.NPS: _nps,
    Kind.SHARE: _share_of_sums,
    Kind.RATIO: _ratio,
    Kind.COUNT: _count,
    Kind.SCHEDULE_FREQUENCY: _schedule_frequency,
    Kind.MILESTONE: _milestone,
    Kind.SHARE_OF_DAYS: _share_of_days,
    Kind.AVAILABILITY: _availability,
    Kind.OPENING_HOURS: _opening_hours,
    Kind.TREND: _trend,
}

"""
What a draft's promise would have given on the feed's past events.

The rule is tried as if it had always been in force: the cases that the log holds are
judged by the same engine that will judge the promise once it is made, and nothing is
written. Whether to promise it is for people to say.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from django.db import connection

from engine.cases import Event, Fact, Outcome, Promise, clock_of_case, judge
from engine.compliance import Feed, measure
from engine.feasibility import (
    History,
    Rung,
    TargetError,
    Trial,
    history,
    ladder,
    limit_ladder,
    strongest_limit,
    strongest_target,
)
from engine.measures import Kind
from engine.periods import Period, PeriodKind, period_of, periods_between
from engine.rules import Rule, Sense
from engine.worktime import BeyondCalendarError, due_at
from indicators.models import IndicatorRule, ServiceEvent
from indicators.queries.computing import cases_of, compiled, engine_rule, version_of

# As far back as a page looks, and as many events as it reads while somebody waits.
PERIODS = 24
EVENTS = 100_000
ALL = Decimal(100)
_FINISHING = frozenset({Outcome.MET, Outcome.MISSED, Outcome.OPEN})


@dataclass(frozen=True, slots=True)
class Feasibility:
    """
    What the past says of a draft's target.

    :ivar trials: the figure of each past period, oldest first.
    :ivar told: which of them the target would have kept; ``None`` without a target.
    :ivar strongest: the strongest target kept in nine of ten; ``None`` if none can be
        told.
    :ivar ladder: some targets around it and in how many periods each was kept.
    :ivar limit: the shortest limit, in the unit of the rule's, with which the promised
        share of cases was kept in nine of ten, and ``limits`` around it.
    :ivar since: first day that was looked at; earlier events were too many to read.
    """

    trials: tuple[Trial, ...]
    told: History | None
    strongest: Fraction | None
    ladder: tuple[Rung, ...]
    limit: int | None
    limits: tuple[Rung, ...]
    since: date | None


def feasibility_of(row: IndicatorRule, *, at: datetime) -> Feasibility | None:
    """
    Try a rule on the past.

    :param row: a draft's rule or a published one.
    :returns: ``None`` if it has no feed, or the feed has no whole period yet.
    :raises engine.rules.RuleError: if the rule cannot be measured as it stands.
    """
    if row.stream is None:
        return None
    trying = _Trying.of(row, at)
    periods = trying.periods()
    if not periods:
        return None
    trials = tuple(trying.trial(period) for period in periods)
    limit, limits = _limits(trying, periods)
    return Feasibility(
        trials=trials,
        told=_told(trials, trying.rule),
        strongest=_strongest(trials, trying.rule),
        ladder=_ladder(trials, trying.rule),
        limit=limit,
        limits=limits,
        since=trying.since,
    )


@dataclass(frozen=True)
class _Trying:
    """
    A rule on the past of its feed.

    :ivar facts: of the cases that were read.
    :ivar took: for rules with a limit, the smallest amount of its unit that each case
        would have kept (``None``: it never ended), with the day it began.
    """

    rule: Rule
    promise: Promise
    zone: ZoneInfo
    kind: PeriodKind
    facts: Sequence[Fact]
    took: Sequence[tuple[date, int | None]]
    since: date | None
    first: date | None
    until: date
    as_of: datetime

    @classmethod
    def of(cls, row: IndicatorRule, at: datetime) -> "_Trying":
        assert row.stream is not None  # noqa: S101 -- asked before
        zone = ZoneInfo(row.stream.time_zone)
        version = version_of(row.calendar, {})
        rule = engine_rule(row)
        calendar = compiled(version) if version else None
        promise = Promise(rule, date.min, None, calendar)
        kind = PeriodKind(row.period or PeriodKind.MONTH)
        today = at.astimezone(zone).date()
        reach = _reach(row.stream.pk, today, kind, zone)
        facts: list[Fact] = []
        took: list[tuple[date, int | None]] = []
        for key, events in cases_of(row.stream, reach.keys):
            found = judge(key, events, [promise], zone=zone)
            facts += found
            if _limited(rule) and any(fact.outcome in _FINISHING for fact in found):
                began = found[0].began_at.astimezone(zone).date()
                took.append((began, _shortest(key, events, promise, zone)))
        return cls(
            rule=rule,
            promise=promise,
            zone=zone,
            kind=kind,
            facts=facts,
            took=took,
            since=reach.since,
            first=reach.first,
            until=period_of(today, kind).start,
            as_of=at,
        )

    def periods(self) -> list[Period]:
        """Return the whole periods that the events which were read can tell of."""
        if self.first is None:
            return []
        start = period_of(self.first, self.kind).start
        if self.since is not None:
            start = self._settled(self.since)
        periods = periods_between(start, self.until, self.kind)
        return [period for period in periods if period.start >= start][-PERIODS:]

    def _settled(self, since: date) -> date:
        """Return the day from which on no case begun before another is due."""
        limits = [limit.term for limit in self.rule.every_limit if limit.term]
        begun = datetime.combine(since, datetime.min.time(), tzinfo=self.zone)
        try:
            due = [
                due_at(begun, term, self.promise.calendar, zone=self.zone)
                for term in limits
            ]
        except BeyondCalendarError:
            return self.until
        return max(
            [
                since,
                *(instant.astimezone(self.zone).date() for instant in due if instant),
            ]
        )

    def trial(self, period: Period) -> Trial:
        """Compute one period's figure as its office would have published it."""
        found = measure(
            self.counted(period),
            self.promise,
            period,
            zone=self.zone,
            as_of=self.as_of,
            feed=Feed(self.as_of),
            earlier=self.earlier(period),
        )
        return Trial(period, found.value, found.n)

    def counted(self, period: Period) -> list[Fact]:
        """Return the facts that are part of a period's figure."""
        if self.rule.cases.kind.by_span:
            return [fact for fact in self.facts if fact.counted_on < period.end]
        return [fact for fact in self.facts if fact.counted_on in period]

    def earlier(self, period: Period) -> list[Fact]:
        """Return those of the period that a trend compares with."""
        if self.rule.trend is None:
            return []
        return self.counted(self.rule.trend.earlier(period))

    def spent(self, periods: Sequence[Period]) -> Mapping[Period, list[int | None]]:
        """
        Return the smallest amounts that cases would have kept, by period.

        By the one a case began in: the one it is due in depends on the limit itself.
        """
        spent: dict[Period, list[int | None]] = {period: [] for period in periods}
        for began, amount in self.took:
            period = period_of(began, self.kind)
            if period in spent:
                spent[period].append(amount)
        return spent


@dataclass(frozen=True, slots=True)
class _Reach:
    """
    How much of a feed is read.

    :ivar keys: its cases; ``None``: all.
    :ivar since: first day from which every case was read; ``None``: from the first.
    :ivar first: day of the first event of all.
    """

    keys: list[str] | None
    since: date | None
    first: date | None


def _reach(stream: int, today: date, kind: PeriodKind, zone: ZoneInfo) -> _Reach:
    events = ServiceEvent.objects.filter(stream_id=stream)
    oldest = (
        events.order_by("occurred_at").values_list("occurred_at", flat=True).first()
    )
    if oldest is None:
        return _Reach([], None, None)
    first = oldest.astimezone(zone).date()
    newest = events.order_by("-occurred_at").values_list("occurred_at", flat=True)
    last_read = newest[EVENTS : EVENTS + 1].first()
    # A case of the oldest period may have begun in the one before it.
    back = period_of(today, kind)
    for _ in range(PERIODS + 1):
        back = back.previous
    since = max(back.start, first)
    if last_read is not None:
        since = max(since, last_read.astimezone(zone).date() + timedelta(days=1))
    if since <= first:
        return _Reach(None, None, first)
    return _Reach(_keys_since(stream, since, zone), since, first)


def _keys_since(stream: int, since: date, zone: ZoneInfo) -> list[str]:
    """Return the cases of which something happened from a day on."""
    start = datetime.combine(since, datetime.min.time(), tzinfo=zone)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT case_key FROM indicators_serviceevent
            WHERE stream_id = %s AND occurred_at >= %s
            """,
            [stream, start],
        )
        return [key for (key,) in cursor.fetchall()]


def _told(trials: Sequence[Trial], rule: Rule) -> History | None:
    if rule.target is None or rule.comparator is None:
        return None
    return history(
        trials, rule.comparator, rule.target, minimum_sample=rule.minimum_sample
    )


def _strongest(trials: Sequence[Trial], rule: Rule) -> Fraction | None:
    try:
        return strongest_target(
            trials,
            rule.comparator or ">=",
            minimum_sample=rule.minimum_sample,
            step=_step(rule),
        )
    except TargetError:  # "exactly" has no stronger and weaker
        return None


def _ladder(trials: Sequence[Trial], rule: Rule) -> tuple[Rung, ...]:
    around = _strongest(trials, rule)
    if around is None:
        return ()
    return ladder(
        trials,
        rule.comparator or ">=",
        around,
        step=_step(rule),
        least=Decimal(0) if _is_percent(rule) else None,
        most=ALL if _is_percent(rule) else None,
        minimum_sample=rule.minimum_sample,
    )


def _is_percent(rule: Rule) -> bool:
    return rule.kind.is_share or rule.kind in {
        Kind.AVAILABILITY,
        Kind.SCHEDULE_FREQUENCY,
    }


def _step(rule: Rule) -> Decimal:
    """Return the fineness of a target that people would write down."""
    if rule.kind.by_answer and rule.kind is not Kind.NPS and not rule.kind.is_share:
        return Decimal("0.1")
    return Decimal("0.1") if rule.kind is Kind.AVAILABILITY else Decimal(1)


def _limited(rule: Rule) -> bool:
    """Say whether another limit of the same unit would mean something."""
    return (
        rule.kind.by_case
        and rule.kind is not Kind.TWO_TIER_REMAINDER
        and rule.limit is not None
        and rule.limit.term is not None
        and rule.limit.sense is Sense.WITHIN
        and not rule.limits
    )


def _limits(
    trying: _Trying, periods: Sequence[Period]
) -> tuple[int | None, tuple[Rung, ...]]:
    rule = trying.rule
    if not _limited(rule) or rule.limit is None or rule.limit.term is None:
        return None, ()
    share = min(max(rule.target or ALL, Decimal(1)), ALL)
    spent = trying.spent(periods)
    found = strongest_limit(spent, share, minimum_sample=rule.minimum_sample)
    around = int(rule.limit.term.amount) if found is None else found
    return found, limit_ladder(spent, share, around, minimum_sample=rule.minimum_sample)


def _shortest(
    case: str, events: Sequence[Event], promise: Promise, zone: ZoneInfo
) -> int | None:
    """
    Return the smallest amount of the limit's unit that a case would have kept.

    ``None`` if it has not ended, or no amount that the calendar can tell is enough.
    """
    term = promise.rule.limit.term if promise.rule.limit else None
    clock = clock_of_case(case, events, [promise], zone=zone)
    if term is None or clock is None or clock.since is None or clock.end is None:
        return None
    since, end = clock.since, clock.end

    def keeps(amount: int) -> bool:
        due = due_at(
            since,
            replace(term, amount=Decimal(amount)),
            promise.calendar,
            zone=zone,
            pauses=clock.pauses,
        )
        return due is None or end < due

    try:
        return _smallest(keeps)
    except BeyondCalendarError:
        return None


def _smallest(keeps: Callable[[int], bool]) -> int:
    """Return the smallest number, from 1, from which on something holds."""
    low = high = 1
    while not keeps(high):
        low, high = high + 1, high * 2
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if keeps(middle) else (middle + 1, high)
    return low


def in_order(told: History) -> Iterator[tuple[Trial, bool | None]]:
    """Yield the trials in order of period with what the target made of them."""
    verdicts = {
        **dict.fromkeys(told.kept, True),
        **dict.fromkeys(told.missed, False),
        **dict.fromkeys(told.not_evaluated),
    }
    yield from sorted(verdicts.items(), key=lambda item: item[0].period)

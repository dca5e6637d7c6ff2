"""
From what cases contributed to a published figure and its verdict.

:func:`measure` takes the facts of one period as seen at an instant and gives the
figure with its counts and its status. A figure is therefore a function of (events,
calendar, rule, suspensions, as-of, how far the feed reaches) and of nothing else:
the same call gives the same bytes for ever.

What cases add up to is kept by month (:class:`MonthTally`): quarters and years of the
additive kinds are sums of months, so that one late event costs one month.

Sources: Real Decreto 951/2005 arts. 9 and 12 (commitments, indicators, yearly
evaluation).
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.cases import Fact, Outcome, Promise
from engine.figures import ContradictionError, Figure, Look, figure_of
from engine.measures import Tally, latest, meets
from engine.periods import Period, PeriodKind
from engine.rules import Demand, Goal, Rule
from engine.worktime import BeyondCalendarError
from engine.worktime.civil import instant_of, micros_of

ZERO, ONE = Decimal(0), Decimal(1)


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


# Nothing is known, suspended or not.
UNKNOWN = frozenset({Status.NOT_COMPUTABLE, Status.NO_DATA_YET})


@dataclass(frozen=True, slots=True)
class Feed:
    """
    How far the events are known to reach.

    :ivar until: instant of the latest event received, ``None`` if none ever was.
    :ivar gap: the longest silence that is still normal; ``None`` if any is.
    :ivar trusted_until: the last instant before which all is in, where more than the gap
        tells (:func:`engine.feeds.feed_of`).
    """

    until: datetime | None
    gap: timedelta | None = None
    trusted_until: datetime | None = None

    def reaches(self, instant: datetime) -> bool:
        """Say whether what happened before ``instant`` is known to be in."""
        if self.until is None:
            return False
        if self.trusted_until is not None:
            return self.trusted_until >= instant
        return self.gap is None or self.until + self.gap >= instant


@dataclass(frozen=True, slots=True)
class Measurement:
    """
    One figure: counts, value, interval and status.

    ``n`` is what the value is computed over; ``met + missed`` equals it for the
    kinds that tell the two apart. ``value`` is exact.

    :ivar excluded: cases left out, by reason.
    :ivar goal: what the value was compared with, ``None`` if with nothing.
    :ivar whole: the same figure as if nothing had been suspended; ``None`` where
        nothing was.
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
    goal: Goal | None
    last_event_at: datetime | None
    inputs_digest: str
    whole: "Measurement | None" = None


@dataclass(frozen=True, slots=True)
class MonthTally:
    """
    What the cases counted in one month and segment add up to.

    :ivar digest: that of its facts (:func:`digest_of`).
    :ivar suspended: the sums of those that a suspension takes out, apart.
    """

    month: date
    segment: str
    digest: str
    kept: Tally
    suspended: Tally


@dataclass(frozen=True)
class Cell:
    """
    What one figure is computed over.

    :ivar tallies: of its months and segments, in any order.
    :ivar cases: gives the facts themselves; called only for kinds that need them.
    :ivar earlier: gives those of the period that a trend compares with.
    :ivar values: gives the values counted, for kinds that need no more than them;
        told whether to leave out what is suspended. Taken from the cases by default.
    """

    tallies: Sequence[MonthTally]
    cases: Callable[[], Iterable[Fact]]
    earlier: Callable[[], Iterable[Fact]] = tuple
    values: Callable[[bool], Sequence[Decimal]] | None = None


class Alike(NamedTuple):
    """
    Facts that a tally does not tell apart, counted and added up.

    A database can do that; :func:`tallied` goes on from there.

    :ivar reason: why they are excluded, ``due``: the due instant of open ones in
        microseconds since 1970, ``score``: that of answers; empty for all others.
    :ivar total: sum of the values of what is counted; ``base``: of the denominators'
        parts, or of the answers' weights.
    """

    outcome: Outcome
    n: int
    reason: str = ""
    due: int | None = None
    score: Decimal | None = None
    total: Decimal = ZERO
    base: Decimal = ZERO
    last_event: int | None = None


def month_tallies(facts: Iterable[Fact], rule: Rule) -> list[MonthTally]:
    """
    Add facts up by month and segment.

    :param facts: in any order, conditioned if the rule has a demand.
    """
    cells: defaultdict[tuple[date, str], list[Fact]] = defaultdict(list)
    for fact in facts:
        cells[fact.counted_on.replace(day=1), fact.segment].append(fact)
    return [
        MonthTally(
            month,
            segment,
            digest_of(fact.digest for fact in found),
            tally_of((fact for fact in found if not fact.suspended), rule),
            tally_of((fact for fact in found if fact.suspended), rule),
        )
        for (month, segment), found in sorted(cells.items())
    ]


def tally_of(facts: Iterable[Fact], rule: Rule) -> Tally:
    """Add facts up."""
    return tallied(groups_of(facts, rule))


def groups_of(facts: Iterable[Fact], rule: Rule) -> Iterator[Alike]:
    """Yield each fact as a group of one; a database may join those that are alike."""
    return (_alone(fact, rule) for fact in facts)


def tallied(groups: Iterable[Alike]) -> Tally:
    """Add groups of facts up."""
    tally = Tally()
    for group in groups:
        tally.last_event = latest(tally.last_event, group.last_event)
        _ENTRIES[group.outcome](tally, group)
    return tally


def _alone(fact: Fact, rule: Rule) -> Alike:
    last = None if fact.last_event_at is None else micros_of(fact.last_event_at)
    if fact.outcome is Outcome.COUNTED:
        value, base = fact.value or ZERO, fact.base
        if rule.cases.kind.by_answer:
            weight = ONE if base is None else base
            return Alike(Outcome.COUNTED, 1, score=value, base=weight, last_event=last)
        return Alike(
            Outcome.COUNTED, 1, total=value, base=base or ZERO, last_event=last
        )
    due = None
    if fact.outcome is Outcome.OPEN and fact.due_at is not None:
        due = micros_of(fact.due_at)
    reason = fact.reason if fact.outcome is Outcome.EXCLUDED else ""
    return Alike(fact.outcome, 1, reason, due, last_event=last)


def _met(tally: Tally, group: Alike) -> None:
    tally.met += group.n


def _missed(tally: Tally, group: Alike) -> None:
    tally.missed += group.n


def _counted(tally: Tally, group: Alike) -> None:
    tally.counted += group.n
    if group.score is None:
        tally.add_sums(group.total, group.base)
    else:
        tally.score(group.score, group.n, group.base)


def _open(tally: Tally, group: Alike) -> None:
    tally.open[group.due] += group.n


def _excluded(tally: Tally, group: Alike) -> None:
    tally.excluded[group.reason or "excluded"] += group.n


def _not_computable(tally: Tally, group: Alike) -> None:
    tally.not_computable += group.n


_ENTRIES: Mapping[Outcome, Callable[[Tally, Alike], None]] = {
    Outcome.MET: _met,
    Outcome.MISSED: _missed,
    Outcome.COUNTED: _counted,
    Outcome.OPEN: _open,
    Outcome.EXCLUDED: _excluded,
    Outcome.NOT_COMPUTABLE: _not_computable,
}


def digest_of(digests: Iterable[bytes]) -> str:
    """
    Hash facts by their digests, in whatever order they come.

    SHA-256 over the digests in ascending order: whoever has the digests needs neither
    the facts nor their order.
    """
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()


def conditioned(facts: Iterable[Fact], rule: Rule) -> list[Fact]:
    """
    Leave out the cases of days (or months) on which more came than was promised for.

    A promise "up to 6,000 calls a day" says nothing of a day with 6,001: its calls
    are excluded, counted and shown. What never counted is no demand.

    :param facts: of whole months, of every segment.
    """
    facts = list(facts)
    demand = rule.cases.demand
    if demand is None:
        return facts
    came = Counter(
        demand_slot(fact, demand)
        for fact in facts
        if fact.outcome is not Outcome.EXCLUDED
    )
    return [
        replace(fact, outcome=Outcome.EXCLUDED, reason="demand")
        if fact.outcome is not Outcome.EXCLUDED
        and came[demand_slot(fact, demand)] > demand.at_most
        else fact
        for fact in facts
    ]


def demand_slot(fact: Fact, demand: Demand) -> date:
    """Return the first day of the day or month whose cases a demand counts."""
    day = fact.counted_on
    return day.replace(day=1) if demand.per == "month" else day


def measure(
    facts: Iterable[Fact],
    promise: Promise,
    period: Period,
    *,
    zone: ZoneInfo,
    as_of: datetime,
    feed: Feed,
    segment: str = "",
    promised: PeriodKind | None = None,
    promises: Sequence[Promise] = (),
    earlier: Iterable[Fact] = (),
) -> Measurement:
    """
    Compute the figure of one period from its facts; see :func:`measure_cell`.

    :param facts: any; those counted in the period are looked at, and stretches of
        time that reach into it. Of whole months where the rule has a demand.
    :param earlier: the same for the period that a trend compares with.
    """
    rule = promise.rule

    def of(period: Period, facts: Iterable[Fact]) -> list[Fact]:
        return [
            fact
            for fact in conditioned(facts, rule)
            if (rule.cases.kind.by_span or fact.counted_on in period)
            and (not segment or fact.segment == segment)
        ]

    chosen = of(period, facts)
    before = [] if rule.trend is None else of(rule.trend.earlier(period), earlier)
    counted = (fact for fact in chosen if fact.counted_on in period)
    cell = Cell(month_tallies(counted, rule), lambda: chosen, lambda: before)
    return measure_cell(
        cell,
        promise,
        period,
        zone=zone,
        as_of=as_of,
        feed=feed,
        segment=segment,
        promised=promised,
        promises=promises,
    )


def measure_cell(
    cell: Cell,
    promise: Promise,
    period: Period,
    *,
    zone: ZoneInfo,
    as_of: datetime,
    feed: Feed,
    segment: str = "",
    promised: PeriodKind | None = None,
    promises: Sequence[Promise] = (),
) -> Measurement:
    """
    Compute the figure of one period as seen at ``as_of``.

    :param promise: judges the period (:func:`promise_for`): it gives kind, target,
        comparator and minimum sample.
    :param promises: all of the indicator's, this one among them; by default this one.
        Kinds that ask for days or hours ask for all those on which one of them binds.
    :param as_of: the instant the picture is taken; an open case whose due instant
        has come counts as missed, so a month cannot look better merely because its
        slowest cases are unfinished.
    :param feed: how far the events reach: silence is not success.
    :param promised: the kind of period that the target speaks of. What only grows,
        such as a count, is judged on no other kind (36 a quarter says nothing of a
        month), and while its period runs only where nothing can change the verdict.
    """
    made = tuple(sorted(promises or (promise,), key=lambda item: item.from_on))
    frame = _Frame(cell, promise, made, period, zone, as_of, feed, segment, promised)
    official = frame.measurement(heeds=True)
    if not frame.suspends:
        return official
    whole = frame.measurement(heeds=False)
    if not official.n and official.status not in UNKNOWN and frame.emptied(whole):
        official = replace(official, status=Status.SUSPENDED)
    return replace(official, whole=whole)


def promise_for(promises: Sequence[Promise], period: Period) -> Promise | None:
    """
    Return the promise whose target judges a period's figure.

    It is the earliest one in force during the period: a target loosened in the
    middle of a quarter does not rescue that quarter.
    """
    touching = [promise for promise in promises if promise.touches(period)]
    return min(touching, key=lambda promise: promise.from_on, default=None)


@dataclass(frozen=True, slots=True)
class Degrees:
    """
    How much of a charter is kept: counts and both degrees, never an averaged score.

    :ivar other: commitments without a verdict, by status.
    :ivar of_total: met of all, ``of_evaluated``: met of those with a verdict;
        both in percent, ``None`` over nothing.
    """

    met: int
    unmet: int
    other: Mapping[str, int]
    of_total: Fraction | None
    of_evaluated: Fraction | None


def degrees(statuses: Iterable[str]) -> Degrees:
    """
    Count the commitments of a charter by status.

    Source: both degrees are in use and differ (Santa Coloma de Gramenet 2019: 82 of
    100 met, of 92 evaluated), so both are given with what they are made of (R-28).
    """
    counts = Counter(statuses)
    met, unmet = counts.pop(Status.MET, 0), counts.pop(Status.UNMET, 0)
    total = met + unmet + counts.total()
    return Degrees(
        met=met,
        unmet=unmet,
        other=dict(sorted(counts.items())),
        of_total=Fraction(100 * met, total) if total else None,
        of_evaluated=Fraction(100 * met, met + unmet) if met + unmet else None,
    )


def seen(fact: Fact, rule: Rule, as_of: datetime) -> Outcome:
    """
    Return what a case is at ``as_of``: an open one is missed once it is due.

    Only where cases are met or missed: an unfinished case has no duration yet, and
    counting it would make a mean shorter.
    """
    if (
        fact.outcome is not Outcome.OPEN
        or not rule.cases.kind.by_case
        or fact.due_at is None
        or as_of < fact.due_at
    ):
        return fact.outcome
    if rule.cases.open_past_due == "missed":
        return Outcome.MISSED
    return Outcome.EXCLUDED


@dataclass(frozen=True)
class _Frame:
    """One figure being computed, with and without what is suspended."""

    cell: Cell
    promise: Promise
    promises: tuple[Promise, ...]
    period: Period
    zone: ZoneInfo
    as_of: datetime
    feed: Feed
    segment: str
    promised: PeriodKind | None

    @property
    def rule(self) -> Rule:
        return self.promise.rule

    @property
    def suspends(self) -> bool:
        """Whether a suspension touches the figure."""
        if any(_size(tally.suspended) for tally in self.cell.tallies):
            return True
        if self.rule.trend and any(fact.suspended for fact in self.cell.earlier()):
            return True
        return any(
            item.from_on < end and (item.until_on is None or item.until_on > start)
            for made in self.promises
            for start, end in [made.days_in(self.period)]
            for item in made.suspensions
            if start < end
        )

    def emptied(self, whole: Measurement) -> bool:
        """Say whether it is suspensions that leave nothing to measure."""
        if whole.n or any(_size(tally.suspended) for tally in self.cell.tallies):
            return True
        return not any(self._look(Tally(), heeds=True).days())

    def measurement(self, *, heeds: bool) -> Measurement:
        tally, pending = self._tally(heeds=heeds)
        cases = self._cases(self.cell.cases, heeds=heeds)
        earlier = self._cases(self.cell.earlier, heeds=heeds)
        figure, computable = self._figure(tally, cases, earlier, heeds=heeds)
        goal, one_goal = self.rule.goal_for(self.period, self.segment)
        not_computable = tally.not_computable + (not computable)
        return Measurement(
            n=figure.n,
            met=figure.met,
            missed=figure.missed,
            pending=pending + figure.pending,
            excluded=dict(sorted(tally.excluded.items())),
            not_computable=not_computable,
            numerator=figure.numerator,
            denominator=figure.denominator,
            value=figure.value,
            low=figure.low,
            high=figure.high,
            status=self._status(figure, goal if one_goal else None, not_computable),
            goal=goal,
            last_event_at=(
                None if tally.last_event is None else instant_of(tally.last_event)
            ),
            inputs_digest=self._digest(cases, earlier),
        )

    def _tally(self, *, heeds: bool) -> tuple[Tally, int]:
        """Add the months up as seen at the instant; say how many cases are pending."""
        tally, aside = Tally(), 0
        for month in self.cell.tallies:
            tally.add(month.kept)
            if heeds:
                aside += _size(month.suspended)
                tally.last_event = latest(tally.last_event, month.suspended.last_event)
            else:
                tally.add(month.suspended)
        if aside:
            tally.excluded["suspended"] += aside
        due = sum(
            n
            for due, n in tally.open.items()
            if due is not None and due <= micros_of(self.as_of)
        )
        if not self.rule.cases.kind.by_case:
            due = 0
        if self.rule.cases.open_past_due == "missed":
            tally.missed += due
        elif due:
            tally.excluded["open"] += due
        return tally, tally.open.total() - due

    def _values(self, *, heeds: bool) -> Sequence[Decimal] | None:
        if not self.rule.kind.from_values or self.cell.values is None:
            return None
        return self.cell.values(heeds)

    def _cases(self, facts: Callable[[], Iterable[Fact]], *, heeds: bool) -> list[Fact]:
        kind = self.rule.kind
        if not (kind.from_cases or (kind.from_values and self.cell.values is None)):
            return []
        return [fact for fact in facts() if not (heeds and fact.suspended)]

    def _figure(
        self,
        tally: Tally,
        cases: Sequence[Fact],
        earlier: Sequence[Fact],
        *,
        heeds: bool,
    ) -> tuple[Figure, bool]:
        """Compute the figure; say whether all was known and made sense."""
        look = self._look(tally, cases, heeds=heeds)
        look = replace(look, values=self._values(heeds=heeds))
        if self.rule.trend is not None:
            of = self.rule.trend.of
            before = replace(
                look,
                rule=of,
                period=self.rule.trend.earlier(self.period),
                cases=earlier,
                tally=_seen_tally(earlier, of, self.as_of),
            )
            look = replace(look, earlier=before)
        nothing = Figure(Fraction(0), Fraction(0), None, 0)
        if look.earlier is not None and look.earlier.tally.not_computable:
            return nothing, False
        try:
            return figure_of(look), True
        except (BeyondCalendarError, ContradictionError):
            return nothing, False

    def _look(self, tally: Tally, cases: Sequence[Fact] = (), *, heeds: bool) -> Look:
        return Look(
            promise=self.promise,
            promises=self.promises,
            rule=self.rule,
            period=self.period,
            zone=self.zone,
            as_of=self.as_of,
            tally=tally,
            cases=cases,
            heeds=heeds,
        )

    def _digest(self, cases: Sequence[Fact], earlier: Sequence[Fact]) -> str:
        digest = hashlib.sha256(f"{self.rule.digest}|{self.period.label}".encode())
        for made in self.promises:
            start, end = made.days_in(self.period)
            if start < end:
                digest.update(f"\n{start} {end} {made.rule.digest}".encode())
                for item in made.suspensions:
                    says = f"\n{item.from_on} {item.until_on} {item.covers}"
                    digest.update(says.encode())
        for month in sorted(
            self.cell.tallies, key=lambda item: (item.month, item.segment)
        ):
            digest.update(f"\n{month.month} {month.segment} {month.digest}".encode())
        if self.rule.kind.by_span or self.rule.trend is not None:
            # These look beyond the facts that are counted in the period's months.
            more = digest_of(fact.digest for fact in [*cases, *earlier])
            digest.update(f"\n{more}".encode())
        return digest.hexdigest()

    def _status(self, figure: Figure, goal: Goal | None, not_computable: int) -> Status:
        if not_computable:
            return Status.NOT_COMPUTABLE
        if not self.feed.reaches(
            min(_midnight(self.period.end, self.zone), self.as_of)
        ):
            return Status.NO_DATA_YET
        if figure.value is None:
            # There are cases, but no earlier figure to compare theirs with.
            compared = self.rule.trend is not None and figure.n
            return Status.NOT_EVALUATED if compared else Status.NO_CASES
        if figure.n < self.rule.minimum_sample:
            return Status.TOO_FEW_CASES
        return Status.NOT_EVALUATED if goal is None else self._verdict(figure, goal)

    def _verdict(self, figure: Figure, goal: Goal) -> Status:
        kept = figure.value is not None and meets(
            figure.value, goal.comparator, goal.target
        )
        if self._only_grows:
            # At least so many can be kept early, at most so many broken early.
            early = goal.comparator in ({">=", ">"} if kept else {"<=", "<"})
            running = self.as_of < _midnight(self.period.end, self.zone)
            promised = self.promised in {None, self.period.kind}
            if not promised or (running and not early):
                return Status.NOT_EVALUATED
        return Status.MET if kept else Status.UNMET

    @property
    def _only_grows(self) -> bool:
        """Whether the figure of a running period can only become larger."""
        rule = self.rule.cases
        return rule.kind.only_grows(as_percent=rule.as_percent)


def _seen_tally(facts: Sequence[Fact], rule: Rule, as_of: datetime) -> Tally:
    """Add up facts with those that are due among the missed."""
    return tally_of(
        (replace(fact, outcome=seen(fact, rule, as_of)) for fact in facts), rule
    )


def _size(tally: Tally) -> int:
    """Return how many cases a tally is made of."""
    return tally.n + tally.open.total() + tally.excluded.total() + tally.not_computable


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, datetime.min.time(), tzinfo=zone)

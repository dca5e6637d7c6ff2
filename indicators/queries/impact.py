"""
What another version of a calendar would do, before it is saved.

The cases that a change can touch are judged again under the calendar as it would be,
straight from the log, and nothing is written. Final figures do not move by
themselves: how many would differ if somebody restated them is told apart.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Case, Func, Q, When
from django.db.models.functions import Coalesce, Greatest, TruncDate

from charters.enums import EditionState
from charters.models import Charter
from engine.cases import Fact, Outcome
from engine.compliance import MonthTally, seen
from engine.periods import Period, PeriodKind, period_of, periods_between
from engine.rules import Rule
from engine.worktime import WorkCalendar as Compiled, changed_days
from indicators.enums import ResultState
from indicators.models import CaseFact, Indicator, Result, WorkCalendar
from indicators.queries.computing import (
    Cells,
    Plan,
    Shelf,
    StoredCells,
    compiled,
    counted_in,
    differences,
    facts_of,
    figure,
    inputs_of,
    newest_version,
    period_of_result,
    plan_of,
    stored_facts,
)
from indicators.queries.places import cells_around, places_of

SHOWN = 200
LATE, IN_TIME = "late", "in_time"
SIDES: Mapping[Outcome, str] = {
    Outcome.MET: IN_TIME,
    Outcome.OPEN: IN_TIME,
    Outcome.MISSED: LATE,
    Outcome.COUNTED: "counted",
    Outcome.EXCLUDED: "excluded",
    Outcome.NOT_COMPUTABLE: "not_computable",
}


@dataclass(frozen=True, slots=True)
class CaseImpact:
    """
    What would become of one case.

    :ivar side_before: ``in_time`` (kept, or not due yet), ``late``, ``counted``,
        ``excluded``, ``not_computable``, or empty if it is no case.
    """

    indicator: str
    case: str
    due_before: datetime | None
    due_after: datetime | None
    side_before: str
    side_after: str


@dataclass(frozen=True, slots=True)
class CharterImpact:
    """
    How many cases of a charter's indicators would change.

    :ivar saved: late ones that would be in time, ``broken``: the other way round.
    :ivar moved: those whose due instant or value changes, on the same side.
    """

    charter: Charter
    saved: int
    broken: int
    moved: int
    no_longer_computable: int
    newly_computable: int

    @property
    def total(self) -> int:
        return (
            self.saved
            + self.broken
            + self.moved
            + self.no_longer_computable
            + self.newly_computable
        )


@dataclass(frozen=True, slots=True)
class Impact:
    """
    What a change of a calendar would do.

    :ivar charters: those with a case that would change.
    :ivar final_lines: final figures that would differ if they were restated.
    :ivar cases: those that change side first, at most :data:`SHOWN`.
    """

    charters: tuple[CharterImpact, ...]
    final_lines: int
    cases: tuple[CaseImpact, ...]


def impact_of(
    calendar: WorkCalendar, definition: dict[str, Any], *, at: datetime
) -> Impact:
    """
    Say what a calendar would do to the cases if it said this.

    :param at: the instant from which open cases are looked at.
    :raises engine.worktime.CalendarError: if the definition makes no sense.
    """
    trying = Compiled.from_definition(definition)
    version = newest_version(calendar)
    if version is None:
        return Impact((), 0, ())
    days = changed_days(compiled(version), trying)
    cases: list[CaseImpact] = []
    charters: dict[int, Counter[str]] = {}
    known: dict[int, Charter] = {}
    final_lines = 0
    for indicator in _indicators(calendar) if days else ():
        now = plan_of(indicator)
        if now is None:
            continue
        then = now.tried(calendar.code, trying)
        changes = _changes(now, then, days)
        known[indicator.charter_id] = indicator.charter
        for before, after in changes:
            case = _case_impact(now, before, after, at)
            charters.setdefault(indicator.charter_id, Counter())[_sort(case)] += 1
            cases.append(case)
        final_lines += _final_lines(then, changes, days, at)
    cases.sort(key=lambda case: (case.side_before == case.side_after, case.indicator))
    return Impact(
        tuple(
            CharterImpact(
                known[pk],
                *(
                    counts[sort]
                    for sort in (
                        "saved",
                        "broken",
                        "moved",
                        "no_longer_computable",
                        "newly_computable",
                    )
                ),
            )
            for pk, counts in charters.items()
        ),
        final_lines,
        tuple(cases[:SHOWN]),
    )


Change = tuple[Fact | None, Fact | None]
Days = Sequence[tuple[date, date]]  # half-open


def _indicators(calendar: WorkCalendar) -> Iterable[Indicator]:
    return (
        Indicator.objects.filter(
            rules__calendar=calendar, rules__edition__state=EditionState.PUBLISHED
        )
        .select_related("charter")
        .distinct()
        .order_by("code")
    )


def _changes(now: Plan, then: Plan, days: Days) -> list[Change]:
    """Return the facts that would be different, as they are and as they would be."""
    keys = set(_candidates(now, days))
    if not keys:
        return []
    chosen = Q(case_key__in=keys)
    before = {fact.key: fact for fact in stored_facts(now.indicator, chosen)}
    after = {fact.key: fact for fact in facts_of(then, keys)}
    return [
        (before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys())
        if _told(before.get(key)) != _told(after.get(key))
    ]


def _told(fact: Fact | None) -> str:
    return "" if fact is None else fact.canonical


def _candidates(plan: Plan, days: Days) -> Iterator[str]:
    """
    Yield the cases in hand on any of the days, or with no due instant yet.

    A day after a case's due instant and its end cannot move it either.
    """
    rules = [promise.rule.cases for promise in plan.promises]
    settled: Func = Greatest(
        Coalesce("due_at", "ended_at"), Coalesce("ended_at", "due_at")
    )
    unknown = Q(settled_on=None)
    if any(rule.every_limit for rule in rules):
        unknown |= Q(due_at=None)
    elif all(rule.kind.by_answer or rule.kind.by_sum for rule in rules):
        settled = Coalesce(settled, "began_at")  # of one moment
    rows = (
        CaseFact.objects.filter(indicator=plan.indicator)
        .annotate(
            began_on=TruncDate("began_at", tzinfo=plan.zone),
            settled_on=TruncDate(settled, tzinfo=plan.zone),
            unknown=Case(When(unknown, then=True), default=False),
        )
        .filter(Q(unknown=True) | Q(settled_on__gte=days[0][0]))
        .filter(began_on__lt=days[-1][1])
    )
    for key, began, ended, unknown_ in rows.values_list(
        "case_key", "began_on", "settled_on", "unknown"
    ).iterator(chunk_size=5_000):
        if _any_within(days, began, None if unknown_ else ended):
            yield key


def _any_within(days: Days, start: date, end: date | None) -> bool:
    return any(start < until and (end is None or first <= end) for first, until in days)


def _case_impact(
    plan: Plan, before: Fact | None, after: Fact | None, at: datetime
) -> CaseImpact:
    one = before or after
    assert one is not None  # noqa: S101 -- a change has one side at least
    return CaseImpact(
        plan.indicator.code,
        one.case,
        before.due_at if before else None,
        after.due_at if after else None,
        _side(before, plan.rule, at),
        _side(after, plan.rule, at),
    )


def _side(fact: Fact | None, rule: Rule, at: datetime) -> str:
    return "" if fact is None else SIDES[seen(fact, rule, at)]


def _sort(case: CaseImpact) -> str:
    sides = (case.side_before, case.side_after)
    if sides == (LATE, IN_TIME):
        return "saved"
    if sides == (IN_TIME, LATE):
        return "broken"
    if case.side_before == case.side_after:
        return "moved"
    if case.side_after == "not_computable":
        return "no_longer_computable"
    if case.side_before == "not_computable":
        return "newly_computable"
    return "moved"


def _final_lines(then: Plan, changes: list[Change], days: Days, at: datetime) -> int:
    """
    Count the final lines whose figure would differ.

    Those of the changed days too: hours of opening are no case's, but the calendar's.
    """
    facts = [fact for change in changes for fact in change if fact]
    months = {month for month, _segment in places_of(then, facts, at)}
    for first, until in days:
        months |= {p.start for p in periods_between(first, until, PeriodKind.MONTH)}
    periods = {
        period
        for period, _part in cells_around(then, {(month, "") for month in months})
    }
    newest = (
        Result.objects.filter(
            indicator=then.indicator,
            period_start__in={period.start for period in periods},
        )
        .order_by("period_kind", "period_start", "segment", "-revision")
        .distinct("period_kind", "period_start", "segment")
    )
    cells = _Tried(then, changes)
    return sum(
        line.state != ResultState.PROVISIONAL
        and period_of_result(line) in periods
        and _differs(cells, line)
        for line in newest
    )


class _Tried(StoredCells):
    """Cases and sums as they would be: as stored but for the cases that change."""

    def __init__(self, plan: Plan, changes: Iterable[Change]) -> None:
        super().__init__(plan)
        both = [fact for change in changes for fact in change if fact]
        self._changed = {fact.key for fact in both}
        self._months = {fact.counted_on.replace(day=1) for fact in both}
        self._after = [after for _before, after in changes if after]
        self._shelves: dict[date, Shelf] = {}

    def month(self, month: date) -> list[MonthTally]:
        if month in self._months:
            return self._shelf(month).month(month)
        return super().month(month)

    def values(self, period: Period, segment: str, heeds: bool) -> list[Decimal]:
        return Cells.values(self, period, segment, heeds)

    def _read_facts(self, period: Period) -> list[Fact]:
        if self.plan.rule.cases.kind.by_span:
            stored = super()._read_facts(period)
            return Shelf(self.plan, self._tried(stored, self._after)).facts(period)
        found: list[Fact] = []
        for month in periods_between(period.start, period.end, PeriodKind.MONTH):
            if month.start in self._months:
                found += self._shelf(month.start).facts(month)
            else:
                found += super()._read_facts(month)
        return found

    def _shelf(self, month: date) -> Shelf:
        """Return the cases of a month in which some change."""
        if month not in self._shelves:
            whole = period_of(month, PeriodKind.MONTH)
            stored = stored_facts(
                self.plan.indicator, counted_in(whole.start, whole.end)
            )
            after = [f for f in self._after if f.counted_on.replace(day=1) == month]
            self._shelves[month] = Shelf(self.plan, self._tried(stored, after))
        return self._shelves[month]

    def _tried(self, stored: Iterable[Fact], after: list[Fact]) -> list[Fact]:
        return [fact for fact in stored if fact.key not in self._changed] + after


def _differs(cells: Cells, line: Result) -> bool:
    as_of, feed = inputs_of(line)
    content = figure(
        cells, period_of_result(line), line.segment, as_of=as_of, feed=feed
    )
    return content is None or bool(differences(line, content))

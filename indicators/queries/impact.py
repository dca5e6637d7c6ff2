"""
What another version of a calendar would do, before it is saved.

The cases that a change can touch are judged again under the calendar as it would be,
straight from the log, and nothing is written. Final figures do not move by
themselves: how many would differ if somebody restated them is told apart.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q
from django.db.models.functions import Coalesce, Greatest, TruncDate

from charters.enums import EditionState
from charters.models import Charter
from engine.cases import Fact, Outcome
from engine.compliance import seen
from engine.rules import Rule
from engine.worktime import WorkCalendar as Compiled, changed_days
from indicators.enums import ResultState
from indicators.models import CaseFact, Indicator, Result, WorkCalendar
from indicators.queries.computing import (
    Plan,
    Shelf,
    compiled,
    differences,
    facts_of,
    figure,
    inputs_of,
    newest_version,
    period_of_result,
    plan_of,
    stored_facts,
)

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
        then = plan_of(indicator, trying={calendar.pk: trying})
        if now is None or then is None:
            continue
        changes = _changes(now, then, days)
        known[indicator.charter_id] = indicator.charter
        for before, after in changes:
            case = _case_impact(now, before, after, at)
            charters.setdefault(indicator.charter_id, Counter())[_sort(case)] += 1
            cases.append(case)
        final_lines += _final_lines(now, then, changes)
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

    A day after a case's due instant and its end cannot move either.
    """
    rows = (
        CaseFact.objects.filter(indicator=plan.indicator)
        .annotate(
            began_on=TruncDate("began_at", tzinfo=plan.zone),
            settled_on=TruncDate(
                Greatest(
                    Coalesce("due_at", "ended_at"), Coalesce("ended_at", "due_at")
                ),
                tzinfo=plan.zone,
            ),
        )
        .filter(began_on__lt=days[-1][1])
        .filter(Q(settled_on=None) | Q(settled_on__gte=days[0][0]) | Q(due_at=None))
    )
    for key, began, settled, due in rows.values_list(
        "case_key", "began_on", "settled_on", "due_at"
    ).iterator(chunk_size=5_000):
        if due is None or _any_within(days, began, settled):
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


def _final_lines(now: Plan, then: Plan, changes: list[Change]) -> int:
    """Count the final lines whose figure would differ."""
    if not changes:
        return 0
    days = [fact.counted_on for change in changes for fact in change if fact]
    changed = {fact.key for change in changes for fact in change if fact}
    kept = (f for f in stored_facts(now.indicator) if f.key not in changed)
    shelf = Shelf(then, [*kept, *(after for _before, after in changes if after)])
    lines = (
        Result.objects.filter(
            indicator=now.indicator,
            period_start__lte=max(days),
            period_end__gt=min(days) - timedelta(days=1),
        )
        .order_by("period_kind", "period_start", "segment", "-revision")
        .distinct("period_kind", "period_start", "segment")
    )
    return sum(
        1
        for line in lines
        if line.state != ResultState.PROVISIONAL and _differs(shelf, line)
    )


def _differs(shelf: Shelf, line: Result) -> bool:
    as_of, feed = inputs_of(line)
    content = figure(
        shelf, period_of_result(line), line.segment, as_of=as_of, feed=feed
    )
    return content is None or bool(differences(line, content))

"""
Keep facts and ledger true to the log.

Whoever computes holds the indicator's row: two workers never fold the same figure
at once, and because the row is taken before anything is read, the second sees all
that the first wrote. Marks are deleted in the transaction that computed them: a
worker killed at any point leaves them, and another does the work again.
"""

import json
import logging
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate

from accounts.models import User
from core import audit
from core.db import copy_lines, copy_rows
from engine.cases import Fact, judge
from engine.compliance import (
    Feed,
    MonthTally,
    conditioned,
    month_tallies,
    promise_for,
)
from engine.many_cases import Judged, judge_many
from engine.measures import Kind
from engine.periods import Period, PeriodKind, period_of, periods_between
from indicators.enums import ResultState, ResultStatus
from indicators.models import CaseFact, Indicator, MonthSum, Result, StaleMark
from indicators.queries.columns import case_logs
from indicators.queries.computing import (
    CONTENT,
    FACT_COLUMNS,
    FACT_TEXTS,
    Cells,
    Plan,
    Shelf,
    StoredCells,
    counted_in,
    differences,
    facts_of,
    feed_for,
    figure,
    first_day,
    period_of_result,
    plan_of,
    seal_of,
    stored_facts,
)
from indicators.queries.feeds import Feeds, feeds_of
from indicators.queries.places import Cell, Place, cells_around, places_of
from indicators.queries.sums import summed
from indicators.services.causes import (
    CHANGED_RULE,
    FELL_DUE,
    HEARD,
    LATE_EVENTS,
    MEASURED,
    SUSPENDED,
)
from indicators.services.declared import renew

logger = logging.getLogger(__name__)

# Whole cells are computed once per round, so rounds are large.
MARKS_AT_ONCE = 50_000
FACTS_AT_ONCE = 5_000
# From so many on, to judge them all at once takes less time than one by one.
MANY_CASES = 200
STORED = ("organisation_id", "indicator_id", *FACT_COLUMNS)
FEW_CELLS = 100  # lines that are looked for by name; beyond, all are read
LONGEST_CAUSE = 200
# What names a ledger line, and what is computed again while it is provisional.
LINE = ("indicator", "period_kind", "period_start", "segment", "revision")
INPUTS = (
    "calendars",
    "as_of_at",
    "feed_until",
    "feed_gap_days",
    "feed_trusted_until",
)
COMPUTED = (*CONTENT, *INPUTS)


def refresh(*, at: datetime) -> int:
    """
    Compute whatever is marked stale.

    What another worker holds is left to it: it looks for marks again when it is done.

    :param at: the instant from which open cases are looked at.
    :returns: the number of marks consumed.
    """
    done = 0
    indicator_id = _waiting(0)
    while indicator_id is not None:
        consumed = None
        with _alone(indicator_id):
            consumed = _refresh(indicator_id, at, skip_held=True)
        done += consumed or 0
        # The same one again, now that nobody is held up: whoever was skipped meanwhile
        # has left marks behind, even of one whose marks another had consumed.
        indicator_id = _waiting(indicator_id + (consumed is None))
    return done


def _waiting(first: int) -> int | None:
    """Return the next indicator that has marks, in one step however many there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(indicator_id) FROM indicators_stalemark "
            "WHERE indicator_id >= %s",
            [first],
        )
        found: int | None = cursor.fetchone()[0]
    return found


@contextmanager
def _alone(indicator_id: int) -> Iterator[None]:
    """
    Keep one indicator that cannot be computed from stopping the others.

    What it left undone is tried again at the next tick, and the log says why.
    """
    try:
        yield
    except Exception:
        logger.exception("indicator %s cannot be computed", indicator_id)


def refresh_indicator(*, indicator_id: int, at: datetime) -> int:
    """
    Compute some of an indicator's marks.

    :returns: how many were consumed; 0 when none were left.
    """
    return _refresh(indicator_id, at, skip_held=False) or 0


@transaction.atomic
def _refresh(indicator_id: int, at: datetime, *, skip_held: bool) -> int | None:
    """Compute some of an indicator's marks; ``None`` if another worker holds it."""
    indicator = _held_if_free(indicator_id) if skip_held else _hold(indicator_id)
    if indicator is None:
        return None
    marks = _taken(indicator)
    if None in marks:
        renew(indicator=indicator, at=at)
    plan = plan_of(indicator) if marks else None
    if plan is not None:
        if None in marks:
            _rebuild(plan, at)
        else:
            _fold(plan, {case for case in marks if case is not None}, at)
    return len(marks)


def _taken(indicator: Indicator) -> list[str | None]:
    """Take some marks away, for good if the transaction is; return their cases."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM indicators_stalemark WHERE id IN (
                SELECT id FROM indicators_stalemark WHERE indicator_id = %s
                ORDER BY id LIMIT %s
            ) RETURNING case_key
            """,
            [indicator.pk, MARKS_AT_ONCE],
        )
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def rebuild(*, indicator_id: int, at: datetime) -> None:
    """Compute an indicator from nothing but the log."""
    indicator = _hold(indicator_id)
    StaleMark.objects.filter(indicator=indicator).delete()
    renew(indicator=indicator, at=at)
    plan = plan_of(indicator)
    if plan is not None:
        _rebuild(plan, at)


def sweep(*, at: datetime) -> int:
    """
    Find what went bad without an event: open cases whose due instant has come.

    :returns: the number of indicators touched.
    """
    unseen = Result.objects.filter(
        indicator=OuterRef("indicator"),
        period_start__lte=OuterRef("counted_on"),
        period_end__gt=OuterRef("counted_on"),
        as_of_at__lt=OuterRef("due_at"),
        state=ResultState.PROVISIONAL,
    )
    # Of other kinds an open case is never missed: its lines would be seen for ever.
    by_case = [kind.value for kind in Kind if kind.by_case]
    overdue = CaseFact.objects.filter(
        Exists(unseen),
        Q(indicator__rules__kind__in=by_case)
        | Q(
            indicator__rules__kind=Kind.TREND.value,
            indicator__rules__definition__of__kind__in=by_case,
        ),
        outcome="open",
        due_at__lte=at,
    ).values_list("indicator_id", "counted_on", "segment")
    touched: dict[int, set[Place]] = {}
    for indicator_id, day, segment in overdue.distinct():
        touched.setdefault(indicator_id, set()).add((day.replace(day=1), segment))
    for indicator_id, places in sorted(touched.items()):
        with _alone(indicator_id):
            _sweep_indicator(indicator_id, places, at)
    return len(touched)


def roll(*, at: datetime) -> int:
    """
    Open the ledger lines of periods that have begun, and hear silent feeds.

    :returns: the number of indicators looked at.
    """
    indicators = Indicator.objects.filter(rules__isnull=False).distinct()
    ids = list(indicators.order_by("pk").values_list("pk", flat=True))
    for indicator_id in ids:
        with _alone(indicator_id):
            _roll_indicator(indicator_id, at)
    return len(ids)


def freeze(*, period: Period, organisation_id: int | None, at: datetime) -> int:
    """
    Make a period's figures final, those whose period of grace is over.

    Each is brought up to date first. From then on the database refuses any change
    to it; late events and corrections make restatements.

    :returns: the number of ledger lines that became final.
    """
    return _freeze_lines(_of_period(period), organisation_id, at)


def freeze_ended(*, organisation_id: int | None, at: datetime) -> int:
    """
    Make the figures of every period final whose days of grace are over.

    As :func:`freeze` would, period by period, in one round per indicator.

    :returns: the number of ledger lines that became final.
    """
    return _freeze_lines(Q(), organisation_id, at)


def restate(
    *,
    indicators: Collection[int],
    period: Period | None,
    cause: str,
    by: User | None,
    at: datetime,
) -> int:
    """
    Compute final figures again with the calendars as they are now.

    A final figure does not move by itself when a calendar changes: a person asks for
    it here and says why. The figure that was published stays beside the new one.

    :param period: only this period's lines; all by default.
    :param cause: why, in the words of whoever asks.
    :returns: the number of figures that are different now.
    :raises ValueError: if no cause is given, or one of more than 200 letters.
    """
    if not cause.strip():
        msg = "a restatement needs its cause"
        raise ValueError(msg)
    if len(cause.strip()) > LONGEST_CAUSE:
        msg = f"a cause has at most {LONGEST_CAUSE} letters"
        raise ValueError(msg)
    chosen = Q() if period is None else _of_period(period)
    return sum(
        _restate_indicator(indicator_id, chosen, cause.strip(), by, at)
        for indicator_id in sorted(indicators)
    )


@transaction.atomic
def _restate_indicator(
    indicator_id: int, chosen: Q, cause: str, by: User | None, at: datetime
) -> int:
    indicator = _hold(indicator_id)
    while refresh_indicator(indicator_id=indicator_id, at=at):
        pass
    plan = plan_of(indicator)
    if plan is None:
        return 0
    final = Result.objects.filter(chosen, indicator=indicator)
    cells = _cells_of(final.exclude(state=ResultState.PROVISIONAL))
    writer = _Writer(plan, at, feeds_of(plan, as_of=at), restating=True)
    writer.write_all(cells)
    for line in writer.new:
        line.cause, line.restated_by = cause, by
        before = writer.newest[line.period_kind, line.period_start, line.segment]
        line.seal = seal_of(line, before.seal)
    writer.save()
    if writer.new:
        audit.record(
            verb="indicators.restate",
            subject=indicator.code,
            organisation_id=indicator.organisation_id,
            actor_id=by.pk if by else None,
            at=at,
            cause=cause,
            lines=len(writer.new),
        )
    return len(writer.new)


def _of_period(period: Period) -> Q:
    return Q(period_kind=period.kind, period_start=period.start)


def _freeze_lines(chosen: Q, organisation_id: int | None, at: datetime) -> int:
    lines = Result.objects.filter(chosen, state=ResultState.PROVISIONAL)
    if organisation_id is not None:
        lines = lines.filter(organisation_id=organisation_id)
    waiting = lines.order_by("indicator_id").distinct("indicator_id")
    return sum(
        _freeze_indicator(indicator_id, chosen, at)
        for indicator_id in waiting.values_list("indicator_id", flat=True)
    )


@transaction.atomic
def _freeze_indicator(indicator_id: int, chosen: Q, at: datetime) -> int:
    indicator = _hold(indicator_id)
    # Events that wait for a worker belong in the figure that becomes final.
    while refresh_indicator(indicator_id=indicator_id, at=at):
        pass
    plan = plan_of(indicator)
    if plan is None:
        return 0
    today = at.astimezone(plan.zone).date()
    waiting = Result.objects.filter(
        chosen, indicator=plan.indicator, state=ResultState.PROVISIONAL
    )
    ripe = {
        (period, segment)
        for period, segment in _cells_of(waiting)
        if _grace_is_over(plan, period, today)
    }
    # What was computed at this very instant is as fresh as it can be.
    stale = _cells_of(waiting.exclude(as_of_at=at)) & ripe
    _write_cells(plan, stale, at, feeds_of(plan, as_of=at))
    final = [line for line in waiting if (period_of_result(line), line.segment) in ripe]
    for line in final:
        line.state = ResultState.FROZEN
        line.seal = seal_of(line, "")
    Result.objects.bulk_update(final, ["state", "seal"], batch_size=500)
    return len(final)


def _grace_is_over(plan: Plan, period: Period, today: date) -> bool:
    promise = promise_for(plan.promises, period)
    if promise is None:
        return False
    return today >= period.end + timedelta(days=promise.rule.grace_days)


@transaction.atomic
def _sweep_indicator(indicator_id: int, places: set[Place], at: datetime) -> None:
    plan = plan_of(_hold(indicator_id))
    if plan is not None:
        cells = cells_around(plan, places)
        _write_cells(plan, cells, at, feeds_of(plan, as_of=at))


@transaction.atomic
def _roll_indicator(indicator_id: int, at: datetime) -> None:
    plan = plan_of(_hold(indicator_id))
    if plan is None:
        return
    feeds = feeds_of(plan, as_of=at)
    lines = Result.objects.filter(indicator=plan.indicator)
    # A period after its feed's last word may have changed by silence alone.
    after = {
        (period, segment)
        for period, segment in _cells_of(lines)
        if period.end > _heard(plan, feeds.of(period))
    }
    waiting = _hearing(plan, feeds)
    cells = after | waiting | _restless(plan, at) | _unopened(plan, at)
    _write_cells(plan, cells, at, feeds)


def _restless(plan: Plan, at: datetime) -> set[Cell]:
    """
    Return the provisional lines that the passing of time alone may change.

    Those of kinds that are looked at against the clock, until they have been seen
    after their period's end.
    """
    rule = plan.rule.cases
    kind = rule.kind
    if not (
        kind.by_doing or kind.by_span or kind.only_grows(as_percent=rule.as_percent)
    ):
        return set()
    lines = Result.objects.annotate(
        seen_on=TruncDate("as_of_at", tzinfo=plan.zone)
    ).filter(
        indicator=plan.indicator,
        state=ResultState.PROVISIONAL,
        seen_on__lt=F("period_end"),
    )
    return _cells_of(lines)


def _heard(plan: Plan, feed: Feed) -> date:
    """Return the last day of which all may be in."""
    if feed.until is None:
        return date.min
    ends = (
        [feed.until] if feed.trusted_until is None else [feed.until, feed.trusted_until]
    )
    return min(ends).astimezone(plan.zone).date()


def _hold(indicator_id: int) -> Indicator:
    """Keep every other worker from an indicator until the transaction ends."""
    return Indicator.objects.select_for_update(of=("self",)).get(pk=indicator_id)


def _held_if_free(indicator_id: int) -> Indicator | None:
    """
    Hold an indicator; ``None`` if another worker does.

    All but its key: whoever marks its cases only looks whether it is there, and an
    answer to a machine must not wait for a computation. What is marked meanwhile is
    computed in the next round.
    """
    free = Indicator.objects.select_for_update(
        of=("self",), no_key=True, skip_locked=True
    )
    return free.filter(pk=indicator_id).first()


def _rebuild(plan: Plan, at: datetime) -> None:
    CaseFact.objects.filter(indicator=plan.indicator).delete()
    MonthSum.objects.filter(indicator=plan.indicator).delete()
    places = _store_log(plan, None, at)
    _sum_up(plan, places)
    # Lines without cases depend on rule, calendar and feed all the same.
    lines = Result.objects.filter(indicator=plan.indicator)
    cells = cells_around(plan, places) | _cells_of(lines) | _unopened(plan, at)
    _write_cells(plan, cells, at, feeds_of(plan, as_of=at))


def _fold(plan: Plan, cases: Collection[str], at: datetime) -> None:
    chosen = Q(case_key__in=cases)
    old = places_of(plan, stored_facts(plan.indicator, chosen), at)
    CaseFact.objects.filter(chosen, indicator=plan.indicator).delete()
    store = _store_log if len(cases) >= MANY_CASES else _store_cases
    places = old | store(plan, cases, at)
    _sum_up(plan, places)
    feeds = feeds_of(plan, as_of=at)
    cells = cells_around(plan, places) | _hearing(plan, feeds)
    _write_cells(plan, cells, at, feeds)


def _store_log(plan: Plan, cases: Collection[str] | None, at: datetime) -> set[Place]:
    """Judge cases many at once, all or some, and store their facts."""
    places: set[Place] = set()
    for stream in plan.streams:
        zone, promises = ZoneInfo(stream.time_zone), plan.cases_promises(stream)
        judged_singly = partial(judge, promises=promises, zone=zone, source=stream.code)
        for log in case_logs(stream, cases):
            many, left = judge_many(log, promises, zone=zone, source=stream.code)
            for judged in many:
                places |= judged.places()
                _copy_facts(plan, judged)
            facts = (
                fact
                for place in left
                for fact in judged_singly(log.cases[place], log.events(place))
            )
            places |= _store(plan, facts, at)
    return places


def _store_cases(plan: Plan, cases: Collection[str], at: datetime) -> set[Place]:
    """Judge a few cases one by one and store their facts."""
    return _store(plan, facts_of(plan, cases), at)


def _copy_facts(plan: Plan, judged: Judged) -> None:
    owner = f"{plan.indicator.organisation_id}|{plan.indicator.pk}"
    with connection.cursor() as cursor:
        copy_lines(
            cursor,
            "indicators_casefact",
            STORED,
            # A canonical line ends in nothing where the database says false.
            (rf"{owner}|{line}false|\x{digest}" for line, digest in judged.lines()),
            texts=FACT_TEXTS,
        )


def _store(plan: Plan, facts: Iterable[Fact], at: datetime) -> set[Place]:
    places: set[Place] = set()
    facts = iter(facts)
    owner = (str(plan.indicator.organisation_id), str(plan.indicator.pk))
    while batch := list(islice(facts, FACTS_AT_ONCE)):
        places |= places_of(plan, batch, at)
        with connection.cursor() as cursor:
            copy_rows(
                cursor,
                "indicators_casefact",
                STORED,
                ((*owner, *fact.texts, rf"\x{fact.digest.hex()}") for fact in batch),
                texts=FACT_TEXTS,
            )
    return places


def _sum_up(plan: Plan, places: set[Place]) -> None:
    """Add up again the months in which facts changed."""
    months = {month for month, _segment in places}
    if not months:
        return
    sums = MonthSum.objects.filter(indicator=plan.indicator)
    sums.filter(month_start__in=months).delete()
    demanding = {m for m in months if plan.rule_of_month(m).cases.demand is not None}
    tallies = [
        *summed(plan.indicator, months - demanding, plan.rule),
        *(tally for month in demanding for tally in _conditioned(plan, month)),
    ]
    rows = (_sum_row(plan.indicator, tally) for tally in tallies)
    MonthSum.objects.bulk_create(rows, batch_size=500)


def _conditioned(plan: Plan, month: date) -> list[MonthTally]:
    """Add up a month whose promise holds up to a demand: each case must be looked at."""
    rule = plan.rule_of_month(month)
    end = period_of(month, PeriodKind.MONTH).end
    facts = stored_facts(plan.indicator, counted_in(month, end))
    return month_tallies(conditioned(facts, rule), rule)


def _sum_row(indicator: Indicator, tally: MonthTally) -> MonthSum:
    return MonthSum(
        organisation_id=indicator.organisation_id,
        indicator=indicator,
        month_start=tally.month,
        segment=tally.segment,
        digest=tally.digest,
        kept=tally.kept.as_json(),
        suspended=tally.suspended.as_json(),
    )


def _cells_of(lines: QuerySet[Result]) -> set[Cell]:
    return {
        (Period(start, end, PeriodKind(kind)), segment)
        for kind, start, end, segment in lines.values_list(
            "period_kind", "period_start", "period_end", "segment"
        ).distinct()
    }


def _unopened(plan: Plan, at: datetime) -> set[Cell]:
    """Return the lines of periods that have begun and have none."""
    known = set(
        Result.objects.filter(indicator=plan.indicator, segment="").values_list(
            "period_kind", "period_start"
        )
    )
    tomorrow = at.astimezone(plan.zone).date() + timedelta(days=1)
    return {
        (period, "")
        for kind in plan.kinds
        for period in periods_between(first_day(plan), tomorrow, kind)
        if (kind.value, period.start) not in known
    }


def _hearing(plan: Plan, feeds: Feeds) -> set[Cell]:
    """Return the lines of periods that waited for a feed of which more is known now."""
    waiting = Result.objects.filter(
        indicator=plan.indicator, status=ResultStatus.NO_DATA_YET
    )
    cells: set[Cell] = set()
    for kind, start, end, segment, *known in waiting.values_list(
        "period_kind",
        "period_start",
        "period_end",
        "segment",
        "feed_until",
        "feed_trusted_until",
    ):
        period = Period(start, end, PeriodKind(kind))
        feed = feeds.of(period)
        if known != [feed.until, feed.trusted_until]:
            cells.add((period, segment))
    return cells


def _write_cells(plan: Plan, cells: set[Cell], at: datetime, feeds: Feeds) -> None:
    """
    Bring ledger lines up to date; write nothing where nothing changed.

    A provisional line is updated. A final one stays as it is, and what is different
    now becomes another revision with its cause. A final line goes on being computed
    with the calendars it was published with: it does not move by itself.
    """
    if not cells:
        return
    writer = _Writer(plan, at, feeds)
    writer.write_all(cells)
    writer.save()


class _Writer:
    """
    Writes the lines of one indicator.

    :ivar restating: final lines are computed with the calendars as they are now.
    """

    def __init__(
        self, plan: Plan, at: datetime, feeds: Feeds, *, restating: bool = False
    ) -> None:
        self.plan = plan
        self.at = at
        self.feeds = feeds
        self.restating = restating
        self.stored = StoredCells(plan)
        self.newest: dict[tuple[str, date, str], Result] = {}
        self.new: list[Result] = []
        self.changed: list[Result] = []
        self._pinned: dict[str, Cells | None] = {}

    def write_all(self, cells: set[Cell]) -> None:
        """Bring lines up to date; new ones wait for :meth:`save`."""
        self.newest |= _newest_lines(self.plan.indicator, cells)
        for start, end in _days({period for period, _segment in cells}):
            self.stored.read(start, end)
        for period, segment in sorted(cells):
            self.write(period, segment)

    def write(self, period: Period, segment: str) -> None:
        """Bring one line up to date."""
        line = self.newest.get((period.kind.value, period.start, segment))
        cells = self._cells(line)
        if cells is None:
            return
        feed = feed_for(self.plan, line, self.feeds.of(period))
        content = figure(cells, period, segment, as_of=self.at, feed=feed)
        if content is None or (line is not None and not differences(line, content)):
            return
        content |= self._inputs(feed, cells.plan)
        if line is not None and line.state == ResultState.PROVISIONAL:
            for name, value in content.items():
                setattr(line, name, value)
            self.changed.append(line)
        else:
            self.new.append(_next_line(self.plan, period, segment, line, content))

    def save(self) -> None:
        """Write what is different now."""
        Result.objects.bulk_create(self.new, batch_size=500)
        # All in one statement; the lines are there, so each is a conflict.
        Result.objects.bulk_create(
            self.changed,
            batch_size=500,
            update_conflicts=True,
            unique_fields=LINE,
            update_fields=COMPUTED,
        )

    def _inputs(self, feed: Feed, plan: Plan) -> dict[str, Any]:
        return {
            "calendars": plan.pins,
            "as_of_at": self.at,
            "feed_until": feed.until,
            "feed_gap_days": None if feed.gap is None else feed.gap.days,
            "feed_trusted_until": feed.trusted_until,
        }

    def _cells(self, line: Result | None) -> Cells | None:
        """Return the cases by the calendars that a line is computed with."""
        if line is None or line.state == ResultState.PROVISIONAL:
            return self.stored
        if self.restating or same_calendars(self.plan, line):
            return self.stored
        key = json.dumps(line.calendars, sort_keys=True)
        if key not in self._pinned:
            plan = plan_of(self.plan.indicator, line.calendars)
            self._pinned[key] = None if plan is None else Shelf(plan, facts_of(plan))
        return self._pinned[key]


def same_calendars(plan: Plan, line: Result) -> bool:
    """Say whether a line was computed with the versions that a plan counts with."""
    pinned: dict[str, int] = line.calendars
    return all(plan.pins.get(code) == number for code, number in pinned.items())


def _days(periods: Iterable[Period]) -> list[tuple[date, date]]:
    """Join periods that touch or overlap, so that no fact is read twice."""
    joined: list[tuple[date, date]] = []
    for period in sorted(periods):
        if joined and period.start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], period.end))
        else:
            joined.append((period.start, period.end))
    return joined


def _newest_lines(
    indicator: Indicator, cells: set[Cell]
) -> dict[tuple[str, date, str], Result]:
    """Return the newest revision of at least these lines, by their place."""
    lines = Result.objects.filter(indicator=indicator)
    if len(cells) <= FEW_CELLS:
        lines = lines.filter(
            period_start__in={period.start for period, _segment in cells},
            segment__in={segment for _period, segment in cells},
        )
    newest = lines.order_by(
        "period_kind", "period_start", "segment", "-revision"
    ).distinct("period_kind", "period_start", "segment")
    return {
        (line.period_kind, line.period_start, line.segment): line for line in newest
    }


def _next_line(
    plan: Plan,
    period: Period,
    segment: str,
    previous: Result | None,
    content: dict[str, Any],
) -> Result:
    line = Result(
        organisation_id=plan.indicator.organisation_id,
        indicator=plan.indicator,
        period_kind=period.kind,
        period_start=period.start,
        period_end=period.end,
        segment=segment,
        **content,
    )
    if previous is not None:
        line.revision = previous.revision + 1
        line.state = ResultState.RESTATED
        line.cause = _cause(previous, content)
        line.seal = seal_of(line, previous.seal)
    return line


def _cause(previous: Result, content: dict[str, Any]) -> str:
    """Say why a final figure is different now."""
    if previous.declared_id is not None:
        return MEASURED
    if previous.rule_digest != content["rule_digest"]:
        return CHANGED_RULE
    if (previous.whole is None) != (content["whole"] is None) or (
        previous.excluded.get("suspended") != content["excluded"].get("suspended")
    ):
        return SUSPENDED
    if previous.inputs_digest != content["inputs_digest"]:
        return LATE_EVENTS
    if previous.status == ResultStatus.NO_DATA_YET:
        return HEARD
    return FELL_DUE

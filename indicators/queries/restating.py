"""
What would be different if final figures were computed again.

A final figure keeps the versions of the calendars it was published with. Here it is
computed with the calendars as they are now, and nothing is written:
:func:`indicators.services.figures.restate` does that, if somebody asks and says why.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.periods import Period
from indicators.enums import ResultState
from indicators.models import Indicator, Result
from indicators.queries.computing import (
    PROVENANCE,
    Plan,
    StoredCells,
    differences,
    feed_for,
    figure,
    period_of_result,
    plan_of,
)
from indicators.queries.feeds import feeds_of


@dataclass(frozen=True, slots=True)
class Change:
    """
    A final line and what it would say now.

    :ivar after: not stored; with the fields that depend on the cases.
    """

    before: Result
    after: Result


def would_change(
    indicator: Indicator, *, at: datetime, period: Period | None = None
) -> list[Change]:
    """
    Return the final lines that a restatement would replace, the newest period first.

    Cases whose marks wait for a worker are read as they were computed last.

    :param at: the instant of looking.
    :param period: only this period's lines; all by default.
    """
    plan = plan_of(indicator)
    if plan is None:
        return []
    return sorted(
        _changes(plan, at, period),
        key=lambda change: (
            change.before.period_start,
            change.before.period_kind,
            change.before.segment,
        ),
        reverse=True,
    )


def _changes(plan: Plan, at: datetime, only: Period | None) -> Iterator[Change]:
    lines = _final_lines(plan.indicator, only)
    if not lines:
        return
    feeds, cells = feeds_of(plan, as_of=at), StoredCells(plan)
    cells.read(
        min(line.period_start for line in lines), max(line.period_end for line in lines)
    )
    for line in lines:
        period = period_of_result(line)
        feed = feed_for(plan, line, feeds.of(period))
        content = figure(cells, period, line.segment, as_of=at, feed=feed)
        if content is not None and differences(line, content):
            yield Change(line, _after(line, content))


def _final_lines(indicator: Indicator, only: Period | None) -> list[Result]:
    lines = Result.objects.filter(indicator=indicator)
    if only is not None:
        lines = lines.filter(period_kind=only.kind, period_start=only.start)
    newest = lines.order_by(
        "period_kind", "period_start", "segment", "-revision"
    ).distinct("period_kind", "period_start", "segment")
    return [line for line in newest if line.state != ResultState.PROVISIONAL]


def _after(line: Result, content: dict[str, Any]) -> Result:
    shown = {name: value for name, value in content.items() if name not in PROVENANCE}
    return Result(
        indicator_id=line.indicator_id,
        period_kind=line.period_kind,
        period_start=line.period_start,
        period_end=line.period_end,
        segment=line.segment,
        **shown,
    )

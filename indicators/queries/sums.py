"""
Let the database count and add up the facts that are alike.

What comes out is what :func:`engine.compliance.month_tallies` gives for the same facts,
at a fraction of the cost of reading them: the facts themselves stay where they are.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from engine.cases import Outcome
from engine.compliance import Alike, MonthTally, digest_of, tallied
from engine.rules import Rule
from engine.worktime.civil import micros_of
from indicators.models import Indicator

MONTHS = """
    FROM unnest(%(months)s::date[]) AS month
    JOIN indicators_casefact fact ON fact.indicator_id = %(indicator)s
        AND fact.counted_on >= month AND fact.counted_on < (month + interval '1 month')::date
"""
GROUPS = f"""
    SELECT month, segment, suspended, outcome,
           CASE WHEN outcome = 'excluded' THEN reason ELSE '' END AS why,
           CASE WHEN outcome = 'open' THEN due_at END AS due,
           CASE WHEN outcome = 'counted' AND %(by_answer)s
               THEN coalesce(value, 0) END AS score,
           count(*), sum(value), sum(coalesce(base, %(weight)s)), max(last_event_at),
           string_agg(digest, '')
    {MONTHS}
    GROUP BY month, segment, suspended, outcome, why, due, score
"""
VALUES = f"""
    SELECT month, segment, suspended, array_agg(trim_scale(value))
    {MONTHS} AND outcome = 'counted' AND value IS NOT NULL
    GROUP BY month, segment, suspended
"""
# Their facts' digests are read: so many months at once.
MONTHS_AT_ONCE = 12
DIGEST = 32  # bytes


def summed(
    indicator: Indicator, months: Collection[date], rule: Rule
) -> Iterator[MonthTally]:
    """
    Add up the facts of months, by segment.

    :param months: first days; those without facts give nothing.
    :param rule: says how the cases are read; one with a demand needs the facts
        themselves (:func:`engine.compliance.conditioned`).
    """
    ordered = sorted(months)
    for first in range(0, len(ordered), MONTHS_AT_ONCE):
        yield from _summed(indicator, ordered[first : first + MONTHS_AT_ONCE], rule)


def _summed(
    indicator: Indicator, months: list[date], rule: Rule
) -> Iterator[MonthTally]:
    by_answer = rule.cases.kind.by_answer
    arguments: dict[str, Any] = {
        "months": months,
        "indicator": indicator.pk,
        "by_answer": by_answer,
        "weight": int(by_answer),  # an answer without a weight counts as one
    }
    places: defaultdict[tuple[date, str], _Place] = defaultdict(_Place)
    with connection.cursor() as cursor:
        cursor.execute(GROUPS, arguments)
        for month, segment, suspended, *group, digests in cursor:
            places[month, segment].take(suspended, _alike(*group), bytes(digests))
    for (month, segment), place in sorted(places.items()):
        yield MonthTally(
            month,
            segment,
            digest_of(place.digests),
            tallied(place.kept),
            tallied(place.suspended),
        )


def values_of(
    indicator: Indicator, months: Collection[date]
) -> Iterator[tuple[date, str, bool, list[Decimal]]]:
    """
    Yield the values of the facts that count, by month, segment and whether suspended.

    :param months: first days.
    """
    with connection.cursor() as cursor:
        arguments: dict[str, Any] = {"months": sorted(months)}
        cursor.execute(VALUES, arguments | {"indicator": indicator.pk})
        yield from cursor


class _Place:
    """What is found of one month and segment."""

    def __init__(self) -> None:
        self.kept: list[Alike] = []
        self.suspended: list[Alike] = []
        self.digests: list[bytes] = []

    def take(self, suspended: bool, group: Alike, digests: bytes) -> None:
        """Take a row in."""
        (self.suspended if suspended else self.kept).append(group)
        starts = range(0, len(digests), DIGEST)
        self.digests += [digests[start : start + DIGEST] for start in starts]


def _alike(outcome: str, reason: str, due: Any, score: Any, *sums: Any) -> Alike:
    n, total, base, last = sums
    return Alike(
        Outcome(outcome),
        n,
        reason,
        None if due is None else micros_of(due),
        score,
        total or Decimal(0),
        base,
        None if last is None else micros_of(last),
    )

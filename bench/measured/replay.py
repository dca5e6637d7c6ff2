"""How fast everything is computed again, against DuckDB on the same values."""

from django.db import connection
from django.utils import timezone

from bench.measured.workers import work_off
from bench.rows import seconds
from bench.town import Town
from indicators.models import CaseFact, Indicator, ServiceEvent
from indicators.services.marks import mark_indicators

LOG = """
COPY (SELECT stream_id, case_key, type, occurred_at FROM indicators_serviceevent
      ORDER BY id) TO STDOUT WITH (FORMAT csv, HEADER)
"""
FACTS = """
COPY (SELECT indicator_id, outcome, counted_on, value, segment FROM indicators_casefact)
TO STDOUT WITH (FORMAT csv, HEADER)
"""
# What an analyst would ask of the log: days from start to end, the clock never
# standing still, no holidays.
GROUPED_LOG = """
SELECT stream_id, date_trunc('month', opened) AS month, count(*), count(closed),
       avg((closed - opened <= INTERVAL 14 DAY)::INT), avg(epoch(closed - opened)),
       median(epoch(closed - opened)), quantile_cont(epoch(closed - opened), 0.9)
FROM (
    SELECT stream_id, case_key,
           min(occurred_at) FILTER (WHERE type = 'opened') AS opened,
           min(occurred_at) FILTER (WHERE type = 'closed') AS closed
    FROM {source} GROUP BY stream_id, case_key
)
GROUP BY ALL
"""
GROUPED_FACTS = """
SELECT indicator_id, date_trunc('month', counted_on) AS month, segment, count(*),
       count(*) FILTER (WHERE outcome = 'met'), count(*) FILTER (WHERE outcome = 'open'),
       sum(value), avg(value), median(value), quantile_cont(value, 0.9)
FROM {source} GROUP BY ALL
"""


def mark_everything(town: Town) -> None:
    """Mark all indicators, as a change of all calendars would."""
    chosen = Indicator.objects.filter(organisation=town.organisation)
    mark_indicators(chosen, at=timezone.now())


def replayed(town: Town, *, workers: int) -> float:
    """Return the seconds in which workers compute everything from the log."""
    mark_everything(town)
    return seconds(lambda: work_off(workers))


def counted() -> tuple[int, int]:
    """Return how many events and facts there are."""
    return ServiceEvent.objects.count(), CaseFact.objects.count()


def forget_facts() -> None:
    """Take away all that was computed, so that everything must be computed again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE indicators_stalemark, indicators_casefact, indicators_monthsum, "
            "indicators_result"
        )


def forget_marks() -> None:
    """Take away the marks of events whose figures nobody waits for."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE indicators_stalemark")


def wait_for_nobody(town: Town, marks: int) -> None:
    """Let so many marks wait, evenly over the indicators."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO indicators_stalemark
                (organisation_id, indicator_id, case_key, marked_at)
            SELECT organisation_id, id, 'none-' || number, now()
            FROM indicators_indicator
            CROSS JOIN generate_series(1, %s) AS number
            WHERE organisation_id = %s
            """,
            [marks // len(town.indicators), town.organisation.pk],
        )
        cursor.execute("ANALYZE indicators_stalemark")

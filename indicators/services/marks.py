"""Say what must be computed again."""

from collections.abc import Collection
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet

from charters.enums import EditionState
from core.jobs import enqueue_on_commit
from indicators.models import Indicator, StaleMark, Stream


def mark_indicators(indicators: QuerySet[Indicator], *, at: datetime) -> None:
    """Mark every case of some indicators, in the caller's transaction."""
    StaleMark.objects.bulk_create(
        StaleMark(
            organisation_id=indicator.organisation_id, indicator=indicator, marked_at=at
        )
        for indicator in indicators
    )
    enqueue_on_commit("indicators.refresh")


def mark_cases(stream: Stream, cases: Collection[str], *, at: datetime) -> None:
    """
    Mark some cases of a stream for every published indicator that reads it.

    Costs one statement whatever the number of cases; in the caller's transaction,
    so an event and its marks are there together or not at all.
    """
    if not cases:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO indicators_stalemark
                (organisation_id, indicator_id, case_key, marked_at)
            SELECT %s, reading.indicator_id, touched.case_key, %s
            FROM unnest(%s::text[]) AS touched (case_key)
            CROSS JOIN (
                SELECT DISTINCT rule.indicator_id
                FROM indicators_indicatorrule rule
                JOIN charters_edition edition ON edition.id = rule.edition_id
                WHERE rule.stream_id = %s AND edition.state = %s
            ) AS reading
            """,
            [
                stream.organisation_id,
                at,
                sorted(cases),
                stream.pk,
                EditionState.PUBLISHED,
            ],
        )
        marked = cursor.rowcount
    if marked:
        enqueue_on_commit("indicators.refresh")

"""Read the ledger."""

from collections.abc import Collection
from datetime import date, datetime

from django.db.models import OuterRef, QuerySet, Subquery

from accounts.models import Organisation
from engine.periods import PeriodKind
from indicators.models import CaseFact, Indicator, Result, ServiceEvent, Stream
from indicators.queries.pseudonyms import case_key_of


def newest_lines(
    *, indicators: Collection[int], kind: PeriodKind | None = None
) -> QuerySet[Result]:
    """
    Return the last revision of every ledger line of some indicators, totals only.

    In order of indicator and period. One query, whatever their number.
    """
    lines = Result.objects.filter(
        indicator_id__in=indicators, segment=""
    ).select_related("declared")
    if kind is not None:
        lines = lines.filter(period_kind=kind)
    return lines.order_by(
        "indicator_id", "period_kind", "period_start", "-revision"
    ).distinct("indicator_id", "period_kind", "period_start")


def revisions_of(*, indicators: Collection[int]) -> QuerySet[Result]:
    """
    Return every revision of every ledger line of some indicators, totals only.

    In order of indicator, period and revision. One query, whatever their number.
    """
    return (
        Result.objects.filter(indicator_id__in=indicators, segment="")
        .select_related("declared")
        .order_by("indicator_id", "period_kind", "period_start", "revision")
    )


def last_ended_segments(
    *, indicators: Collection[int], today: date
) -> QuerySet[Result]:
    """
    Return the last revision of each segment's newest line whose period is over.

    One line for each indicator, kind of period and segment, in order of segment.
    """
    return (
        Result.objects.filter(indicator_id__in=indicators, period_end__lte=today)
        .exclude(segment="")
        .order_by(
            "indicator_id", "period_kind", "segment", "-period_start", "-revision"
        )
        .distinct("indicator_id", "period_kind", "segment")
    )


def lines_of(
    indicator: Indicator, *, kind: PeriodKind, segment: str = ""
) -> QuerySet[Result]:
    """Return an indicator's last revisions of one kind of period, in order."""
    return (
        Result.objects.filter(indicator=indicator, period_kind=kind, segment=segment)
        .order_by("period_start", "-revision")
        .distinct("period_start")
    )


def last_ended_lines(*, indicators: Collection[int], today: date) -> QuerySet[Result]:
    """
    Return the last revision of the newest line whose period is over, totals only.

    One line for each indicator and kind of period.
    """
    return (
        Result.objects.filter(
            indicator_id__in=indicators, segment="", period_end__lte=today
        )
        .order_by("indicator_id", "period_kind", "-period_start", "-revision")
        .distinct("indicator_id", "period_kind")
    )


def watermarks(*, streams: Collection[int]) -> dict[int, datetime]:
    """
    Return the instant of each stream's latest event; a silent stream has none.

    Each is one step in the index by instant, whatever the size of the log.
    """
    latest = ServiceEvent.objects.filter(stream=OuterRef("pk")).order_by("-occurred_at")
    rows = (
        Stream.objects.filter(pk__in=streams)
        .annotate(latest=Subquery(latest.values("occurred_at")[:1]))
        .filter(latest__isnull=False)
    )
    return dict(rows.values_list("pk", "latest"))


def facts_of_case(
    *, organisation: Organisation, indicators: Collection[int], case_key: str
) -> QuerySet[CaseFact]:
    """
    Return what the engine found of a case for each of some indicators.

    :param case_key: its number; streams may know it by a pseudonym.
    """
    streams = Stream.objects.filter(
        indicator_rules__indicator_id__in=indicators
    ).distinct()
    return CaseFact.objects.filter(
        organisation=organisation,
        indicator_id__in=indicators,
        case_key__in={case_key, *(case_key_of(item, case_key) for item in streams)},
    ).order_by("indicator_id")


def events_of_case(*, stream: Stream, case_key: str) -> QuerySet[ServiceEvent]:
    """
    Return a case's events in order, those that were replaced among them.

    :param case_key: its number, also where the log has its pseudonym.
    """
    return ServiceEvent.objects.filter(
        stream=stream, case_key=case_key_of(stream, case_key)
    ).order_by("occurred_at", "external_id")

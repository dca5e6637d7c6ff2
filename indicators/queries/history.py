"""The log as it came: every event, what replaced what, and what followed from it."""

import base64
import binascii
import json
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, Q, QuerySet, Subquery

from charters.enums import EditionState
from core.models import AuditEntry
from engine.periods import Period
from indicators.enums import ResultState
from indicators.models import CaseFact, IndicatorRule, Result, ServiceEvent, Stream
from indicators.queries.pseudonyms import UnknownSecretError, case_key_of

AUDIT_VERB = "indicators.correct"
# What a correction makes of final figures by itself, as the ledger says it.
MOST_RESTATED = 50


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """
    Which events of a stream to list.

    :ivar period: those that happened in it, by the stream's clock; all by default.
    :ivar corrections: only those that replace others.
    """

    stream: Stream
    period: Period | None = None
    corrections: bool = False


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """
    Some events, the latest first.

    :ivar replaced: what these events replace, by identifier.
    :ivar following: the cursor of the next page; empty on the last one.
    """

    events: tuple[ServiceEvent, ...]
    replaced: dict[str, ServiceEvent]
    following: str


def history_rows(chosen: HistoryFilter) -> QuerySet[ServiceEvent]:
    """
    Return a stream's events, the latest first, each with its ``replaced_by``.

    The page and the file are read from this one query.
    """
    events = _told(ServiceEvent.objects.filter(stream=chosen.stream))
    if chosen.corrections:
        events = events.filter(replaces__isnull=False)
    if chosen.period is not None:
        zone = ZoneInfo(chosen.stream.time_zone)
        first, end = (
            datetime.combine(day, datetime.min.time(), tzinfo=zone)
            for day in (chosen.period.start, chosen.period.end)
        )
        events = events.filter(occurred_at__gte=first, occurred_at__lt=end)
    return events.order_by("-occurred_at", "-pk")


def history_page(
    chosen: HistoryFilter, *, after: str = "", size: int = 50
) -> HistoryPage:
    """
    Return a page of a stream's events; two queries, however far down it is.

    :param after: the cursor that the page before gave; what is none begins anew.
    """
    rows = history_rows(chosen)
    place = _place(after)
    if place is not None:
        at, pk = place
        rows = rows.filter(Q(occurred_at__lt=at) | Q(occurred_at=at, pk__lt=pk))
    found = list(rows[: size + 1])
    shown = tuple(found[:size])
    return HistoryPage(
        events=shown,
        replaced=replaced_by(chosen.stream, shown),
        following=_cursor(shown[-1]) if len(found) > size else "",
    )


def case_history(stream: Stream, case: str) -> list[ServiceEvent]:
    """
    Return every event that a case ever had, in order, with its ``replaced_by``.

    :param case: its number, or its pseudonym where the log has pseudonyms.
    """
    keys = {case}
    with suppress(UnknownSecretError):  # what the log calls it is found all the same
        keys.add(case_key_of(stream, case))
    events = _told(ServiceEvent.objects.filter(stream=stream, case_key__in=keys))
    return list(events.order_by("occurred_at", "pk"))


def replaced_by(
    stream: Stream, events: Collection[ServiceEvent]
) -> dict[str, ServiceEvent]:
    """Return the events that some others replace, by identifier."""
    asked = [event.replaces for event in events if event.replaces]
    if not asked:
        return {}
    found = ServiceEvent.objects.filter(stream=stream, external_id__in=asked)
    return {event.external_id: event for event in found}


CHAIN = """
    WITH RECURSIVE back AS (
        SELECT id, stream_id, external_id, replaces, 0 AS step
        FROM indicators_serviceevent WHERE id = %s
        UNION ALL
        SELECT e.id, e.stream_id, e.external_id, e.replaces, b.step - 1
        FROM indicators_serviceevent e
        JOIN back b ON e.stream_id = b.stream_id AND e.external_id = b.replaces
    ), forth AS (
        SELECT id, stream_id, external_id, 0 AS step
        FROM indicators_serviceevent WHERE id = %s
        UNION ALL
        SELECT e.id, e.stream_id, e.external_id, f.step + 1
        FROM indicators_serviceevent e
        JOIN forth f ON e.stream_id = f.stream_id AND e.replaces = f.external_id
    ), steps AS (
        SELECT id, step FROM back UNION SELECT id, step FROM forth
    )
    SELECT event.* FROM indicators_serviceevent event
    JOIN steps ON steps.id = event.id ORDER BY steps.step
"""


def chain_of(event: ServiceEvent) -> list[ServiceEvent]:
    """Return an event with all it replaces and all that replaces it, the first first."""
    return list(ServiceEvent.objects.raw(CHAIN, [event.pk, event.pk]))


def void_types(stream: Stream) -> dict[str, list[str]]:
    """Return the event types that make a case void, and for which indicators."""
    rules = IndicatorRule.objects.filter(
        stream=stream, edition__state=EditionState.PUBLISHED
    ).select_related("indicator")
    found: dict[str, set[str]] = {}
    for rule in rules:
        for type_ in rule.definition.get("void", []):
            found.setdefault(type_, set()).add(rule.indicator.code)
    return {type_: sorted(codes) for type_, codes in found.items()}


def restated_after(chain: Sequence[ServiceEvent], *, cause: str) -> list[Result]:
    """
    Return the figures that were restated first after a correction came in.

    Those of the indicators that count the case, of the periods in which the case
    counts or the events happened. The ledger keeps no link from a figure to one
    event: others that came at the same time may have had a part in it.

    :param chain: see :func:`chain_of`; what is replaced by nothing restated nothing.
    :param cause: as the ledger says it of late and corrected events.
    """
    if len(chain) < 2:
        return []
    stream = chain[0].stream
    zone = ZoneInfo(stream.time_zone)
    days = {event.occurred_at.astimezone(zone).date() for event in chain}
    facts = CaseFact.objects.filter(
        case_key__in={event.case_key for event in chain}, source=stream.code
    ).filter(organisation_id=stream.organisation_id)
    counted = set(facts.values_list("indicator_id", "counted_on"))
    days |= {day for _indicator, day in counted}
    # Of those that count the case; of all that read the stream if none does any more.
    readers = Q(indicator_id__in={indicator for indicator, _day in counted})
    touched = Q(pk__in=[])
    for day in sorted(days):
        touched |= Q(period_start__lte=day, period_end__gt=day)
    first_in = min(event.received_at for event in chain[1:])
    lines = (
        Result.objects.filter(
            touched,
            readers if counted else Q(),
            indicator__rules__stream=stream,
            indicator__rules__edition__state=EditionState.PUBLISHED,
            state=ResultState.RESTATED,
            cause=cause,
            segment="",
            as_of_at__gte=first_in,
        )
        .select_related("indicator", "declared")
        .order_by("indicator__code", "period_kind", "period_start", "revision")
        .distinct("indicator__code", "period_kind", "period_start")
    )
    return list(lines[:MOST_RESTATED])


def reasons_of(
    stream: Stream, events: Collection[ServiceEvent]
) -> dict[str, AuditEntry]:
    """
    Return why people corrected events by hand, by the identifier of the correction.

    The entry and its event were written at the same instant.
    """
    asked = {f"{stream.code}/{e.external_id}": e.external_id for e in events}
    entries = AuditEntry.objects.filter(
        organisation_id=stream.organisation_id,
        recorded_at__in={event.received_at for event in events},
        verb=AUDIT_VERB,
    )
    return {asked[entry.subject]: entry for entry in entries if entry.subject in asked}


def _told(events: QuerySet[ServiceEvent]) -> QuerySet[ServiceEvent]:
    later = ServiceEvent.objects.filter(
        stream=OuterRef("stream"), replaces=OuterRef("external_id")
    )
    return events.annotate(replaced_by=Subquery(later.values("external_id")[:1]))


# Pages by key: a page costs the same however far down it is.


def _cursor(event: ServiceEvent) -> str:
    place = [event.occurred_at.isoformat(), event.pk]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _place(cursor: str) -> tuple[datetime, int] | None:
    try:
        at, pk = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        found = datetime.fromisoformat(at)
    except (binascii.Error, TypeError, ValueError):
        return None
    if found.tzinfo is None or not isinstance(pk, int) or not 0 <= pk < 2**63:
        return None
    return found, pk

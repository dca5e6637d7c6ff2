"""Read streams as those who look after them see them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.models import Organisation
from charters.enums import EditionState
from engine.rules import RuleError
from indicators.enums import FeedState
from indicators.models import (
    FeedWatch,
    IndicatorRule,
    ServiceEvent,
    Source,
    Stream,
    StreamToken,
)
from indicators.queries.computing import engine_rule
from indicators.queries.feeds import ALARMING, Heard
from indicators.queries.results import watermarks

WEEK = timedelta(days=7)
# So many failures in a row are no accident.
KEEPS_FAILING = 3
BY_WEEK = """
    SELECT date_trunc('week', occurred_at AT TIME ZONE %s)::date, count(*)
    FROM indicators_serviceevent
    WHERE stream_id = %s AND occurred_at >= %s AND occurred_at < %s
    GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class StreamLine:
    """
    A stream in the list.

    :ivar state: what the last look found; ``until``: instant of the latest event.
    :ivar keys: how many open it; ``failing``: whether one of its sources keeps failing.
    """

    stream: Stream
    state: FeedState
    until: datetime | None
    keys: int
    failing: bool


def stream_lines(organisation: Organisation, *, at: datetime) -> list[StreamLine]:
    """Return an organisation's streams in order of code; two queries."""
    streams = list(
        Stream.objects.filter(organisation=organisation)
        .select_related("watch")
        .annotate(
            keys=Count("tokens", filter=opens("tokens__", at)),
            failing=Exists(
                Source.objects.filter(
                    stream=OuterRef("pk"), enabled=True, failures__gte=KEEPS_FAILING
                )
            ),
        )
        .order_by("code")
    )
    heard = watermarks(streams={stream.pk for stream in streams})
    return [
        StreamLine(stream, _found(stream, until), until, stream.keys, stream.failing)
        for stream in streams
        for until in [heard.get(stream.pk)]
    ]


def _found(stream: Stream, until: datetime | None) -> FeedState:
    """Return the state that was found last, before the first look what is plain."""
    if until is None:
        return FeedState.NEVER
    watch: FeedWatch | None = getattr(stream, "watch", None)
    if watch is None or watch.state == FeedState.NEVER:
        return FeedState.SPEAKING
    return FeedState(watch.state)


def alarms_of(organisation: Organisation) -> QuerySet[FeedWatch]:
    """Return what is wrong with an organisation's streams, the longest first."""
    return (
        FeedWatch.objects.filter(organisation=organisation, state__in=ALARMING)
        .select_related("stream")
        .order_by("changed_at", "pk")
    )


def opens(path: str, at: datetime) -> Q:
    """Choose the keys that open something at an instant; an end may lie ahead."""
    return Q(**{f"{path}revoked_at": None}) | Q(**{f"{path}revoked_at__gt": at})


def sources_of(stream: Stream) -> QuerySet[Source]:
    """Return the systems that tell a stream of their cases, in order of code."""
    return stream.sources.order_by("code")


def keys_of(stream: Stream) -> QuerySet[StreamToken]:
    """Return all keys that a stream ever had, the newest first."""
    return stream.tokens.order_by("-created_at", "-pk")


def rules_of(stream: Stream) -> list[IndicatorRule]:
    """Return the rules that read a stream, in drafts too, by charter and indicator."""
    return list(
        IndicatorRule.objects.filter(stream=stream)
        .select_related("edition__charter", "indicator")
        .order_by("edition__charter__slug", "indicator__code", "edition__number")
    )


@dataclass(frozen=True, slots=True)
class Use:
    """
    Who needs a type or an attribute of a stream.

    :ivar logged: whether the log has it; ``indicators``: codes of those that name it.
    """

    logged: bool
    indicators: tuple[str, ...]

    def __bool__(self) -> bool:
        return self.logged or bool(self.indicators)


def use_of_type(stream: Stream, name: str) -> Use:
    """Return who needs a type. Looks through the whole log if nothing has it."""
    logged = ServiceEvent.objects.filter(stream=stream, type=name).exists()
    return Use(logged, _naming(stream, name, types=True))


def use_of_attribute(stream: Stream, name: str) -> Use:
    """Return who needs an attribute. Looks through the whole log if nothing has it."""
    logged = ServiceEvent.objects.filter(
        stream=stream, attributes__has_key=name
    ).exists()
    return Use(logged, _naming(stream, name, types=False))


def _naming(stream: Stream, name: str, *, types: bool) -> tuple[str, ...]:
    codes = {
        rule.indicator.code
        for rule in rules_of(stream)
        if name in _named_by(rule, types=types)
    }
    return tuple(sorted(codes))


def _named_by(rule: IndicatorRule, *, types: bool) -> frozenset[str]:
    try:
        read = engine_rule(rule)
    except RuleError:
        # A draft that is not finished: whatever it mentions may be meant.
        return frozenset(_words(rule.definition))
    return frozenset(read.event_types() if types else read.attributes())


def _words(found: object) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict):
        yield from found
        for inner in found.values():
            yield from _words(inner)
    elif isinstance(found, list):
        for inner in found:
            yield from _words(inner)


def has_events(stream: Stream) -> bool:
    """Say whether anything was ever recorded in a stream."""
    return ServiceEvent.objects.filter(stream=stream).exists()


def is_published(stream: Stream) -> bool:
    """Say whether a published edition is measured from a stream."""
    return IndicatorRule.objects.filter(
        stream=stream, edition__state=EditionState.PUBLISHED
    ).exists()


@dataclass(frozen=True, slots=True)
class WeekCount:
    """
    The events of a week.

    :ivar expected: the fewest that are normal; ``None``: nothing is expected of it.
    :ivar judged: whether it is over, and whole since the stream began.
    """

    monday: date
    count: int
    expected: int | None
    judged: bool


def volume_of(
    stream: Stream, found: Heard, *, as_of: datetime, weeks: int
) -> list[WeekCount]:
    """
    Count the events of the last weeks, the one that is running last.

    :param found: what is known of the stream at ``as_of``.
    """
    zone = ZoneInfo(stream.time_zone)
    today = as_of.astimezone(zone).date()
    running = today - timedelta(days=today.weekday())
    first = running - (weeks - 1) * WEEK
    with connection.cursor() as cursor:
        cursor.execute(
            BY_WEEK,
            [
                zone.key,
                stream.pk,
                datetime.combine(first, datetime.min.time(), zone),
                as_of,
            ],
        )
        counts: dict[date, int] = dict(cursor.fetchall())
    began = (
        ServiceEvent.objects.filter(stream=stream)
        .order_by("occurred_at")
        .values_list("occurred_at", flat=True)
        .first()
    )
    normal = {
        week.monday: week.expected
        for week in ([] if began is None else found.habits.weeks(began, as_of))
        if week.monday >= first
    }
    return [
        WeekCount(monday, counts.get(monday, 0), normal.get(monday), monday in normal)
        for monday in (first + number * WEEK for number in range(weeks))
    ]

"""How far the events of streams reach, and whether they speak as they usually do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Max, Min

from engine.compliance import Feed
from engine.feeds import Habits, State, Week, feed_of, state_of, thin_from
from engine.periods import Period
from indicators.models import ServiceEvent, Stream
from indicators.queries.computing import Plan, compiled, newest_version

# What somebody has to look after.
ALARMING = frozenset({State.SILENT.value, State.THIN.value})
# No week is counted beyond what is expected of it, however large the log is.
COUNTED = """
    SELECT (
        SELECT count(*) FROM (
            SELECT 1 FROM indicators_serviceevent
            WHERE stream_id = %s AND occurred_at >= week.begins AND occurred_at < week.ends
            LIMIT week.most
        ) AS counted
    )
    FROM unnest(%s::timestamptz[], %s::timestamptz[], %s::bigint[])
        WITH ORDINALITY AS week (begins, ends, most, place)
    ORDER BY week.place
"""


@dataclass(frozen=True, slots=True)
class Heard:
    """
    What is known of a stream at an instant.

    :ivar as_of: when; ``until``: instant of the latest event by then.
    :ivar thin_since: since when it has fewer events than are normal.
    """

    habits: Habits
    as_of: datetime
    until: datetime | None
    thin_since: datetime | None
    state: State

    @property
    def feed(self) -> Feed:
        """How far the events reach."""
        return feed_of(
            self.habits,
            until=self.until,
            thin_since=self.thin_since,
            as_of=self.as_of,
        )

    @property
    def silent_at(self) -> datetime | None:
        """When its silence is, or was, too long."""
        return None if self.until is None else self.habits.silent_after(self.until)


def habits_of(stream: Stream) -> Habits:
    """Return what is normal for a stream."""
    version = None if stream.calendar is None else newest_version(stream.calendar)
    return Habits(
        zone=ZoneInfo(stream.time_zone),
        gap_days=stream.expected_gap_days,
        week_events=stream.expected_week_events,
        delay=timedelta(hours=stream.expected_delay_hours),
        calendar=None if version is None else compiled(version),
    )


def heard(stream: Stream, *, as_of: datetime) -> Heard:
    """Return what is known of a stream at an instant; one to four queries."""
    habits = habits_of(stream)
    events = ServiceEvent.objects.filter(stream=stream, occurred_at__lte=as_of)
    until = events.aggregate(until=Max("occurred_at"))["until"]
    thin_since = None
    if until is not None and habits.week_events:
        first = events.aggregate(first=Min("occurred_at"))["first"]
        thin_since = thin_from(
            habits,
            first=first,
            as_of=as_of,
            counts=lambda weeks: _counts(stream, weeks),
        )
    state = state_of(habits, until=until, thin=thin_since is not None, as_of=as_of)
    return Heard(habits, as_of, until, thin_since, state)


def _counts(stream: Stream, weeks: Sequence[Week]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            COUNTED,
            [
                stream.pk,
                [week.begins_at for week in weeks],
                [week.ends_at for week in weeks],
                [week.expected for week in weeks],
            ],
        )
        return [row[0] for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Feeds:
    """How far the events of each of an indicator's streams reach, on a day."""

    plan: Plan
    day: date
    by_stream: Mapping[int, Feed]

    def of(self, period: Period) -> Feed:
        """
        Say how far the events of a period's stream reach.

        That of the last edition in force in the period that has begun: a stream that
        nobody promises to read before next year takes nothing from this one's figures.
        """
        touching = [b for b in self.plan.bindings if b.promise.touches(period)]
        begun = [b for b in touching if b.promise.from_on <= self.day]
        chosen = (begun or touching or self.plan.bindings)[-1]
        return self.by_stream[chosen.stream.pk]


def feeds_of(plan: Plan, *, as_of: datetime) -> Feeds:
    """Say how far the events of an indicator's streams reach."""
    return Feeds(
        plan,
        as_of.astimezone(plan.zone).date(),
        {stream.pk: heard(stream, as_of=as_of).feed for stream in plan.streams},
    )

"""Streams as those who look after them see them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.urls import reverse
from django.utils import formats
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy, ngettext, pgettext

from accounts.models import Organisation
from charters.enums import EditionState
from core.text import Words, words
from indicators.enums import FeedState
from indicators.models import FeedWatch, Source, Stream, StreamToken
from indicators.queries.feeds import Heard
from indicators.queries.streams import (
    KEEPS_FAILING,
    StreamLine,
    Use,
    WeekCount,
    rules_of,
    stream_lines,
)
from web.charts import MET, UNMET, Point, trend_chart
from web.presenters.handling import instant_words
from web.presenters.numbers import number
from web.presenters.periods import civil_day, day_words

WEEKS = 12
TONES = {
    FeedState.NEVER: ("quiet", "info"),
    FeedState.SPEAKING: ("good", "met"),
    FeedState.LATE: ("warn", "clock"),
    FeedState.THIN: ("bad", "warning"),
    FeedState.SILENT: ("bad", "warning"),
}
# What stands first asks for somebody.
ORDER = (
    FeedState.SILENT,
    FeedState.THIN,
    FeedState.LATE,
    FeedState.NEVER,
    FeedState.SPEAKING,
)
RUNNING = gettext_lazy("under way")


@dataclass(frozen=True, slots=True)
class StateView:
    """How a feed is, in a mark."""

    words: str
    tone: str
    icon: str


@dataclass(frozen=True, slots=True)
class StreamRow:
    """A stream in the list."""

    code: str
    name: Words
    state: StateView
    until: str
    expected: tuple[str, ...]
    keys: str
    failing: bool


def state_view(state: FeedState) -> StateView:
    """Put a state into a mark."""
    tone, icon = TONES[state]
    return StateView(str(state.label), tone, icon)


def stream_name(stream: Stream, organisation: Organisation, language: str) -> Words:
    """Return a stream's name for a reader; its code if it has none."""
    found = words(stream.name, language, source=organisation.language)
    return found if found.text else Words(stream.code, language)


def stream_rows(
    organisation: Organisation, *, language: str, now: datetime
) -> list[StreamRow]:
    """List an organisation's streams, those that ask for somebody first."""
    lines = stream_lines(organisation, at=now)
    lines.sort(key=lambda line: (_rank(line), line.stream.code))
    return [_row(line, organisation, language) for line in lines]


def _rank(line: StreamLine) -> int:
    rank = ORDER.index(line.state)
    return min(rank, ORDER.index(FeedState.LATE)) if line.failing else rank


def _row(line: StreamLine, organisation: Organisation, language: str) -> StreamRow:
    stream = line.stream
    return StreamRow(
        code=stream.code,
        name=stream_name(stream, organisation, language),
        state=state_view(line.state),
        until=_instant(line.until, stream.time_zone),
        expected=expectations(stream),
        keys=number(line.keys),
        failing=line.failing,
    )


def _instant(instant: datetime | None, zone: str) -> str:
    return "" if instant is None else instant_words(instant, zone)


def expectations(stream: Stream) -> tuple[str, ...]:
    """Say what is normal for a stream, as far as somebody has said so."""
    return tuple(_expectations(stream))


def _expectations(stream: Stream) -> Iterable[str]:
    if stream.expected_week_events is not None:
        yield ngettext(
            "at least %(n)s event a week",
            "at least %(n)s events a week",
            stream.expected_week_events,
        ) % {"n": number(stream.expected_week_events)}
    if stream.expected_gap_days is not None:
        yield ngettext(
            "never silent for more than %(n)s day",
            "never silent for more than %(n)s days",
            stream.expected_gap_days,
        ) % {"n": number(stream.expected_gap_days)}
    if stream.expected_delay_hours:
        yield ngettext(
            "sent up to %(n)s hour after it happens",
            "sent up to %(n)s hours after it happens",
            stream.expected_delay_hours,
        ) % {"n": number(stream.expected_delay_hours)}


# --- a stream -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Alarm:
    """What is wrong with a feed, in a sentence, with the address of its page."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class ReaderLine:
    """An indicator that is measured from a stream."""

    code: str
    name: Words
    charter: str
    published: bool
    by_operator: bool
    url: str


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key, without the key."""

    pk: int
    label: str
    operator: str
    created: str
    used: str
    ends: str
    valid: bool


@dataclass(frozen=True, slots=True)
class SourceRow:
    """
    A system that tells a stream of its cases.

    :ivar state: how it does; ``failures``: how many in a row, in words.
    :ivar failed: when it failed last, and ``why``, in English as it was noted.
    :ivar next: when it is asked again; empty if it sends by itself.
    """

    code: str
    system: str
    state: StateView
    failures: str
    success: str
    failed: str
    why: str
    next: str


@dataclass(frozen=True, slots=True)
class WeekRow:
    """A week of a stream."""

    when: str
    count: str
    expected: str
    note: str
    bad: bool


@dataclass(frozen=True, slots=True)
class Volume:
    """The events of the last weeks: a chart, a sentence and a table."""

    chart: SafeString
    sentence: str
    rows: tuple[WeekRow, ...]


def alarm_text(state: FeedState, found: Heard, stream: Stream) -> str:
    """Say what a feed's state means; empty if all is well."""
    until = _day(found.until, stream.time_zone)
    if state == FeedState.SILENT:
        return _(
            "Nothing has come since %(until)s: it should have spoken by %(silent)s. "
            "Figures after that say “No data yet” until it speaks again."
        ) % {"until": until, "silent": _day(found.silent_at, stream.time_zone)}
    if state == FeedState.THIN:
        return _(
            "Since %(since)s fewer events have come than are normal. Figures from "
            "that day on say “No data yet” until there is a normal week."
        ) % {"since": _day(found.thin_since, stream.time_zone)}
    if state == FeedState.LATE:
        return _(
            "Nothing has come since %(until)s. What happened may still be on its way: "
            "from %(silent)s on the feed counts as silent."
        ) % {"until": until, "silent": _day(found.silent_at, stream.time_zone)}
    if state == FeedState.NEVER:
        return _("No event has come yet: no figure can be measured from it.")
    return ""


def _day(instant: datetime | None, zone: str) -> str:
    return "" if instant is None else day_words(civil_day(instant, zone))


def alarms(
    watches: Iterable[FeedWatch], organisation: Organisation, *, language: str
) -> list[Alarm]:
    """Put what is wrong with an organisation's feeds into sentences."""
    return [
        Alarm(
            _alarm(watch, organisation, language),
            reverse("office:stream", args=[organisation.slug, watch.stream.code]),
        )
        for watch in watches
    ]


def _alarm(watch: FeedWatch, organisation: Organisation, language: str) -> str:
    text = (
        _("“%(stream)s” has fallen silent (noticed on %(day)s)")
        if watch.state == FeedState.SILENT
        else _("“%(stream)s” sends too few events (noticed on %(day)s)")
    )
    name = stream_name(watch.stream, organisation, language)
    return text % {
        "stream": name,
        "day": _day(watch.changed_at, watch.stream.time_zone),
    }


def readers_of(stream: Stream, *, language: str) -> list[ReaderLine]:
    """List the indicators that a stream is read by, each by its newest edition."""
    lines: dict[str, ReaderLine] = {}
    for rule in rules_of(stream):
        published = rule.edition.state == EditionState.PUBLISHED
        code, slug = rule.indicator.code, rule.edition.charter.slug
        before = lines.get(code)
        lines[code] = ReaderLine(
            code=code,
            name=words(rule.name, language, source=rule.edition.source_language),
            charter=slug,
            published=published or (before is not None and before.published),
            by_operator=rule.definition.get("segment_by") == "operator",
            url=reverse("office:cases", args=[stream.organisation.slug, code]),
        )
    return list(lines.values())


def key_rows(keys: Iterable[StreamToken], *, zone: str, now: datetime) -> list[KeyRow]:
    """Put keys into rows, those that open something first."""
    rows = [
        KeyRow(
            pk=key.pk,
            label=key.label,
            operator=key.operator,
            created=_instant(key.created_at, zone),
            used=_instant(key.last_used_at, zone) or pgettext("key", "never"),
            ends=_instant(key.revoked_at, zone),
            valid=key.revoked_at is None or key.revoked_at > now,
        )
        for key in keys
    ]
    return sorted(rows, key=lambda row: not row.valid)


def source_rows(sources: Iterable[Source], *, zone: str) -> list[SourceRow]:
    """Put the systems that tell a stream of their cases into rows."""
    return [
        SourceRow(
            code=source.code,
            system=source.get_kind_display(),
            state=_source_state(source),
            failures=_failures(source.failures),
            success=_instant(source.last_success_at, zone),
            failed=_instant(source.last_failure_at, zone),
            why=source.last_failure,
            next=_instant(source.next_asked_at, zone) if source.enabled else "",
        )
        for source in sources
    ]


def _source_state(source: Source) -> StateView:
    if not source.enabled:
        return StateView(pgettext("source", "disabled"), "quiet", "withdrawn")
    if source.failures >= KEEPS_FAILING:
        return StateView(pgettext("source", "keeps failing"), "bad", "warning")
    if source.failures:
        return StateView(pgettext("source", "failed last time"), "warn", "warning")
    if source.last_success_at is None:
        return StateView(pgettext("source", "not heard yet"), "quiet", "info")
    return StateView(pgettext("source", "works"), "good", "met")


def _failures(count: int) -> str:
    if not count:
        return ""
    return ngettext("%(n)s failure in a row", "%(n)s failures in a row", count) % {
        "n": number(count)
    }


def volume_view(weeks: Sequence[WeekCount], *, name: Words) -> Volume:
    """Draw, say and list the events of the last weeks."""
    over = weeks[:-1]
    points = [_point(week, running=week is weeks[-1]) for week in weeks]
    goals = [_goal(week) for week in weeks]
    sentence = _sentence(over)
    chart = trend_chart(
        points,
        chart_id="volume",
        target=None,
        targets=goals,
        title=_("%(name)s: events of the last %(n)s weeks")
        % {"name": name, "n": number(len(weeks))},
        description=sentence,
        y_label=_("events a week"),
        lower_is_better=False,
        number_format=_whole,
    )
    rows = [_week_row(week, running=week is weeks[-1]) for week in weeks]
    return Volume(chart, sentence, tuple(reversed(rows)))


def _whole(value: Decimal) -> str:
    return number(int(value)) if value == int(value) else ""


def _goal(week: WeekCount) -> Decimal | None:
    return None if week.expected is None else Decimal(week.expected)


def _point(week: WeekCount, *, running: bool) -> Point:
    return Point(
        label=formats.date_format(week.monday, "j M"),
        long_label=_week_words(week.monday),
        value=Decimal(week.count),
        status="" if running or week.expected is None else _verdict(week),
        n=week.count,
        counted=str(RUNNING) if running else _events(week.count),
    )


def _verdict(week: WeekCount) -> str:
    return UNMET if _is_bad(week) else MET


def _is_bad(week: WeekCount) -> bool:
    return week.judged and week.expected is not None and week.count < week.expected


def _events(count: int) -> str:
    return ngettext("%(n)s event", "%(n)s events", count) % {"n": number(count)}


def _week_words(monday: date) -> str:
    return _("week of %(day)s") % {"day": day_words(monday)}


def _sentence(weeks: Sequence[WeekCount]) -> str:
    counts = [week.count for week in weeks]
    bad = sum(map(_is_bad, weeks))
    told = ngettext(
        "In the last %(weeks)s whole week: %(total)s.",
        "In the last %(weeks)s whole weeks: %(total)s, from %(least)s to %(most)s a week.",
        len(weeks),
    ) % {
        "weeks": number(len(weeks)),
        "total": _events(sum(counts)),
        "least": number(min(counts)),
        "most": number(max(counts)),
    }
    if not any(week.expected for week in weeks):
        unknown = _("Nobody has said how many are normal.")
        return f"{told} {unknown}"
    words_ = ngettext(
        "%(n)s week had fewer than are normal.",
        "%(n)s weeks had fewer than are normal.",
        bad,
    ) % {"n": number(bad)}
    judged = words_ if bad else _("None had fewer than are normal.")
    return f"{told} {judged}"


def _week_row(week: WeekCount, *, running: bool) -> WeekRow:
    if running:
        note = str(RUNNING)
    elif _is_bad(week):
        note = _("too few")
    else:
        note = ""
    return WeekRow(
        when=_week_words(week.monday),
        count=number(week.count),
        expected="" if week.expected is None else number(week.expected),
        note=note,
        bad=_is_bad(week),
    )


def needed_words(uses: Mapping[str, Use]) -> list[str]:
    """Say why types or attributes cannot go."""
    return [_needed(name, use) for name, use in uses.items()]


def _needed(name: str, use: Use) -> str:
    if use.indicators:
        return _("“%(name)s” cannot go: these indicators name it: %(codes)s.") % {
            "name": name,
            "codes": ", ".join(use.indicators),
        }
    return _("“%(name)s” cannot go: events of the log have it.") % {"name": name}

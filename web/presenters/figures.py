"""
A line of the ledger in words.

Everything said here comes from :class:`indicators.models.Result`; nothing is
computed from cases. Never a percentage without the cases behind it, and a status
that is no verdict says why there is none.
"""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.functional import Promise as LazyText
from django.utils.safestring import SafeString
from django.utils.translation import (
    gettext as _,
    gettext_lazy,
    ngettext,
    ngettext_lazy,
    pgettext,
)

from core.text import Words, words
from engine.measures import Kind
from engine.periods import Period, PeriodKind, add_months, period_of
from indicators.enums import ResultState, ResultStatus
from indicators.models import IndicatorRule, Result
from indicators.queries.computing import period_of_result
from web.charts import Point, trend_chart
from web.presenters.numbers import (
    NUMBER,
    PERCENT,
    axis,
    number,
    quantity,
    rounded,
    unit_of,
)
from web.presenters.periods import day_words, long_name, short_name
from web.presenters.sentences import (
    HEADINGS,
    SHOWN,
    counted,
    goal_of,
    noun_of,
    pending_words,
    sentence_of,
    target_of,
    value_words,
)

TREND_MONTHS = 24

# Reasons the engine gives; any other is the charter's own words.
REASONS: dict[str, LazyText] = {
    "withdrawn": gettext_lazy("withdrawn"),
    "no_promise": gettext_lazy("begun on a day without this promise"),
    "out_of_scale": gettext_lazy("score outside the scale"),
    "stop_before_start": gettext_lazy("the end was recorded before the beginning"),
    "no_due": gettext_lazy("no time limit was recorded"),
    "open": gettext_lazy("past the limit and still open"),
    "no_start": gettext_lazy("its beginning was not recorded"),
    "void": gettext_lazy("void"),
    "merged": gettext_lazy("joined to another case"),
    "duplicate": gettext_lazy("duplicate of another case"),
    "within_first_limit": gettext_lazy("within the first limit"),
    "no_weight": gettext_lazy("no weight was recorded"),
    "demand": gettext_lazy("more cases came than the promise is for"),
    "suspended": gettext_lazy("begun or in hand while the promise was suspended"),
    "beyond_calendar": gettext_lazy("beyond the days that the work calendar knows"),
    "excluded": gettext_lazy("left out by the rule"),
}
CAUSES: dict[str, LazyText] = {
    "late or corrected events": gettext_lazy("late or corrected events"),
    "changed calendar or rule": gettext_lazy("changed calendar or rule"),
    "open cases fell due": gettext_lazy("open cases fell due"),
    "suspension recorded or lifted": gettext_lazy("suspension recorded or lifted"),
    "declared by hand": gettext_lazy("declared by hand"),
    "measured since it was declared": gettext_lazy("measured since it was declared"),
    "a feed that was silent and speaks again": gettext_lazy(
        "a feed that was silent and speaks again"
    ),
}
# What percentages are of, on the axis of a chart.
AXES: dict[str, LazyText] = {
    Kind.TWO_TIER_REMAINDER: gettext_lazy("% of the cases beyond the first limit"),
    Kind.SHARE_AT_OR_ABOVE: gettext_lazy("% of answers"),
    Kind.SHARE: gettext_lazy("% of the whole"),
    Kind.RATIO: gettext_lazy("per cent"),
    Kind.SCHEDULE_FREQUENCY: gettext_lazy("% of what was planned"),
    Kind.MILESTONE: gettext_lazy("done: 100 %, not done: 0 %"),
    Kind.SHARE_OF_DAYS: gettext_lazy("% of days"),
    Kind.AVAILABILITY: gettext_lazy("% of the time"),
    Kind.OPENING_HOURS: gettext_lazy("% of the announced time"),
    Kind.TREND: gettext_lazy("change in per cent"),
}
SHARE_INTERVAL = gettext_lazy(
    "With this many cases, chance alone could bring it anywhere from %(low)s to "
    "%(high)s (95 %% Wilson interval)."
)
INTERVALS: dict[str, LazyText] = {
    Kind.SHARE_AT_OR_ABOVE: gettext_lazy(
        "With this many answers, chance alone could bring it anywhere from %(low)s to "
        "%(high)s (95 %% Wilson interval)."
    ),
    Kind.SHARE_OF_DAYS: gettext_lazy(
        "With this many days, chance alone could bring it anywhere from %(low)s to "
        "%(high)s (95 %% Wilson interval)."
    ),
    Kind.SATISFACTION_MEAN: gettext_lazy(
        "With this many answers, chance alone could bring the mean anywhere from "
        "%(low)s to %(high)s (95 %% Student interval)."
    ),
    Kind.NPS: gettext_lazy(
        "With this many answers, chance alone could bring the score anywhere from "
        "%(low)s to %(high)s (95 %% interval of a net score)."
    ),
}
TRENDS = {
    PeriodKind.MONTH: ngettext_lazy(
        "%(n)s month: target met in %(met)s, not met in %(unmet)s, no verdict in %(other)s.",
        "%(n)s months: target met in %(met)s, not met in %(unmet)s, no verdict in %(other)s.",
        "n",
    ),
    PeriodKind.QUARTER: ngettext_lazy(
        "%(n)s quarter: target met in %(met)s, not met in %(unmet)s, no verdict in %(other)s.",
        "%(n)s quarters: target met in %(met)s, not met in %(unmet)s, no verdict in %(other)s.",
        "n",
    ),
    PeriodKind.SEMESTER: ngettext_lazy(
        "%(n)s half-year: target met in %(met)s, not met in %(unmet)s, no verdict in %(other)s.",
        "%(n)s half-years: target met in %(met)s, not met in %(unmet)s, no verdict in %(other)s.",
        "n",
    ),
    PeriodKind.YEAR: ngettext_lazy(
        "%(n)s year: target met in %(met)s, not met in %(unmet)s, no verdict in %(other)s.",
        "%(n)s years: target met in %(met)s, not met in %(unmet)s, no verdict in %(other)s.",
        "n",
    ),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some cases are not counted, and how many they are."""

    text: str
    language: str
    n: str


@dataclass(frozen=True, slots=True)
class WholeView:
    """A figure as if nothing had been suspended."""

    status: str
    value: str
    sentence: str
    n: str


@dataclass(frozen=True, slots=True)
class DeclaredView:
    """
    Where the numbers of a figure come from that nobody measured.

    :ivar behind: that a later period is over and has no figure; empty if none is.
    """

    source: Words
    day: str
    document: str
    behind: str


@dataclass(frozen=True, slots=True)
class FigureView:
    """
    One figure, ready to be read.

    :ivar declared: nobody measured it: where it comes from instead; else ``None``.
    :ivar whole: the same without suspensions; ``None`` where nothing was suspended.
    """

    status: str
    state: str
    period: str
    value: str
    sentence: str
    target: str
    goal: str
    n: str
    pending: str
    excluded: str
    reasons: tuple[Reason, ...]
    interval: str
    firm: str
    firmness: str
    running: bool
    whole: WholeView | None
    declared: DeclaredView | None

    @property
    def badge(self) -> str:
        """The status to show: what is still running has no verdict."""
        return "provisional" if self.running else self.status


@dataclass(frozen=True, slots=True)
class TrendView:
    """
    The way to the latest figure: a picture, its table and a sentence.

    :ivar heading: what the figures are computed over, for the head of a column.
    """

    summary: str
    chart: SafeString
    heading: str
    rows: tuple[FigureView, ...]


@dataclass(frozen=True, slots=True)
class RevisionView:
    """
    One of the figures that a period has had.

    :ivar before: the figure it replaces; empty for the first.
    :ivar same: it says the same; what changed is what does not count.
    :ivar by: who restated it, as a role; empty where events did.
    :ivar declared: nobody measured it.
    """

    title: str
    status: str
    declared: bool
    before: str
    after: str
    same: bool
    cause: str
    day: str
    by: str


@dataclass(frozen=True, slots=True)
class HistoryView:
    """All the figures that a period has had, the first one first."""

    period: str
    revisions: tuple[RevisionView, ...]


@dataclass(frozen=True, slots=True)
class SegmentView:
    """The figure of one site, channel or whatever a rule parts its cases by."""

    name: str
    figure: FigureView


@dataclass(frozen=True, slots=True)
class Reading:
    """
    Who reads a figure and when.

    :ivar language: the reader's language code.
    :ivar source: the language of the charter.
    :ivar today: civil day of the organisation.
    :ivar zone: its time zone.
    """

    language: str
    source: str
    today: date
    zone: str


def figure_view(
    line: Result, rule: IndicatorRule, reading: Reading, *, watermark: datetime | None
) -> FigureView:
    """
    Put a ledger line into words.

    :param watermark: instant of the latest event of the indicator's stream.
    """
    running = line.period_end > reading.today
    events_to = _events_to(line, reading, watermark)
    return FigureView(
        status=line.status,
        state=line.state.lower(),
        period=long_name(period_of_result(line)),
        value=value_words(line, rule) if line.status in SHOWN else "",
        sentence=sentence_of(line, rule, events_to),
        target=target_of(line, rule),
        goal=goal_of(line, rule),
        n=number(line.n),
        pending=pending_words(line, rule),
        excluded=_excluded(line),
        reasons=_reasons(line, reading),
        interval=_interval(line, rule),
        firm=line.get_state_display(),
        firmness=_firmness(line, running=running),
        running=running,
        whole=_whole(line, rule, events_to),
        declared=_declared(line, reading),
    )


def _declared(line: Result, reading: Reading) -> DeclaredView | None:
    value = line.declared
    if value is None:
        return None
    return DeclaredView(
        source=words(value.source, reading.language, source=reading.source),
        day=day_words(value.source_on),
        document=value.document,
        behind=_behind(line, reading),
    )


def _behind(line: Result, reading: Reading) -> str:
    """Say that a later period is over of which nothing is known: silence is told."""
    following = period_of(line.period_end, PeriodKind(line.period_kind))
    if following.end > reading.today:
        return ""
    return _("No value of a later period has been confirmed: %(period)s is over.") % {
        "period": long_name(following)
    }


def _whole(
    line: Result, rule: IndicatorRule, events_to: date | None
) -> WholeView | None:
    """Say what a figure is without suspensions."""
    if line.whole is None:
        return None
    whole = copy.copy(line)
    for name, value in line.whole.items():
        setattr(whole, name, value)
    for name in ("numerator", "denominator", "value"):
        found = line.whole[name]
        setattr(whole, name, None if found is None else Decimal(found))
    return WholeView(
        status=whole.status,
        value=value_words(whole, rule) if whole.status in SHOWN else "",
        sentence=sentence_of(whole, rule, events_to),
        n=number(whole.n),
    )


def latest_ended(
    lines: Iterable[Result], rule: IndicatorRule, today: date
) -> Result | None:
    """Return the newest line whose official period is over."""
    ended = [
        line
        for line in lines
        if line.period_kind == rule.period and line.period_end <= today
    ]
    return max(ended, key=lambda line: line.period_start, default=None)


def trend_view(
    lines: Iterable[Result],
    rule: IndicatorRule,
    reading: Reading,
    *,
    watermark: datetime | None,
) -> TrendView | None:
    """
    Draw the official periods of the last 24 months; ``None`` without any.

    The running period stands in the table alone: it is no figure yet.
    """
    official = sorted(
        (line for line in lines if line.period_kind == rule.period),
        key=lambda line: line.period_start,
    )
    ended = [line for line in official if line.period_end <= reading.today]
    if ended:
        since = add_months(ended[-1].period_end, -TREND_MONTHS)
        ended = [line for line in ended if line.period_end > since]
    running = [line for line in official if line.period_end > reading.today][:1]
    if not official:
        return None
    summary = _trend_summary(ended, PeriodKind(rule.period)) if ended else ""
    views = [
        figure_view(line, rule, reading, watermark=watermark)
        for line in [*ended, *running]
    ]
    return TrendView(
        summary=summary,
        chart=_chart(ended, rule, reading, summary)
        if len(ended) > 1
        else SafeString(""),
        heading=str(HEADINGS[noun_of(rule)]),
        rows=tuple(reversed(views)),
    )


def history_view(
    lines: Iterable[Result],
    rule: IndicatorRule,
    reading: Reading,
    *,
    roles: Mapping[int, str],
) -> tuple[HistoryView, ...]:
    """
    Tell of every official period whose figure was restated, the newest first.

    :param lines: with all their revisions.
    :param roles: of the people who restated figures, in words.
    """
    periods: dict[date, list[Result]] = {}
    for line in sorted(lines, key=lambda line: (line.period_start, line.revision)):
        if line.period_kind == rule.period:
            periods.setdefault(line.period_start, []).append(line)
    return tuple(
        HistoryView(
            long_name(period_of_result(revisions[0])),
            tuple(
                _revision(before, line, rule, reading, roles)
                for before, line in zip([None, *revisions], revisions, strict=False)
            ),
        )
        for revisions in reversed(periods.values())
        if len(revisions) > 1
    )


def _revision(
    before: Result | None,
    line: Result,
    rule: IndicatorRule,
    reading: Reading,
    roles: Mapping[int, str],
) -> RevisionView:
    title = _("Restatement %(n)s") % {"n": line.revision}
    day = line.as_of_at.astimezone(ZoneInfo(reading.zone)).date()
    by = line.restated_by_id
    earlier, after = brief(before, rule) if before else "", brief(line, rule)
    return RevisionView(
        title=title if before else _("Final figure"),
        status=line.status,
        declared=line.declared_id is not None,
        before=earlier,
        after=after,
        same=earlier == after,
        cause=str(CAUSES.get(line.cause, line.cause)),
        day=day_words(day),
        by=roles.get(by, _("somebody of the organisation")) if by else "",
    )


def brief(line: Result, rule: IndicatorRule) -> str:
    """Say a figure with what it is computed over, and nothing else."""
    if line.value is None:
        return str(ResultStatus(line.status).label)
    parts = {"value": value_words(line, rule), "counted": counted(line.n, rule)}
    if line.declared_id is not None:
        return _("%(value)s over %(counted)s (declared, not measured)") % parts
    return _("%(value)s over %(counted)s") % parts


def _events_to(
    line: Result, reading: Reading, watermark: datetime | None
) -> date | None:
    """Return the last day whose events are in, never beyond the period."""
    known = watermark or line.feed_until
    if known is None:
        return None
    day = known.astimezone(ZoneInfo(reading.zone)).date()
    return min(day, line.period_end - timedelta(days=1))


# --- what stands beside the figure -------------------------------------------------


def _excluded(line: Result) -> str:
    total = sum(line.excluded.values())
    if not total:
        return ""
    return ngettext(
        "%(n)s case is not counted:", "%(n)s cases are not counted:", total
    ) % {"n": number(total)}


def _reasons(line: Result, reading: Reading) -> tuple[Reason, ...]:
    return tuple(
        Reason(
            text=str(REASONS.get(code, code)),
            language=reading.language if code in REASONS else reading.source,
            n=number(n),
        )
        for code, n in line.excluded.items()
    )


def _interval(line: Result, rule: IndicatorRule) -> str:
    """Say how far chance alone could move a share, a mean or a score."""
    # One date that was kept or not leaves nothing to chance.
    if rule.kind == Kind.MILESTONE or line.status not in SHOWN:
        return ""
    if line.low is None or line.high is None:
        return ""
    unit = unit_of(rule)
    return str(INTERVALS.get(rule.kind, SHARE_INTERVAL)) % {
        "low": quantity(rounded(line.low), unit),
        "high": quantity(rounded(line.high), unit),
    }


def _firmness(line: Result, *, running: bool) -> str:
    if running:
        return _("So far: the period is not over.")
    if line.state == ResultState.PROVISIONAL:
        return _("Provisional: late events can still change it.")
    if line.declared_id is not None:
        return _declared_firmness(line)
    if line.state == ResultState.RESTATED:
        return _(
            "It replaces an earlier figure because of %(cause)s (restatement %(n)s)."
        ) % {
            "n": line.revision,
            "cause": CAUSES.get(line.cause, line.cause),
        }
    return _("It cannot change: a later correction is published as another figure.")


def _declared_firmness(line: Result) -> str:
    if line.revision:
        return _(
            "Two people declared it. It replaces an earlier figure because of "
            "%(cause)s (restatement %(n)s)."
        ) % {"n": line.revision, "cause": CAUSES.get(line.cause, line.cause)}
    return _(
        "Two people declared it. It cannot change: what is measured later is published "
        "as another figure."
    )


# --- the way there ------------------------------------------------------------------


def _trend_summary(lines: list[Result], kind: PeriodKind) -> str:
    measured = [line for line in lines if line.declared_id is None]
    declared = len(lines) - len(measured)
    met = sum(line.status == ResultStatus.MET for line in measured)
    unmet = sum(line.status == ResultStatus.UNMET for line in measured)
    counts = {
        "n": len(measured),
        "met": met,
        "unmet": unmet,
        "other": len(measured) - met - unmet,
    }
    aside = _("Declared, not measured, and in none of these counts: %(n)s.") % {
        "n": number(declared)
    }
    if not measured:
        return _("All of them are declared, not measured: %(n)s.") % {
            "n": number(declared)
        }
    summary = str(TRENDS[kind] % counts)
    return f"{summary} {aside}" if declared else summary


def _chart(
    lines: list[Result], rule: IndicatorRule, reading: Reading, summary: str
) -> SafeString:
    bounded = unit_of(rule) == PERCENT and rule.kind not in {Kind.RATIO, Kind.TREND}
    name = words(rule.name, reading.language, source=reading.source).text
    return trend_chart(
        [_point(line, rule) for line in lines],
        chart_id=f"trend-{rule.pk}",
        target=rule.target,
        targets=[line.target for line in lines],
        title=name,
        description=summary,
        y_label=axis_words(rule),
        lower_is_better=rule.comparator in {"<=", "<"},
        number_format=lambda value: short_value(value, rule),
        ceiling=Decimal(100) if bounded else None,
    )


def _point(line: Result, rule: IndicatorRule) -> Point:
    period = period_of_result(line)
    shown = line.value is not None and line.status in SHOWN
    return Point(
        label=short_name(period),
        long_label=long_name(period),
        value=line.value if shown else None,
        status=line.status,
        n=line.n,
        counted=counted(line.n, rule),
        declared=line.declared_id is not None,
    )


def axis_words(rule: IndicatorRule) -> str:
    """Say what the axis of an indicator's chart counts."""
    unit = unit_of(rule)
    if unit == PERCENT:
        return str(AXES.get(rule.kind, gettext_lazy("% of cases")))
    if rule.kind == Kind.COUNT:
        return _("number in the period")
    if rule.kind == Kind.NPS:
        return pgettext("axis", "recommendation, from −100 to 100")
    if rule.kind == Kind.TREND:
        return _("difference in %(unit)s") % {"unit": axis(unit)}
    return axis(unit)


def short_value(value: Decimal, rule: IndicatorRule) -> str:
    """Write a value for a chart, whose axis says the unit."""
    short = rounded(value, comparator=rule.comparator, target=rule.target)
    unit = PERCENT if unit_of(rule) == PERCENT else NUMBER
    return quantity(short, unit, signed=rule.kind == Kind.TREND)


def first_period(today: date, kind: PeriodKind) -> Period:
    """Return the period that is running and will give an indicator's next figure."""
    return period_of(today, kind)

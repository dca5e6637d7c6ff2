"""
A line of the ledger in words.

Everything said here comes from :class:`indicators.models.Result`; nothing is
computed from cases. Never a percentage without the cases behind it, and a status
that is no verdict says why there is none.
"""

from collections.abc import Callable, Iterable, Mapping
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

from core.text import words
from engine.measures import Kind
from engine.periods import Period, PeriodKind, add_months, period_of
from indicators.enums import ResultState, ResultStatus
from indicators.models import IndicatorRule, Result
from indicators.queries.computing import period_of_result
from web.charts import Point, trend_chart
from web.presenters.numbers import (
    PERCENT,
    axis,
    number,
    quantity,
    rounded,
    unit_of,
)
from web.presenters.periods import day_words, long_name, short_name

TREND_MONTHS = 24
# With these the value is shown; with the others it would pass for a verdict.
SHOWN = frozenset({ResultStatus.MET, ResultStatus.UNMET, ResultStatus.NOT_EVALUATED})

# Reasons the engine gives; any other is the charter's own words.
REASONS: dict[str, LazyText] = {
    "withdrawn": gettext_lazy("withdrawn"),
    "no_promise": gettext_lazy("begun on a day without this promise"),
    "out_of_scale": gettext_lazy("score outside the scale"),
    "stop_before_start": gettext_lazy("the end was recorded before the beginning"),
    "no_due": gettext_lazy("no time limit was recorded"),
    "open": gettext_lazy("past the limit and still open"),
}
CAUSES: dict[str, LazyText] = {
    "late or corrected events": gettext_lazy("late or corrected events"),
    "changed calendar or rule": gettext_lazy("changed calendar or rule"),
    "open cases fell due": gettext_lazy("open cases fell due"),
}
TARGETS: dict[str, LazyText] = {
    ">=": gettext_lazy("target at least %(target)s"),
    "<=": gettext_lazy("target at most %(target)s"),
    "=": gettext_lazy("target exactly %(target)s"),
    ">": gettext_lazy("target more than %(target)s"),
    "<": gettext_lazy("target less than %(target)s"),
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


# The same where "target" stands already, as the heading of a column.
GOALS: dict[str, LazyText] = {
    ">=": gettext_lazy("at least %(target)s"),
    "<=": gettext_lazy("at most %(target)s"),
    "=": gettext_lazy("exactly %(target)s"),
    ">": gettext_lazy("more than %(target)s"),
    "<": gettext_lazy("less than %(target)s"),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some cases are not counted, and how many they are."""

    text: str
    language: str
    n: str


@dataclass(frozen=True, slots=True)
class FigureView:
    """One figure, ready to be read."""

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

    @property
    def badge(self) -> str:
        """The status to show: what is still running has no verdict."""
        return "provisional" if self.running else self.status


@dataclass(frozen=True, slots=True)
class TrendView:
    """The way to the latest figure: a picture, its table and a sentence."""

    summary: str
    chart: SafeString
    rows: tuple[FigureView, ...]


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
    value = value_words(line, rule)
    return FigureView(
        status=line.status,
        state=line.state.lower(),
        period=long_name(period_of_result(line)),
        value=value if line.status in SHOWN else "",
        sentence=_sentence(line, rule, _events_to(line, reading, watermark)),
        target=target_words(line.comparator, line.target, unit_of(rule)),
        goal=goal_words(line.comparator, line.target, unit_of(rule)),
        n=number(line.n),
        pending=_pending(line),
        excluded=_excluded(line),
        reasons=_reasons(line, reading),
        interval=_interval(line),
        firm=line.get_state_display(),
        firmness=_firmness(line, running=running),
        running=running,
    )


def value_words(line: Result, rule: IndicatorRule) -> str:
    """Write a line's value with its unit; empty if there is none."""
    if line.value is None:
        return ""
    shown = rounded(line.value, comparator=line.comparator, target=line.target)
    return quantity(shown, unit_of(rule))


def target_words(comparator: str, target: Decimal | None, unit: str) -> str:
    """Say what a figure is compared with; empty if with nothing."""
    if target is None or comparator not in TARGETS:
        return ""
    return str(TARGETS[comparator]) % {"target": quantity(target, unit)}


def goal_words(comparator: str, target: Decimal | None, unit: str) -> str:
    """Say the same for a place that is headed "target" already."""
    if target is None or comparator not in GOALS:
        return ""
    return str(GOALS[comparator]) % {"target": quantity(target, unit)}


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
        rows=tuple(reversed(views)),
    )


# --- the sentence --------------------------------------------------------------


def _sentence(line: Result, rule: IndicatorRule, events_to: date | None) -> str:
    if line.status not in SHOWN or line.value is None or events_to is None:
        return _explanation(line, rule, events_to)
    parts = {
        "result": _result(line, rule),
        "target": target_words(line.comparator, line.target, unit_of(rule)),
        "date": day_words(events_to),
    }
    if line.status == ResultStatus.MET:
        return _("%(result)s, %(target)s: met; events to %(date)s.") % parts
    if line.status == ResultStatus.UNMET:
        return _("%(result)s, %(target)s: not met; events to %(date)s.") % parts
    return (
        _(
            "%(result)s; without a target in figures, it is not judged; events to %(date)s."
        )
        % parts
    )


def _result(line: Result, rule: IndicatorRule) -> str:
    value = value_words(line, rule)
    return RESULTS.get(rule.kind, _plain_result)(line, rule, value)


def _share(line: Result, rule: IndicatorRule, value: str) -> str:
    return _("%(met)s of %(n)s in time, %(value)s") % {
        "met": number(line.met),
        "n": number(line.n),
        "value": value,
    }


def _mean(line: Result, rule: IndicatorRule, value: str) -> str:
    return ngettext(
        "mean of %(value)s over %(n)s case",
        "mean of %(value)s over %(n)s cases",
        line.n,
    ) % {"value": value, "n": number(line.n)}


def _median(line: Result, rule: IndicatorRule, value: str) -> str:
    return ngettext(
        "half in %(value)s or less, over %(n)s case",
        "half in %(value)s or less, over %(n)s cases",
        line.n,
    ) % {"value": value, "n": number(line.n)}


def _percentile(line: Result, rule: IndicatorRule, value: str) -> str:
    return ngettext(
        "%(share)s of every 100 in %(value)s or less, over %(n)s case",
        "%(share)s of every 100 in %(value)s or less, over %(n)s cases",
        line.n,
    ) % {
        "share": number(Decimal(str(rule.definition.get("percentile", 50)))),
        "value": value,
        "n": number(line.n),
    }


def _satisfaction(line: Result, rule: IndicatorRule, value: str) -> str:
    scale = rule.definition.get("scale", {})
    return ngettext(
        "mean of %(value)s on a scale from %(low)s to %(high)s, over %(n)s answer",
        "mean of %(value)s on a scale from %(low)s to %(high)s, over %(n)s answers",
        line.n,
    ) % {
        "value": value,
        "low": number(Decimal(str(scale.get("min", 0)))),
        "high": number(Decimal(str(scale.get("max", 10)))),
        "n": number(line.n),
    }


def _scores(line: Result, rule: IndicatorRule, value: str) -> str:
    return _("%(reached)s of %(n)s gave %(bar)s points or more, %(value)s") % {
        "reached": number(line.numerator or 0),
        "n": number(line.n),
        "bar": number(Decimal(str(rule.definition.get("at_least", 0)))),
        "value": value,
    }


def _nps(line: Result, rule: IndicatorRule, value: str) -> str:
    return ngettext(
        "recommendation of %(value)s on a scale from −100 to 100, over %(n)s answer",
        "recommendation of %(value)s on a scale from −100 to 100, over %(n)s answers",
        line.n,
    ) % {"value": value, "n": number(line.n)}


def _ratio(line: Result, rule: IndicatorRule, value: str) -> str:
    return _("%(numerator)s of %(denominator)s, %(value)s") % {
        "numerator": number(rounded(line.numerator or Decimal(0))),
        "denominator": number(rounded(line.denominator or Decimal(0))),
        "value": value,
    }


def _plain_result(line: Result, rule: IndicatorRule, value: str) -> str:
    return _("%(value)s in the period") % {"value": value}


RESULTS: Mapping[str, Callable[[Result, IndicatorRule, str], str]] = {
    Kind.SHARE_WITHIN_LIMIT: _share,
    Kind.EVERY_CASE_WITHIN_LIMIT: _share,
    Kind.MEAN_DURATION: _mean,
    Kind.MEDIAN_DURATION: _median,
    Kind.PERCENTILE_DURATION: _percentile,
    Kind.SATISFACTION_MEAN: _satisfaction,
    Kind.SHARE_AT_OR_ABOVE: _scores,
    Kind.NPS: _nps,
    Kind.RATIO: _ratio,
    Kind.COUNT: _plain_result,
}


# --- statuses that are no verdict -------------------------------------------------


def _explanation(line: Result, rule: IndicatorRule, events_to: date | None) -> str:
    if line.status == ResultStatus.NO_CASES:
        return _("There was no case in this period, so there is nothing to judge.")
    if line.status == ResultStatus.TOO_FEW_CASES:
        return _too_few(line, rule)
    if line.status == ResultStatus.NOT_COMPUTABLE:
        return ngettext(
            "It cannot be computed: %(n)s case runs beyond the days that the work calendar knows.",
            "It cannot be computed: %(n)s cases run beyond the days that the work calendar knows.",
            line.not_computable,
        ) % {"n": number(line.not_computable)}
    if line.status == ResultStatus.SUSPENDED:
        return _("The commitment is suspended in this period, so it is not judged.")
    if line.status == ResultStatus.NO_DATA_YET and events_to is not None:
        return _("There is no verdict yet: events have arrived only to %(date)s.") % {
            "date": day_words(events_to)
        }
    return _("There is no verdict yet: no event has arrived.")


def _too_few(line: Result, rule: IndicatorRule) -> str:
    needed = rule.definition.get("minimum_sample", 0)
    if line.n >= needed:  # judged by the rule of an earlier edition
        return ngettext(
            "Only %(n)s case in this period, too few to judge.",
            "Only %(n)s cases in this period, too few to judge.",
            line.n,
        ) % {"n": number(line.n)}
    return ngettext(
        "Only %(n)s case in this period, too few to judge: it takes at least %(needed)s.",
        "Only %(n)s cases in this period, too few to judge: it takes at least %(needed)s.",
        line.n,
    ) % {"n": number(line.n), "needed": number(needed)}


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


def _pending(line: Result) -> str:
    if not line.pending:
        return ""
    return ngettext(
        "%(n)s case is still open and within its limit: it does not count yet.",
        "%(n)s cases are still open and within their limit: they do not count yet.",
        line.pending,
    ) % {"n": number(line.pending)}


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


def _interval(line: Result) -> str:
    if line.low is None or line.high is None or line.status not in SHOWN:
        return ""
    return _(
        "With this many cases, chance alone could bring it anywhere from %(low)s to "
        "%(high)s (95 %% Wilson interval)."
    ) % {
        "low": quantity(rounded(line.low), PERCENT),
        "high": quantity(rounded(line.high), PERCENT),
    }


def _firmness(line: Result, *, running: bool) -> str:
    if running:
        return _("So far: the period is not over.")
    if line.state == ResultState.PROVISIONAL:
        return _("Provisional: late events can still change it.")
    if line.state == ResultState.RESTATED:
        return _(
            "It replaces an earlier figure because of %(cause)s (restatement %(n)s)."
        ) % {
            "n": line.revision,
            "cause": CAUSES.get(line.cause, line.cause),
        }
    return _("It cannot change: a later correction is published as another figure.")


# --- the way there ------------------------------------------------------------------


def _trend_summary(lines: list[Result], kind: PeriodKind) -> str:
    met = sum(line.status == ResultStatus.MET for line in lines)
    unmet = sum(line.status == ResultStatus.UNMET for line in lines)
    return str(
        TRENDS[kind]
        % {
            "n": len(lines),
            "met": met,
            "unmet": unmet,
            "other": len(lines) - met - unmet,
        }
    )


def _chart(
    lines: list[Result], rule: IndicatorRule, reading: Reading, summary: str
) -> SafeString:
    bounded = unit_of(rule) == PERCENT and rule.kind != Kind.RATIO
    name = words(rule.name, reading.language, source=reading.source).text
    return trend_chart(
        [_point(line) for line in lines],
        chart_id=f"trend-{rule.pk}",
        target=rule.target,
        title=name,
        description=summary,
        y_label=axis_words(rule),
        lower_is_better=rule.comparator in {"<=", "<"},
        number_format=lambda value: short_value(value, rule),
        ceiling=Decimal(100) if bounded else None,
    )


def _point(line: Result) -> Point:
    period = period_of_result(line)
    shown = line.value is not None and line.status in SHOWN
    return Point(
        label=short_name(period),
        long_label=long_name(period),
        value=line.value if shown else None,
        status=line.status,
        n=line.n,
    )


def axis_words(rule: IndicatorRule) -> str:
    """Say what the axis of an indicator's chart counts."""
    unit = unit_of(rule)
    if unit == PERCENT:
        return _("% of cases")
    if rule.kind == Kind.COUNT:
        return _("number in the period")
    if rule.kind == Kind.NPS:
        return pgettext("axis", "recommendation, from −100 to 100")
    return axis(unit)


def short_value(value: Decimal, rule: IndicatorRule) -> str:
    """Write a value for a chart, whose axis says the unit."""
    short = rounded(value, comparator=rule.comparator, target=rule.target)
    return quantity(short, PERCENT) if unit_of(rule) == PERCENT else number(short)


def first_period(today: date, kind: PeriodKind) -> Period:
    """Return the period that is running and will give an indicator's next figure."""
    return period_of(today, kind)

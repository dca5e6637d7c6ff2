"""
What a figure says, in one sentence: the result, or why there is none.

One small function for each kind of indicator. Never a percentage without what it is
a part of, and what is no verdict says why.
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise as LazyText
from django.utils.translation import (
    gettext as _,
    gettext_lazy,
    ngettext,
    ngettext_lazy,
    pgettext,
    pgettext_lazy,
)

from engine.measures import Kind
from engine.periods import Period
from engine.worktime import Unit
from indicators.enums import ResultStatus
from indicators.models import IndicatorRule, Result
from indicators.queries.computing import period_of_result
from web.presenters.goals import changes_within, due_day, goal_words, target_words
from web.presenters.numbers import number, quantity, rounded, unit_of
from web.presenters.periods import day_words, long_name

# With these the value is shown; with the others it would pass for a verdict.
SHOWN = frozenset({ResultStatus.MET, ResultStatus.UNMET, ResultStatus.NOT_EVALUATED})


class Noun(StrEnum):
    """What a figure is computed over."""

    CASE = "case"
    ANSWER = "answer"
    WHOLE = "whole"
    PLANNED = "planned"
    DATE = "date"
    DAY = "day"
    HOUR = "hour"
    OPENING = "opening"


NOUNS: Mapping[str, Noun] = {
    Kind.SATISFACTION_MEAN: Noun.ANSWER,
    Kind.SHARE_AT_OR_ABOVE: Noun.ANSWER,
    Kind.NPS: Noun.ANSWER,
    Kind.SHARE: Noun.WHOLE,
    Kind.SCHEDULE_FREQUENCY: Noun.PLANNED,
    Kind.MILESTONE: Noun.DATE,
    Kind.SHARE_OF_DAYS: Noun.DAY,
    Kind.AVAILABILITY: Noun.HOUR,
    Kind.OPENING_HOURS: Noun.HOUR,
}
COUNTED = {
    Noun.CASE: ngettext_lazy("%(n)s case", "%(n)s cases", "form"),
    Noun.ANSWER: ngettext_lazy("%(n)s answer", "%(n)s answers", "form"),
    Noun.WHOLE: ngettext_lazy("%(n)s in all", "%(n)s in all", "form"),
    Noun.PLANNED: ngettext_lazy("%(n)s planned", "%(n)s planned", "form"),
    Noun.DATE: ngettext_lazy("%(n)s date", "%(n)s dates", "form"),
    Noun.DAY: ngettext_lazy("%(n)s day", "%(n)s days", "form"),
    Noun.HOUR: ngettext_lazy("%(n)s hour", "%(n)s hours", "form"),
    Noun.OPENING: ngettext_lazy("%(n)s opening", "%(n)s openings", "form"),
}
HEADINGS: Mapping[Noun, LazyText] = {
    Noun.CASE: gettext_lazy("Cases"),
    Noun.ANSWER: gettext_lazy("Answers"),
    Noun.WHOLE: pgettext_lazy("heading", "In all"),
    Noun.PLANNED: pgettext_lazy("heading", "Planned"),
    Noun.DATE: gettext_lazy("Dates"),
    Noun.DAY: gettext_lazy("Days"),
    Noun.HOUR: gettext_lazy("Hours"),
    Noun.OPENING: gettext_lazy("Openings"),
}


def noun_of(rule: IndicatorRule) -> Noun:
    """Return what an indicator's figures are computed over."""
    kind, definition = rule.kind, rule.definition
    if kind == Kind.TREND:
        definition = definition.get("of", {})
        kind = definition.get("kind", "")
    if kind == Kind.OPENING_HOURS and not definition.get("as_percent", True):
        return Noun.OPENING
    return NOUNS.get(kind, Noun.CASE)


def counted(n: int, rule: IndicatorRule) -> str:
    """Say over what a figure is computed: "12 cases", "30 days"."""
    return str(COUNTED[noun_of(rule)] % {"form": n, "n": number(n)})


def value_words(line: Result, rule: IndicatorRule) -> str:
    """Write a line's value with its unit; empty if there is none."""
    if line.value is None:
        return ""
    if rule.kind == Kind.MILESTONE:
        if line.missed:
            return pgettext("milestone", "not done")
        return pgettext("milestone", "done")
    shown = rounded(line.value, comparator=line.comparator, target=line.target)
    return quantity(shown, unit_of(rule), signed=rule.kind == Kind.TREND)


def target_of(line: Result, rule: IndicatorRule) -> str:
    """Say what judged a line; empty if nothing did, or if the result says it."""
    if rule.kind == Kind.MILESTONE:
        return ""
    return target_words(
        line.comparator,
        line.target,
        unit_of(rule),
        signed=rule.kind == Kind.TREND,
    )


def goal_of(line: Result, rule: IndicatorRule) -> str:
    """Say what judged a line where "target" stands already; empty if nothing did."""
    if rule.kind == Kind.MILESTONE:
        day = due_day(rule, period_of_result(line))
        return _("done by %(date)s") % {"date": day_words(day)} if day else ""
    return goal_words(
        line.comparator,
        line.target,
        unit_of(rule),
        signed=rule.kind == Kind.TREND,
    )


def sentence_of(line: Result, rule: IndicatorRule, events_to: date | None) -> str:
    """
    Say a figure with what it is a part of, its target, verdict and reach.

    :param events_to: last day whose events are in; ``None`` if no event ever was.
    """
    if line.declared_id is not None:
        return _declared(line, rule)
    if line.status not in SHOWN or line.value is None or events_to is None:
        return _explanation(line, rule, events_to)
    target = target_of(line, rule)
    parts = {
        "result": ", ".join(filter(None, [result_words(line, rule), target])),
        "date": day_words(events_to),
    }
    if line.status == ResultStatus.MET:
        return _("%(result)s: met; events to %(date)s.") % parts
    if line.status == ResultStatus.UNMET:
        return _("%(result)s: not met; events to %(date)s.") % parts
    parts["why"] = _unjudged(line, rule)
    return _("%(result)s; %(why)s; events to %(date)s.") % parts


def _declared(line: Result, rule: IndicatorRule) -> str:
    """Say a figure that nobody measured, and that nobody did."""
    if line.status not in SHOWN or line.value is None:
        return _("Declared, not measured. %(why)s") % {
            "why": _explanation(line, rule, None)
        }
    target = target_of(line, rule)
    parts = {
        "result": ", ".join(filter(None, [result_words(line, rule), target])),
    }
    if line.status == ResultStatus.MET:
        return _("Declared, not measured: %(result)s: met.") % parts
    if line.status == ResultStatus.UNMET:
        return _("Declared, not measured: %(result)s: not met.") % parts
    parts["why"] = _unjudged(line, rule)
    return _("Declared, not measured: %(result)s; %(why)s.") % parts


def _unjudged(line: Result, rule: IndicatorRule) -> str:
    """Say why a figure with a value is not evaluated."""
    if line.target is not None:
        return _("only the whole of the promised period is judged")
    if changes_within(rule, period_of_result(line), line.segment):
        return _("the target changes within this period, so it is not judged")
    return _("without a target in figures, it is not judged")


# --- the result, by kind -------------------------------------------------------------


def result_words(line: Result, rule: IndicatorRule) -> str:
    """Say a figure with what it is a part of."""
    value = value_words(line, rule)
    if line.numerator is None:  # declared without its parts
        return _("%(value)s over %(counted)s") % {
            "value": value,
            "counted": counted(line.n, rule),
        }
    return RESULTS.get(rule.kind, _plain_result)(line, rule, value)


def _parts(line: Result, value: str, **more: Any) -> dict[str, Any]:
    return {
        "met": number(line.met),
        "n": number(line.n),
        "numerator": number(rounded(line.numerator or Decimal(0))),
        "denominator": number(rounded(line.denominator or Decimal(0))),
        "value": value,
        **more,
    }


def _share(line: Result, rule: IndicatorRule, value: str) -> str:
    return _("%(met)s of %(n)s in time, %(value)s") % _parts(line, value)


def _remainder(line: Result, rule: IndicatorRule, value: str) -> str:
    return ngettext(
        "of %(n)s case beyond the first limit, %(met)s within the second, %(value)s",
        "of %(n)s cases beyond the first limit, %(met)s within the second, %(value)s",
        line.n,
    ) % _parts(line, value)


def _mean(line: Result, rule: IndicatorRule, value: str) -> str:
    return ngettext(
        "mean of %(value)s over %(n)s case",
        "mean of %(value)s over %(n)s cases",
        line.n,
    ) % _parts(line, value)


def _median(line: Result, rule: IndicatorRule, value: str) -> str:
    return ngettext(
        "half in %(value)s or less, over %(n)s case",
        "half in %(value)s or less, over %(n)s cases",
        line.n,
    ) % _parts(line, value)


def _percentile(line: Result, rule: IndicatorRule, value: str) -> str:
    share = number(Decimal(str(rule.definition.get("percentile", 50))))
    return ngettext(
        "%(share)s of every 100 in %(value)s or less, over %(n)s case",
        "%(share)s of every 100 in %(value)s or less, over %(n)s cases",
        line.n,
    ) % _parts(line, value, share=share)


def _satisfaction(line: Result, rule: IndicatorRule, value: str) -> str:
    scale = rule.definition.get("scale", {})
    return ngettext(
        "mean of %(value)s on a scale from %(low)s to %(high)s, over %(n)s answer",
        "mean of %(value)s on a scale from %(low)s to %(high)s, over %(n)s answers",
        line.n,
    ) % _parts(
        line,
        value,
        low=number(Decimal(str(scale.get("min", 0)))),
        high=number(Decimal(str(scale.get("max", 10)))),
    )


def _scores(line: Result, rule: IndicatorRule, value: str) -> str:
    if rule.definition.get("weight"):
        # Weighed answers are no number of people.
        return ngettext(
            "%(value)s, weighed, over %(n)s answer",
            "%(value)s, weighed, over %(n)s answers",
            line.n,
        ) % _parts(line, value)
    below = rule.definition.get("below")
    bar = rule.definition.get("at_least", 0) if below is None else below
    words = (
        _("%(numerator)s of %(n)s gave %(bar)s points or more, %(value)s")
        if below is None
        else _("%(numerator)s of %(n)s gave less than %(bar)s points, %(value)s")
    )
    return words % _parts(line, value, bar=number(Decimal(str(bar))))


def _nps(line: Result, rule: IndicatorRule, value: str) -> str:
    return ngettext(
        "recommendation of %(value)s on a scale from −100 to 100, over %(n)s answer",
        "recommendation of %(value)s on a scale from −100 to 100, over %(n)s answers",
        line.n,
    ) % _parts(line, value)


def _ratio(line: Result, rule: IndicatorRule, value: str) -> str:
    return _("%(numerator)s of %(denominator)s, %(value)s") % _parts(line, value)


def _schedule(line: Result, rule: IndicatorRule, value: str) -> str:
    return _("%(numerator)s done of %(denominator)s planned, %(value)s") % _parts(
        line, value
    )


def _milestone(line: Result, rule: IndicatorRule, value: str) -> str:
    day = due_day(rule, period_of_result(line))
    if day is None:
        return value
    words = _("not done by %(date)s") if line.missed else _("done by %(date)s")
    return words % {"date": day_words(day)}


def _days(line: Result, rule: IndicatorRule, value: str) -> str:
    return ngettext(
        "as promised on %(met)s of %(n)s day, %(value)s",
        "as promised on %(met)s of %(n)s days, %(value)s",
        line.n,
    ) % _parts(line, value)


def _availability(line: Result, rule: IndicatorRule, value: str) -> str:
    return _("available for %(up)s of %(total)s, %(value)s") % {
        "up": _hours(line.numerator, rule),
        "total": _hours(line.denominator, rule),
        "value": value,
    }


def _opening(line: Result, rule: IndicatorRule, value: str) -> str:
    if not rule.definition.get("as_percent", True):
        return _("open for %(value)s") % {"value": value}
    return _("open for %(open)s of the %(total)s announced, %(value)s") % {
        "open": quantity(rounded(line.numerator or Decimal(0)), Unit.ELAPSED_HOURS),
        "total": quantity(rounded(line.denominator or Decimal(0)), Unit.ELAPSED_HOURS),
        "value": value,
    }


def _hours(hours: Decimal | None, rule: IndicatorRule) -> str:
    unit = str(rule.definition.get("unit", ""))
    opening = unit.startswith("open_")
    return quantity(
        rounded(hours or Decimal(0)),
        Unit.OPEN_HOURS if opening else Unit.ELAPSED_HOURS,
    )


def _trend(line: Result, rule: IndicatorRule, value: str) -> str:
    return _("%(value)s against %(period)s, over %(counted)s") % {
        "value": value,
        "period": long_name(earlier_of(line, rule)),
        "counted": counted(line.n, rule),
    }


def earlier_of(line: Result, rule: IndicatorRule) -> Period:
    """Return the period that a trend compares a line's with."""
    period = period_of_result(line)
    if rule.definition.get("against") == "year_before":
        return period.year_before
    return period.previous


def _plain_result(line: Result, rule: IndicatorRule, value: str) -> str:
    return _("%(value)s in the period") % {"value": value}


RESULTS: Mapping[str, Callable[[Result, IndicatorRule, str], str]] = {
    Kind.SHARE_WITHIN_LIMIT: _share,
    Kind.EVERY_CASE_WITHIN_LIMIT: _share,
    Kind.TWO_TIER_REMAINDER: _remainder,
    Kind.MEAN_DURATION: _mean,
    Kind.MEDIAN_DURATION: _median,
    Kind.PERCENTILE_DURATION: _percentile,
    Kind.SATISFACTION_MEAN: _satisfaction,
    Kind.SHARE_AT_OR_ABOVE: _scores,
    Kind.NPS: _nps,
    Kind.SHARE: _ratio,
    Kind.RATIO: _ratio,
    Kind.COUNT: _plain_result,
    Kind.SCHEDULE_FREQUENCY: _schedule,
    Kind.MILESTONE: _milestone,
    Kind.SHARE_OF_DAYS: _days,
    Kind.AVAILABILITY: _availability,
    Kind.OPENING_HOURS: _opening,
    Kind.TREND: _trend,
}


# --- statuses that are no verdict -----------------------------------------------------


def _explanation(line: Result, rule: IndicatorRule, events_to: date | None) -> str:
    if line.status == ResultStatus.NO_CASES:
        return _nothing(line, rule)
    if line.status == ResultStatus.TOO_FEW_CASES:
        return _too_few(line, rule)
    if line.status == ResultStatus.NOT_COMPUTABLE:
        return _beyond(line, rule)
    if line.status == ResultStatus.SUSPENDED:
        return _("The commitment is suspended in this period, so it is not judged.")
    if line.status == ResultStatus.NO_DATA_YET and events_to is not None:
        return _("There is no verdict yet: events have arrived only to %(date)s.") % {
            "date": day_words(events_to)
        }
    return _("There is no verdict yet: no event has arrived.")


def _nothing(line: Result, rule: IndicatorRule) -> str:
    """Say of what there was none."""
    if line.pending and rule.kind in TO_COME:
        return _("Nothing is due yet, so there is nothing to judge.")
    if rule.kind == Kind.SHARE and line.denominator:
        return _(
            "The counts contradict each other (%(numerator)s of %(denominator)s), so "
            "there is nothing to judge."
        ) % _parts(line, "")
    return str(NOTHING.get(rule.kind, NO_CASE))


NO_CASE = gettext_lazy(
    "There was no case in this period, so there is nothing to judge."
)
NO_ANSWER = gettext_lazy(
    "There was no answer in this period, so there is nothing to judge."
)
NOTHING: Mapping[str, LazyText] = {
    Kind.SATISFACTION_MEAN: NO_ANSWER,
    Kind.SHARE_AT_OR_ABOVE: NO_ANSWER,
    Kind.NPS: NO_ANSWER,
    Kind.TWO_TIER_REMAINDER: gettext_lazy(
        "No case went beyond the first limit in this period, so there is nothing to "
        "judge."
    ),
    Kind.SCHEDULE_FREQUENCY: gettext_lazy(
        "Nothing was planned in this period, so there is nothing to judge."
    ),
    Kind.MILESTONE: gettext_lazy(
        "Nothing was to be done by a day of this period, so there is nothing to judge."
    ),
    Kind.SHARE_OF_DAYS: gettext_lazy(
        "No day of this period had a case, so there is nothing to judge."
    ),
    Kind.AVAILABILITY: gettext_lazy(
        "It was not to be available at any time of this period, so there is nothing "
        "to judge."
    ),
    Kind.OPENING_HOURS: gettext_lazy(
        "No opening was announced or recorded in this period, so there is nothing to "
        "judge."
    ),
    Kind.TREND: gettext_lazy(
        "One of the two periods has no figure, so there is nothing to compare."
    ),
}
# What may be pending, where that is no case with a limit.
STILL_OPEN = ngettext_lazy(
    "%(n)s case is still open: it does not count yet.",
    "%(n)s cases are still open: they do not count yet.",
    "form",
)
TO_COME = {
    Kind.SCHEDULE_FREQUENCY: ngettext_lazy(
        "%(n)s more is planned later in the period: it does not count yet.",
        "%(n)s more are planned later in the period: they do not count yet.",
        "form",
    ),
    Kind.MILESTONE: ngettext_lazy(
        "%(n)s date has not come: it does not count yet.",
        "%(n)s dates have not come: they do not count yet.",
        "form",
    ),
}
PENDING = {
    **TO_COME,
    Kind.MEAN_DURATION: STILL_OPEN,
    Kind.MEDIAN_DURATION: STILL_OPEN,
    Kind.PERCENTILE_DURATION: STILL_OPEN,
    Kind.SHARE_OF_DAYS: STILL_OPEN,
    Kind.TREND: STILL_OPEN,
    Kind.AVAILABILITY: ngettext_lazy(
        "%(n)s interruption is not over: it counts up to now.",
        "%(n)s interruptions are not over: they count up to now.",
        "form",
    ),
    Kind.OPENING_HOURS: ngettext_lazy(
        "%(n)s opening is not over: it counts up to now.",
        "%(n)s openings are not over: they count up to now.",
        "form",
    ),
}
BY_CALENDAR = frozenset(
    {
        Kind.SCHEDULE_FREQUENCY,
        Kind.MILESTONE,
        Kind.AVAILABILITY,
        Kind.OPENING_HOURS,
    }
)


def _beyond(line: Result, rule: IndicatorRule) -> str:
    if rule.kind in BY_CALENDAR:
        return _(
            "It cannot be computed: the work calendar does not know all the days of "
            "this period."
        )
    return ngettext(
        "It cannot be computed: %(n)s case runs beyond the days that the work calendar knows.",
        "It cannot be computed: %(n)s cases run beyond the days that the work calendar knows.",
        line.not_computable,
    ) % {"n": number(line.not_computable)}


def _too_few(line: Result, rule: IndicatorRule) -> str:
    needed = rule.definition.get("minimum_sample", 0)
    parts = {"counted": counted(line.n, rule), "needed": number(needed)}
    if line.n >= needed:  # judged by the rule of an earlier edition
        return _("Only %(counted)s in this period: not enough to judge.") % parts
    return (
        _(
            "Only %(counted)s in this period: not enough to judge, which takes at "
            "least %(needed)s."
        )
        % parts
    )


def pending_words(line: Result, rule: IndicatorRule) -> str:
    """Say what does not count yet; empty if nothing."""
    if not line.pending:
        return ""
    if rule.kind in PENDING:
        words = PENDING[Kind(rule.kind)]
        return str(words % {"form": line.pending, "n": number(line.pending)})
    return ngettext(
        "%(n)s case is still open and within its limit: it does not count yet.",
        "%(n)s cases are still open and within their limit: they do not count yet.",
        line.pending,
    ) % {"n": number(line.pending)}

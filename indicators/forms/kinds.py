"""What each kind of indicator measures, and which parts of the form it needs."""

from collections.abc import Mapping

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from indicators.enums import IndicatorKind as Kind

HELP: Mapping[str, LazyText] = {
    Kind.SHARE_WITHIN_LIMIT: _(
        "Of every hundred cases, how many end within a limit: nine of ten requests "
        "answered in ten working days."
    ),
    Kind.EVERY_CASE_WITHIN_LIMIT: _(
        "The same promised of every case: one that is late breaks the promise."
    ),
    Kind.TWO_TIER_REMAINDER: _(
        "What takes longer than a first limit is still promised within a second one: "
        "nine of ten in ten days, and the rest in twenty."
    ),
    Kind.MEAN_DURATION: _("How long cases take on average."),
    Kind.MEDIAN_DURATION: _("How long half of the cases take at most."),
    Kind.PERCENTILE_DURATION: _(
        "How long a share of the cases takes at most, for example 90 of every 100."
    ),
    Kind.SATISFACTION_MEAN: _("The mean of the scores that people give."),
    Kind.SHARE_AT_OR_ABOVE: _(
        "How many of every hundred scores reach a value, or stay below one."
    ),
    Kind.NPS: _(
        "Those who give 9 or 10 less those who give 6 or less, in points of −100 to 100."
    ),
    Kind.SHARE: _(
        "A part of a whole that it belongs to, for example the complaints answered by "
        "telephone of all complaints."
    ),
    Kind.RATIO: _(
        "One sum divided by another that it need not belong to, for example lost "
        "calls by calls."
    ),
    Kind.COUNT: _("How many there were in the period."),
    Kind.SCHEDULE_FREQUENCY: _(
        "What was done of what was planned: so many times a week, or as often as the "
        "events themselves announce."
    ),
    Kind.MILESTONE: _("Something done by a day, once or every year."),
    Kind.SHARE_OF_DAYS: _(
        "On how many of every hundred days the day’s own mean, longest or total is as "
        "promised."
    ),
    Kind.AVAILABILITY: _(
        "The share of the time for which nothing was down. The start is the breakdown, "
        "the stop is the repair."
    ),
    Kind.OPENING_HOURS: _(
        "For how long it was really open, or which share of the announced hours. The "
        "start is the opening, the stop is the closing."
    ),
    Kind.TREND: _(
        "How a figure differs from that of the period before, or of the year before."
    ),
    Kind.OTHER: _("Written down only: it cannot be computed, nor published."),
}
TIMED = frozenset({"time", "limit"})
SPENT = frozenset({"time", "duration"})
# Groups of the form that a kind cannot do without.
NEEDS: Mapping[str, frozenset[str]] = {
    Kind.SHARE_WITHIN_LIMIT: TIMED,
    Kind.EVERY_CASE_WITHIN_LIMIT: TIMED,
    Kind.TWO_TIER_REMAINDER: TIMED | {"second"},
    Kind.MEAN_DURATION: SPENT,
    Kind.MEDIAN_DURATION: SPENT,
    Kind.PERCENTILE_DURATION: SPENT,
    Kind.SATISFACTION_MEAN: frozenset({"scores"}),
    Kind.SHARE_AT_OR_ABOVE: frozenset({"scores"}),
    Kind.NPS: frozenset({"scores"}),
    Kind.SHARE: frozenset({"sums"}),
    Kind.RATIO: frozenset({"sums"}),
    Kind.COUNT: frozenset({"sums"}),
    Kind.SCHEDULE_FREQUENCY: frozenset({"done", "plan"}),
    Kind.MILESTONE: frozenset({"done", "milestone"}),
    Kind.SHARE_OF_DAYS: SPENT | {"days"},
    Kind.AVAILABILITY: SPENT,
    Kind.OPENING_HOURS: SPENT,
    Kind.TREND: frozenset({"trend", "definition"}),
    Kind.OTHER: frozenset(),
}

"""Closed sets of values of the indicators application."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _, pgettext_lazy

# The type of what replaces an event that never happened: no case ever reads it.
VOIDED = "paraula:voided"


class IndicatorKind(TextChoices):
    """
    What an indicator measures.

    OTHER is written down but cannot be computed: such an indicator can be drafted
    and imported, not published.
    """

    SHARE_WITHIN_LIMIT = "share_within_limit", _("Share of cases within a limit")
    EVERY_CASE_WITHIN_LIMIT = "every_case_within_limit", _("Every case within a limit")
    MEAN_DURATION = "mean_duration", _("Mean time")
    MEDIAN_DURATION = "median_duration", _("Median time")
    PERCENTILE_DURATION = "percentile_duration", _("Percentile of time")
    SATISFACTION_MEAN = "satisfaction_mean", _("Mean satisfaction")
    SHARE_AT_OR_ABOVE = "share_at_or_above", _("Share of scores at or above a value")
    NPS = "nps", _("Net promoter score")
    SHARE = "share", _("Part of a whole")
    RATIO = "ratio", _("Ratio of two counts")
    COUNT = "count", _("Count")
    SCHEDULE_FREQUENCY = "schedule_frequency", _("Done of planned")
    MILESTONE = "milestone", _("Done by a date")
    TWO_TIER_REMAINDER = "two_tier_remainder", _("Remainder within a second limit")
    SHARE_OF_DAYS = "share_of_days", _("Share of days with a daily mean")
    AVAILABILITY = "availability", _("Availability")
    OPENING_HOURS = "opening_hours", _("Opening hours")
    TREND = "trend", _("Trend against the previous period")
    OTHER = "other", _("Other")


class PeriodChoice(TextChoices):
    """How often a figure is due."""

    MONTH = "month", _("Monthly")
    QUARTER = "quarter", _("Quarterly")
    SEMESTER = "semester", _("Every six months")
    YEAR = "year", _("Yearly")


class Comparator(TextChoices):
    """How a value is compared with its target."""

    AT_LEAST = ">=", _("at least")
    AT_MOST = "<=", _("at most")
    EXACTLY = "=", _("exactly")
    MORE_THAN = ">", _("more than")
    LESS_THAN = "<", _("less than")


class ResultState(TextChoices):
    """How firm a figure is."""

    PROVISIONAL = "PROVISIONAL", _("Provisional")
    FROZEN = "FROZEN", _("Final")
    RESTATED = "RESTATED", _("Restated")


class ResultStatus(TextChoices):
    """What a figure says of its target (:class:`engine.compliance.Status`)."""

    MET = "met", _("Met")
    UNMET = "unmet", _("Not met")
    NO_CASES = "no_cases", _("No cases")
    TOO_FEW_CASES = "too_few_cases", _("Too few cases")
    NO_DATA_YET = "no_data_yet", _("No data yet")
    NOT_COMPUTABLE = "not_computable", _("Not computable")
    NOT_EVALUATED = "not_evaluated", _("Not evaluated")
    SUSPENDED = "suspended", _("Suspended")


class SourceKind(TextChoices):
    """What a source runs (:data:`indicators.adapters.kinds.READERS`)."""

    GENERIC = "generic", _("Signed webhook")
    GLPI = "glpi", "GLPI"
    OPEN311 = "open311", "Open311 GeoReport v2"
    SIGNALEN = "signalen", "Signalen"
    ZAMMAD = "zammad", "Zammad"


# Sources that are asked; the others send.
ASKED = (SourceKind.OPEN311,)


class ManualState(TextChoices):
    """What has become of a declared value."""

    WAITING = "WAITING", _("Waiting for a second person")
    CONFIRMED = "CONFIRMED", _("Confirmed")
    REJECTED = "REJECTED", _("Rejected")


class FeedState(TextChoices):
    """How a feed of events is (:class:`engine.feeds.State`)."""

    NEVER = "never", pgettext_lazy("feed", "never spoken")
    SPEAKING = "speaking", pgettext_lazy("feed", "speaking")
    LATE = "late", pgettext_lazy("feed", "late")
    THIN = "thin", pgettext_lazy("feed", "too few events")
    SILENT = "silent", pgettext_lazy("feed", "silent")


class FileState(TextChoices):
    """How far a file of events has come that somebody gave the office."""

    NEW = "new", _("Waits for its columns")
    CHECKING = "checking", _("Being checked")
    CHECKED = "checked", _("Checked, not imported yet")
    IMPORTING = "importing", _("Being imported")
    DONE = "done", _("Imported")
    FAILED = "failed", _("Could not be read")
    REMOVED = "removed", _("Removed without importing it")

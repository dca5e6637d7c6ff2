"""
Calendars, feeds of events, indicators and the ledger of results.

``ServiceEvent`` is the only source of truth: an append-only log. ``CaseFact`` and
``Result`` are derived from it by :mod:`engine.compliance` and can be rebuilt at any
time; a frozen result is nevertheless never changed, only restated.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, User
from charters.models import Charter, Edition
from commitments.models import Commitment
from core.text import TextField
from indicators.enums import (
    Comparator,
    FileState,
    IndicatorKind,
    PeriodChoice,
    ResultState,
    ResultStatus,
)


class WorkCalendar(models.Model):
    """A work calendar by name; what it says is in its versions."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="calendars"
    )
    code = models.CharField(_("code"), max_length=60)
    name = TextField(_("name"))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "code"], name="calendar_code_once"
            )
        ]

    def __str__(self) -> str:
        return self.code


class CalendarVersion(models.Model):
    """
    What a calendar says from a moment on. Append-only.

    The definition is self-contained: holidays are expanded, and it knows how far it
    knows (:class:`engine.worktime.WorkCalendar`).
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+"
    )
    calendar = models.ForeignKey(
        WorkCalendar, on_delete=models.PROTECT, related_name="versions"
    )
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["calendar", "number"], name="calendar_version_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.calendar} {self.number}"


class Stream(models.Model):
    """A feed of events: which types and attributes it declares, how often it speaks."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="streams"
    )
    code = models.CharField(_("code"), max_length=60)
    name = TextField(_("name"))
    time_zone = models.CharField(_("time zone"), max_length=60)
    types = ArrayField(models.CharField(max_length=80), verbose_name=_("event types"))
    attributes = ArrayField(
        models.CharField(max_length=80),
        verbose_name=_("attributes"),
        default=list,
        blank=True,
    )
    expected_gap_days = models.PositiveIntegerField(
        _("longest normal silence in days"), null=True, blank=True
    )
    # Fields and attributes that only look like personal data, as somebody has found.
    personal_allowed = ArrayField(
        models.CharField(max_length=80), default=list, blank=True
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "code"], name="stream_code_once"
            )
        ]

    def __str__(self) -> str:
        return self.code


class StreamToken(models.Model):
    """A key that lets a machine write events to one stream. Only its hash is kept."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+"
    )
    stream = models.ForeignKey(Stream, on_delete=models.PROTECT, related_name="tokens")
    label = models.CharField(_("label"), max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(_("created at"))
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.stream} {self.label}"


class ServiceEvent(models.Model):
    """
    Something that happened in a case of a service. Append-only.

    An event is never corrected in place: another one ``replaces`` it and both stay.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+"
    )
    stream = models.ForeignKey(Stream, on_delete=models.PROTECT, related_name="events")
    external_id = models.CharField(_("identifier in the source"), max_length=200)
    case_key = models.CharField(_("case"), max_length=200)
    type = models.CharField(_("type"), max_length=80)
    occurred_at = models.DateTimeField(_("occurred at"))
    value = models.DecimalField(
        _("value"), max_digits=40, decimal_places=12, null=True, blank=True
    )
    attributes = models.JSONField(_("attributes"), default=dict)
    replaces = models.CharField(_("replaces"), max_length=200, null=True)  # noqa: DJ001 -- unique among those that replace
    digest = models.CharField(max_length=64)
    received_at = models.DateTimeField(_("received at"))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stream", "external_id"], name="event_once_per_stream"
            ),
            models.UniqueConstraint(
                fields=["stream", "replaces"],
                condition=Q(replaces__isnull=False),
                name="event_replaced_once",
            ),
            models.CheckConstraint(
                condition=Q(replaces=None) | ~Q(replaces=F("external_id")),
                name="event_replaces_another",
            ),
        ]
        indexes = [
            # Serves the reading of whole cases, one case or all, in order.
            models.Index(
                fields=["stream", "case_key", "occurred_at", "id"], name="event_by_case"
            ),
            # Serves the feed's watermark.
            models.Index(fields=["stream", "occurred_at"], name="event_by_instant"),
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.external_id}"


class EventFile(models.Model):
    """
    A file of events that somebody gave the office, and what became of it.

    Its content is removed some days after the last step; the row stays, with who did
    what, the digest of the content and the counts.

    :ivar content: the name of its content in the storage; empty once it is removed.
    :ivar mapping: TOML, as mapping files are; empty if the file needs none.
    :ivar read: events of it that the work under way is done with; ``recorded``,
        ``replayed`` and ``refused`` say what became of them, or would.
    :ivar rehearsed: what the rehearsal found: its counts, and the first events that
        would be new (``new``) and are known (``known``).
    :ivar attempts: how often a worker took it up and did not come to an end.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+"
    )
    stream = models.ForeignKey(Stream, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(_("file name"), max_length=200)
    content = models.CharField(max_length=60, blank=True)
    size = models.PositiveBigIntegerField(_("size"))
    digest = models.CharField(max_length=64)
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(_("uploaded at"))
    state = models.CharField(
        _("state"), max_length=10, choices=FileState.choices, default=FileState.NEW
    )
    mapping = models.TextField(blank=True)
    rehearsed = models.JSONField(null=True)
    read = models.PositiveBigIntegerField(default=0)
    recorded = models.PositiveBigIntegerField(default=0)
    replayed = models.PositiveBigIntegerField(default=0)
    refused = models.PositiveBigIntegerField(default=0)
    failure = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0)
    imported_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", null=True
    )
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=FileState.values), name="event_file_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[FileState.IMPORTING, FileState.DONE])
                | Q(imported_by__isnull=False),
                name="event_file_imported_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(digest__length=64), name="event_file_digest_length"
            ),
        ]
        indexes = [
            # Serves the list of a stream's files, newest first.
            models.Index(fields=["stream", "-id"], name="event_file_by_stream"),
            # Serves the worker that looks for what is left to do.
            models.Index(
                fields=["id"],
                condition=Q(state__in=[FileState.CHECKING, FileState.IMPORTING]),
                name="event_file_at_work",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.digest[:12]}"


class FileRefusal(models.Model):
    """A line of a file of events that was not recorded, or would not be, and why."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+"
    )
    file = models.ForeignKey(
        EventFile, on_delete=models.CASCADE, related_name="refusals"
    )
    line = models.PositiveBigIntegerField()
    external_id = models.CharField(max_length=200, blank=True)
    code = models.CharField(max_length=40)
    detail = models.TextField()

    def __str__(self) -> str:
        return f"{self.file} {self.line} {self.code}"


class SavedMapping(models.Model):
    """
    A mapping that is kept for the next file of a stream with these columns.

    :ivar columns: those that it reads.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+"
    )
    stream = models.ForeignKey(
        Stream, on_delete=models.PROTECT, related_name="mappings"
    )
    name = models.CharField(_("name"), max_length=80)
    mapping = models.TextField()
    columns = models.JSONField(default=list)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stream", "name"], name="saved_mapping_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.name}"


class Indicator(models.Model):
    """The identity of an indicator through all the editions of its charter."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="indicators"
    )
    charter = models.ForeignKey(
        Charter, on_delete=models.PROTECT, related_name="indicators"
    )
    code = models.CharField(_("code"), max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "code"], name="indicator_code_once"
            )
        ]

    def __str__(self) -> str:
        return self.code


class IndicatorRule(models.Model):
    """
    What an edition says of an indicator: definition and target.

    As immutable as its edition. Incomplete rules are allowed in a draft: publication
    says what is missing.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+"
    )
    edition = models.ForeignKey(
        Edition, on_delete=models.CASCADE, related_name="indicator_rules"
    )
    commitment = models.ForeignKey(
        Commitment, on_delete=models.CASCADE, related_name="indicator_rules"
    )
    indicator = models.ForeignKey(
        Indicator, on_delete=models.PROTECT, related_name="rules"
    )
    position = models.PositiveIntegerField(_("position"), default=0)
    name = TextField(_("name"))
    formula = TextField(_("formula in words"))
    source = TextField(_("source of the data"))
    kind = models.CharField(_("kind"), max_length=30, choices=IndicatorKind.choices)
    unit = models.CharField(_("unit"), max_length=40, blank=True)
    comparator = models.CharField(
        _("comparison"), max_length=2, choices=Comparator.choices, blank=True
    )
    target = models.DecimalField(
        _("target"), max_digits=40, decimal_places=12, null=True, blank=True
    )
    target_text = TextField(_("target in words"))
    period = models.CharField(
        _("period"), max_length=10, choices=PeriodChoice.choices, blank=True
    )
    stream = models.ForeignKey(
        Stream,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="indicator_rules",
        verbose_name=_("feed of events"),
    )
    calendar = models.ForeignKey(
        WorkCalendar,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="indicator_rules",
        verbose_name=_("calendar"),
    )
    definition = models.JSONField(_("definition"), default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "indicator"], name="rule_once_per_edition"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=IndicatorKind.values), name="rule_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(comparator__in=["", *Comparator.values]),
                name="rule_comparator_known",
            ),
            models.CheckConstraint(
                condition=Q(period__in=["", *PeriodChoice.values]),
                name="rule_period_known",
            ),
            models.CheckConstraint(
                condition=Q(target=None) | ~Q(comparator=""),
                name="rule_target_with_comparator",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.edition} {self.indicator}"


class StaleMark(models.Model):
    """
    That a case, or a whole indicator, must be computed again.

    Written in the transaction that makes it stale and deleted in the one that
    computes it. Marks are never unique: one that arrives while its case is being
    computed must not vanish with the one already taken.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="+"
    )
    indicator = models.ForeignKey(Indicator, on_delete=models.CASCADE, related_name="+")
    case_key = models.CharField(max_length=200, null=True)  # noqa: DJ001 -- null: every case
    marked_at = models.DateTimeField()

    class Meta:
        indexes = [
            # Serves the worker that takes an indicator's marks.
            models.Index(fields=["indicator", "id"], name="stale_by_indicator")
        ]

    def __str__(self) -> str:
        return f"{self.indicator} {self.case_key}"


class CaseFact(models.Model):
    """What one case contributes to one indicator (:class:`engine.compliance.Fact`)."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="+"
    )
    indicator = models.ForeignKey(
        Indicator, on_delete=models.CASCADE, related_name="facts"
    )
    case_key = models.CharField(max_length=200)
    outcome = models.CharField(max_length=14)
    counted_on = models.DateField()
    began_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    value = models.DecimalField(max_digits=40, decimal_places=12, null=True, blank=True)
    base = models.DecimalField(max_digits=40, decimal_places=12, null=True, blank=True)
    reason = models.CharField(max_length=80, blank=True)
    segment = models.CharField(max_length=200, blank=True)
    last_event_at = models.DateTimeField(null=True)
    # Code of the stream: two streams may use the same case number.
    source = models.CharField(max_length=60, blank=True)
    # Which of a case's contributions, for kinds to which a case makes several.
    part = models.CharField(max_length=240, blank=True)
    suspended = models.BooleanField(default=False)
    # SHA-256 of all the above: sums are hashed over it without reading the rest.
    digest = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["indicator", "case_key", "source", "part"],
                name="fact_once_per_case",
            )
        ]
        indexes = [
            # Serves a cell: the facts of an indicator's period as an index range.
            models.Index(fields=["indicator", "counted_on"], name="fact_by_period"),
            # Serves the sweep: the few open cases, by due instant.
            models.Index(
                fields=["due_at"],
                condition=Q(outcome="open", due_at__isnull=False),
                name="fact_open_by_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.indicator} {self.case_key} {self.outcome}"


class MonthSum(models.Model):
    """
    What an indicator's facts of one month and segment add up to.

    Quarters and years are sums of months (:class:`engine.compliance.MonthTally`): a
    late event costs the facts of its month, whatever is stored besides.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="+"
    )
    indicator = models.ForeignKey(
        Indicator, on_delete=models.CASCADE, related_name="month_sums"
    )
    month_start = models.DateField()
    segment = models.CharField(max_length=200, blank=True)
    digest = models.CharField(max_length=64)
    kept = models.JSONField()
    suspended = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["indicator", "month_start", "segment"], name="month_sum_once"
            ),
            models.CheckConstraint(
                condition=Q(month_start__day=1), name="month_sum_by_first_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.indicator} {self.month_start:%Y-%m} {self.segment}"


class Result(models.Model):
    """
    One line of the ledger: an indicator's figure for a period.

    Pages read results and nothing below them. A provisional line is recomputed in
    place; a frozen one is never touched again (trigger): what comes later makes
    another revision that says why.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+"
    )
    indicator = models.ForeignKey(
        Indicator, on_delete=models.PROTECT, related_name="results"
    )
    period_kind = models.CharField(max_length=10, choices=PeriodChoice.choices)
    period_start = models.DateField()
    period_end = models.DateField()
    segment = models.CharField(max_length=200, blank=True)
    revision = models.PositiveIntegerField(default=0)
    state = models.CharField(
        max_length=12, choices=ResultState.choices, default=ResultState.PROVISIONAL
    )
    cause = models.CharField(max_length=200, blank=True)
    # Who restated it by hand; empty where events did.
    restated_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    n = models.PositiveIntegerField()
    met = models.PositiveIntegerField()
    missed = models.PositiveIntegerField()
    pending = models.PositiveIntegerField()
    excluded = models.JSONField(default=dict)
    not_computable = models.PositiveIntegerField()
    numerator = models.DecimalField(
        max_digits=40, decimal_places=12, null=True, blank=True
    )
    denominator = models.DecimalField(
        max_digits=40, decimal_places=12, null=True, blank=True
    )
    value = models.DecimalField(max_digits=40, decimal_places=12, null=True, blank=True)
    low = models.DecimalField(max_digits=40, decimal_places=12, null=True, blank=True)
    high = models.DecimalField(max_digits=40, decimal_places=12, null=True, blank=True)
    status = models.CharField(max_length=16, choices=ResultStatus.choices)
    comparator = models.CharField(max_length=2, blank=True)
    target = models.DecimalField(
        max_digits=40, decimal_places=12, null=True, blank=True
    )

    # The figure as if nothing had been suspended; empty where nothing was.
    whole = models.JSONField(null=True, blank=True)

    last_event_at = models.DateTimeField(null=True)
    rule_digest = models.CharField(max_length=64)
    inputs_digest = models.CharField(max_length=64)
    # Final lines: SHA-256 over the content and the seal of the revision before.
    seal = models.CharField(max_length=64, blank=True)
    # With the events these four say all that the figure depends on: the version of
    # each calendar by code, the instant, and how far the feed reached.
    calendars = models.JSONField(default=dict)
    as_of_at = models.DateTimeField()
    feed_until = models.DateTimeField(null=True)
    feed_gap_days = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "indicator",
                    "period_kind",
                    "period_start",
                    "segment",
                    "revision",
                ],
                name="result_once_per_revision",
            ),
            models.CheckConstraint(
                condition=Q(period_end__gt=F("period_start")),
                name="result_period_in_order",
            ),
            models.CheckConstraint(
                condition=Q(status__in=ResultStatus.values), name="result_status_known"
            ),
            models.CheckConstraint(
                condition=Q(state=ResultState.RESTATED, revision__gt=0) & ~Q(cause="")
                | Q(
                    state__in=[ResultState.PROVISIONAL, ResultState.FROZEN], revision=0
                ),
                name="result_restated_with_cause",
            ),
            models.CheckConstraint(
                condition=Q(state=ResultState.PROVISIONAL, seal="")
                | (~Q(state=ResultState.PROVISIONAL) & Q(seal__length=64)),
                name="result_final_is_sealed",
            ),
            # No verdict and no percentage without cases.
            models.CheckConstraint(
                condition=~Q(status__in=["met", "unmet"]) | Q(value__isnull=False),
                name="result_verdict_with_value",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.indicator} {self.period_start} {self.status}"

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
    ASKED,
    Comparator,
    FeedState,
    FileState,
    IndicatorKind,
    ManualState,
    PeriodChoice,
    ResultState,
    ResultStatus,
    SourceKind,
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
    """
    A feed of events: which types and attributes it declares, how often it speaks.

    What is normal for it (:class:`engine.feeds.Habits`) tells silence from a quiet
    week; what is not said is not expected.
    """

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
    expected_week_events = models.PositiveIntegerField(
        _("fewest events in a normal week"), null=True, blank=True
    )
    expected_delay_hours = models.PositiveIntegerField(
        _("hours between what happens and its sending"), default=0
    )
    # Days on which it does not work are no silence, and ask for no events.
    calendar = models.ForeignKey(
        WorkCalendar,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="streams",
        verbose_name=_("working days"),
    )
    # Whether what is sent with a key carries the operator of the key; never undone.
    by_operator = models.BooleanField(default=False)
    # Which secret makes case numbers unreadable; empty: they are kept as they come.
    case_secret = models.CharField(max_length=16, blank=True)
    # Grows with every change of what the stream takes.
    revision = models.PositiveIntegerField(default=0)
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
    # A concessionaire: whatever is sent with the key is said to be of it.
    operator = models.CharField(_("operator"), max_length=80, blank=True)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(_("created at"))
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.stream} {self.label}"


class FeedWatch(models.Model):
    """
    What was last found of a stream, so that a change is told once.

    :ivar looked_at: when; if that is long ago we were away, not the stream.
    :ivar patient_until: until then a stream that could not reach us is not blamed.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="+"
    )
    stream = models.OneToOneField(
        Stream, on_delete=models.CASCADE, related_name="watch"
    )
    state = models.CharField(
        max_length=12, choices=FeedState.choices, default=FeedState.NEVER
    )
    changed_at = models.DateTimeField()
    looked_at = models.DateTimeField()
    patient_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=FeedState.values), name="feed_state_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.state}"


class FeedNotice(models.Model):
    """
    A message to a data steward that a stream changed, to be sent and tried again.

    :ivar known: what the message says: instants and numbers, no personal data.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="+"
    )
    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="+")
    reader = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=12, choices=FeedState.choices)
    known = models.JSONField(default=dict)
    changed_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stream", "reader", "changed_at"],
                name="feed_notice_once_per_change",
            )
        ]
        indexes = [
            # Serves the sender: the few that wait.
            models.Index(
                fields=["next_try_at"],
                condition=Q(sent_at=None),
                name="feed_notice_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.state} {self.changed_at:%Y-%m-%d %H:%M}"


class Source(models.Model):
    """
    A system that tells a stream of its cases in its own words.

    It sends, signed with the secret, or it is asked every now and then. What becomes of
    its words is said by the settings (:mod:`indicators.adapters`).
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+"
    )
    stream = models.ForeignKey(Stream, on_delete=models.PROTECT, related_name="sources")
    code = models.CharField(_("code"), max_length=60)
    kind = models.CharField(_("system"), max_length=20, choices=SourceKind.choices)
    settings = models.JSONField(_("settings"))
    # Sealed (core.sealing): what a system signs with, or what it is asked with.
    secret = models.CharField(max_length=600, blank=True)
    enabled = models.BooleanField(_("enabled"), default=True)
    created_at = models.DateTimeField(_("created at"))
    # Of those that are asked: up to when all is known, and when to ask again.
    asked_until = models.DateTimeField(null=True, blank=True)
    next_asked_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    last_success_at = models.DateTimeField(_("last success"), null=True, blank=True)
    last_failure_at = models.DateTimeField(_("last failure"), null=True, blank=True)
    last_failure = models.CharField(_("what failed"), max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stream", "code"], name="source_code_once_per_stream"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=SourceKind.values), name="source_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=ASKED) | ~Q(secret=""),
                name="source_that_sends_has_secret",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=ASKED, next_asked_at__isnull=False)
                | (~Q(kind__in=ASKED) & Q(next_asked_at=None, asked_until=None)),
                name="source_that_is_asked_knows_when",
            ),
            models.CheckConstraint(
                condition=Q(last_failure_at=None, last_failure="")
                | (Q(last_failure_at__isnull=False) & ~Q(last_failure="")),
                name="source_failure_says_what_and_when",
            ),
        ]
        indexes = [
            # Serves the tick that finds whom to ask.
            models.Index(
                fields=["next_asked_at"],
                condition=Q(enabled=True, next_asked_at__isnull=False),
                name="source_by_next_question",
            )
        ]

    def __str__(self) -> str:
        return f"{self.stream}/{self.code}"


class ServiceEvent(models.Model):
    """
    Something that happened in a case of a service. Append-only.

    An event is never corrected in place: another one ``replaces`` it and both stay.

    References of this and other tables that are written thousands of rows at a time are
    checked once a statement, organisation included (:func:`core.db.belongs_to`).
    """

    organisation = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    stream = models.ForeignKey(
        Stream,
        on_delete=models.PROTECT,
        related_name="events",
        db_constraint=False,
        db_index=False,
    )
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
        Organisation,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    indicator = models.ForeignKey(
        Indicator,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
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
        Organisation,
        on_delete=models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    indicator = models.ForeignKey(
        Indicator,
        on_delete=models.CASCADE,
        related_name="facts",
        db_constraint=False,
        db_index=False,
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


class ManualValue(models.Model):
    """
    What an official declares of an indicator's period, which no event measured.

    It stands only when somebody else has confirmed it; from then on it never changes
    (trigger). A correction is another version that says why, and both stay.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+"
    )
    indicator = models.ForeignKey(
        Indicator, on_delete=models.PROTECT, related_name="manual_values"
    )
    period_kind = models.CharField(max_length=10, choices=PeriodChoice.choices)
    period_start = models.DateField()
    period_end = models.DateField()
    version = models.PositiveIntegerField(_("version"))

    n = models.PositiveIntegerField(_("number of cases"))
    numerator = models.DecimalField(
        _("numerator"), max_digits=28, decimal_places=12, null=True, blank=True
    )
    denominator = models.DecimalField(
        _("denominator"), max_digits=28, decimal_places=12, null=True, blank=True
    )
    value = models.DecimalField(
        _("value"), max_digits=28, decimal_places=12, null=True, blank=True
    )

    source = TextField(_("source"))
    source_on = models.DateField(_("date of the source"))
    document = models.CharField(_("document reference"), max_length=200, blank=True)
    # The version that this one takes the place of, and why.
    corrects = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    cause = models.CharField(_("cause"), max_length=200, blank=True)

    state = models.CharField(
        max_length=10, choices=ManualState.choices, default=ManualState.WAITING
    )
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    # Why it was rejected.
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    # Of a confirmed value: SHA-256 of all the above, which its figure depends on.
    digest = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["indicator", "period_kind", "period_start", "version"],
                name="manual_value_once_per_version",
            ),
            # Two that wait for one period could both be confirmed.
            models.UniqueConstraint(
                fields=["indicator", "period_kind", "period_start"],
                condition=Q(state=ManualState.WAITING),
                name="manual_value_one_waiting",
            ),
            models.CheckConstraint(
                condition=Q(period_end__gt=F("period_start")),
                name="manual_value_period_in_order",
            ),
            models.CheckConstraint(
                condition=Q(n__gt=0), name="manual_value_over_something"
            ),
            models.CheckConstraint(
                condition=Q(value__isnull=False, numerator=None, denominator=None)
                | Q(value=None, numerator__gte=0, denominator__gt=0),
                name="manual_value_parts_or_value",
            ),
            models.CheckConstraint(
                condition=~Q(source={}), name="manual_value_with_source"
            ),
            models.CheckConstraint(
                condition=Q(corrects=None) | ~Q(cause=""),
                name="manual_value_corrected_with_cause",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("entered_by")),
                name="manual_value_by_two_people",
            ),
            models.CheckConstraint(
                condition=Q(
                    state=ManualState.WAITING,
                    decided_by=None,
                    decided_at=None,
                    reason="",
                    digest="",
                )
                | Q(
                    state=ManualState.CONFIRMED,
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                    reason="",
                    digest__length=64,
                )
                | (
                    Q(
                        state=ManualState.REJECTED,
                        decided_by__isnull=False,
                        decided_at__isnull=False,
                        digest="",
                    )
                    & ~Q(reason="")
                ),
                name="manual_value_decided_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.indicator} {self.period_start} {self.version}"


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

    # What it repeats, of a line that nobody measured: declared, not measured.
    declared = models.ForeignKey(
        ManualValue,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="results",
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
    # Until when silence and volume let the feed be trusted, where it has habits.
    feed_trusted_until = models.DateTimeField(null=True)

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
            # What is declared is final from the first, and never parted.
            models.CheckConstraint(
                condition=Q(declared=None)
                | (~Q(state=ResultState.PROVISIONAL) & Q(segment="")),
                name="result_declared_is_final",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.indicator} {self.period_start} {self.status}"

"""
What an edition promises, how it assures it and how it makes good.

Rows belong to one edition and are as immutable as it (triggers in the first
migration). A commitment's ``code`` is its identity across editions.
"""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, User
from charters.models import Charter, Edition
from commitments.enums import Level, RedressKind, SuspensionScope, Trigger
from core.db import DateRange, ScalarRange, TextRange
from core.text import TextField


class Commitment(models.Model):
    """A promise."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+"
    )
    edition = models.ForeignKey(
        Edition, on_delete=models.CASCADE, related_name="commitments"
    )
    code = models.CharField(_("code"), max_length=40)
    position = models.PositiveIntegerField(_("position"), default=0)
    service = models.CharField(_("service"), max_length=40, blank=True)
    text = TextField(_("commitment"))
    level = models.CharField(
        _("level"), max_length=10, choices=Level.choices, default=Level.GENERAL
    )
    legal_minimum = TextField(_("what the law already asks"))
    baseline = TextField(_("what was reached before promising"))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "code"], name="commitment_code_once"
            ),
            models.CheckConstraint(
                condition=Q(level__in=Level.values), name="commitment_level_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.edition} {self.code}"


class AssuranceMeasure(models.Model):
    """Something that is done so that the commitments can be kept."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+"
    )
    edition = models.ForeignKey(
        Edition, on_delete=models.CASCADE, related_name="assurance_measures"
    )
    code = models.CharField(_("code"), max_length=40)
    position = models.PositiveIntegerField(_("position"), default=0)
    text = TextField(_("measure"))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "code"], name="assurance_code_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.edition} {self.code}"


class RedressMeasure(models.Model):
    """How the body makes good when it breaks some of its commitments."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+"
    )
    edition = models.ForeignKey(
        Edition, on_delete=models.CASCADE, related_name="redress_measures"
    )
    code = models.CharField(_("code"), max_length=40)
    position = models.PositiveIntegerField(_("position"), default=0)
    kind = models.CharField(_("kind"), max_length=20, choices=RedressKind.choices)
    text = TextField(_("measure"))
    trigger = models.CharField(
        _("trigger"), max_length=10, choices=Trigger.choices, default=Trigger.CLAIM
    )
    filing_days = models.PositiveIntegerField(
        _("calendar days to claim"), null=True, blank=True
    )
    amount = models.DecimalField(
        _("amount"), max_digits=10, decimal_places=2, null=True, blank=True
    )
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    eligible = TextField(_("who is entitled"))
    exclusions = TextField(_("exclusions"))
    delivery = TextField(_("how and when it is delivered"))
    commitments: "models.ManyToManyField[Commitment, RedressCover]" = (
        models.ManyToManyField(
            Commitment, through="RedressCover", related_name="redress_measures"
        )
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "code"], name="redress_code_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=RedressKind.values), name="redress_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(trigger__in=Trigger.values), name="redress_trigger_known"
            ),
            models.CheckConstraint(
                condition=Q(amount=None) | Q(amount__gt=0, currency__length=3),
                name="redress_amount_with_currency",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.edition} {self.code}"


class RedressCover(models.Model):
    """That a redress measure answers for a commitment of the same edition."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+"
    )
    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="+")
    measure = models.ForeignKey(
        RedressMeasure, on_delete=models.CASCADE, related_name="covers"
    )
    commitment = models.ForeignKey(
        Commitment, on_delete=models.CASCADE, related_name="covers"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["measure", "commitment"], name="redress_cover_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.commitment}"


class Suspension(models.Model):
    """
    A resolution that suspends a commitment for some days.

    It belongs to the charter and the commitment's code, so it holds through editions.
    It changes no event and no case: figures are given with and without it. It gets
    its end once and is never deleted (trigger).
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+"
    )
    charter = models.ForeignKey(
        Charter, on_delete=models.PROTECT, related_name="suspensions"
    )
    commitment = models.CharField(_("commitment"), max_length=40)
    cause = TextField(_("cause"))
    consequences = TextField(_("consequences"))
    covers = models.CharField(
        _("cases it takes out"),
        max_length=10,
        choices=SuspensionScope.choices,
        default=SuspensionScope.BEGUN,
    )
    from_on = models.DateField(_("first day"))
    until_on = models.DateField(_("first day it holds again"), null=True, blank=True)
    resolution = models.CharField(_("resolution"), max_length=200)
    resolved_on = models.DateField(_("date of the resolution"))
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until_on=None) | Q(until_on__gt=F("from_on")),
                name="suspension_in_order",
            ),
            models.CheckConstraint(
                condition=Q(covers__in=SuspensionScope.values),
                name="suspension_scope_known",
            ),
            models.CheckConstraint(
                condition=~Q(cause={}), name="suspension_with_cause"
            ),
            models.CheckConstraint(
                condition=~Q(resolution=""), name="suspension_by_resolution"
            ),
            # Two resolutions for the same days would count the same case twice.
            ExclusionConstraint(
                name="suspension_once_a_day",
                expressions=[
                    (ScalarRange("charter"), RangeOperators.OVERLAPS),
                    (TextRange("commitment"), RangeOperators.OVERLAPS),
                    (DateRange("from_on", "until_on"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.charter} {self.commitment} {self.from_on}"

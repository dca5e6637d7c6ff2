"""
Charters and their editions.

An edition is a draft until it is published; from then on the database refuses any
change but its early end (see the triggers in the first migration).
"""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Least
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, Unit, User
from charters.enums import Audience, EditionState, EndReason, Scope, StepKind
from core.db import DateRange, ScalarRange
from core.text import LANGUAGES, TextField


class Charter(models.Model):
    """The identity of a charter through all its editions."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="charters"
    )
    unit = models.ForeignKey(
        Unit, on_delete=models.PROTECT, null=True, blank=True, related_name="charters"
    )
    slug = models.SlugField(_("short name in addresses"), max_length=80)
    scope = models.CharField(
        _("scope"), max_length=20, choices=Scope.choices, default=Scope.SERVICE
    )
    audience = models.CharField(
        _("audience"),
        max_length=10,
        choices=Audience.choices,
        default=Audience.EXTERNAL,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "slug"], name="charter_slug_once"
            )
        ]

    def __str__(self) -> str:
        return self.slug


class Edition(models.Model):
    """
    One edition of a charter: five sections and the days on which it is in force.

    ``[valid_from, valid_until)`` is what was approved; ``ended_on`` cuts it short.
    Commitments, assurance and redress measures, and indicators are rows of the
    apps above; ``snapshot`` is the whole, as published.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+"
    )
    charter = models.ForeignKey(
        Charter, on_delete=models.PROTECT, related_name="editions"
    )
    number = models.PositiveIntegerField(_("number"))
    source_language = models.CharField(_("source language"), max_length=2)
    state = models.CharField(
        _("state"),
        max_length=12,
        choices=EditionState.choices,
        default=EditionState.DRAFT,
    )
    valid_from = models.DateField(_("in force from"), null=True, blank=True)
    valid_until = models.DateField(
        _("first day no longer in force"), null=True, blank=True
    )
    title = TextField(_("title"))
    summary = TextField(_("summary"))
    general = models.JSONField(_("general and legal information"), default=dict)
    quality = models.JSONField(_("quality commitments"), default=dict)
    assurance = models.JSONField(_("assurance measures"), default=dict)
    redress = models.JSONField(_("redress measures"), default=dict)
    complementary = models.JSONField(_("complementary information"), default=dict)
    # Counts the saves of a draft, so that a stale form is noticed and nothing is lost.
    revision = models.PositiveIntegerField(default=0)

    published_at = models.DateTimeField(_("published at"), null=True, blank=True)
    published_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    snapshot = models.JSONField(null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    ended_on = models.DateField(_("ended on"), null=True, blank=True)
    end_reason = models.CharField(
        _("reason of the end"), max_length=12, choices=EndReason.choices, blank=True
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["charter", "number"], name="edition_number_once"
            ),
            models.UniqueConstraint(
                fields=["charter"],
                condition=Q(state=EditionState.DRAFT),
                name="edition_one_draft_per_charter",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__gt=F("valid_from")),
                name="edition_validity_in_order",
            ),
            models.CheckConstraint(
                condition=Q(source_language__in=LANGUAGES),
                name="edition_source_language_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    state=EditionState.DRAFT,
                    published_at=None,
                    snapshot=None,
                    digest="",
                    ended_on=None,
                )
                | Q(
                    state=EditionState.PUBLISHED,
                    published_at__isnull=False,
                    snapshot__isnull=False,
                    digest__length=64,
                    valid_from__isnull=False,
                    valid_until__isnull=False,
                ),
                name="edition_published_whole",
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None, end_reason="")
                # Explicitly not null: a check that gives null is passed.
                | Q(
                    ended_on__isnull=False,
                    ended_on__gte=F("valid_from"),
                    end_reason__in=EndReason.values,
                ),
                name="edition_end_with_reason",
            ),
            ExclusionConstraint(
                name="edition_one_in_force",
                expressions=[
                    (ScalarRange("charter"), RangeOperators.OVERLAPS),
                    (
                        DateRange(F("valid_from"), Least("valid_until", "ended_on")),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(state=EditionState.PUBLISHED),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.charter} {self.number}"


class Step(models.Model):
    """A move in an edition's life with its evidence. Append-only."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+"
    )
    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(_("step"), max_length=12, choices=StepKind.choices)
    authority = models.CharField(_("authority"), max_length=200, blank=True)
    act_number = models.CharField(_("number of the act"), max_length=80, blank=True)
    act_on = models.DateField(_("date of the act"), null=True, blank=True)
    gazette = models.CharField(_("official gazette"), max_length=200, blank=True)
    by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    taken_at = models.DateTimeField(_("taken at"))

    def __str__(self) -> str:
        return f"{self.edition} {self.kind}"


class CatalogueEntry(models.Model):
    """
    What the catalogue finds a published edition by, one row a language.

    Written at publication; derived from the snapshot alone and safe to rebuild.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="+"
    )
    edition = models.ForeignKey(
        Edition, on_delete=models.CASCADE, related_name="catalogue_entries"
    )
    language = models.CharField(max_length=2)
    # Accents are folded before stemming, so "tràmits" and "tramits" are one word.
    document = SearchVectorField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "language"], name="catalogue_entry_once"
            )
        ]
        indexes = [GinIndex(fields=["document"], name="catalogue_by_word")]

    def __str__(self) -> str:
        return f"{self.edition} {self.language}"

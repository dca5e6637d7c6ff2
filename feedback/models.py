"""What citizens say, and what the body answers."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, User
from charters.models import Charter, Edition
from commitments.models import Commitment
from core.text import LANGUAGES
from feedback.enums import DECISIONS, ClaimState


class Claim(models.Model):
    """
    A citizen's word that a commitment was not kept.

    It is judged by the edition in force on the day of the facts. The citizen has no
    account: whoever holds the code may read the claim, and only its hash is stored.
    """

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="claims"
    )
    charter = models.ForeignKey(
        Charter, on_delete=models.PROTECT, related_name="claims"
    )
    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="+")
    commitment = models.ForeignKey(
        Commitment, on_delete=models.PROTECT, related_name="claims"
    )
    # Public and without meaning: names the claim in letters, events and the inbox.
    reference = models.CharField(_("reference"), max_length=20)
    code_digest = models.CharField(max_length=64, unique=True)
    language = models.CharField(_("language"), max_length=2)
    facts_on = models.DateField(_("date of the facts"))
    case_key = models.CharField(_("case number"), max_length=200, blank=True)
    narrative = models.TextField(_("what happened"))
    wish = models.TextField(_("what you ask for"), blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    state = models.CharField(
        _("state"),
        max_length=16,
        choices=ClaimState.choices,
        default=ClaimState.RECEIVED,
    )
    received_at = models.DateTimeField(_("received at"))
    # First instant that is too late to answer; null if the term cannot be computed.
    due_at = models.DateTimeField(_("answer due"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    answer = models.TextField(_("answer"), blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "reference"], name="claim_reference_once"
            ),
            models.CheckConstraint(
                condition=~Q(narrative=""), name="claim_says_what_happened"
            ),
            models.CheckConstraint(
                condition=Q(language__in=LANGUAGES), name="claim_language_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    state=ClaimState.RECEIVED,
                    decided_at=None,
                    decided_by=None,
                    answer="",
                )
                | Q(
                    state__in=DECISIONS,
                    # Explicitly not null: a check that gives null is passed.
                    decided_at__isnull=False,
                    decided_at__gte=F("received_at"),
                    decided_by__isnull=False,
                )
                & ~Q(answer=""),
                name="claim_decided_whole",
            ),
        ]
        indexes = [
            # Serves the inbox: open claims of an organisation by due instant.
            models.Index(
                fields=["organisation", "due_at"],
                condition=Q(state=ClaimState.RECEIVED),
                name="claim_open_by_due",
            )
        ]

    def __str__(self) -> str:
        return self.reference

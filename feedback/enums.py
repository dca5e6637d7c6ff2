"""Closed sets of values of the feedback application."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ClaimState(TextChoices):
    """Where a claim stands. All but the first are decisions, taken once."""

    RECEIVED = "received", _("Received")
    UPHELD = "upheld", _("Upheld")
    PARTLY_UPHELD = "partly_upheld", _("Partly upheld")
    REJECTED = "rejected", _("Rejected")
    OUT_OF_SCOPE = "out_of_scope", _("Out of scope")
    WITHDRAWN = "withdrawn", _("Withdrawn")


DECISIONS = [state for state in ClaimState.values if state != ClaimState.RECEIVED]

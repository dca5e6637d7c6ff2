"""Closed sets of values of the commitments application."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Level(TextChoices):
    """
    Whom a commitment binds for.

    A general standard holds over the whole of the service, a specific one can be
    checked, and claimed, by the single user (Direttiva PCM 27/1/1994).
    """

    GENERAL = "general", _("General standard")
    SPECIFIC = "specific", _("Specific standard")


class RedressKind(TextChoices):
    """How a broken commitment is made good."""

    APOLOGY = "apology", _("Apology")
    EXPLANATION = "explanation", _("Explanation of the causes")
    PRIORITY = "priority", _("Priority")
    REFUND = "refund", _("Refund of the fee")
    FIXED_SUM = "fixed_sum", _("Fixed sum")
    CORRECTIVE_ACTION = "corrective_action", _("Corrective action")
    OTHER = "other", _("Other")


class Trigger(TextChoices):
    """What sets a redress measure off."""

    CLAIM = "claim", _("On claim")
    AUTOMATIC = "automatic", _("Automatic")


class SuspensionScope(TextChoices):
    """Which cases a suspension takes out (:class:`engine.cases.Covers`)."""

    BEGUN = "begun", _("Those that begin while it lasts")
    TOUCHED = "touched", _("Those in hand on any day of it")

"""Closed sets of values of the charters application."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

# Addresses of our own below an organisation's: a charter of that name would be hidden.
RESERVED_SLUGS = frozenset({"deadline"})


class Scope(TextChoices):
    """What a charter speaks for (Real Decreto 951/2005, art. 8)."""

    ORGANISATION = "organisation", _("The whole organisation")
    SERVICE = "service", _("One service")
    INTER_ADMINISTRATIVE = "inter_administrative", _("Several administrations")


class Audience(TextChoices):
    """Whom a charter promises something to."""

    EXTERNAL = "external", _("Citizens")
    INTERNAL = "internal", _("Other units of the organisation")


class EditionState(TextChoices):
    """Stored state. Whether a published edition is in force follows from its dates."""

    DRAFT = "DRAFT", _("Draft")
    PUBLISHED = "PUBLISHED", _("Published")


class Standing(TextChoices):
    """What an edition is on a given day."""

    DRAFT = "draft", _("Draft")
    SCHEDULED = "scheduled", _("Scheduled")
    IN_FORCE = "in_force", _("In force")
    EXPIRED = "expired", _("Expired")
    SUPERSEDED = "superseded", _("Superseded")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class EndReason(TextChoices):
    """Why a published edition ended before its last day."""

    SUPERSEDED = "SUPERSEDED", _("Superseded by a new edition")
    WITHDRAWN = "WITHDRAWN", _("Withdrawn")


class StepKind(TextChoices):
    """Moves in the life of an edition; each leaves its evidence."""

    CREATED = "CREATED", _("Draft created")
    PUBLISHED = "PUBLISHED", _("Published")
    SUPERSEDED = "SUPERSEDED", _("Superseded")

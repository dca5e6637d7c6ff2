"""Read what an edition promises."""

from django.db.models import QuerySet

from charters.models import Edition
from commitments.models import AssuranceMeasure, Commitment, RedressMeasure


def commitments_of(edition: Edition) -> QuerySet[Commitment]:
    """Return an edition's commitments in their order."""
    return Commitment.objects.filter(edition=edition).order_by("position", "pk")


def assurance_of(edition: Edition) -> QuerySet[AssuranceMeasure]:
    """Return an edition's assurance measures in their order."""
    return AssuranceMeasure.objects.filter(edition=edition).order_by("position", "pk")


def redress_of(edition: Edition) -> QuerySet[RedressMeasure]:
    """Return an edition's redress measures in their order, with what they cover."""
    return (
        RedressMeasure.objects.filter(edition=edition)
        .prefetch_related("commitments")
        .order_by("position", "pk")
    )

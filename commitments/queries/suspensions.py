"""Read what is suspended."""

from django.db.models import QuerySet

from charters.models import Charter
from commitments.models import Suspension


def suspensions_of(charter: Charter) -> QuerySet[Suspension]:
    """Return the suspensions of a charter's commitments, the latest first."""
    return Suspension.objects.filter(charter=charter).order_by("-from_on", "-pk")

"""Read editions."""

from datetime import date

from django.db.models import Q, QuerySet

from charters.enums import EditionState
from charters.models import Charter, Edition


def in_force(*, on: date) -> QuerySet[Edition]:
    """Return the editions in force on a day, at most one per charter."""
    return Edition.objects.filter(
        Q(ended_on=None) | Q(ended_on__gt=on),
        state=EditionState.PUBLISHED,
        valid_from__lte=on,
        valid_until__gt=on,
    )


def in_force_of(charter: Charter, *, on: date) -> Edition | None:
    """Return a charter's edition in force on a day."""
    return in_force(on=on).filter(charter=charter).first()


def shown_of(charter: Charter, *, on: date) -> Edition | None:
    """
    Return the edition that the public sees on a day.

    The one in force; else the last that was: an expired charter stays public, and
    says that it has expired. An edition still to come is not shown.
    """
    return in_force_of(charter, on=on) or (
        Edition.objects.filter(
            charter=charter, state=EditionState.PUBLISHED, valid_from__lte=on
        )
        .order_by("-valid_from")
        .first()
    )


def draft_of(charter: Charter) -> Edition | None:
    """Return a charter's draft, if there is one."""
    return Edition.objects.filter(charter=charter, state=EditionState.DRAFT).first()

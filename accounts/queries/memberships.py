"""Read who works where."""

from django.db.models import QuerySet

from accounts.models import Organisation, User


def organisations_of(user: User) -> QuerySet[Organisation]:
    """Return the organisations in which a person has a role, by short name."""
    return (
        Organisation.objects.filter(memberships__user=user).distinct().order_by("slug")
    )

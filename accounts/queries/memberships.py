"""Read who works where."""

from django.db.models import QuerySet

from accounts.models import Organisation, User


def organisations_of(user: User) -> QuerySet[Organisation]:
    """Return the organisations in which a person has a role, by short name."""
    return (
        Organisation.objects.filter(memberships__user=user).distinct().order_by("slug")
    )


def people_of(organisation: Organisation, role: str) -> QuerySet[User]:
    """Return the people who have a role in an organisation and can log in."""
    return (
        User.objects.filter(
            memberships__organisation=organisation,
            memberships__role=role,
            is_active=True,
        )
        .distinct()
        .order_by("pk")
    )

"""
Who may do what.

One table: a permission is a verb on a noun, and the roles that have it. Every
office view names its permission; a test walks every address with every role.
"""

from collections.abc import Collection, Iterable

from accounts.enums import Role
from accounts.models import Membership, Organisation, User

EVERYBODY = frozenset(Role.values)

PERMISSIONS: dict[str, frozenset[str]] = {
    "charters.view": EVERYBODY,
    "charters.edit": frozenset({Role.DRAFTER, Role.ADMINISTRATOR}),
    "charters.publish": frozenset({Role.PUBLISHER, Role.APPROVER, Role.ADMINISTRATOR}),
    "results.view": EVERYBODY,
    "results.restate": frozenset({Role.MANAGER, Role.APPROVER}),
    # Whoever enters a value never decides on it, whatever their roles.
    "values.enter": frozenset({Role.DATA_STEWARD, Role.DRAFTER}),
    "values.confirm": frozenset({Role.MANAGER, Role.APPROVER}),
    "events.export": frozenset(
        {Role.AUDITOR, Role.DATA_STEWARD, Role.MANAGER, Role.ADMINISTRATOR}
    ),
    "events.correct": frozenset({Role.DATA_STEWARD}),
    "calendars.view": EVERYBODY,
    "calendars.edit": frozenset({Role.DATA_STEWARD, Role.ADMINISTRATOR}),
    "streams.view": frozenset({Role.DATA_STEWARD, Role.ADMINISTRATOR, Role.AUDITOR}),
    "streams.edit": frozenset({Role.DATA_STEWARD, Role.ADMINISTRATOR}),
    "events.import": frozenset({Role.DATA_STEWARD, Role.ADMINISTRATOR}),
    "commitments.suspend": frozenset(
        {Role.APPROVER, Role.PUBLISHER, Role.ADMINISTRATOR}
    ),
    "claims.view": frozenset(
        {
            Role.CLAIM_HANDLER,
            Role.SECOND_INSTANCE,
            Role.MANAGER,
            Role.AUDITOR,
            Role.ADMINISTRATOR,
        }
    ),
    "claims.decide": frozenset({Role.CLAIM_HANDLER, Role.SECOND_INSTANCE}),
}


def roles_of(user: User, organisation: Organisation) -> frozenset[str]:
    """Return the roles that a person has anywhere in an organisation."""
    if not user.is_active:
        return frozenset()
    found: Iterable[str] = Membership.objects.filter(
        user=user, organisation=organisation
    ).values_list("role", flat=True)
    return frozenset(found)


def roles_of_people(
    people: Collection[int], organisation: Organisation
) -> dict[int, list[Role]]:
    """Return the roles that people have in an organisation, by their key, in order."""
    found: dict[int, list[Role]] = {}
    rows = Membership.objects.filter(user_id__in=people, organisation=organisation)
    for user, role in rows.values_list("user_id", "role").order_by("role").distinct():
        found.setdefault(user, []).append(Role(role))
    return found


def allows(roles: frozenset[str], permission: str) -> bool:
    """
    Say whether any of ``roles`` has ``permission``.

    :raises KeyError: if no such permission exists: a typo must not mean "no".
    """
    return bool(roles & PERMISSIONS[permission])

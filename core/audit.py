"""Write the audit trail."""

from datetime import datetime

from core.models import AuditEntry


def record(
    *,
    verb: str,
    subject: str,
    organisation_id: int | None,
    actor_id: int | None,
    at: datetime,
    **details: object,
) -> None:
    """
    Record an act in the caller's transaction: no act without its entry.

    :param verb: what was done, ``app.verb``.
    :param subject: what it was done to, in a form that outlives it.
    :param details: JSON values; never personal data of citizens.
    """
    AuditEntry.objects.create(
        organisation_id=organisation_id,
        actor_id=actor_id,
        verb=verb,
        subject=subject,
        details=details,
        recorded_at=at,
    )

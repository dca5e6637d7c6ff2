"""Read claims."""

from django.db.models import F, QuerySet

from accounts.models import Organisation
from core.codes import code_digest
from feedback.enums import ClaimState
from feedback.models import Claim


def inbox(*, organisation: Organisation, open_only: bool = True) -> QuerySet[Claim]:
    """Return an organisation's claims, the one that is due first on top."""
    claims = Claim.objects.filter(organisation=organisation).select_related(
        "charter", "edition", "commitment"
    )
    if open_only:
        return claims.filter(state=ClaimState.RECEIVED).order_by(
            F("due_at").asc(nulls_last=True), "pk"
        )
    return claims.exclude(state=ClaimState.RECEIVED).order_by("-decided_at", "pk")


def by_code(code: str) -> Claim | None:
    """Return the claim that a code opens, however the citizen typed it."""
    return (
        Claim.objects.filter(code_digest=code_digest(code))
        .select_related("organisation", "charter", "edition", "commitment")
        .first()
    )

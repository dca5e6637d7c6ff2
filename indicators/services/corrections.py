"""
Correct or void one event by hand.

Nothing in the log changes: another event replaces the one that was wrong, and the
audit trail says who did it and why. An event that never happened is replaced by one
that no case reads.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts.models import User
from core import audit
from indicators.enums import VOIDED
from indicators.models import ServiceEvent
from indicators.queries.history import AUDIT_VERB
from indicators.services.intake import Refusal, record


class CorrectionError(Exception):
    """Base of what keeps an event from being corrected."""


class NoReasonError(CorrectionError):
    """It does not say why."""


class UnchangedError(CorrectionError):
    """It says what the event says already."""


class AlreadyReplacedError(CorrectionError):
    """Another event replaces it: that is the one to correct."""


class RefusedError(CorrectionError):
    """
    The log takes no such event.

    :ivar refusal: as any sender of events is told.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Right:
    """What an event should have said."""

    case: str
    type: str
    at: datetime
    value: Decimal | None
    attributes: dict[str, str]


def correct(
    *, event: ServiceEvent, right: Right, reason: str, by: User, at: datetime
) -> ServiceEvent:
    """
    Record what an event should have said.

    :returns: the event that replaces it; the same again if it is sent again.
    :raises CorrectionError: one of its kinds; nothing was written.
    """
    said = Right(
        event.case_key, event.type, event.occurred_at, event.value, event.attributes
    )
    if right == said:
        raise UnchangedError
    content = {
        "case": right.case,
        "type": right.type,
        "at": right.at,
        "value": right.value,
        "attributes": right.attributes,
    }
    return _replace(event, content, reason, by=by, at=at)


def void(*, event: ServiceEvent, reason: str, by: User, at: datetime) -> ServiceEvent:
    """
    Record that an event never happened.

    :returns: the event that replaces it; the same again if it is sent again.
    :raises CorrectionError: one of its kinds; nothing was written.
    """
    if event.type == VOIDED:
        raise UnchangedError
    content = {"case": event.case_key, "type": VOIDED, "at": event.occurred_at}
    return _replace(event, content, reason, by=by, at=at)


def hand_id(external_id: str) -> str:
    """Return the identifier of what replaces an event by hand: always the same."""
    digest = hashlib.sha256(external_id.encode()).hexdigest()
    # Letters alone: digits could look like somebody's number.
    return "hand-" + digest[:20].translate(str.maketrans("0123456789", "ghijklmnop"))


@transaction.atomic
def _replace(
    event: ServiceEvent, content: dict[str, Any], reason: str, *, by: User, at: datetime
) -> ServiceEvent:
    if not reason.strip():
        raise NoReasonError
    stream = event.stream
    id_ = hand_id(event.external_id)
    line = {**content, "id": id_, "replaces": event.external_id}
    receipt = record(stream=stream, lines=[(1, line)], at=at)
    for refusal in receipt.refused:
        if refusal.code in {"already_replaced", "conflict"}:
            raise AlreadyReplacedError
        raise RefusedError(refusal)
    if receipt.recorded:
        audit.record(
            verb=AUDIT_VERB,
            subject=f"{stream.code}/{id_}"[:200],
            organisation_id=stream.organisation_id,
            actor_id=by.pk,
            at=at,
            replaces=event.external_id,
            voids=content["type"] == VOIDED,
            reason=reason.strip(),
        )
    return ServiceEvent.objects.select_related("stream").get(
        stream=stream, external_id=id_
    )

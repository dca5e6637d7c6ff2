"""
Correct or void one event by hand.

Nothing in the log changes: another event replaces the one that was wrong, and the
audit trail says who did it and why. An event that never happened is replaced by one
that no case reads.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts.models import User
from core import audit
from indicators.enums import VOIDED
from indicators.models import ServiceEvent
from indicators.queries.history import AUDIT_VERB
from indicators.queries.pseudonyms import case_key_of
from indicators.services.intake import OPERATOR, Refusal, record


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
    """
    What an event should have said.

    :ivar case: its number, or its pseudonym where the log has pseudonyms.
    """

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

    It stays the operator's that sent it, unless ``right`` names another.

    :returns: the event that replaces it; the same again if it is sent again.
    :raises CorrectionError: one of its kinds; nothing was written.
    :raises indicators.queries.pseudonyms.UnknownSecretError: if case numbers should
        become unreadable and the secret for that is not here.
    """
    case = case_key_of(event.stream, right.case)
    attributes = _operator(event) | right.attributes
    said = Right(
        event.case_key, event.type, event.occurred_at, event.value, event.attributes
    )
    if replace(right, case=case, attributes=attributes) == said:
        raise UnchangedError
    content = {
        # As it was told: a number that looks like somebody's is refused, not hidden.
        "case": right.case,
        "type": right.type,
        "at": right.at,
        "value": right.value,
        "attributes": attributes,
    }
    return _replace(event, content, reason, by=by, at=at)


def void(*, event: ServiceEvent, reason: str, by: User, at: datetime) -> ServiceEvent:
    """
    Record that an event never happened.

    :returns: the event that replaces it; the same again if it is sent again.
    :raises CorrectionError: one of its kinds; nothing was written.
    :raises indicators.queries.pseudonyms.UnknownSecretError: as :func:`correct`.
    """
    if event.type == VOIDED:
        raise UnchangedError
    content = {
        "case": event.case_key,
        "type": VOIDED,
        "at": event.occurred_at,
        "attributes": _operator(event),
    }
    return _replace(event, content, reason, by=by, at=at)


def hand_id(external_id: str) -> str:
    """
    Return the identifier of what replaces an event by hand: always the same.

    Where the log has pseudonyms, the pseudonym of it.
    """
    digest = hashlib.sha256(external_id.encode()).hexdigest()
    # Letters alone: digits could look like somebody's number.
    return "hand-" + digest[:20].translate(str.maketrans("0123456789", "ghijklmnop"))


def _operator(event: ServiceEvent) -> dict[str, str]:
    """Return the operator that an event is of, as an attribute; empty if nobody's."""
    if not event.stream.by_operator or OPERATOR not in event.attributes:
        return {}
    return {OPERATOR: event.attributes[OPERATOR]}


@transaction.atomic
def _replace(
    event: ServiceEvent, content: dict[str, Any], reason: str, *, by: User, at: datetime
) -> ServiceEvent:
    if not reason.strip():
        raise NoReasonError
    stream = event.stream
    id_ = case_key_of(stream, hand_id(event.external_id))
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

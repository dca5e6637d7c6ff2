"""Take claims in and decide them."""

import logging
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from accounts.models import Organisation, User
from charters.enums import EditionState
from charters.models import Charter
from commitments.models import Commitment
from core import audit
from core.codes import code_digest, code_of_form, new_code, new_reference
from engine.worktime import Term, WorktimeError, due_at
from feedback.enums import DECISIONS, ClaimState
from feedback.models import Claim
from indicators.models import WorkCalendar
from indicators.queries.computing import compiled, version_of
from indicators.services.intake import record
from indicators.services.streams import declare_stream

logger = logging.getLogger(__name__)

# Our own handling of claims is measured like any other service, from this stream.
STREAM = "reclamacions"
STREAM_NAME = {
    "ca": "Reclamacions",
    "es": "Reclamaciones",
    "it": "Reclami",
    "en": "Claims",
}
RECEIVED, ANSWERED = "claim_received", "claim_answered"


class NoPromiseError(Exception):
    """No edition with that commitment was in force on the day of the facts."""


class AlreadyDecidedError(Exception):
    """The claim is no longer waiting for a decision; nothing was written."""


@dataclass(frozen=True, slots=True)
class Filed:
    """
    A claim just filed.

    :ivar code: opens the claim; shown to the citizen now and never again.
    :ivar repeated: the same form had filed this claim before; nothing was written.
    """

    claim: Claim
    code: str
    repeated: bool = False


def promise_on(*, charter: Charter, commitment_code: str, day: date) -> Commitment:
    """
    Return the commitment as it read on a day: the edition in force that day judges.

    :raises NoPromiseError: if nothing was promised then.
    """
    commitment = (
        Commitment.objects.filter(
            Q(edition__ended_on=None) | Q(edition__ended_on__gt=day),
            edition__charter=charter,
            edition__state=EditionState.PUBLISHED,
            edition__valid_from__lte=day,
            edition__valid_until__gt=day,
            code=commitment_code,
        )
        .select_related("edition", "edition__charter", "organisation")
        .first()
    )
    if commitment is None:
        raise NoPromiseError
    return commitment


@transaction.atomic
def file_claim(
    *,
    charter: Charter,
    commitment_code: str,
    facts_on: date,
    narrative: str,
    language: str,
    at: datetime,
    wish: str = "",
    case_key: str = "",
    email: str = "",
    form_key: str = "",
) -> Filed:
    """
    Take a citizen's claim in and start its clock.

    :param form_key: of the form that files it (:func:`core.codes.new_form_key`):
        sent again, it gives back the claim that it filed first.
    :raises NoPromiseError: if no edition promised this on the day of the facts.
    """
    commitment = promise_on(
        charter=charter, commitment_code=commitment_code, day=facts_on
    )
    organisation = commitment.organisation
    code = code_of_form(form_key) if form_key else new_code()
    claim, new = Claim.objects.get_or_create(
        code_digest=code_digest(code),
        defaults={
            "organisation": organisation,
            "charter": charter,
            "edition": commitment.edition,
            "commitment": commitment,
            "reference": new_reference(at.year),
            "language": language,
            "facts_on": facts_on,
            "case_key": case_key,
            "narrative": narrative,
            "wish": wish,
            "email": email,
            "received_at": at,
            "due_at": answer_due(organisation, at),
        },
    )
    if not new:
        return Filed(claim, code, repeated=True)
    _log(claim, RECEIVED, at)
    return Filed(claim, code)


@transaction.atomic
def decide(*, claim: Claim, outcome: str, answer: str, by: User, at: datetime) -> Claim:
    """
    Decide a claim, exactly once, with the words that the citizen will read.

    :param outcome: one of :data:`feedback.enums.DECISIONS`.
    :raises AlreadyDecidedError: if somebody has decided it already.
    :raises ValueError: if ``outcome`` is no decision or there are no words.
    """
    if outcome not in DECISIONS or not answer.strip():
        msg = "a decision is an outcome with words"
        raise ValueError(msg)
    won = Claim.objects.filter(pk=claim.pk, state=ClaimState.RECEIVED).update(
        state=outcome, answer=answer.strip(), decided_by=by, decided_at=at
    )
    if not won:
        raise AlreadyDecidedError
    claim.refresh_from_db()
    _log(claim, ANSWERED, at)
    audit.record(
        verb="feedback.decide",
        subject=claim.reference,
        organisation_id=claim.organisation_id,
        actor_id=by.pk,
        at=at,
        outcome=outcome,
    )
    return claim


def answer_due(organisation: Organisation, at: datetime) -> datetime | None:
    """
    Return the first instant too late to answer a claim received at ``at``.

    ``None`` if the organisation has set no term, or its calendar does not reach:
    a deadline that cannot be told is not invented.
    """
    if not organisation.claim_term:
        return None
    calendar = WorkCalendar.objects.filter(
        organisation=organisation, code=organisation.claim_calendar
    ).first()
    version = version_of(calendar, {})
    try:
        return due_at(
            at,
            Term.from_definition(organisation.claim_term),
            compiled(version) if version else None,
            zone=ZoneInfo(organisation.time_zone),
        )
    except WorktimeError as error:
        logger.warning("no deadline for a claim of %s: %s", organisation.slug, error)
        return None


def _log(claim: Claim, type_: str, at: datetime) -> None:
    """Record our own handling in the log, without a word of what was claimed."""
    stream, _added = declare_stream(
        organisation=claim.organisation,
        code=STREAM,
        name=STREAM_NAME,
        time_zone=claim.organisation.time_zone,
        types=[RECEIVED, ANSWERED],
        attributes=["charter"],
        expected_gap_days=None,
    )
    receipt = record(
        stream=stream,
        lines=[
            (
                1,
                {
                    "id": f"{claim.reference}/{type_}",
                    "case": claim.reference,
                    "type": type_,
                    "at": at,
                    "attributes": {"charter": claim.charter.slug},
                },
            )
        ],
        at=at,
    )
    if receipt.refused:
        msg = f"the log refused {type_}: {receipt.refused[0].detail}"
        raise RuntimeError(msg)

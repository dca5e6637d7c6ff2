"""Suspend commitments by resolution, and let them hold again."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import User
from charters.enums import EditionState
from charters.models import Charter
from charters.parts import parts
from commitments.models import Commitment, Suspension
from core import audit
from core.text import clean_text


class SuspensionError(Exception):
    """Base of what keeps a suspension from being recorded or lifted."""


class UnknownCommitmentError(SuspensionError):
    """No published edition of the charter has a commitment of that code."""


class NoCauseError(SuspensionError):
    """It says in no language why."""


class NoResolutionError(SuspensionError):
    """It names no resolution: only one can suspend a promise."""


class NoDaysError(SuspensionError):
    """It would end before its first day is over."""


class OverlapError(SuspensionError):
    """The commitment is suspended already on some of these days."""


class AlreadyEndsError(SuspensionError):
    """Its end is known already; another period needs another resolution."""


# What the database refuses, by the name of the constraint.
REFUSALS: Mapping[str, type[SuspensionError]] = {
    "suspension_with_cause": NoCauseError,
    "suspension_by_resolution": NoResolutionError,
    "suspension_in_order": NoDaysError,
    "suspension_once_a_day": OverlapError,
}


@transaction.atomic
def suspend(
    *,
    charter: Charter,
    commitment: str,
    cause: dict[str, str],
    consequences: dict[str, str],
    covers: str,
    from_on: date,
    until_on: date | None,
    resolution: str,
    resolved_on: date,
    by: User,
    at: datetime,
) -> Suspension:
    """
    Record that a resolution suspends a commitment, and have its figures computed.

    :param commitment: its code, which holds through the charter's editions.
    :param covers: which cases it takes out (:class:`commitments.enums.SuspensionScope`).
    :param until_on: first day on which it holds again; ``None`` if nobody knows yet.
    :raises SuspensionError: one of its kinds; nothing was written.
    """
    published = Commitment.objects.filter(
        edition__charter=charter,
        edition__state=EditionState.PUBLISHED,
        code=commitment,
    )
    if not published.exists():
        raise UnknownCommitmentError
    suspension = Suspension(
        organisation_id=charter.organisation_id,
        charter=charter,
        commitment=commitment,
        cause=clean_text(cause),
        consequences=clean_text(consequences),
        covers=covers,
        from_on=from_on,
        until_on=until_on,
        resolution=resolution.strip(),
        resolved_on=resolved_on,
        recorded_by=by,
        recorded_at=at,
    )
    try:
        with transaction.atomic():
            suspension.save()
    except IntegrityError as error:
        raise _refusal(error) from error
    _tell("suspend", suspension, by=by, at=at, resolution=suspension.resolution)
    return suspension


@transaction.atomic
def lift(
    *, suspension: Suspension, until_on: date, by: User, at: datetime
) -> Suspension:
    """
    Say when a suspension without an end ends, once.

    :param until_on: first day on which the commitment holds again.
    :raises AlreadyEndsError: if its end is known already.
    :raises NoDaysError: if it would end before its first day is over.
    """
    open_ended = Suspension.objects.filter(pk=suspension.pk, until_on=None)
    try:
        with transaction.atomic():
            won = open_ended.update(until_on=until_on)
    except IntegrityError as error:
        raise _refusal(error) from error
    if not won:
        raise AlreadyEndsError
    suspension = Suspension.objects.select_related("charter").get(pk=suspension.pk)
    _tell("lift", suspension, by=by, at=at)
    return suspension


def _tell(
    verb: str, suspension: Suspension, *, by: User, at: datetime, **details: Any
) -> None:
    """Leave the act's entry, and let every part do what follows from it."""
    until_on = suspension.until_on
    audit.record(
        verb=f"commitments.{verb}",
        subject=f"{suspension.charter.slug}/{suspension.commitment}",
        organisation_id=suspension.organisation_id,
        actor_id=by.pk,
        at=at,
        suspension=suspension.pk,
        from_on=suspension.from_on.isoformat(),
        until_on=until_on and until_on.isoformat(),
        **details,
    )
    for part in parts():
        part.changed(suspension.charter, suspension.commitment, at)


def _refusal(error: IntegrityError) -> Exception:
    """Return the error that names what the database refused; itself if none does."""
    diagnostics = getattr(error.__cause__, "diag", None)
    name = getattr(diagnostics, "constraint_name", None) or ""
    refusal = REFUSALS.get(name)
    return error if refusal is None else refusal()

"""Publish an edition: the moment at which words become a promise."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from charters.enums import EditionState, EndReason, StepKind
from charters.models import Charter, Edition, Step
from charters.parts import Problem, parts
from charters.rules import (
    PROFILES,
    SECTIONS,
    is_empty,
    months_between,
)
from charters.services.catalogue import index
from charters.services.drafts import StaleDraftError
from charters.services.exchange import export_document
from core import audit


@dataclass(frozen=True, slots=True)
class Evidence:
    """What proves a step: the act, its authority, its gazette."""

    authority: str = ""
    act_number: str = ""
    act_on: date | None = None
    gazette: str = ""


class PublicationRefusedError(Exception):
    """
    An edition that cannot be published as it is.

    :ivar problems: everything that is missing, never only the first thing.
    """

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{p.subject}: {p.message}" for p in problems))
        self.problems = problems


def canonical(document: dict[str, Any]) -> str:
    """Return the canonical JSON text: sorted keys, no spaces, UTF-8."""
    return json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )


def problems_of(edition: Edition) -> list[Problem]:
    """
    List everything that keeps an edition from being published.

    :returns: empty if the edition can be published.
    """
    found = [*_dates(edition), *_texts(edition)]
    for part in parts():
        found.extend(part.problems(edition))
    return found


@transaction.atomic
def publish(
    *,
    edition: Edition,
    by: User | None,
    at: datetime,
    evidence: Evidence,
    revision: int | None = None,
) -> Edition:
    """
    Publish a draft: snapshot, digest and supersession in one transaction.

    The edition in force gives way on the new one's first day. Nothing of a
    published edition changes afterwards: the database refuses it.

    :param revision: the draft's revision that was read and approved; ``None`` to
        publish whatever it says.
    :raises PublicationRefusedError: with every problem; also if the edition is no
        draft any more, or its days clash with an edition already scheduled.
    :raises StaleDraftError: if the draft says something else than what was read.
    """
    # All publications of one charter go one after the other.
    Charter.objects.select_for_update(of=("self",)).get(pk=edition.charter_id)
    # Its draft is held still: what is saved from here on waits, and is then refused.
    edition = (
        Edition.objects.select_for_update(of=("self",))
        .select_related("charter", "organisation")
        .get(pk=edition.pk)
    )
    problems = problems_of(edition)
    if edition.state != EditionState.DRAFT:
        problems = [Problem("edition", "state", _("It has already been published."))]
    if problems:
        raise PublicationRefusedError(problems)
    if revision not in {None, edition.revision}:
        raise StaleDraftError
    today = at.astimezone(ZoneInfo(edition.organisation.time_zone)).date()
    _supersede(edition, by=by, at=at, today=today)
    document = export_document(edition)
    edition.state = EditionState.PUBLISHED
    edition.published_at = at
    edition.published_by = by
    edition.snapshot = document
    edition.digest = hashlib.sha256(canonical(document).encode()).hexdigest()
    try:
        with transaction.atomic():
            edition.save()
    except IntegrityError as error:
        if "edition_one_in_force" not in str(error):
            raise
        message = _("Another edition is in force on some of these days.")
        problem = Problem("edition", "valid_from", message)
        raise PublicationRefusedError([problem]) from error
    Step.objects.create(
        organisation=edition.organisation,
        edition=edition,
        kind=StepKind.PUBLISHED,
        authority=evidence.authority,
        act_number=evidence.act_number,
        act_on=evidence.act_on,
        gazette=evidence.gazette,
        by=by,
        taken_at=at,
    )
    index(edition)
    for part in parts():
        part.published(edition, at)
    audit.record(
        verb="charters.publish",
        subject=f"{edition.charter.slug}/{edition.number}",
        organisation_id=edition.organisation_id,
        actor_id=by.pk if by else None,
        at=at,
        digest=edition.digest,
    )
    return edition


def _supersede(edition: Edition, *, by: User | None, at: datetime, today: date) -> None:
    """
    End the edition that is in force on the new one's first day.

    Not in the past: until today its promise was the one that people were given.
    """
    # One that has its end already gives way to another: the constraint tells.
    previous = Edition.objects.filter(
        ended_on=None,
        charter=edition.charter,
        state=EditionState.PUBLISHED,
        valid_from__lt=edition.valid_from,
        valid_until__gt=edition.valid_from,
    )
    for old in previous:
        if edition.valid_from is not None and edition.valid_from < today:
            message = _(
                "It cannot begin in the past: until today the edition in force was "
                "the promise."
            )
            raise PublicationRefusedError([Problem("edition", "valid_from", message)])
        Edition.objects.filter(pk=old.pk).update(
            ended_on=edition.valid_from, end_reason=EndReason.SUPERSEDED
        )
        Step.objects.create(
            organisation=edition.organisation,
            edition=old,
            kind=StepKind.SUPERSEDED,
            by=by,
            taken_at=at,
        )


def _dates(edition: Edition) -> list[Problem]:
    if edition.valid_from is None or edition.valid_until is None:
        message = _("Say from when until when it is in force.")
        return [Problem("edition", "valid_from", message)]
    profile = PROFILES[edition.organisation.procedure]
    months = months_between(edition.valid_from, edition.valid_until)
    exact = edition.valid_from.day == edition.valid_until.day
    too_long = months > profile.longest_months or (
        months == profile.longest_months and not exact
    )
    if months < profile.shortest_months or too_long:
        message = _(
            "It must be in force for %(shortest)d to %(longest)d months, not %(months)d."
        ) % {
            "shortest": profile.shortest_months,
            "longest": profile.longest_months,
            "months": months,
        }
        return [Problem("edition", "valid_until", message)]
    return []


def _texts(edition: Edition) -> list[Problem]:
    language = edition.source_language
    found = []
    if not edition.title.get(language):
        found.append(Problem("edition", "title", _("The charter has no title.")))
    for section in SECTIONS:
        content = getattr(edition, section.key)
        found += [
            Problem(
                section.key,
                field.key,
                _("“%(field)s” is empty.") % {"field": field.label},
            )
            for field in section.fields
            if field.mandatory
            and is_empty(content.get(field.key), field.kind, language)
        ]
    contact = edition.complementary
    if not (contact.get("phone") or contact.get("email")):
        message = _("Give a telephone number or an e-mail address.")
        found.append(Problem("complementary", "phone", message))
    return found

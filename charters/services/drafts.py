"""Change a draft; open the next one."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from accounts.models import Organisation, User
from charters.enums import EditionState
from charters.models import Charter, Edition
from charters.queries.editions import draft_of
from charters.services.exchange import FORMAT, export_document, import_document
from core import audit


class StaleDraftError(Exception):
    """Somebody else saved the draft since it was opened; nothing was written."""


class CharterExistsError(Exception):
    """The organisation has a charter of that name; nothing was written."""


class NotADraftError(Exception):
    """A published edition cannot be changed; nothing was written."""


@transaction.atomic
def save(
    *,
    edition: Edition,
    revision: int,
    changes: dict[str, Any],
    by: User,
    at: datetime,
) -> Edition:
    """
    Write fields of a draft if it is still the one that was read.

    :param revision: the draft's revision when its form was opened.
    :param changes: model fields by name.
    :raises StaleDraftError: if another save came first.
    :raises NotADraftError: if the edition has been published.
    """
    _write(edition, revision, changes, fields=sorted(changes), by=by, at=at)
    edition.refresh_from_db()
    return edition


@transaction.atomic
def touch(
    *, edition: Edition, revision: int, part: str, by: User, at: datetime
) -> None:
    """
    Take a draft for a change to rows that belong to it, as :func:`save` would.

    For the services of the apps above, in the transaction of their own change: the
    draft's row is locked from here on, so nobody changes its parts at once.

    :param part: what is about to change, for the audit trail.
    :raises StaleDraftError: if another save came first.
    :raises NotADraftError: if the edition has been published.
    """
    _write(edition, revision, {}, fields=[part], by=by, at=at)


@transaction.atomic
def open_next(*, charter: Charter, by: User, at: datetime) -> Edition:
    """
    Return the charter's draft, making it from the newest edition if there is none.

    :raises Edition.DoesNotExist: if the charter has no edition to start from.
    """
    Charter.objects.select_for_update(of=("self",)).get(pk=charter.pk)
    draft = draft_of(charter)
    if draft is not None:
        return draft
    newest = charter.editions.order_by("-number").select_related("charter")[:1].get()
    document = export_document(newest)
    document["edition"] |= {
        "number": newest.number + 1,
        "valid_from": document["edition"]["valid_until"],
        "valid_until": None,
    }
    return import_document(
        document=document, organisation=charter.organisation, by=by, at=at
    ).edition


@transaction.atomic
def open_new(
    *,
    organisation: Organisation,
    slug: str,
    language: str,
    title: str,
    scope: str,
    audience: str,
    by: User,
    at: datetime,
) -> Edition:
    """
    Begin a charter: an empty draft with a title.

    :param language: the language that the charter will be written in.
    :raises CharterExistsError: if the organisation has a charter of that name.
    """
    if Charter.objects.filter(organisation=organisation, slug=slug).exists():
        raise CharterExistsError
    document = {
        "format": FORMAT,
        "charter": {"slug": slug, "scope": scope, "audience": audience},
        "edition": {"source_language": language, "title": {language: title}},
    }
    return import_document(
        document=document, organisation=organisation, by=by, at=at
    ).edition


def _write(
    edition: Edition,
    revision: int,
    changes: dict[str, Any],
    *,
    fields: list[str],
    by: User,
    at: datetime,
) -> None:
    won = Edition.objects.filter(
        pk=edition.pk, state=EditionState.DRAFT, revision=revision
    ).update(revision=F("revision") + 1, **changes)
    if not won:
        _explain_loss(edition)
    audit.record(
        verb="charters.edit",
        subject=f"{edition.charter.slug}/{edition.number}",
        organisation_id=edition.organisation_id,
        actor_id=by.pk,
        at=at,
        fields=fields,
    )


def _explain_loss(edition: Edition) -> None:
    current = Edition.objects.get(pk=edition.pk)
    if current.state != EditionState.DRAFT:
        raise NotADraftError
    raise StaleDraftError

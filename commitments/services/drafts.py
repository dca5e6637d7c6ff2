"""Write the commitments and measures of a draft."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Max

from accounts.models import User
from charters.models import Edition
from charters.services.drafts import touch
from commitments.models import (
    AssuranceMeasure,
    Commitment,
    RedressCover,
    RedressMeasure,
)

Item = TypeVar("Item", Commitment, AssuranceMeasure, RedressMeasure)


class CodeTakenError(Exception):
    """Something else of the same edition has that code; nothing was written."""


@transaction.atomic
def put(
    *,
    edition: Edition,
    revision: int,
    item: Item,
    values: dict[str, Any],
    by: User,
    at: datetime,
) -> Item:
    """
    Write a commitment or a measure of a draft; a new one goes to the end.

    :param revision: the draft's revision when the form was opened.
    :param item: as read from the draft, or a new one of its model.
    :param values: model fields by name.
    :raises CodeTakenError: if its code is another's.
    :raises charters.services.drafts.StaleDraftError: if another save came first.
    :raises charters.services.drafts.NotADraftError: if it has been published.
    """
    kind = type(item)
    part = f"{kind.__name__}.{values['code']}"
    touch(edition=edition, revision=revision, part=part, by=by, at=at)
    siblings = kind.objects.filter(edition=edition)
    if siblings.filter(code=values["code"]).exclude(pk=item.pk).exists():
        raise CodeTakenError
    if item.pk is None:
        last = siblings.aggregate(last=Max("position"))["last"]
        item.position = 0 if last is None else last + 1
        item.edition = edition
        item.organisation_id = edition.organisation_id
    for name, value in values.items():
        setattr(item, name, value)
    item.save()
    return item


@transaction.atomic
def put_redress(
    *,
    edition: Edition,
    revision: int,
    item: RedressMeasure,
    values: dict[str, Any],
    commitments: Collection[str],
    by: User,
    at: datetime,
) -> RedressMeasure:
    """
    Write a redress measure of a draft and what it answers for.

    :param commitments: codes of the edition's commitments; unknown ones are left out.
    :raises CodeTakenError: as :func:`put`, like what it raises besides.
    """
    item = put(
        edition=edition, revision=revision, item=item, values=values, by=by, at=at
    )
    RedressCover.objects.filter(measure=item).delete()
    covered = Commitment.objects.filter(edition=edition, code__in=commitments)
    RedressCover.objects.bulk_create(
        RedressCover(
            organisation_id=edition.organisation_id,
            edition=edition,
            measure=item,
            commitment=commitment,
        )
        for commitment in covered.order_by("position", "pk")
    )
    return item


@transaction.atomic
def remove(
    *, edition: Edition, revision: int, item: Item, by: User, at: datetime
) -> None:
    """
    Take a commitment, with its indicators' rules, or a measure out of a draft.

    :raises charters.services.drafts.StaleDraftError: if another save came first.
    :raises charters.services.drafts.NotADraftError: if it has been published.
    """
    part = f"{type(item).__name__}.{item.code}"
    touch(edition=edition, revision=revision, part=part, by=by, at=at)
    item.delete()

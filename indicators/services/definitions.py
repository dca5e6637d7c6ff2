"""Write what a draft says of its indicators."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from accounts.models import User
from charters.services.drafts import touch
from commitments.models import Commitment
from commitments.services.drafts import CodeTakenError
from indicators.models import Indicator, IndicatorRule


class CodeElsewhereError(Exception):
    """The code is that of another charter's indicator; nothing was written."""


@transaction.atomic
def put_rule(
    *,
    commitment: Commitment,
    revision: int,
    rule: IndicatorRule | None,
    code: str,
    values: dict[str, Any],
    by: User,
    at: datetime,
) -> IndicatorRule:
    """
    Write an indicator of a draft's commitment.

    :param rule: as read from the draft; ``None`` for a new one, which goes to the end.
    :param code: its identity through all the editions of the charter.
    :param values: fields of :class:`indicators.models.IndicatorRule` by name.
    :raises CodeTakenError: if the edition has another indicator of that code.
    :raises CodeElsewhereError: if another charter of the organisation has.
    :raises charters.services.drafts.StaleDraftError: if another save came first.
    :raises charters.services.drafts.NotADraftError: if it has been published.
    """
    edition = commitment.edition
    part = f"IndicatorRule.{code}"
    touch(edition=edition, revision=revision, part=part, by=by, at=at)
    indicator, _new = Indicator.objects.get_or_create(
        organisation_id=edition.organisation_id,
        code=code,
        defaults={"charter_id": edition.charter_id},
    )
    if indicator.charter_id != edition.charter_id:
        raise CodeElsewhereError
    siblings = IndicatorRule.objects.filter(edition=edition)
    others = siblings if rule is None else siblings.exclude(pk=rule.pk)
    if others.filter(indicator=indicator).exists():
        raise CodeTakenError
    former = None
    if rule is None:
        last = siblings.aggregate(last=Max("position"))["last"]
        rule = IndicatorRule(
            organisation_id=edition.organisation_id,
            edition=edition,
            position=0 if last is None else last + 1,
        )
    else:
        former = rule.indicator
    rule.commitment = commitment
    rule.indicator = indicator
    for name, value in values.items():
        setattr(rule, name, value)
    rule.save()
    if former is not None:
        _forget(former)
    return rule


@transaction.atomic
def remove_rule(*, rule: IndicatorRule, revision: int, by: User, at: datetime) -> None:
    """
    Take an indicator out of a draft.

    What earlier editions measured with it stays.

    :raises charters.services.drafts.StaleDraftError: if another save came first.
    :raises charters.services.drafts.NotADraftError: if it has been published.
    """
    part = f"IndicatorRule.{rule.indicator.code}"
    touch(edition=rule.edition, revision=revision, part=part, by=by, at=at)
    indicator = rule.indicator
    rule.delete()
    _forget(indicator)


def _forget(indicator: Indicator) -> None:
    """Free a code that no edition uses and that was never measured."""
    if not indicator.rules.exists() and not indicator.results.exists():
        indicator.delete()

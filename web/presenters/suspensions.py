"""Suspensions in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.translation import gettext as _, gettext_lazy

from commitments.enums import SuspensionScope
from commitments.models import Suspension
from core.text import Words, words
from web.presenters.periods import day_words

SCOPES = {
    SuspensionScope.BEGUN: gettext_lazy(
        "Cases that begin while it lasts do not count."
    ),
    SuspensionScope.TOUCHED: gettext_lazy(
        "Cases in hand on any day of it do not count."
    ),
}


@dataclass(frozen=True, slots=True)
class SuspensionView:
    """
    A suspension, ready to be read.

    :ivar standing: ``now``, ``coming`` or ``over``.
    :ivar can_be_lifted: nobody has said yet when it ends.
    """

    pk: int
    commitment: str
    standing: str
    days: str
    cause: Words
    consequences: Words
    scope: str
    resolution: str
    can_be_lifted: bool


def suspension_views(
    suspensions: Iterable[Suspension], *, language: str, source: str, today: date
) -> tuple[SuspensionView, ...]:
    """Put suspensions into words, in their order."""
    return tuple(
        SuspensionView(
            pk=item.pk,
            commitment=item.commitment,
            standing=_standing(item, today),
            days=_days(item),
            cause=words(item.cause, language, source=source),
            consequences=words(item.consequences, language, source=source),
            scope=str(SCOPES[SuspensionScope(item.covers)]),
            resolution=_("%(resolution)s, of %(date)s")
            % {
                "resolution": item.resolution,
                "date": day_words(item.resolved_on),
            },
            can_be_lifted=item.until_on is None,
        )
        for item in suspensions
    )


def _standing(item: Suspension, today: date) -> str:
    if item.from_on > today:
        return "coming"
    return "now" if item.until_on is None or item.until_on > today else "over"


def _days(item: Suspension) -> str:
    first = {"first": day_words(item.from_on)}
    if item.until_on is None:
        return _("Suspended from %(first)s until further notice.") % first
    last = day_words(item.until_on - timedelta(days=1))
    return _("Suspended from %(first)s to %(last)s, both included.") % {
        **first,
        "last": last,
    }

"""What a restatement would replace, in words."""

from collections.abc import Iterable
from dataclasses import dataclass

from indicators.models import IndicatorRule
from indicators.queries.computing import period_of_result
from indicators.queries.restating import Change
from web.presenters.figures import brief
from web.presenters.periods import long_name


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One final figure and what it would be."""

    period: str
    segment: str
    before: str
    after: str
    status_before: str
    status_after: str


def change_views(
    changes: Iterable[Change], rule: IndicatorRule
) -> tuple[ChangeView, ...]:
    """Put changes into words, in their order."""
    return tuple(
        ChangeView(
            period=long_name(period_of_result(change.before)),
            segment=change.before.segment,
            before=brief(change.before, rule),
            after=brief(change.after, rule),
            status_before=change.before.status,
            status_after=change.after.status,
        )
        for change in changes
    )

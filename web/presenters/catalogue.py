"""The catalogue: charters found, and how each keeps its word."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import ngettext

from charters.models import Edition
from charters.rules import standing
from commitments.models import Commitment
from core.text import Words, words
from indicators.models import IndicatorRule, Result
from indicators.queries.results import last_ended_lines
from web.presenters.charters import Validity, validity
from web.presenters.degrees import DegreesView, degrees_view
from web.presenters.figures import latest_ended
from web.presenters.standing import StatusCount, contribution_of, counts_of, standing_of


@dataclass(frozen=True, slots=True)
class CharterCard:
    """A charter in a list."""

    organisation_slug: str
    slug: str
    title: Words
    organisation: Words
    summary: Words
    standing: str
    validity: Validity
    commitments: str
    counts: list[StatusCount]
    degrees: DegreesView


def charter_cards(
    editions: Sequence[Edition], *, language: str, today: date
) -> list[CharterCard]:
    """
    Describe editions, with how their commitments stand; three queries for all.

    :param editions: with their charter and organisation.
    """
    statuses = _statuses(editions, today)
    return [
        _card(edition, statuses[edition.pk], language, today) for edition in editions
    ]


def _card(
    edition: Edition, statuses: list[str], language: str, today: date
) -> CharterCard:
    source = edition.source_language
    return CharterCard(
        organisation_slug=edition.organisation.slug,
        slug=edition.charter.slug,
        title=words(edition.title, language, source=source),
        organisation=words(
            edition.organisation.name, language, source=edition.organisation.language
        ),
        summary=words(edition.summary, language, source=source),
        standing=standing(edition, on=today),
        validity=validity(edition, on=today),
        commitments=ngettext("%(n)s commitment", "%(n)s commitments", len(statuses))
        % {"n": len(statuses)},
        counts=counts_of(statuses),
        degrees=degrees_view(statuses),
    )


def _statuses(editions: Iterable[Edition], today: date) -> dict[int, list[str]]:
    """Return how each commitment of each edition stands."""
    keys = [edition.pk for edition in editions]
    commitments = Commitment.objects.filter(edition__in=keys).values_list(
        "edition_id", "pk"
    )
    rules = list(IndicatorRule.objects.filter(edition__in=keys))
    lines: dict[int, list[Result]] = defaultdict(list)
    for line in last_ended_lines(
        indicators={rule.indicator_id for rule in rules}, today=today
    ):
        lines[line.indicator_id].append(line)
    found: dict[int, list[str]] = defaultdict(list)
    for rule in rules:
        latest = latest_ended(lines[rule.indicator_id], rule, today)
        found[rule.commitment_id].append(contribution_of(latest))
    statuses: dict[int, list[str]] = defaultdict(list)
    for edition_id, commitment_id in commitments:
        statuses[edition_id].append(standing_of(found[commitment_id]))
    return statuses

"""A claim as its citizen reads it."""

from dataclasses import dataclass
from datetime import date, datetime

from core.text import Words, words
from feedback.enums import ClaimState
from feedback.models import Claim
from web.presenters.periods import civil_day, day_words, last_day


@dataclass(frozen=True, slots=True)
class Day:
    """A day in words, and as machines write it."""

    words: str
    iso: str

    @classmethod
    def of(cls, day: date) -> "Day":
        return cls(day_words(day), day.isoformat())


@dataclass(frozen=True, slots=True)
class ClaimView:
    """
    A claim, ready to be read.

    :ivar spoken: language of the citizen's words and of the answer.
    :ivar due: last day to answer; ``None`` if the organisation has set no term.
    """

    reference: str
    state: str
    decided: bool
    organisation: Words
    organisation_slug: str
    charter: Words
    charter_slug: str
    promise: Words
    spoken: str
    facts_on: Day
    case_key: str
    narrative: str
    wish: str
    email: str
    received_on: Day
    due: Day | None
    decided_on: Day | None
    answer: str


def claim_view(claim: Claim, *, language: str) -> ClaimView:
    """Put a claim into words; it must come with organisation, charter and edition."""
    organisation, source = claim.organisation, claim.edition.source_language
    zone = organisation.time_zone

    def day(instant: datetime) -> Day:
        return Day.of(civil_day(instant, zone))

    return ClaimView(
        reference=claim.reference,
        state=claim.state,
        decided=claim.state != ClaimState.RECEIVED,
        organisation=words(organisation.name, language, source=organisation.language),
        organisation_slug=organisation.slug,
        charter=words(claim.edition.title, language, source=source),
        charter_slug=claim.charter.slug,
        promise=words(claim.commitment.text, language, source=source),
        spoken=claim.language,
        facts_on=Day.of(claim.facts_on),
        case_key=claim.case_key,
        narrative=claim.narrative,
        wish=claim.wish,
        email=claim.email,
        received_on=day(claim.received_at),
        due=Day.of(last_day(claim.due_at, zone)) if claim.due_at else None,
        decided_on=day(claim.decided_at) if claim.decided_at else None,
        answer=claim.answer,
    )

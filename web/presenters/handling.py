"""A claim as those who answer it see it: the promise, the case, the engine's word."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from core.text import Words, words
from engine.cases import Outcome
from feedback.enums import ClaimState
from feedback.models import Claim
from indicators.enums import VOIDED
from indicators.models import CaseFact, IndicatorRule
from indicators.queries.results import events_of_case, facts_of_case
from web.presenters.figures import REASONS
from web.presenters.periods import civil_day, day_words, last_day

# Excerpt of what the citizen wrote, for a row of the inbox.
EXCERPT = 140


@dataclass(frozen=True, slots=True)
class InboxLine:
    """A claim in the inbox."""

    reference: str
    state: str
    charter: Words
    promise_code: str
    excerpt: Words
    received_on: str
    due: str
    overdue: bool
    decided_on: str


@dataclass(frozen=True, slots=True)
class TrailEvent:
    """Something that happened in the case."""

    when: str
    iso: str
    type: str
    stream: Words
    replaced: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """
    What the engine found of the case, for one indicator.

    :ivar tone: of the badge: good, bad, info or quiet.
    """

    indicator: str
    name: Words
    verdict: str
    explanation: str
    tone: str
    icon: str


@dataclass(frozen=True, slots=True)
class CaseView:
    """Everything that is known of the case a claim names."""

    events: tuple[TrailEvent, ...]
    findings: tuple[Finding, ...]


def inbox_line(claim: Claim, *, language: str, zone: str, now: datetime) -> InboxLine:
    """Put a claim into a row; it must come with charter, edition and commitment."""
    text = claim.narrative
    return InboxLine(
        reference=claim.reference,
        state=claim.state,
        charter=words(
            claim.edition.title, language, source=claim.edition.source_language
        ),
        promise_code=claim.commitment.code,
        excerpt=Words(
            text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1].rstrip()}…",
            claim.language,
        ),
        received_on=day_words(civil_day(claim.received_at, zone)),
        due=day_words(last_day(claim.due_at, zone)) if claim.due_at else "",
        overdue=is_overdue(claim, now=now),
        decided_on=day_words(civil_day(claim.decided_at, zone))
        if claim.decided_at
        else "",
    )


def is_overdue(claim: Claim, *, now: datetime) -> bool:
    """Say whether a claim waits beyond its term."""
    return (
        claim.state == ClaimState.RECEIVED
        and claim.due_at is not None
        and claim.due_at <= now
    )


def case_view(claim: Claim, *, language: str, now: datetime) -> CaseView | None:
    """
    Say what the log and the engine know of the case that a claim names.

    :returns: ``None`` if it names none.
    """
    if not claim.case_key:
        return None
    rules = list(
        IndicatorRule.objects.filter(commitment=claim.commitment)
        .select_related("indicator", "stream")
        .order_by("position", "pk")
    )
    facts = {
        fact.indicator_id: fact
        for fact in facts_of_case(
            organisation=claim.organisation,
            indicators=[rule.indicator_id for rule in rules],
            case_key=claim.case_key,
        )
    }
    return CaseView(
        events=tuple(_trail(claim, rules, language)),
        findings=tuple(
            _finding(rule, facts.get(rule.indicator_id), claim, language, now)
            for rule in rules
        ),
    )


def _trail(
    claim: Claim, rules: Sequence[IndicatorRule], language: str
) -> Iterable[TrailEvent]:
    streams = {rule.stream.pk: rule.stream for rule in rules if rule.stream}
    for stream in streams.values():
        events = list(events_of_case(stream=stream, case_key=claim.case_key))
        replaced = {event.replaces for event in events}
        name = words(stream.name, language)
        # That an event was voided is told where it stands.
        for event in [item for item in events if item.type != VOIDED]:
            yield TrailEvent(
                when=instant_words(event.occurred_at, stream.time_zone),
                iso=event.occurred_at.isoformat(),
                type=event.type,
                stream=name if len(streams) > 1 else Words("", language),
                replaced=event.external_id in replaced,
            )


def instant_words(instant: datetime, zone: str) -> str:
    """Write an instant in the civil time of an office."""
    local = instant.astimezone(ZoneInfo(zone))
    return f"{day_words(local.date())}, {local:%H:%M}"


def _finding(
    rule: IndicatorRule,
    fact: CaseFact | None,
    claim: Claim,
    language: str,
    now: datetime,
) -> Finding:
    verdict, explanation, tone, icon = _verdict(fact, claim.organisation.time_zone, now)
    return Finding(
        indicator=rule.indicator.code,
        name=words(rule.name, language, source=claim.edition.source_language),
        verdict=verdict,
        explanation=explanation,
        tone=tone,
        icon=icon,
    )


def _verdict(
    fact: CaseFact | None, zone: str, now: datetime
) -> tuple[str, str, str, str]:
    """Return the verdict, why, and how its badge looks."""
    if fact is None:
        why = _("The events name no such case, or it is not one of those counted.")
        return _("Cannot tell"), why, "quiet", "not-computable"
    if fact.outcome == Outcome.MET:
        return _("The promise was kept"), _ended(fact, zone), "good", "met"
    if fact.outcome == Outcome.MISSED:
        return _("The promise was not kept"), _ended(fact, zone), "bad", "unmet"
    if fact.outcome == Outcome.OPEN:
        return _open(fact, zone, now)
    if fact.outcome == Outcome.COUNTED:
        why = _("This indicator judges all cases together, not each of them.")
        return _("Cannot tell"), why, "quiet", "not-computable"
    reason = str(REASONS.get(fact.reason, fact.reason))
    if fact.outcome == Outcome.EXCLUDED:
        why = _("The case is not counted: %(reason)s.") % {"reason": reason}
        return _("Cannot tell"), why, "quiet", "not-computable"
    why = _("The deadline runs beyond the days that the work calendar knows.")
    return _("Cannot tell"), why, "quiet", "not-computable"


def _open(fact: CaseFact, zone: str, now: datetime) -> tuple[str, str, str, str]:
    if fact.due_at is None:
        return _("Still open"), "", "info", "clock"
    day = {"date": day_words(last_day(fact.due_at, zone))}
    if fact.due_at <= now:
        why = _("It is still open, and its last good day was %(date)s.") % day
        return _("The promise was not kept"), why, "bad", "unmet"
    why = _("It has until %(date)s, included.") % day
    return _("Still open"), why, "info", "clock"


def _ended(fact: CaseFact, zone: str) -> str:
    if fact.due_at is None or fact.ended_at is None:
        return ""
    return _("It ended on %(end)s; its last good day was %(due)s.") % {
        "end": instant_words(fact.ended_at, zone),
        "due": day_words(last_day(fact.due_at, zone)),
    }

"""Read calendars: what they say, who counts with them, whether they reach far enough."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from accounts.models import Organisation, User
from charters.enums import EditionState
from core.models import AuditEntry
from engine.worktime import (
    BeyondCalendarError,
    Term,
    TermError,
    WorkCalendar as Compiled,
    due_at,
)
from indicators.models import CalendarVersion, IndicatorRule, WorkCalendar

AUDIT_VERB = "indicators.calendar"
SOON = timedelta(days=120)
TERM_KEYS = ("amount", "unit", "day_one", "roll", "entry", "ends")


def audit_subject(code: str, number: int) -> str:
    """Return how the audit trail calls a version of a calendar."""
    return f"{code}/{number}"


@dataclass(frozen=True, slots=True)
class Use:
    """
    A rule of an edition that counts with a calendar.

    :ivar ends_on: first day on which the edition does not hold; ``None``: no end.
    :ivar terms: the amounts of time that the rule speaks of.
    """

    charter: str
    title: dict[str, str]
    language: str
    indicator: str
    published: bool
    begins_on: date | None
    ends_on: date | None
    terms: tuple[Term, ...]

    def holds_after(self, day: date) -> bool:
        """Say whether the edition is published and holds on a day or later."""
        return self.published and (self.ends_on is None or day < self.ends_on)


@dataclass(frozen=True, slots=True)
class CalendarLine:
    """
    A calendar with what it says now.

    :ivar uses: by whom it is counted with, in order of charter and indicator.
    :ivar for_claims: whether the term to answer claims is counted with it.
    """

    calendar: WorkCalendar
    version: CalendarVersion
    uses: tuple[Use, ...]
    for_claims: bool


def calendar_lines(organisation: Organisation) -> list[CalendarLine]:
    """Return an organisation's calendars by code, in two queries."""
    newest = (
        CalendarVersion.objects.filter(organisation=organisation)
        .select_related("calendar")
        .order_by("calendar_id", "-number")
        .distinct("calendar_id")
    )
    uses = _uses(organisation)
    return sorted(
        (
            CalendarLine(
                calendar=version.calendar,
                version=version,
                uses=tuple(uses.get(version.calendar_id, ())),
                for_claims=bool(organisation.claim_term)
                and version.calendar.code == organisation.claim_calendar,
            )
            for version in newest
        ),
        key=lambda line: line.calendar.code,
    )


def _uses(organisation: Organisation) -> dict[int, list[Use]]:
    rules = (
        IndicatorRule.objects.filter(organisation=organisation, calendar__isnull=False)
        .select_related("edition__charter", "indicator")
        .defer("edition__snapshot")
        .order_by("edition__charter__slug", "indicator__code", "edition__number")
    )
    found: dict[int, list[Use]] = {}
    for rule in rules:
        found.setdefault(rule.calendar_id or 0, []).append(_use(rule))
    return found


def _use(rule: IndicatorRule) -> Use:
    edition = rule.edition
    ends = [day for day in (edition.valid_until, edition.ended_on) if day is not None]
    return Use(
        charter=edition.charter.slug,
        title=edition.title,
        language=edition.source_language,
        indicator=rule.indicator.code,
        published=edition.state == EditionState.PUBLISHED,
        begins_on=edition.valid_from,
        ends_on=min(ends, default=None),
        terms=tuple(terms_in(rule.definition)),
    )


def terms_in(definition: object) -> Iterator[Term]:
    """Yield every term that stands anywhere in a rule's definition, once."""
    found: dict[Term, None] = {}
    parts = [definition]
    while parts:
        part = parts.pop()
        if isinstance(part, Mapping):
            parts += part.values()
            # Beside a term there may stand which side of it is the good one.
            term = {key: part[key] for key in TERM_KEYS if key in part}
            with suppress(TermError):
                found[Term.from_definition(term)] = None
        elif isinstance(part, list):
            parts += part
    yield from found


# How far a calendar reaches.


def ends_soon(calendar: Compiled, *, today: date) -> bool:
    """Say whether a calendar's last day is past, or within 120 days."""
    return calendar.known_until <= today + SOON


def too_short_for(
    calendar: Compiled, uses: Sequence[Use], *, now: datetime
) -> list[tuple[Use, Term]]:
    """
    Return the published terms that run beyond the days a calendar knows.

    Asked of a case that begins now, or when its edition comes into force if that is
    later. Such a case is not computable until the calendar knows more.
    """
    today = now.astimezone(calendar.zone).date()
    return [
        (use, term)
        for use in uses
        if use.holds_after(today)
        for term in use.terms
        if is_beyond(calendar, term, start=_first_start(use, calendar, now))
    ]


def _first_start(use: Use, calendar: Compiled, now: datetime) -> datetime:
    if use.begins_on is None:
        return now
    begins = datetime.combine(use.begins_on, datetime.min.time(), calendar.zone)
    return max(now, begins)


def is_beyond(calendar: Compiled, term: Term, *, start: datetime) -> bool:
    """Say whether a term that begins at ``start`` needs a day that is not known."""
    try:
        due_at(start, term, calendar, zone=calendar.zone)
    except BeyondCalendarError:
        return True
    return False


# What a calendar has said.


@dataclass(frozen=True, slots=True)
class VersionLine:
    """
    A version in a calendar's history.

    :ivar by: who saved it; empty if it came with the import of a charter.
    :ivar reason: why, in that person's words.
    """

    number: int
    created_at: datetime
    by: str
    reason: str


def history_of(calendar: WorkCalendar) -> list[VersionLine]:
    """Return a calendar's versions, the newest first, in three queries."""
    versions = list(
        calendar.versions.order_by("-number").values_list("number", "created_at")
    )
    entries = list(
        AuditEntry.objects.filter(
            organisation_id=calendar.organisation_id,
            verb=AUDIT_VERB,
            subject__in=[
                audit_subject(calendar.code, number) for number, _created in versions
            ],
        ).order_by("pk")
    )
    names = {
        user.pk: str(user)
        for user in User.objects.filter(pk__in={entry.actor_id for entry in entries})
    }
    # The first entry of a version made it; later ones changed the calendar's name.
    made: dict[str, AuditEntry] = {}
    for entry in entries:
        made.setdefault(entry.subject, entry)
    return [
        _version_line(
            number, created_at, made.get(audit_subject(calendar.code, number)), names
        )
        for number, created_at in versions
    ]


def _version_line(
    number: int,
    created_at: datetime,
    entry: AuditEntry | None,
    names: Mapping[Any, str],
) -> VersionLine:
    return VersionLine(
        number=number,
        created_at=created_at,
        by=names.get(entry.actor_id, "") if entry else "",
        reason=str(entry.details.get("reason", "")) if entry else "",
    )

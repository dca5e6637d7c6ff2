"""A promised deadline as a citizen reads it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from core.text import Words, words
from engine.measures import Kind
from engine.rules import Goal
from engine.worktime import RESOLUTION, Derivation
from indicators.models import CalendarVersion
from indicators.queries.deadlines import PromisedTerm
from web.presenters.derivations import (
    DerivationView,
    derivation_view,
    due_words,
    moment_words,
    term_rules,
    term_words,
    weekday_words,
)
from web.presenters.explanations import asked_words
from web.presenters.numbers import number

LONGEST_CHOICE = 90  # letters of a commitment in a list of choices
Choice = tuple[str, Words]


@dataclass(frozen=True, slots=True)
class DeadlineView:
    """
    A deadline, ready to be read.

    :ivar day: the last day, in words; ``iso`` for machines.
    :ivar promise: what is promised; empty for a term on its own.
    :ivar share: for how many cases, and ``notes``: what may move the day.
    :ivar rules: how the term is counted.
    """

    begins: str
    day: str
    iso: str
    last: str
    promise: Words
    commitment: str
    charter: str
    share: str
    notes: tuple[str, ...]
    rules: tuple[str, ...]
    derivation: DerivationView


def promise_choices(
    terms: Iterable[PromisedTerm], *, language: str
) -> list[tuple[str, list[Choice]]]:
    """Group the promised terms by charter, in words."""
    groups: dict[str, list[Choice]] = {}
    for item in terms:
        title = _title(item, language).text or item.row.edition.charter.slug
        groups.setdefault(title, []).append((item.code, _label(item, language)))
    return list(groups.items())


def calendar_choices(
    versions: Iterable[CalendarVersion], *, language: str
) -> list[Choice]:
    """Name the calendars."""
    named = [
        (item.calendar.code, words(item.calendar.name, language)) for item in versions
    ]
    return [(code, name if name.text else Words(code, "")) for code, name in named]


def _title(item: PromisedTerm, language: str) -> Words:
    edition = item.row.edition
    return words(edition.title, language, source=edition.source_language)


def _label(item: PromisedTerm, language: str) -> Words:
    text = promise_words(item, language)
    short = text.text
    if len(short) > LONGEST_CHOICE:
        short = f"{short[: LONGEST_CHOICE - 1].rstrip()}…"
    if item.code != item.row.indicator.code:  # one of several terms
        conditions = map(asked_words, item.conditions)
        short = " · ".join([short, term_words(item.term), *conditions])
    return Words(short, text.language)


def promise_words(item: PromisedTerm, language: str) -> Words:
    """Say what is promised."""
    return words(
        item.row.commitment.text, language, source=item.row.edition.source_language
    )


def deadline_view(
    told: Derivation, item: PromisedTerm | None, *, language: str
) -> DeadlineView | None:
    """
    Put a deadline into words; ``None`` if nothing is ever due.

    :param item: the promise whose term it is.
    """
    if told.due_at is None or told.term is None:
        return None
    last = last_day_of(told)
    return DeadlineView(
        begins=moment_words(told.start, told.zone),
        day=weekday_words(last),
        iso=last.isoformat(),
        last=due_words(told.due_at, told.zone),
        promise=Words("", "") if item is None else promise_words(item, language),
        commitment="" if item is None else item.row.commitment.code,
        charter="" if item is None else item.row.edition.charter.slug,
        share="" if item is None else _share(item, told),
        notes=() if item is None else tuple(_notes(item)),
        rules=term_rules(told.term),
        derivation=derivation_view(told),
    )


def last_day_of(told: Derivation) -> date:
    """
    Return the day of the last moment that is in time.

    :raises ValueError: if nothing is due.
    """
    if told.due_at is None:
        msg = "nothing is due"
        raise ValueError(msg)
    return (told.due_at - RESOLUTION).astimezone(ZoneInfo(told.zone)).date()


def _share(item: PromisedTerm, told: Derivation) -> str:
    """Say for how many cases it is promised."""
    goal = item.goal_on(told.start.astimezone(ZoneInfo(told.zone)).date())
    if item.rule.kind is Kind.EVERY_CASE_WITHIN_LIMIT or _is_all(goal):
        return _("The charter promises this for every case.")
    if goal is not None and goal.comparator in {">=", ">"}:
        return _(
            "The charter promises this for at least %(share)s %% of the cases, not for "
            "every one."
        ) % {"share": number(goal.target)}
    return _("The charter does not say for how many of the cases it promises this.")


def _is_all(goal: Goal | None) -> bool:
    return goal is not None and goal.comparator in {">=", "="} and goal.target >= 100


def _notes(item: PromisedTerm) -> Iterable[str]:
    if item.rule.clock.types:
        yield _(
            "The term of this promise begins later than the case, with the step that "
            "the charter names: give the day and time of that step."
        )
    if item.rule.pauses:
        yield _(
            "While the office waits for something that is not in its hands, the clock "
            "stands still and the last day moves on."
        )
    if item.rule.extension is not None:
        yield _("In some cases the term can be extended.")


def as_query(told: Derivation, *, organisation: str, calendar: str) -> str:
    """Write a deadline as a question to the interface for machines."""
    if told.term is None:
        return ""
    definition = told.term.as_definition()
    entry = definition.pop("entry")
    asked: dict[str, object] = {
        "org": organisation,
        "calendar": calendar,
        "start": told.start.astimezone(ZoneInfo(told.zone)).isoformat(),
        **definition,
        "roll": "true" if told.term.roll else "false",
        **(entry if isinstance(entry, dict) else {"entry": entry}),
    }
    if not told.term.unit.is_days:
        asked.pop("ends")
    return urlencode({name: value for name, value in asked.items() if value})


def next_day(day: date) -> date:
    """Return the day after, at which an event of a whole day ends."""
    return day + timedelta(days=1)

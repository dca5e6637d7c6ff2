"""Declared values in words: what was said, on what proof, by whom, and what stands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import Organisation
from core.text import Words, words
from indicators.enums import ManualState, ResultState
from indicators.models import ManualValue, Result
from indicators.queries.declared import (
    Bond,
    bond_for,
    declared_content,
    period_of_value,
)
from web.presenters.handling import instant_words
from web.presenters.numbers import number
from web.presenters.periods import day_words, long_name
from web.presenters.sentences import sentence_of

# Tone and icon of what became of a value.
MARKS = {
    ManualState.WAITING: ("warn", "clock"),
    ManualState.CONFIRMED: ("good", "approved"),
    ManualState.REJECTED: ("bad", "rejected"),
}


@dataclass(frozen=True, slots=True)
class ValueView:
    """
    A declared value.

    :ivar sentence: what the ledger says of it, or would.
    :ivar stands: of a confirmed one, whether it is the figure of its period now.
    :ivar measured: events have been measured since; they are the figure now.
    """

    pk: int
    indicator: str
    period: str
    version: str
    corrects: str
    cause: str
    sentence: str
    source: Words
    source_on: str
    document: str
    state: str
    state_words: str
    tone: str
    icon: str
    entered: str
    decided: str
    reason: str
    waits: bool
    confirmed: bool
    stands: bool
    measured: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What the views of an indicator's values need to know."""

    bonds: list[Bond]
    newest: Mapping[tuple[str, object], Result]
    organisation: Organisation
    language: str


def value_views(values: Iterable[ManualValue], told: Told) -> tuple[ValueView, ...]:
    """Put values of one indicator into words, in their order."""
    return tuple(_view(value, told) for value in values)


def newest_by_period(
    lines: Iterable[Result],
) -> dict[tuple[str, object], Result]:
    """Return what the ledger says last, by kind of period and first day."""
    return {(line.period_kind, line.period_start): line for line in lines}


def _view(value: ManualValue, told: Told) -> ValueView:
    state = ManualState(value.state)
    tone, icon = MARKS[state]
    zone = told.organisation.time_zone
    line = told.newest.get((value.period_kind, value.period_start))
    bond = bond_for(told.bonds, period_of_value(value))
    source = bond.row.edition.source_language if bond else told.organisation.language
    confirmed = state is ManualState.CONFIRMED
    return ValueView(
        pk=value.pk,
        indicator=value.indicator.code,
        period=long_name(period_of_value(value)),
        version=number(value.version),
        corrects=number(value.corrects.version) if value.corrects else "",
        cause=value.cause,
        sentence=_sentence(value, bond, told),
        source=words(value.source, told.language, source=source),
        source_on=day_words(value.source_on),
        document=value.document,
        state=state,
        state_words=str(state.label),
        tone=tone,
        icon=icon,
        entered=_("%(person)s, %(instant)s")
        % {
            "person": value.entered_by,
            "instant": instant_words(value.entered_at, zone),
        },
        decided=_("%(person)s, %(instant)s")
        % {
            "person": value.decided_by,
            "instant": instant_words(value.decided_at, zone),
        }
        if value.decided_at
        else "",
        reason=value.reason,
        waits=state is ManualState.WAITING,
        confirmed=confirmed,
        stands=confirmed and line is not None and line.declared_id == value.pk,
        measured=confirmed and line is not None and line.declared_id is None,
    )


def _sentence(value: ManualValue, bond: Bond | None, told: Told) -> str:
    content = declared_content(value, told.bonds)
    if bond is None or content is None:
        return ""
    line = Result(
        indicator_id=value.indicator_id,
        period_kind=value.period_kind,
        period_start=value.period_start,
        period_end=value.period_end,
        declared=value,
        state=ResultState.FROZEN,
        **content,
    )
    return sentence_of(line, bond.row, None)

"""The cases of an indicator in a list."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy

from core.text import Words, words
from engine.periods import Period
from engine.worktime import RESOLUTION
from indicators.models import IndicatorRule
from indicators.queries.cases import CaseGroup, CaseLine
from web.presenters.explanations import VERDICTS
from web.presenters.figures import REASONS
from web.presenters.handling import instant_words
from web.presenters.periods import day_words, long_name

GROUPS = {
    CaseGroup.MET: gettext_lazy("The promise was kept"),
    CaseGroup.MISSED: gettext_lazy("The promise was not kept"),
    CaseGroup.PENDING: gettext_lazy("Still open"),
    CaseGroup.COUNTED: gettext_lazy("Counted with the others"),
    CaseGroup.EXCLUDED: gettext_lazy("Not counted"),
    CaseGroup.NOT_COMPUTABLE: gettext_lazy("Cannot be computed"),
}


@dataclass(frozen=True, slots=True)
class CaseRow:
    """
    A case in a list.

    :ivar part: which of its contributions, where a case makes several.
    :ivar last: its last moment in time, if it has one.
    """

    case: str
    part: str
    verdict: str
    tone: str
    icon: str
    reason: Words
    suspended: bool
    began: str
    last: str
    ended: str
    counted_on: str


def case_rows(
    lines: Iterable[CaseLine], *, language: str, source: str, zone: str
) -> list[CaseRow]:
    """
    Put cases into rows.

    :param source: the language of the charter, in which it may give reasons.
    :param zone: civil time of the office.
    """
    return [_row(line, language, source, zone) for line in lines]


def _row(line: CaseLine, language: str, source: str, zone: str) -> CaseRow:
    fact = line.fact
    verdict, tone, icon = VERDICTS[line.outcome]
    return CaseRow(
        case=fact.case,
        part=fact.part,
        verdict=str(verdict),
        tone=tone,
        icon=icon,
        reason=_reason(line.reason, language, source),
        suspended=fact.suspended,
        began=instant_words(fact.began_at, zone),
        last="" if fact.due_at is None else _last(fact.due_at, zone),
        ended="" if fact.ended_at is None else instant_words(fact.ended_at, zone),
        counted_on=day_words(fact.counted_on),
    )


def _last(due_at: datetime, zone: str) -> str:
    return instant_words(due_at - RESOLUTION, zone)


def _reason(code: str, language: str, source: str) -> Words:
    if code in REASONS:
        return Words(str(REASONS[code]), language)
    return Words(code, source)  # the charter's own words


def group_choices() -> list[tuple[str, str]]:
    """Name the groups to choose from."""
    return [(group.value, str(name)) for group, name in GROUPS.items()]


def reason_choices(
    reasons: Iterable[str], *, language: str, source: str
) -> list[tuple[str, Words]]:
    """Name the reasons to choose from."""
    return [
        (code, _reason(code, language, source)) for code in sorted(set(reasons) - {""})
    ]


def period_choices(periods: Iterable[Period | None]) -> list[tuple[str, str]]:
    """Name the periods to choose from, the newest first."""
    newest_first = sorted((item for item in periods if item), reverse=True)
    return [(period.label, long_name(period)) for period in newest_first]


def name_of(rule: IndicatorRule, language: str) -> Words:
    """Name an indicator as its newest edition does."""
    return words(rule.name, language, source=rule.edition.source_language)

"""Read declared values, and what the ledger is to say of them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Organisation
from charters.enums import EditionState
from engine.cases import Promise
from engine.compliance import promise_for
from engine.declared import Declared, can_be_declared, judge_declared
from engine.measures import Kind
from engine.periods import Period, PeriodKind, period_of, periods_between
from indicators.enums import ManualState, ResultStatus
from indicators.models import Indicator, IndicatorRule, ManualValue, Result
from indicators.queries.computing import engine_rule, stored, suspensions_of

DECLARABLE = [kind.value for kind in Kind if can_be_declared(kind)]
MOST_PERIODS = 36


@dataclass(frozen=True, slots=True)
class Bond:
    """What a published edition promises of an indicator, whatever it is read from."""

    row: IndicatorRule
    promise: Promise
    period: PeriodKind


def bonds_of(indicator: Indicator) -> list[Bond]:
    """Return what an indicator's published editions promise, in order of validity."""
    rows = (
        IndicatorRule.objects.filter(
            indicator=indicator,
            edition__state=EditionState.PUBLISHED,
            edition__valid_from__isnull=False,
            kind__in=DECLARABLE,
        )
        .exclude(period="")
        .select_related("edition", "commitment")
        .order_by("edition__valid_from")
    )
    suspensions = suspensions_of(indicator.charter_id)
    return [
        Bond(
            row,
            Promise(
                rule=engine_rule(row),
                from_on=first,
                until_on=min(
                    filter(None, [row.edition.valid_until, row.edition.ended_on]),
                    default=None,
                ),
                suspensions=suspensions.get(row.commitment.code, ()),
            ),
            PeriodKind(row.period),
        )
        for row in rows
        if (first := row.edition.valid_from) is not None
    ]


def bond_for(bonds: Sequence[Bond], period: Period) -> Bond | None:
    """Return what judges a period: the earliest promise in force in it."""
    promise = promise_for([bond.promise for bond in bonds], period)
    return next((bond for bond in bonds if bond.promise is promise), None)


def open_periods(indicator: Indicator, *, today: date) -> list[Period]:
    """
    Return the official periods of which a value may be declared, the newest first.

    Those that are over, of which something was promised and nothing was measured,
    that nobody has declared yet and for which no value waits.
    """
    bonds = bonds_of(indicator)
    if not bonds:
        return []
    first = bonds[0].promise.from_on
    found = {
        period
        for kind in {bond.period for bond in bonds}
        for period in periods_between(period_of(first, kind).start, today, kind)
        if period.end <= today
        and (bond := bond_for(bonds, period)) is not None
        and bond.period is kind
    }
    measured = Result.objects.filter(indicator=indicator, segment="", n__gt=0).exclude(
        status=ResultStatus.NO_DATA_YET
    )
    spoken = ManualValue.objects.filter(indicator=indicator).exclude(
        state=ManualState.REJECTED
    )
    taken = {
        (kind, start)
        for rows in (measured, spoken)
        for kind, start in rows.values_list("period_kind", "period_start")
    }
    return sorted(
        (p for p in found if (p.kind.value, p.start) not in taken), reverse=True
    )[:MOST_PERIODS]


def declared_indicators(organisation: Organisation) -> list[IndicatorRule]:
    """
    Return the indicators that are declared by hand, or were, as edited last.

    Those without a feed of events, and those of which a value was ever entered.
    """
    spoken = ManualValue.objects.filter(indicator=OuterRef("indicator"))
    newest = (
        IndicatorRule.objects.filter(
            organisation=organisation,
            edition__state=EditionState.PUBLISHED,
            kind__in=DECLARABLE,
        )
        .exclude(period="")
        .select_related("indicator", "edition")
        .annotate(spoken=Exists(spoken))
        .order_by("indicator__code", "-edition__valid_from")
        .distinct("indicator__code")
    )
    return [row for row in newest if row.stream_id is None or vars(row)["spoken"]]


def period_of_value(value: ManualValue) -> Period:
    """Return the period that a declared value is of."""
    return Period(value.period_start, value.period_end, PeriodKind(value.period_kind))


def values_waiting(organisation: Organisation) -> QuerySet[ManualValue]:
    """Return what waits for a second person, the oldest first."""
    return (
        ManualValue.objects.filter(organisation=organisation, state=ManualState.WAITING)
        .select_related("indicator", "entered_by", "corrects")
        .order_by("entered_at", "pk")
    )


def values_of(indicator: Indicator) -> QuerySet[ManualValue]:
    """Return all that was ever declared of an indicator, the newest period first."""
    return (
        ManualValue.objects.filter(indicator=indicator)
        .select_related("indicator", "entered_by", "decided_by", "corrects")
        .order_by("-period_start", "period_kind", "-version")
    )


def newest_line(value: ManualValue) -> Result | None:
    """Return what the ledger says last of the period of a declared value."""
    return (
        Result.objects.filter(
            indicator_id=value.indicator_id,
            period_kind=value.period_kind,
            period_start=value.period_start,
            segment="",
        )
        .order_by("-revision")
        .first()
    )


def said_by(value: ManualValue) -> Declared:
    """Return the numbers of a declared value, for the engine."""
    return Declared(value.n, value.value, value.numerator, value.denominator)


def declared_content(
    value: ManualValue, bonds: Sequence[Bond]
) -> dict[str, Any] | None:
    """
    Compute what the ledger says of a confirmed value.

    :param bonds: see :func:`bonds_of`.
    :returns: values of the fields :data:`indicators.queries.computing.CONTENT`;
        ``None`` if nothing was promised in the period.
    :raises engine.declared.DeclaredError: if the numbers make no figure.
    """
    period = period_of_value(value)
    bond = bond_for(bonds, period)
    if bond is None:
        return None
    start, end = bond.promise.days_in(period)
    suspended = any(
        item.from_on < end and (item.until_on is None or item.until_on > start)
        for item in bond.promise.suspensions
    )
    found = judge_declared(
        said_by(value), bond.promise.rule, period, suspended=suspended
    )
    figure, goal = found.figure, found.goal
    return {
        "n": figure.n,
        "met": figure.met,
        "missed": figure.missed,
        "pending": 0,
        "excluded": {},
        "not_computable": 0,
        # Without its parts a share has a value alone.
        "numerator": stored(figure.numerator) if found.parts else None,
        "denominator": stored(figure.denominator) if found.parts else None,
        "value": None if figure.value is None else stored(figure.value),
        "low": figure.low,
        "high": figure.high,
        "status": found.status.value,
        "comparator": goal.comparator if goal else "",
        "target": goal.target if goal else None,
        "whole": None,
        "last_event_at": None,
        "rule_digest": bond.promise.rule.digest,
        "inputs_digest": value.digest,
    }


def declared_differences(line: Result, content: Mapping[str, Any]) -> list[str]:
    """Return the fields in which a declared line is not what its value says now."""
    return [
        name
        for name, value in content.items()
        # Another edition that asks the same is no reason to publish another figure.
        if getattr(line, name) != value and name != "rule_digest"
    ]


# What a declared value's digest is taken over, in order.
DIGESTED = (
    "indicator_id",
    "period_kind",
    "period_start",
    "period_end",
    "version",
    "n",
    "numerator",
    "denominator",
    "value",
    "source",
    "source_on",
    "document",
    "corrects_id",
    "cause",
    "entered_by_id",
    "entered_at",
    "decided_by_id",
    "decided_at",
)


def digest_of_value(value: ManualValue) -> str:
    """Return the SHA-256 of a decided value: of the numbers, their proof and its people."""
    content = [_plain(getattr(value, name)) for name in DIGESTED]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(found: object) -> object:
    if isinstance(found, Decimal):
        return format(found.normalize(), "f")
    if isinstance(found, datetime):
        return found.astimezone(UTC).isoformat()
    return found.isoformat() if isinstance(found, date) else found

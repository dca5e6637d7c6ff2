"""Explanations as JSON (``docs/formats/explanation.schema.json``)."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from engine.cases import Event, Promise
from engine.explanations.findings import (
    CaseExplanation,
    Checked,
    Crowd,
    Finding,
    LimitFound,
    PauseFound,
    Timing,
    UsedEvent,
)
from engine.statistics import EXACT

FORMAT = "paraula-explanation/1"
Json = dict[str, Any]


def as_json(explanation: CaseExplanation) -> Json:
    """
    Return an explanation as plain JSON data, with every key.

    Instants are in UTC, days are those of the office, numbers are text. The same
    explanation gives the same data for ever.
    """
    start, ignored = explanation.start, explanation.ignored
    return {
        "format": FORMAT,
        "case": explanation.case,
        "source": explanation.source,
        "zone": explanation.zone.key,
        "as_of": _instant(explanation.as_of),
        "ignored": ignored and ignored.value,
        "start": start and _event(start),
        "conditions": list(map(_condition, explanation.conditions)),
        "findings": list(map(_finding, explanation.findings)),
    }


def plain(number: Decimal) -> str:
    """Write a number without an exponent and without zeros at its end."""
    return format(number.normalize(EXACT), "f") if number else "0"


def _finding(finding: Finding) -> Json:
    fact, promise, start = finding.fact, finding.promise, finding.start
    return {
        "outcome": finding.outcome.value,
        "reason": finding.reason,
        "part": fact.part,
        "segment": fact.segment,
        "counted_on": fact.counted_on.isoformat(),
        "counted_in": promise and promise.rule.cases.counted_in,
        "began_at": _instant(fact.began_at),
        "due_at": _instant(fact.due_at),
        "ended_at": _instant(fact.ended_at),
        "value": _number(fact.value),
        "base": _number(fact.base),
        "promise": promise and _promise(promise),
        "start": _event(start),
        "events": list(map(_used, finding.events)),
        "conditions": list(map(_condition, finding.conditions)),
        "timing": finding.timing and _timing(finding.timing),
        "suspended": [
            _days(item.from_on, item.until_on) for item in finding.suspensions
        ],
        "crowd": finding.crowd and _crowd(finding.crowd),
    }


def _event(event: Event) -> Json:
    return {
        "id": event.id,
        "type": event.type,
        "at": _instant(event.at),
        "value": _number(event.value),
    }


def _used(used: UsedEvent) -> Json:
    return {**_event(used.event), "uses": [use.value for use in used.uses]}


def _promise(promise: Promise) -> Json:
    return {
        "kind": promise.rule.kind.value,
        "rule": promise.rule.digest,
        **_days(promise.from_on, promise.until_on),
    }


def _condition(checked: Checked) -> Json:
    condition = checked.condition
    return {
        "path": checked.path,
        "attribute": condition.attribute,
        "value_of": sorted(condition.value_of),
        "has": sorted(condition.has),
        "in": sorted(condition.values),
        "comparator": condition.comparator,
        "number": plain(condition.number) if condition.comparator else None,
        "reason": condition.reason,
        "found": checked.found,
        "holds": checked.holds,
    }


def _timing(timing: Timing) -> Json:
    return {
        "zone": timing.zone.key,
        "since": _instant(timing.since),
        "end": _instant(timing.end),
        "pauses": list(map(_pause, timing.pauses)),
        "limits": list(map(_limit, timing.limits)),
        "spent": timing.spent and timing.spent.as_json(),
    }


def _pause(pause: PauseFound) -> Json:
    return {
        "from": _instant(pause.since),
        "until": _instant(pause.until),
        "by": pause.by.id,
        "ended_by": pause.ended_by and pause.ended_by.id,
        "reopened": pause.reopened,
        "capped": pause.capped,
    }


def _limit(found: LimitFound) -> Json:
    limit = found.limit
    return {
        "path": found.path,
        "term": limit.term and limit.term.as_definition(),
        "attribute": limit.attribute,
        "sense": limit.sense.value,
        "conditions": list(map(_condition, found.conditions)),
        "extended_by": found.extended_by and found.extended_by.id,
        "due_at": _instant(found.due_at),
        "deadline": found.deadline and found.deadline.as_json(),
    }


def _crowd(crowd: Crowd) -> Json:
    return {
        "per": crowd.per,
        "from": crowd.from_on.isoformat(),
        "came": crowd.came,
        "at_most": crowd.at_most,
    }


def _days(from_on: date, until_on: date | None) -> Json:
    return {
        "from": from_on.isoformat(),
        "until": None if until_on is None else until_on.isoformat(),
    }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()


def _number(number: Decimal | None) -> str | None:
    return None if number is None else plain(number)

"""The log in words: what came when, what replaced what, what figures followed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from core.models import AuditEntry
from indicators.enums import VOIDED
from indicators.models import IndicatorRule, Result, ServiceEvent, Stream
from indicators.queries.computing import period_of_result
from web.presenters.figures import brief
from web.presenters.handling import instant_words
from web.presenters.numbers import number
from web.presenters.periods import long_name


@dataclass(frozen=True, slots=True)
class EventView:
    """
    An event of the log.

    :ivar replaces: identifier of what it replaces; ``before``: what that said.
    :ivar replaced_by: identifier of what replaces it: it counts no more.
    :ivar voided: it says that what it replaces never happened.
    :ivar voids: codes of the indicators for which it makes its case void.
    :ivar reason: why somebody recorded it by hand, ``by``: who; empty for machines.
    """

    pk: int
    id: str
    case: str
    type: str
    occurred: str
    received: str
    value: str
    attributes: str
    digest: str
    replaces: str
    before: str
    replaced_by: str
    voided: bool
    voids: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class RestatedView:
    """A figure that was restated after a correction came in."""

    indicator: str
    period: str
    figure: str
    status: str
    revision: str
    computed: str


@dataclass(frozen=True, slots=True)
class Around:
    """What the views of a stream's events need to know beside them."""

    stream: Stream
    replaced: Mapping[str, ServiceEvent]
    reasons: Mapping[str, AuditEntry]
    people: Mapping[int, str]
    voids: Mapping[str, Sequence[str]]


def event_views(events: Iterable[ServiceEvent], around: Around) -> list[EventView]:
    """Put events with their ``replaced_by`` into words, in their order."""
    return [_view(event, around) for event in events]


def _view(event: ServiceEvent, around: Around) -> EventView:
    zone = around.stream.time_zone
    before = around.replaced.get(event.replaces or "")
    entry = around.reasons.get(event.external_id)
    return EventView(
        pk=event.pk,
        id=event.external_id,
        case=event.case_key,
        type="" if event.type == VOIDED else event.type,
        occurred=_instant(event, zone),
        received=instant_words(event.received_at, zone),
        value=_value(event),
        attributes=_attributes(event),
        digest=event.digest,
        replaces=event.replaces or "",
        before=_said(before, zone) if before else "",
        replaced_by=vars(event).get("replaced_by") or "",
        voided=event.type == VOIDED,
        voids=", ".join(around.voids.get(event.type, ())),
        reason=str(entry.details.get("reason", "")) if entry else "",
        by=around.people.get(entry.actor_id or 0, "") if entry else "",
    )


def _instant(event: ServiceEvent, zone: str) -> str:
    """Write the instant with its offset: in one night of the year it needs it."""
    local = event.occurred_at.astimezone(ZoneInfo(zone))
    return f"{instant_words(event.occurred_at, zone)}:{local:%S} ({local:%z})"


def _value(event: ServiceEvent) -> str:
    return "" if event.value is None else number(event.value)


def _attributes(event: ServiceEvent) -> str:
    return ", ".join(
        f"{name}: {text}" for name, text in sorted(event.attributes.items())
    )


def _said(event: ServiceEvent, zone: str) -> str:
    """Say what an event said, in one line."""
    type_ = _("void") if event.type == VOIDED else event.type
    parts = [type_, _instant(event, zone), _value(event), _attributes(event)]
    return ", ".join(filter(None, parts))


def restated_views(
    lines: Iterable[Result], rules: Mapping[int, IndicatorRule], zone: str
) -> list[RestatedView]:
    """
    Put figures that were restated into words.

    :param rules: what the newest edition says of each indicator, by its key.
    """
    return [
        RestatedView(
            indicator=line.indicator.code,
            period=long_name(period_of_result(line)),
            figure=brief(line, rules[line.indicator_id]),
            status=line.status,
            revision=number(line.revision),
            computed=instant_words(line.as_of_at, zone),
        )
        for line in lines
        if line.indicator_id in rules
    ]

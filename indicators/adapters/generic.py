"""
Any system that can post JSON: a mapping says where in the message things are.

Paths are names joined by dots: ``ticket.state.name``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from indicators.adapters.payloads import (
    SettingsError,
    filled,
    inner,
    instant,
    records,
    text,
)
from indicators.adapters.sightings import (
    Event,
    event,
    lists,
    prefixed,
    refuse_unknown,
    word,
    words,
)

ENTRIES = frozenset({"items", "prefix", "case", "attributes", "event"})
EVENT_ENTRIES = frozenset({"type", "at", "value", "when"})


@dataclass(frozen=True, slots=True)
class MadeEvent:
    """
    An event that a record makes where it holds the instant.

    :ivar when: accepted words by path; with others there is no event.
    """

    type: str
    at: str
    value: str = ""
    when: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GenericReader:
    """
    Reads messages by a mapping.

    :ivar items: path to a list of records; without one the message is the record.
    """

    zone: ZoneInfo
    case: str
    made: tuple[MadeEvent, ...]
    items: str = ""
    prefix: str = ""
    taken: Mapping[str, str] = field(default_factory=dict)

    def types(self) -> frozenset[str]:
        """Return every type of event that it makes."""
        return frozenset(item.type for item in self.made)

    def attributes(self) -> frozenset[str]:
        """Return every attribute that its events may have."""
        return frozenset(self.taken)

    def events(self, payload: object) -> Iterator[Event]:
        """
        Yield the events of a message.

        :raises indicators.adapters.payloads.PayloadError: if it holds no objects.
        """
        found = inner(payload, *self.items.split(".")) if self.items else payload
        for record in records(found):
            attributes = filled(
                **{name: _at(record, path) for name, path in self.taken.items()}
            )
            case = prefixed(self.prefix, _at(record, self.case))
            for item in self.made:
                at = instant(_at(record, item.at), self.zone)
                if at is None or not _fits(record, item):
                    continue
                value = _at(record, item.value) if item.value else None
                if item.value and value is None:
                    continue
                yield event(case, item.type, at, attributes, value)


def reader(raw: Mapping[str, Any], zone: ZoneInfo) -> GenericReader:
    """
    Return what reads messages by the mapping that the settings are.

    :raises SettingsError: naming the entry that is wrong.
    """
    refuse_unknown(raw, ENTRIES)
    made = raw.get("event", [])
    if not isinstance(made, list) or not made:
        msg = "the settings need [[event]] entries"
        raise SettingsError(msg)
    if not word(raw, "case"):
        msg = "'case' must say where the case is"
        raise SettingsError(msg)
    return GenericReader(
        zone=zone,
        case=word(raw, "case"),
        made=tuple(map(_made, made)),
        items=word(raw, "items"),
        prefix=word(raw, "prefix"),
        taken=words(raw, "attributes"),
    )


def _made(raw: object) -> MadeEvent:
    if not isinstance(raw, Mapping):
        msg = "'event' must be a list of tables"
        raise SettingsError(msg)
    refuse_unknown(raw, EVENT_ENTRIES)
    item = MadeEvent(
        type=word(raw, "type"),
        at=word(raw, "at"),
        value=word(raw, "value"),
        when={path: frozenset(of) for path, of in lists(raw, "when").items()},
    )
    if not item.type or not item.at:
        msg = "an [[event]] needs its 'type' and where its instant is, 'at'"
        raise SettingsError(msg)
    return item


def _fits(record: object, item: MadeEvent) -> bool:
    return all(_at(record, path) in of for path, of in item.when.items())


def _at(record: object, path: str) -> str | None:
    return text(record, *path.split("."))

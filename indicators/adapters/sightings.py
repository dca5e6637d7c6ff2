"""
Events of systems that tell how a case stands now, not what happened to it.

A message is a *sighting* of a case: when it was opened, its state, since when as far as
the system says, and some fields. A *plan* says which events are made of it.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from indicators.adapters.payloads import SettingsError, instant

Event = dict[str, Any]
LONGEST_ID = 200
ENTRIES = frozenset({"prefix", "opened", "seen", "states", "attributes", "only"})


@dataclass(frozen=True, slots=True)
class Sighting:
    """
    How a case stood when a system spoke of it.

    :ivar opened_at: and the others: ISO 8601, or whatever the system has there.
    :ivar state_at: since when it has been in its state, as far as the system says.
    :ivar seen_at: the instant that tells this version of the case from others.
    :ivar fields: what may become an attribute, by the adapter's own names.
    """

    case: str | None
    opened_at: str | None
    state: str | None
    state_at: str | None
    seen_at: str | None
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """
    Which events a sighting makes.

    :ivar prefix: what goes before the case, where two systems use the same numbers.
    :ivar opened: type of the event at the case's opening; empty for none.
    :ivar states: type of the event by state; of other states there is none.
    :ivar seen: type of the event that carries the attributes, one for each version of
        the case: what may change is never said of the opening.
    :ivar attributes: which field each attribute of the stream takes.
    :ivar only: accepted words by field; a case with others makes no events.
    """

    zone: ZoneInfo
    prefix: str = ""
    opened: str = ""
    seen: str = ""
    states: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def types(self) -> frozenset[str]:
        """Return every type of event that it makes."""
        return frozenset({self.opened, self.seen, *self.states.values()} - {""})

    def events(self, sighting: Sighting) -> Iterator[Event]:
        """Yield the events of a sighting."""
        fields = sighting.fields
        if any(fields.get(name) not in words for name, words in self.only.items()):
            return
        if self.opened:
            yield self._event(sighting, self.opened, sighting.opened_at)
        type_ = self.states.get(sighting.state or "")
        if type_:
            yield self._event(sighting, type_, sighting.state_at)
        if self.seen:
            attributes = {
                name: fields[taken]
                for name, taken in self.attributes.items()
                if taken in fields
            }
            yield self._event(sighting, self.seen, sighting.seen_at, attributes)

    def _event(
        self,
        sighting: Sighting,
        type_: str,
        at: str | None,
        attributes: Mapping[str, str] | None = None,
    ) -> Event:
        case = prefixed(self.prefix, sighting.case)
        return event(case, type_, instant(at, self.zone), attributes or {})


@dataclass(frozen=True, slots=True)
class SightingReader:
    """Reads the messages of one system by a plan."""

    plan: Plan
    sightings: Callable[[object], Iterable[Sighting]]

    def types(self) -> frozenset[str]:
        """Return every type of event that it makes."""
        return self.plan.types()

    def attributes(self) -> frozenset[str]:
        """Return every attribute that its events may have."""
        return frozenset(self.plan.attributes)

    def events(self, payload: object) -> Iterator[Event]:
        """
        Yield the events of a message.

        :raises indicators.adapters.payloads.PayloadError: if it is none of the system.
        """
        for sighting in self.sightings(payload):
            yield from self.plan.events(sighting)


def prefixed(prefix: str, case: str | None) -> str | None:
    """Return a case by the name that it has in the stream."""
    return None if case is None else prefix + case


def event(
    case: str | None,
    type_: str,
    at: str | None,
    attributes: Mapping[str, str],
    value: str | None = None,
) -> Event:
    """
    Return an event as the log takes it, named by all that it says.

    Two events of one name are therefore the same: there are no conflicts, and the log
    is the set of what was said, in whatever order and how often.
    """
    name = f"{case}/{type_}/{at}"
    if attributes or value is not None:
        said = json.dumps([value, sorted(attributes.items())])
        name += f"/{hashlib.sha256(said.encode()).hexdigest()[:16]}"
    if len(name) > LONGEST_ID:
        name = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()
    return {
        "id": name,
        "case": case,
        "type": type_,
        "at": at,
        "value": value,
        "attributes": dict(attributes),
    }


def read_plan(
    raw: Mapping[str, Any], *, fields: frozenset[str], zone: ZoneInfo
) -> Plan:
    """
    Read the settings that all such systems share.

    :param fields: what the adapter offers for attributes and ``only``.
    :raises SettingsError: naming the entry that is wrong.
    """
    refuse_unknown(raw, ENTRIES)
    plan = Plan(
        zone=zone,
        prefix=word(raw, "prefix"),
        opened=word(raw, "opened"),
        seen=word(raw, "seen"),
        states=words(raw, "states"),
        attributes=words(raw, "attributes"),
        only={name: frozenset(of) for name, of in lists(raw, "only").items()},
    )
    for name in (*plan.attributes.values(), *plan.only):
        if name not in fields:
            msg = f"{name!r} is no field; there are: {', '.join(sorted(fields))}"
            raise SettingsError(msg)
    if bool(plan.attributes) != bool(plan.seen):
        msg = "'seen' names the type of the event that carries the 'attributes'"
        raise SettingsError(msg)
    if not plan.types():
        msg = "the settings make no event: name 'opened' or 'states'"
        raise SettingsError(msg)
    return plan


def refuse_unknown(raw: Mapping[str, Any], known: frozenset[str]) -> None:
    """
    Make sure that settings have no entry that nobody reads.

    :raises SettingsError: naming the first one.
    """
    if unknown := sorted(set(raw) - known):
        msg = f"{unknown[0]!r} is no entry of these settings"
        raise SettingsError(msg)


def word(raw: Mapping[str, Any], name: str) -> str:
    """
    Return an entry that is a word; empty without one.

    :raises SettingsError: if it is something else.
    """
    found = raw.get(name, "")
    if not isinstance(found, str):
        msg = f"{name!r} must be a word"
        raise SettingsError(msg)
    return found


def words(raw: Mapping[str, Any], name: str) -> dict[str, str]:
    """
    Return an entry that is a table of words; empty without one.

    :raises SettingsError: if it is something else, or a word is empty.
    """
    found = raw.get(name, {})
    if not isinstance(found, dict) or not all(
        isinstance(item, str) and item for item in found.values()
    ):
        msg = f"{name!r} must be a table of words"
        raise SettingsError(msg)
    return found


def lists(raw: Mapping[str, Any], name: str) -> dict[str, list[str]]:
    """
    Return an entry that is a table of lists of words; empty without one.

    :raises SettingsError: if it is something else.
    """
    found = raw.get(name, {})
    if not isinstance(found, dict) or not all(
        isinstance(item, list) and all(isinstance(one, str) for one in item)
        for item in found.values()
    ):
        msg = f"{name!r} must be a table of lists of words"
        raise SettingsError(msg)
    return found

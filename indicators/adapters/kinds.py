"""The systems that there are adapters for."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from indicators.adapters import generic, glpi, open311, signalen, zammad
from indicators.adapters.sightings import Event


class Reader(Protocol):
    """Turns messages of one source into events."""

    def types(self) -> frozenset[str]:
        """Return every type of event that it makes."""

    def attributes(self) -> frozenset[str]:
        """Return every attribute that its events may have."""

    def events(self, payload: object) -> Iterator[Event]:
        """
        Yield the events of a message.

        :raises indicators.adapters.payloads.PayloadError: if it is none.
        """


READERS: dict[str, Callable[[Mapping[str, Any], ZoneInfo], Reader]] = {
    "generic": generic.reader,
    "glpi": glpi.reader,
    "open311": open311.reader,
    "signalen": signalen.reader,
    "zammad": zammad.reader,
}


def reader(kind: str, settings: Mapping[str, Any], *, zone: ZoneInfo) -> Reader:
    """
    Return what reads the messages of a source.

    :param zone: of instants that come without an offset.
    :raises indicators.adapters.payloads.SettingsError: naming the entry that is wrong.
    """
    return READERS[kind](settings, zone)

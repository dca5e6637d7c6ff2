"""Read what is in a message, whatever it may hold instead."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo


class PayloadError(ValueError):
    """A message that is none of the documented shape."""


class SettingsError(ValueError):
    """Settings of a source that make no sense; says which entry."""


def inner(found: object, *names: str) -> object:
    """Follow names into objects; ``None`` where one is missing."""
    for name in names:
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def text(found: object, *names: str) -> str | None:
    """Return a word or number at the end of a path as text; ``None`` for the rest."""
    found = inner(found, *names)
    if isinstance(found, bool) or not isinstance(found, str | int):
        return None
    return str(found).strip() or None


def name_of(found: object, name: str) -> str | None:
    """Return a word, or the ``name`` of the object that stands for it."""
    return text(found, name, "name") or text(found, name)


def filled(**found: str | None) -> dict[str, str]:
    """Leave out what is not there."""
    return {name: word for name, word in found.items() if word is not None}


def records(payload: object, *wrappers: str) -> Iterator[Mapping[str, object]]:
    """
    Yield the records of a message: it is one, a list of them, or an object around.

    :param wrappers: names under which a record, or a list of them, may lie.
    :raises PayloadError: if there is something else in a record's place.
    """
    for name in wrappers:
        if isinstance(payload, Mapping) and name in payload:
            yield from records(payload[name])
            return
    for record in payload if isinstance(payload, list) else [payload]:
        if not isinstance(record, Mapping):
            msg = "a JSON object is expected"
            raise PayloadError(msg)
        yield record


def instant(word: str | None, zone: ZoneInfo) -> str | None:
    """
    Return an instant in UTC, always written the same; what is none stays as it is.

    :param zone: of instants that come without an offset.
    """
    if word is None:
        return None
    try:
        found = datetime.fromisoformat(word)
        found = found if found.tzinfo else found.replace(tzinfo=zone)
        return found.astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return word

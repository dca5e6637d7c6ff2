"""
GLPI 11: tickets as its webhooks send them, or its REST interface answers.

Source: ``src/Webhook.php`` of glpi-project/glpi (``getWebhookBody``: an object with
``event`` and ``item``) and the schema of a ticket in
``src/Glpi/Api/HL/Controller/ITILController.php``: ``status`` is an object with ``id`` and
``name``, ``category``, ``location``, ``entity`` and ``request_type`` have a ``name``,
``date`` is the opening date, ``date_mod`` the last change. The names of states are in the
language of the server; their numbers are not (``CommonITILObject``).
"""

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from indicators.adapters.payloads import (
    PayloadError,
    filled,
    inner,
    name_of,
    records,
    text,
)
from indicators.adapters.sightings import Sighting, SightingReader, read_plan

STATES = {
    "1": "new",
    "2": "assigned",
    "3": "planned",
    "4": "pending",
    "5": "solved",
    "6": "closed",
}
TYPES = {"1": "incident", "2": "request"}
FIELDS = frozenset(
    {
        "category", "entity", "impact", "location", "priority", "request_type", "state",
        "type", "urgency",
    }
)  # fmt: skip


def reader(raw: Mapping[str, Any], zone: ZoneInfo) -> SightingReader:
    """
    Return what reads GLPI's messages.

    :raises indicators.adapters.payloads.SettingsError: if the settings are wrong.
    """
    return SightingReader(read_plan(raw, fields=FIELDS, zone=zone), sightings)


def sightings(payload: object) -> Iterator[Sighting]:
    """
    Yield the tickets of a message: of a webhook, or one or a list from the interface.

    :raises PayloadError: if something else is there.
    """
    for ticket in records(payload, "item"):
        number = text(ticket, "status", "id")
        if number is None:
            msg = "a ticket of GLPI has a 'status' with its 'id'"
            raise PayloadError(msg)
        deleted = (
            inner(payload, "event") == "delete" or ticket.get("is_deleted") is True
        )
        state = "deleted" if deleted else STATES.get(number, number)
        changed = text(ticket, "date_mod")
        yield Sighting(
            case=text(ticket, "id"),
            opened_at=text(ticket, "date") or text(ticket, "date_creation"),
            state=state,
            state_at=changed,
            seen_at=changed,
            fields=filled(
                category=name_of(ticket, "category"),
                entity=name_of(ticket, "entity"),
                impact=text(ticket, "impact"),
                location=name_of(ticket, "location"),
                priority=text(ticket, "priority"),
                request_type=name_of(ticket, "request_type"),
                state=state,
                type=TYPES.get(text(ticket, "type") or ""),
                urgency=text(ticket, "urgency"),
            ),
        )

"""
Zammad: tickets as a webhook of a trigger sends them.

Source: Zammad admin documentation, "Webhook Payload"
(https://admin-docs.zammad.org/en/latest/manage/webhook/payload.html): an object with
``ticket`` and ``article``; of the ticket ``group`` and ``priority`` are objects with a
``name``, ``state`` is a word. The payload is made when the job runs, and again when it is
tried again (``app/jobs/trigger_webhook_job.rb``): a late delivery shows the ticket as it
is then.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from indicators.adapters.payloads import PayloadError, filled, inner, name_of, text
from indicators.adapters.sightings import Sighting, SightingReader, read_plan

FIELDS = frozenset({"group", "priority", "state", "channel", "sender"})
# Of the states that Zammad comes with, those that end a ticket.
CLOSED = frozenset({"closed", "merged"})


def reader(raw: Mapping[str, Any], zone: ZoneInfo) -> SightingReader:
    """
    Return what reads Zammad's messages.

    :raises indicators.adapters.payloads.SettingsError: if the settings are wrong.
    """
    return SightingReader(read_plan(raw, fields=FIELDS, zone=zone), sightings)


def sightings(payload: object) -> Iterator[Sighting]:
    """
    Yield the ticket of a message.

    :raises PayloadError: if it has none.
    """
    ticket = inner(payload, "ticket")
    if not isinstance(ticket, Mapping):
        msg = "a webhook of Zammad holds a 'ticket'"
        raise PayloadError(msg)
    state = name_of(ticket, "state")
    changed = text(ticket, "updated_at")
    closed = text(ticket, "last_close_at") or text(ticket, "close_at")
    yield Sighting(
        case=text(ticket, "number"),
        opened_at=text(ticket, "created_at"),
        state=state,
        state_at=(closed or changed) if state in CLOSED else changed,
        seen_at=changed,
        fields=filled(
            group=name_of(ticket, "group"),
            priority=name_of(ticket, "priority"),
            state=state,
            channel=text(ticket, "create_article_type"),
            sender=text(ticket, "create_article_sender"),
        ),
    )

"""
Open311 GeoReport v2: service requests as a server answers them.

Source: GeoReport v2, "GET Service Requests" (https://wiki.open311.org/GeoReport_v2/).
There is no history: ``status`` is ``open`` or ``closed`` as of now, and
``updated_datetime`` is the last change; "for requests with status=closed, this will be
the date the request was closed". A closing that is seen is therefore one at
``updated_datetime``, and what happened between two questions is not seen.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import ParseError
from zoneinfo import ZoneInfo

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from indicators.adapters.payloads import (
    PayloadError,
    SettingsError,
    filled,
    records,
    text,
)
from indicators.adapters.sightings import (
    Sighting,
    SightingReader,
    read_plan,
    word,
)

FIELDS = frozenset({"agency", "service_code", "service_name", "state", "zipcode"})
# "may not span more than 90 days"
LONGEST_WINDOW = timedelta(days=90)
ASKING = frozenset(
    {"url", "format", "jurisdiction", "service", "days", "every_minutes", "page"}
)
# Whole numbers of the settings: what they are without a word, the least, the most.
NUMBERS = {"days": (90, 1, 3_660), "every_minutes": (60, 5, 10_080)}
# Of an answer the specification says: the first 1000 requests, and no more.
PAGE = (1_000, 2, 100_000)


@dataclass(frozen=True, slots=True)
class Question:
    """
    What to ask a server.

    :ivar days: how far back requests are looked at again, by the day they were made.
    :ivar page: so many requests in an answer mean that there are more.
    """

    url: str
    format: str
    days: int
    every_minutes: int
    page: int
    jurisdiction: str = ""
    service: str = ""

    def address(self, start: datetime, end: datetime, *, key: str = "") -> str:
        """Return the address of the requests that were made within a window."""
        asked = filled(
            start_date=_w3(start),
            end_date=_w3(end),
            jurisdiction_id=self.jurisdiction or None,
            service_code=self.service or None,
            api_key=key or None,
        )
        return f"{self.url}/requests.{self.format}?{urlencode(asked)}"


def reader(raw: Mapping[str, Any], zone: ZoneInfo) -> SightingReader:
    """
    Return what reads a server's answers, once they are taken apart.

    :raises SettingsError: if the settings are wrong.
    """
    question(raw)
    rest = {name: found for name, found in raw.items() if name not in ASKING}
    return SightingReader(read_plan(rest, fields=FIELDS, zone=zone), sightings)


def question(raw: Mapping[str, Any]) -> Question:
    """
    Read what to ask.

    :raises SettingsError: naming the entry that is wrong.
    """
    format_ = word(raw, "format") or "json"
    if format_ not in {"json", "xml"}:
        msg = "'format' must be json or xml"
        raise SettingsError(msg)
    url = word(raw, "url").rstrip("/")
    if not url.startswith(("https://", "http://")):
        msg = "'url' must be the address of the interface, https://…"
        raise SettingsError(msg)
    return Question(
        url=url,
        format=format_,
        days=_number(raw, "days", *NUMBERS["days"]),
        every_minutes=_number(raw, "every_minutes", *NUMBERS["every_minutes"]),
        page=_number(raw, "page", *PAGE),
        jurisdiction=word(raw, "jurisdiction"),
        service=word(raw, "service"),
    )


def windows(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Cut a stretch of time into windows that the specification allows."""
    while start < end:
        until = min(start + LONGEST_WINDOW, end)
        yield start, until
        start = until


def from_xml(body: bytes) -> list[dict[str, str]]:
    """
    Take an answer in XML apart: a ``request`` each, and its elements as texts.

    :raises PayloadError: if it is none, or declares entities.
    """
    try:
        root = fromstring(body)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        msg = "the answer is no XML that can be read"
        raise PayloadError(msg) from error
    if root.tag != "service_requests":
        msg = "the answer holds no 'service_requests'"
        raise PayloadError(msg)
    return [
        {part.tag: part.text or "" for part in request}
        for request in root.iter("request")
    ]


def sightings(payload: object) -> Iterator[Sighting]:
    """
    Yield the requests of an answer.

    :raises PayloadError: if something else is there.
    """
    for request in records(payload, "service_requests"):
        if "service_request_id" not in request:
            msg = "a request has a 'service_request_id'"
            raise PayloadError(msg)
        state = (text(request, "status") or "").lower()
        changed = text(request, "updated_datetime")
        made = text(request, "requested_datetime")
        yield Sighting(
            case=text(request, "service_request_id"),
            opened_at=made,
            state=state,
            state_at=changed,
            # One that nobody has touched may have no instant of its last change.
            seen_at=changed or made,
            fields=filled(
                agency=text(request, "agency_responsible"),
                service_code=text(request, "service_code"),
                service_name=text(request, "service_name"),
                state=state or None,
                zipcode=text(request, "zipcode"),
            ),
        )


def _w3(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _number(
    raw: Mapping[str, object], name: str, usual: int, least: int, most: int
) -> int:
    found = raw.get(name, usual)
    if isinstance(found, bool) or not isinstance(found, int):
        msg = f"{name!r} must be a whole number"
        raise SettingsError(msg)
    if not least <= found <= most:
        msg = f"{name!r} must be from {least} to {most}"
        raise SettingsError(msg)
    return found

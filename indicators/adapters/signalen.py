"""
Signalen: reports from public space as its private interface answers them.

Source: Amsterdam/signals, ``app/signals/apps/api/serializers/signal.py`` and its
``nested`` serializers: ``GET /signals/v1/private/signals/`` answers pages with
``results``. ``status`` has a ``state``, a code of
``app/signals/apps/signals/workflow.py`` (``m`` reported, ``o`` done, ``a`` cancelled), and
the instant of that status in ``created_at``. Signalen has no webhook: whoever asks its
interface passes the answer on.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from indicators.adapters.payloads import PayloadError, filled, records, text
from indicators.adapters.sightings import Sighting, SightingReader, read_plan

FIELDS = frozenset(
    {
        "area", "departments", "district", "main", "priority", "source", "state", "sub",
        "type",
    }
)  # fmt: skip


def reader(raw: Mapping[str, Any], zone: ZoneInfo) -> SightingReader:
    """
    Return what reads Signalen's reports.

    :raises indicators.adapters.payloads.SettingsError: if the settings are wrong.
    """
    return SightingReader(read_plan(raw, fields=FIELDS, zone=zone), sightings)


def sightings(payload: object) -> Iterator[Sighting]:
    """
    Yield the reports of a page, of a list, or the one that it is.

    :raises PayloadError: if something else is there.
    """
    for report in records(payload, "results"):
        if text(report, "status", "state") is None:
            msg = "a report of Signalen has a 'status' with its 'state'"
            raise PayloadError(msg)
        yield Sighting(
            case=text(report, "id"),
            opened_at=text(report, "created_at"),
            state=text(report, "status", "state"),
            state_at=text(report, "status", "created_at"),
            seen_at=text(report, "updated_at"),
            fields=filled(
                area=text(report, "location", "area_code"),
                departments=text(report, "category", "departments"),
                district=text(report, "location", "stadsdeel"),
                main=text(report, "category", "main_slug"),
                priority=text(report, "priority", "priority"),
                source=text(report, "source"),
                state=text(report, "status", "state"),
                sub=text(report, "category", "sub_slug"),
                type=text(report, "type", "code"),
            ),
        )

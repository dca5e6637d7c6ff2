"""Events and figures in few words."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any

from django.db import connection

from indicators.models import Result, Stream
from indicators.services.intake import Receipt, record
from tests import builders

COUNTS = ("n", "met", "missed", "pending")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def event(id_: str, case: str = "c1", **changes: Any) -> dict[str, Any]:
    """Opened on Monday 5 January 2026 in the morning."""
    return {
        "id": id_,
        "case": case,
        "type": "opened",
        "at": "2026-01-05T09:00:00+01:00",
    } | changes


def request(case: str, opened: str, closed: str | None = None) -> list[dict[str, Any]]:
    """The events of one request; days alone mean ten in the morning."""
    found = [event(f"{case}/o", case, at=f"{opened}T10:00:00+01:00")]
    if closed:
        at = f"{closed}T10:00:00+01:00"
        found.append(event(f"{case}/c", case, type="closed", at=at))
    return found


def send(
    *events: Any, stream: Stream | None = None, at: datetime | None = None
) -> Receipt:
    return record(
        stream=stream or Stream.objects.get(code="requests"),
        lines=list(enumerate(events, start=1)),
        at=at or builders.NOW,
    )


def line(period_start: str, kind: str = "month", segment: str = "") -> Result:
    """The newest revision of one ledger line."""
    return Result.objects.filter(
        period_kind=kind, period_start=date.fromisoformat(period_start), segment=segment
    ).latest("revision")


def counts(result: Result) -> tuple[int, ...]:
    return tuple(getattr(result, name) for name in COUNTS)


def at_once(work: Callable[[Any], Any], items: list[Any]) -> list[Any]:
    """Do work in one thread per item, each with its own connection."""

    def one(item: Any) -> Any:
        try:
            return work(item)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(one, items))

"""How long one late event takes to its fact, its sums and its ledger lines."""

import random
import statistics
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from django.db import connection
from django.utils import timezone

from bench.rows import percentile, seconds, undisturbed
from bench.town import END, FIRST, Town
from indicators.models import Stream
from indicators.services import figures
from indicators.services.intake import record

CLOSED = """
SELECT external_id, case_key, occurred_at FROM indicators_serviceevent
WHERE stream_id = %s AND type = 'closed' AND case_key >= %s
ORDER BY case_key LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Late:
    """Seconds from sending to figures, one number for each event."""

    taken: list[float]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.taken)

    def raw(self, name: str) -> dict[str, float]:
        """Return milliseconds, named."""
        return {
            f"{name}_p50_ms": 1000 * self.median,
            f"{name}_p95_ms": 1000 * percentile(self.taken, 95),
            f"{name}_max_ms": 1000 * max(self.taken),
        }


def late_events(town: Town, *, times: int, cases: int, seed: int) -> Late:
    """
    Send events one by one to indicators and months drawn by lot.

    Half of them correct the end of a case, half begin a case that was forgotten.

    :param cases: how many cases each stream has.
    """
    dice = random.Random(seed)
    taken = []
    with undisturbed():
        for number in range(times):
            stream = dice.choice(town.streams)
            make = _correction if number % 2 else _forgotten
            event = make(stream, dice, cases, f"late-{seed}-{number}")
            taken.append(seconds(partial(_sent, stream, event)))
    return Late(taken)


def _sent(stream: Stream, event: dict[str, Any]) -> None:
    now = timezone.now()
    record(stream=stream, lines=[(1, event)], at=now)
    figures.refresh(at=now)


def _forgotten(
    _stream: Stream, dice: random.Random, _cases: int, name: str
) -> dict[str, Any]:
    first = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
    at = first + timedelta(seconds=dice.randrange((END - FIRST).days * 86_400))
    return {"id": name, "case": name, "type": "opened", "at": at}


def _correction(
    stream: Stream, dice: random.Random, cases: int, name: str
) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(CLOSED, [stream.pk, f"R-{dice.randrange(cases):08}"])
        row = cursor.fetchone()
    if row is None:  # nothing closed from there on
        return _forgotten(stream, dice, cases, name)
    replaced, case, at = row
    at += timedelta(hours=dice.randrange(1, 72))
    event = {"id": name, "case": case, "type": "closed", "at": at, "replaces": replaced}
    return event | {"value": dice.randrange(1, 11)}

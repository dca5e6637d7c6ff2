"""Cases to measure: events go in as they do in life, figures come out."""

from datetime import datetime, timedelta

from charters.models import Edition
from indicators.models import Stream
from indicators.services import figures, intake
from tests.builders import NOW, OFFICE_HOURS  # noqa: F401 -- the calendar of the cases


def share(
    edition: Edition,
    *,
    met: int,
    missed: int = 0,
    withdrawn: int = 0,
    opened_at: datetime,
    at: datetime = NOW,
) -> None:
    """Record requests closed the next day, or never, and bring figures up to date."""
    total = met + missed + withdrawn
    lines = []
    for index in range(total):
        case = f"{edition.charter.slug}-{opened_at:%Y%m%d}-{index}"
        lines.append(
            {"id": f"{case}-o", "case": case, "type": "opened", "at": opened_at}
        )
        if index < met:
            closed_at = opened_at + timedelta(days=1)
            lines.append(
                {"id": f"{case}-c", "case": case, "type": "closed", "at": closed_at}
            )
    record(edition, lines, at=at)


def record(edition: Edition, lines: list[dict], *, at: datetime = NOW) -> None:
    stream = Stream.objects.get(organisation=edition.organisation, code="requests")
    receipt = intake.record(stream=stream, lines=list(enumerate(lines, 1)), at=at)
    assert receipt.refused == []
    figures.refresh(at=at)
    figures.roll(at=at)

"""Cases to measure: events go in as they do in life, figures come out."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from accounts.models import User
from charters.models import Edition
from commitments.models import Suspension
from commitments.services import suspensions
from indicators.models import Stream
from indicators.services import figures, intake
from tests import builders
from tests.builders import NOW, charter_document, indicator, text

# On this day cases fall due within the month: ten working days end on 19 October.
OCTOBER = datetime(2026, 10, 5, 8, tzinfo=UTC)


def share(
    edition: Edition,
    *,
    met: int,
    missed: int = 0,
    opened_at: datetime = OCTOBER,
    at: datetime = NOW,
) -> None:
    """Record requests closed the next day, or never, and bring figures up to date."""
    lines = []
    for index in range(met + missed):
        case = f"{edition.charter.slug}-{opened_at:%Y%m%d}-{index}"
        lines.append(event(case, "opened", opened_at))
        if index < met:
            lines.append(event(case, "closed", opened_at + timedelta(days=1)))
    record(edition, lines, at=at)


def event(case: str, type_: str, at: datetime, **more: Any) -> dict[str, Any]:
    return {"id": f"{case}-{type_}", "case": case, "type": type_, "at": at} | more


def suspend(
    edition: Edition, *, from_on: date, by: User | None = None, **changes: Any
) -> Suspension:
    """Suspend the first commitment and bring figures up to date."""
    values = {
        "charter": edition.charter,
        "commitment": "C1",
        "cause": text("Works in the building"),
        "consequences": text("Answers take longer"),
        "covers": "begun",
        "from_on": from_on,
        "until_on": None,
        "resolution": "Decret 2026/77",
        "resolved_on": date(2026, 9, 25),
        "by": by or builders.person("APPROVER", of=edition.organisation),
        "at": NOW,
    }
    made = suspensions.suspend(**values | changes)
    figures.refresh(at=NOW)
    return made


def record(
    edition: Edition, lines: list[dict[str, Any]], *, at: datetime = NOW
) -> None:
    stream = Stream.objects.get(organisation=edition.organisation, code="requests")
    receipt = intake.record(stream=stream, lines=list(enumerate(lines, 1)), at=at)
    assert receipt.refused == []
    figures.refresh(at=at)
    figures.roll(at=at)


def long_document(slug: str = "library", *, commitments: int = 3) -> dict[str, Any]:
    """A charter with several commitments, each with its indicator and redress."""
    document = charter_document(slug=slug)
    document["quality"]["commitments"] = [
        document["quality"]["commitments"][0]
        | {
            "code": f"C{number}",
            "text": text(f"Promise {number}"),
            "indicators": [indicator(f"{slug}-{number}")],
        }
        for number in range(1, commitments + 1)
    ]
    measure = document["redress"]["measures"][0]
    document["redress"]["measures"] = [
        measure | {"code": f"R{number}", "commitments": [f"C{number}"]}
        for number in range(1, commitments + 1)
    ]
    return document

"""Calendars and short ways to write instants, for the tests of working time."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from engine.worktime import Term, WorkCalendar

MADRID = ZoneInfo("Europe/Madrid")
WORKWEEK = ("mon", "tue", "wed", "thu", "fri")
SPLIT_DAY = (["09:00", "14:00"], ["16:00", "19:00"])


def weekdays(*hours: list[str]) -> dict[str, object]:
    return {day: list(hours) for day in WORKWEEK}


def definition(**changes: object) -> dict[str, object]:
    """Return an office in Madrid, mornings and afternoons, with a few holidays."""
    return {
        "zone": "Europe/Madrid",
        "known_from": "2024-01-01",
        "known_until": "2027-01-01",
        "weekly": weekdays(*SPLIT_DAY),
        "working_weekdays": list(WORKWEEK),
        "holidays": {
            "2025-01-01": "Cap d'Any",
            "2025-01-06": "Reis",
            "2025-04-18": "Divendres Sant",
        },
    } | changes


def calendar(**changes: object) -> WorkCalendar:
    return WorkCalendar.from_definition(definition(**changes))


def term(amount: str, unit: str, **options: object) -> Term:
    return Term.from_definition({"amount": amount, "unit": unit} | options)


def madrid(text: str) -> datetime:
    """Return a wall time in Madrid as an instant; of two, the first."""
    return datetime.fromisoformat(text).replace(tzinfo=MADRID).astimezone(UTC)

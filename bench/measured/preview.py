"""How long it takes to say what a holiday would do, before it is saved."""

import copy
from typing import Any

from django.utils import timezone

from bench.rows import seconds
from bench.town import CALENDAR, Town
from indicators.models import CaseFact, WorkCalendar
from indicators.queries.impact import Impact, impact_of

NEW_HOLIDAY = "2025-12-24"


def previewed(town: Town) -> dict[str, float]:
    """Preview a holiday in the last days of the log, for all the indicators."""
    calendar = WorkCalendar.objects.get(organisation=town.organisation)
    definition: dict[str, Any] = copy.deepcopy(CALENDAR)
    definition["holidays"][NEW_HOLIDAY] = "Vigília"
    impacts: list[Impact] = []
    taken = seconds(
        lambda: impacts.append(impact_of(calendar, definition, at=timezone.now()))
    )
    return {
        "seconds": taken,
        "open_cases": CaseFact.objects.filter(outcome="open").count(),
        "changed_cases": sum(charter.total for charter in impacts[0].charters),
    }

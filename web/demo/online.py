"""The online office: when it was down, by a fault or for maintenance."""

from collections.abc import Iterator
from datetime import date, datetime

from web.demo.town import MINUTE, DemoEvent, Numbers, Town, case, clock

# Maintenance is on the first Sunday of every month, before dawn.
SUNDAY = 6
FAULTS_PER_DAY = 0.045


def outages(town: Town) -> Iterator[DemoEvent]:
    """Yield what was down, from then until it worked again."""
    chance = town.chance("seu-electronica")
    numbers = Numbers("D")
    for day in town.days("seu-electronica"):
        if day.weekday() == SUNDAY and day.day <= 7:
            at, minutes = clock(day, 3.0), chance.between(35, 140)
            yield from _down(numbers, day, "manteniment", at, minutes)
        if chance.happens(FAULTS_PER_DAY):
            at = clock(day, chance.around(0, 23.9, 12))
            yield from _down(numbers, day, "avaria", at, int(chance.skewed(38, 0.9)))


def _down(
    numbers: Numbers, day: date, cause: str, at: datetime, minutes: int
) -> list[DemoEvent]:
    up = at + max(minutes, 1) * MINUTE
    return case(numbers.next(day), {"cause": cause}, ("down", at), ("up", up))

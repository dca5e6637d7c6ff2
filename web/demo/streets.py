"""Street incidents: lights, pavement, cleaning, furniture; and one storm."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import itemgetter

from web.demo.town import (
    DAY,
    HOUR,
    STORM_MONTHS_AGO,
    Chance,
    DemoEvent,
    Numbers,
    Office,
    Town,
    case,
    clock,
    sent_by,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """
    How a kind of incident goes.

    :ivar name: as the attribute says it; the same for two who share out the town.
    :ivar per_day: how many, on average.
    :ivar in_time: share done in ``usual`` days (lowest, highest, most often).
    :ivar late: days of the rest; ``somewhat_late`` those of a part of the rest.
    :ivar operator: the concessionaire who does it and sends its events.
    """

    name: str
    per_day: float
    in_time: float
    usual: tuple[int, int, int]
    late: tuple[int, int]
    somewhat_late: tuple[int, int] | None = None
    operator: str = ""


# Two companies clean the streets, each its half of the town.
CLEANER, OTHER_CLEANER = "Neteges Llevant SL", "Escombra i Cuida SCCL"
KINDS = (
    Kind("enllumenat", 0.9, 0.965, (1, 5, 2), (6, 9)),
    Kind("paviment", 0.8, 0.715, (2, 10, 7), (13, 18), (11, 12)),
    Kind("neteja", 1.3, 0.985, (0, 2, 1), (3, 5), operator=CLEANER),
    Kind("neteja", 1.1, 0.91, (0, 2, 1), (3, 5), operator=OTHER_CLEANER),
    Kind("mobiliari", 0.45, 0.91, (2, 15, 6), (16, 23)),
)
SOMEWHAT = 0.65
URGENT, URGENT_LATE = 0.06, 0.03
VOIDED, FORGOTTEN, PAUSED = 0.025, 0.003, 0.08
STORM_FACTOR, STORM_DELAY = 3.0, 0.2


def incidents(town: Town) -> Iterator[DemoEvent]:
    """Yield incidents; people report them every day of the week."""
    office = town.offices["dies-habils"]
    chance = town.chance("incidencies")
    numbers = Numbers("I")
    for day in town.days("incidencies"):
        storm = town.months_ago(day) == STORM_MONTHS_AGO
        factor = (STORM_FACTOR if storm else 1.0) * (1.1 if day.weekday() < 5 else 0.7)
        opened = [
            (chance.around(7, 22.5, 11), kind)
            for kind in KINDS
            for _ in town.arrivals(chance, day, kind.per_day * factor)
        ]
        for hour, kind in sorted(opened, key=itemgetter(0)):
            key, at = numbers.next(day), clock(day, hour)
            events = _incident(chance, office, key, at, kind, storm=storm)
            yield from sent_by(kind.operator, events)


def _incident(
    chance: Chance, office: Office, key: str, at: datetime, kind: Kind, *, storm: bool
) -> list[DemoEvent]:
    urgent = chance.happens(URGENT)
    attributes = {"kind": kind.name, "priority": "urgent" if urgent else "ordinaria"}
    opened = ("opened", at)
    if chance.happens(VOIDED):
        void = at + timedelta(minutes=chance.between(20, 2_000))
        return case(key, attributes, opened, ("voided", void))
    if urgent:
        late = chance.happens(URGENT_LATE)
        hours = chance.around(25, 40, 28) if late else chance.around(0.5, 22, 6)
        closed = at + timedelta(seconds=round(hours * 3600))
        return case(key, attributes, opened, ("closed", closed))
    if chance.happens(FORGOTTEN):
        return case(key, attributes, opened)
    days = _days(chance, kind, storm=storm)
    if kind.name == "neteja":
        return case(key, attributes, opened, ("closed", _cleaned(chance, at, days)))
    if days > 1 and chance.happens(PAUSED):
        return case(key, attributes, opened, *_with_pause(chance, office, at, days))
    closed = _worked(chance, office.after(at.date(), days))
    return case(key, attributes, opened, ("closed", closed))


def _days(chance: Chance, kind: Kind, *, storm: bool) -> int:
    if chance.happens(kind.in_time - (STORM_DELAY if storm else 0)):
        return chance.days(*kind.usual)
    if kind.somewhat_late and chance.happens(SOMEWHAT):
        return chance.between(*kind.somewhat_late)
    return chance.between(*kind.late)


def _worked(chance: Chance, day: date) -> datetime:
    return clock(day, chance.around(7.5, 15, 12))


def _cleaned(chance: Chance, at: datetime, days: int) -> datetime:
    """Crews clean every day, also at weekends, in the morning and the afternoon."""
    if not days:
        return at + timedelta(minutes=chance.between(25, 90))
    return clock(at.date() + days * DAY, chance.around(6, 21, 10))


def _with_pause(
    chance: Chance, office: Office, at: datetime, days: int
) -> list[tuple[str, datetime]]:
    """
    Wait for a part or another company in the middle of the work.

    The days before the one of the pause, and from the one of the resumption on,
    count: together they are ``days``.
    """
    before = chance.between(1, days)
    paused = _worked(chance, office.after(at.date(), before))
    resumed = clock(office.after(paused.date() + chance.between(3, 14) * DAY, 1), 7.5)
    last = office.after(resumed.date() - DAY, days - before + 1)
    closed = max(_worked(chance, last), resumed + HOUR)
    return [("paused", paused), ("resumed", resumed), ("closed", closed)]

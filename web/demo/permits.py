"""Permit files, from submission to decision; and months without enough staff."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from web.demo.town import (
    DAY,
    HOUR,
    SHORTAGE_MONTHS_AGO,
    Chance,
    DemoEvent,
    Numbers,
    Office,
    Town,
    case,
    clock,
)

Steps = list[tuple[str, datetime]]


@dataclass(frozen=True, slots=True)
class Procedure:
    """
    How a procedure goes, in working days.

    :ivar per_day: how many are submitted on a working day.
    :ivar in_time: share decided in ``usual`` days (lowest, highest, most often).
    :ivar late: days of the rest.
    """

    per_day: float
    in_time: float
    usual: tuple[int, int, int]
    late: tuple[int, int]


PROCEDURES = {
    "consulta_previa": Procedure(0.36, 0.975, (2, 10, 6), (11, 14)),
    "obra_menor": Procedure(0.62, 0.69, (6, 20, 10), (21, 31)),
    "comunicacio_activitat": Procedure(0.34, 0.985, (4, 15, 8), (16, 20)),
    "llicencia_activitat": Procedure(0.24, 0.89, (22, 45, 36), (46, 58)),
    "ocupacio_via": Procedure(0.8, 0.985, (1, 7, 4), (8, 10)),
}
WITHDRAWN, REQUIREMENT = 0.03, 0.385
# The first check: days, with a long tail; longer when colleagues are missing.
CHECK_DAYS, CHECK_SPREAD, SHORT_OF_STAFF = 5.0, 0.78, 1.5
SHORTAGE_DELAY = 0.06


def permits(town: Town) -> Iterator[DemoEvent]:
    """Yield files; they are submitted on working days."""
    office = town.offices["dies-habils"]
    chance = town.chance("expedients")
    numbers = Numbers("X")
    for day in town.days("expedients"):
        if not office.works(day):
            continue
        short = town.months_ago(day) in SHORTAGE_MONTHS_AGO
        submitted = sorted(
            (chance.around(8.5, 19, 11), name)
            for name, procedure in PROCEDURES.items()
            for _ in town.arrivals(chance, day, procedure.per_day)
        )
        for hour, name in submitted:
            key, at = numbers.next(day), clock(day, hour)
            steps = _steps(chance, office, at, name, short=short)
            attributes = {"procedure": name}
            yield from case(key, attributes, ("submitted", at), *steps)


def _steps(
    chance: Chance, office: Office, at: datetime, name: str, *, short: bool
) -> Steps:
    procedure = PROCEDURES[name]
    in_time = procedure.in_time - (SHORTAGE_DELAY if short else 0)
    days = (
        chance.days(*procedure.usual)
        if chance.happens(in_time)
        else chance.between(*procedure.late)
    )
    median = CHECK_DAYS * (SHORT_OF_STAFF if short else 1)
    check = min(days, 1 + int(chance.skewed(median, CHECK_SPREAD)))
    checked = _worked(chance, office.after(at.date(), check))
    first = ("checked", checked)
    if chance.happens(WITHDRAWN):
        gone = checked + chance.between(1, 15) * DAY
        return [first, ("withdrawn", gone)]
    if chance.happens(REQUIREMENT):
        return [first, *_requirement(chance, office, checked, days - check + 1)]
    resolved = _worked(chance, office.after(at.date(), days))
    return [first, ("resolved", max(resolved, checked + HOUR))]


def _requirement(chance: Chance, office: Office, sent: datetime, days: int) -> Steps:
    """
    Ask for what is missing; the clock stands still until it arrives.

    The day on which it arrives counts again: the decision takes ``days`` from it on.
    """
    met = clock(
        office.after(sent.date() + chance.between(2, 16) * DAY, 1),
        chance.around(8.5, 14, 11),
    )
    resolved = _worked(chance, office.after(met.date() - DAY, days))
    return [
        ("requirement_sent", sent),
        ("requirement_met", met),
        ("resolved", max(resolved, met + HOUR)),
    ]


def _worked(chance: Chance, day: date) -> datetime:
    return clock(day, chance.around(8.5, 14.5, 11.5))

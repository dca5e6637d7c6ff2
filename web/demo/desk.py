"""The citizen help desk: tickets, telephone calls, surveys."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from web.demo.town import DAY, MINUTE, SILENT_DAYS, Chance, DemoEvent, Town, case

# Per whole day: where people go, and how.
TICKETS = (
    ("centre", "sense_cita", 7.0),
    ("centre", "cita_previa", 3.2),
    ("estacio", "sense_cita", 3.0),
    ("estacio", "cita_previa", 1.6),
)
WHOLE_DAY_HOURS = 6.0
WEEKDAYS = (1.2, 1.1, 0.95, 1.1, 0.7)
SERVICES = {"presencial": 0.25, "telefon": 0.12, "tramits": 0.39, "en_linia": 0.24}
# What people answer, from 10 down, in percent.
SCORES = {
    "presencial": (24, 30, 27, 11, 5, 2, 1),
    "telefon": (10, 18, 25, 21, 14, 8, 4),
    "tramits": (31, 33, 25, 6, 3, 1, 1),
    "en_linia": (33, 32, 22, 8, 3, 1, 1),
}
RECOMMENDATIONS = {
    "presencial": (28, 28, 24, 12, 5, 3),
    "telefon": (12, 20, 28, 20, 12, 8),
    "tramits": (30, 30, 22, 10, 5, 3),
    "en_linia": (36, 30, 20, 8, 4, 2),
}


def tickets(town: Town) -> Iterator[DemoEvent]:
    """Yield turns at the counter, on the days and at the hours it is open."""
    office = town.offices["hores-oficina"]
    chance = town.chance("oac-torns")
    for day in town.days("oac-torns"):
        if not office.hours(day):
            continue
        busy = office.open_hours(day) / WHOLE_DAY_HOURS * WEEKDAYS[day.weekday()]
        issued = sorted(
            (office.moment(day, chance, spare=20 * MINUTE), site, channel)
            for site, channel, mean in TICKETS
            for _ in town.arrivals(chance, day, mean * busy)
        )
        wait = 6.2 + 0.7 * town.mood("oac-torns", day) + (1.0 if day.month == 9 else 0)
        for number, (at, site, channel) in enumerate(issued, start=1):
            key = f"T-{day:%Y%m%d}-{number:03d}"
            yield from _ticket(chance, key, at, site, channel, wait)


def _ticket(
    chance: Chance, key: str, at: datetime, site: str, channel: str, wait: float
) -> list[DemoEvent]:
    attributes = {"channel": channel, "site": site}
    if channel == "sense_cita":
        gone, waited = 0.04, chance.minutes(wait)
    elif chance.happens(0.015):
        gone, waited = 0.005, chance.minutes(4) + 5 * MINUTE
    else:
        gone, waited = 0.005, timedelta(seconds=chance.between(5, 285))
    left = chance.happens(gone)
    last = (
        ("abandoned", at + max(waited, 8 * MINUTE)) if left else ("served", at + waited)
    )
    return case(key, attributes, ("issued", at), last)


def calls(town: Town) -> Iterator[DemoEvent]:
    """Yield telephone calls, until the switchboard fell silent."""
    office = town.offices["hores-oficina"]
    chance = town.chance("oac-trucades")
    silent = town.today - SILENT_DAYS * DAY
    for day in town.days("oac-trucades"):
        if day >= silent or not office.hours(day):
            continue
        busy = office.open_hours(day) / WHOLE_DAY_HOURS * WEEKDAYS[day.weekday()]
        mood = town.mood("oac-trucades", day)
        received = sorted(
            office.moment(day, chance, spare=5 * MINUTE)
            for _ in town.arrivals(chance, day, 6.5 * busy)
        )
        for number, at in enumerate(received, start=1):
            key = f"C-{day:%Y%m%d}-{number:03d}"
            yield from _call(chance, key, at, mood)


def _call(chance: Chance, key: str, at: datetime, mood: float) -> list[DemoEvent]:
    short = chance.happens(0.03)
    attributes = {"short_hangup": "yes" if short else "no"}
    if short:
        waited = timedelta(seconds=chance.between(2, 9))
        return case(key, attributes, ("received", at), ("abandoned", at + waited))
    if chance.happens(0.075 + 0.015 * mood):
        waited = timedelta(seconds=chance.between(50, 400))
        return case(key, attributes, ("received", at), ("abandoned", at + waited))
    in_time = chance.happens(0.77 - 0.03 * mood)
    waited = timedelta(
        seconds=chance.between(6, 55) if in_time else chance.between(65, 330)
    )
    return case(key, attributes, ("received", at), ("answered", at + waited))


def surveys(town: Town) -> Iterator[DemoEvent]:
    """Yield what people answer after their visit: one case for each question."""
    office = town.offices["hores-oficina"]
    chance = town.chance("enquestes-oac")
    for day in town.days("enquestes-oac"):
        if not office.hours(day):
            continue
        for number in town.arrivals(chance, day, 4.2):
            service = chance.one(SERVICES)
            at = office.moment(day, chance, spare=MINUTE)
            yield from answers(
                chance,
                f"E-{day:%Y%m%d}-{number + 1:03d}",
                at,
                {"service": service},
                (SCORES[service], RECOMMENDATIONS[service]),
            )


def answers(
    chance: Chance,
    key: str,
    at: datetime,
    attributes: dict[str, str],
    percents: tuple[tuple[int, ...], tuple[int, ...]],
) -> Iterator[DemoEvent]:
    """Yield the answer on satisfaction and, mostly, the one on recommendation."""
    satisfaction, recommendation = percents
    first, second = f"{key}-s", f"{key}-r"
    score = _score(chance, satisfaction)
    yield DemoEvent(first, first, "satisfaction", at, score, attributes)
    if chance.happens(0.75):
        score = _score(chance, recommendation)
        after = at + MINUTE
        yield DemoEvent(second, second, "recommendation", after, score, attributes)


def _score(chance: Chance, percents: tuple[int, ...]) -> int:
    return int(chance.one({str(10 - n): weight for n, weight in enumerate(percents)}))

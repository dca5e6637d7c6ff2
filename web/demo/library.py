"""The library: reservations, purchase suggestions, activities, surveys."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from web.demo.desk import answers
from web.demo.town import (
    DAY,
    HOUR,
    MINUTE,
    NO_TRANSPORT_DAYS,
    Chance,
    DemoEvent,
    Numbers,
    Office,
    Town,
    case,
    clock,
)

LOCATIONS = {"prestatge": 0.56, "prestat": 0.2, "xarxa": 0.24}
AUDIENCES = {"adults": 0.65, "infantil": 0.35}
TOPICS = {"espais": 0.4, "personal": 0.2, "activitats": 0.2, "global": 0.2}
SCORES = {
    "espais": (15, 24, 30, 18, 8, 3, 2),
    "personal": (40, 32, 18, 6, 3, 1),
    "activitats": (32, 30, 22, 10, 4, 2),
    "global": (28, 32, 26, 9, 4, 1),
}
RECOMMENDATION = (42, 30, 17, 6, 3, 2)
# No shelf reservation waits longer than this in opening hours and is still in time:
# any two opening days hold as many.
LONGEST_IN_TIME_HOURS = 8.0
EVENTS_PER_WEEK = 3.4
SUMMER_EVENTS_PER_WEEK = 1.7
NO_EVENTS = frozenset({(12, 24), (12, 31)})
PROGRAMME_ON = (1, 24)
# Share of what comes from the network in time, with the van and without it.
IN_TIME, WITHOUT_TRANSPORT = 0.88, 0.25


def reservations(town: Town) -> Iterator[DemoEvent]:
    """Yield reservations; they are made online, at any hour of any day."""
    office = town.offices["hores-biblioteca"]
    chance = town.chance("biblioteca-reserves")
    numbers = Numbers("R")
    for day in town.days("biblioteca-reserves"):
        hours = sorted(
            chance.around(7.5, 23.5, 18)
            for _ in town.arrivals(chance, day, 4.8 if day.weekday() != 6 else 3.0)
        )
        mood = town.mood("biblioteca-reserves", day)
        network = IN_TIME + 0.03 * mood
        if day >= town.today - NO_TRANSPORT_DAYS * DAY:
            network = WITHOUT_TRANSPORT
        for hour in hours:
            key, at = numbers.next(day), clock(day, hour)
            yield from _reservation(chance, office, key, at, mood, network)


def _reservation(
    chance: Chance,
    office: Office,
    key: str,
    at: datetime,
    mood: float,
    network: float,
) -> list[DemoEvent]:
    location = chance.one(LOCATIONS)
    attributes = {"location": location}
    if chance.happens(0.03):
        gone = at + chance.between(3, 90) * HOUR
        return case(key, attributes, ("requested", at), ("cancelled", gone))
    if location == "prestatge":
        ready = _from_the_shelf(chance, office, at, mood)
    elif location == "xarxa":
        ready = _from_the_network(chance, office, at, network)
    else:
        ready = _opening(chance, office, at, chance.between(4, 38))
    return case(key, attributes, ("requested", at), ("available", ready))


def _from_the_shelf(
    chance: Chance, office: Office, at: datetime, mood: float
) -> datetime:
    if chance.happens(0.955 + 0.018 * mood):
        hours = min(chance.skewed(3.4, 0.55), LONGEST_IN_TIME_HOURS)
        ready = office.calendar.add_open(at, timedelta(seconds=round(hours * 3600)))
        return ready.replace(microsecond=0)
    day = office.after(at.date(), chance.between(3, 6))
    return office.moment(office.next_opening(day), chance, spare=MINUTE)


def _from_the_network(
    chance: Chance, office: Office, at: datetime, in_time: float
) -> datetime:
    if chance.happens(in_time):
        return _opening(chance, office, at, chance.days(5, 13, 9))
    return _opening(chance, office, at, chance.between(17, 29))


def _opening(chance: Chance, office: Office, at: datetime, days: int) -> datetime:
    day = office.next_opening(at.date() + days * DAY)
    return office.moment(day, chance, spare=MINUTE)


def proposals(town: Town) -> Iterator[DemoEvent]:
    """Yield suggestions of what to buy and the answers to them."""
    office = town.offices["dies-habils"]
    chance = town.chance("biblioteca-propostes")
    numbers = Numbers("P")
    for day in town.days("biblioteca-propostes"):
        for _ in town.arrivals(chance, day, 0.35):
            key, at = numbers.next(day), clock(day, chance.around(8, 23, 19))
            late = chance.happens(0.015)
            days = chance.between(21, 27) if late else chance.days(3, 19, 11)
            done = clock(office.after(day, days), chance.around(9, 14.5, 11))
            attributes = {"audience": chance.one(AUDIENCES)}
            yield from case(key, attributes, ("proposed", at), ("answered", done))


def activities(town: Town) -> Iterator[DemoEvent]:
    """
    Yield activities, held or cancelled, and the programme of each year.

    One event a case; fewer activities in summer.
    """
    office = town.offices["hores-biblioteca"]
    chance = town.chance("biblioteca-activitats")
    numbers = Numbers("A")
    due = 0.0
    for day in town.days("biblioteca-activitats"):
        if (day.month, day.day) == PROGRAMME_ON:
            yield _programme(office, day)
        summer = day.month in {7, 8}
        due += (SUMMER_EVENTS_PER_WEEK if summer else EVENTS_PER_WEEK) / 7
        if not office.hours(day) or (day.month, day.day) in NO_EVENTS:
            continue
        while due >= 1 and chance.happens(0.75):
            due -= 1
            yield from _activity(chance, office, numbers.next(day), day)


def _programme(office: Office, day: date) -> DemoEvent:
    """Publish the year's programme on the last opening day up to then."""
    at = office.hours(office.last_opening(day))[0][0] + HOUR
    key = f"PR-{day.year}"
    attributes = {"audience": "tots"}
    return DemoEvent(
        f"{key}/programme_published",
        key,
        "programme_published",
        at,
        None,
        attributes,
    )


def _activity(chance: Chance, office: Office, key: str, day: date) -> list[DemoEvent]:
    type_ = "cancelled" if chance.happens(0.02) else "held"
    at = office.moment(day, chance, spare=HOUR)
    return case(key, {"audience": chance.one(AUDIENCES)}, (type_, at))


def surveys(town: Town) -> Iterator[DemoEvent]:
    """Yield what readers answer."""
    office = town.offices["hores-biblioteca"]
    chance = town.chance("enquestes-biblioteca")
    for day in town.days("enquestes-biblioteca"):
        if not office.hours(day):
            continue
        for number in town.arrivals(chance, day, 2.2):
            topic = chance.one(TOPICS)
            yield from answers(
                chance,
                f"B-{day:%Y%m%d}-{number + 1:03d}",
                office.moment(day, chance, spare=MINUTE),
                {"topic": topic},
                (SCORES[topic], RECOMMENDATION),
            )

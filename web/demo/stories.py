"""
The cases behind the demo's claims, so that a claim can be read beside its events.

A claim of ``claims.json`` names its story; a story gives the stream, the case and
its events, placed around the day of the facts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from web.demo.streets import CLEANER
from web.demo.town import DAY, HOUR, MINUTE, DemoEvent, Town, case, clock, sent_by

FRIDAY = 4


@dataclass(frozen=True, slots=True)
class Story:
    """A case that somebody complains of, and the stream it is in."""

    stream: str
    case: str
    events: list[DemoEvent]


def story(town: Town, name: str, facts_on: date) -> Story:
    """
    Tell a story.

    :raises KeyError: if there is none of that name.
    """
    return STORIES[name](town, facts_on)


def _shelf(town: Town, facts_on: date) -> Story:
    """Reserve on a Friday afternoon; have it after five opening days."""
    office = town.offices["hores-biblioteca"]
    friday = facts_on - (facts_on.weekday() - FRIDAY) % 7 * DAY
    requested = clock(friday, 17.6)
    ready = clock(office.next_opening(office.after(friday, 5)), 18.2)
    key = f"R-{friday.year}-S0001"
    steps = ("requested", requested), ("available", ready)
    return Story(
        "biblioteca-reserves", key, case(key, {"location": "prestatge"}, *steps)
    )


def _network(town: Town, facts_on: date) -> Story:
    """Get a book from another library after twenty-two days."""
    office = town.offices["hores-biblioteca"]
    arrived = office.last_opening(facts_on)
    requested = clock(arrived - 22 * DAY, 19.3)
    key = f"R-{arrived.year}-S0002"
    last = office.hours(arrived)[0][0] + 40 * MINUTE
    steps = ("requested", requested), ("available", last)
    return Story("biblioteca-reserves", key, case(key, {"location": "xarxa"}, *steps))


def _proposal(town: Town, facts_on: date) -> Story:
    """Answer after eighteen working days: in time."""
    office = town.offices["dies-habils"]
    answered = office.before(facts_on, 0)
    proposed = clock(office.before(answered, 18), 18.5)
    key = f"P-{answered.year}-S0001"
    steps = ("proposed", proposed), ("answered", clock(answered, 11.25))
    return Story(
        "biblioteca-propostes", key, case(key, {"audience": "infantil"}, *steps)
    )


def _walked_out(town: Town, facts_on: date) -> Story:
    """Leave after forty-three minutes."""
    day = town.offices["hores-oficina"].last_opening(facts_on)
    issued = clock(day, 9.1)
    key = f"T-{day:%Y%m%d}-S01"
    attributes = {"channel": "sense_cita", "site": "centre"}
    steps = ("issued", issued), ("abandoned", issued + 43 * MINUTE)
    return Story("oac-torns", key, case(key, attributes, *steps))


def _appointment(town: Town, facts_on: date) -> Story:
    """Keep an appointment twenty-eight minutes late."""
    day = town.offices["hores-oficina"].last_opening(facts_on)
    agreed = clock(day, 9 + 20 / 60)
    key = f"T-{day:%Y%m%d}-S02"
    attributes = {"channel": "cita_previa", "site": "centre"}
    steps = ("issued", agreed), ("served", agreed + 28 * MINUTE)
    return Story("oac-torns", key, case(key, attributes, *steps))


def _street_light(_town: Town, facts_on: date) -> Story:
    """Leave a street light dark that was reported."""
    key = f"I-{facts_on.year}-S0001"
    attributes = {"kind": "enllumenat", "priority": "ordinaria"}
    opened = clock(facts_on - 7 * DAY, 18.7)
    return Story("incidencies", key, case(key, attributes, ("opened", opened)))


def _pothole(town: Town, facts_on: date) -> Story:
    """Mend a pothole after nineteen working days."""
    office = town.offices["dies-habils"]
    opened = office.before(facts_on, 17)
    key = f"I-{opened.year}-S0002"
    attributes = {"kind": "paviment", "priority": "ordinaria"}
    closed = clock(office.after(opened, 19), 10.5)
    steps = ("opened", clock(opened, 8.9)), ("closed", closed)
    return Story("incidencies", key, case(key, attributes, *steps))


def _sofa(_town: Town, facts_on: date) -> Story:
    """Take furniture away a day too late."""
    key = f"I-{facts_on.year}-S0003"
    attributes = {"kind": "neteja", "priority": "ordinaria"}
    opened, closed = clock(facts_on, 9.4), clock(facts_on + 3 * DAY, 12.2)
    steps = ("opened", opened), ("closed", closed)
    events = sent_by(CLEANER, case(key, attributes, *steps))
    return Story("incidencies", key, events)


def _manhole(_town: Town, facts_on: date) -> Story:
    """Make an urgent case safe for good after twenty-nine hours."""
    key = f"I-{facts_on.year}-S0004"
    attributes = {"kind": "paviment", "priority": "urgent"}
    opened = clock(facts_on, 9.2)
    steps = ("opened", opened), ("closed", opened + 29 * HOUR)
    return Story("incidencies", key, case(key, attributes, *steps))


def _bathroom(town: Town, facts_on: date) -> Story:
    """Decide a file in thirty-one working days, complete from the first."""
    office = town.offices["dies-habils"]
    resolved = office.before(facts_on, 0)
    submitted = office.before(resolved, 31)
    key = f"X-{submitted.year}-S0001"
    steps = (
        ("submitted", clock(submitted, 9.5)),
        ("checked", clock(submitted, 12.5)),
        ("resolved", clock(resolved, 13.1)),
    )
    return Story("expedients", key, case(key, {"procedure": "obra_menor"}, *steps))


def _scaffold(town: Town, facts_on: date) -> Story:
    """Check a file and do not decide it, in twelve working days or since."""
    office = town.offices["dies-habils"]
    submitted = office.before(facts_on, 12)
    key = f"X-{submitted.year}-S0002"
    steps = (
        ("submitted", clock(submitted, 10.2)),
        ("checked", clock(office.after(submitted, 3), 12.4)),
    )
    return Story("expedients", key, case(key, {"procedure": "ocupacio_via"}, *steps))


def _bar(town: Town, facts_on: date) -> Story:
    """Refuse after thirty-eight working days: in time."""
    office = town.offices["dies-habils"]
    resolved = office.before(facts_on, 0)
    submitted = office.before(resolved, 38)
    key = f"X-{submitted.year}-S0003"
    steps = (
        ("submitted", clock(submitted, 11.3)),
        ("checked", clock(office.after(submitted, 6), 10.8)),
        ("resolved", clock(resolved, 12.6)),
    )
    attributes = {"procedure": "llicencia_activitat"}
    return Story("expedients", key, case(key, attributes, *steps))


STORIES: dict[str, Callable[[Town, date], Story]] = {
    "shelf": _shelf,
    "network": _network,
    "proposal": _proposal,
    "walked_out": _walked_out,
    "appointment": _appointment,
    "street_light": _street_light,
    "pothole": _pothole,
    "sofa": _sofa,
    "manhole": _manhole,
    "bathroom": _bathroom,
    "scaffold": _scaffold,
    "bar": _bar,
}

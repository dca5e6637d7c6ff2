"""
Two years in the life of a small town, as its systems would have logged them.

Pure and seeded: the same instant gives the same events. Seasons, weekdays, holidays
and opening hours are those of the charters' calendars; there is a storm, a shortage
of staff, a feed that fell silent, and what every log has: open cases, withdrawn
ones, corrections and late arrivals.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from web.demo import desk, library, online, permits, streets
from web.demo.stories import Story
from web.demo.town import AMENDED_MONTHS_AGO, DAY, Chance, DemoEvent, Town

STREAMS: dict[str, Callable[[Town], Iterator[DemoEvent]]] = {
    "biblioteca-activitats": library.activities,
    "biblioteca-propostes": library.proposals,
    "biblioteca-reserves": library.reservations,
    "enquestes-biblioteca": library.surveys,
    "enquestes-oac": desk.surveys,
    "expedients": permits.permits,
    "incidencies": streets.incidents,
    "oac-torns": desk.tickets,
    "oac-trucades": desk.calls,
    "seu-electronica": online.outages,
}
# By stream: the type that ends a case, how many of these reach us late, how many
# are corrected afterwards.
AMENDED = {
    "biblioteca-reserves": ("available", 2, 2),
    "expedients": ("resolved", 2, 1),
    "incidencies": ("closed", 3, 2),
}


def generate(town: Town, stories: Iterable[Story] = ()) -> dict[str, list[DemoEvent]]:
    """
    Return the events of every stream up to the town's now, in order of time.

    :param stories: cases that are told elsewhere and belong into the streams.
    """
    told: dict[str, list[DemoEvent]] = {}
    for story in stories:
        told.setdefault(story.stream, []).extend(story.events)
    return {
        stream: _stream(town, stream, make, told.get(stream, []))
        for stream, make in STREAMS.items()
    }


def _stream(
    town: Town,
    stream: str,
    make: Callable[[Town], Iterator[DemoEvent]],
    told: list[DemoEvent],
) -> list[DemoEvent]:
    events = [event for event in make(town) if event.at <= town.now]
    if stream in AMENDED:
        events = _amended(town, stream, events)
    first, _until = town.windows[stream]
    events += [event for event in told if event.at <= town.now]
    return sorted(
        (event for event in events if event.at.date() >= first),
        key=lambda event: (event.at, event.id),
    )


def _amended(town: Town, stream: str, events: list[DemoEvent]) -> list[DemoEvent]:
    """Let a few ends of cases of some months ago come late, and correct a few."""
    type_, late, corrected = AMENDED[stream]
    chance = Chance(f"{town.seed}/amended/{stream}")
    ends = [
        event
        for event in events
        if event.type == type_ and town.months_ago(event.at) in AMENDED_MONTHS_AGO
    ]
    chosen = chance.some(ends, late + corrected)
    delayed = {event.id for event in chosen[:late]}
    return [replace(event, late=event.id in delayed) for event in events] + [
        _correction(event) for event in chosen[late:]
    ]


def _correction(event: DemoEvent) -> DemoEvent:
    """Return the same event a week later, as somebody found out afterwards."""
    return replace(
        event,
        id=f"{event.id}/2",
        at=event.at + 7 * DAY,
        replaces=event.id,
        late=True,
    )

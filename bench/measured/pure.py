"""The engine by itself: working time in batches, and one long case."""

import random
from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np

from bench.rows import middle, side_by_side
from bench.town import CALENDAR, FIRST
from engine.cases import Event, Promise, judge
from engine.rules import Rule
from engine.worktime import (
    Term,
    Unit,
    WorkCalendar,
    due_many,
    elapsed_many,
)
from engine.worktime.civil import micros_of

ZONE = ZoneInfo("Europe/Madrid")
Pairs = Sequence[tuple[int, int]]


class Bisected:
    """What one would write by hand: prefix sums of the opening hours, and bisect."""

    def __init__(self, calendar: WorkCalendar) -> None:
        day, self.starts, self.ends, self.before = calendar.known_from, [], [], [0]
        while day < calendar.known_until:
            for opens, closes in calendar.open_intervals(day):
                start, end = micros_of(opens), micros_of(closes)
                self.starts.append(start)
                self.ends.append(end)
                self.before.append(self.before[-1] + end - start)
            day += timedelta(days=1)

    def elapsed(self, pairs: Pairs) -> list[int]:
        """Return the open time of each pair, one after the other."""
        starts, ends, before = self.starts, self.ends, self.before
        found = []
        for start, end in pairs:
            run = bisect_right(starts, end) - 1
            until = before[run] + min(end, ends[run]) - starts[run]
            run = bisect_right(starts, start) - 1
            found.append(until - before[run] - min(start, ends[run]) + starts[run])
        return found


def cases_drawn(cases: int) -> Pairs:
    """Return starts and ends of cases, drawn by lot; always the same."""
    dice = random.Random(42)
    first = micros_of(datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC))
    starts = [first + dice.randrange(1096 * 86_400) * 1_000_000 for _ in range(cases)]
    return [
        (start, start + dice.randrange(1, 30 * 86_400) * 1_000_000) for start in starts
    ]


def working_time(cases: int, turns: int) -> tuple[float, float, float]:
    """
    Compute the open time of many cases in turns with the loop by hand.

    :returns: seconds of the batch, of the loop, and of the due instants of as many.
    :raises RuntimeError: if the two do not agree.
    """
    calendar = WorkCalendar.from_definition(CALENDAR)
    by_hand = Bisected(calendar)
    pairs = cases_drawn(cases)
    starts, ends = (np.array(column, np.int64) for column in zip(*pairs, strict=True))

    batch = partial(elapsed_many, starts, ends, Unit.OPEN_HOURS, calendar, zone=ZONE)
    if batch().tolist() != by_hand.elapsed(pairs):
        msg = "the batch and the loop do not agree"
        raise RuntimeError(msg)
    term = Term.from_definition({"amount": "40", "unit": "open_hours"})
    ours, theirs = side_by_side(
        lambda _turn: batch(), lambda _turn: by_hand.elapsed(pairs), turns
    )
    due = partial(due_many, starts, term, calendar, zone=ZONE)
    return ours, theirs, middle(due, turns)


def long_case(events: int, turns: int) -> dict[str, float]:
    """
    Judge one case with many events, under rules of several kinds.

    :returns: median seconds by kind.
    """
    first = datetime(FIRST.year, FIRST.month, 2, 9, tzinfo=UTC)
    types = ("paused", "resumed")
    happened = [Event("0", "opened", first)]
    happened += [
        Event(str(n), types[n % 2], first + timedelta(minutes=n))
        for n in range(1, events - 1)
    ]
    happened.append(Event("x", "closed", first + timedelta(minutes=events)))
    calendar = WorkCalendar.from_definition(CALENDAR)
    taken = {}
    for name, (kind, definition) in LONG.items():
        rule = Rule.from_definition(kind, definition, comparator=None, target=None)
        promise = Promise(rule, FIRST, None, calendar)
        work = partial(judge, "c", happened, [promise], zone=ZONE)
        taken[name] = middle(work, turns)
    return taken


MOMENTS = {
    "start": {"types": ["opened"]},
    "stop": {"types": ["closed"]},
    "pauses": [{"from": ["paused"], "until": ["resumed"]}],
}
LONG = {
    "limit": (
        "share_within_limit",
        MOMENTS | {"limit": {"amount": "10", "unit": "working_days"}},
    ),
    "duration": ("mean_duration", MOMENTS | {"unit": "open_hours"}),
    "count": ("count", {"numerator": {"paused": 1}}),
    "reopened": (
        "share_within_limit",
        MOMENTS
        | {
            "limit": {"amount": "40", "unit": "open_hours"},
            "pauses": [],
            "stop": {"types": ["paused"], "pick": "last"},
            "reopened": {"types": ["resumed"], "clock": "paused"},
        },
    ),
}

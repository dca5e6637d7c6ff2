"""
Cases of other projects' working time, and how the engine expresses them.

The cases are inputs and expected answers that peers' own tests state. Each belongs to
a group by what it asks and by the conventions it rests on; a group says with which of
the engine's calls and options it is expressed, or why it is not.

``python -m tests.oracles.business_time`` writes ``docs/business-time-cases.md``.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from engine.worktime import (
    RESOLUTION,
    Term,
    Unit,
    WorkCalendar,
    due_at,
    elapsed,
    latest_start as latest_start_of,
)

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "business-time-cases.md"
UTC_ZONE = ZoneInfo("UTC")
SECOND = timedelta(seconds=1)


@lru_cache
def compiled(definition: str) -> WorkCalendar:
    """Return a peer's calendar; a day with hours is a working day."""
    source = json.loads(definition)
    assert set(source) <= {"tz", "weekly", "holidays"}
    return WorkCalendar.from_definition(
        {
            "zone": source["tz"],
            "known_from": "2000-01-01",
            "known_until": "2030-01-01",
            "weekly": source["weekly"],
            "working_weekdays": [
                day for day, hours in source["weekly"].items() if hours
            ],
            "holidays": dict.fromkeys(source["holidays"], ""),
        }
    )


@dataclass(frozen=True)
class Case:
    """One case as its peer states it."""

    source: Mapping[str, Any]

    @property
    def id(self) -> str:
        return self.source["id"]

    @property
    def key(self) -> tuple[str, str, frozenset[str]]:
        """What it asks, in which direction, by which conventions."""
        source = self.source
        return (
            source["op"],
            source.get("direction", ""),
            frozenset(source["conventions"]),
        )

    @cached_property
    def calendar(self) -> WorkCalendar:
        return compiled(json.dumps(self.source["calendar"]))

    @property
    def start(self) -> datetime:
        return instant(self.source["start"])

    @property
    def end(self) -> datetime:
        return instant(self.source["end"])

    @property
    def day(self) -> date:
        return self.start.astimezone(self.calendar.zone).date()

    @property
    def amount(self) -> int:
        return self.source["amount"]

    @property
    def length(self) -> timedelta:
        return timedelta(**{self.source["unit"]: self.amount})

    @property
    def is_dated(self) -> bool:
        """Whether it is asked in days, not in instants."""
        return "T" not in self.source["start"]

    @property
    def expected(self) -> object:
        expected = self.source["expected"]
        if isinstance(expected, str):
            return date.fromisoformat(expected) if self.is_dated else instant(expected)
        if isinstance(expected, list):
            return tuple(map(date.fromisoformat, expected))
        if isinstance(expected, dict) and "deadline" in expected:
            return expected | {"deadline": instant(expected["deadline"])}
        return expected


def instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


# What the engine is asked.


def term(amount: object, unit: Unit, **options: object) -> Term:
    return Term.from_definition({"amount": str(amount), "unit": unit} | options)


def last_good(case: Case, limit: Term) -> datetime:
    due = due_at(case.start, limit, case.calendar, zone=UTC_ZONE)
    assert due is not None
    return due - RESOLUTION


def last_day(case: Case, limit: Term) -> date:
    return last_good(case, limit).astimezone(case.calendar.zone).date()


def open_hours(case: Case) -> datetime:
    return last_good(case, term(case.amount, Unit.OPEN_HOURS))


def working_days(case: Case, **options: object) -> datetime | date:
    if case.is_dated:
        return last_day(case, term(case.amount, Unit.WORKING_DAYS, **options))
    return last_good(case, term(case.amount, Unit.WORKING_DAYS, ends="time", **options))


def closing(case: Case) -> datetime | None:
    limit = term(case.amount, Unit.WORKING_DAYS, ends="closing")
    return due_at(case.start, limit, case.calendar, zone=UTC_ZONE)


def days_before(case: Case, **options: object) -> datetime | date:
    if case.is_dated:
        return case.calendar.add_working_days(case.day, -case.amount)
    limit = term(case.amount, Unit.WORKING_DAYS, ends="time", **options)
    return latest_start_of(case.start, limit, case.calendar, zone=UTC_ZONE)


def closing_before(case: Case) -> datetime:
    day = case.calendar.add_working_days(case.day, -case.amount)
    return case.calendar.open_intervals(day)[-1][1]


def same_or_next_day(case: Case) -> date:
    return last_day(case, term(1, Unit.WORKING_DAYS, day_one="same"))


def open_or_closing(case: Case) -> bool:
    calendar, at = case.calendar, case.start
    return calendar.is_open(at) or calendar.previous_open(at) == at


def days_between(case: Case, *, inclusive: bool) -> int:
    until = case.end.date() + inclusive * timedelta(days=1)
    return len(case.calendar.working_days(case.day, until))


def clock(case: Case) -> dict[str, object]:
    calendar = case.calendar
    pauses = [
        (instant(since), instant(until)) for since, until in case.source["pauses"]
    ]
    limit = term(Decimal(case.amount) / 60, Unit.OPEN_MINUTES)
    due = due_at(case.start, limit, calendar, zone=UTC_ZONE, pauses=pauses)
    assert due is not None
    net = elapsed(
        case.start, case.end, Unit.OPEN_MINUTES, calendar, zone=UTC_ZONE, pauses=pauses
    )
    told = {
        "deadline": due - RESOLUTION,
        "net_resolution_seconds": net * RESOLUTION / SECOND,
        "paused_seconds": sum(
            calendar.open_between(since, until) / SECOND for since, until in pauses
        ),
        "status": "met" if case.end < due else "missed",
    }
    return {key: told[key] for key in case.source["expected"]}


# The table.


@dataclass(frozen=True)
class Group:
    """
    Cases that ask the same by the same conventions.

    :param calls: the engine's calls and options that express them.
    :param reason: why they are not expressed, if they are not.
    :param only: narrows the group further.
    """

    op: str
    direction: str
    conventions: frozenset[str]
    calls: str = ""
    answer: Callable[[Case], object] | None = None
    reason: str = ""
    only: Callable[[Case], bool] = lambda _: True

    def takes(self, case: Case) -> bool:
        return case.key == (self.op, self.direction, self.conventions) and self.only(
            case
        )


def run(
    asked: str,
    conventions: str,
    calls: str,
    answer: Callable[[Case], object],
    **more: Any,
) -> Group:
    op, _, direction = asked.partition(" ")
    return Group(op, direction, frozenset(conventions.split()), calls, answer, **more)


def listed(asked: str, conventions: str, reason: str, **more: Any) -> Group:
    op, _, direction = asked.partition(" ")
    return Group(op, direction, frozenset(conventions.split()), reason=reason, **more)


def while_open(case: Case) -> bool:
    return case.calendar.is_open(case.start)


SETTLEMENT = (
    "Rolls back where rolling forward would leave the month (or the other way round):"
    " a rule for settling payments. No charter has it, and a last day that moves back"
    " takes time from whom it was promised to."
)
OPENING = (
    "Counted back from out of hours, the peer answers with the opening of the day,"
    " whatever the time. Ours is the last instant from which the days still pass, which"
    " is just before closing time of that day."
)

GROUPS = [
    # Open time.
    run(
        "add forward",
        "",
        "`add_open`",
        lambda c: c.calendar.add_open(c.start, c.length),
    ),
    run(
        "add backward",
        "",
        "`subtract_open`",
        lambda c: c.calendar.subtract_open(c.start, c.length),
    ),
    run(
        "add forward",
        "result_at_close_rolls_to_next_open",
        "`due_at` of `open_hours`, less a microsecond: its last good instant",
        open_hours,
    ),
    run(
        "add backward",
        "result_at_close_rolls_to_next_open",
        "`subtract_open`",
        lambda c: c.calendar.subtract_open(c.start, c.length),
    ),
    run(
        "add forward",
        "zero_amount_snaps_to_open",
        "`next_opening`",
        lambda c: c.calendar.next_opening(c.start),
    ),
    run(
        "add backward",
        "zero_amount_snaps_to_open",
        "`previous_open`",
        lambda c: c.calendar.previous_open(c.start),
    ),
    run(
        "between",
        "",
        "`open_between`",
        lambda c: c.calendar.open_between(c.start, c.end) / SECOND,
    ),
    listed(
        "between",
        "inverted_interval_is_zero",
        "Of reversed instants `open_between` is negative, not zero: a stop before its"
        " start is a fault of the log, and must not look like a case without delay.",
    ),
    run(
        "sla_clock",
        "pause_extends_deadline",
        "`due_at` and `elapsed` of `open_minutes` with `pauses`",
        clock,
    ),
    run(
        "sla_clock",
        "pause_counts_only_open_time",
        "`due_at` and `elapsed` of `open_minutes` with `pauses`",
        clock,
    ),
    # Openings.
    run("is_open", "", "`is_open`", lambda c: c.calendar.is_open(c.start)),
    run(
        "is_open",
        "closing_instant_is_open",
        "`is_open`, or `previous_open` is the instant itself",
        open_or_closing,
    ),
    run("next_open", "", "`next_opening`", lambda c: c.calendar.next_opening(c.start)),
    # Working days.
    run(
        "is_business_day",
        "",
        "`is_working_day`",
        lambda c: c.calendar.is_working_day(c.day),
    ),
    run(
        "is_business_day",
        "recurring_holiday",
        "`is_working_day`; a holiday dated `*-12-25`",
        lambda c: c.calendar.is_working_day(c.day),
    ),
    run(
        "list_business_dates",
        "end_exclusive",
        "`working_days`",
        lambda c: c.calendar.working_days(c.day, c.end.date()),
    ),
    run(
        "business_days_between",
        "end_exclusive",
        "`working_days`, counted",
        lambda c: days_between(c, inclusive=False),
    ),
    run(
        "business_days_between",
        "end_inclusive",
        "`working_days` until the day after, counted",
        lambda c: days_between(c, inclusive=True),
    ),
    # Terms of working days.
    run(
        "add_business_days forward",
        "",
        "`due_at` of `working_days`: its last day; with a time of day, `ends: time`",
        working_days,
    ),
    run(
        "add_business_days forward",
        "closed_start_counts_first_open_day_as_day_1",
        "`due_at` of `working_days`: its last day",
        working_days,
    ),
    run(
        "add_business_days forward",
        "end_of_working_day",
        "`due_at` of `working_days`, `ends: closing`",
        closing,
    ),
    run(
        "add_business_days forward",
        "no_holidays weekend_start_moves_to_monday_00:00",
        "`due_at` of `working_days`, `entry: next_working_day`, `ends: time`",
        lambda c: working_days(c, entry="next_working_day"),
    ),
    run(
        "add_business_days forward",
        "roll_start_to_open_then_add_days_keep_time",
        "`due_at` of `working_days`, `entry: next_opening`, `ends: time`",
        lambda c: working_days(c, entry="next_opening"),
        only=lambda c: c.amount > 0,
    ),
    run(
        "add_business_days forward",
        "roll_start_to_open_then_add_days_keep_time",
        "of no days, `next_opening`",
        lambda c: c.calendar.next_opening(c.start),
        only=lambda c: c.amount == 0,
    ),
    run(
        "add_business_days forward",
        "zero_days_on_weekend_rolls_forward",
        "`due_at` of one of the `working_days`, `day_one: same`: its last day",
        same_or_next_day,
    ),
    run(
        "add_business_days forward",
        "roll_forward",
        "`due_at` of one of the `working_days`, `day_one: same`: its last day",
        same_or_next_day,
    ),
    run(
        "add_business_days forward",
        "roll_backward",
        "`add_working_days`, one before the following day",
        lambda c: c.calendar.add_working_days(c.day + timedelta(days=1), -1),
    ),
    listed("add_business_days forward", "roll_modifiedfollowing", SETTLEMENT),
    listed("add_business_days forward", "roll_modifiedpreceding", SETTLEMENT),
    # Working days back.
    run(
        "add_business_days backward",
        "",
        "`add_working_days`; with a time of day, `latest_start` of `ends: time`",
        days_before,
    ),
    run(
        "add_business_days backward",
        "closed_start_counts_first_open_day_as_day_1",
        "`add_working_days`",
        days_before,
    ),
    run(
        "add_business_days backward",
        "end_of_working_day",
        "`add_working_days`, then the end of its `open_intervals`",
        closing_before,
    ),
    run(
        "add_business_days backward",
        "roll_start_to_open_then_add_days_keep_time",
        "`latest_start` of `working_days`, `entry: next_opening`, `ends: time`",
        lambda c: days_before(c, entry="next_opening"),
        only=while_open,
    ),
    listed(
        "add_business_days backward",
        "roll_start_to_open_then_add_days_keep_time",
        OPENING,
        only=lambda c: not while_open(c),
    ),
    # Calendar days.
    run(
        "add_calendar_days forward",
        "",
        "`due_at` of `calendar_days`, `ends: time`, `roll: false`",
        lambda c: last_good(
            c, term(c.amount, Unit.CALENDAR_DAYS, ends="time", roll=False)
        ),
    ),
]


def group_of(case: Case) -> Group:
    """
    Return the group of a case.

    :raises ValueError: if it has none, or several.
    """
    (group,) = (group for group in GROUPS if group.takes(case))
    return group


def read_cases(folder: Path) -> list[Case]:
    text = (folder / "business_time_cases.json").read_text(encoding="utf-8")
    return [Case(source) for source in json.loads(text)["cases"]]


# The page.


def page(cases: Sequence[Case]) -> str:
    """Return the page about all cases: those that run, and those that do not."""
    groups = [(case, group_of(case)) for case in cases]
    ran = [(case, group) for case, group in groups if group.answer]
    left = [(case, group) for case, group in groups if not group.answer]
    return f"""\
# Cases of other working-time software

Seven projects state in their own tests what working time comes to:
{projects(cases)}.
Their {len(cases)} cases, as inputs and expected answers, are run against the engine.
{len(ran)} of them rest on conventions that the engine's options express, and give
exactly the expected answer; {len(left)} do not, and are listed with the reason.

`python -m tests.oracles.business_time` writes this page from the table that the tests
run (`tests/oracles/test_business_time.py`).

## Run: {len(ran)}

{table(("asked", "conventions", "cases", "the engine's calls"), run_rows(ran))}

## Not run: {len(left)}

{table(("case", "asked", "convention", "reason"), left_rows(left))}
"""


def projects(cases: Iterable[Case]) -> str:
    counts = Counter(case.source["source"]["project"] for case in cases)
    return ",\n".join(f"{name} ({number})" for name, number in sorted(counts.items()))


def run_rows(ran: Iterable[tuple[Case, Group]]) -> list[tuple[str, ...]]:
    counts = Counter(GROUPS.index(group) for _, group in ran)
    return [
        (asked(group), conventions(group), str(counts[number]), group.calls)
        for number, group in enumerate(GROUPS)
        if group.answer
    ]


def left_rows(left: Iterable[tuple[Case, Group]]) -> list[tuple[str, ...]]:
    return [
        (case.id, asked(group), conventions(group), group.reason)
        for case, group in left
    ]


def asked(group: Group) -> str:
    return f"{group.op} {group.direction}".strip()


def conventions(group: Group) -> str:
    return ", ".join(sorted(group.conventions)) or "none"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def data_folder() -> Path:
    shared = os.environ.get("PARAULA_SHARED") or ROOT.parent / "shared"
    return Path(shared) / "data"


if __name__ == "__main__":
    PAGE.write_text(page(read_cases(data_folder())), encoding="utf-8")

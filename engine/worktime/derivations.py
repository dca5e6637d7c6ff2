"""Saying how a due instant came about."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from engine.worktime.calendars import WorkCalendar
from engine.worktime.civil import (
    EVERYTHING,
    Gaps,
    Pause,
    day_of,
    first_showing,
    micros_of,
    net,
    paused,
)
from engine.worktime.counting import DayCount, day_count, line_of
from engine.worktime.deadlines import due_at
from engine.worktime.terms import MICROSECONDS, OPEN_UNITS, Term, Unit


class StepKind(StrEnum):
    """What became of one day on the way to the due instant."""

    START = "start"  # the start's own day, which does not count
    DAY_ONE = "day_one"  # the first day that counts
    COUNTED = "counted"
    OPEN = "open"
    HOLIDAY = "holiday"
    WEEKEND = "weekend"
    OUTSIDE_HOURS = "outside_hours"
    PAUSED = "paused"
    ROLLED = "rolled"  # the working day to which the last day moves


@dataclass(frozen=True, slots=True)
class Step:
    """
    One day of a derivation.

    :param counted: what the day used up of the term, in the term's unit.
    :param note: the name of the holiday.
    """

    day: date | None
    kind: StepKind
    counted: Decimal = Decimal(0)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Derivation:
    """
    How a due instant came about, day by day.

    What the steps counted adds up to the term's amount, unless the case is paused
    without end (``due_at`` is ``None``): then it is what had been used up before.
    """

    start: datetime
    due_at: datetime | None
    steps: tuple[Step, ...]


def explain_due(
    start: datetime,
    term: Term,
    calendar: WorkCalendar | None,
    *,
    zone: ZoneInfo,
    pauses: Sequence[Pause] = (),
) -> Derivation:
    """
    Return :func:`due_at` together with the days that lead to it.

    Working and calendar days have a step for each day. Durations have a step for each
    day touched. Months and years have a step for the start, for each day paused, for
    the last day and for each day rolled over.

    Takes the same arguments, and raises the same errors, as :func:`due_at`.
    """
    due = due_at(start, term, calendar, zone=zone, pauses=pauses)
    zone = calendar.zone if calendar else zone
    gaps = paused(pauses, since=micros_of(start))
    walk = _duration_steps if term.unit.is_duration else _day_steps
    steps = walk(
        micros_of(start),
        None if due is None else micros_of(due),
        term,
        calendar,
        zone,
        gaps,
    )
    return Derivation(start=start, due_at=due, steps=tuple(steps))


def _idle_step(day: int, calendar: WorkCalendar) -> Step | None:
    """Step of a day that is not a working day."""
    when = date.fromordinal(day)
    if when in calendar.holidays:
        return Step(when, StepKind.HOLIDAY, note=calendar.holidays[when])
    if not calendar.is_working_day(when):
        return Step(when, StepKind.WEEKEND)
    return None


def _within(day: int, gaps: Gaps) -> bool:
    return any(gap_from <= day < until for gap_from, until in gaps)


def _day_steps(
    began: int,
    due: int | None,
    term: Term,
    calendar: WorkCalendar | None,
    zone: ZoneInfo,
    gaps: Gaps,
) -> Iterator[Step]:
    start_day = day_of(zone, began)
    count = day_count(began, term, calendar, zone)
    gaps = count.gaps(gaps)
    last = count.last(gaps)
    end = gaps[-1][0] if last is None else last + 1
    if count.first > start_day:
        yield Step(date.fromordinal(start_day), StepKind.START)
    left = count.days
    for day in range(count.first, end):
        idle = _idle_if_counted_on(day, count, left, calendar)
        if idle:
            yield idle
        elif _within(day, gaps):
            yield Step(date.fromordinal(day), StepKind.PAUSED)
        elif left:
            left -= 1
            step = _counted_step(day, term, count.days - left, left)
            if step:
                yield step
        else:
            yield Step(date.fromordinal(day), StepKind.ROLLED)
    if due is None:
        yield Step(date.fromordinal(end), StepKind.PAUSED)


def _idle_if_counted_on(
    day: int, count: DayCount, left: int, calendar: WorkCalendar | None
) -> Step | None:
    # Holidays and weekends are passed over by working days, and by a last day that
    # rolls; calendar days count them.
    if calendar and (count.line is not EVERYTHING or not left):
        return _idle_step(day, calendar)
    return None


def _counted_step(day: int, term: Term, number: int, left: int) -> Step | None:
    if term.unit in (Unit.MONTHS, Unit.YEARS):
        return (
            None if left else Step(date.fromordinal(day), StepKind.COUNTED, term.amount)
        )
    kind = StepKind.DAY_ONE if number == 1 else StepKind.COUNTED
    return Step(date.fromordinal(day), kind, Decimal(1))


def _duration_steps(
    began: int,
    due: int | None,
    term: Term,
    calendar: WorkCalendar | None,
    zone: ZoneInfo,
    gaps: Gaps,
) -> Iterator[Step]:
    line = line_of(term.unit, calendar)
    end = gaps[-1][0] if due is None else due - 1
    scale = MICROSECONDS[term.unit]
    used, told = 0, Decimal(0)
    for day in range(day_of(zone, began), day_of(zone, end) + 1):
        morning = max(began, first_showing(zone, day))
        night = min(end, first_showing(zone, day + 1))
        gross = line.passed(night) - line.passed(morning)
        used += net(line, morning, night, gaps)
        # Rounded sums, not sums of rounded days: the last one is then exact.
        done = round(Decimal(used) / scale, 6)
        if used == term.microseconds:
            done = term.amount
        counted, told = done - told, done
        if counted:
            kind = StepKind.OPEN if term.unit in OPEN_UNITS else StepKind.COUNTED
            yield Step(date.fromordinal(day), kind, counted)
        elif gross:
            yield Step(date.fromordinal(day), StepKind.PAUSED)
        elif calendar and morning < night:
            yield _empty_step(day, term, calendar)
        if used == term.microseconds:
            break  # closed or paused from here to the due instant
    if due is None:
        yield Step(date.fromordinal(day_of(zone, end)), StepKind.PAUSED)


def _empty_step(day: int, term: Term, calendar: WorkCalendar) -> Step:
    """Step of a day without time that counts, under a unit that needs a calendar."""
    idle = _idle_step(day, calendar)
    if idle and (term.unit not in OPEN_UNITS or idle.kind is StepKind.HOLIDAY):
        return idle
    return Step(date.fromordinal(day), StepKind.OUTSIDE_HOURS)

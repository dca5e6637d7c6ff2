"""Telling the days that lead to an answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from engine.worktime.calendars import WorkCalendar
from engine.worktime.civil import (
    EVERYTHING,
    Gaps,
    Line,
    Pause,
    day_of,
    first_showing,
    instant_of,
    micros_of,
    paused,
    split,
)
from engine.worktime.counting import (
    MONTHS_IN,
    DayCount,
    day_count,
    full_months,
    gaps_until,
    line_of,
)
from engine.worktime.deadlines import due_at, elapsed
from engine.worktime.derivations import Derivation, DerivationKind, Span, Step, StepKind
from engine.worktime.entries import entered
from engine.worktime.notices import kept_from
from engine.worktime.terms import MICROSECONDS, OPEN_UNITS, Ends, Term, Unit


def explain_due(
    start: datetime,
    term: Term,
    calendar: WorkCalendar | None,
    *,
    zone: ZoneInfo,
    pauses: Sequence[Pause] = (),
) -> Derivation:
    """
    Return :func:`engine.worktime.due_at` together with the days that lead to it.

    Working and calendar days have a step for each day. Durations have a step for each
    day touched. Months and years have a step for the start, for each day paused, for
    the last day and for each day rolled over. A start that counts from another
    instant has a step before all these, a last day that does not end at midnight one
    after them.

    Takes the same arguments, and raises the same errors, as
    :func:`engine.worktime.due_at`.
    """
    due = due_at(start, term, calendar, zone=zone, pauses=pauses)
    asked = _Asked.of(start, term, calendar, zone, pauses)
    if not term.unit.is_duration:
        return replace(asked.days_told(), due_at=due)
    if due is None:
        return asked.duration_told(None, term.microseconds)
    resumes = micros_of(due) - 1
    told = asked.duration_told(resumes, term.microseconds)
    used_up = micros_of(told.used_up_at or start)
    after = tuple(_after(asked.clock, used_up, resumes))
    return replace(told, due_at=due, after=after)


def explain_notice(
    start: datetime,
    term: Term,
    calendar: WorkCalendar | None,
    *,
    zone: ZoneInfo,
    pauses: Sequence[Pause] = (),
) -> Derivation:
    """
    Return :func:`engine.worktime.kept_from` together with the days that lead to it.

    Takes the same arguments, and raises the same errors, as
    :func:`engine.worktime.kept_from`; the steps are as in :func:`explain_due`, and no
    day rolls.
    """
    kept = kept_from(start, term, calendar, zone=zone, pauses=pauses)
    asked = _Asked.of(start, replace(term, roll=False), calendar, zone, pauses)
    if term.unit.is_duration:
        end = None if kept is None else micros_of(kept)
        told = asked.duration_told(end, term.whole_microseconds)
    else:
        told = asked.days_told()
    return replace(told, kind=DerivationKind.NOTICE, term=term, kept_from=kept)


def explain_elapsed(
    start: datetime,
    end: datetime,
    unit: Unit,
    calendar: WorkCalendar | None,
    *,
    zone: ZoneInfo,
    pauses: Sequence[Pause] = (),
) -> Derivation:
    """
    Return :func:`engine.worktime.elapsed` as the days that it is made of.

    Takes the same arguments, and raises the same errors, as
    :func:`engine.worktime.elapsed`. Months and years have a step for the start, for
    each day paused and for the day of the end.
    """
    elapsed(start, end, unit, calendar, zone=zone, pauses=pauses)
    began, ended = sorted((micros_of(start), micros_of(end)))
    gaps = paused(pauses, since=began)
    clock = _Clock.of(unit, calendar, zone, gaps)
    if unit.is_duration:
        steps = tuple(_duration_steps(clock, began, ended))
    else:
        steps = tuple(_days_passed(clock, began, ended))
    return Derivation(
        start=start,
        due_at=None,
        steps=steps if start <= end else tuple(step.negated() for step in steps),
        kind=DerivationKind.ELAPSED,
        unit=unit,
        zone=clock.zone.key,
        counted_from=start,
        end=end,
    )


@dataclass(frozen=True, slots=True)
class _Clock:
    """What counts, on whose days."""

    unit: Unit
    line: Line
    calendar: WorkCalendar | None
    zone: ZoneInfo
    gaps: Gaps

    @classmethod
    def of(
        cls, unit: Unit, calendar: WorkCalendar | None, zone: ZoneInfo, gaps: Gaps
    ) -> "_Clock":
        zone = calendar.zone if calendar else zone
        return cls(unit, line_of(unit, calendar), calendar, zone, gaps)

    def days(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Yield each day touched with the part of it between two instants."""
        for day in range(day_of(self.zone, start), day_of(self.zone, end) + 1):
            morning = max(start, first_showing(self.zone, day))
            yield day, morning, min(end, first_showing(self.zone, day + 1))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A term, from a start on."""

    start: datetime
    began: int  # from when on it counts
    term: Term
    clock: _Clock

    @classmethod
    def of(
        cls,
        start: datetime,
        term: Term,
        calendar: WorkCalendar | None,
        zone: ZoneInfo,
        pauses: Sequence[Pause],
    ) -> "_Asked":
        began = entered(micros_of(start), term, calendar)
        gaps = paused(pauses, since=began)
        return cls(start, began, term, _Clock.of(term.unit, calendar, zone, gaps))

    def duration_told(self, end: int | None, amount: int) -> Derivation:
        """
        Tell a duration.

        :param end: the amount has passed, and time counts on; ``None``: paused before.
        :param amount: in microseconds.
        """
        steps = list(_term_steps(self.clock, self.began, end, self.term, amount))
        ends = [span[1] for step in steps for span in step.intervals]
        used_up = ends[-1] if ends else instant_of(self.began)
        return self._told(steps, None if end is None else used_up)

    def days_told(self) -> Derivation:
        """Tell a term of days."""
        clock = self.clock
        count = day_count(self.began, self.term, clock.calendar, clock.zone)
        return self._told(list(_day_steps(clock, count, self.began, self.term)))

    def _told(self, steps: list[Step], used_up: datetime | None = None) -> Derivation:
        at = micros_of(self.start)
        if self.began != at:
            day = date.fromordinal(day_of(self.clock.zone, at))
            since, until = instant_of(at), instant_of(self.began)
            steps.insert(0, Step(day, StepKind.ENTRY, since=since, until=until))
        return Derivation(
            start=self.start,
            due_at=None,
            steps=tuple(steps),
            kind=DerivationKind.DUE,
            unit=self.term.unit,
            zone=self.clock.zone.key,
            counted_from=instant_of(self.began),
            term=self.term,
            used_up_at=used_up,
        )


# Terms of days.


def _day_steps(
    clock: _Clock, count: DayCount, began: int, term: Term
) -> Iterator[Step]:
    start_day = day_of(clock.zone, began)
    gaps = count.gaps(clock.gaps)
    last = count.last(gaps)
    end = gaps[-1][0] if last is None else last + 1
    if count.first > start_day:
        yield Step(date.fromordinal(start_day), StepKind.START)
    left = count.days
    for day in range(count.first, end):
        # Holidays and weekends are passed over by working days, and by a last day
        # that rolls; calendar days count them.
        passes_over = term.unit is Unit.WORKING_DAYS or not left
        idle = _idle_step(day, clock.calendar) if passes_over else None
        if idle:
            yield idle
        elif _within(day, gaps):
            yield Step(date.fromordinal(day), StepKind.PAUSED)
        elif left:
            left -= 1
            yield from _counted_day(day, term, first=left + 1 == count.days, left=left)
        else:
            yield Step(date.fromordinal(day), StepKind.ROLLED)
    if last is None:
        yield Step(date.fromordinal(end), StepKind.PAUSED)
    elif term.ends is not Ends.DAY:
        until = instant_of(count.end.passed(last))
        yield Step(date.fromordinal(last), StepKind.ENDS, until=until)


def _counted_day(day: int, term: Term, *, first: bool, left: int) -> Iterator[Step]:
    when = date.fromordinal(day)
    if term.unit not in MONTHS_IN:
        kind = StepKind.DAY_ONE if first else StepKind.COUNTED
        yield Step(when, kind, Decimal(1), exact=1)
    elif not left:
        yield Step(when, StepKind.COUNTED, term.amount, exact=int(term.amount))


def _days_passed(clock: _Clock, began: int, ended: int) -> Iterator[Step]:
    first, last = day_of(clock.zone, began), day_of(clock.zone, ended)
    yield Step(date.fromordinal(first), StepKind.START)
    gaps = gaps_until(ended, clock.zone, clock.gaps, since=first + 1)
    counted = 0
    for day in range(first + 1, last + 1):
        working = clock.unit is Unit.WORKING_DAYS
        idle = _idle_step(day, clock.calendar) if working else None
        if idle:
            yield idle
        elif _within(day, gaps):
            yield Step(date.fromordinal(day), StepKind.PAUSED)
        else:
            counted += 1
            if clock.unit not in MONTHS_IN:
                kind = StepKind.DAY_ONE if counted == 1 else StepKind.COUNTED
                yield Step(date.fromordinal(day), kind, Decimal(1), exact=1)
    if clock.unit in MONTHS_IN and first < last:
        months = full_months(date.fromordinal(first), date.fromordinal(first + counted))
        passed = months // MONTHS_IN[clock.unit]
        yield Step(
            date.fromordinal(last), StepKind.COUNTED, Decimal(passed), exact=passed
        )


def _idle_step(day: int, calendar: WorkCalendar | None) -> Step | None:
    """Return the step of a day that is not a working day."""
    if calendar is None:
        return None
    state = calendar.day_state(date.fromordinal(day))
    if state.holiday:
        return Step(
            state.day,
            StepKind.HOLIDAY,
            note=state.holiday.name,
            holiday=state.holiday,
        )
    return None if state.works else Step(state.day, StepKind.WEEKEND)


def _within(day: int, gaps: Gaps) -> bool:
    return any(gap_from <= day < until for gap_from, until in gaps)


# Durations.


def _term_steps(
    clock: _Clock, began: int, end: int | None, term: Term, amount: int
) -> Iterator[Step]:
    """Yield the days touched until the amount is used up, or paused for good."""
    stop = clock.gaps[-1][0] if end is None else end
    used, told = 0, Decimal(0)
    for step in _duration_steps(clock, began, stop) if amount else ():
        used += step.exact
        # The last one makes the sum exact.
        yield step if used < amount else replace(step, counted=term.amount - told)
        told += step.counted
        if used == amount:
            break
    day = date.fromordinal(day_of(clock.zone, stop))
    if end is None:
        yield Step(day, StepKind.PAUSED, since=instant_of(stop))
    elif term.amount and not amount:  # less than can be told apart
        yield Step(day, StepKind.COUNTED, term.amount)


def _duration_steps(clock: _Clock, began: int, ended: int) -> Iterator[Step]:
    scale = MICROSECONDS[clock.unit]
    used, told = 0, Decimal(0)
    for day, morning, night in clock.days(began, ended):
        counted, lost = split(clock.line.runs(morning, night), clock.gaps)
        exact = sum(end - start for start, end in counted)
        used += exact
        # Rounded sums, not sums of rounded days, so that they add up.
        done = round(Decimal(used) / scale, 6)
        if exact:
            open_time = clock.unit in OPEN_UNITS
            step = Step(
                date.fromordinal(day),
                StepKind.OPEN if open_time else StepKind.COUNTED,
                done - told,
                exact=exact,
                intervals=_spans(counted),
                paused=_spans(lost),
            )
            yield _with_hours(step, clock) if open_time else step
        elif lost or morning < night:
            yield _empty_step(day, clock, lost)
        told = done


def _after(clock: _Clock, used_up: int, resumes: int) -> Iterator[Step]:
    """Yield the days on which no time counts any more, and the one on which it does."""
    if used_up == resumes:
        return
    for day, morning, night in clock.days(used_up, resumes):
        if morning < night:
            _, lost = split(clock.line.runs(morning, night), clock.gaps)
            yield _empty_step(day, clock, lost)
    day = day_of(clock.zone, resumes)
    yield Step(date.fromordinal(day), StepKind.RESUMES, since=instant_of(resumes))


def _empty_step(day: int, clock: _Clock, lost: Gaps) -> Step:
    """Return the step of a day, or a part of one, on which no time counts."""
    when = date.fromordinal(day)
    if lost or clock.line is EVERYTHING:
        return Step(when, StepKind.PAUSED, paused=_spans(lost))
    idle = _idle_step(day, clock.calendar)
    if clock.unit not in OPEN_UNITS:
        return idle or Step(when, StepKind.OUTSIDE_HOURS)
    if idle and idle.kind is StepKind.HOLIDAY:
        return _with_hours(idle, clock)
    return _with_hours(Step(when, StepKind.OUTSIDE_HOURS), clock)


def _with_hours(step: Step, clock: _Clock) -> Step:
    if clock.calendar is None:
        return step
    state = clock.calendar.day_state(step.day)
    return replace(step, hours=state.hours, hours_from=state.hours_from)


def _spans(runs: Gaps) -> tuple[Span, ...]:
    return tuple((instant_of(start), instant_of(end)) for start, end in runs)

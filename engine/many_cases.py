"""
Judge many cases at once, in NumPy.

Next to all cases of a log are plain: they begin, may end, and nothing in between moves
their clock. :func:`judge_many` says of plain cases exactly what
:func:`engine.cases.judge` says, as rows ready to be stored, and names the others: those
are for that function.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from engine.cases import (
    LONGEST_SEGMENT,
    Event,
    Outcome,
    Promise,
    decimal_of,
    number_text,
)
from engine.measures import Kind
from engine.rules import Condition, EventPick, Limit, Rule, Sense
from engine.worktime import (
    NOT_COMPUTABLE,
    days_of,
    due_many,
    elapsed_many,
)
from engine.worktime.civil import EPOCH_DAY, instant_of

Ints: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

NONE = NOT_COMPUTABLE  # no such instant
NO_WORD = -1  # no such attribute
# What must be escaped in a fact's line, and so is left to the fact itself.
AWKWARD = re.compile(r"[|\\\n\r\x01]")


@dataclass(frozen=True, slots=True)
class CaseLog:
    """
    The events of some cases, column by column: case by case, each in order.

    :param cases: the cases' keys.
    :param first: place of each case's first event, and at the end how many events
        there are; no case is without one.
    :param types: of each event, the place of its type in ``type_names``.
    :param at: of each event, microseconds since 1970.
    :param values: of each event, its number as a text; empty if it has none.
    :param attributes: of each event, the place of what it says in ``sayings``.
    """

    cases: Sequence[str]
    first: NDArray[np.intp]
    types: NDArray[np.intp]
    type_names: Sequence[str]
    at: Ints
    values: Sequence[str]
    attributes: NDArray[np.intp]
    sayings: Sequence[Mapping[str, str]]

    def events(self, case: int) -> list[Event]:
        """Return a case's events; without identifiers, which judging never asks for."""
        own = slice(*self.first[case : case + 2].tolist())
        return [
            Event(
                "",
                self.type_names[type_],
                at,
                Decimal(value) if value else None,
                self.sayings[said],
            )
            for type_, at, value, said in zip(
                self.types[own].tolist(),
                map(instant_of, self.at[own].tolist()),
                self.values[own],
                self.attributes[own].tolist(),
                strict=True,
            )
        ]


@dataclass(frozen=True, slots=True)
class Judged:
    """
    What became of plain cases, column by column: each is one :class:`engine.cases.Fact`.

    Instants are microseconds since 1970, :data:`NONE` where there is none; days are
    proleptic ordinals.
    """

    cases: Sequence[str]
    outcomes: Sequence[str]
    counted_on: Ints
    began_at: Ints
    due_at: Ints
    ended_at: Ints
    values: Sequence[str]
    segments: Sequence[str]
    last_event_at: Ints
    source: str

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield each fact's canonical line, and the digest of it in hexadecimal."""
        rest = f"|{self.source}||"
        for parts in zip(
            self.cases,
            self.outcomes,
            _day_texts(self.counted_on),
            _stamps(self.began_at),
            _stamps(self.due_at),
            _stamps(self.ended_at),
            self.values,
            self.segments,
            _stamps(self.last_event_at),
            strict=True,
        ):
            case, outcome, day, began, due, ended, value, segment, last = parts
            line = (
                f"{case}|{outcome}|{day}|{began}|{due}|{ended}|{value}|||"
                f"{segment}|{last}{rest}"
            )
            yield line, hashlib.sha256(line.encode()).hexdigest()

    def places(self) -> set[tuple[date, str]]:
        """Return the first days of the months, and segments, that they count in."""
        months = _dates(self.counted_on).astype("M8[M]").astype("M8[D]").tolist()
        return set(zip(months, self.segments, strict=True))


def _dates(days: Ints) -> NDArray[np.datetime64]:
    return np.asarray((days - EPOCH_DAY).astype("M8[D]"))


def _day_texts(days: Ints) -> list[str]:
    texts: list[str] = np.datetime_as_string(_dates(days)).tolist()
    return texts


def _stamps(instants: Ints) -> list[str]:
    """Write instants as :meth:`datetime.isoformat` does; nothing for none."""
    there = instants != NONE
    texts = np.full(len(instants), "", dtype=object)
    whole = instants % 1_000_000 == 0
    units: tuple[tuple[Mask, Literal["s", "us"]], ...] = (
        (there & whole, "s"),
        (there & ~whole, "us"),
    )
    for some, unit in units:
        if some.any():
            shown = np.datetime_as_string(instants[some].astype("M8[us]"), unit=unit)
            texts[some] = [f"{text}+00:00" for text in shown.tolist()]
    found: list[str] = texts.tolist()
    return found


def judge_many(
    log: CaseLog, promises: Sequence[Promise], *, zone: ZoneInfo, source: str
) -> tuple[list[Judged], list[int]]:
    """
    Say what became of the plain cases of a log.

    :param promises: as for :func:`engine.cases.judge`, and so ``zone`` and ``source``.
    :returns: what became of them, and the places of the cases that are not plain, in
        order: of these nothing is said. A case in neither is none of the indicator's
        business.
    """
    everyone = np.arange(len(log.cases))
    if not len(everyone) or not _comparable(promises) or AWKWARD.search(source):
        return [], everyone.tolist()
    reading = _Reading(log, promises[0].rule.cases, zone, source)
    left = ~reading.plain
    found = []
    free = reading.plain.copy()
    for promise in promises:
        own = np.flatnonzero(free & reading.bound(promise))
        free[own] = False
        if promise.suspensions:
            left[own] = True
            continue
        judged, odd = _Under(reading, promise, own).judged()
        left[odd] = True
        found.append(judged)
    left |= free  # began under no promise
    return found, np.flatnonzero(left).tolist()


def _comparable(promises: Sequence[Promise]) -> bool:
    """Say whether all promises can be kept by plain cases that begin alike."""
    rules = [promise.rule.cases for promise in promises]
    return all(map(_can_be_plain, rules)) and len(set(map(_beginning, rules))) == 1


def _beginning(rule: Rule) -> tuple[bool, EventPick]:
    return (True, rule.start) if _is_timed(rule) else (False, rule.answer)


def _is_timed(rule: Rule) -> bool:
    return rule.kind.is_timed or rule.by_daily_duration


def _can_be_plain(rule: Rule) -> bool:
    if any(condition.has or condition.value_of for condition in rule.conditions()):
        return False
    if not _is_timed(rule):
        answers = rule.kind.by_answer or rule.daily is not None
        return answers and not rule.weight
    if rule.kind is Kind.TWO_TIER_REMAINDER or rule.clock.types:
        return False
    if any(
        limit.sense is Sense.AT_LEAST or limit.term is None
        for limit in rule.every_limit
    ):
        return False
    named = rule.start.types | rule.stop.types
    return "*" not in named and rule.start.types.isdisjoint(rule.stop.types)


def _disturbing(rule: Rule) -> frozenset[str]:
    """Return the types of which one event makes a case more than plain."""
    types = rule.withdrawn | rule.void | rule.merged | rule.duplicate | rule.reopened
    if rule.extension is not None:
        types |= rule.extension[0]
    for pause in rule.pauses:
        types |= pause.begins | pause.ends
    return types


class _Reading:
    """
    All cases of a log being read.

    :ivar start: place of the event that each case begins with.
    :ivar plain: which cases have one, on a day that is beyond doubt.
    """

    def __init__(self, log: CaseLog, rule: Rule, zone: ZoneInfo, source: str) -> None:
        self.log = log
        self.zone = zone
        self.source = source
        self.places = np.arange(len(log.at))
        self.case_of = np.repeat(np.arange(len(log.cases)), np.diff(log.first))
        timed, pick = _beginning(rule)
        begins = self.of_types(pick.takes)
        if not timed:
            begins &= np.fromiter(map(bool, log.values), np.bool_, len(log.at))
        self.start = self.picked(begins, last=pick.last)
        self.began_at = log.at[self.start]
        self.day, sure = days_of(zone, self.began_at)
        self.plain = (self.start >= 0) & sure
        if AWKWARD.search("".join(log.cases)):
            self.plain &= [AWKWARD.search(case) is None for case in log.cases]

    def of_types(self, takes: Callable[[str], bool]) -> Mask:
        """Return which events are of types that something takes."""
        taken = np.array([takes(name) for name in self.log.type_names], np.bool_)
        return taken[self.log.types]

    def picked(self, events: Mask, *, last: bool) -> NDArray[np.intp]:
        """Return the place of each case's first or last event of some; -1 for none."""
        first = self.log.first[:-1]
        if last:
            return np.maximum.reduceat(np.where(events, self.places, -1), first)
        none = len(events)
        found = np.minimum.reduceat(np.where(events, self.places, none), first)
        return np.where(found == none, -1, found)

    def any(self, events: Mask) -> Mask:
        """Return which cases have one of some events."""
        return np.bitwise_or.reduceat(events, self.log.first[:-1])

    def bound(self, promise: Promise) -> Mask:
        """Return which cases a promise binds."""
        bound = self.day >= promise.from_on.toordinal()
        if promise.until_on is not None:
            bound &= self.day < promise.until_on.toordinal()
        return bound

    def words(self, name: str) -> tuple[list[str], NDArray[np.intp]]:
        """
        Return what there is of an attribute, and of each case its place in that.

        The start's word first; else that of the latest event that has one.
        """
        known: dict[str, int] = {}
        said = np.array(
            [
                NO_WORD if word is None else known.setdefault(word, len(known))
                for word in (saying.get(name) for saying in self.log.sayings)
            ],
            np.intp,
        )[self.log.attributes]
        there = self.picked(said != NO_WORD, last=True)
        latest = np.where(there < 0, NO_WORD, said[there])
        own = said[self.start]
        return list(known), np.where(own == NO_WORD, latest, own)

    def meet(self, conditions: Iterable[Condition]) -> Mask:
        """Return which cases meet all of some conditions on attributes."""
        met = np.ones(len(self.log.cases), np.bool_)
        for condition in conditions:
            words, place = self.words(condition.attribute)
            # The last one stands for no word at all.
            holds = [_holds(condition, word) for word in (*words, None)]
            met &= np.array(holds, np.bool_)[place]
        return met


def _holds(condition: Condition, word: str | None) -> bool:
    if condition.comparator:
        return condition.compares(decimal_of(word))
    return word in condition.values


class _Under:
    """
    The plain cases that one promise binds.

    :ivar chosen: their places among all, in order; ``odd``: those found not plain.
    """

    def __init__(
        self, reading: _Reading, promise: Promise, own: NDArray[np.intp]
    ) -> None:
        self.reading = reading
        self.promise = promise
        self.rule = rule = promise.rule.cases
        meant = reading.meet(rule.where)[own]
        self.chosen = own[meant]
        odd = reading.any(reading.of_types(_disturbing(rule).__contains__))
        for condition in rule.exclude:
            odd |= reading.meet([condition])
        self.odd: Mask = odd[self.chosen]

    def judged(self) -> tuple[Judged, NDArray[np.intp]]:
        """Return what became of them, and the places of those left to be judged."""
        judge = self._timed if _is_timed(self.rule) else self._answered
        judged = judge() if len(self.chosen) else self._rows([], self._none, self._none)
        return judged, self.chosen[self.odd]

    @property
    def _none(self) -> Ints:
        return np.full(len(self.chosen), NONE)

    @cached_property
    def _segments(self) -> list[str]:
        if not self.rule.segment_by:
            return [""] * len(self.chosen)
        words, place = self.reading.words(self.rule.segment_by)
        cut = [word[:LONGEST_SEGMENT] for word in words]
        awkward = [AWKWARD.search(word) is not None for word in cut]
        self.odd |= np.array([*awkward, False])[place[self.chosen]]
        cut.append("")
        return [cut[number] for number in place[self.chosen].tolist()]

    def _rows(
        self,
        outcomes: list[str],
        due: Ints,
        end: Ints,
        *,
        values: list[str] | None = None,
        counted_on: Ints | None = None,
    ) -> Judged:
        """Return the rows of those that are not odd after all."""
        log, reading, segments = self.reading.log, self.reading, self._segments
        good = np.flatnonzero(~self.odd)
        cases = self.chosen[good]
        day = reading.day[self.chosen] if counted_on is None else counted_on
        return Judged(
            cases=_taken(log.cases, cases),
            outcomes=_taken(outcomes, good),
            counted_on=day[good],
            began_at=reading.began_at[cases],
            due_at=due[good],
            ended_at=end[good],
            values=[""] * len(good) if values is None else _taken(values, good),
            segments=_taken(segments, good),
            last_event_at=log.at[log.first[cases + 1] - 1],
            source=reading.source,
        )

    def _answered(self) -> Judged:
        log, start = self.reading.log, self.reading.start
        known: dict[str, tuple[str, bool]] = {}
        values, odd = [], []
        for number in start[self.chosen].tolist():
            text = log.values[number]
            if text not in known:
                score = Decimal(text)
                known[text] = number_text(score), not self.rule.on_scale(score)
            value, off = known[text]
            values.append(value)
            odd.append(off)
        self.odd |= np.array(odd, np.bool_)
        outcomes = [Outcome.COUNTED.value] * len(values)
        return self._rows(outcomes, self._none, self._none, values=values)

    def _timed(self) -> Judged:
        end, due = self._ends(), self._dues()
        counted_on = self._counted_on(due, end)
        ended = end != NONE
        if self.rule.kind.by_case:
            kept = np.where((due == NONE) | (end < due), Outcome.MET, Outcome.MISSED)
            outcomes = np.where(ended, kept, Outcome.OPEN)
            return self._rows(outcomes.tolist(), due, end, counted_on=counted_on)
        outcomes = np.where(ended, Outcome.COUNTED, Outcome.OPEN)
        return self._rows(
            outcomes.tolist(),
            np.where(ended, NONE, due),
            end,
            values=self._spent(end),
            counted_on=counted_on,
        )

    def _ends(self) -> Ints:
        """Return when each case stops; one that stops before it starts is odd."""
        reading, log = self.reading, self.reading.log
        stops = reading.of_types(self.rule.stop.takes)
        early = log.at < reading.began_at[reading.case_of]
        self.odd |= reading.any(stops & early)[self.chosen]
        stop = reading.picked(stops & ~early, last=self.rule.stop.last)[self.chosen]
        return np.where(stop < 0, NONE, log.at[stop])

    def _dues(self) -> Ints:
        """Return when each case is due; what no calendar knows is odd."""
        due = self._none
        free = np.ones(len(self.chosen), np.bool_)
        for limit, some in self._limits():
            under = np.flatnonzero(free & some)
            free[under] = False
            if limit is None or limit.term is None or not len(under):
                continue
            due[under] = due_many(
                self.reading.began_at[self.chosen[under]],
                limit.term,
                self.promise.calendar,
                zone=self.reading.zone,
            )
            self.odd[under] |= due[under] == NOT_COMPUTABLE
        return due

    def _limits(self) -> Iterator[tuple[Limit | None, Mask]]:
        """Yield each limit with the cases that meet what it asks; the first holds."""
        days, number = np.unique(self.reading.day[self.chosen], return_inverse=True)
        for item in self.rule.limits:
            within = [date.fromordinal(day) in item.span for day in days.tolist()]
            met = self.reading.meet(item.where)[self.chosen]
            yield item.limit, np.array(within, np.bool_)[number] & met
        yield self.rule.limit, np.ones(len(self.chosen), np.bool_)

    def _counted_on(self, due: Ints, end: Ints) -> Ints:
        """Return the day that decides the period, as for one case."""
        day = self.reading.day[self.chosen]
        if self.rule.counted_in == "opened":
            return day
        day = self._days(due != NONE, due - 1, day)
        if self.rule.counted_in == "closed":
            day = self._days(end != NONE, end, day)
        return day

    def _days(self, some: Mask, instants: Ints, others: Ints) -> Ints:
        """Return the days of some instants; a day in doubt makes its case odd."""
        days = others.copy()
        places = np.flatnonzero(some)
        days[places], sure = days_of(self.reading.zone, instants[places])
        self.odd[places] |= ~sure
        return days

    def _spent(self, end: Ints) -> list[str]:
        """Return how long each case took that has ended, as a text."""
        texts = np.full(len(end), "", dtype=object)
        places = np.flatnonzero(end != NONE)
        if len(places):
            spent = elapsed_many(
                self.reading.began_at[self.chosen[places]],
                end[places],
                self.rule.duration_unit,
                self.promise.calendar,
                zone=self.reading.zone,
            )
            self.odd[places] |= spent == NOT_COMPUTABLE
            texts[places] = list(map(str, spent.tolist()))
        found: list[str] = texts.tolist()
        return found


def _taken(texts: Sequence[str], places: NDArray[np.intp]) -> list[str]:
    return [texts[place] for place in places.tolist()]

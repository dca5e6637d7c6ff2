"""
An indicator's rule as data: what is counted, from when to when, against what.

Read once from its stored definition (a JSON object) into frozen values; a
definition that cannot be measured is refused with the path of the fault.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar

from engine.measures import COMPARATORS, Kind, meets
from engine.periods import Period
from engine.statistics import QuantileMethod
from engine.worktime import Ends, Entry, Term, TermError, Unit

KEYS = frozenset(
    [
        "start",
        "stop",
        "clock",
        "value",
        "limit",
        "limits",
        "second_limit",
        "extension",
        "unit",
        "pauses",
        "reopened",
        "withdrawn",
        "void",
        "merged",
        "duplicate",
        "where",
        "exclude",
        "demand",
        "counted_in",
        "open_past_due",
        "missing_start",
        "stop_before_start",
        "minimum_sample",
        "grace_days",
        "scale",
        "at_least",
        "below",
        "weight",
        "percentile",
        "method",
        "numerator",
        "denominator",
        "as_percent",
        "segment_by",
        "targets",
        "done",
        "plan",
        "due",
        "daily",
        "of",
        "against",
        "as",
        "declared",
    ]
)
ENUM = TypeVar("ENUM", bound=StrEnum)
# What no figure needs more of, and sums of events stay exact within.
LARGEST = 10**12
LARGEST_WEIGHT = 10**6
MOST_DECIMALS = 12
# A century: what lies further off is a mistake, and no date.
MOST_DAYS = 36_525
LONGEST_REASON = 80
MONTH_DAY = re.compile(r"[0-9]{2}-[0-9]{2}", re.ASCII)
ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class RuleError(ValueError):
    """
    A definition that cannot be measured.

    :ivar path: where in the definition the fault lies, for example ``limit.unit``.
    :ivar fault: what is wrong, in English, for people who write definitions.
    """

    def __init__(self, path: str, fault: str) -> None:
        super().__init__(f"{path}: {fault}")
        self.path = path
        self.fault = fault


@dataclass(frozen=True, slots=True)
class EventPick:
    """Which event of a case marks a moment: the first or last of some types."""

    types: frozenset[str] = frozenset()
    last: bool = False

    def takes(self, type_: str) -> bool:
        """Say whether an event of ``type_`` can be the one; ``*`` takes any."""
        return type_ in self.types or "*" in self.types


@dataclass(frozen=True, slots=True)
class Condition:
    """
    Something that must hold of a case, and the reason this matters.

    Exactly one of: an attribute with one of some values; an attribute, or the value
    of the last event of some types, compared with a number; an event of some types.
    """

    attribute: str = ""
    values: frozenset[str] = frozenset()
    value_of: frozenset[str] = frozenset()
    has: frozenset[str] = frozenset()
    comparator: str = ""
    number: Decimal = Decimal(0)
    reason: str = ""

    def compares(self, number: Decimal | None) -> bool:
        """Say whether a number is there and compares as asked."""
        return number is not None and meets(number, self.comparator, self.number)


@dataclass(frozen=True, slots=True)
class PauseRule:
    """
    Event types that stop the clock and that start it again.

    :ivar at_most: a pause counts as one no longer than this.
    """

    begins: frozenset[str]
    ends: frozenset[str]
    at_most: Term | None = None


@dataclass(frozen=True, slots=True)
class Season:
    """A part of every year, from a month and day to another (half-open)."""

    from_: tuple[int, int]
    until: tuple[int, int]

    def __contains__(self, day: date) -> bool:
        place = (day.month, day.day)
        if self.from_ <= self.until:
            return self.from_ <= place < self.until
        return place >= self.from_ or place < self.until  # over the new year


@dataclass(frozen=True, slots=True)
class Span:
    """Days on which something holds: dated, every year in a season, or both."""

    from_on: date | None = None
    until_on: date | None = None
    season: Season | None = None

    def __contains__(self, day: date) -> bool:
        return (
            (self.from_on is None or self.from_on <= day)
            and (self.until_on is None or day < self.until_on)
            and (self.season is None or day in self.season)
        )


class Sense(StrEnum):
    """Which side of a limit is the good one."""

    WITHIN = "within"
    AT_LEAST = "at_least"  # minimum notice: more is better


@dataclass(frozen=True, slots=True)
class Limit:
    """
    A term and what keeps it.

    :ivar attribute: the case carries its last good instant in this attribute instead.
    """

    term: Term | None = None
    sense: Sense = Sense.WITHIN
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class ConditionalLimit:
    """A limit for the cases that begin on some days and meet some conditions."""

    limit: Limit
    span: Span
    where: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure is compared with."""

    comparator: str
    target: Decimal


@dataclass(frozen=True, slots=True)
class DatedGoal:
    """A goal that replaces the rule's own on some days, or for one segment."""

    goal: Goal
    span: Span
    segment: str | None = None


@dataclass(frozen=True, slots=True)
class Demand:
    """The promise holds up to so many cases a day (or month)."""

    at_most: int
    per: str = "day"


class Per(StrEnum):
    """The slot in which something is planned to be done."""

    DAY = "day"
    WORKING_DAY = "working_day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Plan:
    """How often something is to be done: so many per slot, or as events say."""

    types: frozenset[str] = frozenset()
    amount: int = 0
    per: Per = Per.DAY


@dataclass(frozen=True, slots=True)
class Milestone:
    """
    A day by which something is to be done: once, or every year.

    :ivar on: the last good day; for a yearly one its month and day.
    :ivar opens: month and day from which what is done counts for the next one.
    """

    on: date | None = None
    yearly: tuple[int, int] | None = None
    opens: tuple[int, int] = (1, 1)

    def due_for(self, day: date) -> date:
        """Return the last good day of the milestone that something done on a day is for."""
        if self.on is not None:
            return self.on
        year = day.year if (day.month, day.day) >= self.opens else day.year - 1
        return self._due_of_window(year)

    def due_in(self, start: date, end: date) -> list[date]:
        """Return the last good days within ``[start, end)``."""
        if self.on is not None:
            return [self.on] if start <= self.on < end else []
        years = range(start.year - 1, end.year + 1)
        return [day for day in map(self._due_of_window, years) if start <= day < end]

    def _due_of_window(self, year: int) -> date:
        month, day = self.yearly or (12, 31)
        if (month, day) < self.opens:
            year += 1
        return date(year, month, day)


class Aggregate(StrEnum):
    """What is taken of a day's cases."""

    MEAN = "mean"
    MEDIAN = "median"
    MAXIMUM = "maximum"
    TOTAL = "total"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Daily:
    """What makes a good day, for shares of days."""

    aggregate: Aggregate
    comparator: str
    value: Decimal
    by_duration: bool


@dataclass(frozen=True, slots=True)
class Trend:
    """
    A comparison of a figure with an earlier one.

    :ivar of: the rule of the figure.
    :ivar year_before: the earlier period is that of the year before, not the one before.
    :ivar as_percent: change in percent of the earlier figure, not a difference.
    """

    of: "Rule"
    year_before: bool = False
    as_percent: bool = False

    def earlier(self, period: Period) -> Period:
        """Return the period that a figure is compared with."""
        return period.year_before if self.year_before else period.previous


@dataclass(frozen=True, slots=True)
class Rule:
    """
    Everything needed to judge a case and a period; see :meth:`from_definition`.

    :ivar digest: SHA-256 of the canonical definition: the rule's version.
    :ivar clock: the event from which the limit runs, where that is not the start.
    :ivar limit: what a case must keep, or ``None``; ``limits`` come before it.
    :ivar second_limit: what the cases that miss the limit must still keep.
    :ivar extension: events that give a case that is not yet due another limit.
    :ivar reopened: events that undo a stop; ``reopened_paused``: without the time between.
    :ivar duration_unit: unit of means, medians, percentiles and spans of time.
    :ivar declared: no events measure it: its values are declared by hand.
    """

    kind: Kind
    digest: str
    comparator: str | None = None
    target: Decimal | None = None
    targets: tuple[DatedGoal, ...] = ()
    start: EventPick = EventPick()
    stop: EventPick = EventPick()
    clock: EventPick = EventPick()
    answer: EventPick = EventPick()
    done: EventPick = EventPick()
    limit: Limit | None = None
    limits: tuple[ConditionalLimit, ...] = ()
    second_limit: Limit | None = None
    extension: tuple[frozenset[str], Limit] | None = None
    duration_unit: Unit = Unit.ELAPSED_DAYS
    pauses: tuple[PauseRule, ...] = ()
    reopened: frozenset[str] = frozenset()
    reopened_paused: bool = False
    withdrawn: frozenset[str] = frozenset()
    void: frozenset[str] = frozenset()
    merged: frozenset[str] = frozenset()
    duplicate: frozenset[str] = frozenset()
    where: tuple[Condition, ...] = ()
    exclude: tuple[Condition, ...] = ()
    demand: Demand | None = None
    counted_in: str = "due"
    open_past_due: str = "missed"
    missing_start: str = "excluded"
    stop_before_start: str = "excluded"
    minimum_sample: int = 0
    grace_days: int = 0
    scale_min: Decimal | None = None
    scale_max: Decimal | None = None
    at_least: Decimal | None = None
    below: Decimal | None = None
    weight: str = ""
    percentile: Decimal | None = None
    method: QuantileMethod = QuantileMethod.LINEAR
    numerator: Mapping[str, int] = field(default_factory=dict)
    denominator: Mapping[str, int] = field(default_factory=dict)
    as_percent: bool = True
    segment_by: str = ""
    plan: Plan | None = None
    milestone: Milestone | None = None
    daily: Daily | None = None
    trend: Trend | None = None
    declared: bool = False

    def on_scale(self, score: Decimal) -> bool:
        """Say whether a score lies on the survey's scale, bounds included."""
        return (self.scale_min is None or score >= self.scale_min) and (
            self.scale_max is None or score <= self.scale_max
        )

    @property
    def cases(self) -> "Rule":
        """The rule that reads the cases: a trend's are those of the figure it compares."""
        return self if self.trend is None else self.trend.of

    @property
    def every_limit(self) -> tuple[Limit, ...]:
        """All the limits that a case may come under."""
        found = [self.limit, self.second_limit, *(item.limit for item in self.limits)]
        if self.extension is not None:
            found.append(self.extension[1])
        return tuple(limit for limit in found if limit is not None)

    @property
    def needs_calendar(self) -> bool:
        """Say whether this rule's time cannot be told without a work calendar."""
        if self.declared:
            return False  # whoever declares it has counted the time
        if self.trend is not None:
            return self.trend.of.needs_calendar
        terms = [limit.term for limit in self.every_limit]
        terms += [pause.at_most for pause in self.pauses]
        if any(term is not None and _needs_calendar(term) for term in terms):
            return True
        if self.plan is not None and self.plan.per is Per.WORKING_DAY:
            return True
        if self.kind is Kind.OPENING_HOURS and self.as_percent:
            return True
        measured = self.kind.is_duration or self.kind.by_span or self.by_daily_duration
        return measured and self.duration_unit.needs_calendar

    @property
    def by_daily_duration(self) -> bool:
        """Whether days are judged by how long their cases took."""
        return self.daily is not None and self.daily.by_duration

    @property
    def series(self) -> tuple[object, ...]:
        """
        What figures of two rules must share to stand in one series.

        A case kept or missed, a time in one unit, a score on one scale, a sum: values
        of different sorts can neither be added up nor drawn on one axis.
        """
        if self.kind.by_case:
            return ("case",)
        if self.kind.is_duration:
            return ("duration", self.duration_unit)
        if self.kind.by_answer:
            return ("answer", self.scale_min, self.scale_max)
        if self.trend is not None:
            return (self.kind, self.trend.as_percent, *self.trend.of.series)
        return (self.kind, self.as_percent)

    def goal_for(self, period: Period, segment: str = "") -> tuple[Goal | None, bool]:
        """
        Return what a period's figure is compared with, and whether that is one thing.

        A goal for the segment comes before one for all, a dated one before the
        rule's own. Where two goals hold within one period it has no verdict: its
        parts have.
        """
        days = [period.start, *_edges(self.targets, period)]
        goals = {self._goal_on(day, segment) for day in days}
        if len(goals) > 1:
            return None, False
        return goals.pop(), True

    def _goal_on(self, day: date, segment: str) -> Goal | None:
        holding = [item for item in self.targets if day in item.span]
        for wanted in [segment, None] if segment else [None]:
            for item in holding:
                if item.segment == wanted:
                    return item.goal
        if self.target is None or self.comparator is None:
            return None
        return Goal(self.comparator, self.target)

    def event_types(self) -> frozenset[str]:
        """Every event type that the rule names, to check against a stream's."""
        picks = (self.start, self.stop, self.clock, self.answer, self.done)
        named: set[str] = {type_ for pick in picks for type_ in pick.types}
        named |= {*self.numerator, *self.denominator}
        named |= self.withdrawn | self.void | self.merged | self.duplicate
        named |= self.reopened | (self.plan.types if self.plan else frozenset())
        named |= self.extension[0] if self.extension else frozenset()
        for pause in self.pauses:
            named |= pause.begins | pause.ends
        for condition in self.conditions():
            named |= condition.value_of | condition.has
        if self.trend is not None:
            named |= self.trend.of.event_types()
        return frozenset(named - {"*"})

    def attributes(self) -> frozenset[str]:
        """Every attribute that the rule reads, to check against a stream's."""
        named = {item.attribute for item in self.conditions()}
        named |= {limit.attribute for limit in self.every_limit}
        named |= {self.segment_by, self.weight}
        if self.trend is not None:
            named |= self.trend.of.attributes()
        return frozenset(named - {""})

    def conditions(self) -> Iterable[Condition]:
        """Every condition of the rule."""
        yield from self.where
        yield from self.exclude
        for item in self.limits:
            yield from item.where

    @classmethod
    def from_definition(
        cls,
        kind: str,
        definition: object,
        *,
        comparator: str | None,
        target: Decimal | None,
        calendar_digest: str = "",
    ) -> "Rule":
        """
        Read a stored definition.

        :param definition: the ``rule`` object of the charter exchange format; keys
            of other kinds than this one are not looked at.
        :param calendar_digest: becomes part of the rule's version.
        :raises RuleError: naming the path of the first fault.
        """
        try:
            known = Kind(kind)
        except ValueError as error:
            raise RuleError("kind", f"{kind!r} cannot be computed") from error
        if comparator is not None:
            _comparator("comparator", comparator)
        if not isinstance(definition, Mapping):
            raise RuleError("rule", "must be an object")
        reader = _Reader(definition)
        reader.refuse_unknown()
        rule = cls(
            kind=known,
            digest=_digest(kind, definition, comparator, target, calendar_digest),
            comparator=comparator,
            target=target,
            targets=_targets(reader, comparator),
            minimum_sample=reader.whole("minimum_sample"),
            grace_days=reader.whole("grace_days", most=MOST_DAYS),
            as_percent=reader.flag("as_percent", default=True),
        )
        if reader.flag("declared", default=False):
            return replace(rule, declared=True, **_declared_parts(reader, known))
        if known is Kind.TREND:
            return replace(rule, trend=_trend(reader, calendar_digest))
        return _checked(replace(rule, **_case_parts(reader, known)))


def _needs_calendar(term: Term) -> bool:
    return (
        term.unit.needs_calendar
        or term.entry is not Entry.AS_IS
        or term.ends is Ends.CLOSING
    )


def _declared_parts(reader: "_Reader", kind: Kind) -> dict[str, Any]:
    """Read what a figure means of which no event tells: its scale, unit and day."""
    if kind is Kind.TREND:
        raise RuleError("declared", "a trend compares figures and has none of its own")
    timed = kind.is_duration or kind is Kind.OPENING_HOURS
    return {
        **_scores(reader, kind),
        "duration_unit": reader.unit(required=timed),
        "milestone": _milestone(reader) if kind is Kind.MILESTONE else None,
    }


def _case_parts(reader: "_Reader", kind: Kind) -> dict[str, Any]:
    """Read what says how cases are read and what is computed over them."""
    daily = _daily(reader) if kind is Kind.SHARE_OF_DAYS else None
    timed = kind.is_timed or kind.by_span or (daily is not None and daily.by_duration)
    answered = kind.by_answer or (daily is not None and not daily.by_duration)
    return {
        "daily": daily,
        **_moments(reader, timed=timed, answered=answered),
        **_limits(reader, kind),
        **_sums(reader, kind),
        **_scores(reader, kind),
        **_choices(reader),
        "duration_unit": _duration_unit(
            reader, kind, required=timed and not kind.by_case
        ),
        "pauses": _pauses(reader),
        **_reopened(reader),
        **{name: reader.names(name) for name in ENDINGS},
        "where": reader.conditions("where"),
        "exclude": reader.conditions("exclude"),
        "demand": _demand(reader),
        "done": reader.pick("done", required=kind.by_doing),
        "plan": _plan(reader) if kind is Kind.SCHEDULE_FREQUENCY else None,
        "milestone": _milestone(reader) if kind is Kind.MILESTONE else None,
        "segment_by": reader.word("segment_by"),
    }


def _duration_unit(reader: "_Reader", kind: Kind, *, required: bool) -> Unit:
    unit = reader.unit(required=required)
    if kind.by_span and unit.is_days:
        raise RuleError("unit", f"{unit} do not measure stretches of time")
    return unit


# Events that end a case without a stop, by the key that names them.
ENDINGS = ("withdrawn", "void", "merged", "duplicate")


def _moments(reader: "_Reader", *, timed: bool, answered: bool) -> dict[str, EventPick]:
    return {
        "start": reader.pick("start", required=timed),
        "stop": reader.pick("stop", required=timed),
        "clock": reader.pick("clock", required=False),
        "answer": reader.pick("value", required=answered, default="last"),
    }


def _limits(reader: "_Reader", kind: Kind) -> dict[str, Any]:
    return {
        "limit": reader.limit("limit", required=kind.by_case),
        "limits": tuple(
            _conditional_limit(f"limits[{index}]", item)
            for index, item in reader.objects("limits")
        ),
        "second_limit": reader.limit(
            "second_limit", required=kind is Kind.TWO_TIER_REMAINDER
        ),
        "extension": _extension(reader),
    }


def _sums(reader: "_Reader", kind: Kind) -> dict[str, Any]:
    parts = kind in {Kind.RATIO, Kind.SHARE}
    return {
        "numerator": reader.weights("numerator", required=kind.by_sum),
        "denominator": reader.weights("denominator", required=parts),
    }


def _scores(reader: "_Reader", kind: Kind) -> dict[str, Any]:
    reader.part("scale", "min", "max")
    found: dict[str, Any] = {
        "scale_min": reader.number("scale", "min", required=kind.by_answer),
        "scale_max": reader.number("scale", "max", required=kind.by_answer),
        "at_least": reader.number("at_least", required=False),
        "below": reader.number("below", required=False),
        "percentile": reader.number(
            "percentile", required=kind is Kind.PERCENTILE_DURATION
        ),
        "method": reader.member("method", QuantileMethod, QuantileMethod.LINEAR),
        "weight": reader.word("weight"),
    }
    if kind is Kind.SHARE_AT_OR_ABOVE:
        bars = [found["at_least"], found["below"]]
        if bars.count(None) != 1:
            raise RuleError("at_least", "give at_least or below, one of the two")
    if kind.by_answer:
        _refuse_scale(kind, found["scale_min"], found["scale_max"])
    return found


def _refuse_scale(kind: Kind, least: Decimal, most: Decimal) -> None:
    if least >= most:
        raise RuleError("scale.max", f"{most} is not above {least}")
    if kind is Kind.NPS and most != 10:
        # 9 and 10 promote, 0 to 6 detract: on another scale they mean nothing.
        raise RuleError("scale.max", "a net promoter score is asked on a scale to 10")


def _choices(reader: "_Reader") -> dict[str, str]:
    return {
        "counted_in": reader.choice("counted_in", ("due", "opened", "closed")),
        "open_past_due": reader.choice("open_past_due", ("missed", "excluded")),
        "missing_start": reader.choice("missing_start", ("excluded", "ignored")),
        "stop_before_start": reader.choice(
            "stop_before_start", ("excluded", "excluded_always", "kept", "ignored")
        ),
    }


def _checked(rule: Rule) -> Rule:
    """Refuse what no figure could mean."""
    timed = rule.kind.is_timed or rule.by_daily_duration
    if rule.demand is not None and timed and rule.counted_in != "opened":
        # The day of the demand must be the day the case is counted on.
        raise RuleError("counted_in", "a rule with a demand counts cases when opened")
    if rule.percentile is not None and not 0 <= rule.percentile <= 100:
        raise RuleError("percentile", f"{rule.percentile} is not between 0 and 100")
    if rule.kind is Kind.TWO_TIER_REMAINDER and any(
        limit.sense is Sense.AT_LEAST for limit in rule.every_limit
    ):
        raise RuleError("limit.sense", "a remainder has limits to stay within")
    return rule


def _digest(kind: str, definition: Mapping[str, Any], *rest: object) -> str:
    canonical = json.dumps(
        [kind, definition, *(None if part is None else str(part) for part in rest)],
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    # Half of a surrogate pair is legal JSON, though no text.
    return hashlib.sha256(canonical.encode(errors="surrogatepass")).hexdigest()


def _edges(targets: Iterable[DatedGoal], period: Period) -> list[date]:
    """Days after its first on which another goal may begin to hold in a period."""
    edges: set[date] = set()
    for item in targets:
        edges |= {day for day in (item.span.from_on, item.span.until_on) if day}
        if item.span.season is not None:
            for year in range(period.start.year, period.end.year + 1):
                edges |= {
                    _day_of_year(year, place)
                    for place in (item.span.season.from_, item.span.season.until)
                }
    return sorted(day for day in edges if period.start < day < period.end)


def _day_of_year(year: int, place: tuple[int, int]) -> date:
    """Return a month and day in a year; 29 February is 1 March where there is none."""
    month, day = place
    return date(year, month, 1) + timedelta(days=day - 1)


class _Reader:
    """Reads one object; every method names the path of what it refuses."""

    def __init__(self, definition: Mapping[str, Any], path: str = "") -> None:
        self.definition = definition
        self.path = path

    def at(self, key: str) -> str:
        """Path of one of its parts."""
        return f"{self.path}.{key}" if self.path else key

    def refuse_unknown(self, known: frozenset[str] = KEYS) -> None:
        unknown = sorted(set(self.definition) - known)
        if unknown:
            raise RuleError(self.at(unknown[0]), "not a part of a rule")

    def part(self, key: str, *known: str) -> "_Reader | None":
        """Return an object within; ``None`` if it is not there."""
        found = self.definition.get(key)
        if found is None:
            return None
        if not isinstance(found, Mapping):
            raise RuleError(self.at(key), "must be an object")
        reader = _Reader(found, self.at(key))
        reader.refuse_unknown(frozenset(known))
        return reader

    def needed(self, key: str, *known: str) -> "_Reader":
        """Return an object within that must be there."""
        if self.definition.get(key) is None:
            raise RuleError(self.at(key), "missing")
        part = self.part(key, *known)
        assert part is not None  # noqa: S101 -- it is there
        return part

    def pick(self, key: str, *, required: bool, default: str = "first") -> EventPick:
        if not required and self.definition.get(key) is None:
            return EventPick()
        part = self.needed(key, "types", "pick")
        return EventPick(
            part.needed_names("types"),
            part.choice("pick", ("first", "last"), default) == "last",
        )

    def needed_names(self, key: str) -> frozenset[str]:
        """Return words of which there must be one."""
        names = self.names(key)
        if not names:
            raise RuleError(self.at(key), "names no event type")
        return names

    def names(self, key: str) -> frozenset[str]:
        found = self.definition.get(key)
        if found is None:
            return frozenset()
        if not isinstance(found, list) or not all(
            isinstance(item, str) for item in found
        ):
            raise RuleError(self.at(key), "must be a list of words")
        return frozenset(found)

    def term(self, key: str) -> Term | None:
        found = self.definition.get(key)
        return None if found is None else _term(self.at(key), found)

    def limit(self, key: str, *, required: bool) -> Limit | None:
        if not required and self.definition.get(key) is None:
            return None
        return self.needed_limit(key)

    def needed_limit(self, key: str) -> Limit:
        """Return a limit that must be there."""
        found = self.definition.get(key)
        if found is None:
            raise RuleError(self.at(key), "missing")
        return _limit(self.at(key), found)

    def unit(self, *, required: bool) -> Unit:
        found = self.definition.get("unit")
        if found is None and not required:
            return Unit.ELAPSED_DAYS
        return self.member("unit", Unit, None)

    def member(self, key: str, kind: type[ENUM], default: ENUM | None) -> ENUM:
        found = self.definition.get(key, default)
        try:
            return kind(str(found))
        except ValueError as error:
            choices = ", ".join(kind)
            raise RuleError(self.at(key), f"{found!r} is none of {choices}") from error

    def conditions(self, key: str) -> tuple[Condition, ...]:
        return tuple(
            _condition(_Reader(item, f"{self.at(key)}[{index}]"))
            for index, item in self.objects(key)
        )

    def objects(self, key: str) -> list[tuple[int, Mapping[str, Any]]]:
        found = self.definition.get(key, [])
        if not isinstance(found, list):
            raise RuleError(self.at(key), "must be a list")
        for index, item in enumerate(found):
            if not isinstance(item, Mapping):
                raise RuleError(f"{self.at(key)}[{index}]", "must be an object")
        return list(enumerate(found))

    def choice(self, key: str, choices: Sequence[str], default: str = "") -> str:
        found = self.definition.get(key, default or choices[0])
        if found not in choices:
            raise RuleError(self.at(key), f"must be one of {', '.join(choices)}")
        return str(found)

    def word(self, key: str) -> str:
        found = self.definition.get(key)
        if found is None:
            return ""
        if not isinstance(found, str):
            raise RuleError(self.at(key), "must be a word")
        return found

    def flag(self, key: str, *, default: bool) -> bool:
        found = self.definition.get(key, default)
        if not isinstance(found, bool):
            raise RuleError(self.at(key), "must be true or false")
        return found

    def whole(self, key: str, *, least: int = 0, most: int = LARGEST) -> int:
        found = self.definition.get(key, 0)
        if not _is_whole(found, least, most):
            fault = f"must be a whole number, {least} or more"
            raise RuleError(
                self.at(key), fault + ("" if most == LARGEST else f", up to {most}")
            )
        return int(found)

    def number(self, *path: str, required: bool) -> Decimal | None:
        found: Any = self.definition
        for key in path:
            found = found.get(key) if isinstance(found, Mapping) else None
        where = self.at(".".join(path))
        if found is None:
            if required:
                raise RuleError(where, "missing")
            return None
        return _number(where, found)

    def needed_number(self, key: str) -> Decimal:
        """Return a number that must be there."""
        found = self.definition.get(key)
        if found is None:
            raise RuleError(self.at(key), "missing")
        return _number(self.at(key), found)

    def day(self, key: str) -> date | None:
        found = self.definition.get(key)
        if found is None:
            return None
        day = _day(found) if _matches(ISO_DATE, found) else None
        if day is None:
            fault = f"{found!r} is not a date such as 2026-01-31"
            raise RuleError(self.at(key), fault)
        return day

    def month_day(self, key: str) -> tuple[int, int]:
        found = self.definition.get(key)
        # Of a leap year, so that 29 February is one.
        day = _day(f"2000-{found}") if _matches(MONTH_DAY, found) else None
        if day is None:
            fault = f"{found!r} is not a month and day such as 06-15"
            raise RuleError(self.at(key), fault)
        return day.month, day.day

    def weights(self, key: str, *, required: bool) -> Mapping[str, int]:
        found = self.definition.get(key)
        if not found:
            if required:
                raise RuleError(self.at(key), "missing")
            return {}
        if not isinstance(found, Mapping):
            raise RuleError(self.at(key), "must map event types to whole numbers")
        for name, weight in found.items():
            if not _is_whole(weight, -LARGEST_WEIGHT, LARGEST_WEIGHT):
                fault = f"must be a whole number, up to {LARGEST_WEIGHT}"
                raise RuleError(f"{self.at(key)}.{name}", fault)
        return dict(found)


def _is_whole(found: object, least: int, most: int) -> bool:
    return (
        isinstance(found, int)
        and not isinstance(found, bool)
        and least <= found <= most
    )


def _matches(pattern: re.Pattern[str], found: object) -> bool:
    return isinstance(found, str) and pattern.fullmatch(found) is not None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _number(path: str, found: object) -> Decimal:
    try:
        number = Decimal(str(found))
    except InvalidOperation as error:
        raise RuleError(path, f"{found!r} is no number") from error
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        raise RuleError(path, f"{found!r} is no number")
    if abs(number) > LARGEST or exponent < -MOST_DECIMALS:
        fault = f"{found!r} is above 10^12 or has more than {MOST_DECIMALS} decimals"
        raise RuleError(path, fault)
    return number


def _comparator(path: str, found: object) -> str:
    if found not in COMPARATORS:
        raise RuleError(path, f"{found!r} is none of {' '.join(COMPARATORS)}")
    return str(found)


def _condition(reader: _Reader) -> Condition:
    comparators = [name for name in COMPARATORS if name in reader.definition]
    known = {"attribute", "in", "value_of", "has", "reason", *COMPARATORS}
    reader.refuse_unknown(frozenset(known))
    found = Condition(
        attribute=reader.word("attribute"),
        values=reader.names("in"),
        value_of=reader.names("value_of"),
        has=reader.names("has"),
        reason=reader.word("reason"),
    )
    if len(found.reason) > LONGEST_REASON:
        raise RuleError(reader.at("reason"), f"longer than {LONGEST_REASON} letters")
    subjects = [found.attribute, found.value_of, found.has]
    if sum(map(bool, subjects)) != 1:
        raise RuleError(reader.path, "give one attribute, value_of or has to look at")
    # What is compared with nothing would hold of no case, and nobody would see it.
    tests = [*comparators, *(["in"] if found.values else [])]
    if found.has:
        if tests:
            raise RuleError(reader.at(tests[0]), "has looks at no value")
        return found
    if len(tests) != 1 or (found.value_of and found.values):
        raise RuleError(reader.path, "compare it with a number, or say in what it is")
    if found.values:
        return found
    return replace(found, comparator=tests[0], number=reader.needed_number(tests[0]))


def _term(path: str, found: object) -> Term:
    if not isinstance(found, Mapping):
        raise RuleError(path, "must be an object")
    try:
        return Term.from_definition(found)
    except TermError as error:
        # Its message begins with the key at fault.
        key, _, fault = str(error).partition(": ")
        raise RuleError(f"{path}.{key}", fault) from error


def _limit(path: str, found: object) -> Limit:
    if not isinstance(found, Mapping):
        raise RuleError(path, "must be an object")
    reader = _Reader(found, path)
    if "attribute" in found:
        reader.refuse_unknown(frozenset({"attribute"}))
        attribute = reader.word("attribute")
        if not attribute:
            raise RuleError(reader.at("attribute"), "names no attribute")
        return Limit(attribute=attribute)
    sense = reader.member("sense", Sense, Sense.WITHIN)
    term = {key: part for key, part in found.items() if key != "sense"}
    return Limit(_term(path, term), sense)


def _conditional_limit(path: str, found: Mapping[str, Any]) -> ConditionalLimit:
    reader = _Reader(found, path)
    reader.refuse_unknown(frozenset({"where", "from", "until", "season", "limit"}))
    limit = reader.needed_limit("limit")
    return ConditionalLimit(limit, _span(reader), reader.conditions("where"))


def _span(reader: _Reader) -> Span:
    part = reader.part("season", "from", "until")
    season = None
    if part is not None:
        season = Season(part.month_day("from"), part.month_day("until"))
        if season.from_ == season.until:
            raise RuleError(part.path, "begins and ends on the same day")
    from_on, until_on = reader.day("from"), reader.day("until")
    if from_on is not None and until_on is not None and until_on <= from_on:
        raise RuleError(reader.at("until"), f"{until_on} is not after {from_on}")
    return Span(from_on, until_on, season)


def _targets(reader: _Reader, comparator: str | None) -> tuple[DatedGoal, ...]:
    return tuple(
        _dated_goal(_Reader(item, f"targets[{index}]"), comparator)
        for index, item in reader.objects("targets")
    )


def _dated_goal(reader: _Reader, comparator: str | None) -> DatedGoal:
    known = {"from", "until", "season", "segment", "target", "comparator"}
    reader.refuse_unknown(frozenset(known))
    target = reader.needed_number("target")
    found = _comparator(
        reader.at("comparator"), reader.definition.get("comparator", comparator)
    )
    segment = reader.word("segment")
    if "segment" in reader.definition and not segment:
        raise RuleError(reader.at("segment"), "names no segment")
    return DatedGoal(Goal(found, target), _span(reader), segment or None)


def _extension(reader: _Reader) -> tuple[frozenset[str], Limit] | None:
    part = reader.part("extension", "types", "limit")
    if part is None:
        return None
    return part.needed_names("types"), part.needed_limit("limit")


def _pauses(reader: _Reader) -> tuple[PauseRule, ...]:
    found = []
    for index, item in reader.objects("pauses"):
        part = _Reader(item, f"pauses[{index}]")
        part.refuse_unknown(frozenset({"from", "until", "at_most"}))
        found.append(
            PauseRule(
                part.needed_names("from"), part.names("until"), part.term("at_most")
            )
        )
    return tuple(found)


def _reopened(reader: _Reader) -> dict[str, Any]:
    part = reader.part("reopened", "types", "clock")
    if part is None:
        return {}
    clock = part.choice("clock", ("continues", "paused"))
    return {
        "reopened": part.needed_names("types"),
        "reopened_paused": clock == "paused",
    }


def _demand(reader: _Reader) -> Demand | None:
    part = reader.part("demand", "per", "at_most")
    if part is None:
        return None
    return Demand(part.whole("at_most", least=1), part.choice("per", ("day", "month")))


def _plan(reader: _Reader) -> Plan:
    part = reader.needed("plan", "types", "amount", "per")
    types = part.names("types")
    if types:
        for key in ("amount", "per"):
            if key in part.definition:
                raise RuleError(part.at(key), "the plan is what the events say")
        return Plan(types)
    return Plan(amount=part.whole("amount", least=1), per=part.member("per", Per, None))


def _milestone(reader: _Reader) -> Milestone:
    part = reader.needed("due", "on", "from")
    on = part.word("on")
    if len(on) > len("06-15"):
        if "from" in part.definition:
            raise RuleError(part.at("from"), "only for what is due every year")
        return Milestone(on=part.day("on"))
    opens = part.month_day("from") if "from" in part.definition else (1, 1)
    due = part.month_day("on")
    if (2, 29) in {opens, due}:
        raise RuleError(part.path, "29 February does not come every year")
    return Milestone(yearly=due, opens=opens)


def _daily(reader: _Reader) -> Daily:
    part = reader.needed("daily", "of", "aggregate", "comparator", "value")
    return Daily(
        aggregate=part.member("aggregate", Aggregate, Aggregate.MEAN),
        comparator=_comparator(
            part.at("comparator"), part.definition.get("comparator", "<=")
        ),
        value=part.needed_number("value"),
        by_duration=part.choice("of", ("duration", "value")) == "duration",
    )


def _trend(reader: _Reader, calendar_digest: str) -> Trend:
    found = reader.definition.get("of")
    if not isinstance(found, Mapping):
        raise RuleError("of", "missing" if found is None else "must be an object")
    inner = dict(found)
    kind = str(inner.pop("kind", ""))
    if kind == Kind.TREND:
        raise RuleError("of.kind", "a trend of a trend says nothing")
    try:
        rule = Rule.from_definition(
            kind, inner, comparator=None, target=None, calendar_digest=calendar_digest
        )
    except RuleError as error:
        raise RuleError(f"of.{error.path}", error.fault) from error
    return Trend(
        rule,
        reader.choice("against", ("previous", "year_before")) == "year_before",
        reader.choice("as", ("difference", "percent")) == "percent",
    )

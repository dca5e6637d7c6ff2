"""
An indicator's rule as data: what is counted, from when to when, against what.

Read once from its stored definition (a JSON object) into frozen values; a
definition that cannot be measured is refused with the path of the fault.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.measures import COMPARATORS, Kind
from engine.worktime import Term, TermError, Unit

KEYS = frozenset(
    [
        "start",
        "stop",
        "value",
        "limit",
        "unit",
        "pauses",
        "withdrawn",
        "where",
        "exclude",
        "counted_in",
        "open_past_due",
        "stop_before_start",
        "minimum_sample",
        "grace_days",
        "scale",
        "at_least",
        "percentile",
        "numerator",
        "denominator",
        "as_percent",
        "segment_by",
    ]
)


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
    """An attribute having one of some values, and the reason this matters."""

    attribute: str
    values: frozenset[str]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PauseRule:
    """Event types that stop the clock and that start it again."""

    begins: frozenset[str]
    ends: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rule:
    """
    Everything needed to judge a case and a period; see :meth:`from_definition`.

    :ivar digest: SHA-256 of the canonical definition: the rule's version.
    :ivar limit: the term a case has, or ``None``.
    :ivar limit_attribute: attribute that carries the last good instant instead.
    :ivar duration_unit: unit of means, medians and percentiles of time.
    """

    kind: Kind
    digest: str
    comparator: str | None = None
    target: Decimal | None = None
    start: EventPick = EventPick()
    stop: EventPick = EventPick()
    answer: EventPick = EventPick()
    limit: Term | None = None
    limit_attribute: str = ""
    duration_unit: Unit = Unit.ELAPSED_DAYS
    pauses: tuple[PauseRule, ...] = ()
    withdrawn: frozenset[str] = frozenset()
    where: tuple[Condition, ...] = ()
    exclude: tuple[Condition, ...] = ()
    counted_in: str = "due"
    open_past_due: str = "missed"
    stop_before_start: str = "excluded"
    minimum_sample: int = 0
    grace_days: int = 0
    scale_min: Decimal | None = None
    scale_max: Decimal | None = None
    at_least: Decimal | None = None
    percentile: Decimal | None = None
    numerator: Mapping[str, int] = field(default_factory=dict)
    denominator: Mapping[str, int] = field(default_factory=dict)
    as_percent: bool = True
    segment_by: str = ""

    def on_scale(self, score: Decimal) -> bool:
        """Say whether a score lies on the survey's scale, bounds included."""
        return (self.scale_min is None or score >= self.scale_min) and (
            self.scale_max is None or score <= self.scale_max
        )

    @property
    def needs_calendar(self) -> bool:
        """Say whether this rule's time cannot be told without a work calendar."""
        if self.limit is not None and self.limit.unit.needs_calendar:
            return True
        return self.kind.is_duration and self.duration_unit.needs_calendar

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
        return (self.kind, self.as_percent)

    def event_types(self) -> frozenset[str]:
        """Every event type that the rule names, to check against a stream's."""
        named = {
            *self.start.types,
            *self.stop.types,
            *self.answer.types,
            *self.withdrawn,
            *self.numerator,
            *self.denominator,
        }
        for pause in self.pauses:
            named |= pause.begins | pause.ends
        return frozenset(named - {"*"})

    def attributes(self) -> frozenset[str]:
        """Every attribute that the rule reads, to check against a stream's."""
        named = {item.attribute for item in (*self.where, *self.exclude)}
        return frozenset({*named, self.segment_by, self.limit_attribute} - {""})

    @classmethod
    def from_definition(
        cls,
        kind: str,
        definition: Mapping[str, Any],
        *,
        comparator: str | None,
        target: Decimal | None,
        calendar_digest: str = "",
    ) -> "Rule":
        """
        Read a stored definition.

        :param definition: the ``rule`` object of the charter exchange format.
        :param calendar_digest: becomes part of the rule's version.
        :raises RuleError: naming the path of the first fault.
        """
        try:
            known = Kind(kind)
        except ValueError as error:
            raise RuleError("kind", f"{kind!r} cannot be computed") from error
        if comparator is not None and comparator not in COMPARATORS:
            choices = " ".join(COMPARATORS)
            raise RuleError("comparator", f"{comparator!r} is none of {choices}")
        reader = _Reader(definition)
        reader.refuse_unknown()
        return cls(
            kind=known,
            digest=_digest(kind, definition, comparator, target, calendar_digest),
            comparator=comparator,
            target=target,
            start=reader.pick("start", required=known.is_timed),
            stop=reader.pick("stop", required=known.is_timed),
            answer=reader.pick("value", required=known.by_answer, default="last"),
            limit=reader.limit(required=known.by_case),
            limit_attribute=reader.limit_attribute(),
            duration_unit=reader.unit(required=known.is_duration),
            pauses=reader.pauses(),
            withdrawn=_names("withdrawn", definition.get("withdrawn") or []),
            where=reader.conditions("where"),
            exclude=reader.conditions("exclude"),
            counted_in=reader.choice("counted_in", ("due", "opened", "closed")),
            open_past_due=reader.choice("open_past_due", ("missed", "excluded")),
            stop_before_start=reader.choice("stop_before_start", ("excluded", "kept")),
            minimum_sample=reader.whole("minimum_sample"),
            grace_days=reader.whole("grace_days"),
            scale_min=reader.number("scale", "min", required=known.by_answer),
            scale_max=reader.number("scale", "max", required=known.by_answer),
            at_least=reader.number(
                "at_least", required=known is Kind.SHARE_AT_OR_ABOVE
            ),
            percentile=reader.number(
                "percentile", required=known is Kind.PERCENTILE_DURATION
            ),
            numerator=reader.weights("numerator", required=known.by_sum),
            denominator=reader.weights("denominator", required=known is Kind.RATIO),
            as_percent=definition.get("as_percent", True) is True,
            segment_by=str(definition.get("segment_by") or ""),
        )


def _digest(kind: str, definition: Mapping[str, Any], *rest: object) -> str:
    canonical = json.dumps(
        [kind, definition, *(None if part is None else str(part) for part in rest)],
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


class _Reader:
    """Reads one definition; every method names the path of what it refuses."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self.definition = definition

    def refuse_unknown(self) -> None:
        unknown = sorted(set(self.definition) - KEYS)
        if unknown:
            raise RuleError(unknown[0], "not a part of a rule")

    def pick(self, key: str, *, required: bool, default: str = "first") -> EventPick:
        found = self.definition.get(key)
        if found is None:
            if required:
                raise RuleError(key, "missing")
            return EventPick()
        if not isinstance(found, Mapping):
            raise RuleError(key, "must be an object with types")
        types = _names(f"{key}.types", found.get("types") or [])
        if not types:
            raise RuleError(f"{key}.types", "names no event type")
        choice = found.get("pick", default)
        if choice not in {"first", "last"}:
            raise RuleError(f"{key}.pick", "must be first or last")
        return EventPick(types, choice == "last")

    def limit(self, *, required: bool) -> Term | None:
        found = self.definition.get("limit")
        if found is None:
            if required:
                raise RuleError("limit", "missing")
            return None
        if not isinstance(found, Mapping):
            raise RuleError("limit", "must be an object")
        if "attribute" in found:
            return None
        try:
            return Term.from_definition(found)
        except TermError as error:
            raise RuleError("limit", str(error)) from error

    def limit_attribute(self) -> str:
        found = self.definition.get("limit")
        return str(found.get("attribute", "")) if isinstance(found, Mapping) else ""

    def unit(self, *, required: bool) -> Unit:
        found = self.definition.get("unit")
        if found is None and not required:
            return Unit.ELAPSED_DAYS
        try:
            return Unit(str(found))
        except ValueError as error:
            raise RuleError("unit", f"{found!r} is no unit of time") from error

    def pauses(self) -> tuple[PauseRule, ...]:
        return tuple(
            PauseRule(
                _names(f"pauses[{index}].from", item.get("from") or []),
                _names(f"pauses[{index}].until", item.get("until") or []),
            )
            for index, item in self.objects("pauses")
        )

    def conditions(self, key: str) -> tuple[Condition, ...]:
        return tuple(
            Condition(
                str(item.get("attribute", "")),
                _names(f"{key}[{index}].in", item.get("in") or []),
                str(item.get("reason", "")),
            )
            for index, item in self.objects(key)
        )

    def objects(self, key: str) -> list[tuple[int, Mapping[str, Any]]]:
        found = self.definition.get(key, [])
        if not isinstance(found, list):
            raise RuleError(key, "must be a list")
        for index, item in enumerate(found):
            if not isinstance(item, Mapping):
                raise RuleError(f"{key}[{index}]", "must be an object")
        return list(enumerate(found))

    def choice(self, key: str, choices: Sequence[str]) -> str:
        found = self.definition.get(key, choices[0])
        if found not in choices:
            raise RuleError(key, f"must be one of {', '.join(choices)}")
        return str(found)

    def whole(self, key: str) -> int:
        found = self.definition.get(key, 0)
        if not isinstance(found, int) or isinstance(found, bool) or found < 0:
            raise RuleError(key, "must be a whole number, 0 or more")
        return found

    def number(self, *path: str, required: bool) -> Decimal | None:
        found: Any = self.definition
        for key in path:
            found = found.get(key) if isinstance(found, Mapping) else None
        where = ".".join(path)
        if found is None:
            if required:
                raise RuleError(where, "missing")
            return None
        try:
            number = Decimal(str(found))
        except InvalidOperation as error:
            raise RuleError(where, f"{found!r} is no number") from error
        if not number.is_finite():
            raise RuleError(where, f"{found!r} is no number")
        return number

    def weights(self, key: str, *, required: bool) -> Mapping[str, int]:
        found = self.definition.get(key)
        if not found:
            if required:
                raise RuleError(key, "missing")
            return {}
        if not isinstance(found, Mapping):
            raise RuleError(key, "must map event types to whole numbers")
        for name, weight in found.items():
            if not isinstance(weight, int) or isinstance(weight, bool):
                raise RuleError(f"{key}.{name}", "must be a whole number")
        return dict(found)


def _names(path: str, found: object) -> frozenset[str]:
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise RuleError(path, "must be a list of words")
    return frozenset(found)

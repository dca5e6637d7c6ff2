"""
Fields that stand for places in an indicator's definition.

The definition in JSON is the whole truth: a field shows a part of it, and one that is
changed is written into it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


def _names(value: str) -> list[str]:
    return [name.strip() for name in value.split(",") if name.strip()]


def _listed(value: Any) -> str:
    return ", ".join(value)


def _number(value: Any) -> Decimal:
    return Decimal(format(Decimal(str(value)), "f"))


def _decimal(value: Decimal) -> str:
    return format(value.normalize(), "f")


def _same(value: Any) -> Any:
    return value


def _weighed(value: str) -> dict[str, int]:
    return dict.fromkeys(_names(value), 1)


def _plain_names(weights: Any) -> str:
    """
    Write event types that all count once.

    :raises TypeError: if some count otherwise: only the JSON can say that.
    """
    if set(weights.values()) != {1}:
        msg = "not all of weight one"
        raise TypeError(msg)
    return _listed(weights)


@dataclass(frozen=True, slots=True)
class Friendly:
    """
    A field of the form that stands for a place in the definition.

    :ivar write: turns what was typed into what the definition holds.
    :ivar read: the other way round.
    """

    path: tuple[str, ...]
    write: Callable[[Any], Any] = _same
    read: Callable[[Any], Any] = _same


def _types(*path: str) -> Friendly:
    return Friendly(path, _names, _listed)


def _amount(*path: str) -> Friendly:
    return Friendly(path, _decimal, _number)


FRIENDLY: dict[str, Friendly] = {
    "as_percent": Friendly(
        ("as_percent",),
        lambda value: value == "yes",
        lambda value: "yes" if value else "no",
    ),
    # Left open it is measured: "no" is never written.
    "declared": Friendly(
        ("declared",),
        lambda value: True if value == "yes" else None,
        lambda value: "yes" if value else "",
    ),
    "start_types": _types("start", "types"),
    "stop_types": _types("stop", "types"),
    "clock_types": _types("clock", "types"),
    "limit_amount": _amount("limit", "amount"),
    "limit_unit": Friendly(("limit", "unit")),
    "limit_sense": Friendly(("limit", "sense")),
    "limit_day_one": Friendly(("limit", "day_one")),
    "second_limit_amount": _amount("second_limit", "amount"),
    "second_limit_unit": Friendly(("second_limit", "unit")),
    "duration_unit": Friendly(("unit",)),
    "percentile": _amount("percentile"),
    "answer_types": _types("value", "types"),
    "scale_min": _amount("scale", "min"),
    "scale_max": _amount("scale", "max"),
    "at_least": _amount("at_least"),
    "below": _amount("below"),
    "weight": Friendly(("weight",)),
    "numerator_types": Friendly(("numerator",), _weighed, _plain_names),
    "denominator_types": Friendly(("denominator",), _weighed, _plain_names),
    "done_types": _types("done", "types"),
    "plan_amount": Friendly(("plan", "amount")),
    "plan_per": Friendly(("plan", "per")),
    "plan_types": _types("plan", "types"),
    "due_on": Friendly(("due", "on")),
    "due_from": Friendly(("due", "from")),
    "daily_of": Friendly(("daily", "of")),
    "daily_aggregate": Friendly(("daily", "aggregate")),
    "daily_comparator": Friendly(("daily", "comparator")),
    "daily_value": _amount("daily", "value"),
    "trend_against": Friendly(("against",)),
    "trend_as": Friendly(("as",)),
    "withdrawn_types": _types("withdrawn"),
    "void_types": _types("void"),
    "merged_types": _types("merged"),
    "duplicate_types": _types("duplicate"),
    "reopened_types": _types("reopened", "types"),
    "reopened_clock": Friendly(("reopened", "clock")),
    "demand_at_most": Friendly(("demand", "at_most")),
    "demand_per": Friendly(("demand", "per")),
    "counted_in": Friendly(("counted_in",)),
    "segment_by": Friendly(("segment_by",)),
    "minimum_sample": Friendly(("minimum_sample",)),
    "grace_days": Friendly(("grace_days",)),
}
# Where the engine names a whole part, the field that mends it.
FIELD_OF_PART = {
    "start": "start_types",
    "stop": "stop_types",
    "clock": "clock_types",
    "limit": "limit_amount",
    "second_limit": "second_limit_amount",
    "unit": "duration_unit",
    "value": "answer_types",
    "scale": "scale_min",
    "numerator": "numerator_types",
    "denominator": "denominator_types",
    "done": "done_types",
    "plan": "plan_amount",
    "due": "due_on",
    "daily": "daily_value",
    "demand": "demand_at_most",
}
FIELD_OF_PATH = {
    ".".join(friendly.path): name for name, friendly in FRIENDLY.items()
} | FIELD_OF_PART


def readable(friendly: Friendly, value: Any) -> Any:
    """Return what a field shows; ``None`` where it cannot: the JSON does."""
    try:
        return friendly.read(value)
    except (TypeError, AttributeError, ArithmeticError):
        return None


def look_up(definition: Any, path: Sequence[str]) -> Any:
    """Return what a definition holds at a path; ``None`` if nothing."""
    for key in path:
        definition = definition.get(key) if isinstance(definition, dict) else None
    return definition


def put_in(definition: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Write a value at a path of a definition; an empty one is taken away."""
    *above, last = path
    parents = [definition]
    for key in above:
        inner = parents[-1].get(key)
        if not isinstance(inner, dict):
            inner = parents[-1][key] = {}
        parents.append(inner)
    if value in (None, "", []):
        parents[-1].pop(last, None)
    else:
        parents[-1][last] = value
    for key, parent, inner in zip(above, parents, parents[1:], strict=False):
        if not inner:
            del parent[key]

"""
The layers of a calendar's definition: whose day is it, and who says so.

A definition holds them as JSON (see :class:`engine.worktime.WorkCalendar`). The state
comes first and the office last: each one adds holidays, and may make a day that one
before it took off a working day again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from engine.worktime import Level

# From the widest to the narrowest.
ORDER = {level: place for place, level in enumerate(Level)}


@dataclass(frozen=True, slots=True)
class Layer:
    """
    The days that one authority sets.

    :ivar code: tells layers of one level apart, for example ``ES-CT``.
    :ivar source: legal reference or address.
    :ivar holidays: names by day, as the definition writes days: ``2026-06-24``, or
        ``*-06-24`` for every year.
    :ivar working: days that are working days here although a wider layer says not.
    """

    level: Level
    code: str
    name: str = ""
    source: str = ""
    holidays: Mapping[str, str] = field(default_factory=dict)
    working: frozenset[str] = frozenset()

    @classmethod
    def from_definition(cls, part: Mapping[str, Any]) -> Self:
        """Read a layer of a definition that the engine accepts."""
        return cls(
            level=Level(part["level"]),
            code=part.get("code", ""),
            name=part.get("name", ""),
            source=part.get("source", ""),
            holidays=dict(part.get("holidays", {})),
            working=frozenset(part.get("working", [])),
        )

    def definition(self) -> dict[str, Any]:
        """Return the layer as it is stored."""
        return {
            "level": self.level.value,
            "code": self.code,
            "name": self.name,
            "source": self.source,
            "holidays": {day: self.holidays[day] for day in sorted(self.holidays)},
            "working": sorted(self.working),
        }

    @property
    def key(self) -> tuple[Level, str]:
        """What makes it this layer and not another."""
        return self.level, self.code

    def joined(self, other: "Layer") -> "Layer":
        """
        Return this layer with the days of another one.

        The other's names and texts win where it has any; nothing is taken away.
        """
        return replace(
            self,
            name=other.name or self.name,
            source=other.source or self.source,
            holidays={
                **{
                    day: name
                    for day, name in self.holidays.items()
                    if day not in other.working
                },
                **other.holidays,
            },
            working=(self.working - set(other.holidays)) | other.working,
        )


def layers_of(definition: Mapping[str, Any]) -> list[Layer]:
    """Return the layers of a definition that the engine accepts, in its order."""
    return [Layer.from_definition(part) for part in definition.get("layers", [])]


def layer_of(definition: Mapping[str, Any], level: Level, code: str) -> Layer:
    """Return one layer of a definition; an empty one if it has none like it."""
    for layer in layers_of(definition):
        if layer.key == (level, code):
            return layer
    return Layer(level, code)


def with_layers(
    definition: Mapping[str, Any], layers: Iterable[Layer]
) -> dict[str, Any]:
    """
    Return a definition with exactly these layers, the widest first.

    Layers of one level keep their order.
    """
    ordered = sorted(layers, key=lambda layer: ORDER[layer.level])
    found = {key: part for key, part in definition.items() if key != "layers"}
    if ordered:
        found["layers"] = [layer.definition() for layer in ordered]
    return found


def take_in(definition: Mapping[str, Any], layer: Layer) -> dict[str, Any]:
    """
    Return a definition with the days of a layer added.

    A layer of the same level and code is joined with it (:meth:`Layer.joined`).
    """
    present = layers_of(definition)
    if any(old.key == layer.key for old in present):
        present = [
            old.joined(layer) if old.key == layer.key else old for old in present
        ]
    else:
        present.append(layer)
    return with_layers(definition, present)


def own_days(definition: Mapping[str, Any]) -> dict[str, str]:
    """Return the holidays that stand outside the layers: the office's own."""
    own = definition.get("holidays", {})
    return dict(own) if isinstance(own, Mapping) else dict.fromkeys(own, "")


def without_own(definition: Mapping[str, Any], days: Iterable[str]) -> dict[str, Any]:
    """
    Return a definition without these days among the office's own holidays.

    They come after all layers: a day that stands in both would still be the office's.
    """
    gone = set(days)
    kept = {day: name for day, name in own_days(definition).items() if day not in gone}
    return {**definition, "holidays": kept}

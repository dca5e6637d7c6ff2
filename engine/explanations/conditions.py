"""Which conditions of a rule hold of a case."""

from collections.abc import Iterable, Iterator

from engine.cases import Reading
from engine.explanations.findings import Checked
from engine.explanations.telling import plain
from engine.rules import Condition, Rule


def conditions_of(reading: Reading, rule: Rule) -> tuple[Checked, ...]:
    """Look at every condition that takes a case in or out."""
    return (
        *checked(reading, "where", rule.where),
        *checked(reading, "exclude", rule.exclude),
    )


def checked(
    reading: Reading, path: str, conditions: Iterable[Condition]
) -> Iterator[Checked]:
    """Look at conditions that stand together in a rule."""
    for number, condition in enumerate(conditions):
        yield Checked(
            f"{path}[{number}]",
            condition,
            _found(reading, condition),
            reading.meets(condition),
        )


def _found(reading: Reading, condition: Condition) -> str | None:
    """Return what a condition is compared with, as the case has it."""
    if condition.has:
        types = (event.type for event in reading.events)
        return next((type_ for type_ in types if type_ in condition.has), None)
    if condition.value_of:
        value = reading.last_value(condition.value_of)
        return None if value is None else plain(value)
    return reading.attribute(condition.attribute)

"""What a measurement says: a value, what it should be, and what it is made of."""

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial


@dataclass(frozen=True, slots=True)
class Row:
    """
    One line of the table.

    :ivar key: never changes, so that results of different days can be compared.
    :ivar value: in ``unit``: a ratio where it is ``×``.
    :ivar target: what it should be, ``None`` where nothing is promised.
    :ivar at_least: whether more is better.
    :ivar raw: what the value was made of, with its units in the names.
    """

    key: str
    what: str
    against: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = True
    raw: Mapping[str, float] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; ``None`` without one."""
        if self.target is None:
            return None
        if self.at_least:
            return self.value >= self.target
        return self.value <= self.target

    @property
    def margin(self) -> float | None:
        """How many times better than the target: 1 is just reached."""
        if self.target is None or not self.value:
            return None
        ratio = self.value / self.target
        return ratio if self.at_least else 1 / ratio


def seconds(work: Callable[[], object]) -> float:
    """Return how long some work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextmanager
def undisturbed() -> Iterator[None]:
    """
    Let the collector of garbage pass over what is there already.

    A run holds the requests of all its turns, which a server never does: walking them
    while one is answered would be measured as if it were ours.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def side_by_side(
    ours: Callable[[int], object], theirs: Callable[[int], object], turns: int
) -> tuple[float, float]:
    """
    Time two things in turns, so that a busy machine slows both alike.

    :param ours: told the number of the turn, like ``theirs``.
    :returns: the median seconds of each.
    """
    with undisturbed():
        pairs = [
            (seconds(partial(ours, turn)), seconds(partial(theirs, turn)))
            for turn in range(turns)
        ]
    one, other = zip(*pairs, strict=True)
    return statistics.median(one), statistics.median(other)


def middle(work: Callable[[], object], turns: int) -> float:
    """Return the median seconds of some work."""
    return statistics.median(seconds(work) for _ in range(turns))


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value that so many percent do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(rank, 1) - 1]

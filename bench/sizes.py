"""How much is measured: ``BENCH_SIZE``."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """
    How much is stored, sent and waited for.

    :ivar few: events stored at first, ``many``: events stored at the end.
    :ivar batch: events in one request, ``batches``: requests in one measurement.
    :ivar waiting: marks waiting while ingest is measured beside them.
    :ivar late: late events timed one by one.
    :ivar seconds: how long events keep coming.
    """

    name: str
    indicators: int
    few: int
    many: int
    batch: int
    batches: int
    waiting: int
    late: int
    seconds: int


SIZES: Mapping[str, Size] = {
    size.name: size
    for size in (
        Size("tiny", 8, 1_000, 2_000, 100, 2, 1_000, 4, 2),
        Size("small", 200, 100_000, 1_000_000, 10_000, 5, 1_000_000, 60, 20),
        Size("full", 200, 100_000, 10_000_000, 10_000, 20, 1_000_000, 200, 60),
    )
}

"""How much is measured: ``BENCH_SIZE``."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """
    How much is stored, sent and waited for.

    :ivar stored: how many events are stored when the same is measured again and again.
    :ivar backlog: events stored when two workers are compared with one.
    :ivar batch: events in one request, ``batches``: requests in one measurement.
    :ivar waiting: marks waiting while ingest is measured beside them.
    :ivar late: late events timed one by one.
    :ivar seconds: how long events keep coming.
    """

    name: str
    indicators: int
    stored: tuple[int, ...]
    backlog: int
    batch: int
    batches: int
    waiting: int
    late: int
    seconds: int

    @property
    def few(self) -> int:
        """How many events are stored at first."""
        return self.stored[0]

    @property
    def many(self) -> int:
        """How many events are stored at the end."""
        return self.stored[-1]


MILLION = 1_000_000
SIZES: Mapping[str, Size] = {
    size.name: size
    for size in (
        Size("tiny", 8, (1_000, 2_000), 2_000, 100, 2, 1_000, 4, 2),
        Size("small", 200, (100_000, MILLION), MILLION, 10_000, 5, MILLION, 60, 20),
        Size(
            "full",
            200,
            (100_000, MILLION, 10 * MILLION),
            MILLION,
            10_000,
            20,
            MILLION,
            200,
            60,
        ),
    )
}

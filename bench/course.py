"""The order in which things are measured, since a log only grows."""

import logging
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from django.db import connection

from bench import town as towns
from bench.measured import ingest, late, live, preview, pure, replay
from bench.rows import Row, percentile
from bench.sizes import Size
from bench.town import Town

COPY = "COPY with the same constraints"
Workers = Callable[[int], AbstractContextManager[None]]
# Of what a COPY gives, a question: the seconds from a CSV and from a Parquet file.
Ask = Callable[[str, str], "Seconds"]


class Seconds(Protocol):
    """What is told of somebody else's answer."""

    @property
    def csv(self) -> float: ...
    @property
    def parquet(self) -> float: ...


@dataclass
class Course:
    """
    One run.

    :ivar cases: how many cases each stream has by now.
    """

    size: Size
    town: Town
    api: ingest.Api
    workers: Workers
    ask: Ask
    cases: int = 0

    def grow(self, events: int) -> int:
        """Lengthen the log to about so many events; return how many it has got."""
        cases = towns.cases_for(events, self.size)
        added = towns.lengthen_log(self.town, cases_from=self.cases, cases_until=cases)
        self.cases = cases
        return added


def run(size: Size, *, workers: Workers, ask: Ask) -> Iterator[Row]:
    """
    Measure everything, from an empty database on.

    :param workers: starts so many processes that compute what comes.
    :param ask: somebody else, for comparison.
    """
    logging.disable(logging.WARNING)
    _told("working time")
    yield from _pure(size)
    _told("the town")
    town = towns.found(size)
    course = Course(size, town, ingest.open_api(town), workers, ask)
    found: list[Stored] = []
    with ingest.twin():
        for wanted in size.stored:
            found.append(_stored(course, wanted))
            if wanted == size.backlog:
                yield _by_two(course, found[-1])
            if len(found) == 1:
                yield from _at_few(course, found[-1])
        yield from _at_many(course, found)


def _told(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}…", flush=True)


def _pure(size: Size) -> Iterator[Row]:
    cases = size.few
    ours, theirs, due = pure.working_time(cases, turns=5)
    yield Row(
        "engine.worktime.batch",
        "Working time of many cases, in batches",
        "a loop with bisect",
        theirs / ours,
        "×",
        8,
        raw={
            "elapsed_cases_s": cases / ours,
            "due_cases_s": cases / due,
            "loop_cases_s": cases / theirs,
        },
    )
    taken = pure.long_case(10_000, turns=3)
    yield Row(
        "engine.case.long",
        "One case with 10,000 events (slowest kind)",
        "",
        1000 * max(taken.values()),
        "ms",
        100,
        at_least=False,
        raw={f"{name}_ms": 1000 * value for name, value in taken.items()},
    )


@dataclass(frozen=True, slots=True)
class Stored:
    """
    What was measured while so many events were stored.

    :ivar seconds: in which two workers compute everything from the log.
    """

    events: int
    seconds: float
    late: late.Late
    pace: ingest.Pace

    def raw(self) -> dict[str, float]:
        """Return what one event costs, by how many are stored."""
        name = f"{self.events:_}"
        return {
            f"{name}_ingest_us": 1e6 * self.pace.ours / self.pace.events,
            f"{name}_copy_us": 1e6 * self.pace.copy / self.pace.events,
            f"{name}_late_ms": 1000 * self.late.median,
            f"{name}_replay_us": 1e6 * self.seconds / self.events,
        }


def _stored(course: Course, wanted: int) -> Stored:
    """Lengthen the log and measure what an event costs with so many."""
    size, town = course.size, course.town
    _told(f"a log of {wanted:,} events")
    course.grow(wanted)
    events, _facts = replay.counted()
    _told("replay with two workers")
    replay.forget_facts()
    taken = replay.replayed(town, workers=2)
    _told("late events")
    late_ = late.late_events(town, times=size.late, cases=course.cases, seed=wanted)
    _told("ingest")
    pace = _pace(course, f"at-{wanted}")
    replay.forget_marks()
    return Stored(events, taken, late_, pace)


def _pace(course: Course, seed: str) -> ingest.Pace:
    size = course.size
    return ingest.pace(
        course.town, course.api, events=size.batch, turns=size.batches, seed=seed
    )


def _at_few(course: Course, few: Stored) -> Iterator[Row]:
    size = course.size
    _told("files")
    file = ingest.from_file(course.town, events=size.batch, turns=size.batches)
    replay.forget_marks()
    yield Row(
        "ingest.api",
        f"Events by the API, {size.batch:,} a request, with their marks",
        COPY,
        few.pace.ratio,
        "×",
        0.40,
        raw=few.pace.raw("api"),
    )
    yield Row(
        "ingest.file",
        "Events from a CSV file (import_events)",
        COPY,
        file.ratio,
        "×",
        0.35,
        raw=file.raw("file"),
    )


def _by_two(course: Course, found: Stored) -> Row:
    _told("replay with one worker, and with two")
    replay.forget_facts()
    one = replay.replayed(course.town, workers=1)
    replay.forget_facts()
    two = replay.replayed(course.town, workers=2)
    return Row(
        "replay.workers",
        f"Two workers on the same backlog: {found.events:,} events",
        "one worker",
        one / two,
        "×",
        1.5,
        raw={"one_seconds": one, "two_seconds": two},
    )


def _at_many(course: Course, found: Sequence[Stored]) -> Iterator[Row]:
    size, town = course.size, course.town
    few, many = found[0], found[-1]
    yield _replayed(course, many)
    grown = {name: value for stored in found for name, value in stored.raw().items()}
    yield Row(
        "late.flat",
        f"One late event, {size.many:,} stored: fact, cell and result",
        f"{size.few:,} stored",
        many.late.median / few.late.median,
        "×",
        1.5,
        at_least=False,
        raw=few.late.raw("few") | many.late.raw("many"),
    )
    yield Row(
        "late.p95",
        "One late event, 95 of 100",
        "",
        1000 * percentile(many.late.taken, 95),
        "ms",
        60,
        at_least=False,
    )
    yield Row(
        "ingest.stored",
        f"Ingest with {size.many:,} stored",
        f"{size.few:,} stored",
        many.pace.ratio / few.pace.ratio,
        "×",
        0.85,
        raw=grown,
    )
    yield _beside_marks(course, many)
    yield from _live(course)
    _told("a calendar's preview")
    preview_ = preview.previewed(town)
    yield Row(
        "preview.holiday",
        f"Preview of a holiday, {preview_['open_cases']:,.0f} open cases",
        "",
        preview_["seconds"],
        "s",
        raw=preview_,
    )


def _replayed(course: Course, many: Stored) -> Row:
    _told("the same by DuckDB")
    log = course.ask(replay.LOG, replay.GROUPED_LOG)
    two = many.seconds
    return Row(
        "replay.log",
        f"Everything from the log: {many.events:,} events",
        "DuckDB reading CSV, grouping without working time",
        two / log.csv,
        "×",
        25,
        at_least=False,
        raw={
            "seconds": two,
            "events_s": many.events / two,
            "duckdb_csv_seconds": log.csv,
            "duckdb_parquet_seconds": log.parquet,
            "against_parquet": two / log.parquet,
        },
    )


def _beside_marks(course: Course, many: Stored) -> Row:
    size = course.size
    _told("ingest beside waiting marks")
    none = _pace(course, "no-marks")
    replay.wait_for_nobody(course.town, size.waiting)
    waiting = _pace(course, "marks")
    replay.forget_marks()
    return Row(
        "ingest.marks",
        f"Ingest with {size.waiting:,} marks waiting",
        "none waiting",
        waiting.ratio / statistics.mean([none.ratio, many.pace.ratio]),
        "×",
        0.90,
        raw=none.raw("none") | waiting.raw("waiting"),
    )


def _live(course: Course) -> Iterator[Row]:
    size = course.size
    _told("events that keep coming")
    connection.close()
    with course.workers(2):
        waits = live.under_load(
            course.town, events_per_second=1000, seconds=size.seconds
        )
    yield Row(
        "live.p99",
        "From event to visible figure, 1,000 events/s, 99 of 100",
        "",
        percentile(waits, 99),
        "s",
        5,
        at_least=False,
        raw=live.raw(waits),
    )

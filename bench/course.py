"""The order in which things are measured, since a log only grows."""

import logging
import statistics
import time
from collections.abc import Callable, Iterator
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
    course.grow(size.few)
    replay.replayed(town, workers=2)
    with ingest.twin():
        few = _at_few(course)
        yield from few.rows
        _told("a longer log")
        course.grow(size.many)
        yield from _recomputed(course)
        yield from _at_many(course, few)


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
class Few:
    """What was measured while little was stored."""

    pace: ingest.Pace
    late: late.Late
    rows: tuple[Row, ...]


def _at_few(course: Course) -> Few:
    size, town = course.size, course.town
    _told("late events, little stored")
    late_ = late.late_events(town, times=size.late, cases=course.cases, seed=1)
    _told("ingest, little stored")
    pace = _pace(course, "few")
    file = ingest.from_file(town, events=size.batch, turns=size.batches)
    replay.forget_marks()
    rows = (
        Row(
            "ingest.api",
            f"Events by the API, {size.batch:,} a request, with their marks",
            COPY,
            pace.ratio,
            "×",
            0.40,
            raw=pace.raw("api"),
        ),
        Row(
            "ingest.file",
            "Events from a CSV file (import_events)",
            COPY,
            file.ratio,
            "×",
            0.35,
            raw=file.raw("file"),
        ),
    )
    return Few(pace, late_, rows)


def _pace(course: Course, seed: str) -> ingest.Pace:
    size = course.size
    return ingest.pace(
        course.town, course.api, events=size.batch, turns=size.batches, seed=seed
    )


def _recomputed(course: Course) -> Iterator[Row]:
    town = course.town
    _told("replay with one worker")
    replay.forget_facts()
    one = replay.replayed(town, workers=1)
    _told("replay with two workers")
    replay.forget_facts()
    two = replay.replayed(town, workers=2)
    _told("the same by DuckDB")
    log = course.ask(replay.LOG, replay.GROUPED_LOG)
    events, _facts = replay.counted()
    yield Row(
        "replay.log",
        f"Everything from the log: {events:,} events",
        "DuckDB reading CSV, grouping without working time",
        two / log.csv,
        "×",
        25,
        at_least=False,
        raw={
            "seconds": two,
            "events_s": events / two,
            "duckdb_csv_seconds": log.csv,
            "duckdb_parquet_seconds": log.parquet,
            "against_parquet": two / log.parquet,
        },
    )
    yield Row(
        "replay.workers",
        "Two workers on the same backlog",
        "one worker",
        one / two,
        "×",
        1.5,
        raw={"one_seconds": one, "two_seconds": two},
    )


def _at_many(course: Course, few: Few) -> Iterator[Row]:
    size, town = course.size, course.town
    _told("late events, much stored")
    late_ = late.late_events(town, times=size.late, cases=course.cases, seed=2)
    yield Row(
        "late.flat",
        f"One late event, {size.many:,.0f} stored: fact, cell and result",
        f"{size.few:,} stored",
        late_.median / few.late.median,
        "×",
        1.5,
        at_least=False,
        raw=few.late.raw("few") | late_.raw("many"),
    )
    yield Row(
        "late.p95",
        "One late event, 95 of 100",
        "",
        1000 * percentile(late_.taken, 95),
        "ms",
        60,
        at_least=False,
    )
    yield from _ingest_at_many(course, few)
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


def _ingest_at_many(course: Course, few: Few) -> Iterator[Row]:
    size = course.size
    _told("ingest, much stored")
    many = _pace(course, "many")
    replay.forget_marks()
    yield Row(
        "ingest.stored",
        f"Ingest with {size.many:,} stored",
        f"{size.few:,} stored",
        many.ratio / few.pace.ratio,
        "×",
        0.85,
        raw=few.pace.raw("few") | many.raw("many"),
    )
    _told("ingest beside waiting marks")
    none = _pace(course, "no-marks")
    replay.wait_for_nobody(course.town, size.waiting)
    waiting = _pace(course, "marks")
    replay.forget_marks()
    yield Row(
        "ingest.marks",
        f"Ingest with {size.waiting:,} marks waiting",
        "none waiting",
        waiting.ratio / statistics.mean([none.ratio, many.ratio]),
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

"""
A hundred writers, cut connections and workers leave the log of one writer.

The test server takes a hundred connections in all, so the writers share
:data:`CONNECTIONS` of them: so many write at once, and whoever is done makes room.
"""

import itertools
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psycopg2
import pytest
from django.db import Error, connection
from psycopg2.errors import UniqueViolation

from indicators.models import ServiceEvent, StaleMark, Stream
from indicators.services import figures, intake
from indicators.services.intake import Receipt, event_digest, record
from indicators.services.verification import verify
from tests import builders
from tests.indicators.random_logs import in_sendable_order, made_up, many_rules
from tests.indicators.test_figures import facts, ledger

NOW = builders.NOW
WRITERS = 100
CONNECTIONS = 24
WORKERS = 2
TOGETHER = 8  # writers that start to copy the same events at the same moment
BATCH = 12
MOST_KILLS = 60
DERIVED = (
    "indicators_serviceevent, indicators_stalemark, indicators_casefact, "
    "indicators_monthsum, indicators_result"
)
KILL = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = 'writer' AND xact_start IS NOT NULL
ORDER BY random() LIMIT 1
"""


def known_events(dice: random.Random) -> list[dict]:
    """Cases that open, close and are corrected, again and again under other names."""
    found = []
    for block in range(3):
        for item in made_up(dice):
            named = item | {"id": f"{block}/{item['id']}"}
            named["case"] = f"{block}/{item['case']}"
            if "replaces" in item:
                named["replaces"] = f"{block}/{item['replaces']}"
            found.append(named)
    return found


def batches(events: list[dict]) -> list[list[dict]]:
    return [events[at : at + BATCH] for at in range(0, len(events), BATCH)]


class Writer:
    """
    One machine that sends its share of the events until it knows of each.

    :ivar cuts: batches that ended with the connection.
    :ivar replays: lines that the log had already.
    """

    def __init__(self, number: int, events: list[dict]) -> None:
        self.dice = random.Random(number)
        self.cuts = self.replays = self.recorded = 0
        by_id = {item["id"]: item for item in events}
        share = {item["id"] for item in self.dice.sample(events, 8)}
        share |= {item["id"] for item in events[number::WRITERS]}
        for id_ in list(share):
            # With everything that it corrects, or it would never be done.
            while id_ := by_id[id_].get("replaces"):
                share.add(id_)
        plain = [item for item in events if "replaces" not in item]
        shuffled = self.dice.sample(events, len(events))
        mine = [item for item in shuffled if item["id"] in share]
        # All begin with the same batch, so that they get into each other's way.
        self.waiting = [plain[:BATCH], *batches(mine)]

    def work(self, stream: Stream, slots: threading.Semaphore) -> None:
        with slots:
            try:
                while self.waiting:
                    self._deliver(stream, self.waiting.pop(0))
            finally:
                connection.close()

    def _deliver(self, stream: Stream, batch: list[dict]) -> None:
        receipt = self._send(stream, batch)
        if receipt is None:
            self.waiting.insert(0, batch)
            return
        self.recorded += receipt.recorded
        self.replays += receipt.replayed
        assert {r.code for r in receipt.refused} <= {"replaces_unknown"}
        if early := [batch[refusal.line - 1] for refusal in receipt.refused]:
            self.waiting.append(early)
        if self.dice.random() < 0.2:  # as after an answer that was lost
            self.waiting.insert(self.dice.randrange(len(self.waiting) + 1), batch)

    def _send(self, stream: Stream, batch: list[dict]) -> Receipt | None:
        try:
            if connection.connection is None:
                with connection.cursor() as cursor:
                    cursor.execute("SET application_name = 'writer'")
            return record(stream=stream, lines=list(enumerate(batch, 1)), at=NOW)
        except (Error, psycopg2.Error):
            connection.close()
            self.cuts += 1
            return None


def refresh_until(done: threading.Event) -> None:
    """Compute figures while the log grows, as a worker would."""
    try:
        while not done.is_set():
            figures.refresh(at=NOW)
            time.sleep(0.3)
    finally:
        connection.close()


def kill_until(done: threading.Event) -> None:
    """Cut connections in the middle of what they do."""
    dice = random.Random(0)
    try:
        for _turn in range(MOST_KILLS):
            if done.is_set():
                return
            with connection.cursor() as cursor:
                cursor.execute(KILL)
            time.sleep(dice.uniform(0, 0.06))
    finally:
        connection.close()


def settle() -> tuple:
    """Work off what is marked; return all that was derived."""
    figures.refresh(at=NOW)
    figures.sweep(at=NOW)
    figures.roll(at=NOW)
    assert not StaleMark.objects.exists()
    assert list(verify(at=NOW)) == []
    return ledger(), facts()


def in_log() -> list[tuple[str, str]]:
    return sorted(ServiceEvent.objects.values_list("external_id", "digest"))


@pytest.fixture
def collisions(monkeypatch) -> list[str]:
    """Make the first writers copy together; note whoever found another was quicker."""
    found: list[str] = []
    turns, meeting, copy = itertools.count(), threading.Barrier(TOGETHER), intake._copy

    def copy_together(*arguments):
        if next(turns) < TOGETHER:
            with suppress(threading.BrokenBarrierError):
                meeting.wait(timeout=5)
        try:
            copy(*arguments)
        except UniqueViolation as error:
            found.append(str(error))
            raise

    monkeypatch.setattr(intake, "_copy", copy_together)
    return found


@pytest.mark.django_db(transaction=True)
def test_a_hundred_writers_leave_the_log_of_one(town, monkeypatch, collisions):
    monkeypatch.setattr("core.jobs._send", lambda task, kwargs: None)
    types = ("closed", "opened", "withdrawn")
    document = builders.charter_document(indicators=many_rules()[::5], types=types)
    builders.published(document, of=town)
    stream = Stream.objects.get(code="requests")
    events = known_events(random.Random(100))
    writers = [Writer(number, events) for number in range(WRITERS)]
    slots, done = threading.Semaphore(CONNECTIONS), threading.Event()
    with ThreadPoolExecutor(WRITERS + WORKERS + 1) as pool:
        others = [pool.submit(refresh_until, done) for _worker in range(WORKERS)]
        others.append(pool.submit(kill_until, done))
        working = [pool.submit(writer.work, stream, slots) for writer in writers]
        try:
            for future in working:
                future.result(timeout=120)
        finally:
            done.set()
        for future in others:
            future.result(timeout=120)

    assert in_log() == sorted(
        (
            item["id"],
            event_digest(
                item["case"],
                item["type"],
                item["at"],
                None,
                item.get("attributes", {}),
                item.get("replaces"),
            ),
        )
        for item in events
    )
    # They did race: same events at the same time, connections cut, and nobody wrote
    # twice. A cut after the commit leaves an event that no answer told of.
    assert collisions
    assert sum(writer.cuts for writer in writers) > 10
    assert sum(writer.replays for writer in writers) > 5 * len(events)
    assert sum(writer.recorded for writer in writers) <= len(events)
    by_many = settle()

    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {DERIVED}")
    for batch in batches(in_sendable_order(events, random.Random(1))):
        record(stream=stream, lines=list(enumerate(batch, 1)), at=NOW)
    assert settle() == by_many
    assert len(by_many[1]) > 200

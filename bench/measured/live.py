"""How long an event takes to a visible figure while events keep coming."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection
from django.utils import timezone

from bench.measured.ingest import Feed
from bench.rows import percentile
from bench.town import Town
from embedded.process import ROOT
from embedded.supervisor import WORKER_OPTIONS
from indicators.models import StaleMark
from indicators.services.intake import record

BATCH = 100  # events in one request
LOOK = 0.02  # seconds between two looks at what is still to do
PATIENCE = 60


@contextmanager
def celery_workers(processes: int) -> Iterator[None]:
    """
    Start the product's own worker, told by the broker.

    :raises RuntimeError: if it ends by itself.
    """
    argv = [sys.executable, "-m", "celery", "-A", "config", "worker"]
    argv += [*WORKER_OPTIONS, f"--concurrency={processes}"]
    worker = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        time.sleep(5)  # until it listens
        yield
        if worker.poll() is not None:
            msg = f"the worker ended by itself, with {worker.returncode}"
            raise RuntimeError(msg)
    finally:
        worker.terminate()
        worker.wait(PATIENCE)


def under_load(town: Town, *, events_per_second: int, seconds: int) -> list[float]:
    """
    Send events at a steady pace and wait for each request's figures.

    :returns: seconds from sending a request to the figures it changes, for each.
    """
    feed = Feed(town, BATCH, "live")
    pause = BATCH / events_per_second
    batches = [feed.batch(number) for number in range(int(seconds / pause))]
    sent: dict[datetime, float] = {}
    seen = _Watch(sent)
    began = time.perf_counter()
    with seen.watching():
        for number, (stream, events) in enumerate(batches):
            time.sleep(max(0.0, began + number * pause - time.perf_counter()))
            now = timezone.now()
            sent[now] = time.perf_counter()
            record(stream=stream, lines=list(enumerate(events, start=1)), at=now)
            seen.recorded(now)
    return seen.waits


class _Watch:
    """Looks at the marks that are left: a request whose marks have gone is visible."""

    def __init__(self, sent: dict[datetime, float]) -> None:
        self._sent = sent
        self._open: set[datetime] = set()
        self._lock = threading.Lock()
        self._over = False
        self.waits: list[float] = []

    def recorded(self, at: datetime) -> None:
        """Begin to wait for what was recorded at an instant."""
        with self._lock:
            self._open.add(at)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch until everything is visible, for a minute after the block at most."""
        thread = threading.Thread(target=self._watch)
        thread.start()
        yield
        self._over = True
        thread.join(PATIENCE)
        with self._lock:
            self.waits += [PATIENCE] * len(self._open)
            self._open.clear()

    def _watch(self) -> None:
        try:
            while self._open or not self._over:
                self._look()
                time.sleep(LOOK)
        finally:
            connection.close()

    def _look(self) -> None:
        with self._lock:
            asked = set(self._open)
        waiting = set(
            StaleMark.objects.filter(marked_at__in=asked)
            .values_list("marked_at", flat=True)
            .distinct()
        )
        now = time.perf_counter()
        with self._lock:
            for at in asked - waiting:
                self._open.discard(at)
                self.waits.append(now - self._sent[at])


def raw(waits: list[float]) -> dict[str, float]:
    """Return seconds, named."""
    return {f"p{share}_s": percentile(waits, share) for share in (50, 95, 99)}

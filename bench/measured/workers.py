"""Worker processes of the product, without the broker."""

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.utils import timezone

from indicators.services import figures

PAUSE = 0.05


def work_off(workers: int) -> None:
    """
    Compute whatever is marked, with so many processes.

    :raises RuntimeError: if one of them fails.
    """
    connection.close()  # each process needs its own
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_refresh) for _ in range(workers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        msg = "a worker failed"
        raise RuntimeError(msg)


@contextmanager
def at_work(workers: int) -> Iterator[None]:
    """Let so many processes compute whatever comes, until the end of the block."""
    connection.close()
    context = multiprocessing.get_context("fork")
    processes = [
        context.Process(target=_refresh_for_ever, daemon=True) for _ in range(workers)
    ]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _refresh() -> None:
    connection.close()
    figures.refresh(at=timezone.now())


def _refresh_for_ever() -> None:
    connection.close()
    while True:
        figures.refresh(at=timezone.now())
        time.sleep(PAUSE)

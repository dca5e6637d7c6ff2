"""One supervisor for one data folder."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded.errors import StartError

PATIENCE = 30.0  # seconds for a killed supervisor's guardian to clean up


@contextmanager
def claimed(data: Path, *, address: str) -> Iterator[int]:
    """
    Hold the data folder; yields the lock's descriptor.

    The lock belongs to the open file, so it ends with its holders, however they end:
    there is no stale lock. The file's text only tells who holds it.

    :raises StartError: if another supervisor works in this folder.
    """
    descriptor = os.open(data / "supervisor.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor, data)
        os.ftruncate(descriptor, 0)
        note = {"pid": os.getpid(), "address": address}
        os.pwrite(descriptor, json.dumps(note).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, data: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _refuse_if_alive(descriptor, data, give_up=time.monotonic() > deadline)
            time.sleep(0.05)
        else:
            return


def _refuse_if_alive(descriptor: int, data: Path, *, give_up: bool) -> None:
    """Wait only for what a killed supervisor left behind."""
    holder = _read(descriptor)
    if holder is None and not give_up:
        return  # it has the lock and is about to write its note
    pid, address = holder or (0, "an unknown address")
    if give_up or _alive(pid):
        msg = (
            f"Paraula is already running at {address}"
            f" (process {pid}, data folder {data})."
        )
        raise StartError(msg)


def _read(descriptor: int) -> tuple[int, str] | None:
    try:
        note = json.loads(os.pread(descriptor, 4096, 0))
        return int(note["pid"]), str(note["address"])
    except (ValueError, KeyError, TypeError):
        return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

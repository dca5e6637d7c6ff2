"""One supervisor for one data folder."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from embedded.errors import StartError

PATIENCE = 30.0  # seconds for a killed supervisor's guardian to clean up


@dataclass(frozen=True)
class Claim:
    """A data folder that is ours, and the text that tells others so."""

    descriptor: int
    address: str

    def note(self, *, leaving: bool) -> None:
        """Tell who holds the folder; who is leaving is worth waiting for."""
        note = {"pid": os.getpid(), "address": self.address, "leaving": leaving}
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, json.dumps(note).encode(), 0)


@contextmanager
def claimed(data: Path, *, address: str) -> Iterator[Claim]:
    """
    Hold the data folder.

    The lock belongs to the open file, so it ends with its holders, however they end:
    there is no stale lock. The file's text only tells who holds it.

    :raises StartError: if another supervisor works in this folder.
    """
    descriptor = os.open(data / "supervisor.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor, data)
        claim = Claim(descriptor, address)
        claim.note(leaving=False)
        yield claim
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
    """Wait for who is leaving, and for what a killed supervisor left behind."""
    try:
        note = json.loads(os.pread(descriptor, 4096, 0))
        pid, address, leaving = note["pid"], note["address"], note["leaving"]
    except (ValueError, KeyError, TypeError):  # it is just being written
        pid, address, leaving = 0, "an unknown address", True
    if give_up or (_alive(pid) and not leaving):
        msg = (
            f"Paraula is already running at {address}"
            f" (process {pid}, data folder {data})."
        )
        raise StartError(msg)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

"""
Child processes that never outlive the process that started them.

Three nets, each for the case the one before it misses: an orderly stop; the
kernel's parent-death signal (Linux) when this process is killed outright; and a
guardian process (every system) that sees the end of a pipe, stops what is left,
grandchildren included, and only then lets go of the data folder's lock.
"""

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from embedded.errors import ChildDiedError, InterruptedStartError, StartError

ROOT = Path(__file__).resolve().parent.parent
PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
HURRIED = 2.0  # seconds of patience after a second request to stop
PAUSE = 0.03  # seconds between two looks at a condition
LARGEST_LOG = 10 * 1024 * 1024  # bytes; a longer log is put aside at the next start


@dataclass(frozen=True)
class Command:
    """
    What to start.

    :param stop_with: the signal that asks it to finish its work and end.
    :param patience: seconds it gets for that before it is killed.
    :param crash_with: the signal it gets when the supervisor itself was killed: work
        that a restart repeats is dropped, data is closed with care.
    :param user: numeric user (and group) to run as; None keeps the present one.
    """

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] | None = None
    cwd: Path = ROOT
    stop_with: signal.Signals = signal.SIGTERM
    patience: float = 10
    crash_with: signal.Signals = signal.SIGKILL
    user: int | None = None
    pass_fds: Sequence[int] = ()


@dataclass(frozen=True)
class Child:
    """A started command."""

    command: Command
    process: subprocess.Popen[bytes]

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def died(self) -> ChildDiedError:
        return ChildDiedError(
            self.command.name, self.process.returncode, self.command.log
        )


class Family:
    """
    The children of one start, stopped together, the last started first.

    Use from the main thread: the kernel's parent-death signal follows the thread
    that started the child, not the process.

    :param asked_to_stop: read while waiting; true ends the wait with
        :class:`InterruptedStartError`.
    :param in_a_hurry: read while stopping; true shortens everybody's patience.
    :param on_stop: called once, before the first child is asked to stop.
    :param hold: descriptors the guardian keeps open until everything has ended.
    """

    def __init__(
        self,
        *,
        asked_to_stop: Callable[[], bool] = lambda: False,
        in_a_hurry: Callable[[], bool] = lambda: False,
        on_stop: Callable[[], None] = lambda: None,
        hold: Sequence[int] = (),
    ) -> None:
        self._on_stop = on_stop
        self._asked_to_stop = asked_to_stop
        self._in_a_hurry = in_a_hurry
        self._children: list[Child] = []
        self._guardian = subprocess.Popen(
            [sys.executable, "-m", "embedded.guardian"],
            stdin=subprocess.PIPE,
            pass_fds=hold,
            cwd=ROOT,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, command: Command) -> Child:
        """
        Start a command that keeps running, its output appended to its log.

        :raises StartError: if the program cannot be executed.
        """
        with _opened(command.log) as log:
            child = Child(command, _spawn(command, stdout=log, stderr=log))
        self._adopt(child)
        return child

    def run(self, command: Command) -> str:
        """
        Run a command to its end; answers what it wrote to standard output.

        :raises StartError: if it fails; its error output is in its log.
        """
        with _opened(command.log) as log, tempfile.TemporaryFile() as output:
            child = Child(command, _spawn(command, stdout=output, stderr=log))
            self._adopt(child)
            while child.running:
                self._check_interrupted()
                time.sleep(PAUSE)
            self._forget(child)
            output.seek(0)
            text = output.read().decode(errors="replace")
            if child.process.returncode != 0:
                log.write(text.encode())
                msg = f"{command.name} failed: see {command.log}"
                raise StartError(msg)
        return text

    def wait_for(self, ready: Callable[[], bool], *, what: str, seconds: float) -> None:
        """
        Wait until ``ready`` answers true.

        :raises ChildDiedError: if any child ends meanwhile.
        :raises InterruptedStartError: if somebody asks to stop meanwhile.
        :raises StartError: after ``seconds``.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            self._check_interrupted()
            self._check_children()
            if time.monotonic() > deadline:
                msg = f"{what} was not ready after {seconds:.0f} seconds."
                raise StartError(msg)
            time.sleep(PAUSE)

    def watch(self) -> None:
        """
        Stay until somebody asks to stop or a child ends.

        :raises ChildDiedError: in the second case.
        """
        while not self._asked_to_stop():
            self._check_children()
            time.sleep(0.2)

    def dismiss(self, child: Child) -> None:
        """Stop one child and forget it."""
        self._stop_one(child)
        self._forget(child)

    def stop(self) -> None:
        """Stop every child, the last started first, then the guardian; once."""
        if self._guardian.returncode is not None:
            return
        self._on_stop()
        while self._children:
            self.dismiss(self._children[-1])
        if self._guardian.stdin:
            with suppress(OSError):
                self._guardian.stdin.close()
        self._guardian.wait()

    def _adopt(self, child: Child) -> None:
        self._children.append(child)
        self._tell(f"add {child.process.pid} {int(child.command.crash_with)}")

    def _forget(self, child: Child) -> None:
        self._children.remove(child)
        self._tell(f"forget {child.process.pid}")

    def _tell(self, line: str) -> None:
        if self._guardian.stdin:
            with suppress(OSError):  # a killed guardian: the other nets remain
                self._guardian.stdin.write(line.encode() + b"\n")
                self._guardian.stdin.flush()

    def _stop_one(self, child: Child) -> None:
        if child.running:
            with suppress(ProcessLookupError):
                child.process.send_signal(child.command.stop_with)
        asked = time.monotonic()
        while child.running and time.monotonic() - asked < self._patience(child):
            time.sleep(PAUSE)
        # Also after a normal end: nothing of its group may stay behind.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()

    def _patience(self, child: Child) -> float:
        patience = child.command.patience
        return min(patience, HURRIED) if self._in_a_hurry() else patience

    def _check_interrupted(self) -> None:
        if self._asked_to_stop():
            raise InterruptedStartError

    def _check_children(self) -> None:
        for child in self._children:
            if not child.running:
                raise child.died()


def _opened(log: Path) -> IO[bytes]:
    """Open a log to append to; a large one from earlier starts is put aside."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".old.log"))
    return log.open("ab")


def _spawn(
    command: Command, *, stdout: IO[bytes], stderr: IO[bytes]
) -> subprocess.Popen[bytes]:
    if threading.current_thread() is not threading.main_thread():
        msg = "Children are started from the main thread only."
        raise RuntimeError(msg)
    groups: list[int] | None = None if command.user is None else []
    try:
        return subprocess.Popen(
            command.argv,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env=None if command.env is None else dict(command.env),
            cwd=command.cwd,
            user=command.user,
            group=command.user,
            extra_groups=groups,
            pass_fds=command.pass_fds,
            # Own session: Ctrl-C reaches the supervisor only, which keeps the order.
            start_new_session=True,
            # The kernel's signal can only be asked for in the child itself, and this
            # process has one thread, so nothing can be locked at the fork.
            preexec_fn=dies_with(os.getpid(), command.crash_with),  # noqa: PLW1509
        )
    except (OSError, subprocess.SubprocessError) as error:
        msg = f"{command.name} cannot be started: {error}"
        raise StartError(msg) from error


def dies_with(parent: int, sign: signal.Signals) -> Callable[[], None] | None:
    """Make what a child runs before its program, to end when its parent ends."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def tie() -> None:
        prctl(PR_SET_PDEATHSIG, int(sign), 0, 0, 0)
        if os.getppid() != parent:  # it died before the line above
            os.kill(os.getpid(), signal.SIGKILL)

    return tie

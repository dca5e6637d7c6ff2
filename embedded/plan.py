"""What the environment asks for, checked before anything is started."""

import os
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from embedded.addresses import check_database, check_redis
from embedded.errors import StartError

DEFAULT_PORT = 8000
HIGHEST_PORT = 65535
# Linux allows 107 bytes and macOS 103 for "<folder>/run/.s.PGSQL.5432".
LONGEST_SOCKET = 100
SOCKET = "run/.s.PGSQL.5432"


@dataclass(frozen=True)
class Plan:
    """
    A start that can be tried.

    :param database_url: a server somebody else runs; None starts our own.
    :param redis_url: the same for the broker.
    :param demo_ratio: how much of the demo's events to load.
    """

    data: Path
    port: int
    database_url: str | None
    redis_url: str | None
    demo_ratio: float = 1.0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


def read(environ: Mapping[str, str]) -> Plan:
    """
    Read the variables of docs/operations.md; an empty value is no value.

    The data folder is made if it is missing; servers that are named are visited.

    :raises StartError: on the first value that cannot work, naming it.
    """
    port = _port(environ.get("PORT", ""))
    demo_ratio = _ratio(environ.get("PARAULA_DEMO_RATIO", ""))
    database_url = environ.get("DATABASE_URL") or None
    redis_url = environ.get("REDIS_URL") or None
    data = _data(environ.get("PARAULA_DATA") or "var", sockets=database_url is None)
    if database_url:
        check_database(database_url)
    if redis_url:
        check_redis(redis_url)
    return Plan(data, port, database_url, redis_url, demo_ratio)


def secret_key(data: Path) -> str:
    """Read the installation's secret, made once and kept from everybody else."""
    path = data / "secret_key"
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(64))
    secret = path.read_text().strip()
    if not secret:
        msg = f"{path} is empty: delete it, and a new secret is made."
        raise StartError(msg)
    return secret


def _port(text: str) -> int:
    if not text:
        return DEFAULT_PORT
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= HIGHEST_PORT:
        msg = f"PORT must be a number from 1 to {HIGHEST_PORT}, not {text!r}."
        raise StartError(msg)
    return int(text)


def _ratio(text: str) -> float:
    try:
        ratio = float(text or 1)
    except ValueError:
        ratio = 0
    if not 0 < ratio <= 1:
        msg = f"PARAULA_DEMO_RATIO must be a number above 0, up to 1, not {text!r}."
        raise StartError(msg)
    return ratio


def _data(text: str, *, sockets: bool) -> Path:
    data = Path(text).expanduser().absolute()
    if sockets and len(os.fsencode(data / SOCKET)) > LONGEST_SOCKET:
        msg = (
            f"PARAULA_DATA is too long a path for PostgreSQL's socket"
            f" (over {LONGEST_SOCKET - len(SOCKET) - 1} bytes): {data}"
        )
        raise StartError(msg)
    try:
        make_folder(data)
        with tempfile.TemporaryFile(dir=data):
            pass
    except OSError as error:
        msg = f"PARAULA_DATA is not a folder that can be written: {data} ({error.strerror})"
        raise StartError(msg) from error
    return data


def make_folder(folder: Path) -> None:
    """
    Make a folder for its owner; one that exists keeps its mode.

    Root's can be passed through, since its PostgreSQL runs as another user.
    """
    if not folder.is_dir():
        folder.mkdir(parents=True)
        folder.chmod(folder_mode())


def folder_mode() -> int:
    return 0o711 if os.geteuid() == 0 else 0o700

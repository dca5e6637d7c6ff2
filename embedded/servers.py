"""PostgreSQL and Valkey together: those that are given, and our own for the rest."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from embedded import postgres, valkey
from embedded.plan import folder_mode
from embedded.process import Family


class Addresses(NamedTuple):
    database_url: str
    redis_url: str

    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}


def start(
    family: Family,
    base: Path,
    *,
    database_url: str | None = None,
    redis_url: str | None = None,
    throwaway: bool = False,
) -> Addresses:
    """
    Start what is not given, in ``base``, as children of ``family``; wait for both.

    :param throwaway: fast and unsafe, for data that is thrown away afterwards.
    :raises StartError: if a server does not come up.
    """
    database = None if database_url else postgres.prepare(family, base)
    if database:
        database.start(throwaway=throwaway)
        database_url = database.url
    if not redis_url:
        redis_url = valkey.start_and_wait(family, base, throwaway=throwaway).url
    if database:
        database.wait()
    return Addresses(str(database_url), redis_url)


@contextmanager
def ephemeral(
    *,
    database_url: str | None = None,
    redis_url: str | None = None,
    asked_to_stop: Callable[[], bool] = lambda: False,
    durable: bool = False,
) -> Iterator[Addresses]:
    """
    Fast servers with nothing in them, gone with their folder at the end.

    ``with ephemeral() as (database_url, redis_url)``, from the main thread. A server
    that is given is used instead of our own.

    :param durable: as careful, and as slow, as those of an installation.

    :raises StartError: if a server does not come up.
    """
    with throwaway_folder() as base, Family(asked_to_stop=asked_to_stop) as family:
        yield start(
            family,
            base,
            database_url=database_url,
            redis_url=redis_url,
            throwaway=not durable,
        )


@contextmanager
def throwaway_folder() -> Iterator[Path]:
    """Make a folder with a name short enough for a socket; removed at the end."""
    base = Path(tempfile.mkdtemp(prefix="paraula-"))
    base.chmod(folder_mode())
    try:
        yield base
    finally:
        shutil.rmtree(base, ignore_errors=True)

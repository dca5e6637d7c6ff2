"""Runs commands beside servers: those the environment names, else throwaway ones."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from embedded.addresses import check_database, check_redis
from embedded.errors import StartError
from embedded.interrupts import Interrupts
from embedded.process import PAUSE, ROOT, dies_with
from embedded.servers import ephemeral

TEST_SETTINGS = {"DJANGO_SETTINGS_MODULE": "config.settings.test"}


def run(
    argv: Sequence[str], environ: Mapping[str, str], *, durable: bool = False
) -> int:
    """
    Run a command in this terminal beside servers; answers its exit status.

    :param durable: see :func:`embedded.servers.ephemeral`.
    :raises StartError: if a server does not come up or the command does not exist.
    """
    with (
        Interrupts() as interrupts,
        server_environment(environ, interrupts, durable=durable) as found,
    ):
        return execute(argv, {**environ, **TEST_SETTINGS, **found}, interrupts)


@contextmanager
def server_environment(
    environ: Mapping[str, str], interrupts: Interrupts, *, durable: bool = False
) -> Iterator[dict[str, str]]:
    """
    Yield DATABASE_URL and REDIS_URL of servers that answer.

    :param durable: see :func:`embedded.servers.ephemeral`.
    :raises StartError: if a named one does not answer or our own does not come up.
    """
    database_url = environ.get("DATABASE_URL") or None
    redis_url = environ.get("REDIS_URL") or None
    if database_url:
        check_database(database_url)
    if redis_url:
        check_redis(redis_url)
    with ephemeral(
        database_url=database_url,
        redis_url=redis_url,
        asked_to_stop=interrupts.asked,
        durable=durable,
    ) as addresses:
        yield addresses.environment()


def execute(argv: Sequence[str], env: Mapping[str, str], interrupts: Interrupts) -> int:
    """
    Run a command in the foreground; answers its exit status.

    Ctrl-C reaches the command by itself, through the terminal; a SIGTERM meant for us
    is passed on. Either way the command ends as it likes, and we wait for it.

    :raises StartError: if the command does not exist.
    """
    try:
        process = subprocess.Popen(
            argv,
            env=dict(env),
            cwd=ROOT,
            # See embedded.process: one thread, and only the child itself can ask.
            preexec_fn=dies_with(os.getpid(), signal.SIGTERM),  # noqa: PLW1509
        )
    except OSError as error:
        msg = f"{argv[0]} cannot be started: {error.strerror}"
        raise StartError(msg) from error
    told = False
    while process.poll() is None:
        if interrupts.last not in {None, signal.SIGINT} and not told:
            process.terminate()
            told = True
        time.sleep(PAUSE)
    return process.returncode if process.returncode >= 0 else 1

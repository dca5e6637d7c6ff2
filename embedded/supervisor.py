"""The whole product in one process tree: servers, migrations, web, worker, beat."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from embedded import plan as plans, servers
from embedded.errors import InterruptedStartError, StartError
from embedded.interrupts import Interrupts
from embedded.lock import claimed
from embedded.plan import Plan
from embedded.process import Command, Family
from embedded.web import FirstPage, reserve

SETTINGS = "config.settings.dev"
WEB_OPTIONS = (
    "--worker-class=gthread",
    "--workers=2",
    "--threads=4",
    # The application is loaded once and not by each worker: sooner ready, less memory.
    "--preload",
    "--graceful-timeout=5",
    "--log-level=warning",
    # It would be one file for every installation of the same user.
    "--no-control-socket",
)
WORKER_OPTIONS = (
    "--concurrency=2",
    "--without-mingle",
    "--without-gossip",
    "--loglevel=WARNING",
)
FIRST_PAGE_SECONDS = 60


def run(environ: Mapping[str, str]) -> int:
    """
    Start everything and stay until somebody asks to stop; answers the exit status.

    :raises StartError: if the environment asks for what cannot be started.
    """
    began = time.monotonic()
    plan = plans.read(environ)
    with (
        _family(plan, plan.address) as family,
        reserve(plan.port) as listener,
        _told(family) as outcome,
    ):
        say("Starting the database and the broker…")
        addresses = _start_servers(family, plan)
        product = Product(family, plan, _environment(environ, plan, addresses))
        _note_addresses(plan, addresses)
        users = product.prepare()
        product.serve(listener)
        say(_welcome(plan, users, seconds=time.monotonic() - began))
        family.watch()
    return outcome.status


def manage(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """
    Run ``manage.py`` on the servers that :func:`run` has started in the data folder.

    :returns: its exit status.
    :raises StartError: if nothing has ever been started there.
    """
    plan = plans.read(environ)
    try:
        noted = json.loads(_addresses_file(plan).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"Nothing runs in {plan.data}: start it with make run."
        raise StartError(msg) from error
    addresses = servers.Addresses(noted["DATABASE_URL"], noted["REDIS_URL"])
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env=_environment(environ, plan, addresses),
        check=False,
    ).returncode


def run_servers(environ: Mapping[str, str]) -> int:
    """
    Start PostgreSQL and Valkey only, print their addresses for a shell, and stay.

    :returns: the exit status.
    :raises StartError: if the environment asks for what cannot be started.
    """
    plan = plans.read(environ)
    with (
        _family(plan, "no address, servers only") as family,
        _told(family) as outcome,
    ):
        for name, value in _start_servers(family, plan).environment().items():
            say(f"export {name}='{value}'")
        family.watch()
    return outcome.status


@dataclass
class Outcome:
    """How a start ended."""

    status: int = 0


@contextmanager
def _family(plan: Plan, address: str) -> Iterator[Family]:
    """Hold the data folder and stop every child at the end."""
    with (
        Interrupts() as interrupts,
        claimed(plan.data, address=address) as claim,
        Family(
            asked_to_stop=interrupts.asked,
            in_a_hurry=interrupts.hurried,
            on_stop=lambda: claim.note(leaving=True),
            hold=[claim.descriptor],
        ) as family,
    ):
        yield family


@contextmanager
def _told(family: Family) -> Iterator[Outcome]:
    """Tell why the work ended, then stop the children, then tell that they have."""
    outcome = Outcome()
    try:
        yield outcome
    except InterruptedStartError:
        pass
    except (StartError, OSError) as error:
        outcome.status = 1
        complain(error)
    say("Stopping…")
    family.stop()
    say("Stopped.")


@dataclass(frozen=True)
class Product:
    """
    The Django project's processes, as children of ``family``.

    :param env: the complete environment of each.
    """

    family: Family
    plan: Plan
    env: Mapping[str, str]

    def prepare(self) -> str:
        """Migrate, fill an empty database with the demo; answers the demo's users."""
        say("Bringing the database up to date…")
        self._manage("migrate", "--verbosity=0")
        say("Loading the demo, if there is nothing yet…")
        scale = f"--scale={self.plan.demo_ratio}"
        return self._manage("demo", "--if-empty", "--users", scale)

    def serve(self, listener: socket.socket) -> None:
        """
        Start worker, beat and web, stopped later in the opposite order.

        Returns when the first page has come.
        """
        say("Starting the web server and the workers…")
        beat = self.plan.data / "beat"
        beat.mkdir(exist_ok=True)
        self.family.start(self._celery("worker", *WORKER_OPTIONS, patience=20))
        # No pid file: one left by a kill -9 would name somebody else's process.
        schedule = f"--schedule={beat / 'schedule'}"
        self.family.start(self._celery("beat", schedule, "--pidfile="))
        self.family.start(self._gunicorn(listener))
        listener.close()  # the web server's now: if it dies, the port is closed
        page = FirstPage(self.plan.port, log=self._log("web"))
        self.family.wait_for(
            page.answers, what="The first page", seconds=FIRST_PAGE_SECONDS
        )

    def _manage(self, *arguments: str) -> str:
        argv = [sys.executable, "manage.py", *arguments]
        name = f"manage.py {arguments[0]}"
        return self.family.run(Command(name, argv, self._log("manage"), self.env))

    def _celery(self, name: str, *options: str, patience: float = 10) -> Command:
        argv = [sys.executable, "-m", "celery", "-A", "config", name, *options]
        return Command(name, argv, self._log(name), self.env, patience=patience)

    def _gunicorn(self, listener: socket.socket) -> Command:
        argv = [sys.executable, "-m", "gunicorn", *WEB_OPTIONS]
        argv += [f"--bind=fd://{listener.fileno()}", "config.wsgi:application"]
        return Command(
            "web", argv, self._log("web"), self.env, pass_fds=[listener.fileno()]
        )

    def _log(self, name: str) -> Path:
        return self.plan.data / "logs" / f"{name}.log"


def say(text: str) -> None:
    """Tell the terminal, which may have gone."""
    with suppress(OSError):
        print(text, flush=True)


def complain(error: StartError | OSError) -> None:
    """Say in one line what is wrong."""
    with suppress(OSError):
        print(f"paraula: {error}", file=sys.stderr, flush=True)


def _start_servers(family: Family, plan: Plan) -> servers.Addresses:
    return servers.start(
        family, plan.data, database_url=plan.database_url, redis_url=plan.redis_url
    )


def _addresses_file(plan: Plan) -> Path:
    return plan.data / "addresses.json"


def _note_addresses(plan: Plan, addresses: servers.Addresses) -> None:
    """Tell :func:`manage` where the servers are; the broker's password is in it."""
    path = _addresses_file(plan)
    path.touch(mode=0o600)
    path.write_text(json.dumps(addresses.environment()), encoding="utf-8")


def _environment(
    environ: Mapping[str, str], plan: Plan, addresses: servers.Addresses
) -> dict[str, str]:
    """Compose what every process gets; a SECRET_KEY that is given is kept."""
    return {
        **environ,
        **addresses.environment(),
        "SECRET_KEY": environ.get("SECRET_KEY") or plans.secret_key(plan.data),
        "PARAULA_DATA": str(plan.data),
        "DJANGO_SETTINGS_MODULE": SETTINGS,
    }


def _welcome(plan: Plan, users: str, *, seconds: float) -> str:
    lines = ["", f"Paraula is ready at {plan.address} (started in {seconds:.1f} s)."]
    people = [line for line in users.splitlines() if "@" in line]
    if people:
        lines += ["", "Demo users (role, e-mail, password):"]
        lines += [f"  {line}" for line in people]
    lines += ["", f"Data and logs: {plan.data}", "Ctrl-C stops everything.", ""]
    return "\n".join(lines)

"""
The main job with every part real: web server, Celery worker, Valkey, PostgreSQL.

An event posted by a machine becomes a figure on a citizen's page through a worker in
its own process, and a worker that is killed loses nothing.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

from indicators.models import Result, StaleMark, Stream
from indicators.services.streams import issue_token
from indicators.services.verification import verify
from tests.builders import NOW, charter_document, organisation, published

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.real_clock,
    pytest.mark.django_db(transaction=True),
]

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 60


def database_address() -> str:
    """The address of the database that this test uses."""
    server = urlsplit(os.environ["DATABASE_URL"])
    # By hand: urlunsplit drops the empty host of a socket's address.
    return (
        f"{server.scheme}://{server.netloc}/{connection.settings_dict['NAME']}"
        f"?{server.query}"
    )


@contextmanager
def worker() -> Iterator[subprocess.Popen[bytes]]:
    """A real Celery worker in its own process group."""
    command = [sys.executable, "-m", "celery", "-A", "config", "worker"]
    command += ["--concurrency=1", "--loglevel=WARNING", "--without-mingle"]
    process = subprocess.Popen(
        [*command, "--without-gossip", "--without-heartbeat"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_address()},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def post(
    address: str, token: str, events: list[dict[str, object]]
) -> dict[str, object]:
    request = urllib.request.Request(
        f"{address}/api/v1/organisations/vila/streams/requests/events",
        data="\n".join(map(json.dumps, events)).encode(),
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/x-ndjson",
        },
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


# The worker lives by the real clock, so the figures are those of last month.
LAST_MONTH = (datetime.now(tz=UTC).date().replace(day=1) - timedelta(days=1)).replace(
    day=1
)


def charter() -> None:
    year = LAST_MONTH.year
    published(
        charter_document(valid_from=f"{year}-01-01", valid_until=f"{year + 2}-01-01"),
        of=organisation(),
    )


def case(number: int, *, late: bool) -> list[dict[str, object]]:
    """A request of the first days of last month, due in the same month."""
    opened = datetime.combine(LAST_MONTH, datetime.min.time(), tzinfo=UTC)
    closed = opened + timedelta(days=26 if late else 3)
    return [
        {"id": f"{number}/o", "case": str(number), "type": "opened",
         "at": opened.isoformat()},
        {"id": f"{number}/c", "case": str(number), "type": "closed",
         "at": closed.isoformat()},
    ]  # fmt: skip


def eventually(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def last_month() -> Result | None:
    return Result.objects.filter(
        period_kind="month", period_start=LAST_MONTH, segment="", n__gt=0
    ).first()


def test_an_event_becomes_a_figure_on_a_page(live_server, page):
    charter()
    token = issue_token(stream=Stream.objects.get(), label="test", at=NOW)
    with worker():
        events = [*case(1, late=False), *case(2, late=False), *case(3, late=True)]
        receipt = post(live_server.url, token, events)
        assert (receipt["recorded"], receipt["refused"]) == (6, [])
        eventually(lambda: last_month() is not None and not StaleMark.objects.exists())
    page.goto(f"{live_server.url}/en/vila/library/")
    words = page.locator("main").inner_text()
    assert "2 of 3" in words
    assert "66.67" in words
    assert list(verify(at=datetime.now(tz=UTC))) == []


def test_a_killed_worker_loses_nothing(live_server):
    charter()
    token = issue_token(stream=Stream.objects.get(), label="test", at=NOW)
    for round_ in range(3):
        with worker() as killed:
            start = round_ * 200
            for number in range(start, start + 200, 20):
                lines = [
                    line
                    for one in range(number, number + 20)
                    for line in case(one, late=one % 4 == 0)
                ]
                post(live_server.url, token, lines)
            # Somewhere in the middle of the work, at another point each time.
            time.sleep(1.5 + round_)
            os.killpg(killed.pid, signal.SIGKILL)
            killed.wait(10)
    with worker():
        post(live_server.url, token, case(10_000, late=False))
        eventually(lambda: not StaleMark.objects.exists())
    line = last_month()
    assert line is not None
    assert (line.n, line.missed) == (601, 150)
    assert list(verify(at=datetime.now(tz=UTC))) == []

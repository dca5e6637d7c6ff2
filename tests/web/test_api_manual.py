"""The program of the manual does what the manual says."""

import json
import os
import re
import runpy
import subprocess
import sys
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from indicators.models import ServiceEvent, Stream
from indicators.services.streams import issue_token
from tests import builders

MANUAL = Path(__file__).parent.parent.parent / "docs" / "api.md"
STREAM = "/api/v1/organisations/vila/streams/requests/events"
RECEIPT = {
    "received": 1,
    "recorded": 1,
    "replayed": 0,
    "refused": [],
    "watermark": None,
}


@pytest.fixture
def program(tmp_path):
    """The program, as a reader would copy it."""
    (text,) = re.findall(
        r"^```python\n(.*?)^```$", MANUAL.read_text(), re.DOTALL | re.MULTILINE
    )
    path = tmp_path / "send_events.py"
    path.write_text(text)
    return path


def line(number, **changes):
    return json.dumps(
        {
            "id": f"E-{number}",
            "case": f"2026/{number}",
            "type": "opened",
            "at": "2026-01-05T09:12:00+01:00",
            **changes,
        }
    )


def run(program, file, *, url, key):
    return subprocess.run(
        [sys.executable, program, file],
        env={
            **os.environ,
            "NO_PROXY": "*",
            "PARAULA_STREAM": url + STREAM,
            "PARAULA_TOKEN": key,
        },
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def log():
    return sorted(
        ServiceEvent.objects.values_list("external_id", "digest", "received_at")
    )


def test_a_file_sent_twice_leaves_the_same_log(live_server, charter, program, tmp_path):
    key = issue_token(
        stream=Stream.objects.get(code="requests"), label="it", at=builders.NOW
    )
    file = tmp_path / "events.ndjson"
    # Small batches: how large they may be is another test's matter.
    program.write_text(program.read_text().replace("10_000", "1_000", 1))
    lines = [line(number) for number in range(1, 1_003)]
    lines[1_000] = line(1_001, type="unheard")
    file.write_text("\n".join(lines))

    first = run(program, file, url=live_server.url, key=key)
    assert (first.returncode, first.stderr) == (1, "")
    assert first.stdout.splitlines()[0] == "1000 recorded, 0 replayed"
    assert first.stdout.splitlines()[1].startswith("line 1001: unknown_type: ")
    assert first.stdout.splitlines()[2] == "1 recorded, 0 replayed"
    kept = log()
    assert len(kept) == 1_001
    second = run(program, file, url=live_server.url, key=key)
    assert second.stdout.splitlines()[0] == "0 recorded, 1000 replayed"
    assert log() == kept


def test_a_wrong_key_is_told_at_once(live_server, charter, program, tmp_path):
    file = tmp_path / "events.ndjson"
    file.write_text(line(1))
    ended = run(program, file, url=live_server.url, key="par_wrong")
    assert ended.returncode == 1
    assert ended.stderr.startswith("not sent: 401 ")


@contextmanager
def answering(*answers):
    """A server that gives these answers in turn; None breaks the connection."""
    left = list(answers)
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.rfile.read(int(self.headers["Content-Length"])))
            answer = left.pop(0)
            if answer is None:
                return
            status, headers = answer
            body = json.dumps(RECEIPT).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


@pytest.fixture
def waits(monkeypatch):
    waited = []
    monkeypatch.setattr("time.sleep", waited.append)
    return waited


@pytest.fixture
def send(program, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("PARAULA_TOKEN", "par_x")
    functions = runpy.run_path(str(program))

    def sending(url):
        monkeypatch.setenv("PARAULA_STREAM", url)
        return functions["send"](b"{}\n")

    return sending


def test_the_program_waits_and_sends_the_same_again(send, waits):
    answers = (503, {}), None, (429, {"Retry-After": "17"}), (200, {})
    with answering(*answers) as (url, asked):
        assert send(url) == RECEIPT
    assert asked == [b"{}\n"] * 4
    assert [0.5 <= waits[0] <= 1, 1 <= waits[1] <= 2, waits[2]] == [True, True, 17]


def test_the_program_gives_up(send, waits):
    with (
        answering(*[(503, {})] * 8) as (url, asked),
        pytest.raises(SystemExit, match="not sent: 503"),
    ):
        send(url)
    assert (len(asked), len(waits)) == (8, 7)


def test_batches_are_as_large_as_a_request_may_be(program):
    cut = runpy.run_path(str(program))["batches"]
    assert list(cut([])) == []
    assert [(first, b.count(b"\n")) for first, b in cut([b"{}\n"] * 20_001)] == [
        (1, 10_000),
        (10_001, 10_000),
        (20_001, 1),
    ]
    wide = [b"x" * (9 * 1024 * 1024)] * 2
    assert [(first, len(b)) for first, b in cut(wide)] == [
        (1, len(wide[0])),
        (2, len(wide[1])),
    ]

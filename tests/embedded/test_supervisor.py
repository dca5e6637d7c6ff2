"""The whole product as a process: starts, refuses, dies, recovers, stops."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from embedded.process import ROOT

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="reads /proc to find processes"
)
GIVEN = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE")
START_SECONDS = 120  # other tests keep the machine busy


@pytest.fixture(scope="module")
def folder():
    """A folder with a short name, which PostgreSQL's user can pass through."""
    folder = Path(tempfile.mkdtemp(prefix="par"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def data(folder):
    """The data folder of every start here: only the first one fills it."""
    return folder / "data"


@pytest.fixture
def launch(folder):
    """Start supervisors; whatever still runs at the end is killed."""
    started = []

    def start(data, port):
        with (folder / f"output{len(started)}").open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "embedded", "run"],
                env=environment(PARAULA_DATA=str(data), PORT=str(port)),
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        started.append(process)
        return process, Path(output.name)

    yield start
    for process in started:
        process.kill()
        process.wait()


def environment(**given):
    kept = {name: value for name, value in os.environ.items() if name not in GIVEN}
    return {**kept, "PARAULA_DEMO_RATIO": "0.02", **given}


def manage(data, *arguments):
    """Run manage.py on what a supervisor has started."""
    return subprocess.run(
        [sys.executable, "-m", "embedded", "manage", *arguments],
        env=environment(PARAULA_DATA=str(data)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_nothing_is_managed_where_nothing_was_started(folder):
    said = manage(folder / "empty", "verify")
    assert said.returncode == 1
    assert said.stderr.startswith("paraula: Nothing runs in ")
    assert said.stderr.count("\n") == 1


def run(**given):
    """Run a start that is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "embedded", "run"],
        env=environment(**given),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def processes(data):
    """Those that were given this data folder, or work in it (PostgreSQL)."""
    needle = f"PARAULA_DATA={data}\0".encode()
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environ = (entry / "environ").read_bytes()
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
                where = str((entry / "cwd").readlink())
            except OSError:
                continue  # ended meanwhile, or not ours to read
            if needle in environ or where.startswith(f"{data}/"):
                found[int(entry.name)] = command.decode(errors="replace")
    return found


def wait_until_ready(process, output):
    deadline = time.monotonic() + START_SECONDS
    while "Ctrl-C stops everything." not in (text := output.read_text()):
        assert process.poll() is None, text
        assert time.monotonic() < deadline, text
        time.sleep(0.05)
    return text


def wait_until_gone(data, seconds=10):
    deadline = time.monotonic() + seconds
    while left := processes(data):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def get(port, path="/"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_one_command_starts_everything_and_ctrl_c_stops_it(data, launch):
    port = free_port()
    process, output = launch(data, port)
    text = wait_until_ready(process, output)
    assert f"Paraula is ready at http://127.0.0.1:{port}/" in text
    assert "Demo users (role, e-mail, password):" in text
    first = get(port)
    target = first.getheader("Location")
    assert (get(port, target) if target else first).status == 200
    assert (data / "secret_key").stat().st_mode & 0o777 == 0o600
    commands = " ".join(processes(data).values())
    for program in ("postgres", "valkey-server", "worker", "beat", "gunicorn"):
        assert program in commands

    second = run(PARAULA_DATA=str(data), PORT=str(free_port()))
    assert second.returncode == 1
    assert second.stderr == (
        f"paraula: Paraula is already running at http://127.0.0.1:{port}/"
        f" (process {process.pid}, data folder {data}).\n"
    )

    said = manage(data, "verify")
    assert (said.returncode, said.stdout) == (0, "every figure follows from the log\n")

    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert output.read_text().endswith("Stopping…\nStopped.\n")
    assert processes(data) == {}


def test_killed_supervisor_leaves_nobody_and_the_next_start_recovers(data, launch):
    process, output = launch(data, free_port())
    wait_until_ready(process, output)
    secret = (data / "secret_key").read_text()
    process.kill()
    process.wait()
    again, output = launch(data, free_port())  # at once, beside what is still ending
    wait_until_ready(again, output)
    assert (data / "secret_key").read_text() == secret
    again.kill()
    again.wait()
    wait_until_gone(data)


def test_dead_child_is_named_and_the_others_stop(data, launch):
    process, output = launch(data, free_port())
    wait_until_ready(process, output)
    beat = [pid for pid, command in processes(data).items() if " beat " in command]
    os.kill(beat[0], signal.SIGKILL)
    assert process.wait(60) == 1
    log = data / "logs" / "beat.log"
    assert (
        f"paraula: beat stopped unexpectedly (exit code -9): see {log}\n"
        in output.read_text()
    )
    assert processes(data) == {}


def test_port_of_another_program_stops_the_start(folder):
    data = folder / "elsewhere"
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = run(PARAULA_DATA=str(data), PORT=str(port))
    assert refused.returncode == 1
    assert refused.stderr == (
        f"paraula: Port {port} cannot be used (Address already in use):"
        " choose another, for example PORT=8001 make run.\n"
    )
    assert processes(data) == {}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "http", "PORT must be a number from 1 to 65535, not 'http'."),
        ("PORT", "70000", "PORT must be a number from 1 to 65535, not '70000'."),
        ("PARAULA_DATA", "/dev/null/data", "is not a folder that can be written"),
        ("PARAULA_DATA", f"/tmp/{'long' * 25}", "is too long a path"),
        ("PARAULA_DEMO_RATIO", "0", "PARAULA_DEMO_RATIO must be a number above 0"),
        ("PARAULA_DEMO_RATIO", "half", "PARAULA_DEMO_RATIO must be a number"),
        ("DATABASE_URL", "nonsense", "DATABASE_URL must look like postgres://"),
        ("DATABASE_URL", "sqlite:///db", "DATABASE_URL must look like postgres://"),
        ("DATABASE_URL", "postgres://u:pw@h:x/d", "DATABASE_URL must look like"),
        ("DATABASE_URL", "postgres://u:pw@127.0.0.1:1/d", "Connection refused"),
        ("REDIS_URL", "amqp://host", "REDIS_URL must look like redis://"),
        ("REDIS_URL", "redis://:pw@host:x/0", "REDIS_URL must look like redis://"),
        ("REDIS_URL", "redis://:pw@127.0.0.1:1/0", "Connection refused"),
    ],
)
def test_wrong_value_stops_the_start_with_one_line(folder, name, value, words):
    data = folder / "wrong"
    refused = run(**{"PARAULA_DATA": str(data), name: value})
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.count("\n") == 1
    assert refused.stderr.startswith("paraula: ")
    assert words in refused.stderr
    assert "pw" not in refused.stderr.replace("user:password", "")
    assert processes(data) == {}

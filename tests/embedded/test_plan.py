"""One data folder, one supervisor, one secret; and a polite no to everything else."""

import json
import os
import subprocess
import sys

import pytest

from embedded import plan
from embedded.errors import StartError
from embedded.lock import claimed
from embedded.process import ROOT


def test_plan_of_an_empty_environment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = plan.read({"DATABASE_URL": "", "REDIS_URL": ""})
    assert found == plan.Plan(tmp_path / "var", 8000, None, None)
    assert found.address == "http://127.0.0.1:8000/"


def test_folder_that_exists_keeps_its_mode(tmp_path):
    tmp_path.chmod(0o750)
    plan.make_folder(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o750


def test_secret_is_made_once(tmp_path):
    secret = plan.secret_key(tmp_path)
    assert len(secret) >= 50
    assert plan.secret_key(tmp_path) == secret
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_empty_secret_is_no_secret(tmp_path):
    (tmp_path / "secret_key").touch()
    with pytest.raises(StartError, match="delete it"):
        plan.secret_key(tmp_path)


def test_folder_is_claimed_once(tmp_path):
    with claimed(tmp_path, address="http://first/"):
        again = claimed(tmp_path, address="http://second/")
        with pytest.raises(StartError, match=r"already running at http://first/"):
            again.__enter__()
    with claimed(tmp_path, address="http://third/"):
        note = json.loads((tmp_path / "supervisor.lock").read_text())
    assert note == {"pid": os.getpid(), "address": "http://third/", "leaving": False}


@pytest.mark.parametrize("pid", [None, os.getpid()], ids=["killed", "leaving"])
def test_supervisor_that_goes_is_waited_for(tmp_path, pid):
    """A killed one's guardian holds the lock until it has cleaned up."""
    dead = subprocess.Popen(["true"])
    dead.wait()
    lock = tmp_path / "supervisor.lock"
    note = {"pid": pid or dead.pid, "address": "http://old/", "leaving": bool(pid)}
    lock.write_text(json.dumps(note))
    script = (
        "import fcntl, sys, time; file = open(sys.argv[1]);"
        "fcntl.flock(file, fcntl.LOCK_EX); print(flush=True); time.sleep(0.3)"
    )
    argv = [sys.executable, "-c", script, lock]
    guardian = subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=ROOT)
    guardian.stdout.readline()
    with claimed(tmp_path, address="http://new/"):
        pass
    guardian.stdout.close()
    assert guardian.wait() == 0


def test_lock_of_a_silent_holder_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("embedded.lock.PATIENCE", 0.1)
    with claimed(tmp_path, address="x"):
        (tmp_path / "supervisor.lock").write_text("")
        with pytest.raises(StartError, match="unknown address"):
            claimed(tmp_path, address="y").__enter__()

"""Children end in order, and never outlive the process that started them."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from embedded import guardian
from embedded.errors import ChildDiedError, InterruptedStartError, StartError
from embedded.process import ROOT, Command, Family

# Writes its name to the diary when it is asked to stop.
POLITE = 'trap "echo $0 >> $1; exit" TERM; touch $1.$0; while :; do sleep 0.05; done'
STUBBORN = 'trap "" TERM; touch $1.$0; sleep 60'


def shell(script, name, diary, **options):
    argv = ["/bin/sh", "-c", script, name, str(diary)]
    return Command(name, argv, diary.with_name(f"{name}.log"), **options)


def is_ready(diary, name):
    return diary.with_name(f"{diary.name}.{name}").exists


def is_gone(pid):
    return not guardian.leads(pid)


def wait_until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_children_stop_in_the_opposite_order(tmp_path):
    diary = tmp_path / "diary"
    with Family() as family:
        for name in ("database", "broker", "web"):
            family.start(shell(POLITE, name, diary))
            family.wait_for(is_ready(diary, name), what=name, seconds=5)
    assert diary.read_text().split() == ["web", "broker", "database"]


def test_stubborn_child_is_killed_when_patience_ends(tmp_path):
    diary = tmp_path / "diary"
    with Family() as family:
        child = family.start(shell(STUBBORN, "mule", diary, patience=0.2))
        family.wait_for(is_ready(diary, "mule"), what="mule", seconds=5)
    assert child.process.returncode == -signal.SIGKILL


def test_second_request_to_stop_shortens_patience(tmp_path, monkeypatch):
    monkeypatch.setattr("embedded.process.HURRIED", 0.1)
    diary = tmp_path / "diary"
    with Family(in_a_hurry=lambda: True) as family:
        family.start(shell(STUBBORN, "mule", diary, patience=60))
        family.wait_for(is_ready(diary, "mule"), what="mule", seconds=5)
        began = time.monotonic()
    assert time.monotonic() - began < 5


def test_grandchildren_end_with_their_group(tmp_path):
    note = tmp_path / "grandchild"
    script = "sleep 60 & echo $! > $1; wait"
    with Family() as family:
        family.start(shell(script, "parent", note))
        family.wait_for(note.exists, what="grandchild", seconds=5)
        family.wait_for(lambda: note.read_text().strip(), what="pid", seconds=5)
    wait_until(lambda: is_gone(int(note.read_text())))


def test_dead_child_is_named_with_its_log(tmp_path):
    with Family() as family:
        family.start(shell("echo why; exit 3", "web", tmp_path / "diary"))
        with pytest.raises(ChildDiedError) as caught:
            family.wait_for(lambda: False, what="web", seconds=5)
    log = tmp_path / "web.log"
    assert str(caught.value) == f"web stopped unexpectedly (exit code 3): see {log}"
    assert log.read_text() == "why\n"


def test_wait_gives_up(tmp_path):
    with Family() as family, pytest.raises(StartError, match="Valkey was not ready"):
        family.wait_for(lambda: False, what="Valkey", seconds=0.05)


def test_request_to_stop_ends_a_command_under_way(tmp_path):
    with Family(asked_to_stop=lambda: True) as family:
        with pytest.raises(InterruptedStartError):
            family.run(shell("sleep 60", "migrate", tmp_path / "diary"))
        began = time.monotonic()
    assert time.monotonic() - began < 5


def test_failed_command_keeps_its_output_in_the_log(tmp_path):
    with Family() as family, pytest.raises(StartError, match=r"migrate failed: see"):
        family.run(shell("echo said; exit 1", "migrate", tmp_path / "diary"))
    assert (tmp_path / "migrate.log").read_text() == "said\n"


def test_missing_program_is_told(tmp_path):
    command = Command("web", ["/nonexistent/program"], tmp_path / "web.log")
    with Family() as family, pytest.raises(StartError, match="web cannot be started"):
        family.start(command)


def test_large_log_is_put_aside(tmp_path, monkeypatch):
    monkeypatch.setattr("embedded.process.LARGEST_LOG", 3)
    (tmp_path / "web.log").write_text("many words")
    with Family() as family:
        family.run(shell("echo new >&2", "web", tmp_path / "diary"))
    assert (tmp_path / "web.log").read_text() == "new\n"
    assert (tmp_path / "web.old.log").read_text() == "many words"


# A parent that is killed outright, with a child that ignores everything else and one
# that was finished long ago.
DOOMED = """
    import sys, time
    from pathlib import Path
    from embedded.process import Command, Family

    folder = Path(sys.argv[1])
    family = Family()
    family.run(Command("once", ["true"], folder / "log"))
    script = "trap '' TERM INT; sleep 60 & echo $! > $0/grandchild; wait; sleep 60"
    child = family.start(Command("mule", ["sh", "-c", script, str(folder)], folder / "log"))
    (folder / "child").write_text(str(child.process.pid))
    (folder / "guardian").write_text(str(family._guardian.pid))
    time.sleep(60)
"""


@pytest.mark.parametrize("with_guardian", [True, False])
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the children")
def test_killed_parent_takes_its_children_along(tmp_path, with_guardian):
    script = textwrap.dedent(DOOMED)
    parent = subprocess.Popen([sys.executable, "-c", script, tmp_path], cwd=ROOT)
    names = ["guardian", "child", "grandchild"]
    files = [tmp_path / name for name in names]
    wait_until(lambda: all(file.exists() and file.read_text() for file in files))
    pids = [int(file.read_text()) for file in files]
    if not with_guardian:  # the kernel reaches the child only
        os.kill(pids[0], signal.SIGKILL)
    parent.kill()
    parent.wait()
    reached = pids if with_guardian else pids[:2]
    wait_until(lambda: all(is_gone(pid) for pid in reached))
    if not with_guardian:
        os.kill(pids[2], signal.SIGKILL)


def test_guardian_forgets_what_has_ended():
    lines = ["add 11 15\n", "add 12 2\n", "forget 11\n", "forget 99\n", "add 1"]
    assert guardian.follow(lines) == {12: 2}


def test_guardian_ends_a_group_that_ignores_it(monkeypatch):
    monkeypatch.setattr(guardian, "PATIENCE", 0.1)
    argv = ["/bin/sh", "-c", 'trap "" TERM; echo; sleep 60']
    mule = subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True)
    mule.stdout.readline()
    guardian.end(mule.pid, signal.SIGTERM)
    assert mule.wait(5) == -signal.SIGKILL
    mule.stdout.close()


def test_guardian_takes_the_dead_for_dead():
    child = subprocess.Popen(["true"])
    wait_until(lambda: not guardian.leads(child.pid))  # nobody has waited for it yet
    child.wait()
    assert not guardian.leads(child.pid)
    assert guardian.leads(os.getpid())
    assert Path(f"/proc/{os.getpid()}").exists() or sys.platform != "linux"

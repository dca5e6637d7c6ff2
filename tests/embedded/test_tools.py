"""The installer and the checks of "make test"."""

import subprocess

import pytest

from embedded import chromium, install, stages
from embedded.errors import StartError


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with two locks whose commands are noted instead of run."""
    commands = []

    def note(argv):
        commands.append(argv)
        (tmp_path / ".venv" / "bin").mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(install, "_run", note)
    monkeypatch.setattr(install, "_uv", lambda: "uv")
    monkeypatch.setattr(install, "_usable", lambda: len(commands) > 0)
    (tmp_path / "requirements").mkdir()
    for name in ("runtime", "test"):
        (tmp_path / "requirements" / f"{name}.txt").write_text(f"{name}==1")
    return commands


def test_install_makes_an_environment_once(project):
    install.ensure("runtime")
    assert [argv[1] for argv in project] == ["venv", "pip"]
    install.ensure("runtime")
    assert len(project) == 2


def test_install_again_when_the_lock_changed(project, tmp_path):
    install.ensure("runtime")
    (tmp_path / "requirements" / "runtime.txt").write_text("runtime==2")
    install.ensure("runtime")
    assert [argv[1] for argv in project] == ["venv", "pip", "pip"]


def test_test_packages_are_enough_to_run(project):
    install.ensure("test")
    install.ensure("runtime")
    assert len(project) == 2


def test_install_demands_hashes(project):
    install.ensure("runtime")
    assert "--require-hashes" in project[-1]
    assert "--compile-bytecode" in project[-1]


def test_install_that_failed_is_tried_again(project, monkeypatch, capsys):
    def fail(argv):
        raise subprocess.CalledProcessError(1, argv)

    install.ensure("runtime")
    monkeypatch.setattr(install, "_run", fail)
    assert install.main(["test"]) == 1
    assert capsys.readouterr().err.startswith("paraula: the packages could not be")
    assert not install._installed("test")


def test_install_without_uv_uses_pip(project, monkeypatch):
    monkeypatch.setattr(install, "_uv", lambda: None)
    monkeypatch.setattr(install, "PYTHON", "python-that-is-not-there")
    monkeypatch.setattr(
        subprocess, "run", lambda *a, **k: subprocess.CompletedProcess(a, 0)
    )
    install.ensure("runtime")
    assert project[-1][1:4] == ["-m", "pip", "install"]


def test_untrimmed_blocktranslate_is_found(tmp_path):
    templates = tmp_path / "templates"
    templates.mkdir()
    (templates / "a.html").write_text(
        "{% blocktranslate trimmed with a=b %}x{% endblocktranslate %}\n"
        "{% blocktranslate count n=n trimmed %}x{% endblocktranslate %}\n"
        "{% blocktranslate with a=b %}x{% endblocktranslate %}\n"
        "{% blocktrans %}x{% endblocktrans %}{% translate 'untrimmed' %}\n"
    )
    assert stages.untrimmed(templates) == ["templates/a.html:3", "templates/a.html:4"]


def test_every_group_has_stages():
    assert {stage.group for stage in stages.stages()} == set(stages.GROUPS)


def test_unknown_group_is_refused():
    with pytest.raises(StartError, match="Unknown group 'nothing'"):
        stages.run(["nothing"])


def test_browser_that_cannot_be_installed_is_told(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(StartError, match="install the package chromium"):
        chromium.ensure()


def test_browser_that_is_there_is_used(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    assert chromium.ensure() == "/usr/bin/chromium"


@pytest.mark.parametrize(("user", "rights"), [(0, []), (1000, ["sudo", "-n"])])
def test_browser_is_installed_where_that_is_allowed(monkeypatch, user, rights):
    commands = []

    def which(name):
        installed = len(commands) >= 2
        return f"/usr/bin/{name}" if "chrom" not in name or installed else None

    def note(argv, **options):
        if argv[-1] != "true":
            commands.append(argv)
        return subprocess.CompletedProcess(argv, 0)

    monkeypatch.setattr("os.geteuid", lambda: user)
    monkeypatch.setattr("shutil.which", which)
    monkeypatch.setattr("subprocess.run", note)
    assert chromium.ensure() == "/usr/bin/chromium"
    assert [argv[: len(rights) + 1] for argv in commands] == [[*rights, "env"]] * 2
    assert [argv[-1] for argv in commands] == ["update", "chromium"]


def test_browser_without_rights_to_install_it_is_told(monkeypatch):
    tools = {"apt-get", "sudo"}
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("shutil.which", lambda name: name if name in tools else None)
    monkeypatch.setattr(
        "subprocess.run", lambda argv, **options: subprocess.CompletedProcess(argv, 1)
    )
    with pytest.raises(StartError, match="install the package chromium"):
        chromium.ensure()

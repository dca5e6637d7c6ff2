"""
Puts the locked packages into .venv, once per lock.

Run by any Python from 3.11 on, with nothing but its standard library:
``python3 -m embedded.install runtime`` (or ``test``, or ``bench``). uv is used where it
is at hand, since it is faster; plain venv and pip do the same.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
# Each lock and the locks whose packages include its own (tests/test_packaging.py).
ENOUGH = {
    "runtime": ("runtime", "test", "bench"),
    "test": ("test", "bench"),
    "bench": ("bench",),
}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in ENOUGH:
        names = "|".join(ENOUGH)
        print(f"Usage: python3 -m embedded.install {names}", file=sys.stderr)
        return 2
    try:
        ensure(arguments[0])
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"paraula: {_explain(error)}", file=sys.stderr)
        return 1
    return 0


def ensure(name: str) -> None:
    """
    Install a lock unless it, or one that includes it, is in place.

    :raises CalledProcessError: if venv, pip or uv fails.
    """
    usable = _usable()
    if usable and any(_installed(lock) for lock in ENOUGH[name]):
        return
    uv = _uv()
    if not usable:
        _create(uv)
    print(f"Installing the packages of requirements/{name}.txt…", flush=True)
    lock = ["--require-hashes", "-r", str(_lock(name))]
    _run([*_installer(uv), *lock])
    _stamp(name).write_text(_checksum(name))


def _installer(uv: str | None) -> list[str]:
    # Compiled now, or the first page would wait for it.
    if uv:
        target = ["--python", str(PYTHON)]
        return [uv, "pip", "install", "--quiet", "--compile-bytecode", *target]
    if subprocess.run(
        [PYTHON, "-m", "pip", "--version"], capture_output=True, check=False
    ).returncode:
        _run([str(PYTHON), "-m", "ensurepip"])  # uv made this environment
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]
    return [str(PYTHON), "-m", "pip", "install", *quiet]


def _create(uv: str | None) -> None:
    if uv:
        _run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(VENV)])
    else:
        _run([sys.executable, "-m", "venv", "--clear", str(VENV)])


def _usable() -> bool:
    """Whether .venv has a Python that works: it may be half made, or moved."""
    if not PYTHON.exists():
        return False
    return (
        subprocess.run([PYTHON, "-c", ""], capture_output=True, check=False).returncode
        == 0
    )


def _uv() -> str | None:
    """Find a uv that works; a shim may be on the path without its program."""
    uv = shutil.which("uv")
    if (
        uv
        and subprocess.run(
            [uv, "--version"], capture_output=True, check=False
        ).returncode
        == 0
    ):
        return uv
    return None


def _installed(name: str) -> bool:
    stamp = _stamp(name)
    return stamp.exists() and stamp.read_text() == _checksum(name)


def _lock(name: str) -> Path:
    return ROOT / "requirements" / f"{name}.txt"


def _stamp(name: str) -> Path:
    return VENV / f".installed-{name}"


def _checksum(name: str) -> str:
    return hashlib.sha256(_lock(name).read_bytes()).hexdigest()


def _run(argv: list[str]) -> None:
    # A configured "user" or "target" of pip would lead the packages elsewhere.
    environment = {k: v for k, v in os.environ.items() if k not in LEADING_ASTRAY}
    subprocess.run(argv, check=True, cwd=ROOT, env=environment)


LEADING_ASTRAY = {"PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"}


def _explain(error: subprocess.CalledProcessError | OSError) -> str:
    if isinstance(error, OSError):
        return f"cannot install into {VENV}: {error.strerror}"
    words = [str(word) for word in error.cmd]
    if "venv" in words[:3] and words[0] == sys.executable:
        return "python3 cannot make an environment: install your system's python3-venv."
    return (
        f"the packages could not be installed: {' '.join(words[:4])} failed, see above."
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The browser of the end-to-end tests: the system's, installed only where that is allowed."""

import os
import shutil
import subprocess

from embedded.errors import StartError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HINT = "install the package chromium (or Google Chrome), for the browser tests."


def find() -> str | None:
    """Find a Chromium or Chrome on the path."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def ensure() -> str:
    """
    Find the browser, installing it with apt-get where we may.

    :raises StartError: if there is none and we may not, or that fails.
    """
    if found := find():
        return found
    if not shutil.which("apt-get") or (rights := _rights()) is None:
        msg = f"No Chromium was found: {HINT}"
        raise StartError(msg)
    _install(rights)
    if found := find():
        return found
    msg = f"apt-get installed no Chromium: {HINT}"
    raise StartError(msg)


def _rights() -> list[str] | None:
    """Find what to put before a command only root may run; None if we may not."""
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "-n"]
    if (
        shutil.which("sudo")
        and subprocess.run([*sudo, "true"], check=False).returncode == 0
    ):
        return sudo
    return None


def _install(rights: list[str]) -> None:
    print("Installing Chromium…", flush=True)
    apt = [*rights, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    apt += ["-o", "DPkg::Lock::Timeout=300"]  # another installation may be under way
    try:
        subprocess.run([*apt, "update"], check=True)
        install = ["install", "-y", "--no-install-recommends", "chromium"]
        subprocess.run([*apt, *install], check=True, stdout=subprocess.DEVNULL)
    except subprocess.CalledProcessError as error:
        msg = f"apt-get could not install Chromium: {HINT}"
        raise StartError(msg) from error

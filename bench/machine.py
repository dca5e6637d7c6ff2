"""Where it was measured."""

import os
import platform
import re
import subprocess
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from django.db import connection

from embedded.process import ROOT

SETTINGS = ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers")


def described(at: datetime) -> dict[str, Any]:
    """Return the machine, the versions and the commit, as JSON."""
    return {
        "measured_at": at.isoformat(timespec="seconds"),
        "cpu": cpu(),
        "cores": os.cpu_count(),
        "ram_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "system": f"{platform.system()} {platform.release()}",
        "busy": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "duckdb": version("duckdb"),
        **_database(),
        "commit": _commit(),
    }


def name(machine: dict[str, Any]) -> str:
    """Return a short name for files: ``amd-epyc-2-cores``."""
    words = re.sub(r"[^a-z0-9]+", "-", machine["cpu"].lower()).strip("-")
    return f"{words}-{machine['cores']}-cores"


def cpu() -> str:
    """Return the processor's model."""
    path = Path("/proc/cpuinfo")
    text = path.read_text() if path.exists() else ""
    found = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    model = found[1] if found else platform.processor() or platform.machine()
    return re.sub(r"\((R|TM)\)|\bCPU\b|@.*", "", model).strip()


def _database() -> dict[str, str]:
    with connection.cursor() as cursor:
        found = {}
        for setting in ("server_version", *SETTINGS):
            cursor.execute(f"SHOW {setting}")
            found[setting] = cursor.fetchone()[0]
    return {"postgresql": found.pop("server_version").split()[0], **found}


def _commit() -> str:
    commit = _git("rev-parse", "--short", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no")
    return f"{commit} with changes" if changed else commit


def _git(*arguments: str) -> str:
    answer = subprocess.run(
        ["git", *arguments],  # noqa: S607 -- where it is differs
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout.strip()

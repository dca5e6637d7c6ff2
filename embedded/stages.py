"""
What "make test" demands, stage by stage: style, types, imports, database, tests.

Every stage runs even if an earlier one failed, so that one run tells everything;
the end is a table of results and times.
"""

import os
import re
import secrets
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from embedded import chromium
from embedded.errors import InterruptedStartError, StartError
from embedded.interrupts import Interrupts
from embedded.process import ROOT
from embedded.runner import TEST_SETTINGS, execute, server_environment

TEMPLATES = ROOT / "templates"
# {% blocktranslate trimmed … %}: the others keep their line breaks in the messages.
UNTRIMMED = re.compile(r"\{%-?\s*blocktrans(?:late)?\b(?![^%]*\btrimmed\b)")


@dataclass(frozen=True)
class Stage:
    """
    One check.

    :param group: the make target it belongs to.
    :param argv: the command; empty for the check written here.
    """

    group: str
    name: str
    argv: Sequence[str] = ()
    env: Mapping[str, str] | None = None
    needs_servers: bool = False


def stages(pytest_arguments: Sequence[str] = ()) -> list[Stage]:
    """All stages in their order."""
    return [*_lint(), *_types(), *_database(), *_tests(pytest_arguments)]


GROUPS = ("lint", "types", "imports", "database", "pytest")


def run(groups: Sequence[str], pytest_arguments: Sequence[str] = ()) -> int:
    """
    Run the stages of some groups (none named: all); answers the exit status.

    :raises StartError: if a group is unknown, or servers or browser are missing.
    """
    if unknown := set(groups) - set(GROUPS):
        msg = f"Unknown group {unknown.pop()!r}: choose from {', '.join(GROUPS)}."
        raise StartError(msg)
    chosen = [s for s in stages(pytest_arguments) if not groups or s.group in groups]
    if any(stage.group == "pytest" for stage in chosen):
        chromium.ensure()
    with (
        Interrupts() as interrupts,
        _servers(interrupts, needed=any(s.needs_servers for s in chosen)) as addresses,
    ):
        results = list(_run_each(chosen, addresses, interrupts))
    print("\n== Results")
    for stage, (passed, seconds) in zip(chosen, results, strict=True):
        print(f"{'passed' if passed else 'FAILED':8}{seconds:7.1f} s  {stage.name}")
    return 0 if all(passed for passed, _ in results) else 1


def untrimmed(templates: Path) -> list[str]:
    """Where a blocktranslate lacks ``trimmed``, as ``file:line`` texts."""
    found = []
    for path in sorted(templates.rglob("*.html")):
        text = path.read_text()
        for match in UNTRIMMED.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(f"{path.relative_to(templates.parent)}:{line}")
    return found


def _lint() -> Iterator[Stage]:
    services = [str(p.relative_to(ROOT)) for p in sorted(ROOT.glob("*/services"))]
    pages = [str(path.relative_to(ROOT)) for path in sorted(TEMPLATES.rglob("*.html"))]
    documented = [
        "engine",
        *services,
        "--select",
        "D1",
        "--ignore",
        "D102,D104,D105,D107",
    ]
    djade = ["--target-version", "5.2", "--check"]
    yield Stage("lint", "ruff format", _tool("ruff", "format", "--check", "."))
    yield Stage("lint", "ruff", _tool("ruff", "check", "."))
    yield Stage("lint", "docstrings", _tool("ruff", "check", *documented))
    yield Stage("lint", "djlint", _tool("djlint", "--lint", "--quiet", "templates"))
    yield Stage("lint", "djade", _tool("djade", *djade, *pages))
    yield Stage("lint", "blocktranslate is trimmed")


def _types() -> Iterator[Stage]:
    yield Stage("types", "mypy", _tool("mypy", "."), TEST_SETTINGS)
    yield Stage("imports", "import-linter", _tool("lint-imports"), TEST_SETTINGS)


def _database() -> Iterator[Stage]:
    drift = _manage("makemigrations", "--check", "--dry-run")
    deploy = _manage("check", "--deploy", "--fail-level", "WARNING")
    production = {
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ALLOWED_HOSTS": "charters.example.org",
    }
    yield Stage("database", "migrations", drift, TEST_SETTINGS, needs_servers=True)
    yield Stage("database", "deployment", deploy, production, needs_servers=True)


def _tests(arguments: Sequence[str]) -> Iterator[Stage]:
    # In order: left to itself, xdist keeps the few long tests of the browser for last.
    spread = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    argv = [sys.executable, "-m", "pytest", *spread, *arguments]
    yield Stage("pytest", "pytest", argv, TEST_SETTINGS, needs_servers=True)


def _tool(name: str, *arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name(name)), *arguments]


def _manage(*arguments: str) -> list[str]:
    return [sys.executable, "-W", "default", "manage.py", *arguments]


@contextmanager
def _servers(interrupts: Interrupts, *, needed: bool) -> Iterator[dict[str, str]]:
    if not needed:
        yield {}
        return
    with server_environment(os.environ, interrupts) as addresses:
        yield addresses


def _run_each(
    chosen: Sequence[Stage], addresses: Mapping[str, str], interrupts: Interrupts
) -> Iterator[tuple[bool, float]]:
    for stage in chosen:
        if interrupts.asked():
            raise InterruptedStartError
        print(f"\n== {stage.group}: {stage.name}", flush=True)
        began = time.monotonic()
        env = {**os.environ, **addresses, **(stage.env or {})}
        passed = execute(stage.argv, env, interrupts) == 0 if stage.argv else _trimmed()
        yield passed, time.monotonic() - began


def _trimmed() -> bool:
    places = untrimmed(TEMPLATES)
    print("\n".join(places) or "All are.")
    return not places

"""Errors whose text is one line for the person at the terminal."""

from pathlib import Path


class StartError(Exception):
    """The start cannot go on; the message says why and what to do, in one line."""


class ChildDiedError(StartError):
    """A process that should keep running has ended."""

    def __init__(self, name: str, code: int | None, log: Path) -> None:
        super().__init__(f"{name} stopped unexpectedly (exit code {code}): see {log}")


class InterruptedStartError(Exception):
    """Somebody asked to stop (Ctrl-C, SIGTERM): no failure."""

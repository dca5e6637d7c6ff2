"""What the commands about sources share."""

import sys
import tomllib
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError


def add_mapping(parser: ArgumentParser, *, required: bool) -> None:
    """Add the arguments for a mapping and for a secret that somebody else made."""
    parser.add_argument(
        "--mapping",
        metavar="FILE.toml",
        type=Path,
        required=required,
        help="which events its words become",
    )
    parser.add_argument(
        "--secret-from-stdin",
        action="store_true",
        help="read the secret that the system has made, from the standard input",
    )


def read_mapping(path: Path) -> dict[str, Any]:
    """
    Read a mapping.

    :raises CommandError: if it cannot be read.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"the mapping cannot be read: {error}"
        raise CommandError(msg) from error


def given_secret() -> str:
    """
    Read a secret that is not an argument: those are seen by everybody on the machine.

    :raises CommandError: if there is none.
    """
    secret = sys.stdin.readline().strip()
    if not secret:
        msg = "there is no secret on the standard input"
        raise CommandError(msg)
    return secret

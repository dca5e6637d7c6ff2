"""What management commands share: finding things by the names people type."""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.core.management.base import CommandError, OutputWrapper
from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)


def found(rows: QuerySet[M], what: str, **filters: Any) -> M:
    """
    Return the one row that fits.

    :raises CommandError: in words, if there is none.
    """
    row = rows.filter(**filters).first()
    if row is None:
        names = "/".join(str(value) for value in filters.values())
        msg = f"there is no {what} {names}"
        raise CommandError(msg)
    return row


def two_names(text: str, form: str) -> tuple[str, str]:
    """
    Split ``ORGANISATION/NAME``.

    :raises CommandError: if it is not of that form.
    """
    first, slash, second = text.partition("/")
    if not (slash and first and second):
        msg = f"{text!r} is not of the form {form}"
        raise CommandError(msg)
    return first, second


def named(rows: QuerySet[M], what: str, text: str) -> M:
    """
    Return what somebody calls ``ORGANISATION/CODE``.

    :raises CommandError: in words, if there is no such row, or the text is no name.
    """
    organisation, code = two_names(text, f"ORG/{what.upper()}")
    return found(rows, what, organisation__slug=organisation, code=code)


def write_table(
    out: OutputWrapper, head: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    """Write rows under a head, each column as wide as its widest cell."""
    widths = [max(map(len, cells)) for cells in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        out.write("  ".join(cells).rstrip())

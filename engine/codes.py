"""Enumerations of codes."""

from enum import StrEnum


class Code(StrEnum):
    """
    Codes that are looked up again and again for every case.

    Hashed as the texts they are, in C; an enumeration of its own hashes in Python.
    """

    __hash__ = str.__hash__

"""Read many cases from the log at once, column by column."""

import re
from collections.abc import Collection, Iterator
from operator import ne
from tempfile import TemporaryFile
from typing import IO

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from engine.many_cases import CaseLog
from indicators.enums import VOIDED
from indicators.models import Stream
from indicators.queries.computing import attributes_of, replaced_of

LOG = """
    COPY (
        SELECT case_key, type, occurred_at AT TIME ZONE 'UTC', value, attributes
        FROM indicators_serviceevent
        WHERE stream_id = %s AND type <> %s {chosen} {standing}
        ORDER BY case_key, occurred_at, external_id
    ) TO STDOUT (NULL '')
"""
FIELDS = 5
# Bytes that are worked on at once.
BLOCK = 4 << 20
ESCAPE = re.compile(r"\\(.)")
ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def case_logs(stream: Stream, keys: Collection[str] | None = None) -> Iterator[CaseLog]:
    """
    Yield a stream's cases, as :func:`indicators.queries.computing.cases_of` does.

    :param keys: only these cases; all of them by default.
    """
    replaced = replaced_of(stream, keys)
    arguments: list[object] = [stream.pk, VOIDED]
    if keys is not None:
        arguments.append(sorted(keys))
    if replaced:
        arguments.append(sorted(replaced))
    query = LOG.format(
        chosen="" if keys is None else "AND case_key = ANY(%s)",
        standing="AND external_id <> ALL(%s)" if replaced else "",
    )
    with TemporaryFile() as file:
        with connection.cursor() as cursor:
            cursor.copy_expert(cursor.mogrify(query, arguments), file)
        file.seek(0)
        for block in _blocks(file):
            yield _read(block.decode())


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield lines, all those of a case together."""
    rest = b""
    while data := file.read(BLOCK):
        rest += data
        whole = rest.rfind(b"\n") + 1
        last = rest.rfind(b"\n", 0, max(whole - 1, 0)) + 1
        key = rest[last : rest.find(b"\t", last) + 1]
        # There may be more of the last case to come.
        cut = 0 if rest.startswith(key) else rest.find(b"\n" + key) + 1
        if cut:
            yield rest[:cut]
            rest = rest[cut:]
    if rest:
        yield rest


def _read(block: str) -> CaseLog:
    cells = block.replace("\n", "\t").split("\t")
    cells.pop()  # what follows the last line
    if "\\" in block:
        cells = [
            ESCAPE.sub(_unescaped, cell) if "\\" in cell else cell for cell in cells
        ]
    keys, types, instants, values, said = (
        cells[column::FIELDS] for column in range(FIELDS)
    )
    changes = np.fromiter(map(ne, keys[1:], keys), np.bool_, len(keys) - 1)
    first = np.concatenate([[0], np.flatnonzero(changes) + 1, [len(keys)]])
    type_places, type_names = _numbered(types)
    said_places, sayings = _numbered(said)
    return CaseLog(
        cases=[keys[place] for place in first[:-1].tolist()],
        first=first,
        types=type_places,
        type_names=type_names,
        at=np.array(instants, "M8[us]").astype(np.int64),
        values=values,
        attributes=said_places,
        sayings=list(map(attributes_of, sayings)),
    )


def _unescaped(found: re.Match[str]) -> str:
    return ESCAPED.get(found[1], found[1])


class _Places(dict[str, int]):
    """Numbers texts in the order in which they are first asked for."""

    def __missing__(self, text: str) -> int:
        place = self[text] = len(self)
        return place


def _numbered(texts: list[str]) -> tuple[NDArray[np.intp], list[str]]:
    """Return the place of each text among those that there are, and these."""
    places = _Places()
    numbers = np.fromiter(map(places.__getitem__, texts), np.intp, len(texts))
    return numbers, list(places)

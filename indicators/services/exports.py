"""
Write the events of a stream to a file, in the forms in which they are read.

What is written and read again records nothing: identifiers, values and attributes
are kept to the last letter, also of events that others have replaced.
"""

import csv
import gzip
import json
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC
from functools import partial
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, TextIO, cast
from xml.sax.saxutils import quoteattr

from django.db import connection, transaction
from django.db.models import QuerySet

from indicators.models import ServiceEvent, Stream
from indicators.services import xes
from indicators.services.tables import COLUMNS, FileError
from indicators.services.workbooks import write_rows

Fields = dict[str, Any]
CHUNK = 5_000
# What no XML can hold, however it is written.
NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<extension name="Identity" prefix="identity" uri="http://www.xes-standard.org/identity.xesext"/>
"""


def export_file(*, stream: Stream, path: Path) -> int:
    """
    Write all events of a stream. The file is there when it is complete.

    :param path: ends with .csv, .ndjson or .xes (also with .gz), or .xlsx.
    :returns: how many events were written.
    :raises FileError: if the file cannot be written, or its form cannot hold an event.
    """
    write, by_case = _writer(path)
    part = path.with_name(f".{path.name}.part")
    events = _events(stream, by_case=by_case)
    counted = _Counted(events)
    try:
        with _one_view(), closing(events):
            write(part, iter(counted))
        part.replace(path)
    except OSError as error:
        msg = f"the file cannot be written: {error}"
        raise FileError(msg) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return counted.number


def _writer(path: Path) -> tuple[Callable[[Path, Iterator[Fields]], None], bool]:
    """Return what writes a file of this name, and whether it wants cases whole."""
    name = path.name.lower()
    packed = name.endswith(".gz")
    name = name.removesuffix(".gz")
    if name.endswith(".xlsx") and not packed:
        return _write_xlsx, False
    for ending, write in (
        (".csv", _write_csv),
        (".ndjson", _write_ndjson),
        (".xes", _write_xes),
    ):
        if name.endswith(ending):
            return partial(_write_text, write, packed), write is _write_xes
    msg = f"{path.name}: only .csv, .ndjson, .xes (also .gz) and .xlsx are written"
    raise FileError(msg)


class _Counted:
    """Events, counted as they pass."""

    def __init__(self, events: Iterator[Fields]) -> None:
        self.events = events
        self.number = 0

    def __iter__(self) -> Iterator[Fields]:
        for event in self.events:
            self.number += 1
            yield event


@contextmanager
def _one_view() -> Iterator[None]:
    """Let all queries see the log as it is at the first one."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def _events(stream: Stream, *, by_case: bool) -> Generator[Fields, None, None]:
    """
    Yield events as the API takes them, an event always before what replaces it.

    Those that replace others follow at the end, for they may be of another case; the
    order of the rows says nothing, because a batch goes in by identifier.

    :param by_case: the other events of a case together.
    """
    events = ServiceEvent.objects.filter(stream=stream)
    order = ("case_key", "occurred_at", "pk") if by_case else ("pk",)
    first = events.filter(replaces=None).order_by(*order)
    yield from map(_fields, first.iterator(chunk_size=CHUNK))
    for some in _chunks(_in_order(events)):
        found = {row.external_id: row for row in events.filter(external_id__in=some)}
        yield from (_fields(found[id_]) for id_ in some)


def _in_order(events: QuerySet[ServiceEvent]) -> Iterator[str]:
    """Yield what replaces others, a replaced one before the one that replaces it."""
    pairs = events.exclude(replaces=None).order_by("pk")
    waiting = {
        id_: replaced
        for id_, replaced in pairs.values_list("external_id", "replaces")
        if replaced
    }
    for last in list(waiting):
        chain, id_ = [], last
        while id_ in waiting:
            chain.append(id_)
            id_ = waiting.pop(id_)  # what it replaces
        yield from reversed(chain)


def _chunks(names: Iterator[str]) -> Iterator[list[str]]:
    while some := list(islice(names, CHUNK)):
        yield some


def _fields(row: ServiceEvent) -> Fields:
    return {
        "id": row.external_id,
        "case": row.case_key,
        "type": row.type,
        "at": row.occurred_at.astimezone(UTC).isoformat(),
        "value": None if row.value is None else f"{row.value.normalize():f}",
        "attributes": row.attributes,
        "replaces": row.replaces,
    }


def _write_text(
    write: Callable[[TextIO, Iterator[Fields]], None],
    packed: bool,
    path: Path,
    events: Iterator[Fields],
) -> None:
    options: Any = {"mode": "wt", "encoding": "utf-8", "newline": ""}
    with gzip.open(path, **options) if packed else path.open(**options) as file:
        write(cast("TextIO", file), events)


def _write_csv(file: TextIO, events: Iterator[Fields]) -> None:
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows(_cells(event) for event in events)


def _write_ndjson(file: TextIO, events: Iterator[Fields]) -> None:
    file.writelines(json.dumps(event, ensure_ascii=False) + "\n" for event in events)


def _write_xlsx(path: Path, events: Iterator[Fields]) -> None:
    def rows() -> Iterator[list[str | None]]:
        yield list(COLUMNS)
        yield from map(_cells, events)

    write_rows(path, rows(), COLUMNS.index("value"))


def _cells(event: Fields) -> list[str | None]:
    found = event["attributes"]
    attributes = json.dumps(found, ensure_ascii=False) if found else None
    return [event[n] if n != "attributes" else attributes for n in COLUMNS]


def _write_xes(file: TextIO, events: Iterator[Fields]) -> None:
    file.write(HEAD)
    for case, of_case in groupby(events, key=itemgetter("case")):
        file.write(f"<trace>\n{_attribute(xes.CASE, case)}\n")
        for event in of_case:
            file.write("<event>")
            file.writelines(_xes_attributes(event))
            file.write("</event>\n")
        file.write("</trace>\n")
    file.write("</log>\n")


def _xes_attributes(event: Fields) -> Iterator[str]:
    yield _attribute(xes.ID, event["id"])
    yield _attribute(xes.TYPE, event["type"])
    yield _attribute(xes.AT, event["at"], "date")
    if event["value"] is not None:
        yield _attribute(xes.VALUE, event["value"], "float")
    for name, text in sorted(event["attributes"].items()):
        yield _attribute(xes.own_key(name), text)
    if event["replaces"] is not None:
        yield _attribute(xes.REPLACES, event["replaces"])


def _attribute(key: str, text: str, kind: str = "string") -> str:
    if NO_XML.search(key) or NO_XML.search(text):
        msg = f"{text[:60]!r} holds a control character, which XES cannot; write NDJSON"
        raise FileError(msg)
    return f"<{kind} key={quoteattr(key)} value={quoteattr(text)}/>"

"""
Read and write event logs (XES, IEEE 1849), one event at a time.

As a row an event has its own attributes by their keys and those of its trace after
``case:``, as the tools of process mining name them.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any
from xml.parsers import expat

from indicators.services.tables import FileError

CHUNK = 1 << 16
LONGEST_TOKEN = 1 << 20  # bytes of one tag
MOST_BYTES = 4 << 30  # unpacked
MOST_ATTRIBUTES = 1_000  # of one event or trace
MOST_LETTERS = 1 << 20  # of their values
CASE, TYPE, AT, ID = "concept:name", "concept:name", "time:timestamp", "identity:id"
VALUE, REPLACES = "paraula:value", "paraula:replaces"
# An attribute of ours that is called like a part of an event.
ATTRIBUTE = "paraula:attribute:"
RESERVED = frozenset({TYPE, AT, ID})
KINDS = frozenset({"string", "date", "int", "float", "boolean", "id"})


@dataclass(slots=True)
class LogEvent:
    """
    An event of a log.

    :ivar line: where it begins in the file.
    :ivar own: its attributes; its identifier is always among them.
    :ivar trace: the attributes of its trace.
    """

    line: int
    own: dict[str, str]
    trace: dict[str, str]

    def row(self) -> dict[str, str]:
        """Return the event as a row for a mapping."""
        return {f"case:{key}": text for key, text in self.trace.items()} | self.own

    def event(self, attributes: list[str]) -> Mapping[str, Any]:
        """
        Return the event as the log takes it, without a mapping.

        :param attributes: those the stream declares: of the event or of its trace.
        """
        return {
            "id": self.own[ID],
            "case": self.trace.get(CASE),
            "type": self.own.get(TYPE),
            "at": self.own.get(AT),
            "value": self.own.get(VALUE),
            "attributes": {
                name: text
                for name in attributes
                if (text := self._attribute(name)) is not None
            },
            "replaces": self.own.get(REPLACES),
        }

    def _attribute(self, name: str) -> str | None:
        if own_key(name) in self.own:
            return self.own[own_key(name)]
        whose = name.removeprefix("case:")
        return None if own_key(whose) != whose else self.trace.get(whose)


def own_key(name: str) -> str:
    """Return the key of a stream's attribute in an event."""
    reserved = name in RESERVED or name.startswith("paraula:")
    return ATTRIBUTE + name if reserved else name


def log_events(file: IO[bytes]) -> Iterator[LogEvent]:
    """
    Yield the events of a log.

    :raises FileError: if it is no XES, declares a document type or is too large.
    """
    reader = _Reader()
    read = 0
    while chunk := file.read(CHUNK):
        read += len(chunk)
        if read > MOST_BYTES:
            msg = "the file is too large: unpacked it has more than 4 GiB"
            raise FileError(msg)
        yield from reader.feed(chunk)
        if read - reader.parser.CurrentByteIndex > LONGEST_TOKEN + CHUNK:
            msg = "the file cannot be read: a tag is longer than 1 MiB"
            raise FileError(msg)
    yield from reader.feed(b"", last=True)


@dataclass(slots=True)
class _Reader:
    """Keeps the trace and the event that the parser is in, and nothing else."""

    parser: Any = field(init=False)
    path: list[str] = field(default_factory=list)
    trace: dict[str, str] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)
    line: int = 0
    letters: Counter[str] = field(default_factory=Counter)
    traces: int = 0
    found: list[LogEvent] = field(default_factory=list)
    positions: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = _refuse
        self.parser.EntityDeclHandler = _refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def feed(self, chunk: bytes, *, last: bool = False) -> list[LogEvent]:
        self.found = []
        try:
            self.parser.Parse(chunk, last)
        except (expat.ExpatError, ValueError, LookupError) as error:
            if isinstance(error, FileError):
                raise
            msg = f"the file cannot be read as XES: {error}"
            raise FileError(msg) from error
        return self.found

    def _start(self, tag: str, found: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if not self.path and name != "log":
            msg = f"the file cannot be read as XES: it begins with {name[:60]!r}"
            raise FileError(msg)
        if len(self.path) > 100:
            msg = "the file cannot be read as XES: its elements are nested too deep"
            raise FileError(msg)
        if name == "trace" and len(self.path) == 1:
            self.trace, self.letters = {}, Counter()
            self.traces += 1
        elif name == "event" and self.path[1:] in (["trace"], []):
            self.own, self.line = {}, self.parser.CurrentLineNumber
            self.letters["event"] = 0
            if len(self.path) == 1:
                self.trace = {}
        elif name in KINDS and "key" in found and "value" in found:
            self._attribute(found["key"], found["value"])
        self.path.append(name)

    def _attribute(self, key: str, text: str) -> None:
        """Keep an attribute of a trace or an event; what is inside of others is not."""
        if self.path[1:] == ["trace"]:
            kept = self.trace
        elif self.path[1:] in (["trace", "event"], ["event"]):
            kept = self.own
        else:
            return
        kept[key] = text
        whose = self.path[-1]
        self.letters[whose] += len(key) + len(text)
        if len(kept) > MOST_ATTRIBUTES or self.letters[whose] > MOST_LETTERS:
            msg = (
                f"line {self.parser.CurrentLineNumber}: "
                "more than 1,000 attributes, or a million letters"
            )
            raise FileError(msg)

    def _end(self, _tag: str) -> None:
        name = self.path.pop()
        if name == "event" and self.path[1:] in (["trace"], []):
            # Every event counts, or the others would change their names with it.
            position = self._position()
            if not self.own.get(ID):
                self.own[ID] = position
            self.found.append(LogEvent(self.line, self.own, self.trace))

    def _position(self) -> str:
        """Name an event by its trace and its place in it, the same at every reading."""
        case = self.trace.get(CASE) or f"trace {self.traces}"
        if len(case) > 150:
            digest = hashlib.sha256(case.encode(errors="surrogatepass")).hexdigest()
            case = f"{case[:120]}…{digest[:24]}"
        self.positions[case] += 1
        return f"{case}/{self.positions[case]}"


def _refuse(*_declared: object) -> None:
    msg = "the file cannot be read as XES: it declares a document type or entities"
    raise FileError(msg)

"""
Mapping files: how the rows of somebody's file become events.

A mapping is a TOML file. A row may be several events (one per column that holds an
instant) or one event each. Nothing in a file is trusted: a row that cannot be read
is refused with its number and the reason, and the others go on.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.periods import PeriodError, parse_period
from indicators.services.intake import LineError
from indicators.services.personal import kind_of_column

PLACE = re.compile(r"\{([^{}]+)\}")
QUARTER = re.compile(r"^(Q[1-4])[ /-](\d{4})$")
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
KEYS = frozenset(
    {
        "timezone", "case", "id", "attributes", "instants", "encoding", "delimiter",
        "missing", "datetime_format", "decimal", "thousands", "sheet", "event", "long",
    }
)  # fmt: skip

# What a row holds: texts, and of a workbook also numbers, and instants without zone.
Cell = str | Decimal | datetime

# What an entry of a mapping may hold, where it is not a word.
LISTS = frozenset({"attributes", "instants", "missing"})


class MappingError(ValueError):
    """A mapping that makes no sense, or that the file's columns do not fit."""


@dataclass(frozen=True, slots=True)
class WideEvent:
    """One event per row from its own column of instants."""

    type: str
    at: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class LongEvents:
    """
    One event a row, its type in a column.

    :ivar other: what becomes of types that :attr:`types` does not name: ``keep``
        them, ``skip`` the row, or another type's name for all of them.
    """

    type: str
    at: str
    value: str = ""
    types: Mapping[str, str] = field(default_factory=dict)
    other: str = "keep"


@dataclass(frozen=True, slots=True)
class FileMapping:
    """
    A mapping, read.

    ``case``, ``id`` and every ``at`` name a column, or are a template with columns
    in braces: ``"{period}/{org_code}"``.
    """

    zone: ZoneInfo
    case: str
    id: str = ""
    attributes: tuple[str, ...] = ()
    instants: tuple[str, ...] = ()
    encoding: str = "utf-8-sig"
    delimiter: str = ","
    missing: frozenset[str] = frozenset({""})
    datetime_format: str = ""
    decimal: str = "."
    thousands: str = ""
    sheet: str = ""
    wide: tuple[WideEvent, ...] = ()
    long: LongEvents | None = None

    @classmethod
    def from_toml(cls, text: str) -> "FileMapping":
        """
        Read a mapping file.

        :raises MappingError: naming the entry that is wrong.
        """
        try:
            raw = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            msg = f"the mapping is no valid TOML: {error}"
            raise MappingError(msg) from error
        unknown = sorted(set(raw) - KEYS)
        if unknown:
            msg = f"unknown entry {unknown[0]!r} in the mapping"
            raise MappingError(msg)
        _check_words(raw)
        wide = tuple(_part(WideEvent, item, "event") for item in raw.get("event", []))
        long = _part(LongEvents, raw["long"], "long") if "long" in raw else None
        if bool(wide) == (long is not None):
            msg = "the mapping needs either [[event]] entries or one [long]"
            raise MappingError(msg)
        if raw.get("decimal") == "":
            msg = "the decimal mark of the mapping is empty"
            raise MappingError(msg)
        if len(raw.get("delimiter", ",")) != 1:
            msg = "the delimiter of the mapping must be one letter"
            raise MappingError(msg)
        if not raw.get("case"):
            msg = "the mapping does not say which column names the case"
            raise MappingError(msg)
        return cls(
            zone=_zone(raw.get("timezone", "UTC")),
            case=raw["case"],
            id=raw.get("id", ""),
            attributes=tuple(raw.get("attributes", [])),
            instants=tuple(raw.get("instants", [])),
            encoding=raw.get("encoding", "utf-8-sig"),
            delimiter=raw.get("delimiter", ","),
            missing=frozenset({"", *raw.get("missing", [])}),
            datetime_format=raw.get("datetime_format", ""),
            decimal=raw.get("decimal", "."),
            thousands=raw.get("thousands", ""),
            sheet=raw.get("sheet", ""),
            wide=wide,
            long=long,
        )

    def to_toml(self) -> str:
        """Write the mapping file that :meth:`from_toml` reads as this mapping."""
        entries: dict[str, Any] = {
            "case": self.case,
            "id": self.id,
            "timezone": self.zone.key,
            "attributes": list(self.attributes),
            "instants": list(self.instants),
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "sheet": self.sheet,
            "missing": sorted(self.missing - {""}),
            "datetime_format": self.datetime_format,
            "decimal": self.decimal,
            "thousands": self.thousands,
        }
        lines = _toml_lines({name: found for name, found in entries.items() if found})
        for event in self.wide:
            lines += ["", "[[event]]", *_toml_lines(_said(event))]
        if self.long is not None:
            said = _said(self.long)
            types = said.pop("types", {})
            lines += ["", "[long]", *_toml_lines(said)]
            lines += ["[long.types]", *_toml_lines(types)] if types else []
        return "\n".join([*lines, ""])

    def columns(self) -> list[str]:
        """Every column that the mapping reads, templates taken apart."""
        named = [self.case, *self.attributes, *self.instants]
        if self.id:
            named.append(self.id)
        for item in self.wide:
            named += [item.at, item.value] if item.value else [item.at]
        if self.long is not None:
            named += [self.long.type, self.long.at]
            named += [self.long.value] if self.long.value else []
        return list(dict.fromkeys(column for name in named for column in _places(name)))

    def check_columns(self, header: Sequence[str]) -> None:
        """
        Make sure that a file has the columns.

        :raises MappingError: naming the first missing column and those there are.
        """
        for column in self.columns():
            if column not in header:
                there = ", ".join(header[:40])
                msg = f"the file has no column {column!r}; it has: {there}"
                raise MappingError(msg)

    def events(
        self, row: Mapping[str, Cell]
    ) -> Iterator[Mapping[str, Any] | LineError]:
        """
        Turn a row into events as :func:`indicators.services.intake.record` takes them.

        An empty instant in a wide file means that it has not happened: no event.
        """
        if self.long is not None:
            yield from self._long_event(self.long, row)
            return
        for item in self.wide:
            if self._filled(item.at, row) is None:
                continue
            if item.value and self._filled(item.value, row) is None:
                continue
            yield self._event(item.type, item.at, item.value, row)

    def _long_event(
        self, long: LongEvents, row: Mapping[str, Cell]
    ) -> Iterator[Mapping[str, Any] | LineError]:
        type_ = self._filled(long.type, row)
        if type_ is None:
            yield LineError("missing_type", f"column {long.type!r} is empty")
            return
        if type_ in long.types:
            type_ = long.types[type_]
        elif long.other == "skip":
            return
        elif long.other != "keep":
            type_ = long.other
        yield self._event(type_, long.at, long.value, row)

    def _event(
        self, type_: str, at: str, value: str, row: Mapping[str, Cell]
    ) -> Mapping[str, Any] | LineError:
        case = self._filled(self.case, row)
        if case is None:
            return LineError("missing_case", f"column {self.case!r} is empty")
        instant = self._filled(at, row)
        if instant is None:
            return LineError("missing_at", f"column {at!r} is empty")
        try:
            occurred = self._instant(row.get(at, instant))
            attributes = self._attributes(row)
        except ValueError as error:
            return LineError("bad_instant", str(error))
        return {
            "id": self._id(case, type_, row),
            "case": case,
            "type": type_,
            "at": occurred,
            "value": self._number(value, row),
            "attributes": attributes,
        }

    def _id(self, case: str, type_: str, row: Mapping[str, Cell]) -> str:
        """
        Name an event so that reading the file again names it the same.

        In a wide file a case has one event of a type. In a long one the row's own
        content is the name: two equal rows are one event.
        """
        if self.id:
            return (
                f"{self._filled(self.id, row)}/{type_}"
                if self.wide
                else (self._filled(self.id, row) or "")
            )
        if self.wide:
            return f"{case}/{type_}"
        content = "\x1f".join(f"{name}={cell_text(row[name])}" for name in sorted(row))
        # Half of a surrogate pair is refused later, by the field that holds it.
        digest = hashlib.sha256(content.encode(errors="surrogatepass")).hexdigest()
        return f"{case[:120]}/{digest[:24]}"

    def _attributes(self, row: Mapping[str, Cell]) -> dict[str, str]:
        found = {}
        for name in self.attributes:
            text = self._filled(name, row)
            if text is not None:
                found[name] = text
        for name in self.instants:
            text = self._filled(name, row)
            if text is not None:
                found[name] = self._instant(row.get(name, text)).isoformat()
        return found

    def _number(self, column: str, row: Mapping[str, Cell]) -> str | None:
        text = self._filled(column, row) if column else None
        if text is None or isinstance(row.get(column), Decimal):
            return text
        if self.thousands:
            text = text.replace(self.thousands, "")
        return text.replace(self.decimal, ".")

    def _filled(self, name: str, row: Mapping[str, Cell]) -> str | None:
        """Return a column's content or a filled template; ``None`` if any is missing."""
        if name in row:
            text = cell_text(row[name]).strip()
            return None if text in self.missing else text
        parts = {
            column: cell_text(row.get(column, "")).strip() for column in _places(name)
        }
        if any(part in self.missing for part in parts.values()):
            return None
        return PLACE.sub(lambda match: parts[match.group(1)], name)

    def _instant(self, cell: Cell) -> datetime:
        if isinstance(cell, datetime):
            return cell if cell.tzinfo else cell.replace(tzinfo=self.zone)
        text = cell_text(cell).strip()
        if self.datetime_format == "period":
            instant = start_of_period(text)
        elif self.datetime_format:
            try:
                instant = datetime.strptime(text, self.datetime_format)  # noqa: DTZ007 -- the zone follows
            except ValueError as error:
                msg = f"{text[:60]!r} is not of the form {self.datetime_format!r}"
                raise ValueError(msg) from error
        else:
            try:
                instant = datetime.fromisoformat(text)
            except ValueError as error:
                msg = f"{text[:60]!r} is no ISO 8601 instant"
                raise ValueError(msg) from error
        return instant if instant.tzinfo else instant.replace(tzinfo=self.zone)


def cell_text(cell: Cell) -> str:
    """Return what a cell says; an instant at midnight is a day."""
    if isinstance(cell, datetime):
        whole_day = not cell.tzinfo and cell.time() == time.min
        return (cell.date() if whole_day else cell).isoformat()
    return format(cell, "f") if isinstance(cell, Decimal) else cell


def refuse_personal(mapping: FileMapping, *, allowed: Collection[str]) -> None:
    """
    Make sure that no column that is kept is named like personal data.

    :param allowed: names that only look like it in this stream.
    :raises MappingError: naming the first such column.
    """
    named = [mapping.case, mapping.id, *mapping.attributes, *mapping.instants]
    for column in (column for name in named for column in _places(name)):
        kind = kind_of_column(column)
        if kind is not None and column not in allowed:
            msg = f"column {column!r} is named like personal data: {kind}"
            raise MappingError(msg)


def start_of_period(text: str) -> datetime:
    """
    Return the local midnight at which a period begins: 2026, 2026-Q1, Q1 2026, 2026-03.

    :raises ValueError: if it is no period.
    """
    quarter = QUARTER.match(text)
    label = f"{quarter.group(2)}-{quarter.group(1)}" if quarter else text
    try:
        start = parse_period(label).start
    except PeriodError as error:
        raise ValueError(str(error)) from error
    return datetime(start.year, start.month, start.day)  # noqa: DTZ001 -- the zone follows


def _said(part: WideEvent | LongEvents) -> dict[str, Any]:
    return {f.name: found for f in fields(part) if (found := getattr(part, f.name))}


def _toml_lines(entries: Mapping[str, Any]) -> list[str]:
    """Write entries of words and of lists of words; JSON's are TOML's, but for one."""
    return [
        f"{_toml_key(name)} = {json.dumps(found, ensure_ascii=False)}".replace(
            "\x7f", "\\u007f"
        )
        for name, found in entries.items()
    ]


def _toml_key(name: str) -> str:
    return name if BARE_KEY.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _places(name: str) -> list[str]:
    """Columns of a template; a name without braces is a column itself."""
    return PLACE.findall(name) or [name]


def _check_words(raw: Mapping[str, Any]) -> None:
    """Make sure that every entry outside of the tables is a word, or a list of them."""
    for name, found in raw.items():
        if name in {"event", "long"}:
            continue
        if name in LISTS:
            if not isinstance(found, list) or not _all_words(found):
                msg = f"{name!r} of the mapping must be a list of words"
                raise MappingError(msg)
        elif not isinstance(found, str):
            msg = f"{name!r} of the mapping must be a word"
            raise MappingError(msg)


def _all_words(found: Iterable[object]) -> bool:
    return all(isinstance(item, str) for item in found)


def _part(kind: type, raw: Any, where: str) -> Any:
    try:
        part = kind(**raw)
    except TypeError as error:
        text = str(error).split("() ")[-1].replace("__init__", where)
        msg = f"in [{where}]: {text}"
        raise MappingError(msg) from error
    for name, found in raw.items():
        words = (
            found.values() if name == "types" and isinstance(found, dict) else [found]
        )
        if not _all_words(words):
            msg = f"in [{where}]: {name!r} holds something else than words"
            raise MappingError(msg)
    return part


def _zone(name: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError) as error:
        msg = f"{name!r} is no time zone"
        raise MappingError(msg) from error

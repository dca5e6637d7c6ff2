"""
Read the days of a calendar from a file: a table (CSV) or an iCalendar (.ics).

Nothing is dropped in silence. Every line that gives no day says why, with its number
in the file, and whoever imports sees every day before it is taken.
"""

import csv
import io
import re
import unicodedata
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from dateutil.rrule import rrulestr
from django.utils.translation import gettext as _
from icalendar import Event

LARGEST = 1_000_000  # bytes
MOST_LINES = 20_000
MOST_EVENTS = 2_000
LONGEST_EVENT = 62  # days; holidays of schools are longer, those of offices are not
LONGEST_NAME = 200
DELIMITERS = ";\t,|"
SAMPLE = 50  # lines by which the delimiter is told
DATE_HEADINGS = frozenset({"data", "date", "dia", "fecha", "giorno", "day"})
NAME_HEADINGS = frozenset(
    {
        "denominacio",
        "denominacion",
        "denominazione",
        "descripcio",
        "descripcion",
        "description",
        "descrizione",
        "festa",
        "festiu",
        "festivita",
        "festividad",
        "festivitat",
        "festivo",
        "fiesta",
        "holiday",
        "name",
        "nom",
        "nombre",
        "nome",
        "summary",
    }
)
EARLIEST_YEAR, LATEST_YEAR = 1900, 2199

_ISO = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})", re.ASCII)
_DAY_FIRST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_MIDNIGHT = re.compile(r"[T ]+0?0:00(:00([.,]0+)?)?(Z|[+-]00:?00)?", re.ASCII)
_NTH_WEEKDAY = re.compile(r"([+-]?[1-4])?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
# Besides events; an end of an event that has not begun is none either.
NO_EVENTS = frozenset(
    {"BEGIN:VTODO", "BEGIN:VJOURNAL", "BEGIN:VFREEBUSY", "END:VEVENT"}
)
RULE_PARTS = frozenset(
    {
        "BYDAY",
        "BYMONTH",
        "BYMONTHDAY",
        "COUNT",
        "FREQ",
        "INTERVAL",
        "UNTIL",
        "WKST",
    }
)
# What the libraries raise at values that make no sense to them.
UNREADABLE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


class DayFileError(ValueError):
    """The file as a whole cannot be read; the message is for people."""


@dataclass(frozen=True, slots=True)
class FileDay:
    """A day that a file gives, with the line it stands in."""

    day: date
    name: str
    line: int


@dataclass(frozen=True, slots=True)
class LineFault:
    """Why a line gives no day."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class DayFile:
    """
    What a file says.

    :ivar days: in order, none twice.
    :ivar faults: in order of lines.
    :ivar heading: the line that was read as a table's heading; empty if none was.
    :ivar passed_over: lines that speak of something else than what was asked for.
    """

    days: tuple[FileDay, ...]
    faults: tuple[LineFault, ...]
    heading: str = ""
    passed_over: int = 0


class _FaultError(ValueError):
    """What is wrong with one line or one event."""


# A day in a line of text.


def read_day(text: str) -> date | None:
    """
    Return the day that a text is; ``None`` if it does not look like one.

    Takes year first or day first, with hyphens, slashes or points, and eight digits
    in a row; a time of day is allowed if it is midnight.

    :raises ValueError: if it looks like a day that is in no calendar.
    """
    text = text.strip()
    for pattern, order in ((_ISO, (1, 3, 4)), (_DAY_FIRST, (4, 3, 1))):
        found = pattern.match(text)
        if found and _ends(text[found.end() :]):
            return _date(text, *(int(found[place]) for place in order))
    found = _COMPACT.fullmatch(text)
    return _date(text, *map(int, found.groups())) if found else None


def _ends(rest: str) -> bool:
    return not rest or _MIDNIGHT.fullmatch(rest) is not None


def _date(text: str, year: int, month: int, day: int) -> date:
    try:
        found = date(year, month, day)
    except ValueError:
        raise ValueError(_("%(text)s is no day") % {"text": text}) from None
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        raise ValueError(
            _("%(text)s is not between %(first)s and %(last)s")
            % {"text": text, "first": EARLIEST_YEAR, "last": LATEST_YEAR}
        )
    return found


def clean_name(text: str) -> str:
    """
    Return a name in one line.

    :raises ValueError: if it is too long, or holds what no database keeps.
    """
    name = " ".join(text.split())
    if len(name) > LONGEST_NAME:
        raise ValueError(_("the name is too long"))
    if any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in name):
        raise ValueError(_("the name holds signs that cannot be written"))
    return name


# Files.


def read_days(content: bytes, *, years: range, only: str = "") -> DayFile:
    """
    Return the days of a file within some years.

    :param years: what repeats every year is written out for these, and days of other
        years are faults.
    :param only: of a table, take only the lines with a cell that says this, case and
        accents apart; for files of many towns.
    :raises DayFileError: if it is too large, or no text.
    """
    if len(content) > LARGEST:
        raise DayFileError(_("The file is larger than 1 MB."))
    text = _decoded(content)
    if not text.strip():
        raise DayFileError(_("The file is empty."))
    if text.lstrip().upper().startswith("BEGIN:VCALENDAR"):
        return _settled(_read_events(text, years), years)
    return _read_table(text, years, only)


def _decoded(content: bytes) -> str:
    encodings = ["utf-8-sig", "cp1252", "latin-1"]
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DayFileError(_("The file is no text."))


def _settled(found: Iterator[FileDay | LineFault], years: range) -> DayFile:
    """Put days in order; a day that stands twice or outside the years is a fault."""
    days: dict[date, FileDay] = {}
    faults: list[LineFault] = []
    for item in found:
        if isinstance(item, LineFault):
            faults.append(item)
        elif item.day.year not in years:
            faults.append(
                LineFault(
                    item.line,
                    _("%(day)s is outside the years asked for")
                    % {"day": item.day.isoformat()},
                )
            )
        elif item.day in days:
            faults.append(
                LineFault(
                    item.line,
                    _("%(day)s stands already in line %(line)s")
                    % {"day": item.day.isoformat(), "line": days[item.day].line},
                )
            )
        else:
            days[item.day] = item
    return DayFile(
        tuple(days[day] for day in sorted(days)),
        tuple(sorted(faults, key=lambda fault: fault.line)),
    )


# Tables.

_Row = tuple[int, list[str]]


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.strip().casefold())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


def _looks_dated(cell: str) -> bool:
    try:
        return read_day(cell) is not None
    except ValueError:
        return True


def _rows(text: str, delimiter: str) -> Iterator[_Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = reader.line_num + 1
            if line > MOST_LINES:
                raise DayFileError(_("The file has more than 20,000 lines."))
    except csv.Error as error:
        raise DayFileError(
            _("Line %(line)s cannot be read as a table.") % {"line": line}
        ) from error


def _delimiter(text: str) -> str:
    """Return the delimiter that gives the most lines with a date of their own cell."""
    lines = io.StringIO(text, newline=None).readlines(SAMPLE * 400)[:SAMPLE]

    def dated(delimiter: str) -> int:
        return sum(
            any(_looks_dated(cell.strip(' "')) for cell in line.split(delimiter))
            for line in lines
        )

    return max(DELIMITERS, key=dated)


def _read_table(text: str, years: range, only: str) -> DayFile:
    rows = list(_rows(text, _delimiter(text)))
    heading, name_at = "", None
    if rows and not any(map(_looks_dated, rows[0][1])):
        first = rows[0][1]
        titles = [_folded(cell) for cell in first]
        if len(rows) > 1 and set(titles) & (DATE_HEADINGS | NAME_HEADINGS):
            heading = " | ".join(filter(None, map(str.strip, first)))
            named = [at for at, title in enumerate(titles) if title in NAME_HEADINGS]
            name_at = named[0] if named else None
            rows = rows[1:]
    wanted = rows
    if only.strip():
        asked = _folded(only)
        wanted = [row for row in rows if asked in map(_folded, row[1])]
    found = _settled((_row_day(row, name_at) for row in wanted), years)
    return replace(found, heading=heading, passed_over=len(rows) - len(wanted))


def _row_day(row: _Row, name_at: int | None) -> FileDay | LineFault:
    line, cells = row
    try:
        at, day, rest = _dated_cell(cells)
        name = clean_name(rest or _name(cells, at, name_at))
    except ValueError as error:
        return LineFault(line, str(error))
    return FileDay(day, name, line)


def _dated_cell(cells: list[str]) -> tuple[int, date, str]:
    """Return where the date stands, the date, and what follows it in its cell."""
    for at, cell in enumerate(cells):
        day = read_day(cell)
        if day is not None:
            return at, day, ""
    # "24/06/2026 Sant Joan": a table of one column.
    first, _space, rest = cells[0].strip().partition(" ")
    day = read_day(first)
    if day is None:
        raise _FaultError(_("there is no date"))
    return 0, day, rest


def _name(cells: list[str], date_at: int, name_at: int | None) -> str:
    if name_at is not None:
        return cells[name_at] if name_at < len(cells) else ""
    after, before = cells[date_at + 1 :], cells[:date_at]
    for cell in [*after, *before]:
        if cell.strip() and not cell.strip().isnumeric():
            return cell
    return ""


# Events. The library reads what an event says; the file is cut into events here,
# because a fault has to name its line.

_Block = tuple[int, str]


def _read_events(text: str, years: range) -> Iterator[FileDay | LineFault]:
    for number, item in enumerate(_events(text)):
        if number >= MOST_EVENTS:
            raise DayFileError(_("The file has more than 2,000 events."))
        if isinstance(item, LineFault):
            yield item
            continue
        line, block = item
        try:
            yield from [
                FileDay(day, name, line) for day, name in _event_days(block, years)
            ]
        except _FaultError as fault:
            yield LineFault(line, str(fault))
        except UNREADABLE:
            yield LineFault(line, _("the event cannot be read"))


def _events(text: str) -> Iterator[_Block | LineFault]:
    """Yield the file's events with their first line; faults for what is none."""
    lines = io.StringIO(text, newline=None).read().split("\n")
    if len(lines) > MOST_LINES:
        raise DayFileError(_("The file has more than 20,000 lines."))
    begun = 0
    for number, content in enumerate(lines, start=1):
        word = content.rstrip().upper()  # a line that begins with a space is folded
        if begun and word == "END:VEVENT":
            yield begun, "\r\n".join([*lines[begun - 1 : number], ""])
            begun = 0
            continue
        if begun and word == "BEGIN:VEVENT":
            yield LineFault(begun, _("the event does not end"))
        if word == "BEGIN:VEVENT":
            begun = number
        elif word in NO_EVENTS:
            yield LineFault(number, _("this is no event"))
    if begun:
        yield LineFault(begun, _("the event does not end"))


def _event_days(block: str, years: range) -> list[tuple[date, str]]:
    event = _parsed(block)
    name = _summary(event)
    start = _start(event)
    length = _length(event, start)
    _refuse_the_rest(event)
    first_days = [start]
    if "RRULE" in event:
        first_days = _repeated(event, start, years)
    gone = _excepted(event)
    days = [
        first + timedelta(days=more)
        for first in first_days
        if first not in gone
        for more in range(length)
    ]
    if "RRULE" in event:
        days = [day for day in days if day.year in years]
    if not days:
        raise _FaultError(_("it gives no day of the years asked for"))
    return [(day, name) for day in days]


def _parsed(block: str) -> Any:
    event = Event.from_ical(block)
    if event.errors:
        names = ", ".join(sorted({str(name) for name, _fault in event.errors}))
        raise _FaultError(_("%(names)s cannot be read") % {"names": names})
    return event


def _one(event: Any, name: str) -> Any:
    """Return a property that may stand once."""
    value = event.get(name)
    if isinstance(value, list):
        raise _FaultError(_("%(name)s stands more than once") % {"name": name})
    return value


def _summary(event: Any) -> str:
    try:
        return clean_name(str(_one(event, "SUMMARY") or ""))
    except ValueError as error:
        raise _FaultError(str(error)) from None


def _whole_day(value: Any, name: str) -> date:
    moment = getattr(value, "dt", None)
    if isinstance(moment, datetime) or not isinstance(moment, date):
        raise _FaultError(
            _("%(name)s is no whole day, but has a time") % {"name": name}
        )
    return moment


def _start(event: Any) -> date:
    value = _one(event, "DTSTART")
    if value is None:
        raise _FaultError(_("DTSTART is missing"))
    start = _whole_day(value, "DTSTART")
    if not EARLIEST_YEAR <= start.year <= LATEST_YEAR:
        raise _FaultError(
            _("%(text)s is not between %(first)s and %(last)s")
            % {
                "text": start.isoformat(),
                "first": EARLIEST_YEAR,
                "last": LATEST_YEAR,
            }
        )
    return start


def _length(event: Any, start: date) -> int:
    """Return how many days an event lasts. Its end is the first day after it."""
    days = 1
    if "DTEND" in event:
        end = _whole_day(_one(event, "DTEND"), "DTEND")
        days = (end - start).days or 1  # many programs write an end on the same day
    elif "DURATION" in event:
        lasts = getattr(_one(event, "DURATION"), "dt", None)
        if not isinstance(lasts, timedelta) or lasts % timedelta(days=1):
            raise _FaultError(_("DURATION is no number of whole days"))
        days = lasts.days
    if not 1 <= days <= LONGEST_EVENT:
        raise _FaultError(_("it ends before it begins, or lasts more than two months"))
    return days


def _refuse_the_rest(event: Any) -> None:
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        raise _FaultError(_("the event is cancelled"))
    for name in ("RDATE", "RECURRENCE-ID", "EXRULE"):
        if name in event:
            raise _FaultError(
                _("%(name)s is not understood: write the days one by one")
                % {"name": name}
            )


def _repeated(event: Any, start: date, years: range) -> list[date]:
    rule = _one(event, "RRULE").copy()
    _refuse_rule(rule)
    if "UNTIL" in rule:
        # The library for rules takes no mixture of days and instants.
        rule["UNTIL"] = [_last(until) for until in rule["UNTIL"]]
    if "COUNT" not in rule:
        start = _later_start(start, rule.get("INTERVAL", [1])[0], years)
    first = datetime(years.start - 1, 1, 1)  # noqa: DTZ001 -- a day
    last = datetime(years.stop - 1, 12, 31)  # noqa: DTZ001 -- a day
    found = rrulestr(
        rule.to_ical().decode(), dtstart=datetime.combine(start, time.min)
    ).between(first, last, inc=True)
    return [moment.date() for moment in found]


def _later_start(start: date, interval: int, years: range) -> date:
    """
    Return a start just before the years, from which a rule gives the same days there.

    The library counts up from the start, which may lie a century back.
    """
    step = 4 * interval  # so that 29 February stays a day
    steps = max(0, (years.start - 1 - start.year) // step)
    try:
        return start.replace(year=start.year + steps * step)
    except ValueError:  # 29 February of 1900, 2100
        return start


def _refuse_rule(rule: Any) -> None:
    """
    Let only rules through that give a day at least every few years.

    The library would look for the next day of "30 February" until the year 9999.
    """
    months, days = rule.get("BYMONTH", []), rule.get("BYMONTHDAY", [])
    weekdays = [str(part) for part in rule.get("BYDAY", [])]
    if not (
        [str(part).upper() for part in rule["FREQ"]] == ["YEARLY"]
        and {part.upper() for part in rule} <= RULE_PARTS
        and all(part >= 1 for part in rule.get("INTERVAL", []))
        and all(1 <= month <= 12 for month in months)
        and all(1 <= day <= _longest(months) for day in days)
        and all(_NTH_WEEKDAY.fullmatch(weekday) for weekday in weekdays)
        and not (days and weekdays)
    ):
        raise _FaultError(
            _("a rule like this is not understood: write the days one by one")
        )


def _longest(months: list[int]) -> int:
    return max(monthrange(2024, month)[1] for month in months or [1])


def _last(until: Any) -> datetime:
    if isinstance(until, datetime):
        return until.replace(tzinfo=None)
    return datetime.combine(until, time.min)


def _excepted(event: Any) -> set[date]:
    parts = event.get("EXDATE", [])
    dates = [
        value
        for part in (parts if isinstance(parts, list) else [parts])
        for value in part.dts
    ]
    return {_whole_day(value, "EXDATE") for value in dates}

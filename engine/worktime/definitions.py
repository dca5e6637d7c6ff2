"""Reading a calendar's definition. Every message begins with the path of its fault."""

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.worktime.civil import WorktimeError, time_of_day

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Keeps a mistyped year from compiling ten thousand years of days.
_EARLIEST, _LATEST = date(1900, 1, 1), date(2200, 1, 1)

Hours: TypeAlias = tuple[tuple[int, int], ...]  # microseconds after midnight
Week: TypeAlias = tuple[Hours, ...]  # Monday first
Season: TypeAlias = tuple[tuple[int, int], tuple[int, int], Week]


class CalendarError(WorktimeError):
    """A calendar's definition is wrong; the message begins with the fault's path."""


class Level(StrEnum):
    """Who declares the holidays of a layer."""

    STATE = "state"
    REGION = "region"
    MUNICIPALITY = "municipality"
    OFFICE = "office"


@dataclass(frozen=True, slots=True)
class Holiday:
    """
    Why a day is neither open nor working.

    :param name: may be empty.
    :param code: of the layer's territory, such as ``ES-CT``.
    :param layer: the layer's own name.
    :param source: where it was published.
    """

    name: str
    level: Level = Level.OFFICE
    code: str = ""
    layer: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """What a calendar's definition says, read and checked."""

    zone: ZoneInfo
    known_from: date
    known_until: date
    weekly: Week
    working_weekdays: frozenset[int]
    holidays: Mapping[date, Holiday]
    seasons: tuple[Season, ...]
    overrides: Mapping[date, Hours]


def read_definition(value: object) -> Definition:
    """
    Read a calendar's JSON form (``docs/formats/charter.schema.json``).

    :raises CalendarError: beginning with the path of the fault.
    """
    source = _mapping("calendar", value)
    _refuse_unknown("calendar", source, _CALENDAR_KEYS)
    known_from = _known_day("known_from", source.get("known_from"))
    known_until = _known_day("known_until", source.get("known_until"))
    if known_until <= known_from:
        raise CalendarError("known_until: not after known_from")
    return Definition(
        zone=_zone(source.get("zone")),
        known_from=known_from,
        known_until=known_until,
        weekly=_week("weekly", source.get("weekly", {})),
        working_weekdays=_working_weekdays(
            source.get("working_weekdays", list(WEEKDAYS[:5]))
        ),
        holidays=_merged_holidays(source, range(known_from.year, known_until.year + 1)),
        seasons=_seasons(source.get("seasons", [])),
        overrides=_overrides(source.get("overrides", {})),
    )


def in_season(
    day: tuple[int, int], season_from: tuple[int, int], until: tuple[int, int]
) -> bool:
    """Tell whether a month and day lies in a part of the year (half-open)."""
    if season_from < until:
        return season_from <= day < until
    return day >= season_from or day < until  # over the new year


_CALENDAR_KEYS = frozenset(
    {
        "zone",
        "known_from",
        "known_until",
        "weekly",
        "working_weekdays",
        "holidays",
        "layers",
        "seasons",
        "overrides",
    }
)
_LAYER_KEYS = frozenset({"level", "code", "name", "source", "holidays", "working"})
_MONTH_DAY = re.compile(r"[0-9]{2}-[0-9]{2}", re.ASCII)
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_EVERY_YEAR = "*-"


# Values.


def _mapping(path: str, value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise CalendarError(f"{path}: not an object")
    return value


def _list(path: str, value: object) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        raise CalendarError(f"{path}: not a list")
    return value


def _text(path: str, value: object) -> str:
    if not isinstance(value, str):
        raise CalendarError(f"{path}: not text")
    return value


def _refuse_unknown(
    path: str, mapping: Mapping[str, object], known: frozenset[str]
) -> None:
    # A misspelt key would silently open the office on every holiday.
    for key in mapping:
        if key not in known:
            raise CalendarError(f"{path}.{key}: unknown key")


def _zone(value: object) -> ZoneInfo:
    if not isinstance(value, str):
        raise CalendarError("zone: not the name of a time zone")
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # OSError: "Europe" is a folder of the zone database.
        raise CalendarError(f"zone: {value!r} is not a known time zone") from None


def _day(path: str, value: object) -> date:
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise CalendarError(f"{path}: {value!r} is not a date such as 2025-01-06")


def _known_day(path: str, value: object) -> date:
    day = _day(path, value)
    if not _EARLIEST <= day <= _LATEST:
        raise CalendarError(f"{path}: {day} is not between {_EARLIEST} and {_LATEST}")
    return day


def _month_day(path: str, value: object) -> tuple[int, int]:
    if isinstance(value, str) and _MONTH_DAY.fullmatch(value):
        month, day = int(value[:2]), int(value[3:])
        # In a leap year, so that 29 February may be named.
        if 1 <= month <= 12 and 1 <= day <= monthrange(2000, month)[1]:
            return month, day
    raise CalendarError(f"{path}: {value!r} is not a month and day such as 06-15")


# Hours.


def _time(path: str, value: object) -> int:
    microseconds = time_of_day(value) if isinstance(value, str) else None
    if microseconds is None:
        raise CalendarError(f"{path}: {value!r} is not a time such as 09:00")
    return microseconds


def _interval(path: str, value: object) -> tuple[int, int]:
    pair = _list(path, value)
    if len(pair) != 2:
        raise CalendarError(f"{path}: not a pair of times")
    start, end = (_time(path, part) for part in pair)
    if start >= end:
        raise CalendarError(
            f"{path}: closes at or before it opens; hours past midnight are two"
            " intervals, the first until 24:00"
        )
    return start, end


def _day_hours(path: str, value: object) -> Hours:
    hours = tuple(
        _interval(f"{path}[{number}]", item)
        for number, item in enumerate(_list(path, value))
    )
    for number, (one, following) in enumerate(pairwise(hours), start=1):
        if following[0] < one[1]:
            raise CalendarError(
                f"{path}[{number}]: overlaps the interval before it, or comes earlier"
            )
    return hours


def _week(path: str, value: object) -> Week:
    week = _mapping(path, value)
    _refuse_unknown(path, week, frozenset(WEEKDAYS))
    return tuple(_day_hours(f"{path}.{name}", week.get(name, ())) for name in WEEKDAYS)


def _working_weekdays(value: object) -> frozenset[int]:
    days = set()
    for number, name in enumerate(_list("working_weekdays", value)):
        if not isinstance(name, str) or name not in WEEKDAYS:
            raise CalendarError(
                f"working_weekdays[{number}]: {name!r} is not one of "
                + ", ".join(WEEKDAYS)
            )
        days.add(WEEKDAYS.index(name))
    return frozenset(days)


def _overrides(value: object) -> dict[date, Hours]:
    return {
        _day(f"overrides.{key}", key): _day_hours(f"overrides.{key}", hours)
        for key, hours in _mapping("overrides", value).items()
    }


def _seasons(value: object) -> tuple[Season, ...]:
    seasons: list[Season] = []
    for number, item in enumerate(_list("seasons", value)):
        path = f"seasons[{number}]"
        season = _mapping(path, item)
        _refuse_unknown(path, season, frozenset({"from", "until", "weekly"}))
        season_from = _month_day(f"{path}.from", season.get("from"))
        until = _month_day(f"{path}.until", season.get("until"))
        if season_from == until:
            raise CalendarError(f"{path}: begins and ends on the same day")
        for other, (other_from, other_until, _) in enumerate(seasons):
            # Two stretches of the year meet if either one begins inside the other.
            if in_season(season_from, other_from, other_until) or in_season(
                other_from, season_from, until
            ):
                raise CalendarError(f"{path}: overlaps seasons[{other}]")
        seasons.append(
            (season_from, until, _week(f"{path}.weekly", season.get("weekly")))
        )
    return tuple(seasons)


# Holidays.


@dataclass(frozen=True, slots=True)
class _Layer:
    """What one layer changes in those before it."""

    pattern: Holiday  # without a name
    holidays: Mapping[date, str] = field(default_factory=dict)
    working: frozenset[date] = frozenset()


def _merged_holidays(source: Mapping[str, object], years: range) -> dict[date, Holiday]:
    layers = [
        _layer(f"layers[{number}]", item, years)
        for number, item in enumerate(_list("layers", source.get("layers", [])))
    ]
    own = source.get("holidays", {})
    if isinstance(own, list | tuple):
        named = {_day(f"holidays[{number}]", day): "" for number, day in enumerate(own)}
    else:
        named = _holidays("holidays", own, years)
    merged: dict[date, Holiday] = {}
    for layer in (*layers, _Layer(Holiday(""), named)):
        for day in layer.working:
            merged.pop(day, None)
        for day, name in layer.holidays.items():
            pattern = layer.pattern
            merged[day] = Holiday(
                name, pattern.level, pattern.code, pattern.layer, pattern.source
            )
    return merged


def _layer(path: str, value: object, years: range) -> _Layer:
    layer = _mapping(path, value)
    _refuse_unknown(path, layer, _LAYER_KEYS)
    level = layer.get("level")
    if not isinstance(level, str) or level not in set(Level):
        raise CalendarError(f"{path}.level: {level!r} is not one of {', '.join(Level)}")
    code, name, legal = (
        _text(f"{path}.{key}", layer.get(key, "")) for key in ("code", "name", "source")
    )
    holidays = _holidays(f"{path}.holidays", layer.get("holidays", {}), years)
    working = set()
    for number, item in enumerate(_list(f"{path}.working", layer.get("working", []))):
        day = _day(f"{path}.working[{number}]", item)
        if day in holidays:
            raise CalendarError(
                f"{path}.working[{number}]: {day} is a holiday of the same layer"
            )
        working.add(day)
    return _Layer(
        Holiday("", Level(level), code, name, legal), holidays, frozenset(working)
    )


def _holidays(path: str, value: object, years: range) -> dict[date, str]:
    """
    Read names by date.

    :param years: in which a holiday of every year (``*-12-25``) falls.
    """
    every_year: dict[date, str] = {}
    dated: dict[date, str] = {}
    for key, name in _mapping(path, value).items():
        if not isinstance(name, str):
            raise CalendarError(f"{path}.{key}: the name is not text")
        if key.startswith(_EVERY_YEAR):
            for day in _yearly(f"{path}.{key}", key.removeprefix(_EVERY_YEAR), years):
                every_year[day] = name
        else:
            dated[_day(f"{path}.{key}", key)] = name
    return every_year | dated  # what is said of one year says more than the rule


def _yearly(path: str, value: str, years: range) -> list[date]:
    month, day = _month_day(path, value)
    return [
        date(year, month, day) for year in years if day <= monthrange(year, month)[1]
    ]

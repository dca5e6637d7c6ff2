"""Reading a calendar's definition. Every message begins with the path of its fault."""

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.worktime.civil import SECOND, WorktimeError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Keeps a mistyped year from compiling ten thousand years of days.
_EARLIEST, _LATEST = date(1900, 1, 1), date(2200, 1, 1)

Hours: TypeAlias = tuple[tuple[int, int], ...]  # microseconds after midnight
Week: TypeAlias = tuple[Hours, ...]  # Monday first
Season: TypeAlias = tuple[tuple[int, int], tuple[int, int], Week]


class CalendarError(WorktimeError):
    """A calendar's definition is wrong; the message begins with the path of the fault."""


CALENDAR_KEYS = frozenset(
    {
        "zone",
        "known_from",
        "known_until",
        "weekly",
        "working_weekdays",
        "holidays",
        "seasons",
        "overrides",
    }
)
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00", re.ASCII)
_MONTH_DAY = re.compile(r"[0-9]{2}-[0-9]{2}", re.ASCII)
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def as_mapping(path: str, value: object) -> Mapping[str, object]:
    """Return the value if it is an object."""
    if not isinstance(value, Mapping):
        raise CalendarError(f"{path}: not an object")
    return value


def as_list(path: str, value: object) -> Sequence[object]:
    """Return the value if it is a list."""
    if not isinstance(value, list | tuple):
        raise CalendarError(f"{path}: not a list")
    return value


def refuse_unknown(
    path: str, mapping: Mapping[str, object], known: frozenset[str]
) -> None:
    """Allow no other keys."""
    # A misspelt key would silently open the office on every holiday.
    for key in mapping:
        if key not in known:
            raise CalendarError(f"{path}.{key}: unknown key")


def read_zone(value: object) -> ZoneInfo:
    """Return the zone of that name."""
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


def read_known_day(path: str, value: object) -> date:
    """Return a bound of what a calendar may know."""
    day = _day(path, value)
    if not _EARLIEST <= day <= _LATEST:
        raise CalendarError(f"{path}: {day} is not between {_EARLIEST} and {_LATEST}")
    return day


def _time(path: str, value: object) -> int:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise CalendarError(f"{path}: {value!r} is not a time such as 09:00")
    return (int(value[:2]) * 60 + int(value[3:])) * 60 * SECOND


def _interval(path: str, value: object) -> tuple[int, int]:
    pair = as_list(path, value)
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
        for number, item in enumerate(as_list(path, value))
    )
    for number, (one, following) in enumerate(pairwise(hours), start=1):
        if following[0] < one[1]:
            raise CalendarError(
                f"{path}[{number}]: overlaps the interval before it, or comes earlier"
            )
    return hours


def read_week(path: str, value: object) -> Week:
    """Return hours by weekday; a day left out is closed."""
    week = as_mapping(path, value)
    refuse_unknown(path, week, frozenset(WEEKDAYS))
    return tuple(_day_hours(f"{path}.{name}", week.get(name, ())) for name in WEEKDAYS)


def read_working_weekdays(value: object) -> frozenset[int]:
    """Return numbers of weekdays, Monday being 0."""
    days = set()
    for number, name in enumerate(as_list("working_weekdays", value)):
        if not isinstance(name, str) or name not in WEEKDAYS:
            raise CalendarError(
                f"working_weekdays[{number}]: {name!r} is not one of "
                + ", ".join(WEEKDAYS)
            )
        days.add(WEEKDAYS.index(name))
    return frozenset(days)


def read_holidays(value: object) -> dict[date, str]:
    """Return names by date; a list of dates has no names."""
    if isinstance(value, list | tuple):
        return {
            _day(f"holidays[{number}]", item): "" for number, item in enumerate(value)
        }
    holidays = {}
    for key, name in as_mapping("holidays", value).items():
        if not isinstance(name, str):
            raise CalendarError(f"holidays.{key}: the name is not text")
        holidays[_day(f"holidays.{key}", key)] = name
    return holidays


def read_overrides(value: object) -> dict[date, Hours]:
    """Return hours by date."""
    return {
        _day(f"overrides.{key}", key): _day_hours(f"overrides.{key}", hours)
        for key, hours in as_mapping("overrides", value).items()
    }


def _month_day(path: str, value: object) -> tuple[int, int]:
    if isinstance(value, str) and _MONTH_DAY.fullmatch(value):
        month, day = int(value[:2]), int(value[3:])
        # In a leap year, so that a season may begin on 29 February.
        if 1 <= month <= 12 and 1 <= day <= monthrange(2000, month)[1]:
            return month, day
    raise CalendarError(f"{path}: {value!r} is not a month and day such as 06-15")


def in_season(
    day: tuple[int, int], season_from: tuple[int, int], until: tuple[int, int]
) -> bool:
    """Tell whether a month and day lies in a part of the year (half-open)."""
    if season_from < until:
        return season_from <= day < until
    return day >= season_from or day < until  # over the new year


def read_seasons(value: object) -> tuple[Season, ...]:
    """Return the parts of the year with a week of their own; none may overlap."""
    seasons: list[Season] = []
    for number, item in enumerate(as_list("seasons", value)):
        path = f"seasons[{number}]"
        season = as_mapping(path, item)
        refuse_unknown(path, season, frozenset({"from", "until", "weekly"}))
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
            (season_from, until, read_week(f"{path}.weekly", season.get("weekly")))
        )
    return tuple(seasons)

"""
Public holidays of states, regions and towns, as the library *holidays* knows them.

Its lists are a help, not the law. Where the days are set anew each year by decree,
as in the regions of Spain, what it says of years to come is worked out by rule. It
leaves out holidays that lapse because they fall on a Sunday.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version

import holidays
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _, override

from engine.worktime import Level
from indicators.services.layers import ORDER, Layer

SOURCE = f"Python holidays {version('holidays')}"
# Countries whose administrations speak our languages, and their neighbours.
COUNTRY_NAMES: dict[str, Promise] = {
    "AD": _("Andorra"),
    "AR": _("Argentina"),
    "BO": _("Bolivia"),
    "BR": _("Brazil"),
    "CA": _("Canada"),
    "CH": _("Switzerland"),
    "CL": _("Chile"),
    "CO": _("Colombia"),
    "CR": _("Costa Rica"),
    "CU": _("Cuba"),
    "DO": _("Dominican Republic"),
    "EC": _("Ecuador"),
    "ES": _("Spain"),
    "FR": _("France"),
    "GB": _("United Kingdom"),
    "GT": _("Guatemala"),
    "HN": _("Honduras"),
    "IE": _("Ireland"),
    "IT": _("Italy"),
    "MT": _("Malta"),
    "MX": _("Mexico"),
    "NI": _("Nicaragua"),
    "PA": _("Panama"),
    "PE": _("Peru"),
    "PR": _("Puerto Rico"),
    "PT": _("Portugal"),
    "PY": _("Paraguay"),
    "SM": _("San Marino"),
    "SV": _("El Salvador"),
    "US": _("United States"),
    "UY": _("Uruguay"),
    "VA": _("Vatican City"),
    "VE": _("Venezuela"),
}
# In these countries a division of the library brings the feast of its capital's
# patron saint, which is kept in that town only; the divisions named are real regions.
TOWNS_EXCEPT = {
    "AD": frozenset[str](),
    "IT": frozenset({"BZ"}),
    "PT": frozenset({"20", "30"}),
}
# A town among regions, and the region whose days its list repeats.
REGION_OF_TOWN = {("ES", "Barcelona"): "CT"}
MOST_YEARS = 30  # a list is for looking through


class UnknownPlaceError(ValueError):
    """The library knows no such country, or no such division of it."""


@dataclass(frozen=True, slots=True)
class Division:
    """A part of a country: a region, a province or a town."""

    code: str
    name: str
    level: Level


@dataclass(frozen=True, slots=True)
class Found:
    """
    What the library says.

    :ivar layers: the state first, then its parts, each with what it adds or undoes.
    :ivar language: code of the language that the names are really in.
    :ivar unknown_years: years asked for of which the library knows nothing.
    """

    layers: tuple[Layer, ...]
    language: str
    unknown_years: tuple[int, ...]


@lru_cache(maxsize=1)
def _divisions_by_country() -> dict[str, list[str]]:
    known: dict[str, list[str]] = holidays.list_supported_countries(
        include_aliases=False
    )
    return known


def _list(
    country: str, division: str, years: Iterable[int], language: str | None
) -> "holidays.HolidayBase":
    return holidays.country_holidays(
        country,
        subdiv=division or None,
        years=list(years),
        language=language,
        expand=False,
        categories=("public",),
    )


def _days(
    country: str, division: str, years: Iterable[int], language: str | None
) -> dict[str, str]:
    found = _list(country, division, years, language)
    return {day.isoformat(): found[day] for day in sorted(found)}


def country_name(country: str, language: str) -> str:
    """Return a country's name in a language; its code if we have no name for it."""
    with override(language):
        return str(COUNTRY_NAMES.get(country, country))


@lru_cache(maxsize=32)
def divisions_of(country: str) -> tuple[Division, ...]:
    """
    Return the parts of a country that have public holidays of their own, by name.

    :param country: ISO 3166-1, two letters.
    :raises UnknownPlaceError: if the library does not know the country.
    """
    if country not in _divisions_by_country():
        raise UnknownPlaceError(country)
    # Some divisions differ in school holidays only. A few years, because a day that
    # falls on a Sunday is left out.
    years = range(2024, 2028)
    state = _list(country, "", years, None)
    aliases: dict[str, list[str]] = {}
    for alias, code in state.subdivisions_aliases.items():
        if not alias.isupper():
            aliases.setdefault(code, []).append(alias)
    found = [
        Division(
            code=code,
            name=" / ".join(aliases.get(code, [code])),
            level=_level(country, code),
        )
        for code in _divisions_by_country()[country]
        if set(_list(country, code, years, None)) != set(state)
    ]
    return tuple(sorted(found, key=lambda division: division.name.casefold()))


def _level(country: str, code: str) -> Level:
    if (country, code) in REGION_OF_TOWN:
        return Level.MUNICIPALITY
    if country in TOWNS_EXCEPT and code not in TOWNS_EXCEPT[country]:
        return Level.MUNICIPALITY
    return Level.REGION


def find_layers(
    *, country: str, divisions: Iterable[str], years: Iterable[int], language: str
) -> Found:
    """
    Return the public holidays of a state and of parts of it as layers.

    A part's layer holds what it adds to the layers above it; a day that they take
    off and the part does not is a working day there.

    :param country: ISO 3166-1, two letters.
    :param divisions: codes of :func:`divisions_of`; a town brings its region.
    :param years: at most 30.
    :param language: wanted for the names; else they are in the country's own.
    :raises UnknownPlaceError: if the library does not know the country or a part.
    """
    known = {division.code: division for division in divisions_of(country)}
    asked = set(divisions)
    asked |= {
        REGION_OF_TOWN[country, code]
        for code in asked
        if (country, code) in REGION_OF_TOWN
    }
    if not asked <= set(known):
        raise UnknownPlaceError(", ".join(sorted(asked - set(known))))
    wanted = sorted(set(years))[:MOST_YEARS]
    blank = _list(country, "", [], None)
    good = [year for year in wanted if blank.start_year <= year <= blank.end_year]
    code = _language_code(blank, language)
    spoken = (code or "en")[:2]
    state = Layer(
        Level.STATE,
        country,
        name=country_name(country, spoken),
        source=SOURCE,
        holidays=_days(country, "", good, code),
    )
    layers = [state]
    # Regions before towns: what a town repeats is its region's.
    parts = [division for division in known.values() if division.code in asked]
    for division in sorted(parts, key=lambda part: ORDER[part.level]):
        layers.append(_part(country, division, good, code, layers))
    return Found(tuple(layers), spoken, tuple(sorted(set(wanted) - set(good))))


def _part(
    country: str,
    division: Division,
    years: list[int],
    language: str | None,
    above: list[Layer],
) -> Layer:
    days = _days(country, division.code, years, language)
    taken: set[str] = set()
    for layer in above:
        if _is_above(country, layer, division):
            taken |= set(layer.holidays)
            taken -= layer.working
    return Layer(
        division.level,
        f"{country}-{division.code}",
        name=division.name,
        source=SOURCE,
        holidays={day: name for day, name in days.items() if day not in taken},
        working=frozenset(taken - set(days)),
    )


def _is_above(country: str, layer: Layer, division: Division) -> bool:
    if layer.level is Level.STATE:
        return True
    region = REGION_OF_TOWN.get((country, division.code))
    return region is not None and layer.code == f"{country}-{region}"


def _language_code(known: "holidays.HolidayBase", language: str) -> str | None:
    """Return the library's code for a language, else the country's own language."""
    for code in known.supported_languages:
        if code.split("_")[0] == language:
            return str(code)
    return known.default_language

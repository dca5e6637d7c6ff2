"""What the library of public holidays gives, as layers."""

import pytest

from engine.worktime import Level
from indicators.services.holidays import (
    SOURCE,
    UnknownPlaceError,
    country_name,
    divisions_of,
    find_layers,
)

# Ordre EMT/178/2025 and the state's resolution of 17 October 2025 (BOE-A-2025-21667).
STATE_2026 = {
    "2026-01-01", "2026-01-06", "2026-04-03", "2026-05-01", "2026-08-15",
    "2026-10-12", "2026-12-08", "2026-12-25",
}  # fmt: skip
CATALONIA_2026 = {"2026-04-06", "2026-06-24", "2026-09-11", "2026-12-26"}


def days(layer) -> set[str]:
    return set(layer.holidays)


def find(country="ES", divisions=(), years=(2026,), language="ca"):
    return find_layers(
        country=country, divisions=divisions, years=years, language=language
    )


def test_the_twelve_official_days_of_catalonia():
    found = find(divisions=["CT"])
    state, region = found.layers
    assert (state.level, state.code, state.name) == (Level.STATE, "ES", "Espanya")
    assert (region.level, region.code) == (Level.REGION, "ES-CT")
    assert days(state) == STATE_2026
    assert days(region) == CATALONIA_2026
    assert region.holidays["2026-06-24"] == "Sant Joan"
    assert {layer.source for layer in found.layers} == {SOURCE}
    assert (found.language, found.unknown_years) == ("ca", ())


def test_a_town_brings_its_region_and_repeats_nothing_of_it():
    state, region, town = find(divisions=["Barcelona"]).layers
    levels = [state.level, region.level, town.level]
    assert levels == ["state", "region", "municipality"]
    assert days(region) == CATALONIA_2026
    assert days(town) == {"2026-05-25", "2026-09-24"}
    assert days(find(divisions=["Barcelona", "CT"]).layers[2]) == days(town)


def test_the_nineteen_regions_and_towns_of_spain():
    found = divisions_of("ES")
    assert len([place for place in found if place.level is Level.REGION]) == 19
    assert [place.code for place in found if place.level is Level.MUNICIPALITY] == [
        "Barcelona"
    ]
    every = find(divisions=[place.code for place in found], years=range(2024, 2027))
    assert all(layer.holidays for layer in every.layers)
    assert all(not layer.working for layer in every.layers)


def test_patron_saints_of_italy_belong_to_towns():
    state, rome = find("IT", ["RM"], language="it").layers
    assert (state.name, rome.level) == ("Italia", Level.MUNICIPALITY)
    assert rome.holidays == {"2026-06-29": "Santi Pietro e Paolo"}
    levels = {place.code: place.level for place in divisions_of("IT")}
    assert levels["MI"] is Level.MUNICIPALITY
    assert levels["BZ"] is Level.REGION


@pytest.mark.parametrize(
    ("country", "language", "named", "spoken"),
    [
        ("ES", "ca", "Nativitat del Senyor", "ca"),
        ("ES", "es", "Natividad del Señor", "es"),
        ("ES", "en", "Christmas Day", "en"),
        ("ES", "it", "Natividad del Señor", "es"),
        ("IT", "it", "Natale", "it"),
        ("IT", "ca", "Natale", "it"),
        ("IT", "en", "Christmas Day", "en"),
        ("PT", "es", "Dia de Natal", "pt"),
        ("FR", "it", "Noël", "fr"),
        ("DO", "es", "Día de Navidad", "es"),
        ("NZ", "ca", "Christmas Day", "en"),
    ],
)
def test_names_are_in_the_language_asked_for_where_the_library_has_it(
    country, language, named, spoken
):
    found = find(country, language=language)
    assert found.layers[0].holidays["2026-12-25"] == named
    assert found.language == spoken


def test_a_region_may_work_on_a_day_of_the_state():
    """Hawaii has no Columbus Day."""
    state, hawaii = find("US", ["HI"], language="en").layers
    columbus = "2026-10-12"
    assert columbus in state.holidays
    assert hawaii.working == {columbus}
    assert columbus not in hawaii.holidays


def test_divisions_without_days_of_their_own_are_not_offered():
    """The zones of France differ in school holidays only."""
    assert {"57", "971"} < {place.code for place in divisions_of("FR")}
    assert not [place for place in divisions_of("FR") if "Zone" in place.name]
    assert divisions_of("DO") == ()


def test_years_that_the_library_does_not_know_are_told():
    found = find(years=[2007, 2026, 2101])
    assert found.unknown_years == (2007, 2101)
    assert days(found.layers[0]) == STATE_2026
    nothing = find(years=[2007])
    assert nothing.unknown_years == (2007,)
    assert nothing.layers[0].holidays == {}


def test_holidays_that_lapse_on_a_sunday_are_left_out():
    """1 November 2026 is a Sunday; seven regions move it to the Monday."""
    assert "2026-11-01" not in days(find().layers[0])
    assert "2026-11-02" in days(find(divisions=["MD"]).layers[1])


@pytest.mark.parametrize(("country", "division"), [("ZZ", ""), ("ES", "XX"), ("", "")])
def test_places_that_do_not_exist(country, division):
    with pytest.raises(UnknownPlaceError):
        find(country, [division])


def test_countries_without_a_name_of_ours_go_by_their_code():
    assert country_name("ES", "ca") == "Espanya"
    assert country_name("NZ", "ca") == "NZ"

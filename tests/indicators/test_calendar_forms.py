"""What an official types into the editor of a calendar."""

import json
from datetime import date

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.utils.translation import override
from hypothesis import given, strategies as st

from engine.worktime import Level, WorkCalendar as Compiled
from indicators.forms.calendars import (
    CalendarDraft,
    CalendarEditor,
    DraftError,
    ImportForm,
    LibraryForm,
    NewCalendarForm,
)
from indicators.forms.day_fields import (
    HolidaysField,
    OverridesField,
    WorkingDaysField,
    day_text,
    hours_text,
    read_hours,
)
from indicators.services.holidays import divisions_of
from indicators.services.layers import Layer
from tests.builders import OFFICE_HOURS

FULL = {
    "zone": "Europe/Madrid",
    "known_from": "2026-01-01",
    "known_until": "2027-01-01",
    "weekly": {
        "mon": [["09:00", "14:00"], ["16:00", "19:00"]],
        "sat": [["10:00", "24:00"]],
    },
    "working_weekdays": ["mon", "tue", "sat"],
    "holidays": {"*-05-22": "Santa Rita", "2026-12-24": ""},
    "overrides": {"2026-12-31": [["09:00", "12:00"]], "2026-08-14": []},
    "seasons": [
        {"from": "06-15", "until": "09-16", "weekly": {"mon": [["08:00", "14:00"]]}},
        {"from": "12-20", "until": "03-01", "weekly": {}},
    ],
    "layers": [
        {
            "level": "state",
            "code": "ES",
            "name": "Espanya",
            "source": "BOE",
            "holidays": {"*-12-25": "Nadal", "2026-01-06": "Reis"},
            "working": [],
        },
        {
            "level": "office",
            "code": "",
            "name": "",
            "source": "",
            "holidays": {},
            "working": ["2026-01-06"],
        },
    ],
}
DRAFT = CalendarDraft(3, {"ca": "Oficina"}, FULL)


@pytest.fixture(autouse=True)
def english():
    with override("en"):
        yield


def sent(draft: CalendarDraft, **typed) -> QueryDict:
    """What a browser sends when an editor is opened and something is typed."""
    editor = CalendarEditor(None, draft=draft)
    data = QueryDict(mutable=True)
    forms_of = [editor.main, *editor.seasons.forms, *editor.layers.forms]
    for form in [
        *forms_of,
        editor.seasons.management_form,
        editor.layers.management_form,
    ]:
        for bound in form:
            value = bound.value()
            if isinstance(bound.field, forms.DateField) and value:
                value = value.isoformat()
            if bound.name != "DELETE" and value is not None:
                data.setlist(
                    bound.html_name,
                    value if isinstance(value, list | tuple) else [str(value)],
                )
    for name, value in typed.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return data


def edited(draft: CalendarDraft = DRAFT, **typed) -> CalendarEditor:
    return CalendarEditor(sent(draft, **typed), draft=draft)


def faults(editor: CalendarEditor) -> list[tuple[str, str]]:
    assert not editor.is_valid()
    return [(fault.anchor, fault.message) for fault in editor.faults]


# --- hours and days --------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("", []),
        ("09:00-14:00", [["09:00", "14:00"]]),
        ("9-14", [["09:00", "14:00"]]),
        ("9.30 – 14.15 ; 16h-19h30", [["09:30", "14:15"], ["16:00", "19:30"]]),
        ("9h — 14 h", [["09:00", "14:00"]]),
        ("0:00-24:00", [["00:00", "24:00"]]),
        ("9-14, 14-15", [["09:00", "14:00"], ["14:00", "15:00"]]),
    ],
)
def test_hours_in_many_hands(text, hours):
    assert read_hours(text) == hours


@pytest.mark.parametrize(
    "text",
    ["9", "9-25", "14-9", "9-9", "9:60-10", "9-14-16", "tancat", "9-24:01", "٩-١٤"],
)
def test_what_is_no_interval(text):
    with pytest.raises(ValidationError, match="is no interval"):
        read_hours(text)


@pytest.mark.parametrize("text", ["9-14, 13-15", "16-19, 9-14"])
def test_intervals_in_disorder(text):
    with pytest.raises(ValidationError, match="begins before"):
        read_hours(text)


INTERVALS = st.lists(st.integers(0, 24 * 60), min_size=0, max_size=8, unique=True).map(
    lambda moments: [
        [f"{moment // 60:02}:{moment % 60:02}" for moment in pair]
        for pair in zip(*[iter(sorted(moments))] * 2, strict=False)
    ]
)


@given(INTERVALS)
def test_hours_are_read_as_they_are_written(hours):
    assert read_hours(hours_text(hours)) == hours


@given(st.text("0123456789:-., h;", max_size=20))
def test_any_hours_are_hours_or_refused(text):
    try:
        hours = read_hours(text)
    except ValidationError:
        return
    Compiled.from_definition(OFFICE_HOURS | {"weekly": {"mon": hours}})


YEARLY = st.dates(date(2024, 1, 1), date(2024, 12, 31)).map("*-{:%m-%d}".format)
DATED = st.dates(date(1900, 1, 1), date(2199, 12, 31)).map(date.isoformat)
NAMES = st.text("abcàç'··. -", max_size=12).map(lambda name: " ".join(name.split()))


@given(st.dictionaries(YEARLY | DATED, NAMES.map(lambda n: n.lstrip(";, "))))
def test_holidays_are_read_as_they_are_written(holidays):
    field = HolidaysField(rows=3)
    assert field.clean(field.prepare_value(holidays)) == holidays


@given(st.dictionaries(DATED, INTERVALS))
def test_overrides_are_read_as_they_are_written(overrides):
    field = OverridesField(rows=3)
    assert field.clean(field.prepare_value(overrides)) == overrides


@given(st.text(max_size=60))
def test_any_lines_are_days_or_refused(text):
    for field in (
        HolidaysField(rows=1),
        WorkingDaysField(rows=1),
        OverridesField(rows=1),
    ):
        try:
            found = field.clean(text)
        except ValidationError:
            continue
        assert all(isinstance(day, str) for day in found)


def test_each_line_that_is_no_day_is_named():
    with pytest.raises(ValidationError) as caught:
        HolidaysField(rows=1).clean(
            "24/06/2026 Sant Joan\n\nSant Esteve\n31/02/2026 x\n30/02 y\n"
            "2026-06-24, Joan\n25/12\n" + f"26/12 {'x' * 201}"
        )
    assert caught.value.messages == [
        "Line 3: there is no date",
        "Line 4: 31/02/2026 is no day",
        "Line 5: 30/02 is no day",
        "Line 6: this day stands twice",
        "Line 8: the name is too long",
    ]


def test_days_of_every_year_are_for_holidays_only():
    assert HolidaysField(rows=1).clean("25/12 Nadal\n*-12-26 St") == {
        "*-12-25": "Nadal",
        "*-12-26": "St",
    }
    for field in (WorkingDaysField(rows=1), OverridesField(rows=1)):
        with pytest.raises(ValidationError, match="no date"):
            field.clean("25/12")


def test_lines_of_hours_say_what_is_wrong():
    with pytest.raises(ValidationError) as caught:
        OverridesField(rows=1).clean("24/12/2026 9-12\n31/12/2026 migdia\n")
    assert caught.value.messages == [
        "Line 2: “migdia” is no interval of a day, such as 09:00-14:00."
    ]
    assert day_text("*-06-24") == "24/06"


# --- the editor -----------------------------------------------------------------


@pytest.mark.parametrize(
    "definition",
    [
        FULL,
        OFFICE_HOURS,
        {"zone": "UTC", "known_from": "2026-01-01", "known_until": "2026-01-02"},
        OFFICE_HOURS | {"holidays": ["2026-12-25"]},
    ],
)
def test_opened_and_sent_a_calendar_says_the_same(definition):
    draft = CalendarDraft(1, {"ca": "x"}, definition)
    editor = edited(draft)
    assert editor.is_valid(), editor.faults
    before, after = map(Compiled.from_definition, (definition, editor.definition()))
    assert after.definition == before.definition
    again = editor.typed()
    assert edited(again).is_valid()
    assert CalendarEditor(sent(again), draft=again).main.is_valid()


def test_a_full_calendar_comes_back_to_the_letter():
    editor = edited()
    assert editor.is_valid(), editor.faults
    assert editor.typed() == DRAFT


def test_a_season_is_typed_with_both_its_days():
    editor = edited(
        **{
            "seasons-2-first_day": "1",
            "seasons-2-first_month": "10",
            "seasons-2-last_day": "31",
            "seasons-2-last_month": "10",
            "seasons-2-hours_tue": "8-15",
            "seasons-0-DELETE": "on",
        }
    )
    assert editor.is_valid(), editor.faults
    assert editor.definition()["seasons"] == [
        FULL["seasons"][1],
        {"from": "10-01", "until": "11-01", "weekly": {"tue": [["08:00", "15:00"]]}},
    ]


def test_layers_are_put_in_order_and_taken_out():
    editor = edited(
        **{
            "layers-2-level": "region",
            "layers-2-code": "ES-CT",
            "layers-2-days": "24/06/2026 Sant Joan",
            "layers-1-DELETE": "on",
        }
    )
    assert editor.is_valid(), editor.faults
    assert [layer["level"] for layer in editor.definition()["layers"]] == [
        "state",
        "region",
    ]


@pytest.mark.parametrize(
    ("typed", "anchor", "message"),
    [
        ({"zone": "Mars"}, "id_zone", "There is no time zone of this name."),
        ({"zone": "../x"}, "id_zone", "There is no time zone of this name."),
        (
            {"last_day": "2025-12-31"},
            "id_last_day",
            "It must come after the first day.",
        ),
        ({"known_from": "1890-01-01"}, "id_known_from", "Choose a year between"),
        ({"name_ca": ""}, "id_name_ca", "Give it a name"),
        ({"hours_fri": "9-25"}, "id_hours_fri", "is no interval"),
        ({"holidays": "x"}, "id_holidays", "Line 1: there is no date"),
        ({"overrides": "x"}, "id_overrides", "Line 1: there is no date"),
        ({"seasons-0-last_day": ""}, "id_seasons-0-first_day", "first and the last"),
        ({"seasons-0-last_day": "31"}, "id_seasons-0-last_day", "no such day"),
        (
            {"seasons-0-last_month": "1", "seasons-0-last_day": "5"},
            "seasons",
            "overlap",
        ),
        ({"layers-0-days": "zz"}, "id_layers-0-days", "Line 1"),
        ({"layers-0-working": "06/01/2026"}, "id_layers-0-working", "is a holiday of"),
        ({"layers-1-level": "state", "layers-1-code": "ES"}, "layers", "Two layers"),
        ({"layers-1-level": "world"}, "id_layers-1-level", "valid choice"),
    ],
)
def test_faults_lead_to_their_place(typed, anchor, message):
    [(found_anchor, found_message)] = faults(edited(**typed))
    assert found_anchor == anchor
    assert message in found_message


def test_a_season_of_the_whole_year_is_none():
    whole = {
        "seasons-1-first_day": "1",
        "seasons-1-first_month": "1",
        "seasons-1-last_day": "31",
        "seasons-1-last_month": "12",
        "seasons-0-DELETE": "on",
    }
    assert faults(edited(**whole)) == [
        ("seasons", "Two seasons overlap, or one is the whole year.")
    ]


# --- a draft travels --------------------------------------------------------------


def test_a_draft_comes_back_as_it_went():
    assert CalendarDraft.unpacked(DRAFT.packed()) == DRAFT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        "1",
        json.dumps({"number": "x", "name": {}, "definition": OFFICE_HOURS}),
        json.dumps({"number": 1, "name": [], "definition": OFFICE_HOURS}),
        json.dumps({"number": 1, "name": {}, "definition": {"zone": "UTC"}}),
        json.dumps({"number": 1, "name": {"ca": "a\x00b"}, "definition": OFFICE_HOURS}),
    ],
)
def test_what_is_no_draft(text):
    with pytest.raises(DraftError):
        CalendarDraft.unpacked(text)


# --- beside the editor --------------------------------------------------------------


def library(**typed) -> LibraryForm:
    data = {
        "country": "ES",
        "divisions": ["CT"],
        "from_year": "2026",
        "to_year": "2027",
        "language": "ca",
    } | typed
    query = QueryDict(mutable=True)
    for name, value in data.items():
        query.setlist(name, value if isinstance(value, list) else [value])
    return LibraryForm(query, own_country="ES", divisions=divisions_of("ES"))


def test_years_come_in_their_order_and_are_not_too_many():
    form = library()
    assert form.is_valid()
    assert form.years() == range(2026, 2028)
    for first, last in (("2027", "2026"), ("2000", "2030"), ("x", "2026")):
        assert not library(from_year=first, to_year=last).is_valid()
    assert library(from_year="2000", to_year="2029").is_valid()


def test_only_divisions_of_the_country_can_be_chosen():
    assert not library(divisions=["RM"]).is_valid()
    assert library(divisions=[]).is_valid()
    names = dict(library().fields["country"].choices)
    assert str(names["DO"]) == "Dominican Republic"
    own = LibraryForm(own_country="NZ", divisions=())
    assert ("NZ", "NZ") in own.fields["country"].choices


def test_a_file_goes_into_a_layer_that_is_there_or_a_new_one():
    present = Layer(Level.REGION, "ES-CT", "Catalunya", "DOGC 2025")

    def target(**typed) -> Layer:
        form = ImportForm(
            {"from_year": "2026", "to_year": "2026", "level": "municipality"} | typed,
            {"file": SimpleUploadedFile("days.csv", b"x")},
            layers=[present],
        )
        assert form.is_valid(), form.errors
        return form.target()

    assert target(layer="region/ES-CT") == present
    assert target(layer="region/ES-CT", source="DOGC 2026").source == "DOGC 2026"
    assert target(code="08101", name="Vila", source="BOP") == Layer(
        Level.MUNICIPALITY, "08101", "Vila", "BOP"
    )


def test_a_new_calendar_has_a_code_and_a_name():
    def form(**typed) -> NewCalendarForm:
        return NewCalendarForm(
            {"code": "office", "name_ca": "Oficina"} | typed,
            calendars=[("library", "Library")],
        )

    assert form().is_valid()
    assert form(copied="library").is_valid()
    assert form(copied="other").errors.keys() == {"copied"}
    assert form(code="amb accent").errors.keys() == {"code"}
    assert form(name_ca=" ").errors.keys() == {"name_ca"}

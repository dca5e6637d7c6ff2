"""The calendars in the office: looked at, edited, previewed, saved."""

import json
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from indicators.forms.calendars import CalendarDraft
from indicators.models import CalendarVersion, WorkCalendar
from indicators.services import figures
from indicators.services.calendars import open_calendar, put_calendar, save_calendar
from tests import builders
from tests.builders import NOW, OFFICE_HOURS
from tests.indicators.helpers import request, send
from tests.web.office.pages import OFFICE, fields, words

LIST = f"{OFFICE}calendars/"
PAGE = f"{LIST}office/"
EDITOR, PREVIEW = f"{PAGE}edit/", f"{PAGE}preview/"
LIBRARY, IMPORT = f"{PAGE}library/", f"{PAGE}import/"
DAYS = ("mon", "tue", "wed", "thu", "fri")
YEAR = OFFICE_HOURS | {
    "known_from": "2026-01-01",
    "known_until": "2027-01-01",
    "seasons": [
        {
            "from": "06-15",
            "until": "09-16",
            "weekly": {day: [["08:00", "14:00"]] for day in DAYS},
        }
    ],
    "overrides": {"2026-12-24": [["09:00", "12:00"]], "2026-08-14": []},
    "layers": [
        {
            "level": "state",
            "code": "ES",
            "name": "Espanya",
            "source": "https://www.boe.es/",
            "holidays": {"2026-05-01": "Festa del Treball", "2026-06-24": "Sant Joan"},
            "working": [],
        },
        {
            "level": "municipality",
            "code": "08101",
            "name": "Vila",
            "source": "BOP 12/2025",
            "holidays": {"2026-08-05": ""},
            "working": ["2026-06-24"],
        },
    ],
}


@pytest.fixture
def steward(at_work) -> Client:
    return at_work("DATA_STEWARD")


@pytest.fixture
def office(charter, town) -> WorkCalendar:
    """The library's calendar, which knows 2026."""
    put_calendar(organisation=town, code="office", name={}, definition=YEAR, at=NOW)
    return town.calendars.get()


def sent(client, url: str = EDITOR, **typed):
    """What the editor's form would send if this were typed."""
    return fields(client.get(url)) | typed


def draft(definition=YEAR, number: int = 2, **name) -> str:
    return CalendarDraft(number, name or {"ca": "Oficina"}, definition).packed()


def newest(calendar) -> CalendarVersion:
    return calendar.versions.latest("number")


# --- the list -------------------------------------------------------------------


def test_the_list_says_how_far_calendars_reach_and_who_counts(at_work, office, town):
    page = words(at_work("AUDITOR").get(LIST))
    assert "Office (ca) office, version 2 31 December 2026" in page
    assert "It ends in 59 days, on 31 December 2026." in page
    assert "Charter library (ca)" in page
    assert "The term to answer claims" in page
    assert "New calendar" not in page


def test_the_list_warns_of_terms_that_run_too_far(steward, office, town):
    definition = YEAR | {"known_until": "2026-11-10"}
    put_calendar(
        organisation=town, code="office", name={}, definition=definition, at=NOW
    )
    page = words(steward.get(LIST))
    assert "It ends in 7 days, on 9 November 2026." in page
    assert (
        "IND-1: a case that begins now would be due beyond its last day "
        "(10 working days)." in page
    )
    assert "Claims: one that is filed now would be due beyond its last day" in page
    definition = YEAR | {"known_until": "2026-10-10"}
    put_calendar(
        organisation=town, code="office", name={}, definition=definition, at=NOW
    )
    assert "It ended on 9 October 2026: no later day is known." in words(
        steward.get(PAGE)
    )
    type(town).objects.update(claim_term={"amount": "x"})
    assert "Claims:" not in words(steward.get(PAGE))


def test_the_list_warns_of_years_without_holidays(steward, charter, town):
    page = words(steward.get(LIST))
    assert "It has no holiday in these years: 2024–2025, 2027–2059." in page
    always = OFFICE_HOURS | {
        "working_weekdays": [*DAYS, "sat", "sun"],
        "holidays": {},
    }
    put_calendar(organisation=town, code="office", name={}, definition=always, at=NOW)
    assert "no holiday in these years" not in words(steward.get(LIST))


def test_an_empty_list_says_what_calendars_are_for(steward, town):
    page = words(steward.get(LIST))
    assert "There is no calendar yet" in page
    assert "New calendar" in page


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_costs_the_same_whatever_its_length(at_work, charter, town, rows):
    steward = builders.person("ADMINISTRATOR", of=town)
    for number in range(rows):
        open_calendar(
            organisation=town, code=f"c{number}", name={"ca": "C"},
            definition=YEAR, by=steward, at=NOW,
        )  # fmt: skip
    client = at_work("AUDITOR")
    with CaptureQueriesContext(connection) as queries:
        assert client.get(LIST).status_code == 200
    # Session, user, organisation, roles; versions and rules.
    assert len(queries) == 6


# --- a year ---------------------------------------------------------------------


def test_a_year_at_a_glance(at_work, office):
    page = at_work("DRAFTER").get(PAGE)
    text = words(page)
    assert "2026: 256 working days" in text
    assert "Friday, 1 May 2026 Festa del Treball State: Espanya" in text
    assert "Wednesday, 5 August 2026 (no name) Municipality: Vila BOP 12/2025" in text
    assert "Wednesday, 24 June 2026 Working day after all Municipality: Vila" in text
    assert "Friday, 25 December 2026 Nadal Office" in text
    assert '<a class="break" href="https://www.boe.es/">' in page.content.decode()
    assert "Thursday, 24 December 2026 : working day, open 09:00‑12:00" in text
    assert "Friday, 14 August 2026 : working day, closed" in text
    assert "15 June – 15 September The rest of the year" in text
    assert "Monday yes 08:00‑14:00 09:00‑14:00" in text
    assert "Saturday no closed closed" in text
    assert "Edit" not in text


def test_every_special_day_has_words_in_its_month(steward, office):
    html = steward.get(PAGE).content.decode()
    june = html[html.index("June") : html.index("July")]
    assert '<td class="day-works">' in june
    assert "working day, open 08:00‑14:00" in june
    december = html[html.index("December") :]
    assert december.index("holiday: Nadal") > december.index('class="day-hours"')
    assert html.count('<table class="month">') == 12
    assert html.count('aria-current="date"') == 1


def test_years_outside_what_is_known(steward, office, town):
    page = words(steward.get(f"{PAGE}?year=1999"))
    assert "2026: 256 working days" in page
    for year in ("2030", "x", "²"):
        assert "Holidays of 2026" in words(steward.get(f"{PAGE}?year={year}"))
    half = YEAR | {"known_from": "2025-12-01", "known_until": "2027-02-01"}
    put_calendar(organisation=town, code="office", name={}, definition=half, at=NOW)
    page = words(steward.get(f"{PAGE}?year=2027"))
    assert "2027: 21 working days" in page
    assert page.count("not known") > 300
    assert "It has no holiday in this year." in page
    assert "2026" in page


def test_older_versions_are_shown_as_such(steward, office, town):
    save_calendar(
        calendar=office, number=2, name={"ca": "Oficina"}, definition=OFFICE_HOURS,
        reason="Calendari del 2026", by=builders.person("ADMINISTRATOR", of=town),
        at=NOW,
    )  # fmt: skip
    page = words(steward.get(PAGE))
    assert "Version 3 (Administrator of vila) Calendari del 2026" in page
    assert "Edit" in page
    page = words(steward.get(f"{PAGE}?version=2"))
    assert "This is version 2, which is not in use any more: version 3 is." in page
    assert "Edit" not in page
    for version in ("0", "9", "x", "²", "9" * 30):
        assert steward.get(f"{PAGE}?version={version}").status_code == 404


def test_calendars_that_do_not_exist(steward, office, town):
    WorkCalendar.objects.create(organisation=town, code="mut")
    for code in ("nothing", "mut", "%00"):
        assert steward.get(f"{LIST}{code}/").status_code == 404


def test_a_year_costs_a_fixed_number_of_queries(steward, office):
    with CaptureQueriesContext(connection) as queries:
        steward.get(PAGE)
    # Session, user, organisation, roles; calendar, version; versions and rules of
    # all; history, its audit trail, its people.
    assert len(queries) == 10


# --- beginning ------------------------------------------------------------------


def test_a_calendar_begins_with_this_year(steward, town):
    answer = steward.post(f"{OFFICE}new-calendar/", {"code": "oac", "name_ca": "OAC"})
    assert answer.url == f"{LIST}oac/edit/"
    version = CalendarVersion.objects.get()
    assert version.definition == {
        "zone": "Europe/Madrid",
        "known_from": "2026-01-01",
        "known_until": "2027-01-01",
        "weekly": {},
        "working_weekdays": list(DAYS),
    }
    assert version.calendar.name == {"ca": "OAC"}


def test_a_calendar_begins_as_a_copy(steward, office, town):
    typed = {"code": "oac", "name_es": "OAC", "copied": "office"}
    assert steward.post(f"{OFFICE}new-calendar/", typed).status_code == 302
    assert town.calendars.get(code="oac").versions.get().definition == YEAR


def test_a_code_that_is_taken_is_refused(steward, office):
    answer = steward.post(
        f"{OFFICE}new-calendar/", {"code": "office", "name_ca": "Una altra"}
    )
    assert "There is already a calendar with this code." in words(answer)


# --- editing --------------------------------------------------------------------


def test_the_editor_shows_what_the_calendar_says(steward, office):
    typed = sent(steward)
    assert typed["known_from"] == ["2026-01-01"]
    assert typed["last_day"] == ["2026-12-31"]
    assert typed["hours_mon"] == ["09:00-14:00"]
    assert typed["overrides"] == ["14/08/2026\n24/12/2026 09:00-12:00"]
    assert typed["layers-0-days"] == [
        "01/05/2026 Festa del Treball\n24/06/2026 Sant Joan"
    ]
    assert typed["layers-1-working"] == ["24/06/2026"]
    assert typed["seasons-0-last_month"] == ["9"]


def test_a_change_is_previewed_and_saved(steward, office):
    preview = steward.post(
        PREVIEW, sent(steward, holidays="25/12/2026 Nadal\n02/11/2026 Pont")
    )
    page = words(preview)
    assert "Look before you save" in page
    # The day that is new, and the two that are gone.
    assert "Monday, 2 November 2026 working day, open 09:00‑14:00 holiday: Pont" in page
    assert "Thursday, 1 January 2026 holiday: Any nou working day" in page
    assert "No case would change." in page
    assert newest(office).number == 2

    refused = steward.post(PREVIEW, fields(preview) | {"save": "1", "reason": " "})
    assert "This field is required." in words(refused)
    assert newest(office).number == 2

    answer = steward.post(
        PREVIEW, fields(refused) | {"save": "1", "reason": "Pont aprovat"}, follow=True
    )
    assert "Version 3 is saved." in words(answer)
    assert "Pont aprovat" in words(answer)
    assert newest(office).definition["holidays"] == {
        "2026-11-02": "Pont",
        "2026-12-25": "Nadal",
    }


def test_faults_bring_the_editor_back_as_typed(steward, office):
    for url in (PREVIEW, LIBRARY, IMPORT):
        answer = steward.post(url, sent(steward, hours_mon="9 a 14", holidays="x"))
        page = words(answer)
        assert "There is something to correct" in page
        assert "Line 1: there is no date" in page
        assert fields(answer)["hours_mon"] == ["9 a 14"]
        assert 'href="#id_hours_mon"' in answer.content.decode()


def test_a_draft_goes_back_to_the_editor(steward, office):
    answer = steward.post(EDITOR, {"draft": draft(YEAR | {"holidays": {}}, ca="Nou")})
    assert fields(answer)["holidays"] == [""]
    assert fields(answer)["name_ca"] == ["Nou"]
    assert newest(office).number == 2


@pytest.mark.parametrize("url", [EDITOR, PREVIEW, LIBRARY, IMPORT])
def test_what_is_no_draft_is_refused(steward, office, url):
    for text in ("", "{}", draft(YEAR | {"zone": "Mars"}), draft() + "\\u0000"):
        assert steward.post(url, {"draft": text}).status_code == 400


def test_changes_are_put_together(steward, office):
    hours = {day: [["10:00", "14:00"]] for day in DAYS}
    changed = YEAR | {"weekly": hours, "known_until": "2028-01-01"}
    page = words(steward.post(PREVIEW, {"draft": draft(changed)}))
    assert "365 days, 1 January 2027 – 31 December 2027 not known known: 261" in page
    assert "189 days, 2 January 2026 – 31 December 2026" in page
    assert "and 89 more" in page
    assert "working day, open 09:00‑14:00 working day, open 10:00‑14:00" in page
    assert "It has no holiday in these years: 2027." in page
    shorter = YEAR | {"known_until": "2026-12-01"}
    page = words(steward.post(PREVIEW, {"draft": draft(shorter)}))
    assert "31 days, 1 December 2026 – 31 December 2026 known: 22" in page


def test_names_alone_change_no_day(steward, office):
    page = words(steward.post(PREVIEW, {"draft": draft(YEAR, ca="Un altre nom")}))
    assert "No day changes: only names, sources or the order of things." in page
    same = CalendarDraft(2, office.name, YEAR).packed()
    assert "Nothing changes." in words(steward.post(PREVIEW, {"draft": same}))


def test_a_change_says_what_becomes_of_cases(steward, office):
    """Opened on Monday 19 October; the tenth working day after it is 2 November."""
    send(*request("open", "2026-10-19"), *request("done", "2026-10-01", "2026-10-15"))
    figures.refresh(at=NOW)
    changed = YEAR | {"holidays": YEAR["holidays"] | {"2026-10-30": "Pont"}}
    page = words(steward.post(PREVIEW, {"draft": draft(changed)}))
    assert "Charter library (ca) 0 0 1 0 0" in page
    assert "in time (due by 2 November 2026) in time (due by 3 November 2026)" in page
    assert "No final figure is concerned." in page


# --- two people at once -----------------------------------------------------------


def test_a_save_that_comes_too_late_shows_both(steward, office, town):
    preview = steward.post(PREVIEW, sent(steward, overrides="31/12/2026 9-12"))
    save_calendar(
        calendar=office, number=2, name={"ca": "Oficina"},
        definition=YEAR | {"known_until": "2027-06-01"}, reason="Mig any més",
        by=builders.person("ADMINISTRATOR", of=town), at=NOW,
    )  # fmt: skip
    late = steward.post(PREVIEW, fields(preview) | {"save": "1", "reason": "Fi d'any"})
    page = words(late)
    assert late.status_code == 409
    assert "Somebody else has saved this calendar meanwhile" in page
    theirs, mine = page.split("Days that change", 1)
    assert "1 January 2027 – 31 May 2027 not known" in theirs
    assert "1 January 2027 – 31 May 2027 known: " in mine
    assert "Thursday, 31 December 2026 working day, open 09:00‑14:00" in mine
    assert newest(office).number == 3
    assert "Save mine over it" in page
    # Having seen it, one may.
    again = steward.post(PREVIEW, fields(late) | {"save": "1", "reason": "Fi d'any"})
    assert again.status_code == 302
    assert newest(office).number == 4


def test_a_draft_of_a_version_that_never_was_is_stale(steward, office):
    answer = steward.post(
        PREVIEW, {"draft": draft(number=99), "save": "1", "reason": "x"}
    )
    assert answer.status_code == 409
    assert "What the other person changed" not in words(answer)


# --- holidays from the library ------------------------------------------------------


def find(client, **typed):
    opened = fields(client.get(LIBRARY))
    return client.post(LIBRARY, opened | {"find": "1", "divisions": ["CT"]} | typed)


def test_the_library_offers_the_region_of_the_organisation(steward, office, town):
    type(town).objects.update(subdivision="CT")
    opened = fields(steward.get(LIBRARY))
    assert opened["country"] == ["ES"]
    assert opened["divisions"] == ["CT"]
    assert (opened["from_year"], opened["to_year"]) == (["2026"], ["2026"])
    assert opened["language"] == ["ca"]


def test_another_country_has_other_regions(steward, office):
    answer = steward.post(LIBRARY, {"draft": draft(), "country": "IT", "look": "1"})
    assert "Milano" in words(answer)
    answer = steward.post(LIBRARY, {"draft": draft(), "country": "DO", "look": "1"})
    assert "The library knows no parts of this country" in words(answer)
    answer = steward.post(LIBRARY, {"draft": draft(), "country": "ZZ", "look": "1"})
    assert answer.status_code == 200
    answer = find(steward, country="ZZ")
    assert "Select a valid choice" in words(answer)


def test_days_of_the_library_are_offered_one_by_one(steward, office):
    page = words(find(steward))
    assert "State: Espanya Source: Python holidays" in page
    assert "Friday, 1 May 2026: Festa del Treball already there" in page
    assert "Friday, 11 September 2026: Diada Nacional de Catalunya" in page
    assert "Years to come are worked out by rule" not in page
    # The state's layer has 24 June, which is not the state's.
    assert "In the layer now, but not in this list" in page
    assert "Wednesday, 24 June 2026: Sant Joan They stay" in page
    assert "3 of these days are now among the office's own holidays" in page


def test_years_to_come_are_marked_as_a_forecast(steward, office):
    page = words(find(steward, to_year="2027"))
    assert "Years to come are worked out by rule" in page
    page = words(find(steward, from_year="2000", to_year="2026"))
    assert "knows nothing of these years: 2000, 2001, 2002" in page
    page = words(find(steward, from_year="2000", to_year="2001"))
    assert "There is no day to take." in page


def test_chosen_days_go_into_the_draft(steward, office):
    offered = fields(find(steward))
    assert len(offered["day"]) == 12
    kept = [day for day in offered["day"] if not day.endswith("-12-26")]
    answer = steward.post(LIBRARY, offered | {"take": "1", "day": kept})
    assert "11 days are in the draft. Nothing is saved yet." in words(answer)
    typed = fields(answer)
    assert "11/09/2026 Diada Nacional de Catalunya" in typed["layers-1-days"][0]
    assert "26/12/2026" not in typed["layers-1-days"][0]
    assert typed["layers-1-code"] == ["ES-CT"]
    # What a layer says is no longer the office's own.
    assert typed["holidays"] == [""]
    assert newest(office).number == 2


def test_own_days_stay_if_that_is_wanted(steward, office):
    offered = fields(find(steward))
    del offered["move"]
    answer = steward.post(LIBRARY, offered | {"take": "1"})
    assert "25/12/2026 Nadal" in fields(answer)["holidays"][0]


def test_what_was_typed_comes_along(steward, office):
    answer = steward.post(LIBRARY, sent(steward, name_ca="Canviat"))
    packed = json.loads(fields(answer)["draft"][0])
    assert packed["name"]["ca"] == "Canviat"
    assert packed["number"] == 2


@pytest.mark.parametrize(
    "layers", ["", "[]x", "{}", "[1]", '[{"level": "world"}]', "null"]
)
def test_layers_that_nobody_offered_are_refused(steward, office, layers):
    for url in (LIBRARY, IMPORT):
        answer = steward.post(
            url, {"draft": draft(), "take": "1", "layers": layers, "day": ["0 x"]}
        )
        assert answer.status_code == (200 if layers == "{}" else 400)


def test_days_that_are_none_are_refused(steward, office):
    layers = json.dumps([{"level": "state", "holidays": {"2026-02-30": "x"}}])
    answer = steward.post(
        LIBRARY,
        {"draft": draft(), "take": "1", "layers": layers, "day": ["0 2026-02-30"]},
    )
    assert answer.status_code == 400


# --- days from a file ---------------------------------------------------------------

TABLE = (
    "data;municipi;festa\n25/05/2026;Vila;Segona Pasqua\n05/08/2026;Vila;Festa major\n"
    "06/07/2026;Vic;Festa major\nel 40 de maig;Vila;x\n"
)


def read(client, content: str | bytes = TABLE, **typed):
    if isinstance(content, str):
        content = content.encode("cp1252")
    return client.post(
        IMPORT,
        {
            "draft": draft(),
            "read": "1",
            "file": SimpleUploadedFile("dies.csv", content),
            "from_year": "2026",
            "to_year": "2026",
            "level": "municipality",
        }
        | typed,
    )


def test_every_day_of_a_file_is_shown_before_it_is_taken(steward, office):
    answer = read(steward, only="vila", layer="municipality/08101")
    page = words(answer)
    assert "The first line was read as a heading: data | municipi | festa" in page
    assert "One line speaks of something else." in page
    assert "One line gives no day Line 5: there is no date" in page
    assert "Municipality: Vila Source: BOP 12/2025" in page
    assert "Monday, 25 May 2026: Segona Pasqua (line 2)" in page
    assert (
        "Wednesday, 5 August 2026: Festa major (line 3) now there as “(no name)”"
        in page
    )
    taken = steward.post(IMPORT, fields(answer) | {"take": "1"})
    assert fields(taken)["layers-1-days"] == [
        "25/05/2026 Segona Pasqua\n05/08/2026 Festa major"
    ]
    preview = steward.post(PREVIEW, fields(taken))
    assert "Monday, 25 May 2026 working day, open 09:00‑14:00 holiday: Segona" in words(
        preview
    )


def test_a_file_makes_a_new_layer(steward, office):
    answer = read(steward, only="Vila", level="region", code="ES-CT", source="DOGC")
    taken = steward.post(IMPORT, fields(answer) | {"take": "1"})
    typed = fields(taken)
    assert [typed[f"layers-{n}-level"][0] for n in range(3)] == [
        "state", "region", "municipality",
    ]  # fmt: skip
    assert typed["layers-1-source"] == ["DOGC"]


def test_an_icalendar_is_read_as_well(steward, office):
    text = (
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20200525\r\n"
        "RRULE:FREQ=YEARLY\r\nSUMMARY:Segona\r\n  Pasqua\r\nEND:VEVENT\r\nEND:VCALENDAR"
    )
    assert "Monday, 25 May 2026: Segona Pasqua (line 2)" in words(read(steward, text))


def test_a_file_that_cannot_be_read_is_refused_at_its_field(steward, office):
    answer = read(steward, b"")
    assert "The submitted file is empty." in words(answer)
    answer = read(steward, b" ")
    assert "The file is empty." in words(answer)
    assert 'href="#id_file"' in answer.content.decode()
    answer = read(steward, from_year="2027")
    assert "Choose between one and 30 years" in words(answer)


def test_a_file_without_days_offers_none(steward, office):
    page = words(read(steward, "res\nde res\n"))
    assert "2 lines give no day" in page
    assert "There is no day to take." in page
    assert "Take these days" not in page


# --- a whole evening ------------------------------------------------------------------


def test_the_calendar_of_a_catalan_town_from_nothing(steward, town):
    """Made as an official makes it: library, two local days, summer, half days."""
    steward.post(f"{OFFICE}new-calendar/", {"code": "hores", "name_ca": "Hores"})
    page = f"{LIST}hores/"
    offers = steward.post(
        f"{page}library/",
        fields(steward.get(f"{page}library/")) | {"find": "1", "divisions": ["CT"]},
    )
    editor = steward.post(f"{page}library/", fields(offers) | {"take": "1"})
    typed = fields(editor) | {
        **{f"hours_{day}": "9-14" for day in DAYS},
        **{f"seasons-0-hours_{day}": "8-14" for day in DAYS},
        "seasons-0-first_day": "15",
        "seasons-0-first_month": "6",
        "seasons-0-last_day": "15",
        "seasons-0-last_month": "9",
        "overrides": "24/12/2026 9-12\r\n31/12/2026 9-12",
        "layers-2-code": "08101",
        "layers-2-name": "Vila",
        "layers-2-days": "25/05/2026 Segona Pasqua\r\n05/08/2026 Festa major",
    }
    preview = steward.post(f"{page}preview/", typed)
    saved = steward.post(
        f"{page}preview/",
        fields(preview) | {"save": "1", "reason": "DOGC"},
        follow=True,
    )
    text = words(saved)
    assert "2026: 249 working days" in text
    assert "Wednesday, 24 June 2026 Sant Joan Region: Cataluña / Catalunya" in text
    assert "Wednesday, 5 August 2026 Festa major Municipality: Vila" in text
    assert "Thursday, 24 December 2026 : working day, open 09:00‑12:00" in text
    assert "Tuesday yes 08:00‑14:00 09:00‑14:00" in text
    version = town.calendars.get(code="hores").versions.latest("number")
    assert version.number == 2
    assert [layer["level"] for layer in version.definition["layers"]] == [
        "state", "region", "municipality",
    ]  # fmt: skip


def test_addresses_keep_the_version_when_the_year_changes(steward, office, town):
    more = YEAR | {"known_until": "2028-01-01"}
    put_calendar(organisation=town, code="office", name={}, definition=more, at=NOW)
    put_calendar(organisation=town, code="office", name={}, definition=YEAR, at=NOW)
    html = steward.get(f"{PAGE}?{urlencode({'version': 3})}").content.decode()
    assert "?version=3&amp;year=2027" in html

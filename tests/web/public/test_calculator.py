"""By when something is promised: the page, its file and its data."""

from datetime import date

import pytest
from icalendar import Calendar

from core.text import LANGUAGES
from indicators.services.calendars import put_calendar
from tests import builders
from tests.web.office.pages import words

PAGE = "/en/vila/deadline/"
FILE = "/en/vila/deadline.ics"
ASKED = "promise=IND-1&day=2026-12-18&time=10:00"
# The very day on which the tests live is Monday 2 November 2026.


def test_nothing_asked_shows_what_can_be_asked(client, charter):
    answer = client.get(PAGE)
    page = answer.content.decode()
    assert 'value="2026-11-02"' in page
    assert 'value="10:00"' in page
    assert '<option value="IND-1" lang="ca">' in page
    assert "Charter library (ca)" in page
    assert "Set-Cookie" not in answer.headers
    assert answer["Cache-Control"] == "public, max-age=60"


def test_a_promise_has_its_last_day_and_the_days_that_lead_there(client, charter):
    page = words(client.get(f"{PAGE}?{ASKED}"))
    for sentence in (
        "If it begins at 10:00 on Friday 18 December 2026, its last day is",
        "its last day is Monday 4 January 2027",
        "The last moment is 23:59 on Monday 4 January 2027;",
        "from 00:00 on Tuesday 5 January 2027 on it is late.",
        "This is what the office has bound itself to, not a guess at how long",
        "The charter promises this for at least 95 % of the cases, not for every one.",
        "1 holiday: Nadal (25 December 2026)",
        "Friday 25 December 2026 Not a working day: holiday, Nadal.",
        "Was it not kept? Claim",
    ):
        assert sentence in page


def test_a_promise_alone_is_asked_of_today(client, charter):
    page = client.get(f"{PAGE}?promise=IND-1")
    assert "its last day is Monday 16 November 2026" in words(page)
    assert f"{FILE}?promise=IND-1&amp;day=2026-11-02" in page.content.decode()


def test_any_term_is_counted_with_a_calendar_and_promises_nothing(client, charter):
    query = "amount=2&unit=open_hours&calendar=office&day=2026-11-06&time=13:30"
    page = words(client.get(f"{PAGE}?{query}"))
    assert "its last day is Monday 9 November 2026" in page
    assert "This counts days, and promises nothing." in page
    assert "30 min count, from 13:30 to 14:00. 30 min of 2 h" in page
    assert "1 h 30 min count, from 09:00 to 10:30. 2 h of 2 h" in page
    assert "Claim" not in page.partition("Make")[0].partition("its last day")[2]


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("promise=IND-9", "No charter in force on that day promises this."),
        ("promise=IND-1&day=2029-01-01", "No charter in force on that day"),
        ("promise=IND-1&day=", "Say on which day."),
        ("promise=IND-1&day=tomorrow", "Enter a valid date."),
        ("promise=IND-1&time=noon", "Enter a valid time."),
        ("amount=&unit=months&calendar=office", "Say how long the term is."),
        ("amount=1.5&unit=months&calendar=office", "are whole numbers from 1."),
        ("amount=0&unit=working_days&calendar=office", "are whole numbers from 1."),
        ("amount=1e99&unit=months&calendar=office", "no more than 16 digits"),
        ("amount=1&unit=weeks&calendar=office", "Select a valid choice."),
        ("amount=1&unit=months&calendar=none", "Select a valid choice."),
        ("amount=30&unit=years&calendar=office", "longer than twenty years"),
        (
            "amount=90&unit=years&calendar=office",
            "The calendar knows the holidays from",
        ),
        (
            "amount=1&unit=working_days&calendar=office&day=0001-01-01",
            "from 1 January 2024 and up to 31 December 2059 only",
        ),
    ],
)
def test_what_cannot_be_told_is_said(client, charter, query, fault):
    answer = client.get(f"{PAGE}?{query}")
    assert answer.status_code == 422
    page = words(answer)
    assert "There is something to correct" in page
    assert fault in page
    assert "its last day is" not in page
    assert client.get(f"{FILE}?{query}").status_code == 404


def test_without_promises_and_calendars_there_is_nothing_to_ask(client, town):
    page = words(client.get(PAGE))
    assert "No charter in force promises a term" in page
    assert "Count another term" not in page


def test_an_organisation_that_is_not_has_no_page(client, db):
    assert client.get("/en/nowhere/deadline/").status_code == 404
    assert client.get("/en/nowhere/deadline.ics").status_code == 404


def test_the_file_is_an_event_of_the_last_day(client, charter):
    answer = client.get(f"{FILE}?{ASKED}")
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer["Cache-Control"] == "public, max-age=60"
    (event,) = Calendar.from_ical(answer.content).walk("VEVENT")
    assert event["dtstart"].dt == date(2027, 1, 4)
    assert event["dtend"].dt == date(2027, 1, 5)
    assert str(event["summary"]).startswith("Last day that is promised: We answer")
    assert "23:59 on Monday 4 January 2027" in event["description"]
    assert ASKED.replace(":", "%3A") in event["url"]
    assert client.get(f"{FILE}?{ASKED}").content == answer.content


def test_the_data_say_the_same(client, charter):
    page = client.get(f"{PAGE}?{ASKED}")
    told = client.get(page.context["data_url"]).json()
    assert told["last_day"] == page.context["deadline"].iso
    assert told["calendar"]["code"] == "office"


TERMS = [
    {"amount": "7", "unit": "calendar_days", "roll": False},
    {"amount": "3", "unit": "working_days", "ends": "closing"},
    {"amount": "3", "unit": "working_days", "ends": "time"},
    {
        "amount": "3",
        "unit": "working_days",
        "entry": {"cut_off": "12:00", "from": "08:30"},
    },
    {"amount": "20", "unit": "open_hours", "entry": "next_opening"},
    {"amount": "48", "unit": "legal_hours", "entry": "next_working_day"},
    {"amount": "90", "unit": "elapsed_minutes"},
]


@pytest.mark.parametrize("term", TERMS)
def test_data_of_every_term_say_the_same(client, town, term):
    indicator = builders.indicator(
        rule={"start": {"types": ["opened"]}, "stop": {"types": ["closed"]}}
        | {"limit": term}
    )
    builders.published(builders.charter_document(indicators=[indicator]), of=town)
    page = client.get(f"{PAGE}?promise=IND-1&day=2026-12-19&time=12:30")
    told = client.get(page.context["data_url"]).json()
    assert told["last_day"] == page.context["deadline"].iso
    assert page.context["deadline"].rules == () or "counts" in words(page)


def promised(town, **changes):
    rule = {
        "start": {"types": ["opened"]},
        "stop": {"types": ["closed"]},
        "limit": {"amount": "10", "unit": "working_days"},
    }
    builders.published(
        builders.charter_document(
            indicators=[
                builders.indicator(rule=rule | changes.pop("rule", {}), **changes)
            ]
        ),
        of=town,
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"kind": "every_case_within_limit", "target": "100"}, "for every case."),
        ({"target": "100"}, "for every case."),
        ({"target": "92.5"}, "for at least 92.5 % of the cases"),
        ({"target": "5", "comparator": "<="}, "does not say for how many"),
        (
            {"rule": {"pauses": [{"from": ["opened"], "until": ["closed"]}]}},
            "the clock stands still and the last day moves on",
        ),
        ({"rule": {"clock": {"types": ["closed"]}}}, "begins later than the case"),
        (
            {
                "rule": {
                    "extension": {
                        "types": ["closed"],
                        "limit": {"amount": "20", "unit": "working_days"},
                    }
                }
            },
            "the term can be extended",
        ),
    ],
)
def test_what_is_not_certain_is_said(client, town, changes, sentence):
    promised(town, **changes)
    assert sentence in words(client.get(f"{PAGE}?promise=IND-1"))


def test_several_terms_of_a_promise_are_told_apart(client, town):
    web = {"attribute": "channel", "in": ["web"]}
    short = {"amount": "3", "unit": "working_days"}
    promised(town, rule={"limits": [{"where": [web], "limit": short}]})
    page = client.get(PAGE).content.decode()
    assert "· 3 working days · “channel” is one of: web</option>" in page
    assert "its last day is Thursday 5 November" in words(
        client.get(f"{PAGE}?promise=IND-1.1")
    )
    assert "its last day is Monday 16 November" in words(
        client.get(f"{PAGE}?promise=IND-1")
    )


def test_the_only_term_of_cases_of_a_season_is_found_by_the_indicator(client, town):
    season = {"season": {"from": "10-01", "until": "12-31"}}
    short = {"limit": {"amount": "3", "unit": "working_days"}}
    promised(town, rule={"limits": [season | short]})
    assert "its last day is Thursday 5 November" in words(
        client.get(f"{PAGE}?promise=IND-1")
    )


def test_a_changed_calendar_changes_the_answer(client, charter):
    before = client.get(f"{PAGE}?{ASKED}")
    same = {"HTTP_IF_NONE_MATCH": before["ETag"]}
    assert client.get(f"{PAGE}?{ASKED}", **same).status_code == 304
    put_calendar(
        organisation=charter.organisation,
        code="office",
        name={},
        definition={**builders.OFFICE_HOURS, "holidays": {"2026-12-24": ""}},
        at=builders.NOW,
    )
    after = client.get(f"{PAGE}?{ASKED}", **same)
    assert after.status_code == 200
    assert "Thursday 24 December 2026 Not a working day: holiday." in words(after)


@pytest.mark.parametrize("promises", [1, 12])
def test_the_page_takes_a_fixed_number_of_queries(
    client, town, django_assert_num_queries, promises
):
    indicators = [builders.indicator(f"I-{number}") for number in range(promises)]
    builders.published(builders.charter_document(indicators=indicators), of=town)
    with django_assert_num_queries(3):
        client.get(f"{PAGE}?promise=I-0")


def test_a_charter_in_force_leads_to_the_calculator(client, charter, town):
    page = client.get("/en/vila/library/").content.decode()
    assert f'href="{PAGE}?promise=IND-1"' in page
    old = builders.charter_document(
        slug="archive",
        indicators=[builders.indicator("ARC-1")],
        valid_from="2024-01-01",
        valid_until="2026-01-01",
    )
    builders.published(old, of=town)
    assert "deadline/?promise" not in client.get("/en/vila/archive/").content.decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_writes_days_its_own_way(client, charter, language):
    page = words(client.get(f"/{language}/vila/deadline/?{ASKED}"))
    written = {
        "ca": "dilluns 4 de gener de 2027",
        "es": "lunes 4 de enero de 2027",
        "it": "lunedì 4 gennaio 2027",
        "en": "Monday 4 January 2027",
    }
    assert written[language].lower() in page.lower()

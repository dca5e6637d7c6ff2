"""A calendar made, imported into and saved in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Organisation, User
from charters.models import Edition
from core.text import LANGUAGES
from indicators.services import figures
from indicators.services.calendars import put_calendar, save_calendar
from tests import builders
from tests.builders import NOW
from tests.e2e.test_office import enter
from tests.indicators.helpers import request, send
from tests.web.office.test_calendars import YEAR

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("moving_clock", "surroundings"),
]

FEED = b"""BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
DTSTART;VALUE=DATE:20200525
RRULE:FREQ=YEARLY
SUMMARY:Segona Pasqua
END:VEVENT
BEGIN:VEVENT
DTSTART:20260805T100000Z
SUMMARY:Festa major
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def steward(town: Organisation) -> User:
    return builders.person("DATA_STEWARD", of=town)


@pytest.fixture
def library(town: Organisation) -> Edition:
    """A charter with an open case, and a calendar that knows 2026."""
    edition = builders.published(
        builders.charter_document(languages=LANGUAGES), of=town
    )
    put_calendar(organisation=town, code="office", name={}, definition=YEAR, at=NOW)
    send(*request("open", "2026-10-19"))
    figures.refresh(at=NOW)
    return edition


def journey(page: Page, url: str) -> None:
    page.goto(f"{url}/en/office/vila/")
    navigation = page.get_by_role("navigation", name="Office")
    navigation.get_by_role("link", name="Calendars").click()
    expect(page.get_by_text("It ends in 59 days")).to_be_visible()
    page.get_by_role("link", name="New calendar").click()
    page.get_by_label("Code").fill("hores")
    page.get_by_label("Name (Catalan)").fill("Hores d'oficina")
    page.get_by_role("button", name="Make the calendar").click()

    # Hours with a lunch break, and shorter ones in summer.
    week = page.locator("#week")
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"):
        week.get_by_role("textbox", name=day).fill("9-14")
    week.get_by_role("textbox", name="Thursday").fill("9-14, 16-19")
    summer = page.locator("#seasons")
    summer.get_by_label("First day").fill("15")
    summer.get_by_label("First month").select_option("6")
    summer.get_by_label("Last day").fill("15")
    summer.get_by_label("Last month").select_option("9")
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"):
        summer.get_by_role("textbox", name=day).fill("8-14")
    page.get_by_label("Days with hours of their own").fill(
        "24/12/2026 9-12\n31/12/2026 9-12"
    )

    # The state and the region, from the library, without one day.
    page.get_by_role("button", name="Add holidays from the library").click()
    page.get_by_label("Cataluña / Catalunya").check()
    page.get_by_role("button", name="Show the days").click()
    page.get_by_label("Sant Esteve").uncheck()
    page.get_by_role("button", name="Take these days").click()
    expect(page.get_by_text("11 days are in the draft.")).to_be_visible()
    expect(week.get_by_role("textbox", name="Thursday")).to_have_value(
        "09:00-14:00, 16:00-19:00"
    )

    # The town, from a feed of which one line is no whole day.
    page.get_by_role("button", name="Import days from a file").click()
    page.get_by_label("File").set_input_files(
        {"name": "feed.ics", "mimeType": "text/calendar", "buffer": FEED}
    )
    page.get_by_label("Code of the territory").fill("08101")
    page.get_by_label("Name", exact=True).fill("Vila")
    page.get_by_role("button", name="Read the file").click()
    expect(page.get_by_text("Line 8: DTSTART is no whole day")).to_be_visible()
    expect(page.get_by_label("Segona Pasqua")).to_be_checked()
    page.get_by_role("button", name="Take these days").click()
    days = page.locator("#id_layers-2-days")
    expect(days).to_have_value("25/05/2026 Segona Pasqua")
    days.fill("25/05/2026 Segona Pasqua\n05/08/2026 Festa major")

    # What it changes, and back once more.
    page.get_by_role("button", name="See what changes").first.click()
    expect(page.get_by_text("holiday: Festa major")).to_be_visible()
    expect(page.get_by_text("No case would change.")).to_be_visible()
    page.get_by_role("button", name="Go on editing").click()
    expect(days).to_have_value("25/05/2026 Segona Pasqua\n05/08/2026 Festa major")
    page.get_by_role("button", name="See what changes").last.click()
    page.get_by_label("Why it changes").fill("Calendari laboral del 2026")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text("Version 2 is saved.")).to_be_visible()
    # The fourteen days of the town, less Saint Stephen's, which is a Saturday.
    expect(page.get_by_role("heading", name="2026: 249 working days")).to_be_visible()
    june = page.get_by_role("table", name="June 2026")
    expect(june.get_by_role("cell", name="24 holiday: Sant Joan")).to_be_visible()
    expect(page.get_by_text("Calendari laboral del 2026")).to_be_visible()


def test_journey(live_server, page, steward, library):
    enter(page, live_server.url, steward)
    journey(page, live_server.url)


def test_journey_without_javascript_at_320_pixels(
    live_server, plain_page, steward, library, assert_no_sideways_scroll
):
    enter(plain_page, live_server.url, steward)
    journey(plain_page, live_server.url)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_are_accessible(
    live_server,
    page,
    town,
    steward,
    library,
    language,
    look,
):
    enter(page, live_server.url, steward)
    office = f"{live_server.url}/{language}/office/vila/"
    for path in [
        "calendars/",
        "new-calendar/",
        "calendars/office/",
        "calendars/office/?version=1&year=2030",
        "calendars/office/edit/",
        "calendars/office/library/",
        "calendars/office/import/",
    ]:
        answer = page.goto(f"{office}{path}")
        assert answer is not None
        assert answer.status == 200, path
        look(page)

    page.set_input_files(
        "#id_file", {"name": "f.ics", "mimeType": "text/calendar", "buffer": FEED}
    )
    page.locator("button[name=read]").click()
    look(page)
    page.goto(f"{office}calendars/office/library/")
    page.locator("#id_to_year").fill("2027")
    page.locator("button[name=find]").click()
    look(page)
    page.locator("button[name=take]").click()
    look(page)

    # Refused, previewed, refused again, and too late.
    page.locator("#id_holidays").fill("x")
    page.locator("#id_seasons-0-hours_mon").fill("x")
    page.locator("main form .btn-primary").first.click()
    expect(page.locator(".error-summary")).to_be_focused()
    look(page)
    page.locator("#id_holidays").fill("30/10/2026 Pont")
    page.locator("#id_seasons-0-hours_mon").fill("8-14")
    page.locator("main form .btn-primary").first.click()
    page.locator("details").last.locator("summary").click()
    look(page)
    page.locator("button[name=save]").click()
    expect(page.locator(".error-summary")).to_be_focused()
    look(page)
    save_calendar(
        calendar=town.calendars.get(),
        number=2,
        name={"ca": "Oficina"},
        definition=YEAR | {"known_until": "2027-06-01"},
        reason="Mig any més",
        by=steward,
        at=NOW,
    )
    page.locator("#id_reason").fill("Pont")
    page.locator("button[name=save]").click()
    expect(page.locator(".error-summary")).to_be_focused()
    look(page)

"""Deadlines and cases that explain themselves, in a real browser."""

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from playwright.sync_api import Page, expect

from charters.models import Edition
from core.text import LANGUAGES
from indicators.services import figures
from tests import builders
from tests.indicators.helpers import event, request, send

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("moving_clock"),
]

TYPES = ("asked", "closed", "gone", "longer", "opened", "replied")
SUMMER = {"from": "06-01", "until": "09-16"}
RULE = {
    "start": {"types": ["opened"]},
    "stop": {"types": ["closed"]},
    "limit": {"amount": "10", "unit": "working_days"},
    "limits": [
        {"season": SUMMER, "limit": {"amount": "30", "unit": "open_hours"}},
    ],
    "extension": {
        "types": ["longer"],
        "limit": {"amount": "20", "unit": "working_days"},
    },
    "pauses": [{"from": ["asked"], "until": ["replied"]}],
    "exclude": [{"attribute": "channel", "in": ["phone"], "reason": "Per telèfon"}],
    "counted_in": "due",
}


@pytest.fixture
def library(town) -> Edition:
    """A promise that is extended and paused, shorter in summer, and its cases."""
    indicator = builders.indicator(rule=RULE)
    document = builders.charter_document(indicators=[indicator], types=TYPES)
    document["calendars"][0]["definition"] |= {
        "layers": [
            {
                "level": "municipality",
                "code": "vila",
                "name": "Festius locals",
                "source": "Decret 12/2025",
                "holidays": {"2026-12-24": "Vigília de Nadal"},
            }
        ]
    }
    edition = builders.published(document, of=town)
    send(
        *request("2026/1", "2026-03-17", "2026-03-20"),
        *request("2026/2", "2026-03-17", "2026-04-30"),
        event("3/a", "2026/2", type="asked", at="2026-03-20T10:00:00+01:00"),
        event("3/r", "2026/2", type="replied", at="2026-03-25T10:00:00+01:00"),
        event("3/l", "2026/2", type="longer", at="2026-03-27T10:00:00+01:00"),
        *request("summer", "2026-07-01", "2026-07-08"),
        event("p/o", "phone", attributes={"channel": "phone"}),
    )
    figures.refresh(at=builders.NOW)
    figures.roll(at=builders.NOW)
    return edition


@pytest.fixture
def check(look):
    """Look at a page, wide and narrow, with everything unfolded."""

    def unfold(page: Page) -> None:
        folded = page.locator("main details:not([open]) > summary")
        while folded.count():
            folded.first.click()
        look(page)

    return unfold


def enter(page: Page, url: str, edition: Edition) -> None:
    client = Client()
    client.force_login(builders.person("AUDITOR", of=edition.organisation))
    cookie = client.cookies["sessionid"].value
    assert SessionStore(cookie).load()
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": url}])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_for_everybody(page, live_server, library, language, check):
    page.emulate_media(color_scheme="dark" if language in {"es", "en"} else "light")
    calculator = f"{live_server.url}/{language}/vila/deadline/"
    for query in (
        "",
        "?promise=IND-1&day=2026-12-18&time=10:00",
        "?promise=IND-1.1&day=2026-07-01&time=10:00",
        "?promise=IND-9",
        "?amount=3&unit=open_hours&calendar=office",
    ):
        page.goto(f"{calculator}{query}")
        check(page)
    enter(page, live_server.url, library)
    cases = f"{live_server.url}/{language}/office/vila/indicators/IND-1/cases/"
    for path in (
        "",
        "?outcome=missed",
        "2026/1/",
        "2026/2/",
        "summer/",
        "phone/",
        "no/",
    ):
        page.goto(f"{cases}{path}")
        check(page)


def test_a_citizen_learns_by_when_without_a_script(plain_page, live_server, library):
    page = plain_page
    page.goto(f"{live_server.url}/en/vila/library/")
    page.get_by_role("link", name="If you hand it in today, by when?").click()
    expect(page.get_by_text("Monday 16 November 2026").first).to_be_visible()
    page.get_by_label("Day", exact=False).first.fill("2026-12-18")
    page.get_by_label("Time", exact=False).first.fill("10:00")
    page.get_by_role("button", name="Say by when").click()
    expect(page.locator(".fact-value")).to_have_text("Tuesday 5 January 2027")
    page.locator("summary", has_text="Every day, one by one").click()
    row = page.get_by_role("row", name="Thursday 24 December 2026")
    expect(row).to_contain_text(
        "Not a working day: local holiday, Vigília de Nadal (Decret 12/2025)."
    )
    with page.expect_download() as download:
        page.get_by_role("link", name="Put it in my calendar").click()
    assert download.value.suggested_filename == "deadline.ics"


def test_an_official_finds_why_a_case_was_missed(page, live_server, library):
    enter(page, live_server.url, library)
    page.goto(f"{live_server.url}/en/office/vila/")
    page.get_by_role("link", name="Its cases").click()
    page.get_by_label("What became of it").select_option("missed")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="2026/2").click()
    heading = page.get_by_role("heading", name="Case 2026/2", level=1)
    expect(heading).to_be_visible()
    expect(page.locator("main")).to_contain_text("“longer” extended it in time")
    expect(page.locator("main")).to_contain_text(
        "3 days on which the clock stood still"
    )

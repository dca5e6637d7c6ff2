"""A citizen in a real browser: finds a promise, claims about it and follows the claim."""

from datetime import UTC, date, datetime

import pytest
from playwright.sync_api import Page, expect

from accounts.enums import Role
from charters.models import Edition
from core.text import LANGUAGES
from feedback.models import Claim
from feedback.services import claims
from indicators.services import figures
from tests import builders
from tests.conftest import NARROW
from tests.web.public import cases

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("moving_clock", "surroundings"),
]

FORM = "vila/library/C1/claim/"


@pytest.fixture
def library(town) -> Edition:
    """A charter that is kept in part, beside one that has expired."""
    edition = builders.published(cases.long_document(commitments=2), of=town)
    for month, missed in ((7, 0), (8, 1), (10, 2)):
        opened_at = datetime(2026, month, 5, 8, tzinfo=UTC)
        cases.share(edition, met=19, missed=missed, opened_at=opened_at)
    # A figure that was restated, and a commitment that was suspended and is again.
    figures.freeze_ended(organisation_id=town.pk, at=builders.NOW)
    late = datetime(2026, 8, 6, 8, tzinfo=UTC)
    cases.share(edition, met=1, opened_at=late)
    author = builders.person(Role.APPROVER, of=town)
    first, until = date(2026, 9, 1), date(2026, 9, 9)
    cases.suspend(edition, from_on=first, until_on=until, by=author)
    cases.suspend(edition, from_on=date(2026, 10, 1), by=author)
    builders.published(
        builders.charter_document(
            slug="archive",
            indicators=[builders.indicator("ARC-1")],
            valid_from="2024-01-01",
            valid_until="2026-01-01",
        ),
        of=town,
    )
    return edition


def fill_in(page: Page) -> None:
    page.fill("#id_facts_on", "2026-10-20")
    page.fill("#id_narrative", "I waited a month.\nNobody called.")


def send(page: Page) -> None:
    page.click("form input[type=submit]")


def code_of(page: Page) -> str:
    return page.inner_text("#code").strip()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_for_everybody(
    page,
    live_server,
    library,
    town,
    language,
    look,
):
    site = f"{live_server.url}/{language}/"
    # Both grounds are seen: two languages in the light, two in the dark.
    page.emulate_media(color_scheme="dark" if language in {"es", "en"} else "light")

    def check() -> None:
        assert page.locator("html").get_attribute("lang") == language
        look(page)

    page.goto(site)
    check()
    page.goto(f"{site}?q=zzzz")
    check()
    page.goto(f"{site}vila/archive/")
    check()
    page.goto(f"{site}vila/library/")
    for details in page.locator("details").all():
        details.locator("summary").click()
    check()
    page.goto(f"{site}nobody/nothing/")
    check()
    page.goto(site + FORM)
    check()
    send(page)
    expect(page.locator(".error-summary")).to_be_visible()
    check()
    fill_in(page)
    send(page)
    code = code_of(page)
    check()
    page.goto(f"{site}claims/")
    check()
    page.fill("#id_code", "wrong")
    send(page)
    expect(page.locator("#id_code")).to_have_attribute("aria-invalid", "true")
    check()
    page.fill("#id_code", code)
    send(page)
    expect(page.locator(".timeline")).to_be_visible()
    check()
    claims.decide(
        claim=Claim.objects.get(),
        outcome="upheld",
        answer="We are sorry.",
        by=builders.person(Role.CLAIM_HANDLER, of=town),
        at=datetime(2026, 11, 9, 9, tzinfo=UTC),
    )
    page.goto(f"{site}claims/")
    page.fill("#id_code", code)
    send(page)
    expect(page.get_by_text("We are sorry.")).to_be_visible()
    check()


@pytest.mark.parametrize("language", LANGUAGES)
def test_empty_catalogue_is_for_everybody(
    page, live_server, language, assert_accessible, assert_no_sideways_scroll
):
    page.set_viewport_size(NARROW)
    page.goto(f"{live_server.url}/{language}/")
    expect(page.locator(".empty")).to_be_visible()
    assert_no_sideways_scroll(page)
    assert_accessible(page)


def test_claim_is_filed_and_followed_without_javascript(
    plain_page, live_server, library
):
    plain_page.goto(f"{live_server.url}/en/")
    plain_page.fill("#search-q", "library")
    plain_page.click("form[role=search] button")
    plain_page.click("text=Charter library (ca)")
    plain_page.click("#commitment-1 >> text=Was this not kept? Claim")
    send(plain_page)
    expect(plain_page.locator(".error-summary")).to_contain_text(
        "Say on which day it happened."
    )
    plain_page.click(".error-summary a >> nth=0")
    fill_in(plain_page)
    send(plain_page)
    code = code_of(plain_page)
    assert code not in plain_page.url
    plain_page.reload()  # the browser sends the form again
    assert code_of(plain_page) == code
    assert Claim.objects.count() == 1
    plain_page.click("text=See the claim now")
    expect(plain_page.locator("h1")).to_have_text(
        f"Claim {Claim.objects.get().reference}"
    )
    assert code not in plain_page.url


def test_claim_is_filed_with_the_keyboard_alone(page, live_server, library):
    """From the catalogue to the code with Tab, Enter and letters."""

    def enter() -> None:
        with page.expect_navigation():
            page.keyboard.press("Enter")

    def tab_to(selector: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        pytest.fail(f"{selector} cannot be reached with the keyboard")

    page.goto(f"{live_server.url}/en/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    tab_to("#search-q")
    page.keyboard.type("library")
    enter()
    tab_to('a[href="/en/vila/library/"]')
    enter()
    tab_to(f'a[href="/en/{FORM}"]')
    enter()
    tab_to("#id_facts_on")
    page.keyboard.type("10102026")  # the same day wherever the browser is from
    tab_to("#id_narrative")
    page.keyboard.type("I waited a month.")
    tab_to("input[type=submit]")
    enter()
    expect(page.locator("h1")).to_have_text("Your claim has been filed")
    assert len(code_of(page)) == 24
    assert Claim.objects.get().facts_on.isoformat() == "2026-10-10"


def test_first_error_takes_the_keyboard_to_its_field(page, live_server, library):
    page.goto(f"{live_server.url}/en/{FORM}")
    send(page)
    expect(page.locator(".error-summary")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#id_facts_on")).to_be_focused()

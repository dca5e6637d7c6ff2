"""A value declared by two people, and an event corrected by hand, in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Organisation, User
from charters.models import Edition
from core.text import LANGUAGES
from indicators.models import ManualValue, ServiceEvent
from indicators.services import figures
from indicators.services.declared import confirm
from tests import builders
from tests.builders import NOW
from tests.e2e.test_office import enter
from tests.indicators.declaring import by_hand, declare, share, two_people
from tests.indicators.helpers import event, request, send

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("moving_clock", "surroundings"),
]

LOG = "streams/requests/events/"


@pytest.fixture
def people(town: Organisation) -> tuple[User, User]:
    return two_people(town)


@pytest.fixture
def library(town: Organisation) -> Edition:
    """A charter with what is measured and what is declared, and a wrong event."""
    edition = builders.published(
        builders.charter_document(
            indicators=[by_hand(), builders.indicator()], languages=LANGUAGES
        ),
        of=town,
    )
    send(
        *request("one", "2026-01-12", "2026-03-20"),
        event("night", "two", at="2026-10-25T02:30:00+01:00"),
    )
    figures.refresh(at=NOW)
    figures.freeze_ended(organisation_id=None, at=NOW)
    return edition


def leave(page: Page) -> None:
    page.get_by_role("button", name="Log out").click()


def journey(page: Page, url: str, people: tuple[User, User]) -> None:
    steward, manager = people
    enter(page, url, steward)
    office = f"{url}/en/office/vila/"
    page.goto(office)
    page.get_by_role("link", name="Declared values", exact=True).click()
    page.get_by_role("link", name="IND-2").click()
    page.get_by_role("link", name="Declare a value").click()
    page.get_by_label("Period").select_option("2026-Q3")
    page.get_by_label("Number above the line").fill("97")
    page.get_by_label("Number below the line").fill("96")
    page.get_by_label("Source, in Catalan").fill("Registre de la biblioteca")
    page.get_by_label("Date of the source").fill("2026-10-10")
    page.get_by_role("button", name="Enter it").click()
    expect(page.locator(".error-summary")).to_be_focused()
    expect(
        page.get_by_role("link", name="The part is more than the whole")
    ).to_be_visible()
    page.get_by_label("Number below the line").fill("100")
    page.get_by_role("button", name="Enter it").click()
    expect(page.get_by_text("somebody else must decide on it")).to_be_visible()

    # An event that was closed in the wrong month.
    page.goto(f"{office}indicators/IND-1/cases/one/")
    page.get_by_role("link", name="All its events, corrections included").click()
    page.get_by_role("link", name="one/c").click()
    page.get_by_role("link", name="Correct or void it").click()
    page.get_by_label("Day").fill("2026-01-20")
    page.get_by_label("Reason").fill("The stamp says January")
    page.get_by_role("button", name="Record the correction").click()
    expect(page.get_by_text("It counts no more")).to_be_visible()
    expect(page.get_by_text("The stamp says January")).to_be_visible()
    leave(page)

    enter(page, url, manager)
    page.goto(f"{office}declared/")
    page.get_by_role("link", name="IND-2, third quarter of 2026").click()
    page.get_by_label("Confirm it").check()
    page.get_by_role("button", name="Record the decision").click()
    expect(page.get_by_text("It is the figure of its period")).to_be_visible()
    page.goto(f"{url}/en/vila/library/")
    expect(
        page.get_by_text("Declared, not measured: 97 of 100 in time, 97 %")
    ).to_be_visible()


def test_journey(live_server, page, people, library):
    journey(page, live_server.url, people)


def test_journey_without_javascript_at_320_pixels(
    live_server, plain_page, people, library, assert_no_sideways_scroll
):
    journey(plain_page, live_server.url, people)
    assert_no_sideways_scroll(plain_page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_are_accessible(live_server, page, people, library, language, look):
    steward, manager = people
    for period, done in (("2026-Q1", 97), ("2026-Q2", 90)):
        value = declare(by=steward, said=share(done, 100), period=period)
        confirm(value=value, by=manager, at=NOW)
    again = declare(
        by=steward,
        said=share(96, 100),
        period="2026-Q2",
        corrects=value,
        cause="Counted twice",
    )
    confirm(value=again, by=manager, at=NOW)
    waiting = declare(by=manager, period="2026-Q3")
    send(
        event("fix", "one", type="closed", at="2026-01-20T09:00:00Z", replaces="one/c")
    )
    figures.refresh(at=NOW)
    enter(page, live_server.url, steward)
    office = f"{live_server.url}/{language}/office/vila/"
    pks = dict(ServiceEvent.objects.values_list("external_id", "pk"))
    for path in [
        "",
        "declared/",
        "indicators/IND-2/declared/",
        f"indicators/IND-2/declared/new/?corrects={again.pk}",
        f"declared/{waiting.pk}/",
        LOG,
        f"{LOG}?corrections=1&period=2026",
        "streams/requests/cases/one/",
        f"{LOG}{pks['one/c']}/",
        f"{LOG}{pks['night']}/correct/",
    ]:
        answer = page.goto(f"{office}{path}")
        assert answer is not None
        assert answer.status == 200, path
        look(page)
    # Refused, with the summary focused.
    page.locator("#id_which").select_option("")
    page.locator("main form .btn-primary").first.click()
    expect(page.locator(".error-summary")).to_be_focused()
    look(page)
    page.goto(f"{office}indicators/IND-1/declared/new/")
    page.locator("main form .btn-primary").first.click()
    expect(page.locator(".error-summary")).to_be_focused()
    look(page)
    page.goto(f"{live_server.url}/{language}/vila/library/")
    for details in page.locator("details").all():
        details.evaluate("element => { element.open = true }")
    look(page)
    assert ManualValue.objects.count() == 4

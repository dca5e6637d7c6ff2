"""A feed looked after in a real browser: what is normal, its keys, its silence."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Organisation, User
from core.text import LANGUAGES
from indicators.models import Source, Stream, StreamToken
from indicators.services import figures
from indicators.services.streams import issue_token
from indicators.services.watching import watch
from tests import builders
from tests.builders import NOW
from tests.e2e.test_office import enter
from tests.indicators.helpers import event, send

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("moving_clock", "surroundings"),
]


@pytest.fixture
def steward(town: Organisation) -> User:
    return builders.person("DATA_STEWARD", of=town)


@pytest.fixture
def feed(town: Organisation) -> Stream:
    """A feed that has been silent for a week."""
    document = builders.charter_document(languages=LANGUAGES, expected_gap_days=3)
    builders.published(document, of=town)
    stream = Stream.objects.get(code="requests")
    for back in range(1, 6):
        at = NOW - timedelta(days=7 * back)
        send(
            *(
                event(f"{back}/{n}", f"{back}/{n}", at=at.isoformat())
                for n in range(back)
            )
        )
    issue_token(stream=stream, label="library", operator="Alfa", at=NOW)
    Source.objects.create(
        organisation=town,
        stream=stream,
        code="street",
        kind="open311",
        settings={},
        created_at=NOW,
        next_asked_at=NOW,
        failures=3,
        last_failure_at=NOW,
        last_failure="the answer was 503",
    )
    figures.refresh(at=NOW)
    watch(at=NOW)
    return stream


def journey(page: Page, url: str) -> None:
    page.goto(f"{url}/en/office/vila/")
    navigation = page.get_by_role("navigation", name="Office")
    expect(page.get_by_text("has fallen silent")).to_be_visible()
    navigation.get_by_role("link", name="Feeds").click()
    page.get_by_role("link", name="Requests").click()
    expect(page.get_by_text("Nothing has come since")).to_be_visible()
    for name in ("Events and corrections", "Files"):
        page.get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        trail = page.get_by_role("navigation", name="You are here")
        trail.get_by_role("link", name="Requests").click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Fewest events in a normal week").fill("2")
    page.get_by_label("Event types").fill("opened")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("“closed” cannot go")
    page.get_by_label("Event types").fill("closed\nopened\nseen")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The feed is saved.")).to_be_visible()
    page.get_by_role("link", name="New key").click()
    page.get_by_label("Which machine will hold it").fill("van")
    page.get_by_role("button", name="Make the key").click()
    assert page.locator("#key").inner_text().startswith("par_")
    page.get_by_role("link", name="I have copied it: back to the feed").click()
    page.get_by_role("link", name="Revoke van").click()
    page.get_by_role("button", name="Revoke it").click()
    expect(page.get_by_text("The key opens nothing any more.")).to_be_visible()


def test_a_feed_is_looked_after(live_server, page, steward, feed):
    enter(page, live_server.url, steward)
    journey(page, live_server.url)
    feed.refresh_from_db()
    assert (feed.expected_week_events, "seen" in feed.types) == (2, True)


def test_a_feed_is_looked_after_without_javascript(
    live_server, plain_page, steward, feed
):
    enter(plain_page, live_server.url, steward)
    journey(plain_page, live_server.url)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_a_feed_is_accessible(
    live_server, page, steward, feed, look, language
):
    enter(page, live_server.url, steward)
    here = f"{live_server.url}/{language}/office/vila/streams/"
    key = StreamToken.objects.get().pk
    for path in (
        "",
        "requests/",
        "requests/events/",
        "requests/files/",
        "requests/edit/",
        "requests/keys/new/",
        f"requests/keys/{key}/rotate/",
        f"requests/keys/{key}/revoke/",
    ):
        page.goto(f"{here}{path}")
        look(page)
    page.goto(f"{here}requests/keys/{key}/rotate/")
    page.locator("main form button[type=submit]").click()
    look(page)

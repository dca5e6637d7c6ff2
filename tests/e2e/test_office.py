"""The staff in a real browser: draft, publish, answer, look at the dashboard."""

from datetime import UTC, date, datetime

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from playwright.sync_api import Page, expect

from accounts.models import Membership, Organisation, User
from charters.enums import EditionState
from charters.models import Edition
from charters.services.drafts import open_next, save
from commitments.models import Suspension
from core.text import LANGUAGES
from feedback.models import Claim
from feedback.services.claims import decide, file_claim
from indicators.services import figures
from indicators.services.calendars import put_calendar
from tests import builders
from tests.builders import NOW
from tests.web.public import cases

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("moving_clock", "surroundings"),
]

LIBRARY = "charters/library/"


@pytest.fixture
def library(town: Organisation) -> Edition:
    """A charter with figures, kept in part, and events of a case."""
    edition = builders.published(
        builders.charter_document(languages=LANGUAGES), of=town
    )
    for month, missed in ((7, 0), (8, 1), (10, 2)):
        opened_at = datetime(2026, month, 5, 8, tzinfo=UTC)
        cases.share(edition, met=19, missed=missed, opened_at=opened_at)
    return edition


@pytest.fixture
def claim(library: Edition) -> Claim:
    return file(library)


def file(edition: Edition) -> Claim:
    return file_claim(
        charter=edition.charter,
        commitment_code="C1",
        facts_on=date(2026, 10, 20),
        narrative="Vaig esperar un mes.",
        wish="Una resposta",
        case_key="library-20261005-20",
        language="ca",
        at=NOW,
    ).claim


@pytest.fixture
def everybody(town: Organisation) -> User:
    """Somebody with every role that a page asks for."""
    user = builders.person("ADMINISTRATOR", of=town)
    for role in ("CLAIM_HANDLER", "MANAGER"):
        Membership.objects.create(user=user, organisation=town, role=role)
    return user


def restatable(edition: Edition, by: User) -> Suspension:
    """Suspend the commitment, make figures final, and mend their calendar."""
    suspension = cases.suspend(edition, from_on=date(2026, 10, 20), by=by)
    figures.freeze_ended(organisation_id=edition.organisation_id, at=NOW)
    definition = builders.OFFICE_HOURS | {"holidays": {"2026-08-10": "Festa local"}}
    put_calendar(
        organisation=edition.organisation,
        code="office",
        name={"ca": "Oficina"},
        definition=definition,
        at=NOW,
    )
    figures.refresh(at=NOW)
    return suspension


def log_in(page: Page, url: str, user: User, *, language: str = "en") -> None:
    page.goto(f"{url}/{language}/login/")
    page.locator("#id_username").fill(user.email)
    page.locator("#id_password").fill(builders.PASSWORD)
    page.locator("main button[type=submit]").click()


def enter(page: Page, url: str, user: User) -> None:
    """Be logged in without the form."""
    client = Client()
    client.force_login(user)
    cookie = client.cookies["sessionid"].value
    assert SessionStore(cookie).load()
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": url}])


def journey(page: Page, url: str, town: Organisation, claim: Claim) -> None:
    drafter = builders.person("DRAFTER", of=town)
    log_in(page, url, drafter)
    expect(page.get_by_role("heading", name="Dashboard", level=1)).to_be_visible()

    # A new edition: one thing is missing, and the list leads to it.
    navigation = page.get_by_role("navigation", name="Office")
    navigation.get_by_role("link", name="Charters").click()
    page.get_by_role("link", name="Charter library (en)").click()
    page.get_by_role("button", name="Open a new edition").click()
    page.get_by_role("link", name="Say from when until when it is in force.").click()
    page.get_by_label("In force from").fill("2028-01-01")
    page.get_by_label("In force until, not included").fill("2030-01-01")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()

    # A section, with one service more than there were rows for.
    page.get_by_role("link", name="Next: 1. General and legal").click()
    page.get_by_label("Identification and aims").fill("Qui som, dit d'una altra manera")
    page.get_by_role("button", name="More entries").first.click()
    page.locator("#id_services-3-code").fill("S5")
    page.locator("#id_services-3-name").fill("Sala d'estudi")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_label("Identification and aims")).to_have_value(
        "Qui som, dit d'una altra manera"
    )

    # The new service needs a commitment, and that an indicator.
    page.get_by_role("link", name="Next: 2. Quality commitments").click()
    page.get_by_role("link", name="Add a commitment").click()
    page.get_by_label("Code").fill("C2")
    page.get_by_label("Service").select_option("S5")
    page.get_by_label("Commitment", exact=True).fill("La sala obre cada dia")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Add an indicator C2").click()
    page.get_by_label("Code").fill("IND-2")
    page.get_by_label("Name").fill("Dies d'obertura")
    page.get_by_label("What is measured").select_option("mean_duration")
    page.get_by_label("The figure must be").select_option("<=")
    page.get_by_label("Target", exact=True).fill("3")
    page.get_by_label("Period", exact=True).select_option("month")
    page.get_by_label("Feed of events").select_option("requests")
    page.get_by_label("Calendar", exact=True).select_option("office")
    page.get_by_label("Events that start the clock").fill("opened")
    page.get_by_label("Events that stop the clock").fill("closed")
    # What another kind needs is folded, and opens without a script.
    page.locator("summary", has_text="How long it took").click()
    page.get_by_label("Unit of the time").select_option("working_days")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("IND-2")).to_be_visible()
    page.get_by_role("link", name="Nothing is missing: it can be published").click()
    expect(page.get_by_text("Publishing is for those who approve")).to_be_visible()
    page.get_by_role("button", name="Log out").click()

    # Somebody else publishes.
    log_in(page, url, builders.person("PUBLISHER", of=town))
    page.goto(f"{url}/en/office/vila/{LIBRARY}")
    page.get_by_role("link", name="Publish").click()
    page.get_by_label("Authority that approved it").fill("Ple municipal")
    page.get_by_label("Date of the act").fill("2026-10-30")
    page.get_by_role("button", name="Publish it now").click()
    expect(page.get_by_text("Edition 2 is published.")).to_be_visible()
    expect(page.get_by_role("link", name="Public page")).to_be_visible()
    page.get_by_role("button", name="Log out").click()

    # And the claim is answered.
    log_in(page, url, builders.person("CLAIM_HANDLER", of=town))
    expect(page.get_by_text("0 of them are overdue")).to_be_visible()
    page.get_by_role("link", name="Open claims").click()
    page.get_by_role("link", name=claim.reference).click()
    expect(page.get_by_text("The promise was not kept")).to_be_visible()
    page.get_by_label("Upheld", exact=True).check()
    page.get_by_label("Answer, in Catalan").fill("Teniu raó.")
    page.get_by_role("button", name="Send the decision").click()
    expect(page.get_by_text("The claim is answered.")).to_be_visible()
    page.get_by_role("link", name="Dashboard").click()
    tile = page.locator(".tile", has_text="Claims decided this year")
    expect(tile.locator(".tile-value")).to_have_text("1")


def test_journey(live_server, page, town, library, claim):
    journey(page, live_server.url, town, claim)
    assert Edition.objects.filter(state=EditionState.PUBLISHED).count() == 2


def test_journey_without_javascript_at_320_pixels(
    live_server, plain_page, town, library, claim
):
    journey(plain_page, live_server.url, town, claim)
    assert Edition.objects.filter(state=EditionState.PUBLISHED).count() == 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_are_accessible(
    live_server, page, look, town, library, claim, everybody, language
):
    draft = open_next(charter=library.charter, by=everybody, at=NOW)
    decided = file(library)
    decide(claim=decided, outcome="rejected", answer="No", by=everybody, at=NOW)
    suspension = restatable(library, everybody)
    office = f"{live_server.url}/{language}/office/"
    page.goto(f"{live_server.url}/{language}/login/")
    look(page)
    enter(page, live_server.url, everybody)
    rows = {
        "commitments": draft.commitments.get().pk,
        "indicators": draft.indicator_rules.get().pk,
        "assurance": draft.assurance_measures.get().pk,
        "redress": draft.redress_measures.get().pk,
    }
    for path in [
        "vila/",
        "vila/?status=met",
        "vila/charters/",
        "vila/new-charter/",
        f"vila/{LIBRARY}",
        f"vila/{LIBRARY}editions/1/",
        f"vila/{LIBRARY}editions/2/",
        f"vila/{LIBRARY}publish/",
        f"vila/{LIBRARY}head/",
        f"vila/{LIBRARY}sections/general/?lang=es",
        f"vila/{LIBRARY}sections/quality/",
        f"vila/{LIBRARY}sections/assurance/",
        f"vila/{LIBRARY}sections/redress/",
        f"vila/{LIBRARY}sections/complementary/",
        f"vila/{LIBRARY}commitments/new/",
        f"vila/{LIBRARY}commitments/{rows['commitments']}/indicators/new/",
        *(f"vila/{LIBRARY}{name}/{pk}/" for name, pk in rows.items()),
        f"vila/{LIBRARY}commitments/{rows['commitments']}/delete/",
        f"vila/{LIBRARY}suspensions/",
        f"vila/{LIBRARY}suspensions/new/",
        f"vila/{LIBRARY}suspensions/{suspension.pk}/lift/",
        "vila/indicators/IND-1/restate/",
        "vila/claims/",
        "vila/claims/?show=decided",
        f"vila/claims/{claim.reference}/",
        f"vila/claims/{decided.reference}/",
    ]:
        answer = page.goto(f"{office}{path}")
        assert answer is not None
        assert answer.status == 200, path
        look(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_error_states_are_accessible(
    live_server, page, look, town, library, claim, everybody, language
):
    draft = open_next(charter=library.charter, by=everybody, at=NOW)
    office = f"{live_server.url}/{language}/office/vila/"

    page.goto(f"{live_server.url}/{language}/login/")
    page.locator("#id_username").fill("nobody@example.org")
    page.locator("#id_password").fill("wrong")
    page.locator("main button[type=submit]").click()
    look(page)
    expect(page.locator(".error-summary")).to_be_focused()

    enter(page, live_server.url, everybody)
    send = "main form button.btn-primary"
    for path, spoil in [
        ("new-charter/", None),
        (f"{LIBRARY}head/", ("#id_valid_until", "2020-01-01")),
        (f"{LIBRARY}sections/general/?lang=es", ("#id_services-1-code", "no és codi")),
        (f"{LIBRARY}sections/complementary/", ("#id_email", "no")),
        (f"{LIBRARY}commitments/new/", None),
        (
            f"{LIBRARY}indicators/{draft.indicator_rules.get().pk}/",
            ("#id_limit_amount", "2.5"),
        ),
        (
            f"{LIBRARY}redress/{draft.redress_measures.get().pk}/",
            ("#id_amount", "5"),
        ),
        (f"{LIBRARY}suspensions/new/", None),
        (f"claims/{claim.reference}/", None),
    ]:
        page.goto(f"{office}{path}")
        if spoil:
            page.locator(spoil[0]).fill(spoil[1])
        page.locator(send).last.click()
        expect(page.locator(".error-summary")).to_be_focused()
        # Each fault leads to its field.
        target = page.locator(".error-summary a").first.get_attribute("href")
        assert page.locator(target or "").count() == 1, path
        look(page)

    # Saved too late: both texts are there.
    for path, field in [
        (f"{LIBRARY}sections/general/", "#id_aims"),
        (f"{LIBRARY}head/", "#id_summary"),
        (f"{LIBRARY}indicators/{draft.indicator_rules.get().pk}/", "#id_target"),
    ]:
        page.goto(f"{office}{path}")
        page.locator(field).fill("12")
        draft.refresh_from_db()
        save(edition=draft, revision=draft.revision, changes={}, by=everybody, at=NOW)
        page.locator(send).click()
        expect(page.locator(".error-summary")).to_be_focused()
        expect(page.locator(field)).to_have_value("12")
        look(page)

    # Somebody decides first.
    page.goto(f"{office}claims/{claim.reference}/")
    page.locator("input[value=rejected]").check()
    page.locator("#id_answer").fill("My words")
    decide(claim=claim, outcome="upheld", answer="Sí", by=everybody, at=NOW)
    page.locator(send).click()
    expect(page.locator(".error-summary")).to_be_focused()
    look(page)

    for path in ["charters/nothing/", "../altra/"]:
        answer = page.goto(f"{office}{path}")
        assert answer is not None
        assert answer.status == 404
        look(page)


def test_refusals_are_accessible(live_server, page, look, town, library):
    office = f"{live_server.url}/en/office/"
    drafter = builders.person("DRAFTER", of=town)
    enter(page, live_server.url, drafter)
    page.goto(f"{office}vila/{LIBRARY}publish/")
    expect(
        page.get_by_role("heading", name="You may not see this page")
    ).to_be_visible()
    look(page)
    other = builders.organisation("altra")
    Membership.objects.create(user=drafter, organisation=other, role="MANAGER")
    page.goto(office)
    expect(page.get_by_role("heading", name="Choose an organisation")).to_be_visible()
    look(page)
    page.goto(f"{office}altra/")
    look(page)
    page.goto(f"{office}altra/charters/")
    look(page)
    Membership.objects.all().delete()
    page.goto(office)
    expect(page.get_by_role("heading", name="You have no role yet")).to_be_visible()
    look(page)

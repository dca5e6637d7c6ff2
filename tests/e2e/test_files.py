"""An odd file brought in by a clerk, in a real browser."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Organisation, User
from charters.models import Edition
from indicators.models import EventFile, ServiceEvent
from indicators.tasks import take_files
from tests import builders
from tests.e2e.test_office import enter

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("moving_clock", "surroundings"),
]

TABLE = (
    "Expedient;Data d'obertura;Data de tancament;Telèfon\r\n"
    "E-1;05/01/2026;07/01/2026;612345678\r\n"
    "E-2;06/01/2026;-;612345679\r\n"
    "NA;07/01/2026;?;\r\n"
    ";08/01/2026;-;\r\n"
)


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path) -> None:
    settings.UPLOADS_ROOT = str(tmp_path / "uploads")


@pytest.fixture
def steward(charter: Edition, town: Organisation) -> User:
    return builders.person("DATA_STEWARD", of=town)


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch) -> None:
    """The worker of these tests is the test."""
    monkeypatch.setattr("core.jobs._send", lambda task, kwargs: None)


def give(page: Page, url: str, content: bytes) -> None:
    page.goto(f"{url}/en/office/vila/streams/requests/files/")
    page.get_by_label("File").set_input_files(
        {"name": "Gener.csv", "mimeType": "text/csv", "buffer": content}
    )
    page.get_by_role("button", name="Send the file").click()
    expect(page.get_by_role("heading", name="What the columns are")).to_be_visible()


def answer(page: Page) -> None:
    """Nothing is decided by the rows but the order of day and month."""
    expect(page.get_by_label("Case", exact=False).first).to_have_value("Expedient")
    expect(page.get_by_label("Date of “opened”")).to_have_value("Data d'obertura")
    expect(page.get_by_text("it looks like personal data")).to_be_visible()
    page.get_by_role("button", name="Check the whole file").click()
    expect(page.get_by_role("alert")).to_contain_text("the day or the month")
    page.get_by_label("How dates are written").select_option("%d/%m/%Y")
    page.get_by_role("button", name="Show the events again").last.click()
    expect(page.get_by_text("E-1: opened, 5 January 2026, 00:00")).to_be_visible()
    expect(page.get_by_text("It does not say which case it is of")).to_be_visible()
    page.get_by_label("Keep these answers").fill("Padró")


def journey(page: Page, url: str, content: bytes, *, script: bool) -> None:
    def worked(words: str) -> None:
        """Let the worker work; a page without a script is looked at again."""
        expect(page.locator("progress")).to_be_visible()
        take_files()
        if not script:
            page.reload()
        expect(page.get_by_role("heading", name=words)).to_be_visible()

    give(page, url, content)
    answer(page)
    page.get_by_role("button", name="Check the whole file").click()
    worked("What the import would do")
    assert not ServiceEvent.objects.exists()
    page.get_by_role("button", name="Import the file").click()
    worked("What the import has done")
    with page.expect_download() as caught:
        page.get_by_role("link", name="Download the list of errors").click()
    with Path(caught.value.path()).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["line"], row["code"]) for row in rows] == [("5", "missing_case")]
    assert sorted(ServiceEvent.objects.values_list("external_id", flat=True)) == [
        "E-1/closed",
        "E-1/opened",
        "E-2/opened",
        "NA/opened",
    ]

    # Again: the answers are there, and nothing changes.
    give(page, url, content)
    expect(page.get_by_label("How dates are written")).to_have_value("%d/%m/%Y")
    page.get_by_role("button", name="Check the whole file").click()
    worked("What the import would do")
    expect(page.get_by_text("Nothing in this file is new")).to_be_visible()
    page.get_by_role("button", name="Import the file").click()
    worked("What the import has done")
    expect(page.get_by_text("nothing has changed")).to_be_visible()
    assert ServiceEvent.objects.count() == 4


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8-sig"])
def test_an_odd_file_is_brought_in(page, live_server, steward, encoding):
    enter(page, live_server.url, steward)
    journey(page, live_server.url, TABLE.encode(encoding), script=True)


def test_the_same_without_a_script(plain_page, live_server, steward):
    enter(plain_page, live_server.url, steward)
    journey(plain_page, live_server.url, TABLE.encode("latin-1"), script=False)


def test_every_page_is_accessible(page, live_server, steward, look):
    enter(page, live_server.url, steward)
    home = f"{live_server.url}/ca/office/vila/streams/requests/files/"
    page.goto(home)
    look(page)
    give(page, live_server.url, TABLE.encode("latin-1"))
    file = EventFile.objects.get()
    for language in ("ca", "es", "it", "en"):
        page.goto(home.replace("/ca/", f"/{language}/") + f"{file.pk}/columns/")
        look(page)
    page.get_by_text("How the file is written").click()
    page.get_by_role("button", name="Check the whole file").click()
    look(page)
    page.get_by_role("button", name="No, it has a line for each event").click()
    look(page)
    page.get_by_role("button", name="No, it has a line for each case").click()
    page.get_by_label("How dates are written").select_option("%d/%m/%Y")
    page.get_by_role("button", name="Check the whole file").click()
    expect(page.locator("progress")).to_be_visible()
    look(page)
    take_files()
    expect(page.get_by_role("button", name="Import the file")).to_be_visible()
    look(page)
    page.get_by_role("button", name="Import the file").click()
    expect(page.locator("progress")).to_be_visible()
    take_files()
    expect(page.get_by_role("heading", name="What the import has done")).to_be_visible()
    look(page)
    page.goto(home)
    look(page)

"""Fixtures that the whole suite shares."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from accounts.models import Organisation
from charters.models import Edition
from tests import builders

# Playwright's synchronous interface runs an event loop in the test's own thread.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

# How long an example takes says what else the machine does, not whether it is right.
settings.register_profile(
    "paraula", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("paraula")

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TODAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
REAL_CLOCK = {"embedded", "engine"}
NARROW: ViewportSize = {"width": 320, "height": 700}
WIDE: ViewportSize = {"width": 1280, "height": 900}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(autouse=True)
def _clock(request: pytest.FixtureRequest) -> Iterator[None]:
    """
    Let every test live on one day, on which the charters of the tests are in force.

    Not the engine's, which knows no clock, nor those that run processes of their own.
    """
    folder = request.path.relative_to(Path(__file__).parent).parts[0]
    if folder in REAL_CLOCK or request.node.get_closest_marker("real_clock"):
        yield
        return
    with time_machine.travel(TODAY, tick=True):
        yield


@pytest.fixture
def town(db: None) -> Organisation:
    """A town without charters."""
    return builders.organisation()


@pytest.fixture
def charter(town: Organisation) -> Edition:
    """The town's published charter, in force through 2026 and 2027."""
    return builders.published(builders.charter_document(), of=town)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data, where a checkout has it beside itself or PARAULA_SHARED says so."""
    root = Path(__file__).parent.parent
    folder = Path(os.environ.get("PARAULA_SHARED", root.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip("not run: data absent")
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.fail(f"browser tests need one of: {', '.join(BROWSERS)}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails its test on script errors and on refusals by the CSP."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(10_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda message: (
            faults.append(message.text)
            if "Content Security Policy" in message.text
            else None
        ),
    )
    yield page
    context.close()
    assert faults == []


@pytest.fixture
def plain_page(browser: Browser) -> Iterator[Page]:
    """A narrow page without JavaScript: 320 CSS pixels."""
    context = browser.new_context(
        viewport={"width": 320, "height": 700}, java_script_enabled=False
    )
    page = context.new_page()
    page.set_default_timeout(10_000)
    yield page
    context.close()


@pytest.fixture
def assert_accessible() -> Callable[[Page], None]:
    """Fail with the violations that axe finds (WCAG 2.2, levels A and AA)."""
    axe = Axe()

    def check(page: Page) -> None:
        found = axe.run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
        faults = [
            f"{item['id']}: {item['help']}: "
            + "; ".join(str(node["html"])[:200] for node in item["nodes"])
            for item in found.response["violations"]
        ]
        assert faults == [], page.url

    return check


@pytest.fixture
def assert_no_sideways_scroll() -> Callable[[Page], None]:
    """Fail if the page is wider than its window."""

    def check(page: Page) -> None:
        width = page.evaluate(
            "() => document.scrollingElement.scrollWidth - window.innerWidth"
        )
        assert width <= 0, page.url

    return check


@pytest.fixture
def look(
    assert_accessible: Callable[[Page], None],
    assert_no_sideways_scroll: Callable[[Page], None],
) -> Callable[[Page], None]:
    """
    Check a page as it stands, wide and narrow.

    axe is slow and every page is seen in four languages: it looks at two of them wide
    and at the other two narrow.
    """

    def check(page: Page) -> None:
        language = page.locator("html").get_attribute("lang")
        sizes = [NARROW, WIDE] if language in {"ca", "it"} else [WIDE, NARROW]
        for size in sizes:
            page.set_viewport_size(size)
            assert_no_sideways_scroll(page)
        assert_accessible(page)

    return check

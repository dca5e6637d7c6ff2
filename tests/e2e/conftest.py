"""What the tests in a browser share."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
import time_machine

from tests.builders import NOW


@pytest.fixture
def moving_clock() -> Iterator[None]:
    """The day of the tests, on which time goes on."""
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def surroundings(settings) -> None:
    """A cache of one's own, and sessions that need no clock."""
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": str(uuid4()),
        }
    }
    # The browser's clock is not ours: a dated cookie could be past its day there.
    settings.SESSION_EXPIRE_AT_BROWSER_CLOSE = True

"""People of the office, at a quiet moment, with a cache of their own."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
import time_machine
from django.test import Client

from accounts.models import Organisation
from charters.models import Edition
from charters.services.drafts import open_next
from tests import builders
from tests.builders import NOW


@pytest.fixture(autouse=True)
def frozen_clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(autouse=True)
def own_cache(settings) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": str(uuid4()),
        }
    }


@pytest.fixture
def at_work(town: Organisation) -> Callable[..., Client]:
    """Log somebody with a role in, and return their browser."""

    def log_in(role: str, of: Organisation = town) -> Client:
        client = Client()
        client.force_login(builders.person(role, of=of))
        return client

    return log_in


@pytest.fixture
def drafter(at_work) -> Client:
    return at_work("DRAFTER")


@pytest.fixture
def draft(charter: Edition) -> Edition:
    """The draft of the library's second edition, which has no last day yet."""
    return open_next(
        charter=charter.charter,
        by=builders.person("ADMINISTRATOR", of=charter.organisation),
        at=NOW,
    )

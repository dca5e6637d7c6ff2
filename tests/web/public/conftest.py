"""A quiet moment and a cache of its own for the citizens' pages."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
import time_machine

from tests.builders import NOW


@pytest.fixture(autouse=True)
def frozen_clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(autouse=True)
def own_cache(settings) -> None:
    """Limits are counted in the cache: no test may use up another's."""
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": str(uuid4()),
        }
    }

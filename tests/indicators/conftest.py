"""What the tests of indicators share."""

from collections.abc import Iterator

import pytest
import time_machine

from tests import builders


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """Commands and views read the clock: it shows the day of the tests."""
    with time_machine.travel(builders.NOW):
        yield

"""An office for each file of tests: what it imports, all its tests read."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from django.db import transaction

from tests import builders
from tests.conftest import TODAY
from tests.oracles.office import Office


@pytest.fixture(scope="module")
def office(
    django_db_setup: None,
    django_db_blocker: pytest.FixtureRequest,
    shared_data: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Office]:
    """Give a town without charters; what becomes of it is undone after the file."""
    scratch = tmp_path_factory.mktemp("office")
    with (
        django_db_blocker.unblock(),
        time_machine.travel(TODAY, tick=True),
        transaction.atomic(),
    ):
        yield Office(builders.organisation(), shared_data, scratch)
        transaction.set_rollback(True)

"""Every case of other working-time software: expressed and equal, or listed."""

from collections import Counter
from pathlib import Path

import pytest

from tests.oracles.business_time import GROUPS, PAGE, Case, group_of, page, read_cases

pytestmark = pytest.mark.real_data

ALL = 501


@pytest.fixture(scope="module")
def cases(shared_data: Path) -> list[Case]:
    return read_cases(shared_data)


def test_every_case_runs_or_is_listed(cases):
    said = Counter(bool(group_of(case).answer) for case in cases)
    assert said[True] + said[False] == len(cases) == ALL
    assert said == {True: 491, False: 10}


def test_every_group_has_cases(cases):
    taken = {GROUPS.index(group_of(case)) for case in cases}
    assert taken == set(range(len(GROUPS)))


def test_every_case_that_runs_gives_the_expected_answer(cases):
    wrong = []
    for case in cases:
        answer = group_of(case).answer
        if answer and answer(case) != case.expected:
            wrong.append((case.id, group_of(case).calls, answer(case), case.expected))
    assert wrong == []


def test_the_page_is_up_to_date(cases):
    assert PAGE.read_text(encoding="utf-8") == page(cases)

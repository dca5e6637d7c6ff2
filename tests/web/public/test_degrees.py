"""How much of a charter is kept: both degrees, with what they are made of."""

import pytest
from django.utils import translation

from web.presenters.degrees import degrees_view
from web.presenters.standing import silent_words


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


def test_both_degrees_are_told_with_their_numbers():
    """Santa Coloma de Gramenet 2019: 82 of 100, and of the 92 evaluated."""
    found = degrees_view(["met"] * 82 + ["unmet"] * 10 + ["no_cases"] * 8)
    assert found.sentence == "82 met, 10 not met, 8 not evaluated, of 100"
    assert found.of_total == "82 of 100 commitments: 82 %"
    assert found.of_evaluated == "82 of 92 with a verdict: 89.13 %"


def test_what_is_not_all_is_never_shown_as_all():
    found = degrees_view(["met"] * 19_999 + ["unmet"])
    assert found.of_total == "19,999 of 20,000 commitments: 99.995 %"


@pytest.mark.parametrize(
    ("statuses", "of_total", "of_evaluated"),
    [
        ([], "", ""),
        (["suspended"], "0 of 1 commitment: 0 %", ""),
        (["met"], "1 of 1 commitment: 100 %", "1 of 1 with a verdict: 100 %"),
    ],
)
def test_over_nothing_there_is_no_degree(statuses, of_total, of_evaluated):
    found = degrees_view(statuses)
    assert (found.of_total, found.of_evaluated) == (of_total, of_evaluated)


def test_the_worst_come_first():
    groups = [["met"], ["no_data_yet"], ["met", "unmet"], ["unmet"]]
    ranked = sorted(groups, key=lambda group: degrees_view(group).rank)
    assert ranked[:2] == [["unmet"], ["met", "unmet"]]


@pytest.mark.parametrize(
    ("statuses", "words"),
    [
        (["met", "met"], ""),
        (["no_data_yet", "no_cases"], ""),
        (["met", "no_data_yet"], "1 of its 2 indicators has no verdict"),
        (["met", "no_cases", "suspended"], "2 of its 3 indicators have no verdict"),
    ],
)
def test_silence_beside_a_verdict_is_told(statuses, words):
    assert silent_words(statuses) == words

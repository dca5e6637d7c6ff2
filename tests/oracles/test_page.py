"""The page of published figures names every data set, and tests that there are."""

import re

import pytest

from tests.oracles.agreement import PAGE, ROOT, sections

OTHERS = re.compile(r"(?m)^\| `(\w+)` \| `([\w/.]+)`")


@pytest.mark.real_data
def test_every_file_of_expected_figures_is_on_the_page(shared_data):
    files = {
        path.name.removesuffix(".expected.json")
        for path in shared_data.glob("*.expected.json")
    }
    page = PAGE.read_text(encoding="utf-8")
    told = {name for name, _section in sections(page)}
    others = {name for name, _test in OTHERS.findall(page)}
    assert files <= told | others
    assert not told & others
    known = {path.name.split(".")[0] for path in shared_data.iterdir()}
    assert told | others <= known


def test_every_test_on_the_page_reads_its_data_set():
    page = PAGE.read_text(encoding="utf-8")
    named = [
        (name, re.search(r"reproduced by `([\w/.]+)`", section).group(1))
        for name, section in sections(page)
    ]
    for name, test in [*named, *OTHERS.findall(page)]:
        assert name in (ROOT / test).read_text(encoding="utf-8"), name

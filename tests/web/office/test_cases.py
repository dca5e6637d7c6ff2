"""The cases of an indicator, and why each counts as it does."""

from datetime import date

import pytest

from feedback.services.claims import file_claim
from indicators.services import figures
from tests import builders
from tests.builders import NOW
from tests.indicators.helpers import event, request, send
from tests.web.office.pages import OFFICE, words

CASES = f"{OFFICE}indicators/IND-1/cases/"
TYPES = ("asked", "closed", "gone", "opened", "replied")
RULE = {
    "start": {"types": ["opened"]},
    "stop": {"types": ["closed"]},
    "limit": {"amount": "10", "unit": "working_days"},
    "pauses": [{"from": ["asked"], "until": ["replied"]}],
    "withdrawn": ["gone"],
    "counted_in": "due",
}


@pytest.fixture
def library(town):
    indicator = builders.indicator(rule=RULE)
    document = builders.charter_document(indicators=[indicator], types=TYPES)
    edition = builders.published(document, of=town)
    send(
        *request("2026/kept", "2026-03-17", "2026-03-20"),
        *request("2026/late", "2026-03-17", "2026-04-20"),
        *request("open", "2026-10-30"),
        *request("left", "2026-09-01"),
        event("left/g", "left", type="gone", at="2026-09-03T10:00:00+02:00"),
    )
    figures.refresh(at=NOW)
    figures.roll(at=NOW)
    return edition


@pytest.fixture
def auditor(at_work, library):
    return at_work("AUDITOR")


def test_cases_are_listed_with_what_became_of_them(auditor):
    page = words(auditor.get(CASES))
    assert "Cases of IND-1" in page
    assert (
        "2026/late The promise was not kept 17 March 2026, 10:00 31 March 2026, 23:59 "
        "20 April 2026, 11:00 31 March 2026" in page
    )
    assert "open Still open" in page
    assert "left Not counted Withdrawn" in page
    order = [page.index(f" {case} ") for case in ("open", "left", "2026/kept")]
    assert order == sorted(order)


@pytest.mark.parametrize(
    ("query", "cases"),
    [
        ("outcome=met", {"2026/kept"}),
        ("outcome=missed", {"2026/late"}),
        ("outcome=pending", {"open"}),
        ("outcome=excluded", {"left"}),
        ("reason=withdrawn", {"left"}),
        ("period=2026-03", {"2026/kept", "2026/late"}),
        ("period=2026-Q4", {"open"}),
        ("period=2026-03&outcome=missed", {"2026/late"}),
        ("period=2025", set()),
        ("period=never&outcome=nothing&reason=%00", None),
    ],
)
def test_cases_are_chosen_by_period_and_outcome(auditor, query, cases):
    text = auditor.get(f"{CASES}?{query}").content.decode()
    every = {"2026/kept", "2026/late", "open", "left"}
    shown = {case for case in every if f'{CASES}{case}/">{case}</a>' in text}
    assert shown == (every if cases is None else cases)


def test_pages_go_on_from_the_last_case(auditor, monkeypatch):
    monkeypatch.setattr("web.office.cases.PAGE", 3)
    first = auditor.get(f"{CASES}?period=")
    following = first.context["following"]
    assert "after=" in following
    assert "First page" not in words(first)
    second = auditor.get(f"{CASES}?{following}")
    assert [row.case for row in second.context["rows"]] == ["2026/late"]
    assert "First page" in words(second)
    assert second.context["following"] == ""


def test_a_case_is_found_by_its_number(auditor):
    found = auditor.get(f"{CASES}?case= 2026/kept ")
    assert (found.status_code, found.url) == (302, f"{CASES}2026/kept/")


@pytest.mark.parametrize("cases", [2, 60])
def test_the_list_takes_a_fixed_number_of_queries(
    auditor, django_assert_num_queries, cases
):
    send(*(line for n in range(cases) for line in request(f"n{n}", "2026-05-04")))
    figures.refresh(at=NOW)
    auditor.get(CASES)
    with django_assert_num_queries(11):
        auditor.get(CASES)


def test_a_kept_case_explains_itself(auditor):
    page = words(auditor.get(f"{CASES}2026/kept/"))
    for sentence in (
        "Case 2026/kept",
        "The promise was kept It ended at 10:00 on Friday 20 March 2026.",
        "It is that of edition 1, from 1 January 2026 to 31 December 2027",
        "It is counted with version 1 of the calendar office.",
        "It is counted on 31 March 2026, in the period: March 2026.",
        "10:00 on Tuesday 17 March 2026 opened The case begins.",
        "The term, day by day",
        "4 days of the week that are not working days",
        "Monday 23 March 2026 Counts. 4 of 10",
        "Days and times are those of the time zone Europe/Madrid.",
    ):
        assert sentence in page


def test_a_paused_case_says_when_the_clock_stood_still(auditor):
    send(
        event("p/o", "paused", at="2026-10-05T10:00:00+02:00"),
        event("p/a", "paused", type="asked", at="2026-10-06T10:00:00+02:00"),
        event("p/r", "paused", type="replied", at="2026-10-08T10:00:00+02:00"),
        event("p/b", "paused", type="asked", at="2026-10-12T10:00:00+02:00"),
    )
    page = words(auditor.get(f"{CASES}paused/"))
    assert (
        "The clock stood still from 10:00 on Tuesday 6 October 2026 to 10:00 on "
        "Thursday 8 October 2026: “asked”." in page
    )
    assert "The clock stands still since 10:00 on Monday 12 October 2026" in page
    assert "The clock stands still without an end so far, so nothing is due yet" in page
    assert "3 days on which the clock stood still" in page


def test_a_case_that_nobody_names_is_not_found(auditor):
    answer = auditor.get(f"{CASES}2026/none/")
    assert answer.status_code == 404
    assert "No event names this case" in words(answer)
    assert auditor.get(f"{CASES}a%00b/").status_code == 404


@pytest.mark.parametrize("code", ["NONE", "a%00b"])
def test_an_indicator_that_is_not_has_no_cases(auditor, code):
    assert auditor.get(f"{OFFICE}indicators/{code}/cases/").status_code == 404


def test_a_draft_indicator_has_no_cases_yet(at_work, town):
    builders.draft(builders.charter_document(), of=town)
    assert at_work("AUDITOR").get(CASES).status_code == 404


def test_what_counts_event_by_event_is_told_part_by_part(at_work, town):
    indicator = builders.indicator(
        kind="share",
        rule={"numerator": {"closed": 1}, "denominator": {"opened": 1}},
        calendar=None,
    )
    builders.published(builders.charter_document(indicators=[indicator]), of=town)
    send(*request("c", "2026-03-17", "2026-03-20"))
    figures.refresh(at=NOW)
    manager = at_work("MANAGER")
    listed = manager.get(CASES).content.decode()
    assert f'href="{CASES}c/?part=2026-03-20"' in listed
    every = words(manager.get(f"{CASES}c/"))
    assert "Everything that the case adds" in every
    assert "It adds 0 to the numerator and 1 to the denominator." in every
    assert "What was promised" not in every
    one = words(manager.get(f"{CASES}c/?part=2026-03-20"))
    assert "closed Counted in the numerator." in one


def test_a_claim_leads_to_the_explanation_of_its_case(at_work, library):
    claim = file_claim(
        charter=library.charter,
        commitment_code="C1",
        facts_on=date(2026, 10, 20),
        case_key="2026/late",
        narrative="x",
        language="ca",
        at=NOW,
    ).claim
    page = at_work("CLAIM_HANDLER").get(f"{OFFICE}claims/{claim.reference}/")
    assert f'href="{CASES}2026/late/"' in page.content.decode()


def test_the_dashboard_leads_to_the_cases(auditor):
    assert f'href="{CASES}"' in auditor.get(OFFICE).content.decode()

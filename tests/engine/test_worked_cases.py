"""Run the worked cases, and hold the page to them."""

import pytest

from engine.cases import Outcome
from engine.compliance import Status
from engine.measures import Kind
from tests.engine.worked_cases import (
    FIGURE_ROWS,
    PAGE,
    REASONS,
    ROWS,
    Figure,
    Row,
    instant,
    judged,
    measured,
    number,
    outcome_of,
    page,
    spent_of,
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.slug)
def test_case(row: Row):
    fact = judged(row)
    if fact is None:
        assert row.outcome == ""
        return
    assert outcome_of(row, fact) == (row.outcome, row.reason)
    assert fact.due_at == (instant(row.due) if row.due else None)
    assert fact.counted_on.isoformat() == row.counted_on
    assert (spent_of(row, fact) if row.spent else "") == row.spent


@pytest.mark.parametrize("row", FIGURE_ROWS, ids=lambda row: row.slug)
def test_figure(row: Figure):
    found = measured(row)
    assert found.status == row.status
    assert ("" if found.value is None else number(found.value)) == row.value
    assert (found.n, found.pending) == (row.n, row.pending)
    assert found.excluded == row.excluded
    whole = found.whole
    assert (whole and (whole.status, number(whole.value))) == row.whole


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "python -m tests.engine.worked_cases writes it again"
    )


def test_every_row_has_its_own_name_and_says_why():
    rows = [*ROWS, *FIGURE_ROWS]
    assert len({row.slug for row in rows}) == len(rows) >= 80
    assert all(row.happens and row.why for row in rows)
    assert not any("|" in text for row in rows for text in (row.happens, row.why))


def test_every_reason_and_every_outcome_has_a_row():
    reasons = {row.reason for row in ROWS}
    reasons |= {reason for row in FIGURE_ROWS for reason in row.excluded}
    assert reasons >= {*REASONS, "void", "merged", "duplicate", "withdrawn", "demand"}
    outcomes = {row.outcome.replace(" ", "_") for row in ROWS}
    assert outcomes - {"", "pending"} == set(Outcome) - {Outcome.OPEN}


def test_every_status_has_a_row():
    assert {row.status for row in FIGURE_ROWS} == set(Status)


def test_kinds_that_are_read_in_their_own_way_have_a_row():
    kinds = {row.kind for row in [*ROWS, *FIGURE_ROWS]}
    assert {kind for kind in Kind if kind.by_doing} <= kinds
    assert {
        Kind.TWO_TIER_REMAINDER,
        Kind.SHARE,
        Kind.SHARE_OF_DAYS,
        Kind.AVAILABILITY,
        Kind.TREND,
        Kind.SATISFACTION_MEAN,
        Kind.MEAN_DURATION,
    } <= kinds

"""What a calendar would do, before it is saved."""

import random
from datetime import date, timedelta

import pytest

from indicators.models import CaseFact, Indicator, Result, WorkCalendar
from indicators.queries.impact import impact_of
from indicators.services import figures
from indicators.services.calendars import put_calendar
from tests import builders
from tests.indicators.helpers import line, request, send, utc
from tests.indicators.random_logs import in_sendable_order, made_up, many_rules

NOW = builders.NOW


def with_holidays(*days: str) -> dict:
    holidays = builders.OFFICE_HOURS["holidays"] | dict.fromkeys(days, "Festa")
    return builders.OFFICE_HOURS | {"holidays": holidays}


@pytest.fixture
def office(charter) -> WorkCalendar:
    return WorkCalendar.objects.get(code="office")


def test_saint_john_saves_a_case_and_breaks_none(office):
    send(
        *request("late", "2026-06-15", "2026-06-30"),
        *request("kept", "2026-06-15", "2026-06-26"),
        *request("elsewhere", "2026-03-02", "2026-03-20"),
    )
    figures.refresh(at=NOW)
    before = list(CaseFact.objects.values())
    found = impact_of(office, with_holidays("2026-06-23"), at=NOW)
    (charter,) = found.charters
    assert (charter.charter.slug, charter.saved, charter.broken, charter.moved) == (
        "library",
        1,
        0,
        1,
    )
    first = found.cases[0]
    assert (first.case, first.side_before, first.side_after) == (
        "late",
        "late",
        "in_time",
    )
    assert first.due_after - first.due_before == timedelta(days=1)
    assert found.final_lines == 0
    assert list(CaseFact.objects.values()) == before


def test_final_figures_are_told_apart_and_do_not_move(office):
    send(*request("late", "2026-06-15", "2026-06-30"))
    figures.refresh(at=utc(2026, 10, 1))
    figures.freeze_ended(organisation_id=None, at=utc(2026, 10, 1))
    found = impact_of(office, with_holidays("2026-06-23"), at=NOW)
    # June and its quarter; the year has not ended.
    assert found.final_lines == 2
    put_calendar(
        organisation=office.organisation,
        code="office",
        name={},
        definition=with_holidays("2026-06-23"),
        at=NOW,
    )
    figures.refresh(at=NOW)
    assert (line("2026-06-01").met, line("2026-01-01", "year").met) == (0, 1)
    assert not Result.objects.filter(revision=1).exists()


def test_the_same_calendar_changes_nothing(office):
    send(*request("late", "2026-06-15", "2026-06-30"))
    figures.refresh(at=NOW)
    found = impact_of(office, with_holidays(), at=NOW)
    assert (found.charters, found.final_lines, found.cases) == ((), 0, ())


@pytest.mark.parametrize("seed", range(6))
def test_the_preview_is_what_comes_of_it(office, seed):
    chance = random.Random(seed)
    first = date(2026, 2, 2)
    for number in range(40):
        opened = first + timedelta(days=chance.randrange(120))
        closed = opened + timedelta(days=chance.randrange(25))
        ended = [closed.isoformat()] if chance.random() < 0.8 else []
        send(*request(f"c{number}", opened.isoformat(), *ended))
    at = utc(2026, 5, 20)
    figures.refresh(at=at)
    days = {
        (first + timedelta(days=chance.randrange(130))).isoformat() for _ in range(4)
    }
    definition = with_holidays(*days)
    before = sides(at)
    found = impact_of(office, definition, at=at)
    put_calendar(
        organisation=office.organisation,
        code="office",
        name={},
        definition=definition,
        at=at,
    )
    figures.refresh(at=at)
    after = sides(at)
    changed = {
        case: (before[case][0], after[case][0])
        for case in before
        if before[case] != after[case]
    }
    assert {
        case.case: (case.side_before, case.side_after) for case in found.cases
    } == changed
    told = [sides for sides in changed.values() if sides == ("late", "in_time")]
    assert sum(charter.saved for charter in found.charters) == len(told)


@pytest.mark.parametrize("seed", range(4))
def test_final_lines_are_those_that_a_restatement_would_change(town, seed):
    dice = random.Random(seed)
    types = ("closed", "opened", "withdrawn")
    document = builders.charter_document(indicators=many_rules(), types=types)
    builders.published(document, of=town)
    events = in_sendable_order(made_up(dice), dice)
    send(*events, at=NOW)
    at = utc(2028, 6, 1)
    figures.refresh(at=at)
    figures.sweep(at=at)
    figures.roll(at=at)
    figures.freeze_ended(organisation_id=None, at=at)
    assert not Result.objects.filter(state="PROVISIONAL", period_end__lt=at).exists()
    office = WorkCalendar.objects.get(code="office")
    days = [date(2026, 1, 1) + timedelta(days=dice.randrange(300)) for _ in range(5)]
    definition = with_holidays(*(day.isoformat() for day in days))
    found = impact_of(office, definition, at=at)
    put_calendar(
        organisation=town, code="office", name={}, definition=definition, at=at
    )
    figures.refresh(at=at)
    every = list(Indicator.objects.values_list("pk", flat=True))
    restated = figures.restate(
        indicators=every, period=None, cause="a forgotten day", by=None, at=at
    )
    assert found.final_lines == restated > 0


def sides(at):
    """Side and due instant of each case, told by other means than the preview's."""
    found = {}
    for fact in CaseFact.objects.all():
        late = fact.outcome == "missed" or (
            fact.outcome == "open" and fact.due_at is not None and fact.due_at <= at
        )
        found[fact.case_key] = ("late" if late else "in_time", fact.due_at)
    return found

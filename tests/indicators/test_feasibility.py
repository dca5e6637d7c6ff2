"""What a draft's target would have given on past events."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from indicators.models import IndicatorRule, Result
from indicators.queries import feasibility
from indicators.queries.feasibility import feasibility_of, in_order
from indicators.services import figures
from tests import builders
from tests.indicators.helpers import event, request, send

NOW = builders.NOW


@pytest.fixture
def draft(town) -> IndicatorRule:
    builders.draft(builders.charter_document(), of=town)
    return IndicatorRule.objects.get()


def some_requests(count: int = 120, seed: int = 1, first: str = "2026-01-05") -> None:
    chance = random.Random(seed)
    start = date.fromisoformat(first)
    events = []
    for number in range(count):
        opened = start + timedelta(days=chance.randrange(240))
        closed = opened + timedelta(days=chance.randrange(24))
        ended = [closed.isoformat()] if chance.random() < 0.97 else []
        events += request(f"c{number}", opened.isoformat(), *ended)
    send(*events)


def test_nothing_can_be_said_without_a_past(draft):
    assert feasibility_of(draft, at=NOW) is None
    draft.stream = None
    assert feasibility_of(draft, at=NOW) is None


def test_the_past_is_judged_as_the_ledger_would_have(charter):
    some_requests()
    figures.refresh(at=NOW)
    found = feasibility_of(IndicatorRule.objects.get(), at=NOW)
    for trial in found.trials:
        line = Result.objects.get(
            period_kind="month", period_start=trial.period.start, segment=""
        )
        assert line.n == trial.n
        if trial.value is not None:
            assert abs(line.value - Decimal(float(trial.value))) < Decimal("1e-9")


def test_nothing_is_written_and_a_draft_suffices(draft):
    some_requests()
    found = feasibility_of(draft, at=NOW)
    assert not Result.objects.exists()
    assert [trial.period.label for trial in found.trials][-1] == "2026-10"
    assert found.told.evaluated == len(found.told.kept) + len(found.told.missed) > 6


def test_the_strongest_target_would_have_been_kept_in_nine_of_ten(draft):
    some_requests(300)
    found = feasibility_of(draft, at=NOW)
    values = [trial.value for trial in found.trials if trial.value is not None]

    def kept(target: Fraction) -> Fraction:
        return Fraction(sum(value >= target for value in values), len(values))

    assert kept(found.strongest) >= Fraction(9, 10) > kept(found.strongest + 1)
    rungs = {rung.target: rung.kept for rung in found.ladder}
    assert rungs[found.strongest] == sum(v >= found.strongest for v in values)


def test_the_shortest_limit_is_told_with_its_pauses(draft):
    draft.definition["pauses"] = [{"from": ["asked"], "until": ["replied"]}]
    draft.target = Decimal(100)
    draft.stream.types = [*draft.stream.types, "asked", "replied"]
    draft.stream.save()
    draft.save()
    for month in range(1, 10):
        # Three working days, of which one is spent waiting for the citizen.
        day = datetime(2026, month, 12, 9, tzinfo=UTC)
        day += timedelta(days=(7 - day.weekday()) % 7)  # a Monday
        key = f"m{month}"
        types = ("opened", "asked", "replied", "closed")
        send(
            *(
                event(
                    f"{key}/{type_}",
                    key,
                    type=type_,
                    at=(day + timedelta(days=days)).isoformat(),
                )
                for days, type_ in enumerate(types)
            )
        )
    found = feasibility_of(draft, at=NOW)
    assert found.limit == 2
    assert {rung.target: rung.kept for rung in found.limits}[Fraction(2)] == 9
    assert {rung.target: rung.kept for rung in found.limits}[Fraction(1)] == 0


def test_a_case_that_never_ended_is_no_success(draft):
    draft.target = Decimal(100)
    draft.save()
    for month in range(1, 10):
        send(*request(f"m{month}", f"2026-{month:02d}-05"))
    found = feasibility_of(draft, at=NOW)
    assert found.limit is None
    assert {rung.kept for rung in found.limits} == {0}
    assert found.strongest == 0


def test_too_many_events_to_wait_for_are_cut_at_a_day(draft, monkeypatch):
    some_requests(200)
    whole = feasibility_of(draft, at=NOW)
    monkeypatch.setattr(feasibility, "EVENTS", 120)
    cut = feasibility_of(draft, at=NOW)
    assert whole.since is None
    assert cut.since is not None
    assert 0 < len(cut.trials) < len(whole.trials)
    # What is still shown is whole.
    assert list(whole.trials)[-len(cut.trials) :] == list(cut.trials)


def test_a_target_met_exactly_has_no_stronger_one(draft):
    some_requests()
    draft.comparator = "="
    draft.save()
    found = feasibility_of(draft, at=NOW)
    assert (found.strongest, found.ladder) == (None, ())


def test_the_trials_come_in_order_with_their_verdict(draft):
    some_requests()
    draft.target = Decimal(50)
    found = feasibility_of(draft, at=NOW)
    rows = list(in_order(found.told))
    assert [trial.period for trial, _kept in rows] == [t.period for t in found.trials]
    assert {kept for _trial, kept in rows} >= {True, False}

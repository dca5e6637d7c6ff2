"""What a suspension does to figures: with it, without it, and never to the log."""

from datetime import date

import pytest

from commitments.services.suspensions import lift, suspend
from engine.periods import parse_period
from indicators.models import Result, ServiceEvent, StaleMark
from indicators.services import figures
from indicators.services.verification import verify
from tests import builders
from tests.indicators.helpers import counts, line, request, send

NOW = builders.NOW
# Ten working days from the first half of July are over in July.
IN_TIME = request("kept", "2026-07-01", "2026-07-03")
LATE = request("late", "2026-07-07", "2026-07-30")


@pytest.fixture
def approver(town):
    return builders.person("APPROVER", of=town)


@pytest.fixture
def suspended(charter, approver):
    def do(**changes):
        values = {
            "charter": charter.charter,
            "commitment": "C1",
            "cause": {"ca": "Obres"},
            "consequences": {},
            "covers": "begun",
            "from_on": date(2026, 7, 6),
            "until_on": None,
            "resolution": "Decret 2026/77",
            "resolved_on": date(2026, 7, 3),
            "by": approver,
            "at": NOW,
        }
        made = suspend(**values | changes)
        figures.refresh(at=NOW)
        return made

    return do


def test_figure_is_given_with_and_without(charter, suspended):
    send(*IN_TIME, *LATE)
    figures.refresh(at=NOW)
    assert line("2026-07-01").whole is None
    suspended()
    july = line("2026-07-01")
    assert (counts(july), july.status) == ((1, 1, 0, 0), "met")
    assert july.excluded == {"suspended": 1}
    assert july.whole["status"] == "unmet"
    assert (july.whole["n"], july.whole["met"], july.whole["missed"]) == (2, 1, 1)
    assert july.whole["excluded"] == {}
    assert list(verify(at=NOW)) == []


def test_lifting_counts_the_cases_again_and_changes_no_event(
    charter, suspended, approver
):
    send(*IN_TIME, *LATE)
    events = list(ServiceEvent.objects.order_by("pk").values())
    made = suspended()
    lift(suspension=made, until_on=date(2026, 7, 7), by=approver, at=NOW)
    assert StaleMark.objects.exists()
    figures.refresh(at=NOW)
    july = line("2026-07-01")
    assert (counts(july), july.status) == ((2, 1, 1, 0), "unmet")
    # Some of its days are suspended all the same: both figures are told, equal.
    assert july.whole["n"] == 2
    assert list(ServiceEvent.objects.order_by("pk").values()) == events
    assert list(verify(at=NOW)) == []


def test_final_figure_is_restated_with_its_cause(charter, suspended):
    send(*IN_TIME, *LATE)
    figures.refresh(at=NOW)
    figures.freeze(period=parse_period("2026-07"), organisation_id=None, at=NOW)
    before = line("2026-07-01")
    suspended()
    after = line("2026-07-01")
    assert (before.revision, after.revision) == (0, 1)
    assert (after.state, after.cause) == ("RESTATED", "suspension recorded or lifted")
    assert Result.objects.get(pk=before.pk).status == "unmet"
    assert list(verify(at=NOW)) == []


def test_nothing_but_suspended_cases_is_no_verdict(charter, suspended):
    send(*LATE)
    suspended()
    july = line("2026-07-01")
    assert (july.status, july.value) == ("suspended", None)
    assert july.whole["status"] == "unmet"


def test_cases_in_hand_are_taken_out_if_it_says_so(charter, suspended):
    send(*request("old", "2026-06-29", "2026-07-20"))
    suspended(covers="touched")
    assert line("2026-07-01").excluded == {"suspended": 1}


def test_only_the_indicators_of_the_commitment_are_marked(town, approver):
    document = builders.charter_document()
    promise = document["quality"]["commitments"][0]
    document["quality"]["commitments"] = [
        promise | {"code": code, "indicators": [builders.indicator(f"IND-{code}")]}
        for code in ("C1", "C2")
    ]
    document["redress"]["measures"][0]["commitments"] = ["C1", "C2"]
    edition = builders.published(document, of=town)
    figures.refresh(at=NOW)
    suspend(
        charter=edition.charter,
        commitment="C2",
        cause={"ca": "Obres"},
        consequences={},
        covers="begun",
        from_on=date(2026, 7, 6),
        until_on=None,
        resolution="Decret 2026/77",
        resolved_on=date(2026, 7, 3),
        by=approver,
        at=NOW,
    )
    marked = StaleMark.objects.values_list("indicator__code", "case_key")
    assert list(marked) == [("IND-C2", None)]

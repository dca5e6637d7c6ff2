"""A worker that dies at any point changes no final figure."""

import multiprocessing
import os
import random
import signal
import time

import pytest
from django.db import connection

from indicators.models import CaseFact, Result, StaleMark
from indicators.services import figures
from indicators.services.verification import verify
from tests import builders
from tests.indicators.helpers import request, send

NOW = builders.NOW
KILLS = 25
PATIENCE = 120


def refresh_for_ever() -> None:
    """Work as a worker would, with connections of its own, until killed."""
    connection.close()
    while True:
        figures.refresh(at=NOW)
        figures.sweep(at=NOW)


def months() -> dict:
    lines = Result.objects.filter(period_kind="month", segment="")
    return {
        (row.indicator.code, row.period_start, row.revision): (
            (row.state, row.n, row.met, row.pending, row.inputs_digest)
        )
        for row in lines.select_related("indicator")
    }


def some_requests(dice: random.Random, start: int, count: int) -> list[dict]:
    found: list[dict] = []
    for number in range(start, start + count):
        month, day = dice.randrange(1, 10), dice.randrange(1, 20)
        closed = f"2026-{month:02d}-{day + dice.randrange(9):02d}"
        found += request(f"c{number}", f"2026-{month:02d}-{day:02d}", closed)
    return found


@pytest.mark.django_db(transaction=True)
def test_no_kill_changes_a_figure(town, monkeypatch):
    monkeypatch.setattr("core.jobs._send", lambda task, kwargs: None)
    # Small rounds, so that a kill falls between any two of them.
    monkeypatch.setattr(figures, "MARKS_AT_ONCE", 9)
    monkeypatch.setattr(figures, "FACTS_AT_ONCE", 5)
    codes = ("A", "B", "C")
    published = [builders.indicator(code) for code in codes]
    builders.published(builders.charter_document(indicators=published), of=town)
    figures.refresh(at=NOW)
    figures.freeze_ended(organisation_id=None, at=NOW)
    dice = random.Random(26)
    context = multiprocessing.get_context("fork")
    killed_at_work = 0
    for turn in range(KILLS):
        send(*some_requests(dice, turn * 20, 20))
        connection.close()
        worker = context.Process(target=refresh_for_ever, daemon=True)
        worker.start()
        time.sleep(dice.uniform(0, 0.6))
        os.kill(worker.pid, signal.SIGKILL)
        worker.join(PATIENCE)
        killed_at_work += StaleMark.objects.exists()
    figures.refresh(at=NOW)
    assert not StaleMark.objects.exists()
    assert killed_at_work > 0
    assert list(verify(at=NOW)) == []
    assert CaseFact.objects.count() == KILLS * 20 * len(codes)
    # What was final before is restated, never overwritten, and the newest revisions
    # are what one worker computes from nothing.
    by_kills = months()
    assert {state for state, *_counts in by_kills.values()} >= {"FROZEN", "RESTATED"}
    newest = {place[:2]: place for place in sorted(by_kills)}
    CaseFact.objects.all().delete()
    for indicator in town.indicators.all():
        figures.rebuild(indicator_id=indicator.pk, at=NOW)
    assert months() == by_kills
    assert len(newest) == len(codes) * 11

"""The measurements work, on next to nothing; no time that they take is looked at."""

import json
import xml.etree.ElementTree as ET
from types import SimpleNamespace

import pytest

from bench import course, report
from bench.measured.workers import at_work
from bench.rows import Row, percentile, side_by_side
from bench.sizes import SIZES
from indicators.models import CaseFact, ServiceEvent

ROWS = [
    Row("fast", "Fast", "slow", 12.5, "×", 10),
    Row("late", "Late <b>", "", 90.0, "ms", 60, at_least=False),
    Row("none", "Anything", "", 1234.5, "events/s"),
    Row(
        "ingest.stored",
        "Ingest",
        "",
        1.0,
        "×",
        raw={
            f"{stored:_}_{cost}": 10.0 + stored / 1_000_000
            for stored in (100_000, 1_000_000, 10_000_000)
            for cost in ("ingest_us", "copy_us", "late_ms", "replay_us")
        },
    ),
]


def test_a_target_is_reached_from_its_own_side():
    assert [row.met for row in ROWS] == [True, False, None, None]
    assert [row.margin for row in ROWS] == [1.25, pytest.approx(2 / 3), None, None]


def test_percentiles_are_values_that_were_measured():
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert [percentile(values, share) for share in (0, 20, 50, 95, 100)] == [
        *(1.0, 1.0, 3.0),
        *(5.0, 5.0),
    ]


def test_side_by_side_takes_turns():
    turns = []
    side_by_side(turns.append, lambda n: turns.append(-n), 3)
    assert turns == [0, 0, 1, -1, 2, -2]


def test_results_are_written_for_programs_and_for_people(tmp_path):
    machine = {"cpu": "A Cpu", "cores": 2}
    path = report.write(ROWS, machine, size="tiny", folder=tmp_path, stem="one")
    assert "| Fast | slow | 12.5 × | ≥ 10 × | met |" in path.read_text()
    assert "| Late <b> |  | 90.0 ms | ≤ 60 ms | **missed** |" in path.read_text()
    kept = json.loads((tmp_path / "one.json").read_text())
    assert kept["machine"] == machine
    assert [row["met"] for row in kept["rows"]] == [True, False, None, None]
    bars = ET.parse(tmp_path / "one.svg").getroot().iterfind(".//{*}rect")
    assert len(list(bars)) == 1 + 2  # the ground, and what has a target
    grown = ET.parse(tmp_path / "one-stored.svg").getroot()
    lines = [line.get("points").split() for line in grown.iterfind(".//{*}polyline")]
    assert [len(points) for points in lines] == [3] * 4


@pytest.mark.real_clock
@pytest.mark.django_db(transaction=True)
def test_the_whole_course_runs(monkeypatch, tmp_path):
    monkeypatch.setattr("core.jobs._send", lambda task, kwargs: None)
    asked = []

    def ask(copy, question):
        asked.append(copy)
        return SimpleNamespace(csv=1.0, parquet=1.0)

    rows = list(course.run(SIZES["tiny"], workers=at_work, ask=ask))
    assert len({row.key for row in rows}) == len(rows) > 10
    assert all(row.value >= 0 for row in rows)
    assert asked
    assert report.write(rows, {}, size="tiny", folder=tmp_path, stem="all").exists()
    assert ServiceEvent.objects.count() > SIZES["tiny"].many
    assert CaseFact.objects.exists()

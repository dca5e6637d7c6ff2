"""A ledger line in words, for every kind and every status."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils import translation

from indicators.models import IndicatorRule, Result
from web.presenters.figures import Reading, figure_view, latest_ended, trend_view

TODAY = date(2026, 7, 20)
READING = Reading("en", "ca", TODAY, "Europe/Madrid")
WATERMARK = datetime(2026, 7, 18, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


def rule(kind="share_within_limit", *, comparator=">=", target="95", **definition):
    return IndicatorRule(
        pk=1,
        kind=kind,
        comparator=comparator,
        target=None if target is None else Decimal(target),
        period="month",
        name={"ca": "A temps"},
        definition=definition,
    )


def line(month=6, **changes):
    values = {
        "period_kind": "month",
        "period_start": date(2026, month, 1),
        "period_end": date(2026, month + 1, 1),
        "state": "PROVISIONAL",
        "status": "unmet",
        "n": 1012,
        "met": 961,
        "missed": 51,
        "pending": 0,
        "excluded": {},
        "not_computable": 0,
        "numerator": Decimal(961),
        "denominator": Decimal(1012),
        "value": Decimal("94.960474308300"),
        "comparator": ">=",
        "target": Decimal(95),
    } | changes
    return Result(**values)


def view(line, rule, watermark=WATERMARK):
    return figure_view(line, rule, READING, watermark=watermark)


def test_share_says_met_n_value_target_verdict_and_reach():
    shown = view(line(), rule())
    assert shown.sentence == (
        "961 of 1,012 in time, 94.96 %, target at least 95 %: not met; "
        "events to 30 June 2026."
    )
    assert (shown.value, shown.period, shown.n) == ("94.96 %", "June 2026", "1,012")


@pytest.mark.parametrize(
    ("kind", "definition", "changes", "words"),
    [
        (
            "every_case_within_limit",
            {},
            {
                "comparator": "=",
                "target": "100",
                "value": "99.996",
                "met": 24999,
                "n": 25000,
            },
            "24,999 of 25,000 in time, 99.996 %, target exactly 100 %",
        ),
        (
            "mean_duration",
            {"unit": "working_days"},
            {"comparator": "<=", "target": "5", "value": "5.25", "n": 1},
            "mean of 5.25 working days over 1 case, target at most 5 working days",
        ),
        (
            "median_duration",
            {"unit": "open_hours"},
            {"comparator": "<", "target": "6", "value": "6", "n": 20},
            (
                "half in 6 hours of opening time or less, over 20 cases, "
                "target less than 6 hours of opening time"
            ),
        ),
        (
            "percentile_duration",
            {"unit": "elapsed_minutes", "percentile": "90"},
            {"comparator": "<=", "target": "15", "value": "15.0004", "n": 3000},
            (
                "90 of every 100 in 15.0004 minutes or less, over 3,000 cases, "
                "target at most 15 minutes"
            ),
        ),
        (
            "satisfaction_mean",
            {"scale": {"min": "0", "max": "10"}},
            {"comparator": ">=", "target": "8", "value": "7.93", "n": 60},
            (
                "mean of 7.93 points on a scale from 0 to 10, over 60 answers, "
                "target at least 8 points"
            ),
        ),
        (
            "share_at_or_above",
            {"at_least": "8"},
            {
                "comparator": ">=",
                "target": "80",
                "value": "79.5",
                "n": 200,
                "numerator": "159",
            },
            "159 of 200 gave 8 points or more, 79.5 %, target at least 80 %",
        ),
        (
            "nps",
            {},
            {"comparator": ">=", "target": "50", "value": "-12.5", "n": 80},
            (
                "recommendation of -12.5 on a scale from −100 to 100, over 80 answers, "
                "target at least 50"
            ),
        ),
        (
            "ratio",
            {},
            {
                "comparator": "<=",
                "target": "5",
                "value": "5.4726",
                "numerator": "22",
                "denominator": "402",
            },
            "22 of 402, 5.47 %, target at most 5 %",
        ),
        (
            "ratio",
            {"as_percent": False},
            {
                "comparator": "<=",
                "target": "0.4",
                "value": "0.45",
                "numerator": "9",
                "denominator": "20",
            },
            "9 of 20, 0.45, target at most 0.4",
        ),
        (
            "count",
            {},
            {"comparator": ">", "target": "36", "value": "36", "numerator": "36"},
            "36 in the period, target more than 36",
        ),
    ],
)
def test_every_kind_has_its_sentence(kind, definition, changes, words):
    decimals = {"target", "value", "numerator", "denominator"}
    changes = {
        name: Decimal(value) if name in decimals else value
        for name, value in changes.items()
    }
    shown = view(
        line(**changes),
        rule(
            kind,
            comparator=changes["comparator"],
            target=changes["target"],
            **definition,
        ),
    )
    assert shown.sentence == f"{words}: not met; events to 30 June 2026."


def test_met_is_said_with_the_target_that_judged_and_not_with_todays():
    shown = view(
        line(status="met", target=Decimal(90), state="FROZEN"), rule(target="95")
    )
    assert "target at least 90 %: met;" in shown.sentence
    assert shown.state == "frozen"


def test_unmet_is_never_shown_as_its_target():
    assert view(line(value=Decimal("94.9999")), rule()).value == "94.9999 %"


@pytest.mark.parametrize(
    ("changes", "minimum", "words"),
    [
        (
            {"status": "no_cases", "n": 0, "value": None},
            0,
            "There was no case in this period, so there is nothing to judge.",
        ),
        (
            {"status": "too_few_cases", "n": 7},
            20,
            "Only 7 cases in this period, too few to judge: it takes at least 20.",
        ),
        (
            {"status": "too_few_cases", "n": 7},
            5,
            "Only 7 cases in this period, too few to judge.",
        ),
        (
            {"status": "no_data_yet"},
            0,
            "There is no verdict yet: events have arrived only to 30 June 2026.",
        ),
        (
            {"status": "not_computable", "not_computable": 2},
            0,
            (
                "It cannot be computed: 2 cases run beyond the days that the work calendar "
                "knows."
            ),
        ),
        (
            {"status": "suspended"},
            0,
            "The commitment is suspended in this period, so it is not judged.",
        ),
    ],
)
def test_what_is_no_verdict_shows_no_percentage_and_says_why(changes, minimum, words):
    shown = view(line(**changes), rule(minimum_sample=minimum))
    assert shown.sentence == words
    assert shown.value == ""
    assert shown.interval == ""


def test_without_any_event_nothing_is_said_to_have_arrived():
    shown = view(line(status="no_data_yet", n=0, value=None), rule(), watermark=None)
    assert shown.sentence == "There is no verdict yet: no event has arrived."


def test_not_evaluated_shows_its_value_and_that_nobody_judges_it():
    shown = view(
        line(status="not_evaluated", target=None, comparator=""), rule(target=None)
    )
    assert shown.sentence == (
        "961 of 1,012 in time, 94.96 %; without a target in figures, it is not judged; "
        "events to 30 June 2026."
    )
    assert (shown.target, shown.goal) == ("", "")


def test_events_reach_to_the_watermark_in_the_offices_own_day():
    before_midnight = datetime(2026, 6, 28, 22, 30, tzinfo=UTC)
    assert "events to 29 June 2026" in view(line(), rule(), before_midnight).sentence


def test_pending_and_excluded_cases_are_told_with_their_reasons():
    shown = view(line(pending=1, excluded={"withdrawn": 3, "força major": 2}), rule())
    assert shown.pending == (
        "1 case is still open and within its limit: it does not count yet."
    )
    assert shown.excluded == "5 cases are not counted:"
    assert [(item.text, item.language, item.n) for item in shown.reasons] == [
        ("withdrawn", "en", "3"),
        ("força major", "ca", "2"),
    ]


def test_interval_is_told_in_words():
    shown = view(line(low=Decimal("93.4421"), high=Decimal("96.1499")), rule())
    assert "from 93.44 % to 96.15 %" in shown.interval


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": "PROVISIONAL"}, "Provisional: late events can still change it."),
        (
            {"state": "FROZEN"},
            "It cannot change: a later correction is published as another figure.",
        ),
        (
            {"state": "RESTATED", "revision": 2, "cause": "late or corrected events"},
            (
                "It replaces an earlier figure because of late or corrected events "
                "(restatement 2)."
            ),
        ),
    ],
)
def test_firmness_is_told_in_words(changes, words):
    assert view(line(**changes), rule()).firmness == words


def test_running_period_is_provisional_and_has_no_verdict():
    shown = view(line(month=7, status="met"), rule())
    assert (shown.badge, shown.running) == ("provisional", True)
    assert shown.firmness == "So far: the period is not over."


def test_latest_ended_passes_over_the_running_period_and_other_kinds():
    lines = [
        line(month=5),
        line(month=6),
        line(month=7),
        line(month=6, period_kind="quarter"),
    ]
    assert latest_ended(lines, rule(), TODAY) is lines[1]
    assert latest_ended(lines[2:], rule(), TODAY) is None


def test_trend_counts_verdicts_draws_what_is_over_and_lists_the_newest_first():
    lines = [
        line(month=3, status="met"),
        line(month=4),
        line(month=5, status="no_cases", value=None, n=0),
        line(month=6, status="met"),
        line(month=7, status="met"),
    ]
    trend = trend_view(lines, rule(), READING, watermark=WATERMARK)
    assert trend.summary == (
        "4 months: target met in 2, not met in 1, no verdict in 1."
    )
    assert [row.period for row in trend.rows][:2] == ["July 2026", "June 2026"]
    assert trend.rows[0].running
    assert trend.chart.count("<title>") == 4  # three marks and a gap
    assert "July 2026" not in trend.chart


def test_trend_goes_back_24_months():
    lines = [
        line(
            month=month,
            period_start=date(year, month, 1),
            period_end=date(year, month + 1, 1),
        )
        for year in (2023, 2024, 2025, 2026)
        for month in range(1, 7)
    ]
    trend = trend_view(lines, rule(), READING, watermark=WATERMARK)
    assert trend.rows[-1].period == "January 2025"


def test_trend_of_one_period_is_no_chart():
    trend = trend_view([line()], rule(), READING, watermark=WATERMARK)
    assert trend.chart == ""
    assert len(trend.rows) == 1


def test_trend_without_lines_is_nothing():
    assert trend_view([], rule(), READING, watermark=None) is None


def test_a_case_of_no_promise_is_told_in_words():
    (reason,) = view(line(excluded={"no_promise": 2}), rule()).reasons
    assert (reason.text, reason.language) == (
        "begun on a day without this promise",
        "en",
    )

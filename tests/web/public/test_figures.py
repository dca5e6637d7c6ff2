"""A ledger line in words, for every kind and every status."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import translation

from engine import cases
from engine.measures import Kind
from indicators.models import IndicatorRule, Result
from indicators.services import causes
from web.presenters.figures import (
    CAUSES,
    REASONS,
    Reading,
    figure_view,
    history_view,
    latest_ended,
    trend_view,
)
from web.presenters.sentences import RESULTS

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
        (
            "share",
            {},
            {"value": "94.96", "numerator": "961", "denominator": "1012"},
            "961 of 1,012, 94.96 %, target at least 95 %",
        ),
        (
            "share_at_or_above",
            {"below": "5"},
            {
                "comparator": "<=",
                "target": "10",
                "value": "12.5",
                "n": 200,
                "numerator": "25",
            },
            "25 of 200 gave less than 5 points, 12.5 %, target at most 10 %",
        ),
        (
            "share_at_or_above",
            {"at_least": "8", "weight": "people"},
            {"target": "80", "value": "79.5", "n": 200, "numerator": "512.25"},
            "79.5 %, weighed, over 200 answers, target at least 80 %",
        ),
        (
            "two_tier_remainder",
            {},
            {"target": "100", "value": "97.5", "n": 40, "met": 39, "missed": 1},
            (
                "of 40 cases beyond the first limit, 39 within the second, 97.5 %, "
                "target at least 100 %"
            ),
        ),
        (
            "schedule_frequency",
            {},
            {
                "target": "100",
                "value": "91.666666666667",
                "n": 12,
                "numerator": "11",
                "denominator": "12",
            },
            "11 done of 12 planned, 91.67 %, target at least 100 %",
        ),
        (
            "milestone",
            {"done": {"types": ["published"]}, "due": {"on": "2026-06-15"}},
            {"target": "100", "value": "0", "n": 1, "met": 0, "missed": 1},
            "not done by 15 June 2026",
        ),
        (
            "share_of_days",
            {},
            {"target": "95", "value": "90.909090909091", "n": 22, "met": 20},
            "as promised on 20 of 22 days, 90.91 %, target at least 95 %",
        ),
        (
            "availability",
            {"unit": "elapsed_hours"},
            {
                "target": "99.9",
                "value": "99.895833333333",
                "n": 720,
                "numerator": "719.25",
                "denominator": "720",
            },
            (
                "available for 719.25 hours of 720 hours, 99.896 %, "
                "target at least 99.9 %"
            ),
        ),
        (
            "availability",
            {"unit": "open_hours"},
            {
                "target": "99",
                "value": "98",
                "n": 100,
                "numerator": "98",
                "denominator": "100",
            },
            (
                "available for 98 hours of opening time of 100 hours of opening time, "
                "98 %, target at least 99 %"
            ),
        ),
        (
            "opening_hours",
            {"unit": "open_hours"},
            {
                "target": "98",
                "value": "97.5",
                "n": 160,
                "numerator": "156",
                "denominator": "160",
            },
            (
                "open for 156 hours of the 160 hours announced, 97.5 %, "
                "target at least 98 %"
            ),
        ),
        (
            "opening_hours",
            {"unit": "elapsed_hours", "as_percent": False},
            {"target": "40", "value": "39.5", "n": 5},
            "open for 39.5 hours, target at least 40 hours",
        ),
        (
            "trend",
            {"of": {"kind": "ratio"}},
            {"comparator": ">=", "target": "2", "value": "-1.5", "n": 30},
            (
                "-1.5 percentage points against May 2026, over 30 cases, "
                "target at least +2 percentage points"
            ),
        ),
        (
            "trend",
            {"of": {"kind": "nps"}, "as": "percent", "against": "year_before"},
            {"comparator": ">=", "target": "5", "value": "4.2", "n": 30},
            "+4.2 % against June 2025, over 30 answers, target at least +5 %",
        ),
        (
            "trend",
            {"of": {"kind": "mean_duration", "unit": "working_days"}},
            {"comparator": "<=", "target": "-1", "value": "-0.5", "n": 30},
            (
                "-0.5 working days against May 2026, over 30 cases, "
                "target at most -1 working day"
            ),
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
            comparator=changes.get("comparator", ">="),
            target=changes.get("target", Decimal(95)),
            **definition,
        ),
    )
    assert shown.sentence == f"{words}: not met; events to 30 June 2026."


def test_no_kind_is_left_without_a_sentence():
    assert set(RESULTS) == set(Kind)


def test_what_was_done_in_time_is_said_with_its_day():
    definition = {"done": {"types": ["published"]}, "due": {"on": "06-30"}}
    shown = view(
        line(status="met", n=1, met=1, missed=0, value=Decimal(100)),
        rule("milestone", **definition),
    )
    assert shown.sentence == "done by 30 June 2026: met; events to 30 June 2026."
    assert (shown.value, shown.goal, shown.target) == (
        "done",
        "done by 30 June 2026",
        "",
    )


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        ("nps", {}, "There was no answer in this period"),
        ("share_of_days", {}, "No day of this period had a case"),
        ("two_tier_remainder", {}, "No case went beyond the first limit"),
        ("schedule_frequency", {}, "Nothing was planned in this period"),
        ("schedule_frequency", {"pending": 3}, "Nothing is due yet"),
        ("milestone", {}, "Nothing was to be done by a day of this period"),
        ("milestone", {"pending": 1}, "Nothing is due yet"),
        ("availability", {}, "It was not to be available"),
        ("opening_hours", {}, "No opening was announced or recorded"),
        ("trend", {}, "One of the two periods has no figure"),
        (
            "share",
            {"numerator": Decimal(12), "denominator": Decimal(10)},
            "The counts contradict each other (12 of 10)",
        ),
    ],
)
def test_nothing_is_said_of_what_there_was_none(kind, changes, words):
    nothing = {"status": "no_cases", "n": 0, "value": None, "denominator": None}
    shown = view(line(**nothing | changes), rule(kind))
    assert shown.sentence.startswith(words)


def test_calendar_that_ends_is_said_of_the_period_where_no_case_runs():
    shown = view(
        line(status="not_computable", not_computable=1, value=None),
        rule("opening_hours", unit="open_hours"),
    )
    assert "does not know all the days of this period" in shown.sentence


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("mean_duration", "1 case is still open: it does not count yet."),
        ("availability", "1 interruption is not over: it counts up to now."),
        ("opening_hours", "1 opening is not over: it counts up to now."),
        ("milestone", "1 date has not come: it does not count yet."),
        (
            "schedule_frequency",
            "1 more is planned later in the period: it does not count yet.",
        ),
    ],
)
def test_pending_is_said_of_what_it_is(kind, words):
    assert view(line(pending=1), rule(kind)).pending == words


def test_target_that_changes_within_the_period_judges_nothing():
    summer = {"season": {"from": "06-15", "until": "09-01"}, "target": "80"}
    definition = {
        "start": {"types": ["opened"]},
        "stop": {"types": ["closed"]},
        "limit": {"amount": "10", "unit": "calendar_days"},
        "targets": [summer],
    }
    changing = line(status="not_evaluated", target=None, comparator="")
    shown = view(changing, rule(**definition))
    assert shown.sentence == (
        "961 of 1,012 in time, 94.96 %; the target changes within this period, so it "
        "is not judged; events to 30 June 2026."
    )


def test_count_of_another_period_than_promised_is_not_said_to_lack_a_target():
    shown = view(line(status="not_evaluated", value=Decimal(9)), rule("count"))
    assert shown.sentence == (
        "9 in the period, target at least 95; only the whole of the promised period "
        "is judged; events to 30 June 2026."
    )


def test_figure_is_told_without_the_suspension_too():
    whole = {
        "n": 1020, "met": 961, "missed": 59, "pending": 0, "excluded": {},
        "not_computable": 0, "numerator": "961.000000000000",
        "denominator": "1020.000000000000", "value": "94.215686274510",
        "status": "unmet",
    }  # fmt: skip
    official = line(
        status="met",
        n=961,
        value=Decimal(100),
        excluded={"suspended": 59},
        low=Decimal(99),
        high=Decimal(100),
        whole=whole,
    )
    shown = view(official, rule())
    assert shown.sentence.startswith("961 of 961 in time, 100 %")
    assert (shown.whole.status, shown.whole.value, shown.whole.n) == (
        "unmet",
        "94.22 %",
        "1,020",
    )
    assert shown.whole.sentence == (
        "961 of 1,020 in time, 94.22 %, target at least 95 %: not met; "
        "events to 30 June 2026."
    )
    assert official.value == 100


def test_figure_that_nothing_suspends_is_told_once():
    assert view(line(), rule()).whole is None


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
            (
                "Only 7 cases in this period: not enough to judge, which takes at "
                "least 20."
            ),
        ),
        (
            {"status": "too_few_cases", "n": 7},
            5,
            "Only 7 cases in this period: not enough to judge.",
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


@pytest.mark.parametrize(
    ("kind", "low", "high", "words"),
    [
        (
            "share_within_limit",
            "93.4421",
            "96.1499",
            "it anywhere from 93.44 % to 96.15 % (95 % Wilson interval).",
        ),
        (
            "satisfaction_mean",
            "7.61",
            "8.2",
            "the mean anywhere from 7.61 points to 8.2 points (95 % Student interval).",
        ),
        (
            "share_of_days",
            "90",
            "97",
            (
                "With this many days, chance alone could bring it anywhere from 90 % to "
                "97 % (95 % Wilson interval)."
            ),
        ),
        (
            "nps",
            "-3.5",
            "12",
            "the score anywhere from -3.5 to 12 (95 % interval of a net score).",
        ),
    ],
)
def test_interval_of_a_share_a_mean_and_a_score_is_told_in_words(
    kind, low, high, words
):
    shown = view(line(low=Decimal(low), high=Decimal(high)), rule(kind))
    assert shown.interval.endswith(words)


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


def test_every_reason_and_cause_of_the_engine_has_words():
    engine = Path(cases.__file__).read_text(encoding="utf-8")
    given = {*re.findall(r'(?:excluded\(\s*|reason=|reason = )"(\w+)"', engine)}
    given |= {*re.findall(r'reason = reason or "(\w+)"', engine)}
    named = {"void", "merged", "duplicate", "stop_before_start", "no_due", "excluded"}
    assert given | named | {"demand", "open", "suspended"} == set(REASONS)
    told = {text for name, text in vars(causes).items() if name.isupper()}
    assert set(CAUSES) == told


# --- revisions --------------------------------------------------------------------


def revisions():
    first = datetime(2026, 7, 4, 22, 30, tzinfo=UTC)
    return [
        line(month=6, state="FROZEN", as_of_at=first),
        line(
            month=6,
            state="RESTATED",
            revision=1,
            cause="late or corrected events",
            value=Decimal(95),
            status="met",
            as_of_at=first + timedelta(days=3),
        ),
        line(
            month=6,
            state="RESTATED",
            revision=2,
            cause="El calendari no tenia la festa local",
            restated_by_id=7,
            value=None,
            status="no_cases",
            as_of_at=first + timedelta(days=5),
        ),
        line(month=5, state="FROZEN", as_of_at=first),
    ]


def test_history_tells_every_revision_of_a_restated_period():
    (june,) = history_view(revisions(), rule(), READING, roles={7: "Manager"})
    assert june.period == "June 2026"
    first, second, third = june.revisions
    assert (first.title, first.before, first.after) == (
        "Final figure",
        "",
        "94.96 % over 1,012 cases",
    )
    # 22:30 UTC is the next day in the office's civil time.
    assert (first.day, first.cause, first.by) == ("5 July 2026", "", "")
    assert (second.title, second.before, second.after, second.cause) == (
        "Restatement 1",
        "94.96 % over 1,012 cases",
        "95 % over 1,012 cases",
        "late or corrected events",
    )
    assert (second.status, second.by) == ("met", "")
    assert (third.after, third.by) == ("No cases", "Manager")
    assert third.cause == "El calendari no tenia la festa local"


def test_what_was_kept_or_not_on_one_day_is_not_left_to_chance():
    shown = view(line(low=Decimal(20), high=Decimal(100)), rule("milestone"))
    assert shown.interval == ""


def test_restatement_that_changes_no_figure_says_so():
    first, second, *_rest = revisions()
    second.value = first.value
    (june,) = history_view([first, second], rule(), READING, roles={})
    assert [item.same for item in june.revisions] == [False, True]


def test_who_restated_and_left_is_somebody():
    (june,) = history_view(revisions(), rule(), READING, roles={})
    assert june.revisions[-1].by == "somebody of the organisation"

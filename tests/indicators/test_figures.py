"""Facts and ledger stay true to the log."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from charters.services.exchange import import_document
from engine.periods import parse_period
from indicators.models import (
    CalendarVersion,
    CaseFact,
    Indicator,
    Result,
    ServiceEvent,
    StaleMark,
    Stream,
)
from indicators.services import figures
from indicators.services.calendars import put_calendar
from indicators.services.intake import record
from indicators.services.verification import verify
from tests import builders
from tests.indicators.helpers import at_once, counts, event, line, request, send, utc
from tests.indicators.random_logs import (
    another_calendar,
    in_sendable_order,
    made_up,
    many_rules,
)

NOW = builders.NOW
# Everything of a line that depends on events and rules, not on when it was looked at.
CONTENT = (
    "n", "met", "missed", "pending", "excluded", "not_computable", "numerator",
    "denominator", "value", "low", "high", "status", "comparator", "target",
    "last_event_at", "rule_digest", "inputs_digest", "whole",
)  # fmt: skip


def ledger():
    """Every newest line that says something, by its place."""
    found = {}
    for row in Result.objects.order_by("revision"):
        place = (row.indicator.code, row.period_kind, row.period_start, row.segment)
        found[place] = {name: getattr(row, name) for name in CONTENT}
    return {
        place: content
        for place, content in found.items()
        if content["n"] or content["pending"] or content["excluded"]
    }


def facts():
    return sorted(
        CaseFact.objects.values_list(
            *("indicator__code", "case_key", "part", "outcome", "counted_on"),
            *("due_at", "value", "suspended"),
        )
    )


@pytest.fixture
def publish(town):
    def do(**options):
        edition = builders.published(builders.charter_document(**options), of=town)
        figures.refresh(at=NOW)
        return edition

    return do


def test_events_become_a_ledger_line(charter):
    send(
        *request("kept", "2026-03-02", "2026-03-10"),
        *request("late", "2026-03-02", "2026-03-30"),
        *request("open", "2026-03-03"),
    )
    assert figures.refresh(at=utc(2026, 3, 16, 12)) > 0
    assert not StaleMark.objects.exists()
    march = line("2026-03-01")
    # The tenth working day after Monday 2 March is Monday 16 March: still pending.
    assert counts(march) == (2, 1, 1, 1)
    assert march.value == 50
    assert (march.status, march.state, march.revision) == ("unmet", "PROVISIONAL", 0)
    assert march.as_of_at == utc(2026, 3, 16, 12)
    assert counts(line("2026-01-01", "quarter")) == (2, 1, 1, 1)
    assert counts(line("2026-01-01", "year")) == (2, 1, 1, 1)


def test_refreshing_again_writes_nothing(charter):
    send(*request("kept", "2026-03-02", "2026-03-10"))
    figures.refresh(at=NOW)
    before = list(Result.objects.order_by("pk").values())
    send(*request("kept", "2026-03-02", "2026-03-10"))
    assert figures.refresh(at=NOW) == 0
    figures.rebuild(indicator_id=Indicator.objects.get().pk, at=NOW)
    assert list(Result.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("seed", range(3))
def test_little_by_little_equals_from_nothing(publish, town, seed):
    dice = random.Random(seed)
    publish(indicators=many_rules(), types=("closed", "opened", "withdrawn"))
    events = in_sendable_order(made_up(dice), dice)
    assert all(e["at"] <= NOW for e in events)
    while events:
        size = dice.randrange(1, 80)
        batch, events = events[:size], events[size:]
        receipt = send(*batch, at=NOW)
        assert receipt.refused == []
        if dice.random() < 0.6:
            figures.refresh(at=NOW - timedelta(days=len(events)))
        if dice.random() < 0.3:
            figures.sweep(at=NOW - timedelta(days=len(events) // 2))
        if dice.random() < 0.1:
            figures.roll(at=NOW - timedelta(days=len(events) // 2))
        if dice.random() < 0.1:
            another_calendar(town, dice)
    figures.refresh(at=NOW)
    figures.sweep(at=NOW)
    figures.roll(at=NOW)
    little_by_little = ledger(), facts()
    assert list(verify(at=NOW)) == []

    CaseFact.objects.all().delete()
    Result.objects.all().delete()
    for indicator in Indicator.objects.all():
        figures.rebuild(indicator_id=indicator.pk, at=NOW)
    assert (ledger(), facts()) == little_by_little
    assert len(little_by_little[1]) > 60


def test_the_order_in_which_events_arrive_does_not_matter(publish):
    seen = []
    for seed in (1, 2):
        sid = transaction.savepoint()
        publish(indicators=many_rules(), types=("closed", "opened", "withdrawn"))
        events = made_up(random.Random(7))
        send(*in_sendable_order(events, random.Random(seed)))
        figures.refresh(at=NOW)
        seen.append((ledger(), facts()))
        transaction.savepoint_rollback(sid)
    assert seen[0] == seen[1]


def test_an_event_computes_only_the_lines_it_is_part_of(publish, monkeypatch):
    publish(
        indicators=[builders.indicator("A"), builders.indicator("B", period="year")]
    )
    send(*request("a", "2026-03-02", "2026-03-03"), *request("b", "2026-06-01"))
    figures.refresh(at=NOW)
    computed = []

    def noted(cells, period, segment, **given):
        computed.append((cells.plan.indicator.code, period.label, segment))
        return real(cells, period, segment, **given)

    real = figures.figure
    monkeypatch.setattr(figures, "figure", noted)
    send(*request("late", "2026-03-02", "2026-03-20"))
    figures.refresh(at=NOW)
    assert sorted(computed) == [
        (code, label, "")
        for code in ("A", "B")
        for label in ("2026", "2026-03", "2026-Q1")
    ]


def test_a_correction_moves_a_case_to_another_period(charter):
    send(
        *request("a", "2026-03-02", "2026-03-03"),
        *request("b", "2026-03-02", "2026-03-03"),
    )
    figures.refresh(at=NOW)
    send(event("fix", "a", at="2026-05-04T10:00:00+02:00", replaces="a/o"))
    send(
        event(
            "fix2", "a", type="closed", at="2026-05-05T10:00:00+02:00", replaces="a/c"
        )
    )
    figures.refresh(at=NOW)
    assert counts(line("2026-03-01")) == (1, 1, 0, 0)
    assert counts(line("2026-05-01")) == (1, 1, 0, 0)
    assert ServiceEvent.objects.count() == 6


def test_a_demand_that_falls_counts_the_cases_of_every_segment_again(publish):
    item = builders.indicator()
    item["rule"] |= {"counted_in": "opened", "segment_by": "channel"}
    item["rule"] |= {"demand": {"per": "month", "at_most": 1}}
    publish(indicators=[item])
    opened = "2026-03-02T10:00:00+01:00"
    send(
        event("p", "phoned", at=opened, attributes={"channel": "phone"}),
        event("w", "written", at=opened, attributes={"channel": "web"}),
    )
    figures.refresh(at=NOW)
    assert counts(line("2026-03-01", segment="phone")) == (0, 0, 0, 0)
    later = {"at": "2026-05-04T10:00:00+02:00", "attributes": {"channel": "web"}}
    send(event("fix", "written", replaces="w", **later))
    figures.refresh(at=NOW)
    assert counts(line("2026-03-01", segment="phone")) == (1, 0, 1, 0)
    assert list(verify(at=NOW)) == []


def test_a_correction_may_move_an_event_to_another_case(charter):
    send(
        *request("a", "2026-03-02"),
        event("x", "a", type="closed", at="2026-03-03T10:00:00Z"),
    )
    send(*request("b", "2026-03-02"))
    figures.refresh(at=NOW)
    assert dict(CaseFact.objects.values_list("case_key", "outcome")) == {
        "a": "met",
        "b": "open",
    }
    send(event("y", "b", type="closed", at="2026-03-03T10:00:00Z", replaces="x"))
    figures.refresh(at=NOW)
    assert dict(CaseFact.objects.values_list("case_key", "outcome")) == {
        "a": "open",
        "b": "met",
    }


def test_time_alone_turns_an_open_case_missed(charter):
    send(*request("open", "2026-03-02"))
    figures.refresh(at=utc(2026, 3, 10))
    assert counts(line("2026-03-01")) == (0, 0, 0, 1)
    due = CaseFact.objects.get().due_at
    assert due == utc(2026, 3, 16, 23)  # the first instant of 17 March in Madrid
    assert figures.sweep(at=due - timedelta(microseconds=1)) == 0
    assert counts(line("2026-03-01")) == (0, 0, 0, 1)
    assert figures.sweep(at=due) == 1
    assert counts(line("2026-03-01")) == (1, 0, 1, 0)
    assert counts(line("2026-01-01", "year")) == (1, 0, 1, 0)
    assert figures.sweep(at=due + timedelta(days=1)) == 0
    assert list(verify(at=due + timedelta(days=1))) == []


def test_time_alone_moves_the_trend_of_a_share(publish):
    timed = {"start": {"types": ["opened"]}, "stop": {"types": ["closed"]}}
    limit = {"limit": {"amount": "10", "unit": "working_days"}, "counted_in": "opened"}
    of = {"kind": "share_within_limit", **timed, **limit}
    publish(indicators=[builders.indicator(kind="trend", target="0", rule={"of": of})])
    send(
        *request("before", "2026-02-02", "2026-02-03"),
        *request("kept", "2026-03-02", "2026-03-03"),
        *request("open", "2026-03-02"),
    )
    figures.refresh(at=utc(2026, 3, 10))
    assert line("2026-03-01").value == 0
    assert figures.sweep(at=utc(2026, 3, 18)) == 1
    assert line("2026-03-01").value == -50
    assert figures.sweep(at=utc(2026, 3, 19)) == 0
    assert list(verify(at=utc(2026, 3, 19))) == []


def test_an_open_case_does_not_shorten_a_mean(publish):
    item = builders.indicator(kind="mean_duration", comparator="<=", target="9")
    item["rule"] |= {"unit": "working_days"}
    publish(indicators=[item])
    send(*request("a", "2026-03-02", "2026-03-06"), *request("b", "2026-03-02"))
    figures.refresh(at=NOW)
    figures.sweep(at=NOW)
    march = line("2026-03-01")
    assert (march.n, march.pending, march.value) == (1, 1, Decimal(4))


def test_roll_opens_the_periods_that_have_begun(charter):
    figures.refresh(at=utc(2026, 1, 15))
    starts = Result.objects.values_list("period_kind", "period_start").order_by(
        "period_kind"
    )
    assert list(starts) == [
        ("month", date(2026, 1, 1)),
        ("quarter", date(2026, 1, 1)),
        ("year", date(2026, 1, 1)),
    ]
    assert figures.roll(at=datetime(2026, 1, 31, 23, 30, tzinfo=UTC)) == 1
    months = Result.objects.filter(period_kind="month").values_list(
        "period_start", flat=True
    )
    assert sorted(months) == [date(2026, 1, 1), date(2026, 2, 1)]  # February in Madrid
    assert set(Result.objects.values_list("status", flat=True)) == {"no_data_yet"}


def test_an_empty_month_of_a_feed_that_speaks_has_no_cases(charter):
    figures.refresh(at=utc(2026, 3, 1))
    send(*request("a", "2026-03-02", "2026-03-03"))
    figures.refresh(at=utc(2026, 3, 10))
    assert line("2026-01-01").status == "no_cases"
    assert line("2026-03-01").status == "met"


def test_a_silent_feed_has_no_data_yet_and_comes_back(publish):
    publish(expected_gap_days=7)
    send(*request("a", "2026-03-02", "2026-03-03"))
    figures.refresh(at=utc(2026, 3, 5))
    assert line("2026-03-01").status == "met"
    figures.roll(at=utc(2026, 3, 10))
    assert line("2026-03-01").status == "met"
    figures.roll(at=utc(2026, 3, 12))
    assert line("2026-03-01").status == "no_data_yet"
    assert list(verify(at=utc(2026, 3, 12))) == []
    send(*request("b", "2026-03-11", "2026-03-11"))
    figures.refresh(at=utc(2026, 3, 12))
    assert line("2026-03-01").status == "met"
    assert list(verify(at=utc(2026, 3, 12))) == []


def test_a_stream_of_a_coming_edition_takes_nothing_from_the_figures_of_today(
    publish, town
):
    publish(valid_until="2027-06-01")
    send(*request("a", "2026-03-02", "2026-03-03"), *request("b", "2026-10-26"))
    freeze("2026-03", at=utc(2026, 4, 1, 0))
    before = ledger()
    coming = builders.charter_document(
        indicators=[builders.indicator(stream="other")],
        valid_from="2027-01-01",
        valid_until="2028-01-01",
    )
    coming["streams"][0]["code"] = "other"
    builders.published(coming, of=town)
    figures.refresh(at=NOW)
    figures.roll(at=NOW)
    assert ledger() == before
    # From its first day on it is the new stream that has to speak.
    later = utc(2027, 2, 1, 12)
    figures.roll(at=later)
    assert line("2026-12-01").status == "no_cases"
    assert line("2027-01-01").status == "no_data_yet"
    assert list(verify(at=later)) == []


def test_an_overdue_case_of_a_mean_is_not_swept_for_ever(publish):
    rule = builders.indicator()["rule"] | {"unit": "working_days"}
    mean = builders.indicator(kind="mean_duration", comparator="<=", rule=rule)
    publish(indicators=[mean])
    send(*request("a", "2026-03-02"))
    figures.refresh(at=utc(2026, 3, 3))
    assert figures.sweep(at=NOW) == 0


def test_a_count_is_judged_when_its_period_is_over_where_its_office_is(publish):
    count = builders.indicator(
        kind="count",
        target="1",
        comparator="<=",
        rule={"numerator": {"opened": 1}},
    )
    publish(indicators=[count], time_zone="America/Santo_Domingo")
    send(event("1", at="2026-03-05T10:00:00-04:00"))
    # Already April in Madrid, still March in Santo Domingo.
    figures.rebuild(indicator_id=Indicator.objects.get().pk, at=utc(2026, 4, 1, 1))
    assert line("2026-03-01").status == "not_evaluated"
    send(event("2", at="2026-04-02T10:00:00-04:00"))
    StaleMark.objects.all().delete()
    figures.roll(at=utc(2026, 4, 3, 12))
    assert line("2026-03-01").status == "met"


def test_rebuilding_hears_a_feed_too(charter):
    figures.refresh(at=utc(2026, 3, 1))
    assert line("2026-01-01").status == "no_data_yet"
    send(*request("a", "2026-03-02", "2026-03-03"))
    StaleMark.objects.all().delete()
    figures.rebuild(indicator_id=Indicator.objects.get().pk, at=utc(2026, 3, 10))
    assert line("2026-01-01").status == "no_cases"


def freeze(label, at=NOW):
    return figures.freeze(period=parse_period(label), organisation_id=None, at=at)


@pytest.fixture
def frozen(publish):
    item = builders.indicator()
    item["rule"] |= {"grace_days": 10}
    publish(indicators=[item])
    send(*request("a", "2026-03-02", "2026-03-03"), *request("b", "2026-03-02"))
    assert freeze("2026-03", at=utc(2026, 4, 10, 21)) == 0  # one hour of grace left
    assert freeze("2026-03", at=utc(2026, 4, 10, 22)) == 1
    return line("2026-03-01")


def test_freezing_brings_up_to_date_and_makes_final(frozen):
    assert (frozen.state, frozen.revision) == ("FROZEN", 0)
    assert counts(frozen) == (2, 1, 1, 0)
    assert freeze("2026-03") == 0
    assert freeze("2026-Q1") == 1


def test_freezing_all_that_has_ended_leaves_what_still_has_grace(frozen):
    assert figures.freeze_ended(organisation_id=None, at=utc(2026, 5, 9)) == 3
    ended = Result.objects.filter(state="FROZEN")
    assert sorted(ended.values_list("period_kind", "period_start")) == [
        ("month", date(2026, 1, 1)),
        ("month", date(2026, 2, 1)),
        ("month", date(2026, 3, 1)),
        ("quarter", date(2026, 1, 1)),
    ]


def test_freezing_is_of_one_organisation_if_asked(frozen, town):
    other = builders.organisation("other")
    period = parse_period("2026-Q1")
    assert figures.freeze(period=period, organisation_id=other.pk, at=NOW) == 0
    assert figures.freeze(period=period, organisation_id=town.pk, at=NOW) == 1


def test_a_late_event_restates_and_the_final_line_stays(frozen):
    before = Result.objects.filter(pk=frozen.pk).values().get()
    send(event("late", "b", type="closed", at="2026-03-04T10:00:00Z"))
    figures.refresh(at=NOW)
    after = line("2026-03-01")
    assert (after.state, after.revision, after.cause) == (
        "RESTATED",
        1,
        "late or corrected events",
    )
    assert counts(after) == (2, 2, 0, 0)
    assert Result.objects.filter(pk=frozen.pk).values().get() == before
    send(event("fix", "b", type="closed", at="2026-03-30T10:00:00Z", replaces="late"))
    figures.refresh(at=NOW)
    last = line("2026-03-01")
    assert (last.revision, counts(last)) == (2, (2, 1, 1, 0))
    figures.rebuild(indicator_id=last.indicator_id, at=NOW)
    assert line("2026-03-01").revision == 2
    assert list(verify(at=NOW)) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE indicators_result SET value = 100 WHERE id = %s",
        "UPDATE indicators_result SET state = 'PROVISIONAL' WHERE id = %s",
        "DELETE FROM indicators_result WHERE id = %s",
    ],
)
@pytest.mark.parametrize("state", ["FROZEN", "RESTATED"])
def test_the_database_refuses_to_change_a_final_line(frozen, statement, state):
    send(event("late", "b", type="closed", at="2026-03-04T10:00:00Z"))
    figures.refresh(at=NOW)
    row = Result.objects.get(period_kind="month", state=state)
    with (
        pytest.raises(IntegrityError, match="is final") as caught,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, [row.pk])
    assert caught.value.__cause__.diag.constraint_name == "result_final_immutable"


def test_a_final_figure_moves_with_a_calendar_only_when_a_person_says_why(
    publish, town
):
    publish()
    send(*request("a", "2026-03-02", "2026-03-17"))  # a day late
    freeze("2026-03", at=utc(2026, 4, 10, 22))
    before = line("2026-03-01")
    holidays = builders.OFFICE_HOURS["holidays"] | {"2026-03-10": "Fira"}
    definition = builders.OFFICE_HOURS | {"holidays": holidays}
    put_calendar(
        organisation=town, code="office", name={}, definition=definition, at=NOW
    )
    figures.refresh(at=NOW)
    assert line("2026-03-01") == before
    assert line("2026-03-01").calendars == {"office": 1}
    assert list(verify(at=NOW)) == []

    # A late event restates it with the calendar that it was published with.
    send(*request("b", "2026-03-02", "2026-03-17"))
    figures.refresh(at=NOW)
    late = line("2026-03-01")
    assert (late.met, late.n, late.calendars) == (0, 2, {"office": 1})
    assert late.cause == "late or corrected events"
    assert list(verify(at=NOW)) == []

    def restate() -> int:
        return figures.restate(
            indicators=[before.indicator_id],
            period=parse_period("2026-03"),
            cause="Resolution 12/2026: the fair was a local holiday",
            by=None,
            at=NOW,
        )

    assert restate() == 1
    after = line("2026-03-01")
    assert (after.met, after.n, after.calendars) == (2, 2, {"office": 2})
    assert (after.revision, after.cause[:10]) == (2, "Resolution")
    assert list(verify(at=NOW)) == []
    assert restate() == 0


def test_a_restatement_needs_its_cause(frozen):
    with pytest.raises(ValueError, match="cause"):
        figures.restate(indicators=[], period=None, cause=" ", by=None, at=NOW)


def test_a_calendar_that_learns_another_year_restates_nothing(frozen, town):
    definition = builders.OFFICE_HOURS | {"known_until": "2061-01-01"}
    put_calendar(
        organisation=town, code="office", name={}, definition=definition, at=NOW
    )
    figures.refresh(at=NOW)
    assert line("2026-03-01") == frozen
    assert list(verify(at=NOW)) == []


def test_a_final_line_whose_open_case_falls_due_says_so(publish):
    item = builders.indicator()
    item["rule"]["counted_in"] = "opened"
    publish(indicators=[item])
    send(*request("a", "2026-03-30"))
    freeze("2026-03", at=utc(2026, 4, 1, 0))
    assert counts(line("2026-03-01")) == (0, 0, 0, 1)
    figures.rebuild(indicator_id=Indicator.objects.get().pk, at=NOW)
    after = line("2026-03-01")
    assert counts(after) == (1, 0, 1, 0)
    assert (after.revision, after.cause) == (1, "open cases fell due")
    assert list(verify(at=NOW)) == []


def test_two_streams_may_use_the_same_case_number(publish, town):
    publish(valid_until="2027-01-01")
    send(*request("1", "2026-03-02", "2026-03-03"))
    figures.refresh(at=NOW)
    document = builders.charter_document(
        valid_from="2026-06-01",
        valid_until="2028-01-01",
        indicators=[builders.indicator(stream="desk")],
    )
    document["streams"][0]["code"] = "desk"
    builders.published(document, of=town)
    desk = Stream.objects.get(code="desk")
    send(*request("1", "2026-09-01", "2026-09-02"), stream=desk)
    figures.refresh(at=NOW)
    assert StaleMark.objects.count() == 0
    assert (line("2026-03-01").n, line("2026-09-01").n) == (1, 1)
    assert list(verify(at=NOW)) == []


def test_an_indicator_that_cannot_be_computed_does_not_stop_the_others(
    publish, monkeypatch, caplog
):
    publish(indicators=[builders.indicator("BAD"), builders.indicator("GOOD")])
    send(*request("a", "2026-03-02", "2026-03-03"))
    real = figures.plan_of

    def broken(indicator):
        if indicator.code == "BAD":
            raise RuntimeError
        return real(indicator)

    monkeypatch.setattr(figures, "plan_of", broken)
    figures.refresh(at=NOW)
    assert "cannot be computed" in caplog.text
    assert {mark.indicator.code for mark in StaleMark.objects.all()} == {"BAD"}
    assert Result.objects.filter(indicator__code="GOOD", n=1).exists()


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"revision": 1, "state": "FROZEN"}, "result_restated_with_cause"),
        ({"revision": 1, "state": "RESTATED"}, "result_restated_with_cause"),
        (
            {"revision": 0, "state": "RESTATED", "cause": "x"},
            "result_restated_with_cause",
        ),
        ({"segment": "s", "state": "FROZEN", "seal": ""}, "result_final_is_sealed"),
        ({"segment": "s", "seal": "0" * 64}, "result_final_is_sealed"),
        ({"revision": 0}, "result_once_per_revision"),
        ({"segment": "s", "period_end": date(2026, 3, 1)}, "result_period_in_order"),
        ({"segment": "s", "status": "fine"}, "result_status_known"),
        ({"segment": "s", "status": "met", "value": None}, "result_verdict_with_value"),
    ],
)
def test_the_ledger_has_its_constraints(charter, changes, name):
    send(*request("a", "2026-03-02", "2026-03-03"))
    figures.refresh(at=NOW)
    row = line("2026-03-01")
    row.pk = None
    if "state" in changes:
        row.seal = "0" * 64
    for field, value in changes.items():
        setattr(row, field, value)
    with pytest.raises(IntegrityError, match=name):
        row.save()


def test_the_marks_survive_a_worker_that_fails(charter, monkeypatch):
    send(*request("a", "2026-03-02", "2026-03-03"))
    marks = StaleMark.objects.count()

    def fail(*_args):
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(figures, "_write_cells", fail)
        figures.refresh(at=NOW)
    assert StaleMark.objects.count() == marks
    assert not CaseFact.objects.exists()
    figures.refresh(at=NOW)
    assert counts(line("2026-03-01")) == (1, 1, 0, 0)


def test_an_old_case_is_judged_by_the_edition_it_began_under(publish):
    strict = builders.indicator()
    loose = builders.indicator(target="50")
    loose["rule"] |= {"limit": {"amount": "30", "unit": "working_days"}}
    publish(indicators=[strict])
    slow = (
        request("old", "2026-06-25", "2026-07-20"),
        request("new", "2026-07-02", "2026-07-20"),
    )
    send(*slow[0], *slow[1])
    figures.refresh(at=NOW)
    assert dict(CaseFact.objects.values_list("case_key", "outcome")) == {
        "old": "missed",
        "new": "missed",
    }
    publish(indicators=[loose], valid_from="2026-07-01", valid_until="2028-07-01")
    assert dict(CaseFact.objects.values_list("case_key", "outcome")) == {
        "old": "missed",
        "new": "met",
    }
    # The quarter in which the promise was loosened is judged by the new edition from
    # its first day; the year, that began under the strict one, by the strict one.
    assert line("2026-07-01", "quarter").target == 50
    assert line("2026-01-01", "year").target == 95
    assert list(verify(at=NOW)) == []


def test_a_case_that_began_when_nothing_was_promised_is_excluded(charter):
    send(*request("before", "2025-12-30", "2026-01-02"))
    figures.refresh(at=NOW)
    assert CaseFact.objects.get().reason == "no_promise"


def test_a_term_beyond_the_calendar_is_not_computable(publish, town):
    short = builders.OFFICE_HOURS | {"known_until": "2026-04-01"}
    document = builders.charter_document()
    document["calendars"][0]["definition"] = short
    builders.published(document, of=town)
    send(
        *request("a", "2026-03-02", "2026-03-03"),
        *request("b", "2026-03-30", "2026-03-31"),
    )
    figures.refresh(at=NOW)
    assert line("2026-03-01").status == "not_computable"
    assert line("2026-03-01").not_computable == 1


def test_segments_have_lines_of_their_own(publish):
    item = builders.indicator()
    item["rule"] |= {"segment_by": "channel"}
    publish(indicators=[item])
    web, phone = request("w", "2026-03-02", "2026-03-03"), request("p", "2026-03-02")
    web[0]["attributes"] = {"channel": "web"}
    phone[0]["attributes"] = {"channel": "phone"}
    send(*web, *phone)
    figures.refresh(at=NOW)
    assert counts(line("2026-03-01")) == (2, 1, 1, 0)
    assert counts(line("2026-03-01", segment="web")) == (1, 1, 0, 0)
    assert counts(line("2026-03-01", segment="phone")) == (1, 0, 1, 0)


@pytest.mark.django_db(transaction=True)
def test_workers_and_senders_at_once_lose_nothing(town, monkeypatch):
    monkeypatch.setattr("core.jobs._send", lambda task, kwargs: None)
    monkeypatch.setattr(figures, "MARKS_AT_ONCE", 7)
    builders.published(builders.charter_document(), of=town)
    stream = Stream.objects.get(code="requests")
    requests = [request(f"c{n}", "2026-03-02", "2026-03-03") for n in range(60)]

    def sender(part):
        for two in requests[part::2]:
            record(stream=stream, lines=list(enumerate(two, 1)), at=NOW)

    def worker(_part):
        for _turn in range(15):
            figures.refresh(at=NOW)

    def work(job):
        job[0](job[1])

    at_once(work, [(sender, 0), (sender, 1), (worker, 0), (worker, 1)])
    figures.refresh(at=NOW)
    assert counts(line("2026-03-01")) == (60, 60, 0, 0)
    assert not StaleMark.objects.exists()
    assert list(verify(at=NOW)) == []


def test_a_draft_does_not_change_the_calendar_that_others_count_with(charter, town):
    document = builders.charter_document(slug="other")
    document["quality"]["commitments"][0]["indicators"][0]["code"] = "OTHER-1"
    document["calendars"][0]["definition"] = builders.OFFICE_HOURS | {"holidays": {}}
    imported = import_document(document=document, organisation=town, by=None, at=NOW)
    assert imported.notes == ["calendar office says something else here, which is kept"]
    assert CalendarVersion.objects.count() == 1
    assert not StaleMark.objects.filter(indicator__code="OTHER-1").exists()

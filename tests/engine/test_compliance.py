"""What becomes of a case, and what a period's figure says."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st

from engine.cases import Event, Outcome, Promise, judge
from engine.compliance import Feed, Status, measure, promise_for
from engine.periods import PeriodKind, period_of
from engine.rules import Rule
from engine.worktime import WorkCalendar

MADRID = ZoneInfo("Europe/Madrid")
CALENDAR = WorkCalendar.from_definition(
    {
        "zone": "Europe/Madrid",
        "known_from": "2025-01-01",
        "known_until": "2027-01-01",
        "weekly": {},
        "working_weekdays": ["mon", "tue", "wed", "thu", "fri"],
        "holidays": {"2026-01-06": "Reis"},
    }
)
MARCH = period_of(date(2026, 3, 1), PeriodKind.MONTH)
FED = Feed(datetime(2030, 1, 1, tzinfo=UTC))
LATER = datetime(2026, 6, 1, tzinfo=UTC)
TIMED = {
    "start": {"types": ["opened"]},
    "stop": {"types": ["closed"]},
    "limit": {"amount": "10", "unit": "elapsed_days"},
}


def at(day: int, hour: int = 9, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=MADRID)


def event(type_: str, when: datetime, value: object = None, **attributes: str) -> Event:
    number = None if value is None else Decimal(str(value))
    return Event(f"{type_}@{when.isoformat()}", type_, when, number, attributes)


def rule(
    kind: str = "share_within_limit", target: str = "95", **changes: object
) -> Rule:
    definition = {**TIMED, **changes}
    return Rule.from_definition(
        kind,
        {name: part for name, part in definition.items() if part is not None},
        comparator=">=",
        target=Decimal(target),
    )


def promise(found: Rule | None = None, **days: date) -> Promise:
    return Promise(
        found or rule(),
        days.get("from_on", date(2026, 1, 1)),
        days.get("until_on"),
        CALENDAR,
    )


def verdict(*events: Event, made: Promise | None = None):
    ordered = sorted(events, key=lambda item: (item.at, item.id))
    found = judge("1", ordered, [made or promise()], zone=MADRID)
    assert len(found) <= 1
    return found[0] if found else None


def test_closed_at_the_very_limit_is_kept_and_an_instant_later_is_not():
    limit = at(1) + timedelta(days=10)
    kept = verdict(event("opened", at(1)), event("closed", limit))
    late = verdict(
        event("opened", at(1)),
        event("closed", limit + timedelta(microseconds=1)),
    )
    assert (kept.outcome, late.outcome) == (Outcome.MET, Outcome.MISSED)


def test_an_open_case_keeps_its_due_instant_and_no_verdict():
    fact = verdict(event("opened", at(1)))
    assert fact.outcome is Outcome.OPEN
    assert fact.due_at == at(11) + timedelta(microseconds=1)


def test_an_end_without_a_start_is_counted_apart_unless_the_rule_ignores_it():
    fact = verdict(event("closed", at(3)))
    assert (fact.outcome, fact.reason) == (Outcome.EXCLUDED, "no_start")
    ignoring = promise(rule(missing_start="ignored"))
    assert verdict(event("closed", at(3)), made=ignoring) is None
    assert verdict(event("note", at(3))) is None


def test_nothing_promised_is_nothing_judged():
    assert judge("1", [event("opened", at(1))], [], zone=MADRID) == ()
    assert judge("1", [], [promise()], zone=MADRID) == ()


def test_a_case_older_than_every_promise_is_counted_apart():
    fact = verdict(event("opened", at(1)), made=promise(from_on=date(2026, 3, 2)))
    assert (fact.outcome, fact.reason) == (Outcome.EXCLUDED, "no_promise")


def test_the_promise_of_the_day_a_case_began_judges_it():
    strict = promise(until_on=date(2026, 3, 5))
    loose = promise(
        rule(limit={"amount": "30", "unit": "elapsed_days"}), from_on=date(2026, 3, 5)
    )
    events = [event("opened", at(4)), event("closed", at(20))]
    (fact,) = judge("1", events, [strict, loose], zone=MADRID)
    assert fact.outcome is Outcome.MISSED
    events = [event("opened", at(5)), event("closed", at(20))]
    (fact,) = judge("1", events, [strict, loose], zone=MADRID)
    assert fact.outcome is Outcome.MET


def test_the_day_is_the_offices_not_utcs():
    # 23:30 UTC on 28 February is 00:30 on 1 March in Madrid.
    opened = datetime(2026, 2, 28, 23, 30, tzinfo=UTC)
    fact = verdict(event("opened", opened), made=promise(rule(counted_in="opened")))
    assert fact.counted_on == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("counted_in", "day"),
    [
        ("opened", date(2026, 3, 2)),
        ("due", date(2026, 3, 12)),
        ("closed", date(2026, 3, 5)),
    ],
)
def test_the_period_is_where_the_rule_counts(counted_in, day):
    fact = verdict(
        event("opened", at(2)),
        event("closed", at(5)),
        made=promise(rule(counted_in=counted_in)),
    )
    assert fact.counted_on == day


def test_a_day_term_is_counted_on_its_last_day_not_the_midnight_after():
    made = promise(rule(limit={"amount": "2", "unit": "working_days"}))
    fact = verdict(event("opened", at(27)), made=made)  # a Friday
    assert fact.counted_on == date(2026, 3, 31)
    assert fact.due_at == datetime(2026, 4, 1, tzinfo=MADRID)


def test_an_open_case_counted_when_closed_is_counted_when_due():
    fact = verdict(event("opened", at(2)), made=promise(rule(counted_in="closed")))
    assert fact.counted_on == date(2026, 3, 12)


def test_a_pause_stops_the_clock_and_an_endless_one_leaves_no_due_instant():
    made = promise(rule(pauses=[{"from": ["asked"], "until": ["replied"]}]))
    opened, asked = event("opened", at(1)), event("asked", at(3))
    replied = event("replied", at(8))
    fact = verdict(opened, asked, replied, event("closed", at(15)), made=made)
    assert fact.outcome is Outcome.MET
    still = verdict(opened, asked, made=made)
    assert (still.outcome, still.due_at) == (Outcome.OPEN, None)
    closed = verdict(opened, asked, event("closed", at(30)), made=made)
    assert closed.outcome is Outcome.MET


def test_asking_twice_pauses_once():
    made = promise(rule(pauses=[{"from": ["asked"], "until": ["replied"]}]))
    once = verdict(
        event("opened", at(1)),
        event("asked", at(3)),
        event("replied", at(8)),
        made=made,
    )
    twice = verdict(
        event("opened", at(1)),
        event("asked", at(3)),
        event("asked", at(4)),
        event("replied", at(8)),
        event("replied", at(9)),
        made=made,
    )
    assert once.due_at == twice.due_at


def test_a_withdrawn_case_is_excluded_with_its_reason():
    made = promise(rule(withdrawn=["gone"]))
    fact = verdict(event("opened", at(1)), event("gone", at(2)), made=made)
    assert (fact.outcome, fact.reason) == (Outcome.EXCLUDED, "withdrawn")


def test_conditions_choose_and_exclude_and_segment():
    made = promise(
        rule(
            where=[{"attribute": "channel", "in": ["web"]}],
            exclude=[
                {"attribute": "cause", "in": ["storm"], "reason": "force majeure"}
            ],
            segment_by="site",
        )
    )
    elsewhere = verdict(event("opened", at(1), channel="desk"), made=made)
    stormy = verdict(
        event("opened", at(1), channel="web", site="north"),
        event("note", at(2), cause="storm"),
        made=made,
    )
    assert elsewhere is None
    assert (stormy.outcome, stormy.reason) == (Outcome.EXCLUDED, "force majeure")
    assert stormy.segment == "north"


def test_the_starts_own_attribute_wins_over_a_later_one():
    made = promise(rule(where=[{"attribute": "channel", "in": ["web"]}]))
    moved = verdict(
        event("opened", at(1), channel="web"),
        event("closed", at(2), channel="desk"),
        made=made,
    )
    assert moved.outcome is Outcome.MET


def test_a_stop_before_the_start_is_a_fault_unless_the_rule_keeps_it():
    events = [event("opened", at(5)), event("closed", at(4))]
    fact = verdict(*events)
    assert (fact.outcome, fact.reason) == (Outcome.EXCLUDED, "stop_before_start")
    kept = verdict(*events, made=promise(rule(stop_before_start="kept")))
    assert kept.outcome is Outcome.MET


def test_the_first_stop_after_the_start_closes_the_case():
    fact = verdict(
        event("opened", at(5)),
        event("closed", at(4)),
        event("closed", at(6)),
        event("closed", at(25)),
    )
    assert fact.ended_at == at(6)


def test_no_later_stop_mends_an_early_one_where_the_rule_says_so():
    fact = verdict(
        event("opened", at(5)),
        event("closed", at(4)),
        event("closed", at(6)),
        made=promise(rule(stop_before_start="excluded_always")),
    )
    assert (fact.outcome, fact.reason) == (Outcome.EXCLUDED, "stop_before_start")


def test_the_last_stop_closes_it_where_the_rule_says_so():
    made = promise(rule(stop={"types": ["closed"], "pick": "last"}))
    fact = verdict(
        event("opened", at(5)),
        event("closed", at(6)),
        event("closed", at(25)),
        made=made,
    )
    assert fact.outcome is Outcome.MISSED


def test_a_case_may_carry_its_own_limit():
    made = promise(rule(limit={"attribute": "due"}))
    due = at(6).isoformat()
    on_time = verdict(
        event("opened", at(1), due=due), event("closed", at(6)), made=made
    )
    late = verdict(event("opened", at(1), due=due), event("closed", at(7)), made=made)
    without = verdict(event("opened", at(1)), event("closed", at(7)), made=made)
    naive = verdict(event("opened", at(1), due="2026-03-06T09:00"), made=made)
    nonsense = verdict(event("opened", at(1), due="soon"), made=made)
    assert (on_time.outcome, late.outcome) == (Outcome.MET, Outcome.MISSED)
    assert {without.reason, naive.reason, nonsense.reason} == {"no_due"}


def test_beyond_the_calendar_nothing_is_computed():
    made = promise(rule(limit={"amount": "10", "unit": "working_days"}))
    fact = verdict(event("opened", datetime(2026, 12, 28, 9, tzinfo=MADRID)), made=made)
    assert fact.outcome is Outcome.NOT_COMPUTABLE
    december = period_of(date(2026, 12, 1), PeriodKind.MONTH)
    found = measure([fact], made, december, zone=MADRID, as_of=LATER, feed=FED)
    assert (found.status, found.not_computable) == (Status.NOT_COMPUTABLE, 1)


def test_durations_count_closed_cases_in_their_unit():
    made = promise(rule("mean_duration", limit=None, unit="working_days"))
    fact = verdict(event("opened", at(2)), event("closed", at(6)), made=made)
    assert (fact.outcome, fact.value) == (Outcome.COUNTED, Decimal(4))
    assert verdict(event("opened", at(2)), made=made).outcome is Outcome.OPEN


SURVEY = {
    "start": None,
    "stop": None,
    "limit": None,
    "value": {"types": ["answered"]},
    "scale": {"min": "0", "max": "10"},
}


def test_a_score_off_the_scale_is_excluded_and_the_last_answer_counts():
    made = promise(rule("satisfaction_mean", **SURVEY))
    off = verdict(event("answered", at(1), 11), made=made)
    changed = verdict(
        event("answered", at(1), 3), event("answered", at(2), 9), made=made
    )
    silent = verdict(event("answered", at(1)), made=made)
    assert (off.outcome, off.reason) == (Outcome.EXCLUDED, "out_of_scale")
    assert changed.value == Decimal(9)
    assert silent is None


def test_a_ratio_adds_up_what_events_say():
    made = promise(
        rule(
            "ratio",
            start=None,
            stop=None,
            limit=None,
            numerator={"attended": 1, "breached": -1},
            denominator={"attended": 1},
        )
    )
    fact = verdict(
        event("attended", at(1), 212), event("breached", at(1), 12), made=made
    )
    assert (fact.value, fact.base) == (Decimal(200), Decimal(212))


def figure(facts, found=None, *, as_of=LATER, feed=FED, period=MARCH):
    made = promise(found)
    return measure(facts, made, period, zone=MADRID, as_of=as_of, feed=feed)


def facts(*outcomes: Outcome, due: datetime | None = None):
    base = verdict(event("opened", at(1)), event("closed", at(2)))
    return [
        replace(base, case=str(index), outcome=outcome, due_at=due)
        for index, outcome in enumerate(outcomes)
    ]


def test_zero_cases_are_neither_met_nor_unmet():  # G7
    found = figure([])
    assert (found.status, found.value, found.n) == (Status.NO_CASES, None, 0)


def test_shares_by_hand():  # G6, G8, G9
    found = figure(facts(*[Outcome.MET] * 185, *[Outcome.MISSED] * 26))
    assert round(float(found.value), 3) == 87.678
    assert found.status is Status.UNMET
    assert figure(facts(*[Outcome.MISSED] * 6)).value == 0
    assert figure(
        facts(*[Outcome.MET] * 14, Outcome.MISSED), rule(target="100")
    ).status is (Status.UNMET)


def test_an_open_case_is_pending_until_due_and_missed_from_then_on():
    due = at(11)
    waiting = facts(Outcome.OPEN, due=due)
    before = figure(waiting, as_of=due - timedelta(microseconds=1))
    after = figure(waiting, as_of=due)
    assert (before.pending, before.missed) == (1, 0)
    assert (after.pending, after.missed) == (0, 1)


def test_an_open_case_may_be_left_out_where_the_rule_says_so():
    found = figure(facts(Outcome.OPEN, due=at(11)), rule(open_past_due="excluded"))
    assert (found.n, found.excluded) == (0, {"open": 1})


def test_few_cases_give_no_verdict_but_show_their_count():
    found = figure(facts(Outcome.MET), rule(minimum_sample=2))
    assert (found.status, found.n, found.value) == (Status.TOO_FEW_CASES, 1, 100)


def test_without_a_target_nothing_is_evaluated():
    bare = Rule.from_definition(
        "share_within_limit", TIMED, comparator=None, target=None
    )
    assert figure(facts(Outcome.MET), bare).status is Status.NOT_EVALUATED


@pytest.mark.parametrize(
    ("feed", "status"),
    [
        (Feed(None), Status.NO_DATA_YET),
        (Feed(at(1), timedelta(days=7)), Status.NO_DATA_YET),
        (Feed(at(26), timedelta(days=7)), Status.MET),
        (Feed(at(1), None), Status.MET),
    ],
)
def test_silence_is_not_success(feed, status):
    assert figure(facts(Outcome.MET), feed=feed).status is status


def test_the_order_of_facts_changes_nothing():
    some = facts(Outcome.MET, Outcome.MISSED, Outcome.EXCLUDED)
    assert figure(some) == figure(list(reversed(some)))


def test_any_change_of_a_fact_changes_the_digest():
    one = facts(Outcome.MET)
    other = [replace(one[0], ended_at=at(3))]
    assert figure(one).inputs_digest != figure(other).inputs_digest
    assert figure(one).value == figure(other).value


def test_a_target_loosened_within_a_period_does_not_rescue_it():
    strict = promise(until_on=date(2026, 3, 15))
    loose = promise(rule(target="50"), from_on=date(2026, 3, 15))
    assert promise_for([loose, strict], MARCH) is strict
    april = period_of(date(2026, 4, 1), PeriodKind.MONTH)
    assert promise_for([strict, loose], april) is loose
    january = period_of(date(2025, 1, 1), PeriodKind.MONTH)
    assert promise_for([strict, loose], january) is None


instants = st.datetimes(
    datetime(2026, 1, 2), datetime(2026, 5, 30), timezones=st.just(UTC)
)
cases = st.lists(
    st.tuples(instants, st.none() | st.integers(0, 60 * 24 * 30)), max_size=15
)


def judged(found):
    for index, (opened, minutes) in enumerate(found):
        events = [event("opened", opened)]
        if minutes is not None:
            events.append(event("closed", opened + timedelta(minutes=minutes)))
        (fact,) = judge(str(index), events, [promise()], zone=MADRID)
        yield replace(fact, counted_on=MARCH.start)


@settings(max_examples=150)
@given(cases, instants, instants)
def test_time_never_forgives(found, one, other):
    early, late = sorted([one, other])
    before, after = (figure(list(judged(found)), as_of=when) for when in (early, late))
    assert before.n + before.pending == after.n + after.pending == len(found)
    assert before.missed <= after.missed
    assert before.met == after.met


@settings(max_examples=150)
@given(cases)
def test_a_share_is_its_counts(found):
    result = figure(list(judged(found)))
    assert result.met + result.missed == result.n
    assert result.value == (Fraction(100 * result.met, result.n) if result.n else None)


@pytest.mark.parametrize(
    ("comparator", "target", "as_of", "promised", "status"),
    [
        (">=", "3", LATER, PeriodKind.MONTH, Status.MET),
        (">=", "4", LATER, PeriodKind.MONTH, Status.UNMET),
        (">=", "4", LATER, PeriodKind.QUARTER, Status.NOT_EVALUATED),
        (">=", "4", at(20), PeriodKind.MONTH, Status.NOT_EVALUATED),
        (">=", "3", at(20), PeriodKind.MONTH, Status.MET),
        ("<=", "3", at(20), PeriodKind.MONTH, Status.NOT_EVALUATED),
        ("<=", "2", at(20), PeriodKind.MONTH, Status.UNMET),
        ("=", "3", at(20), PeriodKind.MONTH, Status.NOT_EVALUATED),
        ("=", "3", LATER, PeriodKind.MONTH, Status.MET),
    ],
)
def test_a_count_is_judged_on_its_own_period_and_not_too_early(
    comparator, target, as_of, promised, status
):
    made = Rule.from_definition(
        "count",
        {"numerator": {"held": 1}},
        comparator=comparator,
        target=Decimal(target),
    )
    fact = verdict(event("held", at(1)), made=promise(made))
    found = measure(
        [replace(fact, case=str(index)) for index in range(3)],
        promise(made),
        MARCH,
        zone=MADRID,
        as_of=as_of,
        feed=FED,
        promised=promised,
    )
    assert found.status is status

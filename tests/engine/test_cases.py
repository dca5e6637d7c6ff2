"""
What becomes of a case: what no worked case shows, and what holds of all of them.

See ``worked_cases.py`` for the rules of reading, one by one.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st

from engine.cases import (
    LONGEST_SEGMENT,
    Covers,
    Event,
    Fact,
    Outcome,
    Promise,
    Suspension,
    clock_of_case,
    judge,
    suspending,
)
from engine.compliance import (
    Cell,
    Feed,
    MonthTally,
    conditioned,
    measure,
    measure_cell,
    month_tallies,
    seen,
)
from engine.measures import Kind, Tally
from engine.periods import Period, parse_period
from engine.rules import Rule
from tests.engine.random_rules import (
    CALENDAR,
    FIRST,
    STEP,
    STEPS,
    ZONE,
    by_case,
    instants,
    logs,
    promises,
)

TIMED = {
    "start": {"types": ["opened"]},
    "stop": {"types": ["closed"]},
    "limit": {"amount": "10", "unit": "elapsed_days"},
}
SUMS = {"numerator": {"done": 1, "undone": -1}, "denominator": {"asked": 1}}
ANSWERS = {"value": {"types": ["scored"]}, "scale": {"min": "0", "max": "10"}}
DOWN = {
    "start": {"types": ["down"]},
    "stop": {"types": ["up"]},
    "unit": "elapsed_hours",
}
BY_CASE = tuple(kind for kind in Kind if kind.by_case)
TIMED_KINDS = tuple(kind for kind in Kind if kind.is_timed)


def rule(kind: str, definition: dict[str, object], **changes: object) -> Rule:
    parts = {**definition, **changes}
    return Rule.from_definition(kind, parts, comparator=None, target=None)


def promise(kind: str, definition: dict[str, object], **changes: object) -> Promise:
    return Promise(rule(kind, definition, **changes), date(2026, 1, 1), None, CALENDAR)


def at(day: int, hour: int = 9, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=ZONE)


def event(type_: str, when: datetime, value: object = None, **words: str) -> Event:
    number = None if value is None else Decimal(str(value))
    return Event(f"{type_}@{when.isoformat()}", type_, when, number, words)


def judged(made: Promise, *events: Event) -> tuple[Fact, ...]:
    return judge("1", sorted(events, key=lambda e: (e.at, e.id)), [made], zone=ZONE)


def one(made: Promise, *events: Event) -> Fact:
    (fact,) = judged(made, *events)
    return fact


# What a case is none of.


def test_nothing_promised_is_nothing_judged():
    made = promise("share_within_limit", TIMED)
    assert judge("1", [event("opened", at(1))], [], zone=ZONE) == ()
    assert judge("1", [], [made], zone=ZONE) == ()
    assert judged(made, event("note", at(3))) == ()


def test_what_is_not_meant_is_not_counted_as_begun_without_a_promise():
    made = promise("count", SUMS, where=[{"attribute": "channel", "in": ["web"]}])
    assert judged(made, event("done", at(3), channel="desk")) == ()


# Words.


def test_the_start_speaks_first_then_the_latest_word():
    made = promise("share_within_limit", TIMED, segment_by="site")
    opened, noted = event("opened", at(1)), event("note", at(2), site="north")
    moved = event("note", at(3), site="south")
    assert one(made, opened).segment == ""
    assert one(made, opened, noted).segment == "north"
    assert one(made, opened, noted, moved).segment == "south"
    own = event("opened", at(1), site="east")
    assert one(made, own, noted, moved).segment == "east"


def test_a_segment_is_no_longer_than_a_ledger_line_holds():
    made = promise("share_within_limit", TIMED, segment_by="site")
    fact = one(made, event("opened", at(1), site="x" * 400))
    assert fact.segment == "x" * LONGEST_SEGMENT


def test_a_reason_is_taken_from_the_attribute_where_none_is_given():
    causes = [{"attribute": "cause" * 20, "in": ["storm"]}]
    made = promise("share_within_limit", TIMED, exclude=causes)
    opened = Event("1", "opened", at(1), None, {"cause" * 20: "storm"})
    assert one(made, opened).reason == ("cause" * 20)[:80]
    noted = promise("share_within_limit", TIMED, exclude=[{"has": ["note"]}])
    assert one(noted, event("opened", at(1)), event("note", at(2))).reason == "excluded"


ABSURD = ["", "soon", "NaN", "-Infinity", "1e999999", "-1e-999999", "1" * 400, "٣"]


@pytest.mark.parametrize("word", ABSURD)
def test_absurd_numbers_break_no_figure(word):
    compared = promise(
        "share_within_limit", TIMED, where=[{"attribute": "wait", "<": "10"}]
    )
    judged(compared, event("opened", at(1), wait=word))
    weighted = promise("satisfaction_mean", ANSWERS, weight="users")
    fact = one(weighted, event("scored", at(1), 8, users=word))
    assert fact.reason == "no_weight" or fact.base == 3


@pytest.mark.parametrize(
    ("word", "weight"),
    [
        ("2", "2"),
        ("0", "0"),
        ("0.3333333333333333", "0.333333333333"),
        ("1e-20", "0"),
        ("-1", None),
        ("9" * 20, "9" * 20),
        ("1" + "0" * 20, None),
    ],
)
def test_a_weight_has_the_decimals_that_the_ledger_stores(word, weight):
    weighted = promise("satisfaction_mean", ANSWERS, weight="users")
    fact = one(weighted, event("scored", at(1), 8, users=word))
    assert fact.base == (None if weight is None else Decimal(weight))


@pytest.mark.parametrize(
    "word",
    [
        "9999-12-31T23:59:59.999999+00:00",
        "0001-01-01T00:00:00+14:00",
        "2026-03-06T09:00",
        "2026-03-06",
        "soon",
        "",
    ],
)
def test_a_case_cannot_carry_an_absurd_limit(word):
    made = promise("share_within_limit", TIMED | {"limit": {"attribute": "due"}})
    fact = one(made, event("opened", at(1), due=word))
    assert (fact.outcome, fact.reason) == (Outcome.EXCLUDED, "no_due")


@pytest.mark.parametrize(
    ("year", "told"), [(1899, False), (1900, True), (9998, True), (9999, False)]
)
def test_a_case_carries_a_limit_of_some_year(year, told):
    made = promise("share_within_limit", TIMED | {"limit": {"attribute": "due"}})
    opened = event("opened", at(1), due=f"{year}-06-01T00:00+00:00")
    assert (one(made, opened).due_at is not None) is told


# Beyond the calendar.


def test_what_cannot_be_computed_still_says_when_it_ended():
    made = promise(
        "share_within_limit", TIMED, limit={"amount": "10", "unit": "working_days"}
    )
    opened, closed = (
        event("opened", at(28, month=12)),
        event("closed", at(29, month=12)),
    )
    fact = one(made, opened, closed)
    assert (fact.outcome, fact.ended_at) == (Outcome.NOT_COMPUTABLE, closed.at)
    touched = Suspension(date(2026, 12, 30), None, Covers.TOUCHED)
    suspended = replace(made, suspensions=(touched,))
    assert not one(suspended, opened, closed).suspended
    assert one(suspended, opened).suspended


# Kinds that count what happens.


def test_sums_are_kept_by_day_and_segment():
    made = promise("ratio", SUMS, segment_by="site")
    facts = judged(
        made,
        event("asked", at(1), 10, site="north"),
        event("done", at(1, 10), 7, site="north"),
        event("undone", at(1, 11), 2, site="north"),
        event("done", at(1, 12), site="south"),
        event("done", at(2), "0.5", site="north"),
    )
    assert [(fact.part, fact.value, fact.base) for fact in facts] == [
        ("2026-03-01 north", 5, 10),
        ("2026-03-01 south", 1, 0),
        ("2026-03-02 north", Decimal("0.5"), 0),
    ]
    assert {fact.segment for fact in facts} == {"north", "south"}


def test_what_is_left_out_hides_nothing_of_the_same_day():
    """In a case that holds a whole day's counts, one of them may be excluded."""
    made = promise("ratio", SUMS, exclude=[{"attribute": "cause", "in": ["storm"]}])
    storm = event("done", at(1), 100, cause="storm")
    calm = event("done", at(1, 12), 7, cause="none")
    facts = judged(made, storm, calm)
    assert {(fact.part, fact.outcome, fact.value) for fact in facts} == {
        ("2026-03-01!", Outcome.EXCLUDED, None),
        ("2026-03-01", Outcome.COUNTED, 7),
    }
    assert len({fact.key for fact in facts}) == 2


def test_a_void_case_takes_its_counts_with_it():
    made = promise("count", SUMS, void=["void"], withdrawn=["gone"])
    done = event("done", at(1), 7)
    assert one(made, done, event("void", at(9))).reason == "void"
    assert one(made, done, event("gone", at(9))).reason == "withdrawn"


def test_sums_before_any_promise_are_told_apart():
    made = replace(promise("count", SUMS), from_on=date(2026, 3, 2))
    early, late = judged(made, event("done", at(1)), event("done", at(2)))
    assert (early.outcome, early.reason) == (Outcome.EXCLUDED, "no_promise")
    assert (late.outcome, late.value) == (Outcome.COUNTED, 1)


@pytest.mark.parametrize(
    ("per", "last"),
    [
        ("day", date(2026, 3, 4)),
        ("working_day", date(2026, 3, 4)),
        ("week", date(2026, 3, 8)),
        ("month", date(2026, 3, 31)),
        ("quarter", date(2026, 3, 31)),
        ("year", date(2026, 12, 31)),
    ],
)
def test_what_was_done_counts_in_the_slot_of_its_plan(per, last):
    made = promise(
        "schedule_frequency",
        {"done": {"types": ["cleaned"]}, "plan": {"amount": 2, "per": per}},
    )
    fact = one(made, event("cleaned", at(4)), event("cleaned", at(4, 18), 99))
    assert (fact.counted_on, fact.value) == (last, 2)


def test_what_was_planned_is_counted_beside_what_was_done():
    made = promise(
        "schedule_frequency",
        {"done": {"types": ["ran"]}, "plan": {"types": ["planned"]}},
    )
    fact = one(made, event("planned", at(4)), event("ran", at(4, 12)))
    assert (fact.counted_on, fact.value, fact.base) == (date(2026, 3, 4), 1, 1)


@pytest.mark.parametrize(
    ("due", "done", "for_", "outcome"),
    [
        ({"on": "2026-06-30"}, (2026, 1, 2), "2026-06-30", Outcome.MET),
        ({"on": "2026-06-30"}, (2026, 6, 30), "2026-06-30", Outcome.MET),
        ({"on": "2026-06-30"}, (2026, 7, 1), "2026-06-30", Outcome.MISSED),
        ({"on": "03-31"}, (2026, 3, 31), "2026-03-31", Outcome.MET),
        ({"on": "03-31"}, (2026, 12, 31), "2026-03-31", Outcome.MISSED),
        ({"on": "03-31"}, (2027, 1, 1), "2027-03-31", Outcome.MET),
        ({"on": "03-31", "from": "04-01"}, (2026, 4, 1), "2027-03-31", Outcome.MET),
        ({"on": "03-31", "from": "04-01"}, (2026, 3, 31), "2026-03-31", Outcome.MET),
        ({"on": "01-31", "from": "11-01"}, (2026, 12, 1), "2027-01-31", Outcome.MET),
        (
            {"on": "01-31", "from": "11-01"},
            (2026, 10, 31),
            "2026-01-31",
            Outcome.MISSED,
        ),
    ],
)
def test_a_milestone_is_that_whose_window_is_open(due, done, for_, outcome):
    made = promise("milestone", {"done": {"types": ["published"]}, "due": due})
    fact = one(made, event("published", datetime(*done, 12, tzinfo=ZONE)))
    assert (fact.counted_on, fact.outcome) == (date.fromisoformat(for_), outcome)
    assert fact.ended_at == fact.began_at


@pytest.mark.parametrize(
    ("gone", "outcome", "reason"),
    [
        (5, Outcome.EXCLUDED, "withdrawn"),
        (15, Outcome.EXCLUDED, "withdrawn"),
        (22, Outcome.MISSED, ""),
    ],
)
def test_a_remainder_is_broken_by_its_second_limit(gone, outcome, reason):
    second = {"amount": "20", "unit": "elapsed_days"}
    made = promise("two_tier_remainder", TIMED, second_limit=second, withdrawn=["gone"])
    fact = one(made, event("opened", at(1)), event("gone", at(gone)))
    assert (fact.outcome, fact.reason) == (outcome, reason)


def test_stretches_run_from_a_start_to_the_next_stop():
    made = promise("availability", DOWN)
    facts = judged(
        made,
        event("up", at(1)),
        event("down", at(2)),
        event("down", at(3)),
        event("up", at(4)),
        event("up", at(5)),
        event("down", at(6)),
        event("up", at(6)),  # no time at all: no stretch
        event("down", at(7)),
    )
    assert [(fact.began_at, fact.ended_at, fact.outcome) for fact in facts] == [
        (at(2), at(4), Outcome.COUNTED),
        (at(7), None, Outcome.OPEN),
    ]


def test_stretches_are_chosen_and_left_out_by_their_own_words():
    made = promise(
        "availability",
        DOWN,
        where=[{"attribute": "system", "in": ["web"]}],
        exclude=[{"attribute": "planned", "in": ["yes"], "reason": "maintenance"}],
    )
    facts = judged(
        made,
        event("down", at(1), system="web", planned="yes"),
        event("up", at(2)),
        event("down", at(3), system="post", planned="no"),
        event("up", at(4)),
        event("down", at(5), system="web", planned="no"),
        event("up", at(6)),
    )
    assert [(fact.reason, fact.outcome) for fact in facts] == [
        ("maintenance", Outcome.EXCLUDED),
        ("", Outcome.COUNTED),
    ]


def test_a_stretch_from_before_the_promise_reaches_into_it():
    made = replace(promise("availability", DOWN), from_on=date(2026, 3, 10))
    fact = one(made, event("down", at(1)), event("up", at(20)))
    assert (fact.outcome, fact.counted_on) == (Outcome.COUNTED, date(2026, 3, 1))


# Suspensions.

TEN_DAYS = [date(2026, 3, 10), date(2026, 3, 20)]


@pytest.mark.parametrize(
    ("covers", "began", "ended", "taken"),
    [
        (Covers.BEGUN, 9, 30, False),
        (Covers.BEGUN, 10, 30, True),
        (Covers.BEGUN, 19, None, True),
        (Covers.BEGUN, 20, 21, False),
        (Covers.TOUCHED, 9, 9, False),
        (Covers.TOUCHED, 9, 10, True),
        (Covers.TOUCHED, 9, None, True),
        (Covers.TOUCHED, 19, 30, True),
        (Covers.TOUCHED, 20, None, False),
    ],
)
def test_a_suspension_takes_the_cases_of_its_days(covers, began, ended, taken):
    last = None if ended is None else date(2026, 3, ended)
    suspension = Suspension(*TEN_DAYS, covers)
    assert suspension.takes(date(2026, 3, began), last) is taken
    endless = replace(suspension, until_on=None)
    assert endless.takes(date(2026, 3, began), last) is (taken or began == 20)


def suspended(kind, definition, covers, *events, **changes):
    made = replace(
        promise(kind, definition, **changes),
        suspensions=(Suspension(*TEN_DAYS, covers),),
    )
    fact = one(made, *events)
    assert fact.suspended == bool(suspending(fact, made, ZONE))
    return fact.suspended


def test_what_a_suspension_of_all_in_hand_takes():
    def touched(*args, **changes):
        kind, definition, *events = args
        return suspended(kind, definition, Covers.TOUCHED, *events, **changes)

    opened, closed = event("opened", at(1)), event("closed", at(12))
    assert touched("share_within_limit", TIMED, opened, closed)
    assert touched("share_within_limit", TIMED, opened)
    assert not touched("share_within_limit", TIMED, opened, event("closed", at(9)))
    # Left out on the 5th, and nothing heard of it since.
    void = event("void", at(5))
    assert not touched("share_within_limit", TIMED, opened, void, void=["void"])
    late = event("note", at(15))
    assert touched("share_within_limit", TIMED, opened, void, late, void=["void"])
    # An answer and a count are of their day.
    assert not touched("nps", ANSWERS, event("scored", at(9), 9))
    assert touched("nps", ANSWERS, event("scored", at(10), 9))
    assert not touched("count", SUMS, event("done", at(9)))
    assert touched("count", SUMS, event("done", at(19)))
    assert not touched("nps", ANSWERS, event("scored", at(9), 99))
    # Days of stretches are suspended, not the stretches.
    assert not touched("availability", DOWN, event("down", at(12)))


@pytest.mark.parametrize("covers", list(Covers))
@pytest.mark.parametrize(
    ("due", "done", "taken"),
    [
        ("2026-03-15", 9, True),
        ("2026-03-15", 25, True),
        ("2026-03-25", 15, False),
        ("2026-03-09", 15, False),
    ],
)
def test_a_milestone_is_suspended_by_its_last_day(covers, due, done, taken):
    definition = {"done": {"types": ["published"]}, "due": {"on": due}}
    assert (
        suspended("milestone", definition, covers, event("published", at(done)))
        is taken
    )


# Facts.

NASTY = st.text(st.sampled_from("ab|\\\n!n "), max_size=4)
nasty_facts = st.builds(
    Fact,
    case=NASTY,
    outcome=st.sampled_from(Outcome),
    counted_on=st.just(date(2026, 3, 1)),
    began_at=st.sampled_from([at(1), at(1).astimezone(UTC)]),
    value=st.none()
    | st.sampled_from(["0", "-0", "0.00", "1", "1.0", "10"]).map(Decimal),
    base=st.none() | st.sampled_from(["1e1", "10"]).map(Decimal),
    reason=NASTY,
    segment=NASTY,
    source=NASTY,
    part=NASTY,
    suspended=st.booleans(),
)


@settings(max_examples=200)
@given(nasty_facts, nasty_facts)
def test_one_line_is_equal_exactly_when_the_fact_is(fact, other):
    assert (fact.canonical == other.canonical) is (fact == other)
    for field in fields(Fact):
        mixed = replace(fact, **{field.name: getattr(other, field.name)})
        assert (mixed.canonical == fact.canonical) is (mixed == fact)
    assert "\n" not in fact.canonical


@pytest.mark.parametrize(("suspended", "told"), [(False, ""), (True, "suspended")])
def test_the_line_never_changes_for_its_digest_is_kept(suspended, told):
    fact = Fact(
        *("A-1", Outcome.MET, date(2026, 3, 1), at(1)),
        value=Decimal("1.50"),
        segment="web",
        suspended=suspended,
    )
    line = f"A-1|met|2026-03-01|2026-03-01T08:00:00+00:00|||1.5|||web||||{told}"
    assert fact.canonical == line


@pytest.mark.parametrize("bar", ["|", "\\", "\n", "\\|"])
def test_no_text_passes_for_the_end_of_another(bar):
    fact = Fact("1", Outcome.EXCLUDED, date(2026, 3, 1), at(1))
    left = replace(fact, reason=f"a{bar}", segment="b")
    right = replace(fact, reason="a", segment=f"{bar}b")
    assert left.canonical != right.canonical


# Cases of many events.


class Counted(list[Event]):
    """Counts how often it is walked through."""

    walks = 0

    def __iter__(self):
        self.walks += 1
        return super().__iter__()

    def __reversed__(self):
        self.walks += 1
        return super().__reversed__()


@pytest.mark.parametrize(
    ("kind", "definition", "types"),
    [
        ("ratio", SUMS | {"segment_by": "site"}, ["done", "asked"]),
        ("availability", DOWN | {"segment_by": "site"}, ["down", "up"]),
        ("share_within_limit", TIMED, ["opened", "asked", "replied"]),
        (
            "schedule_frequency",
            {"done": {"types": ["a"]}, "plan": {"types": ["b"]}},
            "ab",
        ),
    ],
)
def test_a_case_of_many_events_is_not_walked_through_for_each(kind, definition, types):
    made = promise(
        kind,
        definition,
        void=["void"],
        withdrawn=["gone"],
        exclude=[{"attribute": "cause", "in": ["storm"]}, {"has": ["x"]}],
        pauses=[{"from": ["asked"], "until": ["replied"]}],
    )
    events = Counted(
        Event(f"{n:04}", types[n % len(types)], at(1) + n * timedelta(minutes=1))
        for n in range(1200)
    )
    assert judge("1", events, [made], zone=ZONE)
    assert events.walks < 30


# What holds of every rule and every log.


def facts_of(made: Promise, log: list[tuple[str, Event]]) -> list[Fact]:
    return [
        fact
        for case, events in by_case(log).items()
        for fact in judge(case, events, [made], zone=ZONE)
    ]


@settings(max_examples=80, deadline=None)
@given(promises(), logs())
def test_facts_make_sense(made, log):
    kind = made.rule.cases.kind
    facts = facts_of(made, log)
    assert len({fact.key for fact in facts}) == len(facts)
    for fact in facts:
        told_apart = fact.outcome in {Outcome.EXCLUDED, Outcome.NOT_COMPUTABLE}
        assert bool(fact.reason) is told_apart
        if fact.outcome in {Outcome.MET, Outcome.MISSED}:
            assert kind.by_case or kind is Kind.MILESTONE
        if fact.outcome is Outcome.COUNTED:
            assert not kind.by_case
            assert kind.by_span or fact.value is not None
        if fact.outcome is Outcome.OPEN:
            assert fact.ended_at is None
        assert fact.suspended == (
            fact.reason != "no_promise" and bool(suspending(fact, made, ZONE))
        )


@settings(max_examples=60, deadline=None)
@given(promises(BY_CASE), logs(), instants, instants)
def test_time_never_forgives(made, log, one_instant, other):
    """A promise once broken stays broken, and what was kept stays kept."""
    early, late = sorted([one_instant, other])
    for fact in facts_of(made, log):
        before, after = (seen(fact, made.rule, when) for when in (early, late))
        if before is not Outcome.OPEN:
            assert after is before


class Ledger:
    """Keeps facts and months true to a log, event by event, as workers do."""

    def __init__(self, made: Promise) -> None:
        self.made = made
        self.events: defaultdict[str, list[Event]] = defaultdict(list)
        self.facts: dict[str, Sequence[Fact]] = {}
        self.months: dict[date, list[MonthTally]] = {}

    def arrive(self, case: str, happened: Event) -> None:
        self.events[case].append(happened)
        events = sorted(self.events[case], key=lambda item: (item.at, item.id))
        old = self.facts.get(case, ())
        new = self.facts[case] = judge(case, events, [self.made], zone=ZONE)
        for month in {fact.counted_on.replace(day=1) for fact in (*old, *new)}:
            facts = [
                fact for fact in self.all if fact.counted_on.replace(day=1) == month
            ]
            self.months[month] = summed(facts, self.made.rule)

    @property
    def all(self) -> list[Fact]:
        return [fact for found in self.facts.values() for fact in found]

    def cell(self, period: Period) -> Cell:
        """Read a period as the workers do: sums of months, and cases by month."""
        trend = self.made.rule.trend
        return Cell(
            [
                tally
                for month, tallies in self.months.items()
                for tally in tallies
                if month in period
            ],
            lambda: self.cases(period),
            lambda: [] if trend is None else self.cases(trend.earlier(period)),
        )

    def cases(self, period: Period) -> list[Fact]:
        if self.made.rule.cases.kind.by_span:
            return self.all
        facts = [fact for fact in self.all if fact.counted_on in period]
        return [
            fact
            for found in by_month(facts).values()
            for fact in conditioned(found, self.made.rule)
        ]


def by_month(facts: Iterable[Fact]) -> dict[date, list[Fact]]:
    months: defaultdict[date, list[Fact]] = defaultdict(list)
    for fact in facts:
        months[fact.counted_on.replace(day=1)].append(fact)
    return months


def summed(facts: Iterable[Fact], rule: Rule) -> list[MonthTally]:
    return month_tallies(conditioned(facts, rule), rule)


def incremental(made: Promise, arrivals: Iterable[tuple[str, Event]]) -> Ledger:
    ledger = Ledger(made)
    for case, happened in arrivals:
        ledger.arrive(case, happened)
    return ledger


@st.composite
def arrivals(draw):
    """Return a promise, a log, and the order in which it came."""
    log = draw(logs())
    return draw(promises()), log, draw(st.permutations(log))


@settings(max_examples=80, deadline=None)
@given(arrivals())
def test_judging_at_once_is_judging_event_by_event_in_any_order(given_):
    """Replay = incremental, for rules and logs of every sort."""
    made, log, order = given_
    ledger, facts = incremental(made, order), facts_of(made, log)
    assert sorted(ledger.all, key=by_key) == sorted(facts, key=by_key)

    wanted = [
        tally
        for _month, found in sorted(by_month(facts).items())
        for tally in summed(found, made.rule)
    ]
    kept = [tally for _month, found in sorted(ledger.months.items()) for tally in found]
    assert kept == wanted
    for tally in kept:
        for sums in (tally.kept, tally.suspended):
            assert Tally.from_json(sums.as_json()) == sums

    for label in ("2026-03", "2026-Q2", "2026"):
        period = parse_period(label)
        found = measure_cell(ledger.cell(period), made, period, **FRAME)
        again = incremental(made, log).cell(period)
        assert found == measure_cell(again, made, period, **FRAME)
        if made.rule.cases.demand is None:  # else of whole months only
            assert found == measure(facts, made, period, earlier=facts, **FRAME)


FRAME = {"zone": ZONE, "as_of": at(20), "feed": Feed(at(20))}


def by_key(fact: Fact) -> tuple[str, str, str]:
    return fact.key


@settings(max_examples=60, deadline=None)
@given(promises(TIMED_KINDS), logs(), instants, st.sampled_from(["asked", "replied"]))
def test_nothing_logged_after_the_stop_moves_a_clock(made, log, when, type_):
    for case, events in by_case(log).items():
        before = judge(case, events, [made], zone=ZONE)
        if not before or before[0].ended_at is None or made.rule.withdrawn:
            continue
        (fact,) = before
        later = Event("~", type_, max(when, fact.ended_at + STEP))
        longer = sorted([*events, later], key=lambda item: (item.at, item.id))
        (after,) = judge(case, longer, [made], zone=ZONE)
        assert after == replace(
            fact, last_event_at=longer[-1].at, suspended=after.suspended
        )


@settings(max_examples=60, deadline=None)
@given(promises(TIMED_KINDS), logs(), instants)
def test_splitting_a_pause_changes_nothing(made, log, when):
    if any(pause.at_most for pause in made.rule.pauses) or not made.rule.pauses:
        made = replace(made, rule=replace(made.rule, pauses=PAUSED))
    for case, events in by_case(log).items():
        if not waiting(events, when):
            continue
        split = [Event("~1", "replied", when), Event("~2", "asked", when)]
        longer = sorted([*events, *split], key=lambda item: (item.at, item.id))
        old, new = (judge(case, log, [made], zone=ZONE) for log in (events, longer))
        assert [replace(fact, last_event_at=None, suspended=False) for fact in old] == [
            replace(fact, last_event_at=None, suspended=False) for fact in new
        ]


PAUSED = rule(
    "share_within_limit", TIMED, pauses=[{"from": ["asked"], "until": ["replied"]}]
).pauses


# A second reading, half hour by half hour.


@st.composite
def walks(draw):
    """Return a rule in whole hours, what it says, and a case on the half hour."""
    says = {
        "hours": draw(st.integers(0, 30)),
        "open": draw(st.booleans()),
        "first": draw(st.booleans()),
        "stop_first": draw(st.booleans()),
        "reopened": draw(st.sampled_from(["", "continues", "paused"])),
    }
    unit = "open_hours" if says["open"] else "elapsed_hours"
    definition = {
        "start": {"types": ["opened"], "pick": "first" if says["first"] else "last"},
        "stop": {
            "types": ["closed"],
            "pick": "first" if says["stop_first"] else "last",
        },
        "limit": {"amount": str(says["hours"]), "unit": unit},
        "pauses": [{"from": ["asked"], "until": ["replied"]}],
        "stop_before_start": "ignored",
    }
    if says["reopened"]:
        definition["reopened"] = {"types": ["reopened"], "clock": says["reopened"]}
    types = st.sampled_from(["closed", "asked", "replied", "reopened", "opened"])
    # Close together, so that much happens before the case is due.
    steps = draw(st.integers(0, STEPS - 400))
    first = Event("00", "opened", FIRST + steps * STEP)
    happened = draw(st.lists(st.tuples(types, st.integers(-10, 120)), max_size=9))
    events = [
        first,
        *(
            Event(f"{n:02}", type_, first.at + offset * STEP)
            for n, (type_, offset) in enumerate(happened, start=1)
        ),
    ]
    events.sort(key=lambda item: (item.at, item.id))
    return says, promise("share_within_limit", definition), events


def stopped(says, events):
    """Find the stop, and the time between the stops that were undone and their undoing."""
    end, idle = None, []
    for item in events:
        if item.type == "closed" and (end is None or not says["stop_first"]):
            end = item.at
        elif item.type == "reopened" and says["reopened"] and end is not None:
            idle.append((end, item.at))
            end = None
    return end, idle if says["reopened"] == "paused" else []


def waiting(events, instant: datetime) -> bool:
    """Say whether an answer is awaited from an instant on."""
    asked = False
    for item in events:
        if item.at <= instant:
            asked = {"asked": True, "replied": False}.get(item.type, asked)
    return asked


def walked(says, events) -> tuple[datetime | None, datetime | None]:
    """
    Walk through a case half hour by half hour.

    :returns: when it ended, and the last half hour's end that is in time.
    """
    starts = [item for item in events if item.type == "opened"]
    start = starts[0 if says["first"] else -1]
    end, idle = stopped(says, [item for item in events if item.at >= start.at])

    def counts(instant: datetime) -> bool:
        """Say whether the half hour from an instant on counts."""
        paused = waiting(events, instant) and (end is None or instant < end)
        undone = any(since <= instant < until for since, until in idle)
        return not (paused or undone) and (
            not says["open"] or CALENDAR.is_open(instant)
        )

    left, instant = 2 * says["hours"], start.at
    for _ in range(STEPS):
        if counts(instant):
            if left == 0:
                return end, instant
            left -= 1
        instant += STEP
    return end, None


@settings(max_examples=200, deadline=None)
@given(walks())
def test_a_second_reading_half_hour_by_half_hour_agrees(walk):
    says, made, events = walk
    end, last_good = walked(says, events)
    clock = clock_of_case("1", events, [made], zone=ZONE)
    assert clock.end == end
    microsecond = timedelta(microseconds=1)
    assert clock.due == (None if last_good is None else last_good + microsecond)
    (fact,) = judge("1", events, [made], zone=ZONE)
    if end is None:
        assert fact.outcome is Outcome.OPEN
    else:
        kept = last_good is None or end <= last_good
        assert fact.outcome is (Outcome.MET if kept else Outcome.MISSED)


def test_the_zone_is_that_of_the_office():
    made = promise("count", SUMS)
    midnight = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    (fact,) = judge("1", [event("done", midnight)], [made], zone=ZONE)
    assert fact.counted_on == date(2026, 3, 2)
    canary = ZoneInfo("Atlantic/Canary")
    (fact,) = judge("1", [event("done", midnight)], [made], zone=canary)
    assert fact.counted_on == date(2026, 3, 1)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_a_promise_begins_by_the_clock_of_the_office(zone):
    office = ZoneInfo(zone)
    new_year = datetime(2026, 1, 1, tzinfo=office)
    for when, reason in ((new_year, ""), (new_year - STEP, "no_promise")):
        events = [event("opened", when)]
        made = promise("share_within_limit", TIMED)
        (fact,) = judge("1", events, [made], zone=office)
        assert fact.reason == reason

"""Explanations say what the judge says, and their days add up to it."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema
import pytest

from engine.cases import (
    Covers,
    Event,
    Outcome,
    Promise,
    Reading,
    Suspension,
    clock_of,
    judge,
)
from engine.compliance import conditioned, demand_slot, seen
from engine.explanations import (
    CaseExplanation,
    Finding,
    Ignored,
    TooManyDaysError,
    Use,
    as_json,
    crowded,
    explain_case,
    explain_deadline,
    instant_at,
)
from engine.measures import Kind
from engine.rules import Rule
from engine.worktime import (
    RESOLUTION,
    BeyondCalendarError,
    Derivation,
    Ends,
    Step,
    StepKind,
    Term,
    Unit,
    WorkCalendar,
    explain_due,
)

MADRID = ZoneInfo("Europe/Madrid")
FORMATS = Path(__file__).parent.parent.parent / "docs" / "formats"
CALENDAR = WorkCalendar.from_definition(
    {
        "zone": "Europe/Madrid",
        "known_from": "2026-01-01",
        "known_until": "2026-04-20",
        "weekly": {
            "mon": [["09:00", "14:00"], ["16:00", "18:30"]],
            "tue": [["09:00", "14:00"]],
            "wed": [["09:00", "14:00"]],
            "fri": [["08:00", "15:00"]],
            "sat": [["10:00", "12:00"]],
        },
        "holidays": {"2026-03-19": "Sant Josep", "2026-04-03": "Divendres Sant"},
    }
)
FIRST = datetime(2026, 3, 9, tzinfo=UTC)
HOURS = 24 * 45  # over the change of clocks of 29 March
TYPES = (
    "opened",
    "closed",
    "asked",
    "replied",
    "again",
    "longer",
    "gone",
    "void",
    "note",
)

EACH = 200  # cases of every kind


# What to try: cases that make sense more often than not.


class Chance:
    """Draws rules and logs; the same seed gives the same ones."""

    def __init__(self, kind: Kind, seed: int) -> None:
        self.kind = kind
        self.dice = random.Random(f"{kind} {seed}")

    def often(self, share: float = 0.5) -> bool:
        return self.dice.random() < share

    def one(self, *choices: Any) -> Any:
        return self.dice.choice(choices)

    def instant(self, hours: int = HOURS) -> datetime:
        minutes = self.one(0, 0, 0, 1, 30)
        return FIRST + timedelta(hours=self.dice.randint(0, hours), minutes=minutes)

    def day(self) -> date:
        return FIRST.date() + timedelta(days=self.dice.randint(0, 45))

    def events(self) -> list[Event]:
        """A start, what happens on the way, and mostly a stop."""
        types = [self.one(*TYPES) for _n in range(self.dice.randint(0, 7))]
        drawn = [(type_, self.instant()) for type_ in types]
        if self.often(0.9):
            drawn.append(("opened", self.instant(hours=24 * 10)))
        if self.often(0.7):
            drawn.append(("closed", self.instant()))
        events = [
            Event(f"E{number}", type_, at, self.value(), self.attributes())
            for number, (type_, at) in enumerate(drawn)
        ]
        return sorted(events, key=lambda item: (item.at, item.id))

    def value(self) -> Decimal | None:
        return Decimal(self.dice.randint(-1, 11)) if self.often() else None

    def attributes(self) -> dict[str, str]:
        drawn = {
            "channel": self.one("web", "web", "phone"),
            "wait": self.one("3", "12", "x"),
            "until": self.instant().isoformat(),
            "weight": self.one("1", "2.5", "-1"),
        }
        return {name: word for name, word in drawn.items() if self.often()}

    def term(self) -> dict[str, Any]:
        if self.often(0.1):
            return {"amount": "1", "unit": "months"}
        if self.often(0.4):
            unit = self.one(*(unit.value for unit in Unit if unit.is_duration))
            term = {"amount": self.one("0.5", "1", "7", "30"), "unit": unit}
        else:
            term = {
                "amount": str(self.dice.randint(1, 12)),
                "unit": self.one("working_days", "calendar_days"),
                "day_one": self.one("next", "same"),
                "roll": self.often(),
                "ends": self.one("day", "day", "time", "closing"),
            }
        entries = ["next_opening", "next_working_day", CUT_OFF]
        return {**term, "entry": self.one("as_is", "as_is", *entries)}

    def limit(self) -> dict[str, Any]:
        return {"attribute": "until"} if self.often(0.1) else self.term()

    def conditions(self, share: float) -> list[dict[str, Any]]:
        return [self.one(*CONDITIONS)] if self.often(share) else []

    def pick(self, *types: str) -> dict[str, Any]:
        return {
            "types": ["*"] if self.often(0.05) else list(types),
            "pick": self.one("first", "first", "last"),
        }

    def common(self) -> dict[str, Any]:
        return {
            "where": self.conditions(0.15),
            "exclude": self.conditions(0.15),
            "withdrawn": self.one([], ["gone"]),
            "void": self.one([], [], ["void"]),
            "segment_by": self.one("", "channel"),
        }

    def timed(self) -> dict[str, Any]:
        drawn = {
            "start": self.pick("opened"),
            "stop": self.pick("closed"),
            "pauses": self.one([], PAUSES[:1], PAUSES),
            "counted_in": self.one("due", "opened", "closed"),
            "open_past_due": self.one("missed", "excluded"),
            "missing_start": self.one("excluded", "ignored"),
            "stop_before_start": self.one(
                "excluded", "excluded_always", "kept", "ignored"
            ),
        }
        if self.often(0.2):
            drawn["clock"] = self.pick("replied")
        if self.often():
            clock = self.one("paused", "continues")
            drawn["reopened"] = {"types": ["again"], "clock": clock}
        return drawn

    def limits(self) -> dict[str, Any]:
        drawn: dict[str, Any] = {"limit": self.limit()}
        if self.often(0.3):
            drawn["limits"] = [
                {"where": self.conditions(0.8), "limit": self.limit()}
                for _n in range(2)
            ]
        if self.often(0.3):
            drawn["extension"] = {"types": ["longer"], "limit": self.limit()}
        if self.kind is Kind.TWO_TIER_REMAINDER:
            drawn["second_limit"] = self.limit()
        elif "unit" in drawn["limit"] and self.often(0.2):
            drawn["limit"]["sense"] = "at_least"
        return drawn

    def rule(self) -> Rule:
        """A rule with everything that its kind can have."""
        parts = self.common()
        if self.kind.by_case:
            parts |= self.timed() | self.limits()
        elif self.kind.is_duration:
            parts |= self.timed() | {"unit": self.one(*Unit).value}
            parts |= self.limits() if self.often() else {}
            parts |= {"percentile": "90"} if "perc" in self.kind else {}
        elif self.kind.by_span:
            parts |= {"start": {"types": ["opened"]}, "stop": {"types": ["closed"]}}
            units = [unit.value for unit in Unit if unit.is_duration]
            parts |= {"unit": self.one(*units)}
        else:
            parts |= self.others()
        return Rule.from_definition(
            self.kind.value, parts, comparator=">=", target=Decimal(90)
        )

    def others(self) -> dict[str, Any]:
        answer = {
            "value": self.pick("note", "replied"),
            "scale": {"min": "0", "max": "10"},
        }
        if self.kind.by_answer:
            bar = {"at_least": "8"} if self.kind is Kind.SHARE_AT_OR_ABOVE else {}
            return answer | bar | {"weight": self.one("", "weight")}
        if self.kind.by_sum:
            return {"numerator": {"note": 1, "closed": 2}, "denominator": {"opened": 1}}
        done = {"done": {"types": ["note", "opened"]}}
        if self.kind is Kind.SCHEDULE_FREQUENCY:
            plan = self.one({"amount": 3, "per": "week"}, {"types": ["closed"]})
            return done | {"plan": plan}
        if self.kind is Kind.MILESTONE:
            return done | {"due": {"on": "2026-03-20"}}
        daily = {"of": self.one("duration", "value"), "value": "5"}
        if daily["of"] == "value":
            return {"daily": daily} | answer
        return {"daily": daily, "unit": self.one(*Unit).value} | self.timed()

    def promises(self) -> list[Promise]:
        """One promise, or two that follow each other, perhaps with days between them."""
        begins, ends = sorted([self.day(), self.day()])
        covers = self.one(*Covers)
        suspensions = [Suspension(begins, ends, covers)] if self.often(0.2) else []
        made = Promise(
            self.rule(), date(2026, 1, 1), None, CALENDAR, tuple(suspensions)
        )
        if self.often(0.8):
            return [made]
        first, second = sorted([self.day(), self.day()])
        return [
            replace(made, until_on=first),
            replace(made, rule=self.rule(), from_on=second),
        ]


CUT_OFF = {"cut_off": "13:00", "from": "08:30"}
CONDITIONS = (
    {"attribute": "channel", "in": ["web"], "reason": "by web"},
    {"attribute": "wait", "<": "10"},
    {"value_of": ["note"], ">=": "5"},
    {"has": ["note"]},
)
PAUSES = [
    {"from": ["asked"], "until": ["replied"]},
    {
        "from": ["note"],
        "until": ["asked", "closed"],
        "at_most": {"amount": "2", "unit": "working_days"},
    },
]
JUDGED = [kind for kind in Kind if kind is not Kind.TREND]
TIMED = [kind for kind in JUDGED if kind.is_timed or kind is Kind.SHARE_OF_DAYS]


def drawn(kind: Kind) -> Iterator[tuple[list[Event], list[Promise], datetime]]:
    for seed in range(EACH):
        chance = Chance(kind, seed)
        yield chance.events(), chance.promises(), chance.instant()


def by_answer(finding: Finding) -> bool:
    """Whether the case is a score, which takes no time."""
    rule = finding.promise.rule
    return rule.daily is not None and not rule.by_daily_duration


def explained(
    events: Sequence[Event], promises: Sequence[Promise], as_of: datetime
) -> CaseExplanation:
    return explain_case("1", events, promises, zone=MADRID, as_of=as_of, source="s")


# It cannot disagree.


@pytest.mark.parametrize("kind", JUDGED)
def test_what_is_told_is_what_the_judge_found(kind):
    for events, promises, as_of in drawn(kind):
        facts = judge("1", events, promises, zone=MADRID, source="s")
        told = explained(events, promises, as_of)
        assert tuple(item.fact for item in told.findings) == facts
        assert (told.ignored is None) == bool(facts)
        for finding in told.findings:
            rule = (finding.promise or promises[0]).rule
            assert finding.outcome is seen(finding.fact, rule, as_of)
            assert bool(finding.suspensions) == finding.fact.suspended
            assert finding.start.at == finding.fact.began_at


@pytest.mark.parametrize("kind", TIMED)
def test_clock_pauses_and_stop_are_the_judges(kind):
    for events, promises, as_of in drawn(kind):
        for finding in explained(events, promises, as_of).findings:
            if finding.reason in {"no_promise", "no_start"} or by_answer(finding):
                continue
            reading = Reading("1", events, finding.start, MADRID, "s")
            try:
                clock = clock_of(reading, finding.promise)
            except BeyondCalendarError:
                assert finding.timing is None
                continue
            timing = finding.timing
            assert timing.since == clock.since
            assert (
                tuple((item.since, item.until) for item in timing.pauses)
                == clock.pauses
            )
            for pause in timing.pauses:
                assert pause.by.at == pause.since
                assert (
                    pause.ended_by is None
                    or pause.capped
                    or pause.ended_by.at == pause.until
                )
            stops = [used.event.at for used in finding.events if Use.STOP in used.uses]
            assert stops == ([] if clock.end is None else [clock.end])
            if timing.limit is not None:
                assert timing.limit.limit == clock.limit
                assert timing.limit.due_at == clock.due


@pytest.mark.parametrize("kind", TIMED)
def test_due_instants_are_those_of_the_fact(kind):
    for events, promises, as_of in drawn(kind):
        for finding in explained(events, promises, as_of).findings:
            fact, timing = finding.fact, finding.timing
            if timing is None or not finding.promise.rule.kind.by_case:
                continue
            limit = timing.limit
            if finding.promise.rule.kind is Kind.TWO_TIER_REMAINDER and not (
                fact.outcome is Outcome.EXCLUDED and fact.reason != "within_first_limit"
            ):
                limit = timing.second
            if fact.outcome is Outcome.OPEN and limit.is_notice:
                assert fact.due_at is None
            else:
                assert fact.due_at == (None if limit is None else limit.due_at)


@pytest.mark.parametrize("kind", TIMED)
def test_days_add_up_to_the_term_and_to_the_time_spent(kind):
    for events, promises, as_of in drawn(kind):
        for finding in explained(events, promises, as_of).findings:
            if finding.timing is None:
                continue
            for limit in finding.timing.limits:
                if limit.deadline is None:
                    continue
                deadline = limit.deadline
                reached = deadline.kept_from if limit.is_notice else deadline.due_at
                assert reached == limit.due_at
                if limit.due_at is not None:
                    assert deadline.total == limit.limit.term.amount
            if finding.timing.spent is not None:
                assert finding.timing.spent.total_exact == finding.fact.value


# Walking the days with the calendar in hand leads to the due instant.


@pytest.mark.parametrize("kind", [kind for kind in TIMED if kind.by_case])
def test_walking_the_days_leads_to_the_due_instant(kind):
    walked = 0
    for events, promises, as_of in drawn(kind):
        for finding in explained(events, promises, as_of).findings:
            if finding.timing is None:
                continue
            for limit in finding.timing.limits:
                if limit.deadline is None or limit.due_at is None or limit.is_notice:
                    continue
                assert walk(limit.deadline) == limit.due_at
                walked += 1
    assert walked > EACH // 3


def walk(told: Derivation) -> datetime:
    """Return the first instant that is too late, from the steps and nothing else."""
    term, zone = told.term, ZoneInfo(told.zone)
    if term.unit.is_duration:
        left = term.microseconds
        for step in told.steps:
            for start, end in step.intervals:
                took = (end - start) // RESOLUTION
                if took > left or (took == left and step is told.steps[-1]):
                    assert end == told.used_up_at
                left -= took
        assert left == 0
        resumes = [step.since for step in told.after if step.since is not None]
        return (resumes or [told.used_up_at])[-1] + RESOLUTION
    last = told.steps[-1]
    if last.kind is StepKind.ENDS:
        return last.until if term.ends is Ends.CLOSING else after(zone, last)
    return datetime.combine(last.day + timedelta(days=1), time(), zone)


def after(zone: ZoneInfo, last: Step) -> datetime:
    """What is done at the very time of day is still in time."""
    return last.until + RESOLUTION


# As JSON.


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft202012Validator:
    text = (FORMATS / "explanation.schema.json").read_text(encoding="utf-8")
    found = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


@pytest.mark.parametrize("kind", JUDGED)
def test_json_is_what_the_schema_says_and_always_the_same(kind, schema):
    for events, promises, as_of in islice(drawn(kind), 40):
        told = as_json(explained(events, promises, as_of))
        schema.validate(told)
        assert json.loads(json.dumps(told)) == told
        assert as_json(explained(events, promises, as_of)) == told


def test_json_has_the_numbers_instants_and_days_of_what_is_told():
    shut = Suspension(date(2026, 3, 1), date(2026, 3, 8))
    made = replace(
        promise(where=[{"attribute": "wait", "<": "10.0"}, {"has": ["closed"]}]),
        until_on=date(2026, 4, 1),
        suspensions=(shut, replace(shut, until_on=None)),
    )
    events = log(("opened", at(2)), ("closed", at(3)), wait="3")
    (finding,) = as_json(explained(events, [made], LATER))["findings"]
    assert [item["number"] for item in finding["conditions"]] == ["10", None]
    (limit,) = finding["timing"]["limits"]
    assert limit["due_at"] == finding["due_at"] == "2026-03-16T23:00:00+00:00"
    assert (finding["promise"]["from"], finding["promise"]["until"]) == (
        "2026-01-01",
        "2026-04-01",
    )
    assert [item["until"] for item in finding["suspended"]] == ["2026-03-08", None]


def test_every_word_of_the_schema_is_one_of_ours(schema):
    """What the schema lists and the code says are the same sets."""
    defs = schema.schema["$defs"]
    used = defs["used_event"]["properties"]["uses"]["items"]["enum"]
    assert used == [use.value for use in Use]
    assert schema.schema["properties"]["ignored"]["enum"] == [*Ignored, None]
    assert defs["step"]["properties"]["kind"]["enum"] == [
        kind.value for kind in StepKind
    ]
    assert defs["finding"]["properties"]["outcome"]["enum"] == [*Outcome]


# Case by case.


def at(day: int, hour: int = 9, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=MADRID)


def log(*happened: tuple[str, datetime], **attributes: str) -> list[Event]:
    return [
        Event(f"{type_}-{number}", type_, when, attributes=attributes)
        for number, (type_, when) in enumerate(happened)
    ]


def promise(kind: Kind = Kind.SHARE_WITHIN_LIMIT, **changes: Any) -> Promise:
    definition = {
        "start": {"types": ["opened"]},
        "stop": {"types": ["closed"]},
        "limit": {"amount": "10", "unit": "working_days"},
        **changes,
    }
    rule = Rule.from_definition(
        kind.value, definition, comparator=">=", target=Decimal(90)
    )
    return Promise(rule, date(2026, 1, 1), None, CALENDAR)


LATER = at(30, month=4)


def told(events: list[Event], made: Promise, as_of: datetime = LATER) -> Finding:
    (found,) = explained(events, [made], as_of).findings
    return found


def uses(found: Finding) -> list[tuple[str, ...]]:
    return [tuple(use.value for use in used.uses) for used in found.events]


def test_a_stop_before_the_start_and_one_undone_are_told():
    events = log(
        ("closed", at(1)),
        ("opened", at(2)),
        ("closed", at(3)),
        ("again", at(4)),
        ("again", at(5)),
        ("closed", at(6)),
        ("closed", at(7)),
        ("opened", at(8)),
    )
    made = promise(reopened={"types": ["again"], "clock": "paused"})
    found = told(events, made)
    assert uses(found) == [
        ("stop_early",),
        ("start",),
        ("stop_undone",),
        ("reopening",),
        ("reopening_not_taken",),
        ("stop",),
        ("stop_not_taken",),
        ("start_not_taken",),
    ]
    (pause,) = found.timing.pauses
    assert (pause.reopened, pause.by, pause.ended_by) == (True, events[2], events[3])


def test_the_last_stop_takes_the_place_of_the_one_before():
    events = log(("opened", at(2)), ("closed", at(3)), ("closed", at(6)))
    made = promise(stop={"types": ["closed"], "pick": "last"})
    assert uses(told(events, made)) == [("start",), ("stop_not_taken",), ("stop",)]


def test_a_long_pause_is_capped_and_one_within_another_not_taken():
    events = log(
        ("replied", at(1)),
        ("opened", at(2)),
        ("asked", at(3)),
        ("asked", at(4)),
        ("replied", at(20)),
    )
    at_most = {"amount": "2", "unit": "working_days"}
    made = promise(
        pauses=[{"from": ["asked"], "until": ["replied"], "at_most": at_most}]
    )
    found = told(events, made)
    assert uses(found) == [
        ("resume_not_taken",),
        ("start",),
        ("pause",),
        ("pause_not_taken",),
        ("resume",),
    ]
    (pause,) = found.timing.pauses
    assert (pause.capped, pause.until) == (True, at(6, hour=0))


def test_what_is_logged_after_the_stop_moves_no_clock():
    events = log(
        ("opened", at(2)),
        ("asked", at(3)),
        ("closed", at(4)),
        ("replied", at(5)),
        ("asked", at(6)),
        ("replied", at(7)),
    )
    made = promise(pauses=[{"from": ["asked"], "until": ["replied"]}])
    found = told(events, made)
    assert uses(found) == [
        ("start",),
        ("pause",),
        ("stop",),
        ("resume_not_taken",),
        ("pause_not_taken",),
        ("resume_not_taken",),
    ]
    (pause,) = found.timing.pauses
    assert (pause.until, pause.ended_by) == (at(4), None)


def test_an_extension_gives_another_limit_until_the_case_is_due():
    longer = {"types": ["longer"], "limit": {"amount": "15", "unit": "working_days"}}
    events = log(("opened", at(2)), ("longer", at(16)), ("longer", at(17)))
    found = told(events, promise(extension=longer))
    assert [limit.path for limit in found.timing.limits] == ["limit", "extension.limit"]
    before, after = found.timing.limits
    assert (before.due_at, after.due_at) == (at(17, hour=0), at(25, hour=0))
    assert after.extended_by is events[1]
    assert found.timing.limit is after
    assert uses(found)[1:] == [("extension",), ("extension_not_taken",)]


def test_which_of_several_limits_holds_is_told_with_its_conditions():
    by_phone = {"where": [{"attribute": "channel", "in": ["phone"]}]}
    by_web = {"where": [{"attribute": "channel", "in": ["web"]}]}
    short = {"limit": {"amount": "2", "unit": "working_days"}}
    made = promise(limits=[by_phone | short, by_web | short])
    found = told(log(("opened", at(2)), channel="web"), made)
    assert found.timing.limit.path == "limits[1].limit"
    assert [(item.found, item.holds) for item in found.timing.limit.conditions] == [
        ("web", True)
    ]
    assert told(log(("opened", at(2))), made).timing.limit.path == "limit"


def test_nothing_extends_a_time_without_a_limit():
    longer = {"types": ["longer"], "limit": {"amount": "15", "unit": "working_days"}}
    made = promise(
        Kind.MEAN_DURATION, limit=None, unit="working_days", extension=longer
    )
    found = told(log(("opened", at(2)), ("longer", at(3)), ("closed", at(4))), made)
    assert uses(found) == [("start",), ("extension_not_taken",), ("stop",)]
    assert found.timing.limits == ()


def test_a_remainder_has_two_limits():
    second = {"amount": "20", "unit": "working_days"}
    made = promise(Kind.TWO_TIER_REMAINDER, second_limit=second)
    found = told(log(("opened", at(2)), ("closed", at(20))), made)
    assert found.outcome is Outcome.MET
    assert found.timing.limit.path == "limit"
    assert found.timing.second.due_at == found.fact.due_at


def test_a_notice_is_told_by_the_instant_it_is_kept_from():
    limit = {"amount": "48", "unit": "elapsed_hours", "sense": "at_least"}
    found = told(log(("opened", at(2)), ("closed", at(5))), promise(limit=limit))
    assert found.timing.limit.is_notice
    assert found.timing.limit.deadline.kept_from == at(4)


def test_withdrawing_late_breaks_and_withdrawing_in_time_excludes():
    made = promise(withdrawn=["gone"])
    late = told(log(("opened", at(2)), ("gone", at(20)), ("gone", at(21))), made)
    assert late.outcome is Outcome.MISSED
    assert uses(late)[1:] == [("withdrawal_late",), ("withdrawal_not_taken",)]
    early = told(log(("opened", at(2)), ("gone", at(3))), made)
    assert (early.outcome, early.reason) == (Outcome.EXCLUDED, "withdrawn")
    assert uses(early)[1:] == [("withdrawal",)]
    after = told(log(("opened", at(2)), ("closed", at(3)), ("gone", at(4))), made)
    assert after.outcome is Outcome.MET
    assert uses(after)[2:] == [("withdrawal_not_taken",)]


def test_an_open_case_is_missed_or_excluded_once_it_is_due():
    events = log(("opened", at(2)))
    assert told(events, promise(), at(16, hour=23)).outcome is Outcome.OPEN
    assert told(events, promise(), at(17, hour=0)).outcome is Outcome.MISSED
    left_out = told(events, promise(open_past_due="excluded"), at(17, hour=0))
    assert (left_out.outcome, left_out.reason) == (Outcome.EXCLUDED, "open")


def test_beyond_the_calendar_the_events_are_told_without_a_clock():
    found = told(log(("opened", at(29, month=5))), promise())
    assert (found.outcome, found.reason) == (
        Outcome.NOT_COMPUTABLE,
        "beyond_calendar",
    )
    assert found.timing is None
    assert uses(found) == [("start",)]


def test_a_limit_of_centuries_has_an_instant_and_no_days():
    limit = {"amount": "40000", "unit": "calendar_days", "roll": False}
    made = replace(promise(limit=limit), calendar=None)
    found = told(log(("opened", at(2))), made)
    assert found.timing.limit.due_at == found.fact.due_at
    assert found.timing.limit.deadline is None


def test_the_time_spent_stands_still_while_paused():
    made = promise(
        Kind.MEAN_DURATION,
        limit=None,
        unit="working_days",
        pauses=[{"from": ["asked"], "until": ["replied"]}],
    )
    events = log(
        ("opened", at(2)), ("asked", at(3)), ("replied", at(6)), ("closed", at(10))
    )
    found = told(events, made)
    assert found.timing.spent.total == found.fact.value == 3


def test_days_are_those_of_the_calendar_that_counts_them():
    canary = replace(CALENDAR.definition, zone=ZoneInfo("Atlantic/Canary"))
    made = replace(promise(), calendar=WorkCalendar(canary))
    assert told(log(("opened", at(2))), made).timing.zone == canary.zone


def test_a_case_without_a_start_is_told_by_its_stop():
    found = told(log(("note", at(2)), ("closed", at(3))), promise())
    assert (found.outcome, found.reason) == (Outcome.EXCLUDED, "no_start")
    assert uses(found) == [(), ("stop",)]


def test_the_answer_taken_is_told_from_the_others():
    scale = {"min": "0", "max": "10"}
    made = promise(Kind.NPS, value={"types": ["note"]}, scale=scale)
    events = [
        replace(event, value=Decimal(9))
        for event in log(("note", at(2)), ("note", at(3)))
    ]
    assert uses(told(events, made)) == [("answer_not_taken",), ("answer",)]


def test_conditions_are_told_with_what_the_case_says():
    made = promise(
        where=[{"attribute": "wait", "<": "10"}],
        exclude=[{"has": ["note"]}, {"value_of": ["closed"], ">": "5"}],
    )
    events = log(("opened", at(2)), ("closed", at(3)), wait="3")
    events[1] = replace(events[1], value=Decimal("6.50"))
    found = told(events, made)
    assert (found.outcome, found.reason) == (Outcome.EXCLUDED, "excluded")
    assert [(item.path, item.found, item.holds) for item in found.conditions] == [
        ("where[0]", "3", True),
        ("exclude[0]", None, False),
        ("exclude[1]", "6.5", True),
    ]


@pytest.mark.parametrize(
    ("events", "promises", "why"),
    [
        ([], [promise()], Ignored.NO_EVENTS),
        (log(("opened", at(2))), [], Ignored.NO_PROMISE),
        (log(("note", at(2))), [promise()], Ignored.NO_START),
        (
            log(("closed", at(2))),
            [promise(missing_start="ignored")],
            Ignored.NO_START,
        ),
        (
            log(("opened", at(2)), channel="phone"),
            [promise(where=[{"attribute": "channel", "in": ["web"]}])],
            Ignored.NOT_MEANT,
        ),
    ],
)
def test_a_case_that_is_not_counted_says_why(events, promises, why):
    found = explained(events, promises, at(30))
    assert (found.ignored, found.findings) == (why, ())
    if why is Ignored.NOT_MEANT:
        assert [item.found for item in found.conditions] == ["phone"]
        assert found.start is events[0]


def test_a_suspension_that_takes_a_case_out_is_told():
    day = date(2026, 3, 2)
    lasting = Suspension(day, day + timedelta(days=7))
    gone = Suspension(day - timedelta(days=9), day)
    made = replace(promise(), suspensions=(gone, lasting))
    assert told(log(("opened", at(2))), made).suspensions == (lasting,)


def test_a_crowd_takes_out_what_counted_and_agrees_with_the_figure():
    made = promise(
        counted_in="opened",
        demand={"per": "month", "at_most": 2},
        exclude=[{"attribute": "channel", "in": ["phone"]}],
    )
    demand = made.rule.demand
    cases = [log(("opened", at(day)), ("closed", at(day + 1))) for day in (2, 3, 4)]
    cases.append(log(("opened", at(5)), channel="phone"))
    explanations = [explained(case, [made], at(30)) for case in cases]
    facts = [item.findings[0].fact for item in explanations]
    came: dict[date, int] = {}
    for fact in facts[:3]:
        slot = demand_slot(fact, demand)
        came[slot] = came.get(slot, 0) + 1
    found = [crowded(item, demand, came).findings[0] for item in explanations]
    conditions = conditioned(facts, made.rule)
    assert [(item.outcome, item.reason) for item in found] == [
        (item.outcome, item.reason) for item in conditions
    ]
    assert [item.crowd and item.crowd.came for item in found] == [3, 3, 3, None]
    few = crowded(explanations[0], demand, {date(2026, 3, 1): 2}).findings[0]
    assert (few.outcome, few.crowd) == (Outcome.MET, None)


def test_doings_have_a_finding_for_each_day_and_stretches_one_each():
    sums = Rule.from_definition(
        "share",
        {
            "numerator": {"note": 1},
            "denominator": {"note": 1, "asked": 1},
            "void": ["void"],
        },
        comparator=None,
        target=None,
    )
    made = Promise(sums, date(2026, 3, 3), None)
    events = log(
        ("note", at(2)), ("asked", at(3)), ("note", at(3, 12)), ("note", at(4))
    )
    found = explained(events, [made], at(30)).findings
    assert [(item.reason, uses(item)) for item in found] == [
        ("no_promise", [("numerator", "denominator")]),
        ("", [("denominator",), ("numerator", "denominator")]),
        ("", [("numerator", "denominator")]),
    ]
    (voided, _rest) = explained(
        log(("note", at(3)), ("void", at(4)), ("note", at(5))), [made], at(30)
    ).findings
    assert uses(voided) == [("numerator", "denominator"), ("void",)]
    opening = promise(Kind.OPENING_HOURS, limit=None, unit="open_hours")
    stretches = explained(
        log(("opened", at(2)), ("closed", at(2, 12)), ("opened", at(3))),
        [opening],
        at(30),
    ).findings
    assert [uses(item) for item in stretches] == [[("start",), ("stop",)], [("start",)]]
    assert stretches[0].timing.spent.total == 3


# The deadline of a term on its own.


@pytest.mark.parametrize("calendar", [None, CALENDAR])
def test_a_deadline_is_told_as_any_due_instant(calendar):
    limit = Term(Decimal(3), Unit.CALENDAR_DAYS)
    start = at(2, hour=0)
    found = explain_deadline(start, limit, calendar, zone=MADRID)
    assert found == explain_due(start, limit, calendar, zone=MADRID)
    assert found.due_at == at(6, hour=0)


def test_a_deadline_beyond_twenty_years_is_not_told_day_by_day():
    summer = datetime(2000, 10, 20, tzinfo=MADRID)
    longest, longer = (Term(Decimal(n), Unit.CALENDAR_DAYS) for n in (7318, 7319))
    found = explain_deadline(summer, longest, None, zone=MADRID)
    assert found.due_at == datetime(2020, 11, 3, tzinfo=MADRID)
    with pytest.raises(
        TooManyDaysError, match=r"^the term is longer than twenty years"
    ):
        explain_deadline(summer, longer, None, zone=MADRID)
    winter = datetime(2000, 12, 1, tzinfo=MADRID)
    assert explain_deadline(winter, longer, None, zone=MADRID).total == 7319


@pytest.mark.parametrize(
    ("wall", "instant"),
    [
        ("2026-03-02T09:30:15.000001", "2026-03-02T08:30:15.000001"),
        ("2026-03-29T02:30:00", "2026-03-29T01:00:00"),
        ("2026-10-25T02:30:00", "2026-10-25T00:30:00"),
        ("9000-01-01T09:30:15.000001", "9000-01-01T08:30:15.000001"),
    ],
)
def test_a_wall_time_is_the_first_instant_that_shows_it(wall, instant):
    found = instant_at(datetime.fromisoformat(wall), MADRID)
    assert found == datetime.fromisoformat(instant).replace(tzinfo=UTC)

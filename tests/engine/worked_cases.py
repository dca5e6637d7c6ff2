"""
Every rule of reading as worked cases: the tests run them, and the page shows them.

``python -m tests.engine.worked_cases`` writes ``docs/worked-cases.md``.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from engine.cases import Covers, Event, Fact, Outcome, Promise, Suspension, judge
from engine.compliance import Feed, Measurement, measure, seen
from engine.measures import unit_size
from engine.periods import parse_period
from engine.rules import Rule
from engine.worktime import RESOLUTION, WorkCalendar

PAGE = Path(__file__).parents[2] / "docs" / "worked-cases.md"
ZONE = ZoneInfo("Europe/Madrid")
MORNING_AND_AFTERNOON = [["09:00", "14:00"], ["16:00", "19:00"]]
WEEK = ("mon", "tue", "wed", "thu", "fri")
HOLIDAYS = {
    "2026-01-01": "New Year",
    "2026-01-06": "Epiphany",
    "2026-04-03": "Good Friday",
    "2026-04-06": "Easter Monday",
    "2026-05-01": "Labour Day",
    "2026-06-24": "Saint John",
    "2026-09-11": "National Day of Catalonia",
    "2026-10-12": "National Day of Spain",
    "2026-12-08": "Immaculate Conception",
    "2026-12-25": "Christmas",
    "2026-12-26": "Saint Stephen",
}
KNOWN = {"zone": "Europe/Madrid", "known_from": "2025-01-01"}
CALENDARS = {
    "office": WorkCalendar.from_definition(
        KNOWN
        | {
            "known_until": "2027-01-01",
            "weekly": dict.fromkeys(WEEK, MORNING_AND_AFTERNOON),
            "holidays": HOLIDAYS,
        }
    ),
    "round the clock": WorkCalendar.from_definition(
        KNOWN
        | {
            "known_until": "2027-01-01",
            "weekly": {day: [["00:00", "24:00"]] for day in (*WEEK, "sat", "sun")},
        }
    ),
}
BASE = {
    "start": {"types": ["opened"]},
    "stop": {"types": ["closed"]},
    "limit": {"amount": "10", "unit": "working_days"},
}
LATER = "2026-12-01 12:00"


@dataclass(frozen=True)
class Given:
    """A promise: its days, and what its rule says besides the usual one."""

    since: str = "2024-01-01"
    until: str = ""
    rule: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """
    One case, and what becomes of it.

    :ivar events: ``local time type [value] [attribute=word ...]``, those that stand.
    :ivar rule: what differs from the usual rule; ``None`` takes a part away.
    :ivar outcome: at ``as_of``; ``""`` if the case is none of the indicator's.
    :ivar due: local time of the first instant that is too late (of a notice: the
        first that is good). A ``+`` after it is one microsecond more.
    :ivar spent: what a duration or an answer counts as.
    """

    slug: str
    happens: str
    events: tuple[str, ...]
    outcome: str
    reason: str = ""
    due: str = ""
    spent: str = ""
    counted_on: str = ""
    rule: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "share_within_limit"
    promises: tuple[Given, ...] = (Given(),)
    calendar: str = "office"
    as_of: str = LATER
    why: str = ""
    group: str = ""


@dataclass(frozen=True)
class Figure:
    """
    Some cases, and what the figure of a period says of them.

    :ivar cases: how many of each, with their events.
    :ivar value: in the figure's unit; ``""`` if there is none.
    :ivar whole: status and value as if nothing were suspended.
    :ivar renewed: first day of another edition with the same promise.
    """

    slug: str
    happens: str
    cases: tuple[tuple[int, tuple[str, ...]], ...]
    status: str
    value: str = ""
    n: int = 0
    pending: int = 0
    excluded: Mapping[str, int] = field(default_factory=dict)
    whole: tuple[str, str] | None = None
    rule: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "share_within_limit"
    comparator: str | None = ">="
    target: str | None = "90"
    since: str = "2024-01-01"
    renewed: str = ""
    suspensions: tuple[tuple[str, str, Covers], ...] = ()
    calendar: str = "office"
    period: str = "2026-03"
    as_of: str = LATER
    heard: str = LATER
    earlier: tuple[tuple[int, tuple[str, ...]], ...] = ()
    why: str = ""
    group: str = ""


# Reading a row.


def instant(text: str) -> datetime:
    """Read a local time; one with an offset says itself which of two it is."""
    late = text.endswith("+")
    at = datetime.fromisoformat(text.rstrip("+").replace(" ", "T"))
    at = at if at.tzinfo else at.replace(tzinfo=ZONE)
    return at + RESOLUTION if late else at


def events_of(lines: Iterable[str]) -> list[Event]:
    """Read events in the order in which they are judged."""
    found = []
    for number, line in enumerate(lines):
        day, time, type_, *rest = line.split()
        words = dict(word.split("=", 1) for word in rest if "=" in word)
        values = [Decimal(word) for word in rest if "=" not in word]
        value = values[0] if values else None
        at = instant(f"{day} {time}")
        found.append(Event(f"E{number:02}", type_, at, value, words))
    return sorted(found, key=lambda event: (event.at, event.id))


def rule_of(
    row: Row | Figure, more: Mapping[str, Any], goal: tuple[str | None, str | None]
) -> Rule:
    """Read the usual rule with what a row changes in it."""
    comparator, target = goal
    parts = {**BASE, **row.rule, **more}
    return Rule.from_definition(
        row.kind,
        {name: part for name, part in parts.items() if part is not None},
        comparator=comparator,
        target=None if target is None else Decimal(target),
    )


def promises_of(row: Row) -> list[Promise]:
    return [
        Promise(
            rule_of(row, given.rule, (None, None)),
            date.fromisoformat(given.since),
            date.fromisoformat(given.until) if given.until else None,
            CALENDARS[row.calendar],
        )
        for given in row.promises
    ]


def judged(row: Row) -> Fact | None:
    """Judge a row's case."""
    facts = judge("1", events_of(row.events), promises_of(row), zone=ZONE)
    assert len(facts) <= 1
    return facts[0] if facts else None


def outcome_of(row: Row, fact: Fact) -> tuple[str, str]:
    """Return what a fact is at the row's instant, and why it is left out."""
    rule = promises_of(row)[0].rule
    outcome = seen(fact, rule, instant(row.as_of))
    if outcome is Outcome.OPEN:
        return "pending", ""
    if outcome is not fact.outcome and outcome is Outcome.EXCLUDED:
        return "excluded", "open"
    return outcome.value.replace("_", " "), fact.reason


def spent_of(row: Row, fact: Fact) -> str:
    """Return a value in the rule's unit."""
    if fact.value is None:
        return ""
    rule = promises_of(row)[0].rule
    size = unit_size(rule.duration_unit) if rule.kind.is_duration else 1
    return number(Fraction(fact.value) / size)


def measured(row: Figure) -> Measurement:
    """Measure a row's figure."""
    promise = Promise(
        rule_of(row, {}, (row.comparator, row.target)),
        date.fromisoformat(row.since),
        None,
        CALENDARS[row.calendar],
        tuple(
            Suspension(date.fromisoformat(first), date.fromisoformat(until), covers)
            for first, until, covers in row.suspensions
        ),
    )
    promises = [promise]
    if row.renewed:
        day = date.fromisoformat(row.renewed)
        promises = [replace(promise, until_on=day), replace(promise, from_on=day)]
    return measure(
        _facts(row.cases, promises),
        promises[0],
        parse_period(row.period),
        zone=ZONE,
        as_of=instant(row.as_of),
        feed=Feed(instant(row.heard), timedelta(days=7)),
        promises=promises,
        earlier=_facts(row.earlier, promises),
    )


def _facts(
    cases: Iterable[tuple[int, tuple[str, ...]]], promises: list[Promise]
) -> Iterator[Fact]:
    for index, (times, lines) in enumerate(cases):
        facts = judge("", events_of(lines), promises, zone=ZONE)
        for copy in range(times):
            for fact in facts:
                yield replace(fact, case=f"{index}-{copy}")


def number(value: Fraction) -> str:
    """Write a number with up to four decimals."""
    text = format(round(Decimal(value.numerator) / value.denominator, 4), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


# The cases.

WORKING = {"limit": {"amount": "10", "unit": "working_days"}}
ASKED = {"from": ["asked"], "until": ["replied"]}
REPORT = {"from": ["report_asked"], "until": ["report_received"]}
PAUSES = {"pauses": [ASKED]}
TWO_PAUSES = {"pauses": [ASKED, REPORT]}
CAPPED = {
    "limit": {"amount": "20", "unit": "working_days"},
    "pauses": [ASKED | {"at_most": {"amount": "10", "unit": "working_days"}}],
}
REOPENED = {"reopened": {"types": ["reopened"]}}
REOPENED_PAUSED = {"reopened": {"types": ["reopened"], "clock": "paused"}}
WITHDRAWN = {"withdrawn": ["withdrawn"]}
TWO_TIERS = {
    "limit": {"amount": "90", "unit": "elapsed_minutes"},
    "second_limit": {"amount": "120", "unit": "elapsed_minutes"},
}
NOTICE = {
    "start": {"types": ["announced"]},
    "stop": {"types": ["water_cut"]},
    "limit": {"amount": "48", "unit": "elapsed_hours", "sense": "at_least"},
}
EXTENDED = {
    "extension": {
        "types": ["extended"],
        "limit": {"amount": "15", "unit": "working_days"},
    }
}
ANSWERS = {
    "start": None,
    "stop": None,
    "limit": None,
    "value": {"types": ["answered"]},
    "scale": {"min": "0", "max": "10"},
}
COMPLETE = {"clock": {"types": ["complete"]}}
MON_2 = "2026-03-02 09:00 opened"
DUE_17, ON_16 = "2026-03-17 00:00", "2026-03-16"


def within(amount: int, unit: str, **options: object) -> dict[str, Any]:
    return {"limit": {"amount": str(amount), "unit": unit, **options}}


def takes(unit: str, **more: Any) -> dict[str, Any]:
    """Measure the time itself, not a limit."""
    return {"limit": None, "unit": unit, **more}


TERMS = (
    Row(
        "within_the_limit",
        "Opened on a Monday, closed on the second Friday after. The first of the ten "
        "working days is Tuesday, the last the Monday after next.",
        (MON_2, "2026-03-13 12:00 closed"),
        "met",
        due=DUE_17,
        counted_on=ON_16,
        why="Ley 39/2015, art. 30.2 and 30.3: working days, counted from the day after.",
    ),
    Row(
        "the_last_instant_is_in_time",
        "Closed one microsecond before midnight of the last day.",
        (MON_2, "2026-03-16 23:59:59.999999 closed"),
        "met",
        due=DUE_17,
        counted_on=ON_16,
        why="The due instant is the first that is too late.",
    ),
    Row(
        "the_due_instant_is_too_late",
        "Closed at the very due instant, the midnight after the last day.",
        (MON_2, "2026-03-17 00:00 closed"),
        "missed",
        due=DUE_17,
        counted_on=ON_16,
        why="The due instant is the first that is too late.",
    ),
    Row(
        "holidays_do_not_count",
        "Good Friday, a weekend and Easter Monday lie within the ten working days.",
        ("2026-03-30 09:00 opened", "2026-04-15 18:00 closed"),
        "met",
        due="2026-04-16 00:00",
        counted_on="2026-04-15",
        why="Ley 39/2015, art. 30.2: Saturdays, Sundays and holidays are left out.",
    ),
    Row(
        "opened_on_a_saturday",
        "Opened on a Saturday: the next working day, Monday, is the first that counts.",
        ("2026-03-07 11:00 opened", "2026-03-20 18:00 closed"),
        "met",
        due="2026-03-21 00:00",
        counted_on="2026-03-20",
        why="Ley 39/2015, art. 30.3.",
    ),
    Row(
        "opened_on_a_saturday_by_electronic_register",
        "The same, through the electronic register: it counts as made in the first "
        "hour of Monday, so the first day is Tuesday.",
        ("2026-03-07 11:00 opened", "2026-03-23 18:00 closed"),
        "met",
        due="2026-03-24 00:00",
        counted_on="2026-03-23",
        rule=within(10, "working_days", entry="next_working_day"),
        why="Ley 39/2015, art. 31.2.b.",
    ),
    Row(
        "opened_on_a_holiday_by_electronic_register",
        "Filed on Good Friday: it counts as made on the Tuesday after Easter Monday.",
        ("2026-04-03 11:00 opened", "2026-04-22 00:00 closed"),
        "missed",
        due="2026-04-22 00:00",
        counted_on="2026-04-21",
        rule=within(10, "working_days", entry="next_working_day"),
        why="Ley 39/2015, art. 31.2.b.",
    ),
    Row(
        "opened_after_the_cut_off",
        "Five opening hours; what comes after 14:00 counts from 9:00 of the next "
        "working day. The limit is used up at the closing for lunch, and not overrun "
        "before the office opens again.",
        ("2026-03-02 14:30 opened", "2026-03-03 16:00 closed"),
        "met",
        due="2026-03-03 16:00+",
        counted_on="2026-03-03",
        rule=within(5, "open_hours", entry={"cut_off": "14:00", "from": "09:00"}),
        why="Time that is not open does not pass.",
    ),
    Row(
        "opened_before_the_cut_off",
        "One minute earlier it counts at once: a minute before lunch, three hours "
        "after it, the rest the next morning.",
        ("2026-03-02 13:59 opened", "2026-03-03 11:00 closed"),
        "missed",
        due="2026-03-03 10:59+",
        counted_on="2026-03-03",
        rule=within(5, "open_hours", entry={"cut_off": "14:00", "from": "09:00"}),
        why="A cut-off is the first instant that is late.",
    ),
    Row(
        "minutes_of_opening_across_lunch",
        "Thirty minutes of opening from 13:45: fifteen before lunch, fifteen after it.",
        ("2026-03-02 13:45 opened", "2026-03-02 16:15 closed"),
        "met",
        due="2026-03-02 16:15+",
        counted_on="2026-03-02",
        rule=within(30, "open_minutes"),
        why="osTicket issue 6847: lunch entered as a holiday breaks the count.",
    ),
    Row(
        "twenty_four_legal_hours",
        "Twenty-four hours from Friday at 10:00 end on Monday at 10:00: every hour of "
        "a working day counts, none of the weekend does.",
        ("2026-03-13 10:00 opened", "2026-03-16 10:00 closed"),
        "met",
        due="2026-03-16 10:00+",
        counted_on=ON_16,
        rule=within(24, "legal_hours"),
        why="Ley 39/2015, art. 30.1: hours are working hours, counted minute by minute.",
    ),
    Row(
        "forty_eight_legal_hours",
        "Forty-eight such hours end on Tuesday at 10:00. The law knows terms of up to "
        "24 hours only, so a charter that promises 48 must say which hours it means.",
        ("2026-03-13 10:00 opened", "2026-03-17 10:00:01 closed"),
        "missed",
        due="2026-03-17 10:00+",
        counted_on="2026-03-17",
        rule=within(48, "legal_hours"),
        why="Ley 39/2015, art. 30.1.",
    ),
    Row(
        "forty_eight_hours_by_the_clock",
        "Forty-eight hours by the clock, weekend included, end on Sunday at 10:00.",
        ("2026-03-13 10:00 opened", "2026-03-16 09:00 closed"),
        "missed",
        due="2026-03-15 10:00+",
        counted_on="2026-03-15",
        rule=within(48, "elapsed_hours"),
        why="The same words, another clock: two days less.",
    ),
    Row(
        "the_same_day",
        "One working day, the day itself being the first: until its midnight.",
        (MON_2, "2026-03-02 23:00 closed"),
        "met",
        due="2026-03-03 00:00",
        counted_on="2026-03-02",
        rule=within(1, "working_days", day_one="same"),
        why="Which day is the first is said by the rule, never guessed.",
    ),
    Row(
        "until_closing_time",
        "One working day that ends when the office closes: at 19:00 it is too late.",
        (MON_2, "2026-03-03 19:00 closed"),
        "missed",
        due="2026-03-03 19:00",
        counted_on="2026-03-03",
        rule=within(1, "working_days", ends="closing"),
        why="At its closing time an office is closed.",
    ),
    Row(
        "until_the_time_of_the_start",
        "Two working days that end at the time of the start, which is in time.",
        ("2026-03-02 10:30 opened", "2026-03-04 10:30 closed"),
        "met",
        due="2026-03-04 10:30+",
        counted_on="2026-03-04",
        rule=within(2, "working_days", ends="time"),
        why="A day of 24 hours from the start, on working days only.",
    ),
    Row(
        "one_month_from_31_january",
        "February has no 31st: the month ends on the 28th, a Saturday, and moves to "
        "Monday 2 March.",
        ("2026-01-31 09:00 opened", "2026-03-02 20:00 closed"),
        "met",
        due="2026-03-03 00:00",
        counted_on="2026-03-02",
        rule=within(1, "months"),
        why="Ley 39/2015, art. 30.4 and 30.5.",
    ),
    Row(
        "one_month_that_does_not_move",
        "The same where the rule lets the last day be any day.",
        ("2026-01-31 09:00 opened", "2026-03-02 20:00 closed"),
        "missed",
        due="2026-03-01 00:00",
        counted_on="2026-02-28",
        rule=within(1, "months", roll=False),
        why="Moving on is a rule of its own, and can be left out.",
    ),
    Row(
        "one_year_from_29_february",
        "A year from a leap day ends on 28 February.",
        ("2024-02-29 09:00 opened", "2025-02-28 18:00 closed"),
        "met",
        due="2025-03-01 00:00",
        counted_on="2025-02-28",
        rule=within(1, "years"),
        why="Ley 39/2015, art. 30.4.",
    ),
    Row(
        "the_last_day_is_a_holiday",
        "Ten calendar days end on Good Friday: the last day moves over the weekend "
        "and Easter Monday to Tuesday.",
        ("2026-03-24 09:00 opened", "2026-04-07 18:00 closed"),
        "met",
        due="2026-04-08 00:00",
        counted_on="2026-04-07",
        rule=within(10, "calendar_days"),
        why="Ley 39/2015, art. 30.5.",
    ),
    Row(
        "beyond_the_calendar",
        "The term would end in a year whose calendar nobody has entered. It is not "
        "counted with weekends only: it cannot be computed, even if closed the next day.",
        ("2026-12-28 09:00 opened", "2026-12-29 09:00 closed"),
        "not computable",
        reason="beyond_calendar",
        counted_on="2026-12-28",
        as_of="2027-02-01 12:00",
        why="Ley 39/2015, art. 30.7: the calendar is published year by year.",
    ),
    Row(
        "void_beyond_the_calendar",
        "What does not count need not be computable.",
        ("2026-12-28 09:00 opened", "2026-12-29 09:00 void"),
        "excluded",
        reason="void",
        counted_on="2026-12-28",
        rule={"void": ["void"]},
        why="A void case must not make the year's figure impossible.",
    ),
)
CLOCKS = (
    Row(
        "the_spring_night_is_an_hour_short",
        "Twenty-four hours by the clock over the night of 29 March end at 13:00: that "
        "Sunday has 23 hours.",
        ("2026-03-28 12:00 opened", "2026-03-29 13:00 closed"),
        "met",
        due="2026-03-29 13:00+",
        counted_on="2026-03-29",
        rule=within(24, "elapsed_hours"),
        why="Time is counted on instants, and shown as the office's clock shows it.",
    ),
    Row(
        "the_autumn_night_is_an_hour_long",
        "Over the night of 25 October they end at 11:00: that Sunday has 25 hours.",
        ("2026-10-24 12:00 opened", "2026-10-25 11:30 closed"),
        "missed",
        due="2026-10-25 11:00+",
        counted_on="2026-10-25",
        rule=within(24, "elapsed_hours"),
        why="Time is counted on instants, and shown as the office's clock shows it.",
    ),
    Row(
        "a_day_of_23_hours_is_a_day",
        "One calendar day that begins on 28 March ends with 29 March, whatever its hours.",
        ("2026-03-28 12:00 opened", "2026-03-29 23:59 closed"),
        "met",
        due="2026-03-30 00:00",
        counted_on="2026-03-29",
        rule=within(1, "calendar_days", roll=False),
        why="Days are the office's civil days.",
    ),
    Row(
        "opening_minutes_in_the_spring_night",
        "A service round the clock promises ninety minutes from 1:30. The clock jumps "
        "from 2:00 to 3:00: half an hour before it, one after.",
        ("2026-03-29 01:30 opened", "2026-03-29 04:00 closed"),
        "met",
        due="2026-03-29 04:00+",
        counted_on="2026-03-29",
        rule=within(90, "open_minutes"),
        calendar="round the clock",
        why="An hour that is not there cannot be worked.",
    ),
    Row(
        "opening_minutes_in_the_autumn_night",
        "In autumn the hour from 2:00 to 3:00 comes twice, and counts twice: ninety "
        "minutes from 1:30 end as the second one begins.",
        ("2026-10-25 01:30 opened", "2026-10-25 02:00:01+01:00 closed"),
        "missed",
        due="2026-10-25 02:00+01:00+",
        counted_on="2026-10-25",
        rule=within(90, "open_minutes"),
        calendar="round the clock",
        why="PostHog issue 42016: figures shifted by an hour.",
    ),
    Row(
        "written_in_another_zone",
        "The system writes its own zone: 3:00 in New York is 9:00 in the office.",
        ("2026-03-02 03:00-05:00 opened", "2026-03-16 12:00 closed"),
        "met",
        due=DUE_17,
        counted_on=ON_16,
        why="GLPI issue 15429: a shift of the zone escalated cases at their creation.",
    ),
    Row(
        "the_day_is_that_of_the_office",
        "It is still 28 February in UTC; in the office it is half past midnight of "
        "1 March.",
        ("2026-02-28 23:30+00:00 opened", "2026-03-03 10:00 closed"),
        "met",
        due="2026-03-14 00:00",
        counted_on="2026-03-01",
        rule={"counted_in": "opened"},
        why="Frappe Helpdesk pull request 3776: people elsewhere saw new cases as late.",
    ),
)
OPEN = (
    Row(
        "open_before_it_is_due",
        "Still open one microsecond before the due instant: pending, not in time.",
        (MON_2,),
        "pending",
        due=DUE_17,
        counted_on=ON_16,
        as_of="2026-03-16 23:59:59.999999",
        why="Excluded and pending cases are counted and shown apart.",
    ),
    Row(
        "open_when_it_is_due",
        "Still open at the due instant: missed, with no event saying so.",
        (MON_2,),
        "missed",
        due=DUE_17,
        counted_on=ON_16,
        as_of="2026-03-17 00:00",
        why="Time never forgives: a case that never ends must not vanish.",
    ),
    Row(
        "open_long_after",
        "Never closed.",
        (MON_2,),
        "missed",
        due=DUE_17,
        counted_on=ON_16,
        why="Madrid divides by resolved cases: those never resolved vanish. Not here.",
    ),
    Row(
        "open_past_due_left_out",
        "Where the rule says so, an open case past its limit is left out, and said so.",
        (MON_2,),
        "excluded",
        reason="open",
        due=DUE_17,
        counted_on=ON_16,
        rule={"open_past_due": "excluded"},
        why="To reproduce figures over resolved cases only.",
    ),
    Row(
        "open_and_a_mean",
        "A case without an end has no duration yet: it waits, however long it takes.",
        (MON_2,),
        "pending",
        counted_on="2026-03-02",
        rule=takes("working_days"),
        kind="mean_duration",
        why="Counting it as it stands would make a mean shorter.",
    ),
)
LOG = (
    Row(
        "two_starts",
        "Opened twice: the first counts.",
        (MON_2, "2026-03-09 09:00 opened", "2026-03-18 09:00 closed"),
        "missed",
        due=DUE_17,
        counted_on=ON_16,
        why="GLPI issue 1911: should reassigning restart the clock? The rule says.",
    ),
    Row(
        "two_starts_of_which_the_last",
        "The same where the rule takes the last start.",
        (MON_2, "2026-03-09 09:00 opened", "2026-03-18 09:00 closed"),
        "met",
        due="2026-03-24 00:00",
        counted_on="2026-03-23",
        rule={"start": {"types": ["opened"], "pick": "last"}},
        why="GLPI issue 1911.",
    ),
    Row(
        "two_stops",
        "Closed twice: the first counts.",
        (MON_2, "2026-03-13 12:00 closed", "2026-03-20 12:00 closed"),
        "met",
        due=DUE_17,
        counted_on=ON_16,
        why="A second closing of a closed case is a note.",
    ),
    Row(
        "two_stops_of_which_the_last",
        "The same where the rule takes the last stop.",
        (MON_2, "2026-03-13 12:00 closed", "2026-03-20 12:00 closed"),
        "missed",
        due=DUE_17,
        counted_on=ON_16,
        rule={"stop": {"types": ["closed"], "pick": "last"}},
        why="For logs in which each step is a closing.",
    ),
    Row(
        "an_event_sent_twice",
        "The system sends the same opening again, under another identifier.",
        (MON_2, MON_2, "2026-03-13 12:00 closed"),
        "met",
        due=DUE_17,
        counted_on=ON_16,
        why="Formbricks issue 7430: answers doubled when sending was tried again.",
    ),
    Row(
        "a_corrected_stop",
        "Closing was logged on 20 March by mistake. A correction replaces it by "
        "12 March; only what stands is judged.",
        (MON_2, "2026-03-12 12:00 closed"),
        "met",
        due=DUE_17,
        counted_on=ON_16,
        why="Corrections replace events; the old one stays visible to auditors.",
    ),
    Row(
        "a_corrected_start",
        "The opening was corrected from 2 to 9 March: the term moves with it.",
        ("2026-03-09 09:00 opened", "2026-03-20 12:00 closed"),
        "met",
        due="2026-03-24 00:00",
        counted_on="2026-03-23",
        why="Nothing is kept of what was replaced: no counter, no stored due date.",
    ),
    Row(
        "no_start",
        "A closing and no opening: left out, counted on the day of the closing.",
        ("2026-03-13 12:00 closed",),
        "excluded",
        reason="no_start",
        counted_on="2026-03-13",
        why="A fault of the log must not make a case vanish.",
    ),
    Row(
        "no_start_ignored",
        "The same where the rule ignores it, as for cases older than the log.",
        ("2026-03-13 12:00 closed",),
        "",
        rule={"missing_start": "ignored"},
        why="The log began in the middle of the work.",
    ),
    Row(
        "stop_before_start",
        "Closed the day before it was opened: a fault of the log, not speed.",
        (MON_2, "2026-03-01 09:00 closed"),
        "excluded",
        reason="stop_before_start",
        due=DUE_17,
        counted_on=ON_16,
        why="Left out with its reason, and counted.",
    ),
    Row(
        "stop_before_start_kept",
        "The same where the system logs the day of a closing as its midnight.",
        ("2026-03-02 09:00 opened", "2026-03-02 00:00 closed"),
        "met",
        due=DUE_17,
        counted_on=ON_16,
        rule={"stop_before_start": "kept"},
        why="Some systems know only the day on which a case was closed.",
    ),
    Row(
        "stop_before_start_ignored",
        "The same where the early stop is not seen: the case stays open.",
        (MON_2, "2026-03-01 09:00 closed"),
        "missed",
        due=DUE_17,
        counted_on=ON_16,
        rule={"stop_before_start": "ignored"},
        why="The stop belongs to something else.",
    ),
    Row(
        "stop_before_and_after_the_start",
        "A later stop mends the fault of an early one.",
        (MON_2, "2026-03-01 09:00 closed", "2026-03-10 09:00 closed"),
        "met",
        due=DUE_17,
        counted_on=ON_16,
        why="The first stop after the start ends the case.",
    ),
    Row(
        "stop_before_start_always_left_out",
        "Unless the rule says that nothing does.",
        (MON_2, "2026-03-01 09:00 closed", "2026-03-10 09:00 closed"),
        "excluded",
        reason="stop_before_start",
        due=DUE_17,
        counted_on=ON_16,
        rule={"stop_before_start": "excluded_always"},
        why="For figures over cases whose times make sense at all.",
    ),
    Row(
        "no_time_at_all",
        "Opened and closed at the same instant.",
        (MON_2, "2026-03-02 09:00 closed"),
        "met",
        due=DUE_17,
        counted_on=ON_16,
        why="A case of no length is in time.",
    ),
    Row(
        "one_event_is_start_and_stop",
        "Served at the counter: one event is the start and the stop.",
        ("2026-03-02 09:00 served",),
        "met",
        due=DUE_17,
        counted_on=ON_16,
        rule={"start": {"types": ["served"]}, "stop": {"types": ["served"]}},
        why="A case of one event took no time at all.",
    ),
    Row(
        "closed_at_night",
        "Closed on a Saturday at 23:00: what is done outside hours is done.",
        (MON_2, "2026-03-14 23:00 closed"),
        "met",
        due=DUE_17,
        counted_on=ON_16,
        why="Hours say when time counts, not when work may be done.",
    ),
    Row(
        "opened_at_night",
        "Opened on Saturday night with four opening hours: they run from Monday 9:00.",
        ("2026-03-07 22:00 opened", "2026-03-09 13:00 closed"),
        "met",
        due="2026-03-09 13:00+",
        counted_on="2026-03-09",
        rule=within(4, "open_hours"),
        why="GLPI issue 687: what was created out of hours gave 0.",
    ),
    Row(
        "an_event_after_the_stop",
        "A document is asked for after the case was closed: nothing changes.",
        (MON_2, "2026-03-06 12:00 closed", "2026-03-09 10:00 asked"),
        "met",
        due=DUE_17,
        counted_on=ON_16,
        rule=PAUSES,
        why="The stop ends the case and every pause of it.",
    ),
    Row(
        "counted_when_due_by_default",
        "A term of days is counted on its last day, the 31st, not at the midnight "
        "after, which is another month.",
        ("2026-03-27 09:00 opened", "2026-04-20 09:00 closed"),
        "missed",
        due="2026-04-01 00:00",
        counted_on="2026-03-31",
        rule=within(2, "working_days"),
        why="The last good instant decides the period.",
    ),
    Row(
        "counted_when_opened",
        "The same, counted where it was opened.",
        ("2026-03-27 09:00 opened", "2026-04-20 09:00 closed"),
        "missed",
        due="2026-04-01 00:00",
        counted_on="2026-03-27",
        rule=within(2, "working_days") | {"counted_in": "opened"},
        why="The rule says which.",
    ),
    Row(
        "counted_when_closed",
        "The same, counted where it was closed.",
        ("2026-03-27 09:00 opened", "2026-04-20 09:00 closed"),
        "missed",
        due="2026-04-01 00:00",
        counted_on="2026-04-20",
        rule=within(2, "working_days") | {"counted_in": "closed"},
        why="The rule says which.",
    ),
    Row(
        "counted_when_closed_and_still_open",
        "Counted when closed, and not closed: it counts where it was due.",
        ("2026-03-27 09:00 opened",),
        "missed",
        due="2026-04-01 00:00",
        counted_on="2026-03-31",
        rule=within(2, "working_days") | {"counted_in": "closed"},
        why="Or a case that never ends would be in no figure.",
    ),
)
PAUSING = (
    Row(
        "one_pause",
        "A document is asked for on the 4th and comes on the 10th. Four working days "
        "end in the pause (4, 5, 6 and 9): four more are given.",
        (
            MON_2,
            "2026-03-04 12:00 asked",
            "2026-03-10 12:00 replied",
            "2026-03-20 18:00 closed",
        ),
        "met",
        due="2026-03-21 00:00",
        counted_on="2026-03-20",
        rule=PAUSES,
        why="Ley 39/2015, art. 22.1.a: the term may be suspended until it is answered.",
    ),
    Row(
        "a_pause_within_one_day",
        "Asked in the morning, answered in the afternoon: no day ends in the pause.",
        (
            MON_2,
            "2026-03-04 10:00 asked",
            "2026-03-04 17:00 replied",
            "2026-03-17 09:00 closed",
        ),
        "missed",
        due=DUE_17,
        counted_on=ON_16,
        rule=PAUSES,
        why="A day counts unless the case is paused at its last good instant.",
    ),
    Row(
        "a_pause_over_a_weekend",
        "Asked on Friday evening, answered on Monday morning: Friday ends in the pause.",
        (
            MON_2,
            "2026-03-06 20:00 asked",
            "2026-03-09 08:00 replied",
            "2026-03-17 18:00 closed",
        ),
        "met",
        due="2026-03-18 00:00",
        counted_on="2026-03-17",
        rule=PAUSES,
        why="A day counts unless the case is paused at its last good instant.",
    ),
    Row(
        "two_pauses",
        "Two pauses of a night each give two days.",
        (
            MON_2,
            "2026-03-04 12:00 asked",
            "2026-03-05 12:00 replied",
            "2026-03-11 12:00 asked",
            "2026-03-12 12:00 replied",
            "2026-03-18 18:00 closed",
        ),
        "met",
        due="2026-03-19 00:00",
        counted_on="2026-03-18",
        rule=PAUSES,
        why="Frappe Helpdesk pull request 2449: hold time was added to the day of "
        "creation.",
    ),
    Row(
        "paused_twice",
        "Asked again while the first question waits, and answered twice: one pause, "
        "from the first question to the first answer.",
        (
            MON_2,
            "2026-03-04 12:00 asked",
            "2026-03-05 12:00 asked",
            "2026-03-10 12:00 replied",
            "2026-03-11 12:00 replied",
            "2026-03-23 09:00 closed",
        ),
        "missed",
        due="2026-03-21 00:00",
        counted_on="2026-03-20",
        rule=PAUSES,
        why="A clock that stands still cannot be stopped again.",
    ),
    Row(
        "overlapping_pauses",
        "A document is awaited from the 4th to the 9th, a report from the 6th to the "
        "11th. What lies in both is paused once.",
        (
            MON_2,
            "2026-03-04 12:00 asked",
            "2026-03-06 12:00 report_asked",
            "2026-03-09 12:00 replied",
            "2026-03-11 12:00 report_received",
            "2026-03-23 18:00 closed",
        ),
        "met",
        due="2026-03-24 00:00",
        counted_on="2026-03-23",
        rule=TWO_PAUSES,
        why="ERPNext: a fix of hold times was proposed six times in ten months; the "
        "last counted a hold twice.",
    ),
    Row(
        "a_pause_within_a_pause",
        "A report is awaited while a document is: the outer pause counts.",
        (
            MON_2,
            "2026-03-04 12:00 asked",
            "2026-03-05 12:00 report_asked",
            "2026-03-06 12:00 report_received",
            "2026-03-12 12:00 replied",
            "2026-03-25 09:00 closed",
        ),
        "missed",
        due="2026-03-25 00:00",
        counted_on="2026-03-24",
        rule=TWO_PAUSES,
        why="What lies in both is paused once.",
    ),
    Row(
        "touching_pauses",
        "One pause ends as another begins: the same as one pause of both.",
        (
            MON_2,
            "2026-03-04 12:00 asked",
            "2026-03-06 12:00 replied",
            "2026-03-06 12:00 report_asked",
            "2026-03-10 12:00 report_received",
            "2026-03-20 18:00 closed",
        ),
        "met",
        due="2026-03-21 00:00",
        counted_on="2026-03-20",
        rule=TWO_PAUSES,
        why="Splitting a pause changes nothing.",
    ),
    Row(
        "a_reversed_pause",
        "The answer is logged before the question. It ends nothing; the question then "
        "waits for another answer, and there is no due instant.",
        (MON_2, "2026-03-04 12:00 replied", "2026-03-06 12:00 asked"),
        "pending",
        counted_on="2026-03-02",
        rule=PAUSES,
        why="A pause may not run backwards.",
    ),
    Row(
        "resumed_without_a_pause",
        "An answer that nobody waited for.",
        (MON_2, "2026-03-04 12:00 replied", "2026-03-17 09:00 closed"),
        "missed",
        due=DUE_17,
        counted_on=ON_16,
        rule=PAUSES,
        why="There is nothing to end.",
    ),
    Row(
        "paused_and_waiting",
        "Asked on the 4th, no answer: the case is pending for as long as it takes.",
        (MON_2, "2026-03-04 12:00 asked"),
        "pending",
        counted_on="2026-03-02",
        rule=PAUSES,
        as_of="2026-04-01 12:00",
        why="Frappe Helpdesk issue 1554: paused, and the clock went on.",
    ),
    Row(
        "closed_during_a_pause",
        "Closed on the 30th without having had the answer. The stop ends the pause, "
        "with nine of the ten days unused.",
        (MON_2, "2026-03-04 12:00 asked", "2026-03-30 12:00 closed"),
        "met",
        due="2026-04-14 00:00",
        counted_on="2026-04-13",
        rule=PAUSES,
        why="Whoever waits for the citizen is not late.",
    ),
    Row(
        "answered_after_the_stop",
        "The same, with the answer coming after the case was closed.",
        (
            MON_2,
            "2026-03-04 12:00 asked",
            "2026-03-30 12:00 closed",
            "2026-05-04 12:00 replied",
        ),
        "met",
        due="2026-04-14 00:00",
        counted_on="2026-04-13",
        rule=PAUSES,
        why="What is logged after the stop moves no case to another month.",
    ),
    Row(
        "paused_when_it_was_late_already",
        "Asked on the 18th, when the term was over: a pause rescues no broken promise.",
        (
            MON_2,
            "2026-03-18 12:00 asked",
            "2026-03-25 12:00 replied",
            "2026-03-26 12:00 closed",
        ),
        "missed",
        due=DUE_17,
        counted_on=ON_16,
        rule=PAUSES,
        why="Time never forgives.",
    ),
    Row(
        "a_pause_out_of_hours",
        "Eight opening hours, a pause of one night: no open time was lost.",
        (
            MON_2,
            "2026-03-02 20:00 asked",
            "2026-03-03 08:00 replied",
            "2026-03-03 09:30 closed",
        ),
        "missed",
        due="2026-03-03 09:00+",
        counted_on="2026-03-03",
        rule=within(8, "open_hours") | PAUSES,
        why="GLPI issue 14492: reasons for waiting ignored the calendar.",
    ),
    Row(
        "a_pause_over_holidays",
        "Sixteen opening hours from Maundy Thursday, paused from Thursday 18:00 to "
        "Tuesday 10:00. Two open hours were lost, not the 112 of the clock.",
        (
            "2026-04-02 09:00 opened",
            "2026-04-02 18:00 asked",
            "2026-04-07 10:00 replied",
            "2026-04-08 11:00 closed",
        ),
        "met",
        due="2026-04-08 11:00+",
        counted_on="2026-04-08",
        rule=within(16, "open_hours") | PAUSES,
        why="GLPI issue 10594: pauses counted round the clock, terms in working time.",
    ),
    Row(
        "a_pause_over_the_spring_night",
        "Paused from Saturday 22:00 to Sunday 8:00, nine hours that night.",
        (
            "2026-03-28 12:00 opened",
            "2026-03-28 22:00 asked",
            "2026-03-29 08:00 replied",
            "2026-03-29 22:00 closed",
        ),
        "met",
        due="2026-03-29 22:00+",
        counted_on="2026-03-29",
        rule=within(24, "elapsed_hours") | PAUSES,
        why="Pauses are counted on the same instants as the term.",
    ),
    Row(
        "a_pause_no_longer_than_the_rule_allows",
        "The citizen took until 30 April. The pause counts as one of ten working days, "
        "to the end of 18 March.",
        (
            MON_2,
            "2026-03-04 12:00 asked",
            "2026-04-30 12:00 replied",
            "2026-05-04 12:00 closed",
        ),
        "missed",
        due="2026-04-17 00:00",
        counted_on="2026-04-16",
        rule=CAPPED,
        why="Real Decreto 951/2005, arts. 14 to 19: 20 working days, suspended for at "
        "most 10.",
    ),
    Row(
        "a_pause_at_most_so_long_that_never_ends",
        "No answer came at all: after ten working days the clock runs again.",
        (MON_2, "2026-03-04 12:00 asked"),
        "missed",
        due="2026-04-17 00:00",
        counted_on="2026-04-16",
        rule=CAPPED,
        why="Real Decreto 951/2005, arts. 14 to 19.",
    ),
    Row(
        "a_pause_shorter_than_the_rule_allows",
        "Answered within the ten days: the pause is what it was.",
        (
            MON_2,
            "2026-03-04 12:00 asked",
            "2026-03-10 12:00 replied",
            "2026-04-07 12:00 closed",
        ),
        "met",
        due="2026-04-08 00:00",
        counted_on="2026-04-07",
        rule=CAPPED,
        why="A cap gives nothing.",
    ),
    Row(
        "paused_before_it_began",
        "Asked before the case was opened, answered after: the pause begins with it.",
        (
            "2026-02-27 12:00 asked",
            MON_2,
            "2026-03-04 12:00 replied",
            "2026-03-17 18:00 closed",
        ),
        "met",
        due="2026-03-18 00:00",
        counted_on="2026-03-17",
        rule=PAUSES,
        why="No time counted before the start, so none was lost.",
    ),
    Row(
        "a_pause_over_before_it_began",
        "Asked and answered before the case was opened.",
        (
            "2026-02-25 12:00 asked",
            "2026-02-27 12:00 replied",
            MON_2,
            "2026-03-17 09:00 closed",
        ),
        "missed",
        due=DUE_17,
        counted_on=ON_16,
        rule=PAUSES,
        why="No time counted before the start, so none was lost.",
    ),
    Row(
        "a_pause_of_no_length",
        "Asked and answered at the same instant.",
        (
            MON_2,
            "2026-03-04 12:00 asked",
            "2026-03-04 12:00 replied",
            "2026-03-17 09:00 closed",
        ),
        "missed",
        due=DUE_17,
        counted_on=ON_16,
        rule=PAUSES,
        why="No time was lost.",
    ),
    Row(
        "held_for_half_a_year",
        "Held from February to August: the mean counts the four working days that ran.",
        (
            "2026-02-02 09:00 opened",
            "2026-02-04 12:00 asked",
            "2026-08-03 10:00 replied",
            "2026-08-05 12:00 closed",
        ),
        "counted",
        spent="4",
        counted_on="2026-02-02",
        rule=takes("working_days") | PAUSES,
        kind="mean_duration",
        why="Frappe Helpdesk pull request 3776: held February to August, still 42 days.",
    ),
    Row(
        "another_limit_keeps_the_pauses",
        "The term is extended after a pause: the four days of the pause stay given.",
        (
            MON_2,
            "2026-03-04 12:00 asked",
            "2026-03-10 12:00 replied",
            "2026-03-12 09:00 extended",
            "2026-03-27 18:00 closed",
        ),
        "met",
        due="2026-03-28 00:00",
        counted_on="2026-03-27",
        rule=PAUSES | EXTENDED,
        why="GLPI issues 6902 and 15605: changing the agreement forgot earlier pauses.",
    ),
)
REOPENING = (
    Row(
        "reopened_and_in_time",
        "Closed, reopened, closed again before the term ended: the clock went on.",
        (
            MON_2,
            "2026-03-06 12:00 closed",
            "2026-03-10 12:00 reopened",
            "2026-03-13 12:00 closed",
        ),
        "met",
        due=DUE_17,
        counted_on=ON_16,
        rule=REOPENED,
        why="A stop that was undone is no stop.",
    ),
    Row(
        "reopened_and_late",
        "Closed in time, reopened, and closed for good when the term was over.",
        (
            MON_2,
            "2026-03-06 12:00 closed",
            "2026-03-10 12:00 reopened",
            "2026-03-20 12:00 closed",
        ),
        "missed",
        due=DUE_17,
        counted_on=ON_16,
        rule=REOPENED,
        why="Closing early and reopening must not look like keeping the promise.",
    ),
    Row(
        "reopened_and_open",
        "Reopened and never closed again.",
        (MON_2, "2026-03-06 12:00 closed", "2026-03-10 12:00 reopened"),
        "missed",
        due=DUE_17,
        counted_on=ON_16,
        rule=REOPENED,
        why="The case is open, and late.",
    ),
    Row(
        "reopened_after_the_term",
        "Closed in time and reopened a month later: the case is late from then on.",
        (MON_2, "2026-03-06 12:00 closed", "2026-04-10 12:00 reopened"),
        "missed",
        due=DUE_17,
        counted_on=ON_16,
        rule=REOPENED,
        why="The rule may let the clock stand still instead; see the next case.",
    ),
    Row(
        "reopened_with_the_clock_stopped",
        "The time between is not counted: three days (6, 9, 10) are given back.",
        (
            MON_2,
            "2026-03-06 12:00 closed",
            "2026-03-11 12:00 reopened",
            "2026-03-19 18:00 closed",
        ),
        "met",
        due="2026-03-20 00:00",
        counted_on="2026-03-19",
        rule=REOPENED_PAUSED,
        why="The office did not have the case meanwhile.",
    ),
    Row(
        "reopened_twice_with_the_clock_stopped",
        "Closed and reopened twice: two days (4, 9) are given back.",
        (
            MON_2,
            "2026-03-04 12:00 closed",
            "2026-03-05 12:00 reopened",
            "2026-03-09 12:00 closed",
            "2026-03-10 12:00 reopened",
            "2026-03-19 09:00 closed",
        ),
        "missed",
        due="2026-03-19 00:00",
        counted_on="2026-03-18",
        rule=REOPENED_PAUSED,
        why="Every undone stop counts alike.",
    ),
    Row(
        "reopened_while_open",
        "Reopened without having been closed: nothing to undo.",
        (MON_2, "2026-03-04 12:00 reopened", "2026-03-13 12:00 closed"),
        "met",
        due=DUE_17,
        counted_on=ON_16,
        rule=REOPENED,
        why="Only a stop can be undone.",
    ),
    Row(
        "reopening_that_the_rule_does_not_name",
        "The rule says nothing of reopening: the first stop stands.",
        (
            MON_2,
            "2026-03-06 12:00 closed",
            "2026-03-10 12:00 reopened",
            "2026-03-20 12:00 closed",
        ),
        "met",
        due=DUE_17,
        counted_on=ON_16,
        why="What a rule does not name, it does not see.",
    ),
)
ENDINGS = (
    Row(
        "withdrawn_in_time",
        "The citizen withdraws before the term ends: the promise can neither be kept "
        "nor broken.",
        (MON_2, "2026-03-10 12:00 withdrawn"),
        "excluded",
        reason="withdrawn",
        due=DUE_17,
        counted_on=ON_16,
        rule=WITHDRAWN,
        why="Left out with its reason, and counted.",
    ),
    Row(
        "withdrawn_at_the_due_instant",
        "Withdrawn as the term ends: the promise was broken already.",
        (MON_2, "2026-03-17 00:00 withdrawn"),
        "missed",
        due=DUE_17,
        counted_on=ON_16,
        rule=WITHDRAWN,
        why="A promise broken already stays broken.",
    ),
    Row(
        "withdrawn_too_late_to_help",
        "Withdrawn two weeks after the term: tired of waiting.",
        (MON_2, "2026-03-31 12:00 withdrawn"),
        "missed",
        due=DUE_17,
        counted_on=ON_16,
        rule=WITHDRAWN,
        why="A promise broken already stays broken.",
    ),
    Row(
        "withdrawn_after_the_stop",
        "Closed in time, withdrawn later.",
        (MON_2, "2026-03-10 12:00 closed", "2026-03-12 12:00 withdrawn"),
        "met",
        due=DUE_17,
        counted_on=ON_16,
        rule=WITHDRAWN,
        why="The promise was kept by then.",
    ),
    Row(
        "withdrawn_with_the_stop",
        "The system logs a withdrawal and closes the case in the same instant.",
        (MON_2, "2026-03-10 12:00 closed", "2026-03-10 12:00 withdrawn"),
        "excluded",
        reason="withdrawn",
        due=DUE_17,
        counted_on=ON_16,
        rule=WITHDRAWN,
        why="It was closed because it was withdrawn.",
    ),
    Row(
        "withdrawn_and_closed_later",
        "Withdrawn on the 5th; somebody closes the file on the 20th.",
        (MON_2, "2026-03-05 12:00 withdrawn", "2026-03-20 12:00 closed"),
        "excluded",
        reason="withdrawn",
        due=DUE_17,
        counted_on=ON_16,
        rule=WITHDRAWN,
        why="Paperwork after the withdrawal breaks no promise.",
    ),
    Row(
        "withdrawn_while_paused",
        "Withdrawn while a document was awaited.",
        (MON_2, "2026-03-04 12:00 asked", "2026-06-01 12:00 withdrawn"),
        "excluded",
        reason="withdrawn",
        counted_on="2026-03-02",
        rule=WITHDRAWN | PAUSES,
        why="The term had not ended.",
    ),
    Row(
        "withdrawn_and_a_mean",
        "Withdrawn after the limit by which it is counted: it still has no duration.",
        (MON_2, "2026-03-31 12:00 withdrawn"),
        "excluded",
        reason="withdrawn",
        due=DUE_17,
        counted_on=ON_16,
        rule=WITHDRAWN | {"unit": "working_days"},
        kind="mean_duration",
        why="Only what was finished has a duration.",
    ),
    Row(
        "void",
        "Found to be void when the promise had been broken: out, whenever it is known.",
        (MON_2, "2026-04-20 12:00 void"),
        "excluded",
        reason="void",
        due=DUE_17,
        counted_on=ON_16,
        rule={"void": ["void"]},
        why="There never was a case.",
    ),
    Row(
        "merged",
        "Merged into another case, which goes on.",
        (MON_2, "2026-03-10 12:00 merged", "2026-03-30 12:00 closed"),
        "excluded",
        reason="merged",
        due=DUE_17,
        counted_on=ON_16,
        rule={"merged": ["merged"]},
        why="Zammad issue 983: answers to merged cases. The other case is judged.",
    ),
    Row(
        "duplicate",
        "A second request of the same thing.",
        (MON_2, "2026-03-03 12:00 duplicate"),
        "excluded",
        reason="duplicate",
        due=DUE_17,
        counted_on=ON_16,
        rule={"duplicate": ["duplicate"]},
        why="The first request is judged.",
    ),
    Row(
        "void_and_withdrawn",
        "Withdrawn, then found to be void: what was never a case comes first.",
        (MON_2, "2026-03-05 12:00 withdrawn", "2026-03-06 12:00 void"),
        "excluded",
        reason="void",
        due=DUE_17,
        counted_on=ON_16,
        rule=WITHDRAWN | {"void": ["void"]},
        why="One case has one reason: void, merged, duplicate, the rule's, withdrawn.",
    ),
)
CONDITIONS = (
    Row(
        "abandoned_in_under_ten_seconds",
        "A call given up after 9.9 seconds is left out.",
        ("2026-03-02 09:00:00 opened wait=9.9",),
        "excluded",
        reason="abandoned under 10 s",
        due="2026-03-02 09:00:20+",
        counted_on="2026-03-02",
        rule=within(20, "elapsed_seconds")
        | {
            "exclude": [
                {"attribute": "wait", "<": "10", "reason": "abandoned under 10 s"}
            ]
        },
        why="112 Comunitat Valenciana leaves out hang-ups under 10 seconds.",
    ),
    Row(
        "abandoned_after_ten_seconds",
        "One given up after exactly ten seconds is not.",
        ("2026-03-02 09:00:00 opened wait=10",),
        "missed",
        due="2026-03-02 09:00:20+",
        counted_on="2026-03-02",
        rule=within(20, "elapsed_seconds")
        | {
            "exclude": [
                {"attribute": "wait", "<": "10", "reason": "abandoned under 10 s"}
            ]
        },
        why="Ten is not less than ten.",
    ),
    Row(
        "nothing_to_compare",
        "No waiting time was logged: a condition on it does not hold.",
        ("2026-03-02 09:00:00 opened", "2026-03-02 09:00:15 closed wait=soon"),
        "met",
        due="2026-03-02 09:00:20+",
        counted_on="2026-03-02",
        rule=within(20, "elapsed_seconds")
        | {
            "exclude": [
                {"attribute": "wait", "<": "10", "reason": "abandoned under 10 s"}
            ]
        },
        why="Silence takes no case out.",
    ),
    Row(
        "force_majeure",
        "A storm was declared while the case was open.",
        (MON_2, "2026-03-05 12:00 storm", "2026-03-30 12:00 closed"),
        "excluded",
        reason="force majeure",
        due=DUE_17,
        counted_on=ON_16,
        rule={"exclude": [{"has": ["storm"], "reason": "force majeure"}]},
        why="As Meteocat's charter has it; the reason is shown with the figure.",
    ),
    Row(
        "another_channel",
        "The promise is for what comes through the web; this came over the counter.",
        ("2026-03-02 09:00 opened channel=desk", "2026-03-30 12:00 closed"),
        "",
        rule={"where": [{"attribute": "channel", "in": ["web"]}]},
        why="Not left out: never promised.",
    ),
    Row(
        "the_channel_it_began_with",
        "Begun on the web, moved to the counter later: the start's own word counts.",
        (
            "2026-03-02 09:00 opened channel=web",
            "2026-03-10 12:00 closed channel=desk",
        ),
        "met",
        due=DUE_17,
        counted_on=ON_16,
        rule={"where": [{"attribute": "channel", "in": ["web"]}]},
        why="Moving a case must not move it out of a promise.",
    ),
    Row(
        "a_course_that_scored_below_eight",
        "Courses that score below 8 get a corrective action within ten working days.",
        (
            "2026-03-02 09:00 opened",
            "2026-03-02 10:00 scored 7.9",
            "2026-03-12 12:00 closed",
        ),
        "met",
        due=DUE_17,
        counted_on=ON_16,
        rule={"where": [{"value_of": ["scored"], "<": "8"}]},
        why="A conditional denominator; see also no_course_below_eight.",
    ),
    Row(
        "a_course_that_scored_eight",
        "A course that scores 8 needs none.",
        ("2026-03-02 09:00 opened", "2026-03-02 10:00 scored 8"),
        "",
        rule={"where": [{"value_of": ["scored"], "<": "8"}]},
        why="Eight is not below eight; scores are compared unrounded.",
    ),
)
LIMITS = (
    Row(
        "the_clock_runs_from_complete_papers",
        "Opened on the 2nd, papers complete on the 9th: the term runs from then.",
        (MON_2, "2026-03-09 12:00 complete", "2026-03-23 12:00 closed"),
        "met",
        due="2026-03-24 00:00",
        counted_on="2026-03-23",
        rule=COMPLETE,
        why="Australian Taxation Office: 28 days from receiving all information.",
    ),
    Row(
        "papers_that_are_never_complete",
        "The term has not begun: pending, with no due instant.",
        (MON_2,),
        "pending",
        counted_on="2026-03-02",
        rule=COMPLETE,
        why="Nothing was promised from the opening.",
    ),
    Row(
        "closed_before_the_papers_were_complete",
        "Decided without waiting for the papers.",
        (MON_2, "2026-03-05 12:00 closed", "2026-03-09 12:00 complete"),
        "met",
        counted_on="2026-03-02",
        rule=COMPLETE,
        why="The term had not begun when the case ended.",
    ),
    Row(
        "no_time_from_papers_to_decision",
        "The same case has no time from complete papers to the decision.",
        (MON_2, "2026-03-05 12:00 closed", "2026-03-09 12:00 complete"),
        "excluded",
        reason="stop_before_start",
        counted_on="2026-03-02",
        rule=takes("working_days") | COMPLETE,
        kind="mean_duration",
        why="A negative time would make the mean shorter.",
    ),
    Row(
        "extended_in_time",
        "Extended to fifteen working days on the last day of ten.",
        (MON_2, "2026-03-16 12:00 extended", "2026-03-23 12:00 closed"),
        "met",
        due="2026-03-24 00:00",
        counted_on="2026-03-23",
        rule=EXTENDED,
        why="Ley 39/2015, art. 32: decided before the term ends.",
    ),
    Row(
        "extended_too_late",
        "Extended as the term ends: too late to extend it.",
        (MON_2, "2026-03-17 00:00 extended", "2026-03-18 12:00 closed"),
        "missed",
        due=DUE_17,
        counted_on=ON_16,
        rule=EXTENDED,
        why="Ley 39/2015, art. 32.3: a term that is over cannot be extended.",
    ),
    Row(
        "extended_after_the_stop",
        "Extended when the case had been closed: there was nothing left to extend.",
        (MON_2, "2026-03-10 12:00 closed", "2026-03-11 12:00 extended"),
        "met",
        due=DUE_17,
        counted_on=ON_16,
        rule=EXTENDED,
        why="What is logged after the stop moves no case to another month.",
    ),
    Row(
        "notice_kept",
        "A cut of water announced 48 hours before, to the second.",
        ("2026-03-02 10:00 announced", "2026-03-04 10:00 water_cut"),
        "met",
        due="2026-03-04 10:00",
        counted_on="2026-03-02",
        rule=NOTICE,
        why="ARERA (Italy): at least 48 hours' notice. More is better.",
    ),
    Row(
        "notice_too_short",
        "One microsecond less.",
        ("2026-03-02 10:00 announced", "2026-03-04 09:59:59.999999 water_cut"),
        "missed",
        due="2026-03-04 10:00",
        counted_on="2026-03-02",
        rule=NOTICE,
        why="ARERA (Italy): at least 48 hours' notice.",
    ),
    Row(
        "notice_and_nothing_yet",
        "Announced, and not cut yet: pending, and never late.",
        ("2026-03-02 10:00 announced",),
        "pending",
        counted_on="2026-03-02",
        rule=NOTICE,
        why="Waiting longer cannot break a minimum notice.",
    ),
    Row(
        "notice_in_opening_hours_is_over_at_closing",
        "Eight opening hours' notice from Monday 9:00 have passed at 19:00, and no "
        "more pass before Tuesday. As a limit they would be kept until Tuesday 9:00.",
        ("2026-03-02 09:00 announced", "2026-03-02 19:00 water_cut"),
        "met",
        due="2026-03-02 19:00",
        counted_on="2026-03-02",
        rule=NOTICE | within(8, "open_hours", sense="at_least"),
        why="While the office is closed, time stands still for both.",
    ),
    Row(
        "notice_in_days",
        "Two working days' notice: both days must have passed whole.",
        ("2026-03-02 10:00 announced", "2026-03-04 18:00 water_cut"),
        "missed",
        due="2026-03-05 00:00",
        counted_on="2026-03-02",
        rule=NOTICE | within(2, "working_days", sense="at_least"),
        why="The day of the announcement does not count.",
    ),
    Row(
        "a_limit_for_the_season",
        "From July to October the promise is twenty working days.",
        ("2026-07-01 09:00 opened", "2026-07-28 12:00 closed"),
        "met",
        due="2026-07-30 00:00",
        counted_on="2026-07-29",
        rule={
            "limits": [
                {
                    "season": {"from": "07-01", "until": "11-01"},
                    **within(20, "working_days"),
                }
            ]
        },
        why="Australian Taxation Office: other standards from July to October.",
    ),
    Row(
        "a_day_before_the_season",
        "Opened on 30 June, it is under the usual ten.",
        ("2026-06-30 09:00 opened", "2026-07-28 12:00 closed"),
        "missed",
        due="2026-07-15 00:00",
        counted_on="2026-07-14",
        rule={
            "limits": [
                {
                    "season": {"from": "07-01", "until": "11-01"},
                    **within(20, "working_days"),
                }
            ]
        },
        why="The day on which a case begins chooses its limit.",
    ),
    Row(
        "an_urgent_case",
        "Urgent cases are promised within two working days; the first limit that "
        "fits is taken.",
        ("2026-03-02 09:00 opened urgency=high", "2026-03-05 12:00 closed"),
        "missed",
        due="2026-03-05 00:00",
        counted_on="2026-03-04",
        rule={
            "limits": [
                {
                    "where": [{"attribute": "urgency", "in": ["high"]}],
                    **within(2, "working_days"),
                },
                {"from": "2026-01-01", **within(5, "working_days")},
            ]
        },
        why="Limits are tried in order.",
    ),
    Row(
        "a_limit_since_a_date",
        "Not urgent: the limit of this year applies.",
        ("2026-03-02 09:00 opened urgency=low", "2026-03-05 12:00 closed"),
        "met",
        due="2026-03-10 00:00",
        counted_on="2026-03-09",
        rule={
            "limits": [
                {
                    "where": [{"attribute": "urgency", "in": ["high"]}],
                    **within(2, "working_days"),
                },
                {"from": "2026-01-01", **within(5, "working_days")},
            ]
        },
        why="Limits are tried in order.",
    ),
    Row(
        "a_date_agreed_with_the_citizen",
        "The case carries its own last good instant, and was closed at it.",
        (
            "2026-03-02 09:00 opened due=2026-03-06T09:00+01:00",
            "2026-03-06 09:00 closed",
        ),
        "met",
        due="2026-03-06 09:00+",
        counted_on="2026-03-06",
        rule={"limit": {"attribute": "due"}},
        why="Appointments and agreed dates.",
    ),
    Row(
        "a_date_agreed_and_missed",
        "Closed one microsecond later.",
        (
            "2026-03-02 09:00 opened due=2026-03-06T09:00+01:00",
            "2026-03-06 09:00:00.000001 closed",
        ),
        "missed",
        due="2026-03-06 09:00+",
        counted_on="2026-03-06",
        rule={"limit": {"attribute": "due"}},
        why="Appointments and agreed dates.",
    ),
    Row(
        "no_date_was_agreed",
        "A case that should carry a date and carries none is left out, and said so.",
        (MON_2, "2026-03-06 09:00 closed"),
        "excluded",
        reason="no_due",
        counted_on="2026-03-02",
        rule={"limit": {"attribute": "due"}},
        why="What cannot be judged is neither kept nor broken.",
    ),
    Row(
        "a_date_without_a_zone",
        "A date that does not say in which zone it is meant is no instant.",
        ("2026-03-02 09:00 opened due=2026-03-06T09:00", "2026-03-06 09:00 closed"),
        "excluded",
        reason="no_due",
        counted_on="2026-03-02",
        rule={"limit": {"attribute": "due"}},
        why="Frappe Helpdesk: times without a zone were read in the reader's.",
    ),
    Row(
        "two_clocks_acknowledged",
        "Two promises on one case. The receipt within one working day was late ...",
        (
            MON_2,
            "2026-03-04 09:00 acknowledged",
            "2026-03-13 12:00 closed",
        ),
        "missed",
        due="2026-03-04 00:00",
        counted_on="2026-03-03",
        rule={"stop": {"types": ["acknowledged"]}, **within(1, "working_days")},
        why="Zammad issue 5177: one timer overruled the other.",
    ),
    Row(
        "two_clocks_answered",
        "... and the full answer within ten was not: each clock for itself.",
        (
            MON_2,
            "2026-03-04 09:00 acknowledged",
            "2026-03-13 12:00 closed",
        ),
        "met",
        due=DUE_17,
        counted_on=ON_16,
        why="Zammad issue 5177: one timer overruled the other.",
    ),
    Row(
        "the_first_tier_is_no_remainder",
        "“90 % within 90 minutes and the rest within 120”: done in 80, it is no part "
        "of the rest.",
        (MON_2, "2026-03-02 10:20 closed"),
        "excluded",
        reason="within_first_limit",
        due="2026-03-02 11:00+",
        counted_on="2026-03-02",
        rule=TWO_TIERS,
        kind="two_tier_remainder",
        why="The remainder is what missed the first limit.",
    ),
    Row(
        "the_rest_in_time",
        "Done in 110 minutes: late for the first limit, in time for the second.",
        (MON_2, "2026-03-02 10:50 closed"),
        "met",
        due="2026-03-02 11:00+",
        counted_on="2026-03-02",
        rule=TWO_TIERS,
        kind="two_tier_remainder",
        why="The remainder is what missed the first limit.",
    ),
    Row(
        "the_rest_late",
        "Not done after two hours.",
        (MON_2,),
        "missed",
        due="2026-03-02 11:00+",
        counted_on="2026-03-02",
        rule=TWO_TIERS,
        kind="two_tier_remainder",
        as_of="2026-03-02 11:00:00.000001",
        why="An open case past its limit is missed.",
    ),
    Row(
        "the_rest_withdrawn_between_the_limits",
        "Withdrawn after the first limit and before the second, which can then be "
        "neither kept nor broken.",
        (MON_2, "2026-03-02 10:45 withdrawn"),
        "excluded",
        reason="withdrawn",
        due="2026-03-02 10:30+",
        counted_on="2026-03-02",
        rule=TWO_TIERS | WITHDRAWN,
        kind="two_tier_remainder",
        why="The first limit is another indicator's.",
    ),
)
STRICT = Given(until="2026-03-05")
LOOSE = Given(since="2026-03-05", rule=within(30, "working_days"))
PROMISES = (
    Row(
        "a_looser_edition_does_not_rescue",
        "Opened the day before an edition that promises 30 days instead of 10.",
        ("2026-03-04 09:00 opened", "2026-03-31 12:00 closed"),
        "missed",
        due="2026-03-19 00:00",
        counted_on="2026-03-18",
        promises=(STRICT, LOOSE),
        why="The promise in force when a case began judges it for as long as it lasts.",
    ),
    Row(
        "a_case_of_the_new_edition",
        "Opened on its first day.",
        ("2026-03-05 09:00 opened", "2026-03-31 12:00 closed"),
        "met",
        due="2026-04-21 00:00",
        counted_on="2026-04-20",
        promises=(STRICT, LOOSE),
        why="A promise binds from its first day on.",
    ),
    Row(
        "a_stricter_edition_does_not_punish",
        "Opened under 30 days, closed when the charter promised 10.",
        ("2026-03-04 09:00 opened", "2026-03-31 12:00 closed"),
        "met",
        due="2026-04-18 00:00",
        counted_on="2026-04-17",
        promises=(
            replace(LOOSE, since="2024-01-01", until="2026-03-05"),
            Given("2026-03-05"),
        ),
        why="Old cases are not judged by new rules.",
    ),
    Row(
        "before_any_promise",
        "Opened before the charter was in force.",
        (MON_2, "2026-03-31 12:00 closed"),
        "excluded",
        reason="no_promise",
        counted_on="2026-03-02",
        promises=(Given("2026-03-03"),),
        why="Nothing was promised to this case.",
    ),
    Row(
        "after_the_promise",
        "Opened on the day on which the charter was no longer in force.",
        (MON_2, "2026-03-31 12:00 closed"),
        "excluded",
        reason="no_promise",
        counted_on="2026-03-02",
        promises=(Given(until="2026-03-02"),),
        why="A promise binds up to its last day, not on the day after.",
    ),
)
DURATIONS = (
    Row(
        "working_days_spent",
        "From Monday to Friday: four working days, the first not counted.",
        (MON_2, "2026-03-06 12:00 closed"),
        "counted",
        spent="4",
        counted_on="2026-03-02",
        rule=takes("working_days"),
        kind="mean_duration",
        why="Counted as a term is.",
    ),
    Row(
        "opening_hours_spent_across_lunch",
        "From 13:00 to 17:30: one hour before lunch, an hour and a half after it.",
        ("2026-03-02 13:00 opened", "2026-03-02 17:30 closed"),
        "counted",
        spent="2.5",
        counted_on="2026-03-02",
        rule=takes("open_hours"),
        kind="mean_duration",
        why="Counted as a term is.",
    ),
    Row(
        "opening_hours_spent_at_night",
        "Opened on Saturday night, closed on Monday at 11:00: two opening hours.",
        ("2026-03-07 22:00 opened", "2026-03-09 11:00 closed"),
        "counted",
        spent="2",
        counted_on="2026-03-07",
        rule=takes("open_hours"),
        kind="mean_duration",
        why="GLPI issue 687: what was created out of hours gave 0.",
    ),
    Row(
        "time_spent_without_the_pause",
        "Six hours by the clock, two of them waiting for the citizen.",
        (
            "2026-03-02 09:00 opened",
            "2026-03-02 11:00 asked",
            "2026-03-02 13:00 replied",
            "2026-03-02 15:00 closed",
        ),
        "counted",
        spent="4",
        counted_on="2026-03-02",
        rule=takes("elapsed_hours") | PAUSES,
        kind="mean_duration",
        why="GLPI issue 1912: with and without pauses are two indicators.",
    ),
    Row(
        "hours_spent_in_the_autumn_night",
        "From 1:00 to 4:00 in the night of 25 October pass four hours.",
        ("2026-10-25 01:00 opened", "2026-10-25 04:00 closed"),
        "counted",
        spent="4",
        counted_on="2026-10-25",
        rule=takes("elapsed_hours"),
        kind="mean_duration",
        why="Time is counted on instants.",
    ),
    Row(
        "no_time_spent",
        "Opened and closed at once: nought, which counts in the mean.",
        (MON_2, "2026-03-02 09:00 closed"),
        "counted",
        spent="0",
        counted_on="2026-03-02",
        rule=takes("elapsed_hours"),
        kind="mean_duration",
        why="Nought is a figure, and not the lack of one.",
    ),
)
SCORES = (
    Row(
        "the_last_answer_counts",
        "Somebody answered 3, and thought better of it.",
        ("2026-03-02 09:00 answered 3", "2026-03-03 09:00 answered 9"),
        "counted",
        spent="9",
        counted_on="2026-03-03",
        rule=ANSWERS,
        kind="satisfaction_mean",
        why="One person has one voice.",
    ),
    Row(
        "the_first_answer_where_the_rule_says_so",
        "The same where the first answer counts.",
        ("2026-03-02 09:00 answered 3", "2026-03-03 09:00 answered 9"),
        "counted",
        spent="3",
        counted_on="2026-03-02",
        rule=ANSWERS | {"value": {"types": ["answered"], "pick": "first"}},
        kind="satisfaction_mean",
        why="One person has one voice.",
    ),
    Row(
        "an_answer_taken_back",
        "Somebody asks that the answer be taken back.",
        ("2026-03-02 09:00 answered 9", "2026-03-05 09:00 withdrawn"),
        "excluded",
        reason="withdrawn",
        counted_on="2026-03-02",
        rule=ANSWERS | WITHDRAWN,
        kind="satisfaction_mean",
        why="Left out with its reason, and counted.",
    ),
    Row(
        "off_the_scale",
        "An 11 on a scale from 0 to 10.",
        ("2026-03-02 09:00 answered 11",),
        "excluded",
        reason="out_of_scale",
        counted_on="2026-03-02",
        rule=ANSWERS,
        kind="satisfaction_mean",
        why="Neither cut to 10 nor counted.",
    ),
    Row(
        "an_answer_without_a_score",
        "The form was sent empty.",
        ("2026-03-02 09:00 answered",),
        "",
        rule=ANSWERS,
        kind="satisfaction_mean",
        why="No answer is not the lowest one.",
    ),
    Row(
        "an_answer_without_its_weight",
        "Answers are weighted by the size of the site; this one does not say its own.",
        ("2026-03-02 09:00 answered 8",),
        "excluded",
        reason="no_weight",
        counted_on="2026-03-02",
        rule=ANSWERS | {"weight": "users"},
        kind="satisfaction_mean",
        why="A weight is not guessed.",
    ),
)

HOUR_LIMIT = within(1, "elapsed_hours")
KEPT = (MON_2, "2026-03-02 09:30 closed")
BROKEN = (MON_2, "2026-03-02 11:00 closed")
CALLS = {
    "start": {"types": ["called"]},
    "stop": {"types": ["picked_up"]},
    "counted_in": "opened",
    "demand": {"per": "day", "at_most": 6000},
    **within(30, "elapsed_seconds"),
}
QUICK = ("2026-03-02 09:00:00 called", "2026-03-02 09:00:10 picked_up")
SLOW = ("2026-03-02 09:00:00 called", "2026-03-02 09:02:00 picked_up")
SLOW_NEXT_DAY = ("2026-03-03 09:00:00 called", "2026-03-03 09:02:00 picked_up")
PARTS = {"start": None, "stop": None, "limit": None}
CLEANED = PARTS | {
    "done": {"types": ["cleaned"]},
    "plan": {"amount": 1, "per": "week"},
}
REPORTED = PARTS | {
    "done": {"types": ["published"]},
    "due": {"on": "03-31", "from": "01-01"},
}
OUTAGES = {
    "limit": None,
    "start": {"types": ["down"]},
    "stop": {"types": ["up"]},
    "unit": "elapsed_hours",
}
FIGURES = (
    Figure(
        "nothing_of_nothing",
        "No case was due in the month.",
        (),
        "no_cases",
        why="Sepang prints 0/0 as 100 %, Pengkalan Hulu as 0 % and as 100 %. It is "
        "neither met nor unmet.",
    ),
    Figure(
        "a_share_is_compared_unrounded",
        "1,899 of 2,000 in time are 94.95 %, which would be shown as 95.0 %.",
        ((1899, KEPT), (101, BROKEN)),
        "unmet",
        value="94.95",
        n=2000,
        rule=HOUR_LIMIT,
        target="95",
        why="Round for display only.",
    ),
    Figure(
        "cases_that_never_end_count",
        "Eight in time, one late, one open past its limit, one open within its own.",
        (
            (8, KEPT),
            (1, BROKEN),
            (1, (MON_2,)),
            (1, ("2026-03-31 22:30 opened",)),
        ),
        "unmet",
        value="80",
        n=10,
        pending=1,
        rule=HOUR_LIMIT,
        as_of="2026-03-31 23:15",
        heard="2026-03-31 23:15",
        why="Madrid divides by resolved cases. Pending ones are shown, and not counted.",
    ),
    Figure(
        "too_few_cases",
        "Three cases where the rule wants five before it gives a verdict.",
        ((3, KEPT),),
        "too_few_cases",
        value="100",
        n=3,
        rule=HOUR_LIMIT | {"minimum_sample": 5},
        why="No percentage without its number of cases.",
    ),
    Figure(
        "a_feed_that_fell_silent",
        "Nothing has come in since 12 March, where a week without events is unusual.",
        ((3, KEPT),),
        "no_data_yet",
        value="100",
        n=3,
        rule=HOUR_LIMIT,
        heard="2026-03-12 12:00",
        why="Silence is not success.",
    ),
    Figure(
        "one_case_beyond_the_calendar",
        "One of the month's cases cannot be computed: neither can the month.",
        (
            (9, ("2026-12-01 09:00 opened", "2026-12-02 09:00 closed")),
            (1, ("2026-12-28 09:00 opened",)),
        ),
        "not_computable",
        value="100",
        n=9,
        period="2026-12",
        as_of="2027-02-01 12:00",
        heard="2027-02-01 12:00",
        why="Never computed with weekends only.",
    ),
    Figure(
        "two_targets_in_one_month",
        "The target rises from 80 to 95 in the middle of March: the month has no "
        "verdict, its parts have.",
        ((9, KEPT), (1, BROKEN)),
        "not_evaluated",
        value="90",
        n=10,
        rule=HOUR_LIMIT
        | {
            "targets": [
                {"until": "2026-03-16", "target": "80"},
                {"from": "2026-03-16", "target": "95"},
            ]
        },
        why="Neither target is the month's.",
    ),
    Figure(
        "up_to_6000_calls",
        "95 % of calls are answered in 30 seconds, up to 6,000 a day. 6,000 came: "
        "5,700 in time.",
        ((5700, QUICK), (300, SLOW)),
        "met",
        value="95",
        n=6000,
        rule=CALLS,
        target="95",
        why="012 of the Generalitat Valenciana.",
    ),
    Figure(
        "more_than_6000_calls",
        "The next day 6,001 came: they are outside the promise, counted and shown.",
        ((5700, QUICK), (300, SLOW), (6001, SLOW_NEXT_DAY)),
        "met",
        value="95",
        n=6000,
        excluded={"demand": 6001},
        rule=CALLS,
        target="95",
        why="012 of the Generalitat Valenciana.",
    ),
    Figure(
        "no_course_below_eight",
        "All courses that score below 8 get a corrective action. None scored below 8.",
        (
            (
                3,
                ("2026-03-02 09:00 opened", "2026-03-02 10:00 scored 8.5"),
            ),
        ),
        "no_cases",
        rule={"where": [{"value_of": ["scored"], "<": "8"}]},
        target="100",
        comparator="=",
        why="No such course is neither a failure nor missing data.",
    ),
    Figure(
        "ninety_percent_and_the_rest",
        "Of 100, 90 took 80 minutes; of the other ten, nine were done within 120.",
        (
            (90, (MON_2, "2026-03-02 10:20 closed")),
            (9, (MON_2, "2026-03-02 10:50 closed")),
            (1, (MON_2, "2026-03-02 12:00 closed")),
        ),
        "unmet",
        value="90",
        n=10,
        excluded={"within_first_limit": 90},
        rule=TWO_TIERS,
        kind="two_tier_remainder",
        target="100",
        comparator="=",
        why="“90 % within 90 minutes and the rest within 120” is two promises.",
    ),
    Figure(
        "suspended_for_cases_that_begin",
        "Suspended from the 9th to the 15th: a late case that began before it counts, "
        "one that began in it does not. The figure without the suspension stands beside.",
        (
            (8, KEPT),
            (1, ("2026-03-06 09:00 opened", "2026-03-10 09:00 closed")),
            (1, ("2026-03-10 09:00 opened", "2026-03-11 09:00 closed")),
        ),
        "unmet",
        value="88.8889",
        n=9,
        excluded={"suspended": 1},
        whole=("unmet", "80"),
        rule=HOUR_LIMIT,
        suspensions=(("2026-03-09", "2026-03-16", Covers.BEGUN),),
        why="A resolution that says cause, scope and consequences (Tavernoles, Catalonia).",
    ),
    Figure(
        "suspended_for_cases_in_hand",
        "The same for all cases in hand on one of its days.",
        (
            (8, KEPT),
            (1, ("2026-03-06 09:00 opened", "2026-03-10 09:00 closed")),
            (1, ("2026-03-10 09:00 opened", "2026-03-11 09:00 closed")),
        ),
        "met",
        value="100",
        n=8,
        excluded={"suspended": 2},
        whole=("unmet", "80"),
        rule=HOUR_LIMIT,
        suspensions=(("2026-03-09", "2026-03-16", Covers.TOUCHED),),
        why="What the suspension takes out is counted, and never hidden.",
    ),
    Figure(
        "suspended_and_nothing_left",
        "All of the month's cases began while the promise was suspended.",
        ((2, KEPT),),
        "suspended",
        excluded={"suspended": 2},
        whole=("met", "100"),
        rule=HOUR_LIMIT,
        suspensions=(("2026-03-01", "2026-03-16", Covers.BEGUN),),
        why="A status of its own: not “no cases”.",
    ),
    Figure(
        "an_answer_before_the_suspension",
        "Scores given before a suspension of all cases in hand: an answer is in hand "
        "on its own day only.",
        (
            (2, ("2026-03-02 09:00 answered 9",)),
            (1, ("2026-03-10 09:00 answered 2",)),
        ),
        "met",
        value="9",
        n=2,
        excluded={"suspended": 1},
        whole=("unmet", "6.6667"),
        rule=ANSWERS,
        kind="satisfaction_mean",
        target="8",
        suspensions=(("2026-03-09", "2026-03-16", Covers.TOUCHED),),
        why="What is past is not touched.",
    ),
    Figure(
        "lower_is_better",
        "At most 5 % of scores below 5: 3 of 100.",
        (
            (97, ("2026-03-02 09:00 answered 5",)),
            (3, ("2026-03-02 09:00 answered 4",)),
        ),
        "met",
        value="3",
        n=100,
        rule=ANSWERS | {"below": "5"},
        kind="share_at_or_above",
        comparator="<=",
        target="5",
        why="A lost property office: scores below 5. Five is not below five.",
    ),
    Figure(
        "a_part_larger_than_its_whole",
        "More complaints answered than received: the events contradict each other.",
        (
            (5, ("2026-03-02 09:00 replied_to",)),
            (3, ("2026-03-02 09:00 received",)),
        ),
        "not_computable",
        rule=PARTS | {"numerator": {"replied_to": 1}, "denominator": {"received": 1}},
        kind="share",
        why="Gobierto: a ratio above 100 % raised the mean of all the others.",
    ),
    Figure(
        "twice_in_one_week_is_once",
        "Cleaned once a week: twice in one week, not at all in another.",
        (
            (
                1,
                (
                    "2026-03-04 09:00 cleaned",
                    "2026-03-10 09:00 cleaned",
                    "2026-03-12 09:00 cleaned",
                    "2026-03-25 09:00 cleaned",
                ),
            ),
        ),
        "unmet",
        value="60",
        n=5,
        rule=CLEANED,
        kind="schedule_frequency",
        target="100",
        why="Weeks count in the month in which they end: five in March 2026, of "
        "which three were kept. The first, of 23 February, and that of 16 March were not.",
    ),
    Figure(
        "a_week_over_the_end_of_a_month",
        "The week of 30 March ends in April: what was done on the 31st counts there.",
        ((1, ("2026-03-31 09:00 cleaned",)),),
        "unmet",
        value="25",
        n=4,
        rule=CLEANED,
        kind="schedule_frequency",
        period="2026-04",
        target="100",
        why="A slot belongs to one period: that of its last day.",
    ),
    Figure(
        "the_week_that_runs",
        "Seen on a Thursday: the week that runs is pending.",
        ((1, ("2026-03-10 09:00 cleaned",)),),
        "met",
        value="100",
        n=1,
        pending=2,
        rule=CLEANED,
        kind="schedule_frequency",
        period="2026-03",
        since="2026-03-09",
        as_of="2026-03-19 12:00",
        heard="2026-03-19 12:00",
        target="100",
        why="Nor does the week count in which the promise began, unless on its Monday.",
    ),
    Figure(
        "published_in_time",
        "A yearly report due by 31 March was published on the last day.",
        ((1, ("2026-03-31 23:59 published",)),),
        "met",
        value="100",
        n=1,
        rule=REPORTED,
        kind="milestone",
        target="100",
        why="Real Decreto 951/2005, art. 12: in the first quarter of each year.",
    ),
    Figure(
        "published_late",
        "Published on 1 April: the day was missed.",
        ((1, ("2026-04-01 00:00 published",)),),
        "unmet",
        value="0",
        n=1,
        rule=REPORTED,
        kind="milestone",
        target="100",
        why="Real Decreto 951/2005, art. 12.",
    ),
    Figure(
        "not_published_yet",
        "Seen on 31 March with no report: neither kept nor broken.",
        (),
        "no_cases",
        pending=1,
        rule=REPORTED,
        kind="milestone",
        as_of="2026-03-31 12:00",
        heard="2026-03-31 12:00",
        target="100",
        why="The last day is not over.",
    ),
    Figure(
        "never_published",
        "No report and no event: missed when the day is over.",
        (),
        "unmet",
        value="0",
        n=1,
        rule=REPORTED,
        kind="milestone",
        as_of="2026-04-01 00:00",
        target="100",
        heard="2026-04-01 00:00",
        why="Not doing it sends no event.",
    ),
    Figure(
        "two_outages_at_once",
        "Two systems down from 10:00 to 20:00 and from 15:00 to 1:00: down for 15 of "
        "the month's 743 hours.",
        (
            (1, ("2026-03-10 10:00 down", "2026-03-10 20:00 up")),
            (1, ("2026-03-10 15:00 down", "2026-03-11 01:00 up")),
        ),
        "unmet",
        value="97.9812",
        n=743,
        rule=OUTAGES,
        kind="availability",
        target="99",
        why="Two things down at once are down once; March has an hour less.",
    ),
    Figure(
        "an_outage_that_goes_on",
        "Down since 20 February and not repaired: all of March was down.",
        ((1, ("2026-02-20 10:00 down",)),),
        "unmet",
        value="0",
        n=743,
        rule=OUTAGES,
        kind="availability",
        target="99",
        why="A stretch counts in every period that it reaches into.",
    ),
    Figure(
        "an_outage_over_a_suspension",
        "Down from the 9th to the 22nd, of which the first week was suspended: the "
        "second counts.",
        ((1, ("2026-03-09 00:00 down", "2026-03-23 00:00 up")),),
        "unmet",
        value="70.7826",
        n=575,
        whole=("unmet", "54.7779"),
        pending=0,
        rule=OUTAGES,
        kind="availability",
        target="99",
        suspensions=(("2026-03-09", "2026-03-16", Covers.BEGUN),),
        why="Days are suspended, and with them what lies in them; not the outage.",
    ),
    Figure(
        "a_renewal_ends_no_year",
        "The charter is renewed on 1 March. The year's availability is that of all "
        "its hours, and the outage of August is in it.",
        ((1, ("2026-08-03 00:00 down", "2026-08-05 12:00 up")),),
        "unmet",
        value="99.3151",
        n=8760,
        rule=OUTAGES,
        kind="availability",
        target="99.9",
        period="2026",
        as_of="2027-02-01 12:00",
        heard="2027-02-01 12:00",
        renewed="2026-03-01",
        why="Time is asked of every day on which some edition promises it.",
    ),
    Figure(
        "a_renewal_forgets_no_milestone",
        "Renewed two weeks before the day by which the report is due, and never "
        "published.",
        (),
        "unmet",
        value="0",
        n=1,
        rule=REPORTED,
        kind="milestone",
        target="100",
        renewed="2026-03-16",
        why="Both editions promise it.",
    ),
    Figure(
        "a_good_mean_on_most_days",
        "Daily mean of waiting at most 5 seconds on 80 % of days: ten calls on a good "
        "day, a hundred slow ones on a bad one.",
        (
            (10, ("2026-03-02 09:00:00 opened", "2026-03-02 09:00:04 closed")),
            (100, ("2026-03-03 09:00:00 opened", "2026-03-03 09:00:30 closed")),
        ),
        "unmet",
        value="50",
        n=2,
        rule={
            "limit": None,
            "unit": "elapsed_seconds",
            "daily": {"aggregate": "mean", "comparator": "<=", "value": "5"},
        },
        kind="share_of_days",
        target="80",
        why="Palma: days are counted, not calls.",
    ),
    Figure(
        "less_than_last_year",
        "Cost per use: 3 now, 4 in the same month a year ago.",
        ((1, ("2026-03-02 09:00 spent 30", "2026-03-02 09:00 used 10")),),
        "met",
        value="-1",
        n=1,
        rule=PARTS
        | {
            "of": {
                "kind": "ratio",
                "numerator": {"spent": 1},
                "denominator": {"used": 1},
                "as_percent": False,
            },
            "against": "year_before",
        },
        kind="trend",
        earlier=((1, ("2025-03-04 09:00 spent 40", "2025-03-04 09:00 used 10")),),
        comparator="<=",
        target="0",
        why="CRAI of the Rovira i Virgili University: cost per use must not grow.",
    ),
    Figure(
        "nothing_to_compare_with",
        "The same in the first year, with no earlier figure.",
        ((1, ("2026-03-02 09:00 spent 30", "2026-03-02 09:00 used 10")),),
        "not_evaluated",
        n=1,
        rule=PARTS
        | {
            "of": {
                "kind": "ratio",
                "numerator": {"spent": 1},
                "denominator": {"used": 1},
                "as_percent": False,
            },
            "against": "year_before",
        },
        kind="trend",
        comparator="<=",
        target="0",
        why="There are cases, but nothing to compare theirs with.",
    ),
)


def in_group(name: str, rows: Iterable[Any]) -> list[Any]:
    return [replace(row, group=name) for row in rows]


ROWS: list[Row] = [
    *in_group("How terms are counted", TERMS),
    *in_group("Clocks and days", CLOCKS),
    *in_group("Cases that are still open", OPEN),
    *in_group("What the log says", LOG),
    *in_group("Pauses", PAUSING),
    *in_group("Reopening", REOPENING),
    *in_group("Withdrawn, void, merged, duplicate", ENDINGS),
    *in_group("Who is promised something", CONDITIONS),
    *in_group("Which limit holds", LIMITS),
    *in_group("Which promise holds", PROMISES),
    *in_group("Time spent", DURATIONS),
    *in_group("Answers", SCORES),
]
FIGURE_ROWS: list[Figure] = in_group("Figures and verdicts", FIGURES)


# The page.

INTRODUCTION = """\
<!-- Written by `python -m tests.engine.worked_cases`; do not edit by hand. -->

# Worked cases

How Paraula reads a case, rule by rule. Every row below is run by the tests as it stands
here (`tests/engine/worked_cases.py`): the page cannot say something else than the
program does.

{contents}

How to read a row:

* **Events** are what the log says, at the office's local time (Madrid). An event may
  carry a value and attributes. Where an event was corrected, only the one that stands is
  shown.
* **Outcome** is what became of the case as seen at noon of 1 December 2026, or when the
  row says. Terms are exact to the microsecond. *Counted on* is the day that decides the
  period.
* The **usual rule**: from `opened` to `closed` within ten working days. What a row
  changes in it stands below the sentence, as the charter's rule has it.
* The **usual calendar**: Monday to Friday, 9:00 to 14:00 and 16:00 to 19:00; known from
  1 January 2025 to 31 December 2026. Closed in 2026: {holidays}.
"""
REASONS = {
    "open": "past the limit and still open",
    "no_start": "no start was recorded",
    "no_due": "no time limit was recorded",
    "no_promise": "begun on a day without this promise",
    "stop_before_start": "ended before it began",
    "out_of_scale": "score outside the scale",
    "no_weight": "no weight was recorded",
    "within_first_limit": "kept the first limit",
    "beyond_calendar": "the calendar does not reach so far",
}
NAMES = {"january", "february", "saturday"}
SIGNS = {">=": "at least", "<=": "at most", "=": "exactly"}
IN_HAND = {Covers.BEGUN: "that begin in it", Covers.TOUCHED: "in hand"}


def page() -> str:
    """Write the page."""
    groups = [
        *(
            (name, [_case_cells(row) for row in rows])
            for name, rows in groupby(ROWS, key=lambda row: row.group)
        ),
        (FIGURE_ROWS[0].group, [_figure_cells(row) for row in FIGURE_ROWS]),
    ]
    contents = "\n".join(
        f"* [{name}](#{_anchor(name)}): {len(rows)}" for name, rows in groups
    )
    holidays = "; ".join(
        f"{date.fromisoformat(day).day} {date.fromisoformat(day):%b} ({name})"
        for day, name in HOLIDAYS.items()
    )
    parts = [INTRODUCTION.format(contents=contents, holidays=holidays)]
    for name, rows in groups:
        parts += [f"## {name}\n", _table(rows)]
    return "\n".join(parts)


def _anchor(heading: str) -> str:
    return heading.lower().replace(",", "").replace(" ", "-")


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    lines = [("What happens", "Events", "Outcome", "Why"), ("---",) * 4, *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _case_cells(row: Row) -> tuple[str, ...]:
    return (
        _told(row, [_rule_text(row.rule), *_promise_texts(row)]),
        "<br>".join(map(_event_text, row.events)),
        "<br>".join(_outcome_texts(row)),
        row.why,
    )


def _told(row: Row | Figure, notes: Iterable[str]) -> str:
    kind = "" if row.kind == "share_within_limit" else f"`{row.kind}`"
    calendar = "" if row.calendar == "office" else f"Calendar: {row.calendar}."
    notes = [note for note in (kind, *notes, calendar) if note]
    name = f'<a id="{row.slug}"></a>**{_title(row.slug)}**'
    return "<br>".join([name, row.happens, *notes])


def _title(slug: str) -> str:
    words = [word.capitalize() if word in NAMES else word for word in slug.split("_")]
    return " ".join([words[0].capitalize(), *words[1:]])


def _rule_text(rule: Mapping[str, Any]) -> str:
    changed = {name: part for name, part in rule.items() if part is not None}
    return f"`{json.dumps(changed)}`" if changed else ""


def _promise_texts(row: Row) -> Iterator[str]:
    if row.promises == (Given(),):
        return
    for given in row.promises:
        until = f" until {_day(given.until)}" if given.until else ""
        rule = _rule_text(given.rule) or "the usual rule"
        yield f"Promise from {_day(given.since)}{until}: {rule}"


def _event_text(line: str) -> str:
    day, time, *rest = line.split()
    return f"{date.fromisoformat(day):%a} {_day(day)} {time} **{' '.join(rest)}**"


def _day(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day.day} {day:%b %Y}"


def _moment(text: str) -> str:
    day, time = text.split()
    return f"{_day(day)} {time}"


def _outcome_texts(row: Row) -> Iterator[str]:
    reason = f": {REASONS.get(row.reason, row.reason)}" if row.reason else ""
    yield f"**{row.outcome or 'not a case of this indicator'}**{reason}"
    if row.as_of != LATER:
        yield f"as of {_moment(row.as_of)}"
    if row.spent:
        yield f"counts as {row.spent}"
    if row.due:
        yield _due_text(row)
    if row.counted_on:
        yield f"counted on {_day(row.counted_on)}"


def _due_text(row: Row) -> str:
    moment = _moment(row.due.removesuffix("+"))
    if "at_least" in json.dumps(row.rule):
        return f"long enough from {moment}"
    if row.due.endswith("+"):
        return f"in time until {moment}, that instant included"
    return f"too late from {moment}"


def _figure_cells(row: Figure) -> tuple[str, ...]:
    told = [
        *(_cases_text(*cases) for cases in row.cases),
        *("before: " + _cases_text(*cases) for cases in row.earlier),
    ]
    return (
        _told(row, [_rule_text(row.rule), *_promised_texts(row)]),
        "<br>".join(told) or "none",
        "<br>".join(_figure_texts(row)),
        row.why,
    )


def _promised_texts(row: Figure) -> Iterator[str]:
    if row.since != Figure.since:
        yield f"Promised from {_day(row.since)}."
    if row.renewed:
        yield f"Renewed on {_day(row.renewed)}."
    for first, until, covers in row.suspensions:
        cases = IN_HAND[covers]
        yield f"Suspended from {_day(first)} until {_day(until)} for cases {cases}."


def _cases_text(times: int, events: tuple[str, ...]) -> str:
    case = "1 case" if times == 1 else f"{times:,} cases"
    return f"{case}: " + ", ".join(map(_event_text, events))


def _figure_texts(row: Figure) -> Iterator[str]:
    yield f"**{row.status.replace('_', ' ')}**"
    if row.value:
        yield f"{row.value} (n = {row.n:,})"
    if row.comparator and row.target:
        yield f"target {SIGNS[row.comparator]} {row.target}"
    yield f"period {row.period}"
    if row.as_of != LATER:
        yield f"as of {_moment(row.as_of)}"
    if row.heard != row.as_of:
        yield f"events heard until {_moment(row.heard)}"
    if row.pending:
        yield f"pending: {row.pending}"
    for reason, times in row.excluded.items():
        yield f"left out: {times:,} ({REASONS.get(reason, reason)})"
    if row.whole:
        yield f"without the suspension: {row.whole[0]}, {row.whole[1]}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

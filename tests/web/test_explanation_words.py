"""Derivations and explanations in words: every kind of step, in every language."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from core.text import LANGUAGES
from engine.periods import PeriodKind
from engine.worktime import (
    CutOff,
    DayOne,
    Ends,
    Entry,
    StepKind,
    Term,
    Unit,
    WorkCalendar,
    explain_due,
    explain_elapsed,
    explain_notice,
)
from indicators.queries.explaining import Explained, Source
from tests.engine.test_explanations import JUDGED, drawn, explained
from web.presenters.derivations import (
    derivation_view,
    duration_words,
    step_words,
    term_rules,
)
from web.presenters.explanations import USES, VERDICTS, as_text, case_view

MADRID = ZoneInfo("Europe/Madrid")
HOUR = 3_600_000_000
OFFICE = WorkCalendar.from_definition(
    {
        "zone": "Europe/Madrid",
        "known_from": "2026-01-01",
        "known_until": "2028-01-01",
        "weekly": {
            day: [["09:00", "14:00"]] for day in ("mon", "tue", "wed", "thu", "fri")
        },
        "seasons": [
            {
                "from": "08-01",
                "until": "09-01",
                "weekly": {day: [["10:00", "13:00"]] for day in ("mon", "tue", "wed")},
            }
        ],
        "overrides": {"2026-03-27": [], "2026-03-30": [["12:00", "13:00"]]},
        "layers": [
            {
                "level": level,
                "source": source,
                "holidays": {f"2026-03-{day}": name},
            }
            for level, day, name, source in (
                ("state", 19, "Sant Josep", "BOE 2026"),
                ("region", 20, "Festa", ""),
                ("municipality", 23, "Fira", "Decret 12/2026"),
            )
        ],
        "holidays": {"2026-03-24": "", "2026-03-25": "Patró"},
    }
)


def at(day: int, hour: int = 10, minute: int = 0, *, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=MADRID)


def due(start, amount, unit, pauses=(), **changes):
    term = Term(Decimal(amount), Unit(unit), **changes)
    return explain_due(start, term, OFFICE, zone=MADRID, pauses=pauses)


def words_of(told, day: date) -> list[str]:
    steps = [*told.steps, *told.after]
    return [step_words(step, told) for step in steps if step.day == day]


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        (18, "The day on which it begins does not count."),
        (19, "Not a working day: state holiday, Sant Josep (BOE 2026)."),
        (20, "Not a working day: regional holiday, Festa."),
        (21, "Not a working day of the week."),
        (23, "Not a working day: local holiday, Fira (Decret 12/2026)."),
        (24, "Not a working day: holiday."),
        (25, "Not a working day: holiday, Patró."),
        (26, "The first day that counts."),
        (27, "Counts."),
    ],
)
def test_working_days_one_by_one(day, sentence):
    told = due(at(18), "3", "working_days")
    assert words_of(told, date(2026, 3, day)) == [sentence]


def test_a_last_day_moves_and_a_pause_stands():
    pauses = [(at(14), at(16))]
    told = due(at(12), "5", "calendar_days", pauses)
    assert words_of(told, date(2026, 3, 14)) == ["The clock stands still."]
    assert words_of(told, date(2026, 3, 19)) == ["Counts."]
    assert words_of(told, date(2026, 3, 20)) == [
        "Not a working day: regional holiday, Festa."
    ]
    assert words_of(told, date(2026, 3, 26)) == [
        "The term moves to this working day, since its last day was not one."
    ]


def test_open_hours_say_when_the_office_is_open():
    told = due(at(26, 13), "1.5", "open_hours", [(at(30, 12, 15), at(30, 12, 30))])
    assert words_of(told, date(2026, 3, 26)) == ["1 h count, from 13:00 to 14:00."]
    assert words_of(told, date(2026, 3, 27)) == [
        "The office is closed on this very date."
    ]
    assert words_of(told, date(2026, 3, 28)) == [
        "The office does not open on this day of the week."
    ]
    assert words_of(told, date(2026, 3, 30))[0] == (
        "30 min count, from 12:00 to 12:15, 12:30 to 12:45. The clock stands still from "
        "12:15 to 12:30."
    )


def test_hours_used_up_at_closing_are_kept_until_the_next_opening():
    told = due(at(12, 13), "1", "open_hours")
    assert words_of(told, date(2026, 3, 13)) == [
        "Outside opening hours, from 09:00 to 14:00.",
        "Time counts again from 09:00 on: up to then no more has passed.",
    ]
    view = derivation_view(told)
    assert view.summary[-1] == (
        "The last moment is 09:00 on Friday 13 March 2026; later than that it is late."
    )


def test_hours_of_a_season_are_named():
    told = due(at(3, 14, month=8), "1", "open_hours")
    assert words_of(told, date(2026, 8, 3)) == [
        "Outside opening hours, which in this season are from 10:00 to 13:00."
    ]
    far = due(at(6, 9, month=8), "1", "open_hours")
    assert words_of(far, date(2026, 8, 6)) == [
        "The office is closed, by the hours of the season."
    ]


def test_hours_of_the_week_and_of_a_date_are_named_when_they_are_over():
    assert words_of(due(at(12, 15), "1", "open_hours"), date(2026, 3, 12)) == [
        "Outside opening hours, from 09:00 to 14:00."
    ]
    assert words_of(due(at(30, 14), "1", "open_hours"), date(2026, 3, 30)) == [
        "Outside opening hours, which on this very date are from 12:00 to 13:00."
    ]


def test_legal_hours_and_months_and_ends():
    legal = due(at(18, 23), "2", "legal_hours")
    assert words_of(legal, date(2026, 3, 26)) == ["1 h count, from 00:00 to 01:00."]
    assert words_of(legal, date(2026, 3, 18)) == ["1 h count, from 23:00 to 24:00."]
    months = due(at(31, month=1), "1", "months")
    assert words_of(months, date(2026, 2, 28)) == [
        "Counted from date to date, the term ends on this day."
    ]
    time = due(at(12, 10, 30), "1", "working_days", ends=Ends.TIME)
    assert words_of(time, date(2026, 3, 13))[1] == (
        "The last day ends at 10:30, the time at which the term began."
    )
    closing = due(at(12), "1", "working_days", ends=Ends.CLOSING)
    assert words_of(closing, date(2026, 3, 13))[1] == (
        "The last day ends at 14:00, when the office closes."
    )


def test_an_entry_says_from_when_it_counts():
    told = due(at(13, 18), "1", "working_days", entry=CutOff(17 * HOUR, 8 * HOUR))
    assert words_of(told, date(2026, 3, 13)) == [
        "It came at 18:00 and counts from 08:00 on Monday 16 March 2026."
    ]
    assert derivation_view(told).summary[0] == (
        "The term is 1 working day. It was set off at 18:00 on Friday 13 March 2026 and "
        "counts from 08:00 on Monday 16 March 2026."
    )


def test_an_endless_pause_says_that_nothing_is_due():
    told = due(at(12), "5", "open_hours", [(at(13, 9, 30), None)])
    assert words_of(told, date(2026, 3, 13))[-1] == (
        "The clock stands still from 09:30 on, and has not started again."
    )
    assert derivation_view(told).summary[-1] == (
        "The clock stands still without an end so far, so nothing is due yet."
    )


def test_time_that_passed_and_notices_have_their_own_answer():
    passed = explain_elapsed(
        at(12, 13), at(16, 10, 30), Unit.OPEN_HOURS, OFFICE, zone=MADRID
    )
    assert derivation_view(passed).summary == (
        "Counted from 13:00 on Thursday 12 March 2026 to 10:30 on Monday 16 March 2026.",
        "In all: 7 h 30 min.".replace("h ", "h\N{NO-BREAK SPACE}"),
    )
    days = explain_elapsed(at(12), at(16), Unit.WORKING_DAYS, OFFICE, zone=MADRID)
    view = derivation_view(days)
    assert view.summary[-1] == "In all: 2 working days."
    assert [row.so_far for row in view.rows] == ["", "1", "", "", "2"]
    months = explain_elapsed(at(12, month=1), at(16), Unit.MONTHS, OFFICE, zone=MADRID)
    assert words_of(months, date(2026, 3, 16)) == [
        "Counted from date to date up to this day."
    ]
    term = Term(Decimal(48), Unit.ELAPSED_HOURS)
    notice = explain_notice(at(12), term, None, zone=MADRID)
    assert derivation_view(notice).summary[-1] == (
        "From 10:00 on Saturday 14 March 2026 on the notice is long enough."
    )


def test_the_summary_names_what_did_not_count():
    told = due(at(12), "6", "working_days", [(at(17), at(18))])
    view = derivation_view(told)
    assert view.skipped == (
        "4 holidays: Sant Josep (19 March 2026), Festa (20 March 2026), Fira (23 March "
        "2026), 24 March 2026".replace("4", "5", 1)
        + ", Patró (25 March 2026)",
        "6 days of the week that are not working days",
        "1 day on which the clock stood still",
    )
    assert view.folded
    assert not derivation_view(due(at(12), "1", "working_days")).folded


@pytest.mark.parametrize(
    ("micros", "words"),
    [
        (0, "0 s"),
        (HOUR, "1 h"),
        (26 * HOUR + 60_000_000, "26 h 1 min"),
        (1_500_000, "1.5 s"),
        (-HOUR, "−1 h"),
    ],
)
def test_exact_times_are_written_in_hours(micros, words):
    assert duration_words(micros).replace("\N{NO-BREAK SPACE}", " ") == words


def test_rules_of_a_term_are_sentences():
    same = Term(Decimal(5), Unit.CALENDAR_DAYS, day_one=DayOne.SAME, ends=Ends.TIME)
    assert term_rules(same) == (
        "The first day that counts is the very day on which it begins.",
        "A last day that is not a working day moves to the next working day.",
        "The last day ends at the time of day at which it began.",
    )
    opening = Term(Decimal(5), Unit.OPEN_HOURS, entry=Entry.NEXT_OPENING)
    assert term_rules(opening) == (
        "What comes while the office is closed counts from its next opening.",
    )
    late = Term(Decimal(5), Unit.OPEN_HOURS, entry=CutOff(17 * HOUR, 8 * HOUR))
    assert term_rules(late)[0].startswith("What comes from 17:00 on, or on a day")


# Everything that can be explained can be said, in every language.


def told_cases():
    """Cases of every kind of indicator, as the queries give them."""
    for kind in JUDGED:
        for events, promises, as_of in islice(drawn(kind), 25):
            rule = SimpleNamespace(
                edition=SimpleNamespace(
                    number=3,
                    source_language="ca",
                    charter=SimpleNamespace(slug="library"),
                ),
                commitment=SimpleNamespace(text={"ca": "Responem a temps"}),
            )
            sources = {
                promise.from_on: Source(rule, PeriodKind.MONTH, ("office", 2))
                for promise in promises
            }
            stream = SimpleNamespace(name={"ca": "Registre"})
            yield Explained(explained(events, promises, as_of), stream, sources)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_case_can_be_told(language):
    uses, verdicts, kinds = set(), set(), set()
    with translation.override(language):
        for told in told_cases():
            text = as_text(case_view(told, language=language))
            assert "%(" not in text
            assert text.strip()
            for finding in told.explanation.findings:
                verdicts.add(finding.outcome)
                uses |= {use for used in finding.events for use in used.uses}
                timing = finding.timing
                for limit in timing.limits if timing else ():
                    if limit.deadline is not None:
                        kinds |= {step.kind for step in limit.deadline.steps}
                        kinds |= {step.kind for step in limit.deadline.after}
    assert verdicts == set(VERDICTS)
    assert kinds >= set(StepKind) - {StepKind.RESUMES}  # rare: tried above
    assert len(uses) > len(USES) - 4


def test_every_use_and_step_has_words():
    for language in LANGUAGES:
        with translation.override(language):
            assert all(str(words) for words in USES.values())


def test_the_same_case_reads_otherwise_in_every_language():
    told = next(case for case in told_cases() if case.explanation.findings)
    texts = set()
    for language in LANGUAGES:
        with translation.override(language):
            texts.add(as_text(case_view(told, language=language)))
    assert len(texts) == len(LANGUAGES)


def test_the_instant_of_looking_has_no_seconds():
    told = next(iter(told_cases()))
    moment = datetime(2026, 3, 2, 10, 5, 33, tzinfo=UTC)
    explanation = type(told.explanation)(
        told.explanation.case,
        "",
        MADRID,
        moment,
        (),
    )
    view = case_view(Explained(explanation, told.stream, {}), language="en")
    assert view.as_of == "As seen at 11:05 on Monday 2 March 2026."

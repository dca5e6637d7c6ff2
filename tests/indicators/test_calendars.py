"""Calendars: written, copied, saved too late, too short."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.models import AuditEntry
from engine.worktime import CalendarError, Term, WorkCalendar as Compiled
from indicators.models import CalendarVersion, StaleMark, WorkCalendar
from indicators.queries.calendars import (
    calendar_lines,
    ends_soon,
    history_of,
    terms_in,
    too_short_for,
)
from indicators.services.calendars import (
    CalendarExistsError,
    StaleCalendarError,
    copy_calendar,
    open_calendar,
    save_calendar,
)
from indicators.services.holidays import find_layers
from indicators.services.layers import Layer, Level, take_in
from tests import builders
from tests.builders import NOW, OFFICE_HOURS
from tests.indicators.helpers import at_once

NAME = {"ca": "Oficina"}


@pytest.fixture
def steward(town):
    return builders.person("DATA_STEWARD", of=town)


@pytest.fixture
def office(town, steward) -> WorkCalendar:
    return open_office(town, steward).calendar


def open_office(town, steward, **changes) -> CalendarVersion:
    return open_calendar(
        **(
            {
                "organisation": town,
                "code": "oficina",
                "name": NAME,
                "definition": OFFICE_HOURS,
                "by": steward,
                "at": NOW,
            }
            | changes
        )
    )


def save(office, steward, **changes) -> CalendarVersion:
    return save_calendar(
        **(
            {
                "calendar": office,
                "number": 1,
                "name": NAME,
                "definition": OFFICE_HOURS | {"known_until": "2061-01-01"},
                "reason": "Un any més",
                "by": steward,
                "at": NOW,
            }
            | changes
        )
    )


# --- writing --------------------------------------------------------------------


def test_a_calendar_begins_with_version_one(town, office, steward):
    assert (office.code, office.name) == ("oficina", NAME)
    [version] = office.versions.all()
    assert (version.number, version.definition) == (1, OFFICE_HOURS)
    entry = AuditEntry.objects.get(verb="indicators.calendar")
    assert (entry.subject, entry.actor_id) == ("oficina/1", steward.pk)
    assert entry.organisation_id == town.pk


def test_a_code_is_taken_once(town, office, steward):
    with pytest.raises(CalendarExistsError):
        open_office(town, steward, name={"ca": "Una altra"})
    office.refresh_from_db()
    assert office.name == NAME
    other = builders.organisation("altra")
    assert open_office(other, steward).number == 1


def test_a_save_is_a_version_with_its_reason(office, steward):
    assert save(office, steward, name={"es": "Oficina"}).number == 2
    office.refresh_from_db()
    assert office.name == {"es": "Oficina"}
    newest, first = history_of(office)
    assert (newest.number, newest.by, newest.reason) == (2, str(steward), "Un any més")
    assert (first.number, first.by, first.reason) == (1, str(steward), "")
    assert newest.created_at == NOW


def test_a_name_alone_makes_no_version(office, steward):
    version = save(office, steward, definition=OFFICE_HOURS, name={"en": "Office"})
    assert version.number == 1
    office.refresh_from_db()
    assert office.name == {"en": "Office"}
    assert [line.reason for line in history_of(office)] == [""]
    assert AuditEntry.objects.filter(subject="oficina/1").count() == 2


def test_a_save_that_comes_too_late_is_refused(office, steward):
    save(office, steward)
    with pytest.raises(StaleCalendarError):
        save(office, steward, name={"ca": "Tard"})
    office.refresh_from_db()
    assert office.name == NAME
    assert office.versions.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_saves_at_once_one_is_refused(town):
    steward = builders.person("DATA_STEWARD", of=town)
    office = open_office(town, steward).calendar

    def one(year: int) -> bool:
        definition = OFFICE_HOURS | {"known_until": f"{year}-01-01"}
        try:
            save(office, steward, definition=definition)
        except StaleCalendarError:
            return False
        return True

    assert sorted(at_once(one, [2061, 2062, 2063])) == [False, False, True]
    assert office.versions.count() == 2


@pytest.mark.parametrize("write", [open_office, save])
def test_what_makes_no_sense_is_refused(town, office, steward, write):
    with pytest.raises(CalendarError):
        write(
            town if write is open_office else office,
            steward,
            definition=OFFICE_HOURS | {"zone": "Mars"},
        )
    assert office.versions.count() == 1


def test_a_save_makes_stale_what_is_measured_with_it(charter, town, steward):
    StaleMark.objects.all().delete()
    calendar = town.calendars.get()
    save(calendar, steward, definition=OFFICE_HOURS)
    assert not StaleMark.objects.exists()
    save(calendar, steward)
    assert StaleMark.objects.get().indicator.code == "IND-1"


def test_a_copy_goes_its_own_way(town, office, steward):
    copy = copy_calendar(
        calendar=office, code="biblioteca", name={"ca": "B"}, by=steward, at=NOW
    )
    assert (copy.number, copy.definition) == (1, OFFICE_HOURS)
    save(office, steward)
    assert copy.calendar.versions.count() == 1
    with pytest.raises(CalendarExistsError):
        copy_calendar(calendar=office, code="biblioteca", name={}, by=steward, at=NOW)
    silent = WorkCalendar.objects.create(organisation=town, code="mut")
    with pytest.raises(CalendarVersion.DoesNotExist):
        copy_calendar(calendar=silent, code="x", name={}, by=steward, at=NOW)
    assert not town.calendars.filter(code="x").exists()


def test_what_an_import_puts_has_no_author(charter, town):
    [line] = history_of(town.calendars.get())
    assert (line.number, line.by, line.reason) == (1, "", "")


# --- reading --------------------------------------------------------------------


def test_calendars_say_who_counts_with_them(charter, town, steward):
    open_office(town, steward, code="altre")
    other, office = calendar_lines(town)
    assert (other.calendar.code, other.uses, other.for_claims) == ("altre", (), False)
    assert office.for_claims
    [use] = office.uses
    assert (use.charter, use.indicator, use.published) == ("library", "IND-1", True)
    assert use.title == builders.text("Charter library")
    assert use.terms == (
        Term.from_definition({"amount": "10", "unit": "working_days"}),
    )
    assert (use.begins_on, use.ends_on) == (date(2026, 1, 1), date(2028, 1, 1))
    assert calendar_lines(builders.organisation("altra")) == []


def test_the_number_of_queries_is_fixed(charter, town, steward):
    for number in range(3):
        open_office(town, steward, code=f"c{number}")
        builders.draft(
            builders.charter_document(slug=f"d{number}", indicators=[]), of=town
        )
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert len(calendar_lines(town)) == 4
    assert len(queries) == 2
    with CaptureQueriesContext(connection) as queries:
        history_of(town.calendars.get(code="c0"))
    assert len(queries) == 4


def test_a_calendar_without_a_version_says_nothing_yet(town):
    WorkCalendar.objects.create(organisation=town, code="mut")
    assert calendar_lines(town) == []


def test_terms_stand_anywhere_in_a_rule():
    ten, two = ({"amount": amount, "unit": "working_days"} for amount in ("10", "2"))
    rule = {
        "limit": ten | {"sense": "at_least"},
        "limits": [{"limit": two, "where": []}, {"limit": ten}],
        "start": {"types": ["opened"]},
        "second_limit": {"amount": "x", "unit": "working_days"},
        "grace_days": 3,
    }
    assert set(terms_in(rule)) == {Term.from_definition(term) for term in (ten, two)}
    assert list(terms_in({})) == []


def compiled(**changes) -> Compiled:
    return Compiled.from_definition(OFFICE_HOURS | changes)


@pytest.mark.parametrize(
    ("known_until", "soon"),
    [("2026-10-01", True), ("2027-03-02", True), ("2027-03-03", False)],
)
def test_a_calendar_that_ends_within_120_days(known_until, soon):
    assert ends_soon(compiled(known_until=known_until), today=NOW.date()) is soon


@pytest.mark.parametrize(
    ("known_until", "short"),
    [
        # Ten working days from Monday 2 November end on Monday 16 November.
        ("2026-11-16", True),
        ("2026-11-17", False),
        ("2025-01-01", True),
    ],
)
def test_a_published_term_that_runs_beyond_what_is_known(
    charter, town, known_until, short
):
    [line] = calendar_lines(town)
    calendar = compiled(known_until=known_until)
    found = too_short_for(calendar, line.uses, now=NOW)
    assert [use.indicator for use, _term in found] == (["IND-1"] if short else [])


def test_terms_of_drafts_and_of_editions_that_are_over_do_not_matter(town):
    builders.draft(builders.charter_document(), of=town)
    [line] = calendar_lines(town)
    short = compiled(known_until="2026-11-05")
    assert too_short_for(short, line.uses, now=NOW) == []
    builders.published(
        builders.charter_document(
            slug="old",
            indicators=[builders.indicator("IND-2")],
            valid_from="2025-01-01",
            valid_until="2026-01-01",
        ),
        of=town,
    )
    [line] = calendar_lines(town)
    assert len(line.uses) == 2
    assert too_short_for(short, line.uses, now=NOW) == []


def test_an_edition_that_is_still_to_come_counts_from_its_first_day(town):
    builders.published(builders.charter_document(valid_from="2027-01-01"), of=town)
    [line] = calendar_lines(town)
    found = too_short_for(compiled(known_until="2027-01-10"), line.uses, now=NOW)
    assert len(found) == 1
    assert not too_short_for(compiled(known_until="2027-02-01"), line.uses, now=NOW)


# --- a Catalan town in 2026 ------------------------------------------------------

SUMMER = {day: [["08:00", "14:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
# Ordre EMT of the Generalitat for 2026, and the two days of the town.
OFFICIAL = [
    "2026-01-01", "2026-01-06", "2026-04-03", "2026-04-06", "2026-05-01",
    "2026-06-24", "2026-08-15", "2026-09-11", "2026-10-12", "2026-12-08",
    "2026-12-25", "2026-12-26",
]  # fmt: skip
LOCAL = {"2026-05-25": "Segona Pasqua", "2026-08-05": "Festa major"}


@pytest.fixture(scope="module")
def catalan_town() -> Compiled:
    """Layers from the library, the town's own days, summer hours, two half days."""
    definition = {
        "zone": "Europe/Madrid",
        "known_from": "2026-01-01",
        "known_until": "2027-01-01",
        "weekly": {
            day: [["09:00", "14:00"], ["16:00", "19:00"]]
            if day == "thu"
            else [["09:00", "14:00"]]
            for day in ("mon", "tue", "wed", "thu", "fri")
        },
        "working_weekdays": ["mon", "tue", "wed", "thu", "fri"],
        "seasons": [{"from": "06-15", "until": "09-16", "weekly": SUMMER}],
        "overrides": {
            "2026-12-24": [["09:00", "12:00"]],
            "2026-12-31": [["09:00", "12:00"]],
        },
    }
    found = find_layers(country="ES", divisions=["CT"], years=[2026], language="ca")
    for layer in [
        *found.layers,
        Layer(Level.MUNICIPALITY, "08101", "Vila", "BOP", holidays=LOCAL),
    ]:
        definition = take_in(definition, layer)
    return Compiled.from_definition(definition)


def test_the_town_keeps_the_twelve_official_days_and_its_own_two(catalan_town):
    days = {day.isoformat(): name for day, name in catalan_town.holidays.items()}
    assert sorted(days) == sorted([*OFFICIAL, *LOCAL])
    joan = catalan_town.holiday_of(date(2026, 6, 24))
    assert (joan.name, joan.level, joan.code) == ("Sant Joan", Level.REGION, "ES-CT")
    own = catalan_town.holiday_of(date(2026, 8, 5))
    assert (own.level, own.layer, own.source) == (Level.MUNICIPALITY, "Vila", "BOP")
    new_year = catalan_town.holiday_of(date(2026, 1, 1))
    assert (new_year.level, new_year.name) == (Level.STATE, "Cap d'Any")


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        ("2026-06-11", [("09:00", "14:00"), ("16:00", "19:00")]),
        ("2026-06-12", [("09:00", "14:00")]),
        ("2026-06-15", [("08:00", "14:00")]),
        ("2026-06-24", []),
        ("2026-09-15", [("08:00", "14:00")]),
        ("2026-09-16", [("09:00", "14:00")]),
        ("2026-12-24", [("09:00", "12:00")]),
        ("2026-12-26", []),
        ("2026-12-31", [("09:00", "12:00")]),
    ],
)
def test_the_town_opens_by_season_and_half_days(catalan_town, day, hours):
    assert list(catalan_town.day_state(date.fromisoformat(day)).hours) == hours


def test_the_town_works_249_days_in_2026(catalan_town):
    """261 weekdays from Monday to Friday; two of the fourteen days are Saturdays."""
    days = catalan_town.working_days(date(2026, 1, 1), date(2027, 1, 1))
    weekdays = [
        day
        for day in (date(2026, 1, 1) + timedelta(days=n) for n in range(365))
        if day.weekday() < 5
    ]
    on_weekdays = [
        day for day in (*OFFICIAL, *LOCAL) if date.fromisoformat(day).weekday() < 5
    ]
    assert (len(weekdays), len(on_weekdays)) == (261, 12)
    assert len(days) == 249


def test_a_request_over_saint_john_is_due_a_day_later(catalan_town):
    from engine.worktime import due_at

    due = due_at(
        datetime(2026, 6, 22, 10, tzinfo=UTC),
        Term.from_definition({"amount": "3", "unit": "working_days"}),
        catalan_town,
        zone=catalan_town.zone,
    )
    assert due == datetime(2026, 6, 26, 22, tzinfo=UTC)

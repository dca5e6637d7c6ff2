"""The demo's events: repeatable, plausible, and what their streams declare."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from engine.worktime import Unit, elapsed
from web.demo import loading
from web.demo.events import generate
from web.demo.stories import STORIES
from web.demo.streets import CLEANER, OTHER_CLEANER
from web.demo.town import (
    NO_TRANSPORT_DAYS,
    SHORTAGE_MONTHS_AGO,
    SILENT_DAYS,
    STORM_MONTHS_AGO,
    ZONE,
    DemoEvent,
    Town,
)

NOW = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
DAY = timedelta(days=1)
Cases = dict[str, list[DemoEvent]]


@pytest.fixture(scope="module")
def documents() -> list[dict[str, Any]]:
    return loading.charters()


@pytest.fixture(scope="module")
def town(documents: list[dict[str, Any]]) -> Town:
    return loading.town_of(documents, at=NOW)


@pytest.fixture(scope="module")
def streams(town: Town, documents: list[dict[str, Any]]) -> dict[str, list[DemoEvent]]:
    claims = loading.planned_claims(town, documents)
    return generate(town, [claim.story for claim in claims if claim.story])


@pytest.fixture(scope="module")
def declared(documents: list[dict[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {item["code"]: item for doc in documents for item in doc["streams"]}


def by_case(events: list[DemoEvent]) -> Cases:
    cases: Cases = {}
    for event in events:
        cases.setdefault(event.case, []).append(event)
    return cases


def own(attributes: list[str]) -> set[str]:
    """Return what senders say themselves: whose an event is, its key says."""
    return set(attributes) - {"operator"}


def begun(events: list[DemoEvent]) -> list[DemoEvent]:
    return [steps[0] for steps in by_case(events).values()]


def test_same_instant_gives_the_same_events(town, documents, streams):
    again = loading.town_of(documents, at=NOW)
    claims = loading.planned_claims(again, documents)
    stories = [claim.story for claim in claims if claim.story]
    assert generate(again, stories) == streams


def test_other_seed_gives_other_events(town, streams):
    other = generate(replace(town, seed=7))
    assert all(other[code] != streams[code] for code in streams)


def test_every_feed_of_the_charters_speaks_but_the_claims(streams, declared):
    assert set(streams) == set(declared) - {"reclamacions"}
    assert all(streams.values())


def test_two_years_are_some_ten_thousands_of_events(streams):
    assert 30_000 <= sum(map(len, streams.values())) <= 60_000


def test_scale_thins_the_events_out(town, streams):
    few = generate(replace(town, scale=0.25))
    ratio = sum(map(len, few.values())) / sum(map(len, streams.values()))
    assert 0.2 < ratio < 0.4


def test_events_are_what_their_stream_declares(streams, declared):
    for code, events in streams.items():
        types, attributes = declared[code]["types"], declared[code]["attributes"]
        assert {event.type for event in events} == set(types)
        found = {name for event in events for name in event.attributes}
        assert found == own(attributes)


def test_events_come_once_in_order_and_never_from_the_future(streams):
    for events in streams.values():
        assert len({event.id for event in events}) == len(events)
        assert [event.at for event in events] == sorted(event.at for event in events)
        assert events[-1].at <= NOW


def test_first_event_of_a_case_says_what_the_case_is(streams, declared):
    for code, events in streams.items():
        for steps in by_case(events).values():
            assert set(steps[0].attributes) == own(declared[code]["attributes"])


def test_cases_begin_while_their_charter_is_in_force(town, streams):
    for code, events in streams.items():
        first, until = town.windows[code]
        days = [event.at.astimezone(ZONE).date() for event in begun(events)]
        assert min(days) <= first + 10 * DAY
        assert first <= min(days) <= max(days) < until


@pytest.mark.parametrize(
    ("stream", "office"),
    [
        ("oac-torns", "hores-oficina"),
        ("oac-trucades", "hores-oficina"),
        ("biblioteca-activitats", "hores-biblioteca"),
    ],
)
def test_counters_and_telephones_keep_their_hours(town, streams, stream, office):
    hours = town.offices[office]
    for event in begun(streams[stream]):
        day = event.at.astimezone(ZONE).date()
        assert any(start <= event.at < end for start, end in hours.hours(day))


def test_desk_is_quiet_in_august_and_busy_in_september(streams):
    months = Counter((e.at.year, e.at.month) for e in begun(streams["oac-torns"]))
    for year in (2025, 2026):
        assert months[year, 8] < months[year, 6] < months[year, 9]


def test_who_leaves_is_not_served(streams):
    for stream in ("oac-torns", "oac-trucades"):
        for steps in by_case(streams[stream]).values():
            assert len({event.type for event in steps[1:]}) == len(steps[1:]) <= 1


def test_switchboard_fell_silent_longer_ago_than_is_normal(streams, declared):
    silence = NOW - streams["oac-trucades"][-1].at
    assert silence > timedelta(days=SILENT_DAYS - 1)
    assert silence.days > declared["oac-trucades"]["expected_gap_days"]
    for code in set(streams) - {"oac-trucades"}:
        assert (NOW - streams[code][-1].at).days <= declared[code]["expected_gap_days"]


def test_feeds_were_never_silent_for_longer_than_they_say(streams, declared):
    for code, events in streams.items():
        pairs = pairwise(events)
        longest = max(after.at - before.at for before, after in pairs)
        assert longest <= declared[code]["expected_gap_days"] * DAY, code


def test_network_is_slow_since_nobody_carries_its_books(town, streams):
    in_time: dict[bool, list[bool]] = {True: [], False: []}
    gone = town.today - NO_TRANSPORT_DAYS * DAY
    for steps in by_case(streams["biblioteca-reserves"]).values():
        if steps[0].attributes["location"] == "xarxa" and len(steps) > 1:
            day = steps[0].at.astimezone(ZONE).date()
            late = steps[-1].at - steps[0].at > 16 * DAY
            in_time[day >= gone].append(not late)
    shares = {since: sum(kept) / len(kept) for since, kept in in_time.items()}
    assert shares[True] < 0.6 < 0.8 < shares[False]


def test_suspension_of_the_network_begins_when_the_transport_ends():
    (since,) = [
        item["from"]["days_ago"]
        for item in json.loads((loading.FOLDER / "suspensions.json").read_text())
        if item["commitment"] == "C2"
    ]
    assert since == NO_TRANSPORT_DAYS


def test_programme_of_each_year_is_published_in_time(streams):
    published = [
        event.at.date()
        for event in streams["biblioteca-activitats"]
        if event.type == "programme_published"
    ]
    assert [day.year for day in published] == [2025, 2026]
    assert all((day.month, day.day) <= (1, 31) for day in published)


def test_online_office_is_up_again_after_every_fault(streams):
    for steps in by_case(streams["seu-electronica"]).values():
        assert [event.type for event in steps] == ["down", "up"]
        assert steps[0].at < steps[1].at


def test_storm_brings_three_times_the_incidents(town, streams):
    ago = Counter(town.months_ago(e.at) for e in begun(streams["incidencies"]))
    usual = (ago[STORM_MONTHS_AGO + 1] + ago[STORM_MONTHS_AGO - 1]) / 2
    assert 2.3 < ago[STORM_MONTHS_AGO] / usual < 4


def test_checks_take_longer_when_staff_is_short(town, streams):
    office = town.offices["dies-habils"]
    days: dict[bool, list[int]] = {True: [], False: []}
    for steps in by_case(streams["expedients"]).values():
        checked = next((e.at for e in steps if e.type == "checked"), None)
        if checked is not None:
            spent = elapsed(
                steps[0].at,
                checked,
                Unit.WORKING_DAYS,
                office.calendar,
                zone=ZONE,
            )
            short = town.months_ago(steps[0].at) in SHORTAGE_MONTHS_AGO
            days[short].append(spent)
    mean = {short: sum(all_) / len(all_) for short, all_ in days.items()}
    assert mean[True] > mean[False] + 0.8


def test_permit_files_go_through_their_steps_in_order(streams):
    order = ["submitted", "checked", "requirement_sent", "requirement_met", "resolved"]
    seen = Counter()
    for steps in by_case(streams["expedients"]).values():
        # Corrections repeat the end of a case.
        types = [e.type for e in steps if not e.replaces and e.type != "withdrawn"]
        seen[steps[-1].type] += 1
        if "requirement_sent" in types:
            assert types[:3] == order[:3]
        assert types == [name for name in order if name in types]
    assert set(seen) >= {"submitted", "checked", "resolved", "withdrawn"}


def test_street_cases_are_closed_voided_paused_or_still_open(streams):
    ends = Counter(steps[-1].type for steps in by_case(streams["incidencies"]).values())
    assert set(ends) >= {"opened", "closed", "voided", "paused"}


def test_cleaning_is_sent_by_two_companies_and_the_rest_by_the_town(streams):
    found = {
        (steps[0].attributes["kind"] == "neteja", event.operator)
        for steps in by_case(streams["incidencies"]).values()
        for event in steps
    }
    assert found == {(False, ""), (True, CLEANER), (True, OTHER_CLEANER)}
    assert not {e.operator for e in streams["expedients"]} - {""}


def test_corrections_replace_an_event_that_came_before(streams):
    for code in ("biblioteca-reserves", "expedients", "incidencies"):
        known = {event.id: event for event in streams[code]}
        corrections = [event for event in streams[code] if event.replaces]
        assert corrections
        for event in corrections:
            old = known[event.replaces]
            assert (event.case, event.type) == (old.case, old.type)
            assert event.late
            assert not old.late
            assert event.at > old.at
        assert sum(event.late for event in streams[code]) > len(corrections)


def test_claims_are_about_cases_in_the_log(town, documents, streams):
    claims = list(loading.planned_claims(town, documents))
    stories = [claim.story for claim in claims if claim.story]
    assert len(claims) == 14
    assert len(stories) == len(STORIES) == len({story.case for story in stories})
    for story in stories:
        found = by_case(streams[story.stream])[story.case]
        assert found == sorted(story.events, key=lambda event: event.at)


@pytest.mark.parametrize(
    ("name", "office", "days"),
    [
        ("shelf", "hores-biblioteca", 5),
        ("proposal", "dies-habils", 18),
        ("pothole", "dies-habils", 19),
        ("bathroom", "dies-habils", 31),
        ("bar", "dies-habils", 38),
    ],
)
@pytest.mark.parametrize("ago", range(60, 67))
def test_story_takes_the_days_its_claim_tells(town, name, office, days, ago):
    events = STORIES[name](town, town.today - ago * DAY).events
    calendar = town.offices[office].calendar
    assert days == elapsed(
        events[0].at, events[-1].at, Unit.WORKING_DAYS, calendar, zone=ZONE
    )


@pytest.mark.parametrize(
    "today",
    [date(2024, 9, 1), date(2024, 11, 5), date(2026, 2, 28), date(2030, 6, 1)],
)
def test_any_day_is_a_day_to_load_the_demo(documents, today):
    at = datetime.combine(today, datetime.min.time(), tzinfo=UTC)
    town = loading.town_of(documents, at=at, scale=0.05)
    claims = list(loading.planned_claims(town, documents))
    streams = generate(town, [claim.story for claim in claims if claim.story])
    assert all(event.at <= at for events in streams.values() for event in events)

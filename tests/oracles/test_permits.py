"""Dutch building permits: 8,577 events of 1,434 cases, and the dates of the cases."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.cases import Outcome
from tests.oracles.agreement import agrees
from tests.oracles.office import (
    Office,
    by_period,
    share,
    share_indicator,
    time_indicator,
)

pytestmark = [pytest.mark.django_db, pytest.mark.real_data]

FILE = "receipt_wabo_nl.csv"
ZONE = "Europe/Amsterdam"
HOLIDAYS = (
    "2010-12-25", "2010-12-26", "2011-01-01", "2011-04-24", "2011-04-25", "2011-04-30",
    "2011-06-02", "2011-06-12", "2011-06-13", "2011-12-25", "2011-12-26", "2012-01-01",
    "2012-04-08", "2012-04-09", "2012-04-30", "2012-05-17", "2012-05-27", "2012-05-28",
    "2012-12-25", "2012-12-26",
)  # fmt: skip
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
NINE_TO_FIVE = {
    "zone": ZONE,
    "known_from": "2010-01-01",
    "known_until": "2013-01-01",
    "weekly": {day: [["09:00", "17:00"]] for day in WEEKDAYS},
    "working_weekdays": list(WEEKDAYS),
    "holidays": dict.fromkeys(HOLIDAYS, "holiday"),
}
WHOLE = {
    "start": {"types": ["*"]},
    "stop": {"types": ["*"], "pick": "last"},
    "counted_in": "opened",
}
DATES = {
    "start": {"types": ["started"]},
    "stop": {"types": ["ended"]},
    "counted_in": "opened",
    # The published figures take the two cases that end before they start as they are.
    "stop_before_start": "kept",
    "segment_by": "case:department",
}
CHECK = {
    "start": {"types": ["confirmed"]},
    "stop": {"types": ["checked"]},
    "counted_in": "opened",
    "open_past_due": "excluded",
}


def within(amount: str, unit: str) -> dict:
    return {"limit": {"amount": amount, "unit": unit}}


DEADLINE = {"limit": {"attribute": "case:deadline"}}
INDICATORS = [
    share_indicator("A", WHOLE | within("10", "elapsed_days")),
    time_indicator("A-DAYS", WHOLE | {"unit": "elapsed_days"}),
    share_indicator(
        "B", DATES | DEADLINE | {"open_past_due": "excluded"}, stream="dates"
    ),
    share_indicator("B-ALL", DATES | DEADLINE, stream="dates"),
    time_indicator("C", DATES | {"unit": "elapsed_days"}, stream="dates"),
    share_indicator("D-24H", CHECK | within("24", "elapsed_hours")),
    share_indicator("D-8H", CHECK | within("8", "open_hours"), calendar="desk"),
    share_indicator("D-16H", CHECK | within("16", "open_hours"), calendar="desk"),
    time_indicator("D-HOURS", CHECK | {"unit": "open_hours"}, calendar="desk"),
]
ACTIVITIES = """
timezone = "Europe/Amsterdam"
case = "case:concept:name"
[long]
type = "concept:name"
at = "time:timestamp"
other = "activity"
[long.types]
"Confirmation of receipt" = "confirmed"
"T02 Check confirmation of receipt" = "checked"
"""
CASES = """
timezone = "Europe/Amsterdam"
case = "case:concept:name"
attributes = ["case:department"]
instants = ["case:deadline"]
[[event]]
type = "started"
at = "case:startdate"
[[event]]
type = "ended"
at = "case:enddate"
"""


@pytest.fixture(scope="module")
def permits(office: Office) -> Office:
    office.publish(
        INDICATORS,
        streams={
            "requests": {"types": ["activity", "confirmed", "checked"]},
            "dates": {
                "types": ["started", "ended"],
                "attributes": ["case:deadline", "case:department"],
            },
        },
        time_zone=ZONE,
        valid=("2010-01-01", "2013-01-01"),
        calendars={"desk": NINE_TO_FIVE},
    )
    said = office.read(FILE, ACTIVITIES)
    assert said == "8577 events: 8577 recorded, 0 known already, 0 refused"
    # The file repeats a case's dates on each of its rows: the same events again.
    said = office.read(FILE, CASES, "dates")
    assert said == "16537 events: 2763 recorded, 13774 known already, 0 refused"
    office.compute()
    return office


def test_every_published_figure(permits, shared_data):
    seconds = list(desk_differences(permits))
    closed = permits.figure("B")
    ours = {
        "events": permits.events().count(),
        "cases": len(permits.facts("A")),
        "indicators": {
            "A_elapsed_first_to_last_event_le_10_calendar_days": {
                "total": share(permits.figure("A")),
                "by_month": by_period(permits.lines("A", "month")),
                "distribution": permits.statistics("A-DAYS", "days"),
            },
            "B_enddate_le_deadline": {
                "closed": share(closed),
                "open_cases": closed.excluded["open"],
                "all_cases_open_counted_as_not_met": share(permits.figure("B-ALL")),
                "by_department": {
                    department: share(permits.figure("B", segment=department))
                    for department in permits.segments("B")
                },
            },
            "C_days_startdate_to_enddate": permits.statistics("C", "days"),
            "D_confirmation_to_T02_check": {
                "elapsed_le_24h": share(permits.figure("D-24H")),
                "business_hours_calendar": {"holidays": list(HOLIDAYS)},
                "business_le_8h": share(permits.figure("D-8H")),
                "business_le_16h": share(permits.figure("D-16H")),
                "business_hours_distribution": permits.statistics(
                    "D-HOURS", "business hours"
                ),
                "third_party_check": {
                    "cases": len(seconds),
                    "max_abs_diff_seconds": max(map(abs, seconds)),
                    "cases_diff_gt_1s": sum(abs(found) > 1 for found in seconds),
                },
            },
        },
    }
    agrees(shared_data, "receipt_wabo_nl", ours, test=__file__)


def test_the_log_gives_every_figure(permits):
    assert permits.verify() == "every figure follows from the log"


def test_reading_the_file_again_changes_nothing(permits):
    said = permits.read(FILE, ACTIVITIES)
    assert said == "8577 events: 0 recorded, 8577 known already, 0 refused"


def desk_differences(permits):
    """
    Yield by how many seconds each case differs from counting it out day by day.

    In whole seconds, as the library counts that the published check was made with.
    """
    for fact in permits.facts("D-HOURS"):
        if fact.outcome is Outcome.COUNTED:
            hours = desk_time(fact.began_at, fact.ended_at)
            yield fact.value / 1_000_000 - int(hours.total_seconds())


def desk_time(start: datetime, end: datetime) -> timedelta:
    """Add up the desk's hours between two instants, day by day."""
    total = timedelta(0)
    day = start.astimezone(ZoneInfo(ZONE)).date()
    while day <= end.astimezone(ZoneInfo(ZONE)).date():
        if day.weekday() < 5 and day.isoformat() not in HOLIDAYS:
            opens, closes = (desk(day, hour) for hour in (9, 17))
            total += max(min(end, closes) - max(start, opens), timedelta(0))
        day += timedelta(days=1)
    return total


def desk(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=ZoneInfo(ZONE)).astimezone(UTC)

"""Boston's 58,251 requests of the second half of 2011, and the city's own verdicts."""

from collections import Counter, defaultdict

import pytest

from engine.cases import Fact, Outcome
from engine.worktime import RESOLUTION
from tests.oracles.agreement import agrees, published
from tests.oracles.office import (
    Office,
    by_period,
    share,
    share_indicator,
    share_of,
    time_indicator,
)

pytestmark = [pytest.mark.django_db, pytest.mark.real_data]

NAME = "boston311_2011"
FILE = "boston311_2011.csv.gz"
REQUEST = {
    "start": {"types": ["opened"]},
    "stop": {"types": ["closed"]},
    "counted_in": "opened",
}
# The published figure is over closed requests with a target.
ON_TIME = REQUEST | {
    "limit": {"attribute": "TARGET_DT"},
    "open_past_due": "excluded",
}
TEN_DAYS = REQUEST | {
    "limit": {"amount": "10", "unit": "elapsed_days"},
    "open_past_due": "excluded",
}
INDICATORS = [
    share_indicator("A", ON_TIME | {"segment_by": "Department"}),
    time_indicator("C", REQUEST | {"unit": "elapsed_days", "segment_by": "Department"}),
    share_indicator("C-10D", TEN_DAYS),
]
# The file has wall clock times, and the published days are differences of these: an
# hour more or less on the nights when clocks change is no part of them.
REQUESTS = """
timezone = "UTC"
case = "CASE_ENQUIRY_ID"
attributes = ["TYPE", "Department", "OnTime_Status"]
instants = ["TARGET_DT"]
[[event]]
type = "opened"
at = "OPEN_DT"
[[event]]
type = "closed"
at = "CLOSED_DT"
"""


@pytest.fixture(scope="module")
def boston(office: Office) -> Office:
    office.draft(
        INDICATORS,
        streams={
            "requests": {
                "types": ["closed", "opened"],
                "attributes": ["Department", "OnTime_Status", "TARGET_DT", "TYPE"],
            },
        },
        time_zone="UTC",
        valid=("2011-07-01", "2012-07-01"),
    )
    said = office.read(FILE, REQUESTS)
    assert said == "112821 events: 112821 recorded, 0 known already, 0 refused"
    office.compute()
    return office


def test_every_published_figure(boston, shared_data):
    theirs = published(shared_data, NAME)["indicators"]
    on_time, days = "A_met_target_closed_with_target", "C_resolution_days_closed"
    facts = boston.facts("A")
    opened = boston.events().filter(type="opened")
    flags, types = {}, defaultdict(set)
    for case, attributes in opened.values_list("case_key", "attributes"):
        flags[case] = attributes.get("OnTime_Status", "")
        types[attributes["TYPE"]].add(case)
    judged = [fact for fact in facts if fact.outcome in {Outcome.MET, Outcome.MISSED}]
    blank = [fact for fact in judged if not flags[fact.case]]
    flagged = [fact for fact in facts if flags[fact.case]]
    ten_days = boston.line("C-10D", "year")
    ours = {
        "rows": len(flags),
        "agreement_with_published_flag": {
            "closed_with_target_and_flag": len(judged) - len(blank),
            "agree": sum(
                flags[fact.case]
                == ("ONTIME" if fact.outcome is Outcome.MET else "OVERDUE")
                for fact in judged
            ),
            "closed_with_target_flag_blank": len(blank),
            "of_which_late": sum(fact.outcome is Outcome.MISSED for fact in blank),
        },
        "traps": {
            "closed_before_open_rows": sum(
                fact.reason == "stop_before_start" for fact in facts
            ),
            "target_not_after_open_rows": sum(
                fact.due_at is not None and fact.due_at - RESOLUTION <= fact.began_at
                for fact in facts
            ),
        },
        "status_crosstab": Counter(
            "|".join(
                (
                    "Closed" if fact.ended_at else "Open",
                    flags[fact.case],
                    f"target={fact.due_at is not None}",
                )
            )
            for fact in facts
        ),
        "indicators": {
            on_time: {
                "total": share(boston.line("A", "year")),
                "by_month_opened": by_period(boston.lines("A", "month")),
                "by_department": {
                    name: share(boston.line("A", "year", name))
                    for name in theirs[on_time]["by_department"]
                },
                "by_type_top25": {
                    name: share(boston.figure("A", only=types[name]))
                    for name in theirs[on_time]["by_type_top25"]
                },
            },
            "B_published_ONTIME_share_all_rows": {
                "total": share_of(sum(map(is_on_time, flagged)), len(flagged))
            },
            days: {
                "total": boston.statistics("C", "days"),
                "closed_le_10_calendar_days": share(ten_days),
                "closed_le_10_days_by_month_opened": by_period(
                    boston.lines("C-10D", "month")
                ),
                "by_department": {
                    name: boston.statistics("C", "days", name)
                    for name in theirs[days]["by_department"]
                },
            },
            "D_open_at_snapshot": ten_days["excluded"] + ten_days["pending"],
        },
    }
    agrees(shared_data, NAME, ours, test=__file__)


def is_on_time(fact: Fact) -> bool:
    """Give the city's flag: what has no target is on time, closed or not."""
    return fact.outcome is Outcome.MET or fact.reason == "no_due"


def test_the_log_gives_every_figure(boston):
    assert boston.verify("A") == "every figure follows from the log"

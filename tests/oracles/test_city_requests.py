"""New York's requests of two hours: no due dates, so no verdict on them."""

import pytest

from engine.statistics import QuantileMethod
from tests.oracles.agreement import agrees
from tests.oracles.office import (
    QUANTILES,
    Office,
    deviation,
    share,
    share_indicator,
    time_indicator,
)

pytestmark = [pytest.mark.django_db, pytest.mark.real_data]

REQUEST = {
    "start": {"types": ["created"]},
    "stop": {"types": ["closed"]},
    "counted_in": "opened",
    "open_past_due": "excluded",
}
HOURS = REQUEST | {"unit": "elapsed_hours"}
ONE_DAY = {"amount": "24", "unit": "elapsed_hours"}


def quantile(code: str, percentile: str, method: QuantileMethod) -> dict:
    rule = HOURS | {"percentile": percentile, "method": method.value}
    return time_indicator(code, rule, kind="percentile_duration")


INDICATORS = [
    share_indicator("DUE", REQUEST | {"limit": {"attribute": "Due Date"}}),
    share_indicator("DAY", REQUEST | {"limit": ONE_DAY, "segment_by": "Agency"}),
    time_indicator("MEAN", HOURS),
    *(quantile(name.upper(), *chosen) for name, chosen in QUANTILES.items()),
]
MAPPING = """
timezone = "America/New_York"
case = "Unique Key"
attributes = ["Agency"]
instants = ["Due Date"]
datetime_format = "%m/%d/%Y %I:%M:%S %p"
[[event]]
type = "created"
at = "Created Date"
[[event]]
type = "closed"
at = "Closed Date"
"""


@pytest.fixture(scope="module")
def city(office: Office) -> Office:
    office.publish(
        INDICATORS,
        streams={
            "requests": {
                "types": ["closed", "created"],
                "attributes": ["Agency", "Due Date"],
            }
        },
        time_zone="America/New_York",
        valid=("2022-01-01", "2023-01-01"),
    )
    said = office.read("nyc311_sample_2022.csv", MAPPING)
    assert said == "1404 events: 1404 recorded, 0 known already, 0 refused"
    office.compute()
    return office


def test_every_published_figure(city, shared_data):
    due = city.lines("DUE", "month")["2022-05"]
    day = city.line("DAY", "month")
    created = city.events().filter(type="created")
    instants = created.order_by("occurred_at").values_list("occurred_at", flat=True)
    zone = city.plan("DAY").zone
    first, last = (
        found.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
        for found in (instants.first(), instants.last())
    )
    facts = city.facts("MEAN")
    ours = {
        "rows": created.count(),
        "created_range": [first, last],
        "indicators": {
            "closed": city.events().filter(type="closed").count(),
            "with_due_date": sum(fact.due_at is not None for fact in city.facts("DUE")),
            "closed_le_due": share(due),
            "closed_le_24h": share(day),
            "negative_durations": sum(
                fact.reason == "stop_before_start" for fact in facts
            ),
            "hours_nonnegative": {
                "unit": "hours",
                "n": city.line("MEAN", "month")["n"],
                "mean": city.line("MEAN", "month")["value"],
                **{
                    name: city.line(name.upper(), "month")["value"]
                    for name in QUANTILES
                },
                "sd_sample": deviation(facts, city.plan("MEAN").rule),
            },
            "by_agency_closed_le_24h": {
                agency: share(line)
                for agency in city.segments("DAY")
                for line in city.lines("DAY", "month", agency).values()
                if line["n"]
            },
        },
    }
    agrees(shared_data, "nyc311_sample_2022", ours, test=__file__)
    assert due["status"] == "no_cases"
    assert (due["value"], due["low"]) == (None, None)


def test_the_log_gives_every_figure(city):
    assert city.verify() == "every figure follows from the log"

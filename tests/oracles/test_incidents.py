"""A manufacturer's 7,554 incidents: 65,533 events, with waits that stop the clock."""

from collections import Counter

import pytest

from tests.oracles.agreement import agrees, published
from tests.oracles.office import Office, share, share_indicator, time_indicator

pytestmark = [pytest.mark.django_db, pytest.mark.real_data]

NAME = "bpic2013_incidents"
WAITS = (
    "Wait", "Wait - Customer", "Wait - Implementation", "Wait - User", "Wait - Vendor",
)  # fmt: skip
WORK = (
    "Assigned", "Awaiting Assignment", "Cancelled", "Closed", "In Call", "In Progress",
    "Resolved", "Unmatched",
)  # fmt: skip
FIVE_DAYS = {"limit": {"amount": "5", "unit": "elapsed_days"}}
WHOLE = {
    "start": {"types": ["*"]},
    "stop": {"types": ["*"], "pick": "last"},
    "counted_in": "opened",
}
DAYS = WHOLE | {"unit": "elapsed_days"}


def standing_still(*types: str) -> dict:
    """Stop the clock from events of some types to the next of any other."""
    others = sorted({*WAITS, *WORK} - set(types))
    return {"pauses": [{"from": list(types), "until": others}]}


USER = standing_still("Wait - User")
COMPLETED = {
    "start": {"types": ["*"]},
    "stop": {"types": ["Cancelled", "Closed", "In Call", "Resolved"]},
    "counted_in": "opened",
    "unit": "elapsed_days",
}
INDICATORS = [
    share_indicator("GROSS", WHOLE | FIVE_DAYS),
    share_indicator(
        "NET", WHOLE | FIVE_DAYS | standing_still(*WAITS) | {"segment_by": "impact"}
    ),
    share_indicator("USER", WHOLE | FIVE_DAYS | USER),
    time_indicator("GROSS-DAYS", DAYS),
    time_indicator("NET-DAYS", DAYS | standing_still(*WAITS)),
    # The clock that runs only while somebody waits: what was paused.
    time_indicator("PAUSED-DAYS", DAYS | standing_still(*WORK)),
    time_indicator("COMPLETED", COMPLETED),
]
MAPPING = """
timezone = "UTC"
case = "case"
id = "{case}/{seq}"
attributes = ["concept:name", "impact"]
[long]
type = "lifecycle:transition"
at = "time:timestamp"
"""


@pytest.fixture(scope="module")
def incidents(office: Office) -> Office:
    office.draft(
        INDICATORS,
        streams={
            "requests": {
                "types": sorted([*WAITS, *WORK]),
                "attributes": ["concept:name", "impact"],
            }
        },
        time_zone="UTC",
        valid=("2010-01-01", "2013-01-01"),
    )
    said = office.read("bpic2013_incidents.csv.gz", MAPPING)
    assert said == "65533 events: 65533 recorded, 0 known already, 0 refused"
    office.compute()
    return office


def test_every_published_figure(incidents, shared_data):
    statuses = Counter(
        (attributes["concept:name"], type_)
        for attributes, type_ in incidents.events().values_list("attributes", "type")
    )
    seconds = {
        name: {
            fact.case: fact.value / 1_000_000 for fact in incidents.facts(f"{code}-DAYS")
        }
        for name, code in (
            ("gross_s", "GROSS"), ("paused_s", "PAUSED"), ("net_s", "NET"),
        )
    }  # fmt: skip
    sample = [row["case"] for row in published(shared_data, NAME)["per_case_sample"]]
    ours = {
        "events": statuses.total(),
        "cases": len(incidents.facts("GROSS")),
        "status_values": [[*key, n] for key, n in sorted(statuses.items())],
        "indicators": {
            "gross_le_5_days": share(incidents.figure("GROSS")),
            "net_le_5_days": share(incidents.figure("NET")),
            "net_only_user_wait_le_5_days": share(incidents.figure("USER")),
            "gross": incidents.statistics("GROSS-DAYS", "days"),
            "paused_all_waits": incidents.statistics("PAUSED-DAYS", "days"),
            "net": incidents.statistics("NET-DAYS", "days"),
            "time_to_first_Completed": incidents.statistics("COMPLETED", "days"),
            "by_impact_net_le_5_days": {
                impact: share(incidents.figure("NET", segment=impact))
                for impact in incidents.segments("NET")
            },
        },
        "per_case_sample": [
            {"case": case, **{name: found[case] for name, found in seconds.items()}}
            for case in sample
        ],
    }
    agrees(shared_data, NAME, ours, test=__file__)


def test_the_log_gives_every_figure(incidents):
    assert incidents.verify("GROSS", "NET") == "every figure follows from the log"

"""Indicators of every kind, and logs for them drawn by lot."""

import copy
import random
from datetime import timedelta

from indicators.services.calendars import put_calendar
from tests import builders
from tests.indicators.helpers import event, utc

NOW = builders.NOW
RULES = [
    {},
    {"kind": "every_case_within_limit", "target": "100"},
    {
        "kind": "mean_duration",
        "comparator": "<=",
        "target": "8",
        "unit": "working_days",
    },
    {"kind": "median_duration", "comparator": "<=", "target": "8", "unit": "hours"},
]


def many_rules() -> list[dict]:
    made = []
    for number, changes in enumerate(RULES):
        item = builders.indicator(f"IND-{number}", **changes)
        item["rule"] = copy.deepcopy(item["rule"])
        if "duration" in item["kind"]:
            del item["rule"]["limit"]
            hours = "working_days" if number == 2 else "open_hours"
            item["rule"] |= {"unit": hours, "counted_in": "closed"}
        else:
            item["rule"] |= {"counted_in": ["due", "opened"][number]}
            item["rule"] |= {"segment_by": "channel", "withdrawn": ["withdrawn"]}
        made.append(item)
    return [*made, *(other_kind(kind, rule) for kind, rule in OTHER_KINDS.items())]


TIMED = {"start": {"types": ["opened"]}, "stop": {"types": ["closed"]}}
LIMIT = {"amount": "10", "unit": "working_days"}
# One rule of every kind that many_rules has not, with what is special about it.
OTHER_KINDS: dict[str, dict] = {
    "ratio": {"numerator": {"closed": 1}, "denominator": {"opened": 1}},
    "share": {"numerator": {"closed": 1}, "denominator": {"opened": 1, "closed": 1}},
    "count": {"numerator": {"closed": 1}, "segment_by": "channel"},
    "mean_duration": {**TIMED, "unit": "working_days", "counted_in": "closed"},
    "percentile_duration": {**TIMED, "unit": "elapsed_hours", "percentile": "90"},
    "two_tier_remainder": {
        **TIMED,
        "limit": LIMIT,
        "second_limit": {"amount": "20", "unit": "working_days"},
    },
    "every_case_within_limit": {
        **TIMED,
        "limit": LIMIT,
        "counted_in": "opened",
        "demand": {"per": "month", "at_most": 3},
        "segment_by": "channel",
    },
    "share_of_days": {
        **TIMED,
        "unit": "elapsed_days",
        "counted_in": "opened",
        "daily": {"value": "9", "comparator": "<="},
    },
    "schedule_frequency": {
        "done": {"types": ["closed"]},
        "plan": {"amount": 1, "per": "week"},
    },
    "milestone": {"done": {"types": ["closed"]}, "due": {"on": "03-31"}},
    "availability": {**TIMED, "unit": "elapsed_hours"},
    "opening_hours": {**TIMED, "unit": "open_hours", "as_percent": False},
    "trend": {
        "of": {"kind": "mean_duration", **TIMED, "unit": "elapsed_days"},
        "against": "previous",
    },
}


def other_kind(kind: str, rule: dict) -> dict:
    code = f"K-{kind}"
    return builders.indicator(code, kind=kind, target="50", rule=rule)


def made_up(dice: random.Random) -> list[dict]:
    """Events of cases that open, close, withdraw and are corrected, in disorder."""
    found: list[dict] = []
    for number in range(25):
        case = f"c{number}"
        opened = utc(2026, 1, 1) + timedelta(minutes=dice.randrange(300 * 1440))
        mine = [event(f"{case}/o", case, at=opened)]
        mine += [
            event(
                f"{case}/{step}",
                case,
                type=dice.choice(["closed", "closed", "withdrawn"]),
                at=min(opened + timedelta(minutes=dice.randrange(-50, 40_000)), NOW),
                attributes={"channel": dice.choice(["web", "phone"])},
            )
            for step in range(dice.randrange(3))
        ]
        found += mine
        old = dice.choice(mine)
        for turn in range(dice.randrange(3)):
            id_ = f"{case}/r{turn}"
            changed = old | {"id": id_, "replaces": old["id"]}
            changed["at"] = min(
                old["at"] + timedelta(days=dice.randrange(-40, 40)), NOW
            )
            changed["case"] = dice.choice([case, "c1"])
            found.append(changed)
            old = changed
    return found


def in_sendable_order(events: list[dict], dice: random.Random) -> list[dict]:
    """Any order in which a correction comes after what it corrects."""
    waiting, sent, ordered = dice.sample(events, len(events)), set(), []
    while waiting:
        ready = [e for e in waiting if e.get("replaces") in {None, *sent}]
        ordered += ready
        sent |= {e["id"] for e in ready}
        waiting = [e for e in waiting if e["id"] not in sent]
    return ordered


def another_calendar(town, dice: random.Random) -> None:
    day = (NOW - timedelta(days=dice.randrange(300))).date().isoformat()
    holidays = builders.OFFICE_HOURS["holidays"] | {day: "Fira"}
    definition = builders.OFFICE_HOURS | {"holidays": holidays}
    put_calendar(
        organisation=town, code="office", name={}, definition=definition, at=NOW
    )

"""Rules: what is read from a definition, and where a faulty one is at fault."""

import json
from dataclasses import fields
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given, settings, strategies as st

from engine.measures import COMPARATORS, Kind
from engine.periods import Period, parse_period
from engine.rules import KEYS, Goal, Rule, RuleError
from engine.worktime import Unit
from tests.engine.random_rules import definitions

TIMED = {
    "start": {"types": ["opened"]},
    "stop": {"types": ["closed"]},
    "limit": {"amount": "10", "unit": "working_days"},
}
SURVEY = {"value": {"types": ["answered"]}, "scale": {"min": "0", "max": "10"}}
DONE = {"done": {"types": ["cleaned"]}}
DOWN = {
    "start": {"types": ["down"]},
    "stop": {"types": ["up"]},
    "unit": "elapsed_hours",
}
SHARES = {"numerator": {"a": 1}, "denominator": {"b": 1}}


def rule(kind="share_within_limit", definition=None, comparator=">=", target="95"):
    return Rule.from_definition(
        kind,
        TIMED if definition is None else definition,
        comparator=comparator,
        target=None if target is None else Decimal(target),
    )


def without(key):
    return {name: value for name, value in TIMED.items() if name != key}


def refused(kind, definition, **options):
    with pytest.raises(RuleError) as caught:
        rule(kind, definition, **options)
    assert str(caught.value) == f"{caught.value.path}: {caught.value.fault}"
    return caught.value.path


# Faults, each by its path.

FAULTY_OF_TIMED = [
    ({"colour": 1}, "colour"),
    ({"start": []}, "start"),
    ({"start": {}}, "start.types"),
    ({"start": {"types": []}}, "start.types"),
    ({"start": {"types": "x"}}, "start.types"),
    ({"start": {"types": [1]}}, "start.types"),
    ({"start": {"types": ["x"], "colour": 1}}, "start.colour"),
    ({"stop": {"types": ["x"], "pick": "any"}}, "stop.pick"),
    ({"clock": {"types": []}}, "clock.types"),
    ({"limit": 3}, "limit"),
    ({"limit": {}}, "limit.amount"),
    ({"limit": {"amount": 1.5, "unit": "open_hours"}}, "limit.amount"),
    ({"limit": {"amount": "3", "unit": "moons"}}, "limit.unit"),
    ({"limit": {"amount": "0", "unit": "months"}}, "limit.amount"),
    ({"limit": TIMED["limit"] | {"sense": "about"}}, "limit.sense"),
    ({"limit": TIMED["limit"] | {"day_one": "last"}}, "limit.day_one"),
    ({"limit": TIMED["limit"] | {"roll": "yes"}}, "limit.roll"),
    ({"limit": TIMED["limit"] | {"colour": 1}}, "limit.colour"),
    ({"limit": TIMED["limit"] | {"entry": {"cut_off": "7"}}}, "limit.entry.cut_off"),
    ({"limit": {"attribute": ""}}, "limit.attribute"),
    ({"limit": {"attribute": 3}}, "limit.attribute"),
    ({"limit": {"attribute": "due", "sense": "at_least"}}, "limit.sense"),
    ({"limits": {}}, "limits"),
    ({"limits": [3]}, "limits[0]"),
    ({"limits": [{}]}, "limits[0].limit"),
    ({"limits": [{"limit": {"amount": "3", "unit": "x"}}]}, "limits[0].limit.unit"),
    ({"limits": [{"limit": TIMED["limit"], "colour": 1}]}, "limits[0].colour"),
    ({"limits": [{"limit": TIMED["limit"], "from": "May"}]}, "limits[0].from"),
    ({"limits": [{"limit": TIMED["limit"], "from": "20260501"}]}, "limits[0].from"),
    ({"limits": [{"limit": TIMED["limit"], "from": 2026}]}, "limits[0].from"),
    ({"limits": [{"limit": TIMED["limit"], "from": "2026-02-30"}]}, "limits[0].from"),
    (
        {
            "limits": [
                {"limit": TIMED["limit"], "from": "2026-02-01", "until": "2026-02-01"}
            ]
        },
        "limits[0].until",
    ),
    ({"limits": [{"limit": TIMED["limit"], "season": []}]}, "limits[0].season"),
    ({"limits": [{"limit": TIMED["limit"], "season": {}}]}, "limits[0].season.from"),
    (
        {
            "limits": [
                {"limit": TIMED["limit"], "season": {"from": "06-01", "until": "W05"}}
            ]
        },
        "limits[0].season.until",
    ),
    (
        {
            "limits": [
                {"limit": TIMED["limit"], "season": {"from": "06-01", "until": "06-01"}}
            ]
        },
        "limits[0].season",
    ),
    ({"limits": [{"limit": TIMED["limit"], "where": [{}]}]}, "limits[0].where[0]"),
    ({"extension": {"limit": TIMED["limit"]}}, "extension.types"),
    ({"extension": {"types": ["extended"]}}, "extension.limit"),
    (
        {"extension": {"types": ["x"], "limit": {"amount": "x", "unit": "months"}}},
        "extension.limit.amount",
    ),
    ({"pauses": {}}, "pauses"),
    ({"pauses": [{"from": 1}]}, "pauses[0].from"),
    ({"pauses": [{"until": ["x"]}]}, "pauses[0].from"),
    ({"pauses": [{"from": ["x"], "until": {}}]}, "pauses[0].until"),
    ({"pauses": [{"from": ["x"], "reason": "y"}]}, "pauses[0].reason"),
    ({"pauses": [{"from": ["x"], "at_most": {}}]}, "pauses[0].at_most.amount"),
    ({"reopened": {"types": []}}, "reopened.types"),
    ({"reopened": {"types": ["x"], "clock": "stops"}}, "reopened.clock"),
    ({"withdrawn": "gone"}, "withdrawn"),
    ({"void": 0}, "void"),
    ({"merged": [None]}, "merged"),
    ({"duplicate": {}}, "duplicate"),
    ({"where": {}}, "where"),
    ({"where": ["x"]}, "where[0]"),
    ({"where": [{}]}, "where[0]"),
    ({"where": [{"attribute": "a"}]}, "where[0]"),
    ({"where": [{"attribute": 0, "in": ["b"]}]}, "where[0].attribute"),
    ({"where": [{"attribute": "a", "in": []}]}, "where[0]"),
    ({"where": [{"attribute": "a", "in": "b"}]}, "where[0].in"),
    ({"where": [{"attribute": "a", "in": ["b"], "<": 3}]}, "where[0]"),
    ({"where": [{"attribute": "a", "<": 3, ">": 1}]}, "where[0]"),
    ({"where": [{"attribute": "a", "<": "few"}]}, "where[0].<"),
    ({"where": [{"attribute": "a", "<": None}]}, "where[0].<"),
    ({"where": [{"attribute": "a", "has": ["b"]}]}, "where[0]"),
    ({"where": [{"attribute": "a", "is": "b"}]}, "where[0].is"),
    ({"exclude": [{"has": []}]}, "exclude[0]"),
    ({"exclude": [{"has": ["a"], "in": ["b"]}]}, "exclude[0].in"),
    ({"exclude": [{"has": ["a"], "=": 1}]}, "exclude[0].="),
    ({"exclude": [{"value_of": ["a"]}]}, "exclude[0]"),
    ({"exclude": [{"value_of": ["a"], "in": ["b"]}]}, "exclude[0]"),
    ({"exclude": [{"has": ["a"], "reason": "x" * 81}]}, "exclude[0].reason"),
    ({"exclude": [{"has": ["a"], "reason": 3}]}, "exclude[0].reason"),
    ({"demand": 6000}, "demand"),
    ({"demand": {"at_most": 0}}, "demand.at_most"),
    ({"demand": {"at_most": 6000, "per": "year"}}, "demand.per"),
    ({"demand": {"at_most": 6000}}, "counted_in"),
    ({"counted_in": "seen"}, "counted_in"),
    ({"counted_in": None}, "counted_in"),
    ({"open_past_due": "pending"}, "open_past_due"),
    ({"missing_start": "kept"}, "missing_start"),
    ({"stop_before_start": "missed"}, "stop_before_start"),
    ({"minimum_sample": -1}, "minimum_sample"),
    ({"minimum_sample": True}, "minimum_sample"),
    ({"minimum_sample": 1.0}, "minimum_sample"),
    ({"grace_days": 36_526}, "grace_days"),
    ({"minimum_sample": 10**12 + 1}, "minimum_sample"),
    ({"as_percent": "yes"}, "as_percent"),
    ({"segment_by": ["site"]}, "segment_by"),
    ({"targets": {}}, "targets"),
    ({"targets": [{}]}, "targets[0].target"),
    ({"targets": [{"target": "1e400"}]}, "targets[0].target"),
    ({"targets": [{"target": "-1000000000001"}]}, "targets[0].target"),
    ({"targets": [{"target": "0.0000000000001"}]}, "targets[0].target"),
    ({"targets": [{"target": "90", "comparator": "~"}]}, "targets[0].comparator"),
    ({"targets": [{"target": "90", "segment": ""}]}, "targets[0].segment"),
    ({"targets": [{"target": "90", "on": "2026"}]}, "targets[0].on"),
    ({"targets": [{"target": "90"}, {"target": []}]}, "targets[1].target"),
]
FAULTY = [
    ("other", TIMED, "kind"),
    ("", TIMED, "kind"),
    *(("share_within_limit", without(key), key) for key in TIMED),
    *(("share_within_limit", TIMED | part, path) for part, path in FAULTY_OF_TIMED),
    ("two_tier_remainder", TIMED, "second_limit"),
    (
        "two_tier_remainder",
        TIMED | {"second_limit": TIMED["limit"] | {"sense": "at_least"}},
        "limit.sense",
    ),
    ("mean_duration", TIMED, "unit"),
    ("mean_duration", TIMED | {"unit": "moons"}, "unit"),
    ("mean_duration", TIMED | {"unit": None}, "unit"),
    ("percentile_duration", TIMED | {"unit": "open_hours"}, "percentile"),
    (
        "percentile_duration",
        TIMED | {"unit": "open_hours", "percentile": 101},
        "percentile",
    ),
    ("median_duration", TIMED | {"unit": "months", "method": "best"}, "method"),
    ("satisfaction_mean", {}, "value"),
    ("satisfaction_mean", {"value": {"types": ["a"]}}, "scale.min"),
    ("satisfaction_mean", SURVEY | {"scale": {"min": 0}}, "scale.max"),
    ("satisfaction_mean", SURVEY | {"scale": [0, 10]}, "scale"),
    ("satisfaction_mean", SURVEY | {"scale": {"min": 5, "max": 5}}, "scale.max"),
    (
        "satisfaction_mean",
        SURVEY | {"scale": {"min": 0, "max": 10, "step": 1}},
        "scale.step",
    ),
    ("satisfaction_mean", SURVEY | {"weight": 3}, "weight"),
    ("nps", SURVEY | {"scale": {"min": 1, "max": 5}}, "scale.max"),
    ("share_at_or_above", SURVEY, "at_least"),
    ("share_at_or_above", SURVEY | {"at_least": 8, "below": 5}, "at_least"),
    ("share_at_or_above", SURVEY | {"at_least": "NaN"}, "at_least"),
    ("share_at_or_above", SURVEY | {"at_least": "many"}, "at_least"),
    ("share_at_or_above", SURVEY | {"below": "Infinity"}, "below"),
    ("share", {"denominator": {"a": 1}}, "numerator"),
    ("ratio", {"numerator": {"a": 1}}, "denominator"),
    ("ratio", SHARES | {"numerator": {"a": 0.5}}, "numerator.a"),
    ("ratio", SHARES | {"numerator": {"a": 10**6 + 1}}, "numerator.a"),
    ("ratio", SHARES | {"numerator": {"a": -(10**6) - 1}}, "numerator.a"),
    ("ratio", SHARES | {"numerator": ["a"]}, "numerator"),
    ("count", {}, "numerator"),
    ("schedule_frequency", DONE, "plan"),
    ("schedule_frequency", DONE | {"plan": 3}, "plan"),
    ("schedule_frequency", DONE | {"plan": {"per": "week"}}, "plan.amount"),
    ("schedule_frequency", DONE | {"plan": {"amount": 3}}, "plan.per"),
    ("schedule_frequency", DONE | {"plan": {"amount": 3, "per": "moon"}}, "plan.per"),
    (
        "schedule_frequency",
        DONE | {"plan": {"types": ["planned"], "amount": 3}},
        "plan.amount",
    ),
    (
        "schedule_frequency",
        DONE | {"plan": {"types": ["planned"], "per": "week"}},
        "plan.per",
    ),
    ("schedule_frequency", {"plan": {"amount": 3, "per": "week"}}, "done"),
    ("milestone", DONE, "due"),
    ("milestone", DONE | {"due": {}}, "due.on"),
    ("milestone", DONE | {"due": {"on": "2026-13-01"}}, "due.on"),
    ("milestone", DONE | {"due": {"on": "31-03"}}, "due.on"),
    ("milestone", DONE | {"due": {"on": "W05"}}, "due.on"),
    ("milestone", DONE | {"due": {"on": "02-29"}}, "due"),
    ("milestone", DONE | {"due": {"on": "03-31", "from": "02-29"}}, "due"),
    ("milestone", DONE | {"due": {"on": "03-31", "from": "2026-01-01"}}, "due.from"),
    ("milestone", DONE | {"due": {"on": "2026-03-31", "from": "01-01"}}, "due.from"),
    ("milestone", {"due": {"on": "2026-03-31"}}, "done"),
    ("share_of_days", TIMED, "daily"),
    ("share_of_days", TIMED | {"daily": {}}, "daily.value"),
    ("share_of_days", TIMED | {"daily": {"value": 5}}, "unit"),
    ("share_of_days", TIMED | {"daily": {"value": 5, "of": "cost"}}, "daily.of"),
    ("share_of_days", {"daily": {"value": 5, "of": "value"}}, "value"),
    (
        "share_of_days",
        TIMED | {"unit": "elapsed_hours", "daily": {"value": 5, "aggregate": "mode"}},
        "daily.aggregate",
    ),
    (
        "share_of_days",
        TIMED | {"unit": "elapsed_hours", "daily": {"value": 5, "comparator": "=<"}},
        "daily.comparator",
    ),
    (
        "share_of_days",
        TIMED
        | {
            "unit": "elapsed_hours",
            "daily": {"value": 5},
            "demand": {"at_most": 9},
        },
        "counted_in",
    ),
    ("availability", TIMED, "unit"),
    ("availability", DOWN | {"unit": "working_days"}, "unit"),
    ("opening_hours", DOWN | {"unit": "months"}, "unit"),
    ("trend", {}, "of"),
    ("trend", {"of": []}, "of"),
    ("trend", {"of": {}}, "of.kind"),
    ("trend", {"of": {"kind": "ratio"}}, "of.numerator"),
    ("trend", {"of": {"kind": "trend", "of": {"kind": "count"}}}, "of.kind"),
    ("trend", {"of": {"kind": "ratio", **SHARES}, "against": "next"}, "against"),
    ("trend", {"of": {"kind": "ratio", **SHARES}, "as": "words"}, "as"),
]


@pytest.mark.parametrize(("kind", "definition", "path"), FAULTY)
def test_a_definition_that_cannot_be_measured_is_refused_by_path(
    kind, definition, path
):
    assert refused(kind, definition) == path


@pytest.mark.parametrize("definition", [None, [], "rule", 3, [["a"]], True])
def test_what_is_no_object_is_no_rule(definition):
    with pytest.raises(RuleError) as caught:
        Rule.from_definition("count", definition, comparator=None, target=None)
    assert caught.value.path == "rule"


def test_an_unknown_comparator_is_refused():
    assert refused("share_within_limit", TIMED, comparator="~") == "comparator"


def test_a_dated_target_needs_a_comparator_from_somewhere():
    dated = TIMED | {"targets": [{"target": "90"}]}
    path = refused("share_within_limit", dated, comparator=None, target=None)
    assert path == "targets[0].comparator"
    assert rule(definition=dated).targets[0].goal == Goal(">=", Decimal(90))


json_leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        [
            "opened",
            "2026-01-31",
            "02-29",
            "1e999999",
            "elapsed_hours",
            "first",
            "week",
            "\ud800",
            "-0",
            "",
        ]
    )
)
# Keys that the reader knows, so that the fuzz gets behind the first check.
known_keys = st.sampled_from(
    [
        *sorted(KEYS),
        *("types", "pick", "amount", "unit", "sense", "attribute", "in", "has"),
        *("value_of", "reason", "per", "at_most", "until", "from", "season", "on"),
        *("min", "max", "kind", "segment", "target", "comparator", "aggregate"),
        *COMPARATORS,
    ]
)
names = st.text(min_size=1, max_size=3)
any_json = st.recursive(
    json_leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(known_keys | names, inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=100)
@given(
    st.sampled_from([kind.value for kind in Kind]) | names,
    st.dictionaries(st.sampled_from(sorted(KEYS)), any_json, max_size=4) | any_json,
)
@example("count", {"numerator": {"\ud800": 1}})
@example("trend", {"of": {"kind": "trend", "of": {"kind": "trend"}}})
def test_any_json_gives_a_rule_or_says_where_it_is_at_fault(kind, definition):
    assert_read_or_refused(kind, definition)


@st.composite
def spoilt_definitions(draw):
    """Return a definition that can be measured, with one part of it exchanged."""
    kind, definition = draw(definitions())
    spoilt = json.loads(json.dumps(definition))
    inside = spoilt
    while True:
        keys = sorted(inside) if isinstance(inside, dict) else range(len(inside))
        at = draw(st.sampled_from(keys))
        deeper = inside[at]
        if not isinstance(deeper, dict | list) or not deeper or draw(st.booleans()):
            break
        inside = deeper
    inside[at] = draw(any_json)
    return kind, spoilt


@settings(max_examples=100)
@given(spoilt_definitions())
def test_a_rule_with_one_part_exchanged_is_read_or_refused_by_path(spoilt):
    assert_read_or_refused(*spoilt)


@settings(max_examples=100)
@given(definitions())
def test_rules_that_can_be_measured_are_read(made):
    kind, definition = made
    found = rule(kind, json.loads(json.dumps(definition)))
    assert found == rule(kind, definition)
    assert found.kind == kind
    assert_legible(found)


def assert_read_or_refused(kind, definition):
    found = read_or_fault(kind, definition)
    if isinstance(found, Rule):
        assert_legible(found)
        return
    first = found.path.split(".")[0].split("[")[0]
    written = definition if isinstance(definition, dict) else {}
    assert first in KEYS | {"kind", "rule"} or found.path in written
    assert found.fault


def read_or_fault(kind, definition) -> Rule | RuleError:
    try:
        return Rule.from_definition(
            kind, definition, comparator=">=", target=Decimal(95)
        )
    except RuleError as error:
        return error


def assert_legible(found: Rule) -> None:
    """Ask everything that other parts ask of a rule."""
    assert len(found.digest) == 64
    assert "*" not in found.event_types()
    assert "" not in found.attributes()
    assert found.needs_calendar in {True, False}
    hash(found.series)
    for period in ("2026-02", "2024", "2026-Q4"):
        goal, one = found.goal_for(parse_period(period), "north")
        assert one or goal is None


# What a rule says.


def test_a_rule_names_all_it_reads():
    found = rule(
        definition=TIMED
        | {
            "clock": {"types": ["complete"]},
            "limits": [
                {"where": [{"has": ["urgent"]}], "limit": {"attribute": "due"}},
                {
                    "where": [{"value_of": ["weighed"], ">": 3}],
                    "limit": TIMED["limit"],
                },
            ],
            "extension": {"types": ["extended"], "limit": TIMED["limit"]},
            "pauses": [{"from": ["asked"], "until": ["replied"]}],
            "reopened": {"types": ["reopened"]},
            "withdrawn": ["gone"],
            "void": ["void"],
            "merged": ["merged"],
            "duplicate": ["same"],
            "where": [{"attribute": "channel", "in": ["web"]}],
            "exclude": [{"attribute": "cause", "in": ["storm"]}],
            "segment_by": "site",
        }
    )
    assert found.event_types() == {
        *("opened", "closed", "complete", "urgent", "weighed", "extended", "asked"),
        *("replied", "reopened", "gone", "void", "merged", "same"),
    }
    assert found.attributes() == {"channel", "cause", "site", "due"}
    assert found.needs_calendar


def test_a_rule_of_things_done_names_what_was_planned():
    planned = rule("schedule_frequency", DONE | {"plan": {"types": ["planned"]}})
    assert planned.event_types() == {"cleaned", "planned"}
    trend = rule("trend", {"of": {"kind": "nps", **SURVEY, "weight": "share"}})
    assert trend.event_types() == {"answered"}
    assert trend.attributes() == {"share"}


def test_any_type_is_no_type_to_declare():
    assert rule(definition=TIMED | {"stop": {"types": ["*"]}}).event_types() == {
        "opened"
    }


@pytest.mark.parametrize(
    ("kind", "extra", "needs"),
    [
        ("share_within_limit", {}, True),
        (
            "share_within_limit",
            {"limit": {"amount": "2", "unit": "elapsed_hours"}},
            False,
        ),
        (
            "share_within_limit",
            {
                "limit": {
                    "amount": "2",
                    "unit": "elapsed_hours",
                    "entry": "next_opening",
                }
            },
            True,
        ),
        (
            "share_within_limit",
            {"limit": {"amount": "2", "unit": "calendar_days", "ends": "closing"}},
            True,
        ),
        ("share_within_limit", {"limit": {"attribute": "due"}}, False),
        (
            "share_within_limit",
            {
                "limit": {"attribute": "due"},
                "limits": [{"limit": {"amount": "1", "unit": "legal_hours"}}],
            },
            True,
        ),
        (
            "share_within_limit",
            {
                "limit": {"attribute": "due"},
                "pauses": [
                    {
                        "from": ["a"],
                        "until": ["b"],
                        "at_most": {"amount": "10", "unit": "working_days"},
                    }
                ],
            },
            True,
        ),
        (
            "share_within_limit",
            {
                "limit": {"attribute": "due"},
                "extension": {
                    "types": ["extended"],
                    "limit": {"amount": "5", "unit": "working_days"},
                },
            },
            True,
        ),
        ("mean_duration", {"limit": None, "unit": "open_hours"}, True),
        ("mean_duration", {"limit": None, "unit": "elapsed_days"}, False),
        ("availability", {"limit": None, "unit": "open_hours"}, True),
        ("availability", {"limit": None, "unit": "elapsed_hours"}, False),
        ("opening_hours", {"limit": None, "unit": "elapsed_hours"}, True),
        (
            "opening_hours",
            {"limit": None, "unit": "elapsed_hours", "as_percent": False},
            False,
        ),
        (
            "share_of_days",
            {"limit": None, "unit": "open_minutes", "daily": {"value": 5}},
            True,
        ),
        (
            "schedule_frequency",
            DONE | {"limit": None, "plan": {"amount": 1, "per": "day"}},
            False,
        ),
        (
            "schedule_frequency",
            DONE | {"limit": None, "plan": {"amount": 1, "per": "working_day"}},
            True,
        ),
        (
            "trend",
            {"of": {"kind": "mean_duration", **TIMED, "unit": "working_days"}},
            True,
        ),
        ("trend", {"of": {"kind": "ratio", **SHARES}}, False),
    ],
)
def test_only_working_time_needs_a_calendar(kind, extra, needs):
    assert rule(kind, TIMED | extra).needs_calendar is needs


def test_what_another_kind_reads_is_not_looked_at():
    """A rule keeps parts when its kind is changed: they must not change the reading."""
    found = rule(
        "satisfaction_mean",
        SURVEY
        | TIMED
        | DONE
        | {
            "daily": {"of": "duration", "value": "5"},
            "due": {"on": "2026-03-31"},
            "plan": {"types": ["planned"]},
        },
    )
    assert (found.daily, found.milestone, found.plan) == (None, None, None)
    assert not found.by_daily_duration


def test_the_digest_is_the_version_of_all_that_matters():
    same = rule(definition=dict(reversed(TIMED.items())))
    assert same.digest == rule().digest
    assert rule(target="96").digest != rule().digest
    assert rule(comparator=">").digest != rule().digest
    assert rule("every_case_within_limit").digest != rule().digest
    with_calendar = Rule.from_definition(
        "share_within_limit",
        TIMED,
        comparator=">=",
        target=Decimal(95),
        calendar_digest="another",
    )
    assert with_calendar.digest != rule().digest


def test_numbers_go_up_to_their_bounds():
    assert rule("ratio", SHARES | {"numerator": {"a": 10**6}}).numerator == {"a": 10**6}
    found = rule(definition=TIMED | {"grace_days": 36_525, "minimum_sample": 10**12})
    assert (found.grace_days, found.minimum_sample) == (36_525, 10**12)
    exact = TIMED | {"targets": [{"target": "1000000000000"}, {"target": "1e-12"}]}
    goals = [item.goal.target for item in rule(definition=exact).targets]
    assert goals == [Decimal(10**12), Decimal("1e-12")]


def test_a_carried_limit_is_no_term():
    found = rule(definition=TIMED | {"limit": {"attribute": "due"}})
    assert (found.limit.term, found.limit.attribute) == (None, "due")


def test_a_scale_includes_its_bounds():
    found = rule("satisfaction_mean", SURVEY)
    assert [found.on_scale(Decimal(score)) for score in (-1, 0, 10, 11)] == [
        False,
        True,
        True,
        False,
    ]
    assert found.duration_unit is Unit.ELAPSED_DAYS


@pytest.mark.parametrize(
    ("kind", "definition", "same"),
    [
        ("every_case_within_limit", TIMED, True),
        ("two_tier_remainder", TIMED | {"second_limit": TIMED["limit"]}, True),
        ("share_within_limit", TIMED | {"limit": {"attribute": "due"}}, True),
        ("mean_duration", TIMED | {"unit": "open_hours"}, False),
        ("nps", SURVEY, False),
        ("count", {"numerator": {"a": 1}}, False),
        ("trend", {"of": {"kind": "share_within_limit", **TIMED}}, False),
    ],
)
def test_only_like_figures_stand_in_one_series(kind, definition, same):
    assert (rule(kind, definition).series == rule().series) is same


def test_scales_and_units_cut_a_series():
    ten = rule("satisfaction_mean", SURVEY)
    five = rule("satisfaction_mean", SURVEY | {"scale": {"min": "1", "max": "5"}})
    assert ten.series != five.series
    assert rule("nps", SURVEY).series == ten.series
    hours = rule("mean_duration", TIMED | {"unit": "open_hours"})
    days = rule("median_duration", TIMED | {"unit": "working_days"})
    assert hours.series != days.series
    percent = rule("trend", {"of": {"kind": "ratio", **SHARES}, "as": "percent"})
    assert percent.series != rule("trend", {"of": {"kind": "ratio", **SHARES}}).series


# What a figure is compared with.


def goal(targets, period, segment="", **options):
    found = rule(definition=TIMED | {"targets": targets}, **options)
    holding, one = found.goal_for(parse_period(period), segment)
    return (None if holding is None else str(holding.target)), one


OF_YEARS = [
    {"from": "2025-01-01", "until": "2026-01-01", "target": "80"},
    {"from": "2026-01-01", "until": "2027-01-01", "target": "90", "comparator": ">"},
]


@pytest.mark.parametrize(
    ("period", "target"),
    [("2024", "95"), ("2025", "80"), ("2025-12", "80"), ("2026-Q1", "90")],
)
def test_each_year_has_its_target(period, target):
    assert goal(OF_YEARS, period) == (target, True)


def test_a_dated_target_may_turn_the_comparison():
    found = rule(definition=TIMED | {"targets": OF_YEARS})
    assert found.goal_for(parse_period("2026"))[0] == Goal(">", Decimal(90))


SUMMER = [{"season": {"from": "07-01", "until": "11-01"}, "target": "70"}]
WINTER = [{"season": {"from": "12-01", "until": "02-29"}, "target": "70"}]


@pytest.mark.parametrize(
    ("targets", "period", "expected"),
    [
        (SUMMER, "2026-06", ("95", True)),
        (SUMMER, "2026-07", ("70", True)),
        (SUMMER, "2026-10", ("70", True)),
        (SUMMER, "2026-11", ("95", True)),
        (SUMMER, "2026-Q3", ("70", True)),
        (SUMMER, "2026-Q4", (None, False)),
        (SUMMER, "2026", (None, False)),
        (WINTER, "2025-12", ("70", True)),
        (WINTER, "2026-01", ("70", True)),
        (WINTER, "2026-02", ("70", True)),  # 29 February does not come: until 1 March
        (WINTER, "2028-02", (None, False)),
        (WINTER, "2026-03", ("95", True)),
    ],
)
def test_a_period_with_two_targets_has_none(targets, period, expected):
    assert goal(targets, period) == expected


def test_two_spans_with_one_target_are_one_target():
    same = [
        {"until": "2026-02-15", "target": "90"},
        {"from": "2026-02-15", "target": "90.0"},
    ]
    assert goal(same, "2026-02") == ("90", True)


def test_a_sites_target_comes_before_that_of_all():
    sites = [
        {"target": "80"},
        {"segment": "north", "target": "70"},
        {"segment": "north", "from": "2026-01-01", "target": "75"},
    ]
    assert goal(sites, "2026-01", "north") == ("70", True)
    assert goal(sites, "2026-01", "south") == ("80", True)
    assert goal(sites, "2026-01") == ("80", True)


def test_the_first_target_that_holds_is_taken():
    first = [
        {"season": {"from": "07-01", "until": "08-01"}, "target": "60"},
        {"from": "2026-01-01", "target": "90"},
    ]
    assert goal(first, "2026-07") == ("60", True)
    assert goal(first, "2026-08") == ("90", True)


def test_outside_its_days_a_target_leaves_nothing():
    dated = [{"from": "2026-01-01", "target": "90"}]
    assert goal(dated, "2025", target=None) == (None, True)
    assert goal(dated, "2026", target=None) == ("90", True)


seasons = st.fixed_dictionaries(
    {
        "from": st.dates(date(2024, 1, 1), date(2024, 12, 31)).map(
            lambda day: f"{day:%m-%d}"
        ),
        "until": st.dates(date(2024, 1, 1), date(2024, 12, 31)).map(
            lambda day: f"{day:%m-%d}"
        ),
    }
).filter(lambda season: season["from"] != season["until"])


@st.composite
def dated_targets(draw):
    found = []
    for target in draw(st.lists(st.integers(90, 92), max_size=3)):
        one = {"target": str(target)}
        if draw(st.booleans()):
            one["season"] = draw(seasons)
        start, end = sorted(
            draw(
                st.lists(
                    st.dates(date(2025, 1, 1), date(2027, 12, 31)),
                    min_size=2,
                    max_size=2,
                    unique=True,
                )
            )
        )
        if draw(st.booleans()):
            one |= {"from": start.isoformat()}
        if draw(st.booleans()):
            one |= {"until": end.isoformat()}
        if draw(st.booleans()):
            one |= {"segment": draw(st.sampled_from(["north", "south"]))}
        found.append(one)
    return found


periods = st.builds(
    lambda year, month, kind: parse_period(f"{year}{kind(month)}"),
    st.integers(2025, 2027),
    st.integers(1, 12),
    st.sampled_from(
        [
            lambda month: f"-{month:02}",
            lambda month: f"-Q{(month + 2) // 3}",
            lambda _month: "",
        ]
    ),
)


def days_of(period: Period) -> list[date]:
    first, last = period.start.toordinal(), period.end.toordinal()
    return [date.fromordinal(day) for day in range(first, last)]


def target_on(targets, day: date, segment: str) -> Decimal:
    """Look a day's target up, naively."""

    def holds(one) -> bool:
        inside = one.get("from", "0") <= day.isoformat() < one.get("until", "9")
        season, place = one.get("season"), f"{day:%m-%d}"
        if season is None or not inside:
            return inside
        start, end = season["from"], season["until"]
        if start < end:
            return start <= place < end
        return not end <= place < start

    for wanted in (segment, None):
        for one in targets:
            if one.get("segment") == wanted and holds(one):
                return Decimal(one["target"])
    return Decimal(95)


@settings(max_examples=60)
@given(dated_targets(), periods, st.sampled_from(["", "north"]))
def test_a_period_has_the_target_that_all_its_days_have(targets, period, segment):
    """The engine looks at the edges only; here every day is looked at."""
    wanted = {target_on(targets, day, segment) for day in days_of(period)}
    found, one = rule(definition=TIMED | {"targets": targets}).goal_for(period, segment)
    assert one is (len(wanted) == 1)
    assert (found.target if found else None) == (wanted.pop() if one else None)


def test_every_key_is_read_by_some_kind():
    """A key in the list that nothing reads would be accepted and ignored."""
    read: set[str] = set()

    class Spy(dict):
        def get(self, key, default=None):
            read.add(key)
            return super().get(key, default)

    for kind in Kind:
        bases = {**TIMED, **SURVEY, **DONE, **SHARES, "unit": "elapsed_hours"}
        more = {
            "second_limit": TIMED["limit"],
            "percentile": 90,
            "at_least": 8,
            "plan": {"amount": 1, "per": "day"},
            "due": {"on": "03-31"},
            "daily": {"value": 5},
            "of": {"kind": "count", "numerator": {"a": 1}},
        }
        rule(kind.value, Spy(bases | more))
    assert read == KEYS
    assert {item.name for item in fields(Rule)} >= {"kind", "digest"}

from decimal import Decimal

import pytest

from engine.rules import Rule, RuleError
from engine.worktime import Unit

TIMED = {
    "start": {"types": ["opened"]},
    "stop": {"types": ["closed"]},
    "limit": {"amount": "10", "unit": "working_days"},
}
SURVEY = {"value": {"types": ["answered"]}, "scale": {"min": "0", "max": "10"}}


def rule(kind="share_within_limit", definition=None, comparator=">=", target="95"):
    return Rule.from_definition(
        kind,
        TIMED if definition is None else definition,
        comparator=comparator,
        target=None if target is None else Decimal(target),
    )


def without(key):
    return {name: value for name, value in TIMED.items() if name != key}


@pytest.mark.parametrize(
    ("kind", "definition", "path"),
    [
        ("other", TIMED, "kind"),
        ("share_within_limit", without("start"), "start"),
        ("share_within_limit", without("stop"), "stop"),
        ("share_within_limit", without("limit"), "limit"),
        ("share_within_limit", TIMED | {"start": []}, "start"),
        ("share_within_limit", TIMED | {"start": {"types": []}}, "start.types"),
        ("share_within_limit", TIMED | {"start": {"types": "x"}}, "start.types"),
        (
            "share_within_limit",
            TIMED | {"stop": {"types": ["x"], "pick": "any"}},
            "stop.pick",
        ),
        ("share_within_limit", TIMED | {"limit": 3}, "limit"),
        (
            "share_within_limit",
            TIMED | {"limit": {"amount": "3", "unit": "moons"}},
            "limit",
        ),
        ("share_within_limit", TIMED | {"colour": 1}, "colour"),
        ("share_within_limit", TIMED | {"counted_in": "seen"}, "counted_in"),
        ("share_within_limit", TIMED | {"minimum_sample": -1}, "minimum_sample"),
        ("share_within_limit", TIMED | {"minimum_sample": True}, "minimum_sample"),
        ("share_within_limit", TIMED | {"where": {}}, "where"),
        ("share_within_limit", TIMED | {"where": ["x"]}, "where[0]"),
        ("share_within_limit", TIMED | {"pauses": [{"from": 1}]}, "pauses[0].from"),
        ("mean_duration", TIMED, "unit"),
        ("mean_duration", TIMED | {"unit": "moons"}, "unit"),
        ("percentile_duration", TIMED | {"unit": "open_hours"}, "percentile"),
        ("satisfaction_mean", {}, "value"),
        ("satisfaction_mean", {"value": {"types": ["a"]}}, "scale.min"),
        ("share_at_or_above", SURVEY, "at_least"),
        ("share_at_or_above", SURVEY | {"at_least": "NaN"}, "at_least"),
        ("share_at_or_above", SURVEY | {"at_least": "many"}, "at_least"),
        ("ratio", {"numerator": {"a": 1}}, "denominator"),
        ("ratio", {"numerator": {"a": 0.5}, "denominator": {"a": 1}}, "numerator.a"),
        ("ratio", {"numerator": ["a"], "denominator": {"a": 1}}, "numerator"),
        ("count", {}, "numerator"),
    ],
)
def test_a_definition_that_cannot_be_measured_is_refused_by_path(
    kind, definition, path
):
    with pytest.raises(RuleError) as refused:
        rule(kind, definition)
    assert refused.value.path == path


def test_an_unknown_comparator_is_refused():
    with pytest.raises(RuleError) as refused:
        rule(comparator="~")
    assert refused.value.path == "comparator"


def test_a_rule_names_all_it_reads():
    found = rule(
        definition=TIMED
        | {
            "pauses": [{"from": ["asked"], "until": ["replied"]}],
            "withdrawn": ["gone"],
            "where": [{"attribute": "channel", "in": ["web"]}],
            "exclude": [{"attribute": "cause", "in": ["storm"]}],
            "segment_by": "site",
        }
    )
    assert found.event_types() == {"opened", "closed", "asked", "replied", "gone"}
    assert found.attributes() == {"channel", "cause", "site"}
    assert found.needs_calendar


@pytest.mark.parametrize(
    ("kind", "extra", "needs"),
    [
        ("share_within_limit", {}, True),
        (
            "share_within_limit",
            {"limit": {"amount": "2", "unit": "elapsed_hours"}},
            False,
        ),
        ("share_within_limit", {"limit": {"attribute": "due"}}, False),
        ("mean_duration", {"limit": None, "unit": "open_hours"}, True),
        ("mean_duration", {"limit": None, "unit": "elapsed_days"}, False),
    ],
)
def test_only_working_time_needs_a_calendar(kind, extra, needs):
    assert rule(kind, TIMED | extra).needs_calendar is needs


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
        ("share_within_limit", TIMED | {"limit": {"attribute": "due"}}, True),
        ("mean_duration", TIMED | {"unit": "open_hours"}, False),
        ("nps", SURVEY, False),
        ("count", {"numerator": {"a": 1}}, False),
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

"""The form of an indicator: fields that stand for places in the definition."""

import json

import pytest
from django.http import QueryDict
from django.utils import translation

from engine.measures import Kind
from engine.rules import KEYS, Rule
from indicators.enums import IndicatorKind
from indicators.forms.friendly import FIELD_OF_PATH, FRIENDLY
from indicators.forms.indicators import IndicatorForm
from indicators.forms.kinds import HELP, NEEDS

TIMES = {"start": {"types": ["opened"]}, "stop": {"types": ["closed"]}}
LIMIT = {"limit": {"amount": "10", "unit": "working_days"}}
SCORES = {"value": {"types": ["scored"]}, "scale": {"min": "0", "max": "10"}}
DEFINITIONS = {
    Kind.SHARE_WITHIN_LIMIT: {
        **TIMES,
        "limit": {"amount": "10", "unit": "working_days", "sense": "at_least"},
        "clock": {"types": ["complete"]},
        "withdrawn": ["withdrawn"],
        "void": ["voided"],
        "merged": ["joined"],
        "duplicate": ["doubled"],
        "reopened": {"types": ["reopened"], "clock": "paused"},
        "pauses": [{"from": ["paused"], "until": ["resumed"]}],
        "targets": [{"segment": "web", "target": "80", "comparator": ">="}],
        "segment_by": "channel",
    },
    Kind.EVERY_CASE_WITHIN_LIMIT: {
        **TIMES,
        **LIMIT,
        "counted_in": "opened",
        "demand": {"at_most": 6000, "per": "day"},
    },
    Kind.TWO_TIER_REMAINDER: {
        **TIMES,
        **LIMIT,
        "second_limit": {"amount": "20", "unit": "working_days"},
    },
    Kind.MEAN_DURATION: {**TIMES, "unit": "open_minutes"},
    Kind.MEDIAN_DURATION: {**TIMES, "unit": "open_hours"},
    Kind.PERCENTILE_DURATION: {**TIMES, "unit": "working_days", "percentile": "90"},
    Kind.SATISFACTION_MEAN: {**SCORES, "weight": "people"},
    Kind.SHARE_AT_OR_ABOVE: {**SCORES, "below": "5"},
    Kind.NPS: SCORES,
    Kind.SHARE: {"numerator": {"phone": 1, "web": 1}, "denominator": {"all": 1}},
    Kind.RATIO: {
        "numerator": {"lost": 2},
        "denominator": {"all": 1},
        "as_percent": False,
    },
    Kind.COUNT: {"numerator": {"held": 1}},
    Kind.SCHEDULE_FREQUENCY: {
        "done": {"types": ["cleaned"]},
        "plan": {"amount": 3, "per": "week"},
    },
    Kind.MILESTONE: {
        "done": {"types": ["published"]},
        "due": {"on": "03-31", "from": "01-01"},
    },
    Kind.SHARE_OF_DAYS: {
        **TIMES,
        "unit": "elapsed_minutes",
        "daily": {
            "of": "duration",
            "aggregate": "maximum",
            "comparator": "<=",
            "value": "5",
        },
    },
    Kind.AVAILABILITY: {**TIMES, "unit": "elapsed_hours"},
    Kind.OPENING_HOURS: {**TIMES, "unit": "open_hours", "as_percent": True},
    Kind.TREND: {
        "of": {"kind": "count", "numerator": {"held": 1}},
        "against": "year_before",
        "as": "percent",
    },
}


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


def form(data=None, kind="share_within_limit", definition=None):
    return IndicatorForm(
        data,
        stored={
            "code": "IND-1",
            "name": {"ca": "Nom"},
            "kind": kind,
            "definition": definition or {},
        },
        streams=[],
        calendars=[],
        revision=0,
        language="ca",
        source="ca",
    )


def sent(kind, definition, /, **typed):
    """What a browser would send back, with some of it typed anew."""
    data = QueryDict(mutable=True)
    shown = form(kind=kind, definition=definition)
    for bound in shown:
        value = bound.value()
        field = shown.fields[bound.name]
        data[bound.name] = "" if value is None else str(field.prepare_value(value))
    data.update(typed)
    return form(data, kind, definition)


def prominent(made):
    return {str(group.title) for group in made.groups() if group.prominent}


def test_there_is_an_example_of_every_kind():
    assert set(DEFINITIONS) == set(Kind)
    for kind, definition in DEFINITIONS.items():
        Rule.from_definition(kind, definition, comparator=None, target=None)


@pytest.mark.parametrize("kind", Kind)
def test_what_is_not_touched_is_kept_as_it_is(kind):
    definition = DEFINITIONS[kind]
    made = sent(kind, definition)
    assert made.is_valid(), made.errors
    assert made.values()["definition"] == definition


@pytest.mark.parametrize("kind", Kind)
def test_fields_say_what_the_definition_says(kind):
    definition = DEFINITIONS[kind]
    shown = form(kind=kind, definition=definition)
    places = {name for name in FRIENDLY if shown[name].value() not in (None, "")}
    assert places
    # As of a kind that cannot be computed: nobody misses what is taken out.
    emptied = sent(kind, definition, **dict.fromkeys(places, ""), kind="other")
    assert emptied.is_valid(), emptied.errors
    left = emptied.cleaned_data["definition"]
    # What stands in no field stays: the JSON alone can say it.
    alone = {"pauses", "targets", "of"} | ({"numerator"} if kind == "ratio" else set())
    assert set(left) <= alone


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ({"clock_types": "complete, sent"}, {"clock": {"types": ["complete", "sent"]}}),
        ({"second_limit_amount": "20"}, {"second_limit": {"amount": "20"}}),
        ({"numerator_types": "a, b"}, {"numerator": {"a": 1, "b": 1}}),
        ({"as_percent": "no"}, {"as_percent": False}),
        ({"plan_amount": "3", "plan_per": "week"}, {"plan": {"amount": 3, "per": "week"}}),
        ({"due_on": "06-30"}, {"due": {"on": "06-30"}}),
        ({"daily_value": "5"}, {"daily": {"value": "5"}}),
        ({"void_types": "voided"}, {"void": ["voided"]}),
        ({"demand_at_most": "6000"}, {"demand": {"at_most": 6000}}),
        ({"trend_as": "percent"}, {"as": "percent"}),
    ],
)  # fmt: skip
def test_what_is_typed_is_written_into_the_definition(typed, written):
    # Of a kind that cannot be computed, so that only the writing is tried.
    made = sent("other", {}, **typed)
    assert made.is_valid(), made.errors
    assert made.values()["definition"] == written


@pytest.mark.parametrize(
    ("kind", "definition", "typed", "field"),
    [
        ("two_tier_remainder", TIMES | LIMIT, {"below": "1"}, "second_limit_amount"),
        ("schedule_frequency", {}, {"done_types": "cleaned"}, "plan_amount"),
        ("milestone", {}, {"due_on": "03-31"}, "done_types"),
        ("milestone", {}, {"done_types": "x", "due_on": "31-03"}, "due_on"),
        ("share_of_days", TIMES, {"duration_unit": "open_hours"}, "daily_value"),
        ("share", {}, {"numerator_types": "a"}, "denominator_types"),
        ("share_at_or_above", SCORES, {"at_least": "8", "below": "5"}, "at_least"),
        ("availability", TIMES, {"void_types": "x"}, "duration_unit"),
        ("trend", {}, {"trend_as": "percent"}, "definition"),
    ],
)
def test_fault_stands_at_the_field_that_mends_it(kind, definition, typed, field):
    made = sent(kind, definition, **typed)
    assert not made.is_valid()
    assert set(made.errors) == {field}
    faulty = next(
        group for group in made.groups() if field in {r.field.name for r in group.rows}
    )
    assert faulty.prominent


def test_every_fault_the_engine_names_has_its_field():
    nowhere = {"pauses", "where", "exclude", "limits", "extension", "targets", "method"}
    nowhere |= {"missing_start", "stop_before_start", "open_past_due", "of"}
    assert {path.split(".")[0] for path in FIELD_OF_PATH} == KEYS - nowhere


def test_every_kind_has_its_help_and_what_it_needs():
    assert set(HELP) == set(NEEDS) == set(IndicatorKind.values)
    keys = {name for name, _title, _fields in IndicatorForm.GROUPS}
    assert frozenset().union(*NEEDS.values()) <= keys
    assert len(list(form().kinds())) == len(IndicatorKind)


def test_every_field_stands_in_one_group():
    grouped = [name for _key, _title, names in IndicatorForm.GROUPS for name in names]
    assert sorted(grouped) == sorted(set(IndicatorForm.base_fields) - {"revision"})


def test_only_what_a_kind_needs_is_prominent():
    always = {"What it is", "Target", "Where the data come from"}
    assert prominent(form(kind="milestone")) == always | {
        "What is done",
        "By when it is done",
    }
    assert prominent(form(kind="nps")) == always | {"Scores of a survey"}
    assert prominent(form()) == always | {"From when to when", "Limit"}


def test_what_says_something_is_not_folded():
    made = form(kind="nps", definition=SCORES | {"withdrawn": ["gone"]})
    assert "Cases that are left out or opened again" in prominent(made)


def test_json_that_is_no_definition_is_not_read_into_fields():
    shown = form(kind="share", definition={"numerator": ["a"], "plan": 3})
    assert shown["numerator_types"].value() is None
    assert json.loads(shown["definition"].value() and "{}") == {}

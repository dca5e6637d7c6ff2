"""Layers put into a definition, and taken out of it."""

from datetime import date

from hypothesis import given, strategies as st

from engine.worktime import Level
from indicators.services.layers import (
    ORDER,
    Layer,
    layer_of,
    layers_of,
    take_in,
    with_layers,
)

DAYS = st.dates(date(2026, 1, 1), date(2026, 2, 1)).map(date.isoformat)
LAYERS = st.builds(
    Layer,
    level=st.sampled_from(list(Level)),
    code=st.sampled_from(["", "A", "B"]),
    name=st.text("abc", max_size=3),
    source=st.text("abc", max_size=3),
    holidays=st.dictionaries(DAYS, st.text("abc", max_size=3), max_size=4),
    working=st.frozensets(DAYS, max_size=4),
)
CHRISTMAS, JOAN = "*-12-25", "2026-06-24"


@given(LAYERS)
def test_a_layer_is_read_as_it_was_written(layer):
    definition = take_in({"zone": "UTC"}, layer)
    assert layers_of(definition) == [layer]
    assert definition["zone"] == "UTC"


@given(st.lists(LAYERS, max_size=5), LAYERS)
def test_taking_in_loses_no_day_of_any_layer(layers, more):
    before = with_layers({}, layers)
    after = take_in(before, more)
    levels = [layer.level for layer in layers_of(after)]
    assert levels == sorted(levels, key=lambda level: ORDER[level])
    for old, new in zip(
        [layer for layer in layers_of(before) if layer.key != more.key],
        [layer for layer in layers_of(after) if layer.key != more.key],
        strict=True,
    ):
        assert old == new
    taken = layer_of(after, *more.key)
    assert set(more.holidays) <= set(taken.holidays)
    assert more.working <= taken.working | set(more.holidays)
    kept = set(layer_of(before, *more.key).holidays) - more.working
    assert kept <= set(taken.holidays)


def test_the_newer_name_of_a_day_wins_and_empty_texts_do_not():
    old = Layer(Level.REGION, "ES-CT", "Catalunya", "DOGC", {JOAN: "St. John"})
    new = Layer(Level.REGION, "ES-CT", "", "", {JOAN: "Sant Joan"})
    both = old.joined(new)
    assert (both.name, both.source) == ("Catalunya", "DOGC")
    assert both.holidays == {JOAN: "Sant Joan"}


def test_a_day_is_a_holiday_of_a_layer_or_a_working_day_not_both():
    old = Layer(Level.REGION, "X", holidays={JOAN: ""}, working=frozenset({CHRISTMAS}))
    new = Layer(Level.REGION, "X", holidays={CHRISTMAS: ""}, working=frozenset({JOAN}))
    both = old.joined(new)
    assert (set(both.holidays), both.working) == ({CHRISTMAS}, {JOAN})


def test_without_layers_a_definition_stays_as_it_was():
    plain = {"zone": "UTC", "holidays": {"2026-12-25": "Nadal"}}
    assert with_layers(plain, []) == plain
    assert layers_of(plain) == []
    assert layer_of(plain, Level.STATE, "ES") == Layer(Level.STATE, "ES")

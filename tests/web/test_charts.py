"""Charts: whole, named, escaped, the same every time, for any series."""

from decimal import Decimal
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from django.utils import translation
from hypothesis import given, strategies as st

from web.charts import Point, sparkline, trend_chart


@pytest.fixture(autouse=True, scope="module")
def _english():
    with translation.override("en"):
        yield


SVG = "{http://www.w3.org/2000/svg}"
NASTY = "<script>alert(\"x\")</script> & 'co'"


def percent(value):
    return f"{value.normalize():f} %"


def point(label="Mar 26", value="95", status="met", n=120, declared=False):
    return Point(
        label=label,
        long_label=f"whole {label}",
        value=None if value is None else Decimal(value),
        status=status,
        n=n,
        declared=declared,
    )


def draw(points, **changes):
    arguments = {
        "chart_id": "c1",
        "target": Decimal(95),
        "title": "Loans in time",
        "description": "Rose from 91 to 97 per cent.",
        "y_label": "% of loans",
        "lower_is_better": False,
        "number_format": percent,
        "ceiling": Decimal(100),
    } | changes
    return ET.fromstring(trend_chart(points, **arguments))


def spark(points, **changes):
    arguments = {"chart_id": "s1", "target": Decimal(95), "title": "Loans"} | changes
    return ET.fromstring(sparkline(points, **arguments))


def svg_of(root):
    return root.find(f"{SVG}svg")


def with_class(root, name):
    return [e for e in root.iter() if name in (e.get("class") or "").split()]


def tooltips(root):
    named = [e for e in root.iter(f"{SVG}title") if e.get("id") is None]
    return [e.text for e in named]


def plot(root, name):
    """Elements of a class in the plot, without those of the key."""
    return with_class(svg_of(root), name)


def test_chart_is_one_image_with_a_name_and_a_description():
    svg = svg_of(draw([point()]))
    ids = {e.get("id"): e.text for e in svg.iter() if e.get("id")}
    assert svg.get("role") == "img"
    assert ids[svg.get("aria-labelledby")] == "Loans in time"
    assert ids[svg.get("aria-describedby")] == "Rose from 91 to 97 per cent."


def test_chart_ids_come_from_the_caller_so_that_two_charts_never_share_one():
    first, second = draw([point()]), draw([point()], chart_id="c2")
    ids = [e.get("id") for root in (first, second) for e in root.iter() if e.get("id")]
    assert sorted(ids) == ["c1-desc", "c1-title", "c2-desc", "c2-title"]


@pytest.mark.parametrize("chart_id", ["", "1a", "a b", 'a"', "a\n"])
def test_chart_refuses_what_cannot_be_an_id(chart_id):
    with pytest.raises(ValueError, match="Not an id"):
        draw([point()], chart_id=chart_id)
    with pytest.raises(ValueError, match="Not an id"):
        spark([point()], chart_id=chart_id)


def test_chart_escapes_every_word():
    root = draw(
        [point(label=NASTY), point(label=NASTY, value=None)],
        title=NASTY,
        description=NASTY,
        y_label=NASTY,
        number_format=lambda value: f"{value}{NASTY}",
    )
    assert not list(root.iter("script"))
    assert not list(root.iter(f"{SVG}script"))
    assert root.find("p").text == NASTY
    assert any(NASTY in text for text in tooltips(root))


def test_chart_escapes_a_status_it_does_not_know():
    root = draw([point(status=NASTY)])
    assert len(plot(root, "chart-open")) == 1


def test_chart_has_no_inline_style_and_no_script():
    for root in (draw([point(), point()]), spark([point(), point()])):
        for element in root.iter():
            assert element.get("style") is None
            assert not [name for name in element.attrib if name.startswith("on")]


def test_chart_is_the_same_every_time():
    points = [point(value="94.961"), point(value="96.04"), point(value=None)]
    assert ET.tostring(draw(points)) == ET.tostring(draw(points))


def test_every_point_says_period_figure_cases_and_status():
    root = draw([point("Jan", "94.96", "unmet", 1012), point("Feb", "97", "met", 8)])
    assert [text.replace(",", "") for text in tooltips(root)] == [
        "whole Jan: 94.96 % cases: 1012 target not met",
        "whole Feb: 97 % cases: 8 target met",
    ]


def test_status_is_told_by_shape():
    root = draw(
        [point(status="met"), point(status="unmet"), point(status="too_few_cases")]
    )
    (met,), (unmet,), (undecided,) = (
        plot(root, name) for name in ("chart-met", "chart-unmet", "chart-open")
    )
    assert met.tag == f"{SVG}circle"
    assert unmet.tag == f"{SVG}path"
    assert undecided.tag == f"{SVG}circle"


def test_target_is_a_line_with_its_value_on_the_axis():
    root = draw([point(value="90"), point(value="99")])
    (line,) = plot(root, "chart-target")
    (label,) = plot(root, "chart-tick-target")
    assert line.get("y1") == line.get("y2")
    assert label.text == "95 %"
    assert abs(float(label.get("y")) - float(line.get("y1"))) <= 5


def test_target_keeps_its_place_among_round_numbers():
    root = draw([point(value="90"), point(value="99")])
    (label,) = plot(root, "chart-tick-target")
    rows = [float(tick.get("y")) for tick in plot(root, "chart-tick")]
    assert min(abs(row - float(label.get("y"))) for row in rows) >= 20


def test_target_that_changes_is_stairs_with_each_value_on_the_axis():
    points = [point(f"M{i}") for i in range(4)]
    targets = [Decimal(95), Decimal(95), Decimal(80), None]
    root = draw(points, targets=targets)
    lines = [
        (item.get("x1"), item.get("x2"))
        for item in svg_of(root).findall(f"{SVG}line")
        if item.get("class") == "chart-target"
    ]
    assert lines == [("0", "50%"), ("50%", "75%")]
    labels = [
        item.text
        for item in svg_of(root).findall(f"{SVG}text")
        if item.get("class") == "chart-tick-target"
    ]
    assert labels == ["95 %", "80 %"]
    assert "target: at least 95 % · 80 %" in "".join(root.itertext())


def test_target_that_never_changes_is_one_line():
    points = [point(f"M{i}") for i in range(3)]
    one = draw(points, targets=[Decimal(95)] * 3)
    assert ET.tostring(one) == ET.tostring(draw(points))


def test_targets_too_near_each_other_share_a_label():
    points = [point("M1", value="0"), point("M2")]
    root = draw(points, targets=[Decimal(95), Decimal(96)])
    labels = [
        item.text
        for item in svg_of(root).findall(f"{SVG}text")
        if item.get("class") == "chart-tick-target"
    ]
    assert labels == ["95 %"]


def test_point_says_what_it_is_counted_over():
    made = Point("M1", "March", Decimal(90), "met", 30, counted="30 days")
    assert "March: 90 %, 30 days, target met" in "".join(draw([made]).itertext())


@pytest.mark.parametrize(
    ("lower_is_better", "words"),
    [(False, "target: at least 95 %"), (True, "target: at most 95 %")],
)
def test_key_says_the_direction_of_the_target(lower_is_better, words):
    root = draw([point()], lower_is_better=lower_is_better)
    (key,) = with_class(root, "chart-key")
    assert [item[0].tail for item in key] == [words, "target met"]


def test_key_explains_only_what_is_drawn():
    root = draw(
        [point(status="suspended"), point(status="no_cases"), point(value=None)],
        target=None,
    )
    (key,) = with_class(root, "chart-key")
    assert [item[0].tail for item in key] == ["not judged", "no figure"]
    assert not plot(root, "chart-target")


def test_higher_values_stand_higher():
    root = draw([point(value="90"), point(value="99")])
    low, high = (float(e.get("y")) for e in svg_of(root).findall(f"{SVG}svg"))
    assert high < low


def test_a_missing_value_breaks_the_line_and_leaves_a_column():
    values = ["91", "92", None, "93", "94", "95"]
    root = draw([point(value=value) for value in values])
    assert len(plot(root, "chart-line")) == 3
    (gap,) = plot(root, "chart-gap")
    assert gap.get("x") == "33.33%"
    assert "whole Mar 26: no figure" in tooltips(root)


def test_a_point_alone_has_a_mark_and_no_line():
    root = draw([point()])
    assert [e.get("x") for e in svg_of(root).findall(f"{SVG}svg")] == ["50%"]
    assert not plot(root, "chart-line")


def test_an_empty_series_still_shows_its_target():
    root = draw([])
    assert len(plot(root, "chart-target")) == 1
    assert not tooltips(root)


def test_nothing_at_all_is_still_a_chart():
    root = draw([], target=None)
    assert svg_of(root).get("role") == "img"
    assert not with_class(root, "chart-key")


@pytest.mark.parametrize("value", ["0", "95", "100", "-3", "0.0001", "1234567"])
def test_equal_values_do_not_flatten_the_scale(value):
    root = draw(
        [point(value=value), point(value=value)], target=Decimal(value), ceiling=None
    )
    assert len(plot(root, "chart-grid")) >= 1


def test_the_axis_stops_at_the_ceiling():
    root = draw([point(value="97"), point(value="100")], target=Decimal(98))
    assert [tick.text for tick in plot(root, "chart-tick")][-1] == "100 %"


def test_the_axis_follows_figures_beyond_the_ceiling():
    root = draw([point(value="90"), point(value="130")])
    assert [tick.text for tick in plot(root, "chart-tick")][-1] == "130 %"


def test_the_axis_does_not_go_below_zero_for_counts():
    root = draw([point(value="1"), point(value="3")], target=None)
    assert plot(root, "chart-tick")[0].text == "1 %"
    root = draw([point(value="0.2"), point(value="30")], target=None)
    assert plot(root, "chart-tick")[0].text == "0 %"


def test_long_words_of_the_axis_get_more_room():
    short = draw([point()])
    long = draw([point()], number_format=lambda value: f"{value} working days")
    assert not plot(short, "chart-plot-wide")
    assert len(plot(long, "chart-plot-wide")) == 1


@pytest.mark.parametrize("count", [1, 2, 6, 12, 36, 120])
def test_labels_of_the_axis_never_crowd(count):
    root = draw([point(label=f"Mar {i:02d}") for i in range(count)])
    major, minor = plot(root, "chart-major"), plot(root, "chart-minor")
    assert major[-1].text == f"Mar {count - 1:02d}"
    assert 1 <= len(major) <= 4
    assert len(major) + len(minor) <= 10
    places = [float(e.get("x").rstrip("%")) for e in major]
    assert all(b - a >= 100 * 54 / 216 for a, b in pairwise(places))


def test_three_years_of_months_are_all_marked():
    root = draw([point(value=str(90 + i % 9)) for i in range(36)])
    assert len(svg_of(root).findall(f"{SVG}svg")) == 36
    assert len(plot(root, "chart-line")) == 35


VALUES = st.none() | st.decimals(
    min_value=-10_000, max_value=10_000, places=4, allow_nan=False
)


@given(
    st.lists(VALUES, max_size=40),
    st.none() | st.decimals(min_value=-100, max_value=100, places=2),
    st.sampled_from([None, Decimal(100)]),
)
def test_everything_drawn_stays_inside_the_plot(values, target, ceiling):
    points = [point(value=value) for value in values]
    root = draw(points, target=target, ceiling=ceiling)
    rows = [float(e.get("y")) for e in svg_of(root).findall(f"{SVG}svg")]
    rows += [float(e.get("y1")) for e in plot(root, "chart-target")]
    assert all(14 <= row <= 206 for row in rows)
    assert len(plot(root, "chart-grid")) <= 10
    small = spark(points, target=target)
    for line in with_class(small, "chart-line"):
        for spot in line.get("points").split():
            x, y = map(float, spot.split(","))
            assert 0 <= x <= 120
            assert 0 <= y <= 32


def test_sparkline_has_a_name_a_target_and_its_last_mark():
    svg = spark([point(value="90", status="unmet"), point(value="97")])
    assert svg.get("role") == "img"
    assert svg.find(f"{SVG}title").text == "Loans"
    assert len(with_class(svg, "chart-target")) == 1
    assert len(with_class(svg, "chart-met")) == 1
    assert not with_class(svg, "chart-unmet")


def test_sparkline_breaks_at_a_missing_value_and_may_end_without_a_mark():
    svg = spark([point(), point(), point(value=None)], target=None)
    assert len(with_class(svg, "chart-line")) == 1
    assert not with_class(svg, "chart-mark")


def test_sparkline_of_nothing_is_whole():
    assert spark([], target=None).get("role") == "img"


def test_sparkline_escapes_its_name():
    assert spark([point()], title=NASTY).find(f"{SVG}title").text == NASTY


# --- what was declared, not measured --------------------------------------------------


def test_a_declared_figure_is_a_square_and_joined_to_nothing():
    series = [point("A"), point("B"), point("C", declared=True), point("D"), point("E")]
    root = draw(series)
    assert len(plot(root, "chart-declared")) == 1
    assert len(plot(root, "chart-met")) == 4
    assert len(plot(root, "chart-line")) == 2  # A to B and D to E
    assert "whole C: 95 %, cases: 120, declared, not measured: target met" in tooltips(
        root
    )


def test_a_declared_figure_that_did_not_meet_the_target_is_crossed_out():
    root = draw([point(status="unmet", declared=True)])
    assert {e.tag for e in plot(root, "chart-declared")} == {f"{SVG}rect", f"{SVG}path"}


def test_the_key_tells_measured_and_declared_apart():
    series = [
        point("A", declared=True),
        point("B", status="unmet"),
        point("C"),
        point("D", status="unmet", declared=True),
    ]
    words = "".join(draw(series).find("ul").itertext())
    assert words == (
        "target: at least 95 %target mettarget not met"
        "declared, not measured: target metdeclared, not measured: target not met"
    )


def test_a_sparkline_ends_in_the_mark_of_its_last_period():
    assert with_class(spark([point(), point(declared=True)]), "chart-declared")

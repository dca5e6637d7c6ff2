"""
Charts as SVG, drawn on the server: no script, no inline style, nothing random.

The chart of a page has no ``viewBox``: places are percentages of its width and
pixels of its height, so that letters, marks and strokes keep their size between
320 pixels and a wide screen. What a chart shows must stand beside it in a table
as well: for a screen reader the picture is one image with a name and a summary.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import pairwise

from django.utils import formats
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

MET = "met"
UNMET = "unmet"

PLOT_HEIGHT = 240  # pixels, as in .chart-plot of static/css/paraula.css
PLOT_TOP = 14
PLOT_BOTTOM = 206
NARROW_PLOT = 216  # the plot's width on a screen of 320 pixels
WIDE_PLOT = 560  # and from the width at which .chart-minor is shown
LETTER = 7  # rough width of a letter of an axis
TICKS = 4  # about so many lines across the plot
TICK_ROOM = 20  # pixels that a label of the vertical axis needs
NARROW_LABEL = 7  # letters that fit beside the plot; .chart-plot-wide has more room

SPARK_WIDTH = 120
SPARK_HEIGHT = 32
SPARK_MARGIN = 6

CHART_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\Z")


@dataclass(frozen=True, slots=True)
class Point:
    """
    One period of a series.

    :param label: short, for the axis ("Mar 26").
    :param long_label: whole, for the tooltip ("March 2026").
    :param value: the figure, or ``None`` where there is none.
    :param status: "met", "unmet" or any other code, which is drawn as undecided.
    :param n: the cases behind the figure.
    :param counted: the same in words, where they are no cases ("30 days").
    :param declared: nobody measured it: drawn as a square, joined to nothing.
    """

    label: str
    long_label: str
    value: Decimal | None
    status: str
    n: int
    counted: str = ""
    declared: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """
    Values to pixels, upside down as screens are.

    ``low`` and ``high`` are the values at the bottom and the top of the plot;
    ``ticks`` are round values between them, ascending.
    """

    low: Decimal
    high: Decimal
    ticks: tuple[Decimal, ...]
    top: int
    bottom: int

    def y(self, value: Decimal) -> Decimal:
        """Return the pixel row of ``value``."""
        share = (value - self.low) / (self.high - self.low)
        return self.bottom - share * (self.bottom - self.top)


def trend_chart(
    points: Sequence[Point],
    *,
    chart_id: str,
    target: Decimal | None,
    title: str,
    description: str,
    y_label: str,
    lower_is_better: bool,
    number_format: Callable[[Decimal], str],
    ceiling: Decimal | None = None,
    targets: Sequence[Decimal | None] = (),
) -> SafeString:
    """
    Draw a series against its target, with a key below.

    Marks tell the status by shape and by colour: a disc met the target, a diamond
    did not, a ring was not judged. What was declared, not measured, is an empty
    square, crossed out if it did not meet the target, and no line leads to it. A period
    without a figure is a grey column and breaks the line. The target is a dashed line with its value on the axis.

    :param points: oldest first; any number, none included.
    :param chart_id: unique in the page; letters, digits, hyphens and underscores.
    :param target: the promised value, if it is a number.
    :param title: the name of the picture.
    :param description: what it shows, in one or two sentences.
    :param y_label: what the vertical axis counts, with its unit.
    :param lower_is_better: whether the target is a maximum; only words depend on it.
    :param number_format: turns a value of the series into words with its unit.
    :param ceiling: the greatest value that makes sense (100 for a percentage), so
        that the axis does not go beyond.
    :param targets: of each period, where it is not the same for all of them: the
        line becomes stairs, broken where a period has none.
    :returns: a ``div`` of class ``chart``.
    :raises ValueError: if ``chart_id`` cannot be an id.
    """
    values = [point.value for point in points if point.value is not None]
    steps = _steps(targets or [target])
    goals = list(dict.fromkeys(step.value for step in steps))
    scale = _scale([*values, *goals], top=PLOT_TOP, bottom=PLOT_BOTTOM, ceiling=ceiling)
    places = _places(len(points))
    svg = [
        _opening(
            chart_id, _plot_class(scale, goals, number_format), title, description
        ),
        *_gaps(points, places),
        *_grid(scale, goals, number_format),
        *_target_lines(scale, steps),
        *_target_labels(scale, goals, number_format),
        *_x_labels(points, places),
        *_line(points, places, scale),
        *_marks(points, places, scale, number_format),
        "</svg>",
    ]
    key = _key(points, goals, lower_is_better, number_format)
    return mark_safe(  # noqa: S308 -- every word above went through escape()
        f'<div class="chart"><p class="chart-y-label">{escape(y_label)}</p>'
        f"{''.join(svg)}{key}</div>"
    )


def sparkline(
    points: Sequence[Point], *, chart_id: str, target: Decimal | None, title: str
) -> SafeString:
    """
    Draw a series in the space of a few words, for a row of a table.

    Only the last mark is drawn. The row must say in words what matters: the
    drawing adds the shape of the way there.

    :param points: oldest first; any number, none included.
    :param chart_id: unique in the page; letters, digits, hyphens and underscores.
    :param target: the promised value, if it is a number.
    :param title: the name of the picture.
    :raises ValueError: if ``chart_id`` cannot be an id.
    """
    values = [point.value for point in points if point.value is not None]
    known = values if target is None else [*values, target]
    low, high = _span(known)
    scale = Scale(low, high, (), SPARK_MARGIN, SPARK_HEIGHT - SPARK_MARGIN)
    step = Decimal(SPARK_WIDTH - 2 * SPARK_MARGIN) / max(len(points) - 1, 1)
    svg = [
        _opening(
            chart_id,
            "sparkline",
            title,
            "",
            viewbox=f"0 0 {SPARK_WIDTH} {SPARK_HEIGHT}",
        )
    ]
    if target is not None:
        y = _number(scale.y(target))
        svg.append(
            f'<line class="chart-target" x1="0" x2="{SPARK_WIDTH}" y1="{y}" y2="{y}"/>'
        )
    for run in _runs(points):
        spots = " ".join(
            f"{_number(SPARK_MARGIN + step * i)},{_number(scale.y(value))}"
            for i, value in run
        )
        svg.append(f'<polyline class="chart-line" points="{spots}"/>')
    if points and points[-1].value is not None:
        x = SPARK_MARGIN + step * (len(points) - 1)
        shape = _shape(points[-1])
        svg.append(
            f'<g transform="translate({_number(x)} {_number(scale.y(points[-1].value))})">'
            f"{shape}</g>"
        )
    svg.append("</svg>")
    return mark_safe("".join(svg))  # noqa: S308 -- numbers, and words escaped


# --- scales ------------------------------------------------------------------


def _span(values: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    """Return a lowest and a highest value that are never equal."""
    if not values:
        return Decimal(0), Decimal(1)
    low, high = min(values), max(values)
    if low == high:
        room = max(abs(low) / 10, Decimal(1))
        return (max(low - room, Decimal(0)) if low >= 0 else low - room), high + room
    return low, high


def _scale(
    values: Sequence[Decimal], *, top: int, bottom: int, ceiling: Decimal | None
) -> Scale:
    """Widen the values to round ticks, not below zero nor above the ceiling."""
    low, high = _span(values)
    limit = ceiling
    if ceiling is not None and not low < ceiling >= max(values, default=low):
        limit = None  # the figures know better than the ceiling
    high = _at_most(high, limit)
    step = _round_step((high - low) / TICKS)
    low = (low / step).to_integral_value(ROUND_FLOOR) * step
    high = _at_most((high / step).to_integral_value(ROUND_CEILING) * step, limit)
    count = int((high - low) / step) + 1
    ticks = tuple(low + step * i for i in range(count))
    return Scale(low, high, ticks, top, bottom)


def _at_most(value: Decimal, limit: Decimal | None) -> Decimal:
    return value if limit is None else min(value, limit)


def _round_step(rough: Decimal) -> Decimal:
    """Return the smallest of 1, 2, 5, 10 times a power of ten that is not below."""
    power = Decimal(1).scaleb(rough.adjusted())
    return next(m * power for m in (1, 2, 5, 10) if m * power >= rough)


def _places(count: int) -> list[Decimal]:
    """Return where each point stands, in percent of the width."""
    return [(Decimal(2 * i + 1) * 50) / count for i in range(count)]


# --- parts of the drawing ----------------------------------------------------


def _number(value: Decimal) -> str:
    """Return a coordinate with at most two decimals, the same on every machine."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _opening(
    chart_id: str, css_class: str, title: str, description: str, *, viewbox: str = ""
) -> str:
    if not CHART_ID.match(chart_id):
        msg = f"Not an id for a chart: {chart_id!r}."
        raise ValueError(msg)
    box = f' viewBox="{viewbox}"' if viewbox else ""
    described = f' aria-describedby="{chart_id}-desc"' if description else ""
    desc = f'<desc id="{chart_id}-desc">{escape(description)}</desc>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{css_class}"{box} role="img" '
        f'aria-labelledby="{chart_id}-title"{described}>'
        f'<title id="{chart_id}-title">{escape(title)}</title>'
        f"{desc if description else ''}"
    )


@dataclass(frozen=True, slots=True)
class Step:
    """A target and the part of the width over which it holds, in percent."""

    value: Decimal
    start: Decimal
    end: Decimal


def _steps(targets: Sequence[Decimal | None]) -> list[Step]:
    """Return the stairs of a target that is not always the same."""
    width = Decimal(100) / len(targets)
    steps: list[Step] = []
    for i, value in enumerate(targets):
        if value is None:
            continue
        end = width * (i + 1)
        if steps and steps[-1].value == value and targets[i - 1] is not None:
            steps[-1] = Step(value, steps[-1].start, end)
        else:
            steps.append(Step(value, width * i, end))
    return steps


def _plot_class(
    scale: Scale, goals: Sequence[Decimal], number_format: Callable[[Decimal], str]
) -> str:
    """Ask for more room on the left if the words of the axis are long."""
    longest = max(len(number_format(value)) for value in (*scale.ticks, *goals))
    return "chart-plot chart-plot-wide" if longest > NARROW_LABEL else "chart-plot"


def _gaps(points: Sequence[Point], places: Sequence[Decimal]) -> Iterator[str]:
    """Yield a grey column for each period without a figure."""
    for point, place in zip(points, places, strict=True):
        if point.value is None:
            width = Decimal(100) / len(points)
            tooltip = _("%(period)s: no figure") % {"period": point.long_label}
            yield (
                f'<rect class="chart-gap" x="{_number(place - width / 2)}%" '
                f'width="{_number(width)}%" y="{PLOT_TOP}" '
                f'height="{PLOT_BOTTOM - PLOT_TOP}">'
                f"<title>{escape(tooltip)}</title></rect>"
            )


def _grid(
    scale: Scale, goals: Sequence[Decimal], number_format: Callable[[Decimal], str]
) -> Iterator[str]:
    for tick in scale.ticks:
        y = scale.y(tick)
        css_class = "chart-axis" if tick == scale.low else "chart-grid"
        yield (
            f'<line class="{css_class}" x1="0" x2="100%" '
            f'y1="{_number(y)}" y2="{_number(y)}"/>'
        )
        # A target's own label matters more than a round number beside it.
        if all(abs(scale.y(goal) - y) >= TICK_ROOM for goal in goals):
            yield _y_text(y, number_format(tick), "chart-tick")


def _target_lines(scale: Scale, steps: Sequence[Step]) -> Iterator[str]:
    for step in steps:
        y = _number(scale.y(step.value))
        start = f"{_number(step.start)}%" if step.start else "0"
        yield (
            f'<line class="chart-target" x1="{start}" x2="{_number(step.end)}%" '
            f'y1="{y}" y2="{y}"/>'
        )


def _target_labels(
    scale: Scale, goals: Sequence[Decimal], number_format: Callable[[Decimal], str]
) -> Iterator[str]:
    """Yield each target's value on the axis, unless another's is in its place."""
    taken: list[Decimal] = []
    for goal in goals:
        y = scale.y(goal)
        if all(abs(other - y) >= TICK_ROOM for other in taken):
            taken.append(y)
            yield _y_text(y, number_format(goal), "chart-tick-target")


def _y_text(y: Decimal, words: str, css_class: str) -> str:
    return (
        f'<text class="{css_class}" x="-8" y="{_number(y + 4)}" '
        f'text-anchor="end">{escape(words)}</text>'
    )


def _x_labels(points: Sequence[Point], places: Sequence[Decimal]) -> Iterator[str]:
    """
    Yield as many labels as there is room for, counted back from the last one.

    Those of class ``chart-minor`` are hidden where the plot is narrow.
    """
    if not points:
        return
    room = max(len(point.label) for point in points) * LETTER + 12
    every = -(-len(points) // max(WIDE_PLOT // room, 1))
    shown = -(-len(points) // every)
    major = every * -(-shown // max(NARROW_PLOT // room, 1))
    last = len(points) - 1
    for i, (point, place) in enumerate(zip(points, places, strict=True)):
        if (last - i) % every:
            continue
        css_class = "chart-minor" if (last - i) % major else "chart-major"
        yield (
            f'<text class="{css_class}" x="{_number(place)}%" y="{PLOT_BOTTOM + 20}" '
            f'text-anchor="middle">{escape(point.label)}</text>'
        )


def _runs(points: Sequence[Point]) -> Iterator[list[tuple[int, Decimal]]]:
    """Yield the unbroken stretches of measures, each as (place in series, value)."""
    run: list[tuple[int, Decimal]] = []
    for i, point in enumerate(points):
        if point.value is not None and not point.declared:
            run.append((i, point.value))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _line(
    points: Sequence[Point], places: Sequence[Decimal], scale: Scale
) -> Iterator[str]:
    """Yield the line piece by piece: a polyline cannot be placed in percent."""
    for run in _runs(points):
        for (i, value), (j, next_value) in pairwise(run):
            yield (
                f'<line class="chart-line" x1="{_number(places[i])}%" '
                f'y1="{_number(scale.y(value))}" x2="{_number(places[j])}%" '
                f'y2="{_number(scale.y(next_value))}"/>'
            )


def _marks(
    points: Sequence[Point],
    places: Sequence[Decimal],
    scale: Scale,
    number_format: Callable[[Decimal], str],
) -> Iterator[str]:
    for point, place in zip(points, places, strict=True):
        if point.value is None:
            continue
        cases = formats.number_format(point.n, force_grouping=True)
        tooltip = _("%(period)s: %(value)s, %(counted)s, %(status)s") % {
            "period": point.long_label,
            "value": number_format(point.value),
            "counted": point.counted or _("cases: %(n)s") % {"n": cases},
            "status": _point_words(point),
        }
        yield (
            f'<svg x="{_number(place)}%" y="{_number(scale.y(point.value))}" width="1" '
            f'height="1" overflow="visible"><title>{escape(tooltip)}</title>'
            f'<circle class="chart-hit" r="12"/>{_shape(point)}</svg>'
        )


def _shape(point: Point) -> str:
    if point.declared:
        cross = '<path class="chart-declared" d="M-5-5 5 5M-5 5 5-5"/>'
        square = '<rect class="chart-declared" x="-5" y="-5" width="10" height="10"/>'
        return square + cross if point.status == UNMET else square
    if point.status == MET:
        return '<circle class="chart-mark chart-met" r="5"/>'
    if point.status == UNMET:
        return '<path class="chart-mark chart-unmet" d="M0-7 7 0 0 7-7 0Z"/>'
    return '<circle class="chart-mark chart-open" r="4.5"/>'


def _point_words(point: Point) -> str:
    words = _status_words(point.status)
    if not point.declared:
        return words
    return _("declared, not measured: %(status)s") % {"status": words}


def _status_words(status: str) -> str:
    if status == MET:
        return _("target met")
    return _("target not met") if status == UNMET else _("not judged")


def _key(
    points: Sequence[Point],
    goals: Sequence[Decimal],
    lower_is_better: bool,
    number_format: Callable[[Decimal], str],
) -> str:
    """Explain the marks that this chart really has."""
    rows: list[tuple[str, str]] = []
    if goals:
        most, least = _("target: at most %(value)s"), _("target: at least %(value)s")
        words = most if lower_is_better else least
        line = '<line class="chart-target" x1="-12" x2="12" y1="0" y2="0"/>'
        rows.append((line, words % {"value": " · ".join(map(number_format, goals))}))
    drawn = [point for point in points if point.value is not None]
    rows += [(_shape(point), _point_words(point)) for point in _one_of_each(drawn)]
    if any(point.value is None for point in points):
        column = '<rect class="chart-gap" x="-7" y="-8" width="14" height="16"/>'
        rows.append((column, _("no figure")))
    items = "".join(
        f'<li><svg width="28" height="16" viewBox="-14 -8 28 16" aria-hidden="true" '
        f'focusable="false">{drawing}</svg>{escape(words)}</li>'
        for drawing, words in rows
    )
    return f'<ul class="chart-key">{items}</ul>' if items else ""


def _one_of_each(points: Iterable[Point]) -> list[Point]:
    """Return one point of each mark: met, unmet, all the rest; measured ones first."""
    found: dict[tuple[bool, int], Point] = {}
    for point in points:
        rank = {MET: 0, UNMET: 1}.get(point.status, 2)
        found.setdefault((point.declared, rank), point)
    return [found[key] for key in sorted(found)]

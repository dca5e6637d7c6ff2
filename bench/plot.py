"""Draw the rows against their targets, and costs against what is stored, as SVG."""

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from bench.rows import Row

WIDTH, LINE, TOP, LABELS, EDGE = 860, 22, 30, 400, 70
# From ten times worse than the target to ten times better, each as wide as the other.
DECADES = 1.0
MET, MISSED = "#1b6e3c", "#b3261e"
PATTERN = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" \
font-family="sans-serif" font-size="12" role="img">
<title>{title}</title>
<rect width="{width}" height="{height}" fill="white"/>
{body}
</svg>
"""


def drawn(rows: Sequence[Row]) -> str:
    """
    Draw a bar for each row that has a target.

    Bars that reach the target go to the right of the line, the others to the left;
    the scale is logarithmic.
    """
    aimed = [(row, row.margin) for row in rows if row.margin is not None]
    height = TOP + LINE * len(aimed) + 10
    body = [_axis(height)]
    body += [_bar(n, row, margin or 1) for n, (row, margin) in enumerate(aimed)]
    return _picture("How many times better than the target", height, body)


def _picture(title: str, height: int, body: Sequence[str]) -> str:
    return PATTERN.format(width=WIDTH, height=height, title=title, body="\n".join(body))


def _x(margin: float) -> float:
    middle, half = (LABELS + WIDTH - EDGE) / 2, (WIDTH - EDGE - LABELS) / 2
    share = math.log10(margin) / DECADES
    return middle + half * min(max(share, -1), 1)


def _axis(height: int) -> str:
    marks = ((0.1, "0.1"), (0.5, "0.5"), (1.0, "target"), (2.0, "2"), (10.0, "10"))
    return "\n".join(
        f'<line x1="{_x(at):.1f}" y1="{TOP - 6}" x2="{_x(at):.1f}" y2="{height - 8}" '
        f'stroke="{"#222" if at == 1 else "#ccc"}"/>'
        f'<text x="{_x(at):.1f}" y="{TOP - 12}" text-anchor="middle">{label}</text>'
        for at, label in marks
    )


def _bar(number: int, row: Row, margin: float) -> str:
    y = TOP + LINE * number
    start, end = sorted((_x(1), _x(margin)))
    colour = MET if row.met else MISSED
    return (
        f'<text x="{LABELS - 10}" y="{y + 14}" text-anchor="end">'
        f"{escape(row.what)}</text>"
        f'<rect x="{start:.1f}" y="{y + 3}" width="{max(end - start, 1):.1f}" '
        f'height="{LINE - 8}" fill="{colour}"/>'
        f'<text x="{WIDTH - EDGE + 8}" y="{y + 14}" fill="{colour}">'
        f"{margin:.2f} ×</text>"
    )


# --- costs against what is stored -----------------------------------------------------

TALL, LEFT, RIGHT, LOW = 360, 60, 230, 40
# From half to four times what it cost at first.
LEAST, MOST = 0.5, 4.0
COSTS = (
    ("ingest_us", "an event by the API", "#1b6e3c", ""),
    ("copy_us", "an event by COPY", "#5f6b73", "2 3"),
    ("late_ms", "a late event, to its figures", "#1a5fb4", "8 3"),
    ("replay_us", "an event, computed again", "#8f3f97", "3 3 9 3"),
)


def grown(costs: Mapping[str, float]) -> str:
    """
    Draw what one event costs by how many are stored, in parts of what it cost at first.

    :param costs: by ``<stored>_<cost>``, the costs of :data:`COSTS`.
    """
    body = [_level(level) for level in (0.5, 1, 2, 4)]
    stored = sorted(
        {int(name.split("_ingest")[0]) for name in costs if "ingest" in name}
    )
    body += [_mark(number, stored) for number in stored]
    ends: list[float] = []
    for cost, words, colour, dashes in COSTS:
        values = [costs[f"{number:_}_{cost}"] for number in stored]
        points = [
            (_across(number, stored), _up(value / values[0]))
            for number, value in zip(stored, values, strict=True)
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        end = _apart(points[-1][1], ends)
        ends.append(end)
        body.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" '
            f'stroke-width="2" stroke-dasharray="{dashes}"/>'
            f'<text x="{WIDTH - RIGHT + 8}" y="{end + 4:.1f}" fill="{colour}">'
            f"{words}: {values[-1] / values[0]:.2f} ×</text>"
        )
    return _picture("What one event costs, by how many are stored", TALL, body)


def _apart(y: float, others: Sequence[float]) -> float:
    """Move a label down until it covers no other."""
    while any(abs(y - other) < 15 for other in others):
        y += 15
    return y


def _across(number: int, stored: Sequence[int]) -> float:
    first, last = math.log10(stored[0]), math.log10(stored[-1])
    share = (math.log10(number) - first) / (last - first)
    return LEFT + share * (WIDTH - RIGHT - LEFT)


def _up(times: float) -> float:
    share = math.log2(min(max(times, LEAST), MOST) / LEAST) / math.log2(MOST / LEAST)
    return TALL - LOW - share * (TALL - LOW - TOP)


def _level(times: float) -> str:
    y = _up(times)
    return (
        f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" '
        f'stroke="{"#222" if times == 1 else "#ccc"}"/>'
        f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{times:g} ×</text>'
    )


def _mark(number: int, stored: Sequence[int]) -> str:
    return (
        f'<text x="{_across(number, stored):.1f}" y="{TALL - LOW + 20}" '
        f'text-anchor="middle">{number:,}</text>'
    )

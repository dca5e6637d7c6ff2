"""Draw the rows against their targets, as SVG."""

import math
from collections.abc import Sequence
from xml.sax.saxutils import escape

from bench.rows import Row

WIDTH, LINE, TOP, LABELS, EDGE = 860, 22, 30, 400, 70
# From ten times worse than the target to ten times better, each as wide as the other.
DECADES = 1.0
MET, MISSED = "#1b6e3c", "#b3261e"
PATTERN = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" \
font-family="sans-serif" font-size="12" role="img">
<title>How many times better than the target</title>
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
    return PATTERN.format(width=WIDTH, height=height, body="\n".join(body))


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

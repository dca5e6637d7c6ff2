"""Write what was measured: JSON for comparison, a table and a picture for people."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.plot import drawn, grown
from bench.rows import Row

MARKS = {True: "met", False: "**missed**", None: ""}
COSTS = "ingest.stored"  # the row that is made of what an event costs
HEADER = "| what | against | value | target | |\n|---|---|---:|---:|---|\n"


def write(
    rows: Sequence[Row], machine: dict[str, Any], *, size: str, folder: Path, stem: str
) -> Path:
    """
    Write ``STEM.json``, ``STEM.md``, ``STEM.svg`` and ``STEM-stored.svg``.

    :returns: the path of the table.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "size": size,
        "machine": machine,
        "rows": [asdict(row) | {"met": row.met} for row in rows],
    }
    text = json.dumps(content, indent=1, ensure_ascii=False)
    (folder / f"{stem}.json").write_text(text + "\n", encoding="utf-8")
    (folder / f"{stem}.svg").write_text(drawn(rows), encoding="utf-8")
    for costs in (row.raw for row in rows if row.key == COSTS):
        (folder / f"{stem}-stored.svg").write_text(grown(costs), encoding="utf-8")
    path = folder / f"{stem}.md"
    path.write_text(_page(rows, machine, size, stem), encoding="utf-8")
    return path


def table(rows: Sequence[Row]) -> str:
    """Return the rows as a table in Markdown."""
    return HEADER + "".join(
        f"| {row.what} | {row.against} | {shown(row.value, row.unit)} "
        f"| {_target(row)} | {MARKS[row.met]} |\n"
        for row in rows
    )


def shown(value: float, unit: str) -> str:
    """Return a number with three digits and its unit."""
    if value >= 100:
        digits = f"{value:,.0f}"
    else:
        digits = f"{value:.1f}" if value >= 10 else f"{value:.2f}"
    return f"{digits} {unit}"


def _target(row: Row) -> str:
    if row.target is None:
        return ""
    return f"{'≥' if row.at_least else '≤'} {row.target:g} {row.unit}"


def _page(rows: Sequence[Row], machine: dict[str, Any], size: str, stem: str) -> str:
    told = "\n".join(f"* {name}: {found}" for name, found in machine.items())
    return (
        f"# {stem}\n\nSize: {size}\n\n{told}\n\n{table(rows)}\n"
        f"![How many times better than the target]({stem}.svg)\n\n"
        f"![What one event costs, by how many are stored]({stem}-stored.svg)\n"
    )

"""
Hold our figures against published ones, and tell the page of them.

A file of expected figures is a tree of numbers. Ours come as a tree of the same
shape: every number of the file must be there and equal to the last printed digit,
or the test says why not. The page ``docs/oracles.md`` is written from the two trees.
"""

import fcntl
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "oracles.md"
REWRITE = "PARAULA_WRITE_PAGES"
Way = tuple[str, ...]
# Decimals to which a number is printed, by the name that it or its list has.
PLACES = {
    "wilson95": 4,
    "mean_score_presupuestosabiertos_pct": 4,
    "recomputed_pct": 4,
    "published_goals_achieved_pct": 1,
}
USUAL_PLACES = 6
# The files were computed with binary fractions: half a last digit may fall either way.
FUZZ = Fraction(1, 10**9)
ALIKE = 4  # so many parts of one shape are told as one row


def agrees(
    data: Path,
    name: str,
    ours: Mapping[str, Any],
    *,
    test: str,
    apart: Mapping[Way, str] | None = None,
) -> None:
    """
    Make sure that our figures are those of a file, and that the page says so.

    :param ours: of the same shape as the file; texts may be left out.
    :param test: the file of the test.
    :param apart: why a part of the file is not reproduced, by its way from the root.
    """
    theirs, apart = published(data, name), apart or {}
    differences = list(_differences(theirs, ours, (), apart))
    assert not differences, "\n".join(differences)
    rows = [
        (_told(way), one, other) for way, one, other in _rows(theirs, ours, (), apart)
    ]
    left = sum(_numbers(_part(theirs, way)) for way in apart)
    tells(
        name,
        f"{_numbers(theirs) - left} numbers",
        rows,
        test=test,
        apart={_told(way): reason for way, reason in apart.items()},
    )


def tells(
    name: str,
    what: str,
    rows: Iterable[tuple[str, str, str]],
    *,
    test: str,
    apart: Mapping[str, str] | None = None,
) -> None:
    """
    Make sure that the page tells this of a data set, or write it there if asked to.

    :param what: is reproduced.
    :param rows: what it is, as published and as ours.
    :param apart: why something is not reproduced.
    """
    section = "\n".join(_section(name, what, rows, Path(test), apart or {}))
    if os.environ.get(REWRITE):
        _rewrite(name, section)
    found = dict(sections(PAGE.read_text(encoding="utf-8"))).get(name)
    assert found == section, f"{PAGE.name} is old: run with {REWRITE}=1"


def published(data: Path, name: str) -> dict[str, Any]:
    """Read what is published of a data set."""
    path = data / f"{name}.expected.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def sections(page: str) -> list[tuple[str, str]]:
    """Take the page apart: the names of its data sets and what it says of each."""
    parts = re.split(r"(?m)^(?=## `)", page)[1:]
    return [(part.split("`")[1], part.strip()) for part in parts]


def same(published: Any, ours: Any, places: int) -> bool:
    """Say whether a number is a published one, to its last printed digit."""
    if published is None or ours is None:
        return published is None and ours is None
    if isinstance(published, str):
        return published == ours
    number = Fraction(published)
    if isinstance(published, int):
        return number == Fraction(ours)
    return abs(number - Fraction(ours)) <= Fraction(1, 2 * 10**places) + FUZZ


def _differences(
    theirs: Any, ours: Any, way: Way, apart: Mapping[Way, str]
) -> Iterator[str]:
    if way in apart:
        return
    if isinstance(theirs, Mapping):
        yield from _differences_of_parts(theirs, ours or {}, way, apart)
    elif isinstance(theirs, list):
        ours = list(ours or [])
        if len(ours) != len(theirs):
            yield f"{_told(way)}: {len(theirs)} published, {len(ours)} ours"
            return
        for index, (one, other) in enumerate(zip(theirs, ours, strict=True)):
            yield from _differences(one, other, (*way, str(index)), apart)
    elif not same(theirs, ours, _places(way)):
        yield f"{_told(way)}: {theirs} published, {_shown(ours)} ours"


def _differences_of_parts(
    theirs: Mapping[str, Any],
    ours: Mapping[str, Any],
    way: Way,
    apart: Mapping[Way, str],
) -> Iterator[str]:
    for key in sorted(set(ours) - set(theirs)):
        yield f"{_told((*way, key))}: not published"
    for key, part in theirs.items():
        # Words need not be told again: units, definitions, notes.
        if key in ours or _numbers(part):
            yield from _differences(part, ours.get(key), (*way, key), apart)


def _places(way: Way) -> int:
    return next((PLACES[key] for key in way if key in PLACES), USUAL_PLACES)


def _told(way: Way) -> str:
    return " / ".join(key for key in way if key != "indicators")


def _numbers(part: Any) -> int:
    """Count the numbers in a part of a file."""
    if isinstance(part, Mapping):
        return sum(map(_numbers, part.values()))
    if isinstance(part, list):
        return sum(map(_numbers, part))
    return int(part is None or (isinstance(part, int | float)))


# The page.


def _section(
    name: str,
    what: str,
    rows: Iterable[tuple[str, str, str]],
    test: Path,
    apart: Mapping[str, str],
) -> Iterator[str]:
    yield f"## `{name}`"
    yield ""
    yield f"{what}, reproduced by `{test.relative_to(ROOT)}`."
    yield ""
    yield "| what | published | ours |"
    yield "|---|---|---|"
    for row in rows:
        # Two of the files have bars in their names.
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |"
    if apart:
        yield ""
        yield "Not reproduced:"
        yield ""
        for part, reason in apart.items():
            yield f"- {part}: {reason}"


def _part(tree: Any, way: Way) -> Any:
    for key in way:
        tree = tree[key]
    return tree


def _rows(
    theirs: Any, ours: Any, way: Way, apart: Mapping[Way, str]
) -> Iterator[tuple[Way, str, str]]:
    """Yield a row for each part that holds numbers itself, or many parts alike."""
    if way in apart or not _numbers(theirs):
        return
    if isinstance(theirs, list):
        yield way, f"{len(theirs)} rows", "all equal"
        return
    deeper = {key: part for key, part in theirs.items() if _is_part(part)}
    flat = {
        key: part
        for key, part in theirs.items()
        if key not in deeper and (*way, key) not in apart and _numbers(part)
    }
    if flat:
        yield way or ("in all",), _cell(flat), _cell({key: ours[key] for key in flat})
    if len(deeper) >= ALIKE and len({_shape(part) for part in deeper.values()}) == 1:
        keys = [next(iter(deeper)), list(deeper)[-1]]
        label = (*way, f"{len(deeper)} such, {keys[0]} and {keys[1]} shown")
        yield (
            label,
            "; ".join(_cell(theirs[key]) for key in keys),
            "; ".join(_cell(ours[key]) for key in keys),
        )
        return
    for key, part in deeper.items():
        yield from _rows(part, ours.get(key), (*way, key), apart)


def _is_part(part: Any) -> bool:
    return isinstance(part, Mapping) or (
        isinstance(part, list)
        and any(isinstance(item, Mapping | list) for item in part)
    )


def _shape(part: Any) -> tuple[str, ...]:
    return tuple(sorted(part)) if isinstance(part, Mapping) else ("list",)


def _cell(part: Any) -> str:
    """Write the numbers of one part: a share as such, all else by name."""
    if not isinstance(part, Mapping):
        return _shown(part)
    rest = dict(part)
    words = []
    if "numerator" in rest:
        top, bottom = rest.pop("numerator"), rest.pop("denominator")
        words.append(f"{_shown(top)} of {_shown(bottom)} = {_shown(rest.pop('pct'))} %")
        if "wilson95" in rest:
            low, high = map(_shown, rest.pop("wilson95"))
            words.append(f"{low} to {high}")
    for key, found in rest.items():
        if isinstance(found, Mapping):
            words.append(f"{key}: {_cell(found)}")
        elif not isinstance(found, str):
            words.append(f"{key} {_shown(found)}")
    return ", ".join(words)


def _shown(number: Any) -> str:
    if isinstance(number, list | tuple):
        return " to ".join(map(_shown, number))
    if number is None:
        return "none"
    if isinstance(number, str):
        try:
            number = Decimal(number)
        except ArithmeticError:
            return number
    if isinstance(number, Fraction):
        number = Decimal(number.numerator) / Decimal(number.denominator)
    if isinstance(number, Decimal):
        return format(round(number, 9).normalize() + 0, "f")
    return str(number)


def _rewrite(name: str, section: str) -> None:
    """Put a section in its place by name; several tests may do so at once."""
    with PAGE.open("r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        page = file.read()
        head = re.split(r"(?m)^(?=## `)", page)[0]
        found = dict(sections(page)) | {name: section}
        parts = [head.strip(), *(found[key] for key in sorted(found))]
        file.seek(0)
        file.write("\n\n".join(parts) + "\n")
        file.truncate()

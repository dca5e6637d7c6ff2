"""manage.py results ORG/INDICATOR --period month|quarter|semester|year."""

import csv
import json
from argparse import ArgumentParser
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand

from core.commands import named
from engine.periods import PeriodKind
from indicators.models import Indicator, Result
from indicators.queries.computing import period_of_result
from indicators.queries.results import lines_of

COLUMNS = (
    "period", "segment", "n", "met", "missed", "pending", "excluded", "numerator",
    "denominator", "value", "low", "high", "target", "status", "state", "revision",
    "last_event_at", "as_of_at", "origin",
)  # fmt: skip
# Where a figure comes from.
MEASURED, DECLARED = "measured", "declared, not measured"
# The same as if nothing had been suspended; empty where nothing was.
WHOLE = (
    "n", "met", "missed", "pending", "excluded", "numerator", "denominator", "value",
    "status",
)  # fmt: skip
ALL_COLUMNS = (*COLUMNS, *(f"whole_{name}" for name in WHOLE))


class Command(BaseCommand):
    help = "Print an indicator's ledger lines."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("indicator", metavar="ORG/INDICATOR")
        parser.add_argument(
            "--period",
            choices=[kind.value for kind in PeriodKind],
            default=PeriodKind.MONTH.value,
        )
        parser.add_argument("--segment", default="")
        parser.add_argument(
            "--format", choices=["table", "csv", "json"], default="table"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        indicator = named(Indicator.objects.all(), "indicator", options["indicator"])
        lines = lines_of(
            indicator,
            kind=PeriodKind(options["period"]),
            segment=options["segment"],
        )
        rows = [_row(line) for line in lines]
        if options["format"] == "json":
            self.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1))
        elif options["format"] == "csv":
            writer = csv.DictWriter(self.stdout, ALL_COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        else:
            self._table(rows)

    def _table(self, rows: list[dict[str, Any]]) -> None:
        columns = (
            "period",
            "n",
            "met",
            "missed",
            "pending",
            "value",
            "target",
            "status",
            "origin",
        )
        cells = [
            columns,
            *([str(row[name] or "0") for name in columns] for row in rows),
        ]
        widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
        for row in cells:
            text = "  ".join(
                cell.ljust(width) for cell, width in zip(row, widths, strict=True)
            )
            self.stdout.write(text.rstrip())


def _row(line: Result) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(line, name, None) for name in COLUMNS}
    row["period"] = period_of_result(line).label
    row["origin"] = MEASURED if line.declared_id is None else DECLARED
    return {
        name: _plain(row[name]) if name != "excluded" else sum(row[name].values())
        for name in COLUMNS
    } | _whole(line.whole)


def _whole(whole: dict[str, Any] | None) -> dict[str, Any]:
    if whole is None:
        return {f"whole_{name}": None for name in WHOLE}
    decimals = ("numerator", "denominator", "value")
    found = whole | {"excluded": sum(whole["excluded"].values())}
    found |= {name: whole[name] and Decimal(whole[name]) for name in decimals}
    return {f"whole_{name}": _plain(found[name]) for name in WHOLE}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value

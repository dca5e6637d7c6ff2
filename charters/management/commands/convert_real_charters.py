"""manage.py convert_real_charters FILE --to DIR."""

import csv
import json
from argparse import ArgumentParser
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from charters.services.conversion import ConversionError, Converted, Moved, convert


class Command(BaseCommand):
    help = (
        "Convert charters noted down in a plain form into documents for "
        "import_charter. What has no place of its own is listed in report.csv."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--to", type=Path, required=True, metavar="DIR")

    def handle(self, *_args: Any, **options: Any) -> None:
        folder: Path = options["to"]
        try:
            found = list(convert(_read(options["file"])))
        except ConversionError as error:
            msg = f"{options['file'].name}: {error}"
            raise CommandError(msg) from error
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for item in found:
                _write(item, folder)
            _write_report((row for item in found for row in item.moved), folder)
        except OSError as error:
            msg = f"{folder}: {error.strerror}"
            raise CommandError(msg) from error
        moved = sum(len(item.moved) for item in found)
        self.stdout.write(f"{len(found)} charters written to {folder}")
        self.stdout.write(f"{moved} cells are in report.csv with what became of them")


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
    except OSError as error:
        msg = f"{path}: {error.strerror}"
        raise CommandError(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"{path.name} is no JSON: {error}"
        raise CommandError(msg) from error


def _write(item: Converted, folder: Path) -> None:
    text = json.dumps(item.document, ensure_ascii=False, indent=1)
    (folder / f"{item.slug}.json").write_text(text + "\n", encoding="utf-8")


def _write_report(rows: Iterable[Moved], folder: Path) -> None:
    with (folder / "report.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["charter", "path", "value", "done"])
        writer.writerows((row.charter, row.path, row.value, row.done) for row in rows)

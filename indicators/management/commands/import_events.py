"""manage.py import_events ORG/STREAM FILE --mapping MAP.toml [--dry-run]."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.commands import named
from core.spreadsheets import csv_lines
from indicators.models import Stream
from indicators.queries.pseudonyms import UnknownSecretError
from indicators.services.files import FileError, import_file
from indicators.services.intake import Receipt, refused_rows
from indicators.services.mapping import FileMapping, MappingError

SHOWN = 50


class Command(BaseCommand):
    help = (
        "Record the events of a CSV, NDJSON, XLSX or XES file. "
        "Running it again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("stream", metavar="ORG/STREAM")
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--mapping", type=Path, help="TOML; how its rows become events"
        )
        parser.add_argument("--dry-run", action="store_true")
        parser.add_argument(
            "--refused", type=Path, help="write every refused line to this CSV file"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        stream = named(Stream.objects.all(), "stream", options["stream"])
        try:
            receipt = import_file(
                stream=stream,
                path=options["file"],
                mapping=_mapping(options["mapping"]),
                at=timezone.now(),
                dry_run=options["dry_run"],
            )
        except (FileError, MappingError, UnknownSecretError) as error:
            raise CommandError(str(error)) from error
        self._report(receipt, dry_run=options["dry_run"])
        if options["refused"]:
            try:
                _write_refused(receipt, options["refused"])
            except OSError as error:
                msg = f"{options['refused']}: {error.strerror}"
                raise CommandError(msg) from error

    def _report(self, receipt: Receipt, *, dry_run: bool) -> None:
        verb = "would be recorded" if dry_run else "recorded"
        self.stdout.write(
            f"{receipt.received} events: {receipt.recorded} {verb}, "
            f"{receipt.replayed} known already, {len(receipt.refused)} refused"
        )
        for refusal in receipt.refused[:SHOWN]:
            self.stderr.write(
                f"line {refusal.line}: {refusal.code}: {refusal.detail}"
                + (f" (id {refusal.id})" if refusal.id else "")
            )
        if len(receipt.refused) > SHOWN:
            self.stderr.write(f"… and {len(receipt.refused) - SHOWN} more (--refused)")


def _mapping(path: Path | None) -> FileMapping | None:
    if path is None:
        return None
    try:
        return FileMapping.from_toml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        msg = f"the mapping cannot be read: {error}"
        raise MappingError(msg) from error


def _write_refused(receipt: Receipt, path: Path) -> None:
    with path.open(
        "w", encoding="utf-8", errors="backslashreplace", newline=""
    ) as file:
        refused = ((r.line, r.id or "", r.code, r.detail) for r in receipt.refused)
        file.writelines(csv_lines(refused_rows(refused)))

"""manage.py export_events ORG/STREAM FILE."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.commands import named
from indicators.models import Stream
from indicators.services.exports import export_file
from indicators.services.files import FileError


class Command(BaseCommand):
    help = (
        "Write the events of a stream to a CSV, NDJSON, XLSX or XES file, by its "
        "ending. import_events reads it again without a mapping."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("stream", metavar="ORG/STREAM")
        parser.add_argument("file", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        stream = named(Stream.objects.all(), "stream", options["stream"])
        try:
            number = export_file(stream=stream, path=options["file"])
        except FileError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{number} events written to {options['file']}")

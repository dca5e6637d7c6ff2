"""manage.py add_source ORG/STREAM CODE --kind KIND --mapping FILE.toml."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.commands import named
from indicators.enums import SourceKind
from indicators.management.sources import add_mapping, given_secret, read_mapping
from indicators.models import Stream
from indicators.services.sources import SourceError, add_source


class Command(BaseCommand):
    help = "Let a system tell a stream of its cases, in its own words."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("stream", metavar="ORG/STREAM")
        parser.add_argument("code", metavar="CODE", help="a short name: zammad")
        parser.add_argument("--kind", required=True, choices=SourceKind.values)
        add_mapping(parser, required=True)

    def handle(self, *_args: Any, **options: Any) -> None:
        stream = named(Stream.objects.all(), "stream", options["stream"])
        given = given_secret() if options["secret_from_stdin"] else ""
        try:
            source, secret = add_source(
                stream=stream,
                code=options["code"],
                kind=SourceKind(options["kind"]),
                settings=read_mapping(options["mapping"]),
                secret=given,
                at=timezone.now(),
            )
        except SourceError as error:
            raise CommandError(str(error)) from error
        if secret and not given:
            self.stdout.write(secret)
            self.stderr.write("sign with this secret: it is not shown again")
        self.stderr.write(f"{stream.code}/{source.code} is connected")

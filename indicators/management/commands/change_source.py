"""manage.py change_source ORG/STREAM CODE [--enable | --disable] [--new-secret]."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.commands import found, named
from indicators.management.sources import add_mapping, given_secret, read_mapping
from indicators.models import Source, Stream
from indicators.services.sources import SourceError, change_source


class Command(BaseCommand):
    help = "Stop hearing a source, hear it again, or give it a secret or settings."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("stream", metavar="ORG/STREAM")
        parser.add_argument("code", metavar="CODE")
        switch = parser.add_mutually_exclusive_group()
        switch.add_argument(
            "--enable", dest="enabled", action="store_true", default=None
        )
        switch.add_argument("--disable", dest="enabled", action="store_false")
        parser.add_argument(
            "--new-secret",
            action="store_true",
            help="make one up; the old one is useless at once",
        )
        add_mapping(parser, required=False)

    def handle(self, *_args: Any, **options: Any) -> None:
        stream = named(Stream.objects.all(), "stream", options["stream"])
        source = found(
            Source.objects.filter(stream=stream), "source", code=options["code"]
        )
        given = given_secret() if options["secret_from_stdin"] else ""
        path = options["mapping"]
        try:
            secret = change_source(
                source=source,
                enabled=options["enabled"],
                settings=None if path is None else read_mapping(path),
                new_secret=options["new_secret"] or bool(given),
                secret=given,
                at=timezone.now(),
            )
        except SourceError as error:
            raise CommandError(str(error)) from error
        if secret and not given:
            self.stdout.write(secret)
            self.stderr.write("sign with this secret: it is not shown again")

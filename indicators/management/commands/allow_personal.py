"""manage.py allow_personal ORG/STREAM [NAME…] [--withdraw]."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from core.commands import named
from indicators.models import Stream
from indicators.services.streams import allow_personal


class Command(BaseCommand):
    help = (
        "Say that fields of a stream only look like personal data; "
        "without a name, list those that are allowed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("stream", metavar="ORG/STREAM")
        parser.add_argument(
            "names",
            metavar="NAME",
            nargs="*",
            help="id, case, replaces, an attribute, or a column of files",
        )
        parser.add_argument(
            "--withdraw", action="store_true", help="refuse these again"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        stream = named(Stream.objects.all(), "stream", options["stream"])
        names = set(options["names"])
        if names:
            stream = allow_personal(
                stream=stream,
                more=set() if options["withdraw"] else names,
                fewer=names if options["withdraw"] else set(),
                at=timezone.now(),
            )
        for name in stream.personal_allowed:
            self.stdout.write(name)

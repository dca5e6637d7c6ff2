"""manage.py rotate_token ORG/STREAM --label NAME [--overlap HOURS | --at-once]."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.commands import named
from indicators.models import Stream
from indicators.services.streams import TokenError, rotate_token

HOURS = 7 * 24
MOST_HOURS = 90 * 24


class Command(BaseCommand):
    help = "Put a new key in the place of the keys of that label."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("stream", metavar="ORG/STREAM")
        parser.add_argument("--label", required=True)
        end = parser.add_mutually_exclusive_group()
        end.add_argument(
            "--overlap",
            metavar="HOURS",
            type=int,
            default=HOURS,
            help=f"how long the old keys stay valid ({HOURS} by default)",
        )
        end.add_argument(
            "--at-once",
            action="store_true",
            help="make the old keys useless now: they may be in the wrong hands",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        stream = named(Stream.objects.all(), "stream", options["stream"])
        hours = 0 if options["at_once"] else options["overlap"]
        if not 0 <= hours <= MOST_HOURS:
            msg = f"the overlap must be 0 to {MOST_HOURS} hours"
            raise CommandError(msg)
        try:
            key, until = rotate_token(
                stream=stream,
                label=options["label"],
                at=timezone.now(),
                overlap=timedelta(hours=hours),
            )
        except TokenError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(key)
        self.stderr.write("keep this key: it is not shown again")
        self.stderr.write(f"the old ones end at {until:%Y-%m-%d %H:%M} UTC")

"""manage.py issue_token ORG/STREAM --label NAME [--operator NAME]."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.commands import named
from indicators.models import Stream
from indicators.services.streams import OperatorError, issue_token

LONGEST_LABEL = 80  # as the column is wide


class Command(BaseCommand):
    help = "Create a key with which a machine can write events to one stream."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("stream", metavar="ORG/STREAM")
        parser.add_argument(
            "--label", required=True, help="which machine will hold the key"
        )
        parser.add_argument(
            "--operator",
            default="",
            help="the concessionaire of whom is whatever is sent with the key",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        stream = named(Stream.objects.all(), "stream", options["stream"])
        label = options["label"].strip()
        if not 0 < len(label) <= LONGEST_LABEL:
            msg = f"the label must have 1 to {LONGEST_LABEL} letters"
            raise CommandError(msg)
        operator = options["operator"].strip()
        if len(operator) > LONGEST_LABEL:
            msg = f"an operator has at most {LONGEST_LABEL} letters"
            raise CommandError(msg)
        try:
            key = issue_token(
                stream=stream, label=label, operator=operator, at=timezone.now()
            )
        except OperatorError as error:
            raise CommandError(str(error)) from error
        # Only the hash is kept, so this is the one time that the key can be read.
        self.stdout.write(key)
        self.stderr.write("keep this key: it is not shown again")

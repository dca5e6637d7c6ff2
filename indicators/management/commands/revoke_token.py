"""manage.py revoke_token ORG/STREAM --label NAME."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.commands import named
from indicators.models import Stream
from indicators.services.streams import revoke_token, valid_tokens


class Command(BaseCommand):
    help = "Make the keys of that label useless from now on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("stream", metavar="ORG/STREAM")
        parser.add_argument("--label", required=True)

    def handle(self, *_args: Any, **options: Any) -> None:
        stream = named(Stream.objects.all(), "stream", options["stream"])
        now = timezone.now()
        keys = list(valid_tokens(stream=stream, label=options["label"], at=now))
        if not keys:
            msg = f"{stream.code} has no key labelled {options['label']!r}"
            raise CommandError(msg)
        for key in keys:
            revoke_token(token=key, at=now)
            self.stdout.write(f"{stream.code}: {key.label} is revoked")

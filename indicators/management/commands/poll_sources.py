"""manage.py poll_sources [ORG/STREAM] [--at-once]."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.commands import named
from indicators.models import Source, Stream
from indicators.services.questions import ask, due


class Command(BaseCommand):
    help = "Ask the systems that do not send: those that are due, or all of them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("stream", metavar="ORG/STREAM", nargs="?", default="")
        parser.add_argument(
            "--at-once", action="store_true", help="also those that are not due yet"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        at_once = options["at_once"]
        sources = due(at=timezone.now())
        if at_once:
            sources = Source.objects.filter(enabled=True, next_asked_at__isnull=False)
        if options["stream"]:
            stream = named(Stream.objects.all(), "stream", options["stream"])
            sources = sources.filter(stream=stream)
        failed = [source for source in sources if not self._asked(source, at_once)]
        if failed:
            msg = f"{len(failed)} did not answer"
            raise CommandError(msg)

    def _asked(self, source: Source, at_once: bool) -> bool:
        receipt = ask(source_id=source.pk, at=timezone.now(), at_once=at_once)
        if receipt is None:
            failures = source.failures
            source.refresh_from_db()
            new = source.failures > failures
            self.stderr.write(
                f"{source}: {source.last_failure if new else 'is being asked'}"
            )
            return False
        self.stdout.write(
            f"{source}: {receipt.received} events: {receipt.recorded} recorded, "
            f"{receipt.replayed} known already, {len(receipt.refused)} refused"
        )
        return True

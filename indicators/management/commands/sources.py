"""manage.py sources [ORG/STREAM]."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand

from core.commands import named, write_table
from indicators.models import Source, Stream

HEAD = ("source", "system", "heard", "last success", "failures", "last failure")


class Command(BaseCommand):
    help = "List the systems that tell streams of their cases, and how it goes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("stream", metavar="ORG/STREAM", nargs="?", default="")

    def handle(self, *_args: Any, **options: Any) -> None:
        sources = Source.objects.select_related("stream__organisation").order_by(
            "stream__organisation__slug", "stream__code", "code"
        )
        if options["stream"]:
            stream = named(Stream.objects.all(), "stream", options["stream"])
            sources = sources.filter(stream=stream)
        rows = [_row(source) for source in sources]
        if not rows:
            self.stderr.write("there are no sources")
            return
        write_table(self.stdout, HEAD, rows)


def _row(source: Source) -> tuple[str, ...]:
    failed = source.last_failure_at
    return (
        f"{source.stream.organisation.slug}/{source.stream.code}/{source.code}",
        source.kind,
        "yes" if source.enabled else "no",
        _shown(source.last_success_at),
        str(source.failures),
        "" if failed is None else f"{_shown(failed)}: {source.last_failure}",
    )


def _shown(instant: datetime | None) -> str:
    return "never" if instant is None else f"{instant:%Y-%m-%d %H:%M} UTC"

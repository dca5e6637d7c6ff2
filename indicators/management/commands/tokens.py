"""manage.py tokens [ORG/STREAM] [--operator NAME] [--all]."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from core.commands import named, write_table
from indicators.models import Stream, StreamToken

HEAD = ("stream", "label", "operator", "issued", "last used", "valid")


class Command(BaseCommand):
    help = "List the keys of machines and when each was last used; never the keys."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("stream", metavar="ORG/STREAM", nargs="?", default="")
        parser.add_argument("--operator", default="", help="only those of this one")
        parser.add_argument(
            "--all", action="store_true", help="also those that open nothing any more"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        now = timezone.now()
        keys = StreamToken.objects.select_related("stream__organisation").order_by(
            "stream__organisation__slug", "stream__code", "label", "created_at", "pk"
        )
        if options["stream"]:
            stream = named(Stream.objects.all(), "stream", options["stream"])
            keys = keys.filter(stream=stream)
        if options["operator"]:
            keys = keys.filter(operator=options["operator"])
        rows = [
            _row(key, now) for key in keys if options["all"] or not _ended(key, now)
        ]
        if not rows:
            self.stderr.write("there are no keys")
            return
        write_table(self.stdout, HEAD, rows)


def _row(key: StreamToken, now: datetime) -> tuple[str, ...]:
    end = key.revoked_at
    return (
        f"{key.stream.organisation.slug}/{key.stream.code}",
        key.label,
        key.operator or "-",
        _shown(key.created_at),
        "never" if key.last_used_at is None else _shown(key.last_used_at),
        "yes"
        if end is None
        else f"{'ended' if _ended(key, now) else 'until'} {_shown(end)}",
    )


def _ended(key: StreamToken, now: datetime) -> bool:
    return key.revoked_at is not None and key.revoked_at <= now


def _shown(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"

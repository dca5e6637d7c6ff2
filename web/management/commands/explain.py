"""manage.py explain ORG/INDICATOR CASE [--as-of INSTANT] [--format text|json]."""

import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation

from core.commands import named
from core.text import LANGUAGES
from engine.explanations import as_json
from indicators.models import Indicator
from indicators.queries.explaining import Explained, explained
from web.presenters.explanations import as_text, case_view


class Command(BaseCommand):
    help = "Say why a case counts as it does for an indicator, day by day."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("indicator", metavar="ORG/INDICATOR")
        parser.add_argument("case", metavar="CASE")
        parser.add_argument(
            "--as-of",
            metavar="INSTANT",
            help="as the case stood at this instant, with its offset (default: now)",
        )
        parser.add_argument("--format", choices=["text", "json"], default="text")
        parser.add_argument("--language", choices=LANGUAGES, default="en")

    def handle(self, *_args: Any, **options: Any) -> None:
        indicator = named(Indicator.objects.all(), "indicator", options["indicator"])
        until = _instant(options["as_of"]) if options["as_of"] else None
        told = explained(
            indicator, options["case"], as_of=until or timezone.now(), until=until
        )
        if not told:
            msg = f"no event of {options['indicator']} names the case {options['case']}"
            raise CommandError(msg)
        if options["format"] == "json":
            written = [as_json(item.explanation) for item in told]
            self.stdout.write(json.dumps(written, ensure_ascii=False, indent=1))
        else:
            with translation.override(options["language"]):
                self.stdout.write(_text(told, options["language"]))


def _text(told: list[Explained], language: str) -> str:
    return "\n".join(as_text(case_view(item, language=language)) for item in told)


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"--as-of: {text!r} is no instant such as 2026-03-01T12:00:00+01:00"
        raise CommandError(msg) from error
    if instant.tzinfo is None:
        msg = f"--as-of: {text!r} has no offset, such as +01:00"
        raise CommandError(msg)
    return instant

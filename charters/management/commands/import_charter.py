"""manage.py import_charter FILE.json --organisation SLUG [--publish]."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.models import Organisation
from charters.services.exchange import ExchangeError, import_document
from charters.services.publication import (
    Evidence,
    PublicationRefusedError,
    problems_of,
    publish,
)
from core.commands import found


class Command(BaseCommand):
    help = "Import a charter from the exchange format as a draft, or publish it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--organisation", required=True, metavar="SLUG")
        parser.add_argument("--publish", action="store_true")

    def handle(self, *_args: Any, **options: Any) -> None:
        path: Path = options["file"]
        organisation = found(
            Organisation.objects.all(), "organisation", slug=options["organisation"]
        )
        document = _read(path)
        now = timezone.now()
        try:
            with transaction.atomic():
                imported = import_document(
                    document=document, organisation=organisation, by=None, at=now
                )
                edition = imported.edition
                if options["publish"]:
                    edition = publish(
                        edition=edition, by=None, at=now, evidence=Evidence()
                    )
        except ExchangeError as error:
            msg = f"{path.name}: {error}"
            raise CommandError(msg) from error
        except PublicationRefusedError as error:
            lines = [f"{p.section} {p.subject}: {p.message}" for p in error.problems]
            msg = f"{path.name} cannot be published:\n  " + "\n  ".join(lines)
            raise CommandError(msg) from error
        for note in imported.notes:
            self.stderr.write(f"note: {note}")
        self.stdout.write(f"{organisation.slug}/{edition}: {edition.state.lower()}")
        if not options["publish"]:
            for problem in problems_of(edition):
                self.stdout.write(
                    f"  missing for publication: {problem.section} "
                    f"{problem.subject}: {problem.message}"
                )


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        msg = f"{path}: {error.strerror}"
        raise CommandError(msg) from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        msg = f"{path.name} is no JSON: {error}"
        raise CommandError(msg) from error
